/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/fixture.h"

#include "gateway/core/budget.h"

#include <sys/socket.h>
#include <talloc.h>
#include "gateway/core/job.h"
#include "gateway/core/relay.h"

enum { TURNS_MAX = 20000, MINUTE_MS = 60000 };

struct fixture *fixture_current;

/* ---- a store that can be made unreadable ---- */

static enum fg_rc pass_submit(void *engine, unsigned part, unsigned flags, struct fg_store_op *ops,
			      size_t count, fg_store_done_cb done, void *arg)
{
	struct fixture *fixture = engine;

	if (flags & FG_STORE_NEW && fixture->at_new) {
		fixture->at_new(fixture);
		fixture->at_new = NULL;
	}
	if (flags & FG_STORE_NEW && fixture->new_rc != FG_OK)
		return fixture->new_rc;
	if (fixture->submit_rc != FG_OK)
		return fixture->submit_rc;
	if (fixture->hold_submits) {
		assert_true(fixture->held_count < ARRAY_LEN(fixture->held));
		fixture->held[fixture->held_count++] =
			(struct fixture_held){ part, flags, ops, count, done, arg };
		return FG_OK;
	}
	return fg_store_submit(fixture->engine_store, part, flags, ops, count, done, arg);
}

static enum fg_rc pass_get(void *engine, const struct fg_store_key *keys, size_t count,
			   fg_store_rows_cb rows, void *arg)
{
	struct fixture *fixture = engine;

	if (fixture->directory_rc != FG_OK && keys->what != FG_GET_JOB)
		return fixture->directory_rc;
	return fixture->get_rc == FG_OK
		       ? fg_store_get(fixture->engine_store, keys, count, rows, arg)
		       : fixture->get_rc;
}

static enum fg_rc pass_fetch(void *engine, const uint8_t *device, uint64_t after, size_t limit,
			     fg_store_rows_cb rows, void *arg)
{
	return fg_store_fetch(((struct fixture *)engine)->engine_store, device, after, limit, rows,
			      arg);
}

static enum fg_rc pass_sweep(void *engine, enum fg_store_sweep_what what, uint64_t now_ms,
			     size_t limit, fg_store_rows_cb rows, void *arg)
{
	return fg_store_sweep(((struct fixture *)engine)->engine_store, what, now_ms, limit, rows,
			      arg);
}

static void pass_health(void *engine, struct fg_store_health *health_out)
{
	fg_store_health(((struct fixture *)engine)->engine_store, health_out);
}

static void pass_limits(void *engine, const struct fg_store_conf *conf)
{
	fg_store_limits(((struct fixture *)engine)->engine_store, conf);
}

static void pass_close(void *engine)
{
	fg_store_close(((struct fixture *)engine)->engine_store);
}

static const struct fg_store_engine passing = { .name = "passing",
						.submit = pass_submit,
						.get = pass_get,
						.fetch = pass_fetch,
						.sweep = pass_sweep,
						.health = pass_health,
						.limits = pass_limits,
						.close = pass_close };

/* ---- the peers ---- */

static void on_send(struct fixture *fixture, const struct fg_ipc_conn_send *send)
{
	Fallgate__ServerFrame *frame =
		fg_proto_unpack(&fixture->arena, &fallgate__server_frame__descriptor,
				send->data.data, send->data.len);

	assert_non_null(frame);
	if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_PREKEYS_LOW) {
		fixture->lows++;
	} else if (frame->kind_case == FALLGATE__SERVER_FRAME__KIND_PUSH) {
		frame = fg_proto_unpack(&fixture->push_arena, &fallgate__server_frame__descriptor,
					send->data.data, send->data.len);
		assert_non_null(frame);
		fixture->push[fixture->pushes++ % ARRAY_LEN(fixture->push)] = frame->push;
	} else {
		fixture->answer = frame;
		fixture->answer_len = send->data.len;
		fixture->answers++;
	}
}

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct fixture *fixture = arg;

	(void)channel;
	(void)fd_take;
	if (frame->type == FG_IPC_CONN_SEND) {
		on_send(fixture, &frame->conn_send);
	} else if (frame->type == FG_IPC_CONN_DROP) {
		fixture->drops++;
		fixture->dropped = frame->conn_drop.conn;
	} else if (frame->type == FG_IPC_CONN_LOGIN) {
		fixture->logins++;
	} else if (frame->type == FG_IPC_ACCOUNT) {
		fixture->accounts++;
	} else if (frame->type == FG_IPC_ORDER) {
		fixture->order[fixture->orders++ % ARRAY_LEN(fixture->order)] = frame->order;
	} else if (frame->type == FG_IPC_STORED) {
		fixture->stored++;
	} else if (fixture->app_frame) {
		fixture->app_frame(fixture, frame);
	}
}

