/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of a long message are sealed one by one and opened together; and a phone's text for an application. Then one thing after another is
 * wrong, and nothing is opened.
 */
#include <string.h>
#include "gateway/vault/vault_internal.h"
#include "lib/base/cursor.h"
#include "tests/support/relay_fixture.h"

enum { PARTS = 3, REF = 0x4711, SERVER = 1, CARRIER = 0 };

#define NUMBER "12345"

struct parts {
	struct relay relay;
	struct fg_id id[PARTS];
	uint8_t sealed[PARTS][512];
	size_t len[PARTS];
	uint8_t flags[PARTS], protocol_id[PARTS];
	uint8_t body[2048];
};

static const char *const parcel[PARTS] = { "your parcel ", "is here", ", come" };
static const char *const *texts = parcel;

static void submit_part(struct parts *p, unsigned i, bool inbound)
{
	struct fg_frame frame = { .type = FG_IPC_SUBMIT };
	const struct fg_ipc_sealed *sealed = &p->relay.chain.offered.sealed;

	frame.submit.kind = inbound ? FG_SUBMIT_INBOUND : FG_SUBMIT_APPLICATION;
	frame.submit.account = FG_BYTES_TEXT(inbound ? "" : "shop");
	frame.submit.source = FG_BYTES_TEXT(inbound ? "+12025550111" : "SHOP");
	frame.submit.destination = FG_BYTES_TEXT(inbound ? NUMBER : RELAY_DESTINATION);
	frame.submit.message_class = FG_MESSAGE_NORMAL;
	frame.submit.flags = p->flags[i];
	frame.submit.protocol_id = p->protocol_id[i];
	frame.submit.concat_ref = REF;
	frame.submit.concat_total = PARTS;
	frame.submit.concat_part = (uint8_t)(i + 1);
	frame.submit.text = FG_BYTES_TEXT(texts[i]);
	fg_vault_link_frame(p->relay.chain.vault, inbound ? CARRIER : SERVER, &frame);
	p->id[i] = sealed->message_id;
	p->len[i] = sealed->body.len;
	assert_true(p->len[i] <= sizeof(p->sealed[i]));
	memcpy(p->sealed[i], sealed->body.data, p->len[i]);
}

/* An order with those parts, in that order, under the id of the first of them. */
static void order_of(struct parts *p, const unsigned *which, size_t count, uint8_t total)
{
	struct fg_ipc_relay *relay = &p->relay.frame.relay;
	struct fg_writer w;

	fg_writer_init(&w, p->body, sizeof(p->body));
	for (size_t i = 0; i < count; i++) {
		fg_writer_bytes(&w, p->id[which[i]].b, FG_ID_LEN);
		fg_writer_u8(&w, (uint8_t)(which[i] + 1));
		fg_writer_u8(&w, p->flags[which[i]]);
		fg_writer_u8(&w, p->protocol_id[which[i]]);
		fg_writer_u16(&w, (uint16_t)p->len[which[i]]);
		fg_writer_bytes(&w, p->sealed[which[i]], p->len[which[i]]);
	}
	assert_ok(w.rc);
	relay->message_id = p->id[which[0]];
	relay->parts_ref = REF;
	relay->parts_total = total;
	relay->body = FG_BYTES(p->body, fg_writer_len(&w));
}

static void begin_with(struct parts *p, bool inbound, const uint8_t *flags,
		       const uint8_t *protocol_id)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->flags, flags, sizeof(p->flags));
	memcpy(p->protocol_id, protocol_id, sizeof(p->protocol_id));
	relay_begin(&p->relay);
	strcpy(p->relay.chain.conf.accounts[0].numbers, NUMBER);
	for (unsigned i = 0; i < PARTS; i++)
		submit_part(p, i, inbound);
	relay_make_views(&p->relay, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	relay_make_order(&p->relay);
	order_of(p, (const unsigned[]){ 0, 1, 2 }, 3, PARTS);
}

static void begin(struct parts *p, bool inbound)
{
	static const uint8_t none[PARTS];

	begin_with(p, inbound, none, none);
}

static void parts_of_an_application_are_one_text_with_one_mark(void **state)
{
	struct parts p;

	(void)state;
	begin(&p, false);
	relay_expect_job(&p.relay);
	assert_string_equal(p.relay.chain.job_text,
			    "(Not encrypted) SHOP: your parcel is here, come");
	relay_end(&p.relay);
}

