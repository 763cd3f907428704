/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/vault/vault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <talloc.h>
#include "gateway/vault/vault_internal.h"
#include "lib/base/log.h"
#include "lib/proto/leaf.h"

enum { ROOM_LEN = 48 * 1024 }; /* an unpacked CapsuleBody: its fields once more, and the struct */
#define HOUR_MS 3600000ull

static struct fg_id leg_id(const struct fg_vault_leg *leg)
{
	struct fg_id id;

	memcpy(id.b, leg->key, FG_ID_LEN);
	return id;
}

static uint16_t leg_number(const struct fg_vault_leg *leg)
{
	return (uint16_t)(leg->key[FG_ID_LEN] << 8 | leg->key[FG_ID_LEN + 1]);
}

void fg_vault_job_free(struct fg_vault_job *job)
{
#ifndef FG_MUTANT_texts_wiped
	if (job->in_texts)
		fg_wipe(job->text.data, job->text.cap);
#endif
	if (!job->in_texts)
		fg_clear_free(&job->text);
	fg_wipe(job, sizeof(*job));
	free(job);
}

static void drop_jobs(struct fg_vault *vault)
{
	while (vault->jobs) {
		struct fg_vault_job *job = vault->jobs;

		vault->jobs = job->next;
		fg_vault_job_free(job);
	}
	vault->jobs_end = &vault->jobs;
	vault->texts.len = 0; /* each was wiped with its job */
}

static int vault_free(struct fg_vault *vault)
{
	drop_jobs(vault);
	fg_clear_free(&vault->plain);
	fg_clear_free(&vault->room);
	fg_clear_free(&vault->scratch);
	fg_clear_free(&vault->texts);
	fg_wipe(&vault->storekeys, sizeof(vault->storekeys));
	fg_wipe(&vault->signer, sizeof(vault->signer));
	fg_arena_free(&vault->arena);
	fg_keyring_wipe(&vault->ring);
	return 0;
}

static enum fg_rc allocate(struct fg_vault *vault)
{
	enum fg_rc rc;

	vault->legs = fg_table_new(vault, FG_VAULT_KEY_LEN);
	vault->ended = fg_index_new(vault);
	vault->consents = fg_index_new(vault);
	vault->pins = fg_table_new(vault, FG_SHA256_LEN);
	vault->recent = talloc_array(vault, struct fg_hash, FG_VAULT_HASHES_MAX);
	if (!vault->legs || !vault->ended || !vault->consents || !vault->pins || !vault->recent)
		return FG_E_NO_MEMORY;
	if (vault->conf->gateway.allow_unlocked)
		fg_clear_allow_unlocked();
	rc = fg_arena_init(&vault->arena, 128 * 1024);
	if (rc == FG_OK)
		rc = fg_clear_new(FG_CAPSULE_PLAIN_MAX, &vault->plain);
	if (rc == FG_OK)
		rc = fg_clear_new(FG_VAULT_CLEAR_MAX + 64, &vault->scratch);
	if (rc == FG_OK)
		rc = fg_clear_new(FG_VAULT_TEXTS_MAX, &vault->texts);
	return rc == FG_OK ? fg_clear_new(ROOM_LEN, &vault->room) : rc;
}

static enum fg_rc open_folder(struct fg_vault *vault)
{
	char path[300];
	enum fg_rc rc;

	vault->folder = talloc_asprintf(vault, "%s/vault", vault->conf->gateway.data_dir);
	if (!vault->folder)
		return FG_E_NO_MEMORY;
	if (mkdir(vault->folder, 0700) != 0 && errno != EEXIST)
		return FG_E_SYSTEM;
	if ((size_t)snprintf(path, sizeof(path), "%s/key", vault->folder) >= sizeof(path))
		return FG_E_TOO_LONG;
	rc = fg_keyring_load(path, fg_clock_wall_ms(vault->clock), &vault->ring);
	if (rc != FG_OK)
		return rc;
	fg_relay_signer_new(&vault->ring.sign, fg_clock_wall_ms(vault->clock), &vault->signer);
	snprintf(path, sizeof(path), "%s/storage-key", vault->folder);
	return fg_storekeys_load(path, fg_clock_wall_ms(vault->clock), &vault->storekeys);
}

