/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What smsc.c (sockets and time) and control.c (the control socket) share.
 */
#pragma once

#include "emulators/smsc/center.h"

struct smsc_control;

struct fg_smsc {
	struct fg_loop *loop;
	struct smsc_center *center;
	struct evconnlistener *listener;
	struct smsc_control *control;
	struct event *timer;
	uint64_t start_us, timer_us;
	uint16_t port;
};

/* Around whatever the center is told: the time before; timer, capture and waiting clients after. */
void smsc_before(struct fg_smsc *smsc);
void smsc_after(struct fg_smsc *smsc);

/* A Unix socket at path, which is replaced when nobody listens on it. \return FG_OK; FG_E_ARG for a
 * path that is too long; FG_E_SYSTEM; FG_E_NO_MEMORY. */
enum fg_rc smsc_control_new(struct fg_smsc *smsc, const char *path,
			    struct smsc_control **control_out);

/* Answer those who wait for a counter that has got there. */
void smsc_control_look(struct smsc_control *control);
