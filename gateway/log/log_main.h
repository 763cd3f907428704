/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*! The process of the log. fd: the channel to the parent. Returns the exit code. */
int fg_log_main(int fd);
