/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Small files that testers write.
 */
#pragma once

/*! The text of a file of at most 4 MiB, ended with NUL, to be freed with free(); NULL when it cannot
 * be read. */
char *emu_file_text(const char *path);
