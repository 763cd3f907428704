/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include <sys/stat.h>
#include "client/device/e2e.h"
#include "client/device/state.h"

#define NOW_MS 1700000000000ull

static const char trust_text[] =
	"fallgate-trust 1\n# a comment\n\n"
	"gateway 000102030405060708090a0b0c0d0e0f\nhost gw.example.org:7443\nlog-origin "
	"example.org/log\n"
	"log-key 0000000000000000000000000000000000000000000000000000000000000001\n"
	"vault-key 0000000000000000000000000000000000000000000000000000000000000002\n"
	"receipt-key 0000000000000000000000000000000000000000000000000000000000000003\n"
	"directory-key 0000000000000000000000000000000000000000000000000000000000000004\n"
	"ca MAMCAQE=\n";

/* ---- gateway.trust ---- */

static void a_trust_file_is_read_whole(void **unused)
{
	struct fg_trust trust;

	(void)unused;
	assert_ok(fg_trust_parse(trust_text, strlen(trust_text), &trust));
	assert_string_equal(trust.host, "gw.example.org");
	assert_int_equal(trust.port, 7443);
	assert_int_equal(trust.gateway_id[15], 15);
	assert_int_equal(trust.vault_key[31], 2);
	assert_int_equal(trust.ca_len, 5);
}

static void a_trust_file_that_is_not_exact_is_refused(void **unused)
{
	static const struct {
		const char *from, *to;
		enum fg_rc rc;
	} cases[] = {
		{ "fallgate-trust 1", "fallgate-trust 2", FG_E_VERSION },
		{ "fallgate-trust 1\n", "", FG_E_SYNTAX },
		{ "gateway 00", "gateway 0", FG_E_SYNTAX },
		{ ":7443", "", FG_E_SYNTAX },
		{ ":7443", ":0", FG_E_SYNTAX },
		{ ":7443", ":65536", FG_E_SYNTAX },
		{ "gw.example.org", "gw example.org", FG_E_SYNTAX },
		{ "log-origin example.org/log", "log-origin a+b", FG_E_SYNTAX },
		{ "ca MAMCAQE=", "ca ", FG_E_SYNTAX },
		{ "ca MAMCAQE=", "ca MAMCAQF=", FG_E_SYNTAX },
		{ "ca MAMCAQE=\n", "", FG_E_SYNTAX },
		{ "ca MAMCAQE=\n", "ca MAMCAQE=\nca MAMCAQE=\n", FG_E_SYNTAX },
		{ "# a comment", "surprise 1", FG_E_SYNTAX },
	};
	struct fg_trust trust;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[2048];
		const char *at = strstr(trust_text, cases[i].from);

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - trust_text), trust_text,
			 cases[i].to, at + strlen(cases[i].from));
		assert_rc(cases[i].rc, fg_trust_parse(text, strlen(text), &trust));
	}
}

/* ---- two devices ---- */

struct pair {
	struct fg_state alice, bob;
	struct fg_arena arena;
	struct fg_suite1_peer peer; /* bob, as alice sees him */
	Fallgate__Signed cert;      /* of alice */
	Fallgate__Signed prekeys[2];
	uint8_t message_id[FG_ID_LEN];
};

static void make_cert(struct fg_state *state, Fallgate__Signed *cert_out)
{
	Fallgate__DeviceCert cert = FALLGATE__DEVICE_CERT__INIT;

	cert.account_key = (ProtobufCBinaryData){ .data = state->account_key.public, .len = 32 };
	cert.device_id = state->data->device_id;
	cert.signing_key = (ProtobufCBinaryData){ .data = state->device_key.public, .len = 32 };
	cert.not_before_ms = NOW_MS - 1;
	cert.expires_ms = NOW_MS + 1000;
	assert_ok(fg_signed_make(&cert, &state->account_key, FG_LABEL_DEVICE_CERT, cert_out));
}

