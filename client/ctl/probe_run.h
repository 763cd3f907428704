/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgatectl probe: the configuration, the question whether to send, the sockets.
 */
#pragma once

#include <stdbool.h>

/*! words: what follows "probe". \return the exit code: 0 a profile was printed; 1 not; 2 wrong use; 3 no such link. */
int fg_ctl_probe(int count, char **words, bool json);
