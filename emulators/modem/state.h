/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the emulated modem share: its state, and what each does for the others.
 */
#pragma once

#include "emulators/common/due.h"
#include "emulators/common/join.h"
#include "emulators/modem/phone.h"

enum {
	LINE_CAP = 2048,    /* of a command line; longer ones are an ERROR */
	BODY_CAP = 4096,    /* of what follows a prompt */
	PENDING_CAP = 8192, /* bytes that came while the modem was busy */
	HELD_CAP = 16384,   /* of unsolicited lines that wait */
	PARAMS_MAX = 16,
	PDU_CAP = FG_TPDU_SMSC_MAX + FG_TPDU_MAX,
	SUBMITS_KEPT = 256, /* a reference is one octet */
	INCOMING_MAX = 10000,
	ICCID_DIGITS = 20,
	OPERATOR_NUMERIC = 101, /* MCC 001, MNC 01: the test network (ITU-T E.212, annex) */
};

/* ---- Profiles ---- */

enum phone_quirk {
	QUIRK_PLAIN_ERROR = 1,    /* ERROR where others say +CMS ERROR or +CME ERROR */
	QUIRK_NO_OK = 2,          /* nothing after "+CMGS: n" */
	QUIRK_EMPTY_PLACE = 4,    /* +CMGR of an empty place is "+CMGR: 0,,0" and OK */
	QUIRK_PHASE_2 = 8,        /* +CSMS=1 is refused */
	QUIRK_ECHO_BODY = 16,     /* echoes what follows the prompt, whatever ATE says */
	QUIRK_NO_LINE_BREAK = 32, /* answers have no CR LF before them */
};

struct phone_profile {
	const char *name, *note;
	const char *manufacturer, *model, *revision;
	const char *lacks;    /* commands, " CSMS CNMA " */
	const char *prompt;   /* what asks for a body */
	const char *memories; /* "SM ME SR": the first is used at start; with SR reports go there */
	const char *cnmi[5];  /* values that it takes, "0123" */
	unsigned sim_slots;
	unsigned quirks;  /* enum phone_quirk */
	const char *boot; /* lines said at start */
};

/* ---- Commands ---- */

enum at_form {
	AT_RUN,  /* AT+X */
	AT_READ, /* AT+X? */
	AT_TEST, /* AT+X=? */
	AT_SET,  /* AT+X=... */
};

/* How a command ended: one of these, AT_CME + code (27.007, 9.2) or AT_CMS + code (3.2.5). */
enum {
	AT_OK,
	AT_ERROR,
	AT_NO_CARRIER,
	AT_PROMPT, /* the body is awaited */
	AT_LATER,  /* phone_finish() will say */
	AT_SILENT,
	AT_CME = 1000,
	AT_CMS = 2000,
};

enum {
	CME_NOT_ALLOWED = 3,
	CME_NO_SIM = 10,
	CME_PIN = 11,
	CME_PUK = 12,
	CME_SIM_FAILURE = 13,
	CME_WRONG_PASSWORD = 16,
	CME_NOT_FOUND = 22,
	CME_PARAMETERS = 50,
	CMS_NOT_ALLOWED = 302,
	CMS_PDU = 304,
	CMS_TEXT = 305,
	CMS_NO_SIM = 310,
	CMS_PIN = 311,
	CMS_SIM_FAILURE = 313,
	CMS_PUK = 316,
	CMS_MEMORY = 320,
	CMS_INDEX = 321,
	CMS_FULL = 322,
	CMS_NO_NETWORK = 331,
	CMS_NO_ACK_EXPECTED = 340,
	CMS_UNKNOWN = 500,
};

struct at_param {
	bool given, quoted;
	const char *at; /* without its quotes; not ended */
	size_t len;
};

struct at_params {
	unsigned count;
	struct at_param list[PARAMS_MAX];
};

struct phone_command;
typedef int (*at_fn)(struct phone *phone, const struct phone_command *command, enum at_form form,
		     const struct at_params *params);

enum {
	FOR_ANY = 0,
	FOR_SIM = 1, /* needs a SIM that is unlocked; +CME ERROR */
	FOR_SMS = 2, /* the same; +CMS ERROR */
};

struct phone_command {
	const char *name; /* without "+" */
	at_fn run;
	unsigned needs; /* FOR_ */
	/* of a plain setting */
	unsigned setting; /* number in phone->settings */
	int first, min, max;
};

/* ---- The store ---- */

enum { MEMORY_SM, MEMORY_ME, MEMORY_SR, MEMORIES };

enum slot_stat { SLOT_UNREAD, SLOT_READ, SLOT_UNSENT, SLOT_SENT };

