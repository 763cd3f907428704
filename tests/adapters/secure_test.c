/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The listener with a core and devices, all in one loop: the devices are OpenSSL on loopback, the core is a channel that remembers what
 * it was told. Attacks 40 and 41, and the contract of a sealed job: CONN_SEND, answered by one CONN_SENT.
 */
#include "tests/support/fg_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <talloc.h>
#include "adapters/secure/listener.h"
#include "adapters/secure/tls.h"
#include "adapters/secure/ws.h"
#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/ipc/channel.h"

enum { SENT_MAX = 128, CONNECTIONS = 4, TURNS_MAX = 4000 };

#define REQUEST                                                                                                        \
	"GET /v1/device HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"     \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: fallgate.1\r\n\r\n"

struct core {
	struct fg_channel *channel;
	unsigned opens, frames, closes, links;
	size_t frames_len;
	uint64_t conn; /* the last one opened */
	uint8_t exporter[32];
	char address[65];
	uint8_t data[61440]; /* of the last frame */
	size_t data_len;
	uint16_t closed_rc;
	uint8_t outcome[SENT_MAX]; /* by token; 0: none */
	unsigned outcomes;
	struct fg_ipc_link link;
	bool gone;
};

struct gateway {
	struct fg_loop *loop;
	struct event *pulse; /* so that a turn never waits long */
	SSL_CTX *tls;
	struct fg_listener *listener;
	uint16_t port;
	struct core core;
};

struct device {
	struct gateway *gateway;
	SSL_CTX *tls;
	SSL *ssl;
	int fd;
	uint8_t in[1 << 18];
	size_t in_len;
	bool eof;
};

/* ---- the core ---- */

static void take_sent(struct core *core, const struct fg_ipc_conn_sent *sent)
{
	assert_true(sent->token < SENT_MAX);
	if (core->outcome[sent->token])
		fail_msg("job %u has two outcomes", (unsigned)sent->token);
	core->outcome[sent->token] = sent->outcome;
	core->outcomes++;
}

static void core_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take, void *arg)
{
	struct core *core = arg;

	(void)channel;
	(void)fd_take;
	if (frame->type == FG_IPC_CONN_OPEN) {
		core->opens++;
		core->conn = frame->conn_open.conn;
		memcpy(core->exporter, frame->conn_open.exporter, 32);
		snprintf(core->address, sizeof(core->address), "%.*s", (int)frame->conn_open.address.len,
			 (const char *)frame->conn_open.address.data);
	} else if (frame->type == FG_IPC_CONN_FRAME) {
		core->frames++;
		core->frames_len += frame->conn_frame.data.len;
		core->data_len = frame->conn_frame.data.len;
		memcpy(core->data, frame->conn_frame.data.data, core->data_len);
	} else if (frame->type == FG_IPC_CONN_CLOSED) {
		core->closes++;
		core->closed_rc = frame->conn_closed.rc;
	} else if (frame->type == FG_IPC_CONN_SENT) {
		take_sent(core, &frame->conn_sent);
	} else if (frame->type == FG_IPC_LINK) {
		core->links++;
		core->link = frame->link;
	}
}

static void core_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)rc;
	((struct core *)arg)->gone = true;
}

static void core_start(struct gateway *gateway)
{
	static const struct fg_channel_ops ops = { .frame = core_frame, .closed = core_closed };
	int fds[2];

	memset(&gateway->core, 0, sizeof(gateway->core));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	gateway->core.channel = fg_channel_new(gateway->loop, fg_loop_base(gateway->loop), fds[0], FG_ROLE_CORE,
					       FG_ROLE_SECURE, NULL, &ops, &gateway->core);
	assert_ok(fg_listener_set_core(gateway->listener, fds[1]));
}

static void core_send(struct gateway *gateway, uint64_t conn, unsigned token, const void *data, size_t len)
{
	const struct fg_frame frame = { .type = FG_IPC_CONN_SEND,
					.conn_send = { .conn = conn, .token = token, .data = FG_BYTES(data, len) } };

	assert_ok(fg_channel_answer(gateway->core.channel, &frame));
}

