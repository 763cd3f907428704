/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process of the log: channels to the core and the vault, a flush at the end of each loop turn, and a timer for what is not urgent.
 */
#include "gateway/log/log_main.h"

#include <string.h>
#include <talloc.h>
#include "gateway/log/ledger.h"
#include "lib/base/log.h"
#include "lib/crypto/crypto.h"
#include "lib/ipc/role.h"

struct log_process {
	struct fg_role_process *process;
	struct fg_ledger *ledger;
	struct fg_trust trust;
	struct fg_channel *core, *vault;
	struct event *flush, *idle;
};

static const struct timeval idle_every = { .tv_sec = 1 };

static enum fg_rc say(struct fg_channel *channel, const struct fg_frame *frame)
{
	enum fg_rc rc = channel ? fg_channel_answer(channel, frame) : FG_E_CLOSED;

	if (rc != FG_OK && rc != FG_E_CLOSED)
		LOGP(DLOG, LOGL_ERROR, "send %s: %s\n", fg_frame_name(frame->type), fg_rc_name(rc));
	return rc;
}

static void to_core(const struct fg_frame *frame, void *arg)
{
	say(((struct log_process *)arg)->core, frame);
}

static enum fg_rc to_vault(const struct fg_frame *frame, void *arg)
{
	return say(((struct log_process *)arg)->vault, frame);
}

static void failed(enum fg_rc rc, void *arg)
{
	struct log_process *log = arg;

	if (log->core)
		fg_channel_flush(log->core);
	fg_role_fail(log->process, rc, "write the log");
}

static const struct fg_ledger_ops ledger_ops = { to_core, to_vault, failed };

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct log_process *log = arg;

	(void)channel;
	(void)fd_take;
	fg_ledger_frame(log->ledger, frame);
	event_active(log->flush, 0, 0);
}

static void on_open(struct fg_channel *channel, void *arg)
{
	struct log_process *log = arg;

	if (channel == log->core)
		fg_ledger_core_open(log->ledger);
}

static void drop_vault(struct log_process *log)
{
	TALLOC_FREE(log->vault);
	fg_ledger_vault_closed(log->ledger);
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct log_process *log = arg;

	LOGP(DLOG, LOGL_NOTICE, "close channel: %s\n", fg_rc_name(rc));
	if (channel == log->core)
		TALLOC_FREE(log->core);
	else
		drop_vault(log);
}

static void on_room(struct fg_channel *channel, void *arg)
{
	(void)channel;
	event_active(((struct log_process *)arg)->flush, 0, 0);
}

static const struct fg_channel_ops channel_ops = {
	.frame = on_frame,
	.open = on_open,
	.room = on_room,
	.closed = on_closed,
};

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_ledger_flush(((struct log_process *)arg)->ledger);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_ledger_idle(((struct log_process *)arg)->ledger);
}

static enum fg_rc configure(struct fg_role_process *process, const struct fg_conf *conf, void *arg)
{
	struct log_process *log = arg;
	enum fg_rc rc = fg_crypto_init();

	log->process = process;
	if (rc == FG_OK)
		rc = fg_ledger_new(fg_role_ctx(process), conf, fg_loop_clock(fg_role_loop(process)),
				   &ledger_ops, log, &log->ledger);
	if (rc == FG_OK)
		fg_role_public_key(process, FG_TRUST_LOG, fg_ledger_public_key(log->ledger));
	return rc;
}

static enum fg_rc trust(struct fg_role_process *process, const struct fg_ipc_trust *frame,
			void *arg)
{
	struct log_process *log = arg;
	enum fg_rc rc = fg_trust_read(frame, &log->trust);

	(void)process;
	/* Peers are introduced next and speak at once: its leaves are there before. */
	return rc == FG_OK ? fg_ledger_start(log->ledger, &log->trust) : rc;
}

static void peer(struct fg_role_process *process, const struct fg_ipc_peer *frame, int fd_take,
		 void *arg)
{
	struct log_process *log = arg;
	struct fg_channel **slot = frame->role == FG_ROLE_CORE ? &log->core : &log->vault;

	if (slot == &log->core)
		TALLOC_FREE(log->core);
	else
		drop_vault(log);
	*slot = fg_channel_new(fg_role_ctx(process), fg_loop_base(fg_role_loop(process)), fd_take,
			       FG_ROLE_LOG, (enum fg_role)frame->role, NULL, &channel_ops, log);
}

static enum fg_rc start(struct fg_role_process *process, void *arg)
{
	struct event_base *base = fg_loop_base(fg_role_loop(process));
	struct log_process *log = arg;

	log->flush = event_new(base, -1, 0, on_flush, log);
	log->idle = event_new(base, -1, EV_PERSIST, on_idle, log);
	if (!log->flush || !log->idle || event_add(log->idle, &idle_every) != 0)
		return FG_E_NO_MEMORY;
	return FG_OK;
}

static void stop(struct fg_role_process *process, void *arg)
{
	struct log_process *log = arg;

	fg_ledger_flush(log->ledger);
	fg_ledger_idle(log->ledger);
	fg_role_stopped(process);
}

static const struct fg_role_ops role_ops = {
	.configure = configure,
	.trust = trust,
	.peer = peer,
	.start = start,
	.stop = stop,
};

int fg_log_main(int fd)
{
	struct log_process log = { 0 };

	return fg_role_run(FG_ROLE_LOG, "log", fd, &role_ops, &log);
}
