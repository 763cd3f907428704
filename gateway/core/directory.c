/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the directory says: reading an entry, signing its view, an account's own devices.
 *
 * A directory that cannot be read says nothing: every such answer is an error, never "absent" (attack 11).
 */
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/proto/consent.h"
#include "lib/proto/view.h"

enum {
	READ_TRIES = 3,
	CLOCK_SKEW_MS = 5 * 60 * 1000, /* of devices; ours */
};

struct fg_bytes fg_directory_device_key(const uint8_t *account_key, const uint8_t *device_id,
					uint8_t out[static FG_DEVICE_KEY_LEN])
{
	memcpy(out, account_key, FG_ACCOUNT_KEY_LEN);
	memcpy(out + FG_ACCOUNT_KEY_LEN, device_id, FG_DEVICE_ID_LEN);
	return FG_BYTES(out, FG_DEVICE_KEY_LEN);
}

const struct fg_store_row *fg_directory_row(const struct fg_store_row *rows, size_t count,
					    enum fg_store_kind kind, const void *key,
					    size_t key_len)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].kind == kind && rows[i].key.len == key_len &&
		    memcmp(rows[i].key.data, key, key_len) == 0)
			return &rows[i];
	return NULL;
}

/* ---- an entry ---- */

struct read {
	struct fg_core *core;
	struct fg_handle handle;
	struct fg_hash tag;
	uint8_t account_key[FG_ACCOUNT_KEY_LEN]; /* whose devices were asked for */
	bool with_devices;
	unsigned tries;
	fg_directory_cb done;
	void *arg;
};

static enum fg_rc ask(struct read *read);

static struct fg_bytes pack_in_arena(struct fg_arena *arena, const Fallgate__Signed *object,
				     enum fg_rc *rc)
{
	size_t len = object ? fallgate__signed__get_packed_size(object) : 0;
	uint8_t *data;

	if (!object)
		return FG_BYTES(NULL, 0);
	data = arena->allocator.alloc(arena, len);
	if (!data) {
		*rc = FG_E_NO_MEMORY;
		return FG_BYTES(NULL, 0);
	}
	return FG_BYTES(data, fallgate__signed__pack(object, data));
}

static enum fg_rc fill_handle(struct fg_arena *arena, const struct fg_store_row *row,
			      struct fg_directory_entry *entry)
{
	const Fallgate__StoredHandle *stored;
	enum fg_rc rc = FG_OK;

	if (!row)
		return FG_OK;
	stored = fg_proto_unpack(arena, &fallgate__stored_handle__descriptor, row->body.data,
				 row->body.len);
	if (!stored ||
	    (stored->account_key.len != 0 && stored->account_key.len != FG_ACCOUNT_KEY_LEN))
		return FG_E_STORE_SCHEMA;
	entry->exists = true;
	entry->epoch = stored->epoch;
	entry->proven_ms = stored->proven_ms;
	if (stored->account_key.len)
		memcpy(entry->account_key, stored->account_key.data, FG_ACCOUNT_KEY_LEN);
	entry->deregistration = pack_in_arena(arena, stored->deregistration, &rc);
	entry->succession = pack_in_arena(arena, stored->succession, &rc);
	return rc;
}

static enum fg_rc fill_pin(struct fg_arena *arena, const struct fg_store_row *row,
			   struct fg_directory_entry *entry)
{
	const Fallgate__StoredPin *pin;

	if (!row)
		return FG_OK;
	pin = fg_proto_unpack(arena, &fallgate__stored_pin__descriptor, row->body.data,
			      row->body.len);
	if (!pin || !FG_HAS_LEN(pin->account_key, FG_ACCOUNT_KEY_LEN))
		return FG_E_STORE_SCHEMA;
	entry->pinned = true;
	memcpy(entry->pin_account_key, pin->account_key.data, FG_ACCOUNT_KEY_LEN);
	entry->pin_epoch = pin->epoch;
	return FG_OK;
}

