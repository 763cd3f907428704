/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What goes to devices: a text of an application, or one that came from a carrier, sealed by the vault for each device of the
 * recipient, and opened by the device's own library. Then one thing after another is wrong, and no copy is made.
 */
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "client/device/e2e.h"
#include "tests/support/relay_fixture.h"

enum { DEVICES = 2 };

#define DAY_MS (24 * 3600 * 1000ull)

struct device {
	struct fg_sign_key key;
	struct fg_kem_key prekey, one_time;
	uint8_t id[FG_ID_LEN];
	Fallgate__Signed signed_object[3];
	Fallgate__DeviceKeys keys;
};

struct copies {
	struct relay relay;
	struct device device[DEVICES];
	uint8_t lookup[4096];
	struct fg_arena arena;
};

static ProtobufCBinaryData field(void *data, size_t len)
{
	return (ProtobufCBinaryData){ .data = data, .len = len };
}

static void make_prekey(struct device *d, Fallgate__PrekeyKind kind, struct fg_kem_key *key,
			Fallgate__Signed *out)
{
	Fallgate__Prekey prekey = FALLGATE__PREKEY__INIT;

	fg_kem_key_new(key);
	prekey.device_id = field(d->id, sizeof(d->id));
	prekey.kind = kind;
	prekey.id = (uint32_t)kind + 10;
	prekey.suite = 1;
	prekey.public_key = field(key->public, sizeof(key->public));
	assert_ok(fg_signed_make(&prekey, &d->key, FG_LABEL_PREKEY, out));
}

static void make_device(struct copies *c, struct device *d, uint8_t number)
{
	Fallgate__DeviceCert cert = FALLGATE__DEVICE_CERT__INIT;
	uint64_t now_ms = fg_clock_wall_ms(&c->relay.chain.clock);

	fg_sign_key_new(&d->key);
	memset(d->id, number, sizeof(d->id));
	cert.account_key = field(c->relay.chain.recipient_account.public, 32);
	cert.device_id = field(d->id, sizeof(d->id));
	cert.signing_key = field(d->key.public, 32);
	cert.not_before_ms = now_ms - 1000;
	cert.expires_ms = now_ms + 20 * DAY_MS;
	cert.relay_in = number != DEVICES; /* the last one takes none */
	assert_ok(fg_signed_make(&cert, &c->relay.chain.recipient_account, FG_LABEL_DEVICE_CERT,
				 &d->signed_object[0]));
	make_prekey(d, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, &d->prekey, &d->signed_object[1]);
	make_prekey(d, FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, &d->one_time, &d->signed_object[2]);
	fallgate__device_keys__init(&d->keys);
	d->keys.cert = &d->signed_object[0];
	d->keys.signed_prekey = &d->signed_object[1];
	d->keys.one_time_prekey = &d->signed_object[2];
}

/* The order's devices and view: the first `count` of ours. */
static void offer_devices(struct copies *c, size_t count, const char *handle)
{
	Fallgate__LookupResult lookup = FALLGATE__LOOKUP_RESULT__INIT;
	Fallgate__DeviceKeys *list[DEVICES] = { &c->device[0].keys, &c->device[1].keys };
	struct fg_ipc_relay *relay = &c->relay.frame.relay;

	lookup.handle = (char *)(uintptr_t)handle;
	lookup.devices = list;
	lookup.n_devices = count;
	relay->devices.data = c->lookup;
	assert_ok(fg_proto_pack(&lookup, c->lookup, sizeof(c->lookup), &relay->devices.len));
}

static void secure_view(struct copies *c)
{
	uint8_t ids[DEVICES * FG_ID_LEN];

	for (size_t i = 0; i < DEVICES; i++)
		memcpy(ids + i * FG_ID_LEN, c->device[i].id, FG_ID_LEN);
	c->relay.device_set = fg_sha256(ids, sizeof(ids));
	c->relay.proven_ms = fg_clock_wall_ms(&c->relay.chain.clock) - 8 * DAY_MS;
	relay_make_views(&c->relay, FALLGATE__VIEW_STATE__VIEW_SECURE,
			 c->relay.chain.recipient_account.public);
}

static void begin(struct copies *c)
{
	memset(c, 0, sizeof(*c));
	relay_begin(&c->relay);
	chain_account(&c->relay.chain, 1);
	assert_ok(fg_arena_init(&c->arena, 64 * 1024));
	for (uint8_t i = 0; i < DEVICES; i++)
		make_device(c, &c->device[i], (uint8_t)(i + 1));
}