/* An SMSC may say class 0 of the first part alone, and phones have been seen that give a protocol identifier to one. */
static void parts_may_differ_in_how_they_are_shown(void **state)
{
	struct parts p;

	(void)state;
	begin_with(&p, false, (const uint8_t[PARTS]){ FG_SUBMIT_FLASH, 0, FG_SUBMIT_PRIORITY },
		   (const uint8_t[PARTS]){ 0, 0x41, 0 });
	p.relay.frame.relay.flags = FG_SUBMIT_FLASH;
	relay_expect_job(&p.relay);
	assert_string_equal(p.relay.chain.job_text,
			    "(Not encrypted) SHOP: your parcel is here, come");
	assert_int_equal(p.relay.chain.job.flags, FG_SUBMIT_FLASH);
	relay_end(&p.relay);
	begin_with(&p, false, (const uint8_t[PARTS]){ FG_SUBMIT_FLASH },
		   (const uint8_t[PARTS]){ 0 });
	p.flags[1] = FG_SUBMIT_FLASH; /* which it was not sealed with */
	order_of(&p, (const unsigned[]){ 0, 1, 2 }, 3, PARTS);
	relay_expect_refused(&p.relay, FG_E_SEAL);
}

static void refused(const unsigned *which, size_t count, uint8_t total, enum fg_rc rc)
{
	struct parts p;

	begin(&p, false);
	order_of(&p, which, count, total);
	relay_expect_refused(&p.relay, rc);
}

static void parts_are_opened_whole_in_order_and_as_they_were_cut(void **state)
{
	struct parts p;

	(void)state;
	refused((const unsigned[]){ 0, 1 }, 2, PARTS, FG_E_IPC_FRAME);
	refused((const unsigned[]){ 0, 2 }, 2, PARTS, FG_E_IPC_FRAME);
	refused((const unsigned[]){ 1, 0, 2 }, 3, PARTS, FG_E_IPC_FRAME);
	refused((const unsigned[]){ 0, 0, 1 }, 3, PARTS, FG_E_IPC_FRAME);
	refused((const unsigned[]){ 0, 1 }, 2, 2, FG_E_SEAL);
	begin(&p, false); /* under the id of another part it would be another message */
	p.relay.frame.relay.message_id = p.id[1];
	relay_expect_refused(&p.relay, FG_E_IPC_FRAME);
	begin(&p, false);
	p.relay.frame.relay.parts_ref++;
	relay_expect_refused(&p.relay, FG_E_SEAL);
	begin(&p, false); /* one part, as if it were whole */
	p.relay.frame.relay.parts_total = 0;
	p.relay.frame.relay.body = FG_BYTES(p.sealed[0], p.len[0]);
	relay_expect_refused(&p.relay, FG_E_SEAL);
}

