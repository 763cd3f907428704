/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/loop.h"

#include <signal.h>
#include <osmocom/core/timer.h>
#include <talloc.h>

struct fg_loop {
	struct event_base *base;
	struct event *timers; /* fires when the nearest osmo timer is due */
	struct fg_clock clock;
	bool stop;
};

static int loop_destroy(struct fg_loop *loop)
{
	if (loop->timers)
		event_free(loop->timers);
	if (loop->base)
		event_base_free(loop->base);
	return 0;
}

/* osmo timers read osmo_gettimeofday(): give them the monotonic clock. */
static void feed_clock(struct fg_loop *loop)
{
	uint64_t us = fg_clock_mono_us(&loop->clock);

	osmo_gettimeofday_override = true;
	osmo_gettimeofday_override_time.tv_sec = (time_t)(us / 1000000);
	osmo_gettimeofday_override_time.tv_usec = (suseconds_t)(us % 1000000);
}

static void timers_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	feed_clock(arg);
	osmo_timers_update();
}

static void arm_timers(struct fg_loop *loop)
{
	int ms;
	struct timeval tv;

	feed_clock(loop);
	osmo_timers_prepare();
	ms = osmo_timers_nearest_ms();
	if (ms < 0) {
		event_del(loop->timers);
		return;
	}
	tv.tv_sec = ms / 1000;
	tv.tv_usec = ms % 1000 * 1000;
	event_add(loop->timers, &tv);
}

struct fg_loop *fg_loop_new(void *ctx)
{
	struct fg_loop *loop = talloc_zero(ctx, struct fg_loop);

	if (!loop)
		return NULL;
	talloc_set_destructor(loop, loop_destroy);
	signal(SIGPIPE, SIG_IGN);
	fg_clock_init(&loop->clock);
	loop->base = event_base_new();
	if (loop->base)
		loop->timers = event_new(loop->base, -1, 0, timers_due, loop);
	if (!loop->timers) {
		talloc_free(loop);
		return NULL;
	}
	feed_clock(loop);
	return loop;
}

struct event_base *fg_loop_base(struct fg_loop *loop)
{
	return loop->base;
}

struct fg_clock *fg_loop_clock(struct fg_loop *loop)
{
	return &loop->clock;
}

void fg_loop_step(struct fg_loop *loop, bool wait)
{
	arm_timers(loop);
	event_base_loop(loop->base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
	feed_clock(loop);
}

void fg_loop_run(struct fg_loop *loop)
{
	loop->stop = false;
	while (!loop->stop)
		fg_loop_step(loop, true);
}

void fg_loop_stop(struct fg_loop *loop)
{
	loop->stop = true;
	event_base_loopbreak(loop->base);
}

void fg_loop_timers_changed(struct fg_loop *loop)
{
	arm_timers(loop);
}
