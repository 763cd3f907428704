/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One step of one job: an event meets the job's stored record, changes it, and the change is committed as a whole before anything is
 * done about it. Steps of one job never overlap: later events wait in the job's lane.
 *
 *   event -> load the record -> (read the directory, gather facts, decide) -> change -> sign receipts -> commit -> act
 *
 * job.c runs the stages; apply.c and apply_event.c change records; order.c talks to the chain; receipt.c makes receipts.
 */
#pragma once

#include "gateway/core/job.h"

enum fg_event_kind {
	FG_EVENT_ACCEPT,  /*!< a new message, checked by message.c */
	FG_EVENT_DECIDE,  /*!< its time has come, or something it waits for has changed */
	FG_EVENT_CONSENT, /*!< the sender answered an Ask */
	FG_EVENT_CANCEL,
	FG_EVENT_ACKED,   /*!< a device of the recipient has it */
	FG_EVENT_LEG,     /*!< the vault says where the leg stands */
	FG_EVENT_REFUSED, /*!< the log or the vault did not carry out the order */
	FG_EVENT_REPORT,  /*!< a delivery report */
	FG_EVENT_NOT_WITHDRAWN, /*!< a copy that was to be taken back is gone: a device has acknowledged it (row 11) */
};

enum { FG_JOB_NEW = 0 }; /*!< before enum fg_job_state: a job that is not stored yet */

enum { FG_LANE_BUCKETS = 4096, FG_STEP_OPS_MAX = 64, FG_STEP_RECEIPTS_MAX = 4, FG_REFS_MAX = 8192 };

struct fg_event {
	enum fg_event_kind kind;
	struct fg_id id;
	uint64_t conn, request;    /*!< whom to answer; conn 0: nobody */
	Fallgate__StoredJob *job;  /*!< ACCEPT: owned */
	Fallgate__Signed *consent; /*!< CONSENT: owned */
	uint8_t *capsule;          /*!< CONSENT: owned, malloc() */
	size_t capsule_len;
	uint8_t device[FG_DEVICE_ID_LEN]; /*!< ACKED: who; CONSENT, CANCEL: the sender's */
	Fallgate__Signed *ack;            /*!< ACKED: owned */
	uint16_t leg;
	enum fg_leg_state leg_state;
	enum fg_rc rc;
	bool by_vault;
	uint32_t carrier_code;
	uint32_t segments;
	char mark[65];
	uint8_t *refs; /*!< LEG: owned, malloc(): length octet and bytes, a part each */
	size_t refs_len;
	uint32_t part; /*!< REPORT */
	uint8_t report_state;
	bool report_final;
	uint16_t report_link;
	uint64_t report_token;
	char report_ref[65]; /*!< the far side's id, "": none */
	void (*done)(
		enum fg_rc rc,
		void *arg); /*!< NULL, or called once at the end of the step, its commit durable */
	void *done_arg;
	struct fg_event *next;
};

/*! The leaf of the leg in flight, as LOGGED brought it; kept until the LEG comes. */
struct fg_leaf_proof {
	uint16_t leg;
	Fallgate__LeafProof *proof; /*!< owned, default allocator */
};

/*! A job on which something happens now. */
struct fg_lane {
	struct fg_id id;
	bool running;
	bool ordered; /*!< an order is in flight */
	bool stalled; /*!< its next event could not be stored; tried again by the sweep */
	bool repeated; /*!< it was given before: whoever refuses it now may have carried it out then */
	bool again;    /*!< it is to be given again at the next sweep */
	struct fg_event *first, *last;
	struct fg_leaf_proof leaf;
	/*! a LEG that overtook its LOGGED: the two come from different processes */
	struct fg_event *early_leg;
	struct fg_lane *next;
};

struct fg_step {
	struct fg_core *core;
	struct fg_lane *lane;
	struct fg_event *event;
	Fallgate__StoredJob *job;
	unsigned from;           /*!< the state that is stored, or FG_JOB_NEW */
	enum fg_job_state state; /*!< before, and after apply the one to store */
	uint64_t due_ms;
	bool exists;
	bool order;             /*!< after the commit: give the order to the log */
	bool decide_again;      /*!< after the commit: another decision at once */
	uint64_t chain_changes; /*!< of the jobs, when facts were gathered; else 0 */
	bool withdraws;         /*!< takes copies back: CONFLICT means that a device was faster */
	Fallgate__Ask *ask; /*!< after the commit: answer with it; borrowed from the step's arena */
	struct fg_facts facts;
	struct fg_decision decision;
	uint8_t *view; /*!< serialized Signed, malloc() */
	size_t view_len;
	uint64_t pin_epoch;
	bool was_secure;
	struct fg_handle recipient;
	struct fg_store_op ops[FG_STEP_OPS_MAX];
	size_t ops_count;
	void *owned[2 * FG_STEP_OPS_MAX]; /*!< malloc()ed bodies and keys of ops */
	size_t owned_count;
	uint8_t wake[FG_STEP_OPS_MAX][FG_DEVICE_ID_LEN];
	size_t wake_count;
	Fallgate__Receipt *receipts[FG_STEP_RECEIPTS_MAX]; /*!< to be signed; owned */
	size_t receipts_count;
	enum fg_rc answer; /*!< to event->conn */
	bool duplicate;
	unsigned tries;
	struct fg_step *next_to_sign;
};

