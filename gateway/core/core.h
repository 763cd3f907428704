/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The core: directory, decisions, queues, receipts, control socket. It never sees clear text. One single-threaded loop; the store's
 * commit thread is the only other thread. A shard is one struct fg_core: nothing in it is global.
 *
 * Who does what here:
 *   core.c       the role: keys, store, peers, start and stop
 *   session.c    one connection of a device: hello, register, login, and dispatch of its frames
 *   directory.c  accounts, devices, handles, views, pins, invitations, lookups
 *   announce.c   what the vault was told of accounts
 *   budget.c     how many lookups and submits a device has
 *   push.c       a device's queue: fetch, push, acknowledge
 *   message.c    accept a message: checks, exact device set, the accept commit
 *   facts.c      gather what a decision reads (the only impure step)
 *   job.c        the lanes and steps of jobs; apply.c and apply_event.c what decisions and events do to a record, order.c the chain's words, sweep.c
 *                what wakes jobs, states.c which changes of state there are
 *   relay*.c     messages of applications, which go another way: relay.h
 *   chain.c      what the log and the vault say, handed on
 *   receipt.c    make, sign in batches and queue receipts
 *   rules.c      the operator's rules
 *   operate.c    what links say of themselves, and what the operator says of them: suspend, drain, resume
 *   ctl.c        the control socket; ctl_links.c its verbs about links and the configuration
 * internal.h has what only core.c, session.c, directory*.c, push.c, operate.c and ctl*.c share.
 */
#pragma once

#include "gateway/decide/decide.h"
#include "gateway/decide/policy.h"
#include "gateway/store/store.h"
#include "lib/base/conf.h"
#include "lib/base/handle.h"
#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/crypto/sign.h"
#include "lib/ipc/channel.h"
#include "lib/ipc/role.h"
#include "lib/proto/signed.h"

enum {
	FG_DEVICE_ID_LEN = 16,
	FG_ACCOUNT_KEY_LEN = 32,
	FG_NONCE_LEN = 16,
	FG_CORE_ARENA = 256 * 1024
};

struct fg_core_link {
	bool up;
	bool suspended;   /*!< by the operator, durable: bound, and given nothing */
	bool draining;    /*!< by the operator: finishes what it has */
	bool gone;        /*!< and has: it has no process until it is resumed */
	uint32_t credits; /*!< as the link announced, less what was ordered since */
	uint32_t in_flight;
	uint32_t carrier_code;
	char note[128];
	uint32_t rate, round_trip_ms; /*!< 0: not bounded, not known */
	uint32_t window, unanswered;  /*!< window 0: not known */
	uint32_t
		own_code; /*!< the carrier's own code that came last, as its table has it; 0: none */
	char own_note[65]; /*!< what the table says */
	bool throttled;
	uint64_t changed_ms; /*!< when it came up, or went down */
	uint32_t error_code; /*!< of the last error, 0 for one without */
	char error[128];     /*!< the last error in words, "": none yet */
	uint64_t error_ms;
	bool ever_up;                   /*!< else the newest note says why not */
	uint64_t sent, failed, unknown; /*!< legs since start */
};

struct fg_session; /* session.h */
struct fg_core_control;
struct fg_core_budgets;
struct fg_core_receipts;
struct fg_core_jobs;
struct fg_core_relays;

/*! The operator's rules as the decision reads them; rules.c. */
struct fg_core_rules {
	struct fg_policy policy; /*!< of rows */
	struct fg_policy_rule *rows;
	struct fg_hash hash; /*!< of the rules and the links that they name */
};

struct fg_core {
	struct fg_role_process *process;
	struct fg_loop *loop;
	struct fg_clock *clock;
	const struct fg_conf *conf;
	struct fg_store *store;
	struct fg_sign_key directory_key, receipt_key;
	struct fg_ipc_trust trust; /*!< origin points into origin */
	char origin[129];
	struct fg_hash log_id;
	struct fg_policy policy; /*!< and policy_hash: copies out of rules */
	struct fg_hash policy_hash;
	struct fg_core_rules *rules,
		*next_rules; /*!< next: of a configuration that is not adopted */
	struct fg_channel *log, *vault, *secure; /*!< NULL while the peer is away */
	struct fg_core_link links[FG_CONF_LINKS_MAX];
	uint8_t vault_seal_key[512],
		log_seal_key[512]; /*!< serialized Signed of SealKey; len 0: none yet */
	size_t vault_seal_key_len, log_seal_key_len;
	/*! for one incoming frame or one store row at a time: reset before each use */
	struct fg_arena arena;
	struct fg_session **sessions;    /*!< hash by connection; session.c */
	struct fg_core_budgets *budgets; /*!< what each device may use up; budget.c */
	struct fg_core_control *control; /*!< ctl.c */
	struct fg_core_receipts *receipts;
	struct fg_core_jobs *jobs;
	struct fg_core_relays *relays;
	struct event *announce_timer; /*!< announce.c */
	unsigned announce_wait_s;
	bool announcing; /*!< a sweep of the announcements is under way */
	int control_fd;
	bool links_held; /*!< until it is read which links are suspended */
	bool stopping;
	uint64_t started_ms;
};

/*! The role's entry (gateway/parent/roles.h). */
int fg_core_main(int fd);

/*! Seal keys as the log and the vault announced them; false while one is missing. Borrowed from the arena given. */
bool fg_core_seal_keys(struct fg_core *core, struct fg_arena *arena, Fallgate__SealKeys *keys_out);

/*! Unix time in ms. */
uint64_t fg_core_now_ms(const struct fg_core *core);