/* The certificate is checked as of its own first moment: one that has expired still says whose device it is. */
static enum fg_rc fill_device(struct fg_arena *arena, const struct fg_store_row *row,
			      struct fg_directory_entry *entry)
{
	const Fallgate__StoredDevice *stored = fg_proto_unpack(
		arena, &fallgate__stored_device__descriptor, row->body.data, row->body.len);
	const Fallgate__DeviceCert *cert = NULL;
	size_t i = entry->devices_count;

	if (stored && stored->cert)
		cert = fg_proto_unpack(arena, &fallgate__device_cert__descriptor,
				       stored->cert->body.data, stored->cert->body.len);
	if (!cert || fg_cert_check(arena, stored->cert, cert->not_before_ms, &cert) != FG_OK ||
	    memcmp(cert->account_key.data, entry->account_key, FG_ACCOUNT_KEY_LEN) != 0 ||
	    i >= FG_DIRECTORY_DEVICES_MAX)
		return FG_E_STORE_SCHEMA;
	memcpy(entry->devices[i].id, cert->device_id.data, FG_DEVICE_ID_LEN);
	memcpy(entry->devices[i].signing_key, cert->signing_key.data, FG_SIGN_PUBLIC_LEN);
	entry->devices[i].stored = row->body;
	entry->devices[i].cert_expires_ms = cert->expires_ms;
	entry->devices_count++;
	return FG_OK;
}

static enum fg_rc fill(struct read *read, const struct fg_store_row *rows, size_t count,
		       struct fg_directory_entry *entry)
{
	struct fg_arena *arena = &read->core->arena;
	enum fg_rc rc;

	fg_arena_reset(arena);
	entry->handle = read->handle;
	entry->tag = read->tag;
	rc = fill_handle(arena,
			 fg_directory_row(rows, count, FG_KV_HANDLE, read->tag.b, FG_SHA256_LEN),
			 entry);
	if (rc == FG_OK)
		rc = fill_pin(arena,
			      fg_directory_row(rows, count, FG_KV_PIN, read->tag.b, FG_SHA256_LEN),
			      entry);
	for (size_t i = 0; rc == FG_OK && read->with_devices && i < count; i++)
		if (rows[i].kind == FG_KV_DEVICE)
			rc = fill_device(arena, &rows[i], entry);
	return rc;
}

static bool has_account(const struct fg_directory_entry *entry)
{
	static const uint8_t none[FG_ACCOUNT_KEY_LEN];

	return memcmp(entry->account_key, none, sizeof(none)) != 0;
}

/* The handle is asked for with the devices, of one moment; whose devices is only known from a read before. */
static enum fg_rc is_whole(struct read *read, const struct fg_directory_entry *entry,
			   bool *whole_out)
{
	*whole_out = !has_account(entry) ||
		     (read->with_devices &&
		      memcmp(entry->account_key, read->account_key, FG_ACCOUNT_KEY_LEN) == 0);
	if (*whole_out)
		return FG_OK;
	if (++read->tries > READ_TRIES)
		return FG_E_CONFLICT;
	memcpy(read->account_key, entry->account_key, FG_ACCOUNT_KEY_LEN);
	read->with_devices = true;
	return ask(read);
}

/* The handle alone first: devices in the answer belong to whom the read before named, and are not looked at when the account changed. */
static enum fg_rc peek(struct read *read, const struct fg_store_row *rows, size_t count,
		       bool *same_out)
{
	const struct fg_store_row *row =
		fg_directory_row(rows, count, FG_KV_HANDLE, read->tag.b, FG_SHA256_LEN);
	struct fg_directory_entry entry = { 0 };
	enum fg_rc rc;

	fg_arena_reset(&read->core->arena);
	rc = fill_handle(&read->core->arena, row, &entry);
	if (rc == FG_OK)
		rc = is_whole(read, &entry, same_out);
	return rc;
}

