/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The contract of an adapter: code that speaks one protocol to one far side, in a process of its own (one for each configured link).
 *
 *  1. The host gives *jobs*; every job that fg_adapter_ops.job took gets exactly one *outcome*.
 *  2. An adapter announces *credits* (fg_host_state) and is never given more jobs than that. Fewer count from when the vault has heard
 *     it: what was on its way is taken. News of credits alone may wait and be joined, since each costs the core a look at its queues.
 *  3. It never blocks, never retries on its own, and knows no policy: which text, which link, which recipient was decided elsewhere.
 *  4. An outcome says what is known: `accepted` the far side has taken it, `failed` it has not and never will, `deferred` it has not
 *     now, `unknown` it may have. Silence after the bytes left is `unknown`, never `failed`.
 *  5. *Delivery reports* and *inbound* messages may come at any time; each is acknowledged to the carrier only when the host says
 *     that it is durable (fg_adapter_ops.stored).
 *  6. drain: finish what is begun, take no more, then fg_host_drained(). close: every open job gets an outcome, `unknown` if it must.
 *  7. Clear text is in struct fg_clear, is wiped as soon as the bytes are handed to the socket's buffer, and never reaches a log.
 *
 * A new adapter is one folder and two lines: adapters.def and its local.mk. adapters/loop is the model; tests/adapters/contract_test.c
 * runs on every row of adapters.def. An adapter includes this header, adapters/pem.h, lib/base, lib/wire and lib/crypto/clear.h: never gateway/, never
 * another adapter.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/conf.h"
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/base/loop.h"
#include "lib/ipc/frame.h"

struct fg_clear;
struct fg_adapter_host;

enum { FG_PARTS_MAX = 255, FG_REF_MAX = 64, FG_ADAPTER_WHY_MAX = 256 };

/*! One text for one recipient, already marked and cut into parts. Borrowed for the call to ops->job, but for text, which the
 *  adapter takes over and frees. */
struct fg_job {
	struct fg_id message_id;
	uint16_t leg;
	char destination[33];    /*!< E.164 with "+" */
	char source[33];         /*!< E.164, alphanumeric or ""; "": the link's own */
	struct fg_clear *text;   /*!< UTF-8, the mark first; fg_clear_free() and free() it */
	uint8_t alphabet;        /*!< enum fg_alphabet (lib/wire/alphabet.h) */
	uint8_t parts;           /*!< 1..255 */
	const uint32_t *offsets; /*!< [parts]: where each part begins in text */
	/*! the same in every part; per recipient, allotted durably by the core */
	uint16_t concat_ref;
	uint16_t message_reference; /*!< user_message_reference, where the protocol has one */
	uint32_t validity_s;
	uint8_t flags; /*!< enum fg_submit_flag: shown at once, and before others, where the protocol can say so */
	uint8_t protocol_id; /*!< TP-PID */
};

struct fg_job_outcome {
	struct fg_id message_id;
	uint16_t leg;
	/*! of the whole: accepted only if every part is; unknown if any is; else failed or deferred */
	enum fg_outcome outcome;
	enum fg_rc rc;         /*!< FG_OK when accepted */
	uint32_t carrier_code; /*!< the far side's own code, unchanged; 0 for none */
	uint8_t parts;
	uint8_t part_state[FG_PARTS_MAX]; /*!< enum fg_part_state */
	char ref[FG_PARTS_MAX]
		[FG_REF_MAX + 1]; /*!< the far side's id of each accepted part, "" otherwise */
};

struct fg_delivery_report {
	uint64_t token; /*!< of the adapter; comes back in ops->stored */
	char ref[FG_REF_MAX + 1];
	uint8_t state; /*!< enum fg_dlr_state (lib/wire/dlr.h) */
	bool final;
	char error[17];
	bool has_reference;
	uint16_t message_reference;
	char destination[33]; /*!< whose number it is about */
	uint64_t done_ms;     /*!< Unix; 0 when the report has no date */
};

