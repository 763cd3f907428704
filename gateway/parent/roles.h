/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What `fallgated --role NAME --fd N` runs. Each is written in the folder of its role and returns the exit code of the process.
 */
#pragma once

int fg_core_main(int fd);
int fg_log_main(int fd);
int fg_vault_main(int fd);
int fg_secure_main(int fd);
int fg_link_main(int fd, unsigned link);
