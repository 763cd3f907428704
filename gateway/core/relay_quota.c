/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many messages of an application were taken today (accounts.quota_per_day), over restarts: a small record beside the messages
 * themselves, once for each commit that takes some, and only where there is a quota.
 */
#include "gateway/core/relay_internal.h"

#include <stdio.h>
#include <string.h>
#include <osmocom/core/bit64gen.h>

enum { VALUE_LEN = 16, NAME_CAP = FG_STORE_KEY_MAX };

static const char prefix[] = "taken ";

static size_t key_of(const struct fg_conf_accounts *account, char key[static NAME_CAP])
{
	return (size_t)snprintf(key, NAME_CAP, "%s%s", prefix, account->name);
}

void fg_relay_quota_save(struct fg_core_relays *relays, struct fg_relay_commit *commit,
			 unsigned account)
{
	const struct fg_conf_accounts *conf =
		account == FG_RELAY_INBOUND ? NULL : &relays->core->conf->accounts[account];
	struct fg_relay_account *counts = &relays->accounts[account];
	struct fg_store_op *op;
	uint8_t *value;
	char *key;

	if (!conf || !conf->quota_per_day || counts->today_saved == counts->today)
		return;
	key = fg_relay_commit_alloc(commit, NAME_CAP);
	value = fg_relay_commit_alloc(commit, VALUE_LEN);
	osmo_store64be(counts->day, value);
	osmo_store64be(counts->today, value + 8);
	op = fg_relay_commit_op(commit, FG_OP_KV_PUT);
	op->kind = FG_KV_META;
	op->key = FG_BYTES(key, key_of(conf, key));
	op->body = FG_BYTES(value, VALUE_LEN);
	op->version = FG_STORE_ANY_VERSION;
	counts->today_saved = counts->today;
}

static void take_row(struct fg_core_relays *relays, const struct fg_store_row *row)
{
	const struct fg_conf *conf = relays->core->conf;
	char key[NAME_CAP];

	for (size_t i = 0; i < conf->accounts_count; i++) {
		size_t len = key_of(&conf->accounts[i], key);

		if (row->body.len != VALUE_LEN || row->key.len != len ||
		    memcmp(row->key.data, key, len) != 0)
			continue;
#ifdef FG_MUTANT_relay_quota
		continue;
#endif
		relays->accounts[i].day = osmo_load64be(row->body.data);
		relays->accounts[i].today = (size_t)osmo_load64be(row->body.data + 8);
	}
}

static void counts_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core_relays *relays = arg;

	if (relays->stopping)
		return;
	if (rc != FG_OK)
		fg_role_fail(relays->core->process, rc, "read what was taken today");
	for (size_t i = 0; i < count; i++)
		take_row(relays, &rows[i]);
}

enum fg_rc fg_relay_quota_load(struct fg_core_relays *relays)
{
	static struct fg_store_key keys[FG_CONF_ACCOUNTS_MAX];
	static char names[FG_CONF_ACCOUNTS_MAX][NAME_CAP];
	const struct fg_conf *conf = relays->core->conf;
	size_t count = 0;

	for (size_t i = 0; i < conf->accounts_count; i++) {
		if (!conf->accounts[i].quota_per_day)
			continue;
		keys[count] = (struct fg_store_key){ .what = FG_GET_KV, .kind = FG_KV_META };
		keys[count].key = FG_BYTES(names[count], key_of(&conf->accounts[i], names[count]));
		count++;
	}
	return count ? fg_store_get(relays->core->store, keys, count, counts_read, relays) : FG_OK;
}
