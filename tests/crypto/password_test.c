/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include <string.h>
#include "lib/crypto/crypto.h"
#include "lib/crypto/password.h"

static void a_hash_verifies_its_password_and_no_other(void **state)
{
	char hash[FG_PASSWORD_HASH_MAX], again[FG_PASSWORD_HASH_MAX];

	(void)state;
	assert_ok(fg_crypto_init());
	assert_ok(fg_password_hash("secret", 6, hash));
	assert_ok(fg_password_hash("secret", 6, again));
	assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
	assert_string_not_equal(hash, again);
	assert_true(fg_password_verify(hash, "secret", 6));
	assert_false(fg_password_verify(hash, "secreu", 6));
	assert_false(fg_password_verify(hash, "secre", 5));
}

static void what_is_no_hash_verifies_nothing(void **state)
{
	(void)state;
	assert_ok(fg_crypto_init());
	assert_false(fg_password_verify("", "", 0));
	assert_false(fg_password_verify("$argon2id$...", "secret", 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_verifies_its_password_and_no_other),
		cmocka_unit_test(what_is_no_hash_verifies_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
