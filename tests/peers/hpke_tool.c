/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Our HPKE for a peer to talk to: one request a line on stdin, one answer a line on stdout;
 * tests/peers/hpke_peer.mjs is the same on other software. All operands are hex, "-" stands for no
 * bytes.
 *
 *   keygen                        SECRET PUBLIC
 *   seal PUBLIC INFO AAD PLAIN    SEALED (enc, ciphertext, tag)
 *   open SECRET INFO AAD SEALED   PLAIN
 *
 * The answer "refused" says that the peer's bytes are not good; a line that is no request ends the
 * program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/crypto/hpke.h"

enum { BYTES_MAX = 8192, OPERANDS = 4, LINE_MAX_LEN = 16 + OPERANDS * (2 * BYTES_MAX + 1) };

struct bytes {
	uint8_t data[BYTES_MAX];
	size_t len;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "hpke_tool: %s\n", what);
	exit(2);
}

static void take_operand(struct bytes *out)
{
	const char *word = strtok(NULL, " \n");
	size_t digits = word ? strlen(word) : 0;

	if (!word)
		die("an operand is missing");
	out->len = 0;
	if (strcmp(word, "-") == 0)
		return;
	if (digits % 2 != 0 || digits / 2 > sizeof(out->data) ||
	    strspn(word, "0123456789abcdef") != digits)
		die("an operand is not hex, or too long");
	for (; out->len < digits / 2; out->len++)
		sscanf(word + 2 * out->len, "%2hhx", &out->data[out->len]);
}

static void print_hex(const uint8_t *data, size_t len)
{
	if (len == 0)
		putchar('-');
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
}

static void keygen(void)
{
	struct fg_kem_key key;

	fg_kem_key_new(&key);
	print_hex(key.secret, sizeof(key.secret));
	putchar(' ');
	print_hex(key.public, sizeof(key.public));
}

static void seal(void)
{
	static struct bytes key, info, aad, plain, sealed;
	enum fg_rc rc;

	take_operand(&key);
	take_operand(&info);
	take_operand(&aad);
	take_operand(&plain);
	if (key.len != FG_KEM_PUBLIC_LEN)
		die("a key has 32 bytes");
	rc = fg_hpke_seal(key.data, info.data, info.len, aad.data, aad.len, plain.data, plain.len,
			  sealed.data, sizeof(sealed.data), &sealed.len);
	if (rc == FG_OK)
		print_hex(sealed.data, sealed.len);
	else
		printf("refused");
}

static void open_sealed(void)
{
	static struct bytes secret, info, aad, sealed, plain;
	struct fg_kem_key key;
	enum fg_rc rc;

	take_operand(&secret);
	take_operand(&info);
	take_operand(&aad);
	take_operand(&sealed);
	if (secret.len != FG_KEM_SECRET_LEN)
		die("a key has 32 bytes");
	fg_kem_key_from_secret(secret.data, &key);
	rc = fg_hpke_open(&key, info.data, info.len, aad.data, aad.len, sealed.data, sealed.len,
			  plain.data, sizeof(plain.data), &plain.len);
	if (rc == FG_OK)
		print_hex(plain.data, plain.len);
	else
		printf("refused");
}

int main(void)
{
	static char line[LINE_MAX_LEN];

	if (fg_crypto_init() != FG_OK)
		die("libsodium does not start");
	while (fgets(line, sizeof(line), stdin)) {
		const char *verb = strtok(line, " \n");

		if (verb && strcmp(verb, "keygen") == 0)
			keygen();
		else if (verb && strcmp(verb, "seal") == 0)
			seal();
		else if (verb && strcmp(verb, "open") == 0)
			open_sealed();
		else
			die("not a request");
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}
