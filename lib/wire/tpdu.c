/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/tpdu_internal.h"

#include <string.h>

/* Bits of the first octet (9.2.2); TP-MTI are the lowest two. */
enum {
	MTI_MASK = 0x03,
	REJECT_DUPLICATES = 0x04,
	NO_MORE = 0x04, /* 9.2.3.2: 0 says that more messages wait */
	LOOP_PREVENTION = 0x08,
	VPF_SHIFT = 3,
	REPORT = 0x20, /* TP-SRR, TP-SRI, TP-SRQ */
	HEADER = 0x40,
	REPLY_PATH = 0x80,
};

/* 9.2.3.27. */
enum {
	PI_PID = 0x01,
	PI_DCS = 0x02,
	PI_UDL = 0x04,
	PI_RESERVED = 0x78,
	PI_EXTENSION = 0x80,
};

void fg_tpdu_write_fail(struct fg_writer *w, enum fg_rc rc)
{
	if (w->rc == FG_OK)
		w->rc = rc;
}

static uint8_t bit(bool set, unsigned mask)
{
	return (uint8_t)(set ? mask : 0);
}

enum fg_rc fg_tpdu_kind(const void *octets, size_t len, enum fg_tpdu_mti *mti_out)
{
	unsigned mti;

	if (len == 0)
		return FG_E_TRUNCATED;
	mti = ((const uint8_t *)octets)[0] & MTI_MASK;
	if (mti > FG_TPDU_STATUS_REPORT)
		return FG_E_PDU_COMMAND;
	*mti_out = (enum fg_tpdu_mti)mti;
	return FG_OK;
}

/* The first octet of a TPDU of one kind. */
static uint8_t begin(struct fg_cursor *cur, const void *octets, size_t len, enum fg_tpdu_mti mti)
{
	uint8_t first;

	fg_cursor_init(cur, octets, len);
	first = fg_cursor_u8(cur);
	if ((first & MTI_MASK) != mti)
		fg_cursor_fail(cur, FG_E_PDU_COMMAND);
	if (len > FG_TPDU_MAX)
		fg_cursor_fail(cur, FG_E_TOO_LONG);
	return first;
}

static enum fg_rc finish(const struct fg_writer *w, size_t *len_out)
{
	if (w->rc == FG_OK)
		*len_out = fg_writer_len(w);
	return w->rc;
}

/* ---- SMS-SUBMIT (9.2.2.2) ---- */

enum fg_rc fg_tpdu_submit_decode(const void *octets, size_t len, struct fg_tpdu_submit *out)
{
	struct fg_tpdu_submit submit = { 0 };
	struct fg_cursor cur;
	uint8_t first = begin(&cur, octets, len, FG_TPDU_SUBMIT);
	enum fg_rc rc;

	submit.reject_duplicates = first & REJECT_DUPLICATES;
	submit.status_report = first & REPORT;
	submit.reply_path = first & REPLY_PATH;
	submit.reference = fg_cursor_u8(&cur);
	fg_tpdu_read_address(&cur, &submit.destination);
	submit.pid = fg_cursor_u8(&cur);
	submit.dcs = fg_cursor_u8(&cur);
	fg_tpdu_read_validity(&cur, first >> VPF_SHIFT & 3, &submit.validity);
	fg_tpdu_read_ud(&cur, submit.dcs, first & HEADER, &submit.ud);
	rc = fg_cursor_end(&cur);
	if (rc == FG_OK)
		*out = submit;
	return rc;
}

