/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Devices as recipients: the keys that the vault seals to, the copies that come back and lie in the devices' queues, the first
 * acknowledgement, which ends the message, and what is taken back when there is none in time.
 */
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/dlr.h"

enum { AGAIN_S = 60 /* no queue took a copy */, LATER_S = 5 };

/*! An acknowledgement of a message whose commit is under way. */
struct fg_relay_ack {
	struct fg_relay_ack *next;
	struct fg_id id;
	fg_relay_call_cb call;
	void *arg;
};

static void *must(void *memory)
{
	if (!memory)
		FG_BUG("out of memory");
	return memory;
}

static uint32_t now_s(const struct fg_core_relays *relays)
{
	return (uint32_t)(fg_core_now_ms(relays->core) / 1000);
}

/* ---- keys ---- */

void fg_relay_devices_keep(struct fg_relay_work *work, const struct fg_directory_entry *entry,
			   uint64_t now_ms)
{
	size_t len = sizeof(struct fg_relay_devices);
	struct fg_relay_devices *devices;
	uint8_t *at;

	for (size_t i = 0; i < entry->devices_count; i++)
		len += entry->devices[i].stored.len;
	devices = must(calloc(1, len));
	at = (uint8_t *)(devices + 1);
	memcpy(devices->account_key, entry->account_key, sizeof(devices->account_key));
	for (size_t i = 0; i < entry->devices_count; i++) {
		struct fg_bytes stored = entry->devices[i].stored;

		if (entry->devices[i].cert_expires_ms <= now_ms)
			continue;
		memcpy(devices->id[devices->count], entry->devices[i].id, FG_DEVICE_ID_LEN);
		memcpy(at, stored.data, stored.len);
		devices->stored[devices->count++] = FG_BYTES(at, stored.len);
		at += stored.len;
	}
	free(work->devices);
	work->devices = devices;
}

static bool fill_keys(struct fg_arena *arena, struct fg_bytes stored_bytes,
		      const struct fg_store_op *pop, Fallgate__DeviceKeys *keys)
{
	const Fallgate__StoredDevice *stored = fg_proto_unpack(
		arena, &fallgate__stored_device__descriptor, stored_bytes.data, stored_bytes.len);

	fallgate__device_keys__init(keys);
	if (!stored)
		return false;
	keys->cert = stored->cert;
	keys->signed_prekey = stored->signed_prekey;
	if (pop->popped_len)
		keys->one_time_prekey = fg_signed_unpack(arena, pop->popped, pop->popped_len);
	return true;
}

/* NULL when a device's record cannot be read: nothing may be sealed to the others alone. */
static uint8_t *pack_keys(struct fg_core_relays *relays, const struct fg_relay *relay,
			  const struct fg_store_op *pops, size_t *len_out)
{
	const struct fg_relay_devices *devices = relay->work->devices;
	Fallgate__LookupResult result = FALLGATE__LOOKUP_RESULT__INIT;
	Fallgate__DeviceKeys keys[FG_DIRECTORY_DEVICES_MAX], *list[FG_DIRECTORY_DEVICES_MAX];

	fg_arena_reset(&relays->arena);
	for (size_t i = 0; i < devices->count; i++) {
		list[i] = &keys[i];
		if (!fill_keys(&relays->arena, devices->stored[i], &pops[i], &keys[i]))
			return NULL;
	}
	result.handle = (char *)(uintptr_t)fg_relay_destination(relay);
	result.devices = list;
	result.n_devices = devices->count;
	return must(fg_proto_pack_new(&result, len_out));
}

static void later(struct fg_core_relays *relays, struct fg_relay *relay, uint32_t wait_s)
{
	fg_relay_work_free(relay);
	fg_relay_push(&relays->sending, relay);
	fg_relay_timer(relays, relay, now_s(relays) + wait_s);
}

static void popped(struct fg_core_relays *relays, struct fg_relay *relay, enum fg_rc rc,
		   const struct fg_store_op *ops, size_t count)
{
	struct fg_relay_work *work = relay->work;

	for (size_t i = 0; rc == FG_OK && i < count; i++)
		fg_directory_prekeys_low(relays->core, &ops[i]);
	if (rc == FG_OK && work && count == work->devices->count)
		work->keys = pack_keys(relays, relay, ops, &work->keys_len);
	if (work && work->keys)
		fg_relay_order(relays, relay);
	else
		later(relays, relay, LATER_S);
}

