/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A message on its way: questions and consents, devices that changed, own devices; and the log as
 * it is now, against what was seen of it.
 */
#include "client/device/e2e.h"
#include "client/device/pairing.h"
#include "lib/crypto/merkle.h"
#include "lib/crypto/note.h"
#include "tests/client/world.h"

#define SMS (1U << FALLGATE__BEARER__BEARER_SMS)

/* ---- Ask ---- */

static void answer_ask(struct world *w, const struct fg_id *id, bool was_secure)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Ask ask = FALLGATE__ASK__INIT;
	Fallgate__SealKeys keys = FALLGATE__SEAL_KEYS__INIT;
	Fallgate__Signed view, vault, log;

	sign_view(w, BOB, &w->bob, &view);
	sign_seal_keys(w, &vault, &log);
	keys.vault = &vault;
	keys.log = &log;
	ask.message_id = bytes(id->b, 16);
	ask.recipient = (char *)BOB;
	ask.view = &view;
	ask.bearer = FALLGATE__BEARER__BEARER_SMS;
	ask.was_secure = was_secure;
	ask.pin_epoch = was_secure ? 7 : 0;
	ask.seal_keys = &keys;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_ASK;
	frame.ask = &ask;
	world_answer(w, &frame);
	fg_signed_free(&view);
	fg_signed_free(&vault);
	fg_signed_free(&log);
}

static const Fallgate__Consent *consent_of(struct world *w)
{
	void *opened;

	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_DECIDE);
	assert_true(w->last->decide->capsule.len > 0);
	fg_arena_reset(&w->arena);
	assert_ok(fg_signed_open(&w->arena, w->last->decide->consent, w->alice.device_key.public,
				 32, FG_LABEL_CONSENT, &fallgate__consent__descriptor, &opened));
	return opened;
}

static void a_question_is_answered_by_one_consent(void **state)
{
	struct world *w = *state;
	const Fallgate__Consent *consent;
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	assert_rc(FG_E_NOT_FOUND, fg_session_consent(w->session, &id, SMS, false));
	answer_ask(w, &id, false);
	assert_int_equal(w->asks, 1);
	assert_rc(FG_E_CONSENT_BEARER, fg_session_consent(w->session, &id, 0, false));
	assert_ok(fg_session_consent(w->session, &id, SMS, false));
	consent = consent_of(w);
	assert_int_equal(consent->n_bearers, 1);
	assert_int_equal(consent->bearers[0], FALLGATE__BEARER__BEARER_SMS);
	assert_false(consent->pin_ack);
	assert_memory_equal(consent->message_id.data, id.b, 16);
	assert_rc(FG_E_NOT_FOUND, fg_session_consent(w->session, &id, SMS, false));
}

static void a_question_about_who_was_secure_needs_the_acknowledgement(void **state)
{
	struct world *w = *state;
	const Fallgate__Consent *consent;
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	answer_ask(w, &id, true);
	assert_rc(FG_E_PIN_CONFLICT, fg_session_consent(w->session, &id, SMS, false));
	assert_ok(fg_session_consent(w->session, &id, SMS, true));
	consent = consent_of(w);
	assert_true(consent->pin_ack);
	assert_int_equal(consent->pin_epoch, 7);
}

static void a_question_without_signed_absence_or_true_seal_keys_gets_no_consent(void **state)
{
	struct world *w = *state;
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	w->false_seal_key = true;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	answer_ask(w, &id, false);
	assert_rc(FG_E_TRUST, fg_session_consent(w->session, &id, SMS, false));
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	answer_ask(w, &id, false);
	assert_int_equal(w->asks, 1);
	assert_int_equal(w->error, FG_E_VIEW_STALE);
	assert_rc(FG_E_NOT_FOUND, fg_session_consent(w->session, &id, SMS, false));
}

/* ---- devices ---- */

