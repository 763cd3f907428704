/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The emulated SMSC without sockets: bytes in, bytes out, and a clock that its owner moves. smsc.c
 * gives it sockets and the time, tests and the fuzz target give it what they like.
 *
 * session.c takes PDUs apart; outcome.c says what becomes of a message; deliver.c sends receipts
 * and messages from phones; later.c keeps what is due later; slots.c remembers messages for
 * query_sm, cancel_sm and replace_sm; join.c joins parts; capture.c writes pcap.
 */
#pragma once

#include "emulators/common/due.h"
#include "emulators/common/join.h"
#include "emulators/smsc/smsc.h"
#include "lib/wire/smpp.h"

enum {
	SMSC_SYSTEMS_MAX = 10000, /* system ids */
	SMSC_SLOTS = 65536,       /* messages that can be queried: the last so many */
	SMSC_ID_TEXT = 24,
};

struct smsc_center;
struct smsc_conn;

/* What is due later; the first member of an answer or a delivery. */
struct smsc_later {
	struct emu_due due;
	struct smsc_later *next;                                            /* in a queue */
	struct smsc_conn *conn;                                             /* held; NULL: none */
	void (*fire)(struct smsc_center *center, struct smsc_later *later); /* frees it */
};

struct smsc_queue {
	struct smsc_later *first, **last;
};

/* A system id and what its binds share. */
struct smsc_system {
	struct smsc_system *next;
	char id[17];
	struct smsc_conn *receivers;
	struct smsc_queue waiting; /* for a receiver with room */
	uint64_t next_free_ns;     /* of the rate: when a message fits without burst */
};

struct smsc_flow {
	uint8_t address[2][4]; /* the peer's, ours */
	uint16_t port[2];
	uint32_t sequence[2];
};

typedef void (*smsc_send_fn)(void *arg, const void *octets, size_t len);

/* A connection. Lives while its owner or something due later holds it. */
struct smsc_conn {
	struct smsc_conn *next, *prev;
	struct smsc_conn *next_receiver;
	struct smsc_center *center;
	struct smsc_system *system; /* NULL: not bound */
	smsc_send_fn send;
	void *arg;
	struct smsc_flow flow;
	bool transmits, receives;
	bool closing; /* the owner closes it when what was sent is out */
	bool full;    /* the peer reads slowly: nothing but answers is sent */
	uint32_t sequence;
	unsigned holders, unanswered;
	struct smsc_queue sent; /* with --repeat: deliveries that are not answered, oldest first */
};

struct smsc_slot {
	uint64_t id, due_us;
	uint8_t final; /* enum fg_dlr_state, from due_us on */
	char source[21], destination[21];
};

struct smsc_capture;

struct smsc_center {
	struct fg_smsc_options options;
	fg_smsc_message_cb message;
	void *arg;
	uint64_t now_us, wall_start_us;
	uint64_t next_id, random;
	struct emu_heap heap;
	struct smsc_conn *conns;
	struct smsc_system *systems;
	unsigned systems_count;
	struct smsc_queue waiting; /* from phones, for whoever receives */
	struct emu_joiner *joiner;
	struct emu_told *told;
	struct smsc_slot *slots;
	struct fg_smsc_counters counters;
	struct smsc_capture *capture;
	uint64_t date_s; /* the second that date is for */
	char date[11];
};

/* wall_us: Unix time at now 0. NULL: no memory, or the capture cannot be written. */
struct smsc_center *smsc_center_new(void *ctx, const struct fg_smsc_options *options,
				    uint64_t wall_us, fg_smsc_message_cb message, void *arg);

/* Let all happen that is due until then, in order, each at its own time. */
void smsc_center_run(struct smsc_center *center, uint64_t now_us);

/* False: nothing is due. */
bool smsc_center_next(const struct smsc_center *center, uint64_t *due_us_out);

/* ---- session.c ---- */

/* flow may be NULL. Owned by the center until smsc_conn_close(). */
struct smsc_conn *smsc_conn_new(struct smsc_center *center, smsc_send_fn send, void *arg,
				const struct smsc_flow *flow);

/* Takes whole PDUs and says how many octets they were. When conn->closing is set the rest does not
 * matter. */
size_t smsc_conn_bytes(struct smsc_conn *conn, const uint8_t *octets, size_t len);

/* The peer reads again. */
void smsc_conn_room(struct smsc_conn *conn);

/* Nothing is sent after this. */
void smsc_conn_close(struct smsc_conn *conn);
void smsc_conn_hold(struct smsc_conn *conn);
void smsc_conn_release(struct smsc_conn *conn);
void smsc_conn_write(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu);

/* ---- outcome.c ---- */

struct emu_outcome smsc_outcome(struct smsc_center *center, const struct fg_smpp_pdu *pdu,
				const char *destination);

/* ---- deliver.c ---- */

void smsc_receipts(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu, uint64_t id,
		   const struct emu_outcome *outcome, uint64_t delay_us);
uint64_t smsc_receipt_delay_us(struct smsc_center *center, const struct emu_outcome *outcome);
enum fg_rc smsc_mo(struct smsc_center *center, const struct fg_smsc_mo *mo, const char *text,
		   size_t text_len);
void smsc_waiting_flush(struct smsc_center *center, struct smsc_conn *conn);

/* With --repeat: done, or to be brought again when status says that it may be taken later. */
void smsc_delivery_answered(struct smsc_conn *conn, uint32_t sequence, uint32_t status);

/* The connection is gone: what it did not answer goes to another, or waits for one. */
void smsc_deliveries_back(struct smsc_conn *conn);

/* ---- later.c ---- */

/* Takes a malloc()ed later; false: there is no room, and it is freed. */
bool smsc_later_add(struct smsc_center *center, struct smsc_later *later_take, uint64_t delay_us);
void smsc_later_free(struct smsc_later *later_take);
void smsc_queue_add(struct smsc_queue *queue, struct smsc_later *later_take);
struct smsc_later *smsc_queue_take(struct smsc_queue *queue);
void smsc_later_clear(struct smsc_center *center);

/* ---- slots.c ---- */

void smsc_slot_add(struct smsc_center *center, uint64_t id, const struct fg_smpp_pdu *pdu,
		   enum fg_dlr_state final, uint64_t delay_us);

/* DELETED for a message that was cancelled, else state. */
enum fg_dlr_state smsc_slot_state(const struct smsc_center *center, uint64_t id,
				  enum fg_dlr_state state);
void smsc_take_query(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu);
void smsc_take_cancel(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu);
void smsc_take_replace(struct smsc_conn *conn, const struct fg_smpp_pdu *pdu);
void smsc_id_text(const struct smsc_center *center, enum fg_smsc_id base, uint64_t id,
		  char out[static SMSC_ID_TEXT]);
void smsc_date_text(struct smsc_center *center, uint64_t wall_s, char out[static 11]);
uint64_t smsc_wall_s(const struct smsc_center *center);

/* ---- join.c ---- */

/* Show a message, or keep the part until the others are there. */
void smsc_join(struct smsc_center *center, const struct fg_smpp_pdu *pdu, const char *id);
void smsc_address(uint8_t ton, const struct fg_smpp_bytes *address, char out[static 23]);

/* ---- capture.c ---- */

struct smsc_capture *smsc_capture_new(void *ctx, const char *path);

/* One PDU; from_us: we sent it. Passwords are blanked. */
void smsc_capture_pdu(struct smsc_capture *capture, struct smsc_flow *flow, bool from_us,
		      uint64_t wall_us, const uint8_t *octets, size_t len);
void smsc_capture_flush(struct smsc_capture *capture);
