/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/relay_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "lib/base/handle.h"
#include "lib/crypto/merkle.h"

static const char NO_CONTRACT[] = "contract/1 none\n"; /* what came from a carrier */

/* ---- contracts ---- */

const struct fg_conf_accounts *fg_account_find(const struct fg_conf *conf, struct fg_bytes name)
{
	int at = fg_conf_account_find(conf, name.data, name.len);

	return at < 0 ? NULL : &conf->accounts[at];
}

bool fg_account_allows(const struct fg_conf_accounts *account, enum fg_bearer bearer)
{
	/* A floor above what a bearer gives takes the consent back. */
	if (strcmp(account->floor, "e2e") == 0 ||
	    (strcmp(account->floor, "hop") == 0 && bearer != FG_BEARER_RCS))
		return false;
	return bearer != FG_BEARER_SECURE && bearer < FG_BEARER_COUNT &&
	       strstr(account->bearers, fg_bearer_name(bearer)) != NULL;
}

struct fg_hash fg_account_contract(const struct fg_conf_accounts *account)
{
	char text[512];
	int len = snprintf(text, sizeof(text),
			   "contract/1 account=%s bearers=%s floor=%s secure=%s after_days=%" PRId64
			   " pin_override=%d undelivered_s=%" PRId64 " most_segments=%" PRId64
			   " text_mark=%s\n",
			   account->name, account->bearers, account->floor, account->secure,
			   account->secure_after_days, account->pin_override,
			   account->undelivered_s, account->most_segments, account->text_mark);

	return fg_sha256(text, (size_t)len);
}

/* ---- views ---- */

static enum fg_rc verify_batch(struct fg_arena *arena, const struct fg_trust *trust,
			       struct fg_bytes bytes, struct fg_view_batch *batch_out)
{
	const Fallgate__Signed *signed_batch = fg_signed_unpack(arena, bytes.data, bytes.len);
	const Fallgate__ViewBatch *body;
	void *message;
	enum fg_rc rc =
		fg_signed_open(arena, signed_batch, trust->directory_key, FG_SIGN_PUBLIC_LEN,
			       FG_LABEL_VIEW_BATCH, &fallgate__view_batch__descriptor, &message);

#ifdef FG_MUTANT_view_batch_signature
	if (rc == FG_E_SIGNATURE && signed_batch) {
		message = fg_proto_unpack(arena, &fallgate__view_batch__descriptor,
					  signed_batch->body.data, signed_batch->body.len);
		rc = message ? FG_OK : FG_E_SYNTAX;
	}
#endif
	if (rc != FG_OK)
		return rc;
	body = message;
	if (!FG_HAS_LEN(body->gateway_id, FG_ID_LEN) || !FG_HAS_LEN(body->root, FG_SHA256_LEN) ||
	    memcmp(body->gateway_id.data, trust->gateway_id.b, FG_ID_LEN) != 0 || body->count == 0)
		return FG_E_SYNTAX;
	*batch_out = (struct fg_view_batch){ .count = body->count,
					     .not_before_ms = body->not_before_ms,
					     .expires_ms = body->expires_ms };
	memcpy(batch_out->root.b, body->root.data, FG_SHA256_LEN);
	return FG_OK;
}

static enum fg_rc remember_last(struct fg_view_batches *batches, struct fg_bytes bytes,
				const struct fg_view_batch *batch)
{
	batches->last = bytes.len > 0 && bytes.len <= sizeof(batches->last_bytes) ? batch : NULL;
	batches->last_len = bytes.len;
	batches->near = (struct fg_merkle_climbed){ 0 };
	if (batches->last)
		memcpy(batches->last_bytes, bytes.data, bytes.len);
	return FG_OK;
}

static enum fg_rc find_batch(struct fg_view_batches *batches, struct fg_arena *arena,
			     const struct fg_trust *trust, struct fg_bytes bytes,
			     const struct fg_view_batch **batch_out)
{
	struct fg_view_batch batch;
	struct fg_hash hash;
	enum fg_rc rc;

	if (batches->last && bytes.len == batches->last_len &&
	    memcmp(bytes.data, batches->last_bytes, bytes.len) == 0) {
		*batch_out = batches->last;
		return FG_OK;
	}
	hash = fg_sha256(bytes.data, bytes.len);
	for (unsigned i = 0; i < FG_VIEW_BATCHES_MAX; i++)
		if (memcmp(batches->list[i].hash.b, hash.b, sizeof(hash.b)) == 0) {
			*batch_out = &batches->list[i];
			return remember_last(batches, bytes, *batch_out);
		}
	rc = verify_batch(arena, trust, bytes, &batch);
	if (rc != FG_OK)
		return rc;
	batch.hash = hash;
	batches->list[batches->next] = batch;
	*batch_out = &batches->list[batches->next];
	batches->next = (batches->next + 1) % FG_VIEW_BATCHES_MAX;
	return remember_last(batches, bytes, *batch_out);
}

