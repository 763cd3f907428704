/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Devices of an account and what is ordered of the gateway: pairing, login, keys and their renewal,
 * cancel, removal, signing off, new identities.
 */
#include "client/device/e2e.h"
#include "client/device/pairing.h"
#include "lib/crypto/base64.h"
#include "lib/proto/consent.h"
#include "lib/proto/view.h"
#include "tests/client/world.h"

#define DAY_MS (24 * 3600 * 1000ull)

static void new_device(const struct world *w, struct fg_state *out)
{
	assert_ok(fg_state_new((const char *)w->alice.data->trust.data, w->alice.data->trust.len,
			       out));
}

static void done(struct world *w)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Done answer = FALLGATE__DONE__INIT;

	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_DONE;
	frame.done = &answer;
	world_answer(w, &frame);
}

/* ---- pairing ---- */

static void an_approved_device_registers_without_the_account_key(void **state)
{
	struct world *w = *state;
	struct fg_state second;
	Fallgate__DeviceCert *cert;
	char *code, *approval;
	uint8_t account[32];

	memcpy(account, w->alice.account_key.public, 32);
	new_device(w, &second);
	assert_ok(fg_pairing_request(&second, ALICE, &code));
	assert_false(fg_state_holds_account(&second));
	assert_ok(fg_pairing_approve(&w->alice, code, w->now_ms, &approval));
	assert_ok(fg_pairing_accept(&second, approval, w->now_ms));
	assert_memory_equal(second.account_key.public, account, 32);
	assert_ok(fg_suite1_cert_check(&w->arena, second.data->cert, account, w->now_ms, &cert));
	assert_true(cert->expires_ms - cert->not_before_ms <= FG_CERT_LIFE_MAX_MS);
	assert_memory_equal(cert->device_id.data, second.data->device_id.data, 16);
	fg_session_free(w->session);
	w->session = NULL;
	fg_state_free(&w->alice);
	w->alice = second;
	world_connect(w, ALICE, "");
	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_REGISTER);
	assert_string_equal(w->last->register_->invitation, "");
	assert_ok(fg_signed_verify(w->last->register_->account, account, 32, FG_LABEL_ACCOUNT));
	assert_ok(fg_signed_verify(w->last->register_->cert, account, 32, FG_LABEL_DEVICE_CERT));
	world_welcome(w);
	assert_int_equal(w->ready, 2);
	assert_rc(FG_E_DENIED, fg_session_deregister(w->session));
	assert_rc(FG_E_DENIED, fg_pairing_approve(&w->alice, code, w->now_ms, &approval));
	free(code);
	free(approval);
}

static void a_code_for_another_handle_or_gateway_is_not_approved(void **state)
{
	struct world *w = *state;
	struct fg_state second;
	char *code, *approval;

	new_device(w, &second);
	assert_ok(fg_pairing_request(&second, BOB, &code));
	assert_rc(FG_E_DENIED, fg_pairing_approve(&w->alice, code, w->now_ms, &approval));
	free(code);
	second.trust.gateway_id[0] ^= 1;
	assert_ok(fg_pairing_request(&second, ALICE, &code));
	assert_rc(FG_E_DENIED, fg_pairing_approve(&w->alice, code, w->now_ms, &approval));
	assert_rc(FG_E_STATE, fg_pairing_approve(&second, code, w->now_ms, &approval));
	assert_rc(FG_E_EXISTS, fg_pairing_request(&w->alice, ALICE, &approval));
	free(code);
	fg_state_free(&second);
}

static void an_approval_of_another_device_account_time_or_handle_is_refused(void **state)
{
	struct world *w = *state;
	struct fg_state second, third;
	char *code, *third_code, *approval;

	new_device(w, &second);
	new_device(w, &third);
	assert_rc(FG_E_STATE, fg_pairing_accept(&second, "", w->now_ms));
	assert_ok(fg_pairing_request(&second, ALICE, &code));
	assert_ok(fg_pairing_request(&third, ALICE, &third_code));
	assert_ok(fg_pairing_approve(&w->alice, third_code, w->now_ms, &approval));
	assert_rc(FG_E_DENIED, fg_pairing_accept(&second, approval, w->now_ms));
	free(approval);
	assert_ok(fg_pairing_approve(&w->alice, code, w->now_ms, &approval));
	assert_rc(FG_E_IDENTITY, fg_pairing_accept(&second, approval, w->now_ms + 30 * DAY_MS));
	assert_rc(FG_E_SYNTAX, fg_pairing_accept(&second, code, w->now_ms));
	assert_ok(fg_text_set(&second.data->wanted_handle, BOB));
	assert_rc(FG_E_DENIED, fg_pairing_accept(&second, approval, w->now_ms));
	assert_ok(fg_text_set(&second.data->wanted_handle, ALICE));
	free(approval);
	fg_sign_key_new(&w->alice.account_key); /* the account object is not signed by that key */
	assert_ok(fg_pairing_approve(&w->alice, code, w->now_ms, &approval));
	assert_rc(FG_E_IDENTITY, fg_pairing_accept(&second, approval, w->now_ms));
	assert_null(second.data->cert);
	free(approval);
	free(code);
	free(third_code);
	fg_state_free(&second);
	fg_state_free(&third);
}

