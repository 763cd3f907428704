/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Replays a corpus through a fuzz target, each file in a buffer of exactly its size so that the sanitizer sees one byte too many,
 * and each once more cut at every 16th of its length. Prints TAP: one case per file.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CUTS = 16, FILE_MAX = 1 << 20 };

static void feed(const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		abort();
	memcpy(exact, data, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static int replay_file(const char *path)
{
	static uint8_t data[FILE_MAX];
	FILE *f = fopen(path, "rb");
	size_t len;

	if (!f)
		return -1;
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	feed(data, len);
	for (size_t i = 0; i < CUTS; i++)
		feed(data, len * i / CUTS);
	return 0;
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* The corpus of "x/y/consent_fuzz" is $FG_SRCDIR/tests/fuzz/corpus/consent. */
static void corpus_of(const char *argv0, char *out, size_t cap)
{
	const char *base = strrchr(argv0, '/'), *src = getenv("FG_SRCDIR");

	base = base ? base + 1 : argv0;
	snprintf(out, cap, "%s/tests/fuzz/corpus/%.*s", src ? src : ".",
		 (int)(strlen(base) - strlen("_fuzz")), base);
}

int main(int argc, char **argv)
{
	char dir[512], path[1024];
	struct dirent **list;
	int n, bad = 0;

	(void)argc;
	corpus_of(argv[0], dir, sizeof(dir));
	n = scandir(dir, &list, not_hidden, alphasort);
	printf("1..%d\n", n > 0 ? n : 1);
	if (n <= 0)
		printf("not ok 1 - corpus %s is empty\n", dir);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		printf("# %s\n", list[i]->d_name);
		fflush(stdout);
		bad = replay_file(path) < 0;
		printf("%sok %d - %s\n", bad ? "not " : "", i + 1, list[i]->d_name);
		free(list[i]);
	}
	if (n > 0)
		free(list);
	return n <= 0;
}
