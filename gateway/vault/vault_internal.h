/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Shared by vault.c (frames), vault_legs.c (what is known of legs), vault_open.c (orders of devices), vault_relay.c (orders about what was sealed here), vault_copies.c (those that go to devices), vault_inbound.c (what comes in), vault_ask.c (what applications ask) and vault_file.c (the disk); nobody else includes it but tests/vault,
 * which look whether clear text was wiped.
 */
#pragma once

#include "gateway/log/index.h"
#include "gateway/log/journal.h"
#include "gateway/log/table.h"
#include "gateway/log/relay_check.h"
#include "gateway/vault/reseal.h"
#include "gateway/vault/storekey.h"
#include "gateway/vault/vault.h"
#include "lib/crypto/clear.h"
#include "lib/crypto/note.h"
#include "lib/wire/alphabet.h"

enum {
	FG_VAULT_KEY_LEN = FG_ID_LEN + 2,
	FG_VAULT_REFS_MAX = 8192,   /* OUTCOME.refs in ipc.def */
	FG_VAULT_CLEAR_MAX = 16384, /* JOB.text in ipc.def */
	FG_VAULT_HASHES_MAX =
		4096, /* leaf hashes between two checkpoints; the log's batch is smaller */
	FG_VAULT_AD_MAX = 256,
	FG_VAULT_BODY_MAX = 17000,       /* SEALED.body in ipc.def */
	FG_VAULT_TEXTS_MAX = 256 * 1024, /* short texts of applications between two syncs */
	FG_VAULT_NO_LINK = UINT16_MAX,   /* leg->link: copies for devices, which the core keeps */
	FG_VAULT_SWEPT_PARTS = 4,        /* of an index, when idle */
};

/* A leg that is asked for again is answered so much longer than an order for it could open anything: a core that was away that long hears
 * what became of it. */
#define FG_VAULT_LEG_MARGIN_MS (24 * 3600000ull)
/* The longest that a message of an application or a carrier may be opened; the storage keys live a little longer. */
#define FG_VAULT_RELAY_LIFE_MS (8 * 24 * 3600000ull)
/* The core counts a message's life from when it hears of it. */
#define FG_VAULT_RELAY_GRACE_MS (10 * 60000ull)

struct fg_vault_leg {
	uint8_t key[FG_VAULT_KEY_LEN]; /* message id and leg */
	struct fg_hash consent;
	uint64_t opened_ms;
	uint64_t expires_ms; /* no order for it can open anything from then on */
	uint64_t place;      /* of its newest record in the journal */
	uint16_t link;
	uint8_t state; /* enum fg_leg_state */
	enum fg_rc rc;
	uint32_t carrier_code;
	uint8_t segments;
	uint8_t *parts, *refs; /* talloc children */
	size_t parts_len, refs_len;
	bool announce;                    /* became unknown at start: tell the next core */
	struct fg_vault_leg *next_answer; /* LEG to send once durable */
	bool answer_due;
	struct fg_vault_leg *next_spent; /* leaves memory when the turn is over */
};

struct fg_vault_pin {
	uint8_t tag[FG_SHA256_LEN];
	uint8_t account_key[FG_SIGN_PUBLIC_LEN];
	uint64_t epoch;
	bool signed_off;
};

struct fg_vault_link {
	bool up;
	bool draining;                             /* it leaves: it gets nothing more */
	uint32_t credits, in_flight, carrier_code; /* as the link said last */
	char note[128 + 1];                        /* the same: a new core hears it */
	uint32_t open_jobs;                        /* handed out, no outcome yet */
	uint64_t
		most; /* it said while up that it takes: orders may cross a lower word, and it takes those */
	uint32_t rate, round_trip_ms, window, unanswered, own_code;
	char own_note[64 + 1];
	bool throttled;
};

/* A job that waits for its leg to be durable. */
struct fg_vault_job {
	struct fg_vault_job *next;
	struct fg_vault_leg *leg;
	struct fg_clear text;
	bool in_texts; /* text lies in vault->texts, which is one for all until they are handed out */
	struct fg_text_plan plan;
	char destination[33], source[33];
	uint16_t concat_ref;
	uint32_t validity_s;
	uint8_t flags, protocol_id; /* as the application submitted it */
};

