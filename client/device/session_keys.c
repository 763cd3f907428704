/* SPDX-License-Identifier: ISC
 *
 * The keys that a device shows: account, certificate, prekeys; when they are made and renewed.
 */
#include "client/device/session_internal.h"

#include <stdlib.h>
#include <string.h>
#include "client/device/pairing.h"

#define DAY_MS           (24 * 3600 * 1000ull)
#define CERT_RENEW_MS    (10 * DAY_MS)
#define PREKEY_ROTATE_MS (7 * DAY_MS)
#define PREKEY_KEEP_MS   (14 * DAY_MS) /* after it was replaced */

static enum fg_rc keep_signed(Fallgate__Signed **kept, Fallgate__Signed *made_take)
{
	Fallgate__Signed *copy = fg_message_copy(made_take);

	fg_signed_free(made_take);
	if (!copy)
		return FG_E_NO_MEMORY;
	if (*kept)
		fallgate__signed__free_unpacked(*kept, NULL);
	*kept = copy;
	return FG_OK;
}

static enum fg_rc make_account(struct fg_session *s)
{
	Fallgate__Account account = FALLGATE__ACCOUNT__INIT;
	uint32_t suite = FG_SUITE1;
	Fallgate__Signed made;
	enum fg_rc rc;

	account.account_key =
		(ProtobufCBinaryData){ .data = s->state->account_key.public, .len = 32 };
	account.created_ms = fg_session_now(s);
	account.suites = &suite;
	account.n_suites = 1;
	rc = fg_signed_make(&account, &s->state->account_key, FG_LABEL_ACCOUNT, &made);
	return rc == FG_OK ? keep_signed(&s->state->data->account, &made) : rc;
}

static enum fg_rc make_cert(struct fg_session *s)
{
	const Fallgate__ClientState *d = s->state->data;
	struct fg_hash name = fg_sha256(d->name, strlen(d->name));
	ProtobufCBinaryData signing_key = { .data = s->state->device_key.public, .len = 32 },
			    name_hash = { .data = name.b, .len = sizeof(name.b) };
	Fallgate__Signed made;
	enum fg_rc rc = fg_cert_make(&s->state->account_key, d->device_id, signing_key, name_hash,
				     fg_session_now(s), &made);

	return rc == FG_OK ? keep_signed(&s->state->data->cert, &made) : rc;
}

enum fg_rc fg_session_certify(struct fg_session *s)
{
	const Fallgate__ClientState *d = s->state->data;
	enum fg_rc rc = FG_OK;

	if (!fg_state_holds_account(s->state))
		return d->account && d->cert ? FG_OK : FG_E_STATE; /* as it was approved */
	if (!d->account)
		rc = make_account(s);
	return rc == FG_OK ? make_cert(s) : rc;
}

/* ---- prekeys ---- */

static bool cert_is_due(struct fg_session *s)
{
	Fallgate__DeviceCert *cert;

	return fg_suite1_cert_check(&s->arena, s->state->data->cert, s->state->account_key.public,
				    fg_session_now(s) + CERT_RENEW_MS, &cert) != FG_OK;
}

/* Nobody seals to a signed prekey any more when the one after it is that old. */
static bool is_outlived(const Fallgate__ClientState *d, const Fallgate__OwnPrekey *own,
			uint64_t now_ms)
{
	for (size_t i = 0; i < d->n_prekeys; i++)
		if (d->prekeys[i]->kind == FALLGATE__PREKEY_KIND__PREKEY_SIGNED &&
		    d->prekeys[i]->created_ms > own->created_ms &&
		    d->prekeys[i]->created_ms + PREKEY_KEEP_MS < now_ms)
			return true;
	return false;
}

