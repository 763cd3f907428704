/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/smsc_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <talloc.h>
#include "lib/wire/smpp_status.h"

enum { THROTTLED_MAX = 1000, VENDOR_TLV_FIRST = 0x1400, VENDOR_TLV_LAST = 0x3FFF };

struct smsc_conn {
	struct smsc_conn *next;
	struct fg_smsc *smsc;
	struct bufferevent *bev;
	bool transmits, receives, closing;
	uint32_t sequence;
};

/* What is sent later: an answer or a receipt. A talloc child of its connection. */
struct later {
	struct smsc_conn *conn;
	struct event *event;
	size_t len;
	uint8_t octets[512];
};

enum end_flag {
	NO_ANSWER = 1,
	LATE_ANSWER = 2,
	RECEIPT_LATE = 4,
	RECEIPT_TWICE = 8,
	RECEIPT_FIRST = 16,
	DISCONNECT = 32,
	ACCEPTED_FIRST = 64,
	REFUSE_TLV = 128,
	ONCE = 256,
};

struct end {
	char digits[3];
	uint32_t status;
	enum fg_dlr_state receipt; /* FG_DLR_OTHER: none */
	unsigned flags;
	unsigned delay_ms;
};

static const struct end ends[] = {
	{ "80", 0x58, FG_DLR_DELIVERED, ONCE, 0 },
	{ "81", 0x14, FG_DLR_OTHER, 0, 0 },
	{ "82", 0x08, FG_DLR_OTHER, 0, 0 },
	{ "83", 0x0B, FG_DLR_OTHER, 0, 0 },
	{ "84", 0x45, FG_DLR_OTHER, 0, 0 },
	{ "85", 0, FG_DLR_OTHER, NO_ANSWER, 0 },
	{ "86", 0, FG_DLR_DELIVERED, LATE_ANSWER, 0 },
	{ "87", 0, FG_DLR_UNDELIVERABLE, 0, 0 },
	{ "88", 0, FG_DLR_EXPIRED, 0, 0 },
	{ "89", 0, FG_DLR_OTHER, 0, 0 },
	{ "90", 0, FG_DLR_DELIVERED, RECEIPT_LATE, 0 },
	{ "91", 0, FG_DLR_DELIVERED, RECEIPT_TWICE, 0 },
	{ "92", 0, FG_DLR_DELIVERED, RECEIPT_FIRST, 0 },
	{ "93", 0xC1, FG_DLR_DELIVERED, REFUSE_TLV, 0 },
	{ "94", 0, FG_DLR_OTHER, NO_ANSWER | DISCONNECT, 0 },
	{ "95", 0, FG_DLR_REJECTED, 0, 0 },
	{ "96", 0, FG_DLR_DELIVERED, ACCEPTED_FIRST, 0 },
};

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static bool has_vendor_tlv(const struct fg_smpp_pdu *pdu)
{
	for (unsigned i = 0; i < pdu->tlvs.count; i++)
		if (pdu->tlvs.list[i].tag >= VENDOR_TLV_FIRST &&
		    pdu->tlvs.list[i].tag <= VENDOR_TLV_LAST)
			return true;
	return false;
}

/* The first message to a destination is told to wait, the next one passes, and so on. */
static bool throttled_before(struct fg_smsc *smsc, const char *destination)
{
	for (unsigned i = 0; i < smsc->throttled_count; i++)
		if (strcmp(smsc->throttled[i], destination) == 0) {
			smsc->throttled_count--;
			memmove(smsc->throttled[i], smsc->throttled[smsc->throttled_count],
				sizeof(smsc->throttled[i]));
			return true;
		}
	if (smsc->throttled_count < THROTTLED_MAX)
		snprintf(smsc->throttled[smsc->throttled_count++], sizeof(smsc->throttled[0]), "%s",
			 destination);
	return false;
}

static struct end end_find(struct fg_smsc *smsc, const char *destination,
			   const struct fg_smpp_pdu *pdu)
{
	struct end end = { .receipt = FG_DLR_DELIVERED };

	for (size_t i = 0; i < smsc->options.rules_count; i++) {
		struct fg_smsc_rule *rule = &smsc->options.rules[i];

		if (!ends_with(destination, rule->suffix) ||
		    (rule->times && rule->used >= rule->times))
			continue;
		rule->used++;
		end.status = rule->status;
		end.receipt = rule->receipt;
		end.delay_ms = rule->delay_ms;
		return end;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(destination, ends[i].digits))
			end = ends[i];
	if (((end.flags & ONCE) && throttled_before(smsc, destination)) ||
	    ((end.flags & REFUSE_TLV) && !has_vendor_tlv(pdu)))
		end.status = 0;
	if (end.flags & LATE_ANSWER)
		end.delay_ms = smsc->options.late_ms;
	return end;
}

