/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/flow.h"

#include <event2/event.h>
#include "gateway/core/relay.h"
#include "gateway/core/step.h"
#include "lib/crypto/merkle.h"
#include "lib/proto/leaf.h"

enum { IDLE_TURNS = 4, ROUNDS = 4, LANES = 4096 };

#define BINARY(p, n) ((ProtobufCBinaryData){ (n), (uint8_t *)(uintptr_t)(p) })

static const char sealed[] = "sealed";

/* ---- a gateway with two links and two people ---- */

static void configure(struct fixture *fixture)
{
	struct fg_conf *conf = &fixture->conf;
	struct fg_core *core = &fixture->core;
	struct fg_policy_rule rule = {
		.name = "default", .action = FG_RULE_LINKS, .links_count = 2, .links = { 0, 1 }
	};

	conf->limits.push_in_flight = 32;
	conf->limits.queue_days = 30;
	conf->limits.hold_s = 72 * 3600;
	conf->limits.ask_s = 300;
	conf->limits.jobs_in_flight = 16;
	conf->limits.lookups_burst = 100;
	conf->limits.submits_burst = conf->limits.submits_per_second = 100000;
	conf->links_count = 2;
	for (size_t i = 0; i < 2; i++) {
		snprintf(conf->links[i].name, sizeof(conf->links[i].name), "smsc-%c", "ab"[i]);
		strcpy(conf->links[i].bearer, "sms");
		conf->links[i].validity_s = 172800;
		core->links[i] = (struct fg_core_link){ .up = true, .credits = 10 };
	}
	strcpy(conf->mark.text, "(Not encrypted) ");
	fg_policy_init(&core->policy, NULL, 0, 2);
	assert_ok(fg_policy_set_default(&core->policy, &rule));
}

int flow_setup(void **state)
{
	struct flow *flow = calloc(1, sizeof(*flow));
	void *fixture = NULL;

	assert_int_equal(fixture_setup(&fixture), 0);
	flow->fixture = fixture;
	configure(flow->fixture);
	assert_ok(fg_jobs_start(&flow->fixture->core));
	person_make(&flow->alice, ALICE);
	person_make(&flow->bob, BOB);
	person_join(flow->fixture, ALICE_CONN, &flow->alice);
	person_join(flow->fixture, BOB_CONN, &flow->bob);
	*state = flow;
	return 0;
}

static void free_lanes(struct fg_core_jobs *jobs)
{
	for (size_t i = 0; i < LANES; i++)
		for (struct fg_lane *lane = jobs->lanes[i], *next; lane; lane = next) {
			next = lane->next;
			fg_record_free(lane->leaf.proof);
			free(lane);
		}
	free(jobs->lanes);
}

int flow_teardown(void **state)
{
	struct flow *flow = *state;
	void *fixture = flow->fixture;
	struct fg_core *core = &flow->fixture->core;

	flow_turn(flow);
	core->stopping = true;
	fg_jobs_stop(core);
	fg_relays_stop(core);
	fg_store_close(core->store);
	core->store = NULL;
	fg_receipts_stop(core);
	event_free(core->jobs->timer);
	fg_arena_free(&core->jobs->arena);
	free_lanes(core->jobs);
	free(core->jobs);
	free(flow);
	return fixture_teardown(&fixture);
}

/* ---- what people ask for ---- */

void flow_part(struct message *message, const uint8_t *device_id)
{
	size_t i = message->submit.n_parts++;

	fallgate__sealed_part__init(&message->part[i]);
	message->part[i].device_id = BINARY(device_id, FG_DEVICE_ID_LEN);
	message->part[i].suite = 1;
	message->part[i].sealed = BINARY(sealed, sizeof(sealed));
	message->parts[i] = &message->part[i];
	message->submit.parts = message->parts;
}

