/* SPDX-License-Identifier: ISC */
#include "client/device/pairing.h"

#include <stdlib.h>
#include <string.h>
#include "client/device/e2e.h"
#include "lib/base/handle.h"
#include "lib/crypto/base64.h"
#include "lib/proto/consent.h"

#define CLOCK_SLACK_MS (5 * 60 * 1000ull)
enum { PAIRING_VERSION = 1 };

static ProtobufCBinaryData borrowed(const void *data, size_t len)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)data, .len = len };
}

enum fg_rc fg_cert_make(const struct fg_sign_key *account, ProtobufCBinaryData device_id,
			ProtobufCBinaryData signing_key, ProtobufCBinaryData name_hash,
			uint64_t now_ms, Fallgate__Signed *signed_out)
{
	Fallgate__DeviceCert cert = FALLGATE__DEVICE_CERT__INIT;

	cert.account_key = borrowed(account->public, FG_SIGN_PUBLIC_LEN);
	cert.device_id = device_id;
	cert.signing_key = signing_key;
	cert.not_before_ms = now_ms - CLOCK_SLACK_MS;
	cert.expires_ms = cert.not_before_ms + FG_CERT_LIFE_MAX_MS;
	cert.name_hash = name_hash;
	cert.relay_in = true;
	return fg_signed_make(&cert, account, FG_LABEL_DEVICE_CERT, signed_out);
}

/* ---- the two texts ---- */

static enum fg_rc unpack_text(struct fg_arena *arena, const char *text, size_t len,
			      const ProtobufCMessageDescriptor *type, void **message_out)
{
	uint8_t bytes[FG_PAIRING_BYTES_MAX];
	size_t bytes_len;
	enum fg_rc rc;

	if (len > FG_PAIRING_TEXT_MAX)
		return FG_E_TOO_LONG;
	rc = fg_base64_decode(text, len, bytes, sizeof(bytes), &bytes_len);
	if (rc != FG_OK)
		return rc;
	*message_out = fg_proto_unpack(arena, type, bytes, bytes_len);
	return *message_out ? FG_OK : FG_E_SYNTAX;
}

/* The exact spelling, as the directory has it. */
static enum fg_rc handle_check(const char *text)
{
	struct fg_handle handle;
	enum fg_rc rc = fg_handle_parse(text, strlen(text), &handle);

	return rc == FG_OK && strcmp(handle.text, text) != 0 ? FG_E_HANDLE : rc;
}

enum fg_rc fg_pairing_code_parse(struct fg_arena *arena, const char *text, size_t len,
				 const Fallgate__PairingCode **code_out)
{
	const Fallgate__PairingCode *code;
	void *message;
	enum fg_rc rc =
		unpack_text(arena, text, len, &fallgate__pairing_code__descriptor, &message);

	if (rc != FG_OK)
		return rc;
	code = message;
	if (code->version != PAIRING_VERSION)
		return FG_E_VERSION;
	if (!FG_HAS_LEN(code->gateway_id, FG_GATEWAY_ID_LEN) ||
	    !FG_HAS_LEN(code->device_id, FG_ID_LEN) ||
	    !FG_HAS_LEN(code->signing_key, FG_SIGN_PUBLIC_LEN) ||
	    !FG_HAS_LEN(code->name_hash, FG_SHA256_LEN))
		return FG_E_SYNTAX;
	rc = handle_check(code->handle);
	if (rc == FG_OK)
		*code_out = code;
	return rc;
}

enum fg_rc fg_pairing_approval_parse(struct fg_arena *arena, const char *text, size_t len,
				     const Fallgate__PairingApproval **approval_out)
{
	const Fallgate__PairingApproval *approval;
	void *message;
	enum fg_rc rc =
		unpack_text(arena, text, len, &fallgate__pairing_approval__descriptor, &message);

	if (rc != FG_OK)
		return rc;
	approval = message;
	if (approval->version != PAIRING_VERSION)
		return FG_E_VERSION;
	if (!approval->cert || !approval->account)
		return FG_E_SYNTAX;
	rc = handle_check(approval->handle);
	if (rc == FG_OK)
		*approval_out = approval;
	return rc;
}

