/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Texts in the shift tables of national languages: written, read, cut, and only where it pays.
 */
#include "tests/support/fg_test.h"

#include <stdlib.h>
#include "lib/wire/alphabet.h"
#include "lib/wire/national.h"
#include "lib/wire/smpp_text.h"
#include "lib/wire/tpdu.h"
#include "lib/wire/udh.h"
#include "lib/wire/utf8.h"

enum { TEXT_MAX = 4096, ALL = 0x3FFE };

/* ---- tables ---- */

static void every_character_of_every_table_goes_both_ways(void **state)
{
	(void)state;
	for (unsigned language = 1; language < FG_LANGUAGE_COUNT; language++) {
		const uint16_t *tables[] = { fg_national_locking(language),
					     fg_national_single(language) };
		unsigned counts[2] = { 0 };

		for (unsigned k = 0; k < 2; k++) {
			enum fg_alphabet alphabet =
				fg_alphabet_national(k ? 0 : language, k ? language : 0);

			for (unsigned septet = 0; tables[k] && septet < 128; septet++) {
				uint8_t text[FG_UTF8_MAX], octets[2], back[FG_UTF8_MAX];
				size_t n = fg_utf8_put(tables[k][septet], text), octets_len, len;

				if (!tables[k][septet])
					continue;
				counts[k]++;
				assert_ok(fg_alphabet_encode(alphabet, text, n, octets,
							     sizeof(octets), &octets_len));
				assert_ok(fg_alphabet_decode(alphabet, octets, octets_len, back,
							     sizeof(back), &len));
				assert_int_equal(len, n);
				assert_memory_equal(back, text, n);
				/* and read where it stands, whatever else stands for the same */
				octets[0] = k ? 0x1B : (uint8_t)septet;
				octets[1] = (uint8_t)septet;
				assert_ok(fg_alphabet_decode(alphabet, octets, k ? 2 : 1, back,
							     sizeof(back), &len));
				assert_memory_equal(back, text, n);
			}
			assert_true(!tables[k] || tables[k][0x1B] == 0);
		}
		/* 23.038, A.3.2: there is no locking table for Spanish */
		assert_int_equal(counts[0] == 0, language == FG_LANGUAGE_SPANISH);
		assert_true(counts[1] >= 17);
	}
	assert_null(fg_national_single(0));
	assert_null(fg_national_locking(14));
}

