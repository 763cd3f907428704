/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/fixture.h"
#include "lib/proto/view.h"

#define BINARY(p, n) ((ProtobufCBinaryData){ (n), (uint8_t *)(uintptr_t)(p) })

static Fallgate__ServerFrame *look_up(struct fixture *fixture, uint64_t conn, const char *handle,
				      bool with_prekeys)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Lookup lookup = FALLGATE__LOOKUP__INIT;

	lookup.handle = (char *)(uintptr_t)handle;
	lookup.with_prekeys = with_prekeys;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_LOOKUP;
	frame.lookup = &lookup;
	return fixture_ask(fixture, conn, &frame);
}

static const Fallgate__View *open_view(struct fixture *fixture, const Fallgate__Signed *object,
				       const char *handle)
{
	struct fg_hash tag = fg_handle_tag(handle);
	struct fg_view_expect expect = { .directory_key = fixture->core.directory_key.public,
					 .gateway_id = fixture->core.trust.gateway_id,
					 .handle_tag = &tag,
					 .now_ms = fg_core_now_ms(&fixture->core) };
	const Fallgate__View *view;

	assert_ok(fg_view_check(&fixture->arena, object, &expect, &view));
	return view;
}

static void a_registration_made_for_another_connection_is_refused(void **state)
{
	static const enum spoil spoils[] = { SPOIL_CLIENT_NONCE, SPOIL_SERVER_NONCE, SPOIL_GATEWAY,
					     SPOIL_EXPORTER };
	struct fixture *fixture = *state;
	struct person alice;
	char code[33];

	person_make(&alice, "+12025550101");
	fixture_invite(fixture, alice.handle, code);
	fixture_connect(fixture, 1);
	for (size_t i = 0; i < ARRAY_LEN(spoils); i++)
		assert_error("E_REPLAY",
			     person_register(fixture, 1, &alice, code, spoils[i], NULL));
	assert_kind(WELCOME, person_register(fixture, 1, &alice, code, SPOIL_NOTHING, NULL));
}

static void an_invitation_is_for_one_handle_and_one_registration(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, bob;
	char code[33];

	person_make(&alice, "+12025550101");
	person_make(&bob, "+12025550102");
	fixture_invite(fixture, alice.handle, code);
	fixture_connect(fixture, 1);
	fixture_connect(fixture, 2);
	assert_error("E_INVITATION", person_register(fixture, 2, &bob, code, SPOIL_NOTHING, NULL));
	assert_error("E_INVITATION", person_register(fixture, 2, &bob, "", SPOIL_NOTHING, NULL));
	assert_kind(WELCOME, person_register(fixture, 1, &alice, code, SPOIL_NOTHING, NULL));
	bob.handle = alice.handle;
	assert_error("E_IDENTITY", person_register(fixture, 2, &bob, code, SPOIL_NOTHING, NULL));
}

static void a_view_says_who_has_the_handle_and_with_which_devices(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, phone;
	const Fallgate__View *view;
	Fallgate__ServerFrame *answer;
	struct fg_hash set;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	answer = look_up(fixture, 1, alice.handle, false);
	assert_kind(LOOKUP, answer);
	view = open_view(fixture, answer->lookup->view, alice.handle);
	set = fg_sha256(alice.device_id, sizeof(alice.device_id));
	assert_int_equal(view->state, FALLGATE__VIEW_STATE__VIEW_SECURE);
	assert_int_equal(view->epoch, 1);
	assert_memory_equal(view->device_set.data, set.b, 32);
	assert_memory_equal(view->account_key.data, alice.account.public, 32);
	phone = alice;
	fg_sign_key_new(&phone.device);
	fg_random(phone.device_id, sizeof(phone.device_id));
	fixture_connect(fixture, 2);
	assert_kind(WELCOME, person_register(fixture, 2, &phone, "", SPOIL_NOTHING, NULL));
	answer = look_up(fixture, 1, alice.handle, false);
	assert_int_equal(open_view(fixture, answer->lookup->view, alice.handle)->epoch, 2);
	assert_int_equal(answer->lookup->n_devices, 2);
	fg_random(phone.device_id, sizeof(phone.device_id));
	fixture_connect(fixture, 3);
	assert_error("E_LIMIT", person_register(fixture, 3, &phone, "", SPOIL_NOTHING, NULL));
}

