/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network: what becomes of a message that the modem sends, and its status reports.
 */
#include "emulators/modem/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/wire/udh.h"

#define TEXT_PREFIX "!modem "

enum {
	TEXT_READ = 160, /* how far into a text the prefix may begin and its words may go */
	PART_TEXT = 3 * FG_TPDU_SEPTETS_MAX + 1,
	ADDRESS_CAP = FG_TPDU_ADDRESS_TEXT_MAX + 2,
};

struct report {
	struct later later;
	struct submitted of;
	uint8_t status;
	bool urgent;
};

struct answer {
	struct later later;
	uint64_t epoch;
	char command[8];
	uint8_t reference;
};

/* ---- Reports ---- */

uint8_t phone_status_of(enum fg_dlr_state state)
{
	switch (state) {
	case FG_DLR_DELIVERED:
		return 0x00;
	case FG_DLR_UNKNOWN:
		return 0x01; /* forwarded; the SMSC cannot tell more */
	case FG_DLR_EXPIRED:
		return 0x46;
	case FG_DLR_DELETED:
		return 0x48;
	case FG_DLR_REJECTED:
		return 0x42;
	case FG_DLR_UNDELIVERABLE:
		return 0x43; /* not obtainable */
	default:
		return 0x21; /* SME busy, still trying */
	}
}

static void report_now(struct phone *phone, const struct submitted *of, uint8_t status, bool urgent)
{
	struct fg_tpdu_status_report report = { .reference = of->reference,
						.recipient = of->destination,
						.status = status };
	char number[ADDRESS_CAP];
	uint8_t tpdu[FG_TPDU_MAX];
	size_t len;

	if (fg_tpdu_time_of(of->time_s, 0, &report.time) != FG_OK ||
	    fg_tpdu_time_of(phone_wall_s(phone), 0, &report.discharge) != FG_OK ||
	    fg_tpdu_status_report_encode(&report, tpdu, sizeof(tpdu), &len) != FG_OK)
		return;
	phone->counters.reports++;
	fg_tpdu_address_show(&of->destination, number);
	phone_happened(phone, "report", number, of->reference, fg_tpdu_status_find(status).note);
	phone_incoming_add(phone, true, urgent, tpdu, len);
}

static void report_fire(struct phone *phone, struct later *later)
{
	const struct report report = *(const struct report *)later;

	free(later);
	phone->reports_due--;
	report_now(phone, &report.of, report.status, report.urgent);
	phone_flush(phone);
}

static void report_later(struct phone *phone, const struct submitted *of, enum fg_dlr_state state,
			 uint64_t delay_us)
{
	struct report *report = phone_later_new(phone, sizeof(*report), delay_us, report_fire);

	if (!report)
		return;
	report->of = *of;
	report->status = phone_status_of(state);
	phone->reports_due++;
}

unsigned phone_reports_due(const struct phone *phone)
{
	return phone->reports_due;
}

static uint64_t report_delay_us(const struct phone *phone, const struct emu_outcome *outcome)
{
	uint64_t ms = phone->options.report_delay_ms;

	if (outcome->after_ms != EMU_AFTER_DEFAULT)
		ms = (uint64_t)outcome->after_ms;
	if (outcome->flags & EMU_RECEIPT_LATE)
		ms += phone->options.late_ms;
	return ms * 1000;
}

static void reports(struct phone *phone, const struct submitted *of,
		    const struct emu_outcome *outcome)
{
	uint64_t delay_us = report_delay_us(phone, outcome);
	unsigned count = outcome->receipts;

	if (outcome->receipt == FG_DLR_OTHER)
		return;
	if (phone_fault_now(phone, FAULT_DOUBLE_REPORT))
		count *= 2;
	if (outcome->via != FG_DLR_OTHER)
		report_later(phone, of, outcome->via, delay_us / 2);
	for (unsigned i = 0; i < count; i++)
		if (outcome->flags & EMU_RECEIPT_FIRST)
			report_now(phone, of, phone_status_of(outcome->receipt), true);
		else
			report_later(phone, of, outcome->receipt, delay_us);
}

enum fg_rc phone_report(struct phone *phone, int reference, uint8_t status)
{
	const struct submitted *of =
		&phone->submits[reference < 0 ? phone->last_reference : (uint8_t)reference];

