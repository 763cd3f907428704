/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client/ctl/probe_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <talloc.h>
#include "client/ctl/probe_print.h"
#include "lib/base/loop.h"
#include "lib/wire/smpp_status.h"

enum {
	EXIT_NOT_DONE = 1,
	EXIT_WRONG_USE = 2,
	EXIT_NO_LINK = 3,
	WINDOW_DEFAULT = 10,
	WAIT_DEFAULT_S = 60,
	WHY_LEN = 160,
};

struct words {
	const char *config, *link, *number;
	bool yes;
	long window, wait_s; /* window -1: the link's, at most WINDOW_DEFAULT */
};

struct run {
	struct fg_probe_options options;
	struct fg_probe *probe;
	struct fg_loop *loop;
	struct event *timer;
	SSL_CTX *tls;
	struct bufferevent *binds[FG_PROBE_BINDS_MAX];
	char why[WHY_LEN];
};

/* ---- words ---- */

static bool number_of(const char *text, long least, long most, long *out)
{
	char *end;

	*out = strtol(text, &end, 10);
	return *text && !*end && *out >= least && *out <= most;
}

static bool read_words(int count, char **words, struct words *out)
{
	int i = 0;

	*out = (struct words){ .config = "/etc/fallgate/fallgate.conf",
			       .window = -1,
			       .wait_s = WAIT_DEFAULT_S };
	for (; i < count && strncmp(words[i], "--", 2) == 0; i++) {
		if (strcmp(words[i], "--yes") == 0)
			out->yes = true;
		else if (i + 1 == count)
			return false;
		else if (strcmp(words[i], "--config") == 0)
			out->config = words[++i];
		else if (strcmp(words[i], "--window") == 0 &&
			 number_of(words[i + 1], 0, FG_PROBE_WINDOW_MAX, &out->window))
			i++;
		else if (strcmp(words[i], "--wait") == 0 &&
			 number_of(words[i + 1], 0, 86400, &out->wait_s))
			i++;
		else
			return false;
	}
	if (count - i != 2)
		return false;
	out->link = words[i];
	out->number = words[i + 1];
	return true;
}

/* E.164 with "+": what a link sends to. */
static bool is_number(const char *number)
{
	size_t digits = strspn(number + 1, "0123456789");

	return number[0] == '+' && digits >= 3 && digits <= 15 && number[1 + digits] == '\0';
}

static void conf_error(const char *file, unsigned line, const char *key, const char *text,
		       void *arg)
{
	(void)arg;
	fprintf(stderr, "%s:%u: %s: %s\n", file, line, key, text);
}

static const struct fg_conf_links *find_link(const struct fg_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->links_count; i++)
		if (strcmp(conf->links[i].name, name) == 0)
			return &conf->links[i];
	return NULL;
}

/* ---- questions to a person ---- */

