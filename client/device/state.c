/* SPDX-License-Identifier: ISC */
#include "client/device/state.h"

#include <stdlib.h>
#include <string.h>
#include "lib/crypto/secretfile.h"

enum { STATE_VERSION = 1, STATE_BYTES_MAX = FG_SECRETFILE_MAX };

void *fg_message_copy(const void *message)
{
	const ProtobufCMessage *m = message;
	size_t len;
	uint8_t *packed = fg_proto_pack_new(message, &len);
	void *copy = packed ? protobuf_c_message_unpack(m->descriptor, NULL, len, packed) : NULL;

	free(packed);
	return copy;
}

enum fg_rc fg_bytes_set(ProtobufCBinaryData *field, const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return FG_E_NO_MEMORY;
	if (len)
		memcpy(copy, data, len);
	free(field->data);
	*field = (ProtobufCBinaryData){ .data = copy, .len = len };
	return FG_OK;
}

enum fg_rc fg_text_set(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return FG_E_NO_MEMORY;
	if (*field != (const char *)protobuf_c_empty_string)
		free(*field);
	*field = copy;
	return FG_OK;
}

enum fg_rc fg_list_add(void ***items, size_t *count, void *item)
{
	void **grown = realloc(*items, (*count + 1) * sizeof(**items));

	if (!grown)
		return FG_E_NO_MEMORY;
	grown[(*count)++] = item;
	*items = grown;
	return FG_OK;
}

static void drop_first(void **items, size_t *count)
{
	protobuf_c_message_free_unpacked(items[0], NULL);
	memmove(items, items + 1, --*count * sizeof(*items));
}

/* ---- the whole ---- */

static enum fg_rc derive(struct fg_state *state)
{
	const Fallgate__ClientState *d = state->data;

	if (d->version != STATE_VERSION)
		return FG_E_VERSION;
	if ((d->account_seed.len != 0 && !FG_HAS_LEN(d->account_seed, FG_SIGN_SEED_LEN)) ||
	    (d->account_public.len != 0 && !FG_HAS_LEN(d->account_public, FG_SIGN_PUBLIC_LEN)) ||
	    !FG_HAS_LEN(d->device_seed, FG_SIGN_SEED_LEN) || !FG_HAS_LEN(d->device_id, FG_ID_LEN))
		return FG_E_SYNTAX;
	if (d->account_seed.len)
		fg_sign_key_from_seed(d->account_seed.data, &state->account_key);
	else if (d->account_public.len)
		memcpy(state->account_key.public, d->account_public.data, FG_SIGN_PUBLIC_LEN);
	fg_sign_key_from_seed(d->device_seed.data, &state->device_key);
	return fg_trust_parse((const char *)d->trust.data, d->trust.len, &state->trust);
}

static enum fg_rc fill_new(Fallgate__ClientState *d, const char *trust_text, size_t trust_len)
{
	uint8_t seed[FG_SIGN_SEED_LEN];
	enum fg_rc rc;

	d->version = STATE_VERSION;
	d->next_prekey_id = 1;
	fg_random(seed, sizeof(seed));
	rc = fg_bytes_set(&d->account_seed, seed, sizeof(seed));
	fg_random(seed, sizeof(seed));
	if (rc == FG_OK)
		rc = fg_bytes_set(&d->device_seed, seed, sizeof(seed));
	fg_random(seed, sizeof(seed));
	if (rc == FG_OK)
		rc = fg_bytes_set(&d->device_id, seed, FG_ID_LEN);
	if (rc == FG_OK)
		rc = fg_bytes_set(&d->trust, trust_text, trust_len);
	fg_wipe(seed, sizeof(seed));
	return rc;
}

enum fg_rc fg_state_new(const char *trust_text, size_t trust_len, struct fg_state *state_out)
{
	struct fg_state state = { .data = malloc(sizeof(*state.data)) };
	enum fg_rc rc;

	if (!state.data)
		return FG_E_NO_MEMORY;
	fallgate__client_state__init(state.data);
	rc = fill_new(state.data, trust_text, trust_len);
	if (rc == FG_OK)
		rc = derive(&state);
	if (rc != FG_OK) {
		fg_state_free(&state);
		return rc;
	}
	*state_out = state;
	return FG_OK;
}

enum fg_rc fg_state_unpack(const void *data, size_t len, struct fg_state *state_out)
{
	struct fg_state state = { .data = fallgate__client_state__unpack(NULL, len, data) };
	enum fg_rc rc;

	if (!state.data)
		return FG_E_SYNTAX;
	rc = derive(&state);
	if (rc != FG_OK) {
		fg_state_free(&state);
		return rc;
	}
	*state_out = state;
	return FG_OK;
}

enum fg_rc fg_state_read(const char *path, const char *passphrase, struct fg_state *state_out)
{
	uint8_t *data;
	size_t len;
	enum fg_rc rc = fg_secretfile_read(path, passphrase, &data, &len);

