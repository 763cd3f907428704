/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a device comes into the directory: a handle by an operator's invitation, another device by the account key, another account key
 * by the old one's succession; and nothing else.
 */
#include "gateway/core/internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/proto/consent.h"

enum { PREKEY_SUITE = 1, REGISTER_OPS = 9 };

enum fg_rc fg_directory_prekey_check(struct fg_core *core, const Fallgate__Signed *prekey,
				     Fallgate__PrekeyKind kind, const uint8_t *signing_key,
				     const uint8_t *device_id, uint32_t *id_out)
{
	const Fallgate__Prekey *body;
	void *message;
	enum fg_rc rc = fg_signed_open(&core->arena, prekey, signing_key, FG_SIGN_PUBLIC_LEN,
				       FG_LABEL_PREKEY, &fallgate__prekey__descriptor, &message);

	if (rc != FG_OK)
		return rc;
	body = message;
	if (body->kind != kind || body->id == 0 || body->suite != PREKEY_SUITE ||
	    !FG_HAS_LEN(body->public_key, FG_KEM_PUBLIC_LEN) ||
	    !FG_HAS_LEN(body->device_id, FG_DEVICE_ID_LEN) ||
	    memcmp(body->device_id.data, device_id, FG_DEVICE_ID_LEN) != 0)
		return FG_E_SYNTAX;
	*id_out = body->id;
	return FG_OK;
}

/* ---- what the device sent, checked ---- */

static bool equals(const ProtobufCBinaryData *field, const void *data, size_t len)
{
	return FG_HAS_LEN(*field, len) && fg_equal(field->data, data, len);
}

/* Made on this very connection, for this gateway, for these keys. */
static enum fg_rc check_registration(struct fg_core *core, const struct fg_session *session,
				     const Fallgate__Registration *body,
				     const Fallgate__DeviceCert *cert)
{
	(void)core; /* in a mutant */
#ifndef FG_MUTANT_register_nonces
	if (!equals(&body->client_nonce, session->client_nonce, FG_NONCE_LEN) ||
	    !equals(&body->server_nonce, session->server_nonce, FG_NONCE_LEN))
		return FG_E_REPLAY;
#endif
#ifndef FG_MUTANT_register_gateway
	if (!equals(&body->gateway_id, core->trust.gateway_id.b, FG_ID_LEN))
		return FG_E_REPLAY;
#endif
#ifndef FG_MUTANT_register_exporter
	if (!equals(&body->exporter, session->exporter, sizeof(session->exporter)))
		return FG_E_REPLAY;
#endif
	if (!equals(&body->account_key, cert->account_key.data, FG_ACCOUNT_KEY_LEN) ||
	    !equals(&body->device_id, cert->device_id.data, FG_DEVICE_ID_LEN))
		return FG_E_IDENTITY;
	return FG_OK;
}

static enum fg_rc check_account(struct fg_core *core, const Fallgate__Signed *account,
				const Fallgate__DeviceCert *cert)
{
	void *message;
	enum fg_rc rc =
		fg_signed_open(&core->arena, account, cert->account_key.data, cert->account_key.len,
			       FG_LABEL_ACCOUNT, &fallgate__account__descriptor, &message);

	if (rc != FG_OK)
		return rc;
	return equals(&((Fallgate__Account *)message)->account_key, cert->account_key.data,
		      FG_ACCOUNT_KEY_LEN)
		       ? FG_OK
		       : FG_E_IDENTITY;
}

