/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The life of a child: what the parent tells it, in the order of role.h, then its cage, then work until STOP.
 */
#include "lib/ipc/role.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <talloc.h>
#include "lib/base/cage.h"
#include "lib/base/conf.h"
#include "lib/base/log.h"

enum { CONF_MAX = 1 << 20 };

enum stage { STAGE_CONF, STAGE_TRUST, STAGE_FILES, STAGE_WORKING, STAGE_STOPPING };

struct fg_role_process {
	enum fg_role role;
	const char *name;
	const struct fg_role_ops *ops;
	void *arg;
	struct fg_loop *loop;
	struct fg_channel *parent;
	enum stage stage;
	char *conf_text; /* what came so far */
	size_t conf_len;
	struct fg_conf conf, *next; /* next: prepared, not adopted; NULL: none */
	int exit_code;
};

static const struct {
	char conf;
	enum fg_cage cage;
} roles[FG_ROLE_COUNT] = {
	[FG_ROLE_CORE] = { 'C', FG_CAGE_CORE },   [FG_ROLE_LOG] = { 'L', FG_CAGE_LOG },
	[FG_ROLE_VAULT] = { 'V', FG_CAGE_VAULT }, [FG_ROLE_SECURE] = { 'S', FG_CAGE_SECURE },
	[FG_ROLE_LINK] = { 'K', FG_CAGE_LINK },
};

static void leave(struct fg_role_process *process, int exit_code)
{
	process->exit_code = exit_code;
	process->stage = STAGE_STOPPING;
	fg_channel_flush(process->parent);
	fg_loop_stop(process->loop);
}

static void say_notices(struct fg_role_process *process, const struct fg_cage_notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		fg_role_notice(process, "%s", notices->text[i]);
}

/* ---- what the parent says ---- */

static enum fg_rc configure(struct fg_role_process *process)
{
	char letter = roles[process->role].conf;
	enum fg_rc rc =
		fg_conf_parse_slice(process->conf_text, process->conf_len, letter, &process->conf);

	explicit_bzero(process->conf_text, process->conf_len); /* passwords */
	TALLOC_FREE(process->conf_text);
	process->conf_len = 0;
	if (rc == FG_OK)
		rc = fg_log_init(process, process->name, process->conf.gateway.log_level);
	if (rc == FG_OK)
		rc = process->ops->configure(process, &process->conf, process->arg);
	process->stage = STAGE_TRUST;
	return rc;
}

static enum fg_rc take_piece(struct fg_role_process *process, const struct fg_bytes *piece)
{
	char *grown;

	if (process->conf_len + piece->len > CONF_MAX)
		return FG_E_STATE;
	grown = talloc_size(process, process->conf_len + piece->len + 1);
	if (!grown)
		return FG_E_NO_MEMORY;
	if (process->conf_len)
		memcpy(grown, process->conf_text, process->conf_len);
	if (piece->len)
		memcpy(grown + process->conf_len, piece->data, piece->len);
	if (process->conf_text)
		explicit_bzero(process->conf_text, process->conf_len);
	talloc_free(process->conf_text);
	process->conf_text = grown;
	process->conf_len += piece->len;
	return FG_OK;
}

static enum fg_rc take_conf(struct fg_role_process *process, const struct fg_ipc_conf *conf)
{
	enum fg_rc rc =
		process->stage == STAGE_CONF ? take_piece(process, &conf->text) : FG_E_STATE;

	return rc == FG_OK && conf->last ? configure(process) : rc;
}

/* ---- a changed configuration ---- */

static void forget_next(struct fg_role_process *process)
{
	if (process->next)
		explicit_bzero(process->next, sizeof(*process->next)); /* passwords */
	TALLOC_FREE(process->next);
}

static enum fg_rc answer_parent(struct fg_role_process *process, bool adopted, enum fg_rc rc,
				const char *text)
{
	struct fg_frame frame = { .type = FG_IPC_RECONFED };

	frame.reconfed.adopted = adopted;
	frame.reconfed.rc = (uint16_t)rc;
	frame.reconfed.text = FG_BYTES_TEXT(text);
	return fg_channel_send(process->parent, &frame);
}

static enum fg_rc prepare(struct fg_role_process *process)
{
	char why[FG_ROLE_WHY_MAX] = "";
	enum fg_rc rc = FG_E_NO_MEMORY;

