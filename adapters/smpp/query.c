/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asking what became of messages whose final receipt has not come, with query_sm (3.4, 4.8), and what a response says that comes after
 * its submit was given up. Both become delivery reports; docs/decisions/0024 says what can be known in which way and what cannot.
 *
 * One question at a time, and each draws on the rate of the link. A far side that does not answer, or says that it knows no such
 * command, is not asked again.
 */
#include "adapters/smpp/session_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/wire/smpp_status.h"

enum {
	QUERIES_MAX = 65536,    /* ours: 10 MiB when it is full */
	QUERY_GRACE_MS = 60000, /* after the end of the validity (ours) */
	QUERY_AGAIN_MS =
		60000,   /* when it could not be asked, or the answer was not stored (ours) */
	QUERY_TRIES = 8, /* each after half as long again as the message is old (ours) */
	QUERY_AFTER_MS = 86400000, /* correlation ends a day after the validity: adapter and core */
};

/* Tokens of sessions begin with an index below SMPP_SESSIONS_MAX. */
#define TOKEN_QUERY (UINT64_C(0xFF) << 56)

static void copy(char *out, size_t cap, const char *from)
{
	size_t len = strnlen(from, cap - 1);

	memcpy(out, from, len);
	out[len] = '\0';
}

/* ---- what is waited for ---- */

enum fg_rc query_open(struct fg_smpp_account *account)
{
	if (strcmp(account->conf->query_sm, "off") == 0)
		return FG_OK;
	account->query.queries = fg_smpp_queries_new(account, QUERIES_MAX);
	return account->query.queries ? FG_OK : FG_E_NO_MEMORY;
}

static uint64_t first_due_ms(const struct fg_smpp_account *account, uint64_t validity_ms)
{
	uint64_t after_ms = (uint64_t)account->conf->query_after_s * 1000;

	return after_ms > 0 ? after_ms : validity_ms + QUERY_GRACE_MS;
}

void query_expect(struct fg_smpp_account *account, const struct smpp_about *about, const char *ref,
		  uint64_t now_ms)
{
	uint64_t validity_ms = (uint64_t)about->validity_s * 1000;
	struct fg_smpp_awaited awaited = { .reference = about->reference,
					   .accepted_ms = now_ms,
					   .until_ms = now_ms + validity_ms + QUERY_AFTER_MS };

	if (!account->query.queries || account->query.refused || !*ref)
		return;
	copy(awaited.ref, sizeof(awaited.ref), ref);
	copy(awaited.source, sizeof(awaited.source), about->source);
	copy(awaited.destination, sizeof(awaited.destination), about->destination);
	if (!fg_smpp_queries_add(account->query.queries, &awaited,
				 now_ms + first_due_ms(account, validity_ms)) &&
	    fg_smpp_queries_refused(account->query.queries) == 1)
		LOG_LINK(fg_host_name(account->host), DSMPP, LOGL_NOTICE,
			 "%u messages wait for receipts: query_sm will not ask for more\n",
			 QUERIES_MAX);
}

void query_receipt(struct fg_smpp_account *account, const struct fg_delivery_report *report)
{
	if (account->query.queries && report->final && report->ref[0])
		fg_smpp_queries_remove(account->query.queries, report->ref);
}

/* ---- asking ---- */

static void no_question(struct fg_smpp_account *account)
{
	account->query.session = NULL;
}

/* Nobody answers, now or ever: what waits is left to its receipts. */
static void refused(struct fg_smpp_account *account, const char *why)
{
	LOG_LINK(fg_host_name(account->host), DSMPP, LOGL_NOTICE,
		 "no query_sm any more on this link: %s\n", why);
	no_question(account);
#ifndef FG_MUTANT_smpp_query_refused
	account->query.refused = true;
	TALLOC_FREE(account->query.queries);
#endif
}

