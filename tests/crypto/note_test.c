/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/crypto/base64.h"
#include "lib/crypto/note.h"

#define ORIGIN    "log.example.org/fallgate"
#define EM_DASH   "\xe2\x80\x94"
#define ROOT_TEXT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" /* SHA-256 of nothing */

static struct fg_sign_key test_key(void)
{
	struct fg_sign_key key;
	uint8_t seed[FG_SIGN_SEED_LEN];

	memset(seed, 7, sizeof(seed));
	fg_sign_key_from_seed(seed, &key);
	return key;
}

static struct fg_checkpoint test_checkpoint(uint64_t size)
{
	struct fg_checkpoint checkpoint = { .origin = ORIGIN, .size = size };

	checkpoint.root = fg_merkle_empty_root();
	return checkpoint;
}

/* A signature line of ORIGIN's key over text, without newline. */
static const char *signature_line(const struct fg_sign_key *key, const char *text)
{
	static char line[256];
	struct fg_hash id = fg_note_log_id(ORIGIN, key->public);
	uint8_t signature[4 + FG_SIGNATURE_LEN];
	char base64[FG_BASE64_LEN(sizeof(signature)) + 1];

	memcpy(signature, id.b, 4);
	fg_sign_raw(key, text, strlen(text), signature + 4);
	assert_ok(fg_base64_encode(signature, sizeof(signature), base64, sizeof(base64)));
	snprintf(line, sizeof(line), EM_DASH " " ORIGIN " %s", base64);
	return line;
}

static void a_checkpoint_reads_back_as_it_was_signed(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 10, 123456789, UINT64_MAX };
	struct fg_sign_key key = test_key();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct fg_checkpoint in = test_checkpoint(sizes[i]), out;
		char note[FG_NOTE_MAX];
		size_t len;

		assert_ok(fg_note_sign(&in, &key, note, sizeof(note), &len));
		assert_int_equal(strlen(note), len);
		assert_ok(fg_note_verify(note, len, ORIGIN, key.public, &out));
		assert_string_equal(out.origin, ORIGIN);
		assert_int_equal(out.size, sizes[i]);
		assert_true(fg_hash_equal(&in.root, &out.root));
	}
}

static void a_checkpoint_has_the_text_of_c2sp(void **state)
{
	static const char text[] = ORIGIN "\n42\n" ROOT_TEXT "\n";
	struct fg_sign_key key = test_key();
	struct fg_checkpoint checkpoint = test_checkpoint(42);
	char note[FG_NOTE_MAX], want[FG_NOTE_MAX];
	size_t len;

	(void)state;
	snprintf(want, sizeof(want), "%s\n%s\n", text, signature_line(&key, text));
	assert_ok(fg_note_sign(&checkpoint, &key, note, sizeof(note), &len));
	assert_string_equal(note, want);
}

/* The example of golang.org/x/mod/sumdb/note, where the format comes from. */
static void key_ids_and_signatures_match_the_example_of_sumdb(void **state)
{
	static const char text[] = "If you think cryptography is the answer to your problem,\n"
				   "then you don't know what your problem is.\n";
	static const char vkey[] =
		"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	static const char sig64[] =
		"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
		"Zb6KE6RyyBwJnAM=";
	const char *key64 = strrchr(vkey, '+') + 1;
	uint8_t key[33], signature[68];
	char out[128];
	struct fg_hash id;
	size_t len;

	(void)state;
	assert_ok(fg_base64_decode(key64, strlen(key64), key, sizeof(key), &len));
	assert_ok(fg_note_vkey("PeterNeumann", key + 1, out, sizeof(vkey)));
	assert_string_equal(out, vkey);
	assert_rc(FG_E_SPACE, fg_note_vkey("PeterNeumann", key + 1, out, sizeof(vkey) - 1));
	assert_ok(fg_base64_decode(sig64, strlen(sig64), signature, sizeof(signature), &len));
	id = fg_note_log_id("PeterNeumann", key + 1);
	assert_memory_equal(signature, id.b, 4);
	assert_ok(fg_sign_verify_raw(key + 1, text, strlen(text), signature + 4));
}

static void an_unusable_origin_is_not_signed(void **state)
{
	static const char *const origins[] = { "", "a b", "a+b", "a\nb", "a\tb", "\xc3\xa9" };
	struct fg_sign_key key = test_key();
	struct fg_checkpoint checkpoint = test_checkpoint(1), out;
	char note[FG_NOTE_MAX];
	size_t len = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
		snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", origins[i]);
		assert_rc(FG_E_ARG, fg_note_sign(&checkpoint, &key, note, sizeof(note), &len));
		assert_rc(FG_E_NOTE, fg_note_verify("", 0, origins[i], key.public, &out));
	}
	memset(checkpoint.origin, 'a', sizeof(checkpoint.origin));
	assert_rc(FG_E_ARG, fg_note_sign(&checkpoint, &key, note, sizeof(note), &len));
	assert_int_equal(len, 99);
}

