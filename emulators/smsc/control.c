/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control socket: whoever runs the emulator tells it what to do next. A request is its words,
 * each ended with NUL, up to the end of the client's half; the answer is text, "ok" or "error: why"
 * in its first line, up to the end of ours. command.c is the client.
 */
#include "emulators/smsc/smsc_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <talloc.h>

enum { REQUEST_MAX = 65536, WORDS_MAX = 32, ANSWER_TEXT = 16384 };

struct client {
	struct client *next;
	struct smsc_control *control;
	struct bufferevent *bev;
	const uint64_t *awaited; /* NULL: does not wait */
	uint64_t wanted;
	bool answered;
};

struct smsc_control {
	struct fg_smsc *smsc;
	struct evconnlistener *listener;
	struct client *clients;
	struct sockaddr_un address;
	bool stop; /* when the answer is out */
};

struct request {
	struct client *client;
	struct fg_smsc *smsc;
	unsigned count;
	char *words[WORDS_MAX];
	char answer[ANSWER_TEXT];
};

/* ---- Orders: each fills the answer; false: its words are wrong ---- */

static bool order_mo(struct request *request)
{
	struct fg_smsc_mo mo = { .data_sm = false };
	char **words = request->words;
	enum fg_rc rc;

	if (request->count != 6 || strlen(words[1]) >= sizeof(mo.source) ||
	    strlen(words[2]) >= sizeof(mo.destination) || strlen(words[4]) >= sizeof(mo.system_id))
		return false;
	strcpy(mo.source, words[1]);
	strcpy(mo.destination, words[2]);
	mo.data_sm = strcmp(words[3], "data_sm") == 0;
	strcpy(mo.system_id, words[4]);
	rc = fg_smsc_mo_send(request->smsc, &mo, words[5], strlen(words[5]));
	if (rc != FG_OK)
		snprintf(request->answer, ANSWER_TEXT, "error: %s\n", fg_rc_text(rc));
	return true;
}

static bool order_advance(struct request *request)
{
	unsigned ms;

	if (request->count != 2 || !fg_smsc_duration_parse(request->words[1], &ms))
		return false;
	if (fg_smsc_advance(request->smsc, ms) != FG_OK)
		snprintf(request->answer, ANSWER_TEXT, "error: needs --clock virtual\n");
	return true;
}

static bool order_counters(struct request *request)
{
	bool json = request->count == 2 && strcmp(request->words[1], "--json") == 0;

	if (request->count > 1 + (unsigned)json)
		return false;
	smsc_before(request->smsc);
	fg_smsc_counters_text(fg_smsc_counters(request->smsc), json, request->answer, ANSWER_TEXT);
	return true;
}

static bool order_rule(struct request *request)
{
	struct fg_smsc_options *options = &request->smsc->center->options;
	char line[512];
	size_t len = 0;
	unsigned number;

	for (unsigned i = 1; i < request->count && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s", i > 1 ? " " : "",
					request->words[i]);
	return request->count > 1 && len < sizeof(line) && !strchr(line, '\n') &&
	       strncmp(line, "mo ", 3) != 0 &&
	       fg_smsc_script_parse(line, options, &number) == FG_OK;
}

static bool order_reset(struct request *request)
{
	request->smsc->center->options.rules_count = 0;
	return request->count == 1;
}

