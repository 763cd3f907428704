/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A fuzz target is one file tests/fuzz/<name>_fuzz.c with this function. With --enable-fuzzing libFuzzer drives it; otherwise
 * tests/fuzz/replay.c does, over every file of tests/fuzz/corpus/<name>/, as part of the ordinary tests.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