static void parts_are_opened_until_the_time_of_the_first_is_over(void **state)
{
	enum { LIFE_MS = 1200000 }; /* ten minutes of the account, ten of grace */
	struct parts p;

	(void)state;
	for (int late = 0; late <= 1; late++) {
		begin(&p, false);
		p.relay.chain.clock.offset_ms += late ? LIFE_MS : LIFE_MS - 60000;
		relay_make_views(&p.relay, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
		p.relay.frame.relay.expires_ms += 2 * LIFE_MS; /* the core's word */
		relay_order(&p.relay);
		assert_rc(late ? FG_E_CONSENT_TIME : FG_OK, p.relay.chain.refused);
		assert_int_equal(p.relay.chain.jobs, !late);
		relay_end(&p.relay);
	}
}

/* ---- to an application ---- */

static void to_server(struct parts *p)
{
	struct fg_frame frame = { .type = FG_IPC_LINK };

	frame.link.up = 1;
	frame.link.credits = 10;
	fg_vault_link_frame(p->relay.chain.vault, SERVER, &frame);
}

static void to_application(struct parts *p)
{
	struct fg_ipc_relay *relay = &p->relay.frame.relay;

	begin(p, true);
	relay_views_of(&p->relay, NUMBER, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	to_server(p);
	p->relay.chain.job_link = SERVER;
	relay->link = SERVER;
	relay->link_name = FG_BYTES_TEXT("apps");
	relay->reason = FG_REASON_RELAYED;
	relay->row = 0;
}

static void a_phones_text_goes_to_the_application_of_that_number_as_it_came(void **state)
{
	struct parts p;

	(void)state;
	to_application(&p);
	relay_expect_job(&p.relay);
	assert_string_equal(p.relay.chain.job_text, "your parcel is here, come");
	assert_string_equal(p.relay.chain.job_source, "+12025550111");
	relay_end(&p.relay);
}

static void of_a_phones_text_what_is_missing_is_shown(void **state)
{
	struct parts p;

	(void)state;
	to_application(&p);
	order_of(&p, (const unsigned[]){ 0, 2 }, 2, PARTS);
	relay_expect_job(&p.relay);
	assert_string_equal(p.relay.chain.job_text, "your parcel [...], come");
	relay_end(&p.relay);
	to_application(&p);
	order_of(&p, (const unsigned[]){ 1 }, 1, PARTS);
	relay_expect_job(&p.relay);
	assert_string_equal(p.relay.chain.job_text, "[...]is here[...]");
	relay_end(&p.relay);
}

/* U+1F600 is two units of UCS-2: a phone's cut went between them. */
static void a_character_that_a_cut_divided_is_whole_again(void **state)
{
	static const char *const divided[PARTS] = { "a\xED\xA0\xBD", "\xED\xB8\x80z\xED\xA0\xBD",
						    "\xED\xB8\x80" };
	struct parts p;

	(void)state;
	texts = divided;
	to_application(&p);
	relay_expect_job(&p.relay);
	assert_string_equal(p.relay.chain.job_text, "a\xF0\x9F\x98\x80z\xF0\x9F\x98\x80");
	relay_end(&p.relay);
	to_application(&p);
	order_of(&p, (const unsigned[]){ 0, 2 }, 2, PARTS);
	relay_expect_job(&p.relay);
	assert_string_equal(p.relay.chain.job_text, "a\xEF\xBF\xBD[...]\xEF\xBF\xBD");
	relay_end(&p.relay);
	texts = parcel;
}

static void a_phones_text_goes_to_no_other_application_and_over_no_way_out(void **state)
{
	struct parts p;

	(void)state;
	to_application(&p);
	strcpy(p.relay.chain.conf.accounts[0].numbers, "54321");
	relay_expect_refused(&p.relay, FG_E_CONSENT_BEARER);
	to_application(&p);
	p.relay.frame.relay.link = CARRIER;
	p.relay.frame.relay.link_name = FG_BYTES_TEXT("smsc-a");
	relay_expect_refused(&p.relay, FG_E_CONSENT_BEARER);
	to_application(&p);
	strcpy(p.relay.chain.conf.accounts[0].link, "other");
	relay_expect_refused(&p.relay, FG_E_CONSENT_BEARER);
	to_application(&p);
	p.relay.frame.relay.reason = FG_REASON_ABSENT;
	relay_expect_refused(&p.relay, FG_E_CONSENT_REASON);
}

/* The link died with it: for an application twice is better than never, and for a phone never twice. */
static void what_an_application_may_have_got_is_delivered_again(void **state)
{
	struct parts p;

	(void)state;
	to_application(&p);
	relay_expect_job(&p.relay);
	fg_vault_link_closed(p.relay.chain.vault, SERVER);
	chain_flush(&p.relay.chain);
	to_server(&p);
	p.relay.frame.relay.leg = 2;
	relay_order(&p.relay);
	assert_rc(FG_OK, p.relay.chain.refused);
	assert_int_equal(p.relay.chain.jobs, 2);
	relay_end(&p.relay);
}

static void an_applications_text_goes_to_no_application(void **state)
{
	struct parts p;

	(void)state;
	begin(&p, false);
	p.relay.frame.relay.link = SERVER;
	p.relay.frame.relay.link_name = FG_BYTES_TEXT("apps");
	relay_expect_refused(&p.relay, FG_E_CONSENT_BEARER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_an_application_are_one_text_with_one_mark),
		cmocka_unit_test(parts_may_differ_in_how_they_are_shown),
		cmocka_unit_test(parts_are_opened_whole_in_order_and_as_they_were_cut),
		cmocka_unit_test(parts_are_opened_until_the_time_of_the_first_is_over),
		cmocka_unit_test(a_phones_text_goes_to_the_application_of_that_number_as_it_came),
		cmocka_unit_test(of_a_phones_text_what_is_missing_is_shown),
		cmocka_unit_test(a_character_that_a_cut_divided_is_whole_again),
		cmocka_unit_test(a_phones_text_goes_to_no_other_application_and_over_no_way_out),
		cmocka_unit_test(what_an_application_may_have_got_is_delivered_again),
		cmocka_unit_test(an_applications_text_goes_to_no_application),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
