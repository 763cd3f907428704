/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a device changes in the directory after login: prekeys, devices of its account, signing off, an accepted identity; and the
 * operator's invitations.
 */
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/proto/consent.h"
#include "lib/proto/view.h"

enum { PREKEYS_MAX = 100, CODE_BYTES = 16, INVITATION_LIFE_MS = 7 * 24 * 3600 * 1000 };

static void begin(struct fg_core *core, struct fg_session *session, uint64_t request,
		  const void *message, size_t cap,
		  void (*then)(struct fg_directory_write *write_take,
			       const struct fg_directory_records *records))
{
	struct fg_directory_write *write = fg_directory_write_new(core, session, request, cap);

	if (!write) {
		fg_session_error(core, session, request, FG_E_NO_MEMORY, NULL, 0);
		return;
	}
	write->message = fg_directory_pack(write, message);
	fg_directory_gather(write, NULL, then);
}

static void *asked(struct fg_directory_write *write, const ProtobufCMessageDescriptor *type)
{
	return fg_proto_unpack(&write->core->arena, type, write->message.data, write->message.len);
}

/* ---- prekeys and certificate ---- */

static const struct fg_store_row *own_row(const struct fg_directory_write *write,
					  const struct fg_directory_records *records)
{
	for (size_t i = 0; i < records->devices_count; i++)
		if (memcmp(records->devices[i]->key.data + FG_ACCOUNT_KEY_LEN, write->device_id,
			   FG_DEVICE_ID_LEN) == 0)
			return records->devices[i];
	return NULL;
}

/* The same device with the same key, for longer. */
static enum fg_rc check_renewal(struct fg_core *core, const struct fg_session *session,
				const Fallgate__Signed *cert)
{
	const Fallgate__DeviceCert *body;
	enum fg_rc rc = fg_cert_check(&core->arena, cert, fg_core_now_ms(core), &body);

	if (rc == FG_OK &&
	    (memcmp(body->account_key.data, session->account_key, FG_ACCOUNT_KEY_LEN) != 0 ||
	     memcmp(body->device_id.data, session->device_id, FG_DEVICE_ID_LEN) != 0 ||
	     memcmp(body->signing_key.data, session->signing_key, FG_SIGN_PUBLIC_LEN) != 0))
		rc = FG_E_IDENTITY;
	return rc;
}

static enum fg_rc put_prekeys(struct fg_directory_write *write, const struct fg_session *session,
			      const Fallgate__UploadPrekeys *up)
{
	for (size_t i = 0; i < up->n_prekeys; i++) {
		struct fg_store_op *op = fg_directory_op(write, FG_OP_PREKEY_PUT);
		enum fg_rc rc = fg_directory_prekey_check(
			write->core, up->prekeys[i], FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME,
			session->signing_key, session->device_id, &op->number);

		if (rc != FG_OK)
			return rc;
		memcpy(op->device, session->device_id, FG_DEVICE_ID_LEN);
		op->body = fg_directory_pack(write, up->prekeys[i]);
		if (op->body.len > sizeof(op->popped))
			return FG_E_TOO_LONG;
	}
	return FG_OK;
}

static enum fg_rc check_upload(struct fg_core *core, const struct fg_session *session,
			       const Fallgate__UploadPrekeys *up)
{
	uint32_t id;
	enum fg_rc rc = FG_OK;

	if (up->signed_prekey)
		rc = fg_directory_prekey_check(core, up->signed_prekey,
					       FALLGATE__PREKEY_KIND__PREKEY_SIGNED,
					       session->signing_key, session->device_id, &id);
	if (rc == FG_OK && up->cert)
		rc = check_renewal(core, session, up->cert);
	return rc;
}