static void on_core_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
			  void *arg)
{
	struct fg_core *core = arg;

	(void)channel;
	(void)fd_take;
	if (frame->type == FG_IPC_CONN_OPEN)
		fg_session_opened(core, &frame->conn_open);
	else if (frame->type == FG_IPC_CONN_FRAME)
		fg_session_frame(core, &frame->conn_frame);
	else if (frame->type == FG_IPC_CONN_CLOSED)
		fg_session_closed(core, frame->conn_closed.conn);
	else
		fg_chain_frame(core, frame, channel == core->vault);
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)arg;
	fail_msg("a channel closed: %s", fg_rc_name(rc));
}

static struct fg_channel *join(struct fixture *fixture, enum fg_role role,
			       struct fg_channel **peer_out)
{
	static const struct fg_channel_ops core_ops = { .frame = on_core_frame,
							.closed = on_closed };
	static const struct fg_channel_ops peer_ops = { .frame = on_frame, .closed = on_closed };
	struct event_base *base = fg_loop_base(fixture->core.loop);
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	*peer_out = fg_channel_new(fixture->ctx, base, fds[1], role, FG_ROLE_CORE, NULL, &peer_ops,
				   fixture);
	return fg_channel_new(fixture->ctx, base, fds[0], FG_ROLE_CORE, role, NULL, &core_ops,
			      &fixture->core);
}

void fixture_open_store(struct fixture *fixture)
{
	const struct fg_store_conf conf = { .dir = fixture->dir,
					    .engine = "sqlite",
					    .outstanding_bytes = 1 << 24,
					    .queue_items_max = 1000,
					    .queue_bytes_max = 1 << 26 };

	assert_ok(fg_store_open(fixture->ctx, fixture->core.loop, &conf, &fixture->engine_store));
	fixture->core.store = fg_store_over(fixture->ctx, &passing, fixture);
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct fg_core *core = &fixture->core;

	assert_ok(fg_crypto_init());
	fixture_current = fixture;
	fixture->ctx = talloc_new(NULL);
	fixture->dir = fg_test_tmpdir();
	assert_ok(fg_log_init(NULL, "test", "error"));
	assert_ok(fg_arena_init(&fixture->arena, FG_ARENA_MAX));
	assert_ok(fg_arena_init(&fixture->push_arena, FG_ARENA_MAX));
	assert_ok(fg_arena_init(&core->arena, FG_CORE_ARENA));
	core->loop = fg_loop_new(fixture->ctx);
	core->clock = fg_loop_clock(core->loop);
	core->conf = &fixture->conf;
	core->control_fd = -1;
	fixture->conf.limits.devices_per_account = 2;
	fixture->conf.limits.push_in_flight = 4;
	fixture->conf.limits.lookups_burst = 3;
	fixture->conf.limits.lookups_per_minute = 1;
	fixture->conf.limits.lookups_per_day = 5;
	fixture->conf.gateway.control_uid = -1;
	fg_random(core->trust.gateway_id.b, FG_ID_LEN);
	fg_random(core->log_id.b, sizeof(core->log_id.b));
	fg_sign_key_new(&core->directory_key);
	fg_sign_key_new(&core->receipt_key);
	memcpy(core->trust.directory_key, core->directory_key.public,
	       sizeof(core->trust.directory_key));
	fixture_open_store(fixture);
	assert_ok(fg_relays_start(core));
	core->secure = join(fixture, FG_ROLE_SECURE, &fixture->secure_peer);
	core->log = join(fixture, FG_ROLE_LOG, &fixture->log_peer);
	core->vault = join(fixture, FG_ROLE_VAULT, &fixture->vault_peer);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	fg_relays_stop(&fixture->core);
	fg_store_close(fixture->core.store);
	fg_relays_free(&fixture->core);
	fg_session_close_all(&fixture->core);
	fg_budgets_free(&fixture->core);
	fg_arena_free(&fixture->core.arena);
	fg_arena_free(&fixture->arena);
	fg_arena_free(&fixture->push_arena);
	talloc_free(fixture->ctx);
	fg_test_rmdir(fixture->dir);
	free(fixture);
	return 0;
}

void fixture_until(struct fixture *fixture, const unsigned *counter, unsigned more_than)
{
	for (unsigned i = 0; i < TURNS_MAX && *counter <= more_than; i++)
		fg_loop_step(fixture->core.loop, true);
	assert_true(*counter > more_than);
}