/* Everything that the request itself proves. */
static enum fg_rc open_request(struct fg_core *core, const struct fg_session *session,
			       const Fallgate__Register *reg,
			       const Fallgate__Registration **registration_out,
			       const Fallgate__DeviceCert **cert_out)
{
	const Fallgate__DeviceCert *cert;
	void *message;
	uint32_t prekey_id;
	enum fg_rc rc = fg_cert_check(&core->arena, reg->cert, fg_core_now_ms(core), &cert);

	if (rc == FG_OK)
		rc = fg_signed_open(&core->arena, reg->registration, cert->signing_key.data,
				    cert->signing_key.len, FG_LABEL_REGISTRATION,
				    &fallgate__registration__descriptor, &message);
	if (rc == FG_OK)
		rc = check_registration(core, session, message, cert);
	if (rc == FG_OK)
		rc = check_account(core, reg->account, cert);
	if (rc == FG_OK)
		rc = fg_directory_prekey_check(
			core, reg->signed_prekey, FALLGATE__PREKEY_KIND__PREKEY_SIGNED,
			cert->signing_key.data, cert->device_id.data, &prekey_id);
	if (rc != FG_OK)
		return rc;
	*registration_out = message;
	*cert_out = cert;
	return FG_OK;
}

/* ---- what the directory allows ---- */

/* One signed by the key that the handle has now, for this handle and the new key. */
static enum fg_rc check_succession(struct fg_core *core, const struct fg_directory_write *write,
				   const Fallgate__Register *reg,
				   const Fallgate__StoredHandle *handle)
{
	const Fallgate__Succession *body;
	struct fg_hash tag = fg_handle_tag(write->handle.text), said;
	void *message;

#ifndef FG_MUTANT_succession_signature
	if (fg_signed_verify(reg->succession, handle->account_key.data, handle->account_key.len,
			     FG_LABEL_SUCCESSION) != FG_OK)
		return FG_E_IDENTITY;
#endif
	message = reg->succession
			  ? fg_proto_unpack(&core->arena, &fallgate__succession__descriptor,
					    reg->succession->body.data, reg->succession->body.len)
			  : NULL;
	body = message;
	if (!body)
		return FG_E_IDENTITY;
	said = fg_handle_tag(body->handle);
	if (!equals(&body->new_key, write->account_key, FG_ACCOUNT_KEY_LEN) ||
	    !fg_hash_equal(&said, &tag) ||
	    !equals(&body->old_key, handle->account_key.data, FG_ACCOUNT_KEY_LEN))
		return FG_E_IDENTITY;
	return FG_OK;
}

static enum fg_rc check_invitation(const struct fg_directory_write *write,
				   const struct fg_directory_records *records)
{
	const Fallgate__StoredInvitation *invitation = records->invitation;

	if (!invitation || strcmp(invitation->handle, write->handle.text) != 0 ||
	    invitation->expires_ms <= fg_core_now_ms(write->core))
		return FG_E_INVITATION;
	return FG_OK;
}

static const struct fg_store_row *known_device(const struct fg_directory_write *write,
					       const struct fg_directory_records *records)
{
	for (size_t i = 0; i < records->devices_count; i++)
		if (memcmp(records->devices[i]->key.data + FG_ACCOUNT_KEY_LEN, write->device_id,
			   FG_DEVICE_ID_LEN) == 0)
			return records->devices[i];
	return NULL;
}

static const Fallgate__DeviceCert *cert_of(struct fg_arena *arena, const Fallgate__Signed *cert)
{
	return cert ? fg_proto_unpack(arena, &fallgate__device_cert__descriptor, cert->body.data,
				      cert->body.len)
		    : NULL;
}

/* A device whose Welcome was lost asks once more, with the key that it had: that is a login. Another key is another device. */
static enum fg_rc check_same(struct fg_arena *arena, const struct fg_store_row *row,
			     const Fallgate__Register *reg)
{
	const Fallgate__StoredDevice *stored = fg_proto_unpack(
		arena, &fallgate__stored_device__descriptor, row->body.data, row->body.len);
	const Fallgate__DeviceCert *ours = stored ? cert_of(arena, stored->cert) : NULL;
	const Fallgate__DeviceCert *theirs = cert_of(arena, reg->cert);

	if (!ours || !theirs)
		return FG_E_STORE_SCHEMA;
	return equals(&ours->signing_key, theirs->signing_key.data, theirs->signing_key.len)
		       ? FG_OK
		       : FG_E_EXISTS;
}

enum way { WAY_INVITED, WAY_ANOTHER_DEVICE, WAY_SUCCESSION, WAY_AGAIN };