struct fg_vault {
	const struct fg_conf *conf;
	struct fg_clock *clock;
	const struct fg_vault_ops *ops;
	void *arg;
	struct fg_trust trust;
	struct fg_keyring ring;
	struct fg_arena arena;       /* sealed things */
	struct fg_clear plain, room; /* an opened capsule, and the memory it is unpacked into */
	struct fg_clear scratch;     /* a text that is measured */
	struct fg_clear texts;       /* of jobs: pages for each would cost more than all else */
	struct fg_storekeys storekeys;
	struct fg_relay_signer signer;
	struct fg_view_batches view_batches;
	char *folder;
	struct fg_journal *journal;
	uint64_t newest_ms;         /* the furthest the wall clock was, as journaled */
	bool unsynced;              /* something was recorded since the last sync */
	struct fg_table *legs;      /* that are open, or wanted until the turn is over */
	struct fg_vault_leg *spent; /* of those in legs */
	struct fg_index *ended;     /* where the records of the others are */
	struct fg_index *consents;  /* hash of a consent -> where the first record of a leg is */
	struct fg_table *pins;
	struct fg_merkle_frontier frontier,
		ahead;          /* ahead: with hashes whose checkpoint has not come yet */
	struct fg_hash *recent; /* the hashes of the newest checkpoint, from recent_first */
	uint64_t recent_first;
	size_t recent_count, ahead_count;
	bool forked;
	struct fg_vault_link links[FG_CONF_LINKS_MAX];
	struct fg_vault_job *jobs, **jobs_end;
	struct fg_vault_leg *answers, **answers_end;
	struct fg_frame notes[64]; /* ACCOUNT_NOTED to send once durable */
	size_t notes_count;
};

/* vault_legs.c */
void fg_vault_key(const struct fg_id *id, uint16_t leg, uint8_t key[static FG_VAULT_KEY_LEN]);
/* A leg that nobody finds yet, with room for it: fg_vault_leg_remember() cannot fail then. NULL without memory. */
struct fg_vault_leg *fg_vault_leg_new(struct fg_vault *vault,
				      const uint8_t key[static FG_VAULT_KEY_LEN],
				      const struct fg_hash *consent);
/* It was recorded. One that is not open leaves memory when the turn is over. */
void fg_vault_leg_remember(struct fg_vault *vault, struct fg_vault_leg *leg);
/* Known, borrowed until the turn is over: FG_OK; FG_E_NOT_FOUND; FG_E_LOG_IO, FG_E_NO_MEMORY: nobody can say whether it is. */
enum fg_rc fg_vault_leg_find(struct fg_vault *vault, const uint8_t key[static FG_VAULT_KEY_LEN],
			     struct fg_vault_leg **leg_out);
/* It has ended and that was recorded: from now on it is found on the disk. */
enum fg_rc fg_vault_leg_ended(struct fg_vault *vault, struct fg_vault_leg *leg);
/* It became unknown at start and that was recorded: it stays in memory, and each core is told. */
enum fg_rc fg_vault_leg_announce(struct fg_vault *vault, struct fg_vault_leg *leg);
/* Record its end, and tell the core once that is durable. */
enum fg_rc fg_vault_leg_settle(struct fg_vault *vault, struct fg_vault_leg *leg);
void fg_vault_answer_later(struct fg_vault *vault, struct fg_vault_leg *leg);
/* FG_OK; FG_E_CONSENT_USED: by another message. */
enum fg_rc fg_vault_consent_check(struct fg_vault *vault, const struct fg_hash *consent,
				  const struct fg_id *id);
uint64_t fg_vault_leg_forget_ms(const struct fg_vault_leg *leg);
void fg_vault_legs_drop_spent(struct fg_vault *vault);
/* Forget what is past, some of it each time. FG_OK, or why it could not be recorded how late it is. */
enum fg_rc fg_vault_legs_sweep(struct fg_vault *vault);

void fg_vault_job_free(struct fg_vault_job *job);
/* Room for a job's text; wiped with the job. FG_OK; FG_E_NO_MEMORY, FG_E_LOCKED_MEMORY. */
enum fg_rc fg_vault_job_text(struct fg_vault *vault, struct fg_vault_job *job, size_t cap);

/* vault_open.c */
/* Cut the job's text as the far side of the link can read it. Each segment counts for most, also where the far side
 * does the cutting: then the link gets the text whole. As fg_alphabet_plan(). */
enum fg_rc fg_vault_plan(const struct fg_conf_links *link, unsigned most, struct fg_vault_job *job);
enum fg_rc fg_vault_open_order(struct fg_vault *vault, const struct fg_ipc_open *open);
/* The leaf is in the log and says what the order says. */
enum fg_rc fg_vault_check_leaf(struct fg_vault *vault, const struct fg_ipc_open *open,
			       const struct fg_order_checked *checked);
/* The leg before this one left nothing at the far side. */
/* twice: what the one before may have delivered may be delivered once more. */
enum fg_rc fg_vault_check_leg(struct fg_vault *vault, const struct fg_ipc_open *open, bool twice);
enum fg_rc fg_vault_check_link(const struct fg_vault *vault, const struct fg_ipc_open *open);
/* Takes the job when it returns FG_OK. consent all zero: none, a contract stands for it. expires_ms: of what was opened. */
enum fg_rc fg_vault_record_and_queue(struct fg_vault *vault, const struct fg_ipc_open *open,
				     const struct fg_hash *consent, uint64_t expires_ms,
				     struct fg_vault_job *job);

