/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A journal record is one batch: u16 count, plus 0x8000, then for each leaf {leaf 44, salt 32, key 18, u16 length, record, u32 expires}, then
 * u16 length and the checkpoint that covers it. expires, in seconds, is until when an order for the leaf can open anything; an earlier
 * version had none of it, and counts without the 0x8000.
 */
#include "gateway/log/ledger_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>
#include "lib/base/cursor.h"
#include "lib/base/log.h"

enum {
	LEAF_HEAD_LEN = FG_LEAF_LEN + 32 + FG_LEDGER_KEY_LEN + 2,
	LEAF_FIXED_LEN = LEAF_HEAD_LEN + 4,
	WITH_EXPIRES = 0x8000,
};

static enum fg_rc sign_checkpoint(struct fg_ledger *ledger,
				  const struct fg_merkle_frontier *frontier, char *note,
				  size_t *len_out)
{
	struct fg_checkpoint checkpoint = { .size = frontier->size,
					    .root = fg_merkle_frontier_root(frontier) };

	snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", ledger->trust.origin);
	return fg_note_sign(&checkpoint, &ledger->ring.sign, note, FG_NOTE_MAX, len_out);
}

static void encode_leaf(struct fg_writer *w, struct fg_ledger_leaf *leaf)
{
	uint64_t expires_s = leaf->expires_ms / 1000;

	leaf->place = fg_writer_len(w);
	fg_writer_bytes(w, leaf->leaf, FG_LEAF_LEN);
	fg_writer_bytes(w, leaf->salt, sizeof(leaf->salt));
	fg_writer_bytes(w, leaf->key, sizeof(leaf->key));
	fg_writer_u16(w, (uint16_t)leaf->record_len);
	fg_writer_bytes(w, leaf->record, leaf->record_len);
	fg_writer_u32(w, expires_s < UINT32_MAX ? (uint32_t)expires_s : UINT32_MAX);
}

/* place of each leaf is relative to the payload until it is known where that lies. */
static enum fg_rc append_batch(struct fg_ledger *ledger, const char *note, size_t note_len)
{
	size_t cap =
		2 + 2 + note_len + ledger->batch_count * (LEAF_FIXED_LEN + FG_LEDGER_RECORD_MAX);
	uint8_t *payload = talloc_size(ledger->batch_ctx, cap);
	struct fg_writer w;
	uint64_t offset;
	enum fg_rc rc;

	if (!payload)
		return FG_E_NO_MEMORY;
	fg_writer_init(&w, payload, cap);
	fg_writer_u16(&w, (uint16_t)(ledger->batch_count | WITH_EXPIRES));
	for (size_t i = 0; i < ledger->batch_count; i++)
		encode_leaf(&w, ledger->batch[i].leaf);
	fg_writer_u16(&w, (uint16_t)note_len);
	fg_writer_bytes(&w, note, note_len);
	rc = w.rc == FG_OK ? fg_journal_append(ledger->journal, payload, fg_writer_len(&w), &offset)
			   : w.rc;
	for (size_t i = 0; rc == FG_OK && i < ledger->batch_count; i++)
		ledger->batch[i].leaf->place += offset;
	return rc;
}

static enum fg_rc publish_leaves(struct fg_ledger *ledger);

static enum fg_rc remember_unpublished(struct fg_ledger *ledger, const uint8_t *leaf,
				       uint64_t index)
{
	size_t need = (ledger->unpublished_count + 1) * FG_LEAF_LEN;
	uint8_t *grown;

	if (index < ledger->unpublished_first)
		return FG_OK;
	if (need > talloc_get_size(ledger->unpublished)) {
		grown = talloc_realloc_size(ledger, ledger->unpublished, 2 * need);
		if (!grown)
			return FG_E_NO_MEMORY;
		ledger->unpublished = grown;
	}
	memcpy(ledger->unpublished + ledger->unpublished_count++ * FG_LEAF_LEN, leaf, FG_LEAF_LEN);
	ledger->note_stale = true;
	/* Whoever audits can wait for a second; memory cannot. What fails here is tried again and said when idle. */
	if (ledger->unpublished_count % FG_LEDGER_UNPUBLISHED_MAX == 0)
		(void)publish_leaves(ledger);
	return FG_OK;
}

