/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A log and a vault joined by function calls, and everything an order needs, made right; a test then spoils one thing.
 */
#pragma once

#include "gateway/log/ledger.h"
#include "gateway/vault/vault.h"
#include "tests/support/fg_test.h"

struct chain_order {
	Fallgate__Consent consent;
	Fallgate__View view;
	struct fg_sign_key signer;     /* of the consent */
	uint8_t signing_key[32];       /* sealed inside the capsule */
	struct fg_id capsule_id;       /* of the capsule's seals */
	const char *capsule_recipient; /* named inside the capsule */
	char body[64];
	uint8_t capsule[FG_CAPSULE_MAX];
	size_t capsule_len;
	struct fg_hash capsule_hash, commitment, mark;
	Fallgate__Bearer bearer;
	struct fg_id message_id;
	uint16_t leg, concat_ref;
	uint8_t order_bearer, reason;
	size_t flip; /* of the serialized consent: this byte is changed; SIZE_MAX none */
};

/* An order as the log receives it. */
struct chain_bytes {
	uint8_t consent[2048], cert[1024], view[2048];
	size_t consent_len, cert_len, view_len;
};

/* The log's disk: what fdatasync() of a file of the log answers, and what the vault had been told when it was called. */
struct chain_disk {
	int error; /* errno; 0: the disk works */
	unsigned syncs, opens_before, leaves_before;
};

struct chain {
	char *folder;
	struct fg_conf conf;
	struct fg_clock clock;
	struct fg_ledger *ledger;
	struct fg_vault *vault;
	struct fg_trust trust;
	struct fg_sign_key account, device, second_device, directory, recipient_account;
	uint8_t inner_key[32], outer_key[32];
	/* what came out */
	enum fg_rc refused; /* FG_OK: nothing was */
	unsigned refusals, legs, jobs, logged, opens, leaves, alarms, failures, notes, heads,
		seal_keys, drains;
	bool link_up; /* as the core heard it last */
	uint32_t link_credits;
	uint8_t leg_state;
	enum fg_rc noted;
	size_t job_link; /* over which jobs are expected */
	char job_text[600], job_source[33];
	unsigned vault_room; /* frames that the channel from the log to the vault still takes */
	bool drop_opens;     /* the vault does not hear of OPENs: the newest is kept in held */
	struct fg_frame held;
	void *held_ctx;       /* talloc: its bytes */
	struct fg_frame head; /* HEAD, its bytes in head_ctx */
	void *head_ctx;
	struct fg_ipc_job job; /* the numbers of the last JOB; its bytes are gone */
	struct chain_disk disk;
	bool spoil_salt; /* the log lies about the salt */
	/* messages of applications */
	bool core_full;          /* the vault's channel to the core takes nothing */
	struct fg_frame offered; /* the last SEALED or APP_ASKED, its bytes in offered_ctx */
	void *offered_ctx;
	unsigned offers, relayed, unseals, taken, answers;
	struct fg_ipc_app_answer answer; /* the newest */
	enum fg_rc taken_rc;
	struct fg_frame unseal; /* the newest UNSEAL that the vault got, its bytes in unseal_ctx */
	void *unseal_ctx;
};

/*! A copy of the frame whose byte fields lie in a fresh talloc context. */
struct fg_frame chain_keep(const struct fg_frame *frame, void **ctx_out);

void chain_start(struct chain *chain);
void chain_stop(struct chain *chain);
void chain_restart_log(struct chain *chain);
/*! The same, but the vault and the core are not connected: what fg_ledger_start() returned. */
enum fg_rc chain_try_log(struct chain *chain);
void chain_restart_vault(struct chain *chain);
void chain_link_up(struct chain *chain, uint32_t credits);
/*! Up again, and takes nothing. */
void chain_link_full(struct chain *chain);

void chain_order_init(struct chain *chain, struct chain_order *order);
void chain_seal(struct chain *chain, struct chain_order *order);
/*! Seal and sign what init (and the test) set. */
void chain_pack(struct chain *chain, struct chain_order *order, struct chain_bytes *bytes_out);
/*! Give it to the log, flush both. */
void chain_submit(struct chain *chain, const struct chain_order *order,
		  const struct chain_bytes *bytes);
/*! chain_pack() and chain_submit(): seal what init (and the test) set, sign, give it to the log, flush both. */
void chain_send(struct chain *chain, struct chain_order *order);
void chain_outcome(struct chain *chain, const struct chain_order *order, enum fg_outcome outcome);
/*! The directory says that the recipient has, or no longer has, an account. */
void chain_account(struct chain *chain, uint64_t epoch);
/*! The same with a view and a proof of the test's own; key signs the view. */
void chain_account_view(struct chain *chain, Fallgate__View *view, const struct fg_sign_key *key,
			struct fg_bytes proof);
/*! Sign message into out; its length. */
size_t chain_sign(const void *message, const struct fg_sign_key *key, const char *label,
		  uint8_t *out, size_t cap);
/*! The bytes of a file in the folder of the log (talloc, a child of the ledger). */
struct fg_bytes chain_log_file(struct chain *chain, const char *name);
void chain_flush(struct chain *chain);
