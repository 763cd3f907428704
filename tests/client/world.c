/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/client/world.h"

static uint8_t exporter[32] = { 9 };

static void on_ready(void *context, const char *handle)
{
	assert_string_equal(handle, ALICE);
	((struct world *)context)->ready++;
}

static void on_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *id)
{
	(void)text;
	(void)id;
	((struct world *)context)->error = rc;
}

static void on_receipt(void *context, const struct fg_id *id, const struct fg_verified *v)
{
	struct world *w = context;

	(void)id;
	w->receipts++;
	w->proven = v->delivery_proven;
	w->logged = v->logged;
}

static void on_ask(void *context, const struct fg_ask *ask)
{
	(void)ask;
	((struct world *)context)->asks++;
}

static void on_verified(void *context, const struct fg_id *id, enum fg_rc rc, uint64_t size)
{
	(void)id;
	(void)size;
	((struct world *)context)->verified = rc;
}

static void on_done(void *context)
{
	((struct world *)context)->done++;
}

static void on_notice(void *context, const char *text)
{
	(void)text;
	((struct world *)context)->notices++;
}

static struct fg_callbacks callbacks = { .on_ready = on_ready,
					 .on_ask = on_ask,
					 .on_receipt = on_receipt,
					 .on_verified = on_verified,
					 .on_done = on_done,
					 .on_notice = on_notice,
					 .on_error = on_error };

static uint64_t now_ms(void *context)
{
	return ((struct world *)context)->now_ms;
}

static enum fg_rc save(void *context)
{
	(void)context;
	return FG_OK;
}

void deliver(struct world *w, Fallgate__ServerFrame *frame, enum fg_rc expected)
{
	size_t len;
	uint8_t *packed = fg_proto_pack_new(frame, &len);

	assert_rc(expected, fg_session_frame(w->session, packed, len));
	free(packed);
}

ProtobufCBinaryData bytes(const void *data, size_t len)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)data, .len = len };
}

static void transmit(void *context, const void *frame, size_t len)
{
	struct world *w = context;

	if (w->last)
		fallgate__client_frame__free_unpacked(w->last, NULL);
	w->last = fallgate__client_frame__unpack(NULL, len, frame);
	assert_non_null(w->last);
	w->uploads += w->last->kind_case == FALLGATE__CLIENT_FRAME__KIND_UPLOAD_PREKEYS;
	w->acks += w->last->kind_case == FALLGATE__CLIENT_FRAME__KIND_ACK;
	if (w->last->kind_case == FALLGATE__CLIENT_FRAME__KIND_SUBMIT) {
		w->submits++;
		if (w->submit)
			fallgate__submit__free_unpacked(w->submit, NULL);
		w->submit = fg_message_copy(w->last->submit);
	}
}

void sign_view(struct world *w, const char *handle, struct fg_state *who, Fallgate__Signed *out)
{
	Fallgate__View view = FALLGATE__VIEW__INIT;
	struct fg_hash tag = fg_handle_tag(handle),
		       set = fg_sha256(who->data->device_id.data, FG_ID_LEN);

	view.gateway_id = bytes(w->gateway_id, 16);
	view.handle_tag = bytes(tag.b, 32);
	view.state = who == &w->alice ? FALLGATE__VIEW_STATE__VIEW_SECURE : w->view_state;
	view.epoch = who == &w->alice ? 1 : w->epoch;
	if (view.state == FALLGATE__VIEW_STATE__VIEW_SECURE) {
		view.account_key = bytes(who->account_key.public, 32);
		view.device_set = bytes(who == &w->alice && w->own_set ? w->own_set : set.b, 32);
	}
	view.not_before_ms = w->now_ms - 1000;
	view.expires_ms = w->now_ms + 60000;
	assert_ok(fg_signed_make(&view, &w->directory, FG_LABEL_VIEW, out));
}

void world_challenge(struct world *w)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Challenge challenge = FALLGATE__CHALLENGE__INIT;
	uint8_t nonce[16] = { 5 };

	challenge.server_nonce = bytes(nonce, 16);
	challenge.gateway_id = bytes(w->gateway_id, 16);
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_CHALLENGE;
	frame.challenge = &challenge;
	deliver(w, &frame, FG_OK);
}

