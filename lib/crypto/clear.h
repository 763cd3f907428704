/* SPDX-License-Identifier: ISC
 *
 * Clear text: its own type with no formatter, in guarded and locked memory, wiped by its one owner. Only the vault and the links on
 * the clear side may name it (tools/check-layers proves that).
 */
#pragma once

#include "lib/crypto/crypto.h"

struct fg_clear {
	uint8_t *data; /*!< guarded: reading past cap is a fault */
	size_t len;
	size_t cap;
};

/*! Room for cap bytes. When the memory cannot be locked: FG_E_LOCKED_MEMORY, unless fg_clear_allow_unlocked() was called.
 *  FG_E_NO_MEMORY. */
enum fg_rc fg_clear_new(size_t cap, struct fg_clear *clear_out);

/*! Wipe and free; clear becomes empty. The pages of short texts are kept, closed to any access, for the next ones: not for several
 *  threads. Harmless on an empty one. */
void fg_clear_free(struct fg_clear *clear);

/*! Append. FG_OK or FG_E_SPACE. */
enum fg_rc fg_clear_append(struct fg_clear *clear, const void *data, size_t len);

/*! The operator said allow_unlocked = yes: go on without locked memory. */
void fg_clear_allow_unlocked(void);

/*! Can a page be locked here? FG_OK or FG_E_LOCKED_MEMORY. For the check at start. */
enum fg_rc fg_clear_probe(void);
