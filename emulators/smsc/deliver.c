/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What goes to receivers: receipts, and messages from phones. Each waits for its time, then for a
 * receiver that is bound and reads.
 */
#include "emulators/smsc/center.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_status.h"
#include "lib/wire/udh.h"

enum {
	REGISTERED_ALWAYS = 1, /* registered_delivery & 3 (3.4, 5.2.17) */
	REGISTERED_ON_FAILURE = 2,
	REGISTERED_ON_SUCCESS = 3, /* only in 5.0 */
	CODING_UCS2 = 8,
	SHORT_NUMBER_MAX = 6,
	REPEAT_US = 100000,
	UD_CAP = 254, /* septets are not packed, UCS-2 is two octets */
};

struct address {
	uint8_t ton, npi;
	char digits[21];
};

struct delivery {
	struct smsc_later later;    /* conn: the receiver to prefer */
	struct smsc_system *system; /* NULL: any */
	uint32_t sequence;          /* it was sent under */
	bool receipt;
	struct address source, destination;
	/* of a receipt */
	uint64_t id, submit_s;
	enum fg_dlr_state state;
	bool final, has_umr;
	uint32_t umr;
	char err[4];
	/* of a message */
	bool data_sm;
	uint8_t data_coding, esm_class, ud_len;
	uint8_t ud[]; /* UD_CAP; a receipt has none, since there may be a million of them */
};

static void address_of(uint8_t ton, uint8_t npi, const struct fg_smpp_bytes *from,
		       struct address *out)
{
	size_t len = from->len < sizeof(out->digits) - 1 ? from->len : sizeof(out->digits) - 1;

	out->ton = ton;
	out->npi = npi;
	if (len)
		memcpy(out->digits, from->at, len);
	out->digits[len] = '\0';
}

/* ---- Sending ---- */

static void set_addresses(const struct delivery *delivery, struct fg_smpp_pdu *pdu)
{
	pdu->sm.service_type = pdu->sm.schedule_delivery_time = pdu->sm.validity_period =
		fg_smpp_text("");
	pdu->sm.source_addr_ton = delivery->source.ton;
	pdu->sm.source_addr_npi = delivery->source.npi;
	pdu->sm.source_addr = fg_smpp_text(delivery->source.digits);
	pdu->sm.dest_addr_ton = delivery->destination.ton;
	pdu->sm.dest_addr_npi = delivery->destination.npi;
	pdu->sm.destination_addr = fg_smpp_text(delivery->destination.digits);
}

static void receipt_send(struct smsc_conn *conn, struct delivery *delivery)
{
	unsigned error = (unsigned)strtoul(delivery->err, NULL, 10);
	const uint8_t network_error[3] = { 3, (uint8_t)(error >> 8), /* GSM (3.4, 5.3.2.31) */
					   (uint8_t)error };
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = ++conn->sequence };
	struct smsc_center *center = conn->center;
	struct fg_dlr dlr = { .state = delivery->state };
	char text[FG_DLR_TEXT_MAX], id[SMSC_ID_TEXT];
	size_t len;

	if (delivery->final)
		dlr.state = smsc_slot_state(center, delivery->id, dlr.state);
	smsc_id_text(center, center->options.dlr_id, delivery->id, id);
	memcpy(dlr.id, id, sizeof(id));
	memcpy(dlr.err, delivery->err, sizeof(delivery->err));
	smsc_date_text(center, delivery->submit_s, dlr.submit_date);
	smsc_date_text(center, smsc_wall_s(center), dlr.done_date);
	if (fg_dlr_format(&dlr, text, sizeof(text), &len) != FG_OK)
		return;
	set_addresses(delivery, &pdu);
	pdu.sm.esm_class = FG_SMPP_ESM_RECEIPT;
	pdu.sm.short_message = (struct fg_smpp_bytes){ (const uint8_t *)text, len };
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, id, strlen(id) + 1);
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_MESSAGE_STATE, (uint32_t)dlr.state);
	fg_smpp_tlv_add(&pdu, FG_SMPP_TLV_NETWORK_ERROR_CODE, network_error, sizeof(network_error));
	if (delivery->has_umr)
		fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, delivery->umr);
	smsc_conn_write(conn, &pdu);
	center->counters.receipts++;
}

