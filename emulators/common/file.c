/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/file.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 4 << 20 };

char *emu_file_text(const char *path)
{
	char *text = calloc(1, FILE_MAX + 1);
	FILE *file = fopen(path, "re");

	if (text && file && fread(text, 1, FILE_MAX + 1, file) <= FILE_MAX && !ferror(file)) {
		fclose(file);
		text[FILE_MAX] = '\0';
		return text;
	}
	if (file)
		fclose(file);
	free(text);
	return NULL;
}