/* Octets reckoned apart from this code, from the tables of release 18 as numbers. */
static void texts_are_the_octets_that_the_tables_say(void **state)
{
	static const struct {
		unsigned locking, single;
		const char *text, *octets;
	} cases[] = {
		{ 0, 1, "Şişli'de ağaç, ığdır €",
		  "1b53691b736c6927646520611b67611b632c201b691b67641b6972201b65" },
		{ 1, 0, "Şişli'de ağaç, ığdır €", "1c691d6c6927646520610c61602c20070c6407722004" },
		{ 1, 1, "Şişli'de ağaç, ığdır €", "1c691d6c6927646520610c61602c20070c6407722004" },
		{ 0, 2, "¿Qué pasó allí? Sí, él vio a Ángel",
		  "60517505207061731b6f20616c6c1b693f20531b692c20056c2076696f2061201b416e67656c" },
		{ 3, 0, "Não há pão à mão; ações ª º",
		  "4e7b6f20680f20707b6f207f206d7b6f3b2061097c657320122024" },
		{ 3, 3, "Não há pão à mão; ações ª º",
		  "4e7b6f20680f20707b6f207f206d7b6f3b2061097c657320122024" },
		{ 4, 4, "আমি বাংলায় লিখি ৫", "044251204050014650434e2046511651201b1f" },
		{ 5, 5, "હું ગુજરાતી લખું છું ૩", "4d53012017531d445027522046165301201c5301201b1f" },
		{ 6, 6, "मैं हिन्दी लिखता हूँ ७ {Q}",
		  "425a01204d512f5f2b52204651162750204d5400201b23201b281b511b29" },
		{ 7, 7, "ನಾನು ಬರೆಯುತ್ತೇನೆ ೯", "2f502f53204044584353275f27592f58201b25" },
		{ 8, 8, "ഞാൻ മലയാളം എഴുതുന്നു ൬", "1f501b3020424643504701200e485327532f5f2f53201b22" },
		{ 9, 9, "ମୁଁ ଓଡ଼ିଆ ଲେଖେ ୪", "4253002013244e51042046591659201b20" },
		{ 10, 10, "ਮੈਂ ਪੰਜਾਬੀ ਲਿਖਦਾ ਹਾਂ ੨", "425a01203d7b1d504052204651162b50204d5001201b1e" },
		{ 11, 11, "நான் தமிழ் எழுதுகிறேன் ௮",
		  "2f503c5f20274251485f200e48532753155145593c5f201b24" },
		{ 12, 12, "నేను తెలుగు రాస్తాను ౫", "2f592f53202758465317532044504c5f27502f53201b21" },
		{ 13, 13, "میں اردو لکھتا ہوں ۴", "4e59502000251a53204d4757070020565350201b20" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum fg_alphabet alphabet = fg_alphabet_national(cases[i].locking, cases[i].single);
		uint8_t octets[160], expected[160];
		char back[TEXT_MAX];
		size_t len,
			expected_len = fg_test_unhex(cases[i].octets, expected, sizeof(expected));

		assert_int_equal(fg_alphabet_locking(alphabet), cases[i].locking);
		assert_int_equal(fg_alphabet_single(alphabet), cases[i].single);
		assert_ok(fg_alphabet_encode(alphabet, cases[i].text, strlen(cases[i].text), octets,
					     sizeof(octets), &len));
		assert_int_equal(len, expected_len);
		assert_memory_equal(octets, expected, len);
		assert_ok(fg_alphabet_decode(alphabet, octets, len, back, sizeof(back), &len));
		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(back, cases[i].text, len);
	}
}

static void what_a_table_lacks_is_shown_as_phones_do(void **state)
{
	static const struct {
		unsigned locking, single;
		const char *octets, *text;
	} cases[] = {
		{ 0, 1, "1b41", "A" },            /* not in the single table: the main one's */
		{ 4, 0, "0c", " " },              /* an empty place of a locking table */
		{ 4, 4, "1b7f", "\xe0\xa7\xb1" }, /* not there: the locking table's */
		{ 1, 1, "1b", " " },              /* an escape at the end */
		{ 1, 1, "1b1b47", " G" },
		{ 13, 13, "ff", "\xef\xbf\xbd" },
		{ 0, 2, "09", "\xc3\x87" }, /* without escape: the default alphabet's */
		{ 15, 14, "41", "A" },      /* reserved numbers count as none */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t octets[8];
		char back[32];
		size_t len, n = fg_test_unhex(cases[i].octets, octets, sizeof(octets));

		assert_ok(
			fg_alphabet_decode(fg_alphabet_national(cases[i].locking, cases[i].single),
					   octets, n, back, sizeof(back), &len));
		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(back, cases[i].text, len);
	}
	assert_int_equal(fg_alphabet_national(15, 14), FG_ALPHABET_GSM7);
	assert_int_equal(fg_alphabet_national(FG_LANGUAGE_SPANISH, 0), FG_ALPHABET_GSM7);
}

/* ---- plans ---- */

static char text_buf[2 * TEXT_MAX];

static const char *repeat(const char *piece, size_t count, const char *tail)
{
	text_buf[0] = '\0';
	for (size_t i = 0; i < count; i++)
		strcat(text_buf, piece);
	return strcat(text_buf, tail);
}

static void tables_are_used_only_where_they_save_segments(void **state)
{
	static const struct {
		uint16_t languages;
		const char *piece;
		size_t count;
		const char *tail;
		enum fg_text_reference reference;
		unsigned locking, single;
		bool ucs2;
		unsigned parts;
	} cases[] = {
		{ 1 << 1, "a", 200, "", 0, 0, 0, false, 2 },        /* needs none */
		{ 1 << 1, "a", 60, "\xc5\x9f", 0, 0, 0, true, 1 },  /* saves nothing */
		{ 1 << 1, "a", 70, "\xc5\x9f", 0, 0, 1, false, 1 }, /* a header of 4 octets: 155 */
		{ 1 << 1, "a", 153, "\xc5\x9f", 0, 0, 1, false, 1 },
		{ 1 << 1, "a", 154, "\xc5\x9f", 0, 1, 0, false, 1 }, /* one septet instead of two */
		{ 1 << 1, "a", 155, "\xc5\x9f", 0, 0, 1, false, 2 },
		{ 1 << 1, "a", 294, "\xc5\x9f", 0, 0, 1, false, 2 }, /* 10 octets: 148 a part */
		{ 1 << 1, "a", 296, "\xc5\x9f", 0, 0, 1, false, 3 },
		{ 1 << 1, "a", 296, "\xc5\x9f", FG_TEXT_REFERENCE_8BIT, 0, 1, false, 2 }, /* 149 */
		{ 1 << 1, "\xc5\x9f", 100, "", 0, 1, 0, false,
		  1 },                                             /* 200 septets by single shift */
		{ 1 << 2, "\xc5\x9f", 100, "", 0, 0, 0, true, 2 }, /* not in Spanish */
		{ 1 << 1 | 1 << 2, "\xc5\x9f", 100, "", 0, 1, 0, false, 1 },
		{ 1 << 2, "a", 100, "\xc3\xa1", 0, 0, 2, false, 1 },
		{ 0, "a", 100, "\xc3\xa1", 0, 0, 0, true, 2 },
		{ ALL, "a", 100, "\xc3\xa1", 0, 0, 2, false, 1 }, /* of several the first */
		/* the mark has capitals, which Hindi has in its single table alone */
		{ 1 << 6, "\xe0\xa4\x95", 90, "(N", 0, 6, 6, false, 1 },
		{ 1 << 6, "\xe0\xa4\x95", 90, "", 0, 6, 0, false, 1 },
		{ ALL, "\xe4\xb8\xad", 90, "", 0, 0, 0, true, 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text = repeat(cases[i].piece, cases[i].count, cases[i].tail);
		struct fg_text_plan plan;

		assert_ok(fg_alphabet_plan_national(cases[i].languages, text, strlen(text),
						    cases[i].reference, 255, &plan));
		assert_int_equal(plan.alphabet == FG_ALPHABET_UCS2, cases[i].ucs2);
		assert_int_equal(fg_alphabet_locking(plan.alphabet), cases[i].locking);
		assert_int_equal(fg_alphabet_single(plan.alphabet), cases[i].single);
		assert_int_equal(plan.parts, cases[i].parts);
	}
}

static void what_fits_with_tables_alone_is_not_refused(void **state)
{
	const char *text = repeat("\xc5\x9f", 100, "");
	struct fg_text_plan plan = { .parts = 42 };

	(void)state;
	assert_rc(FG_E_TEXT_LONG, fg_alphabet_plan_national(0, text, strlen(text), 0, 1, &plan));
	assert_rc(FG_E_TEXT_LONG,
		  fg_alphabet_plan_national(1 << 2, text, strlen(text), 0, 1, &plan));
	assert_rc(FG_E_ARG, fg_alphabet_plan_national(1 << 1, text, strlen(text), 0, 0, &plan));
	assert_rc(FG_E_ARG, fg_alphabet_plan_national(1 << 1, text, strlen(text), 0, 256, &plan));
	assert_rc(FG_E_UTF8, fg_alphabet_plan_national(1 << 1, "a\x80", 2, 0, 1, &plan));
	assert_int_equal(plan.parts, 42);
	assert_ok(fg_alphabet_plan_national(1 << 1, text, strlen(text), 0, 1, &plan));
	assert_int_equal(plan.parts, 1);
}

/* Characters of a language, and some of others now and then. */
static size_t random_text(unsigned language, char *out)
{
	size_t len = 0, characters = (unsigned)rand() % 500;

	for (size_t i = 0; i < characters; i++) {
		unsigned from = rand() % 500 ? language : (unsigned)rand() % FG_LANGUAGE_COUNT;
		const uint16_t *table =
			rand() % 4 ? fg_national_locking(from) : fg_national_single(from);
		uint32_t cp = table ? table[rand() % 128] : 'a';

		len += fg_utf8_put(cp ? cp : ' ', (uint8_t *)out + len);
	}
	return len;
}

static void check_parts(const char *text, size_t len, const struct fg_text_plan *plan,
			enum fg_text_reference reference)
{
	size_t unit = fg_alphabet_is_septets(plan->alphabet) ? 7 : 8, all = 0;
	size_t header = fg_alphabet_header_len(plan->alphabet);
	char back[3 * TEXT_MAX];

	if (plan->parts > 1)
		header += reference == FG_TEXT_REFERENCE_16BIT ? 6 : 5;
	for (unsigned i = 0; i < plan->parts; i++) {
		uint8_t octets[160];
		size_t n, back_len;

		assert_ok(fg_alphabet_encode(plan->alphabet, text + plan->offset[i],
					     plan->offset[i + 1] - plan->offset[i], octets,
					     sizeof(octets), &n));
		assert_true((n * unit + 7) / 8 + (header ? header + 1 : 0) <= 140);
		assert_ok(fg_alphabet_decode(plan->alphabet, octets, n, back + all,
					     sizeof(back) - all, &back_len));
		all += back_len;
	}
	assert_int_equal(all, len);
	assert_memory_equal(back, text, len);
}

static void whatever_is_planned_fits_comes_back_and_never_costs_more(void **state)
{
	unsigned used = 0;

	(void)state;
	srand(23038);
	for (unsigned round = 0; round < 6000; round++) {
		enum fg_text_reference reference =
			rand() % 2 ? FG_TEXT_REFERENCE_16BIT : FG_TEXT_REFERENCE_8BIT;
		unsigned language = 1 + (unsigned)rand() % (FG_LANGUAGE_COUNT - 1);
		uint16_t languages = (uint16_t)(rand() % 3 ? 1u << language : (unsigned)ALL);
		struct fg_text_plan plan, without;
		char text[TEXT_MAX];
		size_t len = random_text(language, text);

		assert_ok(fg_alphabet_plan(text, len, reference, 255, &without));
		assert_ok(fg_alphabet_plan_national(languages, text, len, reference, 255, &plan));
		check_parts(text, len, &plan, reference);
		assert_true(plan.parts <= without.parts);
		if (fg_alphabet_header_len(plan.alphabet) == 0) {
			assert_int_equal(plan.alphabet, without.alphabet);
		} else {
			assert_true(plan.parts < without.parts);
			used++;
		}
	}
	assert_true(used > 1000);
}

/* ---- where messages say so ---- */

static void a_message_with_a_header_is_read_with_its_tables(void **state)
{
	static const struct {
		uint8_t coding;
		const char *octets;
		enum fg_alphabet smpp; /* without header */
		unsigned locking, single;
	} cases[] = {
		{ 0, "03 240101 1b73", FG_ALPHABET_GSM7, 0, 1 },
		{ 0, "06 250106 240106 15", FG_ALPHABET_GSM7, 6, 6 },
		{ 0x11, "0B 0003420201 250101 240101 1d", FG_ALPHABET_GSM7, 1, 1 },
		{ 0, "05 0003420201 1d", FG_ALPHABET_GSM7, 0, 0 },
		{ 0, "03 240101 53", FG_ALPHABET_LATIN1, 0,
		  0 }, /* the SMSC has turned it into letters */
		{ 8, "03 240101 015f", FG_ALPHABET_GSM7, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t octets[64];
		struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM };
		struct fg_smpp_user_text text;

		pdu.sm.esm_class = FG_SMPP_ESM_UDH;
		pdu.sm.data_coding = cases[i].coding;
		pdu.sm.short_message =
			(struct fg_smpp_bytes){ octets, fg_test_unhex(cases[i].octets, octets,
								      sizeof(octets)) };
		assert_ok(fg_smpp_user_text(&pdu, cases[i].smpp, &text));
		assert_int_equal(fg_alphabet_locking(text.alphabet), cases[i].locking);
		assert_int_equal(fg_alphabet_single(text.alphabet), cases[i].single);
	}
}

static void a_tpdu_carries_them_packed_and_back(void **state)
{
	static const struct {
		unsigned locking, single;
		const char *text;
	} cases[] = {
		{ 0, 1, "Ağaç" },
		{ 1, 0, "Şişli" },
		{ 6, 6, "हिन्दी ७ Q" },
		{ 13, 13, "اردو ۴" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum fg_alphabet alphabet = fg_alphabet_national(cases[i].locking, cases[i].single);
		uint8_t header[FG_UDH_MAX], octets[FG_TPDU_UD_MAX];
		struct fg_tpdu_ud ud;
		char back[480];
		size_t header_len, len;

		assert_ok(fg_udh_write(NULL, (uint8_t)cases[i].locking, (uint8_t)cases[i].single,
				       header, &header_len));
		assert_ok(fg_tpdu_ud_write(header, header_len, alphabet, cases[i].text,
					   strlen(cases[i].text), octets, &ud));
		assert_ok(
			fg_tpdu_ud_text(fg_tpdu_dcs(alphabet, -1), &ud, back, sizeof(back), &len));
		assert_int_equal(len, strlen(cases[i].text));
		assert_memory_equal(back, cases[i].text, len);
	}
}

/* ---- names ---- */

static void languages_are_named_in_a_list(void **state)
{
	static const struct {
		const char *text;
		enum fg_rc rc;
		uint16_t languages;
	} cases[] = {
		{ "", FG_OK, 0 },
		{ "turkish", FG_OK, 1 << 1 },
		{ " turkish , urdu", FG_OK, 1 << 1 | 1 << 13 },
		{ "turkish,turkish", FG_OK, 1 << 1 },
		{ "turkish,", FG_E_ARG, 0 },
		{ ",turkish", FG_E_ARG, 0 },
		{ "turkish spanish", FG_E_ARG, 0 },
		{ "Turkish", FG_E_ARG, 0 },
		{ "turk", FG_E_ARG, 0 },
		{ ",", FG_E_ARG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint16_t languages = 0;

		assert_rc(cases[i].rc, fg_national_list(cases[i].text, &languages));
		assert_int_equal(languages, cases[i].languages);
	}
	for (unsigned i = 1; i < FG_LANGUAGE_COUNT; i++) {
		uint16_t languages;

		assert_ok(fg_national_list(fg_national_name(i), &languages));
		assert_int_equal(languages, 1 << i);
	}
	assert_null(fg_national_name(0));
	assert_null(fg_national_name(FG_LANGUAGE_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_of_every_table_goes_both_ways),
		cmocka_unit_test(texts_are_the_octets_that_the_tables_say),
		cmocka_unit_test(what_a_table_lacks_is_shown_as_phones_do),
		cmocka_unit_test(tables_are_used_only_where_they_save_segments),
		cmocka_unit_test(what_fits_with_tables_alone_is_not_refused),
		cmocka_unit_test(whatever_is_planned_fits_comes_back_and_never_costs_more),
		cmocka_unit_test(a_message_with_a_header_is_read_with_its_tables),
		cmocka_unit_test(a_tpdu_carries_them_packed_and_back),
		cmocka_unit_test(languages_are_named_in_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