	if (rc != FG_OK)
		return rc;
	rc = fg_state_unpack(data, len, state_out);
	fg_wipe(data, len);
	free(data);
	return rc;
}

enum fg_rc fg_state_write(const struct fg_state *state, const char *path, const char *passphrase)
{
	size_t len;
	uint8_t *data = fg_proto_pack_new(state->data, &len);
	enum fg_rc rc;

	if (!data)
		return FG_E_NO_MEMORY;
	rc = fg_secretfile_write(path, passphrase, data, len);
	fg_wipe(data, len);
	free(data);
	return rc;
}

void fg_state_free(struct fg_state *state)
{
	if (state->data) {
		fg_wipe(state->data->account_seed.data, state->data->account_seed.len);
		fg_wipe(state->data->device_seed.data, state->data->device_seed.len);
		for (size_t i = 0; i < state->data->n_prekeys; i++)
			fg_wipe(state->data->prekeys[i]->secret.data,
				state->data->prekeys[i]->secret.len);
		fallgate__client_state__free_unpacked(state->data, NULL);
	}
	fg_wipe(state, sizeof(*state));
}

/* ---- pins ---- */

Fallgate__ClientPin *fg_state_pin(const struct fg_state *state, const char *handle)
{
	for (size_t i = 0; i < state->data->n_pins; i++)
		if (strcmp(state->data->pins[i]->handle, handle) == 0)
			return state->data->pins[i];
	return NULL;
}

static enum fg_rc pin_new(struct fg_state *state, const char *handle, uint64_t now_ms,
			  Fallgate__ClientPin **pin_out)
{
	Fallgate__ClientPin *pin;
	enum fg_rc rc;

	if (state->data->n_pins >= FG_STATE_PINS_MAX)
		return FG_E_LIMIT;
	pin = malloc(sizeof(*pin));
	if (!pin)
		return FG_E_NO_MEMORY;
	fallgate__client_pin__init(pin);
	pin->first_ms = now_ms;
	rc = fg_text_set(&pin->handle, handle);
	if (rc == FG_OK)
		rc = FG_LIST_ADD(state->data, pins, pin);
	if (rc != FG_OK)
		fallgate__client_pin__free_unpacked(pin, NULL);
	else
		*pin_out = pin;
	return rc;
}

