/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Jobs on an SMPP session: each part is one submit_sm, at most `window` wait for their answer, and
 * the last answer makes the outcome. After a part that was not taken the rest of the message is not
 * sent: half a text helps nobody, and the core may try again.
 */
#include "adapters/smpp/session_internal.h"

#include <ctype.h>
#include <string.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_status.h"
#include "lib/wire/udh.h"

enum {
	MESSAGE_OCTETS = 160, /* septets, unpacked */
	MESSAGE_OCTETS_UCS2 = 140,
	DATA_CODING_DEFAULT = 0,
	DATA_CODING_UCS2 = 8,
	TON_INTERNATIONAL = 1, /* 3.4, 5.2.5 */
	TON_NETWORK_SPECIFIC = 3,
	TON_ALPHANUMERIC = 5,
	NPI_ISDN = 1,          /* 5.2.6 */
	SHORT_CODE_DIGITS = 8, /* ours: longer numbers are international */
};

static void job_free(struct smpp_job *job)
{
	fg_job_text_free(job->job.text);
	talloc_free(job);
}

static void job_unlink(struct fg_smpp_session *session, struct smpp_job *job)
{
	struct smpp_job **at = &session->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	session->jobs_count--;
}

/* The whole out of its parts, as adapter.h 4 has it. */
static void outcome_sum(struct fg_job_outcome *outcome)
{
	unsigned count[FG_PART_UNKNOWN + 1] = { 0 };

	for (unsigned i = 0; i < outcome->parts; i++)
		count[outcome->part_state[i]]++;
	if (count[FG_PART_ACCEPTED] == outcome->parts) {
		outcome->outcome = FG_OUTCOME_ACCEPTED;
		outcome->rc = FG_OK;
	} else if (count[FG_PART_UNKNOWN] > 0) {
		outcome->outcome = FG_OUTCOME_UNKNOWN;
		outcome->rc = FG_E_LINK_UNKNOWN;
	} else {
		outcome->outcome =
			count[FG_PART_FAILED] > 0 ? FG_OUTCOME_FAILED : FG_OUTCOME_DEFERRED;
		if (outcome->rc == FG_OK)
			outcome->rc = FG_E_LINK_DOWN;
	}
}

static bool job_finish_if_done(struct fg_smpp_session *session, struct smpp_job *job)
{
	if (job->answered < job->sent || (!job->stopped && job->sent < job->job.parts))
		return false;
	job_unlink(session, job);
	outcome_sum(&job->outcome);
	fg_host_outcome(session->host, &job->outcome);
	job_free(job);
	return true;
}

static void address_set(const char *address, bool source, uint8_t *ton, uint8_t *npi,
			struct fg_smpp_bytes *out)
{
	bool plus = address[0] == '+';
	const char *digits = address + plus;
	size_t len = strlen(digits);

	*out = fg_smpp_text(digits);
	*ton = TON_INTERNATIONAL;
	*npi = NPI_ISDN;
	if (!source || plus)
		return;
	if (strspn(digits, "0123456789") != len) {
		*ton = TON_ALPHANUMERIC;
		*npi = 0;
	} else if (len <= SHORT_CODE_DIGITS) {
		*ton = TON_NETWORK_SPECIFIC;
		*npi = 0;
	}
	if (len == 0)
		*ton = *npi = 0; /* the peer's default for this account */
}