static enum fg_rc is_in_batch(const struct fg_view_batch *batch, const struct fg_relay_claim *claim,
			      struct fg_merkle_climbed *near)
{
	struct fg_hash leaf = fg_merkle_leaf(claim->view.data, claim->view.len);
	struct fg_merkle_path path = { .count = (uint8_t)(claim->view_path.len / FG_SHA256_LEN) };

	if (claim->view_path.len % FG_SHA256_LEN != 0 || claim->view_path.len > sizeof(path.hash))
		return FG_E_PROOF;
	if (claim->view_path.len > 0)
		memcpy(path.hash, claim->view_path.data, claim->view_path.len);
#ifndef FG_MUTANT_view_in_batch
	return fg_merkle_verify_inclusion_near(claim->view_index, batch->count, &leaf, &path,
					       &batch->root, near);
#else
	(void)batch, (void)leaf, (void)near;
	return FG_OK;
#endif
}

/* Who the view must speak of. */
static enum fg_rc find_recipient(struct fg_arena *arena, const struct fg_relay_claim *claim,
				 struct fg_relay_checked *checked)
{
	char destination[FG_HANDLE_MAX + 1];

	if (claim->bearer == FG_BEARER_SECURE) {
		checked->devices = fg_proto_unpack(arena, &fallgate__lookup_result__descriptor,
						   claim->devices.data, claim->devices.len);
		if (!checked->devices)
			return FG_E_SYNTAX;
	}
	if (claim->kind == FG_SUBMIT_INBOUND && checked->devices) {
		checked->recipient_tag = fg_handle_tag(checked->devices->handle);
		return FG_OK;
	}
	if (claim->destination.len > FG_HANDLE_MAX)
		return FG_E_SYNTAX;
	if (claim->destination.len > 0)
		memcpy(destination, claim->destination.data, claim->destination.len);
	destination[claim->destination.len] = '\0';
	checked->recipient_tag = fg_handle_tag(destination);
	return FG_OK;
}

static enum fg_rc check_view(struct fg_view_batches *batches, struct fg_arena *arena,
			     const struct fg_trust *trust, const struct fg_relay_claim *claim,
			     struct fg_relay_checked *checked)
{
	struct fg_view_expect expect = { .directory_key = trust->directory_key,
					 .gateway_id = trust->gateway_id,
					 .handle_tag = &checked->recipient_tag,
					 .now_ms = claim->now_ms };
	const struct fg_view_batch *batch;
	enum fg_rc rc = find_recipient(arena, claim, checked);

	if (rc != FG_OK)
		return rc;
	rc = find_batch(batches, arena, trust, claim->view_batch, &batch);
	if (rc == FG_OK)
		rc = is_in_batch(batch, claim, &batches->near);
	if (rc != FG_OK)
		return rc;
#ifndef FG_MUTANT_view_batch_time
	if (claim->now_ms < batch->not_before_ms || claim->now_ms >= batch->expires_ms)
		return FG_E_VIEW_EXPIRED;
#endif
	checked->view_hash = fg_sha256(claim->view.data, claim->view.len);
	return fg_view_body_check(arena, claim->view.data, claim->view.len, &expect,
				  &checked->view);
}

/* The message lay with the devices for as long as the contract says, by the time in its id, which its seal binds. */
static bool is_undelivered(const struct fg_relay_claim *claim,
			   const struct fg_conf_accounts *account)
{
	uint64_t accepted_ms = fg_id_time_ms(&claim->message_id);

	return account->undelivered_s > 0 && claim->now_ms >= accepted_ms &&
	       claim->now_ms - accepted_ms >= (uint64_t)account->undelivered_s * 1000;
}

