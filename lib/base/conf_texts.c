/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What texts of the configuration may look like.
 */
#include "lib/base/conf_internal.h"

#include <string.h>

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool fg_conf_looks_like_link(const char *text)
{
	if (strstr(text, "://") || strcasestr(text, "www."))
		return true;
	for (const char *dot = strchr(text, '.'); dot; dot = strchr(dot + 1, '.'))
		if (is_letter(dot[1]))
			return true;
	return false;
}

bool fg_conf_is_link_name(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

bool fg_conf_is_host_name(const char *name)
{
	size_t label = 0;
	char before = '.';

	for (; *name; before = *name++) {
		if (*name == '.') {
			if (label == 0 || before == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_letter(*name) && !is_digit(*name) && (*name != '-' || label == 0))
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0 && before != '-';
}

bool fg_conf_is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	       strncmp(host, "127.", 4) == 0;
}

bool fg_conf_is_digits(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

bool fg_conf_are_bearers(const char *text)
{
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");

		if (len != 3 || (strncmp(at, "sms", 3) != 0 && strncmp(at, "mms", 3) != 0 &&
				 strncmp(at, "rcs", 3) != 0))
			return false;
		at += len;
		if (!*at)
			return true;
	}
}
