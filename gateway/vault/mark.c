/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/vault/mark.h"

#include <string.h>

enum fg_rc fg_mark_text(const char *mark, const char *sender, const char *body, size_t most,
			struct fg_clear *text_out)
{
	size_t len = strlen(mark) + (sender ? strlen(sender) + 2 : 0) + strlen(body);
	struct fg_clear text;
	enum fg_rc rc;

	if (mark[0] == '\0')
		return FG_E_MARK;
	if (len > most)
		return FG_E_TEXT_LONG;
	rc = fg_clear_new(len, &text);
	if (rc == FG_OK)
		rc = fg_clear_append(&text, mark, strlen(mark));
	if (rc == FG_OK && sender)
		rc = fg_clear_append(&text, sender, strlen(sender));
	if (rc == FG_OK && sender)
		rc = fg_clear_append(&text, ": ", 2);
	if (rc == FG_OK)
		rc = fg_clear_append(&text, body, strlen(body));
	if (rc == FG_OK)
		*text_out = text;
	return rc;
}
