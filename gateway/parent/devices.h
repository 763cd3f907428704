/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the link of a modem is given open: a file for what it must remember, and its serial device each time that it asks (decision
 * 0030). The parent sets the device up (raw, for this gateway alone) and reads nothing of it.
 */
#pragma once

#include "gateway/parent/parent_internal.h"

enum { FG_DEVICES_WHY_MAX = 128 };

/*! Give the link of a modem its file; nothing to others. */
void fg_devices_introduce(struct child *child);

/*! Answer DEVICE with the nth device that links.device names, or with NO_DEVICE. */
void fg_devices_answer(struct child *child, unsigned nth);

/*! Does the file that udev keeps of a device tell ModemManager to leave it alone? False when there is no such file. */
bool fg_devices_excluded(const char *udev_file);

/*! Open the nth device of a pattern (glob), sorted by name. \return its descriptor; -1 with why: there is none, it is no terminal, or
 *  another program has it, such as ModemManager; and whether the pattern names others behind it. */
int fg_devices_open(const char *pattern, unsigned nth, bool *more_out,
		    char why[static FG_DEVICES_WHY_MAX]);
