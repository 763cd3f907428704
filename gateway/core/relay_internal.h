/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files relay*.c share.
 */
#pragma once

#include "gateway/core/internal.h"
#include "gateway/core/job.h"
#include "gateway/core/relay.h"
#include "lib/crypto/merkle.h"

enum fg_relay_event {
	FG_RELAY_ACCEPT,
	FG_RELAY_DECIDE,
	FG_RELAY_REPLACE,
	FG_RELAY_LEG,
	FG_RELAY_COPIES, /*!< copies for devices lie in their queues */
	FG_RELAY_ACKED,  /*!< a device has it */
	FG_RELAY_JOIN,   /*!< a part met the others, or shares their end */
	FG_RELAY_REFUSED,
	FG_RELAY_REPORT,
	FG_RELAY_OVERDUE, /*!< no report came in time */
	FG_RELAY_RESTORE, /*!< the store is a backup that came back */
	FG_RELAY_EVENT_COUNT
};

enum {
	FG_RELAY_TEXT_MAX = 32,   /*!< of an address */
	FG_RELAY_PARTS_MAX = 255, /*!< of a message */
	FG_RELAY_BATCH_MAX = 320, /*!< decided with one read, one signature and one commit */
	FG_RELAY_DAY_S = 24 * 3600,
	FG_RELAY_INBOUND =
		FG_CONF_ACCOUNTS_MAX, /*!< the account of what came from a carrier: it has no contract */
	FG_RELAY_NO_LINK = UINT16_MAX, /*!< bearer secure */
	FG_RELAY_KEEP_DAYS =
		7, /*!< ours, as for jobs: how long one may ask what became of a message */
	FG_RELAY_ROW_SHIFT = 20, /*!< a row is the time it was taken, in ms, and a number */
};

/*! Flags of a message. */
enum {
	FG_RELAY_DECIDING =
		1, /*!< in a batch: its directory entry is being read, or its commit is under way */
	FG_RELAY_CANCELLED = 2, /*!< as soon as the batch is done */
	FG_RELAY_TELLING = 4,   /*!< its receipt is with the link */
	FG_RELAY_TIMED = 8,     /*!< in the wheel */
	FG_RELAY_REPEATED =
		16, /*!< its order was given before: whoever refuses it now may have carried it out then */
	FG_RELAY_LATER =
		32, /*!< waits for another attempt: what is for the same recipient waits behind it */
	FG_RELAY_REFERENCE = 64, /*!< the application gave a reference */
	FG_RELAY_PIN_OVERRIDE = 128,
};

/*! What a message has to do with its recipient's turn in the queue of its account. */
enum fg_relay_standing { FG_TURN_NONE, FG_TURN_STANDS, FG_TURN_OUT };

struct fg_relay;
struct fg_relay_list {
	struct fg_relay *head, *tail;
	size_t count;
};

/*! The far side's name of a part, or of a message in doubt what a report would carry ("?1a2b:+1202..."). */
struct fg_relay_ref {
	struct fg_relay_ref *next;    /*!< of the hash */
	struct fg_relay_ref *sibling; /*!< of the message, in the order of the parts */
	struct fg_relay *relay;
	uint16_t link;
	uint8_t state; /*!< enum fg_dlr_state */
	bool final;
	uint8_t len;
	char text[];
};

/*! The devices of a handle as the directory knew them when its view was made. */
struct fg_relay_devices {
	uint8_t account_key[FG_ACCOUNT_KEY_LEN];
	uint8_t count;
	uint8_t id[FG_DIRECTORY_DEVICES_MAX][FG_DEVICE_ID_LEN];
	struct fg_bytes stored[FG_DIRECTORY_DEVICES_MAX]; /*!< StoredDevice, behind this struct */
};

/*! Who has a copy in its queue. */
struct fg_relay_copies {
	uint8_t count;
	uint8_t id[FG_DIRECTORY_DEVICES_MAX][FG_DEVICE_ID_LEN];
};

/*! A part of a long message that its sender cut. Parts are taken, stored and answered for by themselves; the one with the lowest number
 *  leads: it is decided on and ordered for all, and its end is theirs. */
struct fg_relay_part {
	uint16_t ref;
	uint8_t total, number;
	uint8_t same[8];          /*!< of what it says: to know a part that comes again */
	struct fg_id leader;      /*!< zero: it waits for the others */
	struct fg_relay **others; /*!< of the leader: malloc(), by number */
	uint8_t others_count;
};

