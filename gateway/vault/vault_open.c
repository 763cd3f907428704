/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One order: everything that must hold before a capsule is opened, then what must hold of its inside, then the job. Each failure is a
 * REFUSED; nothing is recorded before all of it held.
 */
#include "gateway/vault/vault_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "gateway/vault/mark.h"
#include "lib/base/handle.h"
#include "lib/base/log.h"
#include "lib/wire/national.h"

/* ---- the leaf ---- */

static enum fg_rc check_in_log(const struct fg_vault *vault, const struct fg_ipc_open *open,
			       const struct fg_hash *leaf)
{
	struct fg_merkle_path path = { .count = (uint8_t)(open->path.len / FG_SHA256_LEN) };
	struct fg_hash root;

	if (open->path.len == 0 && open->leaf_index >= vault->recent_first &&
	    open->leaf_index - vault->recent_first < vault->recent_count)
		return fg_hash_equal(leaf, &vault->recent[open->leaf_index - vault->recent_first])
			       ? FG_OK
			       : FG_E_LOG_ORDER;
	if (open->path.len > sizeof(path.hash) || open->path.len % FG_SHA256_LEN != 0)
		return FG_E_LOG_ORDER;
	if (open->path.len > 0) /* an empty one has no bytes to copy */
		memcpy(path.hash, open->path.data, open->path.len);
	root = fg_merkle_frontier_root(&vault->frontier);
	return fg_merkle_verify_inclusion(open->leaf_index, vault->frontier.size, leaf, &path,
					  &root) == FG_OK
		       ? FG_OK
		       : FG_E_LOG_ORDER;
}

static bool field_is(ProtobufCBinaryData field, const void *expected, size_t len)
{
	return FG_HAS_LEN(field, len) && memcmp(field.data, expected, len) == 0;
}

static bool record_fits(const Fallgate__LeafRecord *r, const struct fg_ipc_open *open,
			const struct fg_order_checked *checked)
{
	return field_is(r->message_id, open->message_id.b, FG_ID_LEN) && r->leg == open->leg &&
	       field_is(r->recipient_tag, checked->recipient_tag.b, FG_SHA256_LEN) &&
	       field_is(r->consent_hash, checked->consent.hash.b, FG_SHA256_LEN) &&
	       field_is(r->view_hash, checked->view_hash.b, FG_SHA256_LEN) &&
	       (unsigned)r->bearer == open->bearer && strlen(r->link) == open->link_name.len &&
	       (open->link_name.len == 0 ||
		memcmp(r->link, open->link_name.data, open->link_name.len) == 0) &&
	       strcmp(r->reason, fg_reason_code((enum fg_reason)open->reason)) == 0 &&
	       r->pin_override == (open->pin_override != 0);
}

enum fg_rc fg_vault_check_leaf(struct fg_vault *vault, const struct fg_ipc_open *open,
			       const struct fg_order_checked *checked)
{
#ifndef FG_MUTANT_leaf_match
	const Fallgate__LeafRecord *record =
		fg_proto_unpack(&vault->arena, &fallgate__leaf_record__descriptor,
				open->record.data, open->record.len);
	uint8_t bytes[44];
	struct fg_hash leaf;

	if (!record || !record_fits(record, open, checked))
		return FG_E_LOG_ORDER;
	leaf = fg_order_leaf(open->reason, open->bearer, record->time_ms, open->salt, open->record,
			     bytes);
	return check_in_log(vault, open, &leaf);
#else
	(void)vault, (void)open, (void)checked, (void)record_fits, (void)check_in_log;
	return FG_OK;
#endif
}

/* ---- pins, legs, the link ---- */

static enum fg_rc check_sender(const struct fg_vault *vault, const struct fg_consent *consent)
{
	struct fg_hash tag = fg_handle_tag(consent->body->sender);
	const struct fg_vault_pin *pin = fg_table_get(vault->pins, tag.b);

	if (pin && !field_is(consent->cert->account_key, pin->account_key, FG_SIGN_PUBLIC_LEN))
		return FG_E_IDENTITY;
	return FG_OK;
}

static enum fg_rc check_pin(struct fg_vault *vault, const struct fg_order_checked *checked)
{
	const struct fg_vault_pin *pin = fg_table_get(vault->pins, checked->recipient_tag.b);
	const Fallgate__Consent *consent = checked->consent.body;
	enum fg_rc rc = pin ? fg_view_epoch_check(checked->view, pin->epoch) : FG_OK;

