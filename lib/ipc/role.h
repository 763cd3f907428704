/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What every child of the parent has in common: it starts with one channel to the parent, is told its configuration, the gateway's
 * public keys, its files and its peers, enters its cage, and says READY. Peers may be replaced at any time: a peer that crashed
 * comes back as a new channel.
 *
 * A changed configuration comes in two steps, so that it holds for all roles or for none: RECONF* -> prepare() -> RECONFED, and then
 * ADOPT -> adopt(). A child of which a piece cannot be used answers why, and goes on with what it has.
 *
 * Order: CONF* -> configure() (make or load keys, send PUBLIC_KEY) -> TRUST -> trust() -> FILE*, PEER* -> START -> cage -> start() -> READY.
 */
#pragma once

#include "lib/base/loop.h"
#include "lib/ipc/channel.h"

struct fg_conf;
struct fg_role_process;

enum { FG_ROLE_WHY_MAX = 512 };

struct fg_role_ops {
	/*! The slice of the configuration that is this role's; borrowed for the life of the process. Its contents change in adopt(). */
	enum fg_rc (*configure)(struct fg_role_process *process, const struct fg_conf *conf,
				void *arg);
	/*! The gateway's public keys (optional). Called once, before any peer. */
	enum fg_rc (*trust)(struct fg_role_process *process, const struct fg_ipc_trust *trust,
			    void *arg);
	/*! A descriptor, now ours. */
	void (*file)(struct fg_role_process *process, enum fg_role_file kind, int fd_take,
		     void *arg);
	/*! A socket to a peer, now ours: make a channel of it, and drop the one before. */
	void (*peer)(struct fg_role_process *process, const struct fg_ipc_peer *peer, int fd_take,
		     void *arg);
	/*! Caged; begin to work. Anything but FG_OK ends the process with a message. */
	enum fg_rc (*start)(struct fg_role_process *process, void *arg);
	/*! Could the role work with this slice? Nothing changes yet; what is made for it is kept until adopt(). Optional: it could.
	 *  next is borrowed until adopt(). why: for people, when it is not FG_OK. Never twice without adopt() in between. */
	enum fg_rc (*prepare)(struct fg_role_process *process, const struct fg_conf *next,
			      char why[static FG_ROLE_WHY_MAX], void *arg);
	/*! adopt: the conf given to configure() has the contents of next from now on; else next is forgotten. Optional. */
	void (*adopt)(struct fg_role_process *process, bool adopt, void *arg);
	/*! What the parent says to this role alone: RELOADED and GONE, to the core; NO_DEVICE, to a link. */
	void (*told)(struct fg_role_process *process, const struct fg_frame *frame, void *arg);
	/*! Finish what is begun and call fg_role_stopped() (optional: at once). */
	void (*stop)(struct fg_role_process *process, void *arg);
};

/*! Run a role until the parent says stop or goes away. fd is the channel to the parent.
 *  \param[in] role  which one; decides what the cage allows.
 *  \param[in] name  for logs and the process title: "core", "smsc-a".
 *  \return the exit code of the process: 0 stopped by the parent, 1 anything else. */
int fg_role_run(enum fg_role role, const char *name, int fd, const struct fg_role_ops *ops,
		void *arg);

/*! For use inside the callbacks. */
struct fg_loop *fg_role_loop(struct fg_role_process *process);
void *
fg_role_ctx(struct fg_role_process *process); /*!< talloc context for the life of the process */
void fg_role_public_key(struct fg_role_process *process, enum fg_trust_key kind,
			const uint8_t key[static 32]);
/*! Said at start, and kept for `fallgatectl`: what the system refused. */
void fg_role_notice(struct fg_role_process *process, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*! Say something to the parent. FG_OK, or what fg_channel_send() says. */
enum fg_rc fg_role_tell_parent(struct fg_role_process *process, const struct fg_frame *frame);
void fg_role_stopped(struct fg_role_process *process);
/*! The process cannot go on (an fsync error, a full disk of the log): log why and leave with code 1; the parent restarts it. */
void fg_role_fail(struct fg_role_process *process, enum fg_rc rc, const char *what)
	__attribute__((noreturn));