static void to_devices(struct copies *c, enum fg_reason reason)
{
	struct fg_ipc_relay *relay = &c->relay.frame.relay;

	relay_make_order(&c->relay);
	relay->link_name = (struct fg_bytes){ 0 };
	relay->bearer = FG_BEARER_SECURE;
	relay->reason = (uint8_t)reason;
	relay->row = 1;
	secure_view(c);
	offer_devices(c, DEVICES, RELAY_DESTINATION);
}

static void prepare(struct copies *c)
{
	begin(c);
	relay_submit(&c->relay, "shop", "your parcel\r is here");
	to_devices(c, FG_REASON_SECURE_DEVICES);
}

static void end(struct copies *c)
{
	for (size_t i = 0; i < DEVICES; i++)
		for (size_t k = 0; k < 3; k++)
			fg_signed_free(&c->device[i].signed_object[k]);
	fg_arena_free(&c->arena);
	relay_end(&c->relay);
}

static void expect_refused(struct copies *c, enum fg_rc rc)
{
	unsigned before = c->relay.chain.offers;

	relay_order(&c->relay);
	assert_rc(rc, c->relay.chain.refused);
	assert_int_equal(c->relay.chain.offers, before);
	end(c);
}

static const Fallgate__SealedParts *copies_made(struct copies *c)
{
	struct fg_bytes bytes = c->relay.chain.offered.copies.copies;

	assert_int_equal(c->relay.chain.offered.type, FG_IPC_COPIES);
	fg_arena_reset(&c->arena);
	return fg_proto_unpack(&c->arena, &fallgate__sealed_parts__descriptor, bytes.data,
			       bytes.len);
}

/* As the device's library does with a push of relayed content; vault_key: from gateway.trust. */
static enum fg_rc open_copy(struct copies *c, const Fallgate__SealedPart *part,
			    const uint8_t *vault_key, Fallgate__Content **content)
{
	static const uint8_t vault_device[FG_ID_LEN];
	struct fg_e2e_context context = {
		.own_account = c->relay.chain.recipient_account.public,
		.own_device = c->device[0].id,
		.prekey = part->one_time_prekey_id ? &c->device[0].one_time : &c->device[0].prekey,
		.message_id = c->relay.frame.relay.message_id.b,
		.sender_device = vault_device,
		.sender_key = vault_key,
		.now_ms = fg_clock_wall_ms(&c->relay.chain.clock),
	};

	return fg_e2e_open(&c->arena, &context, part, content);
}

static void expect_copy(struct copies *c, const char *sender, const char *text,
			Fallgate__Protection protection)
{
	const Fallgate__SealedParts *parts = copies_made(c);
	Fallgate__Content *content;

	assert_non_null(parts);
	assert_int_equal(parts->n_parts, 1);
	assert_memory_equal(parts->parts[0]->device_id.data, c->device[0].id, FG_ID_LEN);
	assert_ok(
		open_copy(c, parts->parts[0], fg_vault_public_key(c->relay.chain.vault), &content));
	assert_string_equal(content->text, text);
	assert_string_equal(content->sender, sender);
	assert_string_equal(content->recipient, RELAY_DESTINATION);
	assert_int_equal(content->protection, protection);
}

static void a_text_of_an_application_is_sealed_for_devices_that_take_it(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c);
	relay_order(&c.relay);
	assert_rc(FG_OK, c.relay.chain.refused);
	assert_int_equal(c.relay.chain.jobs, 0);
	assert_int_equal(c.relay.chain.relayed, 1);
	assert_int_equal(c.relay.chain.leg_state, FG_LEG_ACCEPTED);
	assert_null(memmem(c.relay.chain.offered.copies.copies.data,
			   c.relay.chain.offered.copies.copies.len, "parcel", 6));
	expect_copy(&c, "shop", "your parcel  is here", FALLGATE__PROTECTION__PROTECTION_HOP);
	end(&c);
}

static void without_a_one_time_prekey_the_signed_one_serves(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c);
	c.device[0].keys.one_time_prekey = NULL;
	offer_devices(&c, DEVICES, RELAY_DESTINATION);
	relay_order(&c.relay);
	expect_copy(&c, "shop", "your parcel  is here", FALLGATE__PROTECTION__PROTECTION_HOP);
	end(&c);
}

static void another_vaults_copy_is_refused_by_the_device(void **state)
{
	const Fallgate__SealedParts *parts;
	Fallgate__Content *content;
	struct fg_sign_key other;
	struct copies c;

	(void)state;
	prepare(&c);
	relay_order(&c.relay);
	fg_sign_key_new(&other);
	parts = copies_made(&c);
	assert_rc(FG_E_IDENTITY, open_copy(&c, parts->parts[0], other.public, &content));
	end(&c);
}

