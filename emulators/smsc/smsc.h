/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An SMSC for people who test: listens for SMPP, answers as the message's own text, a script, the
 * destination's last two digits or a mix in percent say, joins parts, and gives each whole message
 * to its owner as a phone would show it. The program fallgate-smsc and the tests are its owners. It
 * keeps nothing on disk but the capture it was asked for, and knows no other network than the
 * sockets it listens on. Without sockets, and with a clock of its own: center.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/wire/dlr.h"

enum {
	FG_SMSC_RULES_MAX = 100,
	FG_SMSC_MO_MAX = 16,
	FG_SMSC_SHARES_MAX = 16,
	FG_SMSC_SHARES_WHOLE = 1000000,   /* shares are parts of a million */
	FG_SMSC_DELAY_MAX_MS = 604800000, /* a week: longer than any validity that is in use */
	FG_SMSC_AFTER_DEFAULT = -1,
};

enum fg_smsc_flag {
	FG_SMSC_NO_ANSWER = 1,
	FG_SMSC_CLOSE = 2,         /*!< the connection, instead of the answer */
	FG_SMSC_CUT = 4,           /*!< the connection, in the middle of the answer */
	FG_SMSC_RECEIPT_FIRST = 8, /*!< before the answer */
	FG_SMSC_RECEIPT_LATE = 16, /*!< by options.late_ms */
	FG_SMSC_ANSWER_LATE = 32,
	FG_SMSC_REFUSE_TLV = 64, /*!< status only when there is a vendor TLV */
	FG_SMSC_ONCE = 128,      /*!< status only every other time */
};

/*! What becomes of a message. */
struct fg_smsc_outcome {
	uint32_t status;
	enum fg_dlr_state receipt; /*!< FG_DLR_OTHER: none */
	enum fg_dlr_state via;     /*!< told half way before; FG_DLR_OTHER: none */
	unsigned flags;            /*!< enum fg_smsc_flag */
	unsigned delay_ms;         /*!< of the answer */
	int after_ms;      /*!< from submit to receipt, exactly; FG_SMSC_AFTER_DEFAULT: options' */
	unsigned receipts; /*!< how often the receipt is sent */
	char err[4];       /*!< of the receipt; "" is 000 */
};

/*! A row of a script: what happens to destinations that end so. */
struct fg_smsc_rule {
	char suffix[21];
	struct fg_smsc_outcome outcome;
	unsigned times; /*!< then the rule is spent; 0: never */
	unsigned used;
};

/*! A part of a mix, in millionths of the messages. */
struct fg_smsc_share {
	struct fg_smsc_outcome outcome;
	uint32_t ppm;
};

/*! A message from a phone. */
struct fg_smsc_mo {
	char source[22], destination[22]; /*!< "+" and digits, digits, or letters */
	char system_id[17];               /*!< "": whoever receives */
	bool data_sm;
	unsigned at_ms; /*!< after now (of a script: after the start) */
	char text[256]; /*!< UTF-8; longer ones: fg_smsc_mo_send() */
};

enum fg_smsc_id {
	FG_SMSC_ID_DECIMAL,
	FG_SMSC_ID_HEX,
	FG_SMSC_ID_HEX_LOWER,
};

struct fg_smsc_options {
	const char *listen;         /*!< "127.0.0.1:2775"; port 0: any free one */
	const char *system_id;      /*!< NULL: any */
	const char *password;       /*!< NULL: any */
	bool id_hex;                /*!< both of the next are FG_SMSC_ID_HEX */
	enum fg_smsc_id id, dlr_id; /*!< in responses; in receipts */
	unsigned id_digits;         /*!< pad with zeros to so many, 0..20 */
	unsigned answer_delay_ms;
	unsigned receipt_delay_ms;
	unsigned receipt_jitter_ms; /*!< added at random, so that receipts overtake each other */
	unsigned late_ms;
	bool repeat;     /*!< bring receipts and messages of phones again until they are answered */
	unsigned window; /*!< unanswered messages of a bind before 0x58; 0: no limit */
	unsigned rate;   /*!< messages a second of a system id before 0x58; 0: no limit */
	unsigned burst;
	uint32_t seed;       /*!< first message id, and of the mixes; 0: from the clock */
	bool virtual_clock;  /*!< stands still but for fg_smsc_advance() */
	bool no_text;        /*!< texts choose no outcome */
	const char *pcap;    /*!< file; NULL: none */
	const char *control; /*!< path of a socket; NULL: none */
	struct fg_smsc_rule rules[FG_SMSC_RULES_MAX];
	size_t rules_count;
	struct fg_smsc_mo mo[FG_SMSC_MO_MAX];
	size_t mo_count;
	struct fg_smsc_share mix[FG_SMSC_SHARES_MAX], receipt_mix[FG_SMSC_SHARES_MAX];
	size_t mix_count, receipt_mix_count;
	/*! Makes the connection of an accepted socket, such as a TLS one; NULL: a plain one. The
	 * socket belongs to the result; on NULL the caller closes it. */
	struct bufferevent *(*wrap)(struct event_base *base, int fd, void *arg);
	void *wrap_arg;
};

