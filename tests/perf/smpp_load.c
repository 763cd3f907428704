/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Applications that submit: --port P --count N [--window 100] [--binds 4] [--rate 0] [--receipts 1] [--wait 1] [--timeout 60]
 * [--destinations 10000]. Each bind keeps its window full, or all together --rate a second. Throttled and "queue full" submits are given
 * again. At the end one JSON line: submitted, answered, receipts, seconds until the last of what was waited for (with --wait 0: not for
 * receipts), percentiles of submit to answer and of submit to receipt. The text carries the time of the submit for the sink.
 *
 * Or applications that are only there: --port P --hold N [--accounts 1]. When N are bound, in turn to the accounts bench1, bench2 and so on,
 * one JSON line, and the end with that of the standard input.
 */
#include "tests/perf/smpp_peer.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BINDS_MAX = 64,
	WINDOW_MAX = 4096,
	TEXT_LEN = 118,
	ESM_RECEIPT = 0x04,
	CONNECTING_MAX = 32, /* of those that are held */
	AGAIN_MS = 300, /* after "later", which a server says that has many passwords to look at */
};

struct bind {
	struct load *load;
	struct bufferevent *bev;
	bool bound, told_later;
	uint32_t sequence;
	unsigned in_flight;
	char system_id[16];
	uint64_t *sent_us; /* [WINDOW_MAX] */
};

struct load {
	struct event_base *base;
	struct bind *binds;
	long binds_count, window, count, rate, receipts_wanted, receipts_waited, destinations;
	long port, hold, accounts, connected, bound;
	long submitted, answered, refused, again, receipts;
	uint64_t start_us, end_us;
	struct samples answers, finals;
};

static void submit(struct bind *bind, long number)
{
	static struct fg_smpp_pdu pdu;
	struct load *load = bind->load;
	uint32_t sequence = ++bind->sequence;
	char text[TEXT_LEN + 1], destination[32];
	uint64_t now = peer_now_us();

	memset(&pdu.sm, 0, sizeof(pdu.sm));
	pdu.tlvs.count = 0;
	snprintf(destination, sizeof(destination), "49151%07ld", number % load->destinations);
	memset(text, 'x', sizeof(text) - 1);
	text[TEXT_LEN] = 0;
	text[snprintf(text, sizeof(text), "T%016llu", (unsigned long long)now)] = ' ';
	pdu.command = FG_SMPP_SUBMIT_SM;
	pdu.sequence = sequence;
	pdu.sm.source_addr = fg_smpp_text("1000");
	pdu.sm.dest_addr_ton = 1;
	pdu.sm.dest_addr_npi = 1;
	pdu.sm.destination_addr = fg_smpp_text(destination);
	pdu.sm.registered_delivery = load->receipts_wanted ? 1 : 0;
	pdu.sm.short_message = fg_smpp_text(text);
	bind->sent_us[sequence % WINDOW_MAX] = now;
	bind->in_flight++;
	peer_send(bind->bev, &pdu);
}

static void finish_if_done(struct load *load)
{
	if (load->answered < load->count ||
	    (load->receipts_waited && load->receipts < load->count - load->refused))
		return;
	load->end_us = peer_now_us();
	event_base_loopbreak(load->base);
}

static long due(const struct load *load)
{
	if (!load->rate)
		return load->count;
	return (long)((double)(peer_now_us() - load->start_us) * 1e-6 * (double)load->rate);
}

static void pump(struct load *load)
{
	long limit = due(load);

	if (load->hold)
		return;
	for (long i = 0; i < load->binds_count; i++) {
		struct bind *bind = &load->binds[i];

		while (bind->bound && bind->in_flight < (unsigned)load->window &&
		       load->submitted < load->count && load->submitted < limit)
			submit(bind, load->submitted++);
	}
}

