/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Emulated modems with lines and the time: what the program fallgate-modem and the tests own.
 */
#pragma once

#include "emulators/common/trouble.h"
#include "emulators/modem/link.h"
#include "emulators/modem/phone.h"

enum { BANK_MODEMS_MAX = 256, BANK_FAULTS_MAX = 32 };

struct bank_options {
	struct phone_options phone; /*!< of the first; number and IMEI count up */
	unsigned count;             /*!< 1 to BANK_MODEMS_MAX */
	enum link_kind kind;
	const char *place;   /*!< of the first; of more the number at its end counts up */
	const char *control; /*!< path of a socket; NULL: none */
	const char *script;  /*!< its text; NULL: none */
	const char *record;  /*!< file for the transcript; NULL: none */
	const char *replay;  /*!< text of a transcript that answers instead; NULL: none */
	const char *faults[BANK_FAULTS_MAX]; /*!< "NAME" or "NAME=TIMES" */
	size_t faults_count;
	bool virtual_clock;          /*!< stands still but for bank_advance() */
	struct emu_trouble *trouble; /*!< why bank_new() failed; NULL: is not asked */
};

struct bank_owner {
	void (*message)(void *arg, unsigned modem, const struct phone_message *message);
	void (*event)(void *arg, unsigned modem, const struct phone_event *event);
	void *arg;
};

struct bank;

/*! A talloc child of ctx. \return FG_OK; FG_E_ARG for a place that is none; FG_E_SYNTAX for a
 * script, with its line in *line_out, or 0 for a transcript or a fault; FG_E_SYSTEM; FG_E_NO_MEMORY. */
enum fg_rc bank_new(void *ctx, struct fg_loop *loop, const struct bank_options *options,
		    const struct bank_owner *owner, struct bank **bank_out, unsigned *line_out);
unsigned bank_count(const struct bank *bank);
struct phone *bank_phone(struct bank *bank, unsigned modem);

/*! Status reports that are due later, of all modems. */
unsigned bank_reports_due(struct bank *bank);
const char *bank_where(const struct bank *bank, unsigned modem);

/*! The cable of a modem. */
void bank_unplug(struct bank *bank, unsigned modem);
enum fg_rc bank_plug(struct bank *bank, unsigned modem);

/*! Move a virtual clock. \return FG_OK; FG_E_ARG when the clock is not virtual. */
enum fg_rc bank_advance(struct bank *bank, uint64_t ms);

/*! Lines "DEST-SUFFIX STATUS [WORD]..." and "after TIME ORDER [WORD]...", # begins a comment. \return
 * FG_OK; FG_E_SYNTAX with *line_out set. */
enum fg_rc bank_script(struct bank *bank, const char *text, unsigned *line_out);
