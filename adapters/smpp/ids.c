/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

enum {
	SEEN = 4096,  /* ids remembered; a power of two */
	PROOFS = 3,   /* receipts that agree before the base is taken as learned (ours) */
	DEC_MAX = 19, /* digits that always fit 64 bits */
	HEX_MAX = 16,
};

/* How the ids of the responses look: all digits of one length where zeros lead, and their case. */
struct shape {
	unsigned width; /* 0: no leading zero was seen */
	bool lower;
};

struct seen {
	uint32_t to; /* whom the message was for: number_of() */
	char id[FG_DLR_ID_MAX + 1];
};

struct fg_smpp_ids {
	enum fg_smpp_id_base base;
	bool told;     /* by the configuration: nothing is learned */
	bool reshaped; /* same base, and yet other zeros or another case */
	unsigned proofs[FG_SMPP_ID_DEC_HEX + 1];
	struct shape shape;
	unsigned next;
	struct seen seen[SEEN];
	uint16_t by_value[2][SEEN]; /* [hex] by value: index into seen, plus 1 */
	struct {
		bool have;
		char id[FG_DLR_ID_MAX + 1];
		uint16_t reference;
	} last;        /* response */
	bool nameless; /* the last messages got no id, or all the same */
	int32_t had_name; /* reference of the first of these, whose id was taken for a name; -1: none */
};

struct fg_smpp_ids *fg_smpp_ids_new(void *ctx, const char *base)
{
	struct fg_smpp_ids *ids = talloc_zero(ctx, struct fg_smpp_ids);

	if (!ids)
		return NULL;
	if (strcmp(base, "same") == 0)
		ids->base = FG_SMPP_ID_SAME;
	else if (strcmp(base, "hex-dec") == 0)
		ids->base = FG_SMPP_ID_HEX_DEC;
	else if (strcmp(base, "dec-hex") == 0)
		ids->base = FG_SMPP_ID_DEC_HEX;
	ids->told = ids->base != FG_SMPP_ID_AUTO;
	return ids;
}

/* The value of a whole string in one base; false when it is no such number of at most 64 bits. */
static bool value_of(const char *id, bool hex, uint64_t *value_out)
{
	size_t len = strlen(id), zeros = strspn(id, "0");
	uint64_t value = 0;

	if (len == 0 || strspn(id, hex ? "0123456789abcdefABCDEF" : "0123456789") != len ||
	    len - zeros > (hex ? HEX_MAX : DEC_MAX))
		return false;
	for (const char *at = id; *at; at++) {
		unsigned digit =
			*at <= '9' ? (unsigned)(*at - '0') : (unsigned)((*at | 0x20) - 'a') + 10;

		value = value * (hex ? 16 : 10) + digit;
	}
	*value_out = value;
	return true;
}

static unsigned bucket(uint64_t value)
{
	return (unsigned)((value * UINT64_C(0x9E3779B97F4A7C15)) >> 52) & (SEEN - 1);
}

static const struct seen *find(const struct fg_smpp_ids *ids, bool hex, uint64_t value)
{
	uint16_t at = ids->by_value[hex][bucket(value)];
	uint64_t there;

	return at && value_of(ids->seen[at - 1].id, hex, &there) && there == value
		       ? &ids->seen[at - 1]
		       : NULL;
}

/* The end of a number, which is the same in every way to write it; 0: it has no digits. */
static uint32_t number_of(const char *address)
{
	uint32_t number = 1;
	size_t digits = 0;

	for (size_t len = strlen(address); len > 0 && digits < 7; len--)
		if (address[len - 1] >= '0' && address[len - 1] <= '9') {
			number = number * 10 + (uint32_t)(address[len - 1] - '0');
			digits++;
		}
	return digits ? number : 0;
}

static void learn_shape(struct fg_smpp_ids *ids, const char *id)
{
	if (id[0] == '0')
		ids->shape.width = (unsigned)strlen(id);
	if (strpbrk(id, "abcdef"))
		ids->shape.lower = true;
	else if (strpbrk(id, "ABCDEF"))
		ids->shape.lower = false;
}

void fg_smpp_ids_response(struct fg_smpp_ids *ids, const char *id, const char *destination)
{
	uint64_t value;
	bool numeric = false;

	if (ids->told && ids->base == FG_SMPP_ID_SAME)
		return;
	for (unsigned hex = 0; hex < 2; hex++) {
		if (!value_of(id, hex, &value))
			continue;
		ids->by_value[hex][bucket(value)] = (uint16_t)(ids->next + 1);
		numeric = true;
	}
	if (!numeric)
		return;
	snprintf(ids->seen[ids->next].id, sizeof(ids->seen[0].id), "%s", id);
	ids->seen[ids->next].to = number_of(destination);
	ids->next = (ids->next + 1) & (SEEN - 1);
	learn_shape(ids, id);
}

/* ---- receipts ---- */

static void prove(struct fg_smpp_ids *ids, enum fg_smpp_id_base base)
{
	if (ids->base == FG_SMPP_ID_AUTO && ++ids->proofs[base] >= PROOFS)
		ids->base = base;
}

