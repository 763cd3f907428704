/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A probe, and an SMSC that says anything at any time. Input: pieces of one octet n and n octets; n of 240 and above moves the clock
 * instead, by (n - 239) * 5 seconds. Whatever comes, it sends no more messages than it said, each of them well-formed, and ends.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "client/ctl/probe_print.h"
#include "lib/wire/smpp.h"

static unsigned submits;

static void check(bool truth)
{
	if (!truth)
		abort();
}

static void on_send(void *arg, unsigned bind, const void *data, size_t len)
{
	struct fg_smpp_pdu pdu;
	size_t pdu_len;

	(void)arg;
	check(bind == 0 && fg_smpp_frame(data, len, FG_SMPP_PDU_MAX, &pdu_len) == FG_OK);
	check(pdu_len == len && fg_smpp_decode(data, len, &pdu) == FG_OK);
	submits += pdu.command == FG_SMPP_SUBMIT_SM;
}

/* What is printed of a hostile far side stays on its lines. */
static void print(const struct fg_probe_options *options, const struct fg_probe *probe)
{
	static char text[8192];
	struct fg_probe_result result;
	FILE *file = fmemopen(text, sizeof(text), "w");

	check(file != NULL);
	fg_probe_result(probe, &result);
	check(result.sent == submits);
	fg_probe_print(file, options, &result, FG_PROBE_ALPHABET_GSM);
	fg_probe_print_json(file, options, &result, FG_PROBE_ALPHABET_GSM);
	fclose(file);
	for (const char *at = text; *at; at++)
		check((*at >= ' ' && *at <= '~') || *at == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct fg_conf_links link = { .name = "a",
						   .bind = "trx",
						   .system_id = "x",
						   .source_address = "12345",
						   .rate = 100,
						   .bind_timeout_ms = 10000,
						   .response_timeout_ms = 60000 };
	static const struct fg_probe_options options = { .link = &link,
							 .mark = "(Not encrypted) ",
							 .number = "+12025550199",
							 .window = 5,
							 .wait_ms = 60000 };
	void *ctx = talloc_new(NULL);
	struct fg_probe *probe = fg_probe_new(ctx, &options, on_send, NULL);
	uint64_t now_ms = 1000000;

	check(probe != NULL);
	submits = 0;
	fg_probe_connected(probe, 0, now_ms);
	while (len > 0) {
		size_t n = *data++;

		len--;
		if (n >= 240) {
			now_ms += (n - 239) * 5000;
			fg_probe_tick(probe, now_ms);
			continue;
		}
		n = n < len ? n : len;
		fg_probe_bytes(probe, 0, data, n, now_ms);
		data += n;
		len -= n;
	}
	for (unsigned i = 0; i < 100 && !fg_probe_done(probe); i++) {
		uint64_t next = fg_probe_next_ms(probe);

		check(next != UINT64_MAX);
		now_ms = next > now_ms ? next : now_ms;
		fg_probe_tick(probe, now_ms);
	}
	check(fg_probe_done(probe) && submits <= fg_probe_most(&options));
	print(&options, probe);
	talloc_free(ctx);
	return 0;
}
