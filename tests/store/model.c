/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The store as plain arrays. Random submits, many in one commit, must answer as it does and leave what it holds.
 */
#include "tests/store/conformance.h"

enum {
	DEVICES = 3,
	IDS = 6,
	KEYS = 3,
	PREKEYS = 4,
	ROWS = 4,
	BATCHES = 40,
	BATCH = 24,
	OPS_MAX = 4
};

static const uint8_t bodies[][2] = { "a", "b" };

struct model {
	bool queue[DEVICES][IDS];
	unsigned queued[DEVICES];
	struct {
		enum fg_job_state state; /* 0: none */
		uint64_t due_ms;
		uint8_t body;
	} jobs[IDS];
	struct {
		uint64_t version;
		uint8_t body;
	} records[KEYS];
	bool prekeys[DEVICES][PREKEYS];
	bool refs[KEYS];
	uint8_t ref_id[KEYS];
	struct {
		enum fg_job_state state; /* 0: not alive */
		uint8_t record, body, ended;
	} relays[ROWS + 1];
	uint8_t relay_key[KEYS]; /* id and one */
	unsigned queue_items_max;
};

struct submit {
	struct fg_store_op ops[OPS_MAX];
	size_t count;
	enum fg_rc expected_rc;
	enum fg_store_result expected[OPS_MAX];
	uint32_t expected_pop[OPS_MAX];
	struct store_answer answer;
};

/* Numerical Recipes' generator: the same numbers everywhere. */
static unsigned draw(uint32_t *seed, unsigned below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % below;
}

static struct fg_store_op draw_op(uint32_t *seed)
{
	static const uint8_t keys[KEYS][1] = { "x", "y", "z" };
	struct fg_store_op op = {
		.op = (enum fg_store_op_kind)draw(seed, FG_OP_RELAY_KEY_PUT + 1),
		.device = { (uint8_t)draw(seed, DEVICES) },
		.id = { { (uint8_t)draw(seed, IDS) } },
		.kind = FG_KV_META,
		.key = { keys[draw(seed, KEYS)], 1 },
		.body = { bodies[draw(seed, 2)], 1 },
		.number = draw(seed, PREKEYS),
		.version = draw(seed, 3),
		.state = (enum fg_job_state)(1 + draw(seed, FG_JOB_FINAL)),
		.from_states = draw(seed, 256),
		.due_ms = draw(seed, 2),
		.expires_ms = 9,
		.row = 1 + draw(seed, ROWS),
		.record = { bodies[draw(seed, 2)], 1 },
		.tag = 0,
	};

	if (op.op == FG_OP_PREKEY_COUNT)
		op.op = FG_OP_RELAY_SET;
	if (op.op >= FG_OP_RELAY_PUT)
		op.tag = (uint8_t)draw(seed, 2);
	if (op.version == 2)
		op.version = FG_STORE_ANY_VERSION;
	if (op.op == FG_OP_JOB_SET && draw(seed, 2))
		op.body = FG_BYTES(NULL, 0);
	if (op.op == FG_OP_REF_PUT)
		op.number = 0;
	return op;
}

static enum fg_store_result model_queue(struct model *m, const struct fg_store_op *op)
{
	uint8_t d = op->device[0];
	bool *item = &m->queue[d][op->id.b[0]];

	if (op->op == FG_OP_QUEUE_CLEAR) {
		memset(m->queue[d], 0, sizeof(m->queue[d]));
		m->queued[d] = 0;
		return FG_STORE_OK;
	}
	if (op->op == FG_OP_QUEUE_PUT) {
		if (*item || m->queued[d] >= m->queue_items_max)
			return *item ? FG_STORE_DUP : FG_STORE_QUOTA;
		m->queued[d]++;
		*item = true;
		return FG_STORE_OK;
	}
	if (!*item)
		return op->op == FG_OP_QUEUE_ACK ? FG_STORE_NOT_FOUND : FG_STORE_CONFLICT;
	m->queued[d]--;
	*item = false;
	return FG_STORE_OK;
}

static enum fg_store_result model_job(struct model *m, const struct fg_store_op *op)
{
	__typeof__(m->jobs[0]) *job = &m->jobs[op->id.b[0]];

	if (op->op == FG_OP_JOB_PUT && job->state)
		return FG_STORE_DUP;
	if (op->op != FG_OP_JOB_PUT && !job->state)
		return FG_STORE_NOT_FOUND;
	if (op->op == FG_OP_JOB_SET && !(op->from_states & 1u << job->state))
		return op->state == job->state && op->due_ms == job->due_ms &&
				       (!op->body.data || op->body.data[0] == job->body)
			       ? FG_STORE_DUP
			       : FG_STORE_CONFLICT;
	job->state = op->op == FG_OP_JOB_DROP ? 0 : op->state;
	job->due_ms = op->due_ms;
	if (op->body.data)
		job->body = op->body.data[0];
	return FG_STORE_OK;
}

static enum fg_store_result model_record(struct model *m, const struct fg_store_op *op)
{
	__typeof__(m->records[0]) *record = &m->records[op->key.data[0] - 'x'];