void fg_relay_keys(struct fg_core_relays *relays, struct fg_relay *relay)
{
	const struct fg_relay_devices *devices = relay->work->devices;
	struct fg_relay_commit *commit;

	if (!devices || !devices->count) {
		later(relays, relay, LATER_S);
		return;
	}
	fg_relay_push(&relays->sending, relay);
	commit = fg_relay_commit_own(relays, relay, devices->account_key, popped);
	for (size_t i = 0; i < devices->count; i++)
		memcpy(fg_relay_commit_op(commit, FG_OP_PREKEY_POP)->device, devices->id[i],
		       FG_DEVICE_ID_LEN);
	fg_relay_commit_submit(commit);
}

/* ---- copies ---- */

void fg_relay_look_later(struct fg_core_relays *relays, struct fg_relay *relay)
{
	const struct fg_conf_accounts *contract = fg_relay_contract(relays->core, relay);
	uint64_t due = relay->expires_s;

	if (contract && contract->undelivered_s && relay->withdraw == FG_WITHDRAW_NONE) {
		uint64_t over =
			fg_id_time_ms(&relay->id) / 1000 + (uint64_t)contract->undelivered_s + 1;

		due = over < due && over > now_s(relays) ? over : due;
	}
	fg_relay_timer(relays, relay, (uint32_t)due);
}

static void all_copies_tried(struct fg_core_relays *relays, struct fg_relay *relay)
{
	bool any = relay->work->copies_stored > 0;

	fg_relay_leave_sending(relays, relay);
	if (any) {
		fg_relay_become(relay, FG_RELAY_COPIES, FG_JOB_SECURE);
		relay->withdraw = FG_WITHDRAW_NONE;
		fg_relay_look_later(relays, relay);
	} else {
		LOG_MSG(&relay->id, DMSG, LOGL_NOTICE,
			"queue copies for devices: no queue takes more\n");
		free(relay->copies);
		relay->copies = NULL;
		fg_relay_become(relay, FG_RELAY_COPIES, FG_JOB_READY);
		fg_relay_wait(relays, relay, AGAIN_S);
	}
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
	for (size_t i = 0; any && i < relay->copies->count; i++)
		fg_push_wake(relays->core, relay->copies->id[i]);
}

static void copy_stored(struct fg_core_relays *relays, struct fg_relay *relay, enum fg_rc rc,
			const struct fg_store_op *ops, size_t count)
{
	struct fg_relay_copies *copies = relay->copies;

	(void)count;
	if (rc == FG_OK) {
		memcpy(copies->id[copies->count++], ops[0].device, FG_DEVICE_ID_LEN);
		relay->work->copies_stored++;
	} else {
		LOG_MSG(&relay->id, DMSG, LOGL_NOTICE,
			"queue a copy for a device: its queue is full\n");
	}
	if (--relay->work->copies_left == 0)
		all_copies_tried(relays, relay);
	else
		relay->flags |= FG_RELAY_DECIDING;
}

static void put_copy(struct fg_core_relays *relays, struct fg_relay *relay,
		     const Fallgate__SealedPart *part, const uint8_t *account_key)
{
	struct fg_relay_commit *commit =
		fg_relay_commit_own(relays, relay, account_key, copy_stored);
	struct fg_store_op *op = fg_relay_commit_op(commit, FG_OP_QUEUE_PUT);
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	uint8_t *body;

	push.kind = FALLGATE__PUSH_KIND__PUSH_RELAYED;
	push.message_id = (ProtobufCBinaryData){ FG_ID_LEN, relay->id.b };
	push.part = (Fallgate__SealedPart *)(uintptr_t)part;
	push.time_ms = fg_relay_taken_ms(relay);
	body = fg_relay_commit_alloc(commit, fallgate__push__get_packed_size(&push));
	op->body = FG_BYTES(body, fallgate__push__pack(&push, body));
	memcpy(op->device, part->device_id.data, FG_DEVICE_ID_LEN);
	op->id = relay->id;
	op->expires_ms = relay->expires_s * 1000ull;
	fg_relay_commit_submit(commit);
}

