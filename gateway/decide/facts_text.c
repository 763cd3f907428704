/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writer and reader walk the same table of fields, so that they cannot differ.
 */
#include "gateway/decide/facts_text.h"
#include "gateway/decide/prose.h"

#include <string.h>

enum kind { KIND_WORD, KIND_BOOL, KIND_NUMBER, KIND_NAME };

enum { LINK_NUMBERS = 6 };

static const char *const view_words[] = { "UNKNOWN", "SECURE", "ABSENT", NULL };
static const char *const pin_words[] = { "NONE", "HELD", "DEREGISTERED", NULL };
static const char *const identity_words[] = { "SAME", "OTHER", NULL };
static const char *const epoch_words[] = { "CURRENT", "LOWER", NULL };
static const char *const consent_words[] = { "NONE", "INVALID", "DEVICE", "CONTRACT", NULL };
static const char *const policy_words[] = { "SECURE_ONLY", "ASK", "ALLOW", NULL };
static const char *const class_words[] = { "otp",  "interactive",  "normal",
					   "bulk", "confidential", NULL };
static const char *const floor_words[] = { "none", "hop", "e2e", NULL };
static const char *const withdraw_words[] = { "NONE", "DONE", "FAILED", NULL };
static const char *const bearer_words[] = { "secure", "rcs", "mms", "sms", NULL };

struct field {
	const char *key;
	size_t offset, size;
	enum kind kind;
	const char *const *words;
	uint32_t limit;
};

#define LIMIT_WORD(limit)  .words = (limit)
#define LIMIT_BOOL(max)    .limit = (max)
#define LIMIT_NUMBER(max)  .limit = (max)
#define LIMIT_NAME(unused) .limit = (unused)

