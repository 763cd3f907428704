/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The mark: the first words of every downgraded text, "(Not encrypted) ", and with a link's own number the sender's handle after it.
 */
#pragma once

#include "lib/crypto/clear.h"

/*! Write mark, "<sender>: " (sender NULL: left out) and body into text.
 *  \param[out] text_out fresh clear memory, the caller frees it; untouched on error.
 *  \return FG_OK; FG_E_MARK for an empty mark; FG_E_TEXT_LONG beyond most bytes; FG_E_LOCKED_MEMORY; FG_E_NO_MEMORY. */
enum fg_rc fg_mark_text(const char *mark, const char *sender, const char *body, size_t most,
			struct fg_clear *text_out);