enum fg_rc fg_vault_new(void *ctx, const struct fg_conf *conf, struct fg_clock *clock,
			const struct fg_vault_ops *ops, void *arg, struct fg_vault **vault_out)
{
	struct fg_vault *vault = talloc_zero(ctx, struct fg_vault);
	enum fg_rc rc;

	if (!vault)
		return FG_E_NO_MEMORY;
	vault->conf = conf;
	vault->clock = clock;
	vault->ops = ops;
	vault->arg = arg;
	vault->jobs_end = &vault->jobs;
	vault->answers_end = &vault->answers;
	fg_merkle_frontier_init(&vault->frontier);
	fg_merkle_frontier_init(&vault->ahead);
	talloc_set_destructor(vault, vault_free);
	rc = allocate(vault);
	if (rc == FG_OK)
		rc = open_folder(vault);
	if (rc != FG_OK) {
		talloc_free(vault);
		return rc;
	}
	*vault_out = vault;
	return FG_OK;
}

const uint8_t *fg_vault_public_key(const struct fg_vault *vault)
{
	return vault->ring.sign.public;
}

enum fg_rc fg_vault_start(struct fg_vault *vault, const struct fg_trust *trust)
{
	vault->trust = *trust;
	return fg_vault_replay(vault);
}

/* ---- out ---- */

static void refuse(struct fg_vault *vault, const struct fg_id *id, uint16_t leg, enum fg_rc rc)
{
	struct fg_frame frame = { .type = FG_IPC_REFUSED };

	LOG_MSG(id, DVAULT, LOGL_NOTICE, "refuse order: %s leg=%u\n", fg_rc_name(rc), leg);
	frame.refused.message_id = *id;
	frame.refused.leg = leg;
	frame.refused.rc = (uint16_t)rc;
	vault->ops->to_core(&frame, vault->arg);
}

static void send_leg(struct fg_vault *vault, const struct fg_vault_leg *leg)
{
	struct fg_frame frame = { .type = FG_IPC_LEG };

	frame.leg.message_id = leg_id(leg);
	frame.leg.leg = leg_number(leg);
	frame.leg.state = leg->state;
	frame.leg.rc = (uint16_t)leg->rc;
	frame.leg.carrier_code = leg->carrier_code;
	frame.leg.segments = leg->segments;
	if (leg->link != FG_VAULT_NO_LINK)
		frame.leg.mark = FG_BYTES_TEXT(vault->conf->mark.text);
	frame.leg.parts = FG_BYTES(leg->parts, leg->parts_len);
	frame.leg.refs = FG_BYTES(leg->refs, leg->refs_len);
	vault->ops->to_core(&frame, vault->arg);
}

static void send_job(struct fg_vault *vault, const struct fg_vault_job *job)
{
	struct fg_frame frame = { .type = FG_IPC_JOB };
	uint8_t offsets[FG_TEXT_PARTS_MAX * 4];

	for (size_t i = 0; i < job->plan.parts; i++)
		for (unsigned b = 0; b < 4; b++)
			offsets[4 * i + b] = (uint8_t)(job->plan.offset[i] >> (24 - 8 * b));
	frame.job.message_id = leg_id(job->leg);
	frame.job.leg = leg_number(job->leg);
	frame.job.destination = FG_BYTES_TEXT(job->destination);
	frame.job.source = FG_BYTES_TEXT(job->source);
	frame.job.text = FG_BYTES(job->text.data, job->text.len);
	frame.job.alphabet = (uint8_t)job->plan.alphabet;
	frame.job.parts = job->plan.parts;
	frame.job.offsets = FG_BYTES(offsets, 4u * job->plan.parts);
	frame.job.concat_ref = job->concat_ref;
	frame.job.message_reference = fg_leg_reference(&frame.job.message_id, frame.job.leg);
	frame.job.validity_s = job->validity_s;
	frame.job.flags = job->flags;
	frame.job.protocol_id = job->protocol_id;
	vault->ops->to_link(job->leg->link, &frame, vault->arg);
}

