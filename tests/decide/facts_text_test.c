/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"
#include "tests/decide/support.h"
#include "gateway/decide/facts_text.h"

static const struct fg_facts calm = { CALM };

#define CALM_TEXT                                                                                  \
	"view=ABSENT view_age_ms=0 pin=NONE identity=SAME epoch=CURRENT consent=DEVICE "           \
	"consent_bearers=10 consent_reasons=3 consent_pin_ack=0 consent_after_ms=60000 "           \
	"consent_max_segments=4 sender_policy=ALLOW message_class=normal floor=none "              \
	"sender_online=0 cancelled=0 acked=0 withdraw=NONE age_ms=10000 left_ms=3600000 tries=0 "  \
	"minute_of_week=0 spread=0 sender=alice recipient=+491701234567 links=2 "                  \
	"link0=rcs:1:0:0:10:0:1000 link1=sms:1:0:0:10:0:1000"

/* Fixed seed: the same facts in every run. */
static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void random_name(uint32_t *seed, char name[static 129])
{
	unsigned len = next(seed) % 129;

	for (unsigned i = 0; i < len; i++)
		name[i] = (char)(1 + next(seed) % 255);
}

static void random_links(uint32_t *seed, struct fg_facts *f)
{
	f->links_count = (uint8_t)(next(seed) % (FG_LINKS_MAX + 1));
	for (unsigned i = 0; i < f->links_count; i++) {
		f->links[i].bearer = (uint8_t)(1 + next(seed) % 3);
		f->links[i].up = next(seed) & 1;
		f->links[i].failed = next(seed) & 1;
		f->links[i].segments = (uint8_t)next(seed);
		f->links[i].credits = next(seed);
		f->links[i].price_micro = next(seed);
		f->links[i].success_permille = (uint16_t)(next(seed) % 1001);
	}
}

static void random_facts(uint32_t *seed, struct fg_facts *f)
{
	memset(f, 0, sizeof(*f));
	f->view = next(seed) % 3;
	f->view_age_ms = next(seed);
	f->pin = next(seed) % 3;
	f->identity = next(seed) % 2;
	f->epoch = next(seed) % 2;
	f->consent = next(seed) % 4;
	f->consent_bearers = next(seed) & 15;
	f->consent_reasons = next(seed) & 3;
	f->consent_pin_ack = next(seed) & 1;
	f->consent_after_ms = next(seed);
	f->consent_max_segments = (uint8_t)next(seed);
	f->sender_policy = next(seed) % 3;
	f->message_class = next(seed) % FG_MESSAGE_CLASS_COUNT;
	f->floor = next(seed) % 3;
	f->sender_online = next(seed) & 1;
	f->cancelled = next(seed) & 1;
	f->acked = next(seed) & 1;
	f->withdraw = next(seed) % 3;
	f->age_ms = next(seed);
	f->left_ms = next(seed);
	f->tries = (uint16_t)next(seed);
	f->minute_of_week = (uint16_t)(next(seed) % FG_MINUTES_OF_WEEK);
	f->spread = next(seed);
	random_name(seed, f->sender);
	random_name(seed, f->recipient);
	random_links(seed, f);
}

static void any_facts_come_back_exactly(void **state)
{
	char text[FG_FACTS_TEXT_MAX];
	struct fg_facts in, out;
	uint32_t seed = 20240229;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		random_facts(&seed, &in);
		assert_ok(fg_facts_write(&in, text, sizeof(text), &len));
		assert_int_equal(strlen(text), len);
		assert_ok(fg_facts_parse(text, len, &out));
		assert_memory_equal(&in, &out, sizeof(in));
	}
}

static void the_longest_facts_fit_the_promised_size(void **state)
{
	struct fg_facts f = { .links_count = FG_LINKS_MAX,
			      .view_age_ms = UINT32_MAX,
			      .consent_after_ms = UINT32_MAX,
			      .age_ms = UINT32_MAX,
			      .left_ms = UINT32_MAX,
			      .spread = UINT32_MAX,
			      .tries = UINT16_MAX };
	char text[FG_FACTS_TEXT_MAX];
	size_t len;

	(void)state;
	memset(f.sender, 1, sizeof(f.sender) - 1);
	memset(f.recipient, 1, sizeof(f.recipient) - 1);
	for (unsigned i = 0; i < FG_LINKS_MAX; i++)
		f.links[i] = (struct fg_link_facts){ FG_BEARER_RCS, true,       true, 255,
						     UINT32_MAX,    UINT32_MAX, 1000 };
	assert_ok(fg_facts_write(&f, text, sizeof(text), &len));
	assert_rc(FG_E_SPACE, fg_facts_write(&f, text, len, &len));
}

static void the_line_reads_as_documented(void **state)
{
	char text[FG_FACTS_TEXT_MAX];
	size_t len;

	(void)state;
	assert_ok(fg_facts_write(&calm, text, sizeof(text), &len));
	assert_string_equal(text, CALM_TEXT);
}