/*! A message that came in: from an application, or from a carrier. All borrowed for the call; UTF-8 text is wiped by its owner. */
struct fg_submission {
	uint64_t token;      /*!< of the adapter; comes back in ops->taken */
	uint8_t kind;        /*!< enum fg_submit_kind */
	const char *account; /*!< accounts.name; "" for inbound messages */
	const char *source,
		*destination;  /*!< at most 32 characters; E.164 with "+" where it is a number */
	uint8_t message_class; /*!< enum fg_message_class, as a number: 0 otp .. 4 confidential */
	uint8_t flags;         /*!< enum fg_submit_flag */
	uint32_t delay_s, validity_s;
	uint8_t registered, protocol_id;
	bool has_reference;
	uint16_t reference;
	uint16_t concat_ref;
	uint8_t concat_total, concat_part; /*!< total 0: whole; parts from 1 */
	struct fg_bytes key;               /*!< idempotency key; at most 64 bytes */
	struct fg_bytes text;              /*!< clear, UTF-8 */
};

/*! What an application is told of a message. Borrowed for the call. */
struct fg_app_receipt {
	const char *account;
	struct fg_id message_id;
	const char *source, *destination; /*!< as submitted */
	uint8_t state;                    /*!< enum fg_dlr_state */
	bool final;
	uint16_t error;
	uint8_t protection, bearer, reason, segments;
	bool has_reference;
	uint16_t reference;
	uint64_t submit_ms, done_ms;
};

struct fg_app_question {
	uint64_t token; /*!< of the adapter; comes back in ops->answer */
	enum fg_app_ask what;
	const char *account;
	struct fg_id message_id; /*!< all zero: every waiting message from source to destination */
	const char *source, *destination;
	uint32_t validity_s; /*!< replace: 0 for as it is */
	bool has_delay;      /*!< replace: not before delay_s; else as it is */
	uint32_t delay_s;
	uint8_t registered;
	struct fg_bytes
		text; /*!< replace: clear, 1 to 255 octets in the coding of the message (FG_SUBMIT_LATIN1, FG_SUBMIT_UCS2, else GSM) */
};

struct fg_app_answer {
	uint64_t token;
	enum fg_rc rc;
	uint8_t state; /*!< enum fg_dlr_state */
	uint16_t error;
	uint64_t done_ms;
};

struct fg_adapter_ops {
	const char *name; /*!< as in adapters.def and in links.adapter */
	/*! Begin: connect, bind. *adapter_out is the adapter's own state, a talloc child of ctx. */
	enum fg_rc (*open)(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			   const struct fg_conf_links *conf, void **adapter_out);
	/*! Take a job. FG_OK: an outcome follows, also from inside this call. Anything else: not taken, no outcome follows. */
	enum fg_rc (*job)(void *adapter, const struct fg_job *job);
	/*! The report or inbound message of that token is durable: acknowledge it to the carrier. Unknown tokens are ignored. */
	void (*stored)(void *adapter, uint64_t token);
	/* The next three are NULL for an adapter that takes no messages in. */
	/*! The submission of that token is durable (FG_OK: answer its sender with the id), or was refused. */
	void (*taken)(void *adapter, uint64_t token, const struct fg_id *message_id, enum fg_rc rc);
	/*! Tell the application; fg_host_told() follows exactly once, also from inside this call. */
	void (*receipt)(void *adapter, const struct fg_app_receipt *receipt);
	void (*answer)(void *adapter, const struct fg_app_answer *answer);
	/* The next two are NULL for an adapter that runs with what it was opened with: its own link's keys never change under it. */
	/*! The accounts in fg_host_conf() are about to change to those of next, and files of the link may have come anew. Could the adapter
	 *  go on with them? Nothing changes yet. why: for people, when it is not FG_OK. adopt follows. */
	enum fg_rc (*prepare)(void *adapter, const struct fg_conf *next,
			      char why[static FG_ADAPTER_WHY_MAX]);
	/*! adopt: fg_host_conf() has the contents of next now; else what prepare made is forgotten. */
	void (*adopt)(void *adapter, bool adopt);
	/*! The answer to fg_host_device_ask(): a descriptor of the device, the adapter's from now on, or -1, whether there are
	 *  others behind it, and why not, for people. NULL for an adapter that asks for none. */
	void (*device)(void *adapter, int fd_take, bool more, const char *why);
	/*! Whoever answers behind the host has come (say again who is bound) or has gone: then stored, taken and answer come for no token that was
	 *  given before, and fg_host_report(), fg_host_submit() and fg_host_ask() take nothing. NULL: the adapter asks nothing. */
	void (*reach)(void *adapter, bool there);
	void (*drain)(void *adapter);
	/*! Outcomes for all open jobs, then free everything. */
	void (*close)(void *adapter);
};