static const struct field fields[] = {
#define FG_FACT(type, member, bound)                                                               \
	{ .key = #member,                                                                          \
	  .offset = offsetof(struct fg_facts, member),                                             \
	  .size = sizeof(((struct fg_facts *)0)->member),                                          \
	  .kind = KIND_##type,                                                                     \
	  LIMIT_##type(bound) },
#include "gateway/decide/facts.def"
#undef FG_FACT
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static uint32_t member_get(const void *member, size_t size)
{
	uint16_t u16;
	uint32_t u32;

	if (size == sizeof(uint8_t))
		return *(const uint8_t *)member;
	if (size == sizeof(uint16_t)) {
		memcpy(&u16, member, sizeof(u16));
		return u16;
	}
	memcpy(&u32, member, sizeof(u32));
	return u32;
}

static void member_set(void *member, size_t size, uint32_t value)
{
	uint16_t u16 = (uint16_t)value;

	if (size == sizeof(uint8_t))
		*(uint8_t *)member = (uint8_t)value;
	else if (size == sizeof(uint16_t))
		memcpy(member, &u16, sizeof(u16));
	else
		memcpy(member, &value, sizeof(value));
}

static uint32_t words_count(const char *const *words)
{
	uint32_t count = 0;

	while (words[count])
		count++;
	return count;
}

static bool write_field(struct fg_prose *prose, const struct field *field, const void *member)
{
	uint32_t value;

	if (field->kind == KIND_NAME) {
		fg_prose_escaped(prose, member, field->size);
		return memchr(member, '\0', field->size) != NULL;
	}
	value = member_get(member, field->size);
	if (field->kind != KIND_WORD) {
		fg_prose_u32(prose, value);
		return value <= field->limit;
	}
	if (value >= words_count(field->words))
		return false;
	fg_prose_str(prose, field->words[value]);
	return true;
}

static bool link_in_range(const struct fg_link_facts *link)
{
	return link->bearer != FG_BEARER_SECURE && link->bearer < FG_BEARER_COUNT &&
	       link->success_permille <= 1000;
}

static void write_link(struct fg_prose *prose, unsigned index, const struct fg_link_facts *link)
{
	const uint32_t numbers[LINK_NUMBERS] = { link->up,          link->failed,
						 link->segments,    link->credits,
						 link->price_micro, link->success_permille };

	fg_prose_str(prose, " link");
	fg_prose_u32(prose, index);
	fg_prose_add(prose, "=", bearer_words[link->bearer]);
	for (unsigned i = 0; i < LINK_NUMBERS; i++) {
		fg_prose_char(prose, ':');
		fg_prose_u32(prose, numbers[i]);
	}
}

enum fg_rc fg_facts_write(const struct fg_facts *facts, char *out, size_t cap, size_t *len_out)
{
	struct fg_prose prose;

	fg_prose_init(&prose, out, cap);
	for (unsigned i = 0; i < FIELDS; i++) {
		fg_prose_add(&prose, i ? " " : "", fields[i].key, "=");
		if (!write_field(&prose, &fields[i], (const char *)facts + fields[i].offset))
			return FG_E_ARG;
	}
	fg_prose_str(&prose, " links=");
	fg_prose_u32(&prose, facts->links_count);
	if (facts->links_count > FG_LINKS_MAX)
		return FG_E_ARG;
	for (unsigned i = 0; i < facts->links_count; i++) {
		if (!link_in_range(&facts->links[i]))
			return FG_E_ARG;
		write_link(&prose, i, &facts->links[i]);
	}
	return fg_prose_end(&prose, len_out);
}

/* What is left to read. The first error stays. */
struct reader {
	const char *at, *end;
	enum fg_rc rc;
};

static void fail(struct reader *reader, enum fg_rc rc)
{
	if (reader->rc == FG_OK)
		reader->rc = rc;
}

static void expect(struct reader *reader, const char *text)
{
	for (; *text && reader->rc == FG_OK; text++) {
		if (reader->at == reader->end)
			fail(reader, FG_E_TRUNCATED);
		else if (*reader->at++ != *text)
			fail(reader, FG_E_SYNTAX);
	}
}

static bool at_value_end(const struct reader *reader)
{
	return reader->at == reader->end || *reader->at == ' ' || *reader->at == ':';
}

static uint32_t read_number(struct reader *reader, uint32_t max)
{
	const char *start = reader->at;
	uint64_t value = 0;

	while (!at_value_end(reader) && *reader->at >= '0' && *reader->at <= '9' &&
	       value <= UINT32_MAX)
		value = value * 10 + (uint64_t)(*reader->at++ - '0');
	if (reader->at == start)
		fail(reader, reader->at == reader->end ? FG_E_TRUNCATED : FG_E_SYNTAX);
	else if (value > max || (*start == '0' && reader->at - start > 1) || !at_value_end(reader))
		fail(reader, FG_E_SYNTAX);
	return (uint32_t)value;
}

static uint32_t read_word(struct reader *reader, const char *const *words)
{
	const char *start = reader->at;
	size_t len;

	while (!at_value_end(reader))
		reader->at++;
	len = (size_t)(reader->at - start);
	for (uint32_t i = 0; words[i]; i++)
		if (strlen(words[i]) == len && memcmp(words[i], start, len) == 0)
			return i;
	fail(reader, reader->at == reader->end ? FG_E_TRUNCATED : FG_E_SYNTAX);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte of a name; only the form that the writer gives, so a visible byte is never escaped. -1
 * on anything else. */
static int read_name_byte(struct reader *reader)
{
	int high, low, byte = (unsigned char)*reader->at++;

	if (byte != '%')
		return byte > ' ' && byte < 0x7f ? byte : -1;
	if (reader->end - reader->at < 2)
		return -1;
	high = hex_digit(*reader->at++);
	low = hex_digit(*reader->at++);
	if (high < 0 || low < 0)
		return -1;
	byte = high << 4 | low;
	return byte && (byte <= ' ' || byte >= 0x7f || byte == '%') ? byte : -1;
}

static void read_name(struct reader *reader, char *out, size_t cap)
{
	size_t len = 0;

	while (reader->rc == FG_OK && reader->at < reader->end && *reader->at != ' ') {
		int byte = read_name_byte(reader);

		if (byte < 0 || len == cap - 1)
			fail(reader, FG_E_SYNTAX);
		else
			out[len++] = (char)byte;
	}
}

static void read_field(struct reader *reader, const struct field *field, void *member)
{
	if (field->kind == KIND_NAME)
		read_name(reader, member, field->size);
	else if (field->kind == KIND_WORD)
		member_set(member, field->size, read_word(reader, field->words));
	else
		member_set(member, field->size, read_number(reader, field->limit));
}

static void read_link(struct reader *reader, unsigned index, struct fg_link_facts *link)
{
	static const uint32_t limits[LINK_NUMBERS] = {
		1, 1, UINT8_MAX, UINT32_MAX, UINT32_MAX, 1000
	};
	uint32_t numbers[LINK_NUMBERS];

	expect(reader, " link");
	if (reader->rc == FG_OK && index >= 10)
		expect(reader, (const char[]){ (char)('0' + index / 10), '\0' });
	expect(reader, (const char[]){ (char)('0' + index % 10), '=', '\0' });
	link->bearer = (uint8_t)read_word(reader, bearer_words);
	if (link->bearer == FG_BEARER_SECURE)
		fail(reader, FG_E_SYNTAX);
	for (unsigned i = 0; i < LINK_NUMBERS; i++) {
		expect(reader, ":");
		numbers[i] = read_number(reader, limits[i]);
	}
	link->up = numbers[0];
	link->failed = numbers[1];
	link->segments = (uint8_t)numbers[2];
	link->credits = numbers[3];
	link->price_micro = numbers[4];
	link->success_permille = (uint16_t)numbers[5];
}

enum fg_rc fg_facts_parse(const char *text, size_t len, struct fg_facts *facts_out)
{
	struct reader reader = { .at = text, .end = text + len, .rc = FG_OK };
	struct fg_facts facts;

	memset(&facts, 0, sizeof(facts));
	for (unsigned i = 0; i < FIELDS && reader.rc == FG_OK; i++) {
		expect(&reader, i ? " " : "");
		expect(&reader, fields[i].key);
		expect(&reader, "=");
		if (reader.rc == FG_OK)
			read_field(&reader, &fields[i], (char *)&facts + fields[i].offset);
	}
	expect(&reader, " links=");
	if (reader.rc == FG_OK)
		facts.links_count = (uint8_t)read_number(&reader, FG_LINKS_MAX);
	for (unsigned i = 0; i < facts.links_count && reader.rc == FG_OK; i++)
		read_link(&reader, i, &facts.links[i]);
	if (reader.rc == FG_OK && reader.at != reader.end)
		reader.rc = FG_E_TRAILING;
	if (reader.rc == FG_OK)
		*facts_out = facts;
	return reader.rc;
}
