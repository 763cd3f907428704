/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client/ctl/probe_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/smpp_status.h"

/* ---- ids ---- */

static bool value_of(const char *id, int base, unsigned long long *value_out)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	size_t len = strlen(id), zeros = strspn(id, "0");

	if (len == 0 || strspn(id, digits) != len || len - zeros > (base == 16 ? 16 : 19))
		return false;
	*value_out = strtoull(id, NULL, base);
	return true;
}

static bool is_same_value(const char *response, int response_base, const char *receipt,
			  int receipt_base)
{
	unsigned long long a, b;

	return value_of(response, response_base, &a) && value_of(receipt, receipt_base, &b) &&
	       a == b;
}

static bool fits(enum fg_probe_ids ids, const char *response, const char *receipt)
{
	switch (ids) {
	case FG_PROBE_IDS_SAME:
		return strcmp(response, receipt) == 0 || is_same_value(response, 10, receipt, 10) ||
		       is_same_value(response, 16, receipt, 16);
	case FG_PROBE_IDS_HEX_DEC:
		return is_same_value(response, 16, receipt, 10);
	case FG_PROBE_IDS_DEC_HEX:
		return is_same_value(response, 10, receipt, 16);
	case FG_PROBE_IDS_UNKNOWN:
		break;
	}
	return false;
}

/* The way that fits every pair. */
static enum fg_probe_ids ids_of(const struct fg_probe *probe)
{
	for (enum fg_probe_ids ids = FG_PROBE_IDS_SAME; ids <= FG_PROBE_IDS_DEC_HEX; ids++) {
		unsigned pairs = 0, good = 0;

		for (unsigned i = 0; i < probe->count; i++) {
			const struct fg_probe_message *m = &probe->messages[i];

			if (!m->reported || !m->receipt_id[0])
				continue;
			pairs++;
			good += fits(ids, m->id, m->receipt_id);
		}
		if (pairs > 0 && good == pairs)
			return ids;
	}
	return FG_PROBE_IDS_UNKNOWN;
}

/* ---- receipts ---- */

static struct fg_probe_message *by_reference(struct fg_probe *probe, uint16_t reference)
{
	struct fg_probe_message *m =
		reference > 0 && reference <= probe->count ? &probe->messages[reference - 1] : NULL;

	return m && m->sent_ms ? m : NULL;
}

/* Of several ways in which an id may be meant the plainest first. */
static struct fg_probe_message *by_id(struct fg_probe *probe, const char *id)
{
	for (enum fg_probe_ids ids = FG_PROBE_IDS_SAME; ids <= FG_PROBE_IDS_DEC_HEX; ids++)
		for (unsigned i = 0; i < probe->count; i++)
			if (probe->messages[i].id[0] && fits(ids, probe->messages[i].id, id))
				return &probe->messages[i];
	return NULL;
}

bool probe_receipt(struct fg_probe *probe, const struct fg_smpp_pdu *pdu, const struct fg_dlr *dlr,
		   uint64_t now_ms)
{
	struct fg_smpp_bytes text = fg_smpp_message(pdu);
	struct fg_probe_message *message = by_id(probe, dlr->id);
	struct fg_dlr from_text;

	if (!message && dlr->has_umr)
		message = by_reference(probe, dlr->umr);
	if (!message)
		return false;
	probe->by_tlvs |= fg_smpp_tlv_find(pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID) != NULL;
	probe->by_reference |= dlr->has_umr;
	if (text.len && fg_dlr_from_text(text.at, text.len, &from_text) == FG_OK) {
		probe->by_text = true;
		probe->date_digits = (unsigned)strlen(from_text.done_date);
	}
	if (!dlr->final) {
		probe->intermediate = true;
		return true;
	}
	probe->state = dlr->state;
	if (!message->reported)
		message->reported_ms = now_ms;
	message->reported = true;
	memcpy(message->receipt_id, dlr->id, sizeof(message->receipt_id));
	return true;
}

/* ---- what was found ---- */

