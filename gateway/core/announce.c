/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the vault was told of accounts, and telling it again. An ACCOUNT frame can be lost: the log was away, or we died between the commit
 * of a registration and the frame. The vault's answer is kept as a record of the handle; while that record is older than the handle's
 * epoch, every login of the account and every new channel to the log tells it again. The vault takes the same account twice.
 */
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"

#define NOTED_PREFIX "noted "

enum { NOTED_KEY_LEN = sizeof(NOTED_PREFIX) - 1 + FG_SHA256_LEN, EPOCH_LEN = 8 };

static struct fg_bytes noted_key(const uint8_t *tag, uint8_t out[static NOTED_KEY_LEN])
{
	memcpy(out, NOTED_PREFIX, sizeof(NOTED_PREFIX) - 1);
	memcpy(out + sizeof(NOTED_PREFIX) - 1, tag, FG_SHA256_LEN);
	return FG_BYTES(out, NOTED_KEY_LEN);
}

/* ---- the vault has it ---- */

struct noted {
	struct fg_core *core;
	uint8_t key[NOTED_KEY_LEN], epoch[EPOCH_LEN];
	struct fg_store_op op;
};

static void noted_kept(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct noted *noted = arg;

	(void)ops;
	(void)count;
	/* Not kept: it will be told again, which costs a leaf and nothing else. */
	if (fg_core_store_rc(noted->core, rc) != FG_OK)
		LOGP(DSTORE, LOGL_NOTICE, "keep account note: %s\n", fg_rc_name(rc));
	free(noted);
}

void fg_announce_noted(struct fg_core *core, const struct fg_ipc_account_noted *note)
{
	struct noted *noted;
	struct fg_writer w;

	if (note->rc != FG_OK) {
		LOGP(DVAULT, LOGL_ERROR, "announce account: the vault refuses it: %s\n",
		     fg_rc_name(note->rc < FG_RC_COUNT ? (enum fg_rc)note->rc : FG_E_STATE));
		return;
	}
	noted = calloc(1, sizeof(*noted));
	if (!noted)
		return;
	noted->core = core;
	fg_writer_init(&w, noted->epoch, sizeof(noted->epoch));
	fg_writer_u64(&w, note->epoch);
	noted->op = (struct fg_store_op){ .op = FG_OP_KV_PUT,
					  .kind = FG_KV_META,
					  .version = FG_STORE_ANY_VERSION,
					  .key = noted_key(note->handle_tag, noted->key),
					  .body = FG_BYTES(noted->epoch, EPOCH_LEN) };
	if (fg_core_store_rc(core, fg_store_submit(core->store,
						   fg_store_part(note->handle_tag, FG_SHA256_LEN),
						   0, &noted->op, 1, noted_kept, noted)) != FG_OK)
		free(noted);
}

/* ---- tell it again ---- */

struct again {
	struct fg_core *core;
	struct fg_handle handle;
	struct fg_hash tag;
	uint8_t key[NOTED_KEY_LEN];
	uint64_t noted_epoch;
};

static void tell(struct fg_core *core, const struct fg_directory_entry *entry)
{
	struct fg_frame frame = { .type = FG_IPC_ACCOUNT };
	uint8_t *view;
	size_t len;

	if (!core->log || fg_directory_view(core, entry, &view, &len) != FG_OK)
		return;
	memcpy(frame.account.handle_tag, entry->tag.b, FG_SHA256_LEN);
	memcpy(frame.account.account_key, entry->account_key, FG_ACCOUNT_KEY_LEN);
	frame.account.epoch = entry->epoch;
	frame.account.proof = entry->succession;
	frame.account.view = FG_BYTES(view, len);
	if (fg_channel_send(core->log, &frame) == FG_OK)
		LOGP(DLOG, LOGL_NOTICE,
		     "announce account again: the vault had not noted epoch %llu\n",
		     (unsigned long long)entry->epoch);
	free(view);
}

static void entry_read(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct again *again = arg;

	if (rc == FG_OK && entry->exists && entry->devices_count > 0 &&
	    entry->epoch > again->noted_epoch)
		tell(again->core, entry);
	free(again);
}

static void note_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct again *again = arg;
	struct fg_cursor cur;

	if (rc == FG_OK && count == 1 && rows[0].body.len == EPOCH_LEN) {
		fg_cursor_init(&cur, rows[0].body.data, rows[0].body.len);
		again->noted_epoch = fg_cursor_u64(&cur);
	}
	if (rc == FG_OK)
		rc = fg_directory_read(again->core, &again->handle, entry_read, again);
	if (fg_core_store_rc(again->core, rc) != FG_OK)
		free(again);
}

void fg_announce_again(struct fg_core *core, struct fg_session *session)
{
	struct fg_store_key key = { .what = FG_GET_KV, .kind = FG_KV_META };
	struct again *again = session->logged_in ? calloc(1, sizeof(*again)) : NULL;
	enum fg_rc rc;

	if (!again)
		return;
	again->core = core;
	rc = fg_handle_parse(session->handle, strlen(session->handle), &again->handle);
	if (rc == FG_OK) {
		again->tag = fg_handle_tag(again->handle.text);
		key.key = noted_key(again->tag.b, again->key);
		rc = fg_store_get(core->store, &key, 1, note_read, again);
	}
	if (fg_core_store_rc(core, rc) != FG_OK)
		free(again);
}
