/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a process gives up before it touches anything foreign: its user, other processes' descriptors, core dumps, new privileges,
 * and all system calls but a list. What the system refuses is a notice, said at start: a weaker wall, not a silent one.
 * Source: attack 12 and countermeasure C12 (memory that holds clear text).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "lib/base/error.h"

/*! Which list of system calls. */
enum fg_cage {
	FG_CAGE_CORE,  /*!< files, one thread; accepts on the control socket it was given */
	FG_CAGE_LOG,   /*!< files; no sockets but those it was given */
	FG_CAGE_VAULT, /*!< the same */
	FG_CAGE_SECURE, /*!< accepts on the listener it was given; makes no socket; reads files, writes none */
	FG_CAGE_LINK,   /*!< connects; accepts nothing; reads files, writes none */
	FG_CAGE_SERVER, /*!< a link that others connect to: as SECURE */
};

enum { FG_CAGE_NOTICES_MAX = 8, FG_CAGE_NOTICE_MAX = 160 };

struct fg_cage_notices {
	size_t count;
	char text[FG_CAGE_NOTICES_MAX][FG_CAGE_NOTICE_MAX];
};

/*! Become user, with its group and no others, for good. Only root can.
 *  \return FG_OK; FG_E_NOT_FOUND: no such user; FG_E_CAGE: refused, and the process must not go on. */
enum fg_rc fg_cage_drop(const char *user);

/*! Close every descriptor from 3 on but keep. */
void fg_cage_close_others(int keep);

/*! umask 077, no new privileges; without core_dumps: not dumpable, core size 0. Early: before a secret is read. */
void fg_cage_harden(bool core_dumps, struct fg_cage_notices *notices);

/*! From now on any system call that is not on the list kills the process with SIGSYS. A sanitized build gets a wider list, with
 *  what the sanitizers need, and a notice that says so. */
void fg_cage_lock(enum fg_cage cage, struct fg_cage_notices *notices);
