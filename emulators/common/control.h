/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The control socket of an emulator: whoever runs it tells it what to do next. A request is its
 * words, each ended with NUL, up to the end of the client's half; the answer is text, "ok" or
 * "error: why" in its first line, up to the end of ours. ask.c is the client.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"
#include "lib/base/loop.h"

enum { EMU_WORDS_MAX = 32, EMU_ANSWER_TEXT = 16384 };

struct emu_control;
struct sockaddr_un;

struct emu_request {
	void *arg;
	unsigned count;
	char *words[EMU_WORDS_MAX];
	char answer[EMU_ANSWER_TEXT]; /*!< "ok" unless the order says something else */
	const uint64_t *awaited;      /*!< set by the order: answer when it is so much or more */
	uint64_t wanted;
	bool stop; /*!< set by the order: leave the loop when the answer is out */
};

struct emu_order {
	const char *name;                         /*!< the first word */
	bool (*run)(struct emu_request *request); /*!< false: the other words are wrong */
};

struct emu_orders {
	const struct emu_order *list;
	size_t count;
	void *arg;
	void (*after)(void *arg); /*!< called after each; may be NULL */
};

/*! A Unix socket at path for its owner alone, which is replaced when nobody listens on it. The list
 * is borrowed as long as it lives, a talloc child of ctx. \return FG_OK; FG_E_ARG for a path that is
 * too long; FG_E_SYSTEM; FG_E_NO_MEMORY. */
enum fg_rc emu_control_new(void *ctx, struct fg_loop *loop, const char *path,
			   const struct emu_orders *orders, struct emu_control **control_out);

/*! Remove a socket file that a program left behind when it was killed: one that nobody listens on. */
void emu_remove_stale(const struct sockaddr_un *address);

/*! Answer those who wait for a counter that has got there. */
void emu_control_look(struct emu_control *control);
