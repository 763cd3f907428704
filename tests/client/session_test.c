/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session: what is sent and how, what is believed of receipts and messages that come.
 */
#include "tests/support/fg_test.h"

#include "client/device/e2e.h"
#include "tests/client/world.h"
#include "lib/proto/capsule.h"
#include "lib/proto/consent.h"
#include "lib/proto/leaf.h"

/* ---- cases ---- */

static void a_registration_uploads_prekeys_and_is_ready(void **state)
{
	struct world *w = *state;

	assert_int_equal(w->ready, 1);
	assert_int_equal(w->uploads, 1);
	assert_int_equal(w->last->upload_prekeys->n_prekeys, FG_STATE_PREKEYS);
}

static void a_secure_recipient_gets_one_sealed_part_and_is_pinned(void **state)
{
	struct world *w = *state;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ALLOW, false);
	assert_int_equal(w->submits, 1);
	assert_int_equal(w->submit->n_parts, 1);
	assert_null(w->submit->consent);
	assert_int_equal(w->submit->capsule.len, 0);
	assert_int_equal(fg_state_pin(&w->alice, BOB)->epoch, 4);
}

static void another_account_key_than_pinned_is_refused(void **state)
{
	struct world *w = *state;

	pin_bob(w, 4);
	fg_state_pin(&w->alice, BOB)->account_key.data[0] ^= 1;
	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	assert_int_equal(w->submits, 0);
	assert_int_equal(w->error, FG_E_IDENTITY_CHANGED);
}

static void a_view_older_than_the_pin_is_refused(void **state)
{
	struct world *w = *state;

	pin_bob(w, 5);
	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ALLOW, true);
	assert_int_equal(w->submits, 0);
	assert_int_equal(w->error, FG_E_VIEW_STALE);
}

static void absence_of_a_pinned_handle_needs_its_acknowledgement(void **state)
{
	struct world *w = *state;

	pin_bob(w, 4);
	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ALLOW, false);
	assert_int_equal(w->error, FG_E_PIN_CONFLICT);
	assert_int_equal(w->submits, 0);
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ALLOW, true);
	answer_seal_keys(w);
	assert_int_equal(w->submits, 1);
}

static void secure_only_to_an_absent_handle_is_not_sent(void **state)
{
	struct world *w = *state;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_SECURE_ONLY, false);
	assert_int_equal(w->submits, 0);
	assert_int_equal(w->error, FG_E_SECURE_ONLY);
}

static void a_seal_key_outside_gateway_trust_is_refused(void **state)
{
	struct world *w = *state;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	w->false_seal_key = true;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ALLOW, false);
	answer_seal_keys(w);
	assert_int_equal(w->submits, 0);
	assert_int_equal(w->error, FG_E_TRUST);
}

static void policy_ask_submits_without_capsule(void **state)
{
	struct world *w = *state;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	assert_int_equal(w->submits, 1);
	assert_int_equal(w->submit->capsule.len, 0);
	assert_null(w->submit->consent);
}

static void delivery_is_proven_only_by_the_device(void **state)
{
	struct world *w = *state;
	Fallgate__Receipt receipt = FALLGATE__RECEIPT__INIT;
	Fallgate__Ack ack = FALLGATE__ACK__INIT;
	Fallgate__AckItem item = FALLGATE__ACK_ITEM__INIT, *items[] = { &item };
	Fallgate__Signed good, bad;
	struct fg_hash hash;
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ASK, false);
	hash = fg_sha256(w->submit->parts[0]->sealed.data, w->submit->parts[0]->sealed.len);
	item.message_id = bytes(id.b, 16);
	item.content_hash = bytes(hash.b, 32);
	ack.items = items;
	ack.n_items = 1;
	assert_ok(fg_signed_make(&ack, &w->bob.device_key, FG_LABEL_ACK, &good));
	assert_ok(fg_signed_make(&ack, &w->receipt, FG_LABEL_ACK, &bad));
	receipt.gateway_id = bytes(w->gateway_id, 16);
	receipt.message_id = bytes(id.b, 16);
	receipt.kind = FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED;
	receipt.protection = FALLGATE__PROTECTION__PROTECTION_E2E;
	receipt.ack_device = w->bob.data->device_id;
	receipt.ack = &bad;
	push_receipt(w, &receipt);
	assert_false(w->proven);
	receipt.ack = &good;
	receipt.sequence = 2;
	push_receipt(w, &receipt);
	assert_true(w->proven);
	assert_int_equal(w->receipts, 2);
	fg_signed_free(&good);
	fg_signed_free(&bad);
}

