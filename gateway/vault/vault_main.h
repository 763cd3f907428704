/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*! The process of the vault. fd: the channel to the parent. Returns the exit code. */
int fg_vault_main(int fd);
