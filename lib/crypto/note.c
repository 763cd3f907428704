/* SPDX-License-Identifier: ISC
 *
 * C2SP tlog-checkpoint and signed-note. The verifier reads strictly: it takes what fg_note_sign()
 * writes, with signature lines of others (witnesses) around ours, and nothing else.
 */
#include "lib/crypto/note.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/crypto/base64.h"

enum {
	KEY_ID_LEN = 4,
	TYPE_ED25519 = 0x01, /* C2SP signed-note, "Signature types" */
	DECIMAL_MAX = 20,    /* digits of UINT64_MAX */
	/* The first 8 characters of a signature in base64 hold 6 bytes: the key id and two of the
	   signature. */
	KEY_ID_BASE64_LEN = 8,
	KEY_ID_BASE64_BYTES = 6,
};

static const char em_dash_space[] = "\xe2\x80\x94 "; /* U+2014 */

struct signature {
	uint8_t key_id[KEY_ID_LEN];
	uint8_t bytes[FG_SIGNATURE_LEN];
};

static bool origin_is_valid(const char *origin)
{
	size_t len = strnlen(origin, FG_NOTE_ORIGIN_MAX + 1);

	if (len == 0 || len > FG_NOTE_ORIGIN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (origin[i] <= ' ' || origin[i] > '~' || origin[i] == '+')
			return false;
	}
	return true;
}

struct fg_hash fg_note_log_id(const char *origin,
			      const uint8_t public_key[static FG_SIGN_PUBLIC_LEN])
{
	static const uint8_t newline_and_type[] = { '\n', TYPE_ED25519 };
	const struct fg_piece pieces[] = { { origin, strlen(origin) },
					   { newline_and_type, sizeof(newline_and_type) },
					   { public_key, FG_SIGN_PUBLIC_LEN } };

	return fg_sha256_pieces(pieces, 3);
}

/* snprintf() to cap bytes behind the *len that are there. */
__attribute__((format(printf, 4, 5))) static enum fg_rc append(char *out, size_t cap, size_t *len,
							       const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out + *len, cap - *len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= cap - *len)
		return FG_E_SPACE;
	*len += (size_t)n;
	return FG_OK;
}

static enum fg_rc append_text(const struct fg_checkpoint *checkpoint, char *out, size_t cap,
			      size_t *len)
{
	char root[FG_BASE64_LEN(FG_SHA256_LEN) + 1];

	fg_base64_encode(checkpoint->root.b, FG_SHA256_LEN, root, sizeof(root));
	return append(out, cap, len, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin, checkpoint->size,
		      root);
}

static enum fg_rc append_signature(const struct fg_checkpoint *checkpoint,
				   const struct fg_sign_key *key, char *out, size_t cap,
				   size_t *len)
{
	struct fg_hash id = fg_note_log_id(checkpoint->origin, key->public);
	char base64[FG_BASE64_LEN(sizeof(struct signature)) + 1];
	struct signature signature;

	memcpy(signature.key_id, id.b, KEY_ID_LEN);
	fg_sign_raw(key, out, *len, signature.bytes);
	fg_base64_encode(&signature, sizeof(signature), base64, sizeof(base64));
	return append(out, cap, len, "\n%s%s %s\n", em_dash_space, checkpoint->origin, base64);
}

enum fg_rc fg_note_sign(const struct fg_checkpoint *checkpoint, const struct fg_sign_key *key,
			char *note_out, size_t cap, size_t *len_out)
{
	char note[FG_NOTE_MAX + 1];
	size_t len = 0;
	enum fg_rc rc;

	if (!origin_is_valid(checkpoint->origin))
		return FG_E_ARG;
	rc = append_text(checkpoint, note, sizeof(note), &len);
	if (rc == FG_OK)
		rc = append_signature(checkpoint, key, note, sizeof(note), &len);
	if (rc != FG_OK)
		return rc;
	if (cap <= len)
		return FG_E_SPACE;
	memcpy(note_out, note, len + 1);
	*len_out = len;
	return FG_OK;
}

struct span {
	const char *at;
	size_t len;
};

static bool span_equals(struct span span, const char *text, size_t len)
{
	return span.len == len && memcmp(span.at, text, len) == 0;
}

/* Take a line, without its newline, off the head of rest. false when there is no newline. */
static bool take_line(struct span *rest, struct span *line_out)
{
	const char *newline = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;

	if (!newline)
		return false;
	*line_out = (struct span){ rest->at, (size_t)(newline - rest->at) };
	rest->at += line_out->len + 1;
	rest->len -= line_out->len + 1;
	return true;
}

/* C2SP tlog-checkpoint: decimal, no leading zeros unless it is "0". */
static bool read_size(struct span line, uint64_t *size_out)
{
	uint64_t size = 0;

	if (line.len == 0 || line.len > DECIMAL_MAX || (line.len > 1 && line.at[0] == '0'))
		return false;
	for (size_t i = 0; i < line.len; i++) {
		uint64_t digit = (uint64_t)line.at[i] - '0';

		if (digit > 9 || size > (UINT64_MAX - digit) / 10)
			return false;
		size = size * 10 + digit;
	}
	*size_out = size;
	return true;
}

