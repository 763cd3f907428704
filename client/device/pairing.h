/* SPDX-License-Identifier: ISC
 *
 * Several devices on an account, without a gateway's help: the new device prints a code, a device
 * that holds the account key answers with an approval, and the new device registers with it. Both
 * are base64 of a message of state.proto and hold nothing secret; whoever carries them must see to
 * it that they are not exchanged for others.
 */
#pragma once

#include "client/device/state.h"

enum {
	FG_PAIRING_BYTES_MAX = 1536,
	FG_PAIRING_TEXT_MAX = FG_PAIRING_BYTES_MAX / 3 * 4,
};

/*! Certify a device of the account for FG_CERT_LIFE_MAX_MS; out is freed by fg_signed_free().
 *  \return FG_OK; FG_E_NO_MEMORY. */
enum fg_rc fg_cert_make(const struct fg_sign_key *account, ProtobufCBinaryData device_id,
			ProtobufCBinaryData signing_key, ProtobufCBinaryData name_hash,
			uint64_t now_ms, Fallgate__Signed *signed_out);

/*! Read a code or an approval: their form, not what they mean. Borrowed from the arena.
 *  \return FG_OK; FG_E_SYNTAX; FG_E_TOO_LONG; FG_E_VERSION; FG_E_HANDLE; FG_E_NO_MEMORY. */
enum fg_rc fg_pairing_code_parse(struct fg_arena *arena, const char *text, size_t len,
				 const Fallgate__PairingCode **code_out);
enum fg_rc fg_pairing_approval_parse(struct fg_arena *arena, const char *text, size_t len,
				     const Fallgate__PairingApproval **approval_out);

/*! On the new device: ask to be one of handle's. An account key of its own, not used yet, is
 * forgotten. The code is malloc()ed; the state has to be saved.
 *  \return FG_OK; FG_E_HANDLE; FG_E_EXISTS when the device has an account of its own, or is
 * registered under another handle; FG_E_NO_MEMORY. */
enum fg_rc fg_pairing_request(struct fg_state *state, const char *handle, char **code_out);

/*! On a device that holds the account key: certify the device of a code. The approval is
 * malloc()ed.
 *  \return FG_OK; errors of fg_pairing_code_parse(); FG_E_STATE when not registered; FG_E_DENIED
 * without account key, and for a code for another handle or gateway; FG_E_NO_MEMORY. */
enum fg_rc fg_pairing_approve(const struct fg_state *state, const char *code, uint64_t now_ms,
			      char **approval_out);

/*! On the new device: take an approval into the state, which is unchanged after an error (but
 * FG_E_NO_MEMORY).
 *  \return FG_OK; errors of fg_pairing_approval_parse(); FG_E_STATE when nothing was requested;
 * FG_E_DENIED for another handle, device or, once approved, account; FG_E_IDENTITY when the
 * certificate does not chain to the account key or is not valid now; FG_E_NO_MEMORY. */
enum fg_rc fg_pairing_accept(struct fg_state *state, const char *approval, uint64_t now_ms);