	if (op->op == FG_OP_KV_DROP && record->version == 0)
		return FG_STORE_NOT_FOUND;
	if (op->version != FG_STORE_ANY_VERSION && op->version != record->version)
		return op->op == FG_OP_KV_PUT && record->version == op->version + 1 &&
				       record->body == op->body.data[0]
			       ? FG_STORE_DUP
			       : FG_STORE_CONFLICT;
	record->version = op->op == FG_OP_KV_PUT ? record->version + 1 : 0;
	record->body = op->body.data[0];
	return FG_STORE_OK;
}

static enum fg_store_result model_ref(struct model *m, const struct fg_store_op *op)
{
	unsigned key = op->key.data[0] - 'x', dropped = 0;

	if (op->op == FG_OP_REF_PUT) {
		if (m->refs[key] && m->ref_id[key] == op->id.b[0])
			return FG_STORE_DUP;
		m->refs[key] = true;
		m->ref_id[key] = op->id.b[0];
		return FG_STORE_OK;
	}
	for (unsigned i = 0; i < KEYS; i++)
		if (m->refs[i] && m->ref_id[i] == op->id.b[0]) {
			m->refs[i] = false;
			dropped++;
		}
	return dropped ? FG_STORE_OK : FG_STORE_NOT_FOUND;
}

static enum fg_store_result model_prekey(struct model *m, const struct fg_store_op *op,
					 uint32_t *popped)
{
	bool *prekeys = m->prekeys[op->device[0]];

	if (op->op == FG_OP_PREKEY_CLEAR) {
		memset(prekeys, 0, sizeof(m->prekeys[0]));
		return FG_STORE_OK;
	}
	if (op->op == FG_OP_PREKEY_PUT) {
		bool there = prekeys[op->number];

		prekeys[op->number] = true;
		return there ? FG_STORE_DUP : FG_STORE_OK;
	}
	for (*popped = 0; *popped < PREKEYS && !prekeys[*popped]; ++*popped)
		;
	if (*popped == PREKEYS)
		return FG_STORE_NOT_FOUND;
	prekeys[*popped] = false;
	return FG_STORE_OK;
}

static enum fg_store_result model_relay_drop(struct model *m, const struct fg_store_op *op)
{
	unsigned dropped = 0;

	for (uint64_t row = 1; row < op->row && dropped < op->number; row++) {
		dropped += m->relays[row].ended != 0;
		m->relays[row].ended = 0;
	}
	return dropped ? FG_STORE_OK : FG_STORE_NOT_FOUND;
}

static enum fg_store_result model_relay(struct model *m, const struct fg_store_op *op)
{
	__typeof__(m->relays[0]) *relay = &m->relays[op->row];
	uint8_t *key = &m->relay_key[op->key.data[0] - 'x'];

	if (op->op == FG_OP_RELAY_KEY_PUT) {
		if (*key)
			return *key == op->id.b[0] + 1 ? FG_STORE_DUP : FG_STORE_CONFLICT;
		*key = (uint8_t)(op->id.b[0] + 1);
		return FG_STORE_OK;
	}
	if (op->op == FG_OP_RELAY_DROP)
		return model_relay_drop(m, op);
	if (op->op == FG_OP_RELAY_PUT && relay->state)
		return FG_STORE_DUP;
	if (op->op != FG_OP_RELAY_PUT && !relay->state)
		return FG_STORE_NOT_FOUND;
	relay->record = op->record.data[0];
	if (op->body.data)
		relay->body = op->body.data[0];
	if (op->op == FG_OP_RELAY_END || (op->op == FG_OP_RELAY_SET && op->tag))
		relay->body = 0;
	if (op->op == FG_OP_RELAY_END)
		relay->ended = relay->record;
	relay->state = op->op == FG_OP_RELAY_END ? 0 : op->state;
	return FG_STORE_OK;
}

static enum fg_store_result model_op(struct model *m, const struct fg_store_op *op,
				     uint32_t *popped)
{
	switch (op->op) {
	case FG_OP_QUEUE_PUT:
	case FG_OP_QUEUE_ACK:
	case FG_OP_QUEUE_ACK_IF:
	case FG_OP_QUEUE_CLEAR:
		return model_queue(m, op);
	case FG_OP_JOB_PUT:
	case FG_OP_JOB_SET:
	case FG_OP_JOB_DROP:
		return model_job(m, op);
	case FG_OP_KV_PUT:
	case FG_OP_KV_DROP:
		return model_record(m, op);
	case FG_OP_REF_PUT:
	case FG_OP_REF_DROP:
		return model_ref(m, op);
	case FG_OP_RELAY_PUT:
	case FG_OP_RELAY_SET:
	case FG_OP_RELAY_END:
	case FG_OP_RELAY_DROP:
	case FG_OP_RELAY_KEY_PUT:
		return model_relay(m, op);
	default:
		return model_prekey(m, op, popped);
	}
}

