/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text mode: strings in the character set of +CSCS, messages as lines, and a body as a SUBMIT
 * (27.005, 3.1, 3.3.2, 3.3.3, 3.4.2, 3.4.3, 3.5.1; 27.007, 5.5).
 */
#include "emulators/modem/state.h"

#include <stdio.h>
#include <string.h>
#include "lib/wire/utf8.h"

enum {
	UNITS_CAP = 1024,
	ADDRESS_CAP = FG_TPDU_ADDRESS_TEXT_MAX + 2,
	UD_TEXT = 3 * FG_TPDU_SEPTETS_MAX
};

/* ---- Characters ---- */

static enum fg_alphabet alphabet_of(enum charset charset)
{
	switch (charset) {
	case CHARSET_IRA:
		return FG_ALPHABET_ASCII;
	case CHARSET_LATIN1:
		return FG_ALPHABET_LATIN1;
	case CHARSET_UCS2:
		return FG_ALPHABET_UCS2;
	default:
		return FG_ALPHABET_GSM7;
	}
}

/* One character, or "?" where the set lacks it. */
static size_t put_char(enum charset charset, const char *text, size_t used, char *out, size_t cap)
{
	uint8_t units[8];
	size_t len = 0;

	if (charset == CHARSET_UTF8 && used <= cap) {
		memcpy(out, text, used);
		return used;
	}
	if (fg_alphabet_encode(alphabet_of(charset), text, used, units, sizeof(units), &len) !=
	    FG_OK)
		(void)fg_alphabet_encode(alphabet_of(charset), "?", 1, units, sizeof(units), &len);
	if (charset == CHARSET_UCS2)
		return fg_tpdu_hex(units, len, out, cap) == FG_OK ? 2 * len : 0;
	if (len > cap)
		return 0;
	memcpy(out, units, len);
	return len;
}

/* UTF-8 in the set, ended with NUL. */
static size_t encode(const struct phone *phone, const char *text, size_t len, char *out, size_t cap)
{
	size_t at = 0;

	while (len > 0) {
		uint32_t cp;
		size_t used = fg_utf8_next((const uint8_t *)text, len, &cp);

		if (used == 0 || cap - at < 12)
			break;
		at += put_char(phone->charset, text, used, out + at, cap - at - 1);
		text += used;
		len -= used;
	}
	out[at] = '\0';
	return at;
}

const char *phone_quoted(const struct phone *phone, const char *text, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '"';
	len = encode(phone, text, strlen(text), out + 1, cap - 2);
	strcpy(out + 1 + len, "\"");
	return out;
}

bool phone_unquoted(const struct phone *phone, const char *text, size_t len, char *out, size_t cap)
{
	uint8_t units[UNITS_CAP];
	size_t units_len = len, out_len = 0;

	if (cap == 0)
		return false;
	if (phone->charset == CHARSET_UTF8) {
		if (len >= cap || !fg_utf8_valid((const uint8_t *)text, len))
			return false;
		memcpy(out, text, len);
		out[len] = '\0';
		return true;
	}
	if (phone->charset == CHARSET_UCS2) {
		if (fg_tpdu_unhex(text, len, units, sizeof(units), &units_len) != FG_OK)
			return false;
	} else if (len <= sizeof(units)) {
		memcpy(units, text, len);
	} else {
		return false;
	}
	if (fg_alphabet_decode(alphabet_of(phone->charset), units, units_len, out, cap - 1,
			       &out_len) != FG_OK)
		return false;
	out[out_len] = '\0';
	return true;
}

/* ---- Messages as lines ---- */

static const char *const stats[] = { "REC UNREAD", "REC READ", "STO UNSENT", "STO SENT" };

static void show_time(const struct fg_tpdu_time *time, char out[static 32])
{
	int zone = time->zone_quarters;

	snprintf(out, 32, "\"%02u/%02u/%02u,%02u:%02u:%02u%c%02d\"", time->year % 100,
		 time->month % 100, time->day % 100, time->hour % 100, time->minute % 100,
		 time->second % 100, zone < 0 ? '-' : '+', zone < 0 ? -zone : zone);
}

static unsigned type_of(const struct fg_tpdu_address *address)
{
	return 128u | (unsigned)(address->ton & 7) << 4 | (address->npi & 15u);
}

/* Text, or two hexadecimal digits for each octet of what is none (3.1, <data>). */
static size_t show_data(const struct phone *phone, uint8_t dcs, const struct fg_tpdu_ud *ud,
			char *out, size_t cap)
{
	char text[UD_TEXT];
	size_t len = 0;

	if (ud->header || fg_tpdu_coding_of(dcs).units != FG_TPDU_SEPTETS ||
	    fg_tpdu_ud_text(dcs, ud, text, sizeof(text), &len) != FG_OK) {
		(void)fg_tpdu_hex(ud->at, ud->octets, out, cap);
		return strlen(out);
	}
	return encode(phone, text, len, out, cap);
}

struct shown {
	const struct fg_tpdu_address *address;
	const struct fg_tpdu_time *time;
	uint8_t first, pid, dcs;
	const struct fg_tpdu_ud *ud;
};