static void a_device_that_the_account_did_not_sign_is_not_added(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, thief;
	Fallgate__ServerFrame *answer;

	person_make(&alice, "+12025550101");
	person_make(&thief, alice.handle);
	person_join(fixture, 1, &alice);
	memcpy(thief.account.public, alice.account.public,
	       sizeof(thief.account.public)); /* names the key, has it not */
	fixture_connect(fixture, 2);
	answer = person_register(fixture, 2, &thief, "", SPOIL_NOTHING, NULL);
	assert_int_equal(answer->kind_case, FALLGATE__SERVER_FRAME__KIND_ERROR);
	answer = look_up(fixture, 1, alice.handle, false);
	assert_int_equal(answer->lookup->n_devices, 1);
	assert_int_equal(open_view(fixture, answer->lookup->view, alice.handle)->epoch, 1);
}

static void a_miss_is_absent_and_of_the_size_of_a_hit(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;
	Fallgate__ServerFrame *answer;
	size_t hit, miss;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	answer = look_up(fixture, 1, alice.handle, true);
	hit = fallgate__lookup_result__get_packed_size(answer->lookup);
	answer = look_up(fixture, 1, "+12025550199", true);
	miss = fallgate__lookup_result__get_packed_size(answer->lookup);
	assert_int_equal(open_view(fixture, answer->lookup->view, "+12025550199")->state,
			 FALLGATE__VIEW_STATE__VIEW_ABSENT);
	assert_int_equal(hit, 4096);
	assert_int_equal(miss, hit);
}

static void count_announcements(enum fg_rc rc, const struct fg_store_row *rows, size_t count,
				void *arg)
{
	(void)rows;
	assert_ok(rc);
	*(size_t *)arg = count;
}

static size_t announcements(struct fixture *fixture)
{
	size_t count = SIZE_MAX;

	assert_ok(fg_store_sweep(fixture->engine_store, FG_SWEEP_ANNOUNCE, 0, 10,
				 count_announcements, &count));
	while (count == SIZE_MAX)
		fg_loop_step(fixture->core.loop, true);
	return count;
}

static void answer_announcement(struct fixture *fixture, uint64_t epoch, enum fg_rc rc)
{
	struct fg_ipc_account_noted noted = { .epoch = epoch, .rc = (uint16_t)rc };
	struct fg_hash tag = fg_handle_tag("+12025550101");

	memcpy(noted.handle_tag, tag.b, sizeof(noted.handle_tag));
	fg_announce_noted(&fixture->core, &noted);
}

static void answer_last_announcement(struct fixture *fixture, uint64_t epoch, enum fg_rc rc)
{
	answer_announcement(fixture, epoch, rc);
	while (announcements(fixture) != 0)
		fg_loop_step(fixture->core.loop, false);
}

static void assert_told_again(struct fixture *fixture)
{
	unsigned told = fixture->accounts;

	assert_int_equal(announcements(fixture), 1);
	fg_announce_sweep(&fixture->core);
	fixture_until(fixture, &fixture->accounts, told);
}

/* The frame may have been lost, with a chain that was away or by our own end. */
static void an_account_is_told_again_until_the_vault_has_noted_it(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;
	unsigned told;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	assert_told_again(fixture);
	assert_told_again(fixture);
	answer_announcement(fixture, 1, FG_E_NO_MEMORY); /* refused for now is not noted */
	assert_told_again(fixture);
	answer_announcement(fixture, 0, FG_OK); /* an answer to what was before */
	assert_told_again(fixture);
	answer_last_announcement(fixture, 1, FG_OK);
	told = fixture->accounts;
	fg_announce_sweep(&fixture->core);
	assert_kind(LOOKUP, look_up(fixture, 1, "+12025550199", false));
	assert_kind(LOOKUP, look_up(fixture, 1, "+12025550199", false));
	assert_int_equal(fixture->accounts, told);
}

static void an_account_that_the_vault_refuses_for_ever_is_not_told_again(void **state)
{
	static const enum fg_rc refusals[] = { FG_E_IDENTITY, FG_E_VIEW_STALE };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct fixture *fixture;
		struct person alice;

		if (i > 0) {
			fixture_teardown(state);
			fixture_setup(state);
		}
		fixture = *state;
		person_make(&alice, "+12025550101");
		person_join(fixture, 1, &alice);
		assert_int_equal(announcements(fixture), 1);
		answer_last_announcement(fixture, 1, refusals[i]);
	}
}

