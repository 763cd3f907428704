/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/fixture.h"

#define BINARY(p, n) ((ProtobufCBinaryData){ (n), (uint8_t *)(uintptr_t)(p) })

static const uint8_t sealed[] = "sealed";

static void on_put(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	(void)ops;
	(void)count;
	assert_ok(rc);
	++*(unsigned *)arg;
}

static void enqueue(struct fixture *fixture, const struct person *person, uint8_t number,
		    Fallgate__PushKind kind)
{
	Fallgate__Push push = FALLGATE__PUSH__INIT;
	Fallgate__SealedPart part = FALLGATE__SEALED_PART__INIT;
	struct fg_store_op op = { .op = FG_OP_QUEUE_PUT, .id.b = { number }, .tag = (uint8_t)kind };
	unsigned done = 0;
	uint8_t *data;
	size_t len;

	part.sealed = BINARY(sealed, sizeof(sealed));
	push.kind = kind;
	push.message_id = BINARY(op.id.b, 16);
	push.part = &part;
	data = fg_proto_pack_new(&push, &len);
	op.body = FG_BYTES(data, len);
	op.expires_ms = fg_core_now_ms(&fixture->core) + 1000000;
	memcpy(op.device, person->device_id, sizeof(op.device));
	assert_ok(fg_store_submit(fixture->core.store, fg_store_part(person->account.public, 32), 0,
				  &op, 1, on_put, &done));
	fixture_until(fixture, &done, 0);
	free(data);
	fg_push_wake(&fixture->core, person->device_id);
}

/* Acknowledge message `number` with that hash, signed by that key, and all else up to upto. */
static Fallgate__ServerFrame *acknowledge(struct fixture *fixture, uint64_t conn,
					  const struct person *person,
					  const struct fg_sign_key *key, uint8_t number,
					  const struct fg_hash *hash, uint64_t upto)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__AckRequest request = FALLGATE__ACK_REQUEST__INIT;
	Fallgate__Ack ack = FALLGATE__ACK__INIT;
	Fallgate__AckItem item = FALLGATE__ACK_ITEM__INIT, *items[] = { &item };
	Fallgate__Signed object;
	Fallgate__ServerFrame *answer;
	uint8_t id[16] = { number };

	item.message_id = BINARY(id, 16);
	item.content_hash = BINARY(hash->b, 32);
	ack.device_id = BINARY(person->device_id, 16);
	ack.items = items;
	ack.n_items = 1;
	assert_ok(fg_signed_make(&ack, key, FG_LABEL_ACK, &object));
	request.ack = &object;
	request.upto = upto;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_ACK;
	frame.ack = &request;
	answer = fixture_ask(fixture, conn, &frame);
	fg_signed_free(&object);
	return answer;
}

static void items_come_in_order_and_no_more_than_the_window(void **state)
{
	struct fixture *fixture = *state;
	struct fg_hash hash = fg_sha256(sealed, sizeof(sealed));
	struct person alice;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	for (uint8_t i = 1; i <= 6; i++)
		enqueue(fixture, &alice, i, FALLGATE__PUSH_KIND__PUSH_MESSAGE);
	fixture_until(fixture, &fixture->pushes, 3);
	for (uint8_t i = 0; i < 4; i++)
		assert_int_equal(fixture->push[i]->message_id.data[0], i + 1);
	assert_int_equal(fixture->pushes, 4);
	assert_kind(DONE, acknowledge(fixture, 1, &alice, &alice.device, 1, &hash, 0));
	assert_int_equal(fixture->acked, 1);
	fixture_until(fixture, &fixture->pushes, 4);
	assert_int_equal(fixture->push[4]->message_id.data[0], 5);
	assert_int_equal(fixture->pushes, 5);
}

static void an_acknowledgement_must_be_signed_and_name_the_content(void **state)
{
	struct fixture *fixture = *state;
	struct fg_hash hash = fg_sha256(sealed, sizeof(sealed)), wrong = fg_sha256("other", 5);
	struct person alice, thief;

	person_make(&alice, "+12025550101");
	person_make(&thief, "+12025550102");
	person_join(fixture, 1, &alice);
	enqueue(fixture, &alice, 1, FALLGATE__PUSH_KIND__PUSH_MESSAGE);
	fixture_until(fixture, &fixture->pushes, 0);
	assert_error("E_DENIED",
		     acknowledge(fixture, 1, &alice, &alice.device, 1, &wrong, UINT64_MAX));
	assert_error("E_SIGNATURE",
		     acknowledge(fixture, 1, &alice, &thief.device, 1, &hash, UINT64_MAX));
	assert_error("E_DENIED",
		     acknowledge(fixture, 1, &thief, &alice.device, 1, &hash, UINT64_MAX));
	assert_int_equal(fixture->acked, 0);
	assert_kind(DONE, acknowledge(fixture, 1, &alice, &alice.device, 1, &hash, 0));
	assert_int_equal(fixture->acked, 1);
}

static void what_is_not_acknowledged_comes_again_after_a_new_login(void **state)
{
	struct fixture *fixture = *state;
	struct fg_hash hash = fg_sha256(sealed, sizeof(sealed));
	struct person alice;

	person_make(&alice, "+12025550101");
	person_join(fixture, 1, &alice);
	enqueue(fixture, &alice, 1, FALLGATE__PUSH_KIND__PUSH_MESSAGE);
	enqueue(fixture, &alice, 2, FALLGATE__PUSH_KIND__PUSH_MESSAGE);
	enqueue(fixture, &alice, 3, FALLGATE__PUSH_KIND__PUSH_RECEIPT);
	fixture_until(fixture, &fixture->pushes, 2);
	/* The second message is not among the signed items: upto alone does not delete it. */
	assert_kind(DONE, acknowledge(fixture, 1, &alice, &alice.device, 1, &hash, UINT64_MAX));
	fixture_forget(fixture);
	fixture_connect(fixture, 2);
	assert_kind(WELCOME, person_login(fixture, 2, &alice, NULL, NULL));
	fixture_until(fixture, &fixture->pushes, 0);
	assert_int_equal(fixture->pushes, 1);
	assert_int_equal(fixture->push[0]->message_id.data[0], 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(items_come_in_order_and_no_more_than_the_window),
		CASE(an_acknowledgement_must_be_signed_and_name_the_content),
		CASE(what_is_not_acknowledged_comes_again_after_a_new_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
