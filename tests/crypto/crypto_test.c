/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hashes, HKDF, base64 and signatures against the vectors of their standards.
 */
#include "tests/support/fg_test.h"

#include "lib/crypto/base64.h"
#include "lib/crypto/hkdf.h"
#include "lib/crypto/sign.h"

static void assert_hex(const char *hex, const void *data, size_t len)
{
	uint8_t want[256];

	assert_int_equal(fg_test_unhex(hex, want, sizeof(want)), len);
	assert_memory_equal(want, data, len);
}

/* FIPS 180-4 example; RFC 4231, 4.3 and 4.7 (a key longer than a block). */
static void hashes_match_their_standards(void **state)
{
	static const char longer[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	const struct fg_piece abc[] = { { "a", 1 }, { NULL, 0 }, { "bc", 2 } };
	uint8_t key[131];
	struct fg_hash hash = fg_sha256("abc", 3);

	(void)state;
	assert_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hash.b, 32);
	hash = fg_sha256_pieces(abc, ARRAY_LEN(abc));
	assert_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hash.b, 32);
	hash = fg_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28);
	assert_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", hash.b, 32);
	memset(key, 0xaa, sizeof(key));
	hash = fg_hmac_sha256(key, sizeof(key), longer, strlen(longer));
	assert_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", hash.b, 32);
}

static void handle_tag_is_the_hash_of_label_nul_and_handle(void **state)
{
	struct fg_hash tag = fg_handle_tag("+12025550199");
	struct fg_hash want = fg_sha256("fallgate handle\0+12025550199", 28);

	(void)state;
	assert_true(fg_hash_equal(&tag, &want));
	want.b[31] ^= 1;
	assert_false(fg_hash_equal(&tag, &want));
}

static void random_numbers_stay_below_their_bound(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(fg_random_below(7) < 7);
	fg_random(a, sizeof(a));
	fg_random(b, sizeof(b));
	assert_false(fg_equal(a, b, sizeof(a)));
	fg_wipe(a, sizeof(a));
	memset(b, 0, sizeof(b));
	assert_true(fg_equal(a, b, sizeof(a)));
}

/* RFC 5869, A.1 to A.3. */
static const struct hkdf_case {
	const char *ikm, *salt, *info, *prk, *okm;
} hkdf_cases[] = {
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
	  "f0f1f2f3f4f5f6f7f8f9",
	  "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
	  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865" },
	{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
	  "404142434445464748494a4b4c4d4e4f",
	  "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
	  "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	  "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
	  "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
	  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	  "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
	  "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	  "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
	  "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
	{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	  "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
	  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" },
};

static void hkdf_matches_rfc_5869(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hkdf_cases); i++) {
		const struct hkdf_case *c = &hkdf_cases[i];
		uint8_t ikm[80], salt[80], info[80], out[82];
		size_t ikm_len = fg_test_unhex(c->ikm, ikm, sizeof(ikm));
		size_t salt_len = fg_test_unhex(c->salt, salt, sizeof(salt));
		size_t info_len = fg_test_unhex(c->info, info, sizeof(info));
		struct fg_hash prk = fg_hkdf_extract(salt, salt_len, ikm, ikm_len);

		assert_hex(c->prk, prk.b, 32);
		assert_ok(fg_hkdf_expand(&prk, info, info_len, out, strlen(c->okm) / 2));
		assert_hex(c->okm, out, strlen(c->okm) / 2);
	}
}

static void hkdf_gives_at_most_255_blocks(void **state)
{
	static uint8_t out[FG_HKDF_MAX + 1];
	struct fg_hash prk = fg_sha256("prk", 3);

	(void)state;
	assert_ok(fg_hkdf_expand(&prk, NULL, 0, out, FG_HKDF_MAX));
	assert_rc(FG_E_ARG, fg_hkdf_expand(&prk, NULL, 0, out, FG_HKDF_MAX + 1));
}

static void base64_writes_and_reads_rfc_4648(void **state)
{
	static const char *const text[] = { "",         "Zg==",     "Zm8=",    "Zm9v",
					    "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	char out[9];
	uint8_t back[6];
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		assert_ok(fg_base64_encode("foobar", i, out, strlen(text[i]) + 1));
		assert_string_equal(out, text[i]);
		assert_rc(FG_E_SPACE, fg_base64_encode("foobar", i, out, strlen(text[i])));
		assert_ok(fg_base64_decode(text[i], strlen(text[i]), back, i, &len));
		assert_int_equal(len, i);
		assert_memory_equal(back, "foobar", i);
		if (i > 0)
			assert_rc(FG_E_SPACE,
				  fg_base64_decode(text[i], strlen(text[i]), back, i - 1, &len));
	}
}

