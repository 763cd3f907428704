/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/flow.h"

#define BINARY(p, n) ((ProtobufCBinaryData){ (n), (uint8_t *)(uintptr_t)(p) })

static void every_bit_of_a_consent_counts_at_submit(void **state)
{
	struct flow *flow = *state;
	struct message message;
	Fallgate__Signed object;
	size_t bits;

	flow_message(flow, &message, NOBODY);
	message.consent.bearers = &message.bearer;
	message.consent.capsule_hash = BINARY(message.capsule_hash.b, 32);
	assert_ok(fg_signed_make(&message.consent, &message.key, FG_LABEL_CONSENT, &object));
	bits = 8 * object.body.len;
	fg_signed_free(&object);
	for (message.flip = 0; message.flip < bits; message.flip++)
		assert_error("E_CONSENT_SIGNATURE", flow_submit(flow, &message));
	assert_int_equal(flow->fixture->orders, 0);
	message.flip = SIZE_MAX;
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
}

static struct fg_id another_id;

static void other_signer(struct flow *flow, struct message *m)
{
	m->key = flow->bob.device;
}
static void other_device(struct flow *flow, struct message *m)
{
	m->consent.device_id = BINARY(flow->bob.device_id, 16);
}
static void other_sender(struct flow *flow, struct message *m)
{
	(void)flow;
	m->consent.sender = (char *)(uintptr_t)BOB;
}
static void other_recipient(struct flow *flow, struct message *m)
{
	(void)flow;
	m->consent.recipient = (char *)(uintptr_t) "+12025550198";
}
static void other_message(struct flow *flow, struct message *m)
{
	(void)flow;
	m->consent.message_id = BINARY(another_id.b, 16);
}
static void other_capsule(struct flow *flow, struct message *m)
{
	(void)flow;
	m->capsule_hash = m->other_hash;
}
static void other_gateway(struct flow *flow, struct message *m)
{
	(void)flow;
	m->consent.gateway_id = BINARY(another_id.b, 16);
}
static void other_log(struct flow *flow, struct message *m)
{
	(void)flow;
	m->consent.log_id = BINARY(m->other_hash.b, 32);
}
static void no_bearer(struct flow *flow, struct message *m)
{
	(void)flow;
	m->consent.n_bearers = 0;
}
static void no_reason(struct flow *flow, struct message *m)
{
	(void)flow;
	m->consent.for_absent = false;
}
static void over(struct flow *flow, struct message *m)
{
	m->consent.expires_ms = fg_core_now_ms(&flow->fixture->core) - 1000;
}
static void early(struct flow *flow, struct message *m)
{
	m->consent.not_before_ms = fg_core_now_ms(&flow->fixture->core) + 60000;
}

static const struct {
	const char *name;
	void (*spoil)(struct flow *flow, struct message *message);
	const char *code;
} spoils[] = {
	{ "signed by another account's device", other_signer, "E_CONSENT_SIGNATURE" },
	{ "naming another device", other_device, "E_CONSENT_SIGNATURE" },
	{ "naming another sender", other_sender, "E_CONSENT_SIGNATURE" },
	{ "for another recipient", other_recipient, "E_CONSENT_RECIPIENT" },
	{ "for another message", other_message, "E_CONSENT_MESSAGE" },
	{ "for another capsule", other_capsule, "E_CONSENT_CAPSULE" },
	{ "for another gateway", other_gateway, "E_CONSENT_GATEWAY" },
	{ "for another log", other_log, "E_CONSENT_GATEWAY" },
	{ "for no bearer", no_bearer, "E_CONSENT_BEARER" },
	{ "for no reason", no_reason, "E_CONSENT_REASON" },
	{ "over for a second", over, "E_CONSENT_TIME" },
	{ "not yet valid", early, "E_CONSENT_TIME" },
};

