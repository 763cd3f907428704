/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SMPP 3.4 PDUs to values and back, tolerant of 5.0 peers: unknown TON, NPI, versions and TLVs
 * pass. No session here: windows, timers and binds are the adapter's. The fields are in
 * smpp_pdu.def, the TLVs in smpp_tlv.def, what a command_status means in smpp_status.h. Source:
 * "Short Message Peer to Peer Protocol Specification v3.4", issue 1.2.
 *
 * Nothing is copied: decoded strings and octets lie in the buffer that was decoded, and encoding
 * reads those of the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

#define FG_SMPP_HEADER_LEN 16
#define FG_SMPP_PDU_MAX                                                                            \
	65552u /* ours: a message_payload of 64 KiB less a few octets, and the header */
#define FG_SMPP_MESSAGE_MAX 254         /* 3.4, 5.2.21 and 5.2.22 */
#define FG_SMPP_TLVS_MAX    32          /* ours: real peers send fewer than ten */
#define FG_SMPP_RESPONSE    0x80000000u /* set in the command of every response (5.1.2) */

enum fg_smpp_command {
#define FG_SMPP_LAYOUT(name, fields)
#define FG_SMPP_COMMAND(NAME, id, name, layout) FG_SMPP_##NAME = id,
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_LAYOUT
#undef FG_SMPP_COMMAND
};

enum fg_smpp_tag {
#define FG_SMPP_TLV(NAME, tag, name, KIND, min, max, DUMP) FG_SMPP_TLV_##NAME = tag,
#include "lib/wire/smpp_tlv.def"
#undef FG_SMPP_TLV
};

/*! Bits of esm_class (5.2.12). */
enum {
	FG_SMPP_ESM_RECEIPT = 0x04,
	FG_SMPP_ESM_INTERMEDIATE = 0x20,
	FG_SMPP_ESM_UDH = 0x40, /*!< the message begins with a user data header */
};

/*! A string or octets; at may be NULL when len is 0. A decoded string of a body is followed by its
 * NUL, not counted in len. */
struct fg_smpp_bytes {
	const uint8_t *at;
	size_t len;
};

/*! A counted list; octets are those of its items, without the count. */
struct fg_smpp_list {
	uint8_t count;
	struct fg_smpp_bytes octets;
};

/*! A destination of submit_multi (4.5.1.1). */
struct fg_smpp_dest {
	uint8_t flag; /*!< 1: an address; 2: a distribution list, whose name is in address */
	uint8_t ton, npi;
	struct fg_smpp_bytes address;
};
enum {
	FG_SMPP_DESTS_MAX = 254,
	FG_SMPP_UNSUCCESS_MAX = 28 /* octets of an item at most: 2 + 21 + 4, and one to spare */
};

#define F_DESTS(field)        struct fg_smpp_list field;
#define F_UNSUCCESS(field)    struct fg_smpp_list field;
#define F_U8(field)           uint8_t field;
#define F_TEXT(field, max)    struct fg_smpp_bytes field;
#define F_ADDRESS(field, max) struct fg_smpp_bytes field;
#define F_SECRET(field, max)  struct fg_smpp_bytes field;
#define F_MESSAGE(field)      struct fg_smpp_bytes field;
#define FG_SMPP_LAYOUT(name, fields)                                                               \
	struct fg_smpp_##name {                                                                    \
		fields                                                                             \
	};
#define FG_SMPP_COMMAND(NAME, id, name, layout)
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_LAYOUT
#undef FG_SMPP_COMMAND
#undef F_U8
#undef F_TEXT
#undef F_ADDRESS
#undef F_SECRET
#undef F_MESSAGE
#undef F_DESTS
#undef F_UNSUCCESS

struct fg_smpp_tlv {
	uint16_t tag;
	uint16_t len;
	/*! len octets, or NULL: then the value is number, in len octets (0..4) */
	const uint8_t *at;
	uint32_t number;
};

struct fg_smpp_tlvs {
	unsigned count;
	unsigned skipped;   /*!< decoding: TLVs beyond FG_SMPP_TLVS_MAX */
	unsigned ill_sized; /*!< decoding: TLVs left out since their length is not that of
			       smpp_tlv.def */
	struct fg_smpp_tlv list[FG_SMPP_TLVS_MAX];
};

/*! One PDU. The command says which member of the union is meant: its layout in smpp_pdu.def. */
struct fg_smpp_pdu {
	uint32_t command; /*!< enum fg_smpp_command, or any number in a header that was refused */
	uint32_t status;
	uint32_t sequence;
	union {
#define FG_SMPP_LAYOUT(name, fields) struct fg_smpp_##name name;
#define FG_SMPP_COMMAND(NAME, id, name, layout)
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_LAYOUT
#undef FG_SMPP_COMMAND
	};
	struct fg_smpp_tlvs tlvs;
};

