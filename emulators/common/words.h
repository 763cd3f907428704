/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What testers write: outcomes, rows of scripts, mixes, durations, states of receipts.
 */
#pragma once

#include "emulators/common/outcome.h"
#include "lib/base/error.h"

/*! "STATUS [WORD]...": STATUS is a number or "ok"; the words are receipt=STATE via=STATE delay=MS
 * after=MS receipts=N err=NNN and the bare first, late, noanswer, drop, close, cut. words is cut
 * up. False for anything else. */
bool emu_outcome_parse(char *words, struct emu_outcome *outcome_out);

/*! "DEST-SUFFIX STATUS [WORD]...", besides those words times=N; line is cut up. */
bool emu_rule_parse(char *line, struct emu_rule *rule_out);

/*! "0x58=5,drop=0.5": a status, drop, close or cut, and percent. False for anything else, or more
 * than 100 in all. */
bool emu_mix_parse(const char *text, struct emu_share shares_out[static EMU_SHARES_MAX],
		   size_t *count_out);

/*! "UNDELIV=3,none=1": states of receipts and percent; otherwise as emu_mix_parse(). */
bool emu_receipt_mix_parse(const char *text, struct emu_share shares_out[static EMU_SHARES_MAX],
			   size_t *count_out);

/*! "250ms", "30s", "5m", "1h"; a bare number is milliseconds. At most a week. */
bool emu_duration_parse(const char *text, unsigned *ms_out);

/*! "DELIVRD" and so on; "none" is FG_DLR_OTHER. False when there is no such word. */
bool emu_state_by_name(const char *name, enum fg_dlr_state *state_out);

/*! Give each line of a script, without its end, to fn, which may cut it up. \return FG_OK;
 * FG_E_SYNTAX with *line_out set when a line is too long or fn returns false. */
enum fg_rc emu_lines(const char *text, bool (*fn)(char *line, void *arg), void *arg,
		     unsigned *line_out);

/*! A number up to max, as C writes them. */
bool emu_number_parse(const char *text, unsigned long max, unsigned *out);

/*! "ADDRESS:PORT" with a number from 0 to 65535 as port; what is before it is not looked at. */
bool emu_port_is_good(const char *address);

/*! False for NULL and for what does not fit. */
bool emu_word_copy(const char *word, char *out, size_t cap);
