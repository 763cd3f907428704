/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client/cli/cli.h"

#include <inttypes.h>
#include <string.h>

void cli_print_text(FILE *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (p[0] < 0x20 || p[0] == 0x7F || p[0] == '"' || p[0] == '\\') {
			fprintf(out, "\\u%04x", p[0]);
		} else if (p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) {
			fprintf(out, "\\u%04x", *++p); /* C1 controls */
		} else if (p[0] == 0xE2 && ((p[1] == 0x80 && p[2] >= 0xAA && p[2] <= 0xAE) ||
					    (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9))) {
			fprintf(out, "\\u%04x",
				0x2000 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F)); /* bidi controls */
			p += 2;
		} else {
			fputc(p[0], out);
		}
	}
}

const char *cli_kind_name(Fallgate__ReceiptKind kind)
{
	static const char *const names[] = { "none",       "accepted", "held",
					     "downgraded", "sent",     "delivered",
					     "read",       "failed",   "unknown",
					     "withdrawn",  "expired",  "possible-duplicate",
					     "cancelled",  "refused" };

	return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

const char *cli_bearer_name(Fallgate__Bearer bearer)
{
	static const char *const names[] = { "secure", "RCS", "MMS", "SMS" };

	return (size_t)bearer < sizeof(names) / sizeof(names[0]) ? names[bearer] : "?";
}

const char *cli_protection_name(Fallgate__Protection protection)
{
	static const char *const names[] = { "none", "none", "hop", "e2e" };

	return (size_t)protection < sizeof(names) / sizeof(names[0]) ? names[protection] : "none";
}

static const char *result_name(const struct fg_verified *v)
{
	switch (v->receipt->kind) {
	case FALLGATE__RECEIPT_KIND__RECEIPT_SENT:
	case FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED:
	case FALLGATE__RECEIPT_KIND__RECEIPT_READ:
		return v->receipt->protection == FALLGATE__PROTECTION__PROTECTION_E2E
			       ? "protected"
			       : "unprotected";
	case FALLGATE__RECEIPT_KIND__RECEIPT_UNKNOWN:
	case FALLGATE__RECEIPT_KIND__RECEIPT_POSSIBLE_DUPLICATE:
		return "unknown";
	default:
		return v->receipt->final ? "not-sent" : "pending";
	}
}

static void print_json(const struct fg_id *id, const struct fg_verified *v, const char *text,
		       uint64_t elapsed_ms)
{
	const Fallgate__Receipt *r = v->receipt;
	char hex[FG_ID_TEXT_LEN + 1];

	printf("{\"id\":\"%s\",\"result\":\"%s\",\"protection\":\"%s\",\"bearer\":\"%s\",\"link\":"
	       "\"",
	       fg_id_text(id, hex), result_name(v), cli_protection_name(r->protection),
	       cli_bearer_name(r->bearer));
	cli_print_text(stdout, r->link);
	fputs("\",\"text\":\"", stdout);
	cli_print_text(stdout, text);
	fputs("\",\"mark\":\"", stdout);
	cli_print_text(stdout, r->mark);
	fputs("\",\"reason\":\"", stdout);
	cli_print_text(stdout, r->reason);
	printf("\",\"segments\":%" PRIu32
	       ",\"kind\":\"%s\",\"final\":%s,\"proven\":%s,\"claimed\":%s,"
	       "\"possible_duplicate\":%s,\"ms\":%" PRIu64,
	       r->segments, cli_kind_name(r->kind), r->final ? "true" : "false",
	       v->delivery_proven ? "true" : "false", r->carrier_claim ? "true" : "false",
	       r->possible_duplicate ? "true" : "false", elapsed_ms);
	if (v->logged) {
		printf(",\"leaf_index\":%" PRIu64 ",\"log\":\"", r->leaf->index);
		cli_print_text(stdout, v->checkpoint.origin);
		fputs("\"", stdout);
	}
	puts("}");
}

static void print_unprotected(const Fallgate__Receipt *r, const char *text)
{
	printf("UNPROTECTED %s over ", cli_bearer_name(r->bearer));
	cli_print_text(stdout, r->link);
	fputs(": \"", stdout);
	cli_print_text(stdout, r->mark);
	cli_print_text(stdout, text);
	printf("\", %s%s", cli_kind_name(r->kind),
	       r->carrier_claim ? " (the carrier's claim)" : "");
	if (r->possible_duplicate)
		fputs(", and perhaps end-to-end as well", stdout);
}

void cli_print_receipt(const struct cli *cli, const struct fg_id *id, const struct fg_verified *v,
		       const char *text, uint64_t elapsed_ms)
{
	const Fallgate__Receipt *r = v->receipt;
	const char *result = result_name(v);
	char hex[FG_ID_TEXT_LEN + 1];

	if (cli->json) {
		print_json(id, v, text, elapsed_ms);
		return;
	}
	if (strcmp(result, "protected") == 0) {
		printf("PROTECTED end-to-end, %s in %" PRIu64 " ms%s", cli_kind_name(r->kind),
		       elapsed_ms,
		       v->delivery_proven ? "" : " (not proven: no device signed for it)");
	} else if (strcmp(result, "unprotected") == 0) {
		print_unprotected(r, text);
	} else {
		printf("%s: %s",
		       strcmp(result, "not-sent") == 0  ? "NOT SENT"
		       : strcmp(result, "unknown") == 0 ? "UNKNOWN"
							: "PENDING",
		       cli_kind_name(r->kind));
		if (*r->reason)
			fputs(", ", stdout);
		cli_print_text(stdout, r->reason);
	}
	printf("  %s\n", fg_id_text(id, hex));
}
