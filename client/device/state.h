/* SPDX-License-Identifier: ISC
 *
 * The state file of a device: keys, prekeys, pins, the newest checkpoint, what was sent and what
 * came. One message of state.proto in one secret file (lib/crypto/secretfile.h): replaced whole, so
 * that a crash leaves the old or the new one.
 */
#pragma once

#include "client/device/state.pb-c.h"
#include "client/device/trust.h"
#include "lib/base/id.h"
#include "lib/crypto/hpke.h"
#include "lib/proto/signed.h"

enum {
	FG_STATE_SENT_MAX =
		200, /* the oldest is forgotten; keeps the file well below FG_SECRETFILE_MAX */
	FG_STATE_INBOX_MAX = 200,
	FG_STATE_PINS_MAX = 1000,
	FG_STATE_PREKEYS = 100, /* one-time prekeys uploaded at once */
	FG_STATE_PREKEYS_LOW = 25,
};

struct fg_state {
	Fallgate__ClientState *data; /*!< every part malloc()ed */
	struct fg_trust trust;
	struct fg_sign_key account_key; /*!< public part only unless fg_state_holds_account() */
	struct fg_sign_key device_key;
};

/*! New keys for a device that is not registered yet; state_out is freed by fg_state_free().
 *  \return FG_OK; errors of fg_trust_parse(); FG_E_NO_MEMORY. */
enum fg_rc fg_state_new(const char *trust_text, size_t trust_len, struct fg_state *state_out);

/*! Read from bytes, as they are in the file. FG_OK, FG_E_SYNTAX, FG_E_VERSION, errors of
 * fg_trust_parse(). */
enum fg_rc fg_state_unpack(const void *data, size_t len, struct fg_state *state_out);

/*! Errors of fg_secretfile_read() and of fg_state_unpack(). passphrase NULL: the file is plain. */
enum fg_rc fg_state_read(const char *path, const char *passphrase, struct fg_state *state_out);
/*! Errors of fg_secretfile_write(). */
enum fg_rc fg_state_write(const struct fg_state *state, const char *path, const char *passphrase);
void fg_state_free(struct fg_state *state);

/*! False on a device that another one approved: it can sign for itself only. */
bool fg_state_holds_account(const struct fg_state *state);
/*! Wipe the account key, public part too. */
void fg_state_forget_account(struct fg_state *state);

/*! A pin of that handle, or NULL. */
Fallgate__ClientPin *fg_state_pin(const struct fg_state *state, const char *handle);
/*! Remember that the handle is secure. Never lowers an epoch. FG_OK; FG_E_IDENTITY for another
 * account key than pinned, unless succeeded; FG_E_LIMIT; FG_E_NO_MEMORY. */
enum fg_rc fg_state_pin_set(struct fg_state *state, const char *handle,
			    const uint8_t account_key[static 32], uint64_t epoch, uint64_t now_ms,
			    bool succeeded);

/*! What was sent under that id, or NULL. */
Fallgate__Sent *fg_state_sent(const struct fg_state *state, const void *message_id, size_t len);
/*! Append; the state owns it from now on (also after an error, when it is freed). The oldest go.
 * FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_state_sent_add(struct fg_state *state, Fallgate__Sent *sent_take);
enum fg_rc fg_state_inbox_add(struct fg_state *state, Fallgate__Received *received_take);
/*! A message with that id and content came before. */
bool fg_state_has_received(const struct fg_state *state, const void *message_id,
			   const struct fg_hash *content_hash);
/*! The same for a message that the vault sealed, in whatever copy: the id is the vault's own. */
bool fg_state_has_relayed(const struct fg_state *state, const void *message_id);

/*! Make count one-time prekeys, or one signed prekey, into signed_out[count] (each for
 * fg_signed_free()). */
enum fg_rc fg_state_prekeys_new(struct fg_state *state, Fallgate__PrekeyKind kind, size_t count,
				uint64_t now_ms, Fallgate__Signed *signed_out);
/*! FG_OK; FG_E_REPLAY for one that was used up; FG_E_NOT_FOUND for one that never was. */
enum fg_rc fg_state_prekey(const struct fg_state *state, uint32_t id, Fallgate__PrekeyKind kind,
			   struct fg_kem_key *key_out);
/*! A one-time prekey was used: its secret is wiped and forgotten. */
void fg_state_prekey_spend(struct fg_state *state, uint32_t id);

/*! A deep copy from malloc(), or NULL. Freed by the message's free_unpacked(). */
void *fg_message_copy(const void *message);
/*! Replace a field of bytes or of text. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_bytes_set(ProtobufCBinaryData *field, const void *data, size_t len);
enum fg_rc fg_text_set(char **field, const char *text);
/*! Append to a repeated field. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_list_add(void ***items, size_t *count, void *item);
#define FG_LIST_ADD(object, name, item)                                                            \
	fg_list_add((void ***)(void *)&(object)->name, &(object)->n_##name, (item))