static void tell_of_link(struct fg_vault *vault, size_t link)
{
	const struct fg_vault_link *said = &vault->links[link];
	struct fg_frame frame = { .type = FG_IPC_LINK };

	frame.link.link = (uint16_t)link;
	frame.link.up = said->up;
	frame.link.credits = said->credits;
	frame.link.in_flight = said->in_flight;
	frame.link.carrier_code = said->carrier_code;
	frame.link.note = FG_BYTES_TEXT(said->note);
	frame.link.rate = said->rate;
	frame.link.throttled = said->throttled;
	frame.link.round_trip_ms = said->round_trip_ms;
	frame.link.window = said->window;
	frame.link.unanswered = said->unanswered;
	frame.link.own_code = said->own_code;
	frame.link.own_note = FG_BYTES_TEXT(said->own_note);
	vault->ops->to_core(&frame, vault->arg);
}

void fg_vault_core_open(struct fg_vault *vault)
{
	uint64_t seal_ms = (uint64_t)vault->conf->log.seal_key_hours * HOUR_MS;
	struct fg_frame frame = { .type = FG_IPC_SEAL_KEY };
	struct fg_vault_leg *leg;
	uint8_t key[512];
	size_t at = 0;

	if (fg_keyring_seal_key(&vault->ring, FG_CAPSULE_INNER, &vault->trust.gateway_id, seal_ms,
				key, sizeof(key), &frame.seal_key.key.len) == FG_OK) {
		frame.seal_key.role = FG_ROLE_VAULT;
		frame.seal_key.key.data = key;
		vault->ops->to_core(&frame, vault->arg);
	}
	/* A link speaks on a change only, and the core takes for down what it has not heard of. */
#ifndef FG_MUTANT_links_told
	for (size_t i = 0; i < vault->conf->links_count; i++)
		tell_of_link(vault, i);
#endif
	while ((leg = fg_table_next(vault->legs, &at)))
		if (leg->announce)
			send_leg(vault, leg);
}

void fg_vault_log_open(struct fg_vault *vault)
{
	struct fg_frame frame = { .type = FG_IPC_FOLLOWED };
	struct fg_hash root = fg_merkle_frontier_root(&vault->frontier);

	vault->ahead = vault->frontier; /* the new channel begins after what was covered */
	vault->ahead_count = 0;
	frame.followed.size = vault->frontier.size;
	memcpy(frame.followed.root, root.b, FG_SHA256_LEN);
	vault->ops->to_log(&frame, vault->arg);
}

static void fail(struct fg_vault *vault, enum fg_rc rc)
{
	drop_jobs(vault);
	vault->ops->failed(rc, vault->arg);
}

void fg_vault_flush(struct fg_vault *vault)
{
	struct fg_vault_leg *leg = vault->answers;
	enum fg_rc rc = vault->unsynced ? fg_vault_record_time(vault) : FG_OK;

	if (rc == FG_OK)
		rc = fg_journal_sync(vault->journal);
	if (rc != FG_OK) {
		fail(vault, rc);
		return;
	}
	vault->unsynced = false;
	for (struct fg_vault_job *job = vault->jobs; job; job = job->next)
		if (job->leg->state == FG_LEG_OPENED)
			send_job(vault, job);
	drop_jobs(vault);
	vault->answers = NULL;
	vault->answers_end = &vault->answers;
	for (struct fg_vault_leg *next; leg; leg = next) {
		next = leg->next_answer;
		leg->answer_due = false;
		send_leg(vault, leg);
	}
	fg_vault_legs_drop_spent(vault);
	for (size_t i = 0; i < vault->notes_count; i++)
		vault->ops->to_core(&vault->notes[i], vault->arg);
	vault->notes_count = 0;
	fg_journal_write_ahead(vault->journal);
}