/* A downgraded message with its receipt, as a true gateway makes it; tamper may change what it is
 * made of. */
enum tamper {
	TRUE_RECEIPT,
	OTHER_CONSENT,
	OTHER_RECIPIENT,
	OTHER_BEARER,
	OTHER_SALT,
	OTHER_LOG_KEY,
	NO_LEAF,
	OTHER_GATEWAY,
	OTHER_MESSAGE,
	OTHER_SIGNER
};

static enum fg_rc verify_downgrade(struct world *w, const Fallgate__Sent *sent, enum tamper tamper)
{
	Fallgate__Receipt receipt = FALLGATE__RECEIPT__INIT;
	Fallgate__LeafProof proof = FALLGATE__LEAF_PROOF__INIT;
	Fallgate__LeafRecord record = FALLGATE__LEAF_RECORD__INIT;
	struct fg_hash consent = fg_signed_body_hash(sent->consent), tag = fg_handle_tag(BOB), hash;
	struct fg_leaf leaf = { .kind = FG_LEAF_DECISION, .action = 2, .reason = 9 };
	struct fg_checkpoint checkpoint = { .origin = "test/log", .size = 1 };
	struct fg_sign_key receipt_key = w->receipt;
	uint8_t salt[32] = { 3 }, encoded[FG_LEAF_LEN];
	char note[FG_NOTE_MAX];
	Fallgate__SignedReceipt signed_receipt;
	struct fg_verified verified;
	size_t len;
	enum fg_rc rc;

	consent.b[0] ^= tamper == OTHER_CONSENT;
	tag.b[0] ^= tamper == OTHER_RECIPIENT;
	record.message_id = sent->message_id;
	record.consent_hash = bytes(consent.b, 32);
	record.recipient_tag = bytes(tag.b, 32);
	record.bearer = tamper == OTHER_BEARER ? FALLGATE__BEARER__BEARER_RCS
					       : FALLGATE__BEARER__BEARER_SMS;
	record.time_ms = NOW_MS;
	proof.record.data = fg_proto_pack_new(&record, &proof.record.len);
	leaf.bearer = (uint8_t)record.bearer;
	leaf.time = NOW_MS / FG_LEAF_TIME_UNIT_MS;
	leaf.commitment = fg_leaf_commitment(salt, proof.record.data, proof.record.len);
	fg_leaf_encode(&leaf, encoded);
	hash = fg_merkle_leaf(encoded, sizeof(encoded));
	checkpoint.root = hash;
	assert_ok(fg_note_sign(&checkpoint, tamper == OTHER_LOG_KEY ? &w->vault : &w->log, note,
			       sizeof(note), &len));
	salt[0] ^= tamper == OTHER_SALT;
	proof.salt = bytes(salt, 32);
	proof.checkpoint = note;
	receipt.gateway_id = bytes(w->gateway_id, tamper == OTHER_GATEWAY ? 15 : 16);
	receipt.message_id = tamper == OTHER_MESSAGE ? bytes(w->gateway_id, 16) : sent->message_id;
	receipt.kind = FALLGATE__RECEIPT_KIND__RECEIPT_SENT;
	receipt.protection = FALLGATE__PROTECTION__PROTECTION_NONE;
	receipt.bearer = record.bearer;
	receipt.leaf = tamper == NO_LEAF ? NULL : &proof;
	if (tamper == OTHER_SIGNER)
		w->receipt = w->vault;
	sign_receipt(w, &receipt, &signed_receipt);
	w->receipt = receipt_key;
	fg_arena_reset(&w->arena);
	rc = fg_receipt_verify(&w->arena, &w->alice.trust, sent, &signed_receipt, &verified);
	free(proof.record.data);
	free(signed_receipt.body.data);
	free(signed_receipt.signature.data);
	return rc;
}

