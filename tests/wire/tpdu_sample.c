/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/wire/tpdu_sample.h"

#include <stdio.h>
#include <string.h>
#include "lib/wire/udh.h"

enum { LCG_A = 1664525, LCG_C = 1013904223 };

static unsigned below(uint32_t *seed, unsigned limit)
{
	*seed = *seed * LCG_A + LCG_C;
	return (*seed >> 8) % limit;
}

static bool coin(uint32_t *seed)
{
	return below(seed, 2);
}

/* ---- Addresses and times ---- */

static const char *const names[] = { "Fallgate", "A",   "bank [1]",    "Z\xC3\xBCrich",
				     "@@@@@@@",  "{}~", "12345678901", "\xCE\xA9mega" };

static void make_address(uint32_t *seed, struct fg_tpdu_address *out)
{
	static const char digits[] = "0123456789*#abc";
	unsigned len = 1 + below(seed, FG_TPDU_DIGITS_MAX), kinds = coin(seed) ? 10 : 15;

	memset(out, 0, sizeof(*out));
	out->ton = (uint8_t)below(seed, 7);
	out->npi = (uint8_t)(coin(seed) ? FG_TPDU_NPI_ISDN : below(seed, 16));
	if (out->ton == FG_TPDU_TON_ALPHANUMERIC) {
		out->npi = FG_TPDU_NPI_UNKNOWN;
		snprintf(out->text, sizeof(out->text), "%s",
			 names[below(seed, sizeof(names) / sizeof(*names))]);
		return;
	}
	for (unsigned i = 0; i < len; i++)
		out->text[i] = digits[below(seed, kinds)];
}

static void make_time(uint32_t *seed, struct fg_tpdu_time *out)
{
	*out = (struct fg_tpdu_time){ .year = (uint8_t)below(seed, 100),
				      .month = (uint8_t)(1 + below(seed, 12)),
				      .day = (uint8_t)(1 + below(seed, 28)),
				      .hour = (uint8_t)below(seed, 24),
				      .minute = (uint8_t)below(seed, 60),
				      .second = (uint8_t)below(seed, 60),
				      .zone_quarters = (int8_t)((int)below(seed, 113) - 56) };
}

static void make_validity(uint32_t *seed, struct fg_tpdu_validity *out)
{
	memset(out, 0, sizeof(*out));
	out->format = (uint8_t)below(seed, 4);
	if (out->format == FG_TPDU_VPF_RELATIVE)
		out->relative = (uint8_t)below(seed, 256);
	if (out->format == FG_TPDU_VPF_ABSOLUTE)
		make_time(seed, &out->absolute);
	if (out->format == FG_TPDU_VPF_ENHANCED) {
		out->enhanced[0] = (uint8_t)(1 + below(seed, 2)); /* 9.2.3.12.3 */
		out->enhanced[1] = (uint8_t)(1 + below(seed, 255));
	}
}

/* ---- User data ---- */

static size_t make_header(uint32_t *seed, enum tpdu_sample_header kind, uint8_t out[static 16])
{
	static const uint8_t ports[] = { 0x06, 0x05, 0x04, 0x0B, 0x84, 0x23, 0xF0 };
	struct fg_udh_concat concat = { .wide = kind == TPDU_SAMPLE_CONCAT_16BIT,
					.total = (uint8_t)(1 + below(seed, 255)) };
	size_t len = 0;

	concat.reference = (uint16_t)below(seed, concat.wide ? 0x10000 : 0x100);
	concat.sequence = (uint8_t)(1 + below(seed, concat.total));
	switch (kind) {
	case TPDU_SAMPLE_PORTS:
		memcpy(out, ports, sizeof(ports));
		return sizeof(ports);
	case TPDU_SAMPLE_CONCAT_8BIT:
	case TPDU_SAMPLE_CONCAT_16BIT:
		fg_udh_concat_write(&concat, out, &len);
		return len;
	case TPDU_SAMPLE_PLAIN:
	case TPDU_SAMPLE_HEADERS:
		break;
	}
	return 0;
}

struct piece {
	const char *utf8;
	unsigned units; /* septets, or 16-bit units */
};

