/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Both configuration files from the same bytes; and what is read as fallgate.conf must survive being sliced and read again.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include "lib/base/conf.h"

static struct fg_conf conf, slice;
static struct fg_conf_rule rules[FG_CONF_RULES_MAX];
static char text[1 << 20];

/* libconfig 1.5 forgets the text of an unfinished string when the syntax is wrong; the process ends then anyway. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char roles[] = "PCLVS";
	size_t n;

	if (fg_conf_parse((const char *)data, len, "fuzz", &conf, NULL, NULL) == FG_OK)
		for (const char *role = roles; *role; role++)
			if (fg_conf_slice(&conf, *role, 0, text, sizeof(text), &n) != FG_OK ||
			    fg_conf_parse_slice(text, n, *role, &slice) != FG_OK)
				abort();
	fg_conf_parse_policy((const char *)data, len, "fuzz", &conf, rules, &n, NULL, NULL);
	return 0;
}