static void what_is_noted_of_an_older_epoch_leaves_the_newer_to_tell(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, phone;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	phone = alice;
	fg_sign_key_new(&phone.device);
	fg_random(phone.device_id, sizeof(phone.device_id));
	fixture_connect(fixture, 2);
	assert_kind(WELCOME, person_register(fixture, 2, &phone, "", SPOIL_NOTHING, NULL));
	answer_announcement(fixture, 1, FG_OK);
	assert_told_again(fixture);
	answer_last_announcement(fixture, 2, FG_OK);
}

static void an_account_made_while_the_chain_is_away_is_told_when_it_is_back(void **state)
{
	struct fixture *fixture = *state;
	struct fg_channel *log = fixture->core.log;
	struct person alice;

	fixture->core.log = NULL;
	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	assert_int_equal(fixture->accounts, 0);
	fg_announce_sweep(&fixture->core);
	assert_int_equal(announcements(fixture), 1);
	fixture->core.log = log;
	assert_told_again(fixture);
}

static void lookups_have_a_budget_that_reconnecting_does_not_refill(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	for (int i = 0; i < 3; i++)
		assert_kind(LOOKUP, look_up(fixture, 1, "+12025550199", false));
	assert_error("E_LIMIT", look_up(fixture, 1, "+12025550199", false));
	fixture_connect(fixture, 2);
	assert_kind(WELCOME, person_login(fixture, 2, &alice, NULL, NULL));
	assert_error("E_LIMIT", look_up(fixture, 2, "+12025550199", false));
	fixture->core.clock->offset_ms += 60000;
	assert_kind(LOOKUP, look_up(fixture, 2, "+12025550199", false));
	assert_error("E_LIMIT", look_up(fixture, 2, "+12025550199", false));
	fixture->core.clock->offset_ms += 600000;
	assert_kind(LOOKUP, look_up(fixture, 2, "+12025550199", false));
	assert_error("E_LIMIT", look_up(fixture, 2, "+12025550199",
					false)); /* the fifth was the last of the day */
}

static void each_lookup_takes_one_prekey_until_none_is_left(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, bob;
	Fallgate__ServerFrame *answer;

	person_make(&alice, "+12025550101");
	person_make(&bob, "+12025550102");
	person_join(fixture, 1, &alice);
	person_join(fixture, 2, &bob);
	person_upload(fixture, 2, &bob, 10, 1);
	answer = look_up(fixture, 1, bob.handle, true);
	assert_int_equal(answer->lookup->n_devices, 1);
	assert_non_null(answer->lookup->devices[0]->one_time_prekey);
	answer = look_up(fixture, 1, bob.handle, true);
	assert_non_null(answer->lookup->devices[0]->signed_prekey);
	assert_null(answer->lookup->devices[0]->one_time_prekey);
	fixture_until(fixture, &fixture->lows, 1);
}

static void an_unreadable_directory_is_an_error_and_never_an_absence(void **state)
{
	struct fixture *fixture = *state;
	struct person alice;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	fixture->get_rc = FG_E_STORE_BUSY;
	assert_error("E_STORE_BUSY", look_up(fixture, 1, alice.handle, false));
}

static void a_new_account_key_needs_the_old_ones_signature(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, next;
	Fallgate__Succession body = FALLGATE__SUCCESSION__INIT;
	Fallgate__Signed forged, succession;
	Fallgate__ServerFrame *answer;

	person_make(&alice, "+12025550101");
	person_make(&next, alice.handle);
	person_join(fixture, 1, &alice);
	body.old_key = BINARY(alice.account.public, 32);
	body.new_key = BINARY(next.account.public, 32);
	body.handle = (char *)(uintptr_t)alice.handle;
	assert_ok(fg_signed_make(&body, &next.account, FG_LABEL_SUCCESSION, &forged));
	assert_ok(fg_signed_make(&body, &alice.account, FG_LABEL_SUCCESSION, &succession));
	fixture_connect(fixture, 2);
	assert_error("E_IDENTITY", person_register(fixture, 2, &next, "", SPOIL_NOTHING, &forged));
	answer = person_register(fixture, 2, &next, "", SPOIL_NOTHING, &succession);
	assert_kind(WELCOME, answer);
	assert_non_null(open_view(fixture, answer->welcome->view, alice.handle)->succession);
	assert_null(fg_session_find(&fixture->core, 1));
	fixture_connect(fixture, 3);
	assert_error("E_LOGIN", person_login(fixture, 3, &alice, NULL, NULL));
	fg_signed_free(&forged);
	fg_signed_free(&succession);
}

