/* SPDX-License-Identifier: ISC
 *
 * One message on its way out: look up, check the view against the pin, seal to exactly the devices,
 * or ask, or consent.
 */
#include "client/device/session_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/handle.h"
#include "lib/proto/view.h"

#define EXPIRES_DEFAULT_MS (3600 * 1000ull)
struct fg_outgoing *fg_outgoing_by_id(struct fg_session *s, const void *message_id, size_t len)
{
	for (size_t i = 0; len == FG_ID_LEN && i < FG_SESSION_OUTGOING_MAX; i++)
		if (s->outgoing[i] && memcmp(s->outgoing[i]->id.b, message_id, FG_ID_LEN) == 0)
			return s->outgoing[i];
	return NULL;
}

void fg_outgoing_end(struct fg_session *s, struct fg_outgoing *o)
{
	for (size_t i = 0; i < FG_SESSION_OUTGOING_MAX; i++)
		if (s->outgoing[i] == o)
			s->outgoing[i] = NULL;
	if (o->submit)
		fallgate__submit__free_unpacked(o->submit, NULL);
	if (o->seal_keys)
		fallgate__seal_keys__free_unpacked(o->seal_keys, NULL);
	free(o);
}

static void fail(struct fg_session *s, struct fg_outgoing *o, enum fg_rc rc, const char *text)
{
	struct fg_id id = o->id;

	fg_outgoing_end(s, o);
	fg_session_error(s, rc, text, &id);
}

static enum fg_rc transmit(struct fg_session *s, struct fg_outgoing *o,
			   Fallgate__ClientFrame *frame)
{
	enum fg_rc rc = fg_session_transmit(s, frame);

	if (rc == FG_OK)
		o->request = s->last_request;
	return rc;
}

static enum fg_rc ask_lookup(struct fg_session *s, struct fg_outgoing *o, const char *handle,
			     enum fg_outgoing_stage stage)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Lookup lookup = FALLGATE__LOOKUP__INIT;

	lookup.handle = (char *)handle;
	lookup.with_prekeys = true;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_LOOKUP;
	frame.lookup = &lookup;
	o->stage = stage;
	return transmit(s, o, &frame);
}

static enum fg_rc begin(struct fg_session *s, struct fg_outgoing *o)
{
	return s->own_devices_many
		       ? ask_lookup(s, o, s->state->data->handle, FG_OUTGOING_LOOKUP_OWN)
		       : ask_lookup(s, o, o->submit->recipient, FG_OUTGOING_LOOKUP);
}

/* ---- sealed parts ---- */

static enum fg_rc part_new(struct fg_session *s, const struct fg_outgoing *o,
			   const struct fg_suite1_peer *peer, bool sync,
			   Fallgate__SealedPart **part_out)
{
	const Fallgate__Sent *sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);
	Fallgate__Content content = FALLGATE__CONTENT__INIT;
	Fallgate__SealedPart *part;
	enum fg_rc rc;

	if (!sent)
		return FG_E_NOT_FOUND;
	content.message_id = sent->message_id;
	content.sender_device = s->state->data->device_id;
	content.time_ms = sent->time_ms;
	content.text = sent->text;
	content.sender = s->state->data->handle;
	content.recipient = sent->recipient;
	content.sender_cert = s->state->data->cert;
	content.checkpoint = s->state->data->checkpoint;
	content.sync = sync;
	part = malloc(sizeof(*part));
	if (!part)
		return FG_E_NO_MEMORY;
	fallgate__sealed_part__init(part);
	part->suite = FG_SUITE1;
	part->signed_prekey_id = peer->signed_prekey_id;
	part->one_time_prekey_id = peer->one_time_prekey_id;
	rc = fg_bytes_set(&part->device_id, peer->device_id, FG_ID_LEN);
	if (rc == FG_OK)
		rc = fg_e2e_seal(&content, &s->state->device_key, peer, &part->sealed.data,
				 &part->sealed.len);
	if (rc != FG_OK)
		fallgate__sealed_part__free_unpacked(part, NULL);
	else
		*part_out = part;
	return rc;
}