static void core_login(struct gateway *gateway)
{
	const struct fg_frame frame = { .type = FG_IPC_CONN_LOGIN, .conn_login.conn = gateway->core.conn };

	assert_ok(fg_channel_send(gateway->core.channel, &frame));
}

static void core_drop(struct gateway *gateway)
{
	const struct fg_frame frame = { .type = FG_IPC_CONN_DROP,
					.conn_drop = { .conn = gateway->core.conn, .rc = FG_E_LOGIN } };

	assert_ok(fg_channel_send(gateway->core.channel, &frame));
}

/* ---- the gateway ---- */

static void pulse(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void turn(struct gateway *gateway)
{
	fg_loop_step(gateway->loop, true);
}

#define until(gateway, condition)                                                                                      \
	do {                                                                                                           \
		for (unsigned turns_ = 0; !(condition); turns_++) {                                                    \
			if (turns_ == TURNS_MAX)                                                                       \
				fail_msg("never came: %s", #condition);                                                \
			turn(gateway);                                                                                 \
		}                                                                                                      \
	} while (0)

static int pem_fd(int (*write_pem)(BIO *out, void *arg), void *arg)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int fd = memfd_create("pem", MFD_CLOEXEC);

	assert_int_equal(write_pem(out, arg), 1);
	len = BIO_get_mem_data(out, &text);
	assert_int_equal(write(fd, text, (size_t)len), len);
	lseek(fd, 0, SEEK_SET);
	BIO_free(out);
	return fd;
}

static int write_key(BIO *out, void *key)
{
	return PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
}

static int write_certificate(BIO *out, void *certificate)
{
	return PEM_write_bio_X509(out, certificate);
}

static X509 *certificate_new(EVP_PKEY *key)
{
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static SSL_CTX *server_tls(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = certificate_new(key);
	SSL_CTX *tls = NULL;

	assert_ok(fg_tls_new(pem_fd(write_certificate, certificate), pem_fd(write_key, key), &tls));
	X509_free(certificate);
	EVP_PKEY_free(key);
	return tls;
}

static int listen_on(uint16_t *port_out)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 64 * 1024;

	/* So that a peer that writes too much soon feels it. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port_out = ntohs(address.sin_port);
	return fd;
}

static struct gateway *gateway_start(uint32_t handshake_ms, uint32_t idle_ms)
{
	const struct fg_listener_limits limits = { .connections = CONNECTIONS, .handshake_ms = handshake_ms, .idle_ms = idle_ms };
	const struct timeval tv = { .tv_usec = 2000 };
	struct gateway *gateway = talloc_zero(NULL, struct gateway);

	gateway->loop = fg_loop_new(gateway);
	gateway->pulse = event_new(fg_loop_base(gateway->loop), -1, EV_PERSIST, pulse, NULL);
	event_add(gateway->pulse, &tv);
	gateway->tls = server_tls();
	gateway->listener = fg_listener_new(gateway->loop, fg_loop_base(gateway->loop), listen_on(&gateway->port),
					    gateway->tls, &limits);
	assert_non_null(gateway->listener);
	core_start(gateway);
	return gateway;
}

static void gateway_end(struct gateway *gateway)
{
	talloc_free(gateway->listener);
	talloc_free(gateway->core.channel);
	SSL_CTX_free(gateway->tls);
	event_free(gateway->pulse);
	talloc_free(gateway);
}

/* ---- a device ---- */

static struct device *device_new(struct gateway *gateway, int version, const char *alpn)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(gateway->port) };
	struct device *device = talloc_zero(gateway, struct device);
	int small = 64 * 1024;

	device->gateway = gateway;
	device->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(device->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(connect(device->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	evutil_make_socket_nonblocking(device->fd);
	device->tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(device->tls, version);
	SSL_CTX_set_mode(device->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	device->ssl = SSL_new(device->tls);
	SSL_set_fd(device->ssl, device->fd);
	if (alpn)
		SSL_set_alpn_protos(device->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	return device;
}

static void device_free(struct device *device)
{
	SSL_free(device->ssl);
	SSL_CTX_free(device->tls);
	close(device->fd);
	talloc_free(device);
}

static bool again(struct device *device, int result)
{
	int error = SSL_get_error(device->ssl, result);

	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* False: refused. */
static bool device_handshake(struct device *device)
{
	int result;

	while ((result = SSL_connect(device->ssl)) != 1) {
		if (!again(device, result))
			return false;
		turn(device->gateway);
	}
	return true;
}

static void device_read(struct device *device)
{
	int n = SSL_read(device->ssl, device->in + device->in_len, (int)(sizeof(device->in) - device->in_len));

	if (n > 0)
		device->in_len += (size_t)n;
	else if (!again(device, n))
		device->eof = true;
}

static bool device_got(struct device *device, const void *bytes, size_t len)
{
	device_read(device);
	return len && memmem(device->in, device->in_len, bytes, len);
}

static bool device_got_text(struct device *device, const char *text)
{
	return device_got(device, text, strlen(text));
}

static bool device_closed(struct device *device)
{
	device_read(device);
	return device->eof;
}

static void device_write(struct device *device, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	int n;

	while (len) {
		n = SSL_write(device->ssl, at, (int)len);
		if (n <= 0) {
			if (!again(device, n))
				return; /* closed: what the test wanted to see, or will miss */
			turn(device->gateway);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}

/* A device that has come as far as WebSocket. */
static struct device *device_open(struct gateway *gateway)
{
	struct device *device = device_new(gateway, TLS1_3_VERSION, "\x0a" FG_TLS_ALPN);
	unsigned opens = gateway->core.opens;

	assert_true(device_handshake(device));
	device_write(device, REQUEST, strlen(REQUEST));
	until(gateway, device_got_text(device, "\r\n\r\n"));
	until(gateway, gateway->core.opens == opens + 1);
	device->in_len = 0;
	return device;
}

/* A masked frame; the mask is zeros. */
static void device_frame(struct device *device, uint8_t opcode, const void *data, size_t len)
{
	uint8_t *frame = talloc_size(NULL, len + 8);
	size_t n = 0;

	frame[n++] = 0x80 | opcode;
	if (len < 126) {
		frame[n++] = (uint8_t)(0x80 | len);
	} else {
		frame[n++] = 0x80 | 126;
		frame[n++] = (uint8_t)(len >> 8);
		frame[n++] = (uint8_t)len;
	}
	memset(frame + n, 0, 4);
	if (len)
		memcpy(frame + n + 4, data, len);
	device_write(device, frame, n + 4 + len);
	talloc_free(frame);
}

/* A ClientFrame of exactly len bytes, at least 5: one field that nobody knows yet. */
static void device_message(struct device *device, size_t len)
{
	uint8_t *data = talloc_zero_size(NULL, len);
	size_t left = len - 5;

	data[0] = 0xfa; /* field 1023, bytes */
	data[1] = 0x3f;
	data[2] = (uint8_t)(0x80 | (left & 0x7f));
	data[3] = (uint8_t)(0x80 | (left >> 7 & 0x7f));
	data[4] = (uint8_t)(left >> 14);
	device_frame(device, 2, data, len);
	talloc_free(data);
}

static void expect_close(struct device *device, uint16_t code)
{
	const uint8_t frame[4] = { 0x88, 0x02, (uint8_t)(code >> 8), (uint8_t)code };

	until(device->gateway, device_closed(device));
	if (device->in_len < 4 || memcmp(device->in + device->in_len - 4, frame, 4) != 0)
		fail_msg("closed without code %u", code);
}

/* ---- attack 41: strangers ---- */

static void only_tls_1_3_with_the_protocol_is_spoken(void **state)
{
	static const struct {
		const char *name;
		int version;
		const char *alpn;
	} cases[] = {
		{ "TLS 1.2", TLS1_2_VERSION, "\x0a" FG_TLS_ALPN },
		{ "another protocol", TLS1_3_VERSION, "\x08http/1.1" },
		{ "a longer name", TLS1_3_VERSION, "\x0b" FG_TLS_ALPN "0" },
		{ "no protocol", TLS1_3_VERSION, NULL },
	};
	struct gateway *gateway = gateway_start(5000, 10000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct device *device = device_new(gateway, cases[i].version, cases[i].alpn);

		if (device_handshake(device)) {
			device_write(device, REQUEST, strlen(REQUEST));
			until(gateway, device_closed(device));
		}
		assert_int_equal(device->in_len, 0);
		device_free(device);
	}
	until(gateway, fg_listener_count(gateway->listener) == 0);
	assert_int_equal(gateway->core.opens, 0);
	gateway_end(gateway);
}

static void the_core_gets_the_exporter_of_the_connection(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);
	uint8_t exporter[32];

	(void)state;
	assert_int_equal(SSL_export_keying_material(device->ssl, exporter, 32, "EXPORTER-fallgate-1", 19, NULL, 0, 0), 1);
	assert_memory_equal(exporter, gateway->core.exporter, 32);
	assert_string_equal(gateway->core.address, "127.0.0.1");
	device_free(device);
	until(gateway, gateway->core.closes == 1);
	gateway_end(gateway);
}

static void another_path_is_not_found(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: gw\r\n\r\n";
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_new(gateway, TLS1_3_VERSION, "\x0a" FG_TLS_ALPN);

	(void)state;
	assert_true(device_handshake(device));
	device_write(device, request, strlen(request));
	until(gateway, device_closed(device));
	assert_memory_equal(device->in, "HTTP/1.1 404 ", 13);
	assert_int_equal(gateway->core.opens, 0);
	device_free(device);
	gateway_end(gateway);
}

static void a_slow_sender_meets_the_absolute_deadline(void **state)
{
	struct gateway *gateway = gateway_start(150, 10000);
	struct device *device = device_new(gateway, TLS1_3_VERSION, "\x0a" FG_TLS_ALPN);
	uint64_t start = fg_clock_mono_ms(fg_loop_clock(gateway->loop)), took = 0, wrote_at = 0;

	(void)state;
	assert_true(device_handshake(device));
	while (!device_closed(device)) {
		if (took > wrote_at + 5)
			device_write(device, &REQUEST[wrote_at % 20], 1);
		if (took > wrote_at + 5)
			wrote_at = took;
		turn(gateway);
		took = fg_clock_mono_ms(fg_loop_clock(gateway->loop)) - start;
	}
	if (took < 140 || took > 1500)
		fail_msg("closed after %u ms", (unsigned)took);
	device_free(device);
	gateway_end(gateway);
}

static void a_stranger_who_talks_but_does_not_log_in_meets_it_too(void **state)
{
	struct gateway *gateway = gateway_start(150, 10000);
	struct device *device = device_open(gateway);

	(void)state;
	for (unsigned i = 0; !gateway->core.closes && i < TURNS_MAX; i++) {
		device_message(device, 5);
		turn(gateway);
	}
	assert_int_equal(gateway->core.closed_rc, FG_E_TIMEOUT);
	expect_close(device, FG_WS_POLICY);
	device_free(device);
	gateway_end(gateway);
}

static void a_silent_device_is_pinged_then_closed(void **state)
{
	struct gateway *gateway = gateway_start(5000, 120);
	struct device *device = device_open(gateway);

	(void)state;
	core_login(gateway);
	until(gateway, device_got(device, "\x89", 1));
	assert_int_equal(gateway->core.closes, 0);
	expect_close(device, FG_WS_GOING_AWAY);
	assert_int_equal(gateway->core.closed_rc, FG_E_TIMEOUT);
	device_free(device);
	gateway_end(gateway);
}

static void a_message_may_have_4096_bytes_before_login_and_61440_after(void **state)
{
	static const struct {
		bool login;
		size_t len;
		bool taken;
	} cases[] = {
		{ false, 4096, true }, { false, 4097, false }, { true, 61440, true }, { true, 61441, false },
	};
	struct gateway *gateway = gateway_start(5000, 10000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct device *device = device_open(gateway);
		unsigned frames = gateway->core.frames;

		if (cases[i].login) {
			core_login(gateway);
			core_send(gateway, gateway->core.conn, (unsigned)i, "in", 2);
			until(gateway, device_got_text(device, "in"));
		}
		device_message(device, cases[i].len);
		if (cases[i].taken) {
			until(gateway, gateway->core.frames == frames + 1);
			assert_int_equal(gateway->core.data_len, cases[i].len);
		} else {
			expect_close(device, FG_WS_TOO_BIG);
			until(gateway, gateway->core.closed_rc == FG_E_TOO_LONG);
			assert_int_equal(gateway->core.frames, frames);
		}
		device_free(device);
	}
	gateway_end(gateway);
}

/* Attack 40. */
static void what_is_not_a_client_frame_never_reaches_the_core(void **state)
{
	static const struct {
		const char *name;
		uint8_t opcode;
		const char *hex;
		uint16_t code;
	} cases[] = {
		{ "nothing", 2, "", FG_WS_GARBAGE },
		{ "a varint without end", 2, "08 ff ff ff ff ff ff ff ff ff ff ff", FG_WS_GARBAGE },
		{ "a length beyond the frame", 2, "12 ff ff ff ff 07", FG_WS_GARBAGE },
		{ "a truncated field", 2, "08", FG_WS_GARBAGE },
		{ "field number 0", 2, "02 00", FG_WS_GARBAGE },
		{ "text", 1, "08 01", FG_WS_UNSUPPORTED },
	};
	struct gateway *gateway = gateway_start(5000, 10000);
	uint8_t data[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct device *device = device_open(gateway);

		device_frame(device, cases[i].opcode, data, fg_test_unhex(cases[i].hex, data, sizeof(data)));
		expect_close(device, cases[i].code);
		until(gateway, gateway->core.closes == i + 1);
		assert_int_equal(gateway->core.closed_rc, FG_E_SYNTAX);
		device_free(device);
	}
	assert_int_equal(gateway->core.frames, 0);
	gateway_end(gateway);
}

static void connections_above_the_limit_wait(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *devices[CONNECTIONS], *last;

	(void)state;
	for (size_t i = 0; i < CONNECTIONS; i++)
		devices[i] = device_open(gateway);
	last = device_new(gateway, TLS1_3_VERSION, "\x0a" FG_TLS_ALPN);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_not_equal(SSL_connect(last->ssl), 1);
		turn(gateway);
	}
	assert_int_equal(fg_listener_count(gateway->listener), CONNECTIONS);
	device_free(devices[0]);
	assert_true(device_handshake(last));
	device_free(last);
	for (size_t i = 1; i < CONNECTIONS; i++)
		device_free(devices[i]);
	gateway_end(gateway);
}

/* ---- the contract of a sealed job ---- */

static void a_job_that_was_written_is_accepted_once(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);

	(void)state;
	core_send(gateway, gateway->core.conn, 1, "hello", 5);
	until(gateway, device_got(device, "\x82\x05hello", 7));
	until(gateway, gateway->core.outcomes == 1);
	assert_int_equal(gateway->core.outcome[1], FG_OUTCOME_ACCEPTED);
	device_free(device);
	until(gateway, gateway->core.closes == 1);
	assert_int_equal(gateway->core.outcomes, 1);
	gateway_end(gateway);
}

static void a_job_for_no_connection_fails(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);
	uint64_t conn = gateway->core.conn;

	(void)state;
	core_send(gateway, conn + CONNECTIONS, 1, "x", 1); /* the same slot, another connection */
	core_send(gateway, UINT64_MAX, 2, "x", 1);
	device_free(device);
	until(gateway, gateway->core.closes == 1);
	core_send(gateway, conn, 3, "x", 1);
	until(gateway, gateway->core.outcomes == 3);
	for (unsigned token = 1; token <= 3; token++)
		assert_int_equal(gateway->core.outcome[token], FG_OUTCOME_FAILED);
	gateway_end(gateway);
}

static void a_dropped_connection_is_flushed_first(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);

	(void)state;
	for (unsigned token = 0; token < 10; token++)
		core_send(gateway, gateway->core.conn, token, "job", 3);
	core_drop(gateway);
	core_send(gateway, gateway->core.conn, 10, "late", 4);
	expect_close(device, FG_WS_POLICY);
	assert_int_equal(device->in_len, 10 * 5 + 4);
	until(gateway, gateway->core.outcomes == 11 && gateway->core.closes == 1);
	for (unsigned token = 0; token < 10; token++)
		assert_int_equal(gateway->core.outcome[token], FG_OUTCOME_ACCEPTED);
	assert_int_equal(gateway->core.outcome[10], FG_OUTCOME_FAILED);
	assert_int_equal(gateway->core.closed_rc, FG_E_LOGIN);
	device_free(device);
	gateway_end(gateway);
}

/* More than the kernel takes, to a device that does not read and goes away; then more than a connection may wait for. */
static void jobs_of_a_connection_that_breaks_have_one_outcome_each(void **state)
{
	static const struct {
		unsigned jobs;
		unsigned unknown_least, failed_least;
	} cases[] = { { 60, 1, 0 }, { 120, 1, 1 } };
	static const uint8_t job[60000];
	unsigned count[FG_OUTCOME_UNKNOWN + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gateway *gateway = gateway_start(5000, 10000);
		struct device *device = device_open(gateway);

		memset(count, 0, sizeof(count));
		for (unsigned token = 0; token < cases[i].jobs; token++)
			core_send(gateway, gateway->core.conn, token, job, sizeof(job));
		for (unsigned t = 0; t < 40; t++)
			turn(gateway);
		device_free(device);
		until(gateway, gateway->core.outcomes == cases[i].jobs && gateway->core.closes == 1);
		for (unsigned token = 0; token < cases[i].jobs; token++)
			count[gateway->core.outcome[token]]++;
		assert_true(count[FG_OUTCOME_UNKNOWN] >= cases[i].unknown_least);
		assert_true(count[FG_OUTCOME_FAILED] >= cases[i].failed_least);
		assert_int_equal(count[FG_OUTCOME_DEFERRED], 0);
		gateway_end(gateway);
	}
}

static void count_stop(void *arg)
{
	++*(unsigned *)arg;
}

static void a_drained_listener_keeps_its_connections_and_a_stopped_one_ends_them(void **state)
{
	const struct fg_frame drain = { .type = FG_IPC_DRAIN };
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway), *late;
	unsigned stops = 0;

	(void)state;
	assert_ok(fg_channel_send(gateway->core.channel, &drain));
	core_send(gateway, gateway->core.conn, 0, "still", 5);
	until(gateway, device_got_text(device, "still"));
	late = device_new(gateway, TLS1_3_VERSION, "\x0a" FG_TLS_ALPN);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_not_equal(SSL_connect(late->ssl), 1);
		turn(gateway);
	}
	core_send(gateway, gateway->core.conn, 1, "bye", 3);
	until(gateway, gateway->core.outcomes == 2);
	fg_listener_stop(gateway->listener, count_stop, &stops);
	expect_close(device, FG_WS_GOING_AWAY);
	device_free(device);
	until(gateway, stops == 1 && gateway->core.closes == 1);
	device_free(late);
	gateway_end(gateway);
}

/* ---- the core ---- */

static void a_lost_core_ends_all_connections_and_the_next_knows_nothing_of_them(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway), *next;

	(void)state;
	core_send(gateway, gateway->core.conn, 1, "x", 1);
	until(gateway, gateway->core.outcomes == 1);
	TALLOC_FREE(gateway->core.channel);
	expect_close(device, FG_WS_RESTART);
	core_start(gateway);
	next = device_open(gateway);
	device_free(device);
	until(gateway, fg_listener_count(gateway->listener) == 1);
	assert_int_equal(gateway->core.opens, 1);
	assert_int_equal(gateway->core.closes, 0);
	assert_int_equal(gateway->core.outcomes, 0);
	device_free(next);
	gateway_end(gateway);
}

