/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The role of the sealed side's link: the listener for devices in a process of its own. It holds the TLS key and sees
 * sealed bytes only.
 */
#pragma once

/*! Run the role on the channel to the parent (lib/ipc/role.h). \return the exit code of the process. */
int fg_secure_main(int fd);
