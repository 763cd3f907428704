/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process table of a gateway: starts the roles in order, introduces them to each other, restarts those that die, stops them in
 * order. It holds no key, reads no foreign byte and sees no message.
 *
 * A child's life: DOWN -> CONFIGURED (it has its configuration and owes its public keys) -> PREPARED (it has gateway.trust and its
 * files) -> STARTED (it has its peers) -> READY. Before the first start all wait until every public key is known; a child that
 * comes back goes through at once.
 */
#pragma once

#include "lib/base/conf.h"
#include "lib/base/loop.h"

struct fg_parent_timings {
	uint32_t backoff_min_ms; /*!< before the first restart; doubles with each death */
	uint32_t backoff_max_ms;
	uint32_t settled_ms; /*!< a child that lived so long begins at the minimum again */
	uint32_t ready_ms;   /*!< from spawn to READY; then it is killed */
	uint32_t stop_ms;    /*!< from STOP to SIGKILL, for all together */
};

/*! 100 ms to 30 s, 60 s, 10 s, 10 s. */
extern const struct fg_parent_timings fg_parent_default_timings;

struct fg_parent_options {
	const struct fg_conf *conf; /*!< checked (check.h); copied */
	/*! what each role is: run as `program --role NAME --fd 3 [--link I]` */
	const char *program;
	struct fg_parent_timings timings;
	const char *conf_path; /*!< where it came from, for a reload; NULL: there is none */
};

/*! Exit codes, of sysexits where it has one. */
enum fg_parent_exit {
	FG_EXIT_OK = 0,
	FG_EXIT_CHECK = 1,  /*!< -n found errors */
	FG_EXIT_USAGE = 64, /*!< EX_USAGE */
	FG_EXIT_OS = 71,    /*!< EX_OSERR: a folder, socket or process was refused */
	FG_EXIT_CONF = 78,  /*!< EX_CONFIG: configuration, or gateway.trust names other keys */
};

/*! Run the gateway until SIGTERM or SIGINT; SIGHUP reads the configuration again (reload.h). Logging must have begun. \return an exit code for the process. */
int fg_parent_run(const struct fg_parent_options *options);
