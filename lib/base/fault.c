/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct fg_fault_control *control; /* NULL: no test */
static const char *own_role = "";

void fg_fault_open(const char *role)
{
	const char *path = getenv("FG_FAULT_FILE");
	int fd = path && !control ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	own_role = role;
	control = map;
}

static void pass(const char *step)
{
	uint32_t number = __atomic_fetch_add(&control->traced, 1, __ATOMIC_SEQ_CST);

	if (number < FG_FAULT_TRACE_MAX)
		memcpy(control->trace[number], step, FG_FAULT_STEP_MAX);
	if (__atomic_load_n(&control->state, __ATOMIC_SEQ_CST) != FG_FAULT_ARMED ||
	    strncmp(control->step, step, FG_FAULT_STEP_MAX) != 0 ||
	    __atomic_fetch_sub(&control->passes, 1, __ATOMIC_SEQ_CST) != 1)
		return;
	control->pid = (uint32_t)getpid();
	__atomic_store_n(&control->state, FG_FAULT_DONE, __ATOMIC_SEQ_CST);
	raise(SIGKILL);
}

void fg_fault_frame(const char *from, const char *to, const char *frame, const char *moment)
{
	char step[FG_FAULT_STEP_MAX] = "";

	if (!control)
		return;
	snprintf(step, sizeof(step), "%s>%s %s %s", from, to, frame, moment);
	pass(step);
}

void fg_fault_disk(const char *what, const char *moment)
{
	char step[FG_FAULT_STEP_MAX] = "";

	if (!control)
		return;
	snprintf(step, sizeof(step), "%s disk %s %s", own_role, what, moment);
	pass(step);
}