struct phone_slot {
	bool used;
	uint8_t stat;          /* enum slot_stat */
	uint8_t smsc_len, len; /* of the prefix; of all */
	uint8_t pdu[PDU_CAP];
};

struct phone_memory {
	unsigned size;
	struct phone_slot slot[PHONE_STORE_MAX];
};

/* ---- The network ---- */

/* Something that the network has for the modem. */
struct incoming {
	struct incoming *next;
	bool report, urgent; /* urgent: told though a command has not been answered */
	size_t len;
	uint8_t tpdu[FG_TPDU_MAX];
};

/* Something that is due later. */
struct later {
	struct emu_due due;
	void (*fire)(struct phone *phone, struct later *later); /* frees it */
};

struct submitted {
	bool used;
	uint8_t reference;
	int64_t time_s;
	struct fg_tpdu_address destination;
};

enum line_state {
	LINE_COMMAND,
	LINE_BODY, /* after a prompt */
	LINE_BUSY, /* an answer is due later */
};

enum body_kind { BODY_SEND, BODY_WRITE, BODY_ACK };

enum fault_kind {
	FAULT_LOST_PROMPT,
	FAULT_SILENCE,
	FAULT_HANGUP,
	FAULT_NOISE,
	FAULT_ECHO_STUCK,
	FAULT_DOUBLE_REPORT,
	FAULT_NO_OK,
	FAULT_LATE,
	FAULT_CUT,
	FAULT_GARBAGE,
	FAULT_CMS,
	FAULTS,
};

enum sim_lock { SIM_READY, SIM_PIN, SIM_PUK, SIM_DEAD };

enum charset { CHARSET_GSM, CHARSET_IRA, CHARSET_UCS2, CHARSET_LATIN1, CHARSET_UTF8, CHARSETS };

struct buffer {
	char *at;
	size_t len, cap;
};

struct phone {
	struct phone_options options;
	const struct phone_profile *profile;
	struct phone_owner owner;
	struct phone_counters counters;
	struct emu_heap heap;
	struct emu_told told;
	struct emu_joiner *joiner;
	uint64_t now_us, wall_start_us, random;

	/* the line */
	bool plugged, echo, verbose, quiet, after_result;
	enum line_state state;
	char line[LINE_CAP + 1], again[LINE_CAP + 1];
	size_t line_len;
	bool line_long;
	const char *rest; /* of the command line that runs */
	struct buffer out, slow;
	bool slow_running;
	char pending[PENDING_CAP];
	size_t pending_len;
	char held[HELD_CAP]; /* unsolicited, until the answer is out */
	size_t held_len;
	uint64_t epoch; /* of what is due later for a line that is gone by then */

	/* the body */
	enum body_kind body_kind;
	char body[BODY_CAP];
	size_t body_len;
	unsigned body_octets; /* as the command says */
	struct fg_tpdu_address body_to;
	uint8_t body_stat;
	bool body_long;

	/* settings */
	int cmee, settings[32];
	unsigned format; /* +CMGF */
	enum charset charset;
	unsigned memory[3]; /* MEMORY_ of +CPMS */
	int cnmi[5];        /* mode, mt, bm, ds, bfr */
	unsigned service;   /* +CSMS */
	int csmp[4];        /* fo, vp, pid, dcs */
	bool csdh;
	char smsc[FG_TPDU_DIGITS_MAX + 2];
	unsigned creg[3], cops_format, function, mer;

	/* the network and the SIM */
	struct phone_memory *memories; /* MEMORIES of them; they outlive a reset */
	struct incoming *incoming;     /* the first is told next */
	unsigned incoming_count;
	bool unacked;
	uint64_t ack_epoch;
	char buffered[HELD_CAP]; /* with +CNMI mode 0 */
	size_t buffered_len;
	struct submitted submits[SUBMITS_KEPT];
	unsigned reports_due;
	uint8_t next_reference, last_reference, next_concat;
	unsigned registration, rssi;
	bool sim_present, pin_asked;
	char pin[PHONE_PIN_MAX + 1];
	enum sim_lock lock;
	unsigned pin_tries, puk_tries;
	unsigned faults[FAULTS]; /* how often still */
	unsigned fault_cms;
};

/* ---- line.c: what is said ---- */

/* An information response: a line of an answer. */
__attribute__((format(printf, 2, 3))) void phone_info(struct phone *phone, const char *format, ...);

/* Lines under the last one, without an empty one between: a PDU or a text. */
void phone_info_octets(struct phone *phone, const void *octets, size_t len);

