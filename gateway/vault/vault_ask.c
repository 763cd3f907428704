/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What applications ask of messages that they submitted. A new text (replace_sm) comes with the message's id alone, while a body is bound to
 * sender, recipient and more, which the core's record has. So the text goes to the core sealed for that id; it comes back with the record and
 * with the body that it is to replace, and is sealed like that one when that one opens under what the record says. So nobody can bind a
 * text to another recipient than the application gave it (docs/decisions/0033-replaced-texts.md).
 */
#include "gateway/vault/vault_internal.h"

#include <string.h>

enum {
	OCTETS_MAX = 255, /* SMPP 3.4, 5.2.21: sm_length is an octet */
	TEXT_MAX = 3 * OCTETS_MAX,
	PASSING_S = 60, /* from the vault to the core and back */
};

static void refuse(struct fg_vault *vault, size_t link, uint64_t token, enum fg_rc rc)
{
	struct fg_frame frame = { .type = FG_IPC_APP_ANSWER };

	if (link >= vault->conf->links_count)
		return;
	frame.app_answer.link = (uint16_t)link;
	frame.app_answer.token = token;
	frame.app_answer.rc = (uint16_t)rc;
	vault->ops->to_link(link, &frame, vault->arg);
}

static struct fg_vault_relay for_its_id(struct fg_id message_id, struct fg_bytes account)
{
	return (struct fg_vault_relay){ .message_id = message_id,
					.kind = FG_SUBMIT_APPLICATION,
					.account = account,
					.replaces = true };
}

static enum fg_rc ask(struct fg_vault *vault, size_t link, const struct fg_ipc_app_ask *in)
{
	struct fg_vault_relay relay = for_its_id(in->message_id, in->account);
	const struct fg_conf_accounts *account;
	struct fg_frame frame = { .type = FG_IPC_APP_ASKED };
	uint8_t body[FG_VAULT_BODY_MAX];
	enum fg_rc rc =
		fg_vault_check_origin(vault, link, FG_SUBMIT_APPLICATION, in->account, &account);

	if (rc == FG_OK && in->what > FG_ASK_REPLACE)
		rc = FG_E_DENIED;
	relay.until_s = fg_vault_until_s(vault, PASSING_S);
	if (rc == FG_OK && in->what == FG_ASK_REPLACE)
		rc = fg_vault_seal_body(vault, &relay, in->text, body, &frame.app_asked.body);
	if (rc != FG_OK)
		return rc;
	frame.app_asked.link = (uint16_t)link;
	frame.app_asked.token = in->token;
	frame.app_asked.what = in->what;
	frame.app_asked.account = in->account;
	frame.app_asked.message_id = in->message_id;
	frame.app_asked.source = in->source;
	frame.app_asked.destination = in->destination;
	frame.app_asked.validity_s = in->validity_s;
	frame.app_asked.has_delay = in->has_delay;
	frame.app_asked.delay_s = in->delay_s;
	frame.app_asked.registered = in->registered;
	return vault->ops->offer_core(&frame, vault->arg);
}

void fg_vault_take_ask(struct fg_vault *vault, size_t link, const struct fg_ipc_app_ask *in)
{
	enum fg_rc rc = ask(vault, link, in);

	if (rc != FG_OK)
		refuse(vault, link, in->token, rc);
}

/* ---- a new text ---- */

/* replace_sm names no data_coding (3.4, 4.10.1): the text is in that of the message it replaces. */
static enum fg_alphabet coding_of(uint8_t flags)
{
	if (flags & FG_SUBMIT_UCS2)
		return FG_ALPHABET_UCS2;
	return flags & FG_SUBMIT_LATIN1 ? FG_ALPHABET_LATIN1 : FG_ALPHABET_GSM7;
}

/* The message is as the record says, since its body opens so; that text itself is not needed any more. */
static enum fg_rc check_old(struct fg_vault *vault, struct fg_vault_relay *relay,
			    struct fg_bytes old)
{
	enum fg_rc rc;

	vault->plain.len = 0;
	rc = fg_vault_open_sealed(vault, relay, old);
	fg_wipe(vault->plain.data, vault->plain.cap);
	return rc;
}

static enum fg_rc open_new(struct fg_vault *vault, const struct fg_ipc_app_replace *in,
			   uint8_t out[static TEXT_MAX], size_t *len_out)
{
	struct fg_vault_relay relay = for_its_id(in->message_id, in->account);
	enum fg_rc rc;

	vault->plain.len = 0;
	rc = fg_vault_open_sealed(vault, &relay, in->text);
	if (rc == FG_OK && (vault->plain.len == 0 || vault->plain.len > OCTETS_MAX))
		rc = FG_E_TEXT_LONG;
	if (rc == FG_OK)
		rc = fg_alphabet_decode(coding_of(in->flags), vault->plain.data, vault->plain.len,
					out, TEXT_MAX, len_out);
	fg_wipe(vault->plain.data, vault->plain.cap);
	return rc;
}

static enum fg_rc replace(struct fg_vault *vault, const struct fg_ipc_app_replace *in,
			  uint8_t text[static TEXT_MAX])
{
	struct fg_vault_relay relay = { .message_id = in->message_id,
					.kind = FG_SUBMIT_APPLICATION,
					.account = in->account,
					.source = in->source,
					.destination = in->destination,
					.message_class = in->message_class,
					.flags = in->flags,
					.protocol_id = in->protocol_id };
	struct fg_frame frame = { .type = FG_IPC_APP_ASKED };
	uint8_t body[FG_VAULT_BODY_MAX];
	size_t len = 0;
	enum fg_rc rc = FG_OK;

#ifndef FG_MUTANT_replace_old
	rc = check_old(vault, &relay, in->old);
#endif
	if (rc == FG_OK)
		rc = open_new(vault, in, text, &len);
	if (in->validity_s)
		relay.until_s = fg_vault_until_s(vault, in->validity_s);
	if (rc == FG_OK)
		rc = fg_vault_seal_body(vault, &relay, FG_BYTES(text, len), body,
					&frame.app_asked.body);
	if (rc != FG_OK)
		return rc;
	frame.app_asked.segments = fg_vault_segments(vault, FG_BYTES(text, len));
	frame.app_asked.link = in->link;
	frame.app_asked.token = in->token;
	frame.app_asked.what = FG_ASK_REPLACED;
	frame.app_asked.account = in->account;
	frame.app_asked.message_id = in->message_id;
	frame.app_asked.source = in->source;
	frame.app_asked.destination = in->destination;
	frame.app_asked.validity_s = in->validity_s;
	frame.app_asked.has_delay = in->has_delay;
	frame.app_asked.delay_s = in->delay_s;
	frame.app_asked.registered = in->registered;
	return vault->ops->offer_core(&frame, vault->arg);
}

void fg_vault_take_replace(struct fg_vault *vault, const struct fg_ipc_app_replace *in)
{
	uint8_t text[TEXT_MAX];
	enum fg_rc rc = replace(vault, in, text);

	fg_wipe(text, sizeof(text));
	if (rc != FG_OK)
		refuse(vault, in->link, in->token, rc);
}