static void model_submit(struct model *m, struct submit *s)
{
	const struct model before = *m;

	s->expected_rc = FG_OK;
	for (size_t i = 0; i < s->count; i++) {
		enum fg_store_result result = model_op(m, &s->ops[i], &s->expected_pop[i]);

		s->expected[i] = result;
		if (result == FG_STORE_CONFLICT || result == FG_STORE_QUOTA ||
		    (result == FG_STORE_NOT_FOUND && s->ops[i].op == FG_OP_JOB_SET)) {
			*m = before;
			memset(s->expected, 0, sizeof(s->expected));
			s->expected[i] = result;
			s->expected_rc = FG_E_CONFLICT;
			return;
		}
	}
}

static void check_submit(const struct submit *s)
{
	assert_rc(s->expected_rc, s->answer.rc);
	for (size_t i = 0; i < s->count; i++) {
		assert_int_equal(s->ops[i].result, s->expected[i]);
		if (s->answer.rc == FG_OK && s->ops[i].op == FG_OP_PREKEY_POP &&
		    s->expected[i] == FG_STORE_OK)
			assert_int_equal(s->ops[i].popped_number, s->expected_pop[i]);
	}
}

static void check_jobs(struct store_fixture *f, const struct model *m)
{
	uint64_t states[FG_JOB_FINAL + 1] = { 0 };
	struct fg_store_health health;

	for (uint8_t i = 0; i < IDS; i++) {
		struct fg_store_key key = { .what = FG_GET_JOB, .id = { { i } } };
		struct store_rows *rows = store_get(f, &key, 1);

		assert_int_equal(rows->count, m->jobs[i].state != 0);
		if (rows->count) {
			states[m->jobs[i].state]++;
			assert_int_equal(rows->list[0].state, m->jobs[i].state);
			assert_int_equal(rows->list[0].due_ms, m->jobs[i].due_ms);
			assert_int_equal(rows->list[0].body.data[0], m->jobs[i].body);
		}
	}
	fg_store_health(f->store, &health);
	assert_memory_equal(health.jobs, states, sizeof(states));
}

static void check_relays(struct store_fixture *f, const struct model *m)
{
	struct store_rows *rows = store_sweep(f, FG_SWEEP_RELAYS, 0, 100);
	size_t i = 0;

	for (uint64_t row = 1; row <= ROWS; row++) {
		struct fg_store_key body = { .what = FG_GET_RELAY_BODY, .row = row };
		unsigned ended = 0;

		for (uint8_t id = 0; id < IDS; id++) {
			struct fg_store_key key = { .what = FG_GET_RELAY,
						    .id = { { id } },
						    .row = row,
						    .row_end = row + 1 };

			ended += store_count_key(f, key) != 0;
		}
		assert_int_equal(ended, m->relays[row].ended != 0);
		assert_int_equal(store_count_key(f, body), m->relays[row].body != 0);
		if (!m->relays[row].state)
			continue;
		assert_true(i < rows->count);
		assert_int_equal(rows->list[i].seq, row);
		assert_int_equal(rows->list[i].state, m->relays[row].state);
		assert_int_equal(rows->list[i++].body.data[0], m->relays[row].record);
	}
	assert_int_equal(i, rows->count);
}

static void check_state(struct store_fixture *f, const struct model *m)
{
	check_jobs(f, m);
	check_relays(f, m);
	for (uint8_t d = 0; d < DEVICES; d++)
		assert_int_equal(store_count_queue(f, d), m->queued[d]);
	for (uint8_t k = 0; k < KEYS; k++) {
		const uint8_t name = (uint8_t)('x' + k);
		struct fg_store_key kv = { .what = FG_GET_KV,
					   .kind = FG_KV_META,
					   .key = { &name, 1 } };
		struct fg_store_key ref = { .what = FG_GET_REF, .key = { &name, 1 } };
		struct store_rows *rows = store_get(f, &kv, 1);

		assert_int_equal(rows->count ? rows->list[0].version : 0, m->records[k].version);
		assert_int_equal(store_count_key(f, ref), m->refs[k]);
	}
}

void random_submits_answer_as_the_model_does(void **state)
{
	struct store_fixture *f = *state;
	struct model model = { .queue_items_max = 4 };
	uint32_t seed = 20240229;

	f->conf.queue_items_max = model.queue_items_max;
	store_reopen(f);
	for (int batch = 0; batch < BATCHES; batch++) {
		struct submit *list = talloc_zero_array(f, struct submit, BATCH);

		for (int i = 0; i < BATCH; i++) {
			list[i].count = 1 + draw(&seed, OPS_MAX);
			for (size_t k = 0; k < list[i].count; k++)
				list[i].ops[k] = draw_op(&seed);
			model_submit(&model, &list[i]);
			assert_ok(fg_store_submit(f->store, 0, 0, list[i].ops, list[i].count,
						  store_done, &list[i].answer));
		}
		while (!list[BATCH - 1].answer.came)
			fg_loop_step(f->loop, true);
		for (int i = 0; i < BATCH; i++)
			check_submit(&list[i]);
		talloc_free(list);
		if (batch % 10 == 9)
			store_reopen(f);
		check_state(f, &model);
	}
}
