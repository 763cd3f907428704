/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/smsc/command.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ENVIRONMENT "FALLGATE_SMSC_CONTROL"

static int usage(void)
{
	fputs("Usage: fallgate-smsc mo [--control PATH] [--data-sm] [--system-id ID] FROM TO "
	      "TEXT\n"
	      "       fallgate-smsc ctl PATH advance TIME | counters [--json] | wait COUNTER N |\n"
	      "                              rule LINE | reset | stop\n",
	      stderr);
	return 2;
}

static int dial(const char *path)
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
static int show_answer(int fd)
{
	char text[65536];
	size_t len = 0;
	ssize_t got;

	while (len < sizeof(text) - 1 && (got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	if (len == 0 || strncmp(text, "error: ", 7) == 0) {
		fprintf(stderr, "fallgate-smsc: %s", len ? text + 7 : "no answer\n");
		return 1;
	}
	if (strcmp(text, "ok\n") != 0)
		fputs(text, stdout);
	return 0;
}

static int ask(const char *path, int count, const char *const *words)
{
	int fd = dial(path), status = 1;
	bool sent = fd >= 0;

	for (int i = 0; i < count && sent; i++)
		sent = write_word(fd, words[i]);
	if (sent && shutdown(fd, SHUT_WR) == 0)
		status = show_answer(fd);
	else
		fprintf(stderr, "fallgate-smsc: nobody listens on %s\n", path);
	if (fd >= 0)
		close(fd);
	return status;
}

static int command_mo(int argc, char **argv)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' },
		{ "data-sm", no_argument, NULL, 'd' },
		{ "system-id", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = getenv(ENVIRONMENT);
	const char *words[] = { "mo", "", "", "deliver_sm", "", "" };
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'c')
			path = optarg;
		else if (option == 'd')
			words[3] = "data_sm";
		else if (option == 'i')
			words[4] = optarg;
		else
			return usage();
	}
	if (argc - optind != 3)
		return usage();
	if (!path) {
		fputs("fallgate-smsc: which emulator? Give --control PATH or set " ENVIRONMENT "\n",
		      stderr);
		return 2;
	}
	words[1] = argv[optind];
	words[2] = argv[optind + 1];
	words[5] = argv[optind + 2];
	return ask(path, 6, words);
}

int smsc_command(int argc, char **argv)
{
	if (strcmp(argv[0], "mo") == 0)
		return command_mo(argc, argv);
	if (argc < 3)
		return usage();
	return ask(argv[1], argc - 2, (const char *const *)argv + 2);
}
