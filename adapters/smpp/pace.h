/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How fast a link may submit: segments a second with a burst, slower when the far side says that it
 * is too much, and faster again (additive increase, multiplicative decrease). It belongs to the
 * account at the far side, so it outlives the connections. No clock: the caller gives the time,
 * which never runs backwards.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	FG_SMPP_PACE_PAUSE_MS = 1000,  /* after a refusal; operators' practice (Kannel) */
	FG_SMPP_PACE_CLEAN_MS = 30000, /* without a refusal before it grows again (ours) */
	FG_SMPP_PACE_GROW_S = 20,      /* from nothing to the whole: 5 % a second (ours) */
};

/*! The fields are for pace.c alone. */
struct fg_smpp_pace {
	int64_t most_milli;   /* the configured rate, thousandths of a segment a second */
	int64_t rate_milli;   /* the present one */
	int64_t halved_milli; /* what the last refusal left of it */
	int64_t burst_micro;  /* most that is saved up, millionths of a segment */
	int64_t tokens_micro; /* what is saved up; below 0 after a message that was longer */
	uint64_t seen_ms;     /* tokens and rate are those of this moment */
	uint64_t paused_until_ms;
	uint64_t slowed_ms;     /* last refusal; 0: never */
	uint64_t slowed_for_ms; /* how long it was below the configured rate, up to seen_ms */
};

/*! \param[in] rate   segments a second, 1..100000.
 *  \param[in] burst  segments at once, 0: a tenth of a second's worth; at least 1 in any case. */
void fg_smpp_pace_init(struct fg_smpp_pace *pace, int64_t rate, int64_t burst, uint64_t now_ms);

/*! May a message begin? A message that has begun is never held back: it draws what it needs, and
 * the next one waits for all of it. O(1). */
bool fg_smpp_pace_ready(struct fg_smpp_pace *pace, uint64_t now_ms);

/*! When fg_smpp_pace_ready() may turn true; not later than it does. */
uint64_t fg_smpp_pace_ready_ms(const struct fg_smpp_pace *pace);

/*! May a part that was refused go again? Only the pause counts. */
bool fg_smpp_pace_paused(const struct fg_smpp_pace *pace, uint64_t now_ms);

/*! A segment was given to the far side. */
void fg_smpp_pace_take(struct fg_smpp_pace *pace, uint64_t now_ms);

/*! The far side refused a segment sent at sent_ms for being too fast: pause, and half the rate,
 * once for all that was sent before the last time. Never below one segment a second. */
void fg_smpp_pace_slow(struct fg_smpp_pace *pace, uint64_t sent_ms, uint64_t now_ms);

/*! It was not the rate after all: as configured again. */
void fg_smpp_pace_forgive(struct fg_smpp_pace *pace, uint64_t now_ms);

/*! Bring it to this moment, without sending. */
void fg_smpp_pace_look(struct fg_smpp_pace *pace, uint64_t now_ms);

/* The rest is as of the last call with a time. */

/*! Segments a second, rounded down, at least 1. */
int64_t fg_smpp_pace_rate(const struct fg_smpp_pace *pace);
/*! Below the configured rate, or paused: the far side asked for it. */
bool fg_smpp_pace_slowed(const struct fg_smpp_pace *pace);
/*! When it is worth another look, while it is slowed: the end of the pause, or a second of growth. UINT64_MAX otherwise. Always
 * later than the last call. */
uint64_t fg_smpp_pace_change_ms(const struct fg_smpp_pace *pace);
