/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client of an emulator's control socket.
 */
#pragma once

/*! Send words to the emulator at path and show its answer. An emulator that is not there yet
 * is waited for, 3 s. program is named in complaints. \return the exit status: 0; 1 when there is
 * no emulator or it refuses. */
int emu_ask(const char *program, const char *path, int count, const char *const *words);
