/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Leaves that no order asked for: accounts, each once however often the core tells it, and alarms.
 */
#include "gateway/log/ledger_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"

/* account_key: of an account that may be told again, else NULL. */
static enum fg_rc log_other(struct fg_ledger *ledger, enum fg_leaf_kind kind,
			    Fallgate__LeafRecord *record, const uint8_t *account_key,
			    const struct fg_frame *frame)
{
	uint64_t now_ms = fg_clock_wall_ms(ledger->clock);
	struct fg_ledger_leaf *entry = talloc_zero(ledger->batch_ctx, struct fg_ledger_leaf);
	struct fg_leaf leaf = { .kind = kind, .time = (uint32_t)(now_ms / FG_LEAF_TIME_UNIT_MS) };
	enum fg_rc rc = FG_E_NO_MEMORY;

	record->time_ms = now_ms;
	if (entry)
		entry->record = talloc_size(entry, FG_LEDGER_RECORD_MAX);
	if (entry && entry->record)
		rc = fg_proto_pack(record, entry->record, FG_LEDGER_RECORD_MAX, &entry->record_len);
	if (rc == FG_OK) {
		fg_random(entry->salt, sizeof(entry->salt));
		leaf.commitment = fg_leaf_commitment(entry->salt, entry->record, entry->record_len);
		fg_leaf_encode(&leaf, entry->leaf);
	}
	if (rc == FG_OK && account_key) {
		memcpy(entry->key, account_key, sizeof(entry->key));
		rc = fg_ledger_expect(ledger, entry);
	}
	if (rc != FG_OK) {
		talloc_free(entry);
		return rc;
	}
	entry->hash = fg_merkle_leaf(entry->leaf, FG_LEAF_LEN);
	fg_ledger_add(ledger, entry, frame);
	return FG_OK;
}

/* What an account says, but for the time at which its view was signed: told again, it has the same key. False: that cannot be read. */
static bool make_account_key(struct fg_ledger *ledger, const struct fg_ipc_account *account,
			     uint8_t key[static FG_LEDGER_KEY_LEN])
{
	const Fallgate__Signed *object;
	Fallgate__View *view = NULL;
	uint8_t said[2048]; /* ACCOUNT.view in ipc.def */
	struct fg_hash hash;
	size_t len;

	fg_arena_reset(&ledger->arena);
	object = fg_signed_unpack(&ledger->arena, account->view.data, account->view.len);
	if (object)
		view = fg_proto_unpack(&ledger->arena, &fallgate__view__descriptor,
				       object->body.data, object->body.len);
	if (!view)
		return false;
	view->not_before_ms = view->expires_ms = 0;
	if (fg_proto_pack(view, said, sizeof(said), &len) != FG_OK)
		return false;
	hash = fg_sha256_pieces(
		(const struct fg_piece[]){ { account->handle_tag, FG_SHA256_LEN },
					   { account->account_key, FG_SIGN_PUBLIC_LEN },
					   { said, len },
					   { account->proof.data, account->proof.len } },
		4);
	memcpy(key, hash.b, FG_LEDGER_KEY_LEN);
	return true;
}

void fg_ledger_take_account(struct fg_ledger *ledger, const struct fg_ipc_account *account)
{
	Fallgate__LeafRecord record = FALLGATE__LEAF_RECORD__INIT;
	struct fg_frame frame = { .type = FG_IPC_ACCOUNT, .account = *account };
	struct fg_ipc_account copy = *account;
	struct fg_hash view = fg_sha256(account->view.data, account->view.len);
	uint8_t key[FG_LEDGER_KEY_LEN];
	bool has_key = make_account_key(ledger, account, key);
	const struct fg_ledger_leaf *known = NULL;
	enum fg_rc rc = has_key ? fg_ledger_find_account(ledger, key, &known) : FG_OK;

	if (rc != FG_OK) {
		LOGP(DLOG, LOGL_ERROR, "log account: %s\n", fg_rc_name(rc));
		return; /* the core says it once more */
	}
	if (known) {
		/* Before that it is in the batch, and the vault will be told. Without room: the core says it once more. */
		if (known->durable && ledger->vault_follows)
			(void)ledger->ops->to_vault(&frame, ledger->arg);
		return;
	}
	frame.account.proof = fg_ledger_copy(ledger->batch_ctx, account->proof);
	frame.account.view = fg_ledger_copy(ledger->batch_ctx, account->view);
	record.recipient_tag = (ProtobufCBinaryData){ FG_SHA256_LEN, copy.handle_tag };
	record.view_hash = (ProtobufCBinaryData){ FG_SHA256_LEN, view.b };
	if (log_other(ledger, FG_LEAF_ACCOUNT, &record, has_key ? key : NULL, &frame) != FG_OK)
		LOGP(DLOG, LOGL_ERROR, "log account: no memory\n");
}

void fg_ledger_take_alarm(struct fg_ledger *ledger, const struct fg_ipc_alarm *alarm)
{
	Fallgate__LeafRecord record = FALLGATE__LEAF_RECORD__INIT;
	struct fg_frame nothing = { 0 };
	struct fg_id id = alarm->message_id;

	LOG_MSG(&id, DLOG, LOGL_FATAL, "alarm from the vault: %s leg=%u\n",
		fg_rc_name((enum fg_rc)alarm->rc), alarm->leg);
	record.message_id = (ProtobufCBinaryData){ FG_ID_LEN, id.b };
	record.leg = alarm->leg;
	record.alarm = (char *)(uintptr_t)fg_rc_name((enum fg_rc)alarm->rc);
	if (log_other(ledger, FG_LEAF_ALARM, &record, NULL, &nothing) != FG_OK)
		LOG_MSG(&id, DLOG, LOGL_ERROR, "log alarm: no memory\n");
}