static void copies_that_were_lost_are_made_again(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c);
	relay_order(&c.relay);
	chain_restart_vault(&c.relay.chain);
	memset(&c.relay.chain.offered, 0, sizeof(c.relay.chain.offered));
	relay_order(&c.relay);
	assert_rc(FG_OK, c.relay.chain.refused);
	expect_copy(&c, "shop", "your parcel  is here", FALLGATE__PROTECTION__PROTECTION_HOP);
	assert_int_equal(c.relay.chain.legs, 2);
	end(&c);
}

static void without_room_to_the_core_nothing_is_recorded(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c);
	c.relay.chain.core_full = true;
	relay_order(&c.relay);
	assert_rc(FG_E_IPC_FULL, c.relay.chain.refused);
	assert_int_equal(c.relay.chain.legs, 0);
	c.relay.chain.core_full = false;
	relay_order(&c.relay);
	assert_int_equal(c.relay.chain.legs, 1);
	end(&c);
}

static void inbound(struct copies *c)
{
	struct fg_frame frame = { .type = FG_IPC_SUBMIT };

	begin(c);
	frame.submit.kind = FG_SUBMIT_INBOUND;
	frame.submit.source = FG_BYTES_TEXT("+12025550111");
	frame.submit.destination = FG_BYTES_TEXT("+12025550000");
	frame.submit.message_class = FG_MESSAGE_NORMAL;
	frame.submit.text = FG_BYTES_TEXT("see you");
	fg_vault_link_frame(c->relay.chain.vault, 0, &frame);
	to_devices(c, FG_REASON_RELAYED);
}

static void what_came_from_a_carrier_is_shown_as_unprotected(void **state)
{
	struct copies c;

	(void)state;
	inbound(&c);
	relay_order(&c.relay);
	assert_rc(FG_OK, c.relay.chain.refused);
	expect_copy(&c, "+12025550111", "see you", FALLGATE__PROTECTION__PROTECTION_NONE);
	end(&c);
}

static void what_came_from_a_carrier_goes_to_devices_and_nowhere_else(void **state)
{
	struct copies c;

	(void)state;
	inbound(&c);
	c.relay.frame.relay.bearer = FG_BEARER_SMS;
	c.relay.frame.relay.link_name = FG_BYTES_TEXT("smsc-a");
	expect_refused(&c, FG_E_CONSENT_BEARER);
	inbound(&c);
	c.relay.frame.relay.reason = FG_REASON_SECURE_DEVICES;
	expect_refused(&c, FG_E_CONSENT_REASON);
	inbound(&c); /* an inbound text is no application's */
	c.relay.frame.relay.kind = FG_SUBMIT_APPLICATION;
	expect_refused(&c, FG_E_DENIED);
}

static void the_contract_says_when_devices_get_its_messages(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c);
	strcpy(c.relay.chain.conf.accounts[0].secure, "off");
	expect_refused(&c, FG_E_CONSENT_REASON);
	prepare(&c);
	strcpy(c.relay.chain.conf.accounts[0].floor, "e2e");
	expect_refused(&c, FG_E_CONSENT_BEARER);
	prepare(&c);
	strcpy(c.relay.chain.conf.accounts[0].secure, "after");
	c.relay.chain.conf.accounts[0].secure_after_days = 9;
	expect_refused(&c, FG_E_CONSENT_REASON);
	prepare(&c); /* how new the handle is, is not said */
	c.relay.proven_ms = 0;
	relay_make_views(&c.relay, FALLGATE__VIEW_STATE__VIEW_SECURE,
			 c.relay.chain.recipient_account.public);
	expect_refused(&c, FG_E_CONSENT_REASON);
	prepare(&c);
	relay_make_views(&c.relay, FALLGATE__VIEW_STATE__VIEW_ABSENT, NULL);
	expect_refused(&c, FG_E_CONSENT_REASON);
	prepare(&c);
	c.relay.frame.relay.link_name = FG_BYTES_TEXT("smsc-a");
	expect_refused(&c, FG_E_NOT_FOUND);
}

static void a_handle_too_new_for_the_contract_gets_it_unprotected(void **state)
{
	struct copies c;

	(void)state;
	for (int i = 0; i < 2; i++) {
		prepare(&c);
		c.relay.frame.relay.bearer = FG_BEARER_SMS;
		c.relay.frame.relay.link_name = FG_BYTES_TEXT("smsc-a");
		c.relay.frame.relay.reason = FG_REASON_SECURE_NOT_YET;
		strcpy(c.relay.chain.conf.accounts[0].secure, "after");
		c.relay.chain.conf.accounts[0].secure_after_days = i ? 8 : 9;
		if (i) {
			expect_refused(&c, FG_E_CONSENT_REASON);
			continue;
		}
		relay_expect_job(&c.relay);
		end(&c);
	}
}

