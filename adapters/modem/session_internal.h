/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of session.h share.
 */
#pragma once

#include "adapters/modem/profile.h"
#include "adapters/modem/session.h"
#include "lib/wire/at.h"
#include "lib/wire/cms.h"
#include "lib/wire/tpdu.h"

enum {
	MODEM_COMMAND_MS = 10000, /* ours; Kannel waits as long */
	MODEM_PROMPT_MS = 10000,
	MODEM_TRAIL_MS = 5000, /* from +CMGS to the OK that some leave out (ours) */
	MODEM_NO_OK_MS = 300,  /* the same for one that has left it out (ours) */
	MODEM_QUIET_MS = 500,  /* so long nothing comes before it is in step again (ours) */
	MODEM_SYNC_MS = 2000,  /* for the answer to AT */
	MODEM_SYNC_TRIES = 4,
	MODEM_FAULTS = 3,            /* then it rests: SMS Server Tools do so, too */
	MODEM_REST_MIN_MS = 60000,   /* doubling up to */
	MODEM_REST_MAX_MS = 3600000, /* an hour */
	MODEM_HEALTH_MS = 60000,     /* between looks at signal and network (ours) */
	MODEM_LIST_MS = 300000,      /* between looks at all that is stored: a safety net (ours) */
	MODEM_AGAIN_MS = 5000,       /* what the host did not take is looked at again */
	MODEM_SIM_MS = 60000,        /* a SIM that asks for a PIN: is it ready by now? */
	MODEM_BUSY_TRIES = 3,        /* after 1, 2 and 4 seconds */
	MODEM_PENDING_MAX = 64,      /* reports and messages that the host has not stored */
	MODEM_READS_MAX = 64,        /* indexes to read; beyond it everything is listed */
	MODEM_HELD_MAX = 64,         /* indexes that stay on the SIM and are not read again */
	MODEM_QUEUE_S = 10,          /* jobs that wait here: what may leave within it (ours) */
	MODEM_AWAY_MAX = 32,         /* recipients that are left alone for now */
	MODEM_ONCE_MAX = 64,         /* messages that were rejected without a reason */
	MODEM_AWAY_MS = 60000,       /* operators.md 4.3: after a minute */
	MODEM_AWAY_LONG_MS = 900000, /* 4.7: +CMS ERROR 38 */
	MODEM_PDU_MAX = FG_TPDU_SMSC_MAX + FG_TPDU_MAX,
	MODEM_NAME_MAX = 31,
};

enum modem_stage { STAGE_CLOSED, STAGE_STARTING, STAGE_READY };
enum modem_sync { SYNC_DONE, SYNC_ESCAPED, SYNC_ASKED, SYNC_SETTLING };

enum modem_end { END_OK, END_ERROR, END_SILENCE };

struct modem_result {
	enum modem_end end;
	enum fg_cms_family family;
	int32_t code; /* -1: none */
};

/* A command in flight: what belongs to it, and who goes on. */
struct modem_command {
	const char *name; /* of answers that are its own: "CSQ"; "": none */
	bool text;        /* lines without a name are, too */
	uint32_t timeout_ms;
	void (*line)(struct fg_modem_session *session, const struct fg_at_event *event);
	void (*prompt)(struct fg_modem_session *session);
	void (*end)(struct fg_modem_session *session, const struct modem_result *result);
};

struct modem_part {
	uint32_t offset;
	uint8_t state; /* enum fg_part_state */
	char ref[FG_REF_MAX + 1];
};

struct modem_job {
	struct modem_job *next;
	struct fg_job job; /* text is ours; offsets is not used */
	enum fg_rc rc;
	uint32_t carrier_code;
	unsigned at; /* part that is next, or on its way */
	bool begun, linked, stopped;
	struct modem_part *parts;
};

enum pending_state {
	PENDING_FREE,
	PENDING_HELD,  /* a report: its job is open, or the host was full */
	PENDING_GIVEN, /* the host has it and has not stored it */
	PENDING_DONE,  /* to be acknowledged, or deleted */
};

struct modem_pending {
	enum pending_state state;
	bool is_report, refused;
	char storage[3];
	int32_t index;     /* -1: it came directly */
	int place;         /* of a report's segment in the state; -1: none */
	uint8_t reference; /* of a report */
	uint64_t token;
	uint64_t again_ms; /* HELD: not before */
	struct fg_delivery_report report;
};

/* A recipient that cannot be reached now: each try would be a segment of the cap. */
struct modem_away {
	uint32_t recipient, code;
	uint64_t until_ms; /* 0: free */
};

struct modem_index {
	char storage[3];
	int32_t index;
};

struct fg_modem_session {
	struct fg_adapter_host *host;
	const struct fg_conf_links *conf;
	struct fg_modem_state *state;
	fg_modem_send_cb send;
	void *arg;
	struct fg_modem_time now;
	struct fg_at_reader reader;
	enum modem_stage stage;
	enum fg_modem_close close_why;
	char close_note[128];
	bool draining, drained_said;

	/* the command in flight, and being out of step */
	const struct modem_command *command; /* NULL: none */
	uint64_t command_due_ms;
	enum modem_sync sync;
	unsigned sync_tries;
	uint64_t sync_due_ms;

	/* start-up */
	unsigned step, step_tries;
	uint64_t step_due_ms;
	char trouble[96]; /* why it cannot start; "" */

