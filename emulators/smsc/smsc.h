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
#include "emulators/common/trouble.h"
#include "emulators/common/words.h"
#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/wire/dlr.h"

enum { FG_SMSC_MO_MAX = 16 };

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
	struct emu_rule rules[EMU_RULES_MAX];
	size_t rules_count;
	struct fg_smsc_mo mo[FG_SMSC_MO_MAX];
	size_t mo_count;
	struct emu_share mix[EMU_SHARES_MAX], receipt_mix[EMU_SHARES_MAX];
	size_t mix_count, receipt_mix_count;
	struct emu_trouble *trouble; /*!< why fg_smsc_new() failed; NULL: is not asked */
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

/*! True while an answer, a receipt or a message from a phone is due later. */
bool fg_smsc_is_busy(const struct fg_smsc *smsc);

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
 * The words are those of emu_outcome_parse() and times=N. \return FG_OK; FG_E_SYNTAX with
 * *line_out set. */
enum fg_rc fg_smsc_script_parse(const char *text, struct fg_smsc_options *options,
				unsigned *line_out);
