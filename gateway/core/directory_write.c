/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes of the directory: gather what is there, say what changes, commit, tell the log.
 */
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

struct fg_directory_write *fg_directory_write_new(struct fg_core *core,
						  const struct fg_session *session,
						  uint64_t request, size_t cap)
{
	struct fg_directory_write *write = talloc_zero(NULL, struct fg_directory_write);

	if (!write)
		return NULL;
	write->core = core;
	write->conn = session->conn;
	write->request = request;
	write->cap = cap;
	write->conflict_rc = FG_E_CONFLICT;
	write->ops = talloc_zero_array(write, struct fg_store_op,
				       (unsigned)cap + 1); /* the last is the scratch one */
	memcpy(write->account_key, session->account_key, FG_ACCOUNT_KEY_LEN);
	memcpy(write->device_id, session->device_id, FG_DEVICE_ID_LEN);
	if (write->ops &&
	    (!session->logged_in ||
	     fg_handle_parse(session->handle, strlen(session->handle), &write->handle) == FG_OK))
		return write;
	talloc_free(write);
	return NULL;
}

struct fg_store_op *fg_directory_op(struct fg_directory_write *write, enum fg_store_op_kind kind)
{
	struct fg_store_op *op = &write->ops[write->count];

	*op = (struct fg_store_op){ .op = kind };
	if (write->count < write->cap)
		write->count++;
	else
		write->failed = true;
	return op;
}

struct fg_bytes fg_directory_copy(struct fg_directory_write *write, const void *data, size_t len)
{
	uint8_t *copy = talloc_size(write, len ? len : 1);

	if (!copy) {
		write->failed = true;
		return FG_BYTES(NULL, 0);
	}
	if (len)
		memcpy(copy, data, len);
	return FG_BYTES(copy, len);
}

struct fg_bytes fg_directory_pack(struct fg_directory_write *write, const void *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *data = talloc_size(write, len ? len : 1);

	if (!data) {
		write->failed = true;
		return FG_BYTES(NULL, 0);
	}
	return FG_BYTES(data, protobuf_c_message_pack(message, data));
}

void fg_directory_put(struct fg_directory_write *write, enum fg_store_kind kind, const void *key,
		      size_t key_len, uint64_t version, const void *message)
{
	struct fg_store_op *op = fg_directory_op(write, FG_OP_KV_PUT);

	op->kind = kind;
	op->key = fg_directory_copy(write, key, key_len);
	op->version = version;
	op->body = fg_directory_pack(write, message);
}

void fg_directory_refuse(struct fg_directory_write *write_take, enum fg_rc rc)
{
	fg_session_error(write_take->core, fg_session_find(write_take->core, write_take->conn),
			 write_take->request, rc, NULL, 0);
	talloc_free(write_take);
}

static void on_committed(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct fg_directory_write *write = arg;

	(void)ops;
	(void)count;
	fg_core_store_rc(write->core, rc);
	if (rc != FG_OK) {
		fg_directory_refuse(write, rc == FG_E_CONFLICT ? write->conflict_rc : rc);
	} else if (write->then) {
		write->then(write);
	} else {
		fg_session_done(write->core, fg_session_find(write->core, write->conn),
				write->request);
		talloc_free(write);
	}
}

void fg_directory_commit(struct fg_directory_write *write_take)
{
	struct fg_core *core = write_take->core;
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (!write_take->failed)
		rc = fg_core_store_rc(core, fg_store_submit(core->store,
							    fg_store_part(write_take->account_key,
									  FG_ACCOUNT_KEY_LEN),
							    0, write_take->ops, write_take->count,
							    on_committed, write_take));
	if (rc != FG_OK)
		fg_directory_refuse(write_take, rc);
}

/* ---- gather ---- */

struct gathering {
	struct fg_directory_write *write;
	void (*then)(struct fg_directory_write *write_take,
		     const struct fg_directory_records *records);
	struct fg_hash tag, invitation;
};

/* An unreadable record is not an absent one. */
static enum fg_rc take_record(struct fg_arena *arena, const struct fg_store_row *row,
			      struct fg_directory_records *records)
{
	const struct fg_bytes *body = &row->body;

