/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client/ctl/hash_secret.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "lib/crypto/crypto.h"
#include "lib/crypto/password.h"

enum { LINE_CAP = 256 };

/* One line without its end. False at the end of the input, or when it is empty or too long. */
static bool read_line(char line[static LINE_CAP])
{
	size_t len;

	if (!fgets(line, LINE_CAP, stdin))
		return false;
	len = strcspn(line, "\r\n");
	if (!line[len] && len == LINE_CAP - 1)
		return false;
	line[len] = '\0';
	return len > 0;
}

static bool ask(char line[static LINE_CAP])
{
	struct termios before, quiet;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0, read;

	if (terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		fputs("Password: ", stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	read = read_line(line);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputs("\n", stderr);
	}
	return read;
}

int fg_ctl_hash_secret(const char *password)
{
	char line[LINE_CAP], hash[FG_PASSWORD_HASH_MAX];
	enum fg_rc rc = fg_crypto_init();

	if (!password && !ask(line)) {
		fprintf(stderr, "fallgatectl: hash-secret: no password\n");
		return EXIT_FAILURE;
	}
	if (rc == FG_OK)
		rc = fg_password_hash(password ? password : line,
				      strlen(password ? password : line), hash);
	fg_wipe(line, sizeof(line));
	if (rc == FG_OK)
		puts(hash);
	else
		fprintf(stderr, "fallgatectl: hash-secret: %s\n", fg_rc_text(rc));
	return rc == FG_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
