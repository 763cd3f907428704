/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/control.h"

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

enum { REQUEST_MAX = 65536 };

struct client {
	struct client *next;
	struct emu_control *control;
	struct bufferevent *bev;
	const uint64_t *awaited; /* NULL: does not wait */
	uint64_t wanted;
	bool answered;
};

struct emu_control {
	struct fg_loop *loop;
	struct emu_orders orders;
	struct evconnlistener *listener;
	struct client *clients;
	struct sockaddr_un address;
	bool stop; /* when the answer is out */
};

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

void emu_control_look(struct emu_control *control)
{
	for (struct client *client = control->clients; client; client = client->next)
		if (client->awaited && *client->awaited >= client->wanted)
			client_answer(client, "ok\n");
}

static void run_order(const struct emu_control *control, struct emu_request *request)
{
	snprintf(request->answer, EMU_ANSWER_TEXT, "ok\n");
	for (size_t i = 0; request->count && i < control->orders.count; i++)
		if (strcmp(request->words[0], control->orders.list[i].name) == 0) {
			if (!control->orders.list[i].run(request))
				snprintf(request->answer, EMU_ANSWER_TEXT,
					 "error: wrong words after %s\n",
					 control->orders.list[i].name);
			return;
		}
	snprintf(request->answer, EMU_ANSWER_TEXT, "error: unknown order\n");
}

static void split(struct emu_request *request, char *text, size_t len)
{
	for (size_t at = 0; at < len && request->count < EMU_WORDS_MAX;) {
		request->words[request->count++] = text + at;
		at += strnlen(text + at, len - at) + 1;
	}
}

static void client_request(struct client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);
	size_t len = evbuffer_get_length(in);
	struct emu_request *request = calloc(1, sizeof(*request));
	char *text = calloc(1, len + 1);

	if (request && text) {
		evbuffer_remove(in, text, len);
		request->arg = client->control->orders.arg;
		split(request, text, len);
		run_order(client->control, request);
		if (client->control->orders.after)
			client->control->orders.after(client->control->orders.arg);
		client->awaited = request->awaited;
		client->wanted = request->wanted;
		client->control->stop |= request->stop;
		if (!client->awaited)
			client_answer(client, request->answer);
		emu_control_look(client->control);
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
		fg_loop_stop(client->control->loop);
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
	struct emu_control *control = arg;
	struct client *client = calloc(1, sizeof(*client));

	(void)listener;
	(void)address;
	(void)len;
	if (client)
		client->bev = bufferevent_socket_new(fg_loop_base(control->loop), fd,
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

static int control_destroy(struct emu_control *control)
{
	while (control->clients)
		client_free(control->clients);
	if (control->listener) {
		evconnlistener_free(control->listener);
		unlink(control->address.sun_path);
	}
	return 0;
}

void emu_remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd >= 0 && stat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		unlink(address->sun_path);
	if (fd >= 0)
		close(fd);
}

enum fg_rc emu_control_new(void *ctx, struct fg_loop *loop, const char *path,
			   const struct emu_orders *orders, struct emu_control **control_out)
{
	struct emu_control *control = talloc_zero(ctx, struct emu_control);
	mode_t mask;

	if (!control)
		return FG_E_NO_MEMORY;
	control->loop = loop;
	control->orders = *orders;
	control->address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(control->address.sun_path))
		return FG_E_ARG;
	strcpy(control->address.sun_path, path);
	talloc_set_destructor(control, control_destroy);
	emu_remove_stale(&control->address);
	mask = umask(0077); /* for its owner alone */
	control->listener = evconnlistener_new_bind(
		fg_loop_base(loop), on_client, control, LEV_OPT_CLOSE_ON_FREE, -1,
		(const struct sockaddr *)&control->address, (int)sizeof(control->address));
	umask(mask);
	if (!control->listener)
		return FG_E_SYSTEM;
	*control_out = control;
	return FG_OK;
}