static void answer_mismatch(struct world *w, bool own)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Error error = FALLGATE__ERROR__INIT;
	Fallgate__DevicesMismatch mismatch = FALLGATE__DEVICES_MISMATCH__INIT;

	mismatch.own = own;
	error.code = (char *)"E_DEVICES_MISMATCH";
	error.mismatch = &mismatch;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_ERROR;
	frame.error = &error;
	world_answer(w, &frame);
}

static void other_devices_than_sealed_for_are_looked_up_once_again(void **state)
{
	struct world *w = *state;
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	answer_mismatch(w, false);
	answer_lookup(w);
	assert_int_equal(w->submits, 2);
	assert_int_equal(w->submit->n_parts, 1);
	assert_int_equal(fg_state_sent(&w->alice, id.b, 16)->n_parts, 1);
	assert_int_equal(w->error, FG_OK);
	answer_mismatch(w, false);
	assert_int_equal(w->error, FG_E_DEVICES_MISMATCH);
	assert_int_equal(w->submits, 2);
	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_SUBMIT);
}

/* ---- silence ---- */

static struct fg_id send_for_silence(struct world *w, uint64_t undelivered_ms)
{
	struct fg_send_options options = { .policy = FALLGATE__SENDER_POLICY__POLICY_ALLOW,
					   .bearers = SMS,
					   .undelivered_ms = undelivered_ms };
	struct fg_id id;

	assert_ok(fg_session_send(w->session, BOB, "see you at six", &options, &id));
	answer_lookup(w);
	return id;
}

static const Fallgate__Consent *submitted_consent(struct world *w)
{
	void *opened;

	assert_non_null(w->submit->consent);
	assert_true(w->submit->capsule.len > 0);
	fg_arena_reset(&w->arena);
	assert_ok(fg_signed_open(&w->arena, w->submit->consent, w->alice.device_key.public, 32,
				 FG_LABEL_CONSENT, &fallgate__consent__descriptor, &opened));
	return opened;
}

static void a_consent_for_silence_goes_with_the_sealed_parts(void **state)
{
	struct world *w = *state;
	const Fallgate__Consent *consent;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	send_for_silence(w, 2000);
	assert_int_equal(w->submits, 0);
	answer_seal_keys(w);
	assert_int_equal(w->submits, 1);
	assert_int_equal(w->submit->n_parts, 1);
	consent = submitted_consent(w);
	assert_int_equal(consent->for_undelivered_after_ms, 2000);
	assert_true(consent->for_absent);
	assert_false(consent->pin_ack);
}

static void a_consent_made_for_other_devices_is_taken_back(void **state)
{
	struct world *w = *state;
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ALLOW, false);
	answer_seal_keys(w);
	assert_non_null(w->submit->consent);
	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	answer_mismatch(w, false);
	answer_lookup(w);
	assert_int_equal(w->submits, 2);
	assert_int_equal(w->submit->n_parts, 1);
	assert_null(w->submit->consent);
	assert_int_equal(w->submit->capsule.len, 0);
	assert_null(fg_state_sent(&w->alice, id.b, 16)->consent);
}

static void silence_needs_consent_in_advance_and_an_end_before_the_message(void **state)
{
	static const struct {
		Fallgate__SenderPolicy policy;
		uint64_t undelivered_ms, expires_ms;
		enum fg_rc rc;
	} cases[] = {
		{ FALLGATE__SENDER_POLICY__POLICY_ASK, 1000, 0, FG_E_CONSENT_REASON },
		{ FALLGATE__SENDER_POLICY__POLICY_SECURE_ONLY, 1000, 0, FG_E_CONSENT_REASON },
		{ FALLGATE__SENDER_POLICY__POLICY_ALLOW, 3600 * 1000, 0, FG_E_CONSENT_REASON },
		{ FALLGATE__SENDER_POLICY__POLICY_ALLOW, 2000, 2000, FG_E_CONSENT_REASON },
		{ FALLGATE__SENDER_POLICY__POLICY_ALLOW, 1999, 2000, FG_OK },
	};
	struct world *w = *state;
	struct fg_id id;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_send_options options = { .policy = cases[i].policy,
						   .bearers = SMS,
						   .expires_ms = cases[i].expires_ms,
						   .undelivered_ms = cases[i].undelivered_ms };

		assert_rc(cases[i].rc, fg_session_send(w->session, BOB, "x", &options, &id));
	}
}

