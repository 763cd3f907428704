/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/clock.h"

#include <stdlib.h>
#include <time.h>

#define WENT_BACK_MS (5 * 60 * 1000)

static uint64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void fg_clock_init(struct fg_clock *clock)
{
	*clock = (struct fg_clock){ 0 };
#ifdef FG_SANITIZED
	const char *offset = getenv("FG_CLOCK_WALL_OFFSET_MS");
	if (offset)
		clock->wall_offset_ms = strtoll(offset, NULL, 10);
#endif
}

uint64_t fg_clock_wall_ms(const struct fg_clock *clock)
{
	return (uint64_t)((int64_t)(read_us(CLOCK_REALTIME) / 1000) + clock->offset_ms +
			  clock->wall_offset_ms);
}

uint64_t fg_clock_mono_ms(const struct fg_clock *clock)
{
	return (uint64_t)((int64_t)(read_us(CLOCK_BOOTTIME) / 1000) + clock->offset_ms);
}

uint64_t fg_clock_mono_us(const struct fg_clock *clock)
{
	return (uint64_t)((int64_t)read_us(CLOCK_BOOTTIME) + clock->offset_ms * 1000);
}

static void seen(struct fg_clock *clock, int64_t diff_ms)
{
	if (!clock->known || diff_ms > clock->wall_minus_mono_ms)
		clock->wall_minus_mono_ms = diff_ms;
	clock->known = true;
}

void fg_clock_seen(struct fg_clock *clock, uint64_t wall_ms)
{
	seen(clock, (int64_t)wall_ms - (int64_t)fg_clock_mono_ms(clock));
}

bool fg_clock_went_back(struct fg_clock *clock)
{
	int64_t diff = (int64_t)fg_clock_wall_ms(clock) - (int64_t)fg_clock_mono_ms(clock);

	seen(clock, diff);
	return diff < clock->wall_minus_mono_ms - WENT_BACK_MS;
}
