/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The vault's journal: a kind, then
 *   'H' u64 size, then the frontier's hashes from the lowest bit of size that is set
 *   'L' key 18, consent 32, u64 expires, u64 opened, u16 link, u8 state, u32 carrier code, u8 segments, name of the error and NUL, u16 length
 *       and parts, u16 length and refs
 *   'G' the same without expires, of an earlier version
 *   'P' tag 32, account key 32, u64 epoch, u8 signed off
 *   'T' u64 the furthest that the wall clock was, Unix milliseconds
 * A later record of the same thing replaces the earlier one; a leg has one after its end at most. At start what still counts is written
 * anew: legs that have ended as they are read, so that they need no memory.
 */
#include "gateway/vault/vault_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/cursor.h"
#include "lib/base/log.h"

enum {
	RECORD_MAX = 256 + 255 + FG_VAULT_REFS_MAX,
	WAITING_MAX = 256 * 1024, /* of what is written anew between two syncs */
};

#define HOUR_MS 3600000ull

static enum fg_rc append_at(struct fg_vault *vault, const struct fg_writer *w, uint64_t *place_out)
{
	if (w->rc != FG_OK)
		return w->rc;
	vault->unsynced = true;
	return fg_journal_append(vault->journal, w->start, fg_writer_len(w), place_out);
}

static enum fg_rc append(struct fg_vault *vault, const struct fg_writer *w)
{
	uint64_t place;

	return append_at(vault, w, &place);
}

enum fg_rc fg_vault_record_leg(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	const char *name = fg_rc_name(leg->rc);
	uint8_t data[RECORD_MAX];
	struct fg_writer w;

	fg_writer_init(&w, data, sizeof(data));
	fg_writer_u8(&w, 'L');
	fg_writer_bytes(&w, leg->key, sizeof(leg->key));
	fg_writer_bytes(&w, leg->consent.b, FG_SHA256_LEN);
	fg_writer_u64(&w, leg->expires_ms);
	fg_writer_u64(&w, leg->opened_ms);
	fg_writer_u16(&w, leg->link);
	fg_writer_u8(&w, leg->state);
	fg_writer_u32(&w, leg->carrier_code);
	fg_writer_u8(&w, leg->segments);
	fg_writer_cstring(&w, name, strlen(name));
	fg_writer_u16(&w, (uint16_t)leg->parts_len);
	fg_writer_bytes(&w, leg->parts, leg->parts_len);
	fg_writer_u16(&w, (uint16_t)leg->refs_len);
	fg_writer_bytes(&w, leg->refs, leg->refs_len);
	return append_at(vault, &w, &leg->place);
}

enum fg_rc fg_vault_record_pin(struct fg_vault *vault, const struct fg_vault_pin *pin)
{
	uint8_t data[128];
	struct fg_writer w;

	fg_writer_init(&w, data, sizeof(data));
	fg_writer_u8(&w, 'P');
	fg_writer_bytes(&w, pin->tag, sizeof(pin->tag));
	fg_writer_bytes(&w, pin->account_key, sizeof(pin->account_key));
	fg_writer_u64(&w, pin->epoch);
	fg_writer_u8(&w, pin->signed_off);
	return append(vault, &w);
}

enum fg_rc fg_vault_record_head(struct fg_vault *vault)
{
	uint8_t data[9 + FG_MERKLE_PATH_MAX * FG_SHA256_LEN];
	struct fg_writer w;

	fg_writer_init(&w, data, sizeof(data));
	fg_writer_u8(&w, 'H');
	fg_writer_u64(&w, vault->frontier.size);
	for (unsigned level = 0; level < FG_MERKLE_PATH_MAX; level++)
		if (vault->frontier.size >> level & 1)
			fg_writer_bytes(&w, vault->frontier.hash[level].b, FG_SHA256_LEN);
	return append(vault, &w);
}

enum fg_rc fg_vault_record_time(struct fg_vault *vault)
{
	uint64_t now_ms = fg_clock_wall_ms(vault->clock);
	uint8_t data[9];
	struct fg_writer w;

	if (now_ms > vault->newest_ms)
		vault->newest_ms = now_ms;
	fg_clock_seen(vault->clock, vault->newest_ms);
	fg_writer_init(&w, data, sizeof(data));
	fg_writer_u8(&w, 'T');
	fg_writer_u64(&w, vault->newest_ms);
	return append(vault, &w);
}

static enum fg_rc read_time(struct fg_vault *vault, struct fg_cursor *cur)
{
	uint64_t wall_ms = fg_cursor_u64(cur);