/* An unsolicited result code. It waits while an answer is due, unless it is urgent. */
void phone_unsolicited(struct phone *phone, const void *text, size_t len, bool urgent);
__attribute__((format(printf, 2, 3))) void phone_tell(struct phone *phone, const char *format, ...);
void phone_put(struct phone *phone, const void *octets, size_t len);
void phone_flush(struct phone *phone);
void phone_prompt(struct phone *phone, enum body_kind kind);

/* The final result code of a command line, at once or after AT_LATER. */
void phone_finish(struct phone *phone, int result);

/* The same at the end of a line or a body, where the fault "late" has its place. */
void phone_end(struct phone *phone, int result);
void phone_drain(struct phone *phone);

/* ---- dispatch.c ---- */

/* Run what follows "AT". */
int phone_dispatch(struct phone *phone, const char *rest);
void phone_defaults(struct phone *phone);

/* ---- params.c ---- */

/* What follows "=", up to the end or ";". Returns what it has read. */
size_t at_params_read(const char *text, struct at_params *params_out);

/* False when it is given and no number from min to max; *out stays when it is not given. */
bool at_number(const struct at_params *params, unsigned which, int min, int max, int *out);
bool at_given(const struct at_params *params, unsigned which);

/* False when it does not fit. "" when it is not given. */
bool at_text(const struct at_params *params, unsigned which, char *out, size_t cap);

/* ---- at_send.c ---- */

void phone_body_octet(struct phone *phone, char c);

/* ---- store.c ---- */

/* A free place of a memory, or NULL; *index_out counts from 1. */
struct phone_slot *phone_store_free(struct phone *phone, unsigned memory, unsigned *index_out);
struct phone_slot *phone_store_at(struct phone *phone, unsigned memory, int index);
void phone_store_put(struct phone_slot *slot, enum slot_stat stat, const void *smsc,
		     size_t smsc_len, const void *tpdu, size_t len);
unsigned phone_store_used(const struct phone *phone, unsigned memory);
const char *phone_memory_name(unsigned memory);

/* MEMORY_ of that name, when the profile has it; else MEMORIES. */
unsigned phone_memory_find(const struct phone *phone, const char *name);

/* ---- route.c ---- */

/* Told as soon as the modem can take it. */
void phone_incoming_add(struct phone *phone, bool report, bool urgent, const void *tpdu,
			size_t len);

/* Give the program, or the store, what waits and can go. */
void phone_route(struct phone *phone);
int phone_acknowledge(struct phone *phone, bool take);
void phone_unacknowledged(struct phone *phone);
void phone_buffered_flush(struct phone *phone, bool tell);

/* ---- air.c ---- */

/* Give a SUBMIT to the network, for the command "CMGS" or "CMSS". Returns its result. */
int phone_submit(struct phone *phone, const char *command, const uint8_t *tpdu, size_t len);
bool phone_in_service(const struct phone *phone);
void phone_happened(struct phone *phone, const char *kind, const char *number, unsigned reference,
		    const char *detail);

/* ---- text.c: messages as the text mode shows them, and its characters ---- */

/* "TEXT" in the character set of +CSCS, quotes included. */
const char *phone_quoted(const struct phone *phone, const char *text, char *out, size_t cap);

/* A string parameter as UTF-8. */
bool phone_unquoted(const struct phone *phone, const char *text, size_t len, char *out, size_t cap);

/* What follows "+CMGL: n," or "+CMGR: ", and the text. Both are ended with NUL; false: nothing
 * that the text mode can show. */
bool phone_text_show(const struct phone *phone, const struct phone_slot *slot, bool list,
		     char *head, size_t head_cap, char *text, size_t text_cap,
		     size_t *text_len_out);

/* A SUBMIT of a body that was written in the text mode. Its length, 0: it cannot be written. */
size_t phone_text_submit(struct phone *phone, const char *body, size_t body_len,
			 uint8_t out[static FG_TPDU_MAX]);

/* ---- phone.c: beginning, end, clock ---- */

void *phone_later_new(struct phone *phone, size_t size, uint64_t delay_us,
		      void (*fire)(struct phone *phone, struct later *later));
int64_t phone_wall_s(const struct phone *phone);

/* ---- faults.c ---- */

/* Is that fault to be done now? It is one less then. */
bool phone_fault_now(struct phone *phone, enum fault_kind kind);
bool phone_fault_set(const struct phone *phone, enum fault_kind kind);

/* ---- profile.c ---- */

extern const struct phone_profile phone_profile_generic;
const char *phone_cms_text(unsigned code);
const char *phone_cme_text(unsigned code);
const char *phone_iccid(const struct phone *phone, char out[static ICCID_DIGITS + 1]);
bool phone_sim_usable(const struct phone *phone);
