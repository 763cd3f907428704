/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TPDUs of all kinds out of a seed: every alphabet, header, type of address and form of validity; texts of every length up to what
 * fits, with escapes and surrogate pairs on the last place. For round trips here, and for other people's decoders in tests/peers.
 */
#pragma once

#include "lib/wire/tpdu.h"

enum tpdu_sample_header {
	TPDU_SAMPLE_PLAIN,
	TPDU_SAMPLE_CONCAT_8BIT,
	TPDU_SAMPLE_CONCAT_16BIT,
	TPDU_SAMPLE_PORTS, /* 9.2.3.24.4 */
	TPDU_SAMPLE_HEADERS,
};

struct tpdu_sample {
	enum fg_tpdu_mti kind;
	struct fg_tpdu_submit submit;
	struct fg_tpdu_deliver deliver;
	struct fg_tpdu_status_report report;
	enum tpdu_sample_header header;
	uint8_t ud_octets[FG_TPDU_UD_MAX]; /* what the ud of the kind borrows */
	/* UTF-8 that a reader of the user data gets; has_text is false for 8-bit data, then body is what was put in */
	bool has_text;
	char text[3 * FG_TPDU_SEPTETS_MAX];
	size_t text_len;
	uint8_t body[FG_TPDU_UD_MAX];
	size_t body_len;
};

/*! The same for the same seed, from which it moves on. index walks through kinds, headers, alphabets and lengths. */
void tpdu_sample_make(uint32_t *seed, unsigned index, struct tpdu_sample *out);

/*! Octets of the sample, into FG_TPDU_MAX. */
enum fg_rc tpdu_sample_encode(const struct tpdu_sample *sample, uint8_t *out, size_t *len_out);

/*! Coding and user data of its kind. */
uint8_t tpdu_sample_dcs(const struct tpdu_sample *sample);
const struct fg_tpdu_ud *tpdu_sample_ud(const struct tpdu_sample *sample);