void world_welcome(struct world *w)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Welcome answer = FALLGATE__WELCOME__INIT;
	Fallgate__Signed view;

	sign_view(w, ALICE, &w->alice, &view);
	answer.handle = (char *)ALICE;
	answer.view = &view;
	answer.mark = (char *)"(Not encrypted) ";
	answer.one_time_prekeys = w->one_time_left;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_WELCOME;
	frame.welcome = &answer;
	deliver(w, &frame, FG_OK);
	fg_signed_free(&view);
}

static void expect_registration(const struct world *w)
{
	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_REGISTER);
	assert_ok(fg_signed_verify(w->last->register_->registration, w->alice.device_key.public, 32,
				   FG_LABEL_REGISTRATION));
	assert_string_equal(w->last->register_->invitation, "code");
}

void world_connect(struct world *w, const char *handle, const char *invitation)
{
	struct fg_session_io io = { w, transmit, now_ms, save };

	callbacks.context = w;
	fg_session_free(w->session);
	w->session = fg_session_new(&w->alice, &callbacks, &io);
	assert_non_null(w->session);
	assert_ok(fg_session_start(w->session, exporter, handle, invitation));
	world_challenge(w);
}

void world_answer(struct world *w, Fallgate__ServerFrame *frame)
{
	frame->request = w->last->request;
	deliver(w, frame, FG_OK);
}

static const char *hex_key(const struct fg_sign_key *key, char out[65])
{
	return fg_hex(key->public, 32, out);
}

int setup(void **out)
{
	static struct world w;
	char text[2048], gateway[33], a[65], b[65], c[65], d[65];

	memset(&w, 0, sizeof(w));
	w.now_ms = NOW_MS;
	assert_ok(fg_crypto_init());
	fg_random(w.gateway_id, 16);
	fg_sign_key_new(&w.directory);
	fg_sign_key_new(&w.vault);
	fg_sign_key_new(&w.log);
	fg_sign_key_new(&w.receipt);
	fg_kem_key_new(&w.vault_seal);
	fg_kem_key_new(&w.log_seal);
	snprintf(text, sizeof(text),
		 "fallgate-trust 1\ngateway %s\nhost h:1\nlog-origin test/log\nlog-key "
		 "%s\nvault-key %s\n"
		 "receipt-key %s\ndirectory-key %s\nca MAMCAQE=\n",
		 fg_hex(w.gateway_id, 16, gateway), hex_key(&w.log, a), hex_key(&w.vault, b),
		 hex_key(&w.receipt, c), hex_key(&w.directory, d));
	assert_ok(fg_state_new(text, strlen(text), &w.alice));
	assert_ok(fg_state_new(text, strlen(text), &w.bob));
	assert_ok(fg_arena_init(&w.arena, FG_ARENA_MAX));
	w.epoch = 4;
	w.verified = FG_E_STATE;
	world_connect(&w, ALICE, "code");
	expect_registration(&w);
	world_welcome(&w);
	*out = &w;
	return 0;
}

int teardown(void **state)
{
	struct world *w = *state;

	fg_session_free(w->session);
	if (w->last)
		fallgate__client_frame__free_unpacked(w->last, NULL);
	if (w->submit)
		fallgate__submit__free_unpacked(w->submit, NULL);
	fg_state_free(&w->alice);
	fg_state_free(&w->bob);
	fg_arena_free(&w->arena);
	return 0;
}