/* Relative time of 3.4, 7.1.1: YYMMDDhhmmss000R. */
static void validity_write(uint32_t seconds, char out[static 17])
{
	unsigned days = seconds / 86400;

	snprintf(out, 17, "%02u%02u%02u%02u%02u%02u000R", days / 365 % 100, days % 365 / 30,
		 days % 365 % 30, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

static enum fg_alphabet alphabet_for(const struct fg_smpp_session *session,
				     const struct fg_job *job)
{
	if (job->alphabet == FG_ALPHABET_UCS2)
		return FG_ALPHABET_UCS2;
	if (strcmp(session->conf->alphabet, "ascii") == 0)
		return FG_ALPHABET_ASCII;
	return strcmp(session->conf->alphabet, "latin1") == 0 ? FG_ALPHABET_LATIN1
							      : FG_ALPHABET_GSM7;
}

/* User data of one part: header if there are several, then the text. */
static enum fg_rc part_write(const struct fg_smpp_session *session, const struct fg_job *job,
			     unsigned part, uint8_t out[static MESSAGE_OCTETS], size_t *len_out)
{
	enum fg_alphabet alphabet = alphabet_for(session, job);
	struct fg_udh_concat concat = { .reference = job->concat_ref,
					.wide = true,
					.total = job->parts,
					.sequence = (uint8_t)(part + 1) };
	size_t end = part + 1 < job->parts ? job->offsets[part + 1] : job->text->len;
	/* A header of 7 octets takes the room of 8 septets. */
	size_t cap = alphabet == FG_ALPHABET_UCS2 ? MESSAGE_OCTETS_UCS2
						  : MESSAGE_OCTETS - (job->parts > 1);
	size_t udh_len = 0, text_len;
	enum fg_rc rc = FG_OK;

	if (job->parts > 1)
		rc = fg_udh_concat_write(&concat, out, &udh_len);
	if (rc == FG_OK)
		rc = fg_alphabet_encode(alphabet, job->text->data + job->offsets[part],
					end - job->offsets[part], out + udh_len, cap - udh_len,
					&text_len);
	if (rc == FG_OK)
		*len_out = udh_len + text_len;
	return rc;
}

static void part_send(struct fg_smpp_session *session, struct in_flight *slot, uint64_t now_ms)
{
	const struct fg_job *job = &slot->job->job;
	const char *source = job->source[0] ? job->source : session->conf->source_address;
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM };
	uint8_t message[MESSAGE_OCTETS];
	char validity[17];
	size_t len = 0;

	if (part_write(session, job, slot->part, message, &len) != FG_OK)
		FG_BUG("part %u was checked and does not encode", slot->part);
	address_set(source, true, &pdu.sm.source_addr_ton, &pdu.sm.source_addr_npi,
		    &pdu.sm.source_addr);
	address_set(job->destination, false, &pdu.sm.dest_addr_ton, &pdu.sm.dest_addr_npi,
		    &pdu.sm.destination_addr);
	validity_write(job->validity_s, validity);
	pdu.sm.validity_period = fg_smpp_text(job->validity_s ? validity : "");
	pdu.sm.esm_class = job->parts > 1 ? FG_SMPP_ESM_UDH : 0;
	pdu.sm.registered_delivery = 1;
	pdu.sm.data_coding =
		job->alphabet == FG_ALPHABET_UCS2 ? DATA_CODING_UCS2 : DATA_CODING_DEFAULT;
	pdu.sm.short_message = (struct fg_smpp_bytes){ message, len };
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, job->message_reference);
	slot->with_mark = session->conf->mark_tlv > 0 && !session->mark_refused;
	if (slot->with_mark)
		fg_smpp_tlv_add(&pdu, (uint16_t)session->conf->mark_tlv, "unprotected",
				strlen("unprotected"));
	slot->sequence = pdu.sequence = session_next_sequence(session);
	slot->due_ms = now_ms + (uint64_t)session->conf->response_timeout_ms;
	session_send_pdu(session, &pdu);
	explicit_bzero(message, sizeof(message));
}

static struct in_flight *slot_free(struct fg_smpp_session *session)
{
	for (int64_t i = 0; i < session->conf->window; i++)
		if (!session->in_flight[i].job)
			return &session->in_flight[i];
	return NULL;
}

static void slot_release(struct fg_smpp_session *session, struct in_flight *slot)
{
	slot->job = NULL;
	session->in_flight_count--;
}

/* Once all is written the text is needed again only if a part may have to go without its mark TLV.
 */
static void text_drop_if_done(const struct fg_smpp_session *session, struct smpp_job *job)
{
	if (job->sent < job->job.parts || (session->conf->mark_tlv > 0 && !session->mark_refused))
		return;
	fg_job_text_free(job->job.text);
	job->job.text = NULL;
}

void submit_pump(struct fg_smpp_session *session, uint64_t now_ms)
{
	if (session->state != SESSION_BOUND || session->close_why != FG_SMPP_CLOSE_NONE)
		return;
	for (struct smpp_job *job = session->jobs; job; job = job->next) {
		while (!job->stopped && job->sent < job->job.parts) {
			struct in_flight *slot = slot_free(session);

			if (!slot)
				return;
			session->in_flight_count++;
			slot->job = job;
			slot->part = (uint8_t)job->sent++;
			part_send(session, slot, now_ms);
		}
		text_drop_if_done(session, job);
	}
}

static enum fg_rc job_check(const struct fg_smpp_session *session, const struct fg_job *job)
{
	uint8_t message[MESSAGE_OCTETS];
	enum fg_rc rc = FG_OK;
	size_t len;

	if (session->state != SESSION_BOUND || session->draining ||
	    session->close_why != FG_SMPP_CLOSE_NONE)
		return FG_E_LINK_DOWN;
	if (session->jobs_count >= (unsigned)session->conf->window)
		return FG_E_LINK_CREDIT;
	if (job->parts == 0 || strlen(job->destination) < 2 || strlen(job->destination) > 20 ||
	    strlen(job->source) > 20)
		return FG_E_ARG;
	for (unsigned i = 0; i < job->parts && rc == FG_OK; i++)
		rc = part_write(session, job, i, message, &len);
	explicit_bzero(message, sizeof(message));
	return rc == FG_E_SPACE ? FG_E_ARG : rc;
}

enum fg_rc fg_smpp_session_job(struct fg_smpp_session *session, const struct fg_job *job,
			       uint64_t now_ms)
{
	enum fg_rc rc = job_check(session, job);
	struct smpp_job *own = rc == FG_OK ? talloc_zero(session, struct smpp_job) : NULL;
	struct smpp_job **at = &session->jobs;
	uint32_t *offsets = own ? talloc_array(own, uint32_t, job->parts) : NULL;

	if (!offsets) {
		talloc_free(own);
		fg_job_text_free(job->text);
		return rc != FG_OK ? rc : FG_E_NO_MEMORY;
	}
	memcpy(offsets, job->offsets, job->parts * sizeof(*offsets));
	own->job = *job;
	own->job.offsets = offsets;
	fg_job_outcome_whole(job, FG_OUTCOME_DEFERRED, FG_OK, FG_PART_NOT_SENT, &own->outcome);
	while (*at)
		at = &(*at)->next;
	*at = own;
	session->jobs_count++;
	submit_pump(session, now_ms);
	session_say_state(session, NULL);
	return FG_OK;
}

