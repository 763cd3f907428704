/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process of the vault: channels to the log, the core and every clear-side link, a flush at the end of each loop turn.
 */
#include "gateway/vault/vault_main.h"

#include <string.h>
#include <talloc.h>
#include "gateway/vault/vault.h"
#include "lib/crypto/clear.h"
#include "lib/crypto/crypto.h"
#include "lib/base/log.h"
#include "lib/ipc/role.h"

struct vault_process {
	struct fg_role_process *process;
	struct fg_vault *vault;
	struct fg_trust trust;
	struct fg_channel *core, *log, *links[FG_CONF_LINKS_MAX];
	struct event *flush, *idle;
};

static const struct timeval idle_every = { .tv_sec = 60 };

static void say(struct fg_channel *channel, const struct fg_frame *frame)
{
	enum fg_rc rc = channel ? fg_channel_answer(channel, frame) : FG_E_CLOSED;

	if (rc != FG_OK && rc != FG_E_CLOSED)
		LOGP(DVAULT, LOGL_ERROR, "send %s: %s\n", fg_frame_name(frame->type),
		     fg_rc_name(rc));
}

static void to_core(const struct fg_frame *frame, void *arg)
{
	say(((struct vault_process *)arg)->core, frame);
}

static void to_log(const struct fg_frame *frame, void *arg)
{
	say(((struct vault_process *)arg)->log, frame);
}

static void to_link(size_t link, const struct fg_frame *frame, void *arg)
{
	say(((struct vault_process *)arg)->links[link], frame);
}

static enum fg_rc offer_core(const struct fg_frame *frame, void *arg)
{
	struct fg_channel *core = ((struct vault_process *)arg)->core;

	return core && fg_channel_is_open(core) ? fg_channel_send(core, frame) : FG_E_IPC_FULL;
}

static void failed(enum fg_rc rc, void *arg)
{
	fg_role_fail(((struct vault_process *)arg)->process, rc, "write the vault's journal");
}

static const struct fg_vault_ops vault_ops = { to_core, to_log, to_link, offer_core, failed };

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct vault_process *vault = arg;
	size_t link = 0;

	(void)fd_take;
	while (link < FG_CONF_LINKS_MAX && vault->links[link] != channel)
		link++;
	if (link < FG_CONF_LINKS_MAX)
		fg_vault_link_frame(vault->vault, link, frame);
	else
		fg_vault_frame(vault->vault, frame);
	event_active(vault->flush, 0, 0);
}

/* Nothing here remembers what links asked of the core, so they have to know when it will not be answered. */
static void tell_reach(struct vault_process *vault, struct fg_channel *link)
{
	struct fg_frame frame = { .type = FG_IPC_REACH };

	frame.reach.core = vault->core && fg_channel_is_open(vault->core);
	if (link && fg_channel_is_open(link))
		say(link, &frame);
}

static void tell_reach_all(struct vault_process *vault)
{
	for (size_t i = 0; i < FG_CONF_LINKS_MAX; i++)
		tell_reach(vault, vault->links[i]);
}

static void on_open(struct fg_channel *channel, void *arg)
{
	struct vault_process *vault = arg;

	if (channel == vault->core) {
		fg_vault_core_open(vault->vault);
		tell_reach_all(vault);
	} else if (channel == vault->log) {
		fg_vault_log_open(vault->vault);
	} else {
		tell_reach(vault, channel);
	}
}

static void drop_core(struct vault_process *vault)
{
	if (!vault->core)
		return;
	TALLOC_FREE(vault->core);
	tell_reach_all(vault);
}

static void drop_link(struct vault_process *vault, size_t link)
{
	if (!vault->links[link])
		return;
	TALLOC_FREE(vault->links[link]);
	fg_vault_link_closed(vault->vault, link);
	event_active(vault->flush, 0, 0);
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct vault_process *vault = arg;

	LOGP(DVAULT, LOGL_NOTICE, "close channel: %s\n", fg_rc_name(rc));
	if (channel == vault->core)
		drop_core(vault);
	else if (channel == vault->log)
		TALLOC_FREE(vault->log);
	else
		for (size_t i = 0; i < FG_CONF_LINKS_MAX; i++)
			if (vault->links[i] == channel)
				drop_link(vault, i);
}