static enum fg_rc pack_text(const void *message, char **text_out)
{
	size_t len;
	uint8_t *packed = fg_proto_pack_new(message, &len);
	char *text = packed ? malloc(FG_BASE64_LEN(len) + 1) : NULL;
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (text)
		rc = len > FG_PAIRING_BYTES_MAX
			     ? FG_E_TOO_LONG
			     : fg_base64_encode(packed, len, text, FG_BASE64_LEN(len) + 1);
	free(packed);
	if (rc == FG_OK)
		*text_out = text;
	else
		free(text);
	return rc;
}

/* ---- the new device asks ---- */

enum fg_rc fg_pairing_request(struct fg_state *state, const char *handle, char **code_out)
{
	Fallgate__ClientState *d = state->data;
	Fallgate__PairingCode code = FALLGATE__PAIRING_CODE__INIT;
	struct fg_hash name = fg_sha256(d->name, strlen(d->name));
	struct fg_handle own;
	enum fg_rc rc = fg_handle_parse(handle, strlen(handle), &own);

	if (rc != FG_OK)
		return rc;
	if ((d->account && fg_state_holds_account(state)) ||
	    (d->handle[0] && strcmp(d->handle, own.text) != 0))
		return FG_E_EXISTS;
	rc = fg_text_set(&d->wanted_handle, own.text);
	if (rc != FG_OK)
		return rc;
	if (fg_state_holds_account(state))
		fg_state_forget_account(state);
	code.version = PAIRING_VERSION;
	code.gateway_id = borrowed(state->trust.gateway_id, FG_GATEWAY_ID_LEN);
	code.device_id = d->device_id;
	code.signing_key = borrowed(state->device_key.public, FG_SIGN_PUBLIC_LEN);
	code.name_hash = borrowed(name.b, sizeof(name.b));
	code.handle = own.text;
	return pack_text(&code, code_out);
}

/* ---- another one approves ---- */

static enum fg_rc code_check(const struct fg_state *state, const Fallgate__PairingCode *code)
{
	if (strcmp(code->handle, state->data->handle) != 0 ||
	    memcmp(code->gateway_id.data, state->trust.gateway_id, FG_GATEWAY_ID_LEN) != 0)
		return FG_E_DENIED;
	return FG_OK;
}

static enum fg_rc approve(const struct fg_state *state, const Fallgate__PairingCode *code,
			  uint64_t now_ms, char **approval_out)
{
	Fallgate__PairingApproval approval = FALLGATE__PAIRING_APPROVAL__INIT;
	Fallgate__Signed cert;
	enum fg_rc rc = fg_cert_make(&state->account_key, code->device_id, code->signing_key,
				     code->name_hash, now_ms, &cert);

	if (rc != FG_OK)
		return rc;
	approval.version = PAIRING_VERSION;
	approval.cert = &cert;
	approval.account = state->data->account;
	approval.handle = state->data->handle;
	rc = pack_text(&approval, approval_out);
	fg_signed_free(&cert);
	return rc;
}

enum fg_rc fg_pairing_approve(const struct fg_state *state, const char *text, uint64_t now_ms,
			      char **approval_out)
{
	const Fallgate__PairingCode *code;
	struct fg_arena arena;
	enum fg_rc rc;

	if (!state->data->handle[0] || !state->data->account)
		return FG_E_STATE;
	if (!fg_state_holds_account(state))
		return FG_E_DENIED;
	rc = fg_arena_init(&arena, FG_ARENA_MAX);
	if (rc != FG_OK)
		return rc;
	rc = fg_pairing_code_parse(&arena, text, strlen(text), &code);
	if (rc == FG_OK)
		rc = code_check(state, code);
	if (rc == FG_OK)
		rc = approve(state, code, now_ms, approval_out);
	fg_arena_free(&arena);
	return rc;
}

