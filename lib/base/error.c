/* SPDX-License-Identifier: ISC */
#include "lib/base/error.h"

#include <stddef.h>
#include <string.h>

struct row {
	const char *name;
	enum fg_rc_class class;
	const char *text;
};

static const struct row rows[FG_RC_COUNT] = {
	[FG_OK] = { "OK", FG_CLASS_NONE, "no error" },
#define FG_ERR(name, class, text) [FG_##name] = { #name, FG_CLASS_##class, text },
#include "lib/base/errors.def"
#undef FG_ERR
};

static const struct row *row_of(enum fg_rc rc)
{
	return (unsigned)rc < FG_RC_COUNT ? &rows[rc] : NULL;
}

const char *fg_rc_name(enum fg_rc rc)
{
	const struct row *row = row_of(rc);

	return row ? row->name : "E_?";
}

const char *fg_rc_text(enum fg_rc rc)
{
	const struct row *row = row_of(rc);

	return row ? row->text : "unknown error number";
}

enum fg_rc_class fg_rc_class(enum fg_rc rc)
{
	const struct row *row = row_of(rc);

	return row ? row->class : FG_CLASS_BUG;
}

enum fg_rc fg_rc_by_name(const char *name)
{
	for (int i = 0; i < FG_RC_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return (enum fg_rc)i;
	return FG_RC_COUNT;
}
