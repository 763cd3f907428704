/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/tpdu_internal.h"

#include <string.h>

enum {
	TYPE_EXTENSION = 0x80, /* 9.1.2.5: bit 7 is 1 */
	FILL = 0xF,            /* 9.1.2.3 */
	VALUE_MAX = 10,        /* 9.1.2.5 */
	NAME_SEPTETS_MAX = 11, /* 9.1.2.5: what 10 octets hold */
};

/* 9.1.2.3: the digit of a semi-octet. */
static const char digits[] = "0123456789*#abc";

static size_t semi_octets_of_septets(size_t septets)
{
	return (septets * 7 + 3) / 4;
}

/* ---- Reading ---- */

static enum fg_rc read_digits(const uint8_t *value, size_t count, char *text)
{
	for (size_t i = 0; i < count; i++) {
		unsigned digit = i % 2 ? value[i / 2] >> 4 : value[i / 2] & 0xF;

		if (digit == FILL)
			return FG_E_PDU_FIELD;
		text[i] = digits[digit];
	}
	text[count] = '\0';
	return FG_OK;
}

/* 9.1.2.5: the length counts semi-octets, those of only fill bits left out. */
static enum fg_rc read_name(const uint8_t *value, size_t count, char *text)
{
	uint8_t septets[NAME_SEPTETS_MAX];
	size_t septets_len = count * 4 / 7, len;
	enum fg_rc rc;

	fg_tpdu_unpack_septets(value, 0, septets_len, septets);
	rc = fg_alphabet_decode(FG_ALPHABET_GSM7, septets, septets_len, text,
				FG_TPDU_ADDRESS_TEXT_MAX, &len);
	if (rc == FG_OK)
		text[len] = '\0';
	return rc;
}

/* Type and value; count: semi-octets of the value. */
static void read_body(struct fg_cursor *cur, size_t count, struct fg_tpdu_address *out)
{
	uint8_t type = fg_cursor_u8(cur);
	const uint8_t *value;
	enum fg_rc rc;

	memset(out, 0, sizeof(*out));
	if (count > FG_TPDU_DIGITS_MAX)
		fg_cursor_fail(cur, FG_E_TOO_LONG);
	value = fg_cursor_bytes(cur, (count + 1) / 2);
	if (!value)
		return;
	out->ton = type >> 4 & 7;
	out->npi = type & 0xF;
	if (out->ton == FG_TPDU_TON_ALPHANUMERIC)
		rc = read_name(value, count, out->text);
	else
		rc = read_digits(value, count, out->text);
	if (rc != FG_OK)
		fg_cursor_fail(cur, rc);
}

void fg_tpdu_read_address(struct fg_cursor *cur, struct fg_tpdu_address *out)
{
	read_body(cur, fg_cursor_u8(cur), out);
}

enum fg_rc fg_tpdu_smsc_read(const void *octets, size_t len, struct fg_tpdu_address *smsc_out,
			     bool *has_out, size_t *prefix_len_out)
{
	struct fg_tpdu_address smsc = { 0 };
	struct fg_cursor cur;
	size_t count, value_octets;
	const uint8_t *at;

	fg_cursor_init(&cur, octets, len);
	count = fg_cursor_u8(&cur);
	if (count > FG_TPDU_SMSC_MAX - 1)
		fg_cursor_fail(&cur, FG_E_TOO_LONG);
	at = fg_cursor_bytes(&cur, count);
	if (cur.rc != FG_OK)
		return cur.rc;
	if (count > 0) {
		/* Whether the last half is a digit shows its fill alone: octets are counted here. */
		value_octets = count - 1;
		fg_cursor_init(&cur, at, count);
		read_body(&cur, 2 * value_octets - (value_octets > 0 && at[count - 1] >> 4 == FILL),
			  &smsc);
		if (cur.rc != FG_OK)
			return cur.rc;
	}
	*smsc_out = smsc;
	*has_out = count > 0;
	*prefix_len_out = 1 + count;
	return FG_OK;
}

/* ---- Writing ---- */

static enum fg_rc write_digits(const char *text, size_t len, uint8_t value[static VALUE_MAX])
{
	const char *digit;

	if (len > FG_TPDU_DIGITS_MAX)
		return FG_E_ARG;
	if (len % 2)
		value[len / 2] = FILL << 4;
	for (size_t i = 0; i < len; i++) {
		digit = strchr(digits, text[i]);
		if (!digit)
			return FG_E_ARG;
		value[i / 2] |= (uint8_t)((digit - digits) << (i % 2 ? 4 : 0));
	}
	return FG_OK;
}

