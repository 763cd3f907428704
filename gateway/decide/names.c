/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stable words for the numbers of decide.h.
 */
#include "gateway/decide/decide.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOOK_UP(array, number)                                                                     \
	((unsigned)(number) < COUNT(array) && (array)[number] ? (array)[number] : "?")

static const char *const actions[] = {
	[FG_ACTION_WAIT] = "WAIT",         [FG_ACTION_SECURE] = "SECURE",
	[FG_ACTION_WITHDRAW] = "WITHDRAW", [FG_ACTION_DOWNGRADE] = "DOWNGRADE",
	[FG_ACTION_ASK] = "ASK",           [FG_ACTION_REFUSE] = "REFUSE",
	[FG_ACTION_EXPIRE] = "EXPIRE",     [FG_ACTION_CANCELLED] = "CANCELLED",
};

static const char *const reason_codes[] = {
#define FG_REASON(name, code, text) code,
#include "gateway/decide/reasons.def"
#undef FG_REASON
};

static const char *const reason_texts[] = {
#define FG_REASON(name, code, text) text,
#include "gateway/decide/reasons.def"
#undef FG_REASON
};

static const char *const bearers[] = {
	[FG_BEARER_SECURE] = "secure",
	[FG_BEARER_RCS] = "rcs",
	[FG_BEARER_MMS] = "mms",
	[FG_BEARER_SMS] = "sms",
};

static const char *const protections[] = {
	[FG_PROTECTION_NONE] = "none",
	[FG_PROTECTION_HOP] = "hop",
	[FG_PROTECTION_E2E] = "e2e",
};

static const char *const message_classes[] = {
	[FG_MESSAGE_OTP] = "otp",
	[FG_MESSAGE_INTERACTIVE] = "interactive",
	[FG_MESSAGE_NORMAL] = "normal",
	[FG_MESSAGE_BULK] = "bulk",
	[FG_MESSAGE_CONFIDENTIAL] = "confidential",
};

const char *fg_action_name(enum fg_action action)
{
	return LOOK_UP(actions, action);
}

const char *fg_reason_code(enum fg_reason reason)
{
	return LOOK_UP(reason_codes, reason);
}

const char *fg_reason_text(enum fg_reason reason)
{
	return LOOK_UP(reason_texts, reason);
}

const char *fg_bearer_name(enum fg_bearer bearer)
{
	return LOOK_UP(bearers, bearer);
}

const char *fg_protection_name(enum fg_protection protection)
{
	return LOOK_UP(protections, protection);
}

const char *fg_message_class_name(enum fg_message_class message_class)
{
	return LOOK_UP(message_classes, message_class);
}
