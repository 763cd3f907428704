/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What comes in over a clear-side link: a text is sealed before the core sees anything of it, and what the core answers goes back to that
 * link. Nothing of it is remembered here.
 */
#include "gateway/vault/vault_internal.h"

#include <stdlib.h>
#include <string.h>
#include "gateway/log/relay_check.h"
#include "lib/base/cursor.h"
#include "lib/base/log.h"
#include "lib/wire/utf8.h"

enum {
	UNTIL_LEN = 4,
	LABEL_LEN = 16,
	UNTIL_LEAST_S =
		1 << 30 /* in 2004: no number of a key, one of which is made a day, gets there */
};

static void write_short(struct fg_writer *w, struct fg_bytes bytes)
{
	fg_writer_u8(w, (uint8_t)bytes.len);
	fg_writer_bytes(w, bytes.data, bytes.len);
}

/* Of each form its own, or the time could be taken for the place of a part. */
static const char *label_of(const struct fg_vault_relay *relay)
{
	if (relay->replaces)
		return "fallgate replace";
	return relay->until_s ? "fallgate relay 2" : "fallgate relay 1";
}

size_t fg_vault_relay_ad(const struct fg_vault_relay *relay, uint8_t out[static FG_VAULT_AD_MAX])
{
	struct fg_writer w;

	fg_writer_init(&w, out, FG_VAULT_AD_MAX);
	fg_writer_bytes(&w, (const uint8_t *)label_of(relay), LABEL_LEN);
	fg_writer_bytes(&w, relay->message_id.b, FG_ID_LEN);
#ifndef FG_MUTANT_relay_bound
	fg_writer_u8(&w, relay->kind);
	write_short(&w, relay->account);
	write_short(&w, relay->source);
	write_short(&w, relay->destination);
	fg_writer_u8(&w, relay->message_class);
	fg_writer_u8(&w, relay->flags);
	fg_writer_u8(&w, relay->protocol_id);
	if (relay->until_s)
		fg_writer_u32(&w, relay->until_s);
#else
	(void)write_short;
#endif
#ifndef FG_MUTANT_part_bound
	if (relay->parts_total > 1) {
		fg_writer_u16(&w, relay->parts_ref);
		fg_writer_u8(&w, relay->parts_total);
		fg_writer_u8(&w, relay->part);
	}
#endif
	if (w.rc != FG_OK)
		FG_BUG("associated data of a message does not fit");
	return fg_writer_len(&w);
}

enum fg_rc fg_vault_body_split(struct fg_bytes body, struct fg_vault_relay *relay,
			       struct fg_bytes *sealed_out, uint64_t *until_ms_out)
{
	struct fg_cursor cur;
	uint32_t first;

	fg_cursor_init(&cur, body.data, body.len);
	first = fg_cursor_u32(&cur);
	if (cur.rc != FG_OK)
		return FG_E_SEAL;
	if (first < UNTIL_LEAST_S) {
		relay->until_s = 0;
		*until_ms_out = fg_id_time_ms(&relay->message_id) + FG_VAULT_RELAY_LIFE_MS;
		*sealed_out = body;
	} else {
		relay->until_s = first;
		*until_ms_out = first * 1000ull;
		*sealed_out = FG_BYTES(body.data + UNTIL_LEN, body.len - UNTIL_LEN);
	}
	return FG_OK;
}

uint32_t fg_vault_until_s(const struct fg_vault *vault, uint64_t validity_s)
{
	uint64_t life_ms = validity_s * 1000 + FG_VAULT_RELAY_GRACE_MS;

	if (validity_s == 0 || life_ms > FG_VAULT_RELAY_LIFE_MS)
		life_ms = FG_VAULT_RELAY_LIFE_MS;
	return (uint32_t)((fg_clock_wall_ms(vault->clock) + life_ms) / 1000);
}

enum fg_rc fg_vault_seal_body(struct fg_vault *vault, const struct fg_vault_relay *relay,
			      struct fg_bytes text, uint8_t out[static FG_VAULT_BODY_MAX],
			      struct fg_bytes *body_out)
{
	uint8_t ad[FG_VAULT_AD_MAX];
	size_t ad_len = fg_vault_relay_ad(relay, ad), len;
	struct fg_writer w;
	enum fg_rc rc;