static void on_uploaded(struct fg_directory_write *write_take)
{
	struct fg_core *core = write_take->core;
	struct fg_session *session = fg_session_find(core, write_take->conn);
	Fallgate__UploadPrekeys *up;
	uint8_t *cert;
	size_t len;

	fg_arena_reset(&core->arena);
	up = asked(write_take, &fallgate__upload_prekeys__descriptor);
	if (session && up && up->cert) {
		cert = fg_proto_pack_new(up->cert, &len);
		if (cert) {
			free(session->cert);
			session->cert = cert;
			session->cert_len = len;
		}
	}
	fg_session_done(core, session, write_take->request);
	talloc_free(write_take);
}

static enum fg_rc put_upload(struct fg_directory_write *write,
			     const struct fg_directory_records *records)
{
	const struct fg_session *session = fg_session_find(write->core, write->conn);
	const struct fg_store_row *row = own_row(write, records);
	Fallgate__UploadPrekeys *up = asked(write, &fallgate__upload_prekeys__descriptor);
	Fallgate__StoredDevice *device;
	enum fg_rc rc;

	if (!session || !row)
		return FG_E_DENIED;
	device = fg_proto_unpack(&write->core->arena, &fallgate__stored_device__descriptor,
				 row->body.data, row->body.len);
	if (!up || !device)
		return FG_E_NO_MEMORY;
	rc = check_upload(write->core, session, up);
	if (rc == FG_OK)
		rc = put_prekeys(write, session, up);
	if (up->signed_prekey)
		device->signed_prekey = up->signed_prekey;
	if (up->cert)
		device->cert = up->cert;
	device->seen_ms = fg_core_now_ms(write->core);
	if (rc == FG_OK)
		fg_directory_put(write, FG_KV_DEVICE, row->key.data, row->key.len, row->version,
				 device);
	return rc;
}

static void on_upload(struct fg_directory_write *write_take,
		      const struct fg_directory_records *records)
{
	enum fg_rc rc = put_upload(write_take, records);

	if (rc != FG_OK) {
		fg_directory_refuse(write_take, rc);
		return;
	}
	write_take->then = on_uploaded;
	fg_directory_commit(write_take);
}

void fg_directory_upload(struct fg_core *core, struct fg_session *session, uint64_t request,
			 const Fallgate__UploadPrekeys *up)
{
	if (up->n_prekeys > PREKEYS_MAX)
		fg_session_error(core, session, request, FG_E_LIMIT, NULL, 0);
	else
		begin(core, session, request, up, PREKEYS_MAX + 1, on_upload);
}

/* ---- devices leave ---- */

/* The handle may have gone to another account since the login. */
static bool owns_handle(const struct fg_directory_write *write,
			const struct fg_directory_records *records)
{
	return records->account && records->handle &&
	       FG_HAS_LEN(records->handle->account_key, FG_ACCOUNT_KEY_LEN) &&
	       memcmp(records->handle->account_key.data, write->account_key, FG_ACCOUNT_KEY_LEN) ==
		       0;
}

static void drop_session_of(struct fg_core *core, const uint8_t *device_id)
{
	struct fg_session *session = fg_session_of_device(core, device_id);

	if (session)
		fg_session_drop(core, session, FG_E_DENIED);
}

static void on_remove_told(struct fg_directory_write *write)
{
	fg_session_done(write->core, fg_session_find(write->core, write->conn), write->request);
	drop_session_of(write->core, write->device_id);
}

static void on_left(struct fg_directory_write *write_take)
{
	fg_directory_announce(write_take, on_remove_told);
}

static enum fg_rc put_removal(struct fg_directory_write *write,
			      const struct fg_directory_records *records)
{
	Fallgate__RemoveDevice *remove = asked(write, &fallgate__remove_device__descriptor);

	if (!remove || !FG_HAS_LEN(remove->device_id, FG_DEVICE_ID_LEN))
		return FG_E_SYNTAX;
	if (!owns_handle(write, records))
		return FG_E_NOT_FOUND;
	memcpy(write->device_id, remove->device_id.data, FG_DEVICE_ID_LEN);
	if (!own_row(write, records))
		return FG_E_NOT_FOUND;
	if (records->devices_count == 1)
		return FG_E_DENIED; /* the last one signs off instead: that is said, signed */
	fg_directory_forget(write, write->device_id);
	fg_directory_raise(write, records, write->account_key);
	return FG_OK;
}