static void take_answer(struct bind *bind, const struct fg_smpp_pdu *pdu)
{
	struct load *load = bind->load;

	bind->in_flight--;
	if (pdu->status == 0x58 || pdu->status == 0x14) {
		load->again++;
		load->submitted--; /* another number takes its place */
		return;
	}
	load->answered++;
	load->refused += pdu->status != 0;
	samples_add(&load->answers, peer_now_us() - bind->sent_us[pdu->sequence % WINDOW_MAX]);
}

static void take_delivery(struct bind *bind, const struct fg_smpp_pdu *pdu)
{
	static struct fg_smpp_pdu answer;
	uint32_t state = 0;

	answer.command = FG_SMPP_DELIVER_SM_RESP;
	answer.sequence = pdu->sequence;
	peer_send(bind->bev, &answer);
	if (!(pdu->sm.esm_class & ESM_RECEIPT))
		return;
	if (!fg_smpp_tlv_number(pdu, FG_SMPP_TLV_MESSAGE_STATE, &state) || state == 1 || state == 6)
		return; /* ENROUTE and ACCEPTED are not final */
	bind->load->receipts++;
}

static void connect_next(struct load *load);
static void connect_again(struct bind *bind);

static void take_held(struct load *load)
{
	load->bound++;
	if (load->connected < load->hold)
		connect_next(load);
	if (load->bound < load->hold)
		return;
	load->end_us = peer_now_us();
	printf("{\"bound\":%ld,\"seconds\":%.6f}\n", load->bound,
	       (double)(load->end_us - load->start_us) * 1e-6);
	fflush(stdout);
}

static void on_pdu(struct fg_smpp_pdu *pdu, void *arg)
{
	struct bind *bind = arg;
	static struct fg_smpp_pdu answer;

	if (pdu->command == FG_SMPP_BIND_TRANSCEIVER_RESP) {
		bind->told_later = pdu->status == 0x08;
		if (bind->told_later)
			return;
		if (pdu->status) {
			fprintf(stderr, "smpp_load: bind refused: 0x%x\n", pdu->status);
			exit(1);
		}
		bind->bound = true;
		if (bind->load->hold)
			take_held(bind->load);
		else if (!bind->load->start_us)
			bind->load->start_us = peer_now_us();
	} else if (pdu->command == FG_SMPP_SUBMIT_SM_RESP) {
		take_answer(bind, pdu);
	} else if (pdu->command == FG_SMPP_DELIVER_SM) {
		take_delivery(bind, pdu);
	} else if (pdu->command == FG_SMPP_ENQUIRE_LINK) {
		answer.command = FG_SMPP_ENQUIRE_LINK_RESP;
		answer.sequence = pdu->sequence;
		peer_send(bind->bev, &answer);
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct bind *bind = arg;

	if (!peer_read(bev, on_pdu, bind))
		exit(1);
	if (bind->told_later)
		return connect_again(bind);
	pump(bind->load);
	if (!bind->load->hold)
		finish_if_done(bind->load);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	static struct fg_smpp_pdu pdu;
	struct bind *bind = arg;

	(void)bind;
	if (what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)) {
		fprintf(stderr, "smpp_load: connection lost\n");
		exit(1);
	}
	if (!(what & BEV_EVENT_CONNECTED))
		return;
	pdu.command = FG_SMPP_BIND_TRANSCEIVER;
	pdu.sequence = ++bind->sequence;
	pdu.bind.system_id = fg_smpp_text(bind->system_id);
	pdu.bind.password = fg_smpp_text("bench");
	pdu.bind.interface_version = 0x34;
	peer_send(bev, &pdu);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;

	(void)fd;
	(void)what;
	load->end_us = peer_now_us();
	event_base_loopbreak(load->base);
}

static void connect_bind(struct bind *bind)
{
	struct load *load = bind->load;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)load->port) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind->bev = bufferevent_socket_new(load->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!bind->bev) {
		fprintf(stderr, "smpp_load: no memory\n");
		exit(1);
	}
	bufferevent_setcb(bind->bev, on_read, NULL, on_event, bind);
	bufferevent_enable(bind->bev, EV_READ | EV_WRITE);
	bufferevent_set_max_single_read(bind->bev, 256 * 1024);
	bufferevent_socket_connect(bind->bev, (struct sockaddr *)&to, sizeof(to));
}

