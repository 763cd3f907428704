/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/parent/parent_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <talloc.h>
#include "gateway/parent/notify.h"
#include "gateway/parent/devices.h"
#include "gateway/parent/reload.h"
#include "gateway/parent/spawn.h"
#include "lib/base/log.h"

enum {
	CONF_PIECE = 30000,
	CONF_MAX = 256 * 1024,
	ALL_KEYS = (1 << FG_TRUST_KEY_COUNT) - 1,
};

const struct fg_parent_timings fg_parent_default_timings = {
	.backoff_min_ms = 100,
	.backoff_max_ms = 30000,
	.settled_ms = 60000,
	.ready_ms = 10000,
	.stop_ms = 10000,
};

/* Who leaves together: those who face the outside first, the log last. */
static const unsigned stages[] = {
	1u << FG_ROLE_SECURE | 1u << FG_ROLE_LINK,
	1u << FG_ROLE_CORE,
	1u << FG_ROLE_VAULT,
	1u << FG_ROLE_LOG,
};
enum { STAGES = sizeof(stages) / sizeof(stages[0]) };

static const struct {
	char slice;
	unsigned keys; /* that it makes and keeps */
} roles[FG_ROLE_COUNT] = {
	[FG_ROLE_LOG] = { 'L', 1u << FG_TRUST_LOG },
	[FG_ROLE_VAULT] = { 'V', 1u << FG_TRUST_VAULT },
	[FG_ROLE_CORE] = { 'C', 1u << FG_TRUST_RECEIPT | 1u << FG_TRUST_DIRECTORY },
	[FG_ROLE_LINK] = { 'K', 0 },
	[FG_ROLE_SECURE] = { 'S', 0 },
};

static void shut_down(struct parent *parent, int exit_code);

void fg_child_arm(struct child *child, uint32_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(child->timer, &tv);
}

/* A child that cannot be spoken to is of no use: its death is handled where all deaths are. */
void fg_child_kill(struct child *child, const char *why)
{
	if (!child->pid)
		return;
	LOGP(DMAIN, LOGL_NOTICE, "kill %s: %s\n", child->name, why);
	kill(child->pid, SIGKILL);
}

void fg_child_tell(struct child *child, const struct fg_frame *frame)
{
	if (child->channel && fg_channel_send(child->channel, frame) != FG_OK)
		fg_child_kill(child, "it does not listen");
}

void fg_child_tell_fd(struct child *child, const struct fg_frame *frame, int fd)
{
	if (child->channel && fg_channel_send_fd(child->channel, frame, fd) != FG_OK)
		fg_child_kill(child, "it does not listen");
}

/* ---- introductions ---- */

void fg_child_tell_conf(struct child *child, const struct fg_conf *conf, enum fg_ipc_type type)
{
	char *text = talloc_size(NULL, CONF_MAX);
	struct fg_frame frame = { .type = type };
	struct fg_bytes piece;
	size_t len = 0;

	if (!text || fg_conf_slice(conf, roles[child->role].slice, child->link, text, CONF_MAX,
				   &len) != FG_OK)
		FG_BUG("no slice for %s", child->name);
	for (size_t at = 0; at < len; at += piece.len) {
		piece = FG_BYTES(text + at, len - at < CONF_PIECE ? len - at : CONF_PIECE);
		if (type == FG_IPC_CONF)
			frame.conf = (struct fg_ipc_conf){ piece, at + piece.len == len, "" };
		else
			frame.reconf = (struct fg_ipc_reconf){ piece, at + piece.len == len, "" };
		fg_child_tell(child, &frame);
	}
	explicit_bzero(text, len); /* passwords */
	talloc_free(text);
}

static void tell_trust(struct child *child)
{
	const struct parent *parent = child->parent;
	struct fg_frame frame = { .type = FG_IPC_TRUST };

	frame.trust.gateway_id = parent->files.gateway_id;
	frame.trust.origin = FG_BYTES_TEXT(fg_files_origin(parent->conf));
	memcpy(frame.trust.log_key, parent->keys.key[FG_TRUST_LOG], 32);
	memcpy(frame.trust.vault_key, parent->keys.key[FG_TRUST_VAULT], 32);
	memcpy(frame.trust.receipt_key, parent->keys.key[FG_TRUST_RECEIPT], 32);
	memcpy(frame.trust.directory_key, parent->keys.key[FG_TRUST_DIRECTORY], 32);
	fg_child_tell(child, &frame);
}