static int setup(void **out)
{
	struct pair *p = calloc(1, sizeof(*p));
	Fallgate__DeviceKeys keys = FALLGATE__DEVICE_KEYS__INIT;
	Fallgate__Signed bob_cert;

	assert_ok(fg_crypto_init());
	assert_ok(fg_state_new(trust_text, strlen(trust_text), &p->alice));
	assert_ok(fg_state_new(trust_text, strlen(trust_text), &p->bob));
	assert_ok(fg_arena_init(&p->arena, FG_ARENA_MAX));
	make_cert(&p->alice, &p->cert);
	make_cert(&p->bob, &bob_cert);
	assert_ok(fg_state_prekeys_new(&p->bob, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, 1, NOW_MS,
				       p->prekeys));
	assert_ok(fg_state_prekeys_new(&p->bob, FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, 1, NOW_MS,
				       p->prekeys + 1));
	keys.cert = &bob_cert;
	keys.signed_prekey = &p->prekeys[0];
	keys.one_time_prekey = &p->prekeys[1];
	assert_ok(fg_suite1_peer_check(&p->arena, &keys, p->bob.account_key.public, NOW_MS,
				       &p->peer));
	/* Not under another account, not after its end, not with the kinds swapped. */
	assert_rc(FG_E_IDENTITY, fg_suite1_peer_check(&p->arena, &keys, p->alice.account_key.public,
						      NOW_MS, &p->peer));
	assert_rc(FG_E_IDENTITY, fg_suite1_peer_check(&p->arena, &keys, p->bob.account_key.public,
						      NOW_MS + 1000, &p->peer));
	keys.signed_prekey = &p->prekeys[1];
	assert_rc(FG_E_IDENTITY, fg_suite1_peer_check(&p->arena, &keys, p->bob.account_key.public,
						      NOW_MS, &p->peer));
	fg_signed_free(&bob_cert);
	memset(p->message_id, 7, sizeof(p->message_id));
	*out = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	fg_state_free(&p->alice);
	fg_state_free(&p->bob);
	fg_arena_free(&p->arena);
	fg_signed_free(&p->cert);
	fg_signed_free(&p->prekeys[0]);
	fg_signed_free(&p->prekeys[1]);
	free(p);
	return 0;
}

static void seal(struct pair *p, const struct fg_suite1_peer *peer, const char *text,
		 Fallgate__SealedPart *part)
{
	Fallgate__Content content = FALLGATE__CONTENT__INIT;

	content.message_id = (ProtobufCBinaryData){ .data = p->message_id, .len = FG_ID_LEN };
	content.sender_device = p->alice.data->device_id;
	content.sender_cert = &p->cert;
	content.text = (char *)text;
	fallgate__sealed_part__init(part);
	part->suite = 1;
	part->signed_prekey_id = peer->signed_prekey_id;
	part->one_time_prekey_id = peer->one_time_prekey_id;
	assert_ok(fg_e2e_seal(&content, &p->alice.device_key, peer, &part->sealed.data,
			      &part->sealed.len));
}

static enum fg_rc open_as_bob(struct pair *p, const Fallgate__SealedPart *part,
			      Fallgate__Content **content_out)
{
	struct fg_kem_key key;
	struct fg_e2e_context context = {
		p->bob.account_key.public,     p->bob.data->device_id.data, &key,  p->message_id,
		p->alice.data->device_id.data, p->alice.account_key.public, NOW_MS
	};
	enum fg_rc rc = fg_state_prekey(&p->bob, p->peer.one_time_prekey_id,
					FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, &key);

	fg_arena_reset(&p->arena);
	return rc == FG_OK ? fg_e2e_open(&p->arena, &context, part, content_out) : rc;
}

static void what_is_sealed_for_a_device_opens_there(void **state)
{
	struct pair *p = *state;
	Fallgate__SealedPart part;
	Fallgate__Content *content;

	seal(p, &p->peer, "see you at six", &part);
	assert_ok(open_as_bob(p, &part, &content));
	assert_string_equal(content->text, "see you at six");
	assert_int_equal(part.sealed.len, fg_suite1_padded_len(part.sealed.len - FG_HPKE_OVERHEAD) +
						  FG_HPKE_OVERHEAD);
	free(part.sealed.data);
}

static void texts_of_near_length_are_sealed_to_one_length(void **state)
{
	struct pair *p = *state;
	Fallgate__SealedPart a, b;

	seal(p, &p->peer, "a", &a);
	seal(p, &p->peer, "abcdef", &b);
	assert_int_equal(a.sealed.len, b.sealed.len);
	free(a.sealed.data);
	free(b.sealed.data);
}

