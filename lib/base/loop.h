/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The event loop of a role: libevent owns it; libosmocore's timers (and so osmo_fsm) are driven from it with the monotonic clock,
 * since on their own they follow the wall clock and jump when it is set.
 */
#pragma once

#include <event2/event.h>
#include "lib/base/clock.h"
#include "lib/base/error.h"

struct fg_loop;

/*! A loop with its clock, owned by the talloc parent ctx. Ignores SIGPIPE. NULL when the system refuses. */
struct fg_loop *fg_loop_new(void *ctx);

struct event_base *fg_loop_base(struct fg_loop *loop);
struct fg_clock *fg_loop_clock(struct fg_loop *loop);

/*! Run until fg_loop_stop(). */
void fg_loop_run(struct fg_loop *loop);

/*! One pass: what is ready now, without waiting when wait is false. For tests. */
void fg_loop_step(struct fg_loop *loop, bool wait);
void fg_loop_stop(struct fg_loop *loop);

/*! Call after starting an osmo timer outside a callback of this loop, so that the bridge sees it. Callbacks of the loop itself
 *  need not: the bridge is armed again after each pass. */
void fg_loop_timers_changed(struct fg_loop *loop);