enum fg_rc fg_tpdu_submit_encode(const struct fg_tpdu_submit *submit, void *out, size_t cap,
				 size_t *len_out)
{
	struct fg_writer w;

	if (submit->validity.format > FG_TPDU_VPF_ABSOLUTE)
		return FG_E_ARG;
	fg_writer_init(&w, out, cap);
	fg_writer_u8(&w,
		     (uint8_t)(FG_TPDU_SUBMIT | submit->validity.format << VPF_SHIFT |
			       bit(submit->reject_duplicates, REJECT_DUPLICATES) |
			       bit(submit->status_report, REPORT) | bit(submit->ud.header, HEADER) |
			       bit(submit->reply_path, REPLY_PATH)));
	fg_writer_u8(&w, submit->reference);
	fg_tpdu_write_address(&w, &submit->destination);
	fg_writer_u8(&w, submit->pid);
	fg_writer_u8(&w, submit->dcs);
	fg_tpdu_write_validity(&w, &submit->validity);
	fg_tpdu_write_ud(&w, submit->dcs, &submit->ud);
	return finish(&w, len_out);
}

/* ---- SMS-DELIVER (9.2.2.1) ---- */

enum fg_rc fg_tpdu_deliver_decode(const void *octets, size_t len, struct fg_tpdu_deliver *out)
{
	struct fg_tpdu_deliver deliver = { 0 };
	struct fg_cursor cur;
	uint8_t first = begin(&cur, octets, len, FG_TPDU_DELIVER);
	enum fg_rc rc;

	deliver.more = !(first & NO_MORE);
	deliver.loop_prevention = first & LOOP_PREVENTION;
	deliver.status_report = first & REPORT;
	deliver.reply_path = first & REPLY_PATH;
	fg_tpdu_read_address(&cur, &deliver.source);
	deliver.pid = fg_cursor_u8(&cur);
	deliver.dcs = fg_cursor_u8(&cur);
	fg_tpdu_read_time(&cur, &deliver.time);
	fg_tpdu_read_ud(&cur, deliver.dcs, first & HEADER, &deliver.ud);
	rc = fg_cursor_end(&cur);
	if (rc == FG_OK)
		*out = deliver;
	return rc;
}

enum fg_rc fg_tpdu_deliver_encode(const struct fg_tpdu_deliver *deliver, void *out, size_t cap,
				  size_t *len_out)
{
	struct fg_writer w;

	fg_writer_init(&w, out, cap);
	fg_writer_u8(&w, (uint8_t)(FG_TPDU_DELIVER | bit(!deliver->more, NO_MORE) |
				   bit(deliver->loop_prevention, LOOP_PREVENTION) |
				   bit(deliver->status_report, REPORT) |
				   bit(deliver->ud.header, HEADER) |
				   bit(deliver->reply_path, REPLY_PATH)));
	fg_tpdu_write_address(&w, &deliver->source);
	fg_writer_u8(&w, deliver->pid);
	fg_writer_u8(&w, deliver->dcs);
	fg_tpdu_write_time(&w, &deliver->time);
	fg_tpdu_write_ud(&w, deliver->dcs, &deliver->ud);
	return finish(&w, len_out);
}

/* ---- SMS-STATUS-REPORT (9.2.2.3) ---- */

/* TP-PI and what it announces. */
static void read_optional(struct fg_cursor *cur, bool header, struct fg_tpdu_status_report *report)
{
	uint8_t pi, last;

	if (fg_cursor_left(cur) == 0)
		return;
	pi = last = fg_cursor_u8(cur);
	while (last & PI_EXTENSION) /* further indicators: none is defined */
		last = fg_cursor_u8(cur);
	report->has_pi = true;
	report->has_pid = pi & PI_PID;
	report->has_dcs = pi & PI_DCS;
	report->has_ud = pi & PI_UDL;
	if (report->has_pid)
		report->pid = fg_cursor_u8(cur);
	if (report->has_dcs)
		report->dcs = fg_cursor_u8(cur);
	if (report->has_ud)
		fg_tpdu_read_ud(cur, report->dcs, header, &report->ud);
	/* 9.2.3.27: a reserved bit announces octets behind TP-UD, which the receiver discards. */
	if (pi & (PI_RESERVED | PI_EXTENSION))
		fg_cursor_bytes(cur, fg_cursor_left(cur));
}