/* Remember whose acknowledgement will prove the delivery. */
static enum fg_rc remember_part(struct fg_session *s, const struct fg_outgoing *o,
				const struct fg_suite1_peer *peer, const Fallgate__SealedPart *part)
{
	Fallgate__Sent *sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);
	struct fg_hash hash = fg_sha256(part->sealed.data, part->sealed.len);
	Fallgate__SentPart *kept = malloc(sizeof(*kept));
	enum fg_rc rc;

	if (!kept)
		return FG_E_NO_MEMORY;
	fallgate__sent_part__init(kept);
	rc = fg_bytes_set(&kept->device_id, peer->device_id, FG_ID_LEN);
	if (rc == FG_OK)
		rc = fg_bytes_set(&kept->signing_key, peer->signing_key, FG_SIGN_PUBLIC_LEN);
	if (rc == FG_OK)
		rc = fg_bytes_set(&kept->content_hash, hash.b, sizeof(hash.b));
	if (rc == FG_OK)
		rc = sent ? FG_LIST_ADD(sent, parts, kept) : FG_E_NOT_FOUND;
	if (rc != FG_OK)
		fallgate__sent_part__free_unpacked(kept, NULL);
	return rc;
}

static enum fg_rc seal_parts(struct fg_session *s, struct fg_outgoing *o,
			     const Fallgate__View *view, const Fallgate__LookupResult *result,
			     bool own)
{
	struct fg_suite1_peer peers[FG_SUITE1_PEERS_MAX];
	enum fg_rc rc = fg_suite1_peers_check(&s->arena, view, result, fg_session_now(s), peers);

	for (size_t i = 0; rc == FG_OK && i < result->n_devices; i++) {
		Fallgate__SealedPart *part;

		if (own &&
		    memcmp(peers[i].device_id, s->state->data->device_id.data, FG_ID_LEN) == 0)
			continue;
		rc = part_new(s, o, &peers[i], own, &part);
		if (rc != FG_OK)
			return rc;
		rc = own ? FG_LIST_ADD(o->submit, own_parts, part)
			 : FG_LIST_ADD(o->submit, parts, part);
		if (rc != FG_OK)
			fallgate__sealed_part__free_unpacked(part, NULL);
		else if (!own)
			rc = remember_part(s, o, &peers[i], part);
	}
	return rc;
}

/* ---- submit ---- */

static enum fg_rc transmit_submit(struct fg_session *s, struct fg_outgoing *o)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;

	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_SUBMIT;
	frame.submit = o->submit;
	o->stage = FG_OUTGOING_SUBMITTED;
	return transmit(s, o, &frame);
}

/* Should its acceptance be lost, exactly this is given again: receipts are about this consent and these parts. */
static enum fg_rc keep_submit(struct fg_session *s, const struct fg_outgoing *o)
{
	Fallgate__Sent *sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);
	uint8_t *packed;
	size_t len;
	enum fg_rc rc;

	if (!sent)
		return FG_E_NOT_FOUND;
	packed = fg_proto_pack_new(o->submit, &len);
	rc = packed ? fg_bytes_set(&sent->submit, packed, len) : FG_E_NO_MEMORY;
	free(packed);
	return rc == FG_OK ? s->io.save(s->io.context) : rc;
}

static enum fg_rc submit(struct fg_session *s, struct fg_outgoing *o)
{
	const Fallgate__Sent *sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);
	enum fg_rc rc;

	if (o->options.policy == FALLGATE__SENDER_POLICY__POLICY_ALLOW && sent && sent->consent) {
		o->submit->consent = fg_message_copy(sent->consent);
		if (!o->submit->consent)
			return FG_E_NO_MEMORY;
	}
	rc = keep_submit(s, o);
	return rc == FG_OK ? transmit_submit(s, o) : rc;
}

/* ---- what the directory said ---- */

static bool succeeded_from(struct fg_session *s, const Fallgate__View *view,
			   const Fallgate__ClientPin *pin)
{
	const Fallgate__Succession *succession;
	void *opened;

	if (fg_signed_open(&s->arena, view->succession, pin->account_key.data, pin->account_key.len,
			   FG_LABEL_SUCCESSION, &fallgate__succession__descriptor,
			   &opened) != FG_OK)
		return false;
	succession = opened;
	return strcmp(succession->handle, pin->handle) == 0 &&
	       FG_HAS_LEN(succession->new_key, FG_SIGN_PUBLIC_LEN) &&
	       memcmp(succession->new_key.data, view->account_key.data, FG_SIGN_PUBLIC_LEN) == 0;
}

