/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Short messages as a modem and the network speak of them: SMS-SUBMIT, SMS-DELIVER and
 * SMS-STATUS-REPORT, both ways, their addresses, times, validity, coding and user data. Source:
 * 3GPP TS 23.040 (V16.0.0; clauses without a number of a document are its), TS 23.038 for the
 * coding. The other kinds (reports of the transfer layer, SMS-COMMAND) are the modem's business.
 *
 * Nothing is copied and nothing is kept: decoded user data lies in the octets that were decoded,
 * and encoding reads that of the caller. Text and its alphabet are lib/wire/alphabet.h, the
 * information elements of a header lib/wire/udh.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"
#include "lib/wire/alphabet.h"

#define FG_TPDU_MAX 164 /* octets of the longest TPDU of all three kinds */
#define FG_TPDU_UD_MAX                                                                             \
	140 /* 9.2.3.24: octets of TP-UD; less fits beside long addresses in a report */
#define FG_TPDU_SEPTETS_MAX      160 /* 9.2.3.16 */
#define FG_TPDU_DIGITS_MAX       20  /* 9.1.2.5: 12 octets, 10 of them for the value */
#define FG_TPDU_ADDRESS_TEXT_MAX 33  /* 11 septets as UTF-8, at most; without NUL */
#define FG_TPDU_SMSC_MAX         12  /* octets of an SMSC address with its length octet */

/* ---- Addresses (9.1.2.5) ---- */

enum fg_tpdu_ton {
	FG_TPDU_TON_UNKNOWN = 0,
	FG_TPDU_TON_INTERNATIONAL = 1,
	FG_TPDU_TON_NATIONAL = 2,
	FG_TPDU_TON_NETWORK = 3, /*!< network specific */
	FG_TPDU_TON_SUBSCRIBER = 4,
	FG_TPDU_TON_ALPHANUMERIC = 5,
	FG_TPDU_TON_ABBREVIATED = 6,
	FG_TPDU_TON_RESERVED = 7,
};

enum { FG_TPDU_NPI_UNKNOWN = 0, FG_TPDU_NPI_ISDN = 1 };

struct fg_tpdu_address {
	uint8_t ton; /*!< 0..7 */
	uint8_t npi; /*!< 0..15 */
	/*! "0123456789*#abc" without "+", at most FG_TPDU_DIGITS_MAX; UTF-8 when alphanumeric, at
	 * most 11 septets. "" is an address of no digits. */
	char text[FG_TPDU_ADDRESS_TEXT_MAX + 1];
};

/*! Make an address of what people write: "+" and digits is international, digits (with *, #, a, b,
 * c) of unknown type, anything else alphanumeric. \return FG_OK; FG_E_TOO_LONG for more than 20
 * digits or 11 septets; FG_E_TEXT_CODING, FG_E_UTF8 for a name outside the alphabet; FG_E_ARG for
 * an empty text or NUL inside. */
enum fg_rc fg_tpdu_address_from(const char *text, size_t len, struct fg_tpdu_address *out);

/*! Write an address for people, with "+" when international, and NUL. */
void fg_tpdu_address_show(const struct fg_tpdu_address *address,
			  char out[static FG_TPDU_ADDRESS_TEXT_MAX + 2]);

/*! Do both name the same subscriber? Same digits, and the same type unless one is of unknown type:
 * a STATUS-REPORT may give the recipient in another form than the SUBMIT did. */
bool fg_tpdu_address_same(const struct fg_tpdu_address *a, const struct fg_tpdu_address *b);

/*! Read the SMSC address in front of a TPDU in AT commands (TS 27.005, 4.3; TS 24.011, 8.2.5.1):
 * its length octet counts octets. A length of 0 means none: has_out is false.
 * \param[out] prefix_len_out  octets to pass over. \return FG_OK; FG_E_TRUNCATED; FG_E_TOO_LONG;
 * FG_E_PDU_FIELD. */
enum fg_rc fg_tpdu_smsc_read(const void *octets, size_t len, struct fg_tpdu_address *smsc_out,
			     bool *has_out, size_t *prefix_len_out);

/*! Write one, or the octet 0 for NULL: the SIM's. \return FG_OK; FG_E_ARG for alphanumeric ones or
 * what fg_tpdu_address does not allow. */
