/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The role of a clear-side link. Without the vault it is nothing: when that channel goes it exits,
 * the parent starts it again, and the vault calls what was in flight unknown.
 */
#include "adapters/host.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/ipc/channel.h"
#include "lib/ipc/role.h"

struct link_process {
	struct fg_role_process *process;
	const struct fg_conf_links *conf;
	struct fg_channel *vault;
	struct fg_adapter_host *host;
	struct fg_host_link_state state;
	bool draining;
	bool core;       /* it is there, as the vault says */
	unsigned idle_s; /* draining, without an open job */
};

/* ours: a vault that does not answer holds nobody up */
static const struct timeval vault_patience = { .tv_sec = 2 };
/* ours: a report that went to a core which died is never stored; not acknowledged, the carrier repeats it at the next bind */
enum { REPORTS_PATIENCE_S = 4 };

/* What the core has to answer is asked while it is there. */
static bool is_heard(const struct link_process *link)
{
#ifndef FG_MUTANT_link_reach
	if (!link->core)
		return false;
#endif
	return link->vault && fg_channel_is_open(link->vault);
}

static void send_state(void *arg, const struct fg_host_link_state *state)
{
	struct link_process *link = arg;
	struct fg_frame frame = { .type = FG_IPC_LINK };

	link->state = *state;
	if (!link->vault || !fg_channel_is_open(link->vault))
		return; /* said again when it opens */
	frame.link.up = state->up;
	frame.link.credits = state->credits;
	frame.link.in_flight = state->in_flight;
	frame.link.carrier_code = state->carrier_code;
	frame.link.note = FG_BYTES_TEXT(link->state.note);
	frame.link.rate = state->more.rate;
	frame.link.throttled = state->more.throttled;
	frame.link.round_trip_ms = state->more.round_trip_ms;
	frame.link.window = state->more.window;
	frame.link.unanswered = state->more.unanswered;
	frame.link.own_code = state->more.own_code;
	frame.link.own_note = FG_BYTES_TEXT(link->state.more.own_note);
	if (fg_channel_answer(link->vault, &frame) != FG_OK)
		fg_role_fail(link->process, FG_E_IPC_FULL, "link state");
}

static void send_outcome(void *arg, const struct fg_job_outcome *outcome)
{
	struct link_process *link = arg;
	uint8_t refs[FG_HOST_REFS_MAX];
	struct fg_frame frame;

	fg_host_outcome_to_frame(outcome, refs, &frame);
	/* An outcome that cannot be told must become unknown at the vault: leaving does that. */
	if (!link->vault || fg_channel_answer(link->vault, &frame) != FG_OK)
		fg_role_fail(link->process, FG_E_IPC_FULL, "outcome");
}

static enum fg_rc send_report(void *arg, const struct fg_delivery_report *report)
{
	struct link_process *link = arg;
	struct fg_frame frame = { .type = FG_IPC_DLR };

	if (!is_heard(link))
		return FG_E_IPC_FULL;
	frame.dlr.token = report->token;
	frame.dlr.ref = FG_BYTES_TEXT(report->ref);
	frame.dlr.state = report->state;
	frame.dlr.final = report->final;
	frame.dlr.error = FG_BYTES_TEXT(report->error);
	frame.dlr.has_reference = report->has_reference;
	frame.dlr.message_reference = report->message_reference;
	frame.dlr.destination = FG_BYTES_TEXT(report->destination);
	frame.dlr.done_ms = report->done_ms;
	return fg_channel_send(link->vault, &frame);
}

static enum fg_rc send_submit(void *arg, const struct fg_submission *in)
{
	struct link_process *link = arg;
	struct fg_frame frame = { .type = FG_IPC_SUBMIT };
	struct fg_ipc_submit *out = &frame.submit;