static enum fg_rc find_way(struct fg_directory_write *write,
			   const struct fg_directory_records *records,
			   const Fallgate__Register *reg, enum way *way_out)
{
	int64_t most = write->core->conf->limits.devices_per_account;
	const Fallgate__StoredHandle *handle = records->handle;
	bool taken = handle && handle->account_key.len != 0;
	const struct fg_store_row *known = known_device(write, records);

	if (most > FG_DIRECTORY_DEVICES_MAX)
		most = FG_DIRECTORY_DEVICES_MAX;
	if (taken && equals(&handle->account_key, write->account_key, FG_ACCOUNT_KEY_LEN)) {
		*way_out = known ? WAY_AGAIN : WAY_ANOTHER_DEVICE;
		if (known)
			return check_same(&write->core->arena, known, reg);
		return (int64_t)records->devices_count < most ? FG_OK : FG_E_LIMIT;
	}
	if (records->account && records->account->n_handles)
		return FG_E_EXISTS; /* an account has one handle */
	*way_out = taken ? WAY_SUCCESSION : WAY_INVITED;
	return taken ? check_succession(write->core, write, reg, handle)
		     : check_invitation(write, records);
}

/* ---- write it ---- */

static void use_invitation(struct fg_directory_write *write, const char *code, uint64_t version)
{
	struct fg_hash hash = fg_sha256(code, strlen(code));
	struct fg_store_op *op = fg_directory_op(write, FG_OP_KV_DROP);

	op->kind = FG_KV_INVITATION;
	op->key = fg_directory_copy(write, hash.b, sizeof(hash.b));
	op->version = version;
	write->conflict_rc = FG_E_INVITATION;
}

static void put_device(struct fg_directory_write *write, const struct fg_directory_records *records,
		       const Fallgate__Register *reg)
{
	Fallgate__StoredDevice device = FALLGATE__STORED_DEVICE__INIT;
	uint8_t key[FG_DEVICE_KEY_LEN];
	const struct fg_store_row *known = known_device(write, records);

	device.cert = reg->cert;
	device.signed_prekey = reg->signed_prekey;
	device.registered_ms = device.seen_ms = fg_core_now_ms(write->core);
	fg_directory_device_key(write->account_key, write->device_id, key);
	fg_directory_put(write, FG_KV_DEVICE, key, sizeof(key), known ? known->version : 0,
			 &device);
}

/* Without a handle none of its devices may log in. */
static void retire_account(struct fg_directory_write *write, const Fallgate__StoredHandle *handle)
{
	Fallgate__StoredAccount none = FALLGATE__STORED_ACCOUNT__INIT;
	struct fg_bytes *old = talloc_zero(write, struct fg_bytes);

	none.epoch = handle->epoch;
	fg_directory_put(write, FG_KV_ACCOUNT, handle->account_key.data, FG_ACCOUNT_KEY_LEN,
			 FG_STORE_ANY_VERSION, &none);
	if (!old) {
		write->failed = true;
		return;
	}
	*old = fg_directory_copy(write, handle->account_key.data, FG_ACCOUNT_KEY_LEN);
	write->more = old;
}

static void put_all(struct fg_directory_write *write, struct fg_directory_records *records,
		    const Fallgate__Register *reg, enum way way)
{
	Fallgate__StoredAccount account = FALLGATE__STORED_ACCOUNT__INIT;
	Fallgate__StoredHandle handle = FALLGATE__STORED_HANDLE__INIT;

	if (records->handle)
		handle = *records->handle;
	if (way == WAY_INVITED) {
		use_invitation(write, reg->invitation, records->invitation_version);
		handle.proven_ms = fg_core_now_ms(write->core);
		handle.deregistration = NULL;
		handle.succession = NULL;
	}
	if (way == WAY_SUCCESSION) {
		retire_account(write, &handle);
		handle.succession = reg->succession;
		if (records->pin &&
		    equals(&records->pin->account_key, handle.account_key.data, FG_ACCOUNT_KEY_LEN))
			records->pin->account_key =
				(ProtobufCBinaryData){ FG_ACCOUNT_KEY_LEN, write->account_key };
	}
	account.account = reg->account;
	handle.handle = write->handle.text;
	records->account = &account;
	records->handle = &handle;
	fg_directory_raise(write, records, write->account_key);
	put_device(write, records, reg);
}

