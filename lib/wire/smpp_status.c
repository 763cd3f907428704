/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/smpp_status.h"

/* What a class means to those who do not speak SMPP. Credentials and session say nothing of the
 * message: the link is not usable. */
#define RC_OK                  FG_OK
#define RC_THROTTLE            FG_E_LINK_THROTTLED
#define RC_TEMPORARY           FG_E_LINK_BUSY
#define RC_UNCERTAIN           FG_E_LINK_REJECTED
#define RC_SESSION             FG_E_LINK_DOWN
#define RC_CREDENTIALS         FG_E_LINK_DOWN
#define RC_PERMANENT_RECIPIENT FG_E_LINK_RECIPIENT
#define RC_PERMANENT_SENDER    FG_E_LINK_REJECTED
#define RC_PERMANENT_BUG       FG_E_LINK_REJECTED
#define RC_TIME_FIELD          FG_E_LINK_REJECTED
#define RC_TLV_REFUSED         FG_E_LINK_REJECTED
#define RC_VENDOR              FG_E_LINK_REJECTED

enum status_row {
#define FG_SMPP_STATUS(value, NAME, class, note) ROW_##NAME,
#include "lib/wire/smpp_status.def"
#undef FG_SMPP_STATUS
};

static const struct fg_smpp_status rows[] = {
#define FG_SMPP_STATUS(value, NAME, class, note)                                                   \
	[ROW_##NAME] = { value, #NAME, FG_SMPP_CLASS_##class, RC_##class, note },
#include "lib/wire/smpp_status.def"
#undef FG_SMPP_STATUS
};

static const struct fg_smpp_status vendor = { 0, "vendor", FG_SMPP_CLASS_VENDOR, RC_VENDOR,
					      "defined by the carrier" };
static const struct fg_smpp_status unknown = { 0, "unknown", FG_SMPP_CLASS_UNCERTAIN, RC_UNCERTAIN,
					       "not a status of the standard" };

const struct fg_smpp_status *fg_smpp_status_find(uint32_t value)
{
	switch (value) {
#define FG_SMPP_STATUS(code, NAME, class, note)                                                    \
	case code:                                                                                 \
		return &rows[ROW_##NAME];
#include "lib/wire/smpp_status.def"
#undef FG_SMPP_STATUS
	default:
		/* SMPP v3.4, 5.1.3: reserved for SMSC vendor specific errors. */
		return value >= 0x400 && value <= 0x4FF ? &vendor : &unknown;
	}
}
