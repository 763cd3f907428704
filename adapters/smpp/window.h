/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many submits may wait for their answer on one bind. Carriers grant fewer than is configured
 * (one is common) and say so with the codes that also mean "too fast": 0x58, 0x14, 0x45. The two
 * are told apart by depth, the number of submits that waited when this one was sent, itself
 * counted. Three refusals, each deeper than everything that was accepted since, are the window: it
 * becomes one less than the least depth that was refused. After 30 s without a refusal half as many
 * more are tried; when that is refused, twice as long is waited before the next try, at most an
 * hour.
 *
 * One for all binds of a link, since they are the same account; it outlives the connections.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*! most and now may be read by all; the rest is for window.c alone. */
struct fg_smpp_window {
	unsigned most; /* configured */
	unsigned now;
	unsigned accepted_depth; /* greatest that was accepted since the first refusal */
	unsigned refused_depth;  /* least that was refused; 0: none */
	unsigned refusals;
	unsigned good;     /* before the last try to grow; 0: nothing is tried */
	uint64_t tried_ms; /* last refusal, or last growth */
	uint64_t patience_ms;
};

void fg_smpp_window_init(struct fg_smpp_window *window, unsigned most);

/*! A submit of that depth was accepted. True when the window grew. O(1). */
bool fg_smpp_window_accepted(struct fg_smpp_window *window, unsigned depth, uint64_t now_ms);

/*! A submit of that depth was refused with one of the codes. True when the window is to blame, which
 * may have shrunk by that, and not the rate. O(1). */
bool fg_smpp_window_refused(struct fg_smpp_window *window, unsigned depth, uint64_t now_ms);