/* ---- login and keys ---- */

static void a_login_is_signed_over_this_connection(void **state)
{
	struct world *w = *state;
	void *opened;
	const Fallgate__LoginBody *body;

	w->one_time_left = FG_STATE_PREKEYS;
	world_connect(w, NULL, NULL);
	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_LOGIN);
	assert_ok(fg_signed_open(&w->arena, w->last->login->login, w->alice.device_key.public, 32,
				 FG_LABEL_LOGIN, &fallgate__login_body__descriptor, &opened));
	body = opened;
	assert_int_equal(body->exporter.len, 32);
	assert_int_equal(body->exporter.data[0], 9);
	assert_int_equal(body->server_nonce.data[0], 5);
	assert_memory_equal(body->gateway_id.data, w->gateway_id, 16);
	assert_memory_equal(body->device_id.data, w->alice.data->device_id.data, 16);
	world_welcome(w);
	assert_int_equal(w->ready, 2);
	assert_int_equal(w->uploads, 1); /* that of the registration: nothing is due */
}

static void prekeys_are_refilled_when_few_are_left(void **state)
{
	struct world *w = *state;
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__PrekeysLow low = FALLGATE__PREKEYS_LOW__INIT;

	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_PREKEYS_LOW;
	frame.prekeys_low = &low;
	low.left = FG_STATE_PREKEYS_LOW;
	deliver(w, &frame, FG_OK);
	assert_int_equal(w->uploads, 1);
	low.left = FG_STATE_PREKEYS_LOW - 1;
	deliver(w, &frame, FG_OK);
	assert_int_equal(w->uploads, 2);
	assert_int_equal(w->last->upload_prekeys->n_prekeys, FG_STATE_PREKEYS);
	assert_null(w->last->upload_prekeys->signed_prekey);
	assert_null(w->last->upload_prekeys->cert);
}

static void keys_are_renewed_when_they_are_due(void **state)
{
	static const struct {
		uint64_t days;
		bool prekey, cert;
	} cases[] = {
		{ 6, false, false }, { 7, true, false }, { 19, true, false }, { 20, true, true }
	};
	struct world *w = *state;

	w->one_time_left = FG_STATE_PREKEYS;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned before = w->uploads;

		w->now_ms = NOW_MS + cases[i].days * DAY_MS;
		world_connect(w, NULL, NULL);
		world_welcome(w);
		assert_int_equal(w->uploads, before + cases[i].prekey);
		if (!cases[i].prekey)
			continue;
		assert_int_equal(w->last->upload_prekeys->cert != NULL, cases[i].cert);
		/* Back to one signed prekey, of the registration. */
		if (w->last->upload_prekeys->signed_prekey)
			w->alice.data->prekeys[w->alice.data->n_prekeys - 1]->created_ms = NOW_MS;
	}
	assert_int_equal(w->notices, 0);
}

static void a_signed_prekey_is_kept_until_its_successor_is_two_weeks_old(void **state)
{
	struct world *w = *state;
	struct fg_kem_key key;
	uint32_t first = w->alice.data->prekeys[0]->id;

	w->one_time_left = FG_STATE_PREKEYS;
	w->now_ms = NOW_MS + 40 * DAY_MS; /* long away: what waits is sealed to the first */
	world_connect(w, NULL, NULL);
	world_welcome(w);
	assert_ok(fg_state_prekey(&w->alice, first, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, &key));
	w->now_ms += 15 * DAY_MS;
	world_connect(w, NULL, NULL);
	world_welcome(w);
	assert_rc(FG_E_REPLAY,
		  fg_state_prekey(&w->alice, first, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, &key));
}

static void a_device_without_account_key_takes_a_new_approval_to_the_gateway(void **state)
{
	struct world *w = *state;
	struct fg_state approver;
	size_t len;
	uint8_t *packed = fg_proto_pack_new(w->alice.data, &len);
	char *code, *approval;

	assert_ok(fg_state_unpack(packed, len, &approver));
	free(packed);
	w->one_time_left = FG_STATE_PREKEYS;
	assert_ok(fg_bytes_set(&w->alice.data->account_public, w->alice.account_key.public, 32));
	fg_state_forget_account(&w->alice);
	memcpy(w->alice.account_key.public, approver.account_key.public, 32);
	w->now_ms = NOW_MS + 25 * DAY_MS;
	world_connect(w, NULL, NULL);
	world_welcome(w);
	assert_int_equal(w->notices, 1);
	assert_ok(fg_pairing_request(&w->alice, ALICE, &code));
	assert_ok(fg_pairing_approve(&approver, code, w->now_ms, &approval));
	assert_ok(fg_pairing_accept(&w->alice, approval, w->now_ms));
	world_connect(w, NULL, NULL);
	world_welcome(w);
	assert_int_equal(w->notices, 1);
	assert_non_null(w->last->upload_prekeys->cert);
	assert_false(w->alice.data->cert_new);
	free(code);
	free(approval);
	fg_state_free(&approver);
}