	if (!is_heard(link))
		return FG_E_IPC_FULL;
	out->token = in->token;
	out->kind = in->kind;
	out->account = FG_BYTES_TEXT(in->account);
	out->source = FG_BYTES_TEXT(in->source);
	out->destination = FG_BYTES_TEXT(in->destination);
	out->message_class = in->message_class;
	out->flags = in->flags;
	out->delay_s = in->delay_s;
	out->validity_s = in->validity_s;
	out->registered = in->registered;
	out->protocol_id = in->protocol_id;
	out->has_reference = in->has_reference;
	out->reference = in->reference;
	out->concat_ref = in->concat_ref;
	out->concat_total = in->concat_total;
	out->concat_part = in->concat_part;
	out->key = in->key;
	out->text = in->text;
	return fg_channel_send(link->vault, &frame);
}

static enum fg_rc send_question(void *arg, const struct fg_app_question *in)
{
	struct link_process *link = arg;
	struct fg_frame frame = { .type = FG_IPC_APP_ASK };

	if (!is_heard(link))
		return FG_E_IPC_FULL;
	frame.app_ask.token = in->token;
	frame.app_ask.what = (uint8_t)in->what;
	frame.app_ask.account = FG_BYTES_TEXT(in->account);
	frame.app_ask.message_id = in->message_id;
	frame.app_ask.source = FG_BYTES_TEXT(in->source);
	frame.app_ask.destination = FG_BYTES_TEXT(in->destination);
	frame.app_ask.validity_s = in->validity_s;
	frame.app_ask.has_delay = in->has_delay;
	frame.app_ask.delay_s = in->delay_s;
	frame.app_ask.registered = in->registered;
	frame.app_ask.text = in->text;
	return fg_channel_send(link->vault, &frame);
}

static void send_told(void *arg, const char *account, const struct fg_id *message_id, bool final,
		      enum fg_outcome outcome)
{
	struct link_process *link = arg;
	struct fg_frame frame = { .type = FG_IPC_APP_TOLD };

	frame.app_told.account = FG_BYTES_TEXT(account);
	frame.app_told.message_id = *message_id;
	frame.app_told.final = final;
	frame.app_told.outcome = (uint8_t)outcome;
	if (!link->vault || fg_channel_answer(link->vault, &frame) != FG_OK)
		fg_role_fail(link->process, FG_E_IPC_FULL, "what an application was told");
}

static void send_bound(void *arg, const char *account, uint16_t receivers, uint32_t credits)
{
	struct link_process *link = arg;
	struct fg_frame frame = { .type = FG_IPC_APP_BOUND };

	if (!link->vault || !fg_channel_is_open(link->vault))
		return; /* said again when the core is there */
	frame.app_bound.account = FG_BYTES_TEXT(account);
	frame.app_bound.receivers = receivers;
	frame.app_bound.credits = credits;
	if (fg_channel_answer(link->vault, &frame) != FG_OK)
		fg_role_fail(link->process, FG_E_IPC_FULL, "binds of an account");
}

static void leave(evutil_socket_t fd, short what, void *arg)
{
	struct link_process *link = arg;

	(void)fd;
	(void)what;
	fg_host_close(link->host);
	if (link->vault)
		fg_channel_flush(link->vault);
	fg_role_stopped(link->process);
}

/* The adapter is still inside its call: close it in the next turn. */
static void drained(void *arg)
{
	struct link_process *link = arg;
	struct timeval now = { 0, 0 };

	if (link->draining)
		event_base_once(fg_loop_base(fg_role_loop(link->process)), -1, EV_TIMEOUT, leave,
				link, &now);
}

static void ask_device(void *arg, unsigned nth)
{
	struct link_process *link = arg;
	struct fg_frame frame = { .type = FG_IPC_DEVICE, .device.nth = (uint16_t)nth };

	if (fg_role_tell_parent(link->process, &frame) != FG_OK)
		fg_role_fail(link->process, FG_E_IPC_FULL, "device");
}

static const struct fg_host_ops host_ops = {
	.state = send_state,
	.outcome = send_outcome,
	.report = send_report,
	.drained = drained,
	.submit = send_submit,
	.ask = send_question,
	.told = send_told,
	.bound = send_bound,
	.device = ask_device,
};