static enum fg_rc write_name(const char *text, size_t len, uint8_t value[static VALUE_MAX],
			     size_t *semi_octets_out)
{
	uint8_t septets[NAME_SEPTETS_MAX];
	size_t septets_len;

	if (fg_alphabet_encode(FG_ALPHABET_GSM7, text, len, septets, sizeof(septets),
			       &septets_len) != FG_OK)
		return FG_E_ARG;
	fg_tpdu_pack_septets(septets, septets_len, 0, value);
	*semi_octets_out = semi_octets_of_septets(septets_len);
	return FG_OK;
}

/* The semi-octets of the value, in value. */
static enum fg_rc value_of(const struct fg_tpdu_address *address, uint8_t value[static VALUE_MAX],
			   size_t *semi_octets_out)
{
	const char *end = memchr(address->text, '\0', sizeof(address->text));

	memset(value, 0, VALUE_MAX);
	if (!end || address->ton > FG_TPDU_TON_RESERVED || address->npi > 0xF)
		return FG_E_ARG;
	*semi_octets_out = (size_t)(end - address->text);
	if (address->ton == FG_TPDU_TON_ALPHANUMERIC)
		return write_name(address->text, *semi_octets_out, value, semi_octets_out);
	return write_digits(address->text, *semi_octets_out, value);
}

static uint8_t type_of(const struct fg_tpdu_address *address)
{
	return (uint8_t)(TYPE_EXTENSION | address->ton << 4 | address->npi);
}

void fg_tpdu_write_address(struct fg_writer *w, const struct fg_tpdu_address *address)
{
	uint8_t value[VALUE_MAX];
	size_t semi_octets;
	enum fg_rc rc = value_of(address, value, &semi_octets);

	if (rc != FG_OK) {
		fg_tpdu_write_fail(w, rc);
		return;
	}
	fg_writer_u8(w, (uint8_t)semi_octets);
	fg_writer_u8(w, type_of(address));
	fg_writer_bytes(w, value, (semi_octets + 1) / 2);
}

enum fg_rc fg_tpdu_smsc_write(const struct fg_tpdu_address *smsc,
			      uint8_t out[static FG_TPDU_SMSC_MAX], size_t *len_out)
{
	uint8_t value[VALUE_MAX];
	size_t semi_octets = 0;
	enum fg_rc rc = FG_OK;

	if (smsc)
		rc = smsc->ton == FG_TPDU_TON_ALPHANUMERIC ? FG_E_ARG
							   : value_of(smsc, value, &semi_octets);
	if (rc != FG_OK)
		return rc;
	*len_out = smsc ? 2 + (semi_octets + 1) / 2 : 1;
	out[0] = (uint8_t)(*len_out - 1);
	if (!smsc)
		return FG_OK;
	out[1] = type_of(smsc);
	memcpy(out + 2, value, *len_out - 2);
	return FG_OK;
}

/* ---- For people ---- */

static bool all_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(digits, text[i]))
			return false;
	return len > 0;
}

enum fg_rc fg_tpdu_address_from(const char *text, size_t len, struct fg_tpdu_address *out)
{
	struct fg_tpdu_address address = { .npi = FG_TPDU_NPI_ISDN };
	bool plus = len > 0 && text[0] == '+' && all_digits(text + 1, len - 1);
	size_t septets;
	enum fg_rc rc;

	if (len == 0 || memchr(text, '\0', len))
		return FG_E_ARG;
	if (plus || all_digits(text, len)) {
		text += plus;
		len -= plus;
		address.ton = plus ? FG_TPDU_TON_INTERNATIONAL : FG_TPDU_TON_UNKNOWN;
		if (len > FG_TPDU_DIGITS_MAX)
			return FG_E_TOO_LONG;
	} else {
		address.ton = FG_TPDU_TON_ALPHANUMERIC;
		address.npi = FG_TPDU_NPI_UNKNOWN;
		rc = fg_alphabet_septets(text, len, &septets);
		if (rc != FG_OK)
			return rc;
		if (septets > NAME_SEPTETS_MAX)
			return FG_E_TOO_LONG;
	}
	memcpy(address.text, text, len);
	*out = address;
	return FG_OK;
}

void fg_tpdu_address_show(const struct fg_tpdu_address *address,
			  char out[static FG_TPDU_ADDRESS_TEXT_MAX + 2])
{
	size_t len = strnlen(address->text, FG_TPDU_ADDRESS_TEXT_MAX);

	if (address->ton == FG_TPDU_TON_INTERNATIONAL)
		*out++ = '+';
	memcpy(out, address->text, len);
	out[len] = '\0';
}

bool fg_tpdu_address_same(const struct fg_tpdu_address *a, const struct fg_tpdu_address *b)
{
	bool types =
		a->ton == b->ton || a->ton == FG_TPDU_TON_UNKNOWN || b->ton == FG_TPDU_TON_UNKNOWN;

	return types && strncmp(a->text, b->text, sizeof(a->text)) == 0;
}