static void show_message(const struct phone *phone, const struct phone_slot *slot, bool list,
			 const struct shown *shown, char *head, size_t cap)
{
	char number[ADDRESS_CAP], quoted[160], time[32] = "", detail[128] = "";

	fg_tpdu_address_show(shown->address, number);
	if (shown->time)
		show_time(shown->time, time);
	if (phone->csdh && list)
		snprintf(detail, sizeof(detail), ",%u,%u", type_of(shown->address), shown->ud->udl);
	else if (phone->csdh)
		snprintf(detail, sizeof(detail), ",%u,%u,%u,%u,%s,145,%u", type_of(shown->address),
			 shown->first, shown->pid, shown->dcs, "\"\"", shown->ud->udl);
	snprintf(head, cap, "\"%s\",%s,%s%s%s", stats[slot->stat & 3],
		 phone_quoted(phone, number, quoted, sizeof(quoted)), time[0] ? "," : "", time,
		 detail);
}

static bool show_report(const struct phone *phone, const struct phone_slot *slot,
			const struct fg_tpdu_status_report *report, bool list, bool stored,
			char *head, size_t cap)
{
	char number[ADDRESS_CAP], quoted[160], time[32], discharge[32];

	(void)list;
	fg_tpdu_address_show(&report->recipient, number);
	show_time(&report->time, time);
	show_time(&report->discharge, discharge);
	snprintf(head, cap, "%s%s%s6,%u,%s,%u,%s,%s,%u", stored ? "\"" : "",
		 stored ? stats[slot->stat & 3] : "", stored ? "\"," : "", report->reference,
		 phone_quoted(phone, number, quoted, sizeof(quoted)), type_of(&report->recipient),
		 time, discharge, report->status);
	return true;
}

bool phone_text_show(const struct phone *phone, const struct phone_slot *slot, bool list,
		     char *head, size_t head_cap, char *text, size_t text_cap, size_t *text_len_out)
{
	const uint8_t *tpdu = slot->pdu + slot->smsc_len;
	size_t len = (size_t)(slot->len - slot->smsc_len);
	struct fg_tpdu_status_report report;
	struct fg_tpdu_deliver deliver;
	struct fg_tpdu_submit submit;
	struct shown shown;

	*text_len_out = 0;
	text[0] = '\0';
	if (fg_tpdu_deliver_decode(tpdu, len, &deliver) == FG_OK)
		shown = (struct shown){ &deliver.source, &deliver.time, tpdu[0],
					deliver.pid,     deliver.dcs,   &deliver.ud };
	else if (slot->stat >= SLOT_UNSENT && fg_tpdu_submit_decode(tpdu, len, &submit) == FG_OK)
		shown = (struct shown){ &submit.destination, NULL,       tpdu[0],
					submit.pid,          submit.dcs, &submit.ud };
	else if (fg_tpdu_status_report_decode(tpdu, len, &report) == FG_OK)
		return show_report(phone, slot, &report, list, phone->cnmi[3] != 1, head, head_cap);
	else
		return false;
	show_message(phone, slot, list, &shown, head, head_cap);
	*text_len_out = show_data(phone, shown.dcs, shown.ud, text, text_cap);
	return true;
}

/* ---- A body as a SUBMIT ---- */

/* <fo>, <vp>, <pid>, <dcs> of +CSMP; a header cannot be written here. */
static struct fg_tpdu_submit submit_of(const struct phone *phone)
{
	struct fg_tpdu_submit submit = { .destination = phone->body_to,
					 .status_report = phone->csmp[0] & 0x20,
					 .reject_duplicates = phone->csmp[0] & 0x04,
					 .pid = (uint8_t)phone->csmp[2],
					 .dcs = (uint8_t)phone->csmp[3] };

	if ((phone->csmp[0] & 0x18) == 0x10) {
		submit.validity.format = FG_TPDU_VPF_RELATIVE;
		submit.validity.relative = (uint8_t)phone->csmp[1];
	}
	return submit;
}

static enum fg_rc write_text(const struct phone *phone, const char *body, size_t len,
			     struct fg_tpdu_submit *submit, uint8_t ud[static FG_TPDU_UD_MAX])
{
	const struct fg_tpdu_coding coding = fg_tpdu_coding_of(submit->dcs);
	char text[4 * UNITS_CAP];
	uint8_t octets[FG_TPDU_UD_MAX];
	size_t octets_len;

	if (coding.units == FG_TPDU_OCTETS ||
	    (coding.units == FG_TPDU_UCS2 && phone->charset != CHARSET_UCS2)) {
		if (fg_tpdu_unhex(body, len, octets, sizeof(octets), &octets_len) != FG_OK)
			return FG_E_SYNTAX;
		return fg_tpdu_ud_pack(NULL, 0, FG_TPDU_OCTETS, octets, octets_len, ud,
				       &submit->ud);
	}
	if (!phone_unquoted(phone, body, len, text, sizeof(text)))
		return FG_E_SYNTAX;
	return fg_tpdu_ud_write(NULL, 0,
				coding.units == FG_TPDU_UCS2 ? FG_ALPHABET_UCS2 : FG_ALPHABET_GSM7,
				text, strlen(text), ud, &submit->ud);
}

size_t phone_text_submit(struct phone *phone, const char *body, size_t body_len,
			 uint8_t out[static FG_TPDU_MAX])
{
	struct fg_tpdu_submit submit = submit_of(phone);
	uint8_t ud[FG_TPDU_UD_MAX];
	size_t len;

	if (write_text(phone, body, body_len, &submit, ud) != FG_OK ||
	    fg_tpdu_submit_encode(&submit, out, FG_TPDU_MAX, &len) != FG_OK)
		return 0;
	return len;
}
