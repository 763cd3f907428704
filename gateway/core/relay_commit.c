/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Commits: the changes of one loop turn in one submit, and what is done once they are durable. A change that the store is too busy for is
 * submitted again, in its order, since memory has changed already; only new messages are refused.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>

enum { OPS_MAX = 4096, OPS_FIRST = 64, CHUNK = 32 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, cap;
	_Alignas(16) uint8_t data[];
};

struct then {
	struct fg_relay *relay;
	enum fg_relay_then then;
	uint16_t link;
	uint64_t token;
	fg_relay_call_cb call;
	void *arg;
};

struct fg_relay_commit {
	struct fg_core_relays *relays;
	struct fg_relay_commit *next; /* of those that stalled */
	bool accepts;
	unsigned part;
	struct fg_relay *own; /* about this message alone: done is asked */
	fg_relay_done_cb done;
	struct fg_store_op *ops;
	size_t ops_count, ops_cap;
	struct then *thens;
	size_t thens_count, thens_cap;
	struct chunk *chunks;
};

static void *must(void *memory)
{
	if (!memory)
		FG_BUG("out of memory");
	return memory;
}

struct fg_relay_commit *fg_relay_commit_new(struct fg_core_relays *relays, bool accepts)
{
	struct fg_relay_commit *commit = must(calloc(1, sizeof(*commit)));

	commit->relays = relays;
	commit->accepts = accepts;
	return commit;
}

struct fg_relay_commit *fg_relay_commit_own(struct fg_core_relays *relays, struct fg_relay *relay,
					    const uint8_t *account_key, fg_relay_done_cb done)
{
	struct fg_relay_commit *commit = fg_relay_commit_new(relays, false);

	commit->part = fg_store_part(account_key, FG_ACCOUNT_KEY_LEN);
	commit->own = relay;
	commit->done = done;
	relay->flags |= FG_RELAY_DECIDING;
	return commit;
}

static void commit_free(struct fg_relay_commit *commit)
{
	while (commit->chunks) {
		struct chunk *next = commit->chunks->next;

		free(commit->chunks);
		commit->chunks = next;
	}
	free(commit->ops);
	free(commit->thens);
	free(commit);
}

void *fg_relay_commit_alloc(struct fg_relay_commit *commit, size_t len)
{
	struct chunk *chunk = commit->chunks;
	void *at;

	if (!chunk || chunk->cap - chunk->used < len) {
		size_t cap = len > CHUNK ? len : commit->chunks ? CHUNK : CHUNK / 16;

		cap = cap < len ? len : cap;
		chunk = must(malloc(sizeof(*chunk) + cap));
		chunk->next = commit->chunks;
		chunk->used = 0;
		chunk->cap = cap;
		commit->chunks = chunk;
	}
	at = chunk->data + chunk->used;
	chunk->used += (len + 7) & ~(size_t)7;
	if (chunk->used > chunk->cap)
		chunk->used = chunk->cap;
	return at;
}

struct fg_store_op *fg_relay_commit_op(struct fg_relay_commit *commit, enum fg_store_op_kind kind)
{
	struct fg_store_op *op;

	if (commit->ops_count == commit->ops_cap) {
		commit->ops_cap = commit->ops_cap ? 4 * commit->ops_cap : OPS_FIRST;
		commit->ops = must(realloc(commit->ops, commit->ops_cap * sizeof(*commit->ops)));
	}
	op = &commit->ops[commit->ops_count++];
	memset(op, 0, offsetof(struct fg_store_op, popped));
	op->popped_len = 0;
	op->op = kind;
	return op;
}

static void add_then(struct fg_relay_commit *commit, const struct then *then)
{
	if (commit->thens_count == commit->thens_cap) {
		commit->thens_cap = commit->thens_cap ? 4 * commit->thens_cap : OPS_FIRST;
		commit->thens =
			must(realloc(commit->thens, commit->thens_cap * sizeof(*commit->thens)));
	}
	commit->thens[commit->thens_count++] = *then;
}

void fg_relay_commit_then(struct fg_relay_commit *commit, struct fg_relay *relay,
			  enum fg_relay_then then, uint16_t link, uint64_t token)
{
	add_then(commit,
		 &(struct then){ .relay = relay, .then = then, .link = link, .token = token });
}