/* A handle with devices gets a message unprotected only under a contract that does not go to devices, or not yet, or after a time. */
__attribute__((unused)) static bool reason_fits(const struct fg_relay_claim *claim,
						const struct fg_relay_checked *checked)
{
	const struct fg_conf_accounts *account = checked->account;
	bool secure = checked->view->state == FALLGATE__VIEW_STATE__VIEW_SECURE;
	enum fg_conf_when now =
		account ? fg_conf_account_secure(account, claim->message_class == FG_MESSAGE_OTP,
						 checked->view->proven_ms, claim->now_ms)
			: FG_CONF_NOW;

	if (claim->kind == FG_SUBMIT_INBOUND && claim->bearer != FG_BEARER_SECURE)
		return claim->reason == FG_REASON_RELAYED;
	if (claim->bearer == FG_BEARER_SECURE)
		return secure && now == FG_CONF_NOW &&
		       claim->reason == (account ? FG_REASON_SECURE_DEVICES : FG_REASON_RELAYED);
	if (secure)
		return (claim->reason == FG_REASON_SECURE_NOT_YET && now == FG_CONF_NOT_YET) ||
		       (claim->reason == FG_REASON_UNDELIVERED && is_undelivered(claim, account));
	return claim->reason == FG_REASON_ABSENT || claim->reason == FG_REASON_DEREGISTERED ||
	       claim->reason == FG_REASON_PIN_OVERRIDE;
}

static enum fg_rc check_reason(const struct fg_relay_claim *claim,
			       const struct fg_relay_checked *checked)
{
#ifndef FG_MUTANT_relay_reason
	if (!reason_fits(claim, checked))
		return FG_E_CONSENT_REASON;
	if (claim->pin_override && (!checked->account || !checked->account->pin_override))
		return FG_E_CONSENT_PIN;
#endif
	(void)claim, (void)checked;
	return FG_OK;
}

static const struct fg_conf_links *server_link(const struct fg_conf *conf, struct fg_bytes name)
{
	for (size_t i = 0; i < conf->links_count; i++)
		if (strlen(conf->links[i].name) == name.len && name.len > 0 &&
		    memcmp(conf->links[i].name, name.data, name.len) == 0)
			return fg_conf_link_is_server(&conf->links[i]) ? &conf->links[i] : NULL;
	return NULL;
}

/* To whom the number belongs, over a link that it binds to. */
__attribute__((unused)) static bool is_to_application(const struct fg_conf *conf,
						      const struct fg_relay_claim *claim)
{
	const struct fg_conf_links *link = server_link(conf, claim->link_name);
	int account =
		fg_conf_account_of_number(conf, claim->destination.data, claim->destination.len);

	return link && account >= 0 &&
	       (!conf->accounts[account].link[0] ||
		strcmp(conf->accounts[account].link, link->name) == 0);
}

static enum fg_rc check_consent(const struct fg_conf *conf, const struct fg_relay_claim *claim,
				const struct fg_relay_checked *checked)
{
	bool secure = claim->bearer == FG_BEARER_SECURE;

#ifndef FG_MUTANT_inbound_bearer
	if (claim->kind == FG_SUBMIT_INBOUND && claim->account.len == 0)
		return secure || is_to_application(conf, claim) ? FG_OK : FG_E_CONSENT_BEARER;
#else
	if (claim->kind == FG_SUBMIT_INBOUND)
		return FG_OK;
#endif
	if (claim->kind != FG_SUBMIT_APPLICATION || !checked->account)
		return FG_E_DENIED;
#ifndef FG_MUTANT_contract_bearer
	if (secure ? strcmp(checked->account->floor, "e2e") == 0
		   : !fg_account_allows(checked->account, (enum fg_bearer)claim->bearer))
		return FG_E_CONSENT_BEARER;
#endif
#ifndef FG_MUTANT_relay_to_server
	if (!secure && server_link(conf, claim->link_name)) /* no way out */
		return FG_E_CONSENT_BEARER;
#endif
	(void)secure, (void)conf;
	return FG_OK;
}

/* The account itself is compared, not where it lies: a new configuration may lie in the place of the old one. */
static struct fg_hash hash_contract(struct fg_view_batches *batches,
				    const struct fg_conf_accounts *account)
{
	if (!account)
		return fg_sha256(NO_CONTRACT, sizeof(NO_CONTRACT) - 1);
	if (!batches->has_contract || memcmp(&batches->contract, account, sizeof(*account)) != 0) {
		batches->contract = *account;
		batches->contract_hash = fg_account_contract(account);
		batches->has_contract = true;
	}
	return batches->contract_hash;
}

enum fg_rc fg_relay_check(struct fg_view_batches *batches, struct fg_arena *arena,
			  const struct fg_conf *conf, const struct fg_trust *trust,
			  const struct fg_relay_claim *claim, struct fg_relay_checked *checked_out)
{
	struct fg_relay_checked checked = { .account = fg_account_find(conf, claim->account) };
	enum fg_rc rc = check_consent(conf, claim, &checked);

	if (rc == FG_OK)
		rc = check_view(batches, arena, trust, claim, &checked);
	if (rc == FG_OK)
		rc = check_reason(claim, &checked);
	if (rc != FG_OK)
		return rc;
	checked.contract_hash = hash_contract(batches, checked.account);
	*checked_out = checked;
	return FG_OK;
}
