/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What came from outside and goes to devices: opened, cleaned and sealed anew for each. The account key is the pinned one, the devices are
 * exactly those of the view. The copies are the core's to keep; here only the leg is remembered.
 */
#include "gateway/vault/vault_internal.h"

#include <string.h>
#include <talloc.h>

enum {
	COPIES_MAX = 49152, /* COPIES.copies in ipc.def */
	NAME_MAX_LEN = 64,
};

struct copies {
	void *ctx;
	struct fg_suite1_peer peers[FG_SUITE1_PEERS_MAX];
	Fallgate__SealedPart part[FG_SUITE1_PEERS_MAX], *list[FG_SUITE1_PEERS_MAX];
	Fallgate__SealedParts all;
	char sender[NAME_MAX_LEN + 1];
	uint8_t packed[COPIES_MAX];
};

bool fg_vault_is_copied(struct fg_vault *vault, const struct fg_ipc_unseal *unseal)
{
	uint8_t key[FG_VAULT_KEY_LEN];
	struct fg_vault_leg *leg;

	fg_vault_key(&unseal->message_id, unseal->leg, key);
	return unseal->bearer == FG_BEARER_SECURE && fg_vault_leg_find(vault, key, &leg) == FG_OK &&
	       leg->link == FG_VAULT_NO_LINK;
}

/* The account's name, or the number that the carrier claims. */
static enum fg_rc name_sender(const struct fg_vault_unsealing *order, struct copies *copies)
{
	const struct fg_conf_accounts *account = order->checked.account;
	struct fg_bytes name = account ? FG_BYTES_TEXT(account->name) : order->unseal->source;

	if (name.len > NAME_MAX_LEN)
		return FG_E_TOO_LONG;
	if (name.len > 0)
		memcpy(copies->sender, name.data, name.len);
	return fg_relay_clean(copies->sender, name.len);
}

static enum fg_rc seal_all(struct fg_vault *vault, const struct fg_vault_unsealing *order,
			   struct copies *copies)
{
	const Fallgate__LookupResult *devices = order->checked.devices;
	struct fg_id id = order->unseal->message_id;
	Fallgate__Content content = FALLGATE__CONTENT__INIT;
	enum fg_rc rc = fg_relay_clean(vault->plain.data, vault->plain.len);

	content.message_id = (ProtobufCBinaryData){ FG_ID_LEN, id.b };
	content.time_ms = fg_clock_wall_ms(vault->clock);
	content.text = (char *)vault->plain.data;
	content.sender = copies->sender;
	content.recipient = devices->handle;
	content.protection = order->checked.account ? FALLGATE__PROTECTION__PROTECTION_HOP
						    : FALLGATE__PROTECTION__PROTECTION_NONE;
	copies->all.parts = copies->list;
	for (size_t i = 0; rc == FG_OK && i < devices->n_devices; i++) {
		Fallgate__SealedPart *part = &copies->part[copies->all.n_parts];

#ifndef FG_MUTANT_copies_relay_in
		if (!copies->peers[i].relay_in)
			continue;
#endif
		fallgate__sealed_part__init(part);
		rc = fg_relay_seal(copies->ctx, &content, &vault->signer, &copies->peers[i],
				   &vault->room, part);
		copies->list[copies->all.n_parts++] = part;
	}
	return rc == FG_OK && copies->all.n_parts == 0 ? FG_E_DENIED : rc;
}

static enum fg_rc hand_over(struct fg_vault *vault, const struct fg_ipc_unseal *unseal,
			    struct copies *copies)
{
	struct fg_frame frame = { .type = FG_IPC_COPIES };

	frame.copies.message_id = unseal->message_id;
	frame.copies.leg = unseal->leg;
	frame.copies.copies.data = copies->packed;
	if (fg_proto_pack(&copies->all, copies->packed, sizeof(copies->packed),
			  &frame.copies.copies.len) != FG_OK)
		return FG_E_TOO_LONG;
	return vault->ops->offer_core(&frame, vault->arg);
}

static enum fg_rc record(struct fg_vault *vault, const struct fg_vault_unsealing *order)
{
	static const struct fg_hash no_consent;
	uint8_t key[FG_VAULT_KEY_LEN];
	struct fg_vault_leg *leg;
	enum fg_rc rc;

	fg_vault_key(&order->unseal->message_id, order->unseal->leg, key);
	rc = fg_vault_leg_find(vault, key, &leg);
	if (rc == FG_OK)
		fg_vault_answer_later(vault, leg);
	if (rc != FG_E_NOT_FOUND)
		return rc;
	leg = fg_vault_leg_new(vault, key, &no_consent);
	if (!leg)
		return FG_E_NO_MEMORY;
	leg->opened_ms = fg_clock_wall_ms(vault->clock);
	leg->expires_ms = order->until_ms;
	leg->link = FG_VAULT_NO_LINK;
	leg->state = FG_LEG_ACCEPTED;
	rc = fg_vault_record_leg(vault, leg);
	if (rc != FG_OK) {
		talloc_free(leg);
		return rc;
	}
	fg_vault_leg_remember(vault, leg);
	fg_vault_answer_later(vault, leg);
	return FG_OK;
}

enum fg_rc fg_vault_make_copies(struct fg_vault *vault, const struct fg_vault_unsealing *order)
{
	struct copies *copies = talloc_zero(vault, struct copies);
	uint64_t now_ms = fg_clock_wall_ms(vault->clock);
	enum fg_rc rc = now_ms < order->unseal->expires_ms ? FG_OK : FG_E_CONSENT_TIME;

	if (!copies)
		return FG_E_NO_MEMORY;
	copies->ctx = copies;
	fallgate__sealed_parts__init(&copies->all);
	if (rc == FG_OK)
		rc = fg_suite1_peers_check(&vault->arena, order->checked.view,
					   order->checked.devices, now_ms, copies->peers);
	if (rc == FG_OK)
		rc = name_sender(order, copies);
	if (rc == FG_OK)
		rc = fg_vault_open_body(vault, order->unseal);
	if (rc == FG_OK)
		rc = seal_all(vault, order, copies);
	fg_wipe(vault->plain.data, vault->plain.len);
	if (rc == FG_OK)
		rc = hand_over(vault, order->unseal, copies);
	if (rc == FG_OK)
		rc = record(vault, order);
	talloc_free(copies);
	return rc;
}