/* Later: it is half as old again. Too late or too often: it is left to its receipt. */
static void ask_later(struct fg_smpp_account *account, const char *ref, uint64_t now_ms)
{
	struct fg_smpp_awaited *awaited = fg_smpp_queries_find(account->query.queries, ref);
	uint64_t due_ms;

	if (!awaited)
		return;
	due_ms = now_ms + (now_ms - awaited->accepted_ms) / 2 + 1;
	if (++awaited->asked >= QUERY_TRIES || due_ms >= awaited->until_ms)
		fg_smpp_queries_remove(account->query.queries, ref);
	else
		fg_smpp_queries_put_off(account->query.queries, ref, due_ms);
}

/* Transmitters and transceivers may (3.4, table 2-1). */
static struct fg_smpp_session *session_for(const struct fg_smpp_account *account)
{
	for (unsigned i = 0; i < account->sessions_count; i++)
		if (session_may_submit(account->sessions[i]))
			return account->sessions[i];
	return NULL;
}

static void ask(struct fg_smpp_account *account, struct fg_smpp_session *session,
		const struct fg_smpp_awaited *awaited, uint64_t now_ms)
{
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_QUERY_SM,
				   .sequence = session_next_sequence(session) };

	pdu.query.message_id = fg_smpp_text(awaited->ref);
	message_address(awaited->source, true, &pdu.query.source_addr_ton,
			&pdu.query.source_addr_npi, &pdu.query.source_addr);
	account->query.session = session;
	account->query.sequence = pdu.sequence;
	account->query.sent_ms = now_ms;
	copy(account->query.ref, sizeof(account->query.ref), awaited->ref);
	session_send_pdu(session, &pdu);
	fg_smpp_pace_take(&account->pace, now_ms);
}

void query_pump(struct fg_smpp_account *account, uint64_t now_ms)
{
	struct fg_smpp_session *session = session_for(account);

	if (!account->query.queries || account->query.session || account->draining || !session ||
	    now_ms < fg_smpp_queries_due_ms(account->query.queries) ||
	    !fg_smpp_pace_ready(&account->pace, now_ms))
		return;
	ask(account, session, fg_smpp_queries_first(account->query.queries), now_ms);
}

uint64_t query_next_ms(const struct fg_smpp_account *account)
{
	uint64_t due, ready;

	if (!account->query.queries || account->draining)
		return UINT64_MAX;
	if (account->query.session)
		return account->query.sent_ms + (uint64_t)account->conf->response_timeout_ms;
	due = fg_smpp_queries_due_ms(account->query.queries);
	ready = fg_smpp_pace_ready_ms(&account->pace);
	return due == UINT64_MAX || !session_for(account) ? UINT64_MAX : due > ready ? due : ready;
}

void query_forget(struct fg_smpp_session *session, uint64_t now_ms)
{
	struct fg_smpp_account *account = session->account;

	if (account->query.session != session)
		return;
	no_question(account);
	fg_smpp_queries_put_off(account->query.queries, account->query.ref,
				now_ms + QUERY_AGAIN_MS);
}

/* Only of a peer that says other things meanwhile does silence mean that it does not answer. */
void query_tick(struct fg_smpp_account *account, uint64_t now_ms)
{
	struct fg_smpp_session *session = account->query.session;

	if (!session ||
	    now_ms < account->query.sent_ms + (uint64_t)account->conf->response_timeout_ms)
		return;
	if (session->heard_ms > account->query.sent_ms)
		refused(account, "it is not answered");
	else
		query_forget(session, now_ms);
}

/* ---- answers ---- */

static void report_about(const struct fg_smpp_awaited *awaited, struct fg_delivery_report *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->ref, awaited->ref, sizeof(awaited->ref));
	copy(out->destination, sizeof(out->destination), awaited->destination);
	out->has_reference = true; /* in doubt the host knows no id */
	out->message_reference = awaited->reference;
}

static uint64_t next_token(struct fg_smpp_account *account)
{
	return TOKEN_QUERY | ++account->query.tokens;
}

