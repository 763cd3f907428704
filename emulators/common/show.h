/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What strangers wrote, on standard output.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*! A JSON string, quotes included. text is UTF-8. */
void emu_show_json(const char *text, size_t len);

/*! For a terminal: what it would act on is shown as a dot. */
void emu_show_safe(const char *text, size_t len);

/*! The same, with a mark at its begin in reverse when colour is true. */
void emu_show_marked(const char *text, size_t len, bool colour);