/* A durable leaf becomes part of what is remembered. */
static enum fg_rc adopt(struct fg_ledger *ledger, const struct fg_ledger_leaf *leaf)
{
	enum fg_rc rc = fg_leaves_append(ledger->leaves, &leaf->hash, leaf->place);

	if (rc == FG_OK)
		rc = remember_unpublished(ledger, leaf->leaf, leaf->index);
	return rc == FG_OK ? fg_ledger_remember(ledger, leaf) : rc;
}

enum fg_rc fg_ledger_commit(struct fg_ledger *ledger)
{
	struct fg_merkle_frontier next = ledger->frontier;
	char note[FG_NOTE_MAX];
	size_t note_len;
	enum fg_rc rc;

	for (size_t i = 0; i < ledger->batch_count; i++)
		fg_merkle_frontier_append(&next, &ledger->batch[i].leaf->hash);
	rc = sign_checkpoint(ledger, &next, note, &note_len);
	if (rc == FG_OK)
		rc = append_batch(ledger, note, note_len);
	if (rc == FG_OK)
		rc = fg_journal_sync(ledger->journal);
	for (size_t i = 0; rc == FG_OK && i < ledger->batch_count; i++)
		rc = adopt(ledger, ledger->batch[i].leaf);
	if (rc != FG_OK)
		return rc;
	ledger->frontier = next;
	memcpy(ledger->note, note, note_len + 1);
	ledger->note_len = note_len;
	return FG_OK;
}

/* ---- at start ---- */

/* The leaf that begins at the cursor, up to its record. */
static void decode_head(struct fg_cursor *cur, struct fg_ledger_leaf *leaf)
{
	fg_cursor_copy(cur, leaf->leaf, FG_LEAF_LEN);
	fg_cursor_copy(cur, leaf->salt, sizeof(leaf->salt));
	fg_cursor_copy(cur, leaf->key, sizeof(leaf->key));
	leaf->record_len = fg_cursor_u16(cur);
}

enum fg_rc fg_ledger_read_leaf(const struct fg_ledger *ledger, uint64_t place,
			       struct fg_ledger_leaf *leaf_out)
{
	uint8_t head[LEAF_HEAD_LEN];
	struct fg_cursor cur;
	enum fg_rc rc = fg_journal_read(ledger->journal, place, head, sizeof(head));

	if (rc != FG_OK)
		return rc;
	fg_cursor_init(&cur, head, sizeof(head));
	decode_head(&cur, leaf_out);
	leaf_out->place = place;
	leaf_out->record_offset = place + LEAF_HEAD_LEN;
	return FG_OK;
}

static enum fg_rc replay_leaf(struct fg_ledger *ledger, struct fg_cursor *cur, uint64_t offset,
			      bool with_expires)
{
	struct fg_ledger_leaf leaf = { .place = offset + fg_cursor_pos(cur) };
	struct fg_leaf public = { 0 };

	decode_head(cur, &leaf);
	if (!fg_cursor_bytes(cur, leaf.record_len))
		return FG_E_SYNTAX;
	if (fg_leaf_decode(leaf.leaf, FG_LEAF_LEN, &public) == FG_OK)
		fg_clock_seen(ledger->clock, (uint64_t) public.time * FG_LEAF_TIME_UNIT_MS);
	/* Of an earlier version: what a text of an application could live, which is longer than a consent. */
	leaf.expires_ms =
		with_expires ? fg_cursor_u32(cur) * 1000ull
			     : (uint64_t) public.time * FG_LEAF_TIME_UNIT_MS + FG_LEDGER_LIFE_MS;
	if (cur->rc != FG_OK)
		return FG_E_SYNTAX;
	leaf.index = ledger->frontier.size;
	leaf.hash = fg_merkle_leaf(leaf.leaf, FG_LEAF_LEN);
	fg_merkle_frontier_append(&ledger->frontier, &leaf.hash);
	if (leaf.leaf[4] != FG_LEAF_DECISION && leaf.leaf[4] != FG_LEAF_ACCOUNT)
		memset(leaf.key, 0, sizeof(leaf.key));
	return adopt(ledger, &leaf);
}