/* It is forgotten when it is stored; until then it is asked for again. */
static void tell(struct fg_smpp_account *account, const struct fg_smpp_awaited *awaited,
		 const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	struct fg_delivery_report report;
	struct smpp_told *told;
	uint8_t error = pdu->query_resp.error_code;

	report_about(awaited, &report);
	report.state = pdu->query_resp.message_state;
	report.final = true;
	if (error)
		snprintf(report.error, sizeof(report.error), "%03u", error);
	report.token = next_token(account);
	told = &account->query.told[report.token % SMPP_TOLD_MAX];
	told->token = report.token;
	memcpy(told->ref, awaited->ref, sizeof(awaited->ref));
	fg_smpp_queries_put_off(account->query.queries, awaited->ref, now_ms + QUERY_AGAIN_MS);
	(void)fg_host_report(account->host, &report); /* not taken: asked again */
}

/* UNKNOWN says of the far side that it knows no better: then a late receipt may. */
static bool is_final(const struct fg_smpp_pdu *pdu)
{
#ifndef FG_MUTANT_smpp_query_final
	enum fg_dlr_state state = (enum fg_dlr_state)pdu->query_resp.message_state;

	return pdu->query_resp.message_state <= FG_DLR_SKIPPED && fg_dlr_state_final(state) &&
	       state != FG_DLR_UNKNOWN;
#else
	(void)pdu;
	return true;
#endif
}

static void answer_take(struct fg_smpp_account *account, const struct fg_smpp_awaited *awaited,
			const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	const struct fg_smpp_status *status = account_status(account, pdu->status);

	if (pdu->status == 0 && is_final(pdu)) {
		tell(account, awaited, pdu, now_ms);
		return;
	}
	if (status->class == FG_SMPP_CLASS_THROTTLE)
		fg_smpp_pace_slow(&account->pace, account->query.sent_ms, now_ms);
	if (pdu->status == 0 || is_not_taken(status->class))
		ask_later(account, awaited->ref, now_ms);
	else /* such as 0x67: it is not known there */
		fg_smpp_queries_remove(account->query.queries, awaited->ref);
}

static bool is_no_command(const struct fg_smpp_pdu *pdu)
{
	return pdu->command == FG_SMPP_GENERIC_NACK || pdu->status == FG_SMPP_STATUS_RINVCMDID ||
	       pdu->status == FG_SMPP_STATUS_RINVBNDSTS;
}

bool query_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	struct fg_smpp_account *account = session->account;
	const struct fg_smpp_awaited *awaited;

	if (account->query.session != session || pdu->sequence != account->query.sequence)
		return false;
	no_question(account);
	if (is_no_command(pdu)) {
		refused(account, "the far side does not know it");
		return true;
	}
	/* A receipt may have come in between. */
	awaited = fg_smpp_queries_find(account->query.queries, account->query.ref);
	if (awaited)
		answer_take(account, awaited, pdu, now_ms);
	return true;
}

void query_stored(struct fg_smpp_account *account, uint64_t token)
{
	const struct smpp_told *told = &account->query.told[token % SMPP_TOLD_MAX];

	if (account->query.queries && token == told->token)
		fg_smpp_queries_remove(account->query.queries, told->ref);
}

/* ---- a response that comes after its submit was given up ---- */

/* Its id is how receipts will name it, and a refusal is the end of it. The outcome stays `unknown`: it was said. */
void query_late_response(struct fg_smpp_account *account, const struct smpp_about *about,
			 const struct fg_smpp_pdu *pdu, const char *ref, uint64_t now_ms)
{
	struct fg_smpp_awaited awaited = { .reference = about->reference };
	struct fg_delivery_report report;

	if (pdu->status == 0 && !*ref)
		return;
	copy(awaited.ref, sizeof(awaited.ref), ref);
	copy(awaited.destination, sizeof(awaited.destination), about->destination);
	report_about(&awaited, &report);
	report.token = next_token(account);
	report.state = pdu->status == 0 ? FG_DLR_ACCEPTED : FG_DLR_REJECTED;
	report.final = pdu->status != 0;
	if (report.final)
		snprintf(report.error, sizeof(report.error), "%" PRIu32, pdu->status);
	(void)fg_host_report(account->host, &report);
	if (pdu->status == 0)
		query_expect(account, about, ref, now_ms);
}