	if (!of->used || reference > UINT8_MAX)
		return FG_E_NOT_FOUND;
	report_now(phone, of, status, false);
	phone_flush(phone);
	return FG_OK;
}

/* ---- Outcomes ---- */

static void part_text(const struct fg_tpdu_submit *submit, char out[static PART_TEXT])
{
	size_t len = 0;

	if (fg_tpdu_ud_text(submit->dcs, &submit->ud, out, PART_TEXT - 1, &len) != FG_OK)
		len = 0;
	out[len] = '\0';
}

static bool by_text(const struct fg_tpdu_submit *submit, struct emu_outcome *outcome_out)
{
	char text[PART_TEXT], *words;

	part_text(submit, text);
	text[TEXT_READ] = '\0';
	words = strstr(text, TEXT_PREFIX);
	if (!words)
		return false;
	words += strlen(TEXT_PREFIX);
	words[strcspn(words, ";")] = '\0';
	return emu_outcome_parse(words, outcome_out);
}

static bool by_digits(struct phone *phone, const char *destination, struct emu_outcome *outcome_out)
{
	if (!emu_by_digits(destination, true, outcome_out))
		return false;
	if ((outcome_out->flags & EMU_ONCE) && !emu_told_now(&phone->told, destination))
		outcome_out->status = 0;
	if (outcome_out->flags & EMU_ANSWER_LATE)
		outcome_out->delay_ms = phone->options.late_ms;
	return true;
}

static struct emu_outcome choose(struct phone *phone, const struct fg_tpdu_submit *submit,
				 const char *destination)
{
	struct phone_options *options = &phone->options;
	struct emu_outcome outcome = emu_plain;
	const struct emu_outcome *mixed;

	if ((!options->no_text && by_text(submit, &outcome)) ||
	    emu_by_rules(options->rules, options->rules_count, destination, &outcome) ||
	    by_digits(phone, destination, &outcome))
		return outcome;
	mixed = emu_by_mix(&phone->random, options->mix, options->mix_count);
	if (mixed)
		return *mixed;
	mixed = emu_by_mix(&phone->random, options->report_mix, options->report_mix_count);
	return mixed ? *mixed : emu_plain;
}

/* ---- What was sent, as the one it is for would see it ---- */

static enum fg_alphabet alphabet_of(enum fg_tpdu_units units)
{
	return units == FG_TPDU_UCS2 ? FG_ALPHABET_UCS2 : FG_ALPHABET_GSM7;
}

static void show_whole(struct phone *phone, const struct emu_whole *whole,
		       const struct fg_tpdu_submit *submit, uint8_t reference)
{
	const struct fg_tpdu_coding coding = fg_tpdu_coding_of(submit->dcs);
	struct phone_message message = { .reference = reference,
					 .destination = whole->destination,
					 .parts = whole->parts,
					 .dcs = submit->dcs,
					 .pid = submit->pid,
					 .report_wanted =
						 submit->status_report || whole->extra[0] };
	size_t cap = 3 * whole->len + 1;
	char *text = talloc_zero_size(whole, cap);

	phone->counters.messages++;
	if (!text || !whole->body || !phone->owner.message)
		return;
	message.binary = coding.units == FG_TPDU_OCTETS || coding.compressed;
	if (message.binary) {
		(void)fg_tpdu_hex(whole->body, whole->len, text, cap);
		message.text_len = 2 * whole->len;
	} else {
		(void)fg_alphabet_decode(alphabet_of(coding.units), whole->body, whole->len, text,
					 cap - 1, &message.text_len);
	}
	message.text = text;
	phone->owner.message(phone->owner.arg, &message);
}

static void show_part(struct phone *phone, const struct fg_tpdu_submit *submit,
		      const char *destination, uint8_t reference)
{
	uint8_t body[FG_TPDU_SEPTETS_MAX];
	struct emu_part part = { .source = "",
				 .destination = destination,
				 .concat = { .total = 1, .sequence = 1 },
				 .coding = submit->dcs,
				 .extra = submit->status_report ? "report" : "",
				 .body = body };
	struct emu_whole *whole;
	size_t header_len;

	if (submit->ud.header)
		(void)fg_udh_concat_find(submit->ud.at, submit->ud.octets, &part.concat,
					 &header_len);
	if (fg_tpdu_ud_body(submit->dcs, &submit->ud, body, &part.len) != FG_OK) {
		part.len = submit->ud.octets; /* compressed */
		memcpy(body, submit->ud.at, part.len);
	}
	whole = emu_join(phone->joiner, &part);
	if (whole)
		show_whole(phone, whole, submit, reference);
	talloc_free(whole);
}