static void prepare(struct child *child)
{
	const struct parent *parent = child->parent;

	tell_trust(child);
	fg_child_tell_listener(child);
	fg_child_tell_files(child, parent->conf);
	if (child->role == FG_ROLE_LINK)
		fg_devices_introduce(child);
	child->state = PREPARED;
}

/* Does ipc.def let these roles talk? */
static bool talk(enum fg_role a, enum fg_role b)
{
#define FG_IPC_BEGIN(NAME, name, number)
#include "lib/ipc/ipc_nofields.h"
#undef FG_IPC_CARRIES
#define FG_IPC_CARRIES(FROM, TO, NAME)                                                             \
	if ((a == FG_ROLE_##FROM && b == FG_ROLE_##TO) ||                                          \
	    (b == FG_ROLE_##FROM && a == FG_ROLE_##TO))                                            \
		return true;
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	return false;
}

static void tell_peer(struct child *child, const struct child *peer, int fd)
{
	struct fg_frame frame = { .type = FG_IPC_PEER };

	frame.peer.role = (uint8_t)peer->role;
	frame.peer.link = (uint16_t)peer->link;
	frame.peer.name = FG_BYTES_TEXT(peer->name);
	fg_child_tell_fd(child, &frame, fd);
}

static void connect_children(struct child *a, struct child *b)
{
	int fds[2];

	if (a == b || a->state < PREPARED || b->state < PREPARED || !talk(a->role, b->role))
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
		LOGP(DMAIN, LOGL_ERROR, "cannot connect %s and %s: %s\n", a->name, b->name,
		     strerror(errno));
		fg_child_kill(a, "it has not all its peers");
		return;
	}
	tell_peer(a, b, fds[0]);
	tell_peer(b, a, fds[1]);
	close(fds[0]);
	close(fds[1]);
}

static void start(struct child *child)
{
	const struct fg_frame frame = { .type = FG_IPC_START };

	child->state = STARTED;
	fg_child_tell(child, &frame);
}

/* All public keys are known for the first time: everybody who waits goes on, together. */
static void begin(struct parent *parent)
{
	enum fg_rc rc = fg_files_write_trust(parent->conf, &parent->files, &parent->keys);

	if (rc != FG_OK) {
		shut_down(parent, rc == FG_E_TRUST ? FG_EXIT_CONF : FG_EXIT_OS);
		return;
	}
	parent->trusted = true;
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].state == CONFIGURED && !parent->children[i].owes)
			prepare(&parent->children[i]);
	for (size_t i = 0; i < parent->count; i++)
		for (size_t k = i + 1; k < parent->count; k++)
			connect_children(&parent->children[i], &parent->children[k]);
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].state == PREPARED)
			start(&parent->children[i]);
}

/* A child that came back, and whose keys are the ones that are known. */
static void join(struct child *child)
{
	struct parent *parent = child->parent;

	prepare(child);
	for (size_t i = 0; i < parent->count; i++)
		connect_children(child, &parent->children[i]);
	start(child);
}

/* ---- what children say ---- */

static void take_key(struct child *child, const struct fg_ipc_public_key *key)
{
	struct parent *parent = child->parent;
	unsigned bit = key->kind < FG_TRUST_KEY_COUNT ? 1u << key->kind : 0;

	if (!(child->owes & bit)) {
		fg_child_kill(child, "it names a key that is not its own");
		return;
	}
	if ((parent->known & bit) && memcmp(parent->keys.key[key->kind], key->key, 32) != 0) {
		LOGP(DMAIN, LOGL_ERROR,
		     "stop: %s came back with another key; restore its folder from a backup\n",
		     child->name);
		shut_down(parent, FG_EXIT_CONF);
		return;
	}
	memcpy(parent->keys.key[key->kind], key->key, 32);
	parent->known |= bit;
	child->owes &= ~bit;
	if (child->owes || parent->stopping)
		return;
	if (parent->trusted)
		join(child);
	else if (parent->known == ALL_KEYS)
		begin(parent);
}