void fixture_release(struct fixture *fixture)
{
	fixture->hold_submits = false;
	for (size_t i = 0; i < fixture->held_count; i++) {
		struct fixture_held *held = &fixture->held[i];

		assert_ok(fg_store_submit(fixture->engine_store, held->part, held->flags, held->ops,
					  held->count, held->done, held->arg));
	}
	fixture->held_count = 0;
}

void fixture_forget(struct fixture *fixture)
{
	fixture->pushes = 0;
	fg_arena_reset(&fixture->arena);
	fg_arena_reset(&fixture->push_arena);
}

Fallgate__ServerFrame *fixture_ask(struct fixture *fixture, uint64_t conn,
				   Fallgate__ClientFrame *client_frame)
{
	static uint64_t last_request;
	struct fg_frame frame = { .type = FG_IPC_CONN_FRAME };
	unsigned before = fixture->answers;
	uint8_t *data;
	size_t len;

	fg_arena_reset(&fixture->arena);
	client_frame->request = ++last_request;
	data = fg_proto_pack_new(client_frame, &len);
	frame.conn_frame.conn = conn;
	frame.conn_frame.data = FG_BYTES(data, len);
	assert_ok(fg_channel_send(fixture->secure_peer, &frame));
	free(data);
	fixture_until(fixture, &fixture->answers, before);
	assert_int_equal(fixture->answer->request, last_request);
	return fixture->answer;
}

void fixture_connect(struct fixture *fixture, uint64_t conn)
{
	struct fg_frame frame = { .type = FG_IPC_CONN_OPEN };
	Fallgate__ClientFrame client_frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Hello hello = FALLGATE__HELLO__INIT;
	uint8_t nonce[FG_NONCE_LEN] = { 7 };

	frame.conn_open.conn = conn;
	fg_random(frame.conn_open.exporter, sizeof(frame.conn_open.exporter));
	assert_ok(fg_channel_send(fixture->secure_peer, &frame));
	hello.version = 1;
	hello.client_nonce = (ProtobufCBinaryData){ sizeof(nonce), nonce };
	client_frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_HELLO;
	client_frame.hello = &hello;
	assert_kind(CHALLENGE, fixture_ask(fixture, conn, &client_frame));
}

static void on_invited(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	(void)ops;
	(void)count;
	assert_ok(rc);
	++*(unsigned *)arg;
}

void fixture_invite(struct fixture *fixture, const char *handle, char code[static 33])
{
	struct fg_handle parsed;
	unsigned done = 0;

	assert_ok(fg_handle_parse(handle, strlen(handle), &parsed));
	assert_ok(fg_directory_invite(&fixture->core, &parsed, code, on_invited, &done));
	fixture_until(fixture, &done, 0);
}

/* ---- people ---- */

#define BINARY(p, n) ((ProtobufCBinaryData){ (n), (uint8_t *)(uintptr_t)(p) })

void person_make(struct person *person, const char *handle)
{
	fg_sign_key_new(&person->account);
	fg_sign_key_new(&person->device);
	fg_random(person->device_id, sizeof(person->device_id));
	person->handle = handle;
}

static void make_cert(const struct person *person, uint64_t now_ms, Fallgate__Signed *cert_out)
{
	Fallgate__DeviceCert cert = FALLGATE__DEVICE_CERT__INIT;

	cert.account_key = BINARY(person->account.public, 32);
	cert.device_id = BINARY(person->device_id, 16);
	cert.signing_key = BINARY(person->device.public, 32);
	cert.not_before_ms = now_ms - MINUTE_MS;
	cert.expires_ms = now_ms + 29ull * 24 * 60 * MINUTE_MS;
	assert_ok(fg_signed_make(&cert, &person->account, FG_LABEL_DEVICE_CERT, cert_out));
}

static void make_prekey(const struct person *person, Fallgate__PrekeyKind kind, uint32_t id,
			Fallgate__Signed *prekey_out)
{
	Fallgate__Prekey prekey = FALLGATE__PREKEY__INIT;
	uint8_t key[32];

	fg_random(key, sizeof(key));
	prekey.device_id = BINARY(person->device_id, 16);
	prekey.kind = kind;
	prekey.id = id;
	prekey.suite = 1;
	prekey.public_key = BINARY(key, 32);
	assert_ok(fg_signed_make(&prekey, &person->device, FG_LABEL_PREKEY, prekey_out));
}

