/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgatectl explain-code: what an SMPP command_status, or the error of a modem, means and what Fallgate does then. Needs no
 * gateway.
 */
#pragma once

#include <stdbool.h>

/*! Print it. code: "0x45" or "69". table: a file as links.vendor_codes names, or NULL. The exit code: 0, 1 when the
 *  table cannot be read, 2 when code is no number, 3 when nobody has defined it. */
int fg_ctl_explain_code(const char *code, const char *table, bool json);

/*! Is word one of --cms, CMS, --cme, CME? Then a modem's code follows. */
bool fg_ctl_is_modem_family(const char *word);

/*! Print what +CMS ERROR or +CME ERROR means; word as above. The exit code: 0, 2 when code is no number, 3 when nobody has
 *  defined it. */
int fg_ctl_explain_modem_code(const char *word, const char *code, bool json);
