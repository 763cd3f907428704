/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys that texts of applications are sealed under, what binds a text to its message, and that nothing clear stays behind.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "gateway/vault/storekey.h"
#include "gateway/vault/vault_internal.h"
#include "tests/support/relay_fixture.h"

#define DAY_MS (24 * 3600 * 1000ull)
#define START  1700000000000ull

static const char TEXT[] = "your parcel is here";

struct sealed {
	char *folder, path[300];
	struct fg_storekeys keys;
	uint8_t ad[FG_VAULT_AD_MAX], body[128];
	size_t ad_len, len;
};

static struct fg_vault_relay message(void)
{
	return (struct fg_vault_relay){ .message_id = { { 1, 2, 3 } },
					.kind = FG_SUBMIT_APPLICATION,
					.account = FG_BYTES_TEXT("shop"),
					.source = FG_BYTES_TEXT("SHOP"),
					.destination = FG_BYTES_TEXT(RELAY_DESTINATION),
					.message_class = FG_MESSAGE_NORMAL };
}

static int setup(void **state)
{
	static struct sealed s;
	struct fg_vault_relay relay = message();

	memset(&s, 0, sizeof(s));
	assert_ok(fg_crypto_init());
	s.folder = fg_test_tmpdir();
	snprintf(s.path, sizeof(s.path), "%s/storage-key", s.folder);
	assert_ok(fg_storekeys_load(s.path, START, &s.keys));
	s.ad_len = fg_vault_relay_ad(&relay, s.ad);
	assert_ok(fg_storekeys_seal(&s.keys, s.ad, s.ad_len, TEXT, sizeof(TEXT), s.body,
				    sizeof(s.body), &s.len));
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct sealed *s = *state;

	fg_test_rmdir(s->folder);
	return 0;
}

static enum fg_rc open_body(struct sealed *s)
{
	char out[128];
	size_t len;
	enum fg_rc rc = fg_storekeys_open(&s->keys, s->ad, s->ad_len, s->body, s->len, out,
					  sizeof(out), &len);

	if (rc == FG_OK)
		assert_string_equal(out, TEXT);
	return rc;
}

static void no_byte_of_body_or_binding_can_be_changed(void **state)
{
	struct sealed *s = *state;

	for (size_t i = 0; i < s->ad_len; i++) {
		s->ad[i] ^= 1;
		assert_rc(FG_E_SEAL, open_body(s));
		s->ad[i] ^= 1;
	}
	for (size_t i = 4; i < s->len; i++) {
		s->body[i] ^= 1;
		assert_rc(FG_E_SEAL, open_body(s));
		s->body[i] ^= 1;
	}
	for (size_t len = s->len; s->len-- > 0;)
		assert_true(open_body(s) != FG_OK || s->len == len);
}

/* Each field, and where one ends and the next begins. */
static void every_field_is_part_of_the_binding(void **state)
{
	struct sealed *s = *state;
	struct fg_vault_relay other;

	for (int i = 0; i < 9; i++) {
		other = message();
		switch (i) {
		case 0:
			other.message_id.b[15] ^= 1;
			break;
		case 1:
			other.kind = FG_SUBMIT_INBOUND;
			break;
		case 2:
			other.account = FG_BYTES_TEXT("shoq");
			break;
		case 3:
			other.source = FG_BYTES_TEXT("SHOQ");
			break;
		case 4:
			other.destination = FG_BYTES_TEXT("+12025550198");
			break;
		case 5:
			other.message_class = FG_MESSAGE_OTP;
			break;
		case 6:
			other.flags = FG_SUBMIT_FLASH;
			break;
		case 7:
			other.protocol_id = 1;
			break;
		default:
			other.account = FG_BYTES_TEXT("sho");
			other.source = FG_BYTES_TEXT("pSHOP");
		}
		s->ad_len = fg_vault_relay_ad(&other, s->ad);
		assert_rc(FG_E_SEAL, open_body(s));
	}
}

