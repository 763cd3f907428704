/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the peer sends on its own. A receipt is acknowledged only when the host has stored it; one
 * that comes before the answer to its submit waits for it, so that the host hears the outcome
 * first.
 */
#include "adapters/smpp/session_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/wire/smpp_status.h"

static void copy_address(const struct fg_smpp_bytes *address, uint8_t ton, char out[static 33])
{
	bool plus = ton == 1 && (address->len == 0 || address->at[0] != '+');
	size_t len = address->len < 31 ? address->len : 31;

	memset(out, 0, 33);
	if (plus)
		out[0] = '+';
	if (len > 0)
		memcpy(out + plus, address->at, len);
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
		copy_address(&pdu->data.source_addr, pdu->data.source_addr_ton, out->destination);
	else
		copy_address(&pdu->sm.source_addr, pdu->sm.source_addr_ton, out->destination);
}

static void report_refuse(struct fg_smpp_session *session, uint32_t command, uint32_t sequence,
			  uint32_t status, const char *why)
{
	LOG_LINK(fg_host_name(session->host), DSMPP, LOGL_NOTICE, "refuse %s: %s\n",
		 fg_smpp_command_name(command), why);
	session_answer(session, command | FG_SMPP_RESPONSE, sequence, status);
}

/* Hand it over; false when the host is full, and then the peer was told to repeat it. */
static bool report_give(struct fg_smpp_session *session, struct pending_report *report)
{
	enum fg_rc rc;

	report->hold_until_ms = 0;
	rc = fg_host_report(session->host, &report->report);
	if (rc == FG_OK)
		return true;
	report_refuse(session, report->command, report->sequence, FG_SMPP_STATUS_RMSGQFUL,
		      fg_rc_text(rc));
	return false;
}

static void report_drop(struct fg_smpp_session *session, struct pending_report *report)
{
	struct pending_report **at = &session->reports;

	while (*at && *at != report)
		at = &(*at)->next;
	if (!*at)
		return; /* stored inside report_give() */
	*at = report->next;
	session->reports_count--;
	talloc_free(report);
}

void report_take(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	struct fg_dlr dlr;
	enum fg_rc rc = fg_dlr_from_pdu(pdu, &dlr);
	struct pending_report *report;

	if (session->state == SESSION_BINDING) {
		report_refuse(session, pdu->command, pdu->sequence, FG_SMPP_STATUS_RINVBNDSTS,
			      "not bound yet");
		return;
	}
	if (rc != FG_OK) {
		/* A message to us: the carrier keeps it until this link can take such. */
		report_refuse(session, pdu->command, pdu->sequence, FG_SMPP_STATUS_RX_T_APPN,
			      rc == FG_E_NOT_FOUND ? "inbound message, not taken on this link"
						   : fg_rc_text(rc));
		return;
	}
	report = session->reports_count < SMPP_PENDING_MAX
			 ? talloc_zero(session, struct pending_report)
			 : NULL;
	if (!report) {
		report_refuse(session, pdu->command, pdu->sequence, FG_SMPP_STATUS_RMSGQFUL,
			      "too many wait");
		return;
	}
	report_fill(pdu, &dlr, &report->report);
	report->report.token = ++session->tokens;
	report->sequence = pdu->sequence;
	report->command = pdu->command;
	report->next = session->reports;
	session->reports = report;
	session->reports_count++;
	if (submit_open_for(session, &report->report))
		report->hold_until_ms = now_ms + SMPP_HOLD_MS;
	else if (!report_give(session, report))
		report_drop(session, report);
}

static struct pending_report *report_due(struct fg_smpp_session *session, uint64_t now_ms)
{
	struct pending_report *oldest = NULL; /* the list has the newest first */

	for (struct pending_report *report = session->reports; report; report = report->next)
		if (report->hold_until_ms &&
		    (now_ms >= report->hold_until_ms || !submit_open_for(session, &report->report)))
			oldest = report;
	return oldest;
}

void report_release(struct fg_smpp_session *session, uint64_t now_ms)
{
	struct pending_report *report;

	while ((report = report_due(session, now_ms)))
		if (!report_give(session, report))
			report_drop(session, report);
}

/* Nobody was told that they are stored, so the carrier will bring them again; late STORED finds
 * nothing. */
void report_forget(struct fg_smpp_session *session)
{
	while (session->reports)
		report_drop(session, session->reports);
}