/* Neither side holds more than its bounds, and nothing is lost. */
static void a_core_that_does_not_read_slows_the_device_down(void **state)
{
	enum { MESSAGES = 60 };
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device = device_open(gateway);
	uint8_t *message = talloc_zero_size(gateway, 60008);
	const uint8_t head[] = { 0x82, 0xfe, 60000 >> 8, 60000 & 0xff, 0, 0, 0, 0, 0xfa, 0x3f, 0xdb, 0xd4, 0x03 };
	size_t written = 0, total = MESSAGES * (size_t)60008, idle = 0;
	bool resumed = false;

	(void)state;
	memcpy(message, head, sizeof(head));
	core_login(gateway);
	core_send(gateway, gateway->core.conn, 0, "in", 2);
	until(gateway, device_got_text(device, "in"));
	fg_channel_pause(gateway->core.channel, true);
	while (written < total) {
		size_t at = written % 60008;
		int n = SSL_write(device->ssl, message + at, (int)(60008 - at));

		if (n > 0) {
			written += (size_t)n;
			idle = 0;
		} else if (++idle == 20 && !resumed) {
			resumed = true;
			fg_channel_pause(gateway->core.channel, false);
		}
		turn(gateway);
		assert_true(idle < TURNS_MAX);
	}
	assert_true(resumed);
	until(gateway, gateway->core.frames == MESSAGES);
	assert_int_equal(gateway->core.frames_len, MESSAGES * (size_t)60000);
	assert_int_equal(gateway->core.closes, 0);
	device_free(device);
	gateway_end(gateway);
}