static struct in_flight *slot_find(struct fg_smpp_session *session, uint32_t sequence)
{
	for (int64_t i = 0; i < session->conf->window; i++)
		if (session->in_flight[i].job && session->in_flight[i].sequence == sequence)
			return &session->in_flight[i];
	return NULL;
}

static void part_state_set(struct smpp_job *job, unsigned part, const struct fg_smpp_status *status,
			   uint32_t code)
{
	bool not_taken = status->class == FG_SMPP_CLASS_THROTTLE ||
			 status->class == FG_SMPP_CLASS_TEMPORARY ||
			 status->class == FG_SMPP_CLASS_SESSION;

	if (code == 0) {
		job->outcome.part_state[part] = FG_PART_ACCEPTED;
		return;
	}
	job->outcome.part_state[part] = not_taken ? FG_PART_NOT_SENT : FG_PART_FAILED;
	/* A failure says more than a delay. */
	if (job->outcome.rc == FG_OK || !not_taken) {
		job->outcome.rc = status->rc;
		job->outcome.carrier_code = code;
	}
	job->stopped = true;
}

static bool resend_without_mark(struct fg_smpp_session *session, struct in_flight *slot,
				uint32_t status, uint64_t now_ms)
{
	if (!slot->with_mark ||
	    (status != FG_SMPP_STATUS_ROPTPARNOTALLWD && status != FG_SMPP_STATUS_RINVOPTPARSTREAM))
		return false;
	if (!session->mark_refused)
		LOG_LINK(fg_host_name(session->host), DMARK, LOGL_NOTICE,
			 "leave out mark TLV: peer refuses it, the mark in the text stays\n");
	session->mark_refused = true;
	if (session->state != SESSION_BOUND)
		return false;
	part_send(session, slot, now_ms);
	return true;
}

bool submit_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		     uint64_t now_ms)
{
	struct in_flight *slot = slot_find(session, pdu->sequence);
	const struct fg_smpp_status *status = fg_smpp_status_find(pdu->status);
	struct smpp_job *job;

	if (!slot)
		return false;
	if (resend_without_mark(session, slot, pdu->status, now_ms))
		return true;
	job = slot->job;
	part_state_set(job, slot->part, status,
		       pdu->command == FG_SMPP_GENERIC_NACK && pdu->status == 0
			       ? FG_SMPP_STATUS_RUNKNOWNERR
			       : pdu->status);
	if (pdu->status == 0 && pdu->command == FG_SMPP_SUBMIT_SM_RESP &&
	    pdu->sm_resp.message_id.len > 0 && pdu->sm_resp.message_id.len <= FG_REF_MAX)
		memcpy(job->outcome.ref[slot->part], pdu->sm_resp.message_id.at,
		       pdu->sm_resp.message_id.len);
	job->answered++;
	slot_release(session, slot);
	session->carrier_code = pdu->status;
	if (job_finish_if_done(session, job))
		session_say_state(session, NULL);
	if (status->class == FG_SMPP_CLASS_SESSION)
		session_close(session, FG_SMPP_CLOSE_LOST, status->note);
	return true;
}

static void part_unknown(struct fg_smpp_session *session, struct in_flight *slot)
{
	struct smpp_job *job = slot->job;

	job->outcome.part_state[slot->part] = FG_PART_UNKNOWN;
	job->answered++;
	job->stopped = true;
	slot_release(session, slot);
	job_finish_if_done(session, job);
}

bool submit_timeouts(struct fg_smpp_session *session, uint64_t now_ms)
{
	bool any = false;

	for (int64_t i = 0; i < session->conf->window; i++) {
		struct in_flight *slot = &session->in_flight[i];

		if (!slot->job || now_ms < slot->due_ms)
			continue;
		LOG_MSG(&slot->job->job.message_id, DSMPP, LOGL_NOTICE,
			"no answer to submit: part=%u\n", slot->part + 1u);
		part_unknown(session, slot);
		any = true;
	}
	return any;
}

void submit_abandon(struct fg_smpp_session *session)
{
	for (int64_t i = 0; i < session->conf->window; i++)
		if (session->in_flight[i].job)
			part_unknown(session, &session->in_flight[i]);
	while (session->jobs) {
		session->jobs->stopped = true;
		job_finish_if_done(session, session->jobs);
	}
}

bool submit_open_for(const struct fg_smpp_session *session, const struct fg_delivery_report *report)
{
	for (const struct smpp_job *job = session->jobs; job; job = job->next) {
		if (report->has_reference &&
		    report->message_reference != job->job.message_reference)
			continue;
		if (strcmp(report->destination, job->job.destination) == 0)
			return true;
	}
	return false;
}
