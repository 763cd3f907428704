/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fault points: named steps at which a test lets a process die by SIGKILL (tests/crash/steps_test.py). They exist only where configure
 * was given --enable-fault-points, which tools/check gives to its sanitized builds; tools/check-layers proves that other archives hold none.
 *
 * Steps are spelt "core>log ORDER send": who says what to whom, and the moment: `send`, about to be written; `sent`, written;
 * `receive`, taken from the wire and not yet handled. And "log disk JOURNAL before" or `after`: around what makes something durable.
 *
 * The environment variable FG_FAULT_FILE names a file of struct fg_fault_control, which every process of a gateway maps before its cage
 * closes. One process dies for each time that the test arms it; who is started again does not.
 */
#pragma once

#include <stdint.h>

enum { FG_FAULT_STEP_MAX = 64, FG_FAULT_TRACE_MAX = 8192 };
enum fg_fault_state { FG_FAULT_IDLE, FG_FAULT_ARMED, FG_FAULT_DONE };

/*! Shared by the test and all processes; integers as this machine stores them. The test writes step and passes, then state. */
struct fg_fault_control {
	uint32_t state;               /*!< enum fg_fault_state */
	uint32_t passes;              /*!< the process that makes it 0 dies */
	uint32_t pid;                 /*!< who died, when state is FG_FAULT_DONE */
	uint32_t traced;              /*!< steps passed so far; only the first are in trace */
	char step[FG_FAULT_STEP_MAX]; /*!< ended by NUL */
	char trace[FG_FAULT_TRACE_MAX][FG_FAULT_STEP_MAX];
};

#ifdef FG_FAULT_POINTS
/*! Map the control file, once; role is the name of this process. Nothing without FG_FAULT_FILE. */
void fg_fault_open(const char *role);

/*! This process is at a step of a frame or of its disk; does not return where the test wants it to die. Any thread. */
void fg_fault_frame(const char *from, const char *to, const char *frame, const char *moment);
void fg_fault_disk(const char *what, const char *moment);
#else
#define fg_fault_open(role)                     ((void)0)
#define fg_fault_frame(from, to, frame, moment) ((void)0)
#define fg_fault_disk(what, moment)             ((void)0)
#endif
