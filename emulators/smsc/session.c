/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The center, its connections, and what each PDU is answered with.
 */
#include "emulators/smsc/center.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/wire/smpp_status.h"

enum { ANSWER_MAX = 128, PDU_MAX = 1024 };

/* An answer that is due later. */
struct answer {
	struct smsc_later later; /* conn: to whom */
	bool cut;
	size_t len;
	uint8_t octets[ANSWER_MAX];
};

/* ---- The center ---- */

static int center_destroy(struct smsc_center *center)
{
	smsc_later_clear(center);
	free(center->slots);
	return 0;
}

static void first_random(struct smsc_center *center, uint64_t wall_us)
{
	const struct fg_smsc_options *options = &center->options;

	center->next_id = options->seed ? options->seed : wall_us / 1000;
	center->random = center->next_id;
}

struct smsc_center *smsc_center_new(void *ctx, const struct fg_smsc_options *options,
				    uint64_t wall_us, fg_smsc_message_cb message, void *arg)
{
	struct smsc_center *center = talloc_zero(ctx, struct smsc_center);

	if (!center)
		return NULL;
	talloc_set_destructor(center, center_destroy);
	center->options = *options;
	if (options->id_hex)
		center->options.id = center->options.dlr_id = FG_SMSC_ID_HEX;
	center->message = message;
	center->arg = arg;
	center->wall_start_us = wall_us;
	first_random(center, wall_us);
	center->joiner = emu_joiner_new(center);
	center->told = talloc_zero(center, struct emu_told);
	center->slots = calloc(SMSC_SLOTS, sizeof(*center->slots)); /* touched as it is used */
	if (options->pcap)
		center->capture = smsc_capture_new(center, options->pcap);
	if (options->pcap && !center->capture)
		emu_trouble_note(options->trouble, "--pcap", options->pcap, NULL);
	if (!center->joiner || !center->told || !center->slots ||
	    (options->pcap && !center->capture)) {
		talloc_free(center);
		return NULL;
	}
	for (size_t i = 0; i < options->mo_count; i++)
		(void)smsc_mo(center, &options->mo[i], options->mo[i].text,
			      strlen(options->mo[i].text));
	return center;
}

/* ---- Connections ---- */

struct smsc_conn *smsc_conn_new(struct smsc_center *center, smsc_send_fn send, void *arg,
				const struct smsc_flow *flow)
{
	static const struct smsc_flow loopback = {
		.address = { { 127, 0, 0, 1 }, { 127, 0, 0, 1 } },
		.port = { 40000, 2775 },
		.sequence = { 1, 1 },
	};
	struct smsc_conn *conn = talloc_zero(center, struct smsc_conn);

	if (!conn)
		return NULL;
	conn->center = center;
	conn->send = send;
	conn->arg = arg;
	conn->flow = flow ? *flow : loopback;
	conn->holders = 1;
	conn->next = center->conns;
	if (conn->next)
		conn->next->prev = conn;
	center->conns = conn;
	center->counters.connections++;
	return conn;
}

void smsc_conn_hold(struct smsc_conn *conn)
{
	conn->holders++;
}

void smsc_conn_release(struct smsc_conn *conn)
{
	if (--conn->holders == 0)
		talloc_free(conn);
}

static void unbind(struct smsc_conn *conn)
{
	struct smsc_conn **at;

	if (!conn->system)
		return;
	for (at = &conn->system->receivers; *at; at = &(*at)->next_receiver)
		if (*at == conn) {
			*at = conn->next_receiver;
			break;
		}
	conn->system = NULL;
	conn->transmits = conn->receives = false;
	conn->center->counters.bound--;
	smsc_deliveries_back(conn);
}

void smsc_conn_close(struct smsc_conn *conn)
{
	unbind(conn);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		conn->center->conns = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	conn->closing = true;
	conn->send = NULL;
	smsc_conn_release(conn);
}

void smsc_conn_room(struct smsc_conn *conn)
{
	conn->full = false;
	smsc_waiting_flush(conn->center, conn);
}

static void write_octets(struct smsc_conn *conn, const uint8_t *octets, size_t len)
{
	struct smsc_center *center = conn->center;

	if (!conn->send)
		return;
	center->counters.pdus_out++;
	if (center->capture)
		smsc_capture_pdu(center->capture, &conn->flow, true,
				 center->wall_start_us + center->now_us, octets, len);
	conn->send(conn->arg, octets, len);
}