/*! What else an operator wants to know of a link; all 0 when the adapter does not say. */
struct fg_link_more {
	uint32_t rate;          /*!< segments a second that it sends at most now; 0: not bounded */
	bool throttled;         /*!< the far side asked for less */
	uint32_t round_trip_ms; /*!< from a submit to its answer, smoothed; 0: not known */
	uint32_t window;        /*!< submits that may wait for their answer now; 0: not known */
	uint32_t unanswered;    /*!< and those that do */
	uint32_t own_code;      /*!< the carrier's own code that came last and has words; 0: none */
	char own_note[65];      /*!< these */
};

/* What the host offers. In the process of a link adapters/host.c carries it to the vault; in tests a recorder stands behind it. */

/*! The link's state, on every change. credits: jobs it takes beyond those in flight. note: for people, at most 127 bytes. */
void fg_host_state(struct fg_adapter_host *host, bool up, uint32_t credits, uint32_t in_flight,
		   uint32_t carrier_code, const char *note);
/*! For the next fg_host_state(), and those after it: it says nothing by itself. */
void fg_host_state_more(struct fg_adapter_host *host, const struct fg_link_more *more);
void fg_host_outcome(struct fg_adapter_host *host, const struct fg_job_outcome *outcome);
/*! \return FG_OK: ops->stored will come. FG_E_IPC_FULL: not now; do not acknowledge, the carrier will repeat it. */
enum fg_rc fg_host_report(struct fg_adapter_host *host, const struct fg_delivery_report *report);
/*! A message came in. \return FG_OK: ops->taken will come, never from inside this call. FG_E_IPC_FULL: not now; refuse it with the
 *  protocol's word for "later". */
enum fg_rc fg_host_submit(struct fg_adapter_host *host, const struct fg_submission *submission);
/*! FG_OK: ops->answer will come; FG_E_IPC_FULL. */
enum fg_rc fg_host_ask(struct fg_adapter_host *host, const struct fg_app_question *question);
/*! What became of ops->receipt: ACCEPTED the application has it, DEFERRED it has gone: say it again when it is bound, FAILED it is there and
 *  refused it or was silent: its place is free for another, say this one again after a while. */
void fg_host_told(struct fg_adapter_host *host, const char *account, const struct fg_id *message_id,
		  bool final, enum fg_outcome outcome);
/*! The binds of an account that take receipts, and how many receipts it takes beyond those not answered; on every change. */
void fg_host_bound(struct fg_adapter_host *host, const char *account, uint16_t receivers,
		   uint32_t credits);
/*! The descriptor of a file that the parent opened for this link (enum fg_role_file), -1 for none. The adapter takes it over. */
int fg_host_file_take(struct fg_adapter_host *host, enum fg_role_file kind);
/*! Ask for the device that links.device names, the nth when it is a pattern, opened for this process alone and in raw mode.
 *  ops->device follows exactly once, never from inside this call, unless the adapter is closed before. */
void fg_host_device_ask(struct fg_adapter_host *host, unsigned nth);
/*! The configuration of the accounts, for adapters that applications bind to; NULL without. */
const struct fg_conf *fg_host_conf(const struct fg_adapter_host *host);
/*! All is finished. The host never closes the adapter inside this call. */
void fg_host_drained(struct fg_adapter_host *host);
const char *fg_host_name(const struct fg_adapter_host *host); /*!< the link's name, for logs */

/*! The adapter of that name, or NULL. From adapters.def. */
const struct fg_adapter_ops *fg_adapter_find(const char *name);