static void what_devices_did_not_take_goes_on_when_the_contract_says_so(void **state)
{
	struct fg_ipc_relay *relay;
	struct copies c;

	(void)state;
	prepare(&c);
	relay_order(&c.relay);
	assert_int_equal(c.relay.chain.leg_state, FG_LEG_ACCEPTED);
	c.relay.chain.clock.offset_ms += 61000;
	secure_view(&c);
	relay = &c.relay.frame.relay;
	relay->leg = 2;
	relay->bearer = FG_BEARER_SMS;
	relay->link_name = FG_BYTES_TEXT("smsc-a");
	relay->reason = FG_REASON_UNDELIVERED;
	relay_order(&c.relay);
	assert_rc(FG_E_CONSENT_REASON, c.relay.chain.refused);
	c.relay.chain.conf.accounts[0].undelivered_s = 62;
	relay_order(&c.relay);
	assert_rc(FG_E_CONSENT_REASON, c.relay.chain.refused);
	assert_int_equal(c.relay.chain.jobs, 0);
	c.relay.chain.conf.accounts[0].undelivered_s = 60;
	relay_order(&c.relay);
	assert_rc(FG_OK, c.relay.chain.refused);
	assert_int_equal(c.relay.chain.jobs, 1);
	end(&c);
}

static void copies_go_to_an_account_that_was_announced(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c);
	relay_make_views(&c.relay, FALLGATE__VIEW_STATE__VIEW_SECURE, c.relay.chain.account.public);
	expect_refused(&c, FG_E_IDENTITY);
	memset(&c, 0, sizeof(c));
	relay_begin(&c.relay); /* nobody announced it */
	assert_ok(fg_arena_init(&c.arena, 64 * 1024));
	for (uint8_t i = 0; i < DEVICES; i++)
		make_device(&c, &c.device[i], (uint8_t)(i + 1));
	relay_submit(&c.relay, "shop", "your parcel is here");
	to_devices(&c, FG_REASON_SECURE_DEVICES);
	expect_refused(&c, FG_E_IDENTITY);
}

static void copies_go_to_exactly_the_devices_of_the_view(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c); /* one is left out */
	offer_devices(&c, 1, RELAY_DESTINATION);
	expect_refused(&c, FG_E_IDENTITY);
	prepare(&c); /* a device certified by somebody else */
	fg_sign_key_new(&c.device[0].key);
	fg_sign(&c.device[0].key, FG_LABEL_DEVICE_CERT, c.device[0].signed_object[0].body.data,
		c.device[0].signed_object[0].body.len, c.device[0].signed_object[0].signature.data);
	offer_devices(&c, DEVICES, RELAY_DESTINATION);
	expect_refused(&c, FG_E_IDENTITY);
	prepare(&c); /* a prekey of somebody else */
	fg_sign(&c.device[1].key, FG_LABEL_PREKEY, c.device[0].signed_object[2].body.data,
		c.device[0].signed_object[2].body.len, c.device[0].signed_object[2].signature.data);
	offer_devices(&c, DEVICES, RELAY_DESTINATION);
	expect_refused(&c, FG_E_IDENTITY);
	prepare(&c);
	c.relay.frame.relay.devices.len--;
	expect_refused(&c, FG_E_SYNTAX);
}

static void copies_end_with_the_message(void **state)
{
	struct copies c;

	(void)state;
	prepare(&c);
	c.relay.frame.relay.expires_ms = fg_clock_wall_ms(&c.relay.chain.clock) - 1;
	expect_refused(&c, FG_E_CONSENT_TIME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_of_an_application_is_sealed_for_devices_that_take_it),
		cmocka_unit_test(without_a_one_time_prekey_the_signed_one_serves),
		cmocka_unit_test(another_vaults_copy_is_refused_by_the_device),
		cmocka_unit_test(copies_that_were_lost_are_made_again),
		cmocka_unit_test(without_room_to_the_core_nothing_is_recorded),
		cmocka_unit_test(what_came_from_a_carrier_is_shown_as_unprotected),
		cmocka_unit_test(what_came_from_a_carrier_goes_to_devices_and_nowhere_else),
		cmocka_unit_test(the_contract_says_when_devices_get_its_messages),
		cmocka_unit_test(a_handle_too_new_for_the_contract_gets_it_unprotected),
		cmocka_unit_test(what_devices_did_not_take_goes_on_when_the_contract_says_so),
		cmocka_unit_test(copies_go_to_an_account_that_was_announced),
		cmocka_unit_test(copies_go_to_exactly_the_devices_of_the_view),
		cmocka_unit_test(copies_end_with_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