/*! A batch of views under one signature; freed with its last user. */
struct fg_relay_views {
	struct fg_merkle_tree *tree;
	uint8_t *signed_batch; /*!< serialized Signed of ViewBatch */
	size_t signed_len;
	uint32_t count;
	unsigned users;
};

/*! What a message needs only while it is decided and ordered. */
struct fg_relay_work {
	bool accept; /*!< new: answered with TAKEN */
	bool repeat; /*!< an order given again: nothing is decided or committed */
	bool cancel; /*!< APP_ANSWER to reply_link and token once it is cancelled */
	uint16_t reply_link;
	uint64_t token;
	uint8_t key_len;
	uint8_t key[64], same[32];
	uint8_t *body; /*!< malloc(); NULL: in the store */
	size_t body_len;
	struct fg_hash tag, facts_hash, policy_hash;
	uint64_t decided_ms;
	uint16_t concat_stored; /*!< the recipient's last reference, from the store */
	bool asked;             /*!< the directory was read */
	/* From the directory. */
	uint8_t view_state, pin, identity, epoch; /*!< as in struct fg_facts */
	bool secure_not_yet;
	bool to_application; /*!< a phone's message to an application's number */
	uint64_t proven_ms;
	struct fg_relay_devices *devices; /*!< malloc(); NULL: it has none */
	uint8_t *keys;                    /*!< for the vault: serialized LookupResult, malloc() */
	size_t keys_len;
	uint8_t copies_left, copies_stored; /*!< being put into queues */
	uint8_t *view;                      /*!< body of the View, malloc(); NULL: unknown */
	size_t view_len;
	uint32_t view_index;
	struct fg_relay_views *views;
};

struct fg_relay {
	struct fg_relay *hash_next;
	struct fg_relay *prev, *next; /*!< of list */
	struct fg_relay_list *list;   /*!< NULL: in none */
	struct fg_relay *timer_prev, *timer_next;
	struct fg_relay_ref *refs;
	struct fg_relay_work *work;
	struct fg_relay_copies *copies; /*!< malloc(); NULL: no device has one */
	struct fg_relay_part *part;     /*!< malloc(); NULL: it came whole */
	struct fg_id id;
	uint64_t row;
	uint64_t leaf_index;
	uint32_t due_s, expires_s;
	union {
		uint32_t done_s; /*!< FG_JOB_FINAL: since when */
		uint32_t
			not_before_s; /*!< else: when its application wants it to leave, Unix; 0: at once */
	};
	uint32_t failed_links; /*!< bits */
	uint8_t facts[16];     /*!< first half of the facts' hash */
	uint16_t leg, account, link, reference, concat_ref, error;
	uint8_t state, flags, message_class, submit_flags, protocol_id, registered;
	uint8_t segments, bearer, reason, decision_row, tries, report;
	uint8_t withdraw; /*!< enum fg_withdraw */
	uint8_t source_len, destination_len;
	uint8_t turn;     /*!< enum fg_relay_standing */
	uint8_t refusals; /*!< of its receipt; not stored */
	char text[];      /*!< source NUL destination NUL */
};

static inline const char *fg_relay_source(const struct fg_relay *relay)
{
	return relay->text;
}

static inline const char *fg_relay_destination(const struct fg_relay *relay)
{
	return relay->text + relay->source_len + 1;
}

static inline uint64_t fg_relay_taken_ms(const struct fg_relay *relay)
{
	return relay->row >> FG_RELAY_ROW_SHIFT;
}

struct fg_relay_bind {
	uint16_t receivers;
	uint32_t credits;
};

struct fg_relay_account {
	size_t alive;       /*!< not final, those being taken included */
	size_t today;       /*!< taken since day began */
	size_t today_saved; /*!< what a commit wrote last of that; SIZE_MAX: it may not have come to be */
	uint64_t day;
	struct fg_relay_list wait; /*!< READY, for a link to have room */
	struct fg_relay_list tell; /*!< final, the application is not told */
	struct fg_relay_list telling;
	struct fg_relay_list
		refused; /*!< final, the application did not take its receipt: again after a while */
	struct fg_relay_list inbound; /*!< READY, for this application to be there */
	struct fg_relay_bind binds[FG_CONF_LINKS_MAX];
	uint64_t taken, delivered, failed, unknown; /*!< since start */
};

