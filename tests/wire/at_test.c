/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/wire/at.h"

/* What a reader says of octets, one word a line: "OK", "CMS=38", "PDU:CMT=24!" and so on. */
static const char *say(const struct fg_at_event *event, char out[static 256])
{
	static const char *const from[] = { "CMT", "CDS", "CMGR", "CMGL", "CMTI", "CDSI" };
	char rest[128];

	snprintf(rest, sizeof(rest), "%.*s", (int)event->rest.len, event->rest.at);
	switch (event->kind) {
	case FG_AT_OK:
		return strcpy(out, "OK");
	case FG_AT_ERROR:
		return strcpy(out, "ERROR");
	case FG_AT_CME_ERROR:
		snprintf(out, 256, "CME=%d", event->number);
		return out;
	case FG_AT_CMS_ERROR:
		snprintf(out, 256, "CMS=%d", event->number);
		return out;
	case FG_AT_PROMPT:
		return strcpy(out, ">");
	case FG_AT_INFO:
		snprintf(out, 256, "%.*s(%s)", (int)event->name.len, event->name.at, rest);
		return out;
	case FG_AT_TEXT:
		snprintf(out, 256, "'%s'", rest);
		return out;
	case FG_AT_PDU:
		snprintf(out, 256, "PDU:%s=%d@%d.%d:%s%s", from[event->from], event->number,
			 event->index, event->stat, rest, event->whole ? "" : "?");
		return out;
	case FG_AT_STORED:
		snprintf(out, 256, "%s=%s@%d", from[event->from], event->storage, event->number);
		return out;
	case FG_AT_ECHO:
		return strcpy(out, "echo");
	case FG_AT_NOISE:
		return strcpy(out, "noise");
	}
	return strcpy(out, "?");
}

static void read_all(struct fg_at_reader *reader, const char *octets, size_t len, char *out,
		     size_t cap)
{
	struct fg_cursor cur;
	struct fg_at_event event;
	char word[256];

	fg_cursor_init(&cur, octets, len);
	while (fg_at_read(reader, &cur, &event)) {
		size_t at = strlen(out);

		snprintf(out + at, cap - at, "%s%s", at ? " " : "", say(&event, word));
	}
}

static const struct {
	const char *name, *octets, *events;
} cases[] = {
	{ "results", "\r\nOK\r\n\r\nERROR\r\n", "OK ERROR" },
	{ "errors with numbers", "+CME ERROR: 10\r\n+CMS ERROR: 331\r\n", "CME=10 CMS=331" },
	{ "errors in words", "+CME ERROR: SIM not inserted\r\n", "CME=-1" },
	{ "what Huawei says for ERROR", "COMMAND NOT SUPPORT\r\n", "ERROR" },
	{ "answers with and without a name", "\r\n+CSQ: 20,99\r\n490154203237518\r\nOK\r\n",
	  "CSQ(20,99) '490154203237518' OK" },
	{ "line ends of any kind", "OK\rOK\nOK\r\n\n\r+CPIN: READY\n", "OK OK OK CPIN(READY)" },
	{ "a prompt has no line end", "\r\n> ", ">" },
	{ "a prompt without space", "\r\n>", ">" },
	{ "a line straight behind the prompt", "\r\n> \r\n+CMTI: \"SM\",3\r\n+CMGS: 5\r\n",
	  "> CMTI=SM@3 CMGS(5)" },
	{ "the echo of a PDU stands behind the prompt", "\r\n> 0011000B91\x1A\r\n+CMGS: 5\r\n",
	  "> '0011000B91' CMGS(5)" },
	{ "a greater-than inside a line is no prompt", "+CGMM: A>B\r\n", "CGMM(A>B)" },
	{ "an echo", "AT+CMGS=23\r\r\n> ", "echo >" },
	{ "calls and rings", "RING\r\n\r\nNO CARRIER\r\n", "noise noise" },
	{ "vendor noise keeps its sign", "^RSSI:12\r\n*EMRDY: 1\r\n", "^RSSI(12) *EMRDY(1)" },
	{ "stored messages and reports", "+CMTI: \"ME\",12\r\n+CDSI: \"SR\",0\r\n",
	  "CMTI=ME@12 CDSI=SR@0" },
	{ "a stored message without a usable index", "+CMTI: \"SM\",x\r\n+CMTI: SM\r\n",
	  "noise noise" },
	{ "a message and its PDU", "\r\n+CMT: ,4\r\n00AABBCCDD\r\n", "PDU:CMT=4@-1.-1:00AABBCCDD" },
	{ "a report, the SMSC before it", "+CDS: 2\r\n0191AABB\r\n", "PDU:CDS=2@-1.-1:0191AABB" },
	{ "a name in front of the length", "+CMT: \"a,b\",1\r\n00AA\r\n", "PDU:CMT=1@-1.-1:00AA" },
	{ "a PDU of another length than its header says", "+CMT: ,9\r\n00AABB\r\n",
	  "PDU:CMT=9@-1.-1:00AABB?" },
	{ "a header whose length is no number", "+CMT: \"x\"\r\n00AABB\r\n",
	  "PDU:CMT=-1@-1.-1:00AABB?" },
	{ "lists have an index", "+CMGL: 7,1,,1\r\n00AA\r\n+CMGL: 8,3,,1\r\n00BB\r\n\r\nOK\r\n",
	  "PDU:CMGL=1@7.1:00AA PDU:CMGL=1@8.3:00BB OK" },
	{ "a line between header and PDU", "+CMGR: 0,,1\r\n+CMTI: \"SM\",3\r\n00AA\r\nOK\r\n",
	  "CMTI=SM@3 PDU:CMGR=1@-1.0:00AA OK" },
	{ "a message between header and PDU of another",
	  "+CMGL: 7,1,,1\r\n+CMT: ,2\r\n00BBBB\r\n00AA\r\nOK\r\n",
	  "PDU:CMT=2@-1.-1:00BBBB PDU:CMGL=1@7.1:00AA OK" },
	{ "a header in such a place is forgotten, too",
	  "+CMGR: 1,,1\r\n+CMT: ,2\r\nOK\r\n00BBBB\r\n00AA\r\n", "OK '00BBBB' '00AA'" },
	{ "a header without PDU is forgotten at the result", "+CMGR: 0,,1\r\nOK\r\n00AA\r\n",
	  "OK '00AA'" },
	{ "joined answers", "+CREG: 0,1\r\nOK\r\n+CSQ: 5,99\r\nOK\r\n",
	  "CREG(0,1) OK CSQ(5,99) OK" },
	{ "an unfinished line is no event", "+CMGS: 1", "" },
};