	if (!pin || rc != FG_OK)
		return rc;
#ifndef FG_MUTANT_vault_pin
	if (checked->view->state == FALLGATE__VIEW_STATE__VIEW_SECURE)
		return field_is(checked->view->account_key, pin->account_key, FG_SIGN_PUBLIC_LEN)
			       ? FG_OK
			       : FG_E_IDENTITY;
	if (checked->view->deregistration &&
	    fg_deregistration_check(&vault->arena, checked->view->deregistration,
				    &checked->recipient_tag, pin->account_key, pin->epoch) == FG_OK)
		return FG_OK;
	if (!consent->pin_ack)
		return FG_E_PIN_CONFLICT;
	if (consent->pin_epoch != pin->epoch)
		return FG_E_CONSENT_PIN;
#endif
	(void)consent;
	return FG_OK;
}

static enum fg_rc check_legs(struct fg_vault *vault, const struct fg_ipc_open *open,
			     const struct fg_hash *consent)
{
	enum fg_rc rc = fg_vault_consent_check(vault, consent, &open->message_id);

	return rc == FG_OK ? fg_vault_check_leg(vault, open, false) : rc;
}

enum fg_rc fg_vault_check_leg(struct fg_vault *vault, const struct fg_ipc_open *open, bool twice)
{
	struct fg_vault_leg *before = NULL;
	uint8_t key[FG_VAULT_KEY_LEN];
	enum fg_rc rc;

#ifndef FG_MUTANT_leg_order
	if (open->leg == 0)
		return FG_E_LEG_ORDER;
	if (open->leg > 1) {
		fg_vault_key(&open->message_id, (uint16_t)(open->leg - 1), key);
		rc = fg_vault_leg_find(vault, key, &before);
		if (rc != FG_OK)
			return rc == FG_E_NOT_FOUND ? FG_E_LEG_ORDER : rc;
		/* Neither of the two left anything at the far side; copies for devices went to none. */
		if (before->link != FG_VAULT_NO_LINK && before->state != FG_LEG_FAILED &&
		    before->state != FG_LEG_DEFERRED && !(twice && before->state == FG_LEG_UNKNOWN))
			return FG_E_LEG_ORDER;
	}
#endif
	(void)vault, (void)open, (void)twice, (void)before, (void)key, (void)rc;
	return FG_OK;
}

enum fg_rc fg_vault_check_link(const struct fg_vault *vault, const struct fg_ipc_open *open)
{
	const struct fg_conf_links *conf;
	const struct fg_vault_link *link;

	if (open->link >= vault->conf->links_count)
		return FG_E_NOT_FOUND;
	conf = &vault->conf->links[open->link];
	link = &vault->links[open->link];
	if (open->link_name.len != strlen(conf->name) ||
	    memcmp(open->link_name.data, conf->name, open->link_name.len) != 0)
		return FG_E_NOT_FOUND;
	if (strcmp(conf->bearer, fg_bearer_name((enum fg_bearer)open->bearer)) != 0)
		return FG_E_CONSENT_BEARER;
#ifndef FG_MUTANT_vault_drain
	if (link->draining)
		return FG_E_LINK_DOWN;
#endif
#ifndef FG_MUTANT_vault_crossing
	if (!link->up || link->most <= link->open_jobs)
		return FG_E_LINK_DOWN;
#else
	if (!link->up || (uint64_t)link->credits + link->in_flight <= link->open_jobs)
		return FG_E_LINK_DOWN;
#endif
	return FG_OK;
}

/* ---- the capsule and the job ---- */

static enum fg_rc open_capsule(struct fg_vault *vault, const struct fg_ipc_open *open,
			       const struct fg_consent *consent, struct fg_arena *room,
			       const Fallgate__CapsuleBody **body_out)
{
	struct fg_capsule_binding binding = { .message_id = open->message_id,
					      .gateway_id = vault->trust.gateway_id,
					      .expires_ms = consent->body->expires_ms };
	enum fg_rc rc = fg_capsule_open(FG_CAPSULE_INNER, vault->ring.seal, vault->ring.seal_count,
					&binding, open->capsule.data, open->capsule.len,
					vault->plain.data, vault->plain.cap, &vault->plain.len);

	return rc == FG_OK ? fg_capsule_body(room, vault->plain.data, vault->plain.len, body_out)
			   : rc;
}

