/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control socket: one request, one answer (in pieces when it is long), from people whose uid may ask.
 */
#include "gateway/core/internal.h"

int fg_ctl_placeholder;
