/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/cms.h"

/* SIM and modem say nothing of the message: the link is not usable. */
#define RC_RECIPIENT    FG_E_LINK_RECIPIENT
#define RC_SUBSCRIPTION FG_E_LINK_REJECTED
#define RC_FORMAT       FG_E_LINK_REJECTED
#define RC_VALIDITY     FG_E_LINK_REJECTED
#define RC_DUPLICATE    FG_OK
#define RC_TEMPORARY    FG_E_LINK_BUSY
#define RC_ONCE         FG_E_LINK_BUSY
#define RC_LONG         FG_E_LINK_BUSY
#define RC_MODEM        FG_E_LINK_DOWN
#define RC_SIM          FG_E_LINK_DOWN
#define RC_STORAGE      FG_E_LINK_BUSY
#define RC_BUSY         FG_E_LINK_BUSY
#define RC_UNKNOWN      FG_E_LINK_UNKNOWN
#define RC_COMMAND      FG_E_LINK_REJECTED
#define RC_VENDOR       FG_E_LINK_BUSY

enum row {
#define FG_CMS(value, class, note, source) CMS_##value,
#define FG_CME(value, class, note, source) CME_##value,
#include "lib/wire/cms.def"
#undef FG_CMS
#undef FG_CME
};

#define ROW(value, class, note, source)                                                            \
	{                                                                                          \
		value, true, FG_CMS_CLASS_##class, RC_##class, note, source                        \
	}

static const struct fg_cms_code rows[] = {
#define FG_CMS(value, class, note, source) [CMS_##value] = ROW(value, class, note, source),
#define FG_CME(value, class, note, source) [CME_##value] = ROW(value, class, note, source),
#include "lib/wire/cms.def"
#undef FG_CMS
#undef FG_CME
};

/* ---- Values without a row ---- */

#define REST(class, note, source)                                                                  \
	{                                                                                          \
		0, false, FG_CMS_CLASS_##class, RC_##class, note, source                           \
	}

static const struct fg_cms_code network_rest =
	REST(TEMPORARY, "not a cause of the standard", "3GPP TS 24.011, 8.2.5.4: taken as 41");
static const struct fg_cms_code smsc_rest =
	REST(TEMPORARY, "not a cause of the standard, or an application's own",
	     "3GPP TS 23.040, 9.2.3.22: taken as 255");
static const struct fg_cms_code modem_rest =
	REST(UNKNOWN, "not a code of the standard", "none; taken as 500");
static const struct fg_cms_code vendor_rest =
	REST(VENDOR, "defined by the manufacturer",
	     "3GPP TS 27.005, 3.2.5: manufacturer specific from 512 on");
static const struct fg_cms_code equipment_rest =
	REST(UNKNOWN, "not a code of the standard", "none; taken as 100");

enum { SMSC_FIRST = 128, MODEM_FIRST = 256, VENDOR_FIRST = 512 };

static const struct fg_cms_code *find_cms(uint32_t value)
{
	switch (value) {
#define FG_CMS(code, class, note, source)                                                          \
	case code:                                                                                 \
		return &rows[CMS_##code];
#define FG_CME(code, class, note, source)
#include "lib/wire/cms.def"
#undef FG_CMS
#undef FG_CME
	default:
		if (value < SMSC_FIRST)
			return &network_rest;
		if (value < MODEM_FIRST)
			return &smsc_rest;
		return value < VENDOR_FIRST ? &modem_rest : &vendor_rest;
	}
}

static const struct fg_cms_code *find_cme(uint32_t value)
{
	switch (value) {
#define FG_CMS(code, class, note, source)
#define FG_CME(code, class, note, source)                                                          \
	case code:                                                                                 \
		return &rows[CME_##code];
#include "lib/wire/cms.def"
#undef FG_CMS
#undef FG_CME
	default:
		return &equipment_rest;
	}
}

const struct fg_cms_code *fg_cms_find(enum fg_cms_family family, uint32_t value)
{
	return family == FG_CMS_ERROR ? find_cms(value) : find_cme(value);
}

/* ---- Classes ---- */

static const struct {
	const char *name, *reaction;
	enum fg_rc rc;
} classes[] = {
	[FG_CMS_CLASS_RECIPIENT] = { "recipient", "failed; no other link of this bearer is tried",
				     RC_RECIPIENT },
	[FG_CMS_CLASS_SUBSCRIPTION] = { "subscription",
					"failed on this link and an alarm; another link may take "
					"it",
					RC_SUBSCRIPTION },
	[FG_CMS_CLASS_FORMAT] = { "format",
				  "failed on this link and an alarm; check its configuration",
				  RC_FORMAT },
	[FG_CMS_CLASS_VALIDITY] = { "validity",
				    "once more without validity, then failed on this link",
				    RC_VALIDITY },
	[FG_CMS_CLASS_DUPLICATE] = { "duplicate", "counts as sent, once", RC_DUPLICATE },
	[FG_CMS_CLASS_TEMPORARY] = { "temporary",
				     "the message is deferred; again later, other links too",
				     RC_TEMPORARY },
	[FG_CMS_CLASS_ONCE] = { "once", "deferred once, then failed on this link", RC_ONCE },
	[FG_CMS_CLASS_LONG] = { "long", "deferred for a quarter of an hour; other links at once",
				RC_LONG },
	[FG_CMS_CLASS_MODEM] = { "modem",
				 "the modem rests and is initialised anew; the message is "
				 "deferred, not an attempt",
				 RC_MODEM },
	[FG_CMS_CLASS_SIM] = { "sim",
			       "the modem rests and an alarm; a PIN is never tried again; the "
			       "message is deferred, not an attempt",
			       RC_SIM },
	[FG_CMS_CLASS_STORAGE] = { "storage", "the storage is emptied, then again; not an attempt",
				   RC_STORAGE },
	[FG_CMS_CLASS_BUSY] = { "busy", "again in place after 1, 2 and 4 seconds, then deferred",
				RC_BUSY },
	[FG_CMS_CLASS_UNKNOWN] = { "unknown",
				   "it may have been sent: unknown, never sent again by itself",
				   RC_UNKNOWN },
	[FG_CMS_CLASS_COMMAND] = { "command",
				   "says nothing of a message; a submit that gets it failed on "
				   "this link",
				   RC_COMMAND },
	[FG_CMS_CLASS_VENDOR] = { "vendor", "as busy, unless the modem's profile says more",
				  RC_VENDOR },
};

const char *fg_cms_class_name(enum fg_cms_class class)
{
	return classes[class].name;
}

const char *fg_cms_class_reaction(enum fg_cms_class class)
{
	return classes[class].reaction;
}

enum fg_rc fg_cms_class_rc(enum fg_cms_class class)
{
	return classes[class].rc;
}
