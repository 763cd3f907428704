/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One frame of every type with every field set, made from ipc.def: for round trips and golden vectors.
 */
#pragma once

#include "lib/ipc/frame.h"

/*! All frame types, in the order of the table. */
extern const enum fg_ipc_type fg_sample_types[];
extern const size_t fg_sample_types_count;

/*! Fill a frame: integers count up, byte fields have at most `most` bytes (or their maximum, when that is less). The bytes
 *  belong to this file and stay the same. */
void fg_sample(enum fg_ipc_type type, size_t most, struct fg_frame *frame_out);

/*! One byte more than the maximum in byte field number `which`; false when there are not so many. */
bool fg_sample_too_long(enum fg_ipc_type type, size_t which, struct fg_frame *frame_out);

bool fg_sample_equal(const struct fg_frame *a, const struct fg_frame *b);