void flow_message(struct flow *flow, struct message *message, const char *recipient)
{
	struct fg_core *core = &flow->fixture->core;
	uint64_t now = fg_core_now_ms(core);
	Fallgate__Consent *consent = &message->consent;
	uint8_t random[10];

	memset(message, 0, sizeof(*message));
	fallgate__consent__init(consent);
	fallgate__submit__init(&message->submit);
	fg_random(random, sizeof(random));
	fg_random(message->capsule, sizeof(message->capsule));
	message->id = fg_id_make(now, random);
	message->capsule_hash = fg_sha256(message->capsule, sizeof(message->capsule));
	message->other_hash = fg_sha256("mark", 4);
	message->key = flow->alice.device;
	message->consents = true;
	message->flip = SIZE_MAX;
	message->bearer = FALLGATE__BEARER__BEARER_SMS;
	message->submit.recipient = (char *)(uintptr_t)recipient;
	message->submit.policy = FALLGATE__SENDER_POLICY__POLICY_ALLOW;
	message->submit.message_class = FALLGATE__MESSAGE_CLASS__CLASS_NORMAL;
	consent->gateway_id = BINARY(core->trust.gateway_id.b, FG_ID_LEN);
	consent->log_id = BINARY(core->log_id.b, 32);
	consent->message_id = BINARY(message->id.b, FG_ID_LEN);
	consent->sender = (char *)(uintptr_t)ALICE;
	consent->recipient = (char *)(uintptr_t)recipient;
	consent->n_bearers = 1;
	consent->for_absent = true;
	consent->max_segments = 4;
	consent->mark = consent->body_commitment = BINARY(message->other_hash.b, 32);
	consent->not_before_ms = now - 60000;
	consent->expires_ms = now + HOUR_MS;
	consent->device_id = BINARY(flow->alice.device_id, FG_DEVICE_ID_LEN);
}

static void sign_consent(struct message *message, Fallgate__Signed *out)
{
	message->consent.bearers = &message->bearer;
	message->consent.capsule_hash = BINARY(message->capsule_hash.b, 32);
	assert_ok(fg_signed_make(&message->consent, &message->key, FG_LABEL_CONSENT, out));
	if (message->flip != SIZE_MAX)
		out->body.data[message->flip / 8 % out->body.len] ^=
			(uint8_t)(1 << message->flip % 8);
}

Fallgate__ServerFrame *flow_submit(struct flow *flow, struct message *message)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Signed consent;
	Fallgate__ServerFrame *answer;

	message->submit.message_id = BINARY(message->id.b, FG_ID_LEN);
	if (message->consents) {
		sign_consent(message, &consent);
		message->submit.consent = &consent;
		message->submit.capsule = BINARY(message->capsule, sizeof(message->capsule));
	}
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_SUBMIT;
	frame.submit = &message->submit;
	answer = fixture_ask(flow->fixture, ALICE_CONN, &frame);
	if (message->consents)
		fg_signed_free(&consent);
	message->submit.consent = NULL;
	return answer;
}

Fallgate__ServerFrame *flow_consent(struct flow *flow, struct message *message)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Decide decide = FALLGATE__DECIDE__INIT;
	Fallgate__Signed consent;
	Fallgate__ServerFrame *answer;

	sign_consent(message, &consent);
	decide.message_id = BINARY(message->id.b, FG_ID_LEN);
	decide.capsule = BINARY(message->capsule, sizeof(message->capsule));
	decide.consent = &consent;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_DECIDE;
	frame.decide = &decide;
	answer = fixture_ask(flow->fixture, ALICE_CONN, &frame);
	fg_signed_free(&consent);
	return answer;
}

Fallgate__ServerFrame *flow_cancel(struct flow *flow, const struct message *message)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__CancelRequest request = FALLGATE__CANCEL_REQUEST__INIT;
	Fallgate__Cancel body = FALLGATE__CANCEL__INIT;
	Fallgate__Signed object;
	Fallgate__ServerFrame *answer;

	body.message_id = BINARY(message->id.b, FG_ID_LEN);
	body.gateway_id = BINARY(flow->fixture->core.trust.gateway_id.b, FG_ID_LEN);
	assert_ok(fg_signed_make(&body, &flow->alice.device, FG_LABEL_CANCEL, &object));
	request.cancel = &object;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_CANCEL;
	frame.cancel = &request;
	answer = fixture_ask(flow->fixture, ALICE_CONN, &frame);
	fg_signed_free(&object);
	return answer;
}

/* ---- time and what came of it ---- */

static bool is_settled(const struct fg_core_jobs *jobs)
{
	for (size_t i = 0; i < LANES; i++)
		for (const struct fg_lane *lane = jobs->lanes[i]; lane; lane = lane->next)
			if (lane->running && !lane->stalled)
				return false;
	return !jobs->sweeping && !jobs->expiring && !jobs->finishing;
}

static void on_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	(void)rc;
	(void)rows;
	(void)count;
	++*(unsigned *)arg;
}

/* Whatever the store was asked before is answered. */
static void await_store(struct flow *flow)
{
	struct fg_store_key key = { .what = FG_GET_JOB };
	unsigned done = 0;

	assert_ok(fg_store_get(flow->fixture->engine_store, &key, 1, on_read, &done));
	fixture_until(flow->fixture, &done, 0);
}

