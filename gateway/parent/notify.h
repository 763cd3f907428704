/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sd_notify(3) without its library: one datagram to the socket that the service manager names in NOTIFY_SOCKET.
 */
#pragma once

/*! Say state, such as "READY=1". Nothing happens without NOTIFY_SOCKET. */
void fg_notify(const char *state);