static void connect_next(struct load *load)
{
	struct bind *bind = &load->binds[load->connected];
	long account = 1 + load->connected++ % load->accounts;

	bind->load = load;
	snprintf(bind->system_id, sizeof(bind->system_id), load->hold ? "bench%ld" : "bench",
		 account);
	if (!load->hold)
		bind->sent_us = calloc(WINDOW_MAX, sizeof(bind->sent_us[0]));
	if (!load->hold && !bind->sent_us) {
		fprintf(stderr, "smpp_load: no memory\n");
		exit(1);
	}
	connect_bind(bind);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connect_bind(arg);
}

static void connect_again(struct bind *bind)
{
	static const struct timeval later = { .tv_usec = AGAIN_MS * 1000 };

	bind->told_later = false;
	bufferevent_free(bind->bev);
	bind->bev = NULL;
	event_base_once(bind->load->base, -1, EV_TIMEOUT, on_again, bind, &later);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;
	char byte;

	(void)what;
	if (read(fd, &byte, 1) <= 0)
		event_base_loopbreak(load->base);
}

/* Those that are only there. */
static int hold(struct load *load)
{
	struct event *input =
		event_new(load->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, load);

	load->start_us = peer_now_us();
	for (long i = 0; i < load->hold && i < CONNECTING_MAX; i++)
		connect_next(load);
	event_add(input, NULL);
	event_base_dispatch(load->base);
	return load->bound == load->hold ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct load load;
	static const struct timeval tick = { .tv_usec = 1000 };
	struct timeval timeout = { .tv_sec = peer_option(argc, argv, "timeout", 60) };
	struct event *ticker, *end;

	load.base = event_base_new();
	load.binds_count = peer_option(argc, argv, "binds", 4);
	load.window = peer_option(argc, argv, "window", 100);
	load.count = peer_option(argc, argv, "count", 10000);
	load.rate = peer_option(argc, argv, "rate", 0);
	load.receipts_wanted = peer_option(argc, argv, "receipts", 1);
	load.receipts_waited = load.receipts_wanted && peer_option(argc, argv, "wait", 1);
	load.destinations = peer_option(argc, argv, "destinations", 10000);
	load.port = peer_option(argc, argv, "port", 2775);
	load.hold = peer_option(argc, argv, "hold", 0);
	load.accounts = peer_option(argc, argv, "accounts", 1);
	if (load.binds_count > BINDS_MAX || load.window >= WINDOW_MAX || load.destinations < 1 ||
	    load.hold < 0 || load.accounts < 1)
		return 2;
	load.binds =
		calloc((size_t)(load.hold ? load.hold : load.binds_count), sizeof(load.binds[0]));
	if (!load.binds)
		return 2;
	if (load.hold)
		return hold(&load);
	while (load.connected < load.binds_count)
		connect_next(&load);
	ticker = event_new(load.base, -1, EV_PERSIST, on_tick, &load);
	end = event_new(load.base, -1, 0, on_timeout, &load);
	event_add(ticker, &tick);
	event_add(end, &timeout);
	event_base_dispatch(load.base);
	printf("{\"submitted\":%ld,\"answered\":%ld,\"refused\":%ld,\"again\":%ld,\"receipts\":%ld,"
	       "\"seconds\":%.6f,"
	       "\"answer_p50_us\":%u,\"answer_p99_us\":%u}\n",
	       load.submitted, load.answered, load.refused, load.again, load.receipts,
	       (double)(load.end_us - load.start_us) * 1e-6, samples_percentile(&load.answers, 50),
	       samples_percentile(&load.answers, 99));
	return load.answered == load.count ? 0 : 1;
}