static enum fg_rc ask_seal_keys(struct fg_session *s, struct fg_outgoing *o)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__GetSealKeys get = FALLGATE__GET_SEAL_KEYS__INIT;

	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_GET_SEAL_KEYS;
	frame.get_seal_keys = &get;
	o->stage = FG_OUTGOING_SEAL_KEYS;
	return transmit(s, o, &frame);
}

static void on_secure(struct fg_session *s, struct fg_outgoing *o, const Fallgate__View *view,
		      const Fallgate__LookupResult *result)
{
	const Fallgate__ClientPin *pin = fg_state_pin(s->state, o->submit->recipient);
	bool succeeded = pin && succeeded_from(s, view, pin);
	enum fg_rc rc;

	if (pin && !succeeded &&
	    memcmp(pin->account_key.data, view->account_key.data, FG_SIGN_PUBLIC_LEN) != 0) {
		fail(s, o, FG_E_IDENTITY_CHANGED,
		     "identity-changed: the recipient's account key is not the one known");
		return;
	}
	rc = seal_parts(s, o, view, result, false);
	if (rc == FG_OK)
		rc = fg_state_pin_set(s->state, o->submit->recipient, view->account_key.data,
				      view->epoch, fg_session_now(s), succeeded);
	o->view_epoch = view->epoch;
	if (rc == FG_OK)
		rc = o->options.undelivered_ms ? ask_seal_keys(s, o) : submit(s, o);
	if (rc != FG_OK)
		fail(s, o, rc, "the recipient's devices cannot be sealed to");
}

static bool signed_off(struct fg_session *s, const Fallgate__View *view,
		       const Fallgate__ClientPin *pin)
{
	struct fg_hash tag = fg_handle_tag(pin->handle);

	return view->deregistration &&
	       fg_deregistration_check(&s->arena, view->deregistration, &tag, pin->account_key.data,
				       pin->epoch) == FG_OK;
}

static void on_absent(struct fg_session *s, struct fg_outgoing *o, const Fallgate__View *view)
{
	const Fallgate__ClientPin *pin = fg_state_pin(s->state, o->submit->recipient);
	enum fg_rc rc;

	o->view_epoch = view->epoch;
	o->was_secure = pin && !signed_off(s, view, pin);
	if (o->options.policy == FALLGATE__SENDER_POLICY__POLICY_SECURE_ONLY) {
		fail(s, o, FG_E_SECURE_ONLY, "below-floor: the recipient has no secure device");
		return;
	}
#ifndef FG_MUTANT_client_pin
	if (o->was_secure && o->options.policy == FALLGATE__SENDER_POLICY__POLICY_ALLOW &&
	    !o->options.pin_ack) {
		fail(s, o, FG_E_PIN_CONFLICT, "pin-conflict: the recipient was secure before");
		return;
	}
#endif
	rc = o->options.policy == FALLGATE__SENDER_POLICY__POLICY_ALLOW ? ask_seal_keys(s, o)
									: submit(s, o);
	if (rc != FG_OK)
		fail(s, o, rc, "the message cannot be submitted");
}

static void on_lookup(struct fg_session *s, struct fg_outgoing *o,
		      const Fallgate__LookupResult *result)
{
	bool own = o->stage == FG_OUTGOING_LOOKUP_OWN;
	const char *handle = own ? s->state->data->handle : o->submit->recipient;
	const Fallgate__View *view;
	enum fg_rc rc = fg_session_view(s, result->view, handle, &view);

	if (rc != FG_OK) {
		fail(s, o, rc,
		     "the directory's answer does not count: it is unknown whether the recipient "
		     "is secure");
		return;
	}
	if (!own && view->state == FALLGATE__VIEW_STATE__VIEW_ABSENT) {
		on_absent(s, o, view);
	} else if (!own) {
		on_secure(s, o, view, result);
	} else {
		rc = view->state == FALLGATE__VIEW_STATE__VIEW_SECURE &&
				     memcmp(view->account_key.data, s->state->account_key.public,
					    32) == 0
			     ? seal_parts(s, o, view, result, true)
			     : FG_E_IDENTITY;
		if (rc == FG_OK)
			rc = ask_lookup(s, o, o->submit->recipient, FG_OUTGOING_LOOKUP);
		if (rc != FG_OK)
			fail(s, o, rc, "the own devices cannot be sealed to");
	}
}