static void conn_close(struct smsc_conn *conn)
{
	struct smsc_conn **at = &conn->smsc->conns;

	while (*at != conn)
		at = &(*at)->next;
	*at = conn->next;
	talloc_free(conn);
}

static int conn_destroy(struct smsc_conn *conn)
{
	bufferevent_free(conn->bev);
	return 0;
}

static int later_destroy(struct later *later)
{
	if (later->event)
		event_free(later->event);
	return 0;
}

static void later_send(evutil_socket_t fd, short what, void *arg)
{
	struct later *later = arg;

	(void)fd;
	(void)what;
	bufferevent_write(later->conn->bev, later->octets, later->len);
	talloc_free(later);
}

static void send_after(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu, unsigned delay_ms)
{
	struct later *later = talloc_zero(conn, struct later);
	struct timeval tv = { .tv_sec = delay_ms / 1000,
			      .tv_usec = (suseconds_t)(delay_ms % 1000) * 1000 };

	if (!later ||
	    fg_smpp_encode(pdu, later->octets, sizeof(later->octets), &later->len) != FG_OK) {
		talloc_free(later);
		return;
	}
	later->conn = conn;
	talloc_set_destructor(later, later_destroy);
	if (delay_ms == 0) {
		later_send(-1, 0, later);
		return;
	}
	later->event = event_new(fg_loop_base(conn->smsc->loop), -1, 0, later_send, later);
	if (later->event)
		event_add(later->event, &tv);
}

static void answer(struct smsc_conn *conn, uint32_t command, uint32_t sequence, uint32_t status)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = sequence, .status = status };

	send_after(conn, &pdu, 0);
}

static struct smsc_conn *receiver_for(struct smsc_conn *conn)
{
	struct smsc_conn *other = conn->smsc->conns;

	if (conn->receives)
		return conn;
	while (other && !other->receives)
		other = other->next;
	return other;
}

static void receipt_dlr(const struct fg_smsc *smsc, const char *id, enum fg_dlr_state state,
			struct fg_dlr *dlr)
{
	time_t now = (time_t)(fg_clock_wall_ms(fg_loop_clock(smsc->loop)) / 1000);
	struct tm tm;

	memset(dlr, 0, sizeof(*dlr));
	snprintf(dlr->id, sizeof(dlr->id), "%s", id);
	dlr->state = state;
	gmtime_r(&now, &tm);
	/* YYMMDDhhmm: the year of the text form has two digits (3.4, appendix B). */
	snprintf(dlr->done_date, sizeof(dlr->done_date), "%02u%02u%02u%02u%02u",
		 (unsigned)tm.tm_year % 100, ((unsigned)tm.tm_mon + 1) % 100,
		 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100);
	memcpy(dlr->submit_date, dlr->done_date, sizeof(dlr->submit_date));
}

static void receipt_send(struct smsc_conn *conn, const struct fg_smpp_pdu *submit, const char *id,
			 enum fg_dlr_state state, unsigned delay_ms)
{
	static const uint8_t network_error[3] = { 3, 0, 0 }; /* GSM, none (3.4, 5.3.2.31) */
	struct smsc_conn *to = receiver_for(conn);
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM };
	char text[FG_DLR_TEXT_MAX];
	struct fg_dlr dlr;
	uint32_t umr;
	size_t len;

	if (!to)
		return;
	receipt_dlr(conn->smsc, id, state, &dlr);
	if (fg_dlr_format(&dlr, text, sizeof(text), &len) != FG_OK)
		return;
	pdu.sequence = ++to->sequence;
	pdu.sm.service_type = pdu.sm.schedule_delivery_time = pdu.sm.validity_period =
		fg_smpp_text("");
	pdu.sm.source_addr_ton = submit->sm.dest_addr_ton;
	pdu.sm.source_addr_npi = submit->sm.dest_addr_npi;
	pdu.sm.source_addr = submit->sm.destination_addr;
	pdu.sm.dest_addr_ton = submit->sm.source_addr_ton;
	pdu.sm.dest_addr_npi = submit->sm.source_addr_npi;
	pdu.sm.destination_addr = submit->sm.source_addr;
	pdu.sm.esm_class = FG_SMPP_ESM_RECEIPT;
	pdu.sm.short_message = (struct fg_smpp_bytes){ (const uint8_t *)text, len };
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, id, strlen(id) + 1);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, (uint32_t)state);
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_NETWORK_ERROR_CODE, network_error, sizeof(network_error));
	if (fg_smpp_tlv_number(submit, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &umr))
		fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, umr);
	send_after(to, &pdu, delay_ms);
}

