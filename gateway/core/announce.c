/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Telling the vault of accounts until it has noted them. An ACCOUNT frame can be lost: the log or the vault was away, a channel was full, or
 * we died between the commit of a registration and the frame. So that commit has an announcement as well; it is told again on every new
 * channel of the chain, then after 1, 2, 4 s and so on up to every 30 s (the log cannot hand on before the vault follows it), and
 * dropped when the vault answers. The log and the vault take the same account twice.
 */
#include "gateway/core/internal.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
	AGAIN_S = 30,      /* ours: a frame that nothing went wrong with is answered long before */
	SWEEP_LIMIT = 256, /* ours: a fraction of what the channel holds */
};

/* ---- the vault answered ---- */

struct noted {
	struct fg_core *core;
	struct fg_ipc_account_noted note;
	struct fg_store_op op;
};

static void dropped(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct noted *noted = arg;

	(void)ops;
	(void)count;
	/* A conflict: the account changed meanwhile. Whatever it is, what is still there is told again. */
	if (rc != FG_E_CONFLICT && fg_core_store_rc(noted->core, rc) != FG_OK)
		LOGP(DSTORE, LOGL_NOTICE, "drop announcement: %s\n", fg_rc_name(rc));
	free(noted);
}

static enum fg_rc drop(struct noted *noted_take, const struct fg_store_row *row)
{
	noted_take->op =
		(struct fg_store_op){ .op = FG_OP_KV_DROP,
				      .kind = FG_KV_ANNOUNCE,
				      .version = row->version,
				      .key = FG_BYTES(noted_take->note.handle_tag, FG_SHA256_LEN) };
	return fg_store_submit(noted_take->core->store,
			       fg_store_part(noted_take->note.handle_tag, FG_SHA256_LEN), 0,
			       &noted_take->op, 1, dropped, noted_take);
}

static void announcement_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count,
			      void *arg)
{
	struct noted *noted = arg;
	Fallgate__StoredAnnouncement *body =
		rc == FG_OK && count == 1 ? fallgate__stored_announcement__unpack(
						    NULL, rows[0].body.len, rows[0].body.data)
					  : NULL;
	bool answered = body && body->epoch <= noted->note.epoch;

	if (body)
		fallgate__stored_announcement__free_unpacked(body, NULL);
	if (answered)
		rc = drop(noted, &rows[0]);
	if (fg_core_store_rc(noted->core, rc) != FG_OK || !answered)
		free(noted);
}

/* A pin never goes back to an older epoch: that is as final as a permanent error. */
static bool is_final(enum fg_rc rc)
{
	return rc == FG_E_VIEW_STALE || fg_rc_class(rc) == FG_CLASS_PERMANENT;
}

void fg_announce_noted(struct fg_core *core, const struct fg_ipc_account_noted *note)
{
	enum fg_rc said = note->rc < FG_RC_COUNT ? (enum fg_rc)note->rc : FG_E_STATE;
	struct fg_store_key key = { .what = FG_GET_KV, .kind = FG_KV_ANNOUNCE };
	struct noted *noted;

	if (said != FG_OK)
		LOGP(DVAULT, LOGL_ERROR, "announce account: the vault refuses it: %s\n",
		     fg_rc_name(said));
	if (said != FG_OK && !is_final(said))
		return;
	noted = calloc(1, sizeof(*noted));
	if (!noted)
		return; /* told again, and noted again */
	noted->core = core;
	noted->note = *note;
	key.key = FG_BYTES(noted->note.handle_tag, FG_SHA256_LEN);
	if (fg_core_store_rc(core, fg_store_get(core->store, &key, 1, announcement_read, noted)) !=
	    FG_OK)
		free(noted);
}

/* ---- tell it again ---- */

struct again {
	struct fg_core *core;
	Fallgate__StoredAnnouncement *body;
};

static void again_free(struct again *again)
{
	fallgate__stored_announcement__free_unpacked(again->body, NULL);
	free(again);
}