enum fg_rc fg_state_pin_set(struct fg_state *state, const char *handle,
			    const uint8_t account_key[static 32], uint64_t epoch, uint64_t now_ms,
			    bool succeeded)
{
	Fallgate__ClientPin *pin = fg_state_pin(state, handle);
	enum fg_rc rc = FG_OK;

	if (pin && !succeeded &&
	    memcmp(pin->account_key.data, account_key, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_IDENTITY;
	if (!pin)
		rc = pin_new(state, handle, now_ms, &pin);
	if (rc == FG_OK)
		rc = fg_bytes_set(&pin->account_key, account_key, FG_SIGN_PUBLIC_LEN);
	if (rc != FG_OK)
		return rc;
	if (epoch > pin->epoch)
		pin->epoch = epoch;
	pin->last_ms = now_ms;
	return FG_OK;
}

bool fg_state_holds_account(const struct fg_state *state)
{
	return FG_HAS_LEN(state->data->account_seed, FG_SIGN_SEED_LEN);
}

void fg_state_forget_account(struct fg_state *state)
{
	Fallgate__ClientState *d = state->data;

	if (d->account_seed.data) {
		fg_wipe(d->account_seed.data, d->account_seed.len);
		free(d->account_seed.data);
	}
	d->account_seed = (ProtobufCBinaryData){ 0 };
	fg_wipe(&state->account_key, sizeof(state->account_key));
}

/* ---- messages ---- */

Fallgate__Sent *fg_state_sent(const struct fg_state *state, const void *message_id, size_t len)
{
	for (size_t i = state->data->n_sent; i-- > 0;)
		if (state->data->sent[i]->message_id.len == len &&
		    memcmp(state->data->sent[i]->message_id.data, message_id, len) == 0)
			return state->data->sent[i];
	return NULL;
}

enum fg_rc fg_state_sent_add(struct fg_state *state, Fallgate__Sent *sent_take)
{
	enum fg_rc rc = FG_LIST_ADD(state->data, sent, sent_take);

	if (rc != FG_OK)
		fallgate__sent__free_unpacked(sent_take, NULL);
	else if (state->data->n_sent > FG_STATE_SENT_MAX)
		drop_first((void **)(void *)state->data->sent, &state->data->n_sent);
	return rc;
}

enum fg_rc fg_state_inbox_add(struct fg_state *state, Fallgate__Received *received_take)
{
	enum fg_rc rc = FG_LIST_ADD(state->data, inbox, received_take);

	if (rc != FG_OK)
		fallgate__received__free_unpacked(received_take, NULL);
	else if (state->data->n_inbox > FG_STATE_INBOX_MAX)
		drop_first((void **)(void *)state->data->inbox, &state->data->n_inbox);
	return rc;
}

bool fg_state_has_received(const struct fg_state *state, const void *message_id,
			   const struct fg_hash *content_hash)
{
	for (size_t i = state->data->n_inbox; i-- > 0;) {
		const Fallgate__Received *r = state->data->inbox[i];

		if (FG_HAS_LEN(r->message_id, FG_ID_LEN) &&
		    memcmp(r->message_id.data, message_id, FG_ID_LEN) == 0 &&
		    FG_HAS_LEN(r->content_hash, FG_SHA256_LEN) &&
		    memcmp(r->content_hash.data, content_hash->b, FG_SHA256_LEN) == 0)
			return true;
	}
	return false;
}

bool fg_state_has_relayed(const struct fg_state *state, const void *message_id)
{
	for (size_t i = state->data->n_inbox; i-- > 0;) {
		const Fallgate__Received *r = state->data->inbox[i];

		if (r->protection != FALLGATE__PROTECTION__PROTECTION_E2E &&
		    FG_HAS_LEN(r->message_id, FG_ID_LEN) &&
		    memcmp(r->message_id.data, message_id, FG_ID_LEN) == 0)
			return true;
	}
	return false;
}

/* ---- prekeys ---- */

static enum fg_rc prekey_new(struct fg_state *state, Fallgate__PrekeyKind kind, uint64_t now_ms,
			     Fallgate__Signed *signed_out)
{
	Fallgate__Prekey prekey = FALLGATE__PREKEY__INIT;
	Fallgate__OwnPrekey *own = malloc(sizeof(*own));
	struct fg_kem_key key;
	enum fg_rc rc;

	if (!own)
		return FG_E_NO_MEMORY;
	fallgate__own_prekey__init(own);
	fg_kem_key_new(&key);
	own->id = prekey.id = state->data->next_prekey_id;
	own->kind = prekey.kind = kind;
	own->created_ms = prekey.created_ms = now_ms;
	prekey.suite = 1;
	prekey.device_id = state->data->device_id;
	prekey.public_key = (ProtobufCBinaryData){ .data = key.public, .len = sizeof(key.public) };
	rc = fg_bytes_set(&own->secret, key.secret, sizeof(key.secret));
	fg_wipe(key.secret, sizeof(key.secret));
	if (rc == FG_OK)
		rc = fg_signed_make(&prekey, &state->device_key, FG_LABEL_PREKEY, signed_out);
	if (rc == FG_OK) {
		rc = FG_LIST_ADD(state->data, prekeys, own);
		if (rc != FG_OK)
			fg_signed_free(signed_out);
	}
	if (rc != FG_OK)
		fallgate__own_prekey__free_unpacked(own, NULL);
	else
		state->data->next_prekey_id++;
	return rc;
}

enum fg_rc fg_state_prekeys_new(struct fg_state *state, Fallgate__PrekeyKind kind, size_t count,
				uint64_t now_ms, Fallgate__Signed *signed_out)
{
	for (size_t i = 0; i < count; i++) {
		enum fg_rc rc = prekey_new(state, kind, now_ms, &signed_out[i]);

		if (rc == FG_OK)
			continue;
		while (i-- > 0)
			fg_signed_free(&signed_out[i]);
		return rc;
	}
	return FG_OK;
}

static size_t prekey_index(const struct fg_state *state, uint32_t id)
{
	size_t i = 0;

	while (i < state->data->n_prekeys && state->data->prekeys[i]->id != id)
		i++;
	return i;
}

enum fg_rc fg_state_prekey(const struct fg_state *state, uint32_t id, Fallgate__PrekeyKind kind,
			   struct fg_kem_key *key_out)
{
	size_t i = prekey_index(state, id);
	const Fallgate__OwnPrekey *own;

	if (i == state->data->n_prekeys)
		return id != 0 && id < state->data->next_prekey_id ? FG_E_REPLAY : FG_E_NOT_FOUND;
	own = state->data->prekeys[i];
	if (own->kind != kind || !FG_HAS_LEN(own->secret, FG_KEM_SECRET_LEN))
		return FG_E_NOT_FOUND;
	fg_kem_key_from_secret(own->secret.data, key_out);
	return FG_OK;
}

void fg_state_prekey_spend(struct fg_state *state, uint32_t id)
{
	Fallgate__ClientState *d = state->data;
	size_t i = prekey_index(state, id);

	if (i == d->n_prekeys || d->prekeys[i]->kind != FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME)
		return;
	fg_wipe(d->prekeys[i]->secret.data, d->prekeys[i]->secret.len);
	fallgate__own_prekey__free_unpacked(d->prekeys[i], NULL);
	d->prekeys[i] = d->prekeys[--d->n_prekeys];
}