static void a_consent_for_anything_else_is_refused_at_submit_and_as_an_answer(void **state)
{
	struct flow *flow = *state;
	struct message message;

	for (size_t i = 0; i < ARRAY_LEN(spoils); i++) {
		flow_message(flow, &message, NOBODY);
		spoils[i].spoil(flow, &message);
		assert_error(spoils[i].code, flow_submit(flow, &message));
		message.consents = false;
		message.submit.capsule = BINARY(NULL, 0);
		assert_kind(ASK, flow_submit(flow, &message));
		if (spoils[i].spoil != other_recipient)
			assert_error(spoils[i].code, flow_consent(flow, &message));
	}
	assert_int_equal(flow->fixture->orders, 0);
}

static void a_removed_device_consents_to_nothing(void **state)
{
	struct flow *flow = *state;
	struct person phone = flow->alice;
	struct message message;
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__RemoveDevice remove = FALLGATE__REMOVE_DEVICE__INIT;

	fg_sign_key_new(&phone.device);
	fg_random(phone.device_id, sizeof(phone.device_id));
	fixture_connect(flow->fixture, 3);
	assert_kind(WELCOME, person_register(flow->fixture, 3, &phone, "", SPOIL_NOTHING, NULL));
	remove.device_id = BINARY(phone.device_id, 16);
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_REMOVE_DEVICE;
	frame.remove_device = &remove;
	assert_kind(DONE, fixture_ask(flow->fixture, ALICE_CONN, &frame));
	assert_null(fg_session_find(&flow->fixture->core, 3));
	flow_message(flow, &message, NOBODY);
	message.key = phone.device;
	message.consent.device_id = BINARY(phone.device_id, 16);
	assert_error("E_CONSENT_SIGNATURE", flow_submit(flow, &message));
	assert_int_equal(flow->fixture->orders, 0);
}

static void a_capsule_without_consent_is_not_taken(void **state)
{
	struct flow *flow = *state;
	struct message message;

	flow_message(flow, &message, NOBODY);
	message.consents = false;
	message.submit.capsule = BINARY(message.capsule, sizeof(message.capsule));
	assert_error("E_CONSENT_SYNTAX", flow_submit(flow, &message));
}

static bool lists(ProtobufCBinaryData *list, size_t count, const uint8_t *device)
{
	return count == 1 && list[0].len == 16 && memcmp(list[0].data, device, 16) == 0;
}

static void parts_are_for_exactly_the_devices_of_both_accounts(void **state)
{
	struct flow *flow = *state;
	struct person phone = flow->alice;
	struct message message;
	const Fallgate__DevicesMismatch *mismatch;
	Fallgate__ServerFrame *answer;

	flow_message(flow, &message, BOB);
	message.consents = false;
	answer = flow_submit(flow, &message);
	assert_error("E_DEVICES_MISMATCH", answer);
	mismatch = answer->error->mismatch;
	assert_true(lists(mismatch->missing, mismatch->n_missing, flow->bob.device_id));
	assert_int_equal(mismatch->n_extra + mismatch->n_stale, 0);
	assert_false(mismatch->own);
	assert_non_null(mismatch->view);
	flow_part(&message, flow->bob.device_id);
	flow_part(&message, flow->alice.device_id);
	mismatch = flow_submit(flow, &message)->error->mismatch;
	assert_true(lists(mismatch->extra, mismatch->n_extra, flow->alice.device_id));
	memcpy(&message.part[1], &message.part[0], sizeof(message.part[0])); /* the same twice */
	mismatch = flow_submit(flow, &message)->error->mismatch;
	assert_true(lists(mismatch->extra, mismatch->n_extra, flow->bob.device_id));
	message.submit.n_parts = 1;
	fg_random(phone.device_id, sizeof(phone.device_id));
	fg_sign_key_new(&phone.device);
	fixture_connect(flow->fixture, 3);
	assert_kind(WELCOME, person_register(flow->fixture, 3, &phone, "", SPOIL_NOTHING, NULL));
	mismatch = flow_submit(flow, &message)->error->mismatch;
	assert_true(mismatch->own);
	assert_true(lists(mismatch->missing, mismatch->n_missing, phone.device_id));
	assert_null(flow_push(flow, FALLGATE__PUSH_KIND__PUSH_MESSAGE, &message));
}

