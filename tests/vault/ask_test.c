/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A new text for a message that waits, from the application's words to what a phone would get. Then the core says of the message what it is
 * not, and nothing is sealed.
 */
#include <string.h>
#include <talloc.h>
#include "gateway/vault/vault_internal.h"
#include "tests/support/relay_fixture.h"

enum { SERVER = 1, TOKEN = 4711 };

struct replaced {
	struct relay relay;
	struct fg_frame sealed; /* SEALED: the message, its bytes in sealed_ctx */
	void *sealed_ctx;
	struct fg_frame asked; /* APP_ASKED: the new text for its id */
	void *asked_ctx;
	struct fg_frame replace; /* APP_REPLACE, as the core makes it */
};

static void ask_for(struct replaced *r, const void *octets, size_t len)
{
	struct fg_frame ask = { .type = FG_IPC_APP_ASK };

	ask.app_ask.token = TOKEN;
	ask.app_ask.what = FG_ASK_REPLACE;
	ask.app_ask.account = FG_BYTES_TEXT("shop");
	ask.app_ask.message_id = r->sealed.sealed.message_id;
	ask.app_ask.text = FG_BYTES(octets, len);
	fg_vault_link_frame(r->relay.chain.vault, SERVER, &ask);
	r->asked = chain_keep(&r->relay.chain.offered, &r->asked_ctx);
}

static void begin(struct replaced *r, uint8_t flags, const void *octets, size_t len)
{
	const struct fg_ipc_sealed *sealed = &r->sealed.sealed;
	struct fg_ipc_app_replace *to = &r->replace.app_replace;

	memset(r, 0, sizeof(*r));
	relay_begin(&r->relay);
	r->relay.submit_flags = flags;
	r->relay.submit_protocol_id = 0x41;
	relay_submit(&r->relay, "shop", "the old text");
	r->sealed = chain_keep(&r->relay.chain.offered, &r->sealed_ctx);
	ask_for(r, octets, len);
	r->replace.type = FG_IPC_APP_REPLACE;
	to->link = SERVER;
	to->token = TOKEN;
	to->message_id = sealed->message_id;
	to->account = sealed->account;
	to->source = sealed->source;
	to->destination = sealed->destination;
	to->message_class = sealed->message_class;
	to->flags = sealed->flags;
	to->protocol_id = sealed->protocol_id;
	to->old = sealed->body;
	to->text = r->asked.app_asked.body;
}

static void end(struct replaced *r)
{
	talloc_free(r->sealed_ctx);
	talloc_free(r->asked_ctx);
	relay_end(&r->relay);
}

/* What the core would order, with the new body in the place of the old one. */
static void order(struct replaced *r)
{
	const struct fg_ipc_app_asked *sealed = &r->relay.chain.offered.app_asked;

	assert_int_equal(r->relay.chain.offered.type, FG_IPC_APP_ASKED);
	assert_int_equal(sealed->what, FG_ASK_REPLACED);
	assert_int_equal(sealed->token, TOKEN);
	r->sealed.sealed.body = sealed->body;
	r->relay.chain.offered = r->sealed;
	relay_make_views(&r->relay, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	relay_make_order(&r->relay);
	relay_expect_job(&r->relay);
}

static void a_new_text_leaves_in_the_place_of_the_old_one(void **state)
{
	static const struct {
		uint8_t flags;
		const char *octets;
		size_t len;
		const char *text;
	} cases[] = {
		{ 0, "new \x05t\x1b\x65", 8, "new \u00e9t\u20ac" }, /* GSM */
		{ FG_SUBMIT_LATIN1, "caf\xe9", 4, "caf\u00e9" },
		{ FG_SUBMIT_UCS2 | FG_SUBMIT_FLASH, "\x04\x3d\x00!", 4, "\u043d!" },
	};
	char expected[64];
	struct replaced r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(&r, cases[i].flags, cases[i].octets, cases[i].len);
		fg_vault_frame(r.relay.chain.vault, &r.replace);
		order(&r);
		snprintf(expected, sizeof(expected), "(Not encrypted) SHOP: %s", cases[i].text);
		assert_string_equal(r.relay.chain.job_text, expected);
		end(&r);
	}
}