void flow_turn(struct flow *flow)
{
	struct fg_core *core = &flow->fixture->core;

	for (unsigned round = 0; round < ROUNDS; round++) {
		event_active(core->jobs->timer, EV_TIMEOUT, 0);
		for (unsigned i = 0; i < IDLE_TURNS; i++)
			fg_loop_step(core->loop, false);
		while (!is_settled(core->jobs))
			fg_loop_step(core->loop, true);
		await_store(flow);
	}
}

void flow_later(struct flow *flow, int64_t ms)
{
	flow->fixture->core.clock->offset_ms += ms;
	flow_turn(flow);
}

const Fallgate__Status *flow_status(struct flow *flow, const struct message *message)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__GetStatus status = FALLGATE__GET_STATUS__INIT;
	Fallgate__ServerFrame *answer;

	flow_turn(flow);
	status.message_id = BINARY(message->id.b, FG_ID_LEN);
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_GET_STATUS;
	frame.get_status = &status;
	answer = fixture_ask(flow->fixture, ALICE_CONN, &frame);
	assert_kind(STATUS, answer);
	return answer->status;
}

static const Fallgate__Receipt *open_receipt(struct flow *flow,
					     const Fallgate__SignedReceipt *object)
{
	struct fg_core *core = &flow->fixture->core;
	struct fg_hash leaf = fg_merkle_leaf(object->body.data, object->body.len), root;
	struct fg_merkle_path path = { .count = (uint8_t)object->n_path };
	const Fallgate__Receipt *receipt;

	assert_true(object->n_path <= FG_MERKLE_PATH_MAX);
	for (size_t i = 0; i < object->n_path; i++)
		memcpy(path.hash[i].b, object->path[i].data, 32);
	assert_ok(fg_merkle_root_from_path(object->index, object->size, &leaf, &path, &root));
	assert_ok(fg_sign_verify(core->receipt_key.public, FG_SIGN_PUBLIC_LEN,
				 FG_LABEL_RECEIPT_BATCH, root.b, sizeof(root.b),
				 object->signature.data, object->signature.len));
	receipt = fg_proto_unpack(&flow->fixture->arena, &fallgate__receipt__descriptor,
				  object->body.data, object->body.len);
	assert_non_null(receipt);
	return receipt;
}

const Fallgate__Receipt *flow_receipt(struct flow *flow, const struct message *message)
{
	const Fallgate__Status *status = flow_status(flow, message);
	const Fallgate__Receipt *receipt = NULL;

	assert_true(status->n_receipts > 0);
	for (size_t i = 0; i < status->n_receipts; i++) {
		assert_true(!receipt || !receipt->final);
		receipt = open_receipt(flow, status->receipts[i]);
		assert_int_equal(receipt->sequence, i + 1);
	}
	return receipt;
}

const Fallgate__Push *flow_push(struct flow *flow, Fallgate__PushKind kind,
				const struct message *message)
{
	flow_turn(flow);
	for (size_t i = 0; i < flow->fixture->pushes && i < ARRAY_LEN(flow->fixture->push); i++)
		if (flow->fixture->push[i]->kind == kind &&
		    memcmp(flow->fixture->push[i]->message_id.data, message->id.b, FG_ID_LEN) == 0)
			return flow->fixture->push[i];
	return NULL;
}

Fallgate__ServerFrame *flow_acknowledge(struct flow *flow, uint64_t conn,
					const struct person *person, const Fallgate__Push *push)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__AckRequest request = FALLGATE__ACK_REQUEST__INIT;
	Fallgate__Ack ack = FALLGATE__ACK__INIT;
	Fallgate__AckItem item = FALLGATE__ACK_ITEM__INIT, *items[] = { &item };
	struct fg_hash hash = fg_sha256(sealed, sizeof(sealed));
	Fallgate__Signed object;
	Fallgate__ServerFrame *answer;

	item.message_id = push->message_id;
	item.content_hash = BINARY(hash.b, 32);
	ack.device_id = BINARY(person->device_id, FG_DEVICE_ID_LEN);
	ack.items = items;
	ack.n_items = 1;
	assert_ok(fg_signed_make(&ack, &person->device, FG_LABEL_ACK, &object));
	request.ack = &object;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_ACK;
	frame.ack = &request;
	answer = fixture_ask(flow->fixture, conn, &frame);
	fg_signed_free(&object);
	return answer;
}

/* ---- the log and the vault ---- */

static const struct fg_ipc_order *newest(const struct flow *flow)
{
	assert_true(flow->fixture->orders > 0);
	return &flow->fixture->order[(flow->fixture->orders - 1) % ARRAY_LEN(flow->fixture->order)];
}

