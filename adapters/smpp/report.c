/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the peer sends on its own. A receipt is acknowledged only when the host has stored it; one
 * that comes before the answer to its submit waits for it, so that the host hears the outcome
 * first.
 */
#include "adapters/smpp/session_internal.h"

#include <string.h>
#include "lib/base/log.h"
#include "lib/wire/smpp_status.h"

/* Every destination of ours left as "+" and digits (message_send), whatever the receipt says of its type. */
static void copy_address(const struct fg_smpp_bytes *address, char out[static 33])
{
	const char *at = (const char *)address->at;
	size_t len = address->len;

	memset(out, 0, 33);
	if (len > 0 && at[0] == '+')
		at++, len--;
	else if (len > 2 && at[0] == '0' && at[1] == '0')
		at += 2, len -= 2;
	len = len < 31 ? len : 31;
	out[0] = '+';
	if (len > 0)
		memcpy(out + 1, at, len);
}

/* done_ms stays 0: the date of a receipt is in the SMSC's own time, which nobody told us. */
static void report_fill(const struct fg_smpp_pdu *pdu, const struct fg_dlr *dlr,
			struct fg_delivery_report *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->ref, dlr->id, sizeof(dlr->id));
	memcpy(out->error, dlr->err, sizeof(dlr->err));
	out->state = (uint8_t)dlr->state;
	out->final = dlr->final;
	out->has_reference = dlr->has_umr;
	out->message_reference = dlr->umr;
	if (pdu->command == FG_SMPP_DATA_SM)
		copy_address(&pdu->data.source_addr, out->destination);
	else
		copy_address(&pdu->sm.source_addr, out->destination);
}

void report_refuse(struct fg_smpp_session *session, uint32_t command, uint32_t sequence,
		   uint32_t status, const char *why)
{
	LOG_LINK(fg_host_name(session->account->host), DSMPP, LOGL_NOTICE, "refuse %s: %s\n",
		 fg_smpp_command_name(command), why);
	session_answer(session, command | FG_SMPP_RESPONSE, sequence, status);
}

void report_drop(struct fg_smpp_session *session, struct pending_report *report)
{
	report->report.token = 0;
	session->reports_count--;
}

/* Hand it over. When the host is full the peer is told to repeat it. */
static void report_give(struct fg_smpp_session *session, struct pending_report *report)
{
	struct fg_delivery_report said = report->report; /* may be stored inside the call */
	uint32_t command = report->command, sequence = report->sequence;
	enum fg_rc rc;

	report->hold_until_ms = 0;
	/* now that the response has been heard, which may have the same id in another base */
	fg_smpp_ids_receipt(session->account->ids, said.ref, said.destination);
	if (said.has_reference)
		fg_smpp_ids_receipt_name(session->account->ids, said.ref, said.message_reference,
					 said.destination);
	rc = fg_host_report(session->account->host, &said);
	if (rc == FG_OK) {
		query_receipt(session->account, &said);
		return;
	}
	report_drop(session, report);
	report_refuse(session, command, sequence, FG_SMPP_STATUS_RMSGQFUL, fg_rc_text(rc));
}

struct pending_report *report_new(struct fg_smpp_session *session)
{
	struct pending_report *report;
	uint64_t token;

	if (session->reports_count >= SMPP_PENDING_MAX)
		return NULL;
	do {
		token = (uint64_t)session->index << 56 | ++session->tokens;
		report = &session->reports[token & (SMPP_PENDING_MAX - 1)];
	} while (report->report.token);
	report->report.token = token;
	report->inbound = false;
	session->reports_count++;
	return report;
}

static bool report_read(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
			struct fg_dlr *dlr)
{
	enum fg_rc rc = fg_dlr_from_pdu(pdu, dlr);

	if (session->state == SESSION_BINDING) {
		report_refuse(session, pdu->command, pdu->sequence, FG_SMPP_STATUS_RINVBNDSTS,
			      "not bound yet");
		return false;
	}
	if (rc == FG_OK)
		return true;
	if (rc == FG_E_NOT_FOUND)
		inbound_take(session, pdu);
	else
		/* for good: brought again it would be as little to read, and hold up all behind it */
		report_refuse(session, pdu->command, pdu->sequence, FG_SMPP_STATUS_RX_P_APPN,
			      fg_rc_text(rc));
	return false;
}

void report_take(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	struct pending_report *report;
	struct fg_dlr dlr;
	uint64_t token;

	if (!report_read(session, pdu, &dlr))
		return;
	report = report_new(session);
	if (!report) {
		report_refuse(session, pdu->command, pdu->sequence, FG_SMPP_STATUS_RMSGQFUL,
			      "too many wait");
		return;
	}
	token = report->report.token;
	report_fill(pdu, &dlr, &report->report);
	report->report.token = token;
	report->sequence = pdu->sequence;
	report->command = pdu->command;
	if (account_open_for(session->account, &report->report)) {
		report->hold_until_ms = now_ms + SMPP_HOLD_MS;
		session->held_count++;
	} else {
		report_give(session, report);
	}
}

static struct pending_report *report_at(const struct fg_smpp_session *session, unsigned nth)
{
	return &session->reports[(session->tokens + 1 + nth) & (SMPP_PENDING_MAX - 1)];
}

/* The oldest first. Only called while some are held. */
void report_release(struct fg_smpp_session *session, uint64_t now_ms)
{
	for (unsigned i = 0; i < SMPP_PENDING_MAX && session->held_count > 0; i++) {
		struct pending_report *report = report_at(session, i);

		if (!report->report.token || !report->hold_until_ms)
			continue;
		if (now_ms < report->hold_until_ms &&
		    account_open_for(session->account, &report->report))
			continue;
		session->held_count--;
		report_give(session, report);
	}
}

uint64_t report_due_ms(const struct fg_smpp_session *session)
{
	uint64_t next = UINT64_MAX;
	unsigned held = session->held_count;

	for (unsigned i = 0; held > 0; i++) {
		const struct pending_report *report = report_at(session, i);

		if (!report->report.token || !report->hold_until_ms)
			continue;
		held--;
		next = report->hold_until_ms < next ? report->hold_until_ms : next;
	}
	return next;
}

/* Whether they were stored nobody can say. A report that is brought twice changes nothing; a phone's message may be shown twice, which is
 * better than never. */
void report_abandon(struct fg_smpp_session *session)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SMPP_PENDING_MAX && session->reports_count > 0; i++) {
		struct pending_report *report = report_at(session, i);

		if (!report->report.token || report->hold_until_ms)
			continue;
		report_drop(session, report);
		session_answer(session, report->command | FG_SMPP_RESPONSE, report->sequence,
			       FG_SMPP_STATUS_RX_T_APPN);
		count++;
	}
	if (count)
		LOG_LINK(fg_host_name(session->account->host), DSMPP, LOGL_NOTICE,
			 "refuse %u deliveries: the core has gone\n", count);
}

/* Nobody was told that they are stored, so the carrier will bring them again; late STORED finds
 * nothing. */
void report_forget(struct fg_smpp_session *session)
{
	for (unsigned i = 0; i < SMPP_PENDING_MAX; i++)
		session->reports[i].report.token = 0;
	session->reports_count = session->held_count = 0;
}