/* What the log and the vault check, and that both seals open to the text. */
static void check_as_gateway(struct world *w, const struct fg_id *id)
{
	struct fg_consent_expect expect = { .message_id = *id,
					    .log_id = fg_trust_log_id(&w->alice.trust),
					    .recipient_tag = fg_handle_tag(BOB),
					    .bearer = FALLGATE__BEARER__BEARER_SMS,
					    .reason = FG_CONSENT_REASON_ABSENT,
					    .now_ms = NOW_MS };
	struct fg_capsule_binding binding = { .message_id = *id };
	static uint8_t inner[FG_CAPSULE_MAX], plain[FG_CAPSULE_MAX];
	struct fg_consent consent;
	const Fallgate__CapsuleBody *body;
	size_t inner_len, len;

	memcpy(expect.gateway_id.b, w->gateway_id, 16);
	memcpy(binding.gateway_id.b, w->gateway_id, 16);
	expect.capsule_hash = fg_sha256(w->submit->capsule.data, w->submit->capsule.len);
	assert_ok(fg_consent_check(&w->arena, w->submit->consent, w->alice.data->cert, &expect,
				   &consent));
	binding.expires_ms = consent.body->expires_ms;
	assert_ok(fg_capsule_open(FG_CAPSULE_OUTER, &w->log_seal, 1, &binding,
				  w->submit->capsule.data, w->submit->capsule.len, inner,
				  sizeof(inner), &inner_len));
	assert_ok(fg_capsule_open(FG_CAPSULE_INNER, &w->vault_seal, 1, &binding, inner, inner_len,
				  plain, sizeof(plain), &len));
	assert_ok(fg_capsule_body(&w->arena, plain, len, &body));
	assert_string_equal(body->body, "see you at six");
}

static void a_downgrade_is_verified_and_every_lie_found(void **state)
{
	static const struct {
		enum tamper tamper;
		enum fg_rc rc;
	} cases[] = {
		{ TRUE_RECEIPT, FG_OK },
		{ OTHER_CONSENT, FG_E_CONSENT_MESSAGE },
		{ OTHER_RECIPIENT, FG_E_CONSENT_RECIPIENT },
		{ OTHER_BEARER, FG_E_CONSENT_BEARER },
		{ OTHER_SALT, FG_E_PROOF },
		{ OTHER_LOG_KEY, FG_E_SIGNATURE },
		{ NO_LEAF, FG_E_LOG_ORDER },
		{ OTHER_GATEWAY, FG_E_DENIED },
		{ OTHER_MESSAGE, FG_E_DENIED },
		{ OTHER_SIGNER, FG_E_SIGNATURE },
	};
	struct world *w = *state;
	const Fallgate__Sent *sent;
	struct fg_id id;

	w->view_state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	id = send_text(w, FALLGATE__SENDER_POLICY__POLICY_ALLOW, false);
	answer_seal_keys(w);
	assert_int_equal(w->submits, 1);
	assert_int_equal(w->submit->n_parts, 0);
	assert_non_null(w->submit->consent);
	assert_true(w->submit->capsule.len > 0);
	assert_ok(fg_signed_verify(w->submit->consent, w->alice.device_key.public, 32,
				   FG_LABEL_CONSENT));
	check_as_gateway(w, &id);
	sent = fg_state_sent(&w->alice, id.b, FG_ID_LEN);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_rc(cases[i].rc, verify_downgrade(w, sent, cases[i].tamper));
}

/* ---- what comes in ---- */