void flow_logged(struct flow *flow)
{
	struct fg_frame frame = { .type = FG_IPC_LOGGED };

	frame.logged.message_id = newest(flow)->message_id;
	frame.logged.leg = newest(flow)->leg;
	frame.logged.leaf_index = 7;
	frame.logged.record = FG_BYTES("record", 6);
	frame.logged.checkpoint = FG_BYTES_TEXT("checkpoint");
	assert_ok(fg_channel_send(flow->fixture->log_peer, &frame));
	flow_turn(flow);
}

void flow_leg(struct flow *flow, enum fg_leg_state leg_state, unsigned segments)
{
	static const uint8_t refs[] = "\002m1\002m2\002m3";
	struct fg_frame frame = { .type = FG_IPC_LEG };

	frame.leg.message_id = newest(flow)->message_id;
	frame.leg.leg = newest(flow)->leg;
	frame.leg.state = (uint8_t)leg_state;
	frame.leg.segments = (uint8_t)segments;
	frame.leg.rc = (uint16_t)(leg_state != FG_LEG_ACCEPTED ? flow->leg_rc : FG_OK);
	frame.leg.mark = FG_BYTES_TEXT("(Not encrypted) ");
	if (leg_state == FG_LEG_ACCEPTED)
		frame.leg.refs = FG_BYTES(refs, 3 * segments);
	assert_ok(fg_channel_send(flow->fixture->vault_peer, &frame));
	flow_turn(flow);
}

void flow_refused(struct flow *flow, enum fg_rc rc, bool by_vault)
{
	struct fg_frame frame = { .type = FG_IPC_REFUSED };

	frame.refused.message_id = newest(flow)->message_id;
	frame.refused.leg = newest(flow)->leg;
	frame.refused.rc = (uint16_t)rc;
	assert_ok(fg_channel_send(by_vault ? flow->fixture->vault_peer : flow->fixture->log_peer,
				  &frame));
	flow_turn(flow);
}

void flow_report(struct flow *flow, const char *ref, unsigned dlr_state, bool final,
		 bool has_reference)
{
	struct fg_frame frame = { .type = FG_IPC_DLR };

	frame.dlr.ref = FG_BYTES_TEXT(ref);
	frame.dlr.state = (uint8_t)dlr_state;
	frame.dlr.final = final;
	frame.dlr.has_reference = has_reference;
	if (has_reference)
		frame.dlr.message_reference =
			fg_leg_reference(&newest(flow)->message_id, newest(flow)->leg);
	frame.dlr.destination = FG_BYTES_TEXT(NOBODY);
	assert_ok(fg_channel_send(flow->fixture->vault_peer, &frame));
	flow_turn(flow);
}

void flow_sent(struct flow *flow, unsigned orders, enum fg_leg_state leg_state)
{
	flow_turn(flow);
	assert_int_equal(flow->fixture->orders, orders);
	flow_logged(flow);
	flow_leg(flow, leg_state, 1);
}

/* ---- behind the core's back ---- */

static void on_stored(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	(void)ops;
	(void)count;
	assert_ok(rc);
	++*(unsigned *)arg;
}

void flow_store(struct flow *flow, struct fg_store_op *op)
{
	unsigned done = 0;

	assert_ok(fg_store_submit(flow->fixture->engine_store, 0, 0, op, 1, on_stored, &done));
	fixture_until(flow->fixture, &done, 0);
}

void flow_pin(struct flow *flow, const struct person *person, const uint8_t *account_key,
	      uint64_t epoch)
{
	struct fg_hash tag = fg_handle_tag(person->handle);
	Fallgate__StoredPin pin = FALLGATE__STORED_PIN__INIT;
	struct fg_store_op op = { .op = FG_OP_KV_PUT,
				  .kind = FG_KV_PIN,
				  .version = FG_STORE_ANY_VERSION };
	uint8_t *data;
	size_t len;

	pin.account_key = BINARY(account_key, FG_ACCOUNT_KEY_LEN);
	pin.epoch = epoch;
	data = fg_proto_pack_new(&pin, &len);
	op.key = FG_BYTES(tag.b, sizeof(tag.b));
	op.body = FG_BYTES(data, len);
	flow_store(flow, &op);
	free(data);
}

void flow_forget_device(struct flow *flow, const struct person *person)
{
	uint8_t key[FG_DEVICE_KEY_LEN];
	struct fg_store_op op = { .op = FG_OP_KV_DROP,
				  .kind = FG_KV_DEVICE,
				  .version = FG_STORE_ANY_VERSION };

	op.key = fg_directory_device_key(person->account.public, person->device_id, key);
	flow_store(flow, &op);
}
