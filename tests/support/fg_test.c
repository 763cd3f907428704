/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include <dirent.h>
#include <ftw.h>
#include <unistd.h>

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t fg_test_unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t len = 0;

	for (const char *p = hex; *p;) {
		if (*p == ' ' || *p == '\n' || *p == '\t') {
			p++;
			continue;
		}
		if (nibble(p[0]) < 0 || nibble(p[1]) < 0 || len == cap)
			fail_msg("not hex, or too long, at %zu of \"%s\"", (size_t)(p - hex), hex);
		out[len++] = (uint8_t)(nibble(p[0]) << 4 | nibble(p[1]));
		p += 2;
	}
	return len;
}

char *fg_test_tmpdir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;

	if (asprintf(&path, "%s/fgtest.XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(path))
		fail_msg("cannot make a temporary folder");
	return path;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void fg_test_rmdir(char *path_take)
{
	if (path_take)
		nftw(path_take, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path_take);
}
