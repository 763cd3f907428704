/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smpp adapter over TLS, against an SMSC of a few lines in the same loop: whom it trusts, and
 * what it says of whom it does not.
 */
#include "tests/support/fg_test.h"

#include <sys/mman.h>
#include <unistd.h>
#include <netinet/in.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <talloc.h>
#include "lib/wire/smpp.h"
#include "tests/adapters/recorder.h"

enum { TURNS_MAX = 2000, DAY_S = 86400 };

struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

static struct {
	void *ctx;
	struct fg_loop *loop;
	struct recorder *recorder;
	struct fg_conf_links conf;
	struct identity ca, other_ca, client;
	SSL_CTX *server;
	struct evconnlistener *listener;
	unsigned binds, submits, client_certificates;
} t;

/* ---- certificates ---- */

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

/* issuer NULL: a CA. names: "DNS:..." */
static struct identity make(const char *cn, const struct identity *issuer, const char *names,
			    long until_s)
{
	struct identity id = { EVP_EC_gen("P-256"), X509_new() };
	static long serial;

	assert_non_null(id.key);
	X509_set_version(id.certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(id.certificate), -3 * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(id.certificate), until_s);
	X509_set_pubkey(id.certificate, id.key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(id.certificate), "CN", MBSTRING_ASC,
				   (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(id.certificate,
			     X509_get_subject_name(issuer ? issuer->certificate : id.certificate));
	if (!issuer)
		extend(id.certificate, id.certificate, NID_basic_constraints, "critical,CA:TRUE");
	if (names)
		extend(id.certificate, issuer->certificate, NID_subject_alt_name, names);
	assert_true(X509_sign(id.certificate, issuer ? issuer->key : id.key, EVP_sha256()) > 0);
	return id;
}

static void identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->certificate);
}

static void give_file(enum fg_role_file kind, X509 *certificate, EVP_PKEY *key)
{
	int fd = memfd_create("pem", MFD_CLOEXEC);
	FILE *file = fdopen(dup(fd), "w");

	assert_non_null(file);
	if (certificate)
		assert_int_equal(PEM_write_X509(file, certificate), 1);
	if (key)
		assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	fg_host_set_file(t.recorder->host, kind, fd);
}

/* ---- the SMSC ---- */

static void answer(struct bufferevent *bev, const struct fg_smpp_pdu *pdu)
{
	struct fg_smpp_pdu response = { .command = pdu->command | FG_SMPP_RESPONSE,
					.sequence = pdu->sequence };
	uint8_t octets[256];
	size_t len;

	t.binds += pdu->command == FG_SMPP_BIND_TRANSCEIVER;
	t.submits += pdu->command == FG_SMPP_SUBMIT_SM;
	if (pdu->command == FG_SMPP_SUBMIT_SM)
		response.sm_resp.message_id = fg_smpp_text("1");
	if (pdu->command & FG_SMPP_RESPONSE)
		return;
	assert_ok(fg_smpp_encode(&response, octets, sizeof(octets), &len));
	bufferevent_write(bev, octets, len);
}

static void smsc_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct fg_smpp_pdu pdu;
	size_t len;

	(void)arg;
	while (fg_smpp_frame(evbuffer_pullup(in, -1), evbuffer_get_length(in), FG_SMPP_PDU_MAX,
			     &len) == FG_OK) {
		assert_ok(fg_smpp_decode(evbuffer_pullup(in, -1), len, &pdu));
		answer(bev, &pdu);
		evbuffer_drain(in, len);
	}
}

static void smsc_event(struct bufferevent *bev, short what, void *arg)
{
	X509 *peer;

	(void)arg;
	if (!(what & BEV_EVENT_CONNECTED)) {
		bufferevent_free(bev);
		return;
	}
	peer = SSL_get1_peer_certificate(bufferevent_openssl_get_ssl(bev));
	t.client_certificates += peer != NULL;
	X509_free(peer);
}

static void smsc_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
			int from_len, void *arg)
{
	struct bufferevent *bev = bufferevent_openssl_socket_new(
		evconnlistener_get_base(listener), fd, SSL_new(t.server), BUFFEREVENT_SSL_ACCEPTING,
		BEV_OPT_CLOSE_ON_FREE);

	(void)from;
	(void)from_len;
	(void)arg;
	bufferevent_setcb(bev, smsc_read, NULL, smsc_event, NULL);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void smsc_start(const struct identity *id)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);

	t.server = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(t.server, id->certificate), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(t.server, id->key), 1);
	t.listener = evconnlistener_new_bind(fg_loop_base(t.loop), smsc_accept, NULL,
					     LEV_OPT_CLOSE_ON_FREE, 16, (struct sockaddr *)&address,
					     sizeof(address));
	assert_non_null(t.listener);
	getsockname(evconnlistener_get_fd(t.listener), (struct sockaddr *)&address, &len);
	t.conf.port = ntohs(address.sin_port);
}

/* ---- the cases ---- */

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.ctx = talloc_new(NULL);
	t.recorder = recorder_new(t.ctx);
	t.loop = fg_loop_new(t.ctx);
	t.ca = make("Test CA", NULL, NULL, DAY_S);
	t.other_ca = make("Other CA", NULL, NULL, DAY_S);
	t.client = make("gateway", &t.ca, "DNS:gw.example.org", DAY_S);
	recorder_conf("smpp", &t.conf);
	snprintf(t.conf.tls, sizeof(t.conf.tls), "on");
	snprintf(t.conf.tls_name, sizeof(t.conf.tls_name), "smsc.example.org");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fg_host_close(t.recorder->host);
	if (t.listener)
		evconnlistener_free(t.listener);
	event_base_loop(fg_loop_base(t.loop), EVLOOP_NONBLOCK); /* the SMSC sees it close */
	event_base_loop(fg_loop_base(t.loop), EVLOOP_NONBLOCK);
	SSL_CTX_free(t.server);
	identity_free(&t.ca);
	identity_free(&t.other_ca);
	identity_free(&t.client);
	talloc_free(t.ctx);
	return 0;
}