struct fg_core_jobs {
	struct fg_lane **lanes; /*!< hash by id */
	size_t lanes_count, ordered_count, stalled_count;
	struct event *timer;
	/*! for one step at a time; core->arena belongs to incoming frames */
	struct fg_arena arena;
	bool sweeping, expiring, finishing, repeating;
	bool look_again;        /*!< the chain changed while what is due was being read */
	uint64_t chain_changes; /*!< how often, from 1: a step that holds a job compares */
	bool repeat_all; /*!< what the sweep under way repeats: every order, or those of lanes with again */
	bool again; /*!< there are such lanes */
};

/* job.c: what nobody asked for (legs, refusals, reports, acknowledgements) is never lost to a store that is busy: it is tried again. */
/*! Take the event; it runs now or when the steps before it are done. */
void fg_step_event(struct fg_core *core, struct fg_event *event_take);
struct fg_event *fg_event_new(enum fg_event_kind kind, const struct fg_id *id);
void fg_event_free(struct fg_event *event_take);
struct fg_lane *fg_lane_find(struct fg_core *core, const struct fg_id *id);
struct fg_lane *fg_lane_of(struct fg_core *core,
			   const struct fg_id *id); /*!< made when it is not there */
/*! Give the job's order to the log, now or at the next sweep. */
void fg_lane_give_order(struct fg_core *core, struct fg_lane *lane, const Fallgate__StoredJob *job);
/*! Run the first event that waits in an idle lane. */
void fg_step_start(struct fg_core *core, struct fg_lane *lane);
void fg_lane_settled(struct fg_core *core,
		     struct fg_lane *lane); /*!< no order is in flight any more */
void fg_lane_again(struct fg_core *core,
		   struct fg_lane *lane); /*!< the order of the lane is to be given again soon */
/*! Receipts are signed: commit. */
void fg_step_commit(struct fg_step *step);
/*! Nothing to change: answer and end. */
void fg_step_finish(struct fg_step *step);
struct fg_store_op *fg_step_op(struct fg_step *step, enum fg_store_op_kind kind);
void *fg_step_own(struct fg_step *step, void *memory_take);

/* facts.c */
/*! Fill step->facts, view and pin from the directory's entry (NULL: it could not be read). */
void fg_facts_gather(struct fg_step *step, const struct fg_directory_entry *entry);

/* apply.c, apply_event.c */
/*! The job's last state and receipt; what could be opened or sent is destroyed. The receipt is the caller's to complete. */
Fallgate__Receipt *fg_apply_finish(struct fg_step *step, Fallgate__ReceiptKind kind,
				   const char *reason);
/*! What a receipt of an unprotected message says about how it went. */
void fg_apply_describe_leg(const struct fg_step *step, Fallgate__Receipt *receipt);
/*! Events that need no decision. False: nothing changed. */
bool fg_apply_event(struct fg_step *step);
/*! A job whose attempt is over when its time has come without a report: final, unknown. False when it is not that. */
bool fg_apply_overdue(struct fg_step *step);
void fg_apply_decision(struct fg_step *step); /*!< step->decision to the record, ops and receipts */

/* states.c */
/*! Whether states.def has a row for it; from: a state or FG_JOB_NEW. */
bool fg_job_may_change(unsigned from, enum fg_event_kind event, enum fg_job_state to);

/* receipt.c */
Fallgate__Receipt *fg_receipt_add(struct fg_step *step, Fallgate__ReceiptKind kind,
				  const char *reason);
void fg_receipts_sign(
	struct fg_step *step); /*!< calls fg_step_commit() at the end of the loop turn */
enum fg_rc fg_receipts_start(struct fg_core *core);
void fg_receipts_stop(struct fg_core *core);

/* order.c */
enum fg_rc fg_order_send(struct fg_core *core, const Fallgate__StoredJob *job);

/* record.c: fields of unpacked protobuf messages that own their memory */
void fg_record_text(char **field, const char *text);
void fg_record_bytes(ProtobufCBinaryData *field, const void *data, size_t len);
/*! A copy of a message, owned (default allocator); NULL without memory. */
void *fg_record_copy(const void *message);
void fg_record_free(void *message_take);
bool fg_record_id(const ProtobufCBinaryData *field, struct fg_id *id_out);