enum fg_rc fg_tpdu_smsc_write(const struct fg_tpdu_address *smsc,
			      uint8_t out[static FG_TPDU_SMSC_MAX], size_t *len_out);

/* ---- Times (9.2.3.11) ---- */

/*! Local time of who wrote it. When read, a semi-octet that is no digit counts as 0, as 9.2.3.11
 * demands, so this need be no date. */
struct fg_tpdu_time {
	uint8_t year;                             /*!< 0..99: 2000 to 2099 */
	uint8_t month, day, hour, minute, second; /*!< 0..99 */
	int8_t zone_quarters; /*!< local time less UTC in quarters of an hour, -79..79 */
};

/*! \return FG_OK; FG_E_PDU_FIELD when this is no date and time of day. */
enum fg_rc fg_tpdu_time_unix(const struct fg_tpdu_time *time, int64_t *unix_s_out);

/*! \return FG_OK; FG_E_ARG for a year outside 2000 to 2099 or a zone outside -79..79. */
enum fg_rc fg_tpdu_time_of(int64_t unix_s, int zone_quarters, struct fg_tpdu_time *out);

/* ---- Validity (9.2.3.12) ---- */

enum fg_tpdu_vpf { /* 9.2.3.3 */
		   FG_TPDU_VPF_NONE = 0,
		   FG_TPDU_VPF_ENHANCED = 1,
		   FG_TPDU_VPF_RELATIVE = 2,
		   FG_TPDU_VPF_ABSOLUTE = 3,
};

struct fg_tpdu_validity {
	uint8_t format;               /*!< enum fg_tpdu_vpf */
	uint8_t relative;             /*!< 9.2.3.12.1 */
	uint8_t enhanced[7];          /*!< 9.2.3.12.3, as on the wire */
	struct fg_tpdu_time absolute; /*!< 9.2.3.12.2 */
};

/*! The least relative validity of at least seconds; the greatest, 63 weeks, for more. */
struct fg_tpdu_validity fg_tpdu_validity_for(uint32_t seconds);

/*! How long a message is valid from now on. \return FG_OK; FG_E_NOT_FOUND when the SMSC is to
 * choose (no period given); FG_E_PDU_FIELD for a time that is none or a reserved format. */
enum fg_rc fg_tpdu_validity_s(const struct fg_tpdu_validity *validity, int64_t now_unix_s,
			      int64_t *seconds_out);

/* ---- Coding (TS 23.038, 4) ---- */

enum fg_tpdu_waiting {
	FG_TPDU_WAITING_NONE,    /*!< not an indication group */
	FG_TPDU_WAITING_DISCARD, /*!< the text may be discarded */
	FG_TPDU_WAITING_STORE,
};

enum fg_tpdu_units {
	FG_TPDU_SEPTETS, /*!< GSM 7-bit default alphabet, packed */
	FG_TPDU_OCTETS,  /*!< 8-bit data: no text */
	FG_TPDU_UCS2,
};

struct fg_tpdu_coding {
	uint8_t units;         /*!< enum fg_tpdu_units; reserved codings are SEPTETS */
	bool compressed;       /*!< TS 23.042: carried, its text is not read */
	int8_t message_class;  /*!< 0 (shown at once, "flash") to 3; -1 none */
	bool delete_when_read; /*!< marked for automatic deletion */
	uint8_t waiting;       /*!< enum fg_tpdu_waiting */
	bool waiting_active;
	uint8_t waiting_kind; /*!< 0 voice mail, 1 fax, 2 mail, 3 other */
};

struct fg_tpdu_coding fg_tpdu_coding_of(uint8_t dcs);

/*! The TP-DCS for text in an alphabet, message_class -1 or 0..3. ASCII and LATIN1 give 8-bit data. */
uint8_t fg_tpdu_dcs(enum fg_alphabet alphabet, int message_class);

/* ---- User data (9.2.3.16, 9.2.3.24) ---- */

struct fg_tpdu_ud {
	const uint8_t *at; /*!< header and text as on the wire; may be NULL when octets is 0 */
	uint8_t octets;    /*!< of at */
	uint8_t udl;       /*!< TP-UDL: septets or octets as TP-DCS says, header included */
	bool header;       /*!< TP-UDHI: at begins with a user data header */
};

