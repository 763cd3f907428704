/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/adapters/secure_bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* ---- the core ---- */

static void take_sent(struct core *core, const struct fg_ipc_conn_sent *sent)
{
	assert_true(sent->token < SENT_MAX);
	if (core->outcome[sent->token])
		fail_msg("job %u has two outcomes", (unsigned)sent->token);
	core->outcome[sent->token] = sent->outcome;
	core->outcomes++;
}

static void core_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		       void *arg)
{
	struct core *core = arg;

	(void)channel;
	(void)fd_take;
	if (frame->type == FG_IPC_CONN_OPEN) {
		core->opens++;
		core->conn = frame->conn_open.conn;
		memcpy(core->exporter, frame->conn_open.exporter, 32);
		snprintf(core->address, sizeof(core->address), "%.*s",
			 (int)frame->conn_open.address.len,
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

int core_channel(struct gateway *gateway)
{
	static const struct fg_channel_ops ops = { .frame = core_frame, .closed = core_closed };
	int fds[2];

	memset(&gateway->core, 0, sizeof(gateway->core));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	gateway->core.channel =
		fg_channel_new(gateway->loop, fg_loop_base(gateway->loop), fds[0], FG_ROLE_CORE,
			       FG_ROLE_SECURE, NULL, &ops, &gateway->core);
	return fds[1];
}

void core_start(struct gateway *gateway)
{
	assert_ok(fg_listener_set_core(gateway->listener, core_channel(gateway)));
}

void core_send(struct gateway *gateway, uint64_t conn, unsigned token, const void *data, size_t len)
{
	const struct fg_frame frame = {
		.type = FG_IPC_CONN_SEND,
		.conn_send = { .conn = conn, .token = token, .data = FG_BYTES(data, len) }
	};

	assert_ok(fg_channel_answer(gateway->core.channel, &frame));
}

void core_login(struct gateway *gateway)
{
	const struct fg_frame frame = { .type = FG_IPC_CONN_LOGIN,
					.conn_login.conn = gateway->core.conn };

	assert_ok(fg_channel_send(gateway->core.channel, &frame));
}

void core_drop(struct gateway *gateway)
{
	const struct fg_frame frame = { .type = FG_IPC_CONN_DROP,
					.conn_drop = { .conn = gateway->core.conn,
						       .rc = FG_E_LOGIN } };

	assert_ok(fg_channel_send(gateway->core.channel, &frame));
}

/* ---- the gateway ---- */

static void pulse(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

void turn(struct gateway *gateway)
{
	fg_loop_step(gateway->loop, true);
}

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
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

void pem_files(int *certificate_fd_out, int *key_fd_out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = certificate_new(key);

	*certificate_fd_out = pem_fd(write_certificate, certificate);
	*key_fd_out = pem_fd(write_key, key);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static SSL_CTX *server_tls(void)
{
	int certificate_fd, key_fd;
	SSL_CTX *tls = NULL;

	pem_files(&certificate_fd, &key_fd);
	assert_ok(fg_tls_new(certificate_fd, key_fd, &tls));
	return tls;
}

int listen_on(uint16_t *port_out)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
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

struct gateway *gateway_new(void)
{
	const struct timeval tv = { .tv_usec = 2000 };
	struct gateway *gateway = talloc_zero(NULL, struct gateway);

	gateway->loop = fg_loop_new(gateway);
	gateway->pulse = event_new(fg_loop_base(gateway->loop), -1, EV_PERSIST, pulse, NULL);
	event_add(gateway->pulse, &tv);
	return gateway;
}

struct gateway *gateway_start(uint32_t handshake_ms, uint32_t idle_ms)
{
	const struct fg_listener_limits limits = { .connections = CONNECTIONS,
						   .handshake_ms = handshake_ms,
						   .idle_ms = idle_ms };
	struct gateway *gateway = gateway_new();

	gateway->tls = server_tls();
	gateway->listener = fg_listener_new(gateway->loop, fg_loop_base(gateway->loop),
					    listen_on(&gateway->port), gateway->tls, &limits);
	assert_non_null(gateway->listener);
	core_start(gateway);
	return gateway;
}

void gateway_end(struct gateway *gateway)
{
	talloc_free(gateway->listener);
	talloc_free(gateway->core.channel);
	SSL_CTX_free(gateway->tls);
	event_free(gateway->pulse);
	talloc_free(gateway);
}

/* ---- a device ---- */

struct device *device_new(struct gateway *gateway, int version, const char *alpn)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(gateway->port) };
	struct device *device = talloc_zero(gateway, struct device);
	int small = 64 * 1024;

	device->gateway = gateway;
	device->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* A small window, so that what a device does not read stays with the listener, however busy the machine is. */
	setsockopt(device->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(device->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(connect(device->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	evutil_make_socket_nonblocking(device->fd);
	device->tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(device->tls, version);
	SSL_CTX_set_mode(device->tls,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	device->ssl = SSL_new(device->tls);
	SSL_set_fd(device->ssl, device->fd);
	if (alpn)
		SSL_set_alpn_protos(device->ssl, (const unsigned char *)alpn,
				    (unsigned)strlen(alpn));
	return device;
}

void device_free(struct device *device)
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

bool device_handshake(struct device *device)
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
	int n = SSL_read(device->ssl, device->in + device->in_len,
			 (int)(sizeof(device->in) - device->in_len));

	if (n > 0)
		device->in_len += (size_t)n;
	else if (!again(device, n))
		device->eof = true;
}

bool device_got(struct device *device, const void *bytes, size_t len)
{
	device_read(device);
	return len && memmem(device->in, device->in_len, bytes, len);
}

bool device_got_text(struct device *device, const char *text)
{
	return device_got(device, text, strlen(text));
}

bool device_closed(struct device *device)
{
	device_read(device);
	return device->eof;
}

void device_write(struct device *device, const void *bytes, size_t len)
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

struct device *device_open(struct gateway *gateway)
{
	struct device *device = device_new(gateway, TLS1_3_VERSION, DEVICE_ALPN);
	unsigned opens = gateway->core.opens;

	assert_true(device_handshake(device));
	device_write(device, REQUEST, strlen(REQUEST));
	until(gateway, device_got_text(device, "\r\n\r\n"));
	until(gateway, gateway->core.opens == opens + 1);
	device->in_len = 0;
	return device;
}

void device_frame(struct device *device, uint8_t opcode, const void *data, size_t len)
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

void device_message(struct device *device, size_t len)
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

void expect_close(struct device *device, uint16_t code)
{
	const uint8_t frame[4] = { 0x88, 0x02, (uint8_t)(code >> 8), (uint8_t)code };

	until(device->gateway, device_closed(device));
	if (device->in_len < 4 || memcmp(device->in + device->in_len - 4, frame, 4) != 0)
		fail_msg("closed without code %u", code);
}