static bool order_wait(struct request *request)
{
	struct fg_smsc_counters *counters = &request->smsc->center->counters;
	char *end;

	if (request->count != 3)
		return false;
#define FG_SMSC_COUNTER(name, note)                                                                \
	if (strcmp(request->words[1], #name) == 0)                                                 \
		request->client->awaited = &counters->name;
#include "emulators/smsc/counters.def"
#undef FG_SMSC_COUNTER
	request->client->wanted = strtoull(request->words[2], &end, 10);
	if (*end || !request->words[2][0])
		request->client->awaited = NULL;
	return request->client->awaited;
}

static bool order_stop(struct request *request)
{
	request->client->control->stop = request->count == 1;
	return request->count == 1;
}

static const struct {
	const char *name;
	bool (*run)(struct request *request);
} orders[] = {
	{ "mo", order_mo },     { "advance", order_advance }, { "counters", order_counters },
	{ "rule", order_rule }, { "reset", order_reset },     { "wait", order_wait },
	{ "stop", order_stop },
};

static void run_order(struct request *request)
{
	snprintf(request->answer, ANSWER_TEXT, "ok\n");
	for (size_t i = 0; request->count && i < sizeof(orders) / sizeof(orders[0]); i++)
		if (strcmp(request->words[0], orders[i].name) == 0) {
			if (!orders[i].run(request))
				snprintf(request->answer, ANSWER_TEXT,
					 "error: wrong words after %s\n", orders[i].name);
			return;
		}
	snprintf(request->answer, ANSWER_TEXT, "error: unknown order\n");
}

/* ---- Clients ---- */

static void client_free(struct client *client)
{
	struct client **at = &client->control->clients;

	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	bufferevent_free(client->bev);
	free(client);
}

static void client_answer(struct client *client, const char *text)
{
	client->awaited = NULL;
	client->answered = true;
	bufferevent_write(client->bev, text, strlen(text));
}

void smsc_control_look(struct smsc_control *control)
{
	for (struct client *client = control->clients; client; client = client->next)
		if (client->awaited && *client->awaited >= client->wanted)
			client_answer(client, "ok\n");
}

static void split(struct request *request, char *text, size_t len)
{
	for (size_t at = 0; at < len && request->count < WORDS_MAX;) {
		request->words[request->count++] = text + at;
		at += strnlen(text + at, len - at) + 1;
	}
}

static void client_request(struct client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);
	size_t len = evbuffer_get_length(in);
	struct request *request = calloc(1, sizeof(*request));
	char *text = calloc(1, len + 1);

	if (request && text) {
		evbuffer_remove(in, text, len);
		request->client = client;
		request->smsc = client->control->smsc;
		split(request, text, len);
		run_order(request);
		if (!client->awaited)
			client_answer(client, request->answer);
		smsc_control_look(client->control);
	}
	free(text);
	free(request);
}

static void on_client_read(struct bufferevent *bev, void *arg)
{
	if (evbuffer_get_length(bufferevent_get_input(bev)) > REQUEST_MAX)
		client_free(arg);
}

static void on_client_written(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;

	(void)bev;
	if (!client->answered)
		return;
	if (client->control->stop)
		fg_loop_stop(client->control->smsc->loop);
	client_free(client);
}

static void on_client_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *client = arg;

	(void)bev;
	if (!(what & BEV_EVENT_EOF) || client->awaited || client->answered)
		client_free(client);
	else
		client_request(client);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	struct smsc_control *control = arg;
	struct client *client = calloc(1, sizeof(*client));

	(void)listener;
	(void)address;
	(void)len;
	if (client)
		client->bev = bufferevent_socket_new(fg_loop_base(control->smsc->loop), fd,
						     BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->bev) {
		evutil_closesocket(fd);
		free(client);
		return;
	}
	client->control = control;
	client->next = control->clients;
	control->clients = client;
	bufferevent_setcb(client->bev, on_client_read, on_client_written, on_client_event, client);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

static int control_destroy(struct smsc_control *control)
{
	while (control->clients)
		client_free(control->clients);
	if (control->listener) {
		evconnlistener_free(control->listener);
		unlink(control->address.sun_path);
	}
	return 0;
}

/* A socket file that a program left behind when it was killed. */
static void remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd >= 0 && stat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		unlink(address->sun_path);
	if (fd >= 0)
		close(fd);
}

enum fg_rc smsc_control_new(struct fg_smsc *smsc, const char *path,
			    struct smsc_control **control_out)
{
	struct smsc_control *control = talloc_zero(smsc, struct smsc_control);
	mode_t mask;

	if (!control)
		return FG_E_NO_MEMORY;
	control->smsc = smsc;
	control->address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(control->address.sun_path))
		return FG_E_ARG;
	strcpy(control->address.sun_path, path);
	talloc_set_destructor(control, control_destroy);
	remove_stale(&control->address);
	mask = umask(0077); /* for its owner alone */
	control->listener = evconnlistener_new_bind(
		fg_loop_base(smsc->loop), on_client, control, LEV_OPT_CLOSE_ON_FREE, -1,
		(const struct sockaddr *)&control->address, (int)sizeof(control->address));
	umask(mask);
	if (!control->listener)
		return FG_E_SYSTEM;
	*control_out = control;
	return FG_OK;
}
