/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp_server/words.h"

#include <stddef.h>
#include "lib/ipc/frame.h"
#include "lib/wire/smpp_status.h"

static const struct {
	enum fg_rc rc;
	uint32_t status;
	const char *word;
} rows[] = {
	{ FG_OK, 0, "" },
	{ FG_E_IPC_FULL, FG_SMPP_STATUS_RMSGQFUL, "busy" },
	{ FG_E_NO_MEMORY, FG_SMPP_STATUS_RMSGQFUL, "busy" },
	{ FG_E_STORE_BUSY, FG_SMPP_STATUS_RMSGQFUL, "queue-full" },
	{ FG_E_STORE_FULL, FG_SMPP_STATUS_RMSGQFUL, "queue-full" },
	{ FG_E_LIMIT, FG_SMPP_STATUS_RTHROTTLED, "limit" },
	{ FG_E_SECURE_ONLY, APP_STATUS_BELOW_FLOOR, "below-floor" },
	{ FG_E_EXISTS, APP_STATUS_DUPLICATE_KEY, "duplicate-key" },
	{ FG_E_NOT_FOUND, FG_SMPP_STATUS_RINVMSGID, "unknown-id" },
	{ FG_E_HANDLE, FG_SMPP_STATUS_RINVDSTADR, "destination" },
	{ FG_E_TEXT_LONG, FG_SMPP_STATUS_RINVMSGLEN, "too-long" },
	{ FG_E_TOO_LONG, FG_SMPP_STATUS_RINVMSGLEN, "too-long" },
	{ FG_E_CONSENT_SEGMENTS, FG_SMPP_STATUS_RINVMSGLEN, "too-long" },
	{ FG_E_UTF8, FG_SMPP_STATUS_RINVDCS, "coding" },
	{ FG_E_TEXT_CODING, FG_SMPP_STATUS_RINVDCS, "coding" },
	{ FG_E_UNSUPPORTED, FG_SMPP_STATUS_RSUBMITFAIL, "unsupported" },
};

struct app_refusal app_refusal_of(enum fg_rc rc)
{
	enum fg_rc_class class;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rc == rc)
			return (struct app_refusal){ rows[i].status, rows[i].word };
	class = fg_rc_class(rc);
	return class == FG_CLASS_RETRY      ? APP_REFUSE(RMSGQFUL, "later")
	       : class == FG_CLASS_THROTTLE ? APP_REFUSE(RTHROTTLED, "later")
					    : APP_REFUSE(RSUBMITFAIL, "refused");
}

/* Numbers of the decision, which an adapter may not include: tests/adapters/smpp_server_session_test.c holds them together. */
static const char *const protections[] = { "none", "hop", "e2e" };
static const char *const bearers[] = { "secure", "rcs", "mms", "sms" };
static const char *const reasons[] = {
	"none",
	"secure-devices",
	"stale-directory",
	"identity-changed",
	"absent",
	"pin-conflict",
	"pin-override",
	"deregistered",
	"unknown-view",
	"unknown-at-deadline",
	"undelivered",
	"acknowledged",
	"no-consent",
	"below-floor",
	"cancelled",
	"no-link",
	"link-failed",
	"rule-link",
	"rule-refuse",
	"rule-hold",
	"links-exhausted",
	"deadline",
	"secure-not-yet",
	"relayed",
};

#define WORD(table, n) ((n) < sizeof(table) / sizeof((table)[0]) ? (table)[n] : "unknown")

const char *app_word_of_protection(uint8_t protection)
{
	return WORD(protections, protection);
}

const char *app_word_of_bearer(uint8_t bearer)
{
	return bearer == FG_NO_BEARER ? "none" : WORD(bearers, bearer);
}

const char *app_word_of_reason(uint8_t reason)
{
	return WORD(reasons, reason);
}
