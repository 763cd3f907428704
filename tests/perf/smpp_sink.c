/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An SMSC that takes everything: --port P [--delay-ms 0: before the answer] [--receipts 1] [--skip 0: no receipt for the first so many]
 * [--warm 0: the latency of the first so many does not count] [--timeout 120]. Says "ready" when it listens; on SIGTERM, or after the
 * time, one JSON line: submits, receipts that were answered, seconds from the first to the last submit, percentiles of the latency from
 * the time in the text (smpp_load, http_load) to here.
 */
#include "tests/perf/smpp_peer.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sink {
	struct event_base *base;
	long delay_ms, receipts, skip, warm;
	long submits, answered;
	uint32_t next_id;
	uint64_t first_us, last_us;
	struct samples latency;
	struct waiting *first, **end; /* answers that wait for their time */
	struct event *timer;
};

struct peer {
	struct sink *sink;
	struct bufferevent *bev;
	uint32_t sequence;
	unsigned references; /* answers that wait */
	bool gone;
};

struct waiting {
	struct waiting *next;
	struct peer *peer;
	uint64_t due_us;
	uint32_t sequence, id;
	char source[24], destination[24];
	bool receipt;
};

static void peer_release(struct peer *peer)
{
	if (!peer->gone || peer->references)
		return;
	bufferevent_free(peer->bev);
	free(peer);
}

static void copy(char out[24], const struct fg_smpp_bytes *text)
{
	snprintf(out, 24, "%.*s", (int)text->len, text->at ? (const char *)text->at : "");
}

static void answer(const struct waiting *w)
{
	static struct fg_smpp_pdu pdu;
	char id[16], text[160], date[32];
	time_t now = time(NULL);
	struct tm tm;

	if (w->peer->gone)
		return;
	snprintf(id, sizeof(id), "%u", w->id);
	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	pdu.command = FG_SMPP_SUBMIT_SM_RESP;
	pdu.sequence = w->sequence;
	pdu.sm_resp.message_id = fg_smpp_text(id);
	peer_send(w->peer->bev, &pdu);
	if (!w->receipt)
		return;
	memset(&pdu, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	gmtime_r(&now, &tm);
	snprintf(date, sizeof(date), "%02d%02d%02d%02d%02d", tm.tm_year % 100, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min);
	snprintf(text, sizeof(text),
		 "id:%s sub:001 dlvrd:001 submit date:%s done date:%s stat:DELIVRD err:000 text:",
		 id, date, date);
	pdu.command = FG_SMPP_DELIVER_SM;
	pdu.sequence = ++w->peer->sequence;
	pdu.sm.source_addr = fg_smpp_text(w->destination);
	pdu.sm.destination_addr = fg_smpp_text(w->source);
	pdu.sm.esm_class = FG_SMPP_ESM_RECEIPT;
	pdu.sm.short_message = fg_smpp_text(text);
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, id, strlen(id) + 1);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, 2);
	peer_send(w->peer->bev, &pdu);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct sink *sink = arg;
	uint64_t now = peer_now_us();

	(void)fd;
	(void)what;
	while (sink->first && sink->first->due_us <= now) {
		struct waiting *w = sink->first;

		sink->first = w->next;
		if (!sink->first)
			sink->end = &sink->first;
		answer(w);
		w->peer->references--;
		peer_release(w->peer);
		free(w);
	}
}

static void take_submit(struct peer *peer, const struct fg_smpp_pdu *pdu)
{
	struct sink *sink = peer->sink;
	struct waiting now = { .peer = peer, .sequence = pdu->sequence, .id = ++sink->next_id };
	char text[256];
	const char *stamp;

	sink->last_us = peer_now_us();
	if (sink->submits++ == 0)
		sink->first_us = sink->last_us;
	snprintf(text, sizeof(text), "%.*s", (int)pdu->sm.short_message.len,
		 (const char *)pdu->sm.short_message.at);
	stamp = strstr(text, "T0");
	if (stamp && sink->submits > sink->warm)
		samples_add(&sink->latency, sink->last_us - strtoull(stamp + 1, NULL, 10));
	copy(now.source, &pdu->sm.source_addr);
	copy(now.destination, &pdu->sm.destination_addr);
	now.receipt = sink->receipts && (pdu->sm.registered_delivery & 3) == 1 &&
		      sink->submits > sink->skip;
	if (!sink->delay_ms) {
		answer(&now);
		return;
	}
	now.due_us = sink->last_us + (uint64_t)sink->delay_ms * 1000;
	*sink->end = malloc(sizeof(now));
	if (!*sink->end)
		abort();
	**sink->end = now;
	sink->end = &(*sink->end)->next;
	peer->references++;
}

