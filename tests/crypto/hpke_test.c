/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include "lib/crypto/hpke_internal.h"

#define INFO  "info", 4
#define AAD   "aad", 3
#define PLAIN "Beauty is truth"

/* RFC 9180, A.2.1, sequence number 0. */
static void sealing_matches_rfc_9180(void **state)
{
	struct fg_kem_key ephemeral, recipient;
	uint8_t secret[32], info[32], plain[32], aad[8], want[128], got[128];
	size_t info_len =
		fg_test_unhex("4f6465206f6e2061204772656369616e2055726e", info, sizeof(info));
	size_t plain_len = fg_test_unhex(
		"4265617574792069732074727574682c20747275746820626561757479", plain, sizeof(plain));
	size_t aad_len = fg_test_unhex("436f756e742d30", aad, sizeof(aad)), len;
	size_t want_len =
		fg_test_unhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
			      "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db2199"
			      "3c62ce81883d2dd1b51a28",
			      want, sizeof(want));

	(void)state;
	fg_test_unhex("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600", secret,
		      32);
	fg_kem_key_from_secret(secret, &ephemeral);
	fg_test_unhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb", secret,
		      32);
	fg_kem_key_from_secret(secret, &recipient);
	fg_test_unhex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a", secret,
		      32);
	assert_memory_equal(recipient.public, secret, 32);
	assert_ok(fg_hpke_seal_with_ephemeral(&ephemeral, recipient.public, info, info_len, aad,
					      aad_len, plain, plain_len, got, sizeof(got), &len));
	assert_int_equal(len, want_len);
	assert_memory_equal(got, want, len);
	assert_ok(fg_hpke_open(&recipient, info, info_len, aad, aad_len, want, want_len, got,
			       sizeof(got), &len));
	assert_int_equal(len, plain_len);
	assert_memory_equal(got, plain, len);
}

static void what_was_sealed_opens_at_every_length(void **state)
{
	static uint8_t plain[1100], sealed[sizeof(plain) + FG_HPKE_OVERHEAD], opened[sizeof(plain)];
	struct fg_kem_key key;
	size_t len;

	(void)state;
	fg_kem_key_new(&key);
	fg_random(plain, sizeof(plain));
	for (size_t n = 0; n <= sizeof(plain); n += n < 70 ? 1 : 103) {
		assert_ok(fg_hpke_seal(key.public, INFO, AAD, plain, n, sealed,
				       n + FG_HPKE_OVERHEAD, &len));
		assert_int_equal(len, n + FG_HPKE_OVERHEAD);
		assert_ok(fg_hpke_open(&key, INFO, AAD, sealed, len, opened, n, &len));
		assert_int_equal(len, n);
		assert_memory_equal(plain, opened, n);
	}
}

struct sealed {
	struct fg_kem_key key;
	uint8_t bytes[sizeof(PLAIN) + FG_HPKE_OVERHEAD];
};

static struct sealed seal_one(void)
{
	struct sealed sealed;
	size_t len;

	fg_kem_key_new(&sealed.key);
	assert_ok(fg_hpke_seal(sealed.key.public, INFO, AAD, PLAIN, sizeof(PLAIN), sealed.bytes,
			       sizeof(sealed.bytes), &len));
	assert_int_equal(len, sizeof(sealed.bytes));
	return sealed;
}

static void any_changed_bit_is_refused_and_leaves_zeros(void **state)
{
	static const uint8_t zeros[sizeof(PLAIN)];
	struct sealed sealed = seal_one();

	(void)state;
	for (size_t bit = 0; bit < sizeof(sealed.bytes) * 8; bit++) {
		uint8_t out[sizeof(PLAIN)];
		size_t len = 99;

		/* RFC 7748, 5: the top bit of a u-coordinate is not read. HPKE binds it all the
		 * same, by kem_context. */
		memset(out, 0xee, sizeof(out));
		sealed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_rc(FG_E_SEAL, fg_hpke_open(&sealed.key, INFO, AAD, sealed.bytes,
						  sizeof(sealed.bytes), out, sizeof(out), &len));
		sealed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_memory_equal(out, zeros, sizeof(out));
		assert_int_equal(len, 99);
	}
}