static void turn_until(const unsigned *count, unsigned wanted)
{
	for (unsigned i = 0; i < TURNS_MAX && *count < wanted; i++) {
		struct timeval tv = { 0, 2000 };

		event_base_loopexit(fg_loop_base(t.loop), &tv);
		fg_loop_step(t.loop, true);
	}
	assert_true(*count >= wanted);
}

static enum fg_rc open_link(void)
{
	return fg_host_open(t.recorder->host, fg_adapter_find("smpp"), t.loop, &t.conf);
}

static void a_peer_with_the_right_certificate_is_bound_and_submitted_to(void **state)
{
	struct identity id = make("smsc", &t.ca, "DNS:smsc.example.org", DAY_S);

	(void)state;
	smsc_start(&id);
	give_file(FG_FILE_LINK_CA, t.ca.certificate, NULL);
	assert_ok(open_link());
	turn_until(&t.recorder->states, 1);
	assert_true(t.recorder->state.up);
	recorder_give(t.recorder, 1, "+12025550199", "x");
	turn_until(&t.recorder->outcomes_count, 1);
	assert_int_equal(recorder_outcome(t.recorder, 1)->outcome, FG_OUTCOME_ACCEPTED);
	assert_int_equal(t.submits, 1);
	identity_free(&id);
}

static void a_wrong_certificate_is_refused_and_said(void **state)
{
	static const struct {
		const char *names, *note;
		bool other_ca;
		long until_s;
	} cases[] = {
		{ "DNS:smsc.example.org", "TLS: certificate refused: unable to get local issuer",
		  true, DAY_S },
		{ "DNS:other.example.org", "TLS: certificate refused: hostname mismatch", false,
		  DAY_S },
		{ "DNS:smsc.example.org", "TLS: certificate refused: certificate has expired",
		  false, -DAY_S },
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct identity id = make("smsc", cases[i].other_ca ? &t.other_ca : &t.ca,
					  cases[i].names, cases[i].until_s);

		print_message("# %s\n", cases[i].note);
		smsc_start(&id);
		give_file(FG_FILE_LINK_CA, t.ca.certificate, NULL);
		assert_ok(open_link());
		turn_until(&t.recorder->states, 1);
		assert_false(t.recorder->state.up);
		if (!strstr(t.recorder->state.note, cases[i].note))
			fail_msg("%s", t.recorder->state.note);
		assert_int_equal(t.binds, 0); /* no password was said */
		identity_free(&id);
		teardown(state);
		setup(state);
	}
}

static void an_address_must_be_in_the_certificate_as_one(void **state)
{
	struct identity id = make("smsc", &t.ca, "IP:127.0.0.1", DAY_S);

	(void)state;
	t.conf.tls_name[0] = '\0';
	smsc_start(&id);
	give_file(FG_FILE_LINK_CA, t.ca.certificate, NULL);
	assert_ok(open_link());
	turn_until(&t.recorder->states, 1);
	assert_true(t.recorder->state.up);
	identity_free(&id);
}

static void a_peer_that_wants_to_know_us_gets_our_certificate(void **state)
{
	struct identity id = make("smsc", &t.ca, "DNS:smsc.example.org", DAY_S);

	(void)state;
	smsc_start(&id);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(t.server), t.ca.certificate);
	SSL_CTX_set_verify(t.server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	snprintf(t.conf.tls_certificate, sizeof(t.conf.tls_certificate), "by descriptor");
	give_file(FG_FILE_LINK_CA, t.ca.certificate, NULL);
	give_file(FG_FILE_LINK_CERTIFICATE, t.client.certificate, NULL);
	give_file(FG_FILE_LINK_KEY, NULL, t.client.key);
	assert_ok(open_link());
	turn_until(&t.recorder->states, 1);
	assert_true(t.recorder->state.up);
	assert_int_equal(t.client_certificates, 1);
	identity_free(&id);
}

static void files_that_are_not_what_they_should_be_are_refused_at_start(void **state)
{
	(void)state;
	assert_rc(FG_E_STATE, open_link());
	give_file(FG_FILE_LINK_CA, NULL, t.ca.key);
	assert_rc(FG_E_KEY, open_link());
	snprintf(t.conf.tls_certificate, sizeof(t.conf.tls_certificate), "by descriptor");
	give_file(FG_FILE_LINK_CA, t.ca.certificate, NULL);
	give_file(FG_FILE_LINK_CERTIFICATE, t.client.certificate, NULL);
	give_file(FG_FILE_LINK_KEY, NULL, t.ca.key); /* of another certificate */
	assert_rc(FG_E_KEY, open_link());
}

static void verification_ends_only_where_the_configuration_says_so(void **state)
{
	struct identity id = make("smsc", &t.other_ca, "DNS:other.example.org", -DAY_S);

	(void)state;
	t.conf.tls_verify = false;
	smsc_start(&id);
	assert_ok(open_link());
	turn_until(&t.recorder->states, 1);
	assert_true(t.recorder->state.up);
	identity_free(&id);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_peer_with_the_right_certificate_is_bound_and_submitted_to),
		CASE(a_wrong_certificate_is_refused_and_said),
		CASE(an_address_must_be_in_the_certificate_as_one),
		CASE(a_peer_that_wants_to_know_us_gets_our_certificate),
		CASE(files_that_are_not_what_they_should_be_are_refused_at_start),
		CASE(verification_ends_only_where_the_configuration_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