/*! Write user data: a whole header (fg_udh_concat_write(); header_len 0 for none) and text.
 *  \param[in]  alphabet  GSM7 is packed behind fill bits, the others are octets.
 *  \param[out] out       what ud_out borrows.
 *  \return FG_OK; FG_E_UTF8; FG_E_TEXT_CODING; FG_E_TOO_LONG beyond 140 octets; FG_E_UDH for a
 *  header whose length octet is not header_len - 1. Where a long text is cut is the caller's
 *  choice: fg_alphabet_plan(). O(text_len). */
enum fg_rc fg_tpdu_ud_write(const void *header, size_t header_len, enum fg_alphabet alphabet,
			    const void *text, size_t text_len, uint8_t out[static FG_TPDU_UD_MAX],
			    struct fg_tpdu_ud *ud_out);

/*! The same from units ready made: unpacked septets when units is FG_TPDU_SEPTETS (each at most
 * 0x7F, else FG_E_ARG), octets otherwise. */
enum fg_rc fg_tpdu_ud_pack(const void *header, size_t header_len, enum fg_tpdu_units units,
			   const void *body, size_t body_len, uint8_t out[static FG_TPDU_UD_MAX],
			   struct fg_tpdu_ud *ud_out);

/*! Octets of the header, its length octet included; 0 for none. */
size_t fg_tpdu_ud_header_len(const struct fg_tpdu_ud *ud);

/*! What stands behind the header: septets unpacked, one to an octet, as fg_alphabet_decode() takes
 * them; or octets. Parts of one message are joined in this form, since other people's cuts may
 * divide a pair. \return FG_OK; FG_E_UNSUPPORTED when compressed; FG_E_ARG when dcs and ud do not
 * belong together. */
enum fg_rc fg_tpdu_ud_body(uint8_t dcs, const struct fg_tpdu_ud *ud,
			   uint8_t out[static FG_TPDU_SEPTETS_MAX], size_t *len_out);

/*! The text behind the header as UTF-8, septets with the national tables that it names; 480 octets always suffice. \return FG_OK; FG_E_UNSUPPORTED
 * when compressed; FG_E_TEXT_CODING for 8-bit data; FG_E_SPACE; FG_E_ARG as above. */
enum fg_rc fg_tpdu_ud_text(uint8_t dcs, const struct fg_tpdu_ud *ud, void *out, size_t cap,
			   size_t *len_out);

/*! The same of a part of a long message, as fg_alphabet_decode_part() has it. */
enum fg_rc fg_tpdu_ud_part_text(uint8_t dcs, const struct fg_tpdu_ud *ud, void *out, size_t cap,
				size_t *len_out);

/* ---- The three kinds ---- */

enum fg_tpdu_mti { /* 9.2.3.1 */
		   FG_TPDU_DELIVER = 0,
		   FG_TPDU_SUBMIT = 1,
		   FG_TPDU_STATUS_REPORT = 2,
};

/*! 9.2.2.2: from the phone. */
struct fg_tpdu_submit {
	bool reject_duplicates; /*!< TP-RD, 9.2.3.25 */
	bool status_report;     /*!< TP-SRR, 9.2.3.5: wanted */
	bool reply_path;        /*!< TP-RP, 9.2.3.17 */
	uint8_t reference;      /*!< TP-MR, 9.2.3.6 */
	struct fg_tpdu_address destination;
	uint8_t pid; /*!< TP-PID, 9.2.3.9 */
	uint8_t dcs; /*!< TP-DCS, 9.2.3.10 */
	struct fg_tpdu_validity validity;
	struct fg_tpdu_ud ud;
};

/*! 9.2.2.1: to the phone. */
struct fg_tpdu_deliver {
	bool more;            /*!< TP-MMS, 9.2.3.2: more messages wait (the bit is 0 then) */
	bool loop_prevention; /*!< TP-LP, 9.2.3.28 */
	bool status_report;   /*!< TP-SRI, 9.2.3.4: the sender gets one */
	bool reply_path;      /*!< TP-RP */
	struct fg_tpdu_address source;
	uint8_t pid, dcs;
	struct fg_tpdu_time time; /*!< TP-SCTS, 9.2.3.11 */
	struct fg_tpdu_ud ud;
};