	switch (row->kind) {
	case FG_KV_ACCOUNT:
		records->account_version = row->version;
		records->account = fg_proto_unpack(arena, &fallgate__stored_account__descriptor,
						   body->data, body->len);
		return records->account ? FG_OK : FG_E_STORE_SCHEMA;
	case FG_KV_HANDLE:
		records->handle_version = row->version;
		records->handle = fg_proto_unpack(arena, &fallgate__stored_handle__descriptor,
						  body->data, body->len);
		return records->handle ? FG_OK : FG_E_STORE_SCHEMA;
	case FG_KV_PIN:
		records->pin_version = row->version;
		records->pin = fg_proto_unpack(arena, &fallgate__stored_pin__descriptor, body->data,
					       body->len);
		return records->pin ? FG_OK : FG_E_STORE_SCHEMA;
	case FG_KV_INVITATION:
		records->invitation_version = row->version;
		records->invitation = fg_proto_unpack(
			arena, &fallgate__stored_invitation__descriptor, body->data, body->len);
		return records->invitation ? FG_OK : FG_E_STORE_SCHEMA;
	case FG_KV_DEVICE:
		if (records->devices_count >= FG_DIRECTORY_DEVICES_MAX ||
		    row->key.len != FG_DEVICE_KEY_LEN)
			return FG_E_STORE_SCHEMA;
		records->devices[records->devices_count++] = row;
		return FG_OK;
	default:
		return FG_OK;
	}
}

static void on_gathered(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct gathering *gathering = arg;
	struct fg_directory_write *write = gathering->write;
	struct fg_directory_records records = { 0 };

	fg_core_store_rc(write->core, rc);
	fg_arena_reset(&write->core->arena);
	for (size_t i = 0; rc == FG_OK && i < count; i++)
		rc = take_record(&write->core->arena, &rows[i], &records);
	if (rc == FG_OK)
		gathering->then(write, &records);
	else
		fg_directory_refuse(write, rc);
}

void fg_directory_gather(struct fg_directory_write *write_take, const struct fg_hash *invitation,
			 void (*then)(struct fg_directory_write *write_take,
				      const struct fg_directory_records *records))
{
	struct fg_core *core = write_take->core;
	struct gathering *gathering = talloc_zero(write_take, struct gathering);
	struct fg_bytes account = FG_BYTES(write_take->account_key, FG_ACCOUNT_KEY_LEN);
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (gathering && !write_take->failed) {
		gathering->write = write_take;
		gathering->then = then;
		gathering->tag = fg_handle_tag(write_take->handle.text);
		if (invitation)
			gathering->invitation = *invitation;
		const struct fg_store_key keys[] = {
			{ .what = FG_GET_KV, .kind = FG_KV_ACCOUNT, .key = account },
			{ .what = FG_GET_KV,
			  .kind = FG_KV_HANDLE,
			  .key = FG_BYTES(gathering->tag.b, FG_SHA256_LEN) },
			{ .what = FG_GET_KV,
			  .kind = FG_KV_PIN,
			  .key = FG_BYTES(gathering->tag.b, FG_SHA256_LEN) },
			{ .what = FG_GET_DEVICES, .kind = FG_KV_DEVICE, .key = account },
			{ .what = FG_GET_KV,
			  .kind = FG_KV_INVITATION,
			  .key = FG_BYTES(gathering->invitation.b, FG_SHA256_LEN) },
		};

		rc = fg_core_store_rc(core, fg_store_get(core->store, keys, invitation ? 5 : 4,
							 on_gathered, gathering));
	}
	if (rc != FG_OK)
		fg_directory_refuse(write_take, rc);
}

/* ---- one epoch more ---- */

/* The pin follows its own account key only: registering anew never moves it to another (row 3). */
static void raise_pin(struct fg_directory_write *write, const struct fg_directory_records *records,
		      const struct fg_hash *tag, uint64_t epoch, const uint8_t *account_key)
{
	Fallgate__StoredPin pin = FALLGATE__STORED_PIN__INIT;
	uint64_t now_ms = fg_core_now_ms(write->core);

	if (records->pin)
		pin = *records->pin;
	else
		pin.first_ms = now_ms;
	if (records->pin && (!FG_HAS_LEN(pin.account_key, FG_ACCOUNT_KEY_LEN) ||
			     memcmp(pin.account_key.data, account_key, FG_ACCOUNT_KEY_LEN) != 0))
		return;
	pin.account_key =
		(ProtobufCBinaryData){ FG_ACCOUNT_KEY_LEN, (uint8_t *)(uintptr_t)account_key };
	pin.epoch = epoch;
	pin.last_ms = now_ms;
	fg_directory_put(write, FG_KV_PIN, tag->b, FG_SHA256_LEN, records->pin_version, &pin);
}

