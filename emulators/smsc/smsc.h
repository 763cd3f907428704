/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An SMSC for people who test: listens for SMPP, answers as the destination's last two digits or a
 * script say, joins parts, and gives each whole message to its owner as a phone would show it. The
 * program fallgate-smsc and the tests are its owners. It keeps nothing on disk and knows no other
 * network than the socket it listens on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"
#include "lib/base/loop.h"
#include "lib/wire/dlr.h"

enum { FG_SMSC_RULES_MAX = 100 };

/*! A row of a script: what happens to destinations that end so. */
struct fg_smsc_rule {
	char suffix[21];
	uint32_t status;
	enum fg_dlr_state receipt; /*!< FG_DLR_OTHER: none */
	unsigned delay_ms;         /*!< of the answer */
	unsigned times;            /*!< then the rule is spent; 0: never */
	unsigned used;
};

struct fg_smsc_options {
	const char *listen;    /*!< "127.0.0.1:2775"; port 0: any free one */
	const char *system_id; /*!< NULL: any */
	const char *password;  /*!< NULL: any */
	bool id_hex;
	unsigned receipt_delay_ms;
	unsigned late_ms;
	uint32_t seed; /*!< first message id; 0: from the clock */
	struct fg_smsc_rule rules[FG_SMSC_RULES_MAX];
	size_t rules_count;
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

struct fg_smsc;

/*! Listen. *smsc_out is a talloc child of ctx; freeing it closes everything. \return FG_OK;
 * FG_E_ARG for an address that is none; FG_E_SYSTEM when it cannot be listened on; FG_E_NO_MEMORY.
 */
enum fg_rc fg_smsc_new(void *ctx, struct fg_loop *loop, const struct fg_smsc_options *options,
		       fg_smsc_message_cb message, void *arg, struct fg_smsc **smsc_out);
uint16_t fg_smsc_port(const struct fg_smsc *smsc);

/*! Read a script: lines DEST-SUFFIX STATUS [receipt=STATE] [delay=MS] [times=N], # begins a
 * comment. STATUS is a number or "ok"; STATE a word such as DELIVRD, or "none". \return FG_OK;
 * FG_E_SYNTAX with *line_out set. */
enum fg_rc fg_smsc_script_parse(const char *text, struct fg_smsc_options *options,
				unsigned *line_out);

/*! "DELIVRD" and so on. False when there is no such word. */
bool fg_smsc_state_by_name(const char *name, enum fg_dlr_state *state_out);
