/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/modem/link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <talloc.h>
#include "emulators/common/control.h"
#include "emulators/common/words.h"

enum { OUTPUT_MAX = 1 << 18, READ_CAP = 4096, WHERE_CAP = 128 };

struct link {
	struct fg_loop *loop;
	struct link_conf conf;
	char *place, where[WHERE_CAP];
	struct bufferevent *bev; /* NULL: nobody is there */
	struct evconnlistener *listener;
	int slave, watch; /* of a pseudo-terminal: kept open, so that it never hangs up by itself;
			   * and who else opens it */
	int users;
	struct event *watching;
	bool raised;
};

const char *link_where(const struct link *link)
{
	return link->where;
}

/* ---- Bytes ---- */

static void drop_bev(struct link *link)
{
	if (link->bev)
		bufferevent_free(link->bev);
	link->bev = NULL;
}

/* Who opened and closed the terminal since. When the last one left, what it did not read goes. */
static void take_event(struct link *link, uint32_t mask)
{
	if (mask & IN_OPEN)
		link->users++;
	else if ((mask & IN_CLOSE) && link->users > 0 && --link->users == 0 && link->slave >= 0)
		tcflush(link->slave, TCIFLUSH);
}

static void look_at_users(struct link *link)
{
	char events[READ_CAP] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len;

	while (link->watch >= 0 && (len = read(link->watch, events, sizeof(events))) > 0)
		for (ssize_t at = 0; at < len;) {
			const struct inotify_event *event = (const void *)(events + at);

			take_event(link, event->mask);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look_at_users(arg);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct link *link = arg;
	char octets[READ_CAP];
	size_t len;

	look_at_users(link);
	while (link->bev == bev && (len = bufferevent_read(bev, octets, sizeof(octets))) > 0)
		link->conf.bytes(link->conf.arg, octets, len);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct link *link = arg;

	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) && link->conf.kind != LINK_PTY)
		drop_bev(link);
}

void link_send(struct link *link, const void *octets, size_t len)
{
	if (!link->bev)
		return;
	look_at_users(link);
	if (link->conf.kind == LINK_PTY && link->watch >= 0 && link->users == 0)
		return;
	if (evbuffer_get_length(bufferevent_get_output(link->bev)) < OUTPUT_MAX)
		bufferevent_write(link->bev, octets, len);
}

static bool begin(struct link *link, int fd)
{
	link->bev = bufferevent_socket_new(fg_loop_base(link->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!link->bev)
		return false;
	bufferevent_setcb(link->bev, on_read, NULL, on_event, link);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	return true;
}

/* ---- Pseudo-terminals ---- */

/* "run/modem0" shall do where there is no "run" yet. */
static bool make_folder(const char *place)
{
	char folder[PATH_MAX];
	const char *end = strrchr(place, '/');

	if (!end || end == place || (size_t)(end - place) >= sizeof(folder))
		return false;
	snprintf(folder, sizeof(folder), "%.*s", (int)(end - place), place);
	return mkdir(folder, 0777) == 0;
}

/* False with errno; also when something else than a link of ours is there. */
static bool point_to(const struct link *link)
{
	__attribute__((unused)) struct stat st;

	if (!link->place)
		return true;
#ifndef FG_MUTANT_modem_link_file
	if (lstat(link->place, &st) == 0 && !S_ISLNK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
#endif
	unlink(link->place);
	return symlink(link->where, link->place) == 0 ||
	       (errno == ENOENT && make_folder(link->place) &&
		symlink(link->where, link->place) == 0);
}

static int open_master(char *name, size_t cap)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, name, cap) == 0)
		return fd;
	close(fd);
	return -1;
}

static void close_slave(struct link *link)
{
	if (link->watching)
		event_free(link->watching);
	link->watching = NULL;
	if (link->slave >= 0)
		close(link->slave);
	if (link->watch >= 0)
		close(link->watch);
	link->slave = link->watch = -1;
	link->users = 0;
}

