/* SPDX-License-Identifier: ISC */
#include "client/device/verify.h"

#include <string.h>
#include "lib/proto/leaf.h"

enum {
	LEAF_ACTIONS = 16, /* the public leaf's codes are coarse and not in the receipt: all are
			      tried, the commitment binds the rest */
	LEAF_REASONS = 64,
};

static bool read_path(size_t count, const ProtobufCBinaryData *hashes,
		      struct fg_merkle_path *path_out)
{
	if (count > FG_MERKLE_PATH_MAX)
		return false;
	path_out->count = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		if (!FG_HAS_LEN(hashes[i], FG_SHA256_LEN))
			return false;
		memcpy(path_out->hash[i].b, hashes[i].data, FG_SHA256_LEN);
	}
	return true;
}

static enum fg_rc batch_verify(const struct fg_trust *trust, const Fallgate__SignedReceipt *receipt)
{
	struct fg_hash leaf = fg_merkle_leaf(receipt->body.data, receipt->body.len), root;
	struct fg_merkle_path path;
	enum fg_rc rc;

	if (!read_path(receipt->n_path, receipt->path, &path))
		return FG_E_SYNTAX;
	rc = fg_merkle_root_from_path(receipt->index, receipt->size, &leaf, &path, &root);
	if (rc != FG_OK)
		return rc;
	return fg_sign_verify(trust->receipt_key, sizeof(trust->receipt_key),
			      FG_LABEL_RECEIPT_BATCH, root.b, sizeof(root.b),
			      receipt->signature.data, receipt->signature.len);
}

static const Fallgate__SentPart *part_of(const Fallgate__Sent *sent,
					 const ProtobufCBinaryData *device)
{
	for (size_t i = 0; i < sent->n_parts; i++)
		if (sent->parts[i]->device_id.len == device->len &&
		    memcmp(sent->parts[i]->device_id.data, device->data, device->len) == 0)
			return sent->parts[i];
	return NULL;
}

static bool acknowledged(struct fg_arena *arena, const Fallgate__Sent *sent,
			 const Fallgate__Receipt *receipt)
{
	const Fallgate__SentPart *part = part_of(sent, &receipt->ack_device);
	const Fallgate__Ack *ack;
	void *opened;

	if (!part || !receipt->ack ||
	    fg_signed_open(arena, receipt->ack, part->signing_key.data, part->signing_key.len,
			   FG_LABEL_ACK, &fallgate__ack__descriptor, &opened) != FG_OK)
		return false;
	ack = opened;
	for (size_t i = 0; i < ack->n_items; i++)
		if (FG_HAS_LEN(ack->items[i]->message_id, FG_ID_LEN) &&
		    memcmp(ack->items[i]->message_id.data, sent->message_id.data, FG_ID_LEN) == 0 &&
		    FG_HAS_LEN(ack->items[i]->content_hash, FG_SHA256_LEN) &&
		    memcmp(ack->items[i]->content_hash.data, part->content_hash.data,
			   FG_SHA256_LEN) == 0)
			return true;
	return false;
}

static bool leaf_in_tree(const Fallgate__LeafProof *proof, const Fallgate__LeafRecord *record,
			 const struct fg_merkle_path *path, const struct fg_checkpoint *checkpoint)
{
	struct fg_leaf leaf = { .kind = FG_LEAF_DECISION, .bearer = (uint8_t)record->bearer };
	uint32_t time = (uint32_t)(record->time_ms / FG_LEAF_TIME_UNIT_MS);
	uint8_t encoded[FG_LEAF_LEN];

	leaf.commitment =
		fg_leaf_commitment(proof->salt.data, proof->record.data, proof->record.len);
	for (unsigned i = 0; i < 2 * LEAF_ACTIONS * LEAF_REASONS; i++) {
		struct fg_hash hash;

		leaf.action = (uint8_t)(i / 2 / LEAF_REASONS);
		leaf.reason = (uint8_t)(i / 2 % LEAF_REASONS);
		leaf.time =
			time + i % 2; /* the log's clock may stand just behind the next border */
		fg_leaf_encode(&leaf, encoded);
		hash = fg_merkle_leaf(encoded, sizeof(encoded));
		if (fg_merkle_verify_inclusion(proof->index, checkpoint->size, &hash, path,
					       &checkpoint->root) == FG_OK)
			return true;
	}
	return false;
}

