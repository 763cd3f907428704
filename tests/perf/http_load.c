/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Applications of a gateway that takes HTTP: --port P --count N [--connections 64] [--rate 0] [--callback-port 0] [--timeout 60] PATH.
 * In PATH "%N" becomes a number of seven digits and "%T" the time that smpp_sink looks for. Each connection waits for its answer before
 * the next request. With a callback port it also listens there and waits until every message has been reported. At the end one JSON
 * line, as smpp_load's.
 */
#include "tests/perf/smpp_peer.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 256 };

struct load {
	struct event_base *base;
	const char *path;
	struct evhttp_connection *connections[CONNECTIONS_MAX];
	struct request *idle;
	long count, rate, wanted, submitted, answered, refused, reports;
	uint64_t start_us, end_us;
	struct samples answers;
};

struct request {
	struct request *next; /* of the idle ones */
	struct load *load;
	struct evhttp_connection *connection;
	uint64_t sent_us;
};

static void ask(struct request *request);

static void finish_if_done(struct load *load)
{
	if (load->answered < load->count ||
	    load->reports < load->wanted - (load->wanted ? load->refused : 0))
		return;
	load->end_us = peer_now_us();
	event_base_loopbreak(load->base);
}

static void next(struct request *request)
{
	struct load *load = request->load;

	if (load->submitted == load->count)
		return;
	if (load->rate && (double)load->submitted > (double)(peer_now_us() - load->start_us) *
							    1e-6 * (double)load->rate) {
		request->next = load->idle;
		load->idle = request;
		return;
	}
	ask(request);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;
	struct request *list = load->idle;

	(void)fd;
	(void)what;
	load->idle = NULL;
	for (struct request *following; list; list = following) {
		following = list->next;
		next(list);
	}
}

static void on_answer(struct evhttp_request *answer, void *arg)
{
	struct request *request = arg;
	struct load *load = request->load;

	load->answered++;
	load->refused += !answer || evhttp_request_get_response_code(answer) / 100 != 2;
	samples_add(&load->answers, peer_now_us() - request->sent_us);
	next(request);
	finish_if_done(load);
}

static void ask(struct request *request)
{
	struct load *load = request->load;
	char path[2048], *at = path;
	struct evhttp_request *out = evhttp_request_new(on_answer, request);

	request->sent_us = peer_now_us();
	for (const char *p = load->path; *p && at < path + sizeof(path) - 24; p++) {
		if (p[0] == '%' && p[1] == 'N')
			at += sprintf(at, "%07ld", load->submitted % 10000);
		else if (p[0] == '%' && p[1] == 'T')
			at += sprintf(at, "T%016llu", (unsigned long long)request->sent_us);
		else {
			*at++ = *p;
			continue;
		}
		p++;
	}
	*at = 0;
	load->submitted++;
	evhttp_add_header(evhttp_request_get_output_headers(out), "Host", "127.0.0.1");
	evhttp_add_header(evhttp_request_get_output_headers(out), "Connection", "keep-alive");
	evhttp_make_request(request->connection, out, EVHTTP_REQ_GET, path);
}

static void on_report(struct evhttp_request *request, void *arg)
{
	struct load *load = arg;

	load->reports++;
	evhttp_send_reply(request, 200, "OK", NULL);
	finish_if_done(load);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;

	(void)fd;
	(void)what;
	load->end_us = peer_now_us();
	event_base_loopbreak(load->base);
}

static void begin(struct load *load, long connections, long port)
{
	static struct request requests[CONNECTIONS_MAX];

	load->start_us = peer_now_us();
	for (long i = 0; i < connections && i < CONNECTIONS_MAX; i++) {
		requests[i].load = load;
		requests[i].connection =
			evhttp_connection_base_new(load->base, NULL, "127.0.0.1", (uint16_t)port);
		ask(&requests[i]);
	}
}

int main(int argc, char **argv)
{
	static struct load load;
	static const struct timeval tick = { .tv_usec = 1000 };
	struct timeval timeout = { .tv_sec = peer_option(argc, argv, "timeout", 60) };
	long callback = peer_option(argc, argv, "callback-port", 0);
	struct evhttp *server;
	struct event *ticker, *end;

	load.base = event_base_new();
	load.path = argv[argc - 1];
	load.count = peer_option(argc, argv, "count", 10000);
	load.rate = peer_option(argc, argv, "rate", 0);
	load.wanted = callback ? load.count : 0;
	server = callback ? evhttp_new(load.base) : NULL;
	if (server) {
		evhttp_set_gencb(server, on_report, &load);
		if (evhttp_bind_socket(server, "127.0.0.1", (uint16_t)callback) != 0)
			return 1;
	}
	ticker = event_new(load.base, -1, EV_PERSIST, on_tick, &load);
	end = event_new(load.base, -1, 0, on_timeout, &load);
	event_add(ticker, &tick);
	event_add(end, &timeout);
	begin(&load, peer_option(argc, argv, "connections", 64),
	      peer_option(argc, argv, "port", 13013));
	event_base_dispatch(load.base);
	printf("{\"submitted\":%ld,\"answered\":%ld,\"refused\":%ld,\"again\":0,\"receipts\":%ld,"
	       "\"seconds\":%.6f,"
	       "\"answer_p50_us\":%u,\"answer_p99_us\":%u}\n",
	       load.submitted, load.answered, load.refused, load.reports,
	       (double)(load.end_us - load.start_us) * 1e-6, samples_percentile(&load.answers, 50),
	       samples_percentile(&load.answers, 99));
	return load.answered == load.count ? 0 : 1;
}