static void base64_refuses_every_other_spelling(void **state)
{
	static const char *const text[] = { "Zg",   "Zg=",  "Zg= ",   "Zh==", "Zm9=", "Zg==Zg==",
					    "====", "Z===", "Zm9v\n", "Zm-v", "Zm_v", "Z\x80g=" };
	uint8_t out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		size_t len = 99;

		assert_rc(FG_E_SYNTAX,
			  fg_base64_decode(text[i], strlen(text[i]), out, sizeof(out), &len));
		assert_int_equal(len, 99);
	}
}

static void base64_takes_the_64_digits_and_no_other_byte(void **state)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = { 'A', (char)c, 'A', 'A' };
		bool digit = memchr(digits, c, 64) != NULL;
		uint8_t out[3];
		size_t len;

		assert_rc(digit ? FG_OK : FG_E_SYNTAX,
			  fg_base64_decode(text, sizeof(text), out, sizeof(out), &len));
	}
}

/* RFC 8032, 7.1, tests 1 to 3. */
static const struct sign_case {
	const char *seed, *public, *message, *signature;
} sign_cases[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
	  "1cf9b46b"
	  "d25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
	  "d0f11d8c"
	  "387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
	  "984dc659"
	  "4a7c15e9716ed28dc027beceea1ec40a" },
};

static void signatures_match_rfc_8032(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sign_cases); i++) {
		const struct sign_case *c = &sign_cases[i];
		uint8_t seed[32], message[2], signature[64];
		size_t len = fg_test_unhex(c->message, message, sizeof(message));
		struct fg_sign_key key;

		fg_test_unhex(c->seed, seed, sizeof(seed));
		fg_sign_key_from_seed(seed, &key);
		assert_hex(c->public, key.public, 32);
		fg_sign_raw(&key, message, len, signature);
		assert_hex(c->signature, signature, 64);
		assert_ok(fg_sign_verify_raw(key.public, message, len, signature));
		signature[0] ^= 1;
		assert_rc(FG_E_SIGNATURE, fg_sign_verify_raw(key.public, message, len, signature));
	}
}

/* 5000 bytes are more than is joined on the stack. */
static void a_signature_binds_label_body_and_key(void **state)
{
	static const size_t body_len[] = { 0, 1, 100, 5000 };
	static uint8_t body[5001];
	struct fg_sign_key key, other;
	uint8_t sig[64];

	(void)state;
	fg_sign_key_new(&key);
	fg_sign_key_new(&other);
	for (size_t i = 0; i < ARRAY_LEN(body_len); i++) {
		size_t len = body_len[i];

		fg_sign(&key, FG_LABEL_ACK, body, len, sig);
		assert_ok(fg_sign_verify(key.public, 32, FG_LABEL_ACK, body, len, sig, 64));
		assert_rc(FG_E_SIGNATURE,
			  fg_sign_verify(key.public, 32, FG_LABEL_VIEW, body, len, sig, 64));
		assert_rc(FG_E_SIGNATURE,
			  fg_sign_verify(key.public, 32, FG_LABEL_ACK, body, len + 1, sig, 64));
		assert_rc(FG_E_SIGNATURE,
			  fg_sign_verify(other.public, 32, FG_LABEL_ACK, body, len, sig, 64));
		assert_rc(FG_E_SIGNATURE,
			  fg_sign_verify(key.public, 31, FG_LABEL_ACK, body, len, sig, 64));
		assert_rc(FG_E_SIGNATURE,
			  fg_sign_verify(key.public, 32, FG_LABEL_ACK, body, len, sig, 63));
		assert_rc(FG_E_SIGNATURE,
			  fg_sign_verify(key.public, 32, FG_LABEL_ACK, body, len, NULL, 0));
	}
}

static void label_and_body_cannot_run_into_each_other(void **state)
{
	struct fg_sign_key key;
	uint8_t signature[64];

	(void)state;
	fg_sign_key_new(&key);
	fg_sign(&key, "ab", "c", 1, signature);
	assert_rc(FG_E_SIGNATURE, fg_sign_verify(key.public, 32, "a", "bc", 2, signature, 64));
	assert_ok(fg_sign_verify_raw(key.public, "ab\0c", 4, signature));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_match_their_standards),
		cmocka_unit_test(handle_tag_is_the_hash_of_label_nul_and_handle),
		cmocka_unit_test(random_numbers_stay_below_their_bound),
		cmocka_unit_test(hkdf_matches_rfc_5869),
		cmocka_unit_test(hkdf_gives_at_most_255_blocks),
		cmocka_unit_test(base64_writes_and_reads_rfc_4648),
		cmocka_unit_test(base64_refuses_every_other_spelling),
		cmocka_unit_test(base64_takes_the_64_digits_and_no_other_byte),
		cmocka_unit_test(signatures_match_rfc_8032),
		cmocka_unit_test(a_signature_binds_label_body_and_key),
		cmocka_unit_test(label_and_body_cannot_run_into_each_other),
	};

	return fg_crypto_init() == FG_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