struct fg_relay_lane; /* relay_table.c */
struct fg_relay_early;
struct fg_relay_commit;
struct fg_relay_batch;
struct fg_relay_join;
struct fg_relay_ack;
struct fg_relay_turn;
struct fg_relay_asked;

enum { FG_RELAY_WHEEL = 65536, FG_RELAY_CONCATS = 65536 };

struct fg_relay_concat {
	uint8_t tag[8];
	uint16_t ref;
};

struct fg_core_relays {
	struct fg_core *core;
	struct fg_relay **by_id;
	size_t by_id_size, count;
	struct fg_relay_ref **by_ref;
	size_t by_ref_size, refs_count;
	struct fg_relay **wheel; /*!< by second */
	uint64_t wheel_s;        /*!< the last second that was looked at */
	struct fg_relay_lane **lanes;
	struct fg_relay_concat
		*concats; /*!< references just allotted, whose commit may be under way */
	struct fg_relay_account
		accounts[FG_CONF_ACCOUNTS_MAX + 1]; /*!< the last one: FG_RELAY_INBOUND */
	size_t next_account;          /*!< round robin of those that wait for a link */
	struct fg_relay_list decide;  /*!< to be decided in the next batch */
	struct fg_relay_list sending; /*!< ordered, or to be */
	struct fg_relay_list fetch;   /*!< to be ordered: the body is in the store */
	struct fg_relay_list order;   /*!< to be ordered: the log has no room or is away */
	size_t sending_on[FG_CONF_LINKS_MAX];
	struct fg_relay_early *early_first, *early_last;
	struct fg_relay_early **early;
	size_t early_count;
	struct fg_relay_turn *turns;  /*!< of recipients, in the queues of accounts: relay_turn.c */
	struct fg_relay_join **joins; /*!< parts that wait for others, by hash of their sender */
	size_t joins_count;
	struct fg_relay_list followers; /*!< while loading: whose leaders are not looked up yet */
	struct fg_relay_ack *acks_first,
		*acks_last;           /*!< of messages whose copies are just being changed */
	struct fg_relay_commit *open; /*!< changes of this turn */
	struct fg_relay_commit *stalled_first,
		*stalled_last;        /*!< the store was busy: again soon, in order */
	struct fg_relay_batch *batch; /*!< being decided; NULL: none */
	size_t commits_under_way, accepts_under_way, fetching;
	uint64_t last_row;
	uint64_t load_started_ms;
	bool loading, stopping, sweeping;
	bool no_use; /*!< what waits had no use for the room that there is: not again until something changes, or a while */
	uint64_t used_ms;
	uint64_t swept_ms;
	uint64_t look_again_ms;                          /*!< no look at all messages before */
	struct fg_relay_asked *asked_first, *asked_last; /*!< questions about messages that ended */
	bool reading_ended;                              /*!< the first of them */
	uint32_t vaults;                                 /*!< so many were lost */
	struct event *turn, *timer;
	struct fg_arena arena;
};

static inline bool fg_relay_is_inbound(const struct fg_relay *relay)
{
	return relay->account == FG_RELAY_INBOUND;
}

/*! NULL: it came from a carrier. */
static inline const struct fg_conf_accounts *fg_relay_contract(const struct fg_core *core,
							       const struct fg_relay *relay)
{
	return fg_relay_is_inbound(relay) ? NULL : &core->conf->accounts[relay->account];
}

static inline const char *fg_relay_account_name(const struct fg_core *core,
						const struct fg_relay *relay)
{
	return fg_relay_is_inbound(relay) ? "" : core->conf->accounts[relay->account].name;
}

/*! A part whose others are not all here yet, or which another one leads: not to be decided on. */
static inline bool fg_relay_follows(const struct fg_relay *relay)
{
	return relay->part && fg_id_cmp(&relay->part->leader, &relay->id) != 0;
}

/* relay_states.c */
bool fg_relay_may_change(unsigned from, enum fg_relay_event event, enum fg_job_state to);
/*! Aborts rather than change to what relay_states.def has no row for. */
void fg_relay_become(struct fg_relay *relay, enum fg_relay_event event, enum fg_job_state to);