static void the_core_is_told_how_many_there_are(void **state)
{
	struct gateway *gateway = gateway_start(5000, 10000);
	struct device *device;

	(void)state;
	until(gateway, gateway->core.links == 1);
	assert_int_equal(gateway->core.link.up, 1);
	assert_int_equal(gateway->core.link.in_flight, 0);
	assert_int_equal(gateway->core.link.credits, CONNECTIONS);
	device = device_open(gateway);
	assert_int_equal(gateway->core.links, 1);
	until(gateway, gateway->core.links == 2);
	assert_int_equal(gateway->core.link.in_flight, 1);
	device_free(device);
	gateway_end(gateway);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_tls_1_3_with_the_protocol_is_spoken),
		cmocka_unit_test(the_core_gets_the_exporter_of_the_connection),
		cmocka_unit_test(another_path_is_not_found),
		cmocka_unit_test(a_slow_sender_meets_the_absolute_deadline),
		cmocka_unit_test(a_stranger_who_talks_but_does_not_log_in_meets_it_too),
		cmocka_unit_test(a_silent_device_is_pinged_then_closed),
		cmocka_unit_test(a_message_may_have_4096_bytes_before_login_and_61440_after),
		cmocka_unit_test(what_is_not_a_client_frame_never_reaches_the_core),
		cmocka_unit_test(connections_above_the_limit_wait),
		cmocka_unit_test(a_job_that_was_written_is_accepted_once),
		cmocka_unit_test(a_job_for_no_connection_fails),
		cmocka_unit_test(a_dropped_connection_is_flushed_first),
		cmocka_unit_test(jobs_of_a_connection_that_breaks_have_one_outcome_each),
		cmocka_unit_test(a_drained_listener_keeps_its_connections_and_a_stopped_one_ends_them),
		cmocka_unit_test(a_lost_core_ends_all_connections_and_the_next_knows_nothing_of_them),
		cmocka_unit_test(a_core_that_does_not_read_slows_the_device_down),
		cmocka_unit_test(the_core_is_told_how_many_there_are),
	};
	void *ctx = talloc_new(NULL);
	int failed;

	if (fg_log_init(ctx, "secure", "error") != FG_OK)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	log_fini();
	talloc_free(ctx);
	return failed;
}