static void make_data(struct fg_smpp_pdu *pdu)
{
	const struct fg_smpp_sm sm = pdu->sm;

	pdu->command = FG_SMPP_DATA_SM;
	pdu->data.service_type = sm.service_type;
	pdu->data.source_addr_ton = sm.source_addr_ton;
	pdu->data.source_addr_npi = sm.source_addr_npi;
	pdu->data.source_addr = sm.source_addr;
	pdu->data.dest_addr_ton = sm.dest_addr_ton;
	pdu->data.dest_addr_npi = sm.dest_addr_npi;
	pdu->data.destination_addr = sm.destination_addr;
	pdu->data.esm_class = sm.esm_class;
	pdu->data.registered_delivery = 0;
	pdu->data.data_coding = sm.data_coding;
	fg_smpp_tlv_add(pdu, FG_SMPP_TLV_MESSAGE_PAYLOAD, sm.short_message.at,
			sm.short_message.len);
}

static void mo_send(struct smsc_conn *conn, const struct delivery *delivery)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_DELIVER_SM, .sequence = ++conn->sequence };

	set_addresses(delivery, &pdu);
	pdu.sm.esm_class = delivery->esm_class;
	pdu.sm.data_coding = delivery->data_coding;
	pdu.sm.short_message = (struct fg_smpp_bytes){ delivery->ud, delivery->ud_len };
	if (delivery->data_sm)
		make_data(&pdu);
	smsc_conn_write(conn, &pdu);
	conn->center->counters.mo++;
}

static void count_pending(struct smsc_center *center, const struct delivery *delivery, int more)
{
	if (delivery->receipt)
		center->counters.receipts_pending += (uint64_t)more;
	else
		center->counters.mo_pending += (uint64_t)more;
}

static void delivery_send(struct smsc_conn *conn, struct delivery *delivery)
{
	count_pending(conn->center, delivery, -1);
	if (delivery->receipt)
		receipt_send(conn, delivery);
	else
		mo_send(conn, delivery);
	delivery->sequence = conn->sequence;
	if (!conn->center->options.repeat) {
		smsc_later_free(&delivery->later);
		return;
	}
	conn->center->counters.deliver_open++;
	smsc_queue_add(&conn->sent, &delivery->later);
}

/* ---- Finding a receiver ---- */

static bool reads(const struct smsc_conn *conn)
{
	return conn && conn->receives && !conn->closing && !conn->full;
}

static struct smsc_conn *any_receiver(struct smsc_center *center)
{
	struct smsc_conn *conn = center->conns;

	while (conn && !reads(conn))
		conn = conn->next;
	return conn;
}

static struct smsc_conn *receiver_for(struct smsc_center *center, const struct delivery *delivery)
{
	struct smsc_conn *conn = delivery->later.conn;

	if (reads(conn))
		return conn;
	if (!delivery->system)
		return any_receiver(center);
	for (conn = delivery->system->receivers; conn && !reads(conn);)
		conn = conn->next_receiver;
	return conn;
}

static void delivery_fire(struct smsc_center *center, struct smsc_later *later)
{
	struct delivery *delivery = (struct delivery *)later;
	struct smsc_queue *waiting =
		delivery->system ? &delivery->system->waiting : &center->waiting;
	struct smsc_conn *conn = waiting->first ? NULL : receiver_for(center, delivery);

	if (conn)
		delivery_send(conn, delivery);
	else
		smsc_queue_add(waiting, later);
}

static void flush_queue(struct smsc_queue *queue, struct smsc_conn *conn)
{
	while (reads(conn) && queue->first)
		delivery_send(conn, (struct delivery *)smsc_queue_take(queue));
}

void smsc_waiting_flush(struct smsc_center *center, struct smsc_conn *conn)
{
	if (conn->system)
		flush_queue(&conn->system->waiting, conn);
	flush_queue(&center->waiting, conn);
}

/* ---- Until it is answered: --repeat ---- */

