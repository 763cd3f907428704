/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/vault/storekey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"
#include "lib/crypto/secretfile.h"

#define DAY_MS (24 * 3600 * 1000ull)

enum {
	ENTRY_LEN = 4 + 8 + FG_AEAD_KEY_LEN,
	LIFE_DAYS = 9 /* a message's seven, and two for its end */
};

static enum fg_rc write_file(const struct fg_storekeys *keys)
{
	uint8_t data[FG_STOREKEYS_MAX * ENTRY_LEN];
	struct fg_writer w;
	enum fg_rc rc;

	fg_writer_init(&w, data, sizeof(data));
	for (size_t i = 0; i < keys->count; i++) {
		fg_writer_u32(&w, keys->number[i]);
		fg_writer_u64(&w, keys->made_ms[i]);
		fg_writer_bytes(&w, keys->key[i], FG_AEAD_KEY_LEN);
	}
	rc = fg_secretfile_write(keys->path, NULL, data, fg_writer_len(&w));
	fg_wipe(data, sizeof(data));
	return rc;
}

static enum fg_rc parse(const uint8_t *data, size_t len, struct fg_storekeys *keys)
{
	struct fg_cursor cur;

	fg_cursor_init(&cur, data, len);
	while (fg_cursor_left(&cur) > 0 && keys->count < FG_STOREKEYS_MAX) {
		keys->number[keys->count] = fg_cursor_u32(&cur);
		keys->made_ms[keys->count] = fg_cursor_u64(&cur);
		fg_cursor_copy(&cur, keys->key[keys->count++], FG_AEAD_KEY_LEN);
	}
	return fg_cursor_end(&cur) == FG_OK && keys->count > 0 ? FG_OK : FG_E_SYNTAX;
}

static void drop_oldest(struct fg_storekeys *keys)
{
	keys->count--;
	memmove(keys->number, keys->number + 1, keys->count * sizeof(keys->number[0]));
	memmove(keys->made_ms, keys->made_ms + 1, keys->count * sizeof(keys->made_ms[0]));
	memmove(keys->key, keys->key + 1, keys->count * sizeof(keys->key[0]));
	fg_wipe(keys->key[keys->count], FG_AEAD_KEY_LEN);
}

static void add_key(struct fg_storekeys *keys, uint64_t now_ms)
{
	uint32_t before = keys->count ? keys->number[keys->count - 1] : 0;

	if (keys->count == FG_STOREKEYS_MAX)
		drop_oldest(keys);
	keys->number[keys->count] = before + 1;
	keys->made_ms[keys->count] = now_ms;
	fg_random(keys->key[keys->count++], FG_AEAD_KEY_LEN);
}

enum fg_rc fg_storekeys_load(const char *path, uint64_t now_ms, struct fg_storekeys *keys_out)
{
	struct fg_storekeys keys = { 0 };
	uint8_t *data = NULL;
	size_t len = 0;
	enum fg_rc rc;

	if ((size_t)snprintf(keys.path, sizeof(keys.path), "%s", path) >= sizeof(keys.path))
		return FG_E_TOO_LONG;
	rc = fg_secretfile_read(path, NULL, &data, &len);
	if (rc == FG_OK) {
		rc = parse(data, len, &keys);
		fg_wipe(data, len);
		free(data);
	} else if (rc == FG_E_NOT_FOUND) {
		add_key(&keys, now_ms);
		rc = write_file(&keys);
	}
	if (rc == FG_OK)
		*keys_out = keys;
	fg_wipe(&keys, sizeof(keys));
	return rc;
}

enum fg_rc fg_storekeys_rotate(struct fg_storekeys *keys, uint64_t now_ms)
{
	struct fg_storekeys next = *keys;
	bool changed = now_ms >= next.made_ms[next.count - 1] + DAY_MS;
	enum fg_rc rc = FG_OK;

	if (changed)
		add_key(&next, now_ms);
	while (next.count > 1 && now_ms >= next.made_ms[0] + LIFE_DAYS * DAY_MS) {
		drop_oldest(&next);
		changed = true;
	}
	if (changed)
		rc = write_file(&next);
	if (rc == FG_OK)
		*keys = next;
	fg_wipe(&next, sizeof(next));
	return rc;
}

enum fg_rc fg_storekeys_seal(const struct fg_storekeys *keys, const void *ad, size_t ad_len,
			     const void *plain, size_t plain_len, uint8_t *out, size_t cap,
			     size_t *len_out)
{
	struct fg_writer w;
	enum fg_rc rc;

	fg_writer_init(&w, out, cap);
	fg_writer_u32(&w, keys->number[keys->count - 1]);
	if (w.rc != FG_OK)
		return FG_E_SPACE;
	rc = fg_aead_seal(keys->key[keys->count - 1], ad, ad_len, plain, plain_len, out + 4,
			  cap - 4, len_out);
	*len_out += 4;
	return rc;
}

enum fg_rc fg_storekeys_open(const struct fg_storekeys *keys, const void *ad, size_t ad_len,
			     const uint8_t *sealed, size_t sealed_len, void *out, size_t cap,
			     size_t *len_out)
{
	struct fg_cursor cur;
	uint32_t number;

	fg_cursor_init(&cur, sealed, sealed_len);
	number = fg_cursor_u32(&cur);
	if (cur.rc != FG_OK)
		return FG_E_SEAL;
	for (size_t i = 0; i < keys->count; i++)
		if (keys->number[i] == number)
			return fg_aead_open(keys->key[i], ad, ad_len, sealed + 4, sealed_len - 4,
					    out, cap, len_out);
	return FG_E_KEY_EXPIRED;
}