static struct fg_hash two_devices(const uint8_t *a, const uint8_t *b)
{
	uint8_t ids[32];

	memcpy(ids, memcmp(a, b, 16) < 0 ? a : b, 16);
	memcpy(ids + 16, memcmp(a, b, 16) < 0 ? b : a, 16);
	return fg_sha256(ids, sizeof(ids));
}

static void second_device(struct world *w, struct fg_state *out)
{
	char *code, *approval;

	assert_ok(fg_state_new((const char *)w->alice.data->trust.data, w->alice.data->trust.len,
			       out));
	assert_ok(fg_pairing_request(out, ALICE, &code));
	assert_ok(fg_pairing_approve(&w->alice, code, w->now_ms, &approval));
	assert_ok(fg_pairing_accept(out, approval, w->now_ms));
	free(code);
	free(approval);
}

/* Alice's two devices, or, as a lie, with the second one left out. */
static void answer_own_lookup(struct world *w, struct fg_state *second, bool left_out)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__LookupResult result = FALLGATE__LOOKUP_RESULT__INIT;
	Fallgate__DeviceKeys first_keys = FALLGATE__DEVICE_KEYS__INIT, keys = first_keys,
			     *list[] = { &first_keys, &keys };
	Fallgate__Signed view, prekey, first_prekey;

	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_LOOKUP);
	assert_string_equal(w->last->lookup->handle, ALICE);
	sign_view(w, ALICE, &w->alice, &view);
	assert_ok(fg_state_prekeys_new(second, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, 1, w->now_ms,
				       &prekey));
	assert_ok(fg_state_prekeys_new(&w->alice, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, 1,
				       w->now_ms, &first_prekey));
	first_keys.cert = w->alice.data->cert;
	first_keys.signed_prekey = &first_prekey;
	keys.cert = second->data->cert;
	keys.signed_prekey = &prekey;
	result.view = &view;
	result.devices = list;
	result.n_devices = left_out ? 1 : 2;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_LOOKUP;
	frame.lookup = &result;
	world_answer(w, &frame);
	fg_signed_free(&view);
	fg_signed_free(&prekey);
	fg_signed_free(&first_prekey);
}

static void own_devices_get_their_parts_and_none_is_left_out(void **state)
{
	struct fg_send_options options = { .policy = FALLGATE__SENDER_POLICY__POLICY_ASK };
	struct world *w = *state;
	struct fg_state second;
	struct fg_hash set;
	struct fg_id id;

	second_device(w, &second);
	set = two_devices(w->alice.data->device_id.data, second.data->device_id.data);
	w->own_set = set.b;
	w->one_time_left = FG_STATE_PREKEYS;
	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	world_connect(w, NULL, NULL);
	world_welcome(w);
	assert_ok(fg_session_send(w->session, BOB, "hi", &options, &id));
	answer_own_lookup(w, &second, false);
	answer_lookup(w);
	assert_int_equal(w->submit->n_own_parts, 1);
	assert_memory_equal(w->submit->own_parts[0]->device_id.data, second.data->device_id.data,
			    16);
	assert_int_equal(w->submit->n_parts, 1);
	assert_int_equal(fg_state_sent(&w->alice, id.b, 16)->n_parts, 1);
	assert_ok(fg_session_send(w->session, BOB, "hi", &options, &id));
	answer_own_lookup(w, &second, true);
	assert_int_equal(w->error, FG_E_IDENTITY);
	assert_int_equal(w->submits, 1);
	fg_state_free(&second);
}

static void a_mismatch_of_own_devices_looks_those_up(void **state)
{
	struct world *w = *state;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	answer_mismatch(w, true);
	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_LOOKUP);
	assert_string_equal(w->last->lookup->handle, ALICE);
}