/* Did this device consent to what the record says was done? */
static enum fg_rc record_check(struct fg_arena *arena, const Fallgate__Sent *sent,
			       const Fallgate__LeafRecord *record)
{
	const Fallgate__Consent *consent;
	struct fg_hash hash, tag = fg_handle_tag(sent->recipient);

	if (!sent->consent || !FG_HAS_LEN(record->message_id, FG_ID_LEN) ||
	    memcmp(record->message_id.data, sent->message_id.data, FG_ID_LEN) != 0)
		return FG_E_CONSENT_MESSAGE;
	hash = fg_signed_body_hash(sent->consent);
	if (!FG_HAS_LEN(record->consent_hash, FG_SHA256_LEN) ||
	    memcmp(record->consent_hash.data, hash.b, FG_SHA256_LEN) != 0)
		return FG_E_CONSENT_MESSAGE;
	if (!FG_HAS_LEN(record->recipient_tag, FG_SHA256_LEN) ||
	    memcmp(record->recipient_tag.data, tag.b, FG_SHA256_LEN) != 0)
		return FG_E_CONSENT_RECIPIENT;
	consent = fg_proto_unpack(arena, &fallgate__consent__descriptor, sent->consent->body.data,
				  sent->consent->body.len);
	for (size_t i = 0; consent && i < consent->n_bearers; i++)
		if (consent->bearers[i] == record->bearer)
			return FG_OK;
	return FG_E_CONSENT_BEARER;
}

static enum fg_rc leaf_verify(struct fg_arena *arena, const struct fg_trust *trust,
			      const Fallgate__Sent *sent, const Fallgate__LeafProof *proof,
			      struct fg_verified *verified)
{
	struct fg_merkle_path path;
	enum fg_rc rc = fg_note_verify(proof->checkpoint, strlen(proof->checkpoint),
				       trust->log_origin, trust->log_key, &verified->checkpoint);

	if (rc != FG_OK)
		return rc;
	verified->record = fg_proto_unpack(arena, &fallgate__leaf_record__descriptor,
					   proof->record.data, proof->record.len);
	if (!verified->record || !FG_HAS_LEN(proof->salt, 32) ||
	    !read_path(proof->n_path, proof->path, &path))
		return FG_E_SYNTAX;
	if (!leaf_in_tree(proof, verified->record, &path, &verified->checkpoint))
		return FG_E_PROOF;
	verified->logged = true;
	rc = record_check(arena, sent, verified->record);
	if (rc == FG_OK && verified->record->bearer != verified->receipt->bearer)
		return FG_E_CONSENT_BEARER;
	return rc;
}

static bool left_by_a_carrier(const Fallgate__Receipt *receipt)
{
	return receipt->protection != FALLGATE__PROTECTION__PROTECTION_E2E &&
	       receipt->bearer != FALLGATE__BEARER__BEARER_SECURE &&
	       (receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_DOWNGRADED ||
		receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_SENT ||
		receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED);
}

enum fg_rc fg_receipt_verify(struct fg_arena *arena, const struct fg_trust *trust,
			     const Fallgate__Sent *sent, const Fallgate__SignedReceipt *receipt,
			     struct fg_verified *verified_out)
{
	struct fg_verified verified = { 0 };
	const Fallgate__Receipt *r;
	enum fg_rc rc = batch_verify(trust, receipt);

	if (rc != FG_OK)
		return rc;
	r = fg_proto_unpack(arena, &fallgate__receipt__descriptor, receipt->body.data,
			    receipt->body.len);
	if (!r)
		return FG_E_SYNTAX;
	if (!FG_HAS_LEN(r->gateway_id, FG_GATEWAY_ID_LEN) ||
	    memcmp(r->gateway_id.data, trust->gateway_id, FG_GATEWAY_ID_LEN) != 0 ||
	    !FG_HAS_LEN(r->message_id, FG_ID_LEN) ||
	    memcmp(r->message_id.data, sent->message_id.data, FG_ID_LEN) != 0)
		return FG_E_DENIED;
	verified.receipt = r;
	verified.delivery_proven = acknowledged(arena, sent, r);
	if (r->leaf)
		rc = leaf_verify(arena, trust, sent, r->leaf, &verified);
	else if (left_by_a_carrier(r))
		rc = FG_E_LOG_ORDER;
	if (rc == FG_OK)
		*verified_out = verified;
	return rc;
}

enum fg_rc fg_head_verify(const struct fg_trust *trust, const struct fg_checkpoint *old,
			  const Fallgate__Head *head, struct fg_checkpoint *checkpoint_out)
{
	struct fg_checkpoint checkpoint;
	struct fg_merkle_path path;
	enum fg_rc rc = fg_note_verify(head->checkpoint, strlen(head->checkpoint),
				       trust->log_origin, trust->log_key, &checkpoint);

	if (rc != FG_OK)
		return rc;
	if (!read_path(head->n_path, head->path, &path))
		return FG_E_LOG_FORK;
#ifndef FG_MUTANT_client_log_fork
	if (old->size > 0 && fg_merkle_verify_consistency(old->size, checkpoint.size, &old->root,
							  &checkpoint.root, &path) != FG_OK)
		return FG_E_LOG_FORK;
#endif
	(void)old;
	*checkpoint_out = checkpoint;
	return FG_OK;
}