	if (fg_cursor_end(cur) == FG_OK && wall_ms > vault->newest_ms)
		vault->newest_ms = wall_ms;
	return fg_cursor_end(cur);
}

static enum fg_rc read_head(struct fg_vault *vault, struct fg_cursor *cur)
{
	struct fg_merkle_frontier frontier;

	fg_merkle_frontier_init(&frontier);
	frontier.size = fg_cursor_u64(cur);
	for (unsigned level = 0; level < FG_MERKLE_PATH_MAX; level++)
		if (frontier.size >> level & 1)
			fg_cursor_copy(cur, frontier.hash[level].b, FG_SHA256_LEN);
	if (fg_cursor_end(cur) == FG_OK)
		vault->frontier = vault->ahead = frontier;
	return fg_cursor_end(cur);
}

static enum fg_rc read_bytes(struct fg_vault_leg *leg, struct fg_cursor *cur, uint8_t **out,
			     size_t *len_out)
{
	size_t len = fg_cursor_u16(cur);
	const uint8_t *data = fg_cursor_bytes(cur, len);

	if (!data)
		return cur->rc;
	talloc_free(*out);
	*out = talloc_memdup(leg, len ? data : (const uint8_t *)"", len ? len : 1);
	*len_out = *out ? len : 0;
	return *out ? FG_OK : FG_E_NO_MEMORY;
}

/* Of an earlier version: a consent's longest life, or that of a text under the storage keys. */
static uint64_t guess_expiry(const struct fg_vault_leg *leg)
{
	bool contract = fg_hash_equal(&leg->consent, &(struct fg_hash){ 0 });

	return leg->opened_ms + (contract ? FG_VAULT_RELAY_LIFE_MS : 24 * HOUR_MS);
}

static enum fg_rc decode_leg(struct fg_cursor *cur, uint8_t kind, struct fg_vault_leg *leg)
{
	const char *name;
	size_t name_len;
	enum fg_rc rc;

	fg_cursor_copy(cur, leg->key, sizeof(leg->key));
	fg_cursor_copy(cur, leg->consent.b, FG_SHA256_LEN);
	if (kind == 'L')
		leg->expires_ms = fg_cursor_u64(cur);
	leg->opened_ms = fg_cursor_u64(cur);
	if (kind == 'G')
		leg->expires_ms = guess_expiry(leg);
	leg->link = fg_cursor_u16(cur);
	leg->state = fg_cursor_u8(cur);
	leg->carrier_code = fg_cursor_u32(cur);
	leg->segments = fg_cursor_u8(cur);
	name = fg_cursor_cstring(cur, 64, &name_len);
	leg->rc = !name || strcmp(name, "OK") == 0 ? FG_OK : fg_rc_by_name(name);
	if (leg->rc == FG_RC_COUNT)
		leg->rc = FG_E_LINK_UNKNOWN;
	rc = read_bytes(leg, cur, &leg->parts, &leg->parts_len);
	if (rc == FG_OK)
		rc = read_bytes(leg, cur, &leg->refs, &leg->refs_len);
	return rc == FG_OK ? fg_cursor_end(cur) : rc;
}

enum fg_rc fg_vault_read_leg(struct fg_vault *vault, uint64_t place, struct fg_vault_leg *leg)
{
	uint8_t data[RECORD_MAX];
	struct fg_cursor cur;
	uint8_t kind;
	size_t len;
	enum fg_rc rc = fg_journal_read_record(vault->journal, place, data, sizeof(data), &len);

	if (rc != FG_OK)
		return rc;
	fg_cursor_init(&cur, data, len);
	kind = fg_cursor_u8(&cur);
	leg->place = place;
	return kind == 'L' && decode_leg(&cur, kind, leg) == FG_OK ? FG_OK : FG_E_LOG_IO;
}

/* Nothing can be ordered of it any more. */
static bool is_past(const struct fg_vault *vault, const struct fg_vault_leg *leg)
{
	return fg_clock_wall_ms(vault->clock) >= fg_vault_leg_forget_ms(leg);
}

/* Into the new journal, and the leg into memory when it is open. */
static enum fg_rc keep_leg(struct fg_vault *vault, const struct fg_vault_leg *found)
{
	struct fg_vault_leg *leg = fg_vault_leg_new(vault, found->key, &found->consent);
	enum fg_rc rc;