/* ---- the new device takes the approval ---- */

/* The account signs itself, and the certificate, which is this very device's. */
static enum fg_rc approval_check(struct fg_arena *arena, const struct fg_state *state,
				 const Fallgate__PairingApproval *approval, uint64_t now_ms,
				 const Fallgate__Account **account_out)
{
	const Fallgate__ClientState *d = state->data;
	const Fallgate__Account *account =
		fg_proto_unpack(arena, &fallgate__account__descriptor, approval->account->body.data,
				approval->account->body.len);
	Fallgate__DeviceCert *cert;
	enum fg_rc rc;

	if (strcmp(approval->handle, d->wanted_handle) != 0)
		return FG_E_DENIED;
	if (!account || !FG_HAS_LEN(account->account_key, FG_SIGN_PUBLIC_LEN) ||
	    fg_signed_verify(approval->account, account->account_key.data, FG_SIGN_PUBLIC_LEN,
			     FG_LABEL_ACCOUNT) != FG_OK)
		return FG_E_IDENTITY;
	if (d->account_public.len &&
	    memcmp(d->account_public.data, account->account_key.data, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_DENIED;
	rc = fg_suite1_cert_check(arena, approval->cert, account->account_key.data, now_ms, &cert);
	if (rc != FG_OK)
		return rc;
	if (cert->expires_ms - cert->not_before_ms > FG_CERT_LIFE_MAX_MS)
		return FG_E_IDENTITY;
#ifndef FG_MUTANT_pairing_device
	if (memcmp(cert->device_id.data, d->device_id.data, FG_ID_LEN) != 0 ||
	    memcmp(cert->signing_key.data, state->device_key.public, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_DENIED;
#endif
	*account_out = account;
	return FG_OK;
}

static enum fg_rc replace(Fallgate__Signed **kept, const Fallgate__Signed *with)
{
	Fallgate__Signed *copy = fg_message_copy(with);

	if (!copy)
		return FG_E_NO_MEMORY;
	if (*kept)
		fallgate__signed__free_unpacked(*kept, NULL);
	*kept = copy;
	return FG_OK;
}

static enum fg_rc keep_approval(struct fg_state *state, const Fallgate__PairingApproval *approval,
				const Fallgate__Account *account)
{
	Fallgate__ClientState *d = state->data;
	enum fg_rc rc = replace(&d->account, approval->account);

	if (rc == FG_OK)
		rc = replace(&d->cert, approval->cert);
	if (rc == FG_OK)
		rc = fg_bytes_set(&d->account_public, account->account_key.data,
				  FG_SIGN_PUBLIC_LEN);
	if (rc != FG_OK)
		return rc;
	memcpy(state->account_key.public, account->account_key.data, FG_SIGN_PUBLIC_LEN);
	d->cert_new = d->handle[0] != '\0';
	return FG_OK;
}

enum fg_rc fg_pairing_accept(struct fg_state *state, const char *text, uint64_t now_ms)
{
	const Fallgate__PairingApproval *approval;
	const Fallgate__Account *account;
	struct fg_arena arena;
	enum fg_rc rc;

	if (!state->data->wanted_handle[0] || fg_state_holds_account(state))
		return FG_E_STATE;
	rc = fg_arena_init(&arena, FG_ARENA_MAX);
	if (rc != FG_OK)
		return rc;
	rc = fg_pairing_approval_parse(&arena, text, strlen(text), &approval);
	if (rc == FG_OK)
		rc = approval_check(&arena, state, approval, now_ms, &account);
	if (rc == FG_OK)
		rc = keep_approval(state, approval, account);
	fg_arena_free(&arena);
	return rc;
}
