/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ctl.c (connections, answers) and ctl_links.c (verbs about links) share.
 */
#pragma once

#include "gateway/core/internal.h"

/* Exit codes of fallgatectl. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NONE = 3 };

struct client {
	struct fg_core *core;
	struct fg_channel *channel;
	uint64_t id;
	bool json, busy;
	bool drains, progress; /* waits for drain_link; wants to hear how it goes */
	unsigned drain_link;
	struct client *next;
};

struct fg_core_control {
	struct event *listener;
	struct client *clients;
	size_t count;
	uint64_t last_id;
};

/* A request whose answer comes later, when the client may be gone. */
struct later {
	struct fg_core *core;
	uint64_t id;
	char code[33];
	char path[FG_STORE_KEY_MAX + 96];
};

/* A piece of text before the answer. */
void fg_ctl_progress(struct client *client, const char *text);
void fg_ctl_reply(struct client *client, uint8_t exit_code, const char *text);
/* A text answer, or {"key": "text"}. */
void fg_ctl_reply_text(struct client *client, uint8_t exit_code, const char *key, const char *text);
void fg_ctl_reply_error(struct client *client, enum fg_rc rc);
/* As a JSON string; NULL without memory. */
char *fg_ctl_quote(void *ctx, const char *text);
struct client *fg_ctl_find(struct fg_core *core, uint64_t id);
/* Freed by talloc_free(); NULL: the client was answered. */
struct later *fg_ctl_later(struct client *client);

/* ctl_links.c */
void fg_ctl_links(struct client *client, char **words);
/* A line about each link that the operator has taken away, for the end of an explanation; NULL without memory. */
char *fg_ctl_links_away(void *ctx, const struct fg_core *core);
void fg_ctl_suspend(struct client *client, char **words);
void fg_ctl_resume(struct client *client, char **words);
void fg_ctl_drain(struct client *client, char **words);
void fg_ctl_drain_progress(struct client *client, char **words);
void fg_ctl_reload(struct client *client, char **words);