void fg_relay_commit_call(struct fg_relay_commit *commit, fg_relay_call_cb call, void *arg)
{
	add_then(commit, &(struct then){ .then = FG_THEN_CALL, .call = call, .arg = arg });
}

/* ---- durable ---- */

static void answer_vault(struct fg_core *core, const struct fg_frame *frame)
{
	if (core->vault && fg_channel_answer(core->vault, frame) != FG_OK)
		LOGP(DLEG, LOGL_NOTICE, "tell vault %s: it takes no more\n",
		     fg_frame_name(frame->type));
}

static void stored(struct fg_core *core, const struct then *then)
{
	struct fg_frame frame = { .type = FG_IPC_STORED };

	frame.stored.link = then->link;
	frame.stored.token = then->token;
	answer_vault(core, &frame);
}

static void answered(struct fg_core *core, const struct then *then)
{
	struct fg_frame frame = { .type = FG_IPC_APP_ANSWER };

	frame.app_answer.link = then->link;
	frame.app_answer.token = then->token;
	frame.app_answer.rc = FG_OK;
	answer_vault(core, &frame);
}

/* A new message is known from here on. */
static void accepted(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_work *work = relay->work;

	fg_relay_insert(relays, relay);
	relay->flags &= (uint8_t)~FG_RELAY_DECIDING;
	fg_relay_take(relays, work, &relay->id, FG_OK);
	relays->accounts[relay->account].taken++;
	work->accept = false;
}

static void run_then(struct fg_core_relays *relays, const struct then *then, enum fg_rc rc)
{
	struct fg_relay *relay = then->relay;

	switch (then->then) {
	case FG_THEN_NOTHING:
		break;
	case FG_THEN_ORDER:
		fg_relay_order(relays, relay);
		break;
	case FG_THEN_TELL:
		fg_relay_tell(relays, relay);
		break;
	case FG_THEN_STORED:
		stored(relays->core, then);
		break;
	case FG_THEN_ANSWER:
		answered(relays->core, then);
		break;
	case FG_THEN_FREE:
		fg_relay_free(relay);
		break;
	case FG_THEN_CALL:
		then->call(rc, then->arg);
		break;
	}
}

static void run_accept(struct fg_core_relays *relays, const struct then *then)
{
	struct fg_relay *relay = then->relay;

	accepted(relays, relay);
	if (then->then == FG_THEN_ORDER) {
		fg_relay_order(relays, relay);
		return;
	}
	fg_relay_work_free(relay);
	if (relay->part) {
		fg_relay_join_add(relays, relay);
		return;
	}
	if (fg_relay_is_early(relays, relay))
		return;
	if (!(relay->flags & FG_RELAY_TIMED)) /* for a link to have room */
		fg_relay_timer(relays, relay, relay->expires_s);
	if (!(relay->flags & FG_RELAY_LATER) && !fg_relay_lane_behind(relays, relay))
		fg_relay_queue(relays, relay);
}

static void refused(struct fg_relay_commit *commit, enum fg_rc rc)
{
	struct fg_core_relays *relays = commit->relays;

	for (size_t i = 0; i < commit->thens_count; i++) {
		struct fg_relay *relay = commit->thens[i].relay;

		fg_relay_lane_release(relays, relay);
		fg_relay_untimer(relays, relay);
		if (rc == FG_E_CONFLICT && relay->work->key_len)
			fg_relay_same_key(relays, relay);
		else
			fg_relay_refuse(relays, relay, rc);
	}
}

static void stall(struct fg_relay_commit *commit_take)
{
	struct fg_core_relays *relays = commit_take->relays;

	commit_take->next = NULL;
	if (relays->stalled_last)
		relays->stalled_last->next = commit_take;
	else
		relays->stalled_first = commit_take;
	relays->stalled_last = commit_take;
}

/* A commit of one's own: what its conditions say is an answer, all else passes or ends us. */
static bool own_done(struct fg_relay_commit *commit, enum fg_rc rc)
{
	if (!commit->own || (rc != FG_OK && rc != FG_E_CONFLICT && !commit->relays->stopping))
		return false;
	commit->own->flags &= (uint8_t)~FG_RELAY_DECIDING;
	if (!commit->relays->stopping)
		commit->done(commit->relays, commit->own, rc, commit->ops, commit->ops_count);
	return true;
}