static enum fg_rc check_body(const struct fg_ipc_open *open, const struct fg_consent *consent,
			     const Fallgate__CapsuleBody *body)
{
	struct fg_hash signer = fg_sha256(consent->cert->signing_key.data, FG_SIGN_PUBLIC_LEN);
	struct fg_hash commitment =
		fg_body_commitment(body->salt.data, body->body, strlen(body->body));

#ifndef FG_MUTANT_capsule_message
	if (!field_is(body->message_id, open->message_id.b, FG_ID_LEN) ||
	    strcmp(body->recipient, consent->body->recipient) != 0)
		return FG_E_CAPSULE_MESSAGE;
#endif
#ifndef FG_MUTANT_capsule_signer
	if (!field_is(body->signer, signer.b, FG_SHA256_LEN))
		return FG_E_CAPSULE_SIGNER;
#endif
#ifndef FG_MUTANT_body_commitment
	if (!field_is(consent->body->body_commitment, commitment.b, FG_SHA256_LEN))
		return FG_E_BODY_COMMITMENT;
#endif
	(void)open, (void)signer, (void)commitment;
	return FG_OK;
}

enum fg_rc fg_vault_plan(const struct fg_conf_links *link, unsigned most, struct fg_vault_job *job)
{
	enum fg_alphabet usable = strcmp(link->alphabet, "ucs2") == 0     ? FG_ALPHABET_UCS2
				  : strcmp(link->alphabet, "ascii") == 0  ? FG_ALPHABET_ASCII
				  : strcmp(link->alphabet, "latin1") == 0 ? FG_ALPHABET_LATIN1
									  : FG_ALPHABET_GSM7;
	enum fg_text_reference reference = strcmp(link->long_text, "udh8") == 0
						   ? FG_TEXT_REFERENCE_8BIT
						   : FG_TEXT_REFERENCE_16BIT;
	uint16_t languages = 0; /* what the parent has checked is read without fail */
	enum fg_rc rc;

	if (*link->national && fg_national_list(link->national, &languages) == FG_OK)
		rc = fg_alphabet_plan_national(languages, job->text.data, job->text.len, reference,
					       most, &job->plan);
	else
		rc = fg_alphabet_plan_for(usable, job->text.data, job->text.len, reference, most,
					  &job->plan);
	if (rc == FG_OK && strcmp(link->long_text, "payload") == 0) {
		job->plan.parts = 1;
		job->plan.offset[1] = (uint32_t)job->text.len;
	}
	return rc;
}

/* The mark that was consented to, the sender where the link's number hides it, and the cut into parts. */
static enum fg_rc mark_and_plan(struct fg_vault *vault, const struct fg_ipc_open *open,
				const Fallgate__Consent *consent, const char *body,
				struct fg_vault_job *job)
{
	const struct fg_conf_links *link = &vault->conf->links[open->link];
	const char *mark = vault->conf->mark.text;
	struct fg_hash hash = fg_sha256(mark, strlen(mark));
	bool as_sender = strcmp(link->source, "sender") == 0 && consent->sender[0] == '+' &&
			 strlen(consent->sender) < sizeof(job->source);
	unsigned most = (unsigned)link->most_segments;
	enum fg_rc rc;

	if (!field_is(consent->mark, hash.b, FG_SHA256_LEN))
		return FG_E_CONSENT_MARK;
	if (consent->recipient[0] != '+' || strlen(consent->recipient) >= sizeof(job->destination))
		return FG_E_LINK_RECIPIENT;
	snprintf(job->destination, sizeof(job->destination), "%s", consent->recipient);
	snprintf(job->source, sizeof(job->source), "%s",
		 as_sender ? consent->sender : link->source_address);
#ifndef FG_MUTANT_vault_segments
	if (consent->max_segments < most)
		most = consent->max_segments;
#endif
	rc = fg_mark_text(mark, as_sender ? NULL : consent->sender, body, FG_VAULT_CLEAR_MAX,
			  &job->text);
	if (rc == FG_OK)
		rc = fg_vault_plan(link, most, job);
	return rc == FG_E_TEXT_LONG ? FG_E_CONSENT_SEGMENTS : rc;
}

/* An order that the log let through and that was false all the same: the log itself or the core lied. */
static void alarm(struct fg_vault *vault, const struct fg_ipc_open *open, enum fg_rc rc)
{
	struct fg_frame frame = { .type = FG_IPC_ALARM };

	frame.alarm.message_id = open->message_id;
	frame.alarm.leg = open->leg;
	frame.alarm.rc = (uint16_t)rc;
	vault->ops->to_log(&frame, vault->arg);
}

