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

struct fg_smpp_ids {
	enum fg_smpp_id_base base;
	unsigned proofs[FG_SMPP_ID_DEC_HEX + 1];
	struct shape shape;
	unsigned next;
	char seen[SEEN][FG_DLR_ID_MAX + 1];
	uint16_t by_value[2][SEEN]; /* [hex] by value: index into seen, plus 1 */
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

static const char *find(const struct fg_smpp_ids *ids, bool hex, uint64_t value)
{
	uint16_t at = ids->by_value[hex][bucket(value)];
	uint64_t there;

	return at && value_of(ids->seen[at - 1], hex, &there) && there == value ? ids->seen[at - 1]
										: NULL;
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

void fg_smpp_ids_response(struct fg_smpp_ids *ids, const char *id)
{
	uint64_t value;
	bool numeric = false;

	if (ids->base == FG_SMPP_ID_SAME)
		return;
	for (unsigned hex = 0; hex < 2; hex++) {
		if (!value_of(id, hex, &value))
			continue;
		ids->by_value[hex][bucket(value)] = (uint16_t)(ids->next + 1);
		numeric = true;
	}
	if (!numeric)
		return;
	snprintf(ids->seen[ids->next], sizeof(ids->seen[0]), "%s", id);
	ids->next = (ids->next + 1) & (SEEN - 1);
	learn_shape(ids, id);
}

static void prove(struct fg_smpp_ids *ids, enum fg_smpp_id_base base)
{
	if (ids->base == FG_SMPP_ID_AUTO && ++ids->proofs[base] >= PROOFS)
		ids->base = base;
}

/* The id among those seen: the same value when the receipt is read in one base and the response in
 * the other. */
static const char *seen_as(const struct fg_smpp_ids *ids, const char *id, bool response_hex,
			   bool receipt_hex)
{
	uint64_t value;

	return value_of(id, receipt_hex, &value) ? find(ids, response_hex, value) : NULL;
}

static void convert(const struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1])
{
	bool response_hex = ids->base == FG_SMPP_ID_HEX_DEC;
	int width = ids->shape.width <= FG_DLR_ID_MAX ? (int)ids->shape.width : 0;
	uint64_t value;

	if (ids->base == FG_SMPP_ID_SAME || !value_of(id, !response_hex, &value))
		return;
	if (!response_hex)
		snprintf(id, FG_DLR_ID_MAX + 1, "%0*" PRIu64, width, value);
	else if (ids->shape.lower)
		snprintf(id, FG_DLR_ID_MAX + 1, "%0*" PRIx64, width, value);
	else
		snprintf(id, FG_DLR_ID_MAX + 1, "%0*" PRIX64, width, value);
}

void fg_smpp_ids_receipt(struct fg_smpp_ids *ids, char id[static FG_DLR_ID_MAX + 1])
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

	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *seen;

		if (ids->base != FG_SMPP_ID_AUTO && ids->base != ways[i].base)
			continue;
		seen = seen_as(ids, id, ways[i].response_hex, ways[i].receipt_hex);
		if (!seen)
			continue;
		prove(ids, ways[i].base);
		memcpy(id, seen, strlen(seen) + 1);
		return;
	}
	if (ids->base != FG_SMPP_ID_AUTO)
		convert(ids, id);
}

enum fg_smpp_id_base fg_smpp_ids_base(const struct fg_smpp_ids *ids)
{
	return ids->base;
}