/* What will never be taken is not brought again (5.1.3: the last two are "permanent" and "reject"). */
static bool is_for_good(uint32_t status)
{
	return status == 0 || status == FG_SMPP_STATUS_RX_P_APPN ||
	       status == FG_SMPP_STATUS_RX_R_APPN;
}

static struct delivery *sent_take(struct smsc_conn *conn, uint32_t sequence)
{
	for (struct smsc_later **at = &conn->sent.first; *at; at = &(*at)->next) {
		struct delivery *delivery = (struct delivery *)*at;

		if (delivery->sequence != sequence)
			continue;
		*at = delivery->later.next;
		if (!*at)
			conn->sent.last = at;
		return delivery;
	}
	return NULL;
}

void smsc_delivery_answered(struct smsc_conn *conn, uint32_t sequence, uint32_t status)
{
	struct delivery *delivery = sent_take(conn, sequence);

	if (!delivery)
		return;
	conn->center->counters.deliver_open--;
	if (is_for_good(status)) {
		smsc_later_free(&delivery->later);
		return;
	}
	count_pending(conn->center, delivery, 1);
	if (!smsc_later_add(conn->center, &delivery->later, REPEAT_US))
		conn->center->counters.receipts_dropped++;
}

void smsc_deliveries_back(struct smsc_conn *conn)
{
	struct smsc_later *later;

	while ((later = smsc_queue_take(&conn->sent))) {
		conn->center->counters.deliver_open--;
		count_pending(conn->center, (struct delivery *)later, 1);
		later->fire(conn->center, later);
	}
}

/* ---- Receipts ---- */

uint64_t smsc_receipt_delay_us(struct smsc_center *center, const struct emu_outcome *outcome)
{
	const struct fg_smsc_options *options = &center->options;
	uint64_t delay_ms;

	if (outcome->flags & EMU_RECEIPT_FIRST)
		return 0;
	if (outcome->after_ms != EMU_AFTER_DEFAULT)
		return (uint64_t)outcome->after_ms * 1000;
	delay_ms = (uint64_t)options->receipt_delay_ms + outcome->delay_ms;
	if (outcome->flags & EMU_RECEIPT_LATE)
		delay_ms += options->late_ms;
	if (options->receipt_jitter_ms)
		delay_ms += emu_random(&center->random, options->receipt_jitter_ms + 1);
	return delay_ms * 1000;
}

static bool wanted(uint8_t registered_delivery, enum fg_dlr_state state)
{
	switch (registered_delivery & 3) {
	case REGISTERED_ALWAYS:
		return true;
	case REGISTERED_ON_FAILURE:
		return state != FG_DLR_DELIVERED;
	case REGISTERED_ON_SUCCESS:
		return state == FG_DLR_DELIVERED;
	default:
		return false;
	}
}

static void receipt_later(struct smsc_conn *conn, const struct delivery *model,
			  enum fg_dlr_state state, bool final, uint64_t delay_us)
{
	struct smsc_center *center = conn->center;
	struct delivery *delivery = malloc(sizeof(*delivery));

	if (delivery) {
		*delivery = *model;
		delivery->state = state;
		delivery->final = final;
		smsc_conn_hold(conn);
		delivery->later.conn = conn;
		delivery->later.fire = delivery_fire;
	}
	if (delivery && delay_us == 0) {
		center->counters.receipts_pending++;
		delivery_fire(center, &delivery->later);
	} else if (delivery && smsc_later_add(center, &delivery->later, delay_us)) {
		center->counters.receipts_pending++;
	} else {
		center->counters.receipts_dropped++;
	}
}

void smsc_receipts(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu, uint64_t id,
		   const struct emu_outcome *outcome, uint64_t delay_us)
{
	struct delivery model = { .receipt = true };

	if (outcome->receipt == FG_DLR_OTHER ||
	    !wanted(pdu->sm.registered_delivery, outcome->receipt))
		return;
	model.system = conn->system;
	model.id = id;
	model.submit_s = smsc_wall_s(conn->center);
	memcpy(model.err, outcome->err, sizeof(model.err));
	address_of(pdu->sm.dest_addr_ton, pdu->sm.dest_addr_npi, &pdu->sm.destination_addr,
		   &model.source);
	address_of(pdu->sm.source_addr_ton, pdu->sm.source_addr_npi, &pdu->sm.source_addr,
		   &model.destination);
	model.has_umr = fg_smpp_tlv_number(pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &model.umr);
	if (outcome->via != FG_DLR_OTHER)
		receipt_later(conn, &model, outcome->via, false, delay_us / 2);
	for (unsigned i = 0; i < outcome->receipts; i++)
		receipt_later(conn, &model, outcome->receipt, true, delay_us);
}