void answer_lookup(struct world *w)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__LookupResult result = FALLGATE__LOOKUP_RESULT__INIT;
	Fallgate__DeviceKeys keys = FALLGATE__DEVICE_KEYS__INIT, *list[] = { &keys };
	Fallgate__DeviceCert cert = FALLGATE__DEVICE_CERT__INIT;
	Fallgate__Signed view, signed_cert, prekey;

	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_LOOKUP);
	sign_view(w, BOB, &w->bob, &view);
	cert.account_key = bytes(w->bob.account_key.public, 32);
	cert.device_id = w->bob.data->device_id;
	cert.signing_key = bytes(w->bob.device_key.public, 32);
	cert.expires_ms = w->now_ms + 1000;
	assert_ok(fg_signed_make(&cert, &w->bob.account_key, FG_LABEL_DEVICE_CERT, &signed_cert));
	assert_ok(fg_state_prekeys_new(&w->bob, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, 1, w->now_ms,
				       &prekey));
	keys.cert = &signed_cert;
	keys.signed_prekey = &prekey;
	result.handle = (char *)BOB;
	result.view = &view;
	result.devices = list;
	result.n_devices = w->view_state == FALLGATE__VIEW_STATE__VIEW_SECURE;
	frame.request = w->last->request;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_LOOKUP;
	frame.lookup = &result;
	deliver(w, &frame, FG_OK);
	fg_signed_free(&view);
	fg_signed_free(&signed_cert);
	fg_signed_free(&prekey);
}

void sign_seal_keys(struct world *w, Fallgate__Signed *vault_out, Fallgate__Signed *log_out)
{
	Fallgate__SealKey key = FALLGATE__SEAL_KEY__INIT;

	key.gateway_id = bytes(w->gateway_id, 16);
	key.not_before_ms = w->now_ms - 1;
	key.expires_ms = w->now_ms + 1000;
	key.layer = 1;
	key.public_key = bytes(w->vault_seal.public, 32);
	assert_ok(fg_signed_make(&key, w->false_seal_key ? &w->directory : &w->vault,
				 FG_LABEL_SEAL_KEY, vault_out));
	key.layer = 2;
	key.public_key = bytes(w->log_seal.public, 32);
	assert_ok(fg_signed_make(&key, &w->log, FG_LABEL_SEAL_KEY, log_out));
}

void answer_seal_keys(struct world *w)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__SealKeys keys = FALLGATE__SEAL_KEYS__INIT;
	Fallgate__Signed vault, log;

	assert_int_equal(w->last->kind_case, FALLGATE__CLIENT_FRAME__KIND_GET_SEAL_KEYS);
	sign_seal_keys(w, &vault, &log);
	keys.vault = &vault;
	keys.log = &log;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_SEAL_KEYS;
	frame.seal_keys = &keys;
	world_answer(w, &frame);
	fg_signed_free(&vault);
	fg_signed_free(&log);
}

struct fg_id send_text(struct world *w, Fallgate__SenderPolicy policy, bool pin_ack)
{
	struct fg_send_options options = { .policy = policy,
					   .bearers = 1U << FALLGATE__BEARER__BEARER_SMS,
					   .pin_ack = pin_ack };
	struct fg_id id;

	assert_ok(fg_session_send(w->session, BOB, "see you at six", &options, &id));
	answer_lookup(w);
	return id;
}

void pin_bob(struct world *w, uint64_t epoch)
{
	assert_ok(fg_state_pin_set(&w->alice, BOB, w->bob.account_key.public, epoch, w->now_ms,
				   false));
}

/* ---- receipts ---- */

void sign_receipt(struct world *w, const Fallgate__Receipt *receipt, Fallgate__SignedReceipt *out)
{
	struct fg_hash leaf;
	uint8_t *signature = malloc(FG_SIGNATURE_LEN);

	fallgate__signed_receipt__init(out);
	out->body.data = fg_proto_pack_new(receipt, &out->body.len);
	leaf = fg_merkle_leaf(out->body.data, out->body.len);
	fg_sign(&w->receipt, FG_LABEL_RECEIPT_BATCH, leaf.b, sizeof(leaf.b), signature);
	out->size = 1;
	out->signature = bytes(signature, FG_SIGNATURE_LEN);
}

void push_receipt(struct world *w, const Fallgate__Receipt *receipt)
{
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	Fallgate__SignedReceipt signed_receipt;

	sign_receipt(w, receipt, &signed_receipt);
	push.sequence = 1;
	push.kind = FALLGATE__PUSH_KIND__PUSH_RECEIPT;
	push.message_id = receipt->message_id;
	push.receipt = &signed_receipt;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_PUSH;
	frame.push = &push;
	deliver(w, &frame, FG_OK);
	free(signed_receipt.body.data);
	free(signed_receipt.signature.data);
}