static void on_remove(struct fg_directory_write *write_take,
		      const struct fg_directory_records *records)
{
	enum fg_rc rc = put_removal(write_take, records);

	if (rc != FG_OK) {
		fg_directory_refuse(write_take, rc);
		return;
	}
	write_take->then = on_left;
	fg_directory_commit(write_take);
}

void fg_directory_remove(struct fg_core *core, struct fg_session *session, uint64_t request,
			 const Fallgate__RemoveDevice *remove)
{
	begin(core, session, request, remove, 8, on_remove);
}

/* ---- signing off ---- */

static void on_off_told(struct fg_directory_write *write)
{
	fg_session_done(write->core, fg_session_find(write->core, write->conn), write->request);
	fg_session_drop_account(write->core, write->account_key);
}

static void on_off(struct fg_directory_write *write_take)
{
	fg_directory_announce(write_take, on_off_told);
}

static enum fg_rc put_deregistration(struct fg_directory_write *write,
				     const struct fg_directory_records *records)
{
	Fallgate__Deregister *request = asked(write, &fallgate__deregister__descriptor);
	struct fg_hash tag = fg_handle_tag(write->handle.text);
	enum fg_rc rc;

	if (!request)
		return FG_E_NO_MEMORY;
	if (!owns_handle(write, records) || !request->deregistration)
		return FG_E_NOT_FOUND;
	rc = fg_deregistration_check(&write->core->arena, request->deregistration, &tag,
				     write->account_key, records->handle->epoch);
	if (rc != FG_OK)
		return rc;
	for (size_t i = 0; i < records->devices_count; i++)
		fg_directory_forget(write, records->devices[i]->key.data + FG_ACCOUNT_KEY_LEN);
	records->handle->deregistration = request->deregistration;
	records->handle->succession = NULL;
	write->proof = fg_directory_pack(write, request->deregistration);
	fg_directory_raise(write, records, NULL);
	return FG_OK;
}

static void on_deregister(struct fg_directory_write *write_take,
			  const struct fg_directory_records *records)
{
	enum fg_rc rc = put_deregistration(write_take, records);

	if (rc != FG_OK) {
		fg_directory_refuse(write_take, rc);
		return;
	}
	write_take->then = on_off;
	fg_directory_commit(write_take);
}

void fg_directory_deregister(struct fg_core *core, struct fg_session *session, uint64_t request,
			     const Fallgate__Deregister *d)
{
	begin(core, session, request, d, 3 * FG_DIRECTORY_DEVICES_MAX + 3, on_deregister);
}

/* ---- another identity of somebody, accepted ---- */

static enum fg_rc put_accepted(struct fg_directory_write *write,
			       const struct fg_directory_records *records,
			       const Fallgate__AcceptIdentity *accept)
{
	struct fg_hash tag = fg_handle_tag(write->handle.text);
	Fallgate__StoredPin *pin = records->pin;

	if (!records->handle || !pin)
		return FG_E_NOT_FOUND;
	if (!FG_HAS_LEN(accept->new_key, FG_ACCOUNT_KEY_LEN) ||
	    !FG_HAS_LEN(accept->old_key, FG_ACCOUNT_KEY_LEN))
		return FG_E_SYNTAX;
	/* What was accepted is what is there: both keys, as the directory has them now. */
	if (!FG_HAS_LEN(records->handle->account_key, FG_ACCOUNT_KEY_LEN) ||
	    memcmp(records->handle->account_key.data, accept->new_key.data, FG_ACCOUNT_KEY_LEN) !=
		    0 ||
	    !FG_HAS_LEN(pin->account_key, FG_ACCOUNT_KEY_LEN) ||
	    memcmp(pin->account_key.data, accept->old_key.data, FG_ACCOUNT_KEY_LEN) != 0)
		return FG_E_CONFLICT;
	pin->account_key = accept->new_key;
	pin->epoch = records->handle->epoch;
	pin->last_ms = fg_core_now_ms(write->core);
	fg_directory_put(write, FG_KV_PIN, tag.b, sizeof(tag.b), records->pin_version, pin);
	return FG_OK;
}