/* The text up to and with the blank line. */
static bool read_text(struct span *rest, const char *origin, struct fg_checkpoint *checkpoint)
{
	struct span line;
	size_t root_len;

	if (!take_line(rest, &line))
		return false;
#ifndef FG_MUTANT_note_origin
	if (!span_equals(line, origin, strlen(origin)))
		return false;
#endif
	memcpy(checkpoint->origin, origin, strlen(origin) + 1);
	if (!take_line(rest, &line) || !read_size(line, &checkpoint->size))
		return false;
	if (!take_line(rest, &line) || line.len != FG_BASE64_LEN(FG_SHA256_LEN) ||
	    fg_base64_decode(line.at, line.len, checkpoint->root.b, FG_SHA256_LEN, &root_len) !=
		    FG_OK ||
	    root_len != FG_SHA256_LEN)
		return false;
	return take_line(rest, &line) && line.len == 0;
}

/* Split a line of the signature block into its name and its base64 (C2SP signed-note). */
static bool read_signature_line(struct span line, struct span *name_out, struct span *base64_out)
{
	const size_t prefix_len = sizeof(em_dash_space) - 1;
	const char *space;

	if (line.len < prefix_len || memcmp(line.at, em_dash_space, prefix_len) != 0)
		return false;
	line.at += prefix_len;
	line.len -= prefix_len;
	space = memchr(line.at, ' ', line.len);
	if (!space || space == line.at)
		return false;
	*name_out = (struct span){ line.at, (size_t)(space - line.at) };
	*base64_out = (struct span){ space + 1, line.len - name_out->len - 1 };
	return base64_out->len >= KEY_ID_BASE64_LEN &&
	       !memchr(base64_out->at, ' ', base64_out->len);
}

/* A name may sign with several keys, of kinds that we do not know. */
static bool has_key_id(struct span base64, const struct fg_hash *log_id)
{
	uint8_t head[KEY_ID_BASE64_BYTES];
	size_t len;

	return fg_base64_decode(base64.at, KEY_ID_BASE64_LEN, head, sizeof(head), &len) == FG_OK &&
	       len >= KEY_ID_LEN && memcmp(head, log_id->b, KEY_ID_LEN) == 0;
}

/* Read the whole signature block. FG_OK with the log's own signature, FG_E_SIGNATURE without one,
 * FG_E_NOTE. */
static enum fg_rc read_signatures(struct span rest, const char *origin,
				  const struct fg_hash *log_id, struct signature *signature_out)
{
	struct span line, name, base64;
	enum fg_rc rc = FG_E_SIGNATURE;
	size_t len;

	while (rest.len > 0) {
		if (!take_line(&rest, &line) || !read_signature_line(line, &name, &base64))
			return FG_E_NOTE;
		if (rc == FG_OK || !span_equals(name, origin, strlen(origin)) ||
		    !has_key_id(base64, log_id))
			continue;
		if (fg_base64_decode(base64.at, base64.len, signature_out, sizeof(*signature_out),
				     &len) != FG_OK ||
		    len != sizeof(*signature_out))
			return FG_E_NOTE;
		rc = FG_OK;
	}
	return rc;
}

/* C2SP signed-note: no ASCII control characters but newlines. */
static bool has_controls(const char *note, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)note[i] < ' ' && note[i] != '\n') || note[i] == 0x7f)
			return true;
	}
	return false;
}

enum fg_rc fg_note_verify(const char *note, size_t note_len, const char *origin,
			  const uint8_t public_key[static FG_SIGN_PUBLIC_LEN],
			  struct fg_checkpoint *checkpoint_out)
{
	struct fg_hash log_id;
	struct span rest = { note, note_len };
	struct fg_checkpoint checkpoint;
	struct signature signature;
	size_t text_len;
	enum fg_rc rc;

	if (!origin_is_valid(origin) || has_controls(note, note_len) ||
	    !read_text(&rest, origin, &checkpoint) || rest.len == 0)
		return FG_E_NOTE;
	text_len = note_len - rest.len - 1; /* without the blank line */
	log_id = fg_note_log_id(origin, public_key);
	rc = read_signatures(rest, origin, &log_id, &signature);
	if (rc == FG_OK)
		rc = fg_sign_verify_raw(public_key, note, text_len, signature.bytes);
	if (rc != FG_OK)
		return rc;
	*checkpoint_out = checkpoint;
	return FG_OK;
}

enum fg_rc fg_note_vkey(const char *origin, const uint8_t public_key[static FG_SIGN_PUBLIC_LEN],
			char *out, size_t cap)
{
	struct fg_hash id = fg_note_log_id(origin, public_key);
	uint8_t typed_key[1 + FG_SIGN_PUBLIC_LEN] = { TYPE_ED25519 };
	char base64[FG_BASE64_LEN(sizeof(typed_key)) + 1];
	char text[FG_NOTE_MAX];
	size_t len = 0;
	enum fg_rc rc;

	memcpy(typed_key + 1, public_key, FG_SIGN_PUBLIC_LEN);
	fg_base64_encode(typed_key, sizeof(typed_key), base64, sizeof(base64));
	rc = append(text, sizeof(text), &len, "%s+%02x%02x%02x%02x+%s", origin, id.b[0], id.b[1],
		    id.b[2], id.b[3], base64);
	if (rc != FG_OK)
		return rc;
	if (cap <= len)
		return FG_E_SPACE;
	memcpy(out, text, len + 1);
	return FG_OK;
}