/* ---- following the log ---- */

/* One hash more; those of the checkpoint before give way to the first of the next. */
static void step_ahead(struct fg_vault *vault, const uint8_t *hash)
{
	struct fg_hash leaf;

	memcpy(leaf.b, hash, FG_SHA256_LEN);
	if (vault->ahead_count == 0) {
		vault->recent_first = vault->ahead.size;
		vault->recent_count = 0;
	}
	if (vault->ahead_count < FG_VAULT_HASHES_MAX)
		vault->recent[vault->ahead_count] = leaf;
	vault->ahead_count++;
	fg_merkle_frontier_append(&vault->ahead, &leaf);
}

static enum fg_rc cover(struct fg_vault *vault, struct fg_bytes note)
{
	struct fg_hash root = fg_merkle_frontier_root(&vault->ahead);
	struct fg_checkpoint checkpoint;

	if (fg_note_verify((const char *)note.data, note.len, vault->trust.origin,
			   vault->trust.log_key, &checkpoint) != FG_OK)
		return FG_E_LOG_FORK;
#ifndef FG_MUTANT_log_fork
	if (checkpoint.size != vault->ahead.size || !fg_hash_equal(&checkpoint.root, &root))
		return FG_E_LOG_FORK;
#endif
	(void)root;
	vault->frontier = vault->ahead;
	vault->recent_count = vault->ahead_count < FG_VAULT_HASHES_MAX ? vault->ahead_count : 0;
	vault->ahead_count = 0;
	return fg_vault_record_head(vault);
}

static enum fg_rc follow(struct fg_vault *vault, const struct fg_ipc_leaves *leaves)
{
#ifndef FG_MUTANT_log_fork
	if (leaves->first_index != vault->ahead.size || leaves->hashes.len % FG_SHA256_LEN != 0)
		return FG_E_LOG_FORK;
#endif
	for (size_t i = 0; i < leaves->hashes.len / FG_SHA256_LEN; i++)
		step_ahead(vault, leaves->hashes.data + i * FG_SHA256_LEN);
	return leaves->checkpoint.len > 0 ? cover(vault, leaves->checkpoint) : FG_OK;
}

static void take_leaves(struct fg_vault *vault, const struct fg_ipc_leaves *leaves)
{
	enum fg_rc rc = vault->forked ? FG_E_LOG_FORK : follow(vault, leaves);

	if (rc == FG_E_LOG_FORK && !vault->forked) {
		vault->forked = true;
		LOGP(DVAULT, LOGL_FATAL,
		     "log is not the one that was followed: every order is refused until a "
		     "restart\n");
	} else if (rc != FG_OK && rc != FG_E_LOG_FORK) {
		fail(vault, rc);
	}
}

/* ---- orders and their ends ---- */

/* A leg that is known is answered again and opens nothing: FG_OK. FG_E_NOT_FOUND: it is not; otherwise nobody can say. */
static enum fg_rc answer_known(struct fg_vault *vault, const struct fg_id *id, uint16_t leg)
{
#ifndef FG_MUTANT_leg_once
	struct fg_vault_leg *known;
	uint8_t key[FG_VAULT_KEY_LEN];
	enum fg_rc rc;

	fg_vault_key(id, leg, key);
	rc = fg_vault_leg_find(vault, key, &known);
	if (rc == FG_OK)
		fg_vault_answer_later(vault, known);
	return rc;
#else
	(void)vault, (void)id, (void)leg;
	return FG_E_NOT_FOUND;
#endif
}

static void take_open(struct fg_vault *vault, const struct fg_ipc_open *open)
{
	enum fg_rc rc = answer_known(vault, &open->message_id, open->leg);

	if (rc == FG_E_NOT_FOUND)
		rc = vault->forked ? FG_E_LOG_FORK : fg_vault_open_order(vault, open);
	if (rc != FG_OK)
		refuse(vault, &open->message_id, open->leg, rc);
}

