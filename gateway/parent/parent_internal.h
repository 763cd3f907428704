/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What parent.c (the process table) and reload.c (a changed configuration) share.
 */
#pragma once

#include <sys/types.h>
#include <sys/stat.h>
#include "gateway/parent/files.h"
#include "gateway/parent/parent.h"
#include "lib/ipc/channel.h"

enum { CHILDREN_MAX = 4 + FG_CONF_LINKS_MAX };

enum child_state { DOWN, CONFIGURED, PREPARED, STARTED, READY };

struct fg_reload;

struct child {
	struct parent *parent;
	enum fg_role role;
	unsigned link;
	char name[40];
	enum child_state state;
	pid_t pid; /* 0: none */
	struct fg_channel *channel;
	struct event *timer; /* no process: spawn; a process: kill it unless it is ready */
	uint64_t spawned_ms;
	uint32_t backoff_ms; /* before the next restart, 0: the least */
	unsigned owes;       /* public keys, a bit for each enum fg_trust_key */
	bool away;      /* is not started again: drained, or not in the configuration any more */
	bool removed;   /* the latter */
	bool again;     /* was told to stop, to be started at once */
	bool asked;     /* has a slice that it has not adopted or forgotten */
	bool answers;   /* owes the reload an answer */
	unsigned stale; /* answers to a reload that was given up */
};

/* What a file was when it was read. */
struct fg_file_mark {
	struct timespec changed;
	off_t size;
	ino_t inode;
};

/* Of a link that applications bind to. */
struct fg_link_marks {
	struct fg_file_mark certificate, key, client_ca, ca, codes;
};

struct parent {
	struct fg_conf *conf;
	const char *conf_path;
	const char *program;
	struct fg_parent_timings timings;
	uint32_t default_max_ms; /* of timings, before the configuration */
	struct fg_loop *loop;
	struct fg_files files;
	struct fg_trust_keys keys;
	unsigned known; /* of keys */
	bool trusted;   /* gateway.trust says so too */
	bool announced;
	int stopping; /* 0: no; else the stage of stages[] + 1 */
	int exit_code;
	uint64_t began_ms;
	struct event *signals[4], *deadline;
	struct fg_file_mark certificate, key, policy;
	struct fg_link_marks link_files[FG_CONF_LINKS_MAX];
	struct fg_reload *reload; /* under way, or NULL */
	size_t count;
	struct child children[CHILDREN_MAX]; /* in the order of starting; later links behind */
};

void fg_child_arm(struct child *child, uint32_t ms);
void fg_child_kill(struct child *child, const char *why);
void fg_child_tell(struct child *child, const struct fg_frame *frame);
void fg_child_spawn(struct child *child);
/*! Its slice of conf, as frames of that type: CONF or RECONF. */
void fg_child_tell_conf(struct child *child, const struct fg_conf *conf, enum fg_ipc_type type);
void fg_child_tell_fd(struct child *child, const struct fg_frame *frame, int fd);
/*! child_files.c. */
void fg_child_tell_file(struct child *child, enum fg_role_file kind, int fd);
/*! The socket it accepts on, and the files that its slice of conf names. */
void fg_child_tell_listener(struct child *child);
void fg_child_tell_files(struct child *child, const struct fg_conf *conf);
/*! Does it take its files anew with a changed configuration? */
bool fg_child_has_files_anew(const struct child *child, const struct fg_conf *conf);
struct child *fg_child_add(struct parent *parent, enum fg_role role, unsigned link,
			   const char *name);
struct child *fg_child_of(struct parent *parent, enum fg_role role, unsigned link); /*!< or NULL */
/*! parent->conf has other contents. */
void fg_parent_conf_changed(struct parent *parent);