static void receipts(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu, const char *id,
		     const struct end *end)
{
	unsigned delay_ms = conn->smsc->options.receipt_delay_ms + end->delay_ms;

	if (end->receipt == FG_DLR_OTHER || !(pdu->sm.registered_delivery & 1))
		return;
	if (end->flags & RECEIPT_LATE)
		delay_ms += conn->smsc->options.late_ms;
	if (end->flags & RECEIPT_FIRST)
		delay_ms = 0;
	if (end->flags & ACCEPTED_FIRST)
		receipt_send(conn, pdu, id, FG_DLR_ACCEPTED, delay_ms / 2);
	receipt_send(conn, pdu, id, end->receipt, delay_ms);
	if (end->flags & RECEIPT_TWICE)
		receipt_send(conn, pdu, id, end->receipt, delay_ms);
}

static void submit(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	struct fg_smsc *smsc = conn->smsc;
	struct fg_smpp_pdu resp = { .command = FG_SMPP_SUBMIT_SM_RESP, .sequence = pdu->sequence };
	char destination[23], id[24];
	struct end end;

	smsc_address(pdu->sm.dest_addr_ton, &pdu->sm.destination_addr, destination);
	end = end_find(smsc, destination[0] == '+' ? destination + 1 : destination, pdu);
	resp.status = end.status;
	if (end.status == 0) {
		snprintf(id, sizeof(id), smsc->options.id_hex ? "%" PRIX64 : "%" PRIu64,
			 smsc->next_id++);
		resp.sm_resp.message_id = fg_smpp_text(id);
		smsc_join(smsc, pdu, id);
		if (end.flags & RECEIPT_FIRST)
			receipts(conn, pdu, id, &end);
	}
	if (!(end.flags & NO_ANSWER))
		send_after(conn, &resp, end.delay_ms);
	if (end.status == 0 && !(end.flags & RECEIPT_FIRST))
		receipts(conn, pdu, id, &end);
	if (end.flags & DISCONNECT)
		conn->closing = true;
}

static bool wants(const char *wanted, const struct fg_smpp_bytes *given)
{
	return !wanted || (strlen(wanted) == given->len &&
			   (given->len == 0 || memcmp(wanted, given->at, given->len) == 0));
}

static void take_bind(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	struct fg_smpp_pdu resp = { .command = pdu->command | FG_SMPP_RESPONSE,
				    .sequence = pdu->sequence };

	if (conn->transmits || conn->receives)
		resp.status = FG_SMPP_STATUS_RALYBND;
	else if (!wants(conn->smsc->options.system_id, &pdu->bind.system_id))
		resp.status = FG_SMPP_STATUS_RINVSYSID;
	else if (!wants(conn->smsc->options.password, &pdu->bind.password))
		resp.status = FG_SMPP_STATUS_RINVPASWD;
	if (resp.status == 0) {
		conn->transmits = pdu->command != FG_SMPP_BIND_RECEIVER;
		conn->receives = pdu->command != FG_SMPP_BIND_TRANSMITTER;
		resp.bind_resp.system_id = fg_smpp_text("fallgate-smsc");
		fg_smpp_tlv_add_number(&resp, FG_SMPP_TLV_SC_INTERFACE_VERSION, 0x34);
	}
	send_after(conn, &resp, 0);
}