static void take_unseal(struct fg_vault *vault, const struct fg_ipc_unseal *unseal)
{
	enum fg_rc rc = fg_vault_is_copied(vault, unseal)
				? FG_E_NOT_FOUND
				: answer_known(vault, &unseal->message_id, unseal->leg);

	if (rc == FG_E_NOT_FOUND)
		rc = vault->forked ? FG_E_LOG_FORK : fg_vault_unseal_order(vault, unseal);
	if (rc != FG_OK)
		refuse(vault, &unseal->message_id, unseal->leg, rc);
}

static void settle(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	enum fg_rc rc = fg_vault_leg_settle(vault, leg);

	if (rc != FG_OK)
		fail(vault, rc);
}

static void take_outcome(struct fg_vault *vault, size_t link, const struct fg_ipc_outcome *outcome)
{
	struct fg_vault_leg *leg;
	uint8_t key[FG_VAULT_KEY_LEN];

	fg_vault_key(&outcome->message_id, outcome->leg, key);
	leg = fg_table_get(vault->legs, key);
	if (!leg || leg->link != link || leg->state != FG_LEG_OPENED ||
	    outcome->outcome < FG_OUTCOME_ACCEPTED || outcome->outcome > FG_OUTCOME_UNKNOWN) {
		LOG_MSG(&outcome->message_id, DVAULT, LOGL_ERROR,
			"ignore outcome: no open leg=%u\n", outcome->leg);
		return;
	}
	leg->state = outcome->outcome;
	leg->rc = (enum fg_rc)outcome->rc;
	leg->carrier_code = outcome->carrier_code;
	leg->parts = talloc_memdup(leg, outcome->parts.data, outcome->parts.len);
	leg->parts_len = leg->parts ? outcome->parts.len : 0;
	leg->refs = talloc_memdup(leg, outcome->refs.data, outcome->refs.len);
	leg->refs_len = leg->refs ? outcome->refs.len : 0;
	settle(vault, leg);
}

void fg_vault_link_closed(struct fg_vault *vault, size_t link)
{
	struct fg_vault_leg *leg;
	size_t at = 0;

	while ((leg = fg_table_next(vault->legs, &at))) {
		if (leg->link != link || leg->state != FG_LEG_OPENED)
			continue;
		leg->state = FG_LEG_UNKNOWN;
		leg->rc = FG_E_LINK_UNKNOWN;
		settle(vault, leg);
	}
	vault->links[link] = (struct fg_vault_link){ 0 };
	tell_of_link(vault, link);
}

static void take_link(struct fg_vault *vault, size_t link, const struct fg_ipc_link *said)
{
	struct fg_vault_link *kept = &vault->links[link];
	size_t len = said->note.len < sizeof(kept->note) ? said->note.len : sizeof(kept->note) - 1;

	kept->up = said->up;
	kept->credits = said->credits;
	kept->in_flight = said->in_flight;
	if (!kept->up)
		kept->most = 0;
	else if ((uint64_t)said->credits + said->in_flight > kept->most)
		kept->most = (uint64_t)said->credits + said->in_flight;
	kept->carrier_code = said->carrier_code;
	kept->rate = said->rate;
	kept->throttled = said->throttled != 0;
	kept->round_trip_ms = said->round_trip_ms;
	kept->window = said->window;
	kept->unanswered = said->unanswered;
	kept->own_code = said->own_code;
	snprintf(kept->own_note, sizeof(kept->own_note), "%.*s", (int)said->own_note.len,
		 said->own_note.len ? (const char *)said->own_note.data : "");
	if (len)
		memcpy(kept->note, said->note.data, len);
	kept->note[len] = '\0';
	tell_of_link(vault, link);
}

/* The word of the core or of the link itself: it gets what was promised, nothing more, and then DRAIN, so that no job comes after that. */
static void drain_link(struct fg_vault *vault, size_t link)
{
	struct fg_frame drain = { .type = FG_IPC_DRAIN };

	vault->links[link].draining = true;
	fg_vault_flush(vault);
	drain.drain.link = (uint16_t)link;
	vault->ops->to_link(link, &drain, vault->arg);
}