static void the_longest_checkpoint_fits_and_a_smaller_buffer_is_refused(void **state)
{
	struct fg_sign_key key = test_key();
	struct fg_checkpoint checkpoint = test_checkpoint(UINT64_MAX);
	char note[FG_NOTE_MAX];
	size_t len, again = 99;

	(void)state;
	memset(checkpoint.origin, 'a', FG_NOTE_ORIGIN_MAX);
	checkpoint.origin[FG_NOTE_ORIGIN_MAX] = '\0';
	assert_ok(fg_note_sign(&checkpoint, &key, note, sizeof(note), &len));
	assert_rc(FG_E_SPACE, fg_note_sign(&checkpoint, &key, note, len, &again));
	assert_int_equal(again, 99);
	assert_ok(fg_note_sign(&checkpoint, &key, note, len + 1, &again));
}

static void every_changed_byte_and_every_cut_is_refused(void **state)
{
	struct fg_sign_key key = test_key();
	struct fg_checkpoint checkpoint = test_checkpoint(1234), out;
	char note[FG_NOTE_MAX];
	size_t len;

	(void)state;
	assert_ok(fg_note_sign(&checkpoint, &key, note, sizeof(note), &len));
	for (size_t i = 0; i < len; i++) {
		assert_int_not_equal(fg_note_verify(note, i, ORIGIN, key.public, &out), FG_OK);
		note[i] ^= 1;
		assert_int_not_equal(fg_note_verify(note, len, ORIGIN, key.public, &out), FG_OK);
		note[i] ^= 1;
	}
}

static void another_origin_and_another_key_are_told_apart(void **state)
{
	struct fg_sign_key key = test_key(), other;
	struct fg_checkpoint checkpoint = test_checkpoint(5), out;
	char note[FG_NOTE_MAX];
	size_t len;

	(void)state;
	fg_sign_key_new(&other);
	assert_ok(fg_note_sign(&checkpoint, &key, note, sizeof(note), &len));
	assert_rc(FG_E_NOTE, fg_note_verify(note, len, ORIGIN "2", key.public, &out));
	assert_rc(FG_E_NOTE, fg_note_verify(note, len, "log.example.org", key.public, &out));
	assert_rc(FG_E_SIGNATURE, fg_note_verify(note, len, ORIGIN, other.public, &out));
}

/* Every one is signed, so that only its form can be refused. */
static const char *const malformed_text[] = {
	ORIGIN "\n",
	ORIGIN "\n42\n",
	ORIGIN "\n\n" ROOT_TEXT "\n",
	ORIGIN "\n042\n" ROOT_TEXT "\n",
	ORIGIN "\n00\n" ROOT_TEXT "\n",
	ORIGIN "\n-1\n" ROOT_TEXT "\n",
	ORIGIN "\n+1\n" ROOT_TEXT "\n",
	ORIGIN "\n4 2\n" ROOT_TEXT "\n",
	ORIGIN "\n0x2a\n" ROOT_TEXT "\n",
	ORIGIN "\n18446744073709551616\n" ROOT_TEXT "\n",
	ORIGIN "\n99999999999999999999\n" ROOT_TEXT "\n",
	ORIGIN "\n100000000000000000000\n" ROOT_TEXT "\n",
	ORIGIN "\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n",
	ORIGIN "\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
	ORIGIN "\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n",
	ORIGIN "\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA\n",
	ORIGIN "\r\n42\r\n" ROOT_TEXT "\r\n",
	ORIGIN "\n42\n" ROOT_TEXT "\nextension\n",
	ORIGIN "\n42\n" ROOT_TEXT "\n\n",
	" " ORIGIN "\n42\n" ROOT_TEXT "\n",
	"\n" ORIGIN "\n42\n" ROOT_TEXT "\n",
};

static void a_signed_text_of_another_form_is_refused(void **state)
{
	struct fg_sign_key key = test_key();
	struct fg_checkpoint out;
	char note[FG_NOTE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(malformed_text); i++) {
		int len = snprintf(note, sizeof(note), "%s\n%s\n", malformed_text[i],
				   signature_line(&key, malformed_text[i]));

		assert_rc(FG_E_NOTE, fg_note_verify(note, (size_t)len, ORIGIN, key.public, &out));
	}
}

#define WITNESS EM_DASH " witness.example.net zLbqvbMGFIDJ7ILMX5sG3nWTDMbfiVvHFKMs\n"
/* Our name, a key that we do not know. */
#define OTHER EM_DASH " " ORIGIN " AAAAAAECAwQFBgcICQo=\n"

