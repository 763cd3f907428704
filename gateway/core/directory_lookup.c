/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lookups: a view, the keys of the current devices, one prekey popped of each.
 */
#include "gateway/core/budget.h"
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

enum {
	SIZE_CLASS = 4096,
	RETRY_MS = 60 * 1000,
};

/* ---- lookup ---- */

struct found {
	struct fg_bytes view;
	/* serialized StoredDevice of the current ones */
	struct fg_bytes devices[FG_DIRECTORY_DEVICES_MAX];
	size_t devices_count;
	bool with_prekeys;
};

/* Zeros so that the packed result is a multiple of SIZE_CLASS. */
static size_t padding_for(Fallgate__LookupResult *result, uint8_t *zeros, size_t cap)
{
	size_t bare = fallgate__lookup_result__get_packed_size(result), want = 0;

	for (size_t target = (bare / SIZE_CLASS + 1) * SIZE_CLASS;; target += SIZE_CLASS)
		for (size_t head = 2; head <= 4; head++) { /* tag and 1 to 3 octets of length */
			if (target < bare + head + 1)
				continue;
			want = target - bare - head;
			if (want > cap)
				return 0;
			result->padding = (ProtobufCBinaryData){ want, zeros };
			if (fallgate__lookup_result__get_packed_size(result) == target)
				return want;
		}
}

void fg_directory_prekeys_low(struct fg_core *core, const struct fg_store_op *pop)
{
	struct fg_session *owner = fg_session_of_device(core, pop->device);
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__PrekeysLow low = FALLGATE__PREKEYS_LOW__INIT;

	if (!owner || pop->popped_left >= FG_PREKEYS_LOW)
		return;
	low.left = pop->popped_left;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_PREKEYS_LOW;
	frame.prekeys_low = &low;
	if (fg_session_send(core, owner, 0, &frame) != FG_OK)
		LOGP(DSECURE, LOGL_NOTICE, "tell device of its prekeys: the link takes no more\n");
}

static bool fill_keys(struct fg_directory_write *write, const struct found *found, size_t i,
		      Fallgate__DeviceKeys *keys)
{
	struct fg_arena *arena = &write->core->arena;
	const Fallgate__StoredDevice *stored =
		fg_proto_unpack(arena, &fallgate__stored_device__descriptor, found->devices[i].data,
				found->devices[i].len);

	fallgate__device_keys__init(keys);
	if (!stored)
		return false;
	keys->cert = stored->cert;
	keys->signed_prekey = stored->signed_prekey;
	if (i < write->count && write->ops[i].popped_len)
		keys->one_time_prekey =
			fg_signed_unpack(arena, write->ops[i].popped, write->ops[i].popped_len);
	return true;
}

static enum fg_rc say_result(struct fg_directory_write *write, struct fg_session *session)
{
	static uint8_t zeros[2 * SIZE_CLASS];
	struct found *found = write->more;
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__LookupResult result = FALLGATE__LOOKUP_RESULT__INIT;
	Fallgate__DeviceKeys keys[FG_DIRECTORY_DEVICES_MAX], *pointers[FG_DIRECTORY_DEVICES_MAX];

	fg_arena_reset(&write->core->arena);
	result.handle = write->handle.text;
	result.view = fg_signed_unpack(&write->core->arena, found->view.data, found->view.len);
	result.devices = pointers;
	result.n_devices = found->devices_count;
	for (size_t i = 0; i < found->devices_count; i++) {
		pointers[i] = &keys[i];
		if (!fill_keys(write, found, i, &keys[i]))
			return FG_E_STORE_SCHEMA;
	}
	if (!result.view || padding_for(&result, zeros, sizeof(zeros)) == 0)
		return FG_E_NO_MEMORY;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_LOOKUP;
	frame.lookup = &result;
	return fg_session_send(write->core, session, write->request, &frame);
}

static void finish_lookup(struct fg_directory_write *write_take)
{
	struct fg_session *session = fg_session_find(write_take->core, write_take->conn);
	enum fg_rc rc = session ? say_result(write_take, session) : FG_OK;

	for (size_t i = 0; i < write_take->count; i++)
		fg_directory_prekeys_low(write_take->core, &write_take->ops[i]);
	if (rc == FG_OK)
		talloc_free(write_take);
	else
		fg_directory_refuse(write_take, rc);
}

static enum fg_rc keep_found(struct fg_directory_write *write,
			     const struct fg_directory_entry *entry)
{
	struct found *found = write->more;
	uint64_t now_ms = fg_core_now_ms(write->core);
	uint8_t *view;
	size_t len;
	enum fg_rc rc = fg_directory_view(write->core, entry, &view, &len);

	if (rc != FG_OK)
		return rc;
	found->view = fg_directory_copy(write, view, len);
	free(view);
	for (size_t i = 0; i < entry->devices_count; i++) {
		if (entry->devices[i].cert_expires_ms <= now_ms)
			continue;
		found->devices[found->devices_count++] = fg_directory_copy(
			write, entry->devices[i].stored.data, entry->devices[i].stored.len);
		if (found->with_prekeys)
			memcpy(fg_directory_op(write, FG_OP_PREKEY_POP)->device,
			       entry->devices[i].id, FG_DEVICE_ID_LEN);
	}
	memcpy(write->account_key, entry->account_key, FG_ACCOUNT_KEY_LEN);
	return write->failed ? FG_E_NO_MEMORY : FG_OK;
}

static void on_looked_up(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct fg_directory_write *write = arg;

	if (rc == FG_OK)
		rc = keep_found(write, entry);
	if (rc != FG_OK) {
		fg_directory_refuse(write, rc);
		return;
	}
	write->then = finish_lookup;
	if (write->count)
		fg_directory_commit(write);
	else
		finish_lookup(write);
}

void fg_directory_lookup(struct fg_core *core, struct fg_session *session, uint64_t request,
			 const Fallgate__Lookup *lookup)
{
	struct fg_directory_write *write =
		fg_directory_write_new(core, session, request, FG_DIRECTORY_DEVICES_MAX);
	struct found *found = write ? talloc_zero(write, struct found) : NULL;
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (found) {
		found->with_prekeys = lookup->with_prekeys;
		write->more = found;
		rc = fg_handle_parse(lookup->handle, strlen(lookup->handle), &write->handle);
	}
#ifndef FG_MUTANT_lookup_budget
	if (rc == FG_OK && !fg_budget_lookup(core, session->device_id))
		rc = FG_E_LIMIT;
#endif
	if (rc == FG_OK)
		rc = fg_directory_read(core, &write->handle, on_looked_up, write);
	if (rc == FG_OK)
		return;
	fg_session_error(core, session, request, rc, NULL, rc == FG_E_LIMIT ? RETRY_MS : 0);
	talloc_free(write);
}