void fg_vault_link_frame(struct fg_vault *vault, size_t link, const struct fg_frame *frame)
{
	struct fg_frame out = *frame;

	switch (frame->type) {
	case FG_IPC_OUTCOME:
		take_outcome(vault, link, &frame->outcome);
		break;
	case FG_IPC_DLR:
		out.dlr.link = (uint16_t)link;
		vault->ops->to_core(&out, vault->arg);
		break;
	case FG_IPC_LINK:
		take_link(vault, link, &frame->link);
		break;
	case FG_IPC_SUBMIT:
		fg_vault_take_submit(vault, link, &frame->submit);
		break;
	case FG_IPC_APP_ASK:
		fg_vault_take_ask(vault, link, &frame->app_ask);
		break;
	case FG_IPC_APP_TOLD:
	case FG_IPC_APP_BOUND:
		fg_vault_pass_to_core(vault, link, frame);
		break;
	case FG_IPC_DRAIN:
		drain_link(vault, link);
		break;
	default:
		break; /* HELLO and CREDIT are the channel's */
	}
}

/* ---- pins ---- */

static bool succeeds(struct fg_vault *vault, const struct fg_vault_pin *pin,
		     const Fallgate__View *view, const Fallgate__Signed *proof)
{
	const Fallgate__Succession *body;
	struct fg_hash tag;
	void *message;

	if (fg_signed_open(&vault->arena, proof, pin->account_key, FG_SIGN_PUBLIC_LEN,
			   FG_LABEL_SUCCESSION, &fallgate__succession__descriptor,
			   &message) != FG_OK)
		return false;
	body = message;
	tag = fg_handle_tag(body->handle);
	return memcmp(tag.b, pin->tag, FG_SHA256_LEN) == 0 &&
	       FG_HAS_LEN(body->new_key, FG_SIGN_PUBLIC_LEN) &&
	       memcmp(body->new_key.data, view->account_key.data, FG_SIGN_PUBLIC_LEN) == 0;
}

static enum fg_rc update_pin(struct fg_vault *vault, struct fg_vault_pin *pin,
			     const Fallgate__View *view, const Fallgate__Signed *proof, bool fresh)
{
	struct fg_hash tag;
	enum fg_rc rc = fg_view_epoch_check(view, pin->epoch);

	if (rc != FG_OK)
		return rc;
	memcpy(tag.b, pin->tag, FG_SHA256_LEN);
	if (view->state == FALLGATE__VIEW_STATE__VIEW_ABSENT) {
		if (fresh || fg_deregistration_check(&vault->arena, proof, &tag, pin->account_key,
						     pin->epoch) != FG_OK)
			return FG_E_IDENTITY;
		pin->signed_off = true;
	} else {
		bool same =
			memcmp(pin->account_key, view->account_key.data, FG_SIGN_PUBLIC_LEN) == 0;

		if (!fresh && !same && !pin->signed_off && !succeeds(vault, pin, view, proof))
			return FG_E_IDENTITY;
		memcpy(pin->account_key, view->account_key.data, FG_SIGN_PUBLIC_LEN);
		pin->signed_off = false;
		pin->epoch = view->epoch;
	}
	return fg_vault_record_pin(vault, pin);
}

static enum fg_rc note_account(struct fg_vault *vault, const struct fg_ipc_account *account)
{
	struct fg_view_expect expect = { .directory_key = vault->trust.directory_key,
					 .gateway_id = vault->trust.gateway_id,
					 .now_ms = fg_clock_wall_ms(vault->clock) };
	struct fg_vault_pin *pin, *fresh = NULL;
	const Fallgate__View *view;
	struct fg_hash tag;
	enum fg_rc rc;