static const struct fg_channel_ops channel_ops = { .frame = on_frame,
						   .open = on_open,
						   .closed = on_closed };

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_vault_flush(((struct vault_process *)arg)->vault);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_vault_idle(((struct vault_process *)arg)->vault);
}

static enum fg_rc configure(struct fg_role_process *process, const struct fg_conf *conf, void *arg)
{
	struct vault_process *vault = arg;
	struct event_base *base = fg_loop_base(fg_role_loop(process));
	enum fg_rc rc = fg_crypto_init();

	if (rc == FG_OK)
		rc = fg_vault_new(fg_role_ctx(process), conf, fg_loop_clock(fg_role_loop(process)),
				  &vault_ops, vault, &vault->vault);
	vault->process = process;
	if (rc != FG_OK)
		return rc;
	vault->flush = event_new(base, -1, 0, on_flush, vault);
	vault->idle = event_new(base, -1, EV_PERSIST, on_idle, vault);
	if (!vault->flush || !vault->idle || event_add(vault->idle, &idle_every) != 0)
		return FG_E_NO_MEMORY;
	if (conf->gateway.allow_unlocked && fg_clear_probe() != FG_OK)
		fg_role_notice(process, "clear text is not locked in memory");
	fg_role_public_key(process, FG_TRUST_VAULT, fg_vault_public_key(vault->vault));
	return FG_OK;
}

static enum fg_rc trust(struct fg_role_process *process, const struct fg_ipc_trust *frame,
			void *arg)
{
	struct vault_process *vault = arg;
	enum fg_rc rc = fg_trust_read(frame, &vault->trust);

	(void)process;
	/* Peers are introduced next and speak at once: what it remembers is there before. */
	return rc == FG_OK ? fg_vault_start(vault->vault, &vault->trust) : rc;
}

static struct fg_channel **slot_of(struct vault_process *vault, const struct fg_ipc_peer *frame)
{
	if (frame->role == FG_ROLE_CORE)
		return &vault->core;
	if (frame->role == FG_ROLE_LOG)
		return &vault->log;
	return frame->link < FG_CONF_LINKS_MAX ? &vault->links[frame->link] : NULL;
}

static void peer(struct fg_role_process *process, const struct fg_ipc_peer *frame, int fd_take,
		 void *arg)
{
	struct vault_process *vault = arg;
	struct fg_channel **slot = slot_of(vault, frame);

	if (!slot)
		FG_BUG("peer %u of role %u is not configured", frame->link, frame->role);
	if (frame->role == FG_ROLE_LINK)
		drop_link(vault, frame->link);
	if (frame->role == FG_ROLE_CORE)
		drop_core(vault);
	TALLOC_FREE(*slot);
	*slot = fg_channel_new(fg_role_ctx(process), fg_loop_base(fg_role_loop(process)), fd_take,
			       FG_ROLE_VAULT, (enum fg_role)frame->role, NULL, &channel_ops, vault);
}

static enum fg_rc start(struct fg_role_process *process, void *arg)
{
	(void)process;
	(void)arg;
	return FG_OK;
}

static void stop(struct fg_role_process *process, void *arg)
{
	fg_vault_flush(((struct vault_process *)arg)->vault);
	fg_role_stopped(process);
}

static const struct fg_role_ops role_ops = {
	.configure = configure,
	.trust = trust,
	.peer = peer,
	.start = start,
	.stop = stop,
};

int fg_vault_main(int fd)
{
	struct vault_process vault = { 0 };

	return fg_role_run(FG_ROLE_VAULT, "vault", fd, &role_ops, &vault);
}