static const struct signatures_case {
	const char *before, *after; /* what stands around our line, which has no newline */
	enum fg_rc rc;
} signatures_cases[] = {
	{ "", "\n", FG_OK },
	{ WITNESS, "\n", FG_OK },
	{ "", "\n" WITNESS, FG_OK },
	{ OTHER, "\n" WITNESS OTHER, FG_OK },
	{ "", "", FG_E_NOTE },
	{ "", "\n\n", FG_E_NOTE },
	{ "\n", "\n", FG_E_NOTE },
	{ "", "A\n", FG_E_NOTE },
	{ "", "AAAA\n", FG_E_NOTE },
	{ "", " \n", FG_E_NOTE },
	{ "x", "\n", FG_E_NOTE },
	{ "witness abcdefgh\n", "\n", FG_E_NOTE },
	{ EM_DASH " \n", "\n", FG_E_NOTE },
	{ EM_DASH " name\n", "\n", FG_E_NOTE },
	{ EM_DASH "  abcdefgh\n", "\n", FG_E_NOTE },
	{ EM_DASH " name abc\n", "\n", FG_E_NOTE },
	{ "", "\n" EM_DASH " name abcdefgh", FG_E_NOTE },
	{ "",
	  "\n" EM_DASH " name abcd\x01"
	  "efgh\n",
	  FG_E_NOTE },
	{ "",
	  "\n" EM_DASH " name abcd\x7f"
	  "efgh\n",
	  FG_E_NOTE },
};

static void signatures_of_others_are_ignored_and_malformed_ones_refused(void **state)
{
	static const char text[] = ORIGIN "\n42\n" ROOT_TEXT "\n";
	struct fg_sign_key key = test_key();
	struct fg_checkpoint out;
	char note[2 * FG_NOTE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(signatures_cases); i++) {
		const struct signatures_case *c = &signatures_cases[i];
		int len = snprintf(note, sizeof(note), "%s\n%s%s%s", text, c->before,
				   signature_line(&key, text), c->after);

		assert_rc(c->rc, fg_note_verify(note, (size_t)len, ORIGIN, key.public, &out));
	}
}

static void without_a_signature_of_the_log_nothing_is_verified(void **state)
{
	static const char *const notes[] = { ORIGIN "\n42\n" ROOT_TEXT "\n\n" WITNESS,
					     ORIGIN "\n42\n" ROOT_TEXT "\n\n" OTHER };
	struct fg_sign_key key = test_key();
	struct fg_checkpoint out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		assert_rc(FG_E_SIGNATURE,
			  fg_note_verify(notes[i], strlen(notes[i]), ORIGIN, key.public, &out));
	assert_rc(FG_E_NOTE, fg_note_verify(ORIGIN "\n42\n" ROOT_TEXT "\n\n",
					    strlen(ORIGIN "\n42\n" ROOT_TEXT "\n\n"), ORIGIN,
					    key.public, &out));
}

/* A forged line with our key id in front is the one that counts. */
static void the_first_signature_of_the_log_decides(void **state)
{
	static const char text[] = ORIGIN "\n42\n" ROOT_TEXT "\n";
	struct fg_sign_key key = test_key();
	struct fg_checkpoint out;
	char note[2 * FG_NOTE_MAX], forged[256];
	int len;

	(void)state;
	snprintf(forged, sizeof(forged), "%s", signature_line(&key, "another text"));
	len = snprintf(note, sizeof(note), "%s\n%s\n%s\n", text, forged,
		       signature_line(&key, text));
	assert_rc(FG_E_SIGNATURE, fg_note_verify(note, (size_t)len, ORIGIN, key.public, &out));
	len = snprintf(note, sizeof(note), "%s\n%s\n%s\n", text, signature_line(&key, text),
		       forged);
	assert_ok(fg_note_verify(note, (size_t)len, ORIGIN, key.public, &out));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_checkpoint_reads_back_as_it_was_signed),
		cmocka_unit_test(a_checkpoint_has_the_text_of_c2sp),
		cmocka_unit_test(key_ids_and_signatures_match_the_example_of_sumdb),
		cmocka_unit_test(an_unusable_origin_is_not_signed),
		cmocka_unit_test(the_longest_checkpoint_fits_and_a_smaller_buffer_is_refused),
		cmocka_unit_test(every_changed_byte_and_every_cut_is_refused),
		cmocka_unit_test(another_origin_and_another_key_are_told_apart),
		cmocka_unit_test(a_signed_text_of_another_form_is_refused),
		cmocka_unit_test(signatures_of_others_are_ignored_and_malformed_ones_refused),
		cmocka_unit_test(without_a_signature_of_the_log_nothing_is_verified),
		cmocka_unit_test(the_first_signature_of_the_log_decides),
	};

	return fg_crypto_init() == FG_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
