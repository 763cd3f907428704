/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/pace.h"

enum { MILLI = 1000, MICRO = 1000000 };

void fg_smpp_pace_init(struct fg_smpp_pace *pace, int64_t rate, int64_t burst, uint64_t now_ms)
{
	int64_t saved = burst > 0 ? burst : rate / 10;

	*pace = (struct fg_smpp_pace){ .seen_ms = now_ms };
	pace->most_milli = pace->rate_milli = (rate > 0 ? rate : 1) * MILLI;
	pace->burst_micro = pace->tokens_micro = (saved > 0 ? saved : 1) * MICRO;
}

/* 30 s after the last refusal it grows by 5 % of the whole a second; reckoned from there, so that it does not matter how often somebody
 * looks. */
static void grow(struct fg_smpp_pace *pace, uint64_t now_ms)
{
	uint64_t from_ms = pace->slowed_ms + FG_SMPP_PACE_CLEAN_MS;

	pace->slowed_for_ms += now_ms - pace->seen_ms;
#ifndef FG_MUTANT_smpp_pace_clean
	if (now_ms <= from_ms)
		return;
#else
	from_ms = pace->slowed_ms;
#endif
	if (now_ms - from_ms >= FG_SMPP_PACE_GROW_S * 1000)
		pace->rate_milli = pace->most_milli;
	else
		pace->rate_milli = pace->halved_milli + pace->most_milli *
								(int64_t)(now_ms - from_ms) /
								(FG_SMPP_PACE_GROW_S * 1000);
	if (pace->rate_milli > pace->most_milli)
		pace->rate_milli = pace->most_milli;
}

static void move(struct fg_smpp_pace *pace, uint64_t now_ms)
{
	uint64_t ms = now_ms > pace->seen_ms ? now_ms - pace->seen_ms : 0;
	int64_t full_ms;

	if (ms == 0)
		return;
	/* thousandths a second times milliseconds are millionths; bounded before it can overflow */
	full_ms = (pace->burst_micro - pace->tokens_micro) / pace->rate_milli + 1;
	if (ms >= (uint64_t)full_ms)
		pace->tokens_micro = pace->burst_micro;
	else
		pace->tokens_micro += pace->rate_milli * (int64_t)ms;
	if (pace->rate_milli < pace->most_milli)
		grow(pace, now_ms);
	pace->seen_ms = now_ms;
}

void fg_smpp_pace_look(struct fg_smpp_pace *pace, uint64_t now_ms)
{
	move(pace, now_ms);
}

bool fg_smpp_pace_paused(const struct fg_smpp_pace *pace, uint64_t now_ms)
{
	return now_ms < pace->paused_until_ms;
}

bool fg_smpp_pace_ready(struct fg_smpp_pace *pace, uint64_t now_ms)
{
	move(pace, now_ms);
	return !fg_smpp_pace_paused(pace, now_ms) && pace->tokens_micro >= MICRO;
}

uint64_t fg_smpp_pace_ready_ms(const struct fg_smpp_pace *pace)
{
	int64_t lack = MICRO - pace->tokens_micro;
	uint64_t ready_ms = pace->seen_ms;

	if (lack > 0)
		ready_ms += (uint64_t)((lack + pace->rate_milli - 1) / pace->rate_milli);
	return ready_ms > pace->paused_until_ms ? ready_ms : pace->paused_until_ms;
}

void fg_smpp_pace_take(struct fg_smpp_pace *pace, uint64_t now_ms)
{
	move(pace, now_ms);
	pace->tokens_micro -= MICRO;
}

void fg_smpp_pace_slow(struct fg_smpp_pace *pace, uint64_t sent_ms, uint64_t now_ms)
{
	move(pace, now_ms);
	pace->paused_until_ms = now_ms + FG_SMPP_PACE_PAUSE_MS;
	/* A whole window may be refused at once: that is one refusal of one rate. */
	if (pace->slowed_ms == 0 || sent_ms > pace->slowed_ms)
		pace->rate_milli = pace->rate_milli / 2 > MILLI ? pace->rate_milli / 2 : MILLI;
	pace->halved_milli = pace->rate_milli;
	pace->slowed_ms = now_ms;
	if (pace->tokens_micro > MICRO) /* no burst right after the pause */
		pace->tokens_micro = MICRO;
}

void fg_smpp_pace_forgive(struct fg_smpp_pace *pace, uint64_t now_ms)
{
	move(pace, now_ms);
	pace->rate_milli = pace->most_milli;
}

int64_t fg_smpp_pace_rate(const struct fg_smpp_pace *pace)
{
	return pace->rate_milli / MILLI;
}

bool fg_smpp_pace_slowed(const struct fg_smpp_pace *pace)
{
	return pace->rate_milli < pace->most_milli || fg_smpp_pace_paused(pace, pace->seen_ms);
}

uint64_t fg_smpp_pace_change_ms(const struct fg_smpp_pace *pace)
{
	uint64_t clean_ms = pace->slowed_ms + FG_SMPP_PACE_CLEAN_MS;

	if (!fg_smpp_pace_slowed(pace))
		return UINT64_MAX;
	if (fg_smpp_pace_paused(pace, pace->seen_ms))
		return pace->paused_until_ms;
	return (clean_ms > pace->seen_ms ? clean_ms : pace->seen_ms) + MILLI;
}