static void on_told(struct fg_directory_write *write)
{
	struct fg_session *session = fg_session_find(write->core, write->conn);
	const Fallgate__DeviceCert *cert;
	Fallgate__Register *reg;
	enum fg_rc rc;

	if (!session)
		return;
	reg = fg_proto_unpack(&write->core->arena, &fallgate__register__descriptor,
			      write->message.data, write->message.len);
	rc = reg ? fg_cert_check(&write->core->arena, reg->cert, fg_core_now_ms(write->core), &cert)
		 : FG_E_NO_MEMORY;
	if (rc == FG_OK && session->logged_in)
		rc = FG_E_DENIED;
	if (rc == FG_OK)
		rc = fg_session_adopt(write->core, session, reg->cert, cert, write->handle.text);
	if (rc == FG_OK)
		fg_session_welcome(write->core, session, write->request);
	else
		fg_session_error(write->core, session, write->request, rc, NULL, 0);
}

static void on_registered(struct fg_directory_write *write_take)
{
	char masked[FG_HANDLE_MAX + 1];
	const struct fg_bytes *old = write_take->more;

	if (old)
		fg_session_drop_account(write_take->core, old->data);
	LOGP(DMAIN, LOGL_INFO, "register device: handle=%s\n",
	     fg_handle_mask(write_take->handle.text, masked));
	fg_directory_announce(write_take, on_told);
}

static void on_records(struct fg_directory_write *write_take,
		       const struct fg_directory_records *records)
{
	struct fg_directory_records changed = *records;
	enum way way;
	Fallgate__Register *reg =
		fg_proto_unpack(&write_take->core->arena, &fallgate__register__descriptor,
				write_take->message.data, write_take->message.len);
	enum fg_rc rc = reg ? find_way(write_take, records, reg, &way) : FG_E_NO_MEMORY;

	if (rc != FG_OK) {
		fg_directory_refuse(write_take, rc);
		return;
	}
	if (way == WAY_AGAIN) {
		on_told(write_take);
		talloc_free(write_take);
		return;
	}
	write_take->proof = fg_directory_pack(
		write_take, way == WAY_SUCCESSION ? reg->succession : reg->registration);
	put_all(write_take, &changed, reg, way);
	write_take->then = on_registered;
	fg_directory_commit(write_take);
}

void fg_directory_register(struct fg_core *core, struct fg_session *session, uint64_t request,
			   const Fallgate__Register *reg)
{
	const Fallgate__Registration *registration = NULL;
	const Fallgate__DeviceCert *cert = NULL;
	struct fg_directory_write *write;
	struct fg_hash invitation;
	enum fg_rc rc = FG_E_DENIED;

	if (session->greeted && !session->logged_in)
		rc = open_request(core, session, reg, &registration, &cert);
	write = rc == FG_OK ? fg_directory_write_new(core, session, request, REGISTER_OPS) : NULL;
	if (rc == FG_OK && !write)
		rc = FG_E_NO_MEMORY;
	if (rc == FG_OK)
		rc = fg_handle_parse(registration->handle, strlen(registration->handle),
				     &write->handle);
	if (rc != FG_OK) {
		fg_session_error(core, session, request, rc, NULL, 0);
		talloc_free(write);
		return;
	}
	memcpy(write->account_key, cert->account_key.data, FG_ACCOUNT_KEY_LEN);
	memcpy(write->device_id, cert->device_id.data, FG_DEVICE_ID_LEN);
	write->message = fg_directory_pack(write, reg);
	invitation = fg_sha256(reg->invitation, strlen(reg->invitation));
	fg_directory_gather(write, &invitation, on_records);
}