void smsc_conn_write(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[PDU_MAX];
	size_t len;

	if (fg_smpp_encode(pdu, octets, sizeof(octets), &len) == FG_OK)
		write_octets(conn, octets, len);
}

static void respond(struct smsc_conn *conn, uint32_t command, uint32_t sequence, uint32_t status)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = sequence, .status = status };

	if (command == FG_SMPP_GENERIC_NACK)
		conn->center->counters.nacks++;
	smsc_conn_write(conn, &pdu);
}

/* ---- Binds ---- */

static struct smsc_system *system_for(struct smsc_center *center, const struct fg_smpp_bytes *id)
{
	struct smsc_system *system;
	char text[17];

	snprintf(text, sizeof(text), "%.*s", (int)id->len, id->len ? (const char *)id->at : "");
	for (system = center->systems; system; system = system->next)
		if (strcmp(system->id, text) == 0)
			return system;
	if (center->systems_count >= SMSC_SYSTEMS_MAX)
		return NULL;
	system = talloc_zero(center, struct smsc_system);
	if (!system)
		return NULL;
	memcpy(system->id, text, sizeof(text));
	system->next = center->systems;
	center->systems = system;
	center->systems_count++;
	return system;
}

static bool wants(const char *wanted, const struct fg_smpp_bytes *given)
{
	return !wanted || (strlen(wanted) == given->len &&
			   (given->len == 0 || memcmp(wanted, given->at, given->len) == 0));
}

static uint32_t bind_status(const struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	const struct fg_smsc_options *options = &conn->center->options;

	if (conn->system)
		return FG_SMPP_STATUS_RALYBND;
	if (!wants(options->system_id, &pdu->bind.system_id))
		return FG_SMPP_STATUS_RINVSYSID;
	return wants(options->password, &pdu->bind.password) ? 0 : FG_SMPP_STATUS_RINVPASWD;
}

static void bound(struct smsc_conn *conn, uint32_t command)
{
	conn->transmits = command != FG_SMPP_BIND_RECEIVER;
	conn->receives = command != FG_SMPP_BIND_TRANSMITTER;
	if (conn->receives) {
		conn->next_receiver = conn->system->receivers;
		conn->system->receivers = conn;
	}
	conn->center->counters.binds++;
	conn->center->counters.bound++;
}

static void take_bind(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	struct fg_smpp_pdu resp = { .command = pdu->command | FG_SMPP_RESPONSE,
				    .sequence = pdu->sequence };

	resp.status = bind_status(conn, pdu);
	if (resp.status == 0 && !(conn->system = system_for(conn->center, &pdu->bind.system_id)))
		resp.status = FG_SMPP_STATUS_RBINDFAIL;
	if (resp.status != 0) {
		conn->center->counters.binds_refused++;
		smsc_conn_write(conn, &resp);
		return;
	}
	resp.bind_resp.system_id = fg_smpp_text("fallgate-smsc");
	fg_smpp_tlv_add_number(&resp, FG_SMPP_TLV_SC_INTERFACE_VERSION, 0x34);
	bound(conn, pdu->command);
	smsc_conn_write(conn, &resp);
	smsc_waiting_flush(conn->center, conn);
}

/* ---- Messages ---- */

/* A bucket of burst messages, kept as the time at which the next one fits without it. */
static bool within_rate(struct smsc_conn *conn)
{
	const struct fg_smsc_options *options = &conn->center->options;
	struct smsc_system *system = conn->system;
	uint64_t now_ns = conn->center->now_us * 1000, gap_ns, burst;

	if (options->rate == 0)
		return true;
	gap_ns = 1000000000u / options->rate;
	burst = options->burst ? options->burst : 1;
	if (system->next_free_ns < now_ns)
		system->next_free_ns = now_ns;
	if (system->next_free_ns + gap_ns > now_ns + burst * gap_ns)
		return false;
	system->next_free_ns += gap_ns;
	return true;
}

static bool within_window(const struct smsc_conn *conn)
{
	unsigned window = conn->center->options.window;

	return window == 0 || conn->unanswered < window;
}

static void answer_out(struct smsc_conn *conn, const uint8_t *octets, size_t len, bool cut)
{
	if (cut && conn->send) { /* the capture has whole PDUs only */
		conn->send(conn->arg, octets, len / 2);
		conn->closing = true;
		conn->center->counters.cuts++;
	} else {
		write_octets(conn, octets, len);
	}
}