static void push_message(struct world *w, uint32_t one_time_id, const uint8_t *prekey,
			 uint8_t id_byte, bool readdressed)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	Fallgate__Content content = FALLGATE__CONTENT__INIT;
	Fallgate__SealedPart part = FALLGATE__SEALED_PART__INIT;
	Fallgate__DeviceCert cert = FALLGATE__DEVICE_CERT__INIT;
	Fallgate__Signed signed_cert;
	struct fg_suite1_peer peer = { .one_time_prekey_id = one_time_id };
	uint8_t id[16] = { id_byte };

	cert.account_key = bytes(w->bob.account_key.public, 32);
	cert.device_id = w->bob.data->device_id;
	cert.signing_key = bytes(w->bob.device_key.public, 32);
	cert.expires_ms = NOW_MS + 1000;
	assert_ok(fg_signed_make(&cert, &w->bob.account_key, FG_LABEL_DEVICE_CERT, &signed_cert));
	memcpy(peer.account_key, w->alice.account_key.public, 32);
	memcpy(peer.device_id, w->alice.data->device_id.data, 16);
	memcpy(peer.prekey, prekey, 32);
	content.message_id = bytes(id, 16);
	content.sender_device = w->bob.data->device_id;
	content.sender = (char *)BOB;
	content.recipient = (char *)ALICE;
	content.text = (char *)"hello";
	content.sender_cert = &signed_cert;
	assert_ok(fg_e2e_seal(&content, &w->bob.device_key, &peer, &part.sealed.data,
			      &part.sealed.len));
	part.suite = 1;
	part.one_time_prekey_id = one_time_id;
	push.sequence = id_byte;
	push.kind = FALLGATE__PUSH_KIND__PUSH_MESSAGE;
	push.message_id = bytes(id, 16);
	push.sender = (char *)(readdressed ? "+12025550100" : BOB);
	push.sender_account = bytes(w->bob.account_key.public, 32);
	push.sender_device = w->bob.data->device_id;
	push.part = &part;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_PUSH;
	frame.push = &push;
	deliver(w, &frame, FG_OK);
	free(part.sealed.data);
	fg_signed_free(&signed_cert);
}

static void a_message_is_kept_and_acknowledged_and_its_prekey_never_used_again(void **state)
{
	struct world *w = *state;
	uint32_t id = w->alice.data->prekeys[1]->id;
	struct fg_kem_key key;

	assert_ok(fg_state_prekey(&w->alice, id, FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, &key));
	push_message(w, id, key.public, 1, true);
	assert_int_equal(
		w->error,
		FG_E_DENIED); /* the envelope names another sender than the one that signed */
	push_message(w, id, key.public, 1, false);
	assert_int_equal(w->alice.data->n_inbox, 1);
	assert_string_equal(w->alice.data->inbox[0]->text, "hello");
	fg_session_flush(w->session);
	assert_int_equal(w->acks, 1);
	assert_ok(
		fg_signed_verify(w->last->ack->ack, w->alice.device_key.public, 32, FG_LABEL_ACK));
	w->error = FG_OK;
	push_message(w, id, key.public, 2, false);
	assert_int_equal(w->error, FG_E_REPLAY);
	assert_int_equal(w->alice.data->n_inbox, 1);
}

/* As the vault seals what came from outside; it lies where the case says. */
struct relayed {
	const char *recipient;
	Fallgate__Protection protection;
	uint64_t time_ms;
	uint8_t id;
};

