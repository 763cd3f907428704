/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The words "mo" and "ctl" of fallgate-smsc: they speak to an emulator that runs, through its
 * control socket, and exit.
 */
#pragma once

/*! argv[0] is "mo" or "ctl". \return the exit status: 0; 1 when there is no emulator or it refuses;
 * 2 for wrong words. */
int smsc_command(int argc, char **argv);
