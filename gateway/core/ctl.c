/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control socket: one request, one answer (in pieces when it is long), for the uids that may ask.
 */
#include "gateway/core/ctl_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <talloc.h>
#include "gateway/decide/decide.h"

enum { CLIENTS_MAX = 16, WORDS_MAX = 8, PIECE = 30000 };

static const char usage_text[] =
	"usage: fallgatectl [--socket PATH] [--json] VERB\n"
	"  links             how every link is, and why it is not well\n"
	"  suspend LINK      give it nothing more; it stays bound\n"
	"  drain LINK        let it finish and leave\n"
	"  resume LINK       end of both\n"
	"  reload            read the configuration again\n"
	"  explain HANDLE    what would happen to a message for HANDLE, and why\n"
	"  explain ID        what happened to a message, and why\n"
	"  invite HANDLE     a new invitation code for HANDLE\n"
	"  log head          the log's newest checkpoint\n"
	"  status            the store and the jobs\n"
	"  backup PATH       copy the store to a new file\n"
	"  restore FILE DIR  put a backup in place (the gateway must be stopped)\n";

/* ---- answers ---- */

void fg_ctl_progress(struct client *client, const char *text)
{
	struct fg_frame frame = { .type = FG_IPC_CTL_REPLY };

	frame.ctl_reply.text = FG_BYTES_TEXT(text);
	if (fg_channel_send(client->channel, &frame) != FG_OK)
		LOGP(DCTL, LOGL_DEBUG, "leave out progress: fallgatectl takes no more\n");
}

void fg_ctl_reply(struct client *client, uint8_t exit_code, const char *text)
{
	size_t left = strlen(text);
	struct fg_frame frame = { .type = FG_IPC_CTL_REPLY };

	client->busy = client->drains = false;
	do {
		size_t len = left < PIECE ? left : PIECE;

		frame.ctl_reply.exit_code = exit_code;
		frame.ctl_reply.text = FG_BYTES(text, len);
		frame.ctl_reply.last = len == left;
		if (fg_channel_answer(client->channel, &frame) != FG_OK) {
			LOGP(DCTL, LOGL_NOTICE, "answer fallgatectl: it takes no more\n");
			return;
		}
		text += len;
		left -= len;
	} while (left);
}

char *fg_ctl_quote(void *ctx, const char *text)
{
	char *out = talloc_strdup(ctx, "\"");

	for (; out && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			out = talloc_asprintf_append(out, "\\%c", c);
		else if (c < 0x20)
			out = talloc_asprintf_append(out, "\\u%04x", c);
		else
			out = talloc_asprintf_append(out, "%c", c);
	}
	return out ? talloc_strdup_append(out, "\"") : NULL;
}

void fg_ctl_reply_text(struct client *client, uint8_t exit_code, const char *key, const char *text)
{
	void *ctx = talloc_new(NULL);
	char *quoted = client->json ? fg_ctl_quote(ctx, text) : NULL;
	char *out = client->json
			    ? talloc_asprintf(ctx, "{\"%s\": %s}\n", key, quoted ? quoted : "null")
			    : talloc_asprintf(ctx, "%s%s", text,
					      *text && text[strlen(text) - 1] == '\n' ? "" : "\n");

	fg_ctl_reply(client, out ? exit_code : EXIT_FAILED, out ? out : "out of memory\n");
	talloc_free(ctx);
}

void fg_ctl_reply_error(struct client *client, enum fg_rc rc)
{
	void *ctx = talloc_new(NULL);
	char *text = talloc_asprintf(ctx, "%s: %s", fg_rc_name(rc), fg_rc_text(rc));

	fg_ctl_reply_text(client, EXIT_FAILED, "error", text ? text : "out of memory");
	talloc_free(ctx);
}

struct client *fg_ctl_find(struct fg_core *core, uint64_t id)
{
	struct client *at = core->control ? core->control->clients : NULL;

	while (at && at->id != id)
		at = at->next;
	return at;
}

struct later *fg_ctl_later(struct client *client)
{
	struct later *later = talloc_zero(NULL, struct later);

	if (!later) {
		fg_ctl_reply_error(client, FG_E_NO_MEMORY);
		return NULL;
	}
	later->core = client->core;
	later->id = client->id;
	return later;
}

/* ---- verbs ---- */

static void on_explained(const char *text, void *arg)
{
	struct later *later = arg;
	struct client *client = fg_ctl_find(later->core, later->id);
	char *away = fg_ctl_links_away(later, later->core);

	if (client && *text) {
		text = away ? talloc_asprintf(later, "%s%s", text, away) : NULL;
		fg_ctl_reply_text(client, EXIT_DONE, "text", text ? text : "out of memory");
	} else if (client) {
		fg_ctl_reply_text(client, EXIT_NONE, "error", "nothing of that name");
	}
	talloc_free(later);
}