static enum fg_rc make_job(struct fg_vault *vault, const struct fg_ipc_open *open,
			   const struct fg_consent *consent, struct fg_vault_job *job)
{
	const Fallgate__CapsuleBody *body;
	struct fg_arena room;
	enum fg_rc rc;

	fg_arena_over(&room, vault->room.data, vault->room.cap);
	rc = open_capsule(vault, open, consent, &room, &body);
	if (rc == FG_OK) {
		rc = check_body(open, consent, body);
		if (rc == FG_E_BODY_COMMITMENT)
			alarm(vault, open, rc);
	}
	if (rc == FG_OK)
		rc = mark_and_plan(vault, open, consent->body, body->body, job);
	fg_wipe(vault->plain.data, vault->plain.cap);
	fg_wipe(vault->room.data, vault->room.cap);
	return rc;
}

enum fg_rc fg_vault_record_and_queue(struct fg_vault *vault, const struct fg_ipc_open *open,
				     const struct fg_hash *consent, uint64_t expires_ms,
				     struct fg_vault_job *job)
{
	const struct fg_conf_links *link = &vault->conf->links[open->link];
	uint64_t now_ms = fg_clock_wall_ms(vault->clock);
	uint64_t left_s = open->expires_ms > now_ms ? (open->expires_ms - now_ms) / 1000 : 0;
	uint8_t key[FG_VAULT_KEY_LEN];
	enum fg_rc rc;

	if (left_s == 0)
		return FG_E_CONSENT_TIME;
	fg_vault_key(&open->message_id, open->leg, key);
	job->leg = fg_vault_leg_new(vault, key, consent);
	if (!job->leg)
		return FG_E_NO_MEMORY;
	job->leg->opened_ms = now_ms;
	job->leg->expires_ms = expires_ms;
	job->leg->link = open->link;
	job->leg->state = FG_LEG_OPENED;
	job->leg->segments = job->plan.parts;
	job->concat_ref = open->concat_ref;
	job->validity_s =
		(uint32_t)(left_s < (uint64_t)link->validity_s ? left_s
							       : (uint64_t)link->validity_s);
	rc = fg_vault_record_leg(vault, job->leg);
	if (rc != FG_OK) {
		talloc_free(job->leg); /* nobody knows of it, so the order may come again */
		return rc;
	}
	fg_vault_leg_remember(vault, job->leg);
	vault->links[open->link].open_jobs++;
	*vault->jobs_end = job;
	vault->jobs_end = &job->next;
	fg_vault_answer_later(vault, job->leg);
	return FG_OK;
}

enum fg_rc fg_vault_open_order(struct fg_vault *vault, const struct fg_ipc_open *open)
{
	struct fg_order_claim claim = { .message_id = open->message_id,
					.bearer = open->bearer,
					.reason = open->reason,
					.consent = open->consent,
					.cert = open->cert,
					.view = open->view,
					.now_ms = fg_clock_wall_ms(vault->clock) };
	struct fg_order_checked checked;
	struct fg_vault_job *job;
	enum fg_rc rc;

	memcpy(claim.capsule_hash.b, open->capsule_hash, FG_SHA256_LEN);
	if (fg_clock_went_back(vault->clock))
		return FG_E_CLOCK_HOLD;
	fg_arena_reset(&vault->arena);
	rc = fg_order_check(&vault->arena, &vault->trust, &claim, &checked);
	if (rc == FG_OK)
		rc = fg_vault_check_leaf(vault, open, &checked);
	if (rc == FG_OK)
		rc = check_sender(vault, &checked.consent);
	if (rc == FG_OK)
		rc = check_pin(vault, &checked);
	if (rc == FG_OK)
		rc = check_legs(vault, open, &checked.consent.hash);
	if (rc == FG_OK)
		rc = fg_vault_check_link(vault, open);
	if (rc != FG_OK)
		return rc;
	job = calloc(1, sizeof(*job));
	if (!job)
		return FG_E_NO_MEMORY;
	rc = make_job(vault, open, &checked.consent, job);
	if (rc == FG_OK)
		rc = fg_vault_record_and_queue(vault, open, &checked.consent.hash,
					       checked.consent.body->expires_ms, job);
	if (rc != FG_OK)
		fg_vault_job_free(job);
	return rc;
}
