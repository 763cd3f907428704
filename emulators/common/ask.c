/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TRIES = 60, TRY_US = 50000 };

static int dial_once(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A script starts the emulator with & and goes on with the next line: it may not be there yet. */
static int dial(const char *path)
{
	int fd = dial_once(path);

	for (unsigned i = 0; fd < 0 && i < TRIES && (errno == ENOENT || errno == ECONNREFUSED);
	     i++) {
		usleep(TRY_US);
		fd = dial_once(path);
	}
	return fd;
}

static bool write_word(int fd, const char *word)
{
	size_t len = strlen(word) + 1;

	while (len > 0) {
		ssize_t done = write(fd, word, len);

		if (done <= 0)
			return false;
		word += done;
		len -= (size_t)done;
	}
	return true;
}

/* An error goes to standard error, "ok" nowhere. */
static int show_answer(const char *program, int fd)
{
	char text[65536];
	size_t len = 0;
	ssize_t got;

	while (len < sizeof(text) - 1 && (got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	if (len == 0 || strncmp(text, "error: ", 7) == 0) {
		fprintf(stderr, "%s: %s", program, len ? text + 7 : "no answer\n");
		return 1;
	}
	if (strcmp(text, "ok\n") != 0)
		fputs(text, stdout);
	return 0;
}

int emu_ask(const char *program, const char *path, int count, const char *const *words)
{
	int fd = dial(path), status = 1;
	bool sent = fd >= 0;

	for (int i = 0; i < count && sent; i++)
		sent = write_word(fd, words[i]);
	if (sent && shutdown(fd, SHUT_WR) == 0)
		status = show_answer(program, fd);
	else
		fprintf(stderr, "%s: nobody listens on %s\n", program, path);
	if (fd >= 0)
		close(fd);
	return status;
}
