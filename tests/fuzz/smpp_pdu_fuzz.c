/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as one PDU: what decodes and encodes again must decode to what encodes to the same
 * octets. Receipts and dumps are read too.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/dlr.h"
#include "lib/wire/smpp.h"

static uint8_t first[FG_SMPP_PDU_MAX], second[FG_SMPP_PDU_MAX];

static void check(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fg_smpp_pdu pdu;
	struct fg_dlr dlr;
	size_t pdu_len, first_len, second_len;
	char line[512];

	if (fg_smpp_frame(data, len, FG_SMPP_PDU_MAX, &pdu_len) != FG_OK)
		return 0;
	check(pdu_len <= len);
	if (fg_smpp_decode(data, pdu_len, &pdu) != FG_OK)
		return 0;
	check(strlen(fg_smpp_dump(&pdu, line, sizeof(line))) < sizeof(line));
	fg_dlr_from_pdu(&pdu, &dlr);
	if (fg_smpp_encode(&pdu, first, sizeof(first), &first_len) != FG_OK)
		return 0; /* a message in both places is read, but not written */
	/* A response without its body is read as one of empty fields, and written with them. */
	check(first_len <= pdu_len || pdu_len == FG_SMPP_HEADER_LEN);
	check(fg_smpp_decode(first, first_len, &pdu) == FG_OK);
	check(fg_smpp_encode(&pdu, second, sizeof(second), &second_len) == FG_OK);
	check(second_len == first_len && memcmp(first, second, first_len) == 0);
	return 0;
}