static void announce(struct parent *parent)
{
	uint64_t ms = fg_clock_mono_ms(fg_loop_clock(parent->loop)) - parent->began_ms;

	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].state != READY && !parent->children[i].away)
			return;
	if (parent->announced)
		return;
	parent->announced = true;
	printf("fallgated: ready in %" PRIu64 ".%02" PRIu64 " s, devices on %s:%u, control %s\n",
	       ms / 1000, ms % 1000 / 10, parent->conf->secure.address, parent->files.secure_port,
	       parent->files.control_path);
	fflush(stdout);
	fg_notify("READY=1");
}

/* The core may be another process than the one that asked: it is told of every link that stays away. */
static void tell_gone(const struct child *link)
{
	struct fg_frame frame = { .type = FG_IPC_GONE, .gone.link = (uint16_t)link->link };
	struct child *core = fg_child_of(link->parent, FG_ROLE_CORE, 0);

	if (core->state == READY)
		fg_child_tell(core, &frame);
}

static void take_ready(struct child *child)
{
	struct parent *parent = child->parent;

	if (child->state != STARTED)
		return;
	child->state = READY;
	event_del(child->timer);
	LOGP(DMAIN, LOGL_INFO, "ready %s: pid=%d\n", child->name, child->pid);
	for (size_t i = 0; child->role == FG_ROLE_CORE && i < parent->count; i++)
		if (parent->children[i].away && !parent->children[i].pid)
			tell_gone(&parent->children[i]);
	announce(parent);
}

static void take_away(struct parent *parent, const struct fg_ipc_away *away)
{
	struct child *child = fg_child_of(parent, FG_ROLE_LINK, away->link);

	if (!child || child->removed || parent->stopping)
		return;
	child->away = away->away != 0;
	LOGP(DMAIN, LOGL_NOTICE,
	     child->away ? "do not start %s again: it is drained\n"
			 : "start %s again: it is resumed\n",
	     child->name);
	if (child->pid)
		return;
	if (child->away) {
		event_del(child->timer);
		tell_gone(child);
	} else {
		fg_child_spawn(child);
	}
}

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct child *child = arg;

	(void)channel;
	(void)fd_take; /* no frame to the parent takes one */
	switch (frame->type) {
	case FG_IPC_PUBLIC_KEY:
		take_key(child, &frame->public_key);
		break;
	case FG_IPC_NOTICE: /* the child has logged it to the same place */
		break;
	case FG_IPC_READY:
		take_ready(child);
		break;
	case FG_IPC_RECONFED:
		fg_reload_answer(child, &frame->reconfed);
		break;
	case FG_IPC_RELOAD:
		fg_reload_begin(child->parent, true, frame->reload.token);
		break;
	case FG_IPC_DEVICE:
		fg_devices_answer(child, frame->device.nth);
		break;
	case FG_IPC_AWAY:
		take_away(child->parent, &frame->away);
		break;
	default:
		FG_BUG("frame %s from %s", fg_frame_name(frame->type), child->name);
	}
}

/* It is dying, and then SIGCHLD comes; or it misbehaves, and then the timer. */
static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct child *child = arg;

	talloc_free(channel);
	child->channel = NULL;
	if (rc != FG_E_CLOSED)
		fg_child_kill(child, fg_rc_text(rc));
	else if (!child->parent->stopping)
		fg_child_arm(child, child->parent->timings.ready_ms);
}

static const struct fg_channel_ops child_ops = { .frame = on_frame, .closed = on_closed };

/* ---- life and death ---- */

static uint64_t now_ms(const struct parent *parent)
{
	return fg_clock_mono_ms(fg_loop_clock(parent->loop));
}

static void restart_later(struct child *child)
{
	const struct fg_parent_timings *t = &child->parent->timings;
	uint32_t wait = child->backoff_ms ? child->backoff_ms : t->backoff_min_ms;

	if (now_ms(child->parent) - child->spawned_ms >= t->settled_ms)
		wait = t->backoff_min_ms;
	child->backoff_ms = wait > t->backoff_max_ms / 2 ? t->backoff_max_ms : wait * 2;
	LOGP(DMAIN, LOGL_NOTICE, "restart %s: in %u ms\n", child->name, wait);
	fg_child_arm(child, wait);
}

