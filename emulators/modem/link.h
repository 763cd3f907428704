/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a program opens to reach a modem: a pseudo-terminal, a TCP port or a Unix socket. It can be
 * pulled out and put back. One program at a time: another one that connects is turned away.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "lib/base/error.h"
#include "lib/base/loop.h"

enum link_kind {
	LINK_PTY,  /* place: of a symbolic link to it; NULL: none */
	LINK_TCP,  /* place: ADDRESS:PORT */
	LINK_UNIX, /* place: a path, or "@" and a name in the abstract namespace */
};

struct link_conf {
	enum link_kind kind;
	const char *place;
	void (*bytes)(void *arg, const void *octets, size_t len);
	void *arg;
};

struct link;

/*! Plugged in. A talloc child of ctx; freeing it takes the link away. conf->place is copied.
 * \return FG_OK; FG_E_ARG for a place that is none, or that something else occupies; FG_E_SYSTEM;
 * FG_E_NO_MEMORY. */
enum fg_rc link_new(void *ctx, struct fg_loop *loop, const struct link_conf *conf,
		    struct link **link_out);

/*! What nobody is there to read is lost, as on a wire. */
void link_send(struct link *link, const void *octets, size_t len);

/*! Pull it out: who has it open is hung up on, and nobody can open it. */
void link_drop(struct link *link);

/*! Put it back. \return FG_OK; FG_E_SYSTEM when it cannot be had again. */
enum fg_rc link_raise(struct link *link);

/*! Where it is now: "/dev/pts/3", "127.0.0.1:4001", a path. */
const char *link_where(const struct link *link);