/*! A field out of a C string, which is borrowed. */
struct fg_smpp_bytes fg_smpp_text(const char *text);

/*! Is there a whole PDU at the start of a stream?
 *  \param[in]  max          longest PDU to take, 16..65552; more counts as 65552.
 *  \param[out] pdu_len_out  its octets.
 *  \return FG_OK; FG_E_TRUNCATED: read more first; FG_E_PDU_LENGTH: the stream is lost, close it.
 * The length is judged as soon as its four octets are there, so nothing need be allocated for a
 * wrong one. */
enum fg_rc fg_smpp_frame(const void *buf, size_t len, size_t max, size_t *pdu_len_out);

/*! Decode exactly one PDU. A response may lack its body (many peers leave it out with an error
 * status): then the fields are empty. \return FG_OK, or FG_E_PDU_LENGTH   len is not the
 * command_length, or outside 16..65552; *pdu_out is untouched; FG_E_PDU_COMMAND  not a command of
 * smpp_pdu.def: answer with generic_nack; FG_E_TRUNCATED    the body ends inside a field or TLV;
 *  FG_E_PDU_FIELD    a string without NUL within its size, or more than 254 octets of
 * short_message. With the last three, command, status and sequence are those of the PDU, so that it
 * can be answered, and all else is without meaning. O(len); no allocation. */
enum fg_rc fg_smpp_decode(const void *buf, size_t len, struct fg_smpp_pdu *pdu_out);

/*! Encode a PDU into buf. An error response without TLVs is written without body (4.1.2, 4.4.2).
 *  \return FG_OK; FG_E_PDU_COMMAND; FG_E_SPACE; FG_E_PDU_LENGTH beyond 65552 octets; FG_E_ARG for
 * more than 32 TLVs; FG_E_PDU_FIELD for a string that is too long or has a NUL, for short_message
 * beside message_payload (5.3.2.32), for a TLV of a length that smpp_tlv.def does not allow. After
 * an error the octets of buf are without meaning. */
enum fg_rc fg_smpp_encode(const struct fg_smpp_pdu *pdu, void *buf, size_t cap, size_t *len_out);

/*! The first TLV of that tag, or NULL. */
const struct fg_smpp_tlv *fg_smpp_tlv_find(const struct fg_smpp_pdu *pdu, uint16_t tag);

/*! Value of a TLV that smpp_tlv.def calls INT. False when there is none, or the tag is no INT. */
bool fg_smpp_tlv_number(const struct fg_smpp_pdu *pdu, uint16_t tag, uint32_t *number_out);

/*! Value of a TLV with octets, without the NUL of a CSTRING. False when there is none. */
bool fg_smpp_tlv_bytes(const struct fg_smpp_pdu *pdu, uint16_t tag,
		       struct fg_smpp_bytes *bytes_out);

/*! The octets of a TLV of at most four octets as a number. */
uint32_t fg_smpp_tlv_value(const struct fg_smpp_tlv *tlv);

/*! Append a TLV for encoding. For a CSTRING give the NUL as one of the octets. at is borrowed until
 * the PDU is encoded. \return FG_OK; FG_E_SPACE beyond 32 TLVs; FG_E_PDU_FIELD for a length that
 * smpp_tlv.def does not allow. */
enum fg_rc fg_smpp_tlv_add(struct fg_smpp_pdu *pdu, uint16_t tag, const void *at, size_t len);

/*! Append an INT. \return as fg_smpp_tlv_add(); FG_E_ARG for a tag that is no INT or a number that
 * it cannot hold. */
enum fg_rc fg_smpp_tlv_add_number(struct fg_smpp_pdu *pdu, uint16_t tag, uint32_t number);

/*! Walk the destinations of a decoded submit_multi: *at begins at 0. False after the last. */
bool fg_smpp_dest_next(const struct fg_smpp_list *dests, size_t *at, struct fg_smpp_dest *dest_out);

/*! Append a destination that was not taken to the octets of a multi_resp (4.5.2.1).
 *  \return its octets, or 0 when cap is too small or the address too long. */
size_t fg_smpp_unsuccess_put(const struct fg_smpp_dest *dest, uint32_t status, uint8_t *out,
			     size_t cap);

/*! User data of a submit_sm, submit_multi, deliver_sm or data_sm: short_message, or message_payload when that is
 * empty. Empty for other PDUs. */
struct fg_smpp_bytes fg_smpp_message(const struct fg_smpp_pdu *pdu);

/*! Stable name, such as "submit_sm"; "unknown" for anything else. Never NULL. */
const char *fg_smpp_command_name(uint32_t command);

/*! One line for logs: every field by name, cut at cap - 1 characters, with NUL. Of passwords,
 * messages and free text only the length is shown; of addresses the last three characters; whatever
 * is not printable becomes '.'. cap > 0. Returns out. */
const char *fg_smpp_dump(const struct fg_smpp_pdu *pdu, char *out, size_t cap);