enum fg_rc fg_tpdu_status_report_decode(const void *octets, size_t len,
					struct fg_tpdu_status_report *out)
{
	struct fg_tpdu_status_report report = { 0 };
	struct fg_cursor cur;
	uint8_t first = begin(&cur, octets, len, FG_TPDU_STATUS_REPORT);
	enum fg_rc rc;

	report.more = !(first & NO_MORE);
	report.loop_prevention = first & LOOP_PREVENTION;
	report.of_command = first & REPORT;
	report.reference = fg_cursor_u8(&cur);
	fg_tpdu_read_address(&cur, &report.recipient);
	fg_tpdu_read_time(&cur, &report.time);
	fg_tpdu_read_time(&cur, &report.discharge);
	report.status = fg_cursor_u8(&cur);
	read_optional(&cur, first & HEADER, &report);
	rc = fg_cursor_end(&cur);
	if (rc == FG_OK)
		*out = report;
	return rc;
}

static void write_optional(struct fg_writer *w, const struct fg_tpdu_status_report *report)
{
	fg_writer_u8(w, bit(report->has_pid, PI_PID) | bit(report->has_dcs, PI_DCS) |
				bit(report->has_ud, PI_UDL));
	if (report->has_pid)
		fg_writer_u8(w, report->pid);
	if (report->has_dcs)
		fg_writer_u8(w, report->dcs);
	if (report->has_ud)
		fg_tpdu_write_ud(w, report->has_dcs ? report->dcs : 0, &report->ud);
}

enum fg_rc fg_tpdu_status_report_encode(const struct fg_tpdu_status_report *report, void *out,
					size_t cap, size_t *len_out)
{
	bool optional = report->has_pid || report->has_dcs || report->has_ud;
	struct fg_writer w;

	if (optional && !report->has_pi)
		return FG_E_ARG;
	fg_writer_init(&w, out, cap);
	fg_writer_u8(&w, (uint8_t)(FG_TPDU_STATUS_REPORT | bit(!report->more, NO_MORE) |
				   bit(report->loop_prevention, LOOP_PREVENTION) |
				   bit(report->of_command, REPORT) |
				   bit(report->has_ud && report->ud.header, HEADER)));
	fg_writer_u8(&w, report->reference);
	fg_tpdu_write_address(&w, &report->recipient);
	fg_tpdu_write_time(&w, &report->time);
	fg_tpdu_write_time(&w, &report->discharge);
	fg_writer_u8(&w, report->status);
	if (report->has_pi)
		write_optional(&w, report);
	if (fg_writer_len(&w) > FG_TPDU_MAX)
		fg_tpdu_write_fail(&w, FG_E_ARG);
	return finish(&w, len_out);
}

/* ---- Hexadecimal ---- */

/* The value of a digit and 1 more; 0: no digit. */
static const uint8_t hex_values[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

static unsigned hex_value(char digit)
{
	return hex_values[(uint8_t)digit];
}

enum fg_rc fg_tpdu_unhex(const char *text, size_t len, uint8_t *out, size_t cap, size_t *len_out)
{
	if (len % 2)
		return FG_E_SYNTAX;
	for (size_t i = 0; i < len; i++)
		if (hex_value(text[i]) == 0)
			return FG_E_SYNTAX;
	if (len / 2 > cap)
		return FG_E_SPACE;
	for (size_t i = 0; i < len; i += 2)
		out[i / 2] =
			(uint8_t)((hex_value(text[i]) - 1) << 4 | (hex_value(text[i + 1]) - 1));
	*len_out = len / 2;
	return FG_OK;
}

enum fg_rc fg_tpdu_hex(const void *octets, size_t len, char *out, size_t cap)
{
	static const char digits[] = "0123456789ABCDEF";
	const uint8_t *at = octets;

	if (cap == 0 || len > (cap - 1) / 2)
		return FG_E_SPACE;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[at[i] >> 4];
		out[2 * i + 1] = digits[at[i] & 0xF];
	}
	out[2 * len] = '\0';
	return FG_OK;
}
