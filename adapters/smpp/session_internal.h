/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What account.c (all binds together), session.c (states, timers, framing), submit.c (jobs and
 * their answers), query.c (asking for what nobody told), message.c (a job as PDUs) and report.c (what the peer sends) share.
 */
#pragma once

#include "adapters/smpp/ids.h"
#include "adapters/smpp/pace.h"
#include "adapters/smpp/queries.h"
#include "adapters/smpp/session.h"
#include "adapters/smpp/window.h"
#include "lib/wire/dlr.h"
#include "lib/wire/smpp.h"
#include "lib/wire/smpp_status.h"

enum {
	SMPP_HOLD_MS = 30000,  /* a report waits so long for the outcome of its job (ours) */
	SMPP_UNBIND_MS = 5000, /* answer to our unbind (ours) */
	SMPP_PARTIAL_MS =
		10000, /* from the first octet of a PDU to its last; operators' practice (Jasmin) */
	/* reports held or not yet stored, a power of two: beyond it the peer must repeat */
	SMPP_PENDING_MAX = 8192,
	SMPP_ENQUIRE_MISSES = 2,
	SMPP_IN_BYTES = FG_SMPP_PDU_MAX,
	SMPP_SESSIONS_MAX = 64,
	SMPP_BUCKETS = 2048,   /* of the tables of open jobs */
	SMPP_FEW_PARTS = 4,    /* more take memory of their own */
	SMPP_FAIR_LOOK = 64,   /* begun by other recipients before one counts as fresh (ours) */
	SMPP_SPARE_MAX = 1024, /* jobs kept for the next ones */
	SMPP_FULL_MS =
		1000, /* a recipient's full queue: first pause of a message that has begun (ours) */
	SMPP_FULL_MAX_MS = 120000, /* and the longest (ours) */
	FG_SMPP_TEXT_MAX = 16384,  /* of a job: lib/ipc/ipc.def */
	SMPP_TOLD_MAX = 256, /* answers to questions that are not stored yet; a power of two */
};

enum session_state {
	SESSION_CLOSED,
	SESSION_BINDING,
	SESSION_BOUND,
	SESSION_UNBINDING,
};

/* enum fg_part_state, and: */
enum {
	PART_IN_FLIGHT = 16,
	PART_AGAIN, /* refused for being too fast, and goes again after the pause */
};

struct smpp_part {
	uint32_t offset; /* in the text */
	uint8_t state;
	char ref[FG_REF_MAX + 1];
};

struct smpp_job {
	struct smpp_job *prev, *next; /* of the session, in the order given */
	struct smpp_job *by_destination, *by_reference;
	struct fg_smpp_session *session;
	unsigned bucket;   /* of its destination */
	struct fg_job job; /* text is ours; offsets is not used */
	uint64_t taken_ms;
	enum fg_rc rc;
	uint32_t carrier_code;
	unsigned sent;                       /* parts that left at least once: the first so many */
	unsigned in_flight, again, accepted; /* parts in these states */
	bool stopped;                        /* a part was not taken: the rest stays unsent */
	bool full;            /* it began, and the recipient's queue is full: set aside */
	uint64_t again_at_ms; /* then: the next try */
	uint64_t again_pause_ms;
	struct smpp_part *parts;
	struct smpp_part few[SMPP_FEW_PARTS];
};

/* A submit that waits for its answer, at the place of its sequence number. */
struct in_flight {
	struct smpp_job *job; /* NULL: free */
	uint32_t sequence;
	uint32_t before, after; /* sequence numbers of the neighbours in time; 0: none */
	uint8_t part;
	bool with_mark, with_validity;
	unsigned depth;
	uint64_t sent_ms;
};

/* What is remembered of a submit whose job is gone. */
struct smpp_about {
	char source[22], destination[33];
	uint16_t reference;
	uint32_t validity_s;
};

/* A submit that was given up, whose response may still come. */
struct smpp_lost {
	uint32_t sequence;
	struct smpp_about about;
};

/* An answer to query_sm that was given to the host. */
struct smpp_told {
	uint64_t token;
	char ref[FG_REF_MAX + 1];
};

/* A deliver_sm or data_sm that waits: for the outcome of its job (held), or to be stored; a message of a phone has no more than its token. */
struct pending_report {
	struct fg_delivery_report report; /* token 0: free */
	uint32_t sequence;
	uint32_t command;
	bool inbound;
	uint64_t hold_until_ms; /* 0: given to the host */
};