/* Kept until the vault has noted it. */
static void put_announcement(struct fg_directory_write *write, const struct fg_hash *tag,
			     uint64_t epoch)
{
	Fallgate__StoredAnnouncement body = FALLGATE__STORED_ANNOUNCEMENT__INIT;

	body.handle = write->handle.text;
	body.account_key = (ProtobufCBinaryData){ FG_ACCOUNT_KEY_LEN, write->account_key };
	body.epoch = epoch;
	body.proof =
		(ProtobufCBinaryData){ write->proof.len, (uint8_t *)(uintptr_t)write->proof.data };
	fg_directory_put(write, FG_KV_ANNOUNCE, tag->b, FG_SHA256_LEN, FG_STORE_ANY_VERSION, &body);
}

void fg_directory_raise(struct fg_directory_write *write,
			const struct fg_directory_records *records, const uint8_t *account_key)
{
	struct fg_hash tag = fg_handle_tag(write->handle.text);
	uint64_t epoch = records->handle->epoch + 1;
	char *handles[] = { write->handle.text };

	records->handle->epoch = epoch;
	records->handle->account_key = (ProtobufCBinaryData){ account_key ? FG_ACCOUNT_KEY_LEN : 0,
							      (uint8_t *)(uintptr_t)account_key };
	records->account->epoch = epoch;
	records->account->handles = handles;
	records->account->n_handles = account_key ? 1 : 0;
	fg_directory_put(write, FG_KV_ACCOUNT, write->account_key, FG_ACCOUNT_KEY_LEN,
			 records->account_version, records->account);
	fg_directory_put(write, FG_KV_HANDLE, tag.b, FG_SHA256_LEN, records->handle_version,
			 records->handle);
	if (account_key)
		raise_pin(write, records, &tag, epoch, account_key);
	put_announcement(write, &tag, epoch);
	records->account->n_handles = 0;
	records->account->handles = NULL;
}

void fg_directory_forget(struct fg_directory_write *write, const uint8_t *device_id)
{
	struct fg_store_op *op = fg_directory_op(write, FG_OP_KV_DROP);
	uint8_t key[FG_DEVICE_KEY_LEN];

	fg_directory_device_key(write->account_key, device_id, key);
	op->kind = FG_KV_DEVICE;
	op->key = fg_directory_copy(write, key, sizeof(key));
	op->version = FG_STORE_ANY_VERSION;
	memcpy(fg_directory_op(write, FG_OP_QUEUE_CLEAR)->device, device_id, FG_DEVICE_ID_LEN);
	memcpy(fg_directory_op(write, FG_OP_PREKEY_CLEAR)->device, device_id, FG_DEVICE_ID_LEN);
}

/* ---- tell the log ---- */

struct announcement {
	struct fg_directory_write *write;
	void (*done)(struct fg_directory_write *write);
};

static void tell_log(struct fg_directory_write *write, const struct fg_directory_entry *entry,
		     struct fg_bytes view)
{
	struct fg_frame frame = { .type = FG_IPC_ACCOUNT };
	enum fg_rc rc;

	memcpy(frame.account.handle_tag, entry->tag.b, FG_SHA256_LEN);
	memcpy(frame.account.account_key, write->account_key, FG_ACCOUNT_KEY_LEN);
	frame.account.epoch = entry->epoch;
	frame.account.proof = write->proof;
	frame.account.view = view;
	rc = write->core->log ? fg_channel_answer(write->core->log, &frame) : FG_E_CLOSED;
	if (rc != FG_OK)
		LOGP(DLOG, LOGL_ERROR, "announce account: the log was not told: %s\n",
		     fg_rc_text(rc));
}

static void on_announced(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct announcement *announcement = arg;
	struct fg_directory_write *write = announcement->write;
	uint8_t *view;
	size_t len;

	if (rc == FG_OK)
		rc = fg_directory_view(write->core, entry, &view, &len);
	if (rc != FG_OK) {
		fg_directory_refuse(write, rc);
		return;
	}
	tell_log(write, entry, FG_BYTES(view, len));
	free(view);
	announcement->done(write);
	talloc_free(write);
}

void fg_directory_announce(struct fg_directory_write *write,
			   void (*done)(struct fg_directory_write *write))
{
	struct announcement *announcement = talloc(write, struct announcement);
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (announcement) {
		*announcement = (struct announcement){ write, done };
		rc = fg_directory_read(write->core, &write->handle, on_announced, announcement);
	}
	if (rc != FG_OK)
		fg_directory_refuse(write, rc);
}
