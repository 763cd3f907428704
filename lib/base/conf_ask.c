/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What more than one role asks of a configuration, so that core, log and vault answer it alike, each from its own copy.
 */
#include "lib/base/conf.h"

#include <string.h>

enum { DEFAULT_DAYS = 7 /* accounts.secure = default, of other classes than otp */ };
#define DAY_MS (24 * 3600 * 1000ull)

bool fg_conf_link_is_server(const struct fg_conf_links *link)
{
	return strcmp(link->adapter, "smpp-server") == 0;
}

int fg_conf_account_find(const struct fg_conf *conf, const void *name, size_t len)
{
	for (size_t i = 0; len > 0 && i < conf->accounts_count; i++)
		if (strlen(conf->accounts[i].name) == len &&
		    memcmp(conf->accounts[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

bool fg_conf_list_has(const char *list, const char *text, size_t len)
{
	for (const char *at = list; *at;) {
		size_t item = strcspn(at, ",");

		if (item > 0 && at[item - 1] == '*'
			    ? len >= item - 1 && memcmp(at, text, item - 1) == 0
			    : item > 0 && len == item && memcmp(at, text, len) == 0)
			return true;
		at += item + (at[item] == ',');
	}
	return false;
}

int fg_conf_account_of_number(const struct fg_conf *conf, const void *number, size_t len)
{
	for (size_t i = 0; len > 0 && i < conf->accounts_count; i++)
		if (fg_conf_list_has(conf->accounts[i].numbers, number, len))
			return (int)i;
	return -1;
}

enum fg_conf_when fg_conf_account_secure(const struct fg_conf_accounts *account, bool otp,
					 uint64_t proven_ms, uint64_t now_ms)
{
	const char *when = account->secure;
	uint64_t days = DEFAULT_DAYS;

	if (strcmp(when, "on") == 0)
		return FG_CONF_NOW;
	if (strcmp(when, "off") == 0 || (strcmp(when, "default") == 0 && otp))
		return FG_CONF_NOT_YET;
	if (strcmp(when, "after") == 0)
		days = (uint64_t)account->secure_after_days;
	if (proven_ms == 0 || proven_ms > now_ms)
		return FG_CONF_UNKNOWN;
	return now_ms - proven_ms >= days * DAY_MS ? FG_CONF_NOW : FG_CONF_NOT_YET;
}
