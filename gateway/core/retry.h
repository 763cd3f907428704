/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When a message that a far side could not take is tried again.
 */
#pragma once

#include <stdint.h>

/*! Seconds until the next attempt after that many (from 1): 1, 5 and 15 min, 1, 3 and then each 6 h; for class otp 5, 15 and then each 30 s; all of it 10 % up or
 *  down, by spread. */
uint32_t fg_retry_s(uint8_t message_class, unsigned attempt, uint8_t spread);
