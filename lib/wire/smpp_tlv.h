/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The forms of TLVs that smpp_tlv.def lists, for the codec and the dump. Users of PDUs want smpp.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fg_smpp_tlv_kind {
	FG_SMPP_TLV_KIND_INT,
	FG_SMPP_TLV_KIND_CSTRING,
	FG_SMPP_TLV_KIND_OCTETS,
};

enum fg_smpp_tlv_dump {
	FG_SMPP_TLV_DUMP_VALUE,
	FG_SMPP_TLV_DUMP_LENGTH,
};

struct fg_smpp_tlv_form {
	const char *name;
	enum fg_smpp_tlv_kind kind;
	uint16_t min;
	uint16_t max;
	enum fg_smpp_tlv_dump dump;
};

/*! The row of a tag, or NULL: then it is octets of any length. O(1). */
const struct fg_smpp_tlv_form *fg_smpp_tlv_form_find(uint16_t tag);

/*! May a TLV of that tag have so many octets? */
bool fg_smpp_tlv_len_allowed(uint16_t tag, size_t len);
