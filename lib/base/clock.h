/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Time, and the one place where a test moves it. Wall time stamps objects; monotonic time drives timers; the difference
 * between the two tells when somebody set the clock back (which holds downgrades: attack 15, countermeasure C16).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fg_clock {
	int64_t offset_ms;          /*!< tests: added to both clocks */
	int64_t wall_offset_ms;     /*!< tests: added to the wall clock only */
	int64_t wall_minus_mono_ms; /*!< highest difference seen */
	bool known;
};

/*! A clock that reads the system's. FG_CLOCK_WALL_OFFSET_MS in the environment of a sanitized build moves its wall clock. */
void fg_clock_init(struct fg_clock *clock);

/*! Unix time in milliseconds, UTC. */
uint64_t fg_clock_wall_ms(const struct fg_clock *clock);

/*! Milliseconds since some fixed moment; never goes back. */
uint64_t fg_clock_mono_ms(const struct fg_clock *clock);

/*! Microseconds, monotonic: for measuring. */
uint64_t fg_clock_mono_us(const struct fg_clock *clock);

/*! The wall clock showed wall_ms before this process began, as something durable remembers: a restart does not forget how far it has been. */
void fg_clock_seen(struct fg_clock *clock, uint64_t wall_ms);

/*! True while the wall clock is more than 5 minutes (ours: C16) behind the furthest it has been. Call it before a decision. */
bool fg_clock_went_back(struct fg_clock *clock);