/* The id among those seen: the same value when the receipt is read in one base and the response in
 * the other. */
static const struct seen *seen_as(const struct fg_smpp_ids *ids, const char *id, bool response_hex,
				  bool receipt_hex)
{
	uint64_t value;

	return value_of(id, receipt_hex, &value) ? find(ids, response_hex, value) : NULL;
}

/* One id, and in which bases it is that of the receipt. */
struct match {
	const struct seen *at;
	unsigned bases;
	bool many; /* another one as well */
};

static void add(struct match *match, const struct seen *seen, enum fg_smpp_id_base base)
{
	if (!match->at)
		match->at = seen;
	if (strcmp(match->at->id, seen->id) == 0)
		match->bases |= 1u << base;
	else
		match->many = true;
}

/* Small numbers may be another message's in another base: then the one that went to the receipt's number, if that is only one. */
static struct match look(const struct fg_smpp_ids *ids, const char *id, uint32_t to)
{
	static const struct {
		enum fg_smpp_id_base base;
		bool response_hex, receipt_hex;
	} ways[] = {
		/* the same digits: in either base only zeros and case may differ */
		{ FG_SMPP_ID_SAME, false, false },
		{ FG_SMPP_ID_SAME, true, true },
		{ FG_SMPP_ID_HEX_DEC, true, false },
		{ FG_SMPP_ID_DEC_HEX, false, true },
	};
	struct match any = { 0 }, to_it = { 0 };

	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct seen *seen;

		if (ids->base != FG_SMPP_ID_AUTO && ids->base != ways[i].base)
			continue;
		seen = seen_as(ids, id, ways[i].response_hex, ways[i].receipt_hex);
		if (!seen)
			continue;
		add(&any, seen, ways[i].base);
		if (to && seen->to == to)
			add(&to_it, seen, ways[i].base);
	}
	return any.many && to_it.at && !to_it.many ? to_it : any;
}

static void shape_write(const struct shape *shape, char id[static FG_DLR_ID_MAX + 1], bool hex,
			uint64_t value)
{
	int width = shape->width <= FG_DLR_ID_MAX ? (int)shape->width : 0;

	if (!hex)
		snprintf(id, FG_DLR_ID_MAX + 1, "%0*" PRIu64, width, value);
	else if (shape->lower)
		snprintf(id, FG_DLR_ID_MAX + 1, "%0*" PRIx64, width, value);
	else
		snprintf(id, FG_DLR_ID_MAX + 1, "%0*" PRIX64, width, value);
}

/* One that is remembered no more, or was given before we were there. */
static void convert(const struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1])
{
	bool same = ids->base == FG_SMPP_ID_SAME;
	bool response_hex = same || ids->base == FG_SMPP_ID_HEX_DEC;
	uint64_t value;

	if (ids->base == FG_SMPP_ID_AUTO || (same && !ids->reshaped))
		return;
	/* Of the same base it does not matter in which one it is read. */
	if (value_of(id, same ? true : !response_hex, &value))
		shape_write(&ids->shape, id, response_hex, value);
}

void fg_smpp_ids_receipt(struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1],
			 const char *destination)
{
	struct match match = look(ids, id, number_of(destination));

	if (match.many)
		return; /* nobody knows which */
	if (!match.at) {
		convert(ids, id);
		return;
	}
	for (unsigned base = FG_SMPP_ID_SAME; base <= FG_SMPP_ID_DEC_HEX; base++)
		if (match.bases == 1u << base) /* else the digits are the same in either */
			prove(ids, (enum fg_smpp_id_base)base);
	if (match.bases & 1u << FG_SMPP_ID_SAME && strcmp(id, match.at->id) != 0)
		ids->reshaped = true;
	memcpy(id, match.at->id, strlen(match.at->id) + 1);
}

/* ---- ids that are none ---- */

static void write_name(char id[static FG_DLR_ID_MAX + 1], uint16_t reference,
		       const char *destination)
{
	snprintf(id, FG_DLR_ID_MAX + 1, "#%04x:%.32s", reference, destination);
}

bool fg_smpp_ids_name(struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1],
		      uint16_t reference, const char *destination)
{
	bool again = ids->last.have && strcmp(ids->last.id, id) == 0;

	if (!*id) {
		ids->nameless = true;
		ids->had_name = -1;
	} else if (!again) {
		ids->nameless = false;
		ids->had_name = reference;
	} else if (ids->last.reference != reference) {
		ids->nameless = true;
	}
	ids->last.have = true;
	ids->last.reference = reference;
	snprintf(ids->last.id, sizeof(ids->last.id), "%s", id);
#ifndef FG_MUTANT_smpp_ids_constant
	if (!ids->nameless)
		return true;
	write_name(id, reference, destination);
	return false;
#else
	(void)destination;
	return true;
#endif
}

void fg_smpp_ids_receipt_name(const struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1],
			      uint16_t reference, const char *destination)
{
	if (!*id || (ids->nameless && reference != ids->had_name))
		write_name(id, reference, destination);
}

enum fg_smpp_id_base fg_smpp_ids_base(const struct fg_smpp_ids *ids)
{
	return ids->base;
}