static Fallgate__ServerFrame *sign_off(struct fixture *fixture, const struct person *person,
				       uint64_t epoch, const struct fg_sign_key *key)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Deregister request = FALLGATE__DEREGISTER__INIT;
	Fallgate__Deregistration body = FALLGATE__DEREGISTRATION__INIT;
	Fallgate__Signed object;
	Fallgate__ServerFrame *answer;

	body.handle = (char *)(uintptr_t)person->handle;
	body.account_key = BINARY(person->account.public, 32);
	body.epoch = epoch;
	assert_ok(fg_signed_make(&body, key, FG_LABEL_DEREGISTER, &object));
	request.deregistration = &object;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_DEREGISTER;
	frame.deregister = &request;
	answer = fixture_ask(fixture, 1, &frame);
	fg_signed_free(&object);
	return answer;
}

static void who_signs_off_is_absent_with_the_statement_and_kept_out(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, bob;
	const Fallgate__View *view;

	person_make(&alice, "+12025550101");
	person_make(&bob, "+12025550102");
	person_join(fixture, 1, &alice);
	person_join(fixture, 2, &bob);
	assert_error("E_SIGNATURE", sign_off(fixture, &alice, 1, &bob.account));
	assert_error("E_VIEW_STALE", sign_off(fixture, &alice, 0, &alice.account));
	assert_kind(DONE, sign_off(fixture, &alice, 1, &alice.account));
	fixture_until(fixture, &fixture->drops, 0);
	view = open_view(fixture, look_up(fixture, 2, alice.handle, true)->lookup->view,
			 alice.handle);
	assert_int_equal(view->state, FALLGATE__VIEW_STATE__VIEW_ABSENT);
	assert_int_equal(view->epoch, 2);
	assert_non_null(view->deregistration);
	fixture_connect(fixture, 3);
	assert_error("E_LOGIN", person_login(fixture, 3, &alice, NULL, NULL));
}

static void a_removed_device_is_dropped_and_the_last_one_stays(void **state)
{
	struct fixture *fixture = *state;
	struct person alice, phone;
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__RemoveDevice remove = FALLGATE__REMOVE_DEVICE__INIT;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	phone = alice;
	fg_sign_key_new(&phone.device);
	fg_random(phone.device_id, sizeof(phone.device_id));
	fixture_connect(fixture, 2);
	assert_kind(WELCOME, person_register(fixture, 2, &phone, "", SPOIL_NOTHING, NULL));
	remove.device_id = BINARY(phone.device_id, 16);
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_REMOVE_DEVICE;
	frame.remove_device = &remove;
	assert_kind(DONE, fixture_ask(fixture, 1, &frame));
	assert_null(fg_session_find(&fixture->core, 2));
	assert_int_equal(open_view(fixture, look_up(fixture, 1, alice.handle, false)->lookup->view,
				   alice.handle)
				 ->epoch,
			 3);
	assert_error("E_NOT_FOUND", fixture_ask(fixture, 1, &frame));
	remove.device_id = BINARY(alice.device_id, 16);
	assert_error("E_DENIED", fixture_ask(fixture, 1, &frame));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_registration_made_for_another_connection_is_refused),
		CASE(an_invitation_is_for_one_handle_and_one_registration),
		CASE(a_view_says_who_has_the_handle_and_with_which_devices),
		CASE(a_device_that_the_account_did_not_sign_is_not_added),
		CASE(a_miss_is_absent_and_of_the_size_of_a_hit),
		CASE(an_account_is_told_again_until_the_vault_has_noted_it),
		CASE(an_account_that_the_vault_refuses_for_ever_is_not_told_again),
		CASE(what_is_noted_of_an_older_epoch_leaves_the_newer_to_tell),
		CASE(an_account_made_while_the_chain_is_away_is_told_when_it_is_back),
		CASE(lookups_have_a_budget_that_reconnecting_does_not_refill),
		CASE(each_lookup_takes_one_prekey_until_none_is_left),
		CASE(an_unreadable_directory_is_an_error_and_never_an_absence),
		CASE(a_new_account_key_needs_the_old_ones_signature),
		CASE(who_signs_off_is_absent_with_the_statement_and_kept_out),
		CASE(a_removed_device_is_dropped_and_the_last_one_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