static bool is_usable(const Fallgate__SealedParts *parts)
{
	bool usable = parts && parts->n_parts > 0 && parts->n_parts <= FG_DIRECTORY_DEVICES_MAX;

	for (size_t i = 0; usable && i < parts->n_parts; i++)
		usable = FG_HAS_LEN(parts->parts[i]->device_id, FG_DEVICE_ID_LEN);
	return usable;
}

/* The account's own partition; which account it was when it was ordered is not remembered over a restart, and need not be: one device's
 * queue is found by the device. */
static const uint8_t *partition_of(const struct fg_relay *relay, const Fallgate__SealedParts *parts)
{
	static uint8_t key[FG_ACCOUNT_KEY_LEN];

	if (relay->work && relay->work->devices)
		return relay->work->devices->account_key;
	memset(key, 0, sizeof(key));
	memcpy(key, parts->parts[0]->device_id.data, FG_DEVICE_ID_LEN);
	return key;
}

bool fg_relays_copies(struct fg_core *core, const struct fg_ipc_copies *frame)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay *relay = fg_relay_find(relays, &frame->message_id);
	const Fallgate__SealedParts *parts;

	if (!relay)
		return false;
	if (relay->state != FG_JOB_SENDING || relay->bearer != FG_BEARER_SECURE ||
	    frame->leg != relay->leg || relay->flags & FG_RELAY_DECIDING)
		return true;
	fg_arena_reset(&relays->arena);
	parts = fg_proto_unpack(&relays->arena, &fallgate__sealed_parts__descriptor,
				frame->copies.data, frame->copies.len);
	if (!is_usable(parts)) {
		LOG_MSG(&relay->id, DMSG, LOGL_ERROR, "take copies of the vault: not readable\n");
		return true;
	}
	fg_relay_work_new(relay)->copies_left = (uint8_t)parts->n_parts;
	relay->work->copies_stored = 0;
	free(relay->copies);
	relay->copies = must(calloc(1, sizeof(*relay->copies)));
	fg_relay_untimer(relays, relay);
	for (size_t i = 0; i < parts->n_parts; i++)
		put_copy(relays, relay, parts->parts[i], partition_of(relay, parts));
	return true;
}

/* ---- taken back ---- */

static void forget_copies(struct fg_relay *relay)
{
	free(relay->copies);
	relay->copies = NULL;
}

static void add_takeback(struct fg_relay_commit *commit, const struct fg_relay *relay,
			 enum fg_store_op_kind kind)
{
	for (size_t i = 0; relay->copies && i < relay->copies->count; i++) {
		struct fg_store_op *op = fg_relay_commit_op(commit, kind);

		memcpy(op->device, relay->copies->id[i], FG_DEVICE_ID_LEN);
		op->id = relay->id;
	}
}

/* A device has it, or may have it. */
static void not_cancelled(struct fg_core_relays *relays, struct fg_relay *relay)
{
	const struct fg_relay_work *work = relay->work;

#ifdef FG_MUTANT_relay_cancel_failed
	return;
#endif
	relay->flags &= (uint8_t)~FG_RELAY_CANCELLED;
	if (work && work->cancel)
		fg_relay_answer(relays->core, work->reply_link, work->token, FG_E_CONFLICT, NULL);
	fg_relay_work_free(relay);
}

/* Of its work only who waits for it to be cancelled is needed. */
static void keep_cancel(struct fg_relay *relay)
{
	const struct fg_relay_work was = relay->work ? *relay->work : (struct fg_relay_work){ 0 };
	struct fg_relay_work *work;

	fg_relay_work_free(relay);
	if (!was.cancel)
		return;
	work = fg_relay_work_new(relay);
	work->cancel = true;
	work->reply_link = was.reply_link;
	work->token = was.token;
}

/* All of them and the record in one commit: a crash in between would make an acknowledgement of what nobody acknowledged. */
static void withdrawn(struct fg_core_relays *relays, struct fg_relay *relay, enum fg_rc rc,
		      const struct fg_store_op *ops, size_t count)
{
	(void)ops;
	(void)count;
#ifdef FG_MUTANT_relay_withdraw_failed
	rc = FG_OK;
#endif
	if (rc == FG_OK) {
		relay->withdraw = FG_WITHDRAW_DONE;
		forget_copies(relay);
	} else {
		relay->withdraw = FG_WITHDRAW_FAILED;
		not_cancelled(relays, relay);
		fg_relay_save(relays, relay, FG_THEN_NOTHING);
	}
	fg_relay_untimer(relays, relay);
	fg_relay_push(&relays->decide, relay);
	fg_relay_stir(relays);
}

