/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A whole gateway of fixture roles (role_fixture.c) in a folder of its own, started by the real parent with short times.
 */
#pragma once

#include <sys/types.h>
#include "gateway/parent/parent.h"
#include "tests/support/fg_test.h"

enum { WAIT_MS = 10000 };

struct gateway {
	char *dir;
	pid_t pid;
	int events; /* what the roles say */
	char said[65536];
	char file[65536]; /* for slurp() */
	struct fg_parent_timings timings;
};

const char *gateway_path_of(struct gateway *gw, const char *name);
void gateway_put(struct gateway *gw, const char *name, const char *text);
/* The whole of a file, until the next call. */
const char *gateway_slurp(struct gateway *gw, const char *name);
void gateway_setup(struct gateway *gw);
void gateway_teardown(struct gateway *gw);
/* Check fallgate.conf and start it. */
void gateway_launch(struct gateway *gw);
/* Read events until one begins so at the n-th time; what follows it. */
const char *gateway_until(struct gateway *gw, const char *event, int times);
pid_t gateway_pid_in(struct gateway *gw, const char *event, int times);
void gateway_until_all_started(struct gateway *gw);
/* Exit code, or minus the signal. What does not end by itself in time is killed, and shows as that. */
int gateway_reap(pid_t pid);
int gateway_stop(struct gateway *gw);
void gateway_assert_before(const char *text, const char *first, const char *second);
void gateway_assert_logged(struct gateway *gw, const char *text);
void gateway_assert_mode(struct gateway *gw, const char *name, mode_t mode);
/* Every role has started and the parent has said so. */
void gateway_until_ready(struct gateway *gw);