static void on_seal_keys(struct fg_session *s, struct fg_outgoing *o,
			 const Fallgate__SealKeys *keys)
{
	enum fg_rc rc = fg_outgoing_consent(s, o, keys, o->options.bearers, o->options.pin_ack);

	if (rc == FG_OK)
		rc = submit(s, o);
	if (rc != FG_OK)
		fail(s, o, rc, "no consent can be given");
}

/* ---- answers ---- */

/* What was made for the devices, or for the absence, that the directory showed before. */
static void forget_made(struct fg_session *s, struct fg_outgoing *o)
{
	Fallgate__Sent *sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);

	while (o->submit->n_parts > 0)
		fallgate__sealed_part__free_unpacked(o->submit->parts[--o->submit->n_parts], NULL);
	while (o->submit->n_own_parts > 0)
		fallgate__sealed_part__free_unpacked(o->submit->own_parts[--o->submit->n_own_parts],
						     NULL);
	while (sent && sent->n_parts > 0)
		fallgate__sent_part__free_unpacked(sent->parts[--sent->n_parts], NULL);
	if (sent)
		fg_bytes_set(&sent->submit, NULL, 0);
	fg_outgoing_forget_consent(s, o);
}

static void on_error(struct fg_session *s, struct fg_outgoing *o, const Fallgate__Error *error)
{
	enum fg_rc rc = fg_rc_by_name(error->code);

	if (rc == FG_E_DEVICES_MISMATCH && !o->retried) {
		o->retried = true;
		if (error->mismatch && error->mismatch->own)
			s->own_devices_many = true;
		forget_made(s, o);
		rc = begin(s, o);
		if (rc == FG_OK)
			return;
	}
	fail(s, o, rc == FG_OK || rc == FG_RC_COUNT ? FG_E_DENIED : rc, error->text);
}

void fg_outgoing_accepted(struct fg_session *s, Fallgate__Sent *sent)
{
	if (!sent || sent->submit.len == 0)
		return;
	fg_bytes_set(&sent->submit, NULL, 0);
	s->dirty = true;
}

static void on_accepted(struct fg_session *s, const struct fg_outgoing *o)
{
	Fallgate__Receipt receipt = FALLGATE__RECEIPT__INIT;
	struct fg_verified verified = { .receipt = &receipt };

	fg_outgoing_accepted(s, fg_state_sent(s->state, o->id.b, FG_ID_LEN));
	receipt.kind = FALLGATE__RECEIPT_KIND__RECEIPT_ACCEPTED;
	if (s->callbacks->on_receipt)
		s->callbacks->on_receipt(s->callbacks->context, &o->id, &verified);
}

bool fg_outgoing_answer(struct fg_session *s, const Fallgate__ServerFrame *frame)
{
	struct fg_outgoing *o = NULL;

	for (size_t i = 0; frame->request && i < FG_SESSION_OUTGOING_MAX; i++)
		if (s->outgoing[i] && s->outgoing[i]->request == frame->request)
			o = s->outgoing[i];
	if (!o)
		return false;
	o->request = 0;
	if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_ERROR)
		on_error(s, o, frame->error);
	else if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_LOOKUP &&
		 o->stage <= FG_OUTGOING_LOOKUP)
		on_lookup(s, o, frame->lookup);
	else if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_SEAL_KEYS &&
		 o->stage == FG_OUTGOING_SEAL_KEYS)
		on_seal_keys(s, o, frame->seal_keys);
	else if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_ASK)
		fg_outgoing_ask(s, frame->ask);
	else if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_ACCEPTED)
		on_accepted(s, o);
	else if (frame->kind_case != FALLGATE__SERVER_FRAME__KIND_DONE)
		fail(s, o, FG_E_SYNTAX, "the gateway gave an answer to another question");
	return true;
}