/*! A whole message. All is borrowed for the call. */
struct fg_smsc_message {
	const char *id;                   /*!< of its last part */
	const char *source, *destination; /*!< international numbers with "+" */
	unsigned parts;
	uint8_t data_coding, esm_class;
	/*! "0204=0007 1612=..." in hex, of the first part that came; "" for none */
	const char *tlvs;
	const char *text; /*!< UTF-8, text_len bytes */
	size_t text_len;
};
typedef void (*fg_smsc_message_cb)(const struct fg_smsc_message *message, void *arg);

/*! What happened since the start, and what is under way. */
struct fg_smsc_counters {
#define FG_SMSC_COUNTER(name, note) uint64_t name;
#include "emulators/smsc/counters.def"
#undef FG_SMSC_COUNTER
	uint64_t status[256]; /*!< answers to messages; others count in other_status */
};

struct fg_smsc;

/*! Listen. *smsc_out is a talloc child of ctx; freeing it closes everything. Without message parts
 * are not joined. \return FG_OK; FG_E_ARG for an address that is none; FG_E_SYSTEM when it cannot
 * be listened on, or a file or the control socket cannot be made; FG_E_NO_MEMORY. */
enum fg_rc fg_smsc_new(void *ctx, struct fg_loop *loop, const struct fg_smsc_options *options,
		       fg_smsc_message_cb message, void *arg, struct fg_smsc **smsc_out);
uint16_t fg_smsc_port(const struct fg_smsc *smsc);

/*! Move a virtual clock; all that is due happens before this returns, in order. \return FG_OK;
 * FG_E_ARG when the clock is not virtual. */
enum fg_rc fg_smsc_advance(struct fg_smsc *smsc, uint64_t ms);

/*! A phone sends: in parts by UDH when long, in UCS-2 when needed. Waits for a receiver when there
 * is none. \return FG_OK; FG_E_UTF8; FG_E_TEXT_LONG; FG_E_ARG for an address that is none;
 * FG_E_NO_MEMORY. mo->text is not read. */
enum fg_rc fg_smsc_mo_send(struct fg_smsc *smsc, const struct fg_smsc_mo *mo, const char *text,
			   size_t text_len);

const struct fg_smsc_counters *fg_smsc_counters(struct fg_smsc *smsc);

/*! One line a counter, or one JSON object in one line. Returns out, always ended with NUL. */
const char *fg_smsc_counters_text(const struct fg_smsc_counters *counters, bool json, char *out,
				  size_t cap);

/*! Read a script: lines DEST-SUFFIX STATUS [WORD]..., or "mo FROM TO AT TEXT"; # begins a comment.
 * The words are those of fg_smsc_outcome_parse() and times=N. \return FG_OK; FG_E_SYNTAX with
 * *line_out set. */
enum fg_rc fg_smsc_script_parse(const char *text, struct fg_smsc_options *options,
				unsigned *line_out);

/*! "STATUS [WORD]...": STATUS is a number or "ok"; the words are receipt=STATE via=STATE delay=MS
 * after=MS receipts=N err=NNN and the bare first, late, noanswer, close, cut. words is cut up.
 * False for anything else. */
bool fg_smsc_outcome_parse(char *words, struct fg_smsc_outcome *outcome_out);

/*! "0x58=5,drop=0.5": a status, drop, close or cut, and percent. False for anything else, or more
 * than 100 in all. */
bool fg_smsc_mix_parse(const char *text, struct fg_smsc_share *shares_out, size_t *count_out);

/*! "UNDELIV=3,none=1": states of receipts and percent; otherwise as fg_smsc_mix_parse(). */
bool fg_smsc_receipt_mix_parse(const char *text, struct fg_smsc_share *shares_out,
			       size_t *count_out);

/*! "250ms", "30s", "5m", "1h"; a bare number is milliseconds. At most a week. */
bool fg_smsc_duration_parse(const char *text, unsigned *ms_out);

/*! "DELIVRD" and so on. False when there is no such word. */
bool fg_smsc_state_by_name(const char *name, enum fg_dlr_state *state_out);
