/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/smpp_status.h"

#include <stdbool.h>
#include <string.h>

/* What a class means to those who do not speak SMPP. Credentials and session say nothing of the
 * message: the link is not usable. */
#define RC_OK                  FG_OK
#define RC_THROTTLE            FG_E_LINK_THROTTLED
#define RC_TEMPORARY           FG_E_LINK_BUSY
#define RC_UNCERTAIN           FG_E_LINK_REJECTED
#define RC_SESSION             FG_E_LINK_DOWN
#define RC_CREDENTIALS         FG_E_LINK_DOWN
#define RC_PERMANENT_RECIPIENT FG_E_LINK_RECIPIENT
#define RC_PERMANENT_SENDER    FG_E_LINK_REJECTED
#define RC_PERMANENT_BUG       FG_E_LINK_REJECTED
#define RC_TIME_FIELD          FG_E_LINK_REJECTED
#define RC_TLV_REFUSED         FG_E_LINK_REJECTED
#define RC_VENDOR              FG_E_LINK_REJECTED

enum status_row {
#define FG_SMPP_STATUS(value, NAME, class, note, source) ROW_##NAME,
#include "lib/wire/smpp_status.def"
#undef FG_SMPP_STATUS
};

static const struct fg_smpp_status rows[] = {
#define FG_SMPP_STATUS(value, NAME, class, note, source)                                           \
	[ROW_##NAME] = { value, #NAME, FG_SMPP_CLASS_##class, RC_##class, note, source },
#include "lib/wire/smpp_status.def"
#undef FG_SMPP_STATUS
};

static const struct fg_smpp_status vendor = {
	0,
	"vendor",
	FG_SMPP_CLASS_VENDOR,
	RC_VENDOR,
	"defined by the carrier; its table may be given in links.vendor_codes",
	"SMPP v3.4, 5.1.3: reserved for SMSC vendor specific errors"
};
static const struct fg_smpp_status unknown = { 0,
					       "unknown",
					       FG_SMPP_CLASS_UNCERTAIN,
					       RC_UNCERTAIN,
					       "not a status of the standard",
					       "none; taken as 0xFF" };

const struct fg_smpp_status *fg_smpp_status_find(uint32_t value)
{
	switch (value) {
#define FG_SMPP_STATUS(code, NAME, class, note, source)                                            \
	case code:                                                                                 \
		return &rows[ROW_##NAME];
#include "lib/wire/smpp_status.def"
#undef FG_SMPP_STATUS
	default:
		/* SMPP v3.4, 5.1.3: reserved for SMSC vendor specific errors. */
		return value >= 0x400 && value <= 0x4FF ? &vendor : &unknown;
	}
}

static const struct {
	const char *name, *reaction;
	enum fg_rc rc;
} classes[] = {
	[FG_SMPP_CLASS_OK] = { "ok", "the message was taken", RC_OK },
	[FG_SMPP_CLASS_THROTTLE] = { "throttle",
				     "pause one second, half the rate, the message is deferred; "
				     "not an attempt",
				     RC_THROTTLE },
	[FG_SMPP_CLASS_TEMPORARY] = { "temporary",
				      "the message is deferred; again later, other links too",
				      RC_TEMPORARY },
	[FG_SMPP_CLASS_UNCERTAIN] = { "uncertain", "failed on this link; another link may take it",
				      RC_UNCERTAIN },
	[FG_SMPP_CLASS_SESSION] = { "session", "bind anew; the message is deferred, untouched",
				    RC_SESSION },
	[FG_SMPP_CLASS_CREDENTIALS] = { "credentials",
					"alarm; the link binds again every five minutes",
					RC_CREDENTIALS },
	[FG_SMPP_CLASS_PERMANENT_RECIPIENT] = { "recipient",
						"failed; no other link of this bearer is tried",
						RC_PERMANENT_RECIPIENT },
	[FG_SMPP_CLASS_PERMANENT_SENDER] = { "sender",
					     "failed on this link; another link may take it",
					     RC_PERMANENT_SENDER },
	[FG_SMPP_CLASS_PERMANENT_BUG] = { "bug", "failed on this link; check its configuration",
					  RC_PERMANENT_BUG },
	[FG_SMPP_CLASS_TIME_FIELD] = { "time-field",
				       "deferred once, and without the field from then on",
				       RC_TIME_FIELD },
	[FG_SMPP_CLASS_TLV_REFUSED] = { "tlv",
					"sent again at once without the marking TLV, the mark in "
					"the text stays; remembered for the link",
					RC_TLV_REFUSED },
	[FG_SMPP_CLASS_VENDOR] = { "vendor", "as uncertain, unless links.vendor_codes says more",
				   RC_VENDOR },
};

const char *fg_smpp_class_name(enum fg_smpp_status_class class)
{
	return classes[class].name;
}

const char *fg_smpp_class_reaction(enum fg_smpp_status_class class)
{
	return classes[class].reaction;
}

enum fg_rc fg_smpp_class_rc(enum fg_smpp_status_class class)
{
	return classes[class].rc;
}

/* ---- tables of carriers ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of [*at, end); empty at the end. */
static size_t word(const char **at, const char *end)
{
	const char *from;

	while (*at < end && is_space(**at))
		++*at;
	from = *at;
	while (*at < end && !is_space(**at))
		++*at;
	return (size_t)(*at - from);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* 0x400 to 0x4FF, written so; 0 for anything else. */
static uint32_t vendor_value(const char *text, size_t len)
{
	uint32_t value = 0;

	if (len != 5 || text[0] != '0' || text[1] != 'x' || text[2] != '4')
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (hex_digit(text[i]) < 0)
			return 0;
		value = value << 4 | (uint32_t)hex_digit(text[i]);
	}
	return value;
}

static bool read_line(const char *at, const char *end, struct fg_smpp_vendor_code *code)
{
	size_t len = word(&at, end), rest;
	bool known = false;

	code->value = vendor_value(at - len, len);
	len = word(&at, end);
	for (unsigned i = FG_SMPP_CLASS_OK + 1; i < FG_SMPP_CLASS_VENDOR && !known; i++) {
		code->class = (enum fg_smpp_status_class)i;
		known = strlen(classes[i].name) == len &&
			memcmp(classes[i].name, at - len, len) == 0;
	}
	while (at < end && is_space(*at))
		at++;
	while (end > at && is_space(end[-1]))
		end--;
	rest = (size_t)(end - at);
	if (!known || code->value == 0 || rest >= sizeof(code->note))
		return false;
	for (size_t i = 0; i < rest; i++)
		if (at[i] < 0x20 || at[i] > 0x7E)
			return false;
	memcpy(code->note, at, rest);
	code->note[rest] = '\0';
	return true;
}

enum fg_rc fg_smpp_vendor_codes_read(const char *text, size_t len,
				     struct fg_smpp_vendor_code *codes_out, size_t *count_out,
				     unsigned *line_out)
{
	const char *end = text + len, *line_end;
	size_t count = 0;

	*line_out = 0;
	for (const char *at = text; at < end; at = line_end + 1) {
		const char *first = at;
		size_t first_len;

		++*line_out;
		line_end = memchr(at, '\n', (size_t)(end - at));
		line_end = line_end ? line_end : end;
		first_len = word(&first, line_end);
		if (first_len == 0 || *(first - first_len) == '#')
			continue;
		/* 256 different values fill the table: one more is one of them twice */
		if (count == FG_SMPP_VENDOR_CODES_MAX ||
		    !read_line(at, line_end, &codes_out[count]))
			return FG_E_SYNTAX;
		for (size_t i = 0; i < count; i++)
			if (codes_out[i].value == codes_out[count].value)
				return FG_E_SYNTAX;
		count++;
	}
	*count_out = count;
	return FG_OK;
}