struct fg_smpp_account {
	struct fg_adapter_host *host;
	const struct fg_conf_links *conf;
	struct fg_smpp_pace pace;
	struct fg_smpp_window window;
	struct fg_smpp_ids *ids;
	struct fg_smpp_status *vendor; /* [256], of 0x400 on; NULL: the carrier gave no table */
	struct fg_smpp_status *next_vendor; /* read, not adopted */
	uint32_t own_code; /* of the carrier that came last and is in its table; 0: none */
	char own_note[64];
	bool mark_refused, validity_refused;
	bool draining, drained_said;
	struct fg_smpp_session *sessions[SMPP_SESSIONS_MAX];
	unsigned sessions_count, turn;
	unsigned jobs_count;
	uint32_t carrier_code;
	uint64_t accepted_ms;        /* when a submit was taken last */
	uint64_t round_trip_eighths; /* of a millisecond, smoothed; 0: none was measured */
	struct smpp_job *by_destination[SMPP_BUCKETS], *by_reference[SMPP_BUCKETS];
	uint32_t begun[SMPP_BUCKETS],
		begun_count; /* when a message to a recipient of the bucket began last */
	struct smpp_job *spare;
	unsigned spare_count;
	struct fg_job_outcome outcome; /* is filled for each one anew */
	struct {
		bool up;
		uint32_t credits, limit;
		uint64_t at_ms;
		struct fg_link_more more;
	} said;
	struct {
		struct fg_smpp_queries *queries; /* NULL: never asked */
		struct fg_smpp_session
			*session; /* where a question waits for its answer; NULL: none does */
		uint32_t sequence;
		uint64_t sent_ms;
		char ref[FG_REF_MAX + 1]; /* of that question */
		bool refused;             /* by the far side */
		uint64_t tokens;
		struct smpp_told told[SMPP_TOLD_MAX];
	} query;
	uint32_t limit_most; /* greatest that was said since it is up */
	char note[128];
	uint8_t out[FG_SMPP_PDU_MAX]; /* one PDU on its way to the socket */
};

struct fg_smpp_session {
	struct fg_smpp_account *account;
	unsigned index; /* in the account */
	enum fg_smpp_kind kind;
	fg_smpp_send_cb send;
	void *arg;
	enum session_state state;
	enum fg_smpp_close close_why;
	char close_note[128];
	bool no_tlvs; /* the peer said that it is older than 3.4 */
	uint32_t sequence;
	uint32_t bind_sequence;
	uint64_t state_due_ms; /* bind or unbind must be answered by then */
	uint64_t heard_ms;     /* last bytes of the peer */
	uint64_t enquired_ms;  /* that, or last enquire_link */
	uint64_t partial_ms;   /* when the PDU began that is not whole yet; 0: there is none */
	unsigned misses;
	uint64_t tokens;
	struct smpp_job *first, *last; /* jobs */
	struct smpp_job *unsent;       /* the first that has parts which never left */
	unsigned jobs_count, again_count;
	struct in_flight *in_flight; /* [in_flight_mask + 1] */
	uint32_t in_flight_mask, oldest, newest;
	unsigned in_flight_count;
	struct smpp_lost
		*lost; /* [lost_size], the newest overwrite the oldest; of this connection */
	unsigned lost_size, lost_next;
	struct pending_report *reports; /* [SMPP_PENDING_MAX], by token */
	unsigned reports_count, held_count;
	uint8_t *in; /* [SMPP_IN_BYTES] */
	size_t in_len;
};

/* account.c */
void account_changed(struct fg_smpp_account *account, const char *note);
/* A submit was answered after so long. */
void account_round_trip(struct fg_smpp_account *account, uint64_t ms);
void account_pump(struct fg_smpp_account *account, uint64_t now_ms);
void account_release_reports(struct fg_smpp_account *account, uint64_t now_ms);
void account_check_drained(struct fg_smpp_account *account, uint64_t now_ms);
void account_job_add(struct fg_smpp_account *account, struct smpp_job *job);
void account_job_remove(struct fg_smpp_account *account, struct smpp_job *job);
bool account_open_for(const struct fg_smpp_account *account,
		      const struct fg_delivery_report *report);

/* If it is one of the carrier's own, it is for the operator to read. */
void account_own_code(struct fg_smpp_account *account, uint32_t code,
		      const struct fg_smpp_status *status);