/* The second of each row is what must not be divided: it comes last whenever it fits. */
static const struct piece gsm7_pieces[] = {
	{ "a", 1 }, { "\xE2\x82\xAC", 2 }, { "[", 2 },        { "\xC3\xA9", 1 },
	{ "@", 1 }, { "\n", 1 },           { "\xCE\xA9", 1 }, { "0", 1 },
};
static const struct piece ucs2_pieces[] = {
	{ "a", 1 },
	{ "\xF0\x9F\x98\x80", 2 },
	{ "\xD0\x96", 1 },
	{ "\xE4\xBD\xA0", 1 },
	{ "\xF0\x9F\x8E\x89", 2 },
	{ "\xC3\xA9", 1 },
};

static void append(struct tpdu_sample *out, const char *utf8)
{
	size_t len = strlen(utf8);

	memcpy(out->text + out->text_len, utf8, len);
	out->text_len += len;
}

/* A text of exactly units. */
static void make_text(uint32_t *seed, const struct piece *pieces, unsigned count, unsigned units,
		      struct tpdu_sample *out)
{
	bool pair_last = units >= 2 && coin(seed);
	const struct piece *piece;

	units -= pair_last ? 2 : 0;
	while (units > 0) {
		piece = &pieces[below(seed, count)];
		if (piece->units > units)
			piece = &pieces[0];
		append(out, piece->utf8);
		units -= piece->units;
	}
	if (pair_last)
		append(out, pieces[1].utf8);
}

static size_t room(enum fg_tpdu_units units, size_t header_len, size_t octets)
{
	if (units == FG_TPDU_SEPTETS)
		return octets * 8 / 7 - (header_len * 8 + 6) / 7;
	return units == FG_TPDU_UCS2 ? (octets - header_len) / 2 : octets - header_len;
}

static void make_ud(uint32_t *seed, unsigned index, enum fg_tpdu_units units, size_t octets,
		    struct tpdu_sample *out, struct fg_tpdu_ud *ud)
{
	uint8_t header[16];
	size_t header_len = make_header(seed, out->header, header);
	unsigned length = index % (unsigned)(room(units, header_len, octets) + 1);

	out->has_text = units != FG_TPDU_OCTETS;
	if (units == FG_TPDU_OCTETS) {
		for (out->body_len = 0; out->body_len < length; out->body_len++)
			out->body[out->body_len] = (uint8_t)below(seed, 256);
		fg_tpdu_ud_pack(header, header_len, units, out->body, out->body_len, out->ud_octets,
				ud);
		return;
	}
	if (units == FG_TPDU_SEPTETS)
		make_text(seed, gsm7_pieces, sizeof(gsm7_pieces) / sizeof(*gsm7_pieces), length,
			  out);
	else
		make_text(seed, ucs2_pieces, sizeof(ucs2_pieces) / sizeof(*ucs2_pieces), length,
			  out);
	fg_tpdu_ud_write(header, header_len,
			 units == FG_TPDU_SEPTETS ? FG_ALPHABET_GSM7 : FG_ALPHABET_UCS2, out->text,
			 out->text_len, out->ud_octets, ud);
}

static uint8_t make_dcs(uint32_t *seed, enum fg_tpdu_units units)
{
	static const uint8_t septets[] = { 0x00, 0x10, 0x11, 0x12, 0x13,
					   0xC8, 0xD0, 0xF0, 0xF1, 0x40 };
	static const uint8_t octets[] = { 0x04, 0x14, 0x15, 0xF4, 0xF5, 0x44 };
	static const uint8_t ucs2[] = { 0x08, 0x18, 0x19, 0xE0, 0xE9, 0x48 };

	if (units == FG_TPDU_SEPTETS)
		return septets[below(seed, sizeof(septets))];
	return units == FG_TPDU_UCS2 ? ucs2[below(seed, sizeof(ucs2))]
				     : octets[below(seed, sizeof(octets))];
}

/* ---- The kinds ---- */

static void make_submit(uint32_t *seed, struct fg_tpdu_submit *submit)
{
	submit->reject_duplicates = coin(seed);
	submit->status_report = coin(seed);
	submit->reply_path = coin(seed);
	submit->reference = (uint8_t)below(seed, 256);
	submit->pid = (uint8_t)(coin(seed) ? 0 : 0x41);
	make_address(seed, &submit->destination);
	make_validity(seed, &submit->validity);
}