/* vault_relay.c */
/* An order about what was sealed here, as far as it was checked. */
struct fg_vault_unsealing {
	const struct fg_ipc_unseal *unseal;
	struct fg_relay_checked checked;
	const struct fg_vault_pin *pin;
	struct fg_ipc_open open; /* the same order, as far as leaf and link go */
	uint64_t until_ms;       /* the body may be opened before */
};
enum fg_rc fg_vault_unseal_order(struct fg_vault *vault, const struct fg_ipc_unseal *unseal);
/* Opened into the vault's own clear memory; wiped by whoever called. */
enum fg_rc fg_vault_open_body(struct fg_vault *vault, const struct fg_ipc_unseal *unseal);

struct fg_vault_relay;
/* Behind what is in vault->plain already; sets relay->until_s. */
enum fg_rc fg_vault_open_sealed(struct fg_vault *vault, struct fg_vault_relay *relay,
				struct fg_bytes body);

/* vault_ask.c */
void fg_vault_take_ask(struct fg_vault *vault, size_t link, const struct fg_ipc_app_ask *in);
void fg_vault_take_replace(struct fg_vault *vault, const struct fg_ipc_app_replace *in);

/* vault_copies.c */
/* Bearer secure: a copy for each device that takes relayed messages, to the core. */
enum fg_rc fg_vault_make_copies(struct fg_vault *vault, const struct fg_vault_unsealing *order);
/* Copies that were made before: they may have been lost with the core. */
bool fg_vault_is_copied(struct fg_vault *vault, const struct fg_ipc_unseal *unseal);

/* vault_inbound.c */
/* What a sealed body is bound to. */
struct fg_vault_relay {
	struct fg_id message_id;
	uint8_t kind;
	struct fg_bytes account, source, destination; /* at most 32 bytes each, as in ipc.def */
	uint8_t message_class, flags, protocol_id;
	uint16_t parts_ref; /* of a part: its place is bound as well */
	uint8_t parts_total, part;
	bool replaces; /* a new text on its way, bound to the message's id and account alone */
	/* Unix; it is not opened from then on. 0: sealed by a version that did not say */
	uint32_t until_s;
};
size_t fg_vault_relay_ad(const struct fg_vault_relay *relay, uint8_t out[static FG_VAULT_AD_MAX]);
void fg_vault_take_submit(struct fg_vault *vault, size_t link, const struct fg_ipc_submit *in);
/* Accounts belong to links; a carrier's messages come over links to carriers. */
enum fg_rc fg_vault_check_origin(const struct fg_vault *vault, size_t link, uint8_t kind,
				 struct fg_bytes account,
				 const struct fg_conf_accounts **account_out);
/* How long a text may be opened that is to live validity_s; 0: as the core says. */
uint32_t fg_vault_until_s(const struct fg_vault *vault, uint64_t validity_s);
/* *body_out borrows out. */
enum fg_rc fg_vault_seal_body(struct fg_vault *vault, const struct fg_vault_relay *relay,
			      struct fg_bytes text, uint8_t out[static FG_VAULT_BODY_MAX],
			      struct fg_bytes *body_out);
/* Segments of the text with its mark; 0 when it cannot be cut. */
uint16_t fg_vault_segments(struct fg_vault *vault, struct fg_bytes text);
void fg_vault_pass_to_core(struct fg_vault *vault, size_t link, const struct fg_frame *frame);
void fg_vault_pass_to_link(struct fg_vault *vault, const struct fg_frame *frame);

/* A body is {u32 until_s, what fg_storekeys_seal() made}. One of an earlier version begins with a key's number, which is far lower than any
 * such time, and may be opened until its message is FG_VAULT_RELAY_LIFE_MS old. relay->until_s is set to what the seal is bound to. FG_OK or
 * FG_E_SEAL. */
enum fg_rc fg_vault_body_split(struct fg_bytes body, struct fg_vault_relay *relay,
			       struct fg_bytes *sealed_out, uint64_t *until_ms_out);

/* vault_file.c: record for the next sync. */
enum fg_rc fg_vault_record_leg(struct fg_vault *vault, struct fg_vault_leg *leg);
/* What is recorded at that place. leg: all zero, its bytes become its talloc children. */
enum fg_rc fg_vault_read_leg(struct fg_vault *vault, uint64_t place, struct fg_vault_leg *leg);
enum fg_rc fg_vault_record_pin(struct fg_vault *vault, const struct fg_vault_pin *pin);
enum fg_rc fg_vault_record_head(struct fg_vault *vault);
/* How late it is, beside what else this batch has: a vault that starts later holds while the wall clock is behind that. */
enum fg_rc fg_vault_record_time(struct fg_vault *vault);
enum fg_rc fg_vault_replay(struct fg_vault *vault);
