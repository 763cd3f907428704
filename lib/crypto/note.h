/* SPDX-License-Identifier: ISC
 *
 * Checkpoints: C2SP tlog-checkpoint inside a C2SP signed-note, Ed25519 (signature type 0x01), so that existing tools verify them.
 *
 * The text is "<origin>\n<size, decimal>\n<root, base64>\n", a blank line, then signature lines "— <name> <base64(key id 4 bytes,
 * signature 64 bytes)>\n". Key id: first four bytes of SHA-256(name "\n" 0x01 public key). log id (our word): all 32 bytes of it.
 */
#pragma once

#include "lib/crypto/merkle.h"
#include "lib/crypto/sign.h"

enum {
	FG_NOTE_ORIGIN_MAX =
		128, /* bytes, without NUL; printable ASCII but no spaces, no "+"; not empty */
	FG_NOTE_MAX = 512, /* bytes of a checkpoint with our one signature */
};

struct fg_checkpoint {
	char origin[FG_NOTE_ORIGIN_MAX + 1];
	uint64_t size;
	struct fg_hash root;
};

/*! The log id of a log named origin with this public key. */
struct fg_hash fg_note_log_id(const char *origin,
			      const uint8_t public_key[static FG_SIGN_PUBLIC_LEN]);

/*! Write and sign. note_out gets a NUL-terminated text. FG_OK, FG_E_ARG for a bad origin, FG_E_SPACE. */
enum fg_rc fg_note_sign(const struct fg_checkpoint *checkpoint, const struct fg_sign_key *key,
			char *note_out, size_t cap, size_t *len_out);

/*! Verify the signature of the log and read it. Signatures of others are ignored, and so is any but the first of the log;
 *  extension lines, which our logs do not write, are refused.
 *  \return FG_OK; FG_E_NOTE when it is not well formed or of another origin; FG_E_SIGNATURE. */
enum fg_rc fg_note_verify(const char *note, size_t note_len, const char *origin,
			  const uint8_t public_key[static FG_SIGN_PUBLIC_LEN],
			  struct fg_checkpoint *checkpoint_out);

/*! "name+hex key id+base64" (C2SP vkey). FG_OK or FG_E_SPACE. */
enum fg_rc fg_note_vkey(const char *origin, const uint8_t public_key[static FG_SIGN_PUBLIC_LEN],
			char *out, size_t cap);
