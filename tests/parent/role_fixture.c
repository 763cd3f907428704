/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Roles for tests of the parent: they do nothing but say what happens to them, one line an event, into the pipe that
 * FG_FIXTURE_PIPE names. Files in FG_FIXTURE_DIR make them misbehave: crash-NAME and hang-NAME (once), die-NAME (once, when it is to
 * prepare), refuse-NAME, deaf-NAME, lie-NAME, otherkey-NAME. On SIGUSR1 the core tells the parent what away-core says: a link, and 1 for away.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gateway/parent/roles.h"
#include "lib/base/conf.h"
#include "lib/ipc/role.h"

struct fixture {
	enum fg_role role;
	char name[64];
	int pipe;
	const struct fg_conf *conf;
	struct fg_role_process *process;
};

static void say(const struct fixture *fixture, const char *event, const char *detail)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%s %s%s%s %d\n", fixture->name, event,
			 *detail ? " " : "", detail, getpid());

	if (write(fixture->pipe, line, (size_t)n) != n)
		_exit(9);
}

/* The names of the links that it knows, in the order of their index; "-" for one without. */
static void say_links(const struct fixture *fixture, const char *event, const struct fg_conf *conf)
{
	char names[128] = "";

	for (size_t i = 0; i < conf->links_count; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
			 *conf->links[i].name ? conf->links[i].name : "-");
	say(fixture, event, names);
}

/* Is there a file that tells this role to do so? */
static int told_to(const struct fixture *fixture, const char *what, int once)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s-%s", getenv("FG_FIXTURE_DIR"), what, fixture->name);
	return once ? unlink(path) == 0 : access(path, F_OK) == 0;
}

static void give_key(struct fg_role_process *process, const struct fixture *fixture,
		     enum fg_trust_key kind)
{
	uint8_t key[32];

	memset(key, told_to(fixture, "otherkey", 0) ? 0xee : (int)kind + 1, sizeof(key));
	fg_role_public_key(process, kind, key);
}

static enum fg_rc configure(struct fg_role_process *process, const struct fg_conf *conf, void *arg)
{
	struct fixture *fixture = arg;

	if (fixture->role == FG_ROLE_LINK)
		snprintf(fixture->name, sizeof(fixture->name), "%s", conf->links[0].name);
	say(fixture, "configure", "");
	say_links(fixture, "knows", conf);
	fixture->conf = conf;
	if (told_to(fixture, "crash", 1))
		_exit(3);
	while (told_to(fixture, "hang", 1))
		pause();
	if (fixture->role == FG_ROLE_LOG)
		give_key(process, fixture, FG_TRUST_LOG);
	if (fixture->role == FG_ROLE_VAULT)
		give_key(process, fixture, FG_TRUST_VAULT);
	if (fixture->role == FG_ROLE_CORE) {
		give_key(process, fixture, FG_TRUST_RECEIPT);
		give_key(process, fixture, FG_TRUST_DIRECTORY);
	}
	if (told_to(fixture, "lie", 0))
		give_key(process, fixture, FG_TRUST_LOG);
	return FG_OK;
}

static enum fg_rc trust(struct fg_role_process *process, const struct fg_ipc_trust *told, void *arg)
{
	(void)process;
	say(arg, "trust", told->vault_key[0] == FG_TRUST_VAULT + 1 ? "good" : "bad");
	return FG_OK;
}

static void file(struct fg_role_process *process, enum fg_role_file kind, int fd_take, void *arg)
{
	char detail[16];

	(void)process;
	snprintf(detail, sizeof(detail), "%d", (int)kind);
	say(arg, "file", detail);
	close(fd_take);
}

static void peer(struct fg_role_process *process, const struct fg_ipc_peer *told, int fd_take,
		 void *arg)
{
	char detail[80];

	(void)process;
	snprintf(detail, sizeof(detail), "%.*s %d", (int)told->name.len,
		 (const char *)told->name.data, told->link);
	say(arg, "peer", detail);
	close(fd_take);
}

static enum fg_rc prepare(struct fg_role_process *process, const struct fg_conf *next,
			  char why[static FG_ROLE_WHY_MAX], void *arg)
{
	const struct fixture *fixture = arg;

	(void)process;
	say_links(arg, "prepare", next);
	/* the cage of the others does not let them remove the file */
	if (fixture->role != FG_ROLE_SECURE && fixture->role != FG_ROLE_LINK &&
	    told_to(fixture, "die", 1))
		_exit(3);
	if (!told_to(arg, "refuse", 0))
		return FG_OK;
	snprintf(why, FG_ROLE_WHY_MAX, "not today");
	return FG_E_DENIED;
}

static void adopt(struct fg_role_process *process, bool adopt, void *arg)
{
	const struct fixture *fixture = arg;

	(void)process;
	say_links(fixture, adopt ? "adopt" : "forget", fixture->conf);
}

static void told(struct fg_role_process *process, const struct fg_frame *frame, void *arg)
{
	char detail[16];

	(void)process;
	snprintf(detail, sizeof(detail), "%d", frame->gone.link);
	if (frame->type == FG_IPC_GONE)
		say(arg, "gone", detail);
}

static void tell_away(evutil_socket_t fd, short what, void *arg)
{
	const struct fixture *fixture = arg;
	struct fg_frame frame = { .type = FG_IPC_AWAY };
	char path[512];
	unsigned link = 0, away = 0;
	FILE *file;

	(void)fd;
	(void)what;
	snprintf(path, sizeof(path), "%s/away-core", getenv("FG_FIXTURE_DIR"));
	file = fopen(path, "r");
	if (!file || fscanf(file, "%u %u", &link, &away) != 2)
		_exit(9);
	fclose(file);
	frame.away.link = (uint16_t)link;
	frame.away.away = (uint8_t)away;
	fg_role_tell_parent(fixture->process, &frame);
}

static enum fg_rc start(struct fg_role_process *process, void *arg)
{
	struct fixture *fixture = arg;
	struct event *event;

	fixture->process = process;
	if (fixture->role == FG_ROLE_CORE) {
		event = evsignal_new(fg_loop_base(fg_role_loop(process)), SIGUSR1, tell_away, arg);
		event_add(event, NULL);
	}
	say(arg, "start", "");
	return FG_OK;
}

static void stop(struct fg_role_process *process, void *arg)
{
	say(arg, "stop", "");
	if (!told_to(arg, "deaf", 0))
		fg_role_stopped(process);
}

static int run(enum fg_role role, int fd)
{
	static const struct fg_role_ops ops = { .configure = configure,
						.trust = trust,
						.file = file,
						.peer = peer,
						.start = start,
						.prepare = prepare,
						.adopt = adopt,
						.told = told,
						.stop = stop };
	struct fixture fixture = { .role = role,
				   .pipe = open(getenv("FG_FIXTURE_PIPE"), O_WRONLY | O_CLOEXEC) };

	snprintf(fixture.name, sizeof(fixture.name), "%s", fg_role_name(role));
	return fg_role_run(role, fixture.name, fd, &ops, &fixture);
}

int fg_core_main(int fd)
{
	return run(FG_ROLE_CORE, fd);
}

int fg_log_main(int fd)
{
	return run(FG_ROLE_LOG, fd);
}

int fg_vault_main(int fd)
{
	return run(FG_ROLE_VAULT, fd);
}

int fg_secure_main(int fd)
{
	return run(FG_ROLE_SECURE, fd);
}

int fg_link_main(int fd, unsigned link)
{
	(void)link;
	return run(FG_ROLE_LINK, fd);
}