static void on_pdu(struct fg_smpp_pdu *pdu, void *arg)
{
	static struct fg_smpp_pdu out;
	struct peer *peer = arg;

	memset(&out, 0, offsetof(struct fg_smpp_pdu, tlvs.list));
	out.command = pdu->command | FG_SMPP_RESPONSE;
	out.sequence = pdu->sequence;
	if (pdu->command == FG_SMPP_SUBMIT_SM)
		take_submit(peer, pdu);
	else if (pdu->command == FG_SMPP_DELIVER_SM_RESP)
		peer->sink->answered += pdu->status == 0;
	else if (pdu->command == FG_SMPP_BIND_TRANSCEIVER ||
		 pdu->command == FG_SMPP_BIND_TRANSMITTER ||
		 pdu->command == FG_SMPP_BIND_RECEIVER || pdu->command == FG_SMPP_ENQUIRE_LINK ||
		 pdu->command == FG_SMPP_UNBIND)
		peer_send(peer->bev, &out);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct peer *peer = arg;

	(void)bev;
	if (what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)) {
		peer->gone = true;
		bufferevent_disable(peer->bev, EV_READ | EV_WRITE);
		peer_release(peer);
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	if (!peer_read(bev, on_pdu, arg))
		on_event(bev, BEV_EVENT_ERROR, arg);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *arg)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	(void)listener;
	(void)from;
	(void)len;
	if (!peer)
		abort();
	peer->sink = arg;
	peer->bev = bufferevent_socket_new(peer->sink->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(peer->bev, on_read, NULL, on_event, peer);
	bufferevent_set_max_single_read(peer->bev, 256 * 1024);
	bufferevent_enable(peer->bev, EV_READ | EV_WRITE);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(((struct sink *)arg)->base);
}

int main(int argc, char **argv)
{
	static struct sink sink;
	static const struct timeval tick = { .tv_usec = 1000 };
	struct timeval timeout = { .tv_sec = peer_option(argc, argv, "timeout", 120) };
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port =
					  htons((uint16_t)peer_option(argc, argv, "port", 2775)) };
	struct event *stop, *end;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sink.base = event_base_new();
	sink.end = &sink.first;
	sink.delay_ms = peer_option(argc, argv, "delay-ms", 0);
	sink.receipts = peer_option(argc, argv, "receipts", 1);
	sink.skip = peer_option(argc, argv, "skip", 0);
	sink.warm = peer_option(argc, argv, "warm", 0);
	if (!evconnlistener_new_bind(sink.base, on_accept, &sink,
				     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16,
				     (struct sockaddr *)&at, sizeof(at))) {
		perror("smpp_sink");
		return 1;
	}
	sink.timer = event_new(sink.base, -1, EV_PERSIST, on_due, &sink);
	if (sink.delay_ms)
		event_add(sink.timer, &tick);
	stop = evsignal_new(sink.base, SIGTERM, on_end, &sink);
	end = event_new(sink.base, -1, 0, on_end, &sink);
	event_add(stop, NULL);
	event_add(end, &timeout);
	puts("ready");
	fflush(stdout);
	event_base_dispatch(sink.base);
	printf("{\"submits\":%ld,\"receipts\":%ld,\"seconds\":%.6f,\"latency_p50_us\":%u,\"latency_"
	       "p99_us\":%u}\n",
	       sink.submits, sink.answered, (double)(sink.last_us - sink.first_us) * 1e-6,
	       samples_percentile(&sink.latency, 50), samples_percentile(&sink.latency, 99));
	return 0;
}
