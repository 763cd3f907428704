/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/at.h"

#include <string.h>

void fg_at_reader_init(struct fg_at_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
}

bool fg_at_reader_open(const struct fg_at_reader *reader)
{
	return reader->len > 0;
}

/* ---- texts ---- */

bool fg_at_text_is(struct fg_at_text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static bool begins(struct fg_at_text text, const char *word)
{
	return text.len >= strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

static struct fg_at_text trim(struct fg_at_text text)
{
	while (text.len > 0 && *text.at == ' ') {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && text.at[text.len - 1] == ' ')
		text.len--;
	return text;
}

static struct fg_at_text behind(struct fg_at_text text, size_t n)
{
	return trim((struct fg_at_text){ text.at + n, text.len - n });
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool read_number(struct fg_at_text text, int32_t *out)
{
	int64_t value = 0;

	for (size_t i = 0; i < text.len && value <= INT32_MAX; i++) {
		if (!is_digit(text.at[i]))
			return false;
		value = value * 10 + (text.at[i] - '0');
	}
	if (text.len == 0 || value > INT32_MAX)
		return false;
	*out = (int32_t)value;
	return true;
}

/* ---- parameters ---- */

bool fg_at_parameter(struct fg_at_text rest, unsigned place, struct fg_at_text *out)
{
	size_t begin = 0;
	unsigned depth = 0, at = 0;
	bool quoted = false;

	for (size_t i = 0; i <= rest.len; i++) {
		char c = i < rest.len ? rest.at[i] : ',';

		if (c == '"')
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && !quoted && depth > 0)
			depth--;
		if (i < rest.len && (c != ',' || quoted || depth > 0))
			continue;
		if (at++ == place) {
			*out = trim((struct fg_at_text){ rest.at + begin, i - begin });
			if (out->len >= 2 && out->at[0] == '"' && out->at[out->len - 1] == '"')
				*out = (struct fg_at_text){ out->at + 1, out->len - 2 };
			return true;
		}
		begin = i + 1;
	}
	return false;
}

bool fg_at_number(struct fg_at_text rest, unsigned place, int32_t *out)
{
	struct fg_at_text text;

	return fg_at_parameter(rest, place, &text) && read_number(text, out);
}

static struct fg_at_text without_brackets(struct fg_at_text list)
{
	if (list.len >= 2 && list.at[0] == '(' && list.at[list.len - 1] == ')')
		list = (struct fg_at_text){ list.at + 1, list.len - 2 };
	return list;
}

static bool range_has(struct fg_at_text item, int32_t number)
{
	const char *dash = item.len > 0 ? memchr(item.at, '-', item.len) : NULL;
	struct fg_at_text first = item, last = item;
	int32_t from, to;

	if (dash) {
		first.len = (size_t)(dash - item.at);
		last = behind(item, first.len + 1);
	}
	return read_number(trim(first), &from) && read_number(trim(last), &to) && from <= number &&
	       number <= to;
}

bool fg_at_allows(struct fg_at_text rest, unsigned place, int32_t number)
{
	struct fg_at_text list, item;

	if (!fg_at_parameter(rest, place, &list))
		return false;
	list = without_brackets(list);
	for (unsigned i = 0; fg_at_parameter(list, i, &item); i++)
		if (range_has(item, number))
			return true;
	return false;
}

bool fg_at_allows_word(struct fg_at_text rest, unsigned place, const char *word)
{
	struct fg_at_text list, item;

	if (!fg_at_parameter(rest, place, &list))
		return false;
	list = without_brackets(list);
	for (unsigned i = 0; fg_at_parameter(list, i, &item); i++)
		if (fg_at_text_is(item, word))
			return true;
	return false;
}

/* ---- lines ---- */

static const struct {
	const char *line;
	enum fg_at_kind kind;
} plain[] = {
	{ "OK", FG_AT_OK },
	{ "ERROR", FG_AT_ERROR },
	{ "COMMAND NOT SUPPORT", FG_AT_ERROR }, /* Huawei */
	{ "TOO MANY PARAMETERS", FG_AT_ERROR }, /* Huawei */
	{ "RING", FG_AT_NOISE },
	{ "NO CARRIER", FG_AT_NOISE }, /* of a call, which we never make (V.250, table 1) */
	{ "NO DIALTONE", FG_AT_NOISE },
	{ "NO ANSWER", FG_AT_NOISE },
	{ "BUSY", FG_AT_NOISE },
};

static const struct {
	const char *name;
	enum fg_at_from from;
	int stat_place; /* -1: it has none */
} headers[] = {
	/* +CMT: [alpha],length; +CDS: length; +CMGR: stat,[alpha],length (27.005, 3.4.1 and 4.2);
	 * +CMGL: index,stat,[alpha],length (4.1). Some modems leave out the alpha: the last counts. */
	{ "CMT", FG_AT_FROM_CMT, -1 },
	{ "CDS", FG_AT_FROM_CDS, -1 },
	{ "CMGR", FG_AT_FROM_CMGR, 0 },
	{ "CMGL", FG_AT_FROM_CMGL, 1 },
};
enum { HEADERS = sizeof(headers) / sizeof(headers[0]) };

static int32_t last_number(struct fg_at_text rest)
{
	struct fg_at_text text;
	int32_t number = -1;

	for (unsigned i = 0; fg_at_parameter(rest, i, &text); i++)
		if (!read_number(text, &number))
			number = -1;
	return number;
}

static bool is_solicited(const struct fg_at_header *header)
{
	return header->from == FG_AT_FROM_CMGR || header->from == FG_AT_FROM_CMGL;
}

/* A header is no event: its PDU is. */
static bool take_header(struct fg_at_reader *reader, const struct fg_at_event *event)
{
	struct fg_at_header header = { .open = true, .index = -1, .stat = -1 };
	size_t i = 0;

	while (i < HEADERS && !fg_at_text_is(event->name, headers[i].name))
		i++;
	if (i == HEADERS)
		return false;
	header.from = (uint8_t)headers[i].from;
	header.number = last_number(event->rest);
	if (headers[i].stat_place >= 0)
		(void)fg_at_number(event->rest, (unsigned)headers[i].stat_place, &header.stat);
	if (headers[i].stat_place == 1)
		(void)fg_at_number(event->rest, 0, &header.index);
	if (is_solicited(&header))
		reader->outer.open = false;
	else if (reader->header.open && is_solicited(&reader->header))
		reader->outer = reader->header;
	reader->header = header;
	return true;
}

/* The next PDU is that of an answer which was broken into, if there is one. */
static void end_header(struct fg_at_reader *reader)
{
	reader->header = reader->outer;
	reader->outer.open = false;
}

static void forget_headers(struct fg_at_reader *reader)
{
	reader->header.open = reader->outer.open = false;
}

/* +CMTI: "SM",3 (27.005, 3.4.1). One without an index that is a number says nothing of use. */
static void take_stored(struct fg_at_event *event, enum fg_at_from from)
{
	struct fg_at_text storage;

	event->kind = FG_AT_NOISE;
	event->from = from;
	if (!fg_at_parameter(event->rest, 0, &storage) || storage.len != 2 ||
	    !fg_at_number(event->rest, 1, &event->number))
		return;
	event->kind = FG_AT_STORED;
	memcpy(event->storage, storage.at, 2);
}

static void take_error(struct fg_at_event *event, enum fg_at_kind kind)
{
	event->kind = kind;
	if (!read_number(event->rest, &event->number))
		event->number = -1;
}

static bool take_name(struct fg_at_reader *reader, struct fg_at_text line,
		      struct fg_at_event *event)
{
	const char *colon = memchr(line.at, ':', line.len);

	if (!colon || !strchr("+^*%$_", line.at[0]))
		return false;
	event->kind = FG_AT_INFO;
	event->rest = behind(line, (size_t)(colon - line.at) + 1);
	event->name = line.at[0] == '+' ? behind(line, 1) : line;
	event->name.len = (size_t)(colon - event->name.at);
	if (fg_at_text_is(event->name, "CME ERROR"))
		take_error(event, FG_AT_CME_ERROR);
	else if (fg_at_text_is(event->name, "CMS ERROR"))
		take_error(event, FG_AT_CMS_ERROR);
	else if (fg_at_text_is(event->name, "CMTI"))
		take_stored(event, FG_AT_FROM_CMTI);
	else if (fg_at_text_is(event->name, "CDSI"))
		take_stored(event, FG_AT_FROM_CDSI);
	else if (take_header(reader, event))
		event->kind = FG_AT_PDU;
	return true;
}

static unsigned hex_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a') + 10;
}

/* The header counts the TPDU alone; the SMSC's address stands before it (27.005, 3.1, <length>). */
static bool take_pdu(struct fg_at_reader *reader, struct fg_at_text line, struct fg_at_event *event)
{
	const struct fg_at_header *header = &reader->header;
	size_t smsc;

	for (size_t i = 0; i < line.len; i++)
		if (!is_hex(line.at[i]))
			return false;
	if (line.len < 2 || line.len % 2 != 0)
		return false;
	smsc = hex_value(line.at[0]) * 16 + hex_value(line.at[1]);
	event->kind = FG_AT_PDU;
	event->from = (enum fg_at_from)header->from;
	event->number = header->number;
	event->index = header->index;
	event->stat = header->stat;
	event->whole =
		header->number >= 0 && line.len / 2 == 1 + smsc + (size_t)(unsigned)header->number;
	event->rest = line;
	end_header(reader);
	return true;
}

static struct fg_at_event event_of(enum fg_at_kind kind, struct fg_at_text rest)
{
	return (struct fg_at_event){
		.kind = kind, .number = -1, .index = -1, .stat = -1, .name = { "", 0 }, .rest = rest
	};
}

/* False when the line is a header only. */
static bool take_line(struct fg_at_reader *reader, struct fg_at_text line,
		      struct fg_at_event *event)
{
	*event = event_of(FG_AT_TEXT, line);
	if (reader->header.open && take_pdu(reader, line, event))
		return true;
	if (take_name(reader, line, event)) {
		if (event->kind == FG_AT_CME_ERROR || event->kind == FG_AT_CMS_ERROR)
			forget_headers(reader);
		return event->kind != FG_AT_PDU;
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (fg_at_text_is(line, plain[i].line))
			event->kind = plain[i].kind;
	/* No modem begins an answer so, and ours are in capitals. */
	if (event->kind == FG_AT_TEXT && begins(line, "AT"))
		event->kind = FG_AT_ECHO;
	if (event->kind == FG_AT_OK || event->kind == FG_AT_ERROR)
		forget_headers(reader);
	return true;
}

static bool end_line(struct fg_at_reader *reader, struct fg_at_event *event)
{
	struct fg_at_text line = trim((struct fg_at_text){ reader->line, reader->len });
	bool too_long = reader->too_long;

	reader->len = 0;
	reader->too_long = false;
	if (line.len == 0)
		return false;
	if (!too_long)
		return take_line(reader, line, event);
	*event = event_of(FG_AT_NOISE, line);
	return true;
}

/* True when c ends a line or is a prompt. */
static bool take_octet(struct fg_at_reader *reader, char c, struct fg_at_event *event)
{
	bool after_prompt = reader->prompted;

	reader->prompted = false;
	if (c == '\r' || c == '\n')
		return end_line(reader, event);
	if (c == '>' && reader->len == 0) {
		reader->prompted = true;
		*event = event_of(FG_AT_PROMPT, (struct fg_at_text){ "", 0 });
		return true;
	}
	if ((c == ' ' && after_prompt) || (unsigned char)c < ' ')
		return false;
	if (reader->len == sizeof(reader->line))
		reader->too_long = true;
	else
		reader->line[reader->len++] = c;
	return false;
}

bool fg_at_read(struct fg_at_reader *reader, struct fg_cursor *octets,
		struct fg_at_event *event_out)
{
	while (fg_cursor_left(octets) > 0)
		if (take_octet(reader, (char)fg_cursor_u8(octets), event_out))
			return true;
	return false;
}