static void make_deliver(uint32_t *seed, struct fg_tpdu_deliver *deliver)
{
	deliver->more = coin(seed);
	deliver->loop_prevention = coin(seed);
	deliver->status_report = coin(seed);
	deliver->reply_path = coin(seed);
	deliver->pid = (uint8_t)(coin(seed) ? 0 : 0x41);
	make_address(seed, &deliver->source);
	make_time(seed, &deliver->time);
}

static void make_report(uint32_t *seed, struct fg_tpdu_status_report *report)
{
	report->more = coin(seed);
	report->loop_prevention = coin(seed);
	report->of_command = coin(seed);
	report->reference = (uint8_t)below(seed, 256);
	report->status = (uint8_t)below(seed, 0x80);
	make_address(seed, &report->recipient);
	make_time(seed, &report->time);
	make_time(seed, &report->discharge);
}

static void make_optional(uint32_t *seed, unsigned index, enum fg_tpdu_units units,
			  struct tpdu_sample *out)
{
	struct fg_tpdu_status_report *report = &out->report;
	/* what two addresses of any length leave of a TPDU: 164 - 1 - 1 - 12 - 7 - 7 - 1 - 4 */
	const size_t octets = 131;

	report->has_pi = below(seed, 4) > 0;
	if (!report->has_pi)
		return;
	report->has_pid = coin(seed);
	report->pid = 0;
	report->has_ud = coin(seed);
	report->has_dcs = coin(seed) || (report->has_ud && units != FG_TPDU_SEPTETS);
	if (report->has_dcs)
		report->dcs = make_dcs(seed, units);
	if (report->has_ud)
		make_ud(seed, index, units, octets, out, &report->ud);
}

void tpdu_sample_make(uint32_t *seed, unsigned index, struct tpdu_sample *out)
{
	enum fg_tpdu_units units = (enum fg_tpdu_units)(index / 3 % 3);

	memset(out, 0, sizeof(*out));
	out->kind = (enum fg_tpdu_mti)(index % 3);
	out->header = (enum tpdu_sample_header)(index / 9 % TPDU_SAMPLE_HEADERS);
	index /= 9 * TPDU_SAMPLE_HEADERS;
	switch (out->kind) {
	case FG_TPDU_SUBMIT:
		make_submit(seed, &out->submit);
		out->submit.dcs = make_dcs(seed, units);
		make_ud(seed, index, units, FG_TPDU_UD_MAX, out, &out->submit.ud);
		break;
	case FG_TPDU_DELIVER:
		make_deliver(seed, &out->deliver);
		out->deliver.dcs = make_dcs(seed, units);
		make_ud(seed, index, units, FG_TPDU_UD_MAX, out, &out->deliver.ud);
		break;
	case FG_TPDU_STATUS_REPORT:
		make_report(seed, &out->report);
		make_optional(seed, index, units, out);
		break;
	}
}

enum fg_rc tpdu_sample_encode(const struct tpdu_sample *sample, uint8_t *out, size_t *len_out)
{
	switch (sample->kind) {
	case FG_TPDU_SUBMIT:
		return fg_tpdu_submit_encode(&sample->submit, out, FG_TPDU_MAX, len_out);
	case FG_TPDU_DELIVER:
		return fg_tpdu_deliver_encode(&sample->deliver, out, FG_TPDU_MAX, len_out);
	case FG_TPDU_STATUS_REPORT:
		break;
	}
	return fg_tpdu_status_report_encode(&sample->report, out, FG_TPDU_MAX, len_out);
}

uint8_t tpdu_sample_dcs(const struct tpdu_sample *sample)
{
	return sample->kind == FG_TPDU_SUBMIT    ? sample->submit.dcs
	       : sample->kind == FG_TPDU_DELIVER ? sample->deliver.dcs
						 : sample->report.dcs;
}

const struct fg_tpdu_ud *tpdu_sample_ud(const struct tpdu_sample *sample)
{
	return sample->kind == FG_TPDU_SUBMIT    ? &sample->submit.ud
	       : sample->kind == FG_TPDU_DELIVER ? &sample->deliver.ud
						 : &sample->report.ud;
}