static void take_pdu(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	switch (pdu->command) {
	case FG_SMPP_BIND_RECEIVER:
	case FG_SMPP_BIND_TRANSMITTER:
	case FG_SMPP_BIND_TRANSCEIVER:
		take_bind(conn, pdu);
		return;
	case FG_SMPP_SUBMIT_SM:
		if (conn->transmits)
			submit(conn, pdu);
		else
			answer(conn, FG_SMPP_SUBMIT_SM_RESP, pdu->sequence,
			       FG_SMPP_STATUS_RINVBNDSTS);
		return;
	case FG_SMPP_ENQUIRE_LINK:
		answer(conn, FG_SMPP_ENQUIRE_LINK_RESP, pdu->sequence, 0);
		return;
	case FG_SMPP_UNBIND:
		answer(conn, FG_SMPP_UNBIND_RESP, pdu->sequence, 0);
		conn->transmits = conn->receives = false;
		return;
	default:
		if (!(pdu->command & FG_SMPP_RESPONSE))
			answer(conn, FG_SMPP_GENERIC_NACK, pdu->sequence, FG_SMPP_STATUS_RINVCMDID);
	}
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct smsc_conn *conn = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct fg_smpp_pdu pdu;
	enum fg_rc rc;
	size_t len;

	while (!conn->closing) {
		rc = fg_smpp_frame(evbuffer_pullup(in, -1), evbuffer_get_length(in),
				   FG_SMPP_PDU_MAX, &len);
		if (rc != FG_OK) {
			conn->closing = rc == FG_E_PDU_LENGTH;
			break;
		}
		rc = fg_smpp_decode(evbuffer_pullup(in, -1), len, &pdu);
		if (rc == FG_OK)
			take_pdu(conn, &pdu);
		else if (!(pdu.command & FG_SMPP_RESPONSE))
			answer(conn, FG_SMPP_GENERIC_NACK, pdu.sequence, FG_SMPP_STATUS_RINVCMDID);
		evbuffer_drain(in, len);
	}
	if (conn->closing)
		conn_close(conn);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_close(arg);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	struct fg_smsc *smsc = arg;
	struct smsc_conn *conn = talloc_zero(smsc, struct smsc_conn);
	const int on = 1;

	(void)listener;
	(void)address;
	(void)len;
	if (conn)
		conn->bev =
			bufferevent_socket_new(fg_loop_base(smsc->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!conn || !conn->bev) {
		evutil_closesocket(fd);
		talloc_free(conn);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* as carriers' do */
	conn->smsc = smsc;
	talloc_set_destructor(conn, conn_destroy);
	conn->next = smsc->conns;
	smsc->conns = conn;
	bufferevent_setcb(conn->bev, on_read, NULL, on_event, conn);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

static int smsc_destroy(struct fg_smsc *smsc)
{
	if (smsc->listener)
		evconnlistener_free(smsc->listener);
	return 0;
}

static enum fg_rc smsc_listen(struct fg_smsc *smsc)
{
	struct sockaddr_storage address;
	int len = sizeof(address);
	ev_socklen_t got = sizeof(address);
	char text[80];

	/* libevent reads no port 0, but no port at all means the same. */
	snprintf(text, sizeof(text), "%s", smsc->options.listen);
	if (ends_with(text, ":0"))
		text[strlen(text) - 2] = '\0';
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len) != 0)
		return FG_E_ARG;
	smsc->listener = evconnlistener_new_bind(fg_loop_base(smsc->loop), on_accept, smsc,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1,
						 (struct sockaddr *)&address, len);
	if (!smsc->listener || getsockname(evconnlistener_get_fd(smsc->listener),
					   (struct sockaddr *)&address, &got) != 0)
		return FG_E_SYSTEM;
	smsc->port =
		ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						    : ((struct sockaddr_in *)&address)->sin_port);
	return FG_OK;
}

enum fg_rc fg_smsc_new(void *ctx, struct fg_loop *loop, const struct fg_smsc_options *options,
		       fg_smsc_message_cb message, void *arg, struct fg_smsc **smsc_out)
{
	struct fg_smsc *smsc = talloc_zero(ctx, struct fg_smsc);
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (!smsc)
		return rc;
	talloc_set_destructor(smsc, smsc_destroy);
	smsc->loop = loop;
	smsc->options = *options;
	smsc->message = message;
	smsc->arg = arg;
	smsc->next_id = options->seed ? options->seed : fg_clock_wall_ms(fg_loop_clock(loop));
	smsc->throttled = talloc_zero_size(smsc, THROTTLED_MAX * sizeof(*smsc->throttled));
	if (smsc->throttled)
		rc = smsc_listen(smsc);
	if (rc != FG_OK) {
		talloc_free(smsc);
		return rc;
	}
	*smsc_out = smsc;
	return FG_OK;
}

uint16_t fg_smsc_port(const struct fg_smsc *smsc)
{
	return smsc->port;
}
