/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fg_note_verify() over any bytes. The key is fixed, so that seeds of the corpus verify; what
 * verifies must be signed again to the same text.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include "lib/crypto/note.h"

#define ORIGIN "log.example.org/fallgate"

static void sign_again(const struct fg_sign_key *key, const struct fg_checkpoint *checkpoint,
		       const uint8_t *data)
{
	char note[FG_NOTE_MAX];
	size_t len;
	const char *text_end;

	if (fg_note_sign(checkpoint, key, note, sizeof(note), &len) != FG_OK)
		abort();
	text_end = strstr(note, "\n\n");
	if (!text_end || memcmp(note, data, (size_t)(text_end - note) + 2) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[FG_SIGN_SEED_LEN] = { 7 };
	struct fg_sign_key key;
	struct fg_checkpoint checkpoint;

	if (fg_crypto_init() != FG_OK)
		abort();
	fg_sign_key_from_seed(seed, &key);
	if (fg_note_verify((const char *)data, len, ORIGIN, key.public, &checkpoint) == FG_OK)
		sign_again(&key, &checkpoint, data);
	return 0;
}