	fg_writer_init(&w, out, FG_VAULT_BODY_MAX);
	fg_writer_u32(&w, relay->until_s);
	rc = fg_storekeys_seal(&vault->storekeys, ad, ad_len, text.data, text.len, out + UNTIL_LEN,
			       FG_VAULT_BODY_MAX - UNTIL_LEN, &len);
	if (rc == FG_OK)
		*body_out = FG_BYTES(out, UNTIL_LEN + len);
	return rc;
}

uint16_t fg_vault_segments(struct fg_vault *vault, struct fg_bytes text)
{
	const char *mark = vault->conf->mark.text;
	struct fg_clear *scratch = &vault->scratch;
	struct fg_text_plan plan = { 0 };
	enum fg_rc rc;

	scratch->len = 0;
	rc = fg_clear_append(scratch, mark, strlen(mark));
	if (rc == FG_OK)
		rc = fg_clear_append(scratch, text.data, text.len);
	if (rc == FG_OK)
		scratch->len = fg_utf8_mend(scratch->data, scratch->len);
	if (rc == FG_OK)
		rc = fg_alphabet_plan(scratch->data, scratch->len, FG_TEXT_REFERENCE_16BIT,
				      FG_TEXT_PARTS_MAX, &plan);
	fg_wipe(scratch->data, scratch->len);
	return rc == FG_OK ? plan.parts : 0;
}

static void refuse(struct fg_vault *vault, size_t link, uint64_t token, enum fg_rc rc)
{
	struct fg_frame frame = { .type = FG_IPC_TAKEN };

	frame.taken.link = (uint16_t)link;
	frame.taken.token = token;
	frame.taken.rc = (uint16_t)rc;
	vault->ops->to_link(link, &frame, vault->arg);
}

enum fg_rc fg_vault_check_origin(const struct fg_vault *vault, size_t link, uint8_t kind,
				 struct fg_bytes account,
				 const struct fg_conf_accounts **account_out)
{
	const struct fg_conf_links *conf;

	if (link >= vault->conf->links_count)
		return FG_E_DENIED;
	conf = &vault->conf->links[link];
	*account_out = fg_account_find(vault->conf, account);
	if (kind == FG_SUBMIT_INBOUND)
		return account.len == 0 ? FG_OK : FG_E_DENIED;
#ifndef FG_MUTANT_account_link
	if (kind != FG_SUBMIT_APPLICATION || !*account_out ||
	    ((*account_out)->link[0] && strcmp((*account_out)->link, conf->name) != 0))
		return FG_E_DENIED;
#endif
	(void)conf;
	return *account_out ? FG_OK : FG_E_DENIED;
}

static struct fg_hash hash_same(const struct fg_vault *vault, const struct fg_ipc_submit *submit)
{
	/* in which coding the words came is not what they say */
	const uint8_t flags =
		submit->flags & (FG_SUBMIT_FLASH | FG_SUBMIT_PRIORITY | FG_SUBMIT_URGENT);
	const struct fg_piece pieces[] = {
		{ "fallgate same", 13 },
		{ submit->account.data, submit->account.len },
		{ "\0", 1 },
		{ submit->source.data, submit->source.len },
		{ "\0", 1 },
		{ submit->destination.data, submit->destination.len },
		{ "\0", 1 },
		{ &submit->message_class, 1 },
		{ &flags, 1 },
		{ &submit->concat_total, 1 },
		{ &submit->concat_part, 1 },
		{ submit->text.data, submit->text.len },
	};

	return fg_hmac_sha256_pieces(vault->ring.sign.secret, FG_SIGN_SEED_LEN, pieces,
				     sizeof(pieces) / sizeof(pieces[0]));
}

static struct fg_id new_id(struct fg_vault *vault)
{
	uint8_t random[10];

	fg_random(random, sizeof(random));
	return fg_id_make(fg_clock_wall_ms(vault->clock), random);
}