static void on_entry(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct read *read = arg;
	struct fg_directory_entry entry = { 0 };
	bool whole = false;

	fg_core_store_rc(read->core, rc);
	if (rc == FG_OK)
		rc = peek(read, rows, count, &whole);
	if (rc == FG_OK && !whole)
		return; /* asked again */
	if (rc == FG_OK)
		rc = fill(read, rows, count, &entry);
	if (rc != FG_OK)
		LOGP(DSTORE, LOGL_ERROR, "read directory: %s\n", fg_rc_text(rc));
	read->done(rc, rc == FG_OK ? &entry : NULL, read->arg);
	talloc_free(read);
}

static enum fg_rc ask(struct read *read)
{
	struct fg_store_key keys[] = {
		{ .what = FG_GET_KV,
		  .kind = FG_KV_HANDLE,
		  .key = FG_BYTES(read->tag.b, FG_SHA256_LEN) },
		{ .what = FG_GET_KV,
		  .kind = FG_KV_PIN,
		  .key = FG_BYTES(read->tag.b, FG_SHA256_LEN) },
		{ .what = FG_GET_DEVICES,
		  .kind = FG_KV_DEVICE,
		  .key = FG_BYTES(read->account_key, FG_ACCOUNT_KEY_LEN) },
	};

	return fg_core_store_rc(
		read->core,
		fg_store_get(read->core->store, keys, read->with_devices ? 3 : 2, on_entry, read));
}

enum fg_rc fg_directory_read(struct fg_core *core, const struct fg_handle *handle,
			     fg_directory_cb done, void *arg)
{
	struct read *read = talloc_zero(NULL, struct read);
	enum fg_rc rc;

	if (!read)
		return FG_E_NO_MEMORY;
	read->core = core;
	read->handle = *handle;
	read->tag = fg_handle_tag(handle->text);
	read->done = done;
	read->arg = arg;
	rc = ask(read);
	if (rc != FG_OK)
		talloc_free(read);
	return rc;
}

/* ---- views ---- */

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, FG_DEVICE_ID_LEN);
}

/* SHA-256 of the ids of the current devices, sorted; count_out of them. */
static struct fg_hash device_set(const struct fg_directory_entry *entry, uint64_t now_ms,
				 size_t *count_out)
{
	uint8_t ids[FG_DIRECTORY_DEVICES_MAX][FG_DEVICE_ID_LEN];
	size_t count = 0;

	for (size_t i = 0; i < entry->devices_count; i++)
		if (now_ms < entry->devices[i].cert_expires_ms)
			memcpy(ids[count++], entry->devices[i].id, FG_DEVICE_ID_LEN);
	qsort(ids, count, FG_DEVICE_ID_LEN, compare_ids);
	*count_out = count;
	return fg_sha256(ids, count * FG_DEVICE_ID_LEN);
}

static enum fg_rc sign_view(struct fg_core *core, const Fallgate__View *view, uint8_t **view_out,
			    size_t *len_out)
{
	Fallgate__Signed object;
	enum fg_rc rc = fg_signed_make(view, &core->directory_key, FG_LABEL_VIEW, &object);
	uint8_t *data;
	size_t len;

	if (rc != FG_OK)
		return rc;
	data = fg_proto_pack_new(&object, &len);
	fg_signed_free(&object);
	if (!data)
		return FG_E_NO_MEMORY;
	*view_out = data;
	*len_out = len;
	return FG_OK;
}

static Fallgate__Signed *statement(struct fg_core *core, struct fg_bytes bytes)
{
	return bytes.len ? fg_signed_unpack(&core->arena, bytes.data, bytes.len) : NULL;
}

/* What a view is filled with lives as long as this. */
struct view_parts {
	struct fg_hash set, tag;
	uint8_t account_key[FG_ACCOUNT_KEY_LEN];
};

static void fill_view(struct fg_core *core, const struct fg_directory_entry *entry,
		      struct view_parts *parts, Fallgate__View *view)
{
	uint64_t now_ms = fg_core_now_ms(core);
	size_t current = 0;