/* relay_table.c: memory. Without memory the process ends: it knows no more than what is stored. */
bool fg_relay_table_open(struct fg_core_relays *relays);
void fg_relay_table_close(struct fg_core_relays *relays);
struct fg_relay *fg_relay_new(struct fg_bytes source, struct fg_bytes destination);
void fg_relay_free(struct fg_relay *relay_take); /*!< out of every list before */
struct fg_relay *fg_relay_find(const struct fg_core_relays *relays, const struct fg_id *id);
void fg_relay_insert(struct fg_core_relays *relays, struct fg_relay *relay);
/*! Out of the hashes, lists and the wheel; not freed. */
void fg_relay_remove(struct fg_core_relays *relays, struct fg_relay *relay);
void fg_relay_push(struct fg_relay_list *list,
		   struct fg_relay *relay); /*!< at the end; out of the list before */
void fg_relay_unlist(struct fg_relay *relay);
/*! after: of that list, or NULL for its head. */
void fg_relay_push_after(struct fg_relay_list *list, struct fg_relay *after,
			 struct fg_relay *relay);
struct fg_relay *fg_relay_pop(struct fg_relay_list *list);
/*! Look at it again at due_s (Unix); moves it in the wheel. */
void fg_relay_timer(struct fg_core_relays *relays, struct fg_relay *relay, uint32_t due_s);
void fg_relay_untimer(struct fg_core_relays *relays, struct fg_relay *relay);
/*! The next one whose time has come by now_s, out of the wheel; NULL: none. */
struct fg_relay *fg_relay_due(struct fg_core_relays *relays, uint64_t now_s);
struct fg_relay_ref *fg_relay_ref_add(struct fg_core_relays *relays, struct fg_relay *relay,
				      const void *text, size_t len);
struct fg_relay_ref *fg_relay_ref_find(const struct fg_core_relays *relays, uint16_t link,
				       const void *text, size_t len);
void fg_relay_refs_drop(struct fg_core_relays *relays, struct fg_relay *relay);
uint32_t fg_relay_hash(const void *data, size_t len, uint32_t seed);
/*! Where it waits for room: in its account's queue, or in that of the application that a phone's message is for. */
struct fg_relay_list *fg_relay_waits_on(struct fg_core_relays *relays,
					const struct fg_relay *relay);
/*! It waits for its time: others for its recipient queue up behind it. */
void fg_relay_lane_hold(struct fg_core_relays *relays, struct fg_relay *relay);
void fg_relay_lane_release(struct fg_core_relays *relays, struct fg_relay *relay);
/*! Queue up behind what waits for the same recipient; false: nothing does. */
bool fg_relay_lane_behind(struct fg_core_relays *relays, struct fg_relay *relay);
bool fg_relay_lane_held(const struct fg_core_relays *relays, const struct fg_relay *relay);
/*! Its application wants it to leave later: it waits for that time alone, and nothing waits behind it. Not for what is final. */
bool fg_relay_is_early(const struct fg_core_relays *relays, const struct fg_relay *relay);
/*! Wait until then. */
void fg_relay_schedule(struct fg_core_relays *relays, struct fg_relay *relay);

/* relay_record.c */
enum { FG_RELAY_RECORD_SMALL = 512 };
/*! The durable record into memory of the commit. */
struct fg_bytes fg_relay_encode(struct fg_core_relays *relays, struct fg_relay_commit *commit,
				const struct fg_relay *relay);
/*! A message out of its row; NULL when it cannot be read. row->id, seq and state are taken. refs: put its references into the hash. */
struct fg_relay *fg_relay_decode(struct fg_core_relays *relays, const struct fg_store_row *row,
				 bool refs);

/* relay_commit.c */
enum fg_relay_then {
	FG_THEN_NOTHING,
	FG_THEN_ORDER,  /*!< give the order to the log */
	FG_THEN_TELL,   /*!< the application is owed a receipt */
	FG_THEN_STORED, /*!< acknowledge a report: link, token */
	FG_THEN_FREE,   /*!< it ended */
	FG_THEN_ANSWER, /*!< APP_ANSWER: link, token, rc */
	FG_THEN_CALL,   /*!< a function, also when it failed */
};
/*! How the ops of a commit of one's own ended. FG_OK, or FG_E_CONFLICT: then nothing of it happened. */
typedef void (*fg_relay_done_cb)(struct fg_core_relays *relays, struct fg_relay *relay,
				 enum fg_rc rc, const struct fg_store_op *ops, size_t count);