static void on_accept(struct fg_directory_write *write_take,
		      const struct fg_directory_records *records)
{
	Fallgate__AcceptIdentity *accept =
		asked(write_take, &fallgate__accept_identity__descriptor);
	enum fg_rc rc = accept ? put_accepted(write_take, records, accept) : FG_E_NO_MEMORY;

	if (rc == FG_OK)
		fg_directory_commit(write_take);
	else
		fg_directory_refuse(write_take, rc);
}

void fg_directory_accept_identity(struct fg_core *core, struct fg_session *session,
				  uint64_t request, const Fallgate__AcceptIdentityRequest *accept)
{
	struct fg_directory_write *write = fg_directory_write_new(core, session, request, 1);
	const Fallgate__AcceptIdentity *body;
	void *message;
	enum fg_rc rc = write ? fg_signed_open(&core->arena, accept->accept, session->signing_key,
					       FG_SIGN_PUBLIC_LEN, FG_LABEL_ACCEPT_IDENTITY,
					       &fallgate__accept_identity__descriptor, &message)
			      : FG_E_NO_MEMORY;

	if (rc == FG_OK) {
		body = message;
		rc = fg_handle_parse(body->handle, strlen(body->handle), &write->handle);
	}
	if (rc != FG_OK) {
		fg_session_error(core, session, request, rc, NULL, 0);
		talloc_free(write);
		return;
	}
	write->message = fg_directory_pack(write, message);
	fg_directory_gather(write, NULL, on_accept);
}

/* ---- invitations ---- */

struct invitation {
	struct fg_store_op op;
	struct fg_hash hash;
	uint8_t body[FG_HANDLE_MAX + 32];
	fg_store_done_cb done;
	void *arg;
	struct fg_core *core;
};

static void on_invited(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct invitation *invitation = arg;

	fg_core_store_rc(invitation->core, rc);
	invitation->done(rc, ops, count, invitation->arg);
	talloc_free(invitation);
}

enum fg_rc fg_directory_invite(struct fg_core *core, const struct fg_handle *handle,
			       char code_out[static 33], fg_store_done_cb done, void *arg)
{
	Fallgate__StoredInvitation body = FALLGATE__STORED_INVITATION__INIT;
	struct invitation *invitation = talloc_zero(NULL, struct invitation);
	uint8_t random[CODE_BYTES];
	char code[2 * CODE_BYTES + 1];
	size_t len;
	enum fg_rc rc;

	if (!invitation)
		return FG_E_NO_MEMORY;
	fg_random(random, sizeof(random));
	fg_hex(random, sizeof(random), code);
	invitation->core = core;
	invitation->done = done;
	invitation->arg = arg;
	invitation->hash = fg_sha256(code, 2 * CODE_BYTES);
	body.handle = (char *)(uintptr_t)handle->text;
	body.expires_ms = fg_core_now_ms(core) + INVITATION_LIFE_MS;
	rc = fg_proto_pack(&body, invitation->body, sizeof(invitation->body), &len);
	if (rc == FG_OK) {
		invitation->op =
			(struct fg_store_op){ .op = FG_OP_KV_PUT, .kind = FG_KV_INVITATION };
		invitation->op.key = FG_BYTES(invitation->hash.b, FG_SHA256_LEN);
		invitation->op.body = FG_BYTES(invitation->body, len);
		rc = fg_core_store_rc(
			core, fg_store_submit(core->store,
					      fg_store_part(handle->text, strlen(handle->text)), 0,
					      &invitation->op, 1, on_invited, invitation));
	}
	if (rc == FG_OK)
		memcpy(code_out, code, sizeof(code));
	else
		talloc_free(invitation);
	return rc;
}