static void every_cut_of_the_line_is_refused(void **state)
{
	struct fg_facts out;

	(void)state;
	for (size_t len = 0; len < strlen(CALM_TEXT) - 3; len++)
		if (fg_facts_parse(CALM_TEXT, len, &out) == FG_OK)
			fail_msg("taken when cut at %zu", len);
	assert_rc(FG_E_TRUNCATED, fg_facts_parse(CALM_TEXT, 0, &out));
	assert_rc(FG_E_TRUNCATED, fg_facts_parse(CALM_TEXT, strlen("view=ABSENT"), &out));
	assert_rc(FG_E_TRAILING, fg_facts_parse(CALM_TEXT " ", strlen(CALM_TEXT) + 1, &out));
	assert_rc(FG_E_TRAILING, fg_facts_parse(CALM_TEXT " links=2", strlen(CALM_TEXT) + 8, &out));
}

static const struct {
	const char *name, *from, *to;
} refused[] = {
	{ "an unknown key", "pin=", "pim=" },
	{ "a repeated key", "pin=NONE ", "pin=NONE pin=NONE " },
	{ "a missing key", "pin=NONE ", "" },
	{ "a misplaced key", "pin=NONE identity=SAME ", "identity=SAME pin=NONE " },
	{ "an unknown word", "view=ABSENT", "view=GONE" },
	{ "a word in other case", "view=ABSENT", "view=absent" },
	{ "a word with more behind it", "view=ABSENT", "view=ABSENTS" },
	{ "a number as a word", "view=ABSENT", "view=2" },
	{ "a leading zero", "tries=0", "tries=00" },
	{ "a sign", "tries=0", "tries=-1" },
	{ "no number", "tries=0", "tries=" },
	{ "a number beyond its field", "tries=0", "tries=65536" },
	{ "a number beyond 64 bits", "tries=0", "tries=99999999999999999999999" },
	{ "a number with a letter", "tries=0", "tries=0a" },
	{ "a switch that is neither 0 nor 1", "acked=0", "acked=2" },
	{ "an unknown bearer bit", "consent_bearers=10", "consent_bearers=16" },
	{ "an unknown reason bit", "consent_reasons=3", "consent_reasons=4" },
	{ "a minute after Sunday", "minute_of_week=0", "minute_of_week=10080" },
	{ "an escaped visible byte", "sender=alice", "sender=%61lice" },
	{ "an escaped NUL", "sender=alice", "sender=%00" },
	{ "a small hex digit", "sender=alice", "sender=%c3" },
	{ "a short escape", "sender=alice", "sender=%C" },
	{ "a control byte", "sender=alice", "sender=a\tb" },
	{ "two spaces", "pin=NONE identity", "pin=NONE  identity" },
	{ "more links than there can be", "links=2", "links=33" },
	{ "more links than follow", "links=2", "links=3" },
	{ "fewer links than follow", "links=2", "links=1" },
	{ "links out of order", "link0=", "link1=" },
	{ "a secure link", "link0=rcs", "link0=secure" },
	{ "an unknown bearer", "link0=rcs", "link0=fax" },
	{ "a link up more than once", "link0=rcs:1:", "link0=rcs:2:" },
	{ "more success than there is", ":1000 link1", ":1001 link1" },
	{ "a link with a number too many", ":1000 link1", ":1000:1 link1" },
};

static void whatever_differs_from_the_one_form_is_refused(void **state)
{
	struct fg_facts out, untouched;
	char text[FG_FACTS_TEXT_MAX];

	(void)state;
	memset(&untouched, 0x5a, sizeof(untouched));
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		const char *at = strstr(CALM_TEXT, refused[i].from);

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - CALM_TEXT), CALM_TEXT,
			 refused[i].to, at + strlen(refused[i].from));
		out = untouched;
		if (fg_facts_parse(text, strlen(text), &out) == FG_OK)
			fail_msg("taken: %s", refused[i].name);
		assert_memory_equal(&out, &untouched, sizeof(out));
	}
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	char text[FG_FACTS_TEXT_MAX], name[130];
	struct fg_facts out;
	const char *at = strstr(CALM_TEXT, "alice");

	(void)state;
	memset(name, 'x', sizeof(name));
	for (int len = 128; len <= 129; len++) {
		snprintf(text, sizeof(text), "%.*s%.*s%s", (int)(at - CALM_TEXT), CALM_TEXT, len,
			 name, at + 5);
		assert_rc(len == 128 ? FG_OK : FG_E_SYNTAX,
			  fg_facts_parse(text, strlen(text), &out));
	}
}

static void facts_out_of_range_are_not_written(void **state)
{
	struct fg_facts bad[6] = { calm, calm, calm, calm, calm, calm };
	char text[FG_FACTS_TEXT_MAX];
	size_t len = 7;

	(void)state;
	bad[0].view = (enum fg_view_state)3;
	bad[1].links[1].bearer = FG_BEARER_SECURE;
	bad[2].links_count = FG_LINKS_MAX + 1;
	bad[3].minute_of_week = FG_MINUTES_OF_WEEK;
	bad[4].links[0].success_permille = 1001;
	memset(bad[5].sender, 'x', sizeof(bad[5].sender));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_rc(FG_E_ARG, fg_facts_write(&bad[i], text, sizeof(text), &len));
	assert_int_equal(len, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_facts_come_back_exactly),
		cmocka_unit_test(the_longest_facts_fit_the_promised_size),
		cmocka_unit_test(the_line_reads_as_documented),
		cmocka_unit_test(every_cut_of_the_line_is_refused),
		cmocka_unit_test(whatever_differs_from_the_one_form_is_refused),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
		cmocka_unit_test(facts_out_of_range_are_not_written),
	};

	return cmocka_run_group_tests_name("facts_text", tests, NULL, NULL);
}
