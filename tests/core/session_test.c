/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/fixture.h"

static void a_device_registers_and_logs_in_again(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;
	Fallgate__ServerFrame *answer;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	assert_int_equal(fixture->accounts, 1);
	assert_non_null(fg_session_of_device(&fixture->core, alice.device_id));
	person_upload(fixture, 1, &alice, 1, 3);
	fixture_connect(fixture, 2);
	answer = person_login(fixture, 2, &alice, NULL, NULL);
	assert_kind(WELCOME, answer);
	assert_string_equal(answer->welcome->handle, alice.handle);
	assert_int_equal(answer->welcome->one_time_prekeys, 3);
}

static void a_registration_whose_welcome_was_lost_may_be_said_again(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, thief;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	fixture_connect(fixture, 2);
	assert_kind(WELCOME, person_register(fixture, 2, &alice, "", SPOIL_NOTHING, NULL));
	assert_int_equal(fixture->accounts, 1);
	thief = alice;
	fg_sign_key_new(&thief.device);
	fixture_connect(fixture, 3);
	assert_error("E_EXISTS", person_register(fixture, 3, &thief, "", SPOIL_NOTHING, NULL));
}

static void a_second_login_drops_the_older_connection(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	fixture_connect(fixture, 2);
	assert_kind(WELCOME, person_login(fixture, 2, &alice, NULL, NULL));
	assert_int_equal(fixture->drops, 1);
	assert_int_equal(fixture->dropped, 1);
	assert_null(fg_session_find(&fixture->core, 1));
	assert_int_equal(fg_session_of_device(&fixture->core, alice.device_id)->conn, 2);
}

static void a_login_of_another_connection_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;
	struct fg_session other;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	fixture_connect(fixture, 2);
	other = *fg_session_find(&fixture->core, 2);
	fixture_connect(fixture, 3);
	assert_error("E_LOGIN", person_login(fixture, 3, &alice, other.exporter, NULL));
	fixture_until(fixture, &fixture->drops, 0);
	assert_int_equal(fixture->dropped, 3);
	fixture_connect(fixture, 4);
	assert_error("E_LOGIN", person_login(fixture, 4, &alice, NULL, other.server_nonce));
}

static void a_login_for_another_gateway_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;
	struct fg_id here = fixture->core.trust.gateway_id;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	fixture_connect(fixture, 2);
	fixture->core.trust.gateway_id.b[0] ^= 1;
	struct fg_session *session = fg_session_find(&fixture->core, 2);
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Login login = FALLGATE__LOGIN__INIT;
	Fallgate__LoginBody body = FALLGATE__LOGIN_BODY__INIT;
	Fallgate__Signed object;

	body.device_id = (ProtobufCBinaryData){ 16, alice.device_id };
	body.account_key = (ProtobufCBinaryData){ 32, alice.account.public };
	body.server_nonce = (ProtobufCBinaryData){ 16, session->server_nonce };
	body.gateway_id = (ProtobufCBinaryData){ 16, here.b };
	body.exporter = (ProtobufCBinaryData){ 32, session->exporter };
	assert_ok(fg_signed_make(&body, &alice.device, FG_LABEL_LOGIN, &object));
	login.login = &object;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_LOGIN;
	frame.login = &login;
	assert_error("E_LOGIN", fixture_ask(fixture, 2, &frame));
	fg_signed_free(&object);
}

static void a_login_signed_by_another_key_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, thief;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	thief = alice;
	fg_sign_key_new(&thief.device);
	fixture_connect(fixture, 2);
	assert_error("E_LOGIN", person_login(fixture, 2, &thief, NULL, NULL));
}

static void an_unreadable_store_is_no_wrong_login(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	fixture_connect(fixture, 2);
	fixture->get_rc = FG_E_STORE_BUSY;
	assert_error("E_STORE_BUSY", person_login(fixture, 2, &alice, NULL, NULL));
	assert_int_equal(fixture->drops, 0);
}

static void a_stranger_may_only_say_hello_register_and_login(void **state)
{
	struct fixture *fixture = *state;
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__GetDevices get = FALLGATE__GET_DEVICES__INIT;

	fixture_connect(fixture, 1);
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_GET_DEVICES;
	frame.get_devices = &get;
	assert_error("E_DENIED", fixture_ask(fixture, 1, &frame));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_device_registers_and_logs_in_again),
		CASE(a_registration_whose_welcome_was_lost_may_be_said_again),
		CASE(a_second_login_drops_the_older_connection),
		CASE(a_login_of_another_connection_is_refused),
		CASE(a_login_for_another_gateway_is_refused),
		CASE(a_login_signed_by_another_key_is_refused),
		CASE(an_unreadable_store_is_no_wrong_login),
		CASE(a_stranger_may_only_say_hello_register_and_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
