/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fg_relay_check() over foreign bytes: kind, bearer, reason, class, u16 length of a view, the view, the rest a LookupResult. The batch is taken
 * for signed, and the view for its only leaf. The account's messages go to devices whenever there are some.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "gateway/log/relay_check.h"
#include "lib/proto/suite1.h"

enum { NOW_MS = 1000, HEAD = 6 };

static const char BATCH[] = "signed";
static const char DESTINATION[] = "+12025550199";

static void trust_batch(struct fg_view_batches *batches, struct fg_bytes view)
{
	*batches = (struct fg_view_batches){ .last_len = sizeof(BATCH) };
	batches->list[0] = (struct fg_view_batch){ .count = 1, .expires_ms = 2 * NOW_MS };
	batches->list[0].root = fg_merkle_leaf(view.data, view.len);
	batches->last = &batches->list[0];
	memcpy(batches->last_bytes, BATCH, sizeof(BATCH));
}

static void check(const struct fg_relay_claim *claim, struct fg_arena *arena)
{
	static struct fg_view_batches batches;
	static struct fg_conf conf;
	static struct fg_suite1_peer peers[FG_SUITE1_PEERS_MAX];
	struct fg_trust trust = { 0 };
	struct fg_relay_checked checked;
	bool secure;

	conf.accounts_count = 1;
	conf.accounts[0] = (struct fg_conf_accounts){ .name = "shop",
						      .bearers = "sms",
						      .floor = "none",
						      .secure = "on",
						      .text_mark = "always" };
	trust_batch(&batches, claim->view);
	if (fg_relay_check(&batches, arena, &conf, &trust, claim, &checked) != FG_OK)
		return;
	secure = checked.view->state == FALLGATE__VIEW_STATE__VIEW_SECURE;
	if (secure != (claim->bearer == FG_BEARER_SECURE) ||
	    (claim->kind == FG_SUBMIT_INBOUND && !secure))
		abort(); /* to who has devices it goes there and nowhere else */
	if (secure &&
	    fg_suite1_peers_check(arena, checked.view, checked.devices, NOW_MS, peers) == FG_OK &&
	    checked.devices->n_devices == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fg_relay_claim claim = { .account = FG_BYTES("shop", 4),
					.destination =
						FG_BYTES(DESTINATION, sizeof(DESTINATION) - 1),
					.view_batch = FG_BYTES(BATCH, sizeof(BATCH)),
					.now_ms = NOW_MS };
	struct fg_arena arena;
	size_t view_len;

	if (len < HEAD || fg_crypto_init() != FG_OK || fg_arena_init(&arena, 128 * 1024) != FG_OK)
		return 0;
	claim.kind = data[0];
	claim.bearer = data[1];
	claim.reason = data[2];
	claim.message_class = data[3];
	view_len = (size_t)data[4] << 8 | data[5];
	if (view_len > len - HEAD)
		view_len = len - HEAD;
	claim.view = FG_BYTES(data + HEAD, view_len);
	claim.devices = FG_BYTES(data + HEAD + view_len, len - HEAD - view_len);
	if (claim.kind == FG_SUBMIT_INBOUND)
		claim.account = (struct fg_bytes){ 0 };
	check(&claim, &arena);
	fg_arena_free(&arena);
	return 0;
}