static void answer_fire(struct smsc_center *center, struct smsc_later *later)
{
	struct answer *answer = (struct answer *)later;

	later->conn->unanswered--;
	center->counters.in_flight--;
	answer_out(later->conn, answer->octets, answer->len, answer->cut);
	smsc_later_free(later);
}

static void answer_later(struct smsc_conn *conn, const uint8_t *octets, size_t len, bool cut,
			 uint64_t delay_us)
{
	struct answer *answer = malloc(sizeof(*answer));

	if (!answer)
		return;
	memcpy(answer->octets, octets, len);
	answer->len = len;
	answer->cut = cut;
	answer->later.conn = conn;
	answer->later.fire = answer_fire;
	smsc_conn_hold(conn);
	if (!smsc_later_add(conn->center, &answer->later, delay_us))
		return;
	conn->unanswered++;
	conn->center->counters.in_flight++;
}

static void count_status(struct smsc_center *center, uint32_t status)
{
	if (status < 256)
		center->counters.status[status]++;
	else
		center->counters.other_status++;
}

static void answer(struct smsc_conn *conn, const struct fg_smpp_pdu *resp,
		   const struct emu_outcome *outcome)
{
	uint64_t delay_ms = (uint64_t)outcome->delay_ms + conn->center->options.answer_delay_ms;
	bool cut = outcome->flags & EMU_CUT;
	uint8_t octets[ANSWER_MAX];
	size_t len;

	if (outcome->flags & EMU_NO_ANSWER) {
		conn->center->counters.unanswered++;
		return;
	}
	count_status(conn->center, resp->status);
	if (fg_smpp_encode(resp, octets, sizeof(octets), &len) != FG_OK)
		return;
	if (delay_ms > 0)
		answer_later(conn, octets, len, cut, delay_ms * 1000);
	else
		answer_out(conn, octets, len, cut);
}

static void throttle(struct smsc_conn *conn, const struct fg_smpp_pdu *resp)
{
	conn->center->counters.throttled++;
	count_status(conn->center, resp->status);
	smsc_conn_write(conn, resp);
}

/* A message with an id: shown, remembered, answered, and told about. */
static void take_message(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu,
			 struct fg_smpp_pdu *resp, const struct emu_outcome *outcome)
{
	struct smsc_center *center = conn->center;
	uint64_t delay_us = smsc_receipt_delay_us(center, outcome), id = center->next_id++;
	bool first = outcome->flags & EMU_RECEIPT_FIRST;
	char text[SMSC_ID_TEXT];

	center->counters.taken++;
	smsc_id_text(center, center->options.id, id, text);
	resp->sm_resp.message_id = fg_smpp_text(text);
	smsc_slot_add(center, id, pdu, outcome->receipt, delay_us);
	if (center->message)
		smsc_join(center, pdu, text);
	if (first)
		smsc_receipts(conn, pdu, id, outcome, 0);
	answer(conn, resp, outcome);
	if (!first)
		smsc_receipts(conn, pdu, id, outcome, delay_us);
}

static void take_submit(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu, uint32_t response)
{
	struct fg_smpp_pdu resp = { .command = response, .sequence = pdu->sequence };
	struct emu_outcome outcome;
	char destination[23];

	conn->center->counters.submits++;
	if (!within_rate(conn) || !within_window(conn)) {
		resp.status = FG_SMPP_STATUS_RTHROTTLED;
		throttle(conn, &resp);
		return;
	}
	smsc_address(0, &pdu->sm.destination_addr, destination);
	outcome = smsc_outcome(conn->center, pdu, destination);
	resp.status = outcome.status;
	if (outcome.status == 0)
		take_message(conn, pdu, &resp, &outcome);
	else
		answer(conn, &resp, &outcome);
	if (outcome.flags & EMU_CLOSE) {
		conn->closing = true;
		conn->center->counters.cuts++;
	}
}

