/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What smsc.c (sockets and time) and control.c (the control socket) share.
 */
#pragma once

#include "emulators/common/control.h"
#include "emulators/smsc/center.h"

struct fg_smsc {
	struct fg_loop *loop;
	struct smsc_center *center;
	struct evconnlistener *listener;
	struct emu_control *control;
	struct event *timer;
	uint64_t start_us, timer_us;
	uint16_t port;
};

/* Around whatever the center is told: the time before; timer, capture and waiting clients after. */
void smsc_before(struct fg_smsc *smsc);
void smsc_after(struct fg_smsc *smsc);

/* The control socket at path, as emu_control_new(). */
enum fg_rc smsc_control_new(struct fg_smsc *smsc, const char *path,
			    struct emu_control **control_out);