static void push_relayed(struct world *w, const struct relayed *lie)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	Fallgate__Content content = FALLGATE__CONTENT__INIT;
	Fallgate__SealedPart part = FALLGATE__SEALED_PART__INIT;
	Fallgate__RelayCert cert = FALLGATE__RELAY_CERT__INIT;
	static const uint8_t vault_device[16];
	Fallgate__Signed signed_cert;
	struct fg_suite1_peer peer = { .signed_prekey_id = w->alice.data->prekeys[0]->id };
	struct fg_sign_key key;
	struct fg_kem_key prekey;
	uint8_t id[16] = { lie->id };

	fg_sign_key_new(&key);
	cert.signing_key = bytes(key.public, 32);
	cert.not_before_ms = NOW_MS - 1000;
	cert.expires_ms = NOW_MS + 1000;
	assert_ok(fg_signed_make(&cert, &w->vault, FG_LABEL_RELAY_CERT, &signed_cert));
	assert_ok(fg_state_prekey(&w->alice, peer.signed_prekey_id,
				  FALLGATE__PREKEY_KIND__PREKEY_SIGNED, &prekey));
	memcpy(peer.account_key, w->alice.account_key.public, 32);
	memcpy(peer.device_id, w->alice.data->device_id.data, 16);
	memcpy(peer.prekey, prekey.public, 32);
	content.message_id = bytes(id, 16);
	content.sender_device = bytes(vault_device, 16);
	content.sender = (char *)"shop";
	content.recipient = (char *)(uintptr_t)lie->recipient;
	content.text = (char *)"your parcel is here";
	content.relay_cert = &signed_cert;
	content.time_ms = lie->time_ms;
	content.protection = lie->protection;
	assert_ok(fg_e2e_seal(&content, &key, &peer, &part.sealed.data, &part.sealed.len));
	part.suite = 1;
	part.signed_prekey_id = peer.signed_prekey_id;
	push.sequence = lie->id;
	push.kind = FALLGATE__PUSH_KIND__PUSH_RELAYED;
	push.message_id = bytes(id, 16);
	push.part = &part;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_PUSH;
	frame.push = &push;
	w->error = FG_OK;
	deliver(w, &frame, FG_OK);
	free(part.sealed.data);
	fg_signed_free(&signed_cert);
}

static void what_the_vault_relays_is_shown_as_claimed(void **state)
{
	struct world *w = *state;
	struct relayed told = { ALICE, FALLGATE__PROTECTION__PROTECTION_HOP, NOW_MS, 1 };

	push_relayed(w, &told);
	assert_int_equal(w->alice.data->n_inbox, 1);
	assert_string_equal(w->alice.data->inbox[0]->sender, "shop");
	assert_int_equal(w->alice.data->inbox[0]->protection, FALLGATE__PROTECTION__PROTECTION_HOP);
	push_relayed(w, &told); /* sealed anew: another copy of the same */
	assert_int_equal(w->error, FG_OK);
	assert_int_equal(w->alice.data->n_inbox, 1);
	fg_session_flush(w->session);
	assert_int_equal(w->acks, 1);
	told = (struct relayed){ ALICE, FALLGATE__PROTECTION__PROTECTION_E2E, NOW_MS, 2 };
	push_relayed(w, &told); /* nothing that came from outside is end-to-end */
	assert_int_equal(w->alice.data->inbox[1]->protection,
			 FALLGATE__PROTECTION__PROTECTION_NONE);
	told = (struct relayed){ BOB, FALLGATE__PROTECTION__PROTECTION_HOP, NOW_MS, 3 };
	push_relayed(w, &told);
	assert_int_equal(w->error, FG_E_DENIED);
	told = (struct relayed){ ALICE, FALLGATE__PROTECTION__PROTECTION_HOP, NOW_MS + 1000, 4 };
	push_relayed(w, &told); /* after its key's day */
	assert_int_equal(w->error, FG_E_IDENTITY);
	assert_int_equal(w->alice.data->n_inbox, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(a_registration_uploads_prekeys_and_is_ready),
		CASE(a_secure_recipient_gets_one_sealed_part_and_is_pinned),
		CASE(another_account_key_than_pinned_is_refused),
		CASE(a_view_older_than_the_pin_is_refused),
		CASE(absence_of_a_pinned_handle_needs_its_acknowledgement),
		CASE(secure_only_to_an_absent_handle_is_not_sent),
		CASE(a_seal_key_outside_gateway_trust_is_refused),
		CASE(policy_ask_submits_without_capsule),
		CASE(delivery_is_proven_only_by_the_device),
		CASE(a_downgrade_is_verified_and_every_lie_found),
		CASE(a_message_is_kept_and_acknowledged_and_its_prekey_never_used_again),
		CASE(what_the_vault_relays_is_shown_as_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
