/* SPDX-License-Identifier: ISC
 *
 * What the gateway pushes: messages, receipts, questions; and the answers to a verification.
 */
#include "client/device/session_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- messages ---- */

static enum fg_rc acknowledge(struct fg_session *s, const Fallgate__Push *push)
{
	struct fg_hash hash = fg_sha256(push->part->sealed.data, push->part->sealed.len);
	Fallgate__AckItem *item;
	enum fg_rc rc;

	if (s->acks_count == FG_SESSION_ACKS_MAX)
		fg_session_flush(s);
	if (s->acks_count == FG_SESSION_ACKS_MAX)
		return FG_E_LIMIT;
	item = malloc(sizeof(*item));
	if (!item)
		return FG_E_NO_MEMORY;
	fallgate__ack_item__init(item);
	rc = fg_bytes_set(&item->message_id, push->message_id.data, push->message_id.len);
	if (rc == FG_OK)
		rc = fg_bytes_set(&item->content_hash, hash.b, sizeof(hash.b));
	if (rc != FG_OK) {
		fallgate__ack_item__free_unpacked(item, NULL);
		return rc;
	}
	s->acks[s->acks_count++] = item;
	return FG_OK;
}

static enum fg_rc keep_message(struct fg_session *s, const Fallgate__Push *push,
			       const Fallgate__Content *content, Fallgate__Protection protection)
{
	struct fg_hash hash = fg_sha256(push->part->sealed.data, push->part->sealed.len);
	Fallgate__Received *kept = malloc(sizeof(*kept));
	enum fg_rc rc;

	if (!kept)
		return FG_E_NO_MEMORY;
	fallgate__received__init(kept);
	kept->time_ms = content->time_ms;
	kept->protection = protection;
	kept->sync = content->sync;
	rc = fg_bytes_set(&kept->message_id, push->message_id.data, push->message_id.len);
	if (rc == FG_OK)
		rc = fg_bytes_set(&kept->content_hash, hash.b, sizeof(hash.b));
	if (rc == FG_OK)
		rc = fg_text_set(&kept->sender, content->sender);
	if (rc == FG_OK)
		rc = fg_text_set(&kept->recipient, content->recipient);
	if (rc == FG_OK)
		rc = fg_text_set(&kept->text, content->text);
	if (rc == FG_OK)
		return fg_state_inbox_add(s->state, kept);
	fallgate__received__free_unpacked(kept, NULL);
	return rc;
}

static void tell_message(struct fg_session *s, const Fallgate__Push *push,
			 const Fallgate__Content *content, Fallgate__Protection protection)
{
	struct fg_message told = { .sender = content->sender,
				   .text = content->text,
				   .time_ms = content->time_ms,
				   .protection = protection,
				   .sync = content->sync,
				   .recipient = content->recipient };

	memcpy(told.message_id.b, push->message_id.data, FG_ID_LEN);
	if (s->callbacks->on_message)
		s->callbacks->on_message(s->callbacks->context, &told);
}

static enum fg_rc open_part(struct fg_session *s, const Fallgate__Push *push, bool relayed,
			    Fallgate__Content **content_out)
{
	static const uint8_t vault_device[FG_ID_LEN];
	const Fallgate__SealedPart *part = push->part;
	struct fg_kem_key key;
	struct fg_e2e_context context = {
		.own_account = s->state->account_key.public,
		.own_device = s->state->data->device_id.data,
		.prekey = &key,
		.message_id = push->message_id.data,
		.sender_device = relayed ? vault_device : push->sender_device.data,
		.sender_key = relayed ? s->state->trust.vault_key : push->sender_account.data,
		.now_ms = fg_session_now(s),
	};
	enum fg_rc rc = part->one_time_prekey_id
				? fg_state_prekey(s->state, part->one_time_prekey_id,
						  FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, &key)
				: fg_state_prekey(s->state, part->signed_prekey_id,
						  FALLGATE__PREKEY_KIND__PREKEY_SIGNED, &key);

	if (rc != FG_OK)
		return rc;
	rc = fg_e2e_open(&s->arena, &context, part, content_out);
	fg_wipe(&key, sizeof(key));
	return rc;
}

/* The sender that the envelope names is the one that signed, and the account that is known under
 * that handle. */
