/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/relay_fixture.h"

#include <string.h>
#include <talloc.h>
#include "lib/crypto/merkle.h"

void relay_begin(struct relay *r)
{
	struct fg_conf_accounts account = { .name = "shop",
					    .sender = "SHOP",
					    .bearers = "sms",
					    .floor = "none",
					    .secure = "default",
					    .text_mark = "always",
					    .message_class = "normal",
					    .most_segments = 4,
					    .validity_s = 600 };

	memset(r, 0, sizeof(*r));
	chain_start(&r->chain);
	r->chain.conf.links_count = 2;
	r->chain.conf.links[1] =
		(struct fg_conf_links){ .name = "apps", .adapter = "smpp-server", .bearer = "sms" };
	r->chain.conf.accounts_count = 1;
	r->chain.conf.accounts[0] = account;
}

void relay_end(struct relay *r)
{
	talloc_free(r->sealed_ctx);
	talloc_free(r->chain.offered_ctx);
	talloc_free(r->chain.unseal_ctx);
	chain_stop(&r->chain);
}

void relay_submit(struct relay *r, const char *account, const char *text)
{
	struct fg_frame frame = { .type = FG_IPC_SUBMIT };

	frame.submit.token = 17;
	frame.submit.kind = FG_SUBMIT_APPLICATION;
	frame.submit.account = FG_BYTES_TEXT(account);
	frame.submit.source = FG_BYTES_TEXT("SHOP");
	frame.submit.destination = FG_BYTES_TEXT(RELAY_DESTINATION);
	frame.submit.message_class = FG_MESSAGE_NORMAL;
	frame.submit.flags = r->submit_flags;
	frame.submit.protocol_id = r->submit_protocol_id;
	frame.submit.text = FG_BYTES_TEXT(text);
	fg_vault_link_frame(r->chain.vault, 1, &frame);
}

void relay_make_views(struct relay *r, Fallgate__ViewState state, const uint8_t *account_key)
{
	relay_views_of(r, RELAY_DESTINATION, state, account_key);
}

void relay_views_of(struct relay *r, const char *handle, Fallgate__ViewState state,
		    const uint8_t *account_key)
{
	struct fg_merkle_tree *tree = fg_merkle_tree_new();
	uint64_t now = fg_clock_wall_ms(&r->chain.clock);
	struct fg_hash tag = fg_handle_tag(handle), root;
	Fallgate__ViewBatch batch = FALLGATE__VIEW_BATCH__INIT;
	Fallgate__View view = FALLGATE__VIEW__INIT;
	struct fg_merkle_path path;
	size_t len = 0;

	view.gateway_id = (ProtobufCBinaryData){ FG_ID_LEN, r->chain.trust.gateway_id.b };
	view.handle_tag = (ProtobufCBinaryData){ FG_SHA256_LEN, tag.b };
	view.state = state;
	view.epoch = 1;
	view.not_before_ms = now - 1000;
	view.expires_ms = now + 600000;
	if (account_key) {
		view.device_set = (ProtobufCBinaryData){ FG_SHA256_LEN, r->device_set.b };
		view.proven_ms = r->proven_ms;
		view.account_key = (ProtobufCBinaryData){ 32, (uint8_t *)(uintptr_t)account_key };
	}
	assert_ok(fg_proto_pack(&view, r->view, sizeof(r->view), &len));
	for (uint8_t i = 0; i < RELAY_BATCH; i++) {
		struct fg_hash leaf =
			i == RELAY_PLACE ? fg_merkle_leaf(r->view, len) : fg_merkle_leaf(&i, 1);

		assert_ok(fg_merkle_tree_append(tree, &leaf));
	}
	root = fg_merkle_tree_root(tree, RELAY_BATCH);
	assert_ok(fg_merkle_tree_inclusion(tree, RELAY_PLACE, RELAY_BATCH, &path));
	memcpy(r->path, path.hash, path.count * sizeof(path.hash[0]));
	batch.gateway_id = view.gateway_id;
	batch.not_before_ms = now - 1000;
	batch.expires_ms = now + 300000;
	batch.root = (ProtobufCBinaryData){ FG_SHA256_LEN, root.b };
	batch.count = RELAY_BATCH;
	r->frame.relay.view = FG_BYTES(r->view, len);
	r->frame.relay.view_path = FG_BYTES(r->path, path.count * sizeof(path.hash[0]));
	r->frame.relay.view_index = RELAY_PLACE;
	r->frame.relay.view_batch =
		FG_BYTES(r->batch, chain_sign(&batch, &r->chain.directory, FG_LABEL_VIEW_BATCH,
					      r->batch, sizeof(r->batch)));
	fg_merkle_tree_free(tree);
}

void relay_make_order(struct relay *r)
{
	struct fg_ipc_relay *relay = &r->frame.relay;
	const struct fg_frame sealed = chain_keep(&r->chain.offered, &r->sealed_ctx);

	r->frame.type = FG_IPC_RELAY;
	relay->message_id = sealed.sealed.message_id;
	relay->leg = 1;
	relay->link_name = FG_BYTES_TEXT("smsc-a");
	relay->bearer = FG_BEARER_SMS;
	relay->reason = FG_REASON_ABSENT;
	relay->row = 4;
	relay->decided_ms = fg_clock_wall_ms(&r->chain.clock);
	relay->expires_ms = relay->decided_ms + 600000;
	relay->kind = sealed.sealed.kind;
	relay->account = sealed.sealed.account;
	relay->source = sealed.sealed.source;
	relay->destination = sealed.sealed.destination;
	relay->message_class = sealed.sealed.message_class;
	relay->flags = sealed.sealed.flags;
	relay->protocol_id = sealed.sealed.protocol_id;
	relay->body = sealed.sealed.body;
}

void relay_prepare(struct relay *r)
{
	relay_begin(r);
	relay_submit(r, "shop", "your parcel is here");
	assert_int_equal(r->chain.offers, 1);
	relay_make_views(r, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	relay_make_order(r);
}

void relay_order(struct relay *r)
{
	r->chain.refused = FG_OK;
	fg_ledger_frame(r->chain.ledger, &r->frame);
	chain_flush(&r->chain);
}

void relay_expect_refused(struct relay *r, enum fg_rc rc)
{
	relay_order(r);
	assert_rc(rc, r->chain.refused);
	assert_int_equal(r->chain.jobs, 0);
	relay_end(r);
}

void relay_expect_job(struct relay *r)
{
	relay_order(r);
	assert_rc(FG_OK, r->chain.refused);
	assert_int_equal(r->chain.jobs, 1);
	assert_int_equal(r->chain.relayed, 1);
}