static void sum_trips(const struct fg_probe *probe, struct fg_probe_result *out)
{
	uint64_t sum = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < probe->count; i++) {
		const struct fg_probe_message *m = &probe->messages[i];
		uint32_t ms = (uint32_t)(m->answered_ms - m->sent_ms);

		if (!m->answered || m->purpose > PROBE_SIGNS)
			continue;
		if (count == 0 || ms < out->trip_least_ms)
			out->trip_least_ms = ms;
		if (ms > out->trip_most_ms)
			out->trip_most_ms = ms;
		sum += ms;
		count++;
	}
	out->trip_mean_ms = count ? (uint32_t)(sum / count) : 0;
}

struct batch {
	unsigned sent, taken, refused_at;
	uint32_t code;
};

/* refused_at: the least depth that was refused with a code that also means "too many". */
static struct batch batch_of(const struct fg_probe *probe, enum probe_purpose purpose)
{
	struct batch batch = { 0 };

	for (unsigned i = 0; i < probe->count; i++) {
		const struct fg_probe_message *m = &probe->messages[i];

		if (m->purpose != purpose)
			continue;
		batch.sent++;
		batch.taken += m->answered && m->status == 0;
		if (m->answered && m->status != 0 &&
		    (fg_smpp_status_find(m->status)->class == FG_SMPP_CLASS_THROTTLE ||
		     m->status == FG_SMPP_STATUS_RSUBMITFAIL) &&
		    (batch.refused_at == 0 || m->depth < batch.refused_at)) {
			batch.refused_at = m->depth;
			batch.code = m->status;
		}
	}
	return batch;
}

static void sum_window(const struct fg_probe *probe, struct fg_probe_result *out)
{
	struct batch many = batch_of(probe, PROBE_MANY), fewer = batch_of(probe, PROBE_FEWER);

	out->window_code = many.code;
	if (many.sent == 0)
		return;
	if (many.refused_at == 0) {
		out->window_is = many.taken == many.sent ? FG_PROBE_WINDOW_AT_LEAST
							 : FG_PROBE_WINDOW_UNKNOWN;
		out->window = many.sent;
	} else if (many.refused_at == 1 || fewer.refused_at) {
		out->window_is = FG_PROBE_WINDOW_RATE;
		out->window = many.refused_at > 1 ? many.refused_at - 1 : 1;
	} else if (fewer.sent >= many.sent && fewer.taken == fewer.sent) {
		out->window_is = FG_PROBE_WINDOW_IS;
		out->window = many.refused_at - 1;
	}
}

static void sum_messages(const struct fg_probe *probe, struct fg_probe_result *out)
{
	out->receipt_least_ms = UINT64_MAX;
	for (unsigned i = 0; i < probe->count; i++) {
		const struct fg_probe_message *m = &probe->messages[i];

		out->sent++;
		out->accepted += m->answered && m->status == 0;
		out->unanswered += !m->answered;
		if (m->purpose == PROBE_TLV && m->answered) {
			out->mark_code = m->status;
			out->mark = m->status == 0 ? FG_PROBE_YES : FG_PROBE_NO;
		}
		if (!m->reported)
			continue;
		out->receipts++;
		if (m->reported_ms - m->sent_ms < out->receipt_least_ms)
			out->receipt_least_ms = m->reported_ms - m->sent_ms;
		memcpy(out->response_id, m->id, sizeof(m->id));
		memcpy(out->receipt_id, m->receipt_id, sizeof(m->receipt_id));
	}
}

void fg_probe_result(const struct fg_probe *probe, struct fg_probe_result *result_out)
{
	*result_out = (struct fg_probe_result){ .interface_version = probe->interface_version,
						.receipt_tlvs = probe->by_tlvs,
						.receipt_text = probe->by_text,
						.receipt_reference = probe->by_reference,
						.receipt_intermediate = probe->intermediate,
						.date_digits = probe->date_digits,
						.state = probe->state,
						.ids = ids_of(probe),
						.query = probe->query,
						.query_code = probe->query_code,
						.failure = probe->failure,
						.failure_code = probe->failure_code };
	memcpy(result_out->system_id, probe->system_id, sizeof(probe->system_id));
	sum_messages(probe, result_out);
	sum_trips(probe, result_out);
	sum_window(probe, result_out);
}