	if (!leg)
		return FG_E_NO_MEMORY;
	*leg = *found;
	leg->parts = talloc_steal(leg, found->parts);
	leg->refs = talloc_steal(leg, found->refs);
	rc = leg->state == FG_LEG_OPENED ? FG_OK : fg_vault_record_leg(vault, leg);
	if (rc != FG_OK) {
		talloc_free(leg);
		return rc;
	}
	if (leg->state == FG_LEG_OPENED)
		return fg_table_put(vault->legs, leg->key, leg);
	fg_vault_leg_remember(vault, leg);
	fg_vault_legs_drop_spent(vault);
	return fg_journal_waiting(vault->journal) > WAITING_MAX ? fg_journal_sync(vault->journal)
								: FG_OK;
}

static enum fg_rc read_leg(struct fg_vault *vault, struct fg_cursor *cur, uint8_t kind)
{
	struct fg_vault_leg *found = talloc_zero(vault, struct fg_vault_leg), *open;
	enum fg_rc rc = found ? decode_leg(cur, kind, found) : FG_E_NO_MEMORY;

	if (rc == FG_OK) {
		fg_clock_seen(vault->clock, found->opened_ms);
		open = fg_table_get(vault->legs, found->key);
		fg_table_remove(vault->legs, found->key);
		talloc_free(open);
		rc = is_past(vault, found) ? FG_OK : keep_leg(vault, found);
	}
	talloc_free(found);
	return rc;
}

static enum fg_rc read_pin(struct fg_vault *vault, struct fg_cursor *cur)
{
	uint8_t tag[FG_SHA256_LEN] = { 0 };
	struct fg_vault_pin *pin;

	fg_cursor_copy(cur, tag, sizeof(tag));
	pin = fg_table_get(vault->pins, tag);
	if (!pin) {
		pin = talloc_zero(vault, struct fg_vault_pin);
		if (!pin || fg_table_put(vault->pins, tag, pin) != FG_OK)
			return FG_E_NO_MEMORY;
		memcpy(pin->tag, tag, sizeof(tag));
	}
	fg_cursor_copy(cur, pin->account_key, sizeof(pin->account_key));
	pin->epoch = fg_cursor_u64(cur);
	pin->signed_off = fg_cursor_u8(cur) != 0;
	return fg_cursor_end(cur);
}

static enum fg_rc read_record(const uint8_t *data, size_t len, uint64_t offset, void *arg)
{
	struct fg_vault *vault = arg;
	struct fg_cursor cur;
	uint8_t kind;

	(void)offset;
	fg_cursor_init(&cur, data, len);
	kind = fg_cursor_u8(&cur);
	switch (kind) {
	case 'H':
		return read_head(vault, &cur);
	case 'L':
	case 'G':
		return read_leg(vault, &cur, kind);
	case 'P':
		return read_pin(vault, &cur);
	case 'T':
		return read_time(vault, &cur);
	default:
		return FG_E_VERSION;
	}
}

/* The links were restarted with the vault: nobody will say what became of it. */
static enum fg_rc give_up(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	enum fg_rc rc;

	leg->state = FG_LEG_UNKNOWN;
	leg->rc = FG_E_LINK_UNKNOWN;
	rc = fg_vault_record_leg(vault, leg);
	return rc == FG_OK ? fg_vault_leg_announce(vault, leg) : rc;
}

static enum fg_rc write_anew(struct fg_vault *vault)
{
	struct fg_vault_leg *leg;
	struct fg_vault_pin *pin;
	enum fg_rc rc = fg_vault_record_time(vault);
	size_t at = 0;

	if (rc == FG_OK)
		rc = fg_vault_record_head(vault);
	while (rc == FG_OK && (pin = fg_table_next(vault->pins, &at)))
		rc = fg_vault_record_pin(vault, pin);
	at = 0;
	while (rc == FG_OK && (leg = fg_table_next(vault->legs, &at)))
		rc = give_up(vault, leg);
	return rc == FG_OK ? fg_journal_replace(vault->journal) : rc;
}

enum fg_rc fg_vault_replay(struct fg_vault *vault)
{
	char *path = talloc_asprintf(vault, "%s/journal", vault->folder);
	struct fg_journal *old = NULL;
	uint64_t torn = 0;
	enum fg_rc rc = path ? fg_journal_create(vault, path, &vault->journal) : FG_E_NO_MEMORY;

	if (rc == FG_OK)
		rc = fg_journal_open(vault, path, read_record, vault, &old, &torn);
	if (torn > 0)
		LOGP(DVAULT, LOGL_NOTICE, "cut journal: %llu bytes were not whole\n",
		     (unsigned long long)torn);
	talloc_free(old);
	if (rc == FG_OK)
		rc = write_anew(vault);
	talloc_free(path);
	return rc;
}
