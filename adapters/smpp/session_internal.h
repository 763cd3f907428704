/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What session.c (states, timers, framing), submit.c (jobs and their answers) and report.c (what
 * the peer sends) share.
 */
#pragma once

#include "adapters/smpp/session.h"
#include "lib/wire/dlr.h"
#include "lib/wire/smpp.h"

enum {
	SMPP_HOLD_MS = 30000,  /* a report waits so long for the outcome of its job (ours) */
	SMPP_UNBIND_MS = 5000, /* answer to our unbind (ours) */
	SMPP_PENDING_MAX =
		1000, /* reports held or not yet stored: beyond it the peer must repeat */
	SMPP_ENQUIRE_MISSES = 2,
	SMPP_IN_BYTES = FG_SMPP_PDU_MAX,
};

enum session_state {
	SESSION_CLOSED,
	SESSION_BINDING,
	SESSION_BOUND,
	SESSION_UNBINDING,
};

struct smpp_job {
	struct smpp_job *next;
	struct fg_job job; /* text is ours; offsets is ours */
	struct fg_job_outcome outcome;
	unsigned sent, answered; /* parts */
	bool stopped;            /* a part was not taken: the rest stays unsent */
};

struct in_flight {
	struct smpp_job *job; /* NULL: free slot */
	uint32_t sequence;
	uint8_t part;
	bool with_mark;
	uint64_t due_ms;
};

/* A deliver_sm or data_sm that waits: for the outcome of its job (held), or to be stored. */
struct pending_report {
	struct pending_report *next;
	struct fg_delivery_report report;
	uint32_t sequence;
	uint32_t command;
	uint64_t hold_until_ms; /* 0: given to the host */
};

struct fg_smpp_session {
	struct fg_adapter_host *host;
	const struct fg_conf_links *conf;
	fg_smpp_send_cb send;
	void *arg;
	enum session_state state;
	enum fg_smpp_close close_why;
	bool draining, drained_said, mark_refused;
	uint32_t sequence, carrier_code;
	uint32_t bind_sequence;
	uint64_t state_due_ms; /* bind or unbind must be answered by then */
	uint64_t heard_ms;     /* last bytes of the peer, or last enquire_link */
	unsigned misses;
	uint64_t tokens;
	struct smpp_job *jobs;
	unsigned jobs_count;
	unsigned in_flight_count;
	struct in_flight *in_flight; /* [window] */
	struct pending_report *reports;
	unsigned reports_count;
	uint8_t *in; /* [SMPP_IN_BYTES] */
	size_t in_len;
};

uint32_t session_next_sequence(struct fg_smpp_session *session);
void session_send_pdu(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu);
void session_answer(struct fg_smpp_session *session, uint32_t command, uint32_t sequence,
		    uint32_t status);
void session_say_state(struct fg_smpp_session *session, const char *note);
void session_unbind(struct fg_smpp_session *session, uint64_t now_ms);
void session_close(struct fg_smpp_session *session, enum fg_smpp_close why, const char *note);
void session_check_drained(struct fg_smpp_session *session, uint64_t now_ms);

void submit_pump(struct fg_smpp_session *session, uint64_t now_ms);
/* A response or nack to a submit. False when no submit of that sequence waits. */
bool submit_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		     uint64_t now_ms);
bool submit_timeouts(struct fg_smpp_session *session, uint64_t now_ms);
void submit_abandon(struct fg_smpp_session *session);
bool submit_open_for(const struct fg_smpp_session *session,
		     const struct fg_delivery_report *report);

void report_take(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms);
void report_release(struct fg_smpp_session *session, uint64_t now_ms);
void report_forget(struct fg_smpp_session *session);