static char *answer_line(char *line, int cap)
{
	fflush(stderr);
	if (!fgets(line, cap, stdin))
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static bool may_send(const struct run *run, const struct words *words)
{
	const struct fg_conf_links *link = run->options.link;
	char line[16];

	fprintf(stderr,
		"This sends real messages, up to %u of one segment, over link %s (%s:%u) to %s.\n"
		"The carrier charges for them as for any others, and whoever has that number gets "
		"them.\n"
		"It binds as %s beside the gateway; where the carrier allows no further bind, "
		"drain "
		"the link first.\n",
		fg_probe_most(&run->options), link->name, link->host, (unsigned)link->port,
		words->number, link->system_id);
#ifdef FG_MUTANT_probe_yes
	return true;
#endif
	if (words->yes)
		return true;
	fputs("Send them? [y/N] ", stderr);
	answer_line(line, sizeof(line));
	if (strcmp(line, "y") == 0 || strcmp(line, "yes") == 0)
		return true;
	fputs("fallgatectl: nothing was sent\n", stderr);
	return false;
}

static enum fg_probe_alphabet ask_alphabet(void)
{
	char line[16];

	fputs("One message ended in three signs. Which does the phone show?\n"
	      "  1  \xc2\xa4 \xc2\xa1 \xc2\xa7\n"
	      "  2  $ @ _\n"
	      "  3  others, or nothing\n"
	      "1, 2 or 3, or nothing when you cannot see it: ",
	      stderr);
	answer_line(line, sizeof(line));
	fputc('\n', stderr);
	return strcmp(line, "1") == 0   ? FG_PROBE_ALPHABET_GSM
	       : strcmp(line, "2") == 0 ? FG_PROBE_ALPHABET_ASCII
	       : strcmp(line, "3") == 0 ? FG_PROBE_ALPHABET_OTHER
					: FG_PROBE_ALPHABET_UNKNOWN;
}

/* ---- sockets ---- */

static uint64_t now_ms(const struct run *run)
{
	return fg_clock_mono_ms(fg_loop_clock(run->loop));
}

static void stir(struct run *run)
{
	uint64_t next = fg_probe_next_ms(run->probe), now = now_ms(run);
	struct timeval tv;

	if (fg_probe_done(run->probe)) {
		fg_loop_stop(run->loop);
		return;
	}
	if (next == UINT64_MAX)
		return;
	next = next > now ? next - now : 0;
	tv.tv_sec = (time_t)(next / 1000);
	tv.tv_usec = (suseconds_t)(next % 1000 * 1000);
	event_add(run->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	(void)fd;
	(void)what;
	fg_probe_tick(run->probe, now_ms(run));
	stir(run);
}

static unsigned bind_of(const struct run *run, const struct bufferevent *bev)
{
	return bev == run->binds[0] ? 0 : 1;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct run *run = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len = evbuffer_get_length(in);

	fg_probe_bytes(run->probe, bind_of(run, bev), evbuffer_pullup(in, -1), len, now_ms(run));
	evbuffer_drain(in, len);
	stir(run);
}

static const char *trouble(struct run *run, struct bufferevent *bev, short what)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	unsigned long error = ssl ? bufferevent_get_openssl_error(bev) : 0;
	int dns = bufferevent_socket_get_dns_error(bev);

	if (verified != X509_V_OK)
		snprintf(run->why, WHY_LEN, "TLS: certificate refused: %s",
			 X509_verify_cert_error_string(verified));
	else if (error && ERR_reason_error_string(error)) /* that of a socket has none */
		snprintf(run->why, WHY_LEN, "TLS: %s", ERR_reason_error_string(error));
	else if (what & BEV_EVENT_EOF)
		snprintf(run->why, WHY_LEN, "the far side closed the connection");
	else if (what & BEV_EVENT_TIMEOUT)
		snprintf(run->why, WHY_LEN, "cannot connect: no answer");
	else
		snprintf(run->why, WHY_LEN, "connection: %s",
			 dns ? evutil_gai_strerror(dns)
			     : evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	return run->why;
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct run *run = arg;

	if (what & BEV_EVENT_CONNECTED) {
		bufferevent_set_timeouts(bev, NULL, NULL);
		fg_probe_connected(run->probe, bind_of(run, bev), now_ms(run));
	} else {
		fg_probe_closed(run->probe, bind_of(run, bev), trouble(run, bev, what),
				now_ms(run));
	}
	stir(run);
}

static void on_send(void *arg, unsigned bind, const void *data, size_t len)
{
	struct run *run = arg;

	if (run->binds[bind])
		bufferevent_write(run->binds[bind], data, len);
}

static bool tls_files(SSL_CTX *ctx, const struct fg_conf_links *link)
{
	SSL_CTX_set_verify(ctx, link->tls_verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       (!link->tls_verify || SSL_CTX_load_verify_locations(ctx, link->tls_ca, NULL) == 1) &&
	       (!*link->tls_certificate ||
		(SSL_CTX_use_certificate_chain_file(ctx, link->tls_certificate) == 1 &&
		 SSL_CTX_use_PrivateKey_file(ctx, link->tls_key, SSL_FILETYPE_PEM) == 1));
}

/* An address is in a certificate as one, and never in SNI (RFC 6066, 3). */
static SSL *tls_connection(struct run *run)
{
	const struct fg_conf_links *link = run->options.link;
	const char *name = *link->tls_name ? link->tls_name : link->host;
	SSL *ssl = SSL_new(run->tls);
	bool ok = ssl &&
		  (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ||
		   (SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1));

	ERR_clear_error();
	if (ok)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static struct bufferevent *connection(struct run *run)
{
	struct event_base *base = fg_loop_base(run->loop);
	struct bufferevent *bev = NULL;
	SSL *ssl;

	if (!run->tls)
		return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	ssl = tls_connection(run);
	if (ssl)
		bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
						     BEV_OPT_CLOSE_ON_FREE);
	if (bev)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		SSL_free(ssl);
	return bev;
}

static bool connect_one(struct run *run, unsigned bind)
{
	const struct fg_conf_links *link = run->options.link;
	const struct timeval patience = { .tv_sec = (time_t)(link->connect_timeout_ms / 1000),
					  .tv_usec = (suseconds_t)(link->connect_timeout_ms % 1000 *
								   1000) };
	struct bufferevent *bev = run->binds[bind] = connection(run);

	if (!bev)
		return false;
	bufferevent_setcb(bev, on_read, NULL, on_event, run);
	bufferevent_set_timeouts(bev, &patience, &patience);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	/* without a base for DNS it waits for the resolver, which is all that is going on */
	return bufferevent_socket_connect_hostname(bev, NULL, AF_UNSPEC, link->host,
						   (int)link->port) == 0;
}

static bool open_all(struct run *run, void *ctx)
{
	run->loop = fg_loop_new(ctx);
	run->probe = fg_probe_new(ctx, &run->options, on_send, run);
	if (!run->loop || !run->probe)
		return false;
	run->timer = event_new(fg_loop_base(run->loop), -1, 0, on_timer, run);
	if (strcmp(run->options.link->tls, "on") == 0) {
		run->tls = SSL_CTX_new(TLS_client_method());
		if (!run->tls || !tls_files(run->tls, run->options.link)) {
			fprintf(stderr,
				"fallgatectl: the TLS files of the link cannot be used: %s\n",
				ERR_reason_error_string(ERR_peek_last_error()));
			return false;
		}
	}
	return run->timer != NULL;
}

static void close_all(struct run *run)
{
	for (unsigned i = 0; i < FG_PROBE_BINDS_MAX; i++)
		if (run->binds[i])
			bufferevent_free(run->binds[i]);
	if (run->timer)
		event_free(run->timer);
	SSL_CTX_free(run->tls);
}

/* ---- the whole ---- */

static void say_failure(const struct fg_probe_result *result)
{
	fprintf(stderr, "fallgatectl: probe: %s", result->failure);
	if (result->failure_code)
		fprintf(stderr, ": 0x%02X %s: %s", result->failure_code,
			fg_smpp_status_find(result->failure_code)->name,
			fg_smpp_status_find(result->failure_code)->note);
	fputc('\n', stderr);
}

static int report(struct run *run, bool json)
{
	enum fg_probe_alphabet alphabet;
	struct fg_probe_result result;

	fg_probe_result(run->probe, &result);
	if (result.failure) {
		say_failure(&result);
		return EXIT_NOT_DONE;
	}
	alphabet = ask_alphabet();
	(json ? fg_probe_print_json : fg_probe_print)(stdout, &run->options, &result, alphabet);
	return EXIT_SUCCESS;
}

static int probe(struct run *run, bool json)
{
	void *ctx = talloc_new(NULL);
	bool ok = open_all(run, ctx);
	int exit_code = EXIT_NOT_DONE;

	for (unsigned i = 0; ok && i < fg_probe_binds(&run->options); i++)
		ok = connect_one(run, i);
	if (ok && !fg_probe_done(run->probe))
		fg_loop_run(run->loop);
	if (ok)
		exit_code = report(run, json);
	else
		fputs("fallgatectl: probe: cannot begin\n", stderr);
	close_all(run);
	talloc_free(ctx);
	return exit_code;
}

int fg_ctl_probe(int count, char **words, bool json)
{
	static struct fg_conf conf;
	struct run run = { 0 };
	struct words w;
	int64_t window;

	if (!read_words(count, words, &w) || !is_number(w.number)) {
		fputs("usage: fallgatectl probe [--config FILE] [--yes] [--window N] [--wait "
		      "SECONDS] "
		      "LINK NUMBER\n",
		      stderr);
		return EXIT_WRONG_USE;
	}
	if (fg_conf_read(w.config, &conf, conf_error, NULL) != FG_OK)
		return EXIT_NOT_DONE;
	run.options.link = find_link(&conf, w.link);
	if (!run.options.link || strcmp(run.options.link->adapter, "smpp") != 0 ||
	    strcmp(run.options.link->bind, "rx") == 0) {
		fprintf(stderr, "fallgatectl: %s has no link named %s that submits by SMPP\n",
			w.config, w.link);
		return EXIT_NO_LINK;
	}
	window = run.options.link->window < WINDOW_DEFAULT ? run.options.link->window
							   : WINDOW_DEFAULT;
	run.options.mark = conf.mark.text;
	run.options.number = w.number;
	run.options.window = (unsigned)(w.window >= 0 ? w.window : window);
	run.options.wait_ms = (uint64_t)w.wait_s * 1000;
	return may_send(&run, &w) ? probe(&run, json) : EXIT_NOT_DONE;
}
