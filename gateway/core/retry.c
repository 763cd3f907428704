/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/core/retry.h"

#include <stdbool.h>
#include <stddef.h>
#include "gateway/decide/decide.h"

uint32_t fg_retry_s(uint8_t message_class, unsigned attempt, uint8_t spread)
{
	static const uint32_t steps[] = { 60, 300, 900, 3600, 10800, 21600 };
	static const uint32_t otp[] = { 5, 15, 30 };
	bool fast = message_class == FG_MESSAGE_OTP;
	size_t last = (fast ? sizeof(otp) : sizeof(steps)) / sizeof(*steps) - 1;
	size_t at = attempt ? attempt - 1u : 0;
	uint32_t base = fast ? otp[at < last ? at : last] : steps[at < last ? at : last];

	/* 10 % up or down, so that what failed together does not come back together. */
	return base - base / 10 + spread % (base / 5 + 1);
}