/* Each of them has four bytes, and either may be missing. */
static void the_time_of_a_text_is_never_read_as_the_place_of_a_part(void **state)
{
	struct fg_vault_relay timed = message(), part = message(), both = message();
	uint8_t ad[3][FG_VAULT_AD_MAX];
	size_t len[3];

	(void)state;
	timed.until_s = both.until_s = 0x70000203;
	part.parts_ref = both.parts_ref = 0x7000;
	part.parts_total = both.parts_total = 2;
	part.part = both.part = 3;
	len[0] = fg_vault_relay_ad(&timed, ad[0]);
	len[1] = fg_vault_relay_ad(&part, ad[1]);
	len[2] = fg_vault_relay_ad(&both, ad[2]);
	assert_int_equal(len[0], len[1]);
	assert_int_equal(len[2], len[0] + 4);
	assert_memory_not_equal(ad[0], ad[1], len[0]);
	timed.until_s++;
	fg_vault_relay_ad(&timed, ad[1]);
	assert_memory_not_equal(ad[0], ad[1], len[0]);
}

static void a_key_seals_for_a_day_and_opens_as_long_as_a_message_lives(void **state)
{
	struct sealed *s = *state;

	assert_ok(fg_storekeys_rotate(&s->keys, START + DAY_MS - 1));
	assert_int_equal(s->keys.count, 1);
	for (uint64_t day = 1; day <= 8; day++) {
		assert_ok(fg_storekeys_rotate(&s->keys, START + day * DAY_MS));
		assert_int_equal(s->keys.count, day + 1);
		assert_ok(fg_storekeys_load(s->path, START + day * DAY_MS, &s->keys));
		assert_ok(open_body(s));
	}
	assert_ok(fg_storekeys_rotate(&s->keys, START + 9 * DAY_MS));
	assert_int_equal(s->keys.count, 9);
	assert_rc(FG_E_KEY_EXPIRED, open_body(s));
	assert_ok(fg_storekeys_load(s->path, START + 9 * DAY_MS, &s->keys));
	assert_rc(FG_E_KEY_EXPIRED, open_body(s));
}

static void keys_that_cannot_be_read_are_never_replaced(void **state)
{
	struct sealed *s = *state;
	FILE *f = fopen(s->path, "r+b");
	uint8_t before[400], after[400];
	size_t len;

	assert_non_null(f);
	assert_int_equal(fseek(f, 20, SEEK_SET), 0);
	assert_true(fputc('?', f) == '?' && fputc('?', f) == '?');
	rewind(f);
	len = fread(before, 1, sizeof(before), f);
	assert_int_equal(fclose(f), 0);
	assert_true(fg_storekeys_load(s->path, START, &s->keys) != FG_OK);
	f = fopen(s->path, "rb");
	assert_int_equal(fread(after, 1, sizeof(after), f), len);
	assert_int_equal(fclose(f), 0);
	assert_memory_equal(before, after, len);
}

static bool is_wiped(const struct fg_clear *clear)
{
	return memmem(clear->data, clear->cap, "parcel", 6) == NULL;
}

static void nothing_clear_stays_in_the_vault(void **state)
{
	static struct relay r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		relay_prepare(&r);
		assert_true(is_wiped(&r.chain.vault->scratch));
		if (i) {
			r.frame.relay.expires_ms =
				r.frame.relay.decided_ms; /* opened, then refused */
			relay_order(&r);
			assert_rc(FG_E_CONSENT_TIME, r.chain.refused);
		} else {
			relay_expect_job(&r);
		}
		assert_true(is_wiped(&r.chain.vault->plain));
		assert_null(r.chain.vault->jobs);
		relay_end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_byte_of_body_or_binding_can_be_changed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(every_field_is_part_of_the_binding, setup,
						teardown),
		cmocka_unit_test(the_time_of_a_text_is_never_read_as_the_place_of_a_part),
		cmocka_unit_test_setup_teardown(
			a_key_seals_for_a_day_and_opens_as_long_as_a_message_lives, setup,
			teardown),
		cmocka_unit_test_setup_teardown(keys_that_cannot_be_read_are_never_replaced, setup,
						teardown),
		cmocka_unit_test(nothing_clear_stays_in_the_vault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