typedef void (*fg_relay_call_cb)(enum fg_rc rc, void *arg);
struct fg_relay_commit *fg_relay_commit_new(struct fg_core_relays *relays, bool accepts);
void *fg_relay_commit_alloc(struct fg_relay_commit *commit, size_t len);
struct fg_store_op *fg_relay_commit_op(struct fg_relay_commit *commit, enum fg_store_op_kind kind);
void fg_relay_commit_then(struct fg_relay_commit *commit, struct fg_relay *relay,
			  enum fg_relay_then then, uint16_t link, uint64_t token);
void fg_relay_commit_call(struct fg_relay_commit *commit, fg_relay_call_cb call, void *arg);
/*! Ops about one message that may fail by their conditions, in the partition of that account key. The message has FG_RELAY_DECIDING until
 *  done is called. Submitted by fg_relay_commit_submit(). */
struct fg_relay_commit *fg_relay_commit_own(struct fg_core_relays *relays, struct fg_relay *relay,
					    const uint8_t *account_key, fg_relay_done_cb done);
void fg_relay_commit_submit(struct fg_relay_commit *commit_take);
/*! Its record and state as they are now, with the other changes of this turn. */
struct fg_store_op *fg_relay_save(struct fg_core_relays *relays, struct fg_relay *relay,
				  enum fg_relay_then then);
/*! It ends: out of memory now, freed when its last record is durable. */
void fg_relay_end(struct fg_core_relays *relays, struct fg_relay *relay);
/*! Something waits for the end of the turn. */
void fg_relay_stir(struct fg_core_relays *relays);
void fg_relay_flush(struct fg_core_relays *relays); /*!< submit the changes of this turn */
void fg_relay_again(struct fg_core_relays *relays); /*!< submit what the store was too busy for */

/* relay_accept.c */
void fg_relay_take(struct fg_core_relays *relays, const struct fg_relay_work *work,
		   const struct fg_id *id, enum fg_rc rc); /*!< say TAKEN */
void fg_relay_refuse(struct fg_core_relays *relays, struct fg_relay *relay_take, enum fg_rc rc);
/*! Its commit failed on its key: who had it first? */
void fg_relay_same_key(struct fg_core_relays *relays, struct fg_relay *relay_take);

/* relay_decide.c */
void fg_relay_decide_batch(struct fg_core_relays *relays);
void fg_relay_work_free(struct fg_relay *relay);
struct fg_relay_work *fg_relay_work_new(struct fg_relay *relay);
/*! Wait at most so long for the next decision; what is for the same recipient waits too. */
void fg_relay_wait(struct fg_core_relays *relays, struct fg_relay *relay, uint32_t wait_s);
uint32_t fg_relay_retry_s(const struct fg_relay *relay);

/* relay_order.c */
void fg_relay_order(struct fg_core_relays *relays,
		    struct fg_relay *relay); /*!< state SENDING is durable */
void fg_relay_orders_go_on(struct fg_core_relays *relays);
void fg_relay_repeat(struct fg_core_relays *relays); /*!< all of them */
void fg_relay_repeat_one(struct fg_core_relays *relays, struct fg_relay *relay);

/* relay_event.c */
/*! Its leg is over, one way or the other: the link has room for another. */
void fg_relay_leave_sending(struct fg_core_relays *relays, struct fg_relay *relay);
/*! The last state; told to the application when it asked for that. */
void fg_relay_finish(struct fg_core_relays *relays, struct fg_relay *relay,
		     enum fg_relay_event event, uint8_t dlr_state);
void fg_relay_overdue(struct fg_core_relays *relays, struct fg_relay *relay);
void fg_relay_early_sweep(struct fg_core_relays *relays, uint64_t now_ms);
void fg_relay_early_free(struct fg_core_relays *relays);

/* relay_secure.c: devices as recipients */
void fg_relay_devices_keep(struct fg_relay_work *work, const struct fg_directory_entry *entry,
			   uint64_t now_ms);
/*! Get the keys of its devices, a prekey popped of each, and then order it. */
void fg_relay_keys(struct fg_core_relays *relays, struct fg_relay *relay);
/*! Take all copies back, and decide again; or learn that a device has one, and decide again. */
void fg_relay_withdraw(struct fg_core_relays *relays, struct fg_relay *relay);
/*! Look at it again when silence is over or it expires. */
void fg_relay_look_later(struct fg_core_relays *relays, struct fg_relay *relay);
/*! It ends: copies that still lie in queues go, whether or not there are any. */
void fg_relay_copies_drop(struct fg_core_relays *relays, struct fg_relay *relay);
void fg_relay_acks_go_on(struct fg_core_relays *relays);
void fg_relay_acks_free(struct fg_core_relays *relays);