/* Of an account where the application named none: then it counts from when the message may leave. */
static uint32_t validity_s(const struct fg_ipc_submit *in, const struct fg_conf_accounts *account)
{
	const uint64_t most_s = (FG_VAULT_RELAY_LIFE_MS - FG_VAULT_RELAY_GRACE_MS) / 1000;
	uint64_t life_s;

	if (in->validity_s || !account)
		return in->validity_s;
	life_s = (uint64_t)account->validity_s + in->delay_s;
	return (uint32_t)(life_s < most_s ? life_s : most_s);
}

static enum fg_rc submit(struct fg_vault *vault, size_t link, const struct fg_ipc_submit *in)
{
	struct fg_vault_relay relay = { .message_id = new_id(vault),
					.kind = in->kind,
					.account = in->account,
					.source = in->source,
					.destination = in->destination,
					.message_class = in->message_class,
					.flags = in->flags,
					.protocol_id = in->protocol_id,
					.parts_ref = in->concat_ref,
					.parts_total = in->concat_total,
					.part = in->concat_part };
	const struct fg_conf_accounts *account;
	struct fg_frame frame = { .type = FG_IPC_SEALED };
	uint8_t body[FG_VAULT_BODY_MAX];
	struct fg_hash same;
	enum fg_rc rc = fg_vault_check_origin(vault, link, in->kind, in->account, &account);

	if (rc != FG_OK)
		return rc;
	frame.sealed.validity_s = validity_s(in, account);
	relay.until_s = fg_vault_until_s(vault, frame.sealed.validity_s);
	rc = fg_vault_seal_body(vault, &relay, in->text, body, &frame.sealed.body);
	if (rc != FG_OK)
		return rc;
	same = hash_same(vault, in);
	frame.sealed.link = (uint16_t)link;
	frame.sealed.token = in->token;
	frame.sealed.message_id = relay.message_id;
	frame.sealed.kind = in->kind;
	frame.sealed.account = in->account;
	frame.sealed.source = in->source;
	frame.sealed.destination = in->destination;
	frame.sealed.message_class = in->message_class;
	frame.sealed.flags = in->flags;
	frame.sealed.delay_s = in->delay_s;
	frame.sealed.registered = in->registered;
	frame.sealed.protocol_id = in->protocol_id;
	frame.sealed.has_reference = in->has_reference;
	frame.sealed.reference = in->reference;
	frame.sealed.concat_ref = in->concat_ref;
	frame.sealed.concat_total = in->concat_total;
	frame.sealed.concat_part = in->concat_part;
	frame.sealed.key = in->key;
	memcpy(frame.sealed.same, same.b, sizeof(same.b));
	frame.sealed.segments = fg_vault_segments(vault, in->text);
	return vault->ops->offer_core(&frame, vault->arg);
}

void fg_vault_take_submit(struct fg_vault *vault, size_t link, const struct fg_ipc_submit *in)
{
	enum fg_rc rc = submit(vault, link, in);

	if (rc != FG_OK) {
		LOGP(DVAULT, LOGL_NOTICE, "refuse message: %s link=%zu\n", fg_rc_name(rc), link);
		refuse(vault, link, in->token, rc);
	}
}

/* What an application says of its receipts: passed on, with the link that said it. */
void fg_vault_pass_to_core(struct fg_vault *vault, size_t link, const struct fg_frame *frame)
{
	struct fg_frame out = *frame;

	if (frame->type == FG_IPC_APP_TOLD)
		out.app_told.link = (uint16_t)link;
	else
		out.app_bound.link = (uint16_t)link;
	vault->ops->to_core(&out, vault->arg);
}

void fg_vault_pass_to_link(struct fg_vault *vault, const struct fg_frame *frame)
{
	size_t link = frame->type == FG_IPC_TAKEN         ? frame->taken.link
		      : frame->type == FG_IPC_APP_RECEIPT ? frame->app_receipt.link
							  : frame->app_answer.link;

	if (link < vault->conf->links_count)
		vault->ops->to_link(link, frame, vault->arg);
}