/* ---- the log as it is now ---- */

static void answer_head(struct world *w, uint64_t size, const struct fg_hash *root,
			const struct fg_hash *path, size_t count)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Head head = FALLGATE__HEAD__INIT;
	struct fg_checkpoint checkpoint = { .origin = "test/log", .size = size, .root = *root };
	ProtobufCBinaryData hash = bytes(path->b, 32);
	char note[FG_NOTE_MAX];
	size_t len;

	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_GET_HEAD);
	assert_ok(fg_note_sign(&checkpoint, &w->log, note, sizeof(note), &len));
	head.checkpoint = note;
	head.path = &hash;
	head.n_path = count;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_HEAD;
	frame.head = &head;
	world_answer(w, &frame);
}

static void receive_held(struct world *w, const struct fg_id *id)
{
	Fallgate__Receipt receipt = FALLGATE__RECEIPT__INIT;

	receipt.gateway_id = bytes(w->gateway_id, 16);
	receipt.message_id = bytes(id->b, 16);
	receipt.kind = FALLGATE__RECEIPT_KIND__RECEIPT_HELD;
	push_receipt(w, &receipt);
}

/* What the session has seen: a log of one leaf. */
static void see_one_leaf(struct world *w, const struct fg_hash *leaf)
{
	struct fg_checkpoint seen = { .origin = "test/log", .size = 1, .root = *leaf };
	char note[FG_NOTE_MAX];
	size_t len;

	assert_ok(fg_note_sign(&seen, &w->log, note, sizeof(note), &len));
	assert_ok(fg_text_set(&w->alice.data->checkpoint, note));
}

static void verify_against(struct world *w, const struct fg_hash *leaf, const struct fg_hash *next)
{
	struct fg_hash first = fg_merkle_leaf("a", 1), root = fg_merkle_node(leaf, next);
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	assert_rc(FG_E_NOT_FOUND, fg_session_verify(w->session, &id));
	receive_held(w, &id);
	see_one_leaf(w, &first);
	assert_ok(fg_session_verify(w->session, &id));
	assert_int_equal(w->last->get_head->old_size, 0);
	answer_head(w, 2, &root, next, 0);
	assert_int_equal(w->last->get_head->old_size, 1);
	answer_head(w, 2, &root, next, 1);
}

static void a_log_that_only_grew_is_verified(void **state)
{
	struct world *w = *state;
	struct fg_hash leaf = fg_merkle_leaf("a", 1), next = fg_merkle_leaf("b", 1);

	verify_against(w, &leaf, &next);
	assert_int_equal(w->verified, FG_OK);
	assert_non_null(strstr(w->alice.data->checkpoint, "\n2\n"));
}

static void a_log_that_was_rewritten_fails_the_verification(void **state)
{
	struct world *w = *state;
	struct fg_hash leaf = fg_merkle_leaf("c", 1), next = fg_merkle_leaf("b", 1);

	verify_against(w, &leaf, &next);
	assert_int_equal(w->verified, FG_E_LOG_FORK);
	assert_non_null(strstr(w->alice.data->checkpoint, "\n1\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(a_question_is_answered_by_one_consent),
		CASE(a_question_about_who_was_secure_needs_the_acknowledgement),
		CASE(a_question_without_signed_absence_or_true_seal_keys_gets_no_consent),
		CASE(other_devices_than_sealed_for_are_looked_up_once_again),
		CASE(a_consent_for_silence_goes_with_the_sealed_parts),
		CASE(a_consent_made_for_other_devices_is_taken_back),
		CASE(silence_needs_consent_in_advance_and_an_end_before_the_message),
		CASE(own_devices_get_their_parts_and_none_is_left_out),
		CASE(a_mismatch_of_own_devices_looks_those_up),
		CASE(a_log_that_only_grew_is_verified),
		CASE(a_log_that_was_rewritten_fails_the_verification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
