/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rate of the TPDU codec, plain lines "tpdu/NAME RATE /s": a part of 152 septets with its header, as a modem sends and gets it. Octets
 * alone, and with the text and the hexadecimal around them. Build it with `make tests/perf/tpdu_bench`, without sanitizers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/wire/tpdu.h"
#include "lib/wire/udh.h"

enum { ROUNDS = 5, CALLS = 400000, TEXT_LEN = 152, HEX_MAX = 2 * FG_TPDU_MAX + 1 };

static char text[TEXT_LEN];

static void must(enum fg_rc rc)
{
	if (rc != FG_OK) {
		fprintf(stderr, "tpdu_bench: %s\n", fg_rc_text(rc));
		exit(1);
	}
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct world {
	struct fg_tpdu_submit submit;
	struct fg_tpdu_deliver deliver;
	uint8_t ud[FG_TPDU_UD_MAX], pdu[FG_TPDU_MAX];
	char hex[HEX_MAX];
	size_t len;
};

static void write_text(struct world *w, unsigned i)
{
	struct fg_udh_concat concat = { (uint16_t)i, true, 2, 1 };
	uint8_t header[FG_UDH_CONCAT_MAX];
	size_t header_len;

	must(fg_udh_concat_write(&concat, header, &header_len));
	must(fg_tpdu_ud_write(header, header_len, FG_ALPHABET_GSM7, text, TEXT_LEN, w->ud,
			      &w->submit.ud));
}

static double encode_all(struct world *w)
{
	double start = now_s();

	for (unsigned i = 0; i < CALLS; i++) {
		w->submit.reference = (uint8_t)i;
		must(fg_tpdu_submit_encode(&w->submit, w->pdu, sizeof(w->pdu), &w->len));
	}
	return CALLS / (now_s() - start);
}

/* The whole way of a part: text to the line of an AT command. */
static double send_all(struct world *w)
{
	double start = now_s();

	for (unsigned i = 0; i < CALLS; i++) {
		write_text(w, i);
		w->submit.reference = (uint8_t)i;
		must(fg_tpdu_submit_encode(&w->submit, w->pdu, sizeof(w->pdu), &w->len));
		must(fg_tpdu_hex(w->pdu, w->len, w->hex, sizeof(w->hex)));
	}
	return CALLS / (now_s() - start);
}

static double decode_all(struct world *w)
{
	struct fg_tpdu_deliver got;
	double start;

	must(fg_tpdu_deliver_encode(&w->deliver, w->pdu, sizeof(w->pdu), &w->len));
	start = now_s();
	for (unsigned i = 0; i < CALLS; i++)
		must(fg_tpdu_deliver_decode(w->pdu, w->len, &got));
	return CALLS / (now_s() - start);
}

static double receive_all(struct world *w)
{
	char read[3 * FG_TPDU_SEPTETS_MAX];
	struct fg_tpdu_deliver got;
	size_t len, hex_len, text_len = 0;
	double start;

	must(fg_tpdu_deliver_encode(&w->deliver, w->pdu, sizeof(w->pdu), &w->len));
	must(fg_tpdu_hex(w->pdu, w->len, w->hex, sizeof(w->hex)));
	hex_len = 2 * w->len;
	start = now_s();
	for (unsigned i = 0; i < CALLS; i++) {
		must(fg_tpdu_unhex(w->hex, hex_len, w->pdu, sizeof(w->pdu), &len));
		must(fg_tpdu_deliver_decode(w->pdu, len, &got));
		must(fg_tpdu_ud_text(got.dcs, &got.ud, read, sizeof(read), &text_len));
	}
	if (text_len != TEXT_LEN || memcmp(read, text, TEXT_LEN) != 0)
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
	static struct world w;
	static const struct {
		const char *name;
		double (*run)(struct world *w);
	} rows[] = { { "encode_submit", encode_all },
		     { "decode_deliver", decode_all },
		     { "text_to_hex", send_all },
		     { "hex_to_text", receive_all } };
	double rates[ROUNDS];

	for (size_t i = 0; i < TEXT_LEN; i++)
		text[i] = "see you at six "[i % 15];
	must(fg_tpdu_address_from("+12025550199", 12, &w.submit.destination));
	w.submit.status_report = true;
	w.submit.validity = fg_tpdu_validity_for(86400);
	write_text(&w, 1);
	w.deliver.source = w.submit.destination;
	w.deliver.ud = w.submit.ud;
	must(fg_tpdu_time_of(1700000000, 4, &w.deliver.time));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (int j = 0; j < ROUNDS; j++)
			rates[j] = rows[i].run(&w);
		qsort(rates, ROUNDS, sizeof(*rates), compare);
		printf("tpdu/%s %.0f /s\n", rows[i].name, rates[ROUNDS / 2]);
	}
	return 0;
}