	process->next = talloc_zero(process, struct fg_conf);
	if (process->next)
		rc = fg_conf_parse_slice(process->conf_text, process->conf_len,
					 roles[process->role].conf, process->next);
	explicit_bzero(process->conf_text, process->conf_len);
	TALLOC_FREE(process->conf_text);
	process->conf_len = 0;
	if (rc == FG_OK && process->ops->prepare)
		rc = process->ops->prepare(process, process->next, why, process->arg);
	return answer_parent(process, false, rc, *why || rc == FG_OK ? why : fg_rc_text(rc));
}

static enum fg_rc take_reconf(struct fg_role_process *process, const struct fg_ipc_reconf *reconf)
{
	enum fg_rc rc;

	if (process->stage == STAGE_STOPPING)
		return FG_OK;
	if (process->stage != STAGE_WORKING || process->next)
		return FG_E_STATE;
	rc = take_piece(process, &reconf->text);
	return rc == FG_OK && reconf->last ? prepare(process) : rc;
}

static enum fg_rc adopt(struct fg_role_process *process, bool take)
{
	if (process->stage == STAGE_STOPPING)
		return FG_OK;
	if (!process->next)
		return take ? FG_E_STATE : FG_OK;
	if (take)
		process->conf = *process->next;
	if (process->ops->adopt)
		process->ops->adopt(process, take, process->arg);
	forget_next(process);
	if (!take)
		return FG_OK;
	LOGP(DCONF, LOGL_INFO, "take %s: a changed configuration\n", process->name);
	fg_log_init(process, process->name, process->conf.gateway.log_level);
	return answer_parent(process, true, FG_OK, "");
}

static enum fg_rc told(struct fg_role_process *process, const struct fg_frame *frame)
{
	if (process->ops->told && process->stage == STAGE_WORKING)
		process->ops->told(process, frame, process->arg);
	return FG_OK;
}

static enum fg_rc take_trust(struct fg_role_process *process, const struct fg_ipc_trust *trust)
{
	if (process->stage != STAGE_TRUST)
		return FG_E_STATE;
	process->stage = STAGE_FILES;
	return process->ops->trust ? process->ops->trust(process, trust, process->arg) : FG_OK;
}

/* A descriptor that nobody asked for is closed. */
static enum fg_rc take_descriptor(struct fg_role_process *process, const struct fg_frame *frame,
				  int fd_take)
{
	bool early = process->stage < STAGE_FILES;

	if (!early && frame->type == FG_IPC_PEER && process->ops->peer)
		process->ops->peer(process, &frame->peer, fd_take, process->arg);
	else if (!early && frame->type == FG_IPC_FILE && process->ops->file)
		process->ops->file(process, (enum fg_role_file)frame->file.kind, fd_take,
				   process->arg);
	else
		close(fd_take);
	return early ? FG_E_STATE : FG_OK;
}

/* A link connects or is connected to, never both. */
static enum fg_cage cage_of(const struct fg_role_process *process)
{
	const struct fg_conf *conf = &process->conf;

	if (process->role == FG_ROLE_LINK && conf->links_count == 1 &&
	    strcmp(conf->links[0].adapter, "smpp-server") == 0)
		return FG_CAGE_SERVER;
	return roles[process->role].cage;
}

static enum fg_rc start(struct fg_role_process *process)
{
	const struct fg_frame ready = { .type = FG_IPC_READY };
	struct fg_cage_notices notices = { 0 };
	enum fg_rc rc;

	if (process->stage != STAGE_FILES)
		return FG_E_STATE;
	process->stage = STAGE_WORKING;
	fg_cage_lock(cage_of(process), &notices);
	say_notices(process, &notices);
	rc = process->ops->start(process, process->arg);
	return rc == FG_OK && process->stage == STAGE_WORKING
		       ? fg_channel_send(process->parent, &ready)
		       : rc;
}

static void stop(struct fg_role_process *process)
{
	bool working = process->stage == STAGE_WORKING;

	process->stage = STAGE_STOPPING;
	if (working && process->ops->stop)
		process->ops->stop(process, process->arg);
	else
		fg_role_stopped(process);
}

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct fg_role_process *process = arg;
	enum fg_rc rc = FG_OK;

	(void)channel;
	switch (frame->type) {
	case FG_IPC_CONF:
		rc = take_conf(process, &frame->conf);
		break;
	case FG_IPC_TRUST:
		rc = take_trust(process, &frame->trust);
		break;
	case FG_IPC_START:
		rc = start(process);
		break;
	case FG_IPC_STOP:
		stop(process);
		break;
	case FG_IPC_RECONF:
		rc = take_reconf(process, &frame->reconf);
		break;
	case FG_IPC_ADOPT:
		rc = adopt(process, frame->adopt.adopt != 0);
		break;
	case FG_IPC_RELOADED:
	case FG_IPC_GONE:
	case FG_IPC_NO_DEVICE:
		rc = told(process, frame);
		break;
	default:
		rc = take_descriptor(process, frame, fd_take);
	}
	if (rc != FG_OK)
		fg_role_fail(process, rc, fg_frame_name(frame->type));
}