/* ---- Submitting ---- */

static struct submitted *remember(struct phone *phone, const struct fg_tpdu_submit *submit)
{
	uint8_t reference = phone->next_reference++;
	struct submitted *of = &phone->submits[reference];

	*of = (struct submitted){ .used = true,
				  .reference = reference,
				  .time_s = phone_wall_s(phone),
				  .destination = submit->destination };
	phone->last_reference = reference;
	return of;
}

static int answer_now(struct phone *phone, const char *command, uint8_t reference)
{
	phone_info(phone, "+%s: %u", command, reference);
	if (phone_fault_set(phone, FAULT_CUT))
		return AT_OK; /* half of it is said, so no OK either */
	return (phone->profile->quirks & QUIRK_NO_OK) || phone_fault_now(phone, FAULT_NO_OK)
		       ? AT_SILENT
		       : AT_OK;
}

static void answer_fire(struct phone *phone, struct later *later)
{
	const struct answer answer = *(const struct answer *)later;

	free(later);
	if (answer.epoch != phone->epoch)
		return;
	phone_finish(phone, answer_now(phone, answer.command, answer.reference));
	phone_drain(phone);
}

static int answer_later(struct phone *phone, const char *command, uint8_t reference,
			uint64_t delay_us)
{
	struct answer *answer = phone_later_new(phone, sizeof(*answer), delay_us, answer_fire);

	if (!answer)
		return AT_CMS + CMS_UNKNOWN;
	answer->epoch = phone->epoch;
	answer->reference = reference;
	snprintf(answer->command, sizeof(answer->command), "%s", command);
	return AT_LATER;
}

static int answer(struct phone *phone, const char *command, uint8_t reference,
		  const struct emu_outcome *outcome)
{
	uint64_t delay_ms = outcome->delay_ms ? outcome->delay_ms : phone->options.answer_delay_ms;

	if ((outcome->flags & EMU_NO_ANSWER) || phone_fault_now(phone, FAULT_SILENCE)) {
		phone->counters.unanswered++;
		if (outcome->flags & EMU_CLOSE) {
			phone_unplug(phone);
			phone->owner.unplug(phone->owner.arg, phone->options.late_ms);
		}
		return AT_SILENT;
	}
	if (outcome->flags & EMU_CUT)
		phone->faults[FAULT_CUT]++;
	if (delay_ms == 0 && phone_fault_now(phone, FAULT_LATE))
		delay_ms = phone->options.late_ms; /* all of it, not its OK alone */
	return delay_ms ? answer_later(phone, command, reference, delay_ms * 1000)
			: answer_now(phone, command, reference);
}

static int refuse(struct phone *phone, const char *destination, unsigned code)
{
	const char *text = phone_cms_text(code);

	phone_happened(phone, "refused", destination, code, text ? text : "");
	return AT_CMS + (int)code;
}

int phone_submit(struct phone *phone, const char *command, const uint8_t *tpdu, size_t len)
{
	char destination[ADDRESS_CAP];
	struct fg_tpdu_submit submit;
	const struct submitted *of;
	struct emu_outcome outcome;

	if (fg_tpdu_submit_decode(tpdu, len, &submit) != FG_OK)
		return AT_CMS + CMS_PDU;
	phone->counters.submits++;
	fg_tpdu_address_show(&submit.destination, destination);
	if (!phone_in_service(phone))
		return refuse(phone, destination, CMS_NO_NETWORK);
	if (phone_fault_now(phone, FAULT_CMS))
		return refuse(phone, destination, phone->fault_cms);
	outcome = choose(phone, &submit, destination);
	if (outcome.status)
		return refuse(phone, destination, outcome.status);
	phone->counters.taken++;
	of = remember(phone, &submit);
	show_part(phone, &submit, destination, of->reference);
	if (submit.status_report)
		reports(phone, of, &outcome);
	return answer(phone, command, of->reference, &outcome);
}
