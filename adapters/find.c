/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/adapter.h"

#include <string.h>

#define ROW_CLEAR(name) extern const struct fg_adapter_ops fg_adapter_##name;
#define ROW_APPS(name)  ROW_CLEAR(name)
#define ROW_SEALED(name)
#define FG_ADAPTER(name, side) ROW_##side(name)
#include "adapters/adapters.def"
#undef FG_ADAPTER
#undef ROW_CLEAR

static const struct fg_adapter_ops *const adapters[] = {
#define ROW_CLEAR(name)        &fg_adapter_##name,
#define FG_ADAPTER(name, side) ROW_##side(name)
#include "adapters/adapters.def"
#undef FG_ADAPTER
};

const struct fg_adapter_ops *fg_adapter_find(const char *name)
{
	for (size_t i = 0; i < sizeof(adapters) / sizeof(adapters[0]); i++)
		if (strcmp(adapters[i]->name, name) == 0)
			return adapters[i];
	return NULL;
}