static enum fg_rc sender_check(struct fg_session *s, const Fallgate__Push *push,
			       const Fallgate__Content *content)
{
	const Fallgate__ClientPin *pin = fg_state_pin(s->state, content->sender);

	if (strcmp(push->sender, content->sender) != 0)
		return FG_E_DENIED;
	if (pin &&
	    memcmp(pin->account_key.data, push->sender_account.data, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_IDENTITY;
	if (content->sync != (memcmp(push->sender_account.data, s->state->account_key.public,
				     FG_SIGN_PUBLIC_LEN) == 0 &&
			      strcmp(content->recipient, s->state->data->handle) != 0))
		return FG_E_DENIED;
	return FG_OK;
}

/* Sealed by the vault for this handle; what it was before it came to the vault is the vault's word, and never more than that. */
static enum fg_rc relayed_check(struct fg_session *s, const Fallgate__Content *content,
				Fallgate__Protection *protection_out)
{
#ifndef FG_MUTANT_relay_recipient
	if (content->sync || strcmp(content->recipient, s->state->data->handle) != 0)
		return FG_E_DENIED;
#endif
	*protection_out = content->protection == FALLGATE__PROTECTION__PROTECTION_HOP
				  ? FALLGATE__PROTECTION__PROTECTION_HOP
				  : FALLGATE__PROTECTION__PROTECTION_NONE;
	return FG_OK;
}

static enum fg_rc on_message(struct fg_session *s, const Fallgate__Push *push, bool relayed)
{
	Fallgate__Protection protection = FALLGATE__PROTECTION__PROTECTION_E2E;
	Fallgate__Content *content;
	struct fg_hash hash;
	enum fg_rc rc;

	if (!push->part || !FG_HAS_LEN(push->message_id, FG_ID_LEN) ||
	    (!relayed && (!FG_HAS_LEN(push->sender_account, FG_SIGN_PUBLIC_LEN) ||
			  !FG_HAS_LEN(push->sender_device, FG_ID_LEN))))
		return FG_E_SYNTAX;
	hash = fg_sha256(push->part->sealed.data, push->part->sealed.len);
	if (relayed ? fg_state_has_relayed(s->state, push->message_id.data)
		    : fg_state_has_received(s->state, push->message_id.data, &hash))
		return acknowledge(s, push); /* delivered again: the acknowledgement was lost */
	rc = open_part(s, push, relayed, &content);
	if (rc == FG_OK)
		rc = relayed ? relayed_check(s, content, &protection)
			     : sender_check(s, push, content);
	if (rc == FG_OK)
		rc = keep_message(s, push, content, protection);
	if (rc != FG_OK)
		return rc;
	fg_state_prekey_spend(s->state, push->part->one_time_prekey_id);
	s->dirty = true;
	tell_message(s, push, content, protection);
	return acknowledge(s, push);
}

/* ---- receipts ---- */

static enum fg_rc keep_receipt(struct fg_session *s, Fallgate__Sent *sent,
			       const Fallgate__SignedReceipt *receipt)
{
	Fallgate__SignedReceipt *copy;
	enum fg_rc rc;

	for (size_t i = 0; i < sent->n_receipts; i++)
		if (sent->receipts[i]->body.len == receipt->body.len &&
		    memcmp(sent->receipts[i]->body.data, receipt->body.data, receipt->body.len) ==
			    0)
			return FG_E_EXISTS;
	copy = fg_message_copy(receipt);
	if (!copy)
		return FG_E_NO_MEMORY;
	rc = FG_LIST_ADD(sent, receipts, copy);
	if (rc != FG_OK)
		fallgate__signed_receipt__free_unpacked(copy, NULL);
	else
		s->dirty = true;
	return rc;
}

static void tell_receipt(struct fg_session *s, const Fallgate__Sent *sent,
			 const struct fg_verified *verified)
{
	struct fg_outgoing *o = fg_outgoing_by_id(s, sent->message_id.data, sent->message_id.len);
	struct fg_id id;

	memcpy(id.b, sent->message_id.data, FG_ID_LEN);
	if (verified->logged)
		fg_session_checkpoint(s, &verified->checkpoint,
				      verified->receipt->leaf->checkpoint);
	if (o && verified->receipt->final)
		fg_outgoing_end(s, o);
	if (s->callbacks->on_receipt)
		s->callbacks->on_receipt(s->callbacks->context, &id, verified);
}

static enum fg_rc on_receipt(struct fg_session *s, const Fallgate__Push *push)
{
	Fallgate__Sent *sent = fg_state_sent(s->state, push->message_id.data, push->message_id.len);
	struct fg_verified verified;
	enum fg_rc rc;

	if (!sent)
		return FG_E_NOT_FOUND;
	if (!push->receipt)
		return FG_E_SYNTAX;
	rc = fg_receipt_verify(&s->arena, &s->state->trust, sent, push->receipt, &verified);
	if (rc == FG_OK) {
		fg_outgoing_accepted(s, sent);
		rc = keep_receipt(s, sent, push->receipt);
	}
	if (rc == FG_OK)
		tell_receipt(s, sent, &verified);
	return rc == FG_E_EXISTS ? FG_OK : rc;
}

void fg_session_push(struct fg_session *s, const Fallgate__Push *push)
{
	enum fg_rc rc = FG_OK;

	switch (push->kind) {
	case FALLGATE__PUSH_KIND__PUSH_MESSAGE:
	case FALLGATE__PUSH_KIND__PUSH_RELAYED:
		rc = on_message(s, push, push->kind == FALLGATE__PUSH_KIND__PUSH_RELAYED);
		break;
	case FALLGATE__PUSH_KIND__PUSH_RECEIPT:
		rc = on_receipt(s, push);
		break;
	case FALLGATE__PUSH_KIND__PUSH_ASK:
		if (push->ask)
			fg_outgoing_ask(s, push->ask);
		break;
	case FALLGATE__PUSH_KIND__PUSH_NOTICE:
		fg_session_notice(s, push->notice);
		break;
	default:
		break;
	}
	if (push->sequence > s->ack_upto)
		s->ack_upto = push->sequence;
	/* Not acknowledged as a message: an acknowledgement says "it opened here". */
	if (rc != FG_OK)
		fg_session_error(s, rc, "what the gateway delivered is refused", NULL);
}

/* ---- verification against the log as it is now ---- */

static enum fg_rc ask_head(struct fg_session *s, uint64_t old_size)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__GetHead get = FALLGATE__GET_HEAD__INIT;
	enum fg_rc rc;

	get.old_size = old_size;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_GET_HEAD;
	frame.get_head = &get;
	rc = fg_session_transmit(s, &frame);
	s->verify_request = rc == FG_OK ? s->last_request : 0;
	return rc;
}

static void tell_verified(struct fg_session *s, enum fg_rc rc, uint64_t size)
{
	s->verify_request = 0;
	if (s->callbacks->on_verified)
		s->callbacks->on_verified(s->callbacks->context, &s->verify_id, rc, size);
}

enum fg_rc fg_session_verify(struct fg_session *s, const struct fg_id *message_id)
{
	const Fallgate__Sent *sent = fg_state_sent(s->state, message_id->b, FG_ID_LEN);
	struct fg_verified verified = { 0 };
	enum fg_rc rc = FG_OK;

	if (!sent || sent->n_receipts == 0)
		return FG_E_NOT_FOUND;
	if (s->phase != FG_SESSION_READY)
		return FG_E_STATE;
	fg_arena_reset(&s->arena);
	s->verify_id = *message_id;
	s->verify_newest = false;
	s->verify_old = (struct fg_checkpoint){ 0 };
	for (size_t i = 0; rc == FG_OK && i < sent->n_receipts; i++) {
		rc = fg_receipt_verify(&s->arena, &s->state->trust, sent, sent->receipts[i],
				       &verified);
		if (rc == FG_OK && verified.logged && verified.checkpoint.size > s->verify_old.size)
			s->verify_old = verified.checkpoint;
	}
	if (rc == FG_OK)
		return ask_head(s, s->verify_old.size);
	tell_verified(s, rc, 0);
	return FG_OK;
}

void fg_session_head(struct fg_session *s, const Fallgate__Head *head)
{
	const char *newest = s->state->data->checkpoint;
	struct fg_checkpoint checkpoint = { 0 };
	enum fg_rc rc = fg_head_verify(&s->state->trust, &s->verify_old, head, &checkpoint);

	if (rc == FG_OK && !s->verify_newest && *newest) {
		s->verify_newest = true;
		rc = fg_note_verify(newest, strlen(newest), s->state->trust.log_origin,
				    s->state->trust.log_key, &s->verify_old);
		if (rc == FG_OK)
			rc = ask_head(s, s->verify_old.size);
		if (rc == FG_OK)
			return;
	}
	if (rc == FG_OK)
		fg_session_checkpoint(s, &checkpoint, head->checkpoint);
	tell_verified(s, rc, checkpoint.size);
}
