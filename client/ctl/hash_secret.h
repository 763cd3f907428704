/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgatectl hash-secret: what accounts.secret wants. Speaks to no gateway.
 */
#pragma once

/*! Print the hash of password, or of a line from the terminal (without echo) or from stdin when it is
 * NULL. \return the exit code of the program. */
int fg_ctl_hash_secret(const char *password);