static void forget_outlived(struct fg_session *s)
{
	Fallgate__ClientState *d = s->state->data;

	for (size_t i = d->n_prekeys; i-- > 0;) {
		Fallgate__OwnPrekey *own = d->prekeys[i];

		if (own->kind != FALLGATE__PREKEY_KIND__PREKEY_SIGNED ||
		    !is_outlived(d, own, fg_session_now(s)))
			continue;
		fg_wipe(own->secret.data, own->secret.len);
		fallgate__own_prekey__free_unpacked(own, NULL);
		d->prekeys[i] = d->prekeys[--d->n_prekeys];
		s->dirty = true;
	}
}

static bool signed_prekey_is_due(const struct fg_session *s)
{
	const Fallgate__ClientState *d = s->state->data;
	uint64_t newest = 0;

	for (size_t i = 0; i < d->n_prekeys; i++)
		if (d->prekeys[i]->kind == FALLGATE__PREKEY_KIND__PREKEY_SIGNED &&
		    d->prekeys[i]->created_ms > newest)
			newest = d->prekeys[i]->created_ms;
	return newest + PREKEY_ROTATE_MS <= fg_session_now(s);
}

/* Only the account key renews; a device without it has to be approved again. */
static enum fg_rc renew_cert(struct fg_session *s, bool *with_cert)
{
	enum fg_rc rc;

	if (!cert_is_due(s))
		return FG_OK;
	if (!fg_state_holds_account(s->state)) {
		fg_session_notice(s, "this device's certificate ends soon: have it approved again");
		return FG_OK;
	}
	rc = make_cert(s);
	*with_cert = *with_cert || rc == FG_OK;
	return rc;
}

static enum fg_rc transmit_upload(struct fg_session *s, Fallgate__Signed *prekeys, size_t count,
				  Fallgate__Signed *signed_prekey, bool with_cert)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__UploadPrekeys upload = FALLGATE__UPLOAD_PREKEYS__INIT;
	Fallgate__Signed *list[FG_STATE_PREKEYS];
	enum fg_rc rc = s->io.save(s->io.context);

	if (rc != FG_OK)
		return rc;
	for (size_t i = 0; i < count; i++)
		list[i] = &prekeys[i];
	upload.prekeys = list;
	upload.n_prekeys = count;
	upload.signed_prekey = signed_prekey;
	upload.cert = with_cert ? s->state->data->cert : NULL;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_UPLOAD_PREKEYS;
	frame.upload_prekeys = &upload;
	return fg_session_transmit(s, &frame);
}

enum fg_rc fg_session_refill(struct fg_session *s, uint32_t left)
{
	Fallgate__Signed *prekeys = calloc(FG_STATE_PREKEYS + 1, sizeof(*prekeys)), *rotated = NULL;
	size_t count = left < FG_STATE_PREKEYS_LOW ? FG_STATE_PREKEYS : 0;
	bool with_cert = s->state->data->cert_new;
	enum fg_rc rc = prekeys ? renew_cert(s, &with_cert) : FG_E_NO_MEMORY;

	forget_outlived(s);
	if (rc == FG_OK && signed_prekey_is_due(s)) {
		rc = fg_state_prekeys_new(s->state, FALLGATE__PREKEY_KIND__PREKEY_SIGNED, 1,
					  fg_session_now(s), &prekeys[FG_STATE_PREKEYS]);
		rotated = rc == FG_OK ? &prekeys[FG_STATE_PREKEYS] : NULL;
	}
	if (rc == FG_OK)
		rc = fg_state_prekeys_new(s->state, FALLGATE__PREKEY_KIND__PREKEY_ONE_TIME, count,
					  fg_session_now(s), prekeys);
	if (rc == FG_OK && (count > 0 || rotated || with_cert))
		rc = transmit_upload(s, prekeys, count, rotated, with_cert);
	if (rc == FG_OK && with_cert && s->state->data->cert_new) {
		s->state->data->cert_new = false;
		s->dirty = true;
	}
	for (size_t i = 0; prekeys && i < FG_STATE_PREKEYS + 1; i++)
		fg_signed_free(&prekeys[i]);
	free(prekeys);
	return rc;
}