static void a_long_text_is_counted_with_its_mark(void **state)
{
	char text[255];
	struct replaced r;

	(void)state;
	memset(text, 'x', sizeof(text));
	begin(&r, 0, text, sizeof(text));
	fg_vault_frame(r.relay.chain.vault, &r.replace);
	assert_int_equal(r.relay.chain.offered.app_asked.segments, 2);
	end(&r);
}

static void expect_refused(struct replaced *r, enum fg_rc rc)
{
	unsigned offers = r->relay.chain.offers;

	r->relay.chain.answers = 0;
	fg_vault_frame(r->relay.chain.vault, &r->replace);
	assert_int_equal(r->relay.chain.offers, offers);
	assert_int_equal(r->relay.chain.answers, 1);
	assert_int_equal(r->relay.chain.answer.token, TOKEN);
	assert_rc(rc, (enum fg_rc)r->relay.chain.answer.rc);
	end(r);
}

/* Each would send the text to another phone, in another way, or in the name of another. */
static void nothing_is_sealed_for_another_message_than_was_submitted(void **state)
{
	struct replaced r;

	(void)state;
	begin(&r, 0, "new", 3);
	r.replace.app_replace.destination = FG_BYTES_TEXT("+12025550198");
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	r.replace.app_replace.source = FG_BYTES_TEXT("BANK");
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	r.replace.app_replace.message_class = FG_MESSAGE_BULK;
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	r.replace.app_replace.flags = FG_SUBMIT_UCS2;
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	r.replace.app_replace.protocol_id = 0;
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	r.replace.app_replace.account = FG_BYTES_TEXT("bank");
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	r.replace.app_replace.message_id.b[0] ^= 1;
	expect_refused(&r, FG_E_SEAL);
}

/* A text is for the message that the application named, a body is no text on its way, and a text on its way no body. */
static void a_text_is_for_its_message_alone(void **state)
{
	struct replaced r, other;

	(void)state;
	begin(&r, 0, "new", 3);
	r.replace.app_replace.text = r.sealed.sealed.body;
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	r.replace.app_replace.old = r.asked.app_asked.body;
	expect_refused(&r, FG_E_SEAL);
	begin(&r, 0, "new", 3);
	begin(&other, 0, "for another", 11);
	r.sealed.sealed.message_id = other.sealed.sealed.message_id;
	ask_for(&r, "new", 3); /* by the same vault */
	r.replace.app_replace.text = r.asked.app_asked.body;
	end(&other);
	expect_refused(&r, FG_E_SEAL);
}

static void no_text_and_too_late_are_refused(void **state)
{
	struct replaced r;

	(void)state;
	begin(&r, 0, "", 0);
	expect_refused(&r, FG_E_TEXT_LONG);
	begin(&r, 0, "new", 3);
	r.relay.chain.clock.offset_ms += 20 * 60000;
	expect_refused(&r, FG_E_CONSENT_TIME);
}

/* Only the vault says that a text is sealed. */
static void a_link_cannot_say_what_the_vault_says(void **state)
{
	struct fg_frame ask = { .type = FG_IPC_APP_ASK };
	struct replaced r;
	unsigned offers;

	(void)state;
	begin(&r, 0, "new", 3);
	offers = r.relay.chain.offers;
	ask.app_ask.what = FG_ASK_REPLACED;
	ask.app_ask.account = FG_BYTES_TEXT("shop");
	ask.app_ask.message_id = r.sealed.sealed.message_id;
	fg_vault_link_frame(r.relay.chain.vault, SERVER, &ask);
	assert_int_equal(r.relay.chain.offers, offers);
	assert_rc(FG_E_DENIED, (enum fg_rc)r.relay.chain.answer.rc);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_text_leaves_in_the_place_of_the_old_one),
		cmocka_unit_test(a_long_text_is_counted_with_its_mark),
		cmocka_unit_test(nothing_is_sealed_for_another_message_than_was_submitted),
		cmocka_unit_test(a_text_is_for_its_message_alone),
		cmocka_unit_test(no_text_and_too_late_are_refused),
		cmocka_unit_test(a_link_cannot_say_what_the_vault_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