/* ---- Messages from phones ---- */

static bool mo_address(const char *text, struct address *out)
{
	const char *digits = text + (text[0] == '+');
	size_t len = strlen(digits);

	if (len == 0 || len > sizeof(out->digits) - 1)
		return false;
	memcpy(out->digits, digits, len + 1);
	out->npi = 1;
	if (strspn(digits, "0123456789") != len) {
		out->ton = 5; /* alphanumeric (3.4, 5.2.5) */
		out->npi = 0;
		return text[0] != '+';
	}
	out->ton = text[0] == '+' ? 1 : len <= SHORT_NUMBER_MAX ? 3 : 0;
	return true;
}

static struct smsc_system *system_named(struct smsc_center *center, const char *id)
{
	struct smsc_system *system = center->systems;

	while (system && strcmp(system->id, id) != 0)
		system = system->next;
	return system;
}

static bool mo_fill(struct delivery *delivery, const struct fg_text_plan *plan, const char *text,
		    unsigned part, uint16_t reference)
{
	const struct fg_udh_concat concat = { .reference = reference,
					      .wide = true,
					      .total = plan->parts,
					      .sequence = (uint8_t)(part + 1) };
	size_t head = 0, len = 0;

	if (plan->parts > 1) {
		delivery->esm_class = FG_SMPP_ESM_UDH;
		if (fg_udh_concat_write(&concat, delivery->ud, &head) != FG_OK)
			return false;
	}
	delivery->data_coding = plan->alphabet == FG_ALPHABET_UCS2 ? CODING_UCS2 : 0;
	if (fg_alphabet_encode(plan->alphabet, text + plan->offset[part],
			       plan->offset[part + 1] - plan->offset[part], delivery->ud + head,
			       UD_CAP - head, &len) != FG_OK)
		return false;
	delivery->ud_len = (uint8_t)(head + len);
	return true;
}

static enum fg_rc mo_part(struct smsc_center *center, const struct delivery *model,
			  const struct fg_text_plan *plan, const char *text, unsigned part,
			  uint64_t delay_us, uint16_t reference)
{
	struct delivery *delivery = malloc(sizeof(*delivery) + UD_CAP);

	if (!delivery)
		return FG_E_NO_MEMORY;
	*delivery = *model;
	if (!mo_fill(delivery, plan, text, part, reference)) {
		free(delivery);
		return FG_E_TEXT_CODING;
	}
	center->counters.mo_pending++;
	if (delay_us == 0) {
		delivery_fire(center, &delivery->later);
		return FG_OK;
	}
	if (smsc_later_add(center, &delivery->later, delay_us))
		return FG_OK;
	center->counters.mo_pending--;
	return FG_E_NO_MEMORY;
}

enum fg_rc smsc_mo(struct smsc_center *center, const struct fg_smsc_mo *mo, const char *text,
		   size_t text_len)
{
	struct delivery model = { .later.fire = delivery_fire, .data_sm = mo->data_sm };
	uint16_t reference = (uint16_t)emu_random(&center->random, 65536);
	struct fg_text_plan plan;
	enum fg_rc rc;

	if (!mo_address(mo->source, &model.source) ||
	    !mo_address(mo->destination, &model.destination))
		return FG_E_ARG;
	if (mo->system_id[0] && !(model.system = system_named(center, mo->system_id)))
		return FG_E_NOT_FOUND;
	rc = fg_alphabet_plan(text, text_len, FG_TEXT_REFERENCE_16BIT, FG_TEXT_PARTS_MAX, &plan);
	for (unsigned i = 0; rc == FG_OK && i < plan.parts; i++)
		rc = mo_part(center, &model, &plan, text, i, (uint64_t)mo->at_ms * 1000, reference);
	return rc;
}