static void verb_explain(struct client *client, char **words)
{
	struct fg_handle handle;
	struct fg_id id;
	bool is_id = fg_id_parse(words[1], &id) == FG_OK;
	struct later *later;

	if (!is_id && fg_handle_parse(words[1], strlen(words[1]), &handle) != FG_OK) {
		fg_ctl_reply_error(client, FG_E_HANDLE);
		return;
	}
	later = fg_ctl_later(client);
	if (!later)
		return;
	if (is_id)
		fg_message_explain(client->core, &id, on_explained, later);
	else
		fg_message_explain_handle(client->core, &handle, on_explained, later);
}

static void on_invited(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct later *later = arg;
	struct client *client = fg_ctl_find(later->core, later->id);

	(void)ops;
	(void)count;
	if (client && rc == FG_OK)
		fg_ctl_reply_text(client, EXIT_DONE, "code", later->code);
	else if (client)
		fg_ctl_reply_error(client, rc);
	talloc_free(later);
}

static void verb_invite(struct client *client, char **words)
{
	struct fg_handle handle;
	struct later *later;
	enum fg_rc rc = fg_handle_parse(words[1], strlen(words[1]), &handle);

	if (rc != FG_OK) {
		fg_ctl_reply_error(client, rc);
		return;
	}
	later = fg_ctl_later(client);
	if (!later)
		return;
	rc = fg_directory_invite(client->core, &handle, later->code, on_invited, later);
	if (rc == FG_OK)
		return;
	fg_ctl_reply_error(client, rc);
	talloc_free(later);
}

static void verb_log(struct client *client, char **words)
{
	struct fg_frame frame = { .type = FG_IPC_HEAD_QUERY };
	enum fg_rc rc;

	(void)words;
	frame.head_query.token = FG_CTL_HEAD_TOKEN | client->id;
	rc = client->core->log ? fg_channel_send(client->core->log, &frame) : FG_E_CLOSED;
	if (rc != FG_OK)
		fg_ctl_reply_error(client, rc);
}

void fg_ctl_head(struct fg_core *core, const struct fg_ipc_head *head)
{
	struct client *client = fg_ctl_find(core, head->token & ~FG_CTL_HEAD_TOKEN);
	char *text;

	if (!client || !client->busy)
		return;
	text = talloc_strndup(NULL, (const char *)head->checkpoint.data, head->checkpoint.len);
	if (head->rc != FG_OK || !text)
		fg_ctl_reply_error(client, text ? (enum fg_rc)head->rc : FG_E_NO_MEMORY);
	else
		fg_ctl_reply_text(client, EXIT_DONE, "checkpoint", text);
	talloc_free(text);
}

static void verb_status(struct client *client, char **words)
{
	static const char *const states[FG_JOB_FINAL + 1] = {
		[FG_JOB_READY] = "ready",   [FG_JOB_SECURE] = "secure",
		[FG_JOB_ASKING] = "asking", [FG_JOB_SENDING] = "sending",
		[FG_JOB_SENT] = "sent",     [FG_JOB_IN_DOUBT] = "in_doubt",
		[FG_JOB_FINAL] = "final"
	};
	struct fg_core *core = client->core;
	struct fg_store_health health = { 0 };
	void *ctx = talloc_new(NULL);
	char *out;

	(void)words;
	fg_store_health(core->store, &health);
	out = talloc_asprintf(
		ctx,
		client->json ? "{\"store_full\": %s, \"free_bytes\": %llu, \"queued_items\": %llu, "
			       "\"commits\": %llu, \"log\": %s, \"vault\": %s, \"secure\": %s, "
			       "\"jobs\": {"
			     : "store full: %s\nfree bytes: %llu\nqueued items: %llu\ncommits: "
			       "%llu\nlog: "
			       "%s\nvault: %s\nsecure link: %s\n",
		health.full ? "true" : "false", (unsigned long long)health.free_bytes,
		(unsigned long long)health.queued_items, (unsigned long long)health.commits,
		core->log ? "true" : "false", core->vault ? "true" : "false",
		core->secure ? "true" : "false");
	for (size_t i = FG_JOB_READY; out && i <= FG_JOB_FINAL; i++)
		out = talloc_asprintf_append(out,
					     client->json ? "%s\"%s\": %llu" : "%sjobs %s: %llu\n",
					     client->json && i > FG_JOB_READY ? ", " : "",
					     states[i], (unsigned long long)health.jobs[i]);
	if (out && client->json)
		out = talloc_strdup_append(out, "}}\n");
	fg_ctl_reply(client, out ? EXIT_DONE : EXIT_FAILED, out ? out : "out of memory\n");
	talloc_free(ctx);
}

static void on_backed_up(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct later *later = arg;
	struct client *client = fg_ctl_find(later->core, later->id);

	(void)ops;
	(void)count;
	fg_core_store_rc(later->core, rc);
	if (client && rc == FG_OK)
		fg_ctl_reply_text(client, EXIT_DONE, "backup", later->path);
	else if (client)
		fg_ctl_reply_error(client, rc);
	talloc_free(later);
}

