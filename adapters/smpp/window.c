/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/window.h"

enum { REFUSALS = 3, PATIENCE_MS = 30000, PATIENCE_MAX_MS = 3600000 };

static void forget(struct fg_smpp_window *window)
{
	window->refusals = window->refused_depth = window->accepted_depth = 0;
}

void fg_smpp_window_init(struct fg_smpp_window *window, unsigned most)
{
	*window = (struct fg_smpp_window){ .most = most, .now = most, .patience_ms = PATIENCE_MS };
}

bool fg_smpp_window_accepted(struct fg_smpp_window *window, unsigned depth, uint64_t now_ms)
{
	if (depth > window->accepted_depth)
		window->accepted_depth = depth;
	/* As deep as what was refused, and taken: it was the rate. */
	if (window->refusals > 0 && depth >= window->refused_depth)
		forget(window);
	if (window->now >= window->most || depth < window->now ||
	    now_ms < window->tried_ms + window->patience_ms)
		return false;
	window->good = window->now;
	window->now += window->now / 2 > 0 ? window->now / 2 : 1;
	if (window->now > window->most)
		window->now = window->most;
	window->tried_ms = now_ms;
	forget(window);
	return true;
}

bool fg_smpp_window_refused(struct fg_smpp_window *window, unsigned depth, uint64_t now_ms)
{
	unsigned least = window->refused_depth && window->refused_depth < depth
				 ? window->refused_depth
				 : depth;
	bool known = depth > window->now; /* it left before the window shrank */
	bool tried_in_vain = window->good && depth > window->good;

	if (known)
		return true;
#ifndef FG_MUTANT_smpp_window_depth
	if (depth < 2 || least <= window->accepted_depth) {
		forget(window);
		return false;
	}
#else
	least = least > 1 ? least : 2;
#endif
	window->refused_depth = least;
	window->refusals++;
	if (window->refusals < REFUSALS && !tried_in_vain)
		return false;
	if (tried_in_vain && window->patience_ms <= PATIENCE_MAX_MS / 2)
		window->patience_ms *= 2;
	window->now = tried_in_vain ? window->good : least - 1;
	window->good = 0;
	window->tried_ms = now_ms;
	forget(window);
	return true;
}