void fg_outgoing_ask(struct fg_session *s, const Fallgate__Ask *ask)
{
	struct fg_outgoing *o = fg_outgoing_by_id(s, ask->message_id.data, ask->message_id.len);
	struct fg_ask told = { .reason = ask->reason, .bearer = ask->bearer, .link = ask->link };
	const Fallgate__View *view;

	if (!o || !ask->seal_keys)
		return;
	if (fg_session_view(s, ask->view, o->submit->recipient, &view) != FG_OK)
		view = NULL;
#ifndef FG_MUTANT_client_ask_view
	if (view && view->state != FALLGATE__VIEW_STATE__VIEW_ABSENT)
		view = NULL;
#endif
	if (!view) {
		fail(s, o, FG_E_VIEW_STALE,
		     "the gateway asks for consent without a signed absence");
		return;
	}
	if (o->seal_keys)
		fallgate__seal_keys__free_unpacked(o->seal_keys, NULL);
	o->seal_keys = fg_message_copy(ask->seal_keys);
	o->view_epoch = ask->pin_epoch > view->epoch ? ask->pin_epoch : view->epoch;
	o->was_secure = o->was_secure || ask->was_secure;
	o->stage = FG_OUTGOING_ASKED;
	told.message_id = o->id;
	told.recipient = o->submit->recipient;
	told.was_secure = o->was_secure;
	if (s->callbacks->on_ask)
		s->callbacks->on_ask(s->callbacks->context, &told);
}

/* ---- the application's side ---- */

static enum fg_rc sent_new(struct fg_session *s, const struct fg_id *id, const char *recipient,
			   const char *text)
{
	Fallgate__Sent *sent = malloc(sizeof(*sent));
	enum fg_rc rc;

	if (!sent)
		return FG_E_NO_MEMORY;
	fallgate__sent__init(sent);
	sent->time_ms = fg_session_now(s);
	rc = fg_bytes_set(&sent->message_id, id->b, FG_ID_LEN);
	if (rc == FG_OK)
		rc = fg_text_set(&sent->recipient, recipient);
	if (rc == FG_OK)
		rc = fg_text_set(&sent->text, text);
	if (rc == FG_OK)
		return fg_state_sent_add(s->state, sent);
	fallgate__sent__free_unpacked(sent, NULL);
	return rc;
}

static enum fg_rc submit_new(struct fg_outgoing *o, const char *recipient)
{
	enum fg_rc rc;

	o->submit = malloc(sizeof(*o->submit));
	if (!o->submit)
		return FG_E_NO_MEMORY;
	fallgate__submit__init(o->submit);
	rc = fg_bytes_set(&o->submit->message_id, o->id.b, FG_ID_LEN);
	if (rc == FG_OK)
		rc = fg_text_set(&o->submit->recipient, recipient);
	o->submit->policy = o->options.policy;
	o->submit->message_class = o->options.message_class;
	o->submit->expires_ms = o->expires_ms;
	return rc;
}

/* Is text what fg_proto_unpack() of the recipient will take? */
static enum fg_rc text_check(struct fg_session *s, const char *text)
{
	Fallgate__Content content = FALLGATE__CONTENT__INIT;
	uint8_t *packed;
	size_t len;
	bool well_formed;

	if (strlen(text) > FG_SESSION_TEXT_MAX)
		return FG_E_TOO_LONG;
	content.text = (char *)text;
	packed = fg_proto_pack_new(&content, &len);
	fg_arena_reset(&s->arena);
	well_formed =
		packed && fg_proto_unpack(&s->arena, &fallgate__content__descriptor, packed, len);
	free(packed);
	return well_formed ? FG_OK : FG_E_UTF8;
}

static uint64_t life_ms(const struct fg_send_options *options)
{
	return options->expires_ms ? options->expires_ms : EXPIRES_DEFAULT_MS;
}

/* Silence must be able to end before the message does, and only a consent in advance speaks of it.
 */
static bool silence_makes_sense(const struct fg_send_options *options)
{
	return !options->undelivered_ms ||
	       (options->policy == FALLGATE__SENDER_POLICY__POLICY_ALLOW &&
		options->undelivered_ms < life_ms(options));
}

static struct fg_outgoing *outgoing_new(struct fg_session *s, const struct fg_send_options *options)
{
	uint8_t random[10];