static enum fg_rc replay_batch(const uint8_t *data, size_t len, uint64_t offset, void *arg)
{
	struct fg_ledger *ledger = arg;
	struct fg_checkpoint checkpoint;
	struct fg_cursor cur;
	struct fg_hash root;
	const uint8_t *note;
	enum fg_rc rc = FG_OK;
	size_t count, note_len;
	bool with_expires;

	fg_cursor_init(&cur, data, len);
	count = fg_cursor_u16(&cur);
	with_expires = count & WITH_EXPIRES;
	count &= ~(size_t)WITH_EXPIRES;
	for (size_t i = 0; rc == FG_OK && i < count; i++)
		rc = replay_leaf(ledger, &cur, offset, with_expires);
	if (rc != FG_OK)
		return rc;
	note_len = fg_cursor_u16(&cur);
	note = fg_cursor_bytes(&cur, note_len);
	if (fg_cursor_end(&cur) != FG_OK || note_len >= FG_NOTE_MAX)
		return FG_E_SYNTAX;
	rc = fg_note_verify((const char *)note, note_len, ledger->trust.origin,
			    ledger->trust.log_key, &checkpoint);
	root = fg_merkle_frontier_root(&ledger->frontier);
	if (rc != FG_OK || checkpoint.size != ledger->frontier.size ||
	    !fg_hash_equal(&checkpoint.root, &root))
		return FG_E_LOG_FORK;
	memcpy(ledger->note, note, note_len);
	ledger->note[note_len] = '\0';
	ledger->note_len = note_len;
	return FG_OK;
}

static char *path_of(struct fg_ledger *ledger, const char *name)
{
	return talloc_asprintf(ledger, "%s/%s", ledger->folder, name);
}

enum fg_rc fg_ledger_replay(struct fg_ledger *ledger)
{
	char *journal = path_of(ledger, "journal"), *leaves = path_of(ledger, "leaves");
	uint64_t torn = 0;
	struct stat st;
	enum fg_rc rc;

	if (!journal || !leaves)
		return FG_E_NO_MEMORY;
	if (stat(leaves, &st) == 0)
		ledger->unpublished_first = (uint64_t)st.st_size / FG_LEAF_LEN;
	rc = fg_leaves_new(ledger, ledger->folder, &ledger->leaves);
	if (rc == FG_OK)
		rc = fg_journal_open(ledger, journal, replay_batch, ledger, &ledger->journal,
				     &torn);
	if (torn > 0)
		LOGP(DLOG, LOGL_NOTICE, "cut journal: %llu bytes were not whole\n",
		     (unsigned long long)torn);
	talloc_free(journal);
	talloc_free(leaves);
	return rc;
}

/* ---- for auditors ---- */

static enum fg_rc write_at(const char *path, uint64_t offset, const void *data, size_t len,
			   int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	enum fg_rc rc = FG_OK;

	if (fd < 0)
		return FG_E_LOG_IO;
	if (pwrite(fd, data, len, (off_t)offset) != (ssize_t)len || fdatasync(fd) != 0)
		rc = FG_E_LOG_IO;
	close(fd);
	return rc;
}

static enum fg_rc publish_leaves(struct fg_ledger *ledger)
{
	char *leaves = path_of(ledger, "leaves");
	enum fg_rc rc =
		leaves ? write_at(leaves, ledger->unpublished_first * FG_LEAF_LEN,
				  ledger->unpublished, ledger->unpublished_count * FG_LEAF_LEN, 0)
		       : FG_E_NO_MEMORY;

	talloc_free(leaves);
	if (rc != FG_OK)
		return rc;
	ledger->unpublished_first += ledger->unpublished_count;
	ledger->unpublished_count = 0;
	return FG_OK;
}

enum fg_rc fg_ledger_publish(struct fg_ledger *ledger)
{
	char *note = path_of(ledger, "checkpoint"), *fresh = path_of(ledger, "checkpoint.new");
	enum fg_rc rc = note && fresh ? publish_leaves(ledger) : FG_E_NO_MEMORY;

	if (rc == FG_OK)
		rc = write_at(fresh, 0, ledger->note, ledger->note_len, O_TRUNC);
	if (rc == FG_OK && rename(fresh, note) != 0)
		rc = FG_E_LOG_IO;
	if (rc == FG_OK)
		ledger->note_stale = false;
	talloc_free(note);
	talloc_free(fresh);
	return rc;
}
