/* SPDX-License-Identifier: ISC */
#include "lib/crypto/base64.h"

#include <sodium.h>
#include <stdbool.h>

enum fg_rc fg_base64_encode(const void *data, size_t len, char *out, size_t cap)
{
	/* libsodium ends the process when the buffer is too small. */
	if (len > SIZE_MAX / 2 || cap <= FG_BASE64_LEN(len))
		return FG_E_SPACE;
	sodium_bin2base64(out, cap, data, len, sodium_base64_VARIANT_ORIGINAL);
	return FG_OK;
}

/* How many bytes text says; its padding is not checked yet. */
static size_t decoded_len(const char *text, size_t text_len)
{
	size_t pad = 0;

	while (pad < 2 && pad < text_len && text[text_len - 1 - pad] == '=')
		pad++;
	return text_len / 4 * 3 - pad;
}

/* libsodium 1.0.18 takes some bytes above 0x7f for digits, where char is signed. */
static bool is_ascii(const char *text, size_t text_len)
{
	for (size_t i = 0; i < text_len; i++) {
		if ((unsigned char)text[i] > 0x7f)
			return false;
	}
	return true;
}

enum fg_rc fg_base64_decode(const char *text, size_t text_len, void *out, size_t cap,
			    size_t *len_out)
{
	size_t len;

	if (text_len % 4 != 0 || !is_ascii(text, text_len))
		return FG_E_SYNTAX;
	if (decoded_len(text, text_len) > cap)
		return FG_E_SPACE;
	if (sodium_base642bin(out, cap, text, text_len, NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return FG_E_SYNTAX;
	*len_out = len;
	return FG_OK;
}
