/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a modem says, for the side that commands it: octets in, one event a line out (ITU-T V.250,
 * 5.7; 3GPP TS 27.005 for messages in PDU mode, TS 27.007 for the rest; from here on by number).
 * A modem says lines of three kinds on one wire, in any order: answers, results, and what nobody
 * asked for. Which command a line answers is the caller's to know; what can be told from the line
 * alone is told here. Clear text passes through as hexadecimal, so the caller wipes the reader.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/cursor.h"

#define FG_AT_LINE_MAX 1024 /* ours: the longest PDU needs 352, a list of storages some hundreds */

enum fg_at_kind {
	FG_AT_OK,
	FG_AT_ERROR,     /*!< ERROR, and what modems say for it */
	FG_AT_CME_ERROR, /*!< 27.007, 9.2: number, or -1 and a text */
	FG_AT_CMS_ERROR, /*!< 27.005, 3.2.5 */
	FG_AT_PROMPT,    /*!< 27.005, 4.3: the modem waits for a PDU */
	FG_AT_INFO,      /*!< "+NAME: rest" */
	FG_AT_TEXT,      /*!< a line without a name, such as that which answers AT+CGSN */
	FG_AT_PDU,       /*!< a header and the PDU on the line after it */
	FG_AT_STORED,    /*!< unsolicited: a message or report lies at an index */
	FG_AT_ECHO,      /*!< our own command comes back */
	FG_AT_NOISE,     /*!< RING, NO CARRIER, and lines that are too long */
};

enum fg_at_from {
	FG_AT_FROM_CMT, /*!< unsolicited: a message (27.005, 3.4.1) */
	FG_AT_FROM_CDS, /*!< unsolicited: a status report */
	FG_AT_FROM_CMGR,
	FG_AT_FROM_CMGL,
	FG_AT_FROM_CMTI, /*!< FG_AT_STORED only */
	FG_AT_FROM_CDSI,
};

/*! Lies in the reader, until the next octet is read. */
struct fg_at_text {
	const char *at;
	size_t len;
};

struct fg_at_event {
	enum fg_at_kind kind;
	enum fg_at_from from;   /*!< of PDU and STORED */
	int32_t number;         /*!< code of an error, index of STORED, octets of PDU; -1: none */
	int32_t index;          /*!< of a CMGL PDU; -1: none */
	int32_t stat;           /*!< of a CMGL or CMGR PDU: 0, 1 received, 2, 3 ours; -1: none */
	bool whole;             /*!< PDU: as long as its header says */
	char storage[3];        /*!< of STORED: "SM", "ME", ... */
	struct fg_at_text name; /*!< INFO: without "+" and colon, but with any other sign */
	struct fg_at_text rest; /*!< behind the colon; the line; of PDU its hexadecimal */
};

/*! The fields are for at.c alone. */
struct fg_at_reader {
	char line[FG_AT_LINE_MAX];
	size_t len;
	bool too_long;
	bool prompted; /* a space is left out */
	struct fg_at_header {
		bool open;    /* a PDU is to follow */
		uint8_t from; /* enum fg_at_from */
		int32_t number;
		int32_t index;
		int32_t stat;
	} header, outer; /* outer: of an answer that something unsolicited came into */
};

void fg_at_reader_init(struct fg_at_reader *reader);

/*! Read octets up to the end of the next line that means something, or to a prompt.
 *  \return true with an event; false when all octets are read and none is there. O(octets). */
bool fg_at_read(struct fg_at_reader *reader, struct fg_cursor *octets,
		struct fg_at_event *event_out);

/*! Is a line still open? After a pause it may be the rest of something that was cut off. */
bool fg_at_reader_open(const struct fg_at_reader *reader);

bool fg_at_text_is(struct fg_at_text text, const char *word);

/* ---- parameters: separated by commas, which inside of "" and () separate nothing ---- */

/*! The parameter at place (from 0) without its quotes and the spaces around it; false: there is
 * none. O(len). */
bool fg_at_parameter(struct fg_at_text rest, unsigned place, struct fg_at_text *out);

/*! As a decimal number; false: there is none, or it is no number up to 2147483647. */
bool fg_at_number(struct fg_at_text rest, unsigned place, int32_t *out);

/*! Of an answer to AT+X=? such as (0-2),(0,1,3): does the parameter at place allow the number? A
 * bare number is a list of one. O(len). */
bool fg_at_allows(struct fg_at_text rest, unsigned place, int32_t number);

/*! The same for quoted words: ("SM","ME"),("SM"). */
bool fg_at_allows_word(struct fg_at_text rest, unsigned place, const char *word);
