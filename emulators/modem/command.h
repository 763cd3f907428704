/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The word "ctl" of fallgate-modem: it speaks to an emulator that runs, through its control socket,
 * and exits.
 */
#pragma once

/*! argv[0] is "ctl". \return the exit status: 0; 1 when there is no emulator or it refuses; 2 for
 * wrong words. */
int modem_command(int argc, char **argv);
