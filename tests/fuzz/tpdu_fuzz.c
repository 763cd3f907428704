/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a TPDU of each kind, behind an SMSC address, too: what is decoded is encoded again, and that is stable; its text is read.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/wire/tpdu.h"
#include "lib/wire/udh.h"

static void check(int truth)
{
	if (!truth)
		abort();
}

/* Borrowed octets lie within what was decoded; what the user data says of itself holds. */
static void check_ud(const uint8_t *data, size_t len, uint8_t dcs, const struct fg_tpdu_ud *ud)
{
	uint8_t body[FG_TPDU_SEPTETS_MAX], packed[FG_TPDU_UD_MAX];
	char text[3 * FG_TPDU_SEPTETS_MAX];
	size_t header_len = fg_tpdu_ud_header_len(ud), body_len, text_len, udh_len;
	struct fg_tpdu_coding coding = fg_tpdu_coding_of(dcs);
	struct fg_udh_concat concat;
	struct fg_tpdu_ud again;
	enum fg_rc rc = fg_tpdu_ud_body(dcs, ud, body, &body_len);

	check(ud->octets == 0 || (ud->at >= data && ud->at + ud->octets <= data + len));
	check(header_len <= ud->octets && ud->octets <= FG_TPDU_UD_MAX);
	check(rc == (coding.compressed ? FG_E_UNSUPPORTED : FG_OK));
	if (ud->header)
		fg_udh_concat_find(ud->at, header_len, &concat, &udh_len);
	if (rc != FG_OK)
		return;
	check(fg_tpdu_ud_pack(header_len ? ud->at : NULL, header_len, coding.units, body, body_len,
			      packed, &again) == FG_OK);
	check(again.udl == ud->udl && again.octets == ud->octets);
	rc = fg_tpdu_ud_text(dcs, ud, text, sizeof(text), &text_len);
	check(rc == (coding.units == FG_TPDU_OCTETS ? FG_E_TEXT_CODING : FG_OK));
}

static void check_submit(const uint8_t *data, size_t len)
{
	uint8_t out[FG_TPDU_MAX], again[FG_TPDU_MAX];
	struct fg_tpdu_submit submit;
	size_t out_len, again_len;
	int64_t seconds;

	if (fg_tpdu_submit_decode(data, len, &submit) != FG_OK)
		return;
	check_ud(data, len, submit.dcs, &submit.ud);
	fg_tpdu_validity_s(&submit.validity, 0, &seconds);
	check(fg_tpdu_submit_encode(&submit, out, sizeof(out), &out_len) == FG_OK);
	check(fg_tpdu_submit_decode(out, out_len, &submit) == FG_OK);
	check(fg_tpdu_submit_encode(&submit, again, sizeof(again), &again_len) == FG_OK);
	check(out_len == again_len && memcmp(out, again, out_len) == 0);
}

static void check_deliver(const uint8_t *data, size_t len)
{
	uint8_t out[FG_TPDU_MAX], again[FG_TPDU_MAX];
	struct fg_tpdu_deliver deliver;
	struct fg_tpdu_time time;
	size_t out_len, again_len;
	int64_t unix_s;

	if (fg_tpdu_deliver_decode(data, len, &deliver) != FG_OK)
		return;
	check_ud(data, len, deliver.dcs, &deliver.ud);
	if (fg_tpdu_time_unix(&deliver.time, &unix_s) == FG_OK &&
	    fg_tpdu_time_of(unix_s, deliver.time.zone_quarters, &time) == FG_OK)
		check(memcmp(&time, &deliver.time, sizeof(time)) == 0);
	check(fg_tpdu_deliver_encode(&deliver, out, sizeof(out), &out_len) == FG_OK);
	check(fg_tpdu_deliver_decode(out, out_len, &deliver) == FG_OK);
	check(fg_tpdu_deliver_encode(&deliver, again, sizeof(again), &again_len) == FG_OK);
	check(out_len == again_len && memcmp(out, again, out_len) == 0);
}

static void check_report(const uint8_t *data, size_t len)
{
	uint8_t out[FG_TPDU_MAX], again[FG_TPDU_MAX];
	struct fg_tpdu_status_report report;
	size_t out_len, again_len;

	if (fg_tpdu_status_report_decode(data, len, &report) != FG_OK)
		return;
	check_ud(data, len, report.dcs, &report.ud);
	check(fg_tpdu_status_find(report.status).note != NULL);
	check(fg_tpdu_status_report_encode(&report, out, sizeof(out), &out_len) == FG_OK);
	check(fg_tpdu_status_report_decode(out, out_len, &report) == FG_OK);
	check(fg_tpdu_status_report_encode(&report, again, sizeof(again), &again_len) == FG_OK);
	check(out_len == again_len && memcmp(out, again, out_len) == 0);
}

static void check_all(const uint8_t *data, size_t len)
{
	check_submit(data, len);
	check_deliver(data, len);
	check_report(data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t prefix[FG_TPDU_SMSC_MAX];
	struct fg_tpdu_address smsc;
	size_t prefix_len, again_len;
	bool has;

	check_all(data, len);
	if (fg_tpdu_smsc_read(data, len, &smsc, &has, &prefix_len) != FG_OK)
		return 0;
	check(prefix_len <= len);
	if (!has || smsc.ton != FG_TPDU_TON_ALPHANUMERIC) {
		check(fg_tpdu_smsc_write(has ? &smsc : NULL, prefix, &again_len) == FG_OK);
		check(again_len == prefix_len);
	}
	check_all(data + prefix_len, len - prefix_len);
	return 0;
}
