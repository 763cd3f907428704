/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PDUs as one line of text. What may be shown of a field is said in smpp_pdu.def and smpp_tlv.def,
 * not decided here.
 */
#include "lib/wire/smpp.h"

#include <stdio.h>
#include <string.h>
#include "lib/wire/smpp_status.h"
#include "lib/wire/smpp_tlv.h"

enum { SHOWN_OF_ADDRESS = 3 };

struct sink {
	char *at;
	size_t left; /* NUL included, never 0 */
};

static void put_char(struct sink *s, char c)
{
	if (s->left < 2)
		return;
	*s->at++ = c;
	s->left--;
}

static void put_text(struct sink *s, const char *text)
{
	while (*text)
		put_char(s, *text++);
}

static void put_decimal(struct sink *s, size_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", number);
	put_text(s, text);
}

static void put_hex(struct sink *s, int digits, uint32_t number)
{
	char text[16];

	snprintf(text, sizeof(text), "%0*x", digits, (unsigned)number);
	put_text(s, text);
}

static void put_name(struct sink *s, const char *name)
{
	put_char(s, ' ');
	put_text(s, name);
	put_char(s, '=');
}

static void put_string(struct sink *s, const uint8_t *at, size_t len, size_t hidden)
{
	put_char(s, '"');
	for (size_t i = 0; i < len; i++)
		put_char(s, i < hidden                                   ? '*'
			    : at[i] < ' ' || at[i] > '~' || at[i] == '"' ? '.'
									 : (char)at[i]);
	put_char(s, '"');
}

static void put_octets(struct sink *s, size_t len)
{
	put_char(s, '[');
	put_decimal(s, len);
	put_text(s, " octets]");
}

static void dump_u8(struct sink *s, const char *name, uint8_t value)
{
	put_name(s, name);
	put_decimal(s, value);
}

static void dump_text(struct sink *s, const char *name, const struct fg_smpp_bytes *text)
{
	put_name(s, name);
	put_string(s, text->at, text->len, 0);
}

static void dump_address(struct sink *s, const char *name, const struct fg_smpp_bytes *text)
{
	/* One no longer than what is shown is hidden whole, or it would not be masked at all. */
	size_t shown = text->len > SHOWN_OF_ADDRESS ? SHOWN_OF_ADDRESS : 0;

	put_name(s, name);
	put_string(s, text->at, text->len, text->len - shown);
}

static void dump_length(struct sink *s, const char *name, const struct fg_smpp_bytes *bytes)
{
	put_name(s, name);
	put_octets(s, bytes->len);
}

static void dump_none(struct sink *s, const struct fg_smpp_pdu *pdu)
{
	(void)s;
	(void)pdu;
}

#define F_U8(field)           dump_u8(s, #field, body->field);
#define F_TEXT(field, max)    dump_text(s, #field, &body->field);
#define F_ADDRESS(field, max) dump_address(s, #field, &body->field);
#define F_SECRET(field, max)  put_text(s, " " #field "=[hidden]");
#define F_MESSAGE(field)      dump_length(s, #field, &body->field);
#define F_DESTS(field)        dump_u8(s, #field, body->field.count);
#define F_UNSUCCESS(field)    dump_u8(s, #field, body->field.count);
#define FG_SMPP_LAYOUT(name, fields)                                                               \
	static void dump_##name(struct sink *s, const struct fg_smpp_pdu *pdu)                     \
	{                                                                                          \
		const struct fg_smpp_##name *body = &pdu->name;                                    \
		fields                                                                             \
	}
#define FG_SMPP_COMMAND(NAME, id, name, layout)
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_LAYOUT
#undef FG_SMPP_COMMAND

static void dump_body(struct sink *s, const struct fg_smpp_pdu *pdu)
{
	switch (pdu->command) {
#define FG_SMPP_LAYOUT(name, fields)
#define FG_SMPP_COMMAND(NAME, id, name, layout)                                                    \
	case id:                                                                                   \
		dump_##layout(s, pdu);                                                             \
		break;
#include "lib/wire/smpp_pdu.def"
#undef FG_SMPP_LAYOUT
#undef FG_SMPP_COMMAND
	default:
		break;
	}
}

static void put_unknown_name(struct sink *s, uint16_t tag)
{
	put_text(s, " tlv_");
	put_hex(s, 4, tag);
	put_char(s, '=');
}

static void dump_tlv(struct sink *s, const struct fg_smpp_tlv *tlv)
{
	const struct fg_smpp_tlv_form *form = fg_smpp_tlv_form_find(tlv->tag);

	if (form)
		put_name(s, form->name);
	else
		put_unknown_name(s, tlv->tag);
	if (!form || form->dump == FG_SMPP_TLV_DUMP_LENGTH)
		put_octets(s, tlv->len);
	else if (form->kind == FG_SMPP_TLV_KIND_CSTRING)
		put_string(s, tlv->at, tlv->at ? strnlen((const char *)tlv->at, tlv->len) : 0, 0);
	else if (form->kind == FG_SMPP_TLV_KIND_INT)
		put_decimal(s, fg_smpp_tlv_value(tlv));
	else
		put_hex(s, 2 * tlv->len, fg_smpp_tlv_value(tlv));
}

const char *fg_smpp_dump(const struct fg_smpp_pdu *pdu, char *out, size_t cap)
{
	struct sink s = { out, cap };

	put_text(&s, fg_smpp_command_name(pdu->command));
	put_name(&s, "command");
	put_hex(&s, 8, pdu->command);
	put_name(&s, "sequence");
	put_decimal(&s, pdu->sequence);
	put_name(&s, "status");
	put_hex(&s, 8, pdu->status);
	put_name(&s, "meaning");
	put_text(&s, fg_smpp_status_find(pdu->status)->name);
	dump_body(&s, pdu);
	for (unsigned i = 0; i < pdu->tlvs.count; i++)
		dump_tlv(&s, &pdu->tlvs.list[i]);
	*s.at = 0;
	return out;
}