static void padding_is_that_of_padme(void **unused)
{
	static const size_t cases[][2] = {
		{ 0, 256 }, { 256, 256 }, { 257, 272 }, { 1000, 1024 }, { 1025, 1088 }
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(fg_suite1_padded_len(cases[i][0]), cases[i][1]);
}

static void a_part_with_any_byte_changed_does_not_open(void **state)
{
	struct pair *p = *state;
	Fallgate__SealedPart part;
	Fallgate__Content *content;

	seal(p, &p->peer, "x", &part);
	for (size_t i = 0; i < part.sealed.len; i++) {
		part.sealed.data[i] ^= 0x80;
		/* X25519 ignores the last bit of a public key, but the key schedule binds all of
		 * enc. */
		assert_rc(FG_E_SEAL, open_as_bob(p, &part, &content));
		part.sealed.data[i] ^= 0x80;
	}
	part.signed_prekey_id++;
	assert_rc(FG_E_SEAL, open_as_bob(p, &part, &content));
	free(part.sealed.data);
}

static void a_message_for_another_account_or_device_is_refused(void **state)
{
	struct pair *p = *state;
	struct fg_suite1_peer wrong = p->peer;
	Fallgate__SealedPart part;
	Fallgate__Content *content;

	wrong.account_key[0] ^=
		1; /* sealed to bob's prekey, but the signed content was meant for somebody else */
	seal(p, &wrong, "x", &part);
	assert_rc(FG_E_DENIED, open_as_bob(p, &part, &content));
	free(part.sealed.data);
}

static void a_message_of_another_signer_is_refused(void **state)
{
	struct pair *p = *state;
	Fallgate__SealedPart part;
	Fallgate__Content *content;
	struct fg_sign_key kept = p->alice.device_key;

	fg_sign_key_new(&p->alice.device_key);
	seal(p, &p->peer, "x", &part);
	p->alice.device_key = kept;
	assert_rc(FG_E_SIGNATURE, open_as_bob(p, &part, &content));
	free(part.sealed.data);
}

static void a_one_time_prekey_serves_once(void **state)
{
	struct pair *p = *state;
	struct fg_kem_key key;

	fg_state_prekey_spend(&p->bob, p->peer.one_time_prekey_id);
	assert_rc(FG_E_REPLAY, fg_state_prekey(&p->bob, p->peer.one_time_prekey_id,
					       FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, &key));
	assert_rc(FG_E_NOT_FOUND,
		  fg_state_prekey(&p->bob, 99, FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, &key));
	fg_state_prekey_spend(&p->bob, p->peer.signed_prekey_id); /* signed ones stay */
	assert_ok(fg_state_prekey(&p->bob, p->peer.signed_prekey_id,
				  FALLGATE__PREKEY_KIND__PREKEY_SIGNED, &key));
}

static void a_state_survives_its_file(void **state)
{
	struct pair *p = *state;
	char *dir = fg_test_tmpdir(), path[512];
	struct fg_state back;
	uint8_t key[32] = { 1 }, other[32] = { 2 };

	snprintf(path, sizeof(path), "%s/state", dir);
	assert_ok(fg_state_pin_set(&p->alice, "bob@example.org", key, 5, NOW_MS, false));
	assert_ok(fg_state_pin_set(&p->alice, "bob@example.org", key, 3, NOW_MS, false));
	assert_rc(FG_E_IDENTITY,
		  fg_state_pin_set(&p->alice, "bob@example.org", other, 6, NOW_MS, false));
	assert_ok(fg_state_write(&p->alice, path, NULL));
	assert_ok(fg_state_read(path, NULL, &back));
	assert_int_equal(fg_state_pin(&back, "bob@example.org")->epoch, 5);
	assert_memory_equal(back.device_key.secret, p->alice.device_key.secret, FG_SIGN_SECRET_LEN);
	fg_state_free(&back);
	back.data = NULL;
	assert_rc(FG_E_PASSPHRASE, fg_state_read(path, "secret", &back));
	assert_rc(FG_E_SYNTAX, fg_state_unpack("\xff", 1, &back));
	assert_int_equal(chmod(path, 0644), 0);
	assert_rc(FG_E_DENIED, fg_state_read(path, NULL, &back));
	fg_test_rmdir(dir);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trust_file_is_read_whole),
		cmocka_unit_test(a_trust_file_that_is_not_exact_is_refused),
		cmocka_unit_test(padding_is_that_of_padme),
		CASE(what_is_sealed_for_a_device_opens_there),
		CASE(texts_of_near_length_are_sealed_to_one_length),
		CASE(a_part_with_any_byte_changed_does_not_open),
		CASE(a_message_for_another_account_or_device_is_refused),
		CASE(a_message_of_another_signer_is_refused),
		CASE(a_one_time_prekey_serves_once),
		CASE(a_state_survives_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