static void verb_backup(struct client *client, char **words)
{
	struct later *later;
	enum fg_rc rc;

	if (words[1][0] != '/' || strlen(words[1]) >= sizeof(later->path)) {
		fg_ctl_reply_text(client, EXIT_USAGE, "error",
				  "backup needs an absolute path that the core may write");
		return;
	}
	later = fg_ctl_later(client);
	if (!later)
		return;
	snprintf(later->path, sizeof(later->path), "%s", words[1]);
	rc = fg_store_backup(client->core->store, later->path, on_backed_up, later);
	if (rc == FG_OK)
		return;
	fg_ctl_reply_error(client, rc);
	talloc_free(later);
}

static const struct {
	const char *name, *second; /* second: this very word must follow */
	size_t words;
	void (*run)(struct client *client, char **words);
} verbs[] = {
	{ "links", NULL, 1, fg_ctl_links },     { "explain", NULL, 2, verb_explain },
	{ "invite", NULL, 2, verb_invite },     { "log", "head", 2, verb_log },
	{ "status", NULL, 1, verb_status },     { "backup", NULL, 2, verb_backup },
	{ "suspend", NULL, 2, fg_ctl_suspend }, { "resume", NULL, 2, fg_ctl_resume },
	{ "drain", NULL, 2, fg_ctl_drain },     { "drain", "--progress", 3, fg_ctl_drain_progress },
	{ "reload", NULL, 1, fg_ctl_reload },
};

static void run(struct client *client, char **words, size_t count)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (count == verbs[i].words && strcmp(words[0], verbs[i].name) == 0 &&
		    (!verbs[i].second || strcmp(words[1], verbs[i].second) == 0)) {
			verbs[i].run(client, words);
			return;
		}
	fg_ctl_reply(client, EXIT_USAGE, usage_text);
}

/* ---- connections ---- */

static void split(struct client *client, const struct fg_ipc_ctl_request *request)
{
	char *words[WORDS_MAX];
	size_t count = 0, len = request->argv.len;
	char *text = talloc_size(client, len + 1);

	if (!text) {
		fg_ctl_reply_error(client, FG_E_NO_MEMORY);
		return;
	}
	if (len)
		memcpy(text, request->argv.data, len);
	text[len] = '\0';
	for (size_t at = 0; at < len && count < WORDS_MAX; at += strlen(text + at) + 1)
		words[count++] = text + at;
	run(client, words, count);
	talloc_free(text);
}

static void on_request(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		       void *arg)
{
	struct client *client = arg;

	(void)channel;
	(void)fd_take;
	if (frame->type != FG_IPC_CTL_REQUEST || client->busy)
		return;
	client->busy = true;
	client->json = frame->ctl_request.json != 0;
	split(client, &frame->ctl_request);
}

static void on_gone(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct client *client = arg, **at = &client->core->control->clients;

	(void)channel;
	(void)rc;
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	client->core->control->count--;
	talloc_free(client); /* and its channel */
}

static const struct fg_channel_ops client_ops = { .frame = on_request, .closed = on_gone };

bool fg_ctl_may_ask(const struct fg_core *core, unsigned uid)
{
	return uid == 0 || uid == geteuid() ||
	       (core->conf->gateway.control_uid >= 0 &&
		(int64_t)uid == core->conf->gateway.control_uid);
}

static void add_client(struct fg_core *core, int fd_take)
{
	struct fg_core_control *control = core->control;
	struct client *client =
		control->count < CLIENTS_MAX ? talloc_zero(control, struct client) : NULL;

	if (!client) {
		close(fd_take);
		return;
	}
	client->core = core;
	client->id = ++control->last_id;
	client->channel = fg_channel_new(client, fg_loop_base(core->loop), fd_take, FG_ROLE_CORE,
					 FG_ROLE_CTL, NULL, &client_ops, client);
	if (!client->channel) {
		talloc_free(client);
		return;
	}
	client->next = control->clients;
	control->clients = client;
	control->count++;
}

static void on_connection(evutil_socket_t listener, short what, void *arg)
{
	struct fg_core *core = arg;
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
	    !fg_ctl_may_ask(core, peer.uid)) {
		LOGP(DCTL, LOGL_NOTICE, "refuse fallgatectl: uid=%u\n", (unsigned)peer.uid);
		close(fd);
		return;
	}
	add_client(core, fd);
}

enum fg_rc fg_ctl_start(struct fg_core *core)
{
	struct fg_core_control *control = talloc_zero(NULL, struct fg_core_control);

	if (!control)
		return FG_E_NO_MEMORY;
	evutil_make_socket_nonblocking(core->control_fd);
	control->listener = event_new(fg_loop_base(core->loop), core->control_fd,
				      EV_READ | EV_PERSIST, on_connection, core);
	if (!control->listener || event_add(control->listener, NULL) != 0) {
		if (control->listener)
			event_free(control->listener);
		talloc_free(control);
		return FG_E_SYSTEM;
	}
	core->control = control;
	return FG_OK;
}

void fg_ctl_stop(struct fg_core *core)
{
	if (!core->control)
		return;
	event_free(core->control->listener);
	TALLOC_FREE(core->control);
	close(core->control_fd);
	core->control_fd = -1;
}
