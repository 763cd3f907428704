/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/wire/tpdu.h"

struct row {
	uint8_t last;
	struct fg_tpdu_status status;
};

static const struct row rows[] = {
#define FG_TPDU_STATUS(first, last, class, note) { last, { FG_TPDU_STATUS_##class, note } },
#include "lib/wire/tpdu_status.def"
#undef FG_TPDU_STATUS
};

struct fg_tpdu_status fg_tpdu_status_find(uint8_t status)
{
	const struct row *row = rows;

	while (row->last < status) /* the last row ends with FF */
		row++;
	return row->status;
}
