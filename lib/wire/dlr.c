/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/dlr.h"

#include <stdio.h>
#include <string.h>
#include "lib/wire/smpp.h"

/* ---- States ---- */

/* The first word of a state is the one we write (SMPP v3.4, appendix B); the others were seen in
 * the field. */
static const struct {
	const char *word;
	enum fg_dlr_state state;
} words[] = {
	{ "SCHEDULED", FG_DLR_SCHEDULED },   { "ENROUTE", FG_DLR_ENROUTE },
	{ "BUFFERED", FG_DLR_ENROUTE },      { "BUFFRED", FG_DLR_ENROUTE },
	{ "DELIVRD", FG_DLR_DELIVERED },     { "DELIVERED", FG_DLR_DELIVERED },
	{ "EXPIRED", FG_DLR_EXPIRED },       { "DELETED", FG_DLR_DELETED },
	{ "UNDELIV", FG_DLR_UNDELIVERABLE }, { "UNDELIVERABLE", FG_DLR_UNDELIVERABLE },
	{ "ACCEPTD", FG_DLR_ACCEPTED },      { "ACCEPTED", FG_DLR_ACCEPTED },
	{ "ACKED", FG_DLR_ACCEPTED },        { "UNKNOWN", FG_DLR_UNKNOWN },
	{ "REJECTD", FG_DLR_REJECTED },      { "REJECTED", FG_DLR_REJECTED },
	{ "SKIPPED", FG_DLR_SKIPPED },
};

enum { WORD_COUNT = sizeof(words) / sizeof(words[0]) };

bool fg_dlr_state_final(enum fg_dlr_state state)
{
	switch (state) {
	case FG_DLR_DELIVERED:
	case FG_DLR_EXPIRED:
	case FG_DLR_DELETED:
	case FG_DLR_UNDELIVERABLE:
	case FG_DLR_UNKNOWN:
	case FG_DLR_REJECTED:
	case FG_DLR_SKIPPED:
		return true;
	case FG_DLR_SCHEDULED:
	case FG_DLR_ENROUTE:
	case FG_DLR_ACCEPTED:
	case FG_DLR_OTHER:
		break;
	}
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* A piece of the receipt; points into it. */
struct slice {
	const char *at;
	size_t len;
};

static bool slice_is(struct slice s, const char *word)
{
	if (s.len != strlen(word))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (lower(s.at[i]) != lower(word[i]))
			return false;
	return true;
}

static enum fg_dlr_state state_of(struct slice word)
{
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (slice_is(word, words[i].word))
			return words[i].state;
	return FG_DLR_OTHER;
}

static const char *word_of(enum fg_dlr_state state)
{
	for (size_t i = 0; i < WORD_COUNT; i++)
		if (words[i].state == state)
			return words[i].word;
	return NULL;
}

/* ---- Text form ---- */

enum key {
	KEY_ID,
	KEY_SUBMIT_DATE,
	KEY_DONE_DATE,
	KEY_STAT,
	KEY_ERR,
	KEY_OTHER,
	KEY_TEXT,
	KEY_COUNT
};

/* A space stands for any run of blanks and underscores, none included. */
static const struct {
	const char *word;
	enum key key;
} keys[] = {
	{ "id", KEY_ID },
	{ "sub", KEY_OTHER },
	{ "dlvrd", KEY_OTHER },
	{ "submit date", KEY_SUBMIT_DATE },
	{ "done date", KEY_DONE_DATE },
	{ "stat", KEY_STAT },
	{ "err", KEY_ERR },
	{ "text", KEY_TEXT },
};

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

static size_t skip_blanks(struct slice text, size_t at)
{
	while (at < text.len && is_blank(text.at[at]))
		at++;
	return at;
}

/* Octets of word and its colon at text[at]; 0 when it is not there. */
static size_t match_word(struct slice text, size_t at, const char *word)
{
	size_t i = at;

	for (; *word; word++) {
		if (*word == ' ') {
			while (i < text.len && (is_blank(text.at[i]) || text.at[i] == '_'))
				i++;
			continue;
		}
		if (i == text.len || lower(text.at[i]) != *word)
			return 0;
		i++;
	}
	return i < text.len && text.at[i] == ':' ? i + 1 - at : 0;
}

/* Octets of the key at text[at], its colon included; 0 when there is none. */
static size_t match_key(struct slice text, size_t at, enum key *key)
{
	if (at > 0 && is_word(text.at[at - 1]))
		return 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t len = match_word(text, at, keys[i].word);

		if (len) {
			*key = keys[i].key;
			return len;
		}
	}
	return 0;
}

/* The value that begins at or after text[at]; empty when another key comes first. */
static struct slice value_at(struct slice text, size_t at)
{
	struct slice value = { text.at, 0 };
	enum key next;

	at = skip_blanks(text, at);
	value.at += at;
	if (match_key(text, at, &next))
		return value;
	while (at + value.len < text.len && !is_blank(value.at[value.len]))
		value.len++;
	return value;
}

/* Find the first value of every key. Linear: a value is read once for its key and then passed over.
 */
static void scan(struct slice text, struct slice values[KEY_COUNT])
{
	for (size_t at = 0, len; at < text.len;) {
		enum key key;
		struct slice value;

		len = match_key(text, at, &key);
		if (!len) {
			at++;
			continue;
		}
		if (key == KEY_TEXT)
			return;
		value = value_at(text, at + len);
		if (values[key].len == 0)
			values[key] = value;
		at = (size_t)(value.at - text.at) + value.len;
	}
}

/* Copy to out with NUL, when it is 1..max printable characters. */
static bool keep(struct slice value, char *out, size_t max)
{
	if (value.len == 0 || value.len > max)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] <= ' ' || value.at[i] > '~')
			return false;
	memcpy(out, value.at, value.len);
	out[value.len] = 0;
	return true;
}