static void take_job(struct link_process *link, const struct fg_ipc_job *frame)
{
	uint32_t offsets[FG_PARTS_MAX];
	struct fg_job job;
	enum fg_rc rc = fg_host_job_from_frame(frame, offsets, &job);

	if (rc != FG_OK)
		fg_role_fail(link->process, rc, "job of the vault");
	fg_host_job_take(link->host, &job);
}

static void take_answer(struct link_process *link, const struct fg_ipc_app_answer *frame)
{
	const struct fg_app_answer answer = { .token = frame->token,
					      .rc = frame->rc < FG_RC_COUNT ? (enum fg_rc)frame->rc
									    : FG_E_STATE,
					      .state = frame->state,
					      .error = frame->error,
					      .done_ms = frame->done_ms };

	fg_host_answer(link->host, &answer);
}

static void take_reach(struct link_process *link, bool core)
{
	if (core == link->core)
		return;
	link->core = core;
	fg_host_reach(link->host, core);
}

static const struct timeval second = { .tv_sec = 1 };

static void watch_drain(evutil_socket_t fd, short what, void *arg)
{
	struct link_process *link = arg;

	link->idle_s = fg_host_open_jobs(link->host) ? 0 : link->idle_s + 1;
	if (link->idle_s >= REPORTS_PATIENCE_S)
		leave(fd, what, arg);
	else
		event_base_once(fg_loop_base(fg_role_loop(link->process)), -1, EV_TIMEOUT,
				watch_drain, link, &second);
}

/* Nothing comes any more: finish, then leave. */
static void drain(struct link_process *link)
{
	if (link->draining)
		return;
	link->draining = true;
	event_base_once(fg_loop_base(fg_role_loop(link->process)), -1, EV_TIMEOUT, watch_drain,
			link, &second);
	fg_host_drain(link->host);
}

static void vault_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
			void *arg)
{
	struct link_process *link = arg;
	struct fg_host_receipt_texts texts;
	struct fg_app_receipt receipt;

	(void)channel;
	if (fd_take >= 0)
		close(fd_take);
	if (frame->type == FG_IPC_JOB)
		take_job(link, &frame->job);
	else if (frame->type == FG_IPC_STORED)
		fg_host_stored(link->host, frame->stored.token);
	else if (frame->type == FG_IPC_DRAIN)
		drain(link);
	else if (frame->type == FG_IPC_REACH)
		take_reach(link, frame->reach.core != 0);
	else if (frame->type == FG_IPC_TAKEN)
		fg_host_taken(link->host, frame->taken.token, &frame->taken.message_id,
			      frame->taken.rc < FG_RC_COUNT ? (enum fg_rc)frame->taken.rc
							    : FG_E_STATE);
	else if (frame->type == FG_IPC_APP_ANSWER)
		take_answer(link, &frame->app_answer);
	else if (frame->type == FG_IPC_APP_RECEIPT &&
		 fg_host_receipt_from_frame(&frame->app_receipt, &texts, &receipt) == FG_OK)
		fg_host_receipt(link->host, &receipt);
}

static void vault_open(struct fg_channel *channel, void *arg)
{
	struct link_process *link = arg;
	struct fg_host_link_state state = link->state;

	(void)channel;
	send_state(link, &state);
}

static void vault_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct link_process *link = arg;

	(void)channel;
	fg_role_fail(link->process, rc, "channel to the vault");
}