	for (size_t i = 0; i < FG_SESSION_OUTGOING_MAX; i++) {
		struct fg_outgoing *o = s->outgoing[i] ? NULL : calloc(1, sizeof(*o));

		if (!o)
			continue;
		fg_random(random, sizeof(random));
		o->id = options->id ? *options->id : fg_id_make(fg_session_now(s), random);
		o->options = *options;
		o->options.id = NULL; /* borrowed for the call only */
		o->expires_ms = fg_session_now(s) + life_ms(options);
		s->outgoing[i] = o;
		return o;
	}
	return NULL;
}

/* The message is known: what was given to the gateway is given again, or the way there begins anew. */
static enum fg_rc send_again(struct fg_session *s, struct fg_outgoing *o,
			     const Fallgate__Sent *sent)
{
	Fallgate__Submit *kept;

	if (sent->submit.len == 0)
		return begin(s, o);
	kept = fallgate__submit__unpack(NULL, sent->submit.len, sent->submit.data);
	if (!kept)
		return FG_E_SYNTAX;
	fallgate__submit__free_unpacked(o->submit, NULL);
	o->submit = kept;
	return transmit_submit(s, o);
}

static enum fg_rc send_check(struct fg_session *s, const struct fg_id *id, const char *recipient,
			     const char *text)
{
	const Fallgate__Sent *sent = id ? fg_state_sent(s->state, id->b, FG_ID_LEN) : NULL;

	if (id && fg_outgoing_by_id(s, id->b, FG_ID_LEN))
		return FG_E_EXISTS;
	return sent && (strcmp(sent->recipient, recipient) != 0 || strcmp(sent->text, text) != 0)
		       ? FG_E_EXISTS
		       : FG_OK;
}

enum fg_rc fg_session_send(struct fg_session *s, const char *handle, const char *text,
			   const struct fg_send_options *options, struct fg_id *message_id_out)
{
	struct fg_handle recipient;
	struct fg_outgoing *o;
	const Fallgate__Sent *sent;
	enum fg_rc rc = fg_handle_parse(handle, strlen(handle), &recipient);

	if (s->phase != FG_SESSION_READY)
		return FG_E_STATE;
	if (rc == FG_OK && !silence_makes_sense(options))
		rc = FG_E_CONSENT_REASON;
	if (rc == FG_OK)
		rc = text_check(s, text);
	if (rc == FG_OK)
		rc = send_check(s, options->id, recipient.text, text);
	if (rc != FG_OK)
		return rc;
	o = outgoing_new(s, options);
	if (!o)
		return FG_E_LIMIT;
	rc = submit_new(o, recipient.text);
	sent = fg_state_sent(s->state, o->id.b, FG_ID_LEN);
	if (rc == FG_OK && sent)
		rc = send_again(s, o, sent);
	else if (rc == FG_OK && (rc = sent_new(s, &o->id, recipient.text, text)) == FG_OK)
		rc = begin(s, o);
	if (rc != FG_OK) {
		fg_outgoing_end(s, o);
		return rc;
	}
	*message_id_out = o->id;
	return FG_OK;
}

enum fg_rc fg_session_consent(struct fg_session *s, const struct fg_id *message_id,
			      unsigned bearers, bool pin_ack)
{
	struct fg_outgoing *o = fg_outgoing_by_id(s, message_id->b, FG_ID_LEN);
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Decide decide = FALLGATE__DECIDE__INIT;
	enum fg_rc rc;

	if (!o || o->stage != FG_OUTGOING_ASKED || !o->seal_keys)
		return FG_E_NOT_FOUND;
#ifndef FG_MUTANT_client_ask_pin
	if (o->was_secure && !pin_ack)
		return FG_E_PIN_CONFLICT;
#endif
	rc = fg_outgoing_consent(s, o, o->seal_keys, bearers, pin_ack);
	if (rc != FG_OK)
		return rc;
	decide.message_id = o->submit->message_id;
	decide.capsule = o->submit->capsule;
	decide.consent = fg_state_sent(s->state, o->id.b, FG_ID_LEN)->consent;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_DECIDE;
	frame.decide = &decide;
	o->stage = FG_OUTGOING_SUBMITTED;
	return transmit(s, o, &frame);
}