static void tell(const struct again *again, const struct fg_directory_entry *entry)
{
	const Fallgate__StoredAnnouncement *body = again->body;
	struct fg_frame frame = { .type = FG_IPC_ACCOUNT };
	uint8_t *view;
	size_t len;

	if (!again->core->log || fg_directory_view(again->core, entry, &view, &len) != FG_OK)
		return;
	memcpy(frame.account.handle_tag, entry->tag.b, FG_SHA256_LEN);
	memcpy(frame.account.account_key, body->account_key.data, FG_ACCOUNT_KEY_LEN);
	frame.account.epoch = body->epoch;
	frame.account.proof = FG_BYTES(body->proof.data, body->proof.len);
	frame.account.view = FG_BYTES(view, len);
	if (fg_channel_send(again->core->log, &frame) == FG_OK)
		LOGP(DLOG, LOGL_NOTICE, "announce account again: the vault had not noted it\n");
	free(view);
}

static void entry_read(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct again *again = arg;

	/* Another epoch: the account changed meanwhile, and that has an announcement of its own. */
	if (rc == FG_OK && entry->exists && entry->epoch == again->body->epoch)
		tell(again, entry);
	again_free(again);
}

static void tell_row(struct fg_core *core, const struct fg_store_row *row)
{
	struct again *again = calloc(1, sizeof(*again));
	struct fg_handle handle;
	enum fg_rc rc = FG_E_STORE_SCHEMA;

	if (!again)
		return;
	again->core = core;
	again->body = fallgate__stored_announcement__unpack(NULL, row->body.len, row->body.data);
	if (!again->body) {
		LOGP(DSTORE, LOGL_ERROR, "announce account: its record cannot be read\n");
		free(again);
		return;
	}
	if (FG_HAS_LEN(again->body->account_key, FG_ACCOUNT_KEY_LEN))
		rc = fg_handle_parse(again->body->handle, strlen(again->body->handle), &handle);
	if (rc == FG_OK)
		rc = fg_directory_read(core, &handle, entry_read, again);
	if (fg_core_store_rc(core, rc) != FG_OK)
		again_free(again);
}

static void announcements_found(enum fg_rc rc, const struct fg_store_row *rows, size_t count,
				void *arg)
{
	struct fg_core *core = arg;

	core->announcing = false;
	for (size_t i = 0; fg_core_store_rc(core, rc) == FG_OK && i < count; i++)
		tell_row(core, &rows[i]);
}

void fg_announce_sweep(struct fg_core *core)
{
	if (!core->log || !core->vault || core->announcing)
		return;
	core->announcing = fg_store_sweep(core->store, FG_SWEEP_ANNOUNCE, 0, SWEEP_LIMIT,
					  announcements_found, core) == FG_OK;
}

static enum fg_rc wait_a_while(struct fg_core *core)
{
	const struct timeval wait = { .tv_sec = core->announce_wait_s };

	return event_add(core->announce_timer, &wait) == 0 ? FG_OK : FG_E_NO_MEMORY;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fg_core *core = arg;
	unsigned twice = 2 * core->announce_wait_s;

	(void)fd;
	(void)what;
	fg_announce_sweep(core);
	core->announce_wait_s = twice < AGAIN_S ? twice : AGAIN_S;
	if (wait_a_while(core) != FG_OK)
		LOGP(DMAIN, LOGL_ERROR, "announce accounts: no memory for a timer\n");
}

enum fg_rc fg_announce_chain_changed(struct fg_core *core)
{
	core->announce_wait_s = 1;
	fg_announce_sweep(core);
	return wait_a_while(core);
}

enum fg_rc fg_announce_start(struct fg_core *core)
{
	core->announce_timer = event_new(fg_loop_base(core->loop), -1, 0, on_timer, core);
	return core->announce_timer ? fg_announce_chain_changed(core) : FG_E_NO_MEMORY;
}

void fg_announce_stop(struct fg_core *core)
{
	if (core->announce_timer)
		event_free(core->announce_timer);
	core->announce_timer = NULL;
}
