/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client/ctl/probe_print.h"

#include <inttypes.h>
#include <string.h>
#include "lib/wire/smpp_status.h"

static const char *const id_bases[] = {
	[FG_PROBE_IDS_UNKNOWN] = "auto",
	[FG_PROBE_IDS_SAME] = "same",
	[FG_PROBE_IDS_HEX_DEC] = "hex-dec",
	[FG_PROBE_IDS_DEC_HEX] = "dec-hex",
};

/* Foreign text on a terminal and in a file: only what is printable, without what ends a string. */
static const char *clean(const char *text, char out[static FG_DLR_ID_MAX + 1])
{
	size_t len = strnlen(text, FG_DLR_ID_MAX);

	for (size_t i = 0; i < len; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' && text[i] != '"' && text[i] != '\\'
				 ? text[i]
				 : '.';
	out[len] = '\0';
	return out;
}

static void print_status(FILE *out, uint32_t code)
{
	fprintf(out, "0x%02" PRIX32 " %s", code, fg_smpp_status_find(code)->name);
}

static void comment_window(FILE *out, const struct fg_probe_result *r)
{
	fputs("# window:        ", out);
	switch (r->window_is) {
	case FG_PROBE_WINDOW_IS:
		fprintf(out, "%u; one more at once was refused with ", r->window);
		print_status(out, r->window_code);
		break;
	case FG_PROBE_WINDOW_AT_LEAST:
		fprintf(out, "at least %u, as many as were tried", r->window);
		break;
	case FG_PROBE_WINDOW_RATE:
		fputs("not known: fewer at once were refused as well, so it is the rate: ", out);
		print_status(out, r->window_code);
		break;
	case FG_PROBE_WINDOW_UNKNOWN:
		fputs("not measured", out);
		break;
	}
	fputc('\n', out);
}

static void comment_ids(FILE *out, const struct fg_probe_result *r)
{
	char response[FG_DLR_ID_MAX + 1], receipt[FG_DLR_ID_MAX + 1];

	if (r->receipts == 0)
		fputs("# ids:           not known without a receipt\n", out);
	else if (r->ids == FG_PROBE_IDS_UNKNOWN)
		fprintf(out,
			"# ids:           \"%s\" in a response, \"%s\" in its receipt: neither "
			"the same nor another base\n",
			clean(r->response_id, response), clean(r->receipt_id, receipt));
	else
		fprintf(out, "# ids:           %s: \"%s\" in a response, \"%s\" in its receipt\n",
			r->ids == FG_PROBE_IDS_SAME      ? "the same"
			: r->ids == FG_PROBE_IDS_HEX_DEC ? "hexadecimal, then decimal"
							 : "decimal, then hexadecimal",
			clean(r->response_id, response), clean(r->receipt_id, receipt));
}

static void comment_receipts(FILE *out, const struct fg_probe_result *r)
{
	if (r->receipts == 0) {
		fputs("# receipts:      none came\n", out);
		return;
	}
	fprintf(out, "# receipts:      %u of %u came, the first after %" PRIu64 " ms; %s",
		r->receipts, r->accepted, r->receipt_least_ms,
		r->receipt_tlvs && r->receipt_text ? "parameters and text"
		: r->receipt_tlvs                  ? "parameters, no text"
						   : "text, no parameters");
	if (r->date_digits)
		fprintf(out, "; dates of %u digits", r->date_digits);
	if (r->receipt_reference)
		fputs("; user_message_reference comes back", out);
	if (r->receipt_intermediate)
		fputs("; intermediate ones too", out);
	fprintf(out, "; message_state %u\n", r->state);
}

static void comment_answer(FILE *out, const char *name, enum fg_probe_answer answer, uint32_t code,
			   const char *yes)
{
	fprintf(out, "# %-14s ", name);
	if (answer == FG_PROBE_NO) {
		fputs("refused with ", out);
		print_status(out, code);
	} else {
		fputs(answer == FG_PROBE_YES      ? yes
		      : answer == FG_PROBE_SILENT ? "not answered"
						  : "not measured",
		      out);
	}
	fputc('\n', out);
}

static void comment_alphabet(FILE *out, enum fg_probe_alphabet alphabet)
{
	static const char *const words[] = {
		[FG_PROBE_ALPHABET_UNKNOWN] = "not known: nobody said what the phone showed",
		[FG_PROBE_ALPHABET_GSM] = "the GSM alphabet, as the phone showed it",
		[FG_PROBE_ALPHABET_ASCII] =
			"ASCII, as the phone showed it; perhaps Latin-1: ask the carrier",
		[FG_PROBE_ALPHABET_OTHER] =
			"neither GSM nor ASCII, as the phone showed it; UCS-2 is safe",
	};

	fprintf(out, "# data_coding 0: %s\n", words[alphabet]);
}

static void comments(FILE *out, const struct fg_probe_options *options,
		     const struct fg_probe_result *r, enum fg_probe_alphabet alphabet)
{
	const char *number = options->number;
	size_t len = strlen(number);
	char id[FG_DLR_ID_MAX + 1];

	fprintf(out, "# What fallgatectl probe found of link %s with %u messages to ...%s\n",
		options->link->name, r->sent, number + (len > 3 ? len - 3 : 0));
	fprintf(out, "# far side:      \"%s\"", clean(r->system_id, id));
	if (r->interface_version)
		fprintf(out, ", interface version 0x%02X", r->interface_version);
	fprintf(out, "\n# round trip:    %u ms, %u to %u\n", r->trip_mean_ms, r->trip_least_ms,
		r->trip_most_ms);
	comment_window(out, r);
	comment_ids(out, r);
	comment_receipts(out, r);
	comment_answer(out, "unknown TLVs:", r->mark, r->mark_code, "taken");
	comment_alphabet(out, alphabet);
	comment_answer(out, "query_sm:", r->query, r->query_code, "answered");
	if (r->unanswered)
		fprintf(out, "# not answered:  %u submits\n", r->unanswered);
}

/* Only what was measured: a key that is not here keeps its value. */
void fg_probe_print(FILE *out, const struct fg_probe_options *options,
		    const struct fg_probe_result *r, enum fg_probe_alphabet alphabet)
{
	comments(out, options, r, alphabet);
	fprintf(out, "# These keys of the link named \"%s\" take the place of those it has:\n",
		options->link->name);
	if (r->window_is == FG_PROBE_WINDOW_IS || r->window_is == FG_PROBE_WINDOW_AT_LEAST)
		fprintf(out, "window = %u;\n", r->window);
	if (r->ids != FG_PROBE_IDS_UNKNOWN)
		fprintf(out, "id_base = \"%s\";\n", id_bases[r->ids]);
	if (r->mark == FG_PROBE_NO)
		fputs("mark_tlv = 0;\n", out);
	if (alphabet != FG_PROBE_ALPHABET_UNKNOWN)
		fprintf(out, "alphabet = \"%s\";\n",
			alphabet == FG_PROBE_ALPHABET_GSM     ? "gsm"
			: alphabet == FG_PROBE_ALPHABET_ASCII ? "ascii"
							      : "ucs2");
	if (r->query != FG_PROBE_NOT_ASKED)
		fprintf(out, "query_sm = \"%s\";\n", r->query == FG_PROBE_YES ? "auto" : "off");
}

void fg_probe_print_json(FILE *out, const struct fg_probe_options *options,
			 const struct fg_probe_result *r, enum fg_probe_alphabet alphabet)
{
	static const char *const windows[] = { "unknown", "exact", "at least", "rate" };
	static const char *const answers[] = { "not asked", "yes", "no", "silent" };
	static const char *const alphabets[] = { "unknown", "gsm", "ascii", "other" };
	char id[FG_DLR_ID_MAX + 1], response[FG_DLR_ID_MAX + 1], receipt[FG_DLR_ID_MAX + 1];

	fprintf(out,
		"{\"link\": \"%s\", \"system_id\": \"%s\", \"interface_version\": %u, \"sent\": "
		"%u, "
		"\"accepted\": %u, \"unanswered\": %u, \"round_trip_ms\": [%u, %u, %u], ",
		options->link->name, clean(r->system_id, id), r->interface_version, r->sent,
		r->accepted, r->unanswered, r->trip_least_ms, r->trip_mean_ms, r->trip_most_ms);
	fprintf(out,
		"\"window\": %u, \"window_is\": \"%s\", \"window_code\": %" PRIu32
		", \"id_base\": \"%s\", \"response_id\": \"%s\", \"receipt_id\": \"%s\", "
		"\"receipts\": %u, \"receipt_ms\": %" PRIu64 ", ",
		r->window, windows[r->window_is], r->window_code, id_bases[r->ids],
		clean(r->response_id, response), clean(r->receipt_id, receipt), r->receipts,
		r->receipts ? r->receipt_least_ms : 0);
	fprintf(out,
		"\"receipt_tlvs\": %s, \"receipt_text\": %s, \"receipt_reference\": %s, "
		"\"receipt_intermediate\": %s, \"date_digits\": %u, \"message_state\": %u, ",
		r->receipt_tlvs ? "true" : "false", r->receipt_text ? "true" : "false",
		r->receipt_reference ? "true" : "false", r->receipt_intermediate ? "true" : "false",
		r->date_digits, r->state);
	fprintf(out,
		"\"unknown_tlv\": \"%s\", \"unknown_tlv_code\": %" PRIu32
		", \"query_sm\": \"%s\", \"query_code\": %" PRIu32 ", \"alphabet\": \"%s\"}\n",
		answers[r->mark], r->mark_code, answers[r->query], r->query_code,
		alphabets[alphabet]);
}