/* As the carrier's own table has it, or the standard. */
const struct fg_smpp_status *account_status(const struct fg_smpp_account *account, uint32_t code);

/* session.c */
uint32_t session_next_sequence(struct fg_smpp_session *session);
void session_send_pdu(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu);
void session_answer(struct fg_smpp_session *session, uint32_t command, uint32_t sequence,
		    uint32_t status);
void session_unbind(struct fg_smpp_session *session, uint64_t now_ms);
void session_close(struct fg_smpp_session *session, enum fg_smpp_close why, const char *note);
bool session_may_submit(const struct fg_smpp_session *session);
void session_stored(struct fg_smpp_session *session, uint64_t token);
void session_tick(struct fg_smpp_session *session, uint64_t now_ms);
uint64_t session_next_ms(const struct fg_smpp_session *session);

/* message.c */
enum fg_rc message_check(const struct fg_smpp_account *account, const struct fg_job *job);
void message_send(struct fg_smpp_session *session, struct in_flight *slot);
void message_address(const char *address, bool source, uint8_t *ton, uint8_t *npi,
		     struct fg_smpp_bytes *out);
/* The source that message_send() writes. */
const char *message_source(const struct fg_smpp_account *account, const struct fg_job *job);

/* query.c */
enum fg_rc query_open(struct fg_smpp_account *account);
/* The far side gave a message this id: its final receipt is to come. */
void query_expect(struct fg_smpp_account *account, const struct smpp_about *about, const char *ref,
		  uint64_t now_ms);
void query_receipt(struct fg_smpp_account *account, const struct fg_delivery_report *report);
void query_pump(struct fg_smpp_account *account, uint64_t now_ms);
void query_tick(struct fg_smpp_account *account, uint64_t now_ms);
uint64_t query_next_ms(const struct fg_smpp_account *account);
/* A response or nack to the question that waits. False when it is not that. */
bool query_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		    uint64_t now_ms);
void query_forget(struct fg_smpp_session *session, uint64_t now_ms);
void query_stored(struct fg_smpp_account *account, uint64_t token);
void query_late_response(struct fg_smpp_account *account, const struct smpp_about *about,
			 const struct fg_smpp_pdu *pdu, const char *ref, uint64_t now_ms);

/* submit.c */
bool is_not_taken(enum fg_smpp_status_class class);
/* A message to that recipient has begun, and its rest waits for the recipient's queue. */
bool submit_is_full(const struct fg_smpp_account *account, const char *destination);
void submit_take(struct fg_smpp_session *session, const struct fg_job *job, struct smpp_job *own,
		 uint64_t now_ms);
void submit_pump(struct fg_smpp_session *session, uint64_t now_ms);
/* When submit_pump() may have something to do that it had not now; UINT64_MAX: an answer first. */
uint64_t submit_next_ms(const struct fg_smpp_session *session);
/* A response or nack to a submit. False when no submit of that sequence waits. */
bool submit_answered(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
		     uint64_t now_ms);
/* The response to one that was given up on this connection. False when it is not that. */
bool submit_answered_late(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu,
			  uint64_t now_ms);
bool submit_timeouts(struct fg_smpp_session *session, uint64_t now_ms);
uint64_t submit_due_ms(const struct fg_smpp_session *session);
void submit_abandon(struct fg_smpp_session *session);

/* report.c */
void report_take(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu, uint64_t now_ms);
void report_release(struct fg_smpp_session *session, uint64_t now_ms);
uint64_t report_due_ms(const struct fg_smpp_session *session);
void report_forget(struct fg_smpp_session *session);

/* Refuse for now what was given to the host: nobody will say that it is stored. */
void report_abandon(struct fg_smpp_session *session);
/* A free place and its token, or NULL. */
struct pending_report *report_new(struct fg_smpp_session *session);
/* Its place is free again; the peer was answered, or will repeat it. */
void report_drop(struct fg_smpp_session *session, struct pending_report *report);
void report_refuse(struct fg_smpp_session *session, uint32_t command, uint32_t sequence,
		   uint32_t status, const char *why);

/* inbound.c */
void inbound_take(struct fg_smpp_session *session, const struct fg_smpp_pdu *pdu);
void inbound_taken(struct fg_smpp_session *session, uint64_t token, enum fg_rc rc);