static void lines_of_every_kind_are_told_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_at_reader reader;
		char out[1024] = "";

		print_message("# %s\n", cases[i].name);
		fg_at_reader_init(&reader);
		read_all(&reader, cases[i].octets, strlen(cases[i].octets), out, sizeof(out));
		assert_string_equal(out, cases[i].events);
	}
}

static void pieces_of_one_octet_say_the_same(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_at_reader reader;
		char out[1024] = "";

		fg_at_reader_init(&reader);
		for (size_t at = 0; at < strlen(cases[i].octets); at++)
			read_all(&reader, cases[i].octets + at, 1, out, sizeof(out));
		assert_string_equal(out, cases[i].events);
	}
}

static void a_line_that_is_too_long_is_noise_and_the_next_is_whole(void **state)
{
	static char octets[FG_AT_LINE_MAX + 16];
	struct fg_at_reader reader;
	char out[1024] = "";

	(void)state;
	memset(octets, 'x', FG_AT_LINE_MAX + 1);
	strcpy(octets + FG_AT_LINE_MAX + 1, "\r\nOK\r\n");
	fg_at_reader_init(&reader);
	read_all(&reader, octets, strlen(octets), out, sizeof(out));
	assert_string_equal(out, "noise OK");
}

static void an_open_line_is_known(void **state)
{
	struct fg_at_reader reader;
	char out[64] = "";

	(void)state;
	fg_at_reader_init(&reader);
	assert_false(fg_at_reader_open(&reader));
	read_all(&reader, "O", 1, out, sizeof(out));
	assert_true(fg_at_reader_open(&reader));
	read_all(&reader, "K\r", 2, out, sizeof(out));
	assert_false(fg_at_reader_open(&reader));
}

static void ranges_and_lists_are_understood(void **state)
{
	static const struct {
		const char *rest;
		unsigned place;
		int32_t number;
		bool allows;
	} ranges[] = {
		{ "(0-2),(0,1,3),(0,2)", 0, 2, true },
		{ "(0-2),(0,1,3),(0,2)", 0, 3, false },
		{ "(0-2),(0,1,3),(0,2)", 1, 2, false },
		{ "(0-2),(0,1,3),(0,2)", 2, 2, true },
		{ "(0-2),(0,1,3),(0,2)", 3, 0, false },
		{ "2", 0, 2, true },
		{ "( 0 - 1 , 4 )", 0, 4, true },
		{ "(1-)", 0, 1, false },
		{ "", 0, 0, false },
		{ "(4294967296)", 0, 0, false },
	};
	const struct fg_at_text storages = { "(\"SM\",\"ME\"),(\"SM\")", 18 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(ranges); i++)
		assert_int_equal(
			fg_at_allows((struct fg_at_text){ ranges[i].rest, strlen(ranges[i].rest) },
				     ranges[i].place, ranges[i].number),
			ranges[i].allows);
	assert_true(fg_at_allows_word(storages, 0, "ME"));
	assert_false(fg_at_allows_word(storages, 1, "ME"));
}

static void parameters_keep_commas_in_quotes(void **state)
{
	const struct fg_at_text rest = { "1, \"a,b\" ,,5", 12 };
	struct fg_at_text out;
	int32_t number;

	(void)state;
	assert_true(fg_at_parameter(rest, 1, &out));
	assert_true(fg_at_text_is(out, "a,b"));
	assert_true(fg_at_parameter(rest, 2, &out));
	assert_int_equal(out.len, 0);
	assert_true(fg_at_number(rest, 3, &number));
	assert_int_equal(number, 5);
	assert_false(fg_at_number(rest, 1, &number));
	assert_false(fg_at_parameter(rest, 4, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_every_kind_are_told_apart),
		cmocka_unit_test(pieces_of_one_octet_say_the_same),
		cmocka_unit_test(a_line_that_is_too_long_is_noise_and_the_next_is_whole),
		cmocka_unit_test(an_open_line_is_known),
		cmocka_unit_test(ranges_and_lists_are_understood),
		cmocka_unit_test(parameters_keep_commas_in_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