static void make_registration(const struct fg_core *core, const struct fg_session *session,
			      const struct person *person, enum spoil spoil,
			      Fallgate__Signed *registration_out)
{
	static const uint8_t wrong[32] = { 1 };
	Fallgate__Registration body = FALLGATE__REGISTRATION__INIT;

	body.client_nonce = BINARY(spoil == SPOIL_CLIENT_NONCE ? wrong : session->client_nonce, 16);
	body.server_nonce = BINARY(spoil == SPOIL_SERVER_NONCE ? wrong : session->server_nonce, 16);
	body.gateway_id = BINARY(spoil == SPOIL_GATEWAY ? wrong : core->trust.gateway_id.b, 16);
	body.exporter = BINARY(spoil == SPOIL_EXPORTER ? wrong : session->exporter, 32);
	body.handle = (char *)(uintptr_t)person->handle;
	body.account_key = BINARY(person->account.public, 32);
	body.device_id = BINARY(person->device_id, 16);
	assert_ok(fg_signed_make(&body, &person->device, FG_LABEL_REGISTRATION, registration_out));
}

Fallgate__ServerFrame *person_register(struct fixture *fixture, uint64_t conn,
				       const struct person *person, const char *code,
				       enum spoil spoil, Fallgate__Signed *succession)
{
	const struct fg_session *session = fg_session_find(&fixture->core, conn);
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Register reg = FALLGATE__REGISTER__INIT;
	Fallgate__Account account = FALLGATE__ACCOUNT__INIT;
	Fallgate__Signed registration, signed_account, cert, prekey;
	Fallgate__ServerFrame *answer;

	make_registration(&fixture->core, session, person, spoil, &registration);
	account.account_key = BINARY(person->account.public, 32);
	assert_ok(fg_signed_make(&account, &person->account, FG_LABEL_ACCOUNT, &signed_account));
	make_cert(person, fg_core_now_ms(&fixture->core), &cert);
	make_prekey(person, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, 1, &prekey);
	reg.registration = &registration;
	reg.account = &signed_account;
	reg.cert = &cert;
	reg.signed_prekey = &prekey;
	reg.invitation = (char *)(uintptr_t)code;
	reg.succession = succession;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_REGISTER;
	frame.register_ = &reg;
	answer = fixture_ask(fixture, conn, &frame);
	fg_signed_free(&registration);
	fg_signed_free(&signed_account);
	fg_signed_free(&cert);
	fg_signed_free(&prekey);
	return answer;
}

Fallgate__ServerFrame *person_login(struct fixture *fixture, uint64_t conn,
				    const struct person *person, const uint8_t *exporter,
				    const uint8_t *nonce)
{
	const struct fg_session *session = fg_session_find(&fixture->core, conn);
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__Login login = FALLGATE__LOGIN__INIT;
	Fallgate__LoginBody body = FALLGATE__LOGIN_BODY__INIT;
	Fallgate__Signed object;
	Fallgate__ServerFrame *answer;

	body.device_id = BINARY(person->device_id, 16);
	body.account_key = BINARY(person->account.public, 32);
	body.server_nonce = BINARY(nonce ? nonce : session->server_nonce, 16);
	body.gateway_id = BINARY(fixture->core.trust.gateway_id.b, 16);
	body.exporter = BINARY(exporter ? exporter : session->exporter, 32);
	assert_ok(fg_signed_make(&body, &person->device, FG_LABEL_LOGIN, &object));
	login.login = &object;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_LOGIN;
	frame.login = &login;
	answer = fixture_ask(fixture, conn, &frame);
	fg_signed_free(&object);
	return answer;
}

void person_join(struct fixture *fixture, uint64_t conn, const struct person *person)
{
	char code[33];

	fixture_invite(fixture, person->handle, code);
	fixture_connect(fixture, conn);
	assert_kind(WELCOME, person_register(fixture, conn, person, code, SPOIL_NOTHING, NULL));
}

void person_upload(struct fixture *fixture, uint64_t conn, const struct person *person,
		   uint32_t first, uint32_t count)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__UploadPrekeys up = FALLGATE__UPLOAD_PREKEYS__INIT;
	Fallgate__Signed keys[100], *pointers[100];

	for (uint32_t i = 0; i < count; i++) {
		make_prekey(person, FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, first + i, &keys[i]);
		pointers[i] = &keys[i];
	}
	up.prekeys = pointers;
	up.n_prekeys = count;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_UPLOAD_PREKEYS;
	frame.upload_prekeys = &up;
	assert_kind(DONE, fixture_ask(fixture, conn, &frame));
	for (uint32_t i = 0; i < count; i++)
		fg_signed_free(&keys[i]);
}