void fg_child_spawn(struct child *child)
{
	struct parent *parent = child->parent;
	const struct fg_spawn what = { parent->program, parent->conf, child->role, child->link,
				       child->name };
	int fd;

	child->spawned_ms = now_ms(parent);
	if (fg_spawn(&what, &child->pid, &fd) != FG_OK) {
		LOGP(DMAIN, LOGL_ERROR, "cannot start %s: %s\n", child->name, strerror(errno));
		restart_later(child);
		return;
	}
	child->channel = fg_channel_new(parent, fg_loop_base(parent->loop), fd, FG_ROLE_PARENT,
					child->role, NULL, &child_ops, child);
	child->state = CONFIGURED;
	child->owes = roles[child->role].keys;
	fg_child_arm(child, parent->timings.ready_ms);
	if (!child->channel) {
		fg_child_kill(child, "no memory for its channel");
		return;
	}
	fg_child_tell_conf(child, parent->conf, FG_IPC_CONF);
	if (parent->trusted && !child->owes)
		join(child);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	bool waits_for_others = child->channel && child->state == CONFIGURED && !child->owes;

	(void)fd;
	(void)what;
	if (!child->pid)
		fg_child_spawn(child);
	else if (waits_for_others)
		fg_child_arm(child, child->parent->timings.ready_ms);
	else if (child->again || child->away)
		fg_child_kill(child, "it does not stop in time");
	else
		fg_child_kill(child, "it is not ready in time");
}

/* Links hold clear text that only the vault that gave it can settle. */
static void restart_links(struct parent *parent)
{
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].role == FG_ROLE_LINK)
			fg_child_kill(&parent->children[i], "the vault died");
}

static void advance_stop(struct parent *parent);

static void child_died(struct child *child, int status)
{
	struct parent *parent = child->parent;
	char how[128];

	LOGP(DMAIN, parent->stopping ? LOGL_INFO : LOGL_ERROR, "died %s: %s pid=%d\n", child->name,
	     fg_spawn_ended(status, how, sizeof(how)), child->pid);
	TALLOC_FREE(child->channel);
	child->pid = 0;
	child->state = DOWN;
	event_del(child->timer);
	fg_reload_died(child);
	if (parent->stopping) {
		advance_stop(parent);
		return;
	}
	if (child->away)
		tell_gone(child);
	else if (child->again)
		fg_child_arm(child, 0);
	else
		restart_later(child);
	child->again = false;
	if (child->role == FG_ROLE_VAULT)
		restart_links(parent);
}

static void on_sigchld(evutil_socket_t fd, short what, void *arg)
{
	struct parent *parent = arg;
	int status;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].pid &&
		    waitpid(parent->children[i].pid, &status, WNOHANG) > 0)
			child_died(&parent->children[i], status);
}

/* ---- the end ---- */

/* Stop everybody of the present stage; when all of it are gone, of the next. */
static void advance_stop(struct parent *parent)
{
	const struct fg_frame stop = { .type = FG_IPC_STOP };
	size_t alive = 0;

	for (; parent->stopping <= STAGES; parent->stopping++) {
		for (size_t i = 0; i < parent->count; i++)
			alive += parent->children[i].pid &&
				 (stages[parent->stopping - 1] & 1u << parent->children[i].role);
		if (alive)
			break;
		if (parent->stopping == STAGES) {
			fg_loop_stop(parent->loop);
			return;
		}
		for (size_t i = 0; i < parent->count; i++)
			if (stages[parent->stopping] & 1u << parent->children[i].role)
				fg_child_tell(&parent->children[i], &stop);
	}
}

static void shut_down(struct parent *parent, int exit_code)
{
	const struct fg_frame stop = { .type = FG_IPC_STOP };
	const struct timeval deadline = { .tv_sec = parent->timings.stop_ms / 1000,
					  .tv_usec = parent->timings.stop_ms % 1000 * 1000 };

	if (parent->stopping)
		return;
	fg_notify("STOPPING=1");
	parent->stopping = 1;
	parent->exit_code = exit_code;
	event_add(parent->deadline, &deadline);
	for (size_t i = 0; i < parent->count; i++) {
		event_del(parent->children[i].timer);
		if (stages[0] & 1u << parent->children[i].role)
			fg_child_tell(&parent->children[i], &stop);
	}
	advance_stop(parent);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct parent *parent = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < parent->count; i++)
		fg_child_kill(&parent->children[i], "it does not stop in time");
}