static void committed(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct fg_relay_commit *commit = arg;
	struct fg_core_relays *relays = commit->relays;

	(void)ops;
	(void)count;
	relays->commits_under_way--;
	relays->accepts_under_way -= commit->accepts;
	if (rc == FG_E_STORE_FATAL)
		fg_role_fail(relays->core->process, rc, "the store");
	if (own_done(commit, rc)) {
		commit_free(commit);
		fg_relay_stir(relays);
		return;
	}
	if (rc != FG_OK && commit->accepts) {
		refused(commit, rc);
	} else if (rc != FG_OK && !relays->stopping) {
		LOGP(DSTORE, LOGL_NOTICE, "changes of messages wait: %s\n", fg_rc_name(rc));
		stall(commit);
		return;
	} else {
		for (size_t i = 0; i < commit->thens_count; i++)
			if (commit->accepts)
				run_accept(relays, &commit->thens[i]);
			else if (rc == FG_OK || commit->thens[i].then == FG_THEN_FREE ||
				 commit->thens[i].then == FG_THEN_CALL)
				run_then(relays, &commit->thens[i], rc);
	}
	commit_free(commit);
	fg_relay_stir(relays);
}

void fg_relay_commit_submit(struct fg_relay_commit *commit_take)
{
	struct fg_core_relays *relays = commit_take->relays;
	enum fg_rc rc = relays->stalled_first ? FG_E_STORE_BUSY : FG_OK;

	relays->commits_under_way++;
	relays->accepts_under_way += commit_take->accepts;
	if (rc == FG_OK)
		rc = fg_store_submit(relays->core->store, commit_take->part,
				     commit_take->accepts ? FG_STORE_NEW : 0, commit_take->ops,
				     commit_take->ops_count, committed, commit_take);
	if (rc != FG_OK)
		committed(rc, NULL, 0, commit_take);
}

void fg_relay_again(struct fg_core_relays *relays)
{
	struct fg_relay_commit *commit = relays->stalled_first;

	relays->stalled_first = relays->stalled_last = NULL;
	while (commit) {
		struct fg_relay_commit *next = commit->next;

		fg_relay_commit_submit(commit);
		commit = next;
	}
}

/* ---- the changes of a turn ---- */

void fg_relay_flush(struct fg_core_relays *relays)
{
	struct fg_relay_commit *commit = relays->open;

	relays->open = NULL;
	if (commit)
		fg_relay_commit_submit(commit);
}

static struct fg_relay_commit *open_commit(struct fg_core_relays *relays)
{
	if (relays->open && relays->open->ops_count >= OPS_MAX)
		fg_relay_flush(relays);
	if (!relays->open)
		relays->open = fg_relay_commit_new(relays, false);
	fg_relay_stir(relays);
	return relays->open;
}

struct fg_store_op *fg_relay_save(struct fg_core_relays *relays, struct fg_relay *relay,
				  enum fg_relay_then then)
{
	struct fg_relay_commit *commit = open_commit(relays);
	struct fg_store_op *op = fg_relay_commit_op(commit, FG_OP_RELAY_SET);

	op->row = relay->row;
	op->id = relay->id;
	op->state = (enum fg_job_state)relay->state;
	op->tag = relay->state != FG_JOB_READY && relay->state != FG_JOB_SENDING &&
		  relay->state != FG_JOB_SECURE;
	op->record = fg_relay_encode(relays, commit, relay);
	if (then != FG_THEN_NOTHING)
		fg_relay_commit_then(commit, relay, then, 0, 0);
	return op;
}

void fg_relay_end(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_commit *commit = open_commit(relays);
	struct fg_store_op *op = fg_relay_commit_op(commit, FG_OP_RELAY_END);

	op->row = relay->row;
	op->id = relay->id;
	op->record = fg_relay_encode(relays, commit, relay);
	fg_relay_remove(relays, relay);
	fg_relay_commit_then(commit, relay, FG_THEN_FREE, 0, 0);
}