static void a_device_whose_certificate_is_over_is_stale(void **state)
{
	struct flow *flow = *state;
	struct message message;
	const Fallgate__DevicesMismatch *mismatch;

	flow->fixture->core.clock->offset_ms += 30ll * 24 * HOUR_MS;
	flow_message(flow, &message, BOB);
	message.consents = false;
	flow_part(&message, flow->bob.device_id);
	mismatch = flow_submit(flow, &message)->error->mismatch;
	assert_true(lists(mismatch->stale, mismatch->n_stale, flow->bob.device_id));
}

static void the_same_message_again_is_a_duplicate(void **state)
{
	struct flow *flow = *state;
	struct message message;
	Fallgate__ServerFrame *answer;

	flow_message(flow, &message, NOBODY);
	answer = flow_submit(flow, &message);
	assert_kind(ACCEPTED, answer);
	assert_false(answer->accepted->duplicate);
	answer = flow_submit(flow, &message);
	assert_kind(ACCEPTED, answer);
	assert_true(answer->accepted->duplicate);
	flow_sent(flow, 1, FG_LEG_ACCEPTED);
	assert_int_equal(flow->fixture->orders, 1);
}

static void another_device_may_neither_use_nor_cancel_an_id(void **state)
{
	struct flow *flow = *state;
	struct message message;
	struct person alice = flow->alice;
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;

	flow_message(flow, &message, NOBODY);
	message.consents = false;
	assert_kind(ASK, flow_submit(flow, &message));
	message.submit.message_id = BINARY(message.id.b, 16);
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_SUBMIT;
	frame.submit = &message.submit;
	assert_error("E_EXISTS", fixture_ask(flow->fixture, BOB_CONN, &frame));
	flow->alice = flow->bob;
	assert_error("E_SIGNATURE", flow_cancel(flow, &message));
	flow->alice = alice;
	assert_state("asking", flow, &message);
}

static void with_the_disk_full_new_messages_are_refused_and_old_ones_go_on(void **state)
{
	struct flow *flow = *state;
	struct message message, next;
	const Fallgate__Push *push;

	flow_message(flow, &message, BOB);
	message.consents = false;
	flow_part(&message, flow->bob.device_id);
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	push = flow_push(flow, FALLGATE__PUSH_KIND__PUSH_MESSAGE, &message);
	assert_non_null(push);
	flow->fixture->new_rc = FG_E_STORE_FULL;
	flow_message(flow, &next, NOBODY);
	assert_error("E_STORE_FULL", flow_submit(flow, &next));
	assert_int_equal(flow->fixture->orders, 0);
	assert_kind(DONE, flow_acknowledge(flow, BOB_CONN, &flow->bob, push));
	assert_int_equal(flow_receipt(flow, &message)->kind,
			 FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED);
}

static void what_is_over_already_expires_at_once(void **state)
{
	struct flow *flow = *state;
	struct message message;
	const Fallgate__Receipt *receipt;

	flow_message(flow, &message, NOBODY);
	message.submit.expires_ms = fg_core_now_ms(&flow->fixture->core) - 1;
	assert_kind(ACCEPTED, flow_submit(flow, &message));
	receipt = flow_receipt(flow, &message);
	assert_int_equal(receipt->kind, FALLGATE__RECEIPT_KIND__RECEIPT_EXPIRED);
	assert_true(receipt->final);
	assert_int_equal(flow->fixture->orders, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLOW(every_bit_of_a_consent_counts_at_submit),
		FLOW(a_consent_for_anything_else_is_refused_at_submit_and_as_an_answer),
		FLOW(a_removed_device_consents_to_nothing),
		FLOW(a_capsule_without_consent_is_not_taken),
		FLOW(parts_are_for_exactly_the_devices_of_both_accounts),
		FLOW(a_device_whose_certificate_is_over_is_stale),
		FLOW(the_same_message_again_is_a_duplicate),
		FLOW(another_device_may_neither_use_nor_cancel_an_id),
		FLOW(with_the_disk_full_new_messages_are_refused_and_old_ones_go_on),
		FLOW(what_is_over_already_expires_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