static void open_slave(struct link *link)
{
	struct termios raw;

	link->slave = open(link->where, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (link->slave >= 0 && tcgetattr(link->slave, &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(link->slave, TCSANOW, &raw);
	}
	link->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (link->watch >= 0 &&
	    inotify_add_watch(link->watch, link->where, IN_OPEN | IN_CLOSE) < 0) {
		close(link->watch);
		link->watch = -1; /* then all is sent, whoever is there */
	}
	if (link->watch >= 0)
		link->watching = event_new(fg_loop_base(link->loop), link->watch,
					   EV_READ | EV_PERSIST, on_watch, link);
	if (link->watching)
		event_add(link->watching, NULL);
}

static enum fg_rc raise_pty(struct link *link)
{
	int fd = open_master(link->where, sizeof(link->where));

	if (fd < 0)
		return FG_E_SYSTEM;
	open_slave(link);
	if (link->slave < 0 || !begin(link, fd)) {
		close(fd);
		return FG_E_SYSTEM;
	}
	return point_to(link) ? FG_OK : FG_E_ARG;
}

/* ---- Sockets ---- */

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	struct link *link = arg;

	(void)listener;
	(void)address;
	(void)len;
	if (link->bev || !begin(link, fd))
		evutil_closesocket(fd);
}

static socklen_t unix_address(const char *place, struct sockaddr_un *out)
{
	size_t len = strlen(place);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len == 0 || len >= sizeof(out->sun_path))
		return 0;
	memcpy(out->sun_path, place, len);
	if (place[0] != '@')
		return (socklen_t)sizeof(*out);
	out->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static struct evconnlistener *listen_at(struct link *link, const struct sockaddr *address, int len)
{
	return evconnlistener_new_bind(fg_loop_base(link->loop), on_accept, link,
				       LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE |
					       LEV_OPT_CLOSE_ON_EXEC,
				       -1, address, len);
}

static enum fg_rc raise_unix(struct link *link)
{
	struct sockaddr_un address;
	socklen_t len = unix_address(link->place, &address);
	mode_t mask;

	if (len == 0)
		return FG_E_ARG;
	if (link->place[0] != '@')
		emu_remove_stale(&address);
	mask = umask(0077); /* for its owner alone */
	link->listener = evconnlistener_new_bind(fg_loop_base(link->loop), on_accept, link,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
						 (const struct sockaddr *)&address, (int)len);
	umask(mask);
	snprintf(link->where, sizeof(link->where), "%s", link->place);
	return link->listener ? FG_OK : FG_E_SYSTEM;
}

/* The port stays the same when it is put back, also one that the system chose. */
static enum fg_rc raise_tcp(struct link *link)
{
	struct sockaddr_storage address;
	int len = sizeof(address);
	ev_socklen_t got = sizeof(address);
	const char *place = link->where[0] ? link->where : link->place;
	size_t host = strcspn(place, ":");
	char text[WHERE_CAP];

	/* libevent reads no port 0, but no port at all means the same. */
	snprintf(text, sizeof(text), "%s", place);
	if (strcmp(text + host, ":0") == 0)
		text[host] = '\0';
	if (!emu_port_is_good(place) ||
	    evutil_parse_sockaddr_port(text, (struct sockaddr *)&address, &len) != 0 ||
	    address.ss_family != AF_INET)
		return FG_E_ARG;
	link->listener = listen_at(link, (const struct sockaddr *)&address, len);
	if (!link->listener || getsockname(evconnlistener_get_fd(link->listener),
					   (struct sockaddr *)&address, &got) != 0)
		return FG_E_SYSTEM;
	snprintf(link->where, sizeof(link->where), "%.*s:%u", (int)host, text,
		 ntohs(((const struct sockaddr_in *)&address)->sin_port));
	return FG_OK;
}

/* ---- The whole ---- */

enum fg_rc link_raise(struct link *link)
{
	enum fg_rc rc;

	if (link->raised)
		return FG_OK;
	rc = link->conf.kind == LINK_PTY   ? raise_pty(link)
	     : link->conf.kind == LINK_TCP ? raise_tcp(link)
					   : raise_unix(link);
	link->raised = rc == FG_OK;
	return rc;
}

void link_drop(struct link *link)
{
	if (link->bev) /* what was said before the cable went */
		(void)evbuffer_write(bufferevent_get_output(link->bev),
				     bufferevent_getfd(link->bev));
	drop_bev(link);
	close_slave(link);
	if (link->listener)
		evconnlistener_free(link->listener);
	link->listener = NULL;
	if (link->raised && link->place && link->conf.kind == LINK_PTY)
		unlink(link->place);
	if (link->raised && link->conf.kind == LINK_UNIX && link->place[0] != '@')
		unlink(link->place);
	link->raised = false;
}

static int link_destroy(struct link *link)
{
	link_drop(link);
	return 0;
}

enum fg_rc link_new(void *ctx, struct fg_loop *loop, const struct link_conf *conf,
		    struct link **link_out)
{
	struct link *link = talloc_zero(ctx, struct link);
	enum fg_rc rc;

	if (!link)
		return FG_E_NO_MEMORY;
	link->loop = loop;
	link->conf = *conf;
	link->slave = link->watch = -1;
	link->place = conf->place ? talloc_strdup(link, conf->place) : NULL;
	talloc_set_destructor(link, link_destroy);
	rc = link_raise(link);
	if (rc != FG_OK) {
		int error = errno;

		talloc_free(link);
		errno = error;
		return rc;
	}
	*link_out = link;
	return FG_OK;
}