static void every_cut_is_refused(void **state)
{
	struct sealed sealed = seal_one();
	uint8_t out[sizeof(PLAIN)];
	size_t len = 0;

	(void)state;
	for (size_t cut = 0; cut < sizeof(sealed.bytes); cut++)
		assert_rc(FG_E_SEAL, fg_hpke_open(&sealed.key, INFO, AAD, sealed.bytes, cut, out,
						  sizeof(out), &len));
}

static void info_aad_and_key_are_bound(void **state)
{
	struct sealed sealed = seal_one();
	struct fg_kem_key other;
	uint8_t out[sizeof(PLAIN)];
	size_t len = 0, n = sizeof(sealed.bytes);

	(void)state;
	fg_kem_key_new(&other);
	assert_rc(FG_E_SEAL, fg_hpke_open(&sealed.key, "info2", 5, AAD, sealed.bytes, n, out,
					  sizeof(out), &len));
	assert_rc(FG_E_SEAL,
		  fg_hpke_open(&sealed.key, NULL, 0, AAD, sealed.bytes, n, out, sizeof(out), &len));
	assert_rc(FG_E_SEAL, fg_hpke_open(&sealed.key, INFO, "Aad", 3, sealed.bytes, n, out,
					  sizeof(out), &len));
	assert_rc(FG_E_SEAL, fg_hpke_open(&sealed.key, INFO, NULL, 0, sealed.bytes, n, out,
					  sizeof(out), &len));
	assert_rc(FG_E_SEAL,
		  fg_hpke_open(&other, INFO, AAD, sealed.bytes, n, out, sizeof(out), &len));
	assert_ok(fg_hpke_open(&sealed.key, INFO, AAD, sealed.bytes, n, out, sizeof(out), &len));
}

/* Points of order 1, 2, 4 and 8 (RFC 7748, 6.1 and curve25519's twist); a secret shared with one is
 * known to everyone. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void keys_of_low_order_are_refused(void **state)
{
	struct sealed sealed = seal_one();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(low_order); i++) {
		uint8_t public[32], out[128];
		size_t len = 99;

		fg_test_unhex(low_order[i], public, sizeof(public));
		assert_rc(FG_E_KEY, fg_hpke_seal(public, INFO, AAD, PLAIN, sizeof(PLAIN), out,
						 sizeof(out), &len));
		memcpy(sealed.bytes, public, sizeof(public));
		assert_rc(FG_E_SEAL, fg_hpke_open(&sealed.key, INFO, AAD, sealed.bytes,
						  sizeof(sealed.bytes), out, sizeof(out), &len));
		assert_int_equal(len, 99);
	}
}

static void a_buffer_too_small_is_refused_untouched(void **state)
{
	struct sealed sealed = seal_one();
	uint8_t out[FG_HPKE_OVERHEAD + 4], want[sizeof(out)];
	size_t len = 99;

	(void)state;
	memset(out, 0xee, sizeof(out));
	memset(want, 0xee, sizeof(want));
	assert_rc(FG_E_SPACE,
		  fg_hpke_seal(sealed.key.public, INFO, AAD, PLAIN, 5, out, sizeof(out), &len));
	assert_rc(FG_E_SPACE, fg_hpke_seal(sealed.key.public, INFO, AAD, PLAIN, 0, out,
					   FG_HPKE_OVERHEAD - 1, &len));
	assert_rc(FG_E_SPACE, fg_hpke_seal(sealed.key.public, INFO, AAD, PLAIN, SIZE_MAX, out,
					   sizeof(out), &len));
	assert_rc(FG_E_SPACE, fg_hpke_open(&sealed.key, INFO, AAD, sealed.bytes,
					   sizeof(sealed.bytes), out, sizeof(PLAIN) - 1, &len));
	assert_memory_equal(out, want, sizeof(out));
	assert_int_equal(len, 99);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealing_matches_rfc_9180),
		cmocka_unit_test(what_was_sealed_opens_at_every_length),
		cmocka_unit_test(any_changed_bit_is_refused_and_leaves_zeros),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(info_aad_and_key_are_bound),
		cmocka_unit_test(keys_of_low_order_are_refused),
		cmocka_unit_test(a_buffer_too_small_is_refused_untouched),
	};

	return fg_crypto_init() == FG_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
