/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the parent to a role in a process of its own: the one fork and exec.
 */
#pragma once

#include <sys/types.h>
#include "lib/base/conf.h"
#include "lib/ipc/frame.h"

struct fg_spawn {
	const char *program;
	const struct fg_conf *conf;
	enum fg_role role;
	unsigned link;    /*!< index in the configuration, for FG_ROLE_LINK */
	const char *name; /*!< "core", "smsc-a" */
};

/*! Start it, under its own user when that is possible, with fd 3 as its channel and nothing else but 0, 1, 2.
 *  \param[out] fd_out  the parent's end.
 *  \return FG_OK or FG_E_SYSTEM. */
enum fg_rc fg_spawn(const struct fg_spawn *spawn, pid_t *pid_out, int *fd_out);

/*! How a process ended, for people. Returns out. */
const char *fg_spawn_ended(int status, char *out, size_t cap);

/*! Log what this system does not give to the roles: users of their own, locked memory. Said at start, not found out later. */
void fg_spawn_say_weaknesses(const struct fg_conf *conf);