/* ---- orders ---- */

static void a_cancel_is_signed_and_for_an_own_message(void **state)
{
	struct world *w = *state;
	struct fg_id id, foreign = { { 1 } };

	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	assert_rc(FG_E_NOT_FOUND, fg_session_cancel(w->session, &foreign));
	assert_ok(fg_session_cancel(w->session, &id));
	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_CANCEL);
	assert_ok(fg_signed_verify(w->last->cancel->cancel, w->alice.device_key.public, 32,
				   FG_LABEL_CANCEL));
	assert_rc(FG_E_LIMIT, fg_session_remove(w->session, &id));
	done(w);
	assert_int_equal(w->done, 1);
	assert_ok(fg_session_remove(w->session, &id));
	assert_memory_equal(w->last->remove_device->device_id.data, id.b, 16);
	done(w);
	assert_int_equal(w->done, 2);
}

static void an_order_that_is_refused_makes_room_for_the_next(void **state)
{
	struct world *w = *state;
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Error error = FALLGATE__ERROR__INIT;
	struct fg_id id = { { 1 } };

	error.code = (char *)"E_NOT_FOUND";
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_ERROR;
	frame.error = &error;
	assert_ok(fg_session_remove(w->session, &id));
	world_answer(w, &frame);
	assert_int_equal(w->error, FG_E_NOT_FOUND);
	assert_int_equal(w->done, 0);
	assert_ok(fg_session_remove(w->session, &id));
}

static void signing_off_names_the_epoch_and_ends_the_registration(void **state)
{
	struct world *w = *state;
	struct fg_hash tag = fg_handle_tag(ALICE);

	assert_ok(fg_session_deregister(w->session));
	assert_ok(fg_deregistration_check(&w->arena, w->last->deregister->deregistration, &tag,
					  w->alice.account_key.public, 1));
	assert_rc(FG_E_VIEW_STALE,
		  fg_deregistration_check(&w->arena, w->last->deregister->deregistration, &tag,
					  w->alice.account_key.public, 2));
	assert_string_equal(w->alice.data->handle, ALICE);
	done(w);
	assert_int_equal(w->done, 1);
	assert_string_equal(w->alice.data->handle, "");
}

static void a_new_identity_is_pinned_when_the_gateway_took_its_acceptance(void **state)
{
	struct world *w = *state;
	Fallgate__AcceptIdentity *accept;

	assert_rc(FG_E_NOT_FOUND, fg_session_accept_identity(w->session, BOB));
	pin_bob(w, 3);
	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	assert_ok(fg_session_accept_identity(w->session, BOB));
	answer_lookup(w);
	assert_int_equal(w->error, FG_E_EXISTS);
	fg_state_pin(&w->alice, BOB)->account_key.data[0] ^= 1;
	assert_ok(fg_session_accept_identity(w->session, BOB));
	answer_lookup(w);
	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_ACCEPT_IDENTITY);
	assert_ok(fg_signed_verify(w->last->accept_identity->accept, w->alice.device_key.public, 32,
				   FG_LABEL_ACCEPT_IDENTITY));
	accept = fg_proto_unpack(&w->arena, &fallgate__accept_identity__descriptor,
				 w->last->accept_identity->accept->body.data,
				 w->last->accept_identity->accept->body.len);
	assert_memory_equal(accept->new_key.data, w->bob.account_key.public, 32);
	assert_int_equal(fg_state_pin(&w->alice, BOB)->epoch, 3);
	done(w);
	assert_int_equal(w->done, 1);
	assert_int_equal(fg_state_pin(&w->alice, BOB)->epoch, 4);
	assert_memory_equal(fg_state_pin(&w->alice, BOB)->account_key.data,
			    w->bob.account_key.public, 32);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(an_approved_device_registers_without_the_account_key),
		CASE(a_code_for_another_handle_or_gateway_is_not_approved),
		CASE(an_approval_of_another_device_account_time_or_handle_is_refused),
		CASE(a_login_is_signed_over_this_connection),
		CASE(prekeys_are_refilled_when_few_are_left),
		CASE(keys_are_renewed_when_they_are_due),
		CASE(a_signed_prekey_is_kept_until_its_successor_is_two_weeks_old),
		CASE(a_device_without_account_key_takes_a_new_approval_to_the_gateway),
		CASE(a_cancel_is_signed_and_for_an_own_message),
		CASE(an_order_that_is_refused_makes_room_for_the_next),
		CASE(signing_off_names_the_epoch_and_ends_the_registration),
		CASE(a_new_identity_is_pinned_when_the_gateway_took_its_acceptance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
