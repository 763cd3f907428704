/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everything that can be said about a configuration before anything is opened for good: both files, the mark's alphabet, the paths.
 */
#pragma once

#include "lib/base/conf.h"

/*! \param[out] conf_out  filled with what is right even when something is wrong.
 *  \return FG_OK; FG_E_CONF after at least one error was reported. */
enum fg_rc fg_parent_check(const char *path, struct fg_conf *conf_out, fg_conf_error_cb error,
			   void *arg);