	fallgate__view__init(view);
	if (has_account(entry))
		parts->set = device_set(entry, now_ms, &current);
	parts->tag = entry->tag;
	memcpy(parts->account_key, entry->account_key, sizeof(parts->account_key));
	view->gateway_id = (ProtobufCBinaryData){ FG_ID_LEN, core->trust.gateway_id.b };
	view->handle_tag = (ProtobufCBinaryData){ FG_SHA256_LEN, parts->tag.b };
	view->epoch = entry->epoch;
	view->not_before_ms = now_ms - CLOCK_SKEW_MS;
	if (current > 0) {
		view->state = FALLGATE__VIEW_STATE__VIEW_SECURE;
		view->account_key = (ProtobufCBinaryData){ FG_ACCOUNT_KEY_LEN, parts->account_key };
		view->device_set = (ProtobufCBinaryData){ FG_SHA256_LEN, parts->set.b };
		view->expires_ms = view->not_before_ms + FG_VIEW_SECURE_LIFE_MAX_MS;
		view->succession = statement(core, entry->succession);
	} else {
		view->state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
		view->expires_ms = view->not_before_ms + FG_VIEW_ABSENT_LIFE_MAX_MS;
		view->deregistration = statement(core, entry->deregistration);
	}
}

enum fg_rc fg_directory_view(struct fg_core *core, const struct fg_directory_entry *entry,
			     uint8_t **view_out, size_t *len_out)
{
	struct view_parts parts;
	Fallgate__View view;

	fill_view(core, entry, &parts, &view);
	return sign_view(core, &view, view_out, len_out);
}

enum fg_rc fg_directory_view_body(struct fg_core *core, const struct fg_directory_entry *entry,
				  uint8_t **body_out, size_t *len_out, bool *secure_out)
{
	struct view_parts parts;
	Fallgate__View view;

	fill_view(core, entry, &parts, &view);
	if (view.state == FALLGATE__VIEW_STATE__VIEW_SECURE)
		view.proven_ms = entry->proven_ms;
	*body_out = fg_proto_pack_new(&view, len_out);
	*secure_out = view.state == FALLGATE__VIEW_STATE__VIEW_SECURE;
	return *body_out ? FG_OK : FG_E_NO_MEMORY;
}

/* ---- the own devices ---- */

static enum fg_rc say_devices(struct fg_core *core, struct fg_session *session, uint64_t request,
			      const struct fg_directory_entry *entry, const struct fg_bytes *view)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Devices devices = FALLGATE__DEVICES__INIT;
	Fallgate__Signed *certs[FG_DIRECTORY_DEVICES_MAX];

	for (size_t i = 0; i < entry->devices_count; i++) {
		const Fallgate__StoredDevice *stored = fg_proto_unpack(
			&core->arena, &fallgate__stored_device__descriptor,
			entry->devices[i].stored.data, entry->devices[i].stored.len);

		if (!stored)
			return FG_E_STORE_SCHEMA;
		certs[i] = stored->cert;
	}
	devices.certs = certs;
	devices.n_certs = entry->devices_count;
	devices.view = fg_signed_unpack(&core->arena, view->data, view->len);
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_DEVICES;
	frame.devices = &devices;
	return fg_session_send(core, session, request, &frame);
}

static void on_own_devices(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct fg_directory_write *write = arg;
	struct fg_session *session = fg_session_find(write->core, write->conn);
	uint8_t *view;
	size_t len;

	if (rc == FG_OK)
		rc = fg_directory_view(write->core, entry, &view, &len);
	if (rc == FG_OK) {
		rc = session ? say_devices(write->core, session, write->request, entry,
					   &FG_BYTES(view, len))
			     : FG_OK;
		free(view);
	}
	if (rc == FG_OK)
		talloc_free(write);
	else
		fg_directory_refuse(write, rc);
}

void fg_directory_devices(struct fg_core *core, struct fg_session *session, uint64_t request)
{
	struct fg_directory_write *write = fg_directory_write_new(core, session, request, 0);
	enum fg_rc rc = write ? fg_directory_read(core, &write->handle, on_own_devices, write)
			      : FG_E_NO_MEMORY;

	if (rc == FG_OK)
		return;
	fg_session_error(core, session, request, rc, NULL, 0);
	talloc_free(write);
}
