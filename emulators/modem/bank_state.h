/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What bank.c (lines and time) and control.c (orders) share.
 */
#pragma once

#include "emulators/common/control.h"
#include "emulators/common/due.h"
#include "emulators/modem/bank.h"

struct record;
struct replay;

struct modem {
	struct bank *bank;
	unsigned number;
	struct phone *phone;
	struct replay *replay; /* answers instead of the phone */
	struct link *link;
	bool comes_back;
	uint64_t back_us;
};

/* An order of a script that is due later. */
struct task {
	struct emu_due due;
	char line[];
};

struct bank {
	struct fg_loop *loop;
	struct bank_options options;
	struct bank_owner owner;
	struct modem *modems;
	struct emu_heap tasks;
	struct phone_counters counters; /* of all together, for those who wait; bank_count_all() */
	bool awaited;                   /* somebody waits, or did */
	struct emu_control *control;
	struct record *record;
	struct event *timer;
	uint64_t start_us, now_us, timer_us;
};

/* Around whatever a modem is told: the time before; the timer and waiting clients after. */
void bank_before(struct bank *bank);
void bank_after(struct bank *bank);
void bank_count_all(struct bank *bank);

enum fg_rc bank_control_new(struct bank *bank, const char *path, struct emu_control **control_out);

/* Run one order, its words divided by spaces; the text of "receive" and "say" goes to the end of the
 * line. False: wrong. */
bool bank_order(struct bank *bank, char *line);
bool bank_order_known(const char *name);