static void on_stop_signal(evutil_socket_t signal_number, short what, void *arg)
{
	(void)what;
	LOGP(DMAIN, LOGL_NOTICE, "stop: %s\n", strsignal((int)signal_number));
	shut_down(arg, FG_EXIT_OK);
}

static void on_hangup(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fg_reload_begin(arg, false, 0);
}

/* ---- the beginning ---- */

struct child *fg_child_of(struct parent *parent, enum fg_role role, unsigned link)
{
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].role == role && parent->children[i].link == link)
			return &parent->children[i];
	return NULL;
}

struct child *fg_child_add(struct parent *parent, enum fg_role role, unsigned link,
			   const char *name)
{
	struct child *child = &parent->children[parent->count++];

	*child = (struct child){ .parent = parent, .role = role, .link = link };
	snprintf(child->name, sizeof(child->name), "%s", name);
	child->timer = event_new(fg_loop_base(parent->loop), -1, 0, on_timer, child);
	return child;
}

static void add_children(struct parent *parent)
{
	fg_child_add(parent, FG_ROLE_LOG, 0, "log");
	fg_child_add(parent, FG_ROLE_VAULT, 0, "vault");
	fg_child_add(parent, FG_ROLE_CORE, 0, "core");
	for (unsigned i = 0; i < parent->conf->links_count; i++)
		fg_child_add(parent, FG_ROLE_LINK, i, parent->conf->links[i].name);
	fg_child_add(parent, FG_ROLE_SECURE, 0, "secure");
}

static void watch_signals(struct parent *parent)
{
	static const struct {
		int number;
		event_callback_fn act;
	} watched[] = {
		{ SIGCHLD, on_sigchld },
		{ SIGTERM, on_stop_signal },
		{ SIGINT, on_stop_signal },
		{ SIGHUP, on_hangup },
	};

	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		parent->signals[i] = evsignal_new(fg_loop_base(parent->loop), watched[i].number,
						  watched[i].act, parent);
		event_add(parent->signals[i], NULL);
	}
	parent->deadline = event_new(fg_loop_base(parent->loop), -1, 0, on_deadline, parent);
}

static void free_events(struct parent *parent)
{
	for (size_t i = 0; i < sizeof(parent->signals) / sizeof(parent->signals[0]); i++)
		event_free(parent->signals[i]);
	event_free(parent->deadline);
	for (size_t i = 0; i < parent->count; i++)
		event_free(parent->children[i].timer);
}

void fg_parent_conf_changed(struct parent *parent)
{
	uint32_t most = (uint32_t)parent->conf->gateway.restart_max_ms;

	parent->timings.backoff_max_ms =
		parent->default_max_ms < most ? parent->default_max_ms : most;
}

int fg_parent_run(const struct fg_parent_options *options)
{
	struct parent *parent = talloc_zero(NULL, struct parent);
	enum fg_rc rc;
	int exit_code;

	if (parent)
		parent->conf = talloc_memdup(parent, options->conf, sizeof(*options->conf));
	if (!parent || !parent->conf || !(parent->loop = fg_loop_new(parent))) {
		talloc_free(parent);
		return FG_EXIT_OS;
	}
	parent->conf_path = options->conf_path;
	parent->program = options->program;
	parent->timings = options->timings;
	parent->default_max_ms = parent->timings.backoff_max_ms;
	fg_parent_conf_changed(parent);
	fg_reload_note_files(parent);
	parent->began_ms = now_ms(parent);
	fg_spawn_say_weaknesses(options->conf);
	rc = fg_files_open(options->conf, &parent->files);
	if (rc != FG_OK) {
		talloc_free(parent);
		return rc == FG_E_CONF ? FG_EXIT_CONF : FG_EXIT_OS;
	}
	watch_signals(parent);
	add_children(parent);
	for (size_t i = 0; i < parent->count; i++)
		fg_child_spawn(&parent->children[i]);
	fg_loop_run(parent->loop);
	free_events(parent);
	fg_files_close(&parent->files);
	exit_code = parent->exit_code;
	fg_reload_free(parent);
	explicit_bzero(parent->conf, sizeof(*parent->conf)); /* passwords */
	talloc_free(parent);
	return exit_code;
}