void fg_relay_withdraw(struct fg_core_relays *relays, struct fg_relay *relay)
{
	uint8_t key[FG_ACCOUNT_KEY_LEN] = { 0 };
	struct fg_relay_copies *copies = relay->copies;
	struct fg_relay_commit *commit;
	struct fg_store_op *op;

	keep_cancel(relay);
	if (copies)
		memcpy(key, copies->id[0], FG_DEVICE_ID_LEN);
	commit = fg_relay_commit_own(relays, relay, key, withdrawn);
	add_takeback(commit, relay, FG_OP_QUEUE_ACK_IF);
	op = fg_relay_commit_op(commit, FG_OP_RELAY_SET);
	op->row = relay->row;
	op->id = relay->id;
	op->state = FG_JOB_SECURE;
	relay->withdraw = FG_WITHDRAW_DONE;
	relay->copies = NULL;
	op->record = fg_relay_encode(relays, commit, relay);
	relay->copies = copies;
	fg_relay_commit_submit(commit);
}

void fg_relay_copies_drop(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_commit *commit;

	if (!relay->copies)
		return;
	commit = fg_relay_commit_new(relays, false);
	add_takeback(commit, relay, FG_OP_QUEUE_ACK);
	fg_relay_commit_submit(commit);
	forget_copies(relay);
}

/* ---- acknowledged ---- */

/* Other devices keep their copies: they show the message too. */
static void acked(struct fg_core_relays *relays, struct fg_relay *relay, fg_relay_call_cb call,
		  void *arg)
{
	if (relay->state == FG_JOB_SENDING)
		fg_relay_leave_sending(relays, relay);
	forget_copies(relay);
	fg_relay_finish(relays, relay, FG_RELAY_ACKED, FG_DLR_DELIVERED);
	fg_relay_commit_call(relays->open, call, arg);
}

/* False: its copies are just being changed, so it waits. */
static bool take_ack(struct fg_core_relays *relays, const struct fg_id *id, fg_relay_call_cb call,
		     void *arg)
{
	struct fg_relay *relay = fg_relay_find(relays, id);
	bool expected =
		relay && (relay->state == FG_JOB_SECURE ||
			  (relay->state == FG_JOB_SENDING && relay->bearer == FG_BEARER_SECURE));

	if (expected && relay->flags & FG_RELAY_DECIDING)
		return false;
	if (expected)
		acked(relays, relay, call, arg);
	else
		call(FG_OK, arg);
	return true;
}

bool fg_relays_acked(struct fg_core *core, const struct fg_id *id,
		     void (*done)(enum fg_rc rc, void *arg), void *arg)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay_ack *ack;

	if (!relays || !fg_relay_find(relays, id))
		return false;
	if (take_ack(relays, id, done, arg))
		return true;
	ack = must(calloc(1, sizeof(*ack)));
	*ack = (struct fg_relay_ack){ .id = *id, .call = done, .arg = arg };
	if (relays->acks_last)
		relays->acks_last->next = ack;
	else
		relays->acks_first = ack;
	relays->acks_last = ack;
	return true;
}

void fg_relay_acks_go_on(struct fg_core_relays *relays)
{
	struct fg_relay_ack *ack = relays->acks_first, *next;

	relays->acks_first = relays->acks_last = NULL;
	for (; ack; ack = next) {
		next = ack->next;
		ack->next = NULL;
		if (take_ack(relays, &ack->id, ack->call, ack->arg)) {
			free(ack);
			continue;
		}
		if (relays->acks_last)
			relays->acks_last->next = ack;
		else
			relays->acks_first = ack;
		relays->acks_last = ack;
	}
}

void fg_relay_acks_free(struct fg_core_relays *relays)
{
	struct fg_relay_ack *ack = relays->acks_first, *next;

	for (; ack; ack = next) {
		next = ack->next;
		ack->call(FG_E_CLOSED, ack->arg);
		free(ack);
	}
	relays->acks_first = relays->acks_last = NULL;
}