/* Without its parent a role is of no use: nobody would restart its peers, or it. */
static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct fg_role_process *process = arg;

	(void)channel;
	if (process->stage != STAGE_STOPPING)
		LOGP(DMAIN, LOGL_NOTICE, "leave %s: the parent is gone: %s\n", process->name,
		     fg_rc_text(rc));
	process->exit_code = 1;
	fg_loop_stop(process->loop);
}

static const struct fg_channel_ops parent_ops = { .frame = on_frame, .closed = on_closed };

/* ---- the process ---- */

static struct fg_role_process *make_process(enum fg_role role, const char *name, int fd,
					    const struct fg_role_ops *ops, void *arg)
{
	struct fg_role_process *process = talloc_zero(NULL, struct fg_role_process);

	if (!process)
		return NULL;
	process->role = role;
	process->name = name;
	process->ops = ops;
	process->arg = arg;
	process->exit_code = 1;
	process->loop = fg_loop_new(process);
	if (process->loop && fg_log_init(process, name, "info") == FG_OK)
		process->parent = fg_channel_new(process, fg_loop_base(process->loop), fd, role,
						 FG_ROLE_PARENT, NULL, &parent_ops, process);
	if (!process->parent)
		TALLOC_FREE(process);
	return process;
}

int fg_role_run(enum fg_role role, const char *name, int fd, const struct fg_role_ops *ops,
		void *arg)
{
	struct fg_role_process *process = make_process(role, name, fd, ops, arg);
	struct fg_cage_notices notices = { 0 };
	struct rlimit core = { 0 };
	int exit_code;

	if (!process)
		return 1;
	prctl(PR_SET_NAME, name, 0, 0, 0);
	/* A terminal's ^C and hang-up reach all processes of the group: the parent decides what they mean. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* The parent leaves a limit above 0 when the operator allows core dumps. */
	getrlimit(RLIMIT_CORE, &core);
	fg_cage_harden(core.rlim_max != 0, &notices);
	say_notices(process, &notices);
	fg_loop_run(process->loop);
	exit_code = process->exit_code;
	talloc_free(process);
	return exit_code;
}

struct fg_loop *fg_role_loop(struct fg_role_process *process)
{
	return process->loop;
}

void *fg_role_ctx(struct fg_role_process *process)
{
	return process;
}

void fg_role_public_key(struct fg_role_process *process, enum fg_trust_key kind,
			const uint8_t key[static 32])
{
	struct fg_frame frame = { .type = FG_IPC_PUBLIC_KEY, .public_key.kind = (uint8_t)kind };
	enum fg_rc rc;

	memcpy(frame.public_key.key, key, sizeof(frame.public_key.key));
	rc = fg_channel_send(process->parent, &frame);
	if (rc != FG_OK)
		fg_role_fail(process, rc, "PUBLIC_KEY");
}

void fg_role_notice(struct fg_role_process *process, const char *fmt, ...)
{
	struct fg_frame frame = { .type = FG_IPC_NOTICE };
	char text[512 + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	LOGP(DMAIN, LOGL_NOTICE, "notice %s: %s\n", process->name, text);
	frame.notice.text = FG_BYTES_TEXT(text);
	if (fg_channel_send(process->parent, &frame) != FG_OK)
		LOGP(DMAIN, LOGL_NOTICE, "notice %s: not told to the parent\n", process->name);
}

enum fg_rc fg_role_tell_parent(struct fg_role_process *process, const struct fg_frame *frame)
{
	return fg_channel_send(process->parent, frame);
}

void fg_role_stopped(struct fg_role_process *process)
{
	leave(process, 0);
}

void fg_role_fail(struct fg_role_process *process, enum fg_rc rc, const char *what)
{
	LOGP(DMAIN, LOGL_ERROR, "leave %s: %s: %s\n", process->name, what, fg_rc_text(rc));
	fg_channel_flush(process->parent);
	_exit(1);
}