	/* what it is and can */
	const struct fg_modem_profile *profile;
	char maker[MODEM_NAME_MAX + 1], model[MODEM_NAME_MAX + 1];
	char imei[FG_MODEM_SIM_MAX + 1], sim[FG_MODEM_SIM_MAX + 1], number[33];
	bool acknowledges;       /* +CSMS: 1, so what comes directly wants +CNMA */
	bool mode_again;         /* it may have stopped to bring things: +CNMI anew */
	bool clears;             /* <bfr> of +CNMI is 1, without a choice */
	unsigned mode;           /* row of the indication modes */
	uint32_t modes;          /* bit by row: it has said that it can */
	uint32_t storages;       /* bit by row, the same */
	char home[3], memory[3]; /* storage that it should and does read; "": it has no choice */
	bool has_reports;        /* a storage of their own for reports, "SR" (27.005, 3.2.2) */
	bool apart;              /* and reports are put there */
	bool list_apart;         /* it is to be listed now */
	bool no_validity, no_link;
	bool no_ok; /* it has left out the OK behind +CMGS */

	/* health */
	int registered;  /* +CREG stat; -1: it does not say */
	int signal;      /* 0..31, 99 or -1: not known */
	int used, total; /* places of the storage; -1 */
	char operator_name[MODEM_NAME_MAX + 1];
	bool full_said;
	unsigned health_step; /* 0: no look is under way */
	uint64_t health_due_ms, list_due_ms;
	unsigned faults;
	uint64_t rest_ms;

	/* jobs */
	struct modem_job *first, **last;
	unsigned jobs_count;
	uint64_t pace_due_ms, busy_until_ms;
	unsigned busy_tries;
	char body[2 * MODEM_PDU_MAX + 2]; /* clear text; wiped when it left */
	size_t body_len;
	bool body_left, with_validity;
	int32_t told_reference; /* of +CMGS; -1 */
	unsigned place;         /* of the segment on its way, in the state */
	uint64_t place_ms;
	struct modem_away away[MODEM_AWAY_MAX];
	struct fg_id once[MODEM_ONCE_MAX]; /* messages given back for their one more try */
	unsigned once_next;                /* of them, the oldest */
	struct fg_job_outcome outcome;

	/* what comes in */
	struct modem_pending pending[MODEM_PENDING_MAX];
	struct modem_pending *finishing; /* is acknowledged or deleted now */
	struct modem_index reads[MODEM_READS_MAX], reading, held[MODEM_HELD_MAX];
	unsigned reads_count, held_count;
	uint64_t tokens;
	uint8_t pdu[MODEM_PDU_MAX]; /* clear text; wiped when it was read */

	/* what the host has heard */
	struct {
		bool any, up;
		uint32_t credits, jobs;
		char note[128];
	} said;
	uint32_t carrier_code;
	uint32_t limit_most;
	char note[128]; /* while it is closed */
};

#define LOG_MODEM(session, level, fmt, ...)                                                        \
	LOG_LINK(fg_host_name((session)->host), DMODEM, level, fmt, ##__VA_ARGS__)

/* session.c */
void dialogue_command(struct fg_modem_session *session, const struct modem_command *command,
		      const char *text);
void dialogue_send(struct fg_modem_session *session, const void *data, size_t len);
void dialogue_close(struct fg_modem_session *session, enum fg_modem_close why, const char *note);
/* The modem failed at something: after the third time in a row it rests. */
void dialogue_fault(struct fg_modem_session *session, const char *what);
uint32_t dialogue_code(const struct modem_result *result);

#define REPORT_STORAGE "SR"

/* startup.c */
void startup_begin(struct fg_modem_session *session);
void startup_pump(struct fg_modem_session *session);
/* Set the indication mode again; true when a command was sent. */
bool startup_mode_again(struct fg_modem_session *session);

/* outbound.c */
enum fg_rc outbound_take(struct fg_modem_session *session, const struct fg_job *job);
bool outbound_pump(struct fg_modem_session *session);
uint64_t outbound_next_ms(const struct fg_modem_session *session);
/* Nothing leaves any more: the segment whose PDU left is unknown, all else is deferred. */
void outbound_abandon(struct fg_modem_session *session, enum fg_rc rc);
void outbound_defer_waiting(struct fg_modem_session *session, enum fg_rc rc);
bool outbound_open_for(const struct fg_modem_session *session, uint16_t message_reference,
		       uint32_t recipient);
/* Is the silence all that this modem says after +CMGS? */
bool outbound_is_said(const struct fg_modem_session *session);
bool outbound_under_way(const struct fg_modem_session *session);
/* A +CMGS that came too late for its command: its segment has a reference now. */
void outbound_late(struct fg_modem_session *session, const struct fg_at_event *event);
uint32_t outbound_cap_left(const struct fg_modem_session *session);

/* inbound.c */
void inbound_pdu(struct fg_modem_session *session, const struct fg_at_event *event,
		 const char *storage, int32_t index);
void inbound_index(struct fg_modem_session *session, const struct fg_at_event *event);
bool inbound_acknowledge(struct fg_modem_session *session);
bool inbound_pump(struct fg_modem_session *session);
bool inbound_list(struct fg_modem_session *session);
void inbound_release(struct fg_modem_session *session);
void inbound_stored(struct fg_modem_session *session, uint64_t token, bool good, bool for_good);
unsigned inbound_waiting(const struct fg_modem_session *session);
uint64_t inbound_next_ms(const struct fg_modem_session *session);
/* Nobody will answer for what the host was given. */
void inbound_abandon(struct fg_modem_session *session);
/* The device is gone: what came directly is forgotten, what is stored will be listed. */
void inbound_forget(struct fg_modem_session *session);

/* tell.c */
/* Text of the modem, for people: what is not printable ASCII becomes "?". */
void tell_copy(struct fg_at_text from, char *out, size_t cap);
void tell_changed(struct fg_modem_session *session);
bool tell_is_up(const struct fg_modem_session *session);
bool tell_health_pump(struct fg_modem_session *session);
void tell_network(struct fg_modem_session *session, int stat);
void tell_storage(struct fg_modem_session *session, const struct fg_at_event *event);
