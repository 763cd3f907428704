/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an application is told of an error or of a receipt, in numbers and words. docs/operations.md explains them to its author.
 */
#pragma once

#include <stdint.h>
#include "lib/base/error.h"

/* Ours, of the vendor range 0x400 to 0x4FF. */
enum {
	APP_STATUS_BELOW_FLOOR =
		0x0420, /* nothing gives the protection that the account demands; nothing was sent */
	APP_STATUS_DUPLICATE_KEY = 0x0421, /* the idempotency key came with another message */
};

struct app_refusal {
	uint32_t status;  /* command_status; 0: none */
	const char *word; /* additional_status_info_text; "": nothing to add */
};

#define APP_REFUSE(NAME, text) ((struct app_refusal){ FG_SMPP_STATUS_##NAME, text })
#define APP_TAKE               ((struct app_refusal){ 0, "" })

/* What an error of the host means to the application. */
struct app_refusal app_refusal_of(enum fg_rc rc);

/* Numbers of ipc.def and of the decision as words: "none", "sms", "absent"; "unknown" for one without a word. */
const char *app_word_of_protection(uint8_t protection);
const char *app_word_of_bearer(uint8_t bearer);
const char *app_word_of_reason(uint8_t reason);