/* relay_quota.c: what was taken today, over restarts */
/*! One op of the commit, when the account has a quota and another number than was written last. */
void fg_relay_quota_save(struct fg_core_relays *relays, struct fg_relay_commit *commit,
			 unsigned account);
/*! Ask for the numbers; they are there before any sweep asked for later. */
enum fg_rc fg_relay_quota_load(struct fg_core_relays *relays);

/* relay_ask.c */
/*! relay: what it is about, for a query; NULL else. */
void fg_relay_answer(struct fg_core *core, uint16_t link, uint64_t token, enum fg_rc rc,
		     const struct fg_relay *relay);

/* relay_replace.c */
/*! Answered when the new text is durable, or why not. */
void fg_relay_replace(struct fg_core_relays *relays, const struct fg_relay *relay,
		      const struct fg_ipc_app_asked *ask);
/*! The vault has sealed it. */
void fg_relay_replaced(struct fg_core_relays *relays, struct fg_relay *relay,
		       const struct fg_ipc_app_asked *ask);

/* relay_turn.c */
bool fg_relay_turns_open(struct fg_core_relays *relays);
void fg_relay_turns_close(struct fg_core_relays *relays);
/*! Let it wait for a link to have room: in its recipient's turn, or behind what has that. */
void fg_relay_queue(struct fg_core_relays *relays, struct fg_relay *relay);
/*! It was taken out of the queue to be decided on: the next for its recipient stands at the end. */
void fg_relay_turn_out(struct fg_core_relays *relays, struct fg_relay *relay);
/*! It waits no more, wherever it stood. */
void fg_relay_turn_over(struct fg_core_relays *relays, struct fg_relay *relay);
/*! Another message waits that has to leave before this one. */
bool fg_relay_turn_taken(const struct fg_core_relays *relays, const struct fg_relay *relay);
/*! How many wait for a link to have room. Looks at those that stand behind others. */
size_t fg_relay_waiting(const struct fg_core_relays *relays, size_t account);

/* relay_join.c: parts */
/*! May this part be taken? FG_OK; FG_E_EXISTS: it is here already, *id_out is its id; FG_E_LIMIT: its sender has too many unfinished. */
enum fg_rc fg_relay_join_check(struct fg_core_relays *relays, const struct fg_ipc_sealed *sealed,
			       uint16_t account, struct fg_id *id_out);
struct fg_relay_part *fg_relay_part_new(uint16_t ref, uint8_t total, uint8_t number);
/*! It is durable. When it is the last one all are joined, and decided on. */
void fg_relay_join_add(struct fg_core_relays *relays, struct fg_relay *relay);
/*! The others did not come in time. */
void fg_relay_join_late(struct fg_core_relays *relays, struct fg_relay *relay);
/*! The leader has ended; so have the others. */
void fg_relay_join_end(struct fg_core_relays *relays, struct fg_relay *leader);
/*! Get the bodies of all parts out of the store, and then order it. */
void fg_relay_join_fetch(struct fg_core_relays *relays, struct fg_relay *leader);
void fg_relay_join_loaded(struct fg_core_relays *relays);
void fg_relay_joins_free(struct fg_core_relays *relays);

/* relay_tell.c */
/*! The link over which an application takes what is for it, or -1. */
int fg_relay_receiver(const struct fg_core_relays *relays, size_t account);
/*! Messages that ended and whose receipts the application does not have. */
size_t fg_relay_untold(const struct fg_relay_account *account);
bool fg_relay_wants_receipt(const struct fg_relay *relay);
void fg_relay_tell(struct fg_core_relays *relays, struct fg_relay *relay);
/*! Final, and its time has come: its receipt is said again, or was kept long enough. */
void fg_relay_tell_due(struct fg_core_relays *relays, struct fg_relay *relay);
/*! It is not over: what the carrier says of it so far, to who asked for that and is there. */
void fg_relay_tell_intermediate(struct fg_core_relays *relays, const struct fg_relay *relay);
void fg_relay_tell_on(struct fg_core_relays *relays);