/* Before the cage, which lets nobody change a limit: a listener holds a descriptor for each connection. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static enum fg_rc configure(struct fg_role_process *process, const struct fg_conf *conf, void *arg)
{
	struct link_process *link = arg;

	if (conf->links_count != 1)
		return FG_E_CONF;
	if (fg_crypto_init() != FG_OK)
		return FG_E_CRYPTO_INIT;
	if (fg_clear_probe() != FG_OK) {
		if (!conf->gateway.allow_unlocked)
			return FG_E_LOCKED_MEMORY;
		fg_clear_allow_unlocked();
		fg_role_notice(
			process,
			"clear text is in memory that may be swapped out (allow_unlocked = yes)");
	}
	allow_descriptors();
	link->process = process;
	link->conf = &conf->links[0];
	link->host = fg_host_new(fg_role_ctx(process), link->conf->name, &host_ops, link);
	if (!link->host)
		return FG_E_NO_MEMORY;
	fg_host_set_conf(link->host, conf);
	return FG_OK;
}

static void file(struct fg_role_process *process, enum fg_role_file kind, int fd_take, void *arg)
{
	struct link_process *link = arg;

	(void)process;
	if (link->host && kind == FG_FILE_LINK_DEVICE)
		fg_host_device(link->host, fd_take, false, "");
	else if (link->host && kind < FG_FILE_COUNT)
		fg_host_set_file(link->host, kind, fd_take);
	else
		close(fd_take);
}

static void told(struct fg_role_process *process, const struct fg_frame *frame, void *arg)
{
	struct link_process *link = arg;
	char why[128];

	(void)process;
	if (frame->type != FG_IPC_NO_DEVICE)
		return;
	snprintf(why, sizeof(why), "%.*s", (int)frame->no_device.why.len,
		 (const char *)frame->no_device.why.data);
	fg_host_device(link->host, -1, frame->no_device.more != 0, why);
}

static void peer(struct fg_role_process *process, const struct fg_ipc_peer *frame, int fd_take,
		 void *arg)
{
	static const struct fg_channel_ops vault_ops = { .frame = vault_frame,
							 .open = vault_open,
							 .closed = vault_closed };
	struct link_process *link = arg;

	if (frame->role != FG_ROLE_VAULT) {
		close(fd_take);
		return;
	}
	if (link->vault)
		fg_role_fail(process, FG_E_CLOSED, "the vault was replaced");
	link->vault = fg_channel_new(fg_role_ctx(process), fg_loop_base(fg_role_loop(process)),
				     fd_take, FG_ROLE_LINK, FG_ROLE_VAULT, NULL, &vault_ops, link);
	if (!link->vault)
		fg_role_fail(process, FG_E_NO_MEMORY, "channel to the vault");
}

static enum fg_rc start(struct fg_role_process *process, void *arg)
{
	struct link_process *link = arg;
	const struct fg_adapter_ops *ops = fg_adapter_find(link->conf->adapter);

	return ops ? fg_host_open(link->host, ops, fg_role_loop(process), link->conf) : FG_E_CONF;
}

_Static_assert((int)FG_ADAPTER_WHY_MAX <= (int)FG_ROLE_WHY_MAX, "an adapter's reason fits");

static enum fg_rc prepare(struct fg_role_process *process, const struct fg_conf *next,
			  char why[static FG_ROLE_WHY_MAX], void *arg)
{
	struct link_process *link = arg;

	(void)process;
	return fg_host_prepare(link->host, next, why);
}

static void adopt(struct fg_role_process *process, bool adopt, void *arg)
{
	struct link_process *link = arg;

	(void)process;
	fg_host_adopt(link->host, adopt);
}

static void vault_is_silent(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drain(arg);
}

/* A job that is on its way would be lost to a link that leaves, and be in doubt: the vault answers DRAIN when there is none. */
static void stop(struct fg_role_process *process, void *arg)
{
	struct link_process *link = arg;
	const struct fg_frame leaving = { .type = FG_IPC_DRAIN };

	if (!link->vault || !fg_channel_is_open(link->vault) ||
	    fg_channel_answer(link->vault, &leaving) != FG_OK)
		drain(link);
	else
		event_base_once(fg_loop_base(fg_role_loop(process)), -1, EV_TIMEOUT,
				vault_is_silent, link, &vault_patience);
}

int fg_link_main(int fd, unsigned link)
{
	static const struct fg_role_ops ops = { .configure = configure,
						.file = file,
						.peer = peer,
						.start = start,
						.prepare = prepare,
						.adopt = adopt,
						.told = told,
						.stop = stop };
	struct link_process process = { 0 };
	char name[16];

	snprintf(name, sizeof(name), "link%u", link);
	return fg_role_run(FG_ROLE_LINK, name, fd, &ops, &process);
}