static bool is_date(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
	return value.len >= 10 && value.len <= FG_DLR_DATE_MAX && value.len % 2 == 0;
}

/* What the text form says, in an otherwise empty dlr. True when it has a state. */
static bool read_text(const void *text, size_t len, struct fg_dlr *dlr)
{
	struct slice values[KEY_COUNT] = { { NULL, 0 } };

	scan((struct slice){ text, len }, values);
	keep(values[KEY_ID], dlr->id, FG_DLR_ID_MAX);
	keep(values[KEY_ERR], dlr->err, FG_DLR_ERR_MAX);
	if (is_date(values[KEY_SUBMIT_DATE]))
		keep(values[KEY_SUBMIT_DATE], dlr->submit_date, FG_DLR_DATE_MAX);
	if (is_date(values[KEY_DONE_DATE]))
		keep(values[KEY_DONE_DATE], dlr->done_date, FG_DLR_DATE_MAX);
	if (values[KEY_STAT].len == 0)
		return false;
	dlr->state = state_of(values[KEY_STAT]);
	return true;
}

enum fg_rc fg_dlr_from_text(const void *text, size_t text_len, struct fg_dlr *dlr_out)
{
	struct fg_dlr dlr = { .state = FG_DLR_OTHER };

	if (!read_text(text, text_len, &dlr) || !dlr.id[0])
		return FG_E_RECEIPT_TEXT;
	dlr.final = fg_dlr_state_final(dlr.state);
	*dlr_out = dlr;
	return FG_OK;
}

/* ---- PDU ---- */

/* What the TLVs say, over what dlr holds. True when they have a state. */
static bool read_tlvs(const struct fg_smpp_pdu *pdu, struct fg_dlr *dlr)
{
	struct fg_smpp_bytes bytes;
	uint32_t number;

	if (fg_smpp_tlv_bytes(pdu, FG_SMPP_TLV_RECEIPTED_MESSAGE_ID, &bytes))
		keep((struct slice){ (const char *)bytes.at, bytes.len }, dlr->id, FG_DLR_ID_MAX);
	/* 5.3.2.31: an octet for the kind of network, two for its error. */
	if (fg_smpp_tlv_bytes(pdu, FG_SMPP_TLV_NETWORK_ERROR_CODE, &bytes))
		snprintf(dlr->err, sizeof(dlr->err), "%03u", bytes.at[1] << 8 | bytes.at[2]);
	dlr->has_umr = fg_smpp_tlv_number(pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, &number);
	if (dlr->has_umr)
		dlr->umr = (uint16_t)number;
	if (!fg_smpp_tlv_number(pdu, FG_SMPP_TLV_MESSAGE_STATE, &number))
		return false;
	dlr->state = number <= FG_DLR_SKIPPED ? (enum fg_dlr_state)number : FG_DLR_OTHER;
	return true;
}

static uint8_t esm_class_of(const struct fg_smpp_pdu *pdu)
{
	if (pdu->command == FG_SMPP_DELIVER_SM)
		return pdu->sm.esm_class;
	return pdu->command == FG_SMPP_DATA_SM ? pdu->data.esm_class : 0;
}

enum fg_rc fg_dlr_from_pdu(const struct fg_smpp_pdu *pdu, struct fg_dlr *dlr_out)
{
	uint8_t esm_class = esm_class_of(pdu);
	struct fg_dlr dlr = { .state = FG_DLR_OTHER };
	struct fg_smpp_bytes text;
	bool has_state;

	if (!(esm_class & (FG_SMPP_ESM_RECEIPT | FG_SMPP_ESM_INTERMEDIATE)))
		return FG_E_NOT_FOUND;
	text = fg_smpp_message(pdu);
	has_state = read_text(text.at, text.len, &dlr);
	has_state |= read_tlvs(pdu, &dlr);
	if (!has_state || !(dlr.id[0] || dlr.has_umr))
		return FG_E_RECEIPT_TEXT;
	dlr.final = fg_dlr_state_final(dlr.state) && !(esm_class & FG_SMPP_ESM_INTERMEDIATE);
	*dlr_out = dlr;
	return FG_OK;
}

/* ---- Writing ---- */

static bool bounded_word(const char *text, size_t min, size_t max)
{
	size_t len = strnlen(text, max + 1);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len >= min && len <= max;
}

static bool bounded_date(const char *text)
{
	return is_date((struct slice){ text, strnlen(text, FG_DLR_DATE_MAX + 1) });
}

enum fg_rc fg_dlr_format(const struct fg_dlr *dlr, char *out, size_t cap, size_t *len_out)
{
	const char *stat = word_of(dlr->state);
	char text[FG_DLR_TEXT_MAX];
	int len;

	if (!stat || !bounded_word(dlr->id, 1, FG_DLR_ID_MAX) ||
	    !bounded_word(dlr->err, 0, FG_DLR_ERR_MAX) || !bounded_date(dlr->submit_date) ||
	    !bounded_date(dlr->done_date))
		return FG_E_ARG;
	len = snprintf(text, sizeof(text),
		       "id:%s sub:001 dlvrd:%s submit date:%s done date:%s stat:%s err:%s text:",
		       dlr->id, dlr->state == FG_DLR_DELIVERED ? "001" : "000", dlr->submit_date,
		       dlr->done_date, stat, dlr->err[0] ? dlr->err : "000");
	if ((size_t)len >= cap)
		return FG_E_SPACE;
	memcpy(out, text, (size_t)len + 1);
	*len_out = (size_t)len;
	return FG_OK;
}