	memcpy(tag.b, account->handle_tag, FG_SHA256_LEN);
	expect.handle_tag = &tag;
	fg_arena_reset(&vault->arena);
	rc = fg_view_check(&vault->arena,
			   fg_signed_unpack(&vault->arena, account->view.data, account->view.len),
			   &expect, &view);
	if (rc != FG_OK)
		return rc;
	pin = fg_table_get(vault->pins, tag.b);
	if (!pin) {
		pin = fresh = talloc_zero(vault, struct fg_vault_pin);
		if (!pin)
			return FG_E_NO_MEMORY;
		memcpy(pin->tag, tag.b, FG_SHA256_LEN);
	}
	rc = update_pin(vault, pin, view,
			fg_signed_unpack(&vault->arena, account->proof.data, account->proof.len),
			fresh != NULL);
	if (rc == FG_OK && fresh)
		rc = fg_table_put(vault->pins, tag.b, fresh);
	if (rc != FG_OK)
		talloc_free(fresh);
	return rc;
}

static void take_account(struct fg_vault *vault, const struct fg_ipc_account *account)
{
	struct fg_frame *note;

	if (vault->notes_count == sizeof(vault->notes) / sizeof(vault->notes[0]))
		fg_vault_flush(vault);
	note = &vault->notes[vault->notes_count++];
	*note = (struct fg_frame){ .type = FG_IPC_ACCOUNT_NOTED };
	memcpy(note->account_noted.handle_tag, account->handle_tag, FG_SHA256_LEN);
	note->account_noted.epoch = account->epoch;
	note->account_noted.rc = (uint16_t)note_account(vault, account);
}

void fg_vault_frame(struct fg_vault *vault, const struct fg_frame *frame)
{
	switch (frame->type) {
	case FG_IPC_LEAVES:
		take_leaves(vault, &frame->leaves);
		break;
	case FG_IPC_UNSEAL:
		take_unseal(vault, &frame->unseal);
		break;
	case FG_IPC_TAKEN:
	case FG_IPC_APP_RECEIPT:
	case FG_IPC_APP_ANSWER:
		fg_vault_pass_to_link(vault, frame);
		break;
	case FG_IPC_APP_REPLACE:
		fg_vault_take_replace(vault, &frame->app_replace);
		break;
	case FG_IPC_OPEN:
		take_open(vault, &frame->open);
		break;
	case FG_IPC_ACCOUNT:
		take_account(vault, &frame->account);
		break;
	case FG_IPC_STORED:
		if (frame->stored.link < vault->conf->links_count)
			vault->ops->to_link(frame->stored.link, frame, vault->arg);
		break;
	case FG_IPC_DRAIN:
		if (frame->drain.link < vault->conf->links_count)
			drain_link(vault, frame->drain.link);
		break;
	default:
		break; /* HELLO and CREDIT are the channel's */
	}
}

void fg_vault_idle(struct fg_vault *vault)
{
	bool changed = false;
	enum fg_rc rc =
		fg_keyring_rotate(&vault->ring, fg_clock_wall_ms(vault->clock),
				  (uint64_t)vault->conf->log.seal_key_hours * HOUR_MS,
				  (uint64_t)vault->conf->log.consent_hours * HOUR_MS, &changed);

	if (rc != FG_OK)
		LOGP(DVAULT, LOGL_ERROR, "rotate seal key: %s\n", fg_rc_name(rc));
	if (changed)
		fg_vault_core_open(vault);
	rc = fg_storekeys_rotate(&vault->storekeys, fg_clock_wall_ms(vault->clock));
	if (rc != FG_OK)
		LOGP(DVAULT, LOGL_ERROR, "rotate storage key: %s\n", fg_rc_name(rc));
	rc = fg_vault_legs_sweep(vault);
	if (rc != FG_OK)
		LOGP(DVAULT, LOGL_ERROR, "record the time: %s\n", fg_rc_name(rc));
	if (fg_clock_wall_ms(vault->clock) >= vault->signer.made_ms + 24 * HOUR_MS)
		fg_relay_signer_new(&vault->ring.sign, fg_clock_wall_ms(vault->clock),
				    &vault->signer);
}
