/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A changed configuration, without a restart: for all roles or for none. The file is checked as at start; what may not change while
 * roles live is named and refused. Then every role is asked whether it can use its new slice (RECONF), and only when all can,
 * they take it (ADOPT): the log and the vault before the core, so that no order names what they do not know yet. A link whose own
 * keys changed is started again; the others keep their binds. A link keeps its index for the life of the gateway.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct child;
struct parent;
struct fg_ipc_reconfed;

/*! Read the configuration again. One at a time. from_core: RELOADED with that token follows; else the result is logged. */
void fg_reload_begin(struct parent *parent, bool from_core, uint64_t token);
void fg_reload_answer(struct child *child, const struct fg_ipc_reconfed *answer);
/*! A child has no process any more. */
void fg_reload_died(struct child *child);
/*! Remember what the files named in the configuration are now. */
void fg_reload_note_files(struct parent *parent);
/*! Forget a reload under way, if there is one. */
void fg_reload_free(struct parent *parent);