/*! 9.2.2.3: to the phone, what became of a SUBMIT. */
struct fg_tpdu_status_report {
	bool more;            /*!< TP-MMS */
	bool loop_prevention; /*!< TP-LP */
	bool of_command;      /*!< TP-SRQ, 9.2.3.26: answers an SMS-COMMAND, not a SUBMIT */
	uint8_t reference;    /*!< TP-MR of the SUBMIT */
	struct fg_tpdu_address recipient;
	struct fg_tpdu_time time;      /*!< TP-SCTS of the SUBMIT */
	struct fg_tpdu_time discharge; /*!< TP-DT, 9.2.3.13 */
	uint8_t status;                /*!< TP-ST, 9.2.3.15: fg_tpdu_status_find() */
	bool has_pi;                   /*!< TP-PI, 9.2.3.27, and what it announces */
	bool has_pid, has_dcs, has_ud; /*!< false unless has_pi */
	uint8_t pid, dcs;              /*!< 0 when not given */
	struct fg_tpdu_ud ud;          /*!< empty when not given */
};

/*! The kind of a TPDU; the direction must be known, since each number has two meanings.
 *  \return FG_OK; FG_E_TRUNCATED when empty; FG_E_PDU_COMMAND for the reserved number. */
enum fg_rc fg_tpdu_kind(const void *octets, size_t len, enum fg_tpdu_mti *mti_out);

/*! Decode len octets, all of them.
 *  \return FG_OK; FG_E_PDU_COMMAND for another kind; FG_E_TRUNCATED when a field goes beyond the
 *  end; FG_E_TOO_LONG for a length that 23.040 forbids; FG_E_TRAILING for octets behind the last
 *  field; FG_E_PDU_FIELD for an address with a fill among its digits; FG_E_UDH for a header longer
 *  than the user data. O(len). */
enum fg_rc fg_tpdu_submit_decode(const void *octets, size_t len, struct fg_tpdu_submit *out);
enum fg_rc fg_tpdu_deliver_decode(const void *octets, size_t len, struct fg_tpdu_deliver *out);
enum fg_rc fg_tpdu_status_report_decode(const void *octets, size_t len,
					struct fg_tpdu_status_report *out);

/*! Encode; FG_TPDU_MAX octets always suffice.
 *  \return FG_OK; FG_E_SPACE; FG_E_ARG for a field outside its range, user data whose octets are
 *  not what udl and dcs say included. O(octets). */
enum fg_rc fg_tpdu_submit_encode(const struct fg_tpdu_submit *submit, void *out, size_t cap,
				 size_t *len_out);
enum fg_rc fg_tpdu_deliver_encode(const struct fg_tpdu_deliver *deliver, void *out, size_t cap,
				  size_t *len_out);
enum fg_rc fg_tpdu_status_report_encode(const struct fg_tpdu_status_report *report, void *out,
					size_t cap, size_t *len_out);

/* ---- TP-ST (9.2.3.15) ---- */

enum fg_tpdu_status_class {
	FG_TPDU_STATUS_DELIVERED,   /*!< transaction completed */
	FG_TPDU_STATUS_UNCONFIRMED, /*!< 01: forwarded, the SMSC cannot tell more. Final */
	FG_TPDU_STATUS_REPLACED,    /*!< 02: another message stands in its place. Final */
	FG_TPDU_STATUS_TRYING,      /*!< temporary, the SMSC goes on: the only one not final */
	FG_TPDU_STATUS_PERMANENT,   /*!< failed */
	FG_TPDU_STATUS_GAVE_UP,     /*!< temporary, but the SMSC has stopped trying: failed */
};

struct fg_tpdu_status {
	enum fg_tpdu_status_class class;
	const char *note; /*!< for people */
};

/*! Never fails: reserved values have the class of their range, those from 80 on count as "service
 * rejected", as 9.2.3.15 demands. O(1). */
struct fg_tpdu_status fg_tpdu_status_find(uint8_t status);

/* ---- Hexadecimal, as AT commands carry all this ---- */

/*! Read digits of both cases. \return FG_OK; FG_E_SYNTAX for an odd number or anything else;
 * FG_E_SPACE. */
enum fg_rc fg_tpdu_unhex(const char *text, size_t len, uint8_t *out, size_t cap, size_t *len_out);

/*! Write capital digits and NUL: 2 * len + 1. \return FG_OK; FG_E_SPACE. */
enum fg_rc fg_tpdu_hex(const void *octets, size_t len, char *out, size_t cap);