/* A data_sm is a submit_sm that has its text in message_payload (3.4, 4.7.1). */
static void take_data(struct smsc_conn *conn, struct fg_smpp_pdu *pdu)
{
	const struct fg_smpp_data data = pdu->data;

	memset(&pdu->sm, 0, sizeof(pdu->sm));
	pdu->command = FG_SMPP_SUBMIT_SM;
	pdu->sm.source_addr_ton = data.source_addr_ton;
	pdu->sm.source_addr_npi = data.source_addr_npi;
	pdu->sm.source_addr = data.source_addr;
	pdu->sm.dest_addr_ton = data.dest_addr_ton;
	pdu->sm.dest_addr_npi = data.dest_addr_npi;
	pdu->sm.destination_addr = data.destination_addr;
	pdu->sm.esm_class = data.esm_class;
	pdu->sm.registered_delivery = data.registered_delivery;
	pdu->sm.data_coding = data.data_coding;
	take_submit(conn, pdu, FG_SMPP_DATA_SM_RESP);
}

/* ---- PDUs ---- */

static void take_response(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu)
{
	if (pdu->command != FG_SMPP_DELIVER_SM_RESP && pdu->command != FG_SMPP_DATA_SM_RESP)
		return;
	conn->center->counters.deliver_answers++;
	if (pdu->status != 0)
		conn->center->counters.deliver_refusals++;
	smsc_delivery_answered(conn, pdu->sequence, pdu->status);
}

static void take_transmitted(struct smsc_conn *conn, struct fg_smpp_pdu *pdu)
{
	if (!conn->transmits) {
		respond(conn, pdu->command | FG_SMPP_RESPONSE, pdu->sequence,
			FG_SMPP_STATUS_RINVBNDSTS);
		return;
	}
	switch (pdu->command) {
	case FG_SMPP_SUBMIT_SM:
		take_submit(conn, pdu, FG_SMPP_SUBMIT_SM_RESP);
		return;
	case FG_SMPP_DATA_SM:
		take_data(conn, pdu);
		return;
	case FG_SMPP_QUERY_SM:
		smsc_take_query(conn, pdu);
		return;
	case FG_SMPP_CANCEL_SM:
		smsc_take_cancel(conn, pdu);
		return;
	default:
		smsc_take_replace(conn, pdu);
	}
}

static void take_pdu(struct smsc_conn *conn, struct fg_smpp_pdu *pdu)
{
	switch (pdu->command) {
	case FG_SMPP_BIND_RECEIVER:
	case FG_SMPP_BIND_TRANSMITTER:
	case FG_SMPP_BIND_TRANSCEIVER:
		take_bind(conn, pdu);
		return;
	case FG_SMPP_SUBMIT_SM:
	case FG_SMPP_DATA_SM:
	case FG_SMPP_QUERY_SM:
	case FG_SMPP_CANCEL_SM:
	case FG_SMPP_REPLACE_SM:
		take_transmitted(conn, pdu);
		return;
	case FG_SMPP_ENQUIRE_LINK:
		respond(conn, FG_SMPP_ENQUIRE_LINK_RESP, pdu->sequence, 0);
		return;
	case FG_SMPP_UNBIND:
		respond(conn, FG_SMPP_UNBIND_RESP, pdu->sequence, 0);
		unbind(conn);
		return;
	default:
		if (pdu->command & FG_SMPP_RESPONSE)
			take_response(conn, pdu);
		else
			respond(conn, FG_SMPP_GENERIC_NACK, pdu->sequence,
				FG_SMPP_STATUS_RINVCMDID);
	}
}

static void take_octets(struct smsc_conn *conn, const uint8_t *octets, size_t len)
{
	struct smsc_center *center = conn->center;
	struct fg_smpp_pdu pdu;
	enum fg_rc rc = fg_smpp_decode(octets, len, &pdu);

	center->counters.pdus_in++;
	if (center->capture)
		smsc_capture_pdu(center->capture, &conn->flow, false,
				 center->wall_start_us + center->now_us, octets, len);
	if (rc == FG_OK)
		take_pdu(conn, &pdu);
	else if (!(pdu.command & FG_SMPP_RESPONSE))
		respond(conn, FG_SMPP_GENERIC_NACK, pdu.sequence, FG_SMPP_STATUS_RINVCMDID);
}

size_t smsc_conn_bytes(struct smsc_conn *conn, const uint8_t *octets, size_t len)
{
	size_t at = 0, pdu_len;
	enum fg_rc rc;

	while (!conn->closing) {
		rc = fg_smpp_frame(octets + at, len - at, FG_SMPP_PDU_MAX, &pdu_len);
		if (rc != FG_OK) {
			conn->closing = rc == FG_E_PDU_LENGTH;
			break;
		}
		take_octets(conn, octets + at, pdu_len);
		at += pdu_len;
	}
	return at;
}
