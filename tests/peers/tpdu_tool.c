/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TPDUs for comparison with other people's codecs. "make SEED COUNT": that many of tests/wire/tpdu_sample, a JSON line each with octets
 * and fields. "read": for each line of standard input, "KIND HEX" with the SMSC in front, its fields, or the error. Strings are the
 * hexadecimal of UTF-8.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/wire/tpdu_sample.h"

enum { LINE_MAX_LEN = 1024 };

static void put_hex(const char *key, const void *octets, size_t len)
{
	printf(", \"%s\": \"", key);
	for (size_t i = 0; i < len; i++)
		printf("%02x", ((const uint8_t *)octets)[i]);
	putchar('"');
}

static void put_number(const char *key, int value)
{
	printf(", \"%s\": %d", key, value);
}

static void put_address(const struct fg_tpdu_address *address)
{
	put_number("ton", address->ton);
	put_number("npi", address->npi);
	put_hex("address", address->text, strlen(address->text));
}

static void put_time(const char *key, const struct fg_tpdu_time *time)
{
	printf(", \"%s\": [%u, %u, %u, %u, %u, %u, %d]", key, time->year, time->month, time->day,
	       time->hour, time->minute, time->second, time->zone_quarters);
}

static void put_ud(uint8_t dcs, const struct fg_tpdu_ud *ud)
{
	char text[3 * FG_TPDU_SEPTETS_MAX];
	uint8_t body[FG_TPDU_SEPTETS_MAX];
	size_t len = 0;

	put_number("udhi", ud->header);
	put_number("udl", ud->udl);
	put_hex("udh", ud->at, fg_tpdu_ud_header_len(ud));
	if (fg_tpdu_ud_text(dcs, ud, text, sizeof(text), &len) == FG_OK)
		put_hex("text", text, len);
	else if (fg_tpdu_ud_body(dcs, ud, body, &len) == FG_OK)
		put_hex("body", body, len);
}

static void put_submit(const struct fg_tpdu_submit *submit)
{
	put_number("rd", submit->reject_duplicates);
	put_number("srr", submit->status_report);
	put_number("rp", submit->reply_path);
	put_number("mr", submit->reference);
	put_address(&submit->destination);
	put_number("pid", submit->pid);
	put_number("dcs", submit->dcs);
	put_number("vpf", submit->validity.format);
	if (submit->validity.format == FG_TPDU_VPF_RELATIVE)
		put_number("relative", submit->validity.relative);
	if (submit->validity.format == FG_TPDU_VPF_ABSOLUTE)
		put_time("absolute", &submit->validity.absolute);
	put_ud(submit->dcs, &submit->ud);
}

static void put_deliver(const struct fg_tpdu_deliver *deliver)
{
	put_number("mms", !deliver->more);
	put_number("lp", deliver->loop_prevention);
	put_number("sri", deliver->status_report);
	put_number("rp", deliver->reply_path);
	put_address(&deliver->source);
	put_number("pid", deliver->pid);
	put_number("dcs", deliver->dcs);
	put_time("scts", &deliver->time);
	put_ud(deliver->dcs, &deliver->ud);
}

static void put_report(const struct fg_tpdu_status_report *report)
{
	put_number("mms", !report->more);
	put_number("lp", report->loop_prevention);
	put_number("srq", report->of_command);
	put_number("mr", report->reference);
	put_address(&report->recipient);
	put_time("scts", &report->time);
	put_time("dt", &report->discharge);
	put_number("st", report->status);
	put_number("has_pi", report->has_pi);
	if (report->has_pid)
		put_number("pid", report->pid);
	if (report->has_dcs)
		put_number("dcs", report->dcs);
	if (report->has_ud)
		put_ud(report->dcs, &report->ud);
}

static void put_sample(const struct tpdu_sample *sample)
{
	switch (sample->kind) {
	case FG_TPDU_SUBMIT:
		put_submit(&sample->submit);
		break;
	case FG_TPDU_DELIVER:
		put_deliver(&sample->deliver);
		break;
	case FG_TPDU_STATUS_REPORT:
		put_report(&sample->report);
		break;
	}
}

static const char *const kinds[] = { [FG_TPDU_DELIVER] = "deliver",
				     [FG_TPDU_SUBMIT] = "submit",
				     [FG_TPDU_STATUS_REPORT] = "report" };

static int make(uint32_t seed, unsigned count)
{
	static struct tpdu_sample sample;
	uint8_t pdu[FG_TPDU_MAX];
	size_t len;

	for (unsigned i = 0; i < count; i++) {
		tpdu_sample_make(&seed, i, &sample);
		if (tpdu_sample_encode(&sample, pdu, &len) != FG_OK)
			return 1;
		printf("{\"kind\": \"%s\"", kinds[sample.kind]);
		put_hex("hex", pdu, len);
		put_sample(&sample);
		puts("}");
	}
	return 0;
}

static enum fg_rc decode(struct tpdu_sample *sample, const char *kind, const uint8_t *pdu,
			 size_t len)
{
	struct fg_tpdu_address smsc;
	size_t prefix_len;
	enum fg_rc rc;
	bool has;

	rc = fg_tpdu_smsc_read(pdu, len, &smsc, &has, &prefix_len);
	if (rc != FG_OK)
		return rc;
	pdu += prefix_len;
	len -= prefix_len;
	rc = fg_tpdu_kind(pdu, len, &sample->kind);
	if (rc == FG_OK && strcmp(kinds[sample->kind], kind) != 0)
		return FG_E_PDU_COMMAND;
	if (rc != FG_OK)
		return rc;
	if (sample->kind == FG_TPDU_SUBMIT)
		return fg_tpdu_submit_decode(pdu, len, &sample->submit);
	if (sample->kind == FG_TPDU_DELIVER)
		return fg_tpdu_deliver_decode(pdu, len, &sample->deliver);
	return fg_tpdu_status_report_decode(pdu, len, &sample->report);
}

static int read_all(void)
{
	static struct tpdu_sample sample;
	uint8_t pdu[FG_TPDU_SMSC_MAX + FG_TPDU_MAX];
	char line[LINE_MAX_LEN], kind[16], hex[LINE_MAX_LEN];
	enum fg_rc rc;
	size_t len;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %1000s", kind, hex) != 2)
			return 1;
		rc = fg_tpdu_unhex(hex, strlen(hex), pdu, sizeof(pdu), &len);
		if (rc == FG_OK)
			rc = decode(&sample, kind, pdu, len);
		printf("{\"kind\": \"%s\"", kind);
		if (rc == FG_OK)
			put_sample(&sample);
		else
			printf(", \"error\": \"%s\"", fg_rc_name(rc));
		puts("}");
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make((uint32_t)strtoul(argv[2], NULL, 10),
			    (unsigned)strtoul(argv[3], NULL, 10));
	if (argc == 2 && strcmp(argv[1], "read") == 0)
		return read_all();
	fputs("usage: tpdu_tool make SEED COUNT | tpdu_tool read\n", stderr);
	return 2;
}
