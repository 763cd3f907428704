/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rate of the SMPP codec: a submit_sm with 140 octets and 4 TLVs, plain lines "smpp/NAME RATE /s". Build it with
 * `make tests/perf/smpp_bench`, without sanitizers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/wire/smpp.h"

enum { ROUNDS = 5, CALLS = 400000, TEXT_LEN = 140 };

static const uint8_t text[TEXT_LEN] = "see you at six";

static void must(enum fg_rc rc)
{
	if (rc != FG_OK) {
		fprintf(stderr, "smpp_bench: %s\n", fg_rc_text(rc));
		exit(1);
	}
}

static void fill(struct fg_smpp_pdu *pdu, uint32_t sequence)
{
	pdu->command = FG_SMPP_SUBMIT_SM;
	pdu->status = 0;
	pdu->sequence = sequence;
	pdu->tlvs.count = pdu->tlvs.skipped = pdu->tlvs.ill_sized = 0;
	memset(&pdu->sm, 0, sizeof(pdu->sm));
	pdu->sm.source_addr = fg_smpp_text("12025550100");
	pdu->sm.destination_addr = fg_smpp_text("12025550199");
	pdu->sm.short_message = (struct fg_smpp_bytes){ text, sizeof(text) };
	must(fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, sequence & 0xffff));
	must(fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_SOURCE_PORT, 1));
	must(fg_smpp_tlv_add_number(pdu, FG_SMPP_TLV_DESTINATION_PORT, 2));
	must(fg_smpp_tlv_add(pdu, 0x1420, "unprotected", 11));
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The whole of a message's cost: the values are set anew for each PDU. */
static double encode_all(uint8_t *out, size_t cap, size_t *len)
{
	static struct fg_smpp_pdu pdu;
	double start = now_s();

	for (unsigned i = 0; i < CALLS; i++) {
		fill(&pdu, i + 1);
		must(fg_smpp_encode(&pdu, out, cap, len));
	}
	return CALLS / (now_s() - start);
}

static double decode_all(const uint8_t *pdu_octets, size_t len)
{
	static struct fg_smpp_pdu pdu;
	double start = now_s();
	size_t whole;

	for (unsigned i = 0; i < CALLS; i++) {
		must(fg_smpp_frame(pdu_octets, len, FG_SMPP_PDU_MAX, &whole));
		must(fg_smpp_decode(pdu_octets, whole, &pdu));
	}
	if (pdu.tlvs.count != 4 || pdu.sm.short_message.len != TEXT_LEN)
		must(FG_E_PDU_FIELD);
	return CALLS / (now_s() - start);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(void)
{
	static uint8_t octets[512];
	double encodes[ROUNDS], decodes[ROUNDS];
	size_t len = 0;

	for (int i = 0; i < ROUNDS; i++) {
		encodes[i] = encode_all(octets, sizeof(octets), &len);
		decodes[i] = decode_all(octets, len);
	}
	qsort(encodes, ROUNDS, sizeof(*encodes), compare);
	qsort(decodes, ROUNDS, sizeof(*decodes), compare);
	printf("smpp/encode_submit_sm %.0f /s\nsmpp/decode_submit_sm %.0f /s\n",
	       encodes[ROUNDS / 2], decodes[ROUNDS / 2]);
	return 0;
}
