/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgatectl: asks a running gateway through its control socket. Without one it puts a backup in place of its
 * store, explains codes of carriers, and finds out how an SMSC behaves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <talloc.h>
#include "client/ctl/explain_code.h"
#include "client/ctl/hash_secret.h"
#include "client/ctl/probe_run.h"
#include "gateway/store/store.h"
#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/ipc/channel.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TIMEOUT = 4, WORDS_CAP = 4096 };

struct ctl {
	struct fg_loop *loop;
	char words[WORDS_CAP];
	size_t words_len;
	bool json;
	bool progress;  /* a drain on a terminal */
	long timeout_s; /* of a drain; 0: none */
	int exit_code;
};

static const char usage_text[] =
	"usage: fallgatectl [--socket PATH] [--json] VERB ...\n"
	"  links | suspend LINK | drain [--timeout SECONDS] LINK | resume LINK | reload |\n"
	"  explain HANDLE | explain ID | invite HANDLE | log head | status | backup PATH | "
	"restore FILE DIR |\n"
	"  explain-code CODE [FILE] | explain-code --cms|--cme CODE | hash-secret [--password "
	"TEXT] |\n"
	"  probe [--config FILE] [--yes] [--window N] [--wait SECONDS] LINK NUMBER\n"
	"  --socket PATH  the control socket; else $FALLGATE_CONTROL, else /run/fallgate/control\n"
	"See fallgatectl(8).\n";

static void on_open(struct fg_channel *channel, void *arg)
{
	struct ctl *ctl = arg;
	struct fg_frame frame = { .type = FG_IPC_CTL_REQUEST };

	frame.ctl_request.argv = FG_BYTES(ctl->words, ctl->words_len);
	frame.ctl_request.json = ctl->json;
	if (fg_channel_send(channel, &frame) != FG_OK)
		fg_loop_stop(ctl->loop);
}

static void on_reply(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct ctl *ctl = arg;
	const struct fg_ipc_ctl_reply *reply = &frame->ctl_reply;

	(void)channel;
	(void)fd_take;
	if (frame->type != FG_IPC_CTL_REPLY)
		return;
	if (ctl->progress) /* one line that changes, until the answer */
		fputs("\r\033[K", stderr);
	if (ctl->progress && !reply->last) {
		fprintf(stderr, "%.*s", (int)reply->text.len - 1, (const char *)reply->text.data);
		return;
	}
	fwrite(reply->text.data, 1, reply->text.len, reply->exit_code ? stderr : stdout);
	if (!reply->last)
		return;
	ctl->exit_code = reply->exit_code;
	fg_loop_stop(ctl->loop);
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct ctl *ctl = arg;

	(void)channel;
	fprintf(stderr, "fallgatectl: %s\n", fg_rc_text(rc));
	fg_loop_stop(ctl->loop);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct ctl *ctl = arg;

	(void)fd;
	(void)what;
	fprintf(stderr, "%sfallgatectl: not drained after %ld s; it goes on draining\n",
		ctl->progress ? "\r\033[K" : "", ctl->timeout_s);
	ctl->exit_code = EXIT_TIMEOUT;
	fg_loop_stop(ctl->loop);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int ask(struct ctl *ctl, const char *socket_path)
{
	static const struct fg_channel_ops ops = { .frame = on_reply,
						   .open = on_open,
						   .closed = on_closed };
	const struct timeval patience = { .tv_sec = ctl->timeout_s };
	int fd = connect_to(socket_path);
	void *ctx;

	if (fd < 0) {
		perror(socket_path);
		return EXIT_FAILED;
	}
	evutil_make_socket_nonblocking(fd);
	ctx = talloc_new(NULL);
	ctl->exit_code = EXIT_FAILED;
	ctl->loop = fg_loop_new(ctx);
	if (!ctl->loop) {
		close(fd);
	} else if (fg_channel_new(ctx, fg_loop_base(ctl->loop), fd, FG_ROLE_CTL, FG_ROLE_CORE, NULL,
				  &ops, ctl)) {
		if (ctl->timeout_s)
			event_base_once(fg_loop_base(ctl->loop), -1, EV_TIMEOUT, on_timeout, ctl,
					&patience);
		fg_loop_run(ctl->loop);
	}
	talloc_free(ctx);
	return ctl->exit_code;
}

static int restore(const char *backup, const char *dir)
{
	void *ctx = talloc_new(NULL);
	enum fg_rc rc = fg_log_init(ctx, "fallgatectl", "info");

	if (rc == FG_OK)
		rc = fg_store_restore(backup, dir);
	if (rc != FG_OK)
		fprintf(stderr, "fallgatectl: restore: %s: is the gateway stopped?\n",
			fg_rc_text(rc));
	talloc_free(ctx);
	return rc == FG_OK ? EXIT_SUCCESS : EXIT_FAILED;
}

static bool add_word(struct ctl *ctl, const char *word)
{
	size_t len = strlen(word) + 1;

	if (len > sizeof(ctl->words) - ctl->words_len)
		return false;
	memcpy(ctl->words + ctl->words_len, word, len);
	ctl->words_len += len;
	return true;
}

/* drain [--timeout SECONDS] LINK: what is for us is taken out of the words. */
static bool add_drain(struct ctl *ctl, int count, char **words)
{
	char *end = "";

	if (count == 4 && strcmp(words[1], "--timeout") == 0) {
		ctl->timeout_s = strtol(words[2], &end, 10);
		if (*end || ctl->timeout_s < 1 || ctl->timeout_s > 86400)
			return false;
	} else if (count != 2) {
		return false;
	}
	ctl->progress = !ctl->json && isatty(STDERR_FILENO);
	return add_word(ctl, "drain") && (!ctl->progress || add_word(ctl, "--progress")) &&
	       add_word(ctl, words[count - 1]);
}

static bool add_words(struct ctl *ctl, int count, char **words)
{
	if (strcmp(words[0], "drain") == 0)
		return add_drain(ctl, count, words);
	for (int i = 0; i < count; i++)
		if (!add_word(ctl, words[i]))
			return false;
	return true;
}

static int usage(FILE *to, int exit_code)
{
	fputs(usage_text, to);
	return exit_code;
}

int main(int argc, char **argv)
{
	static struct ctl ctl;
	const char *path = getenv("FALLGATE_CONTROL");
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout, EXIT_SUCCESS);
		if (strcmp(argv[i], "--json") == 0)
			ctl.json = true;
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 < argc)
			path = argv[++i];
		else
			return usage(stderr, EXIT_USAGE);
	}
	if (i == argc)
		return usage(stderr, EXIT_USAGE);
	if (strcmp(argv[i], "restore") == 0)
		return argc - i == 3 ? restore(argv[i + 1], argv[i + 2])
				     : usage(stderr, EXIT_USAGE);
	if (strcmp(argv[i], "hash-secret") == 0) {
		if (argc - i == 3 && strcmp(argv[i + 1], "--password") == 0)
			return fg_ctl_hash_secret(argv[i + 2]);
		return argc - i == 1 ? fg_ctl_hash_secret(NULL) : usage(stderr, EXIT_USAGE);
	}
	if (strcmp(argv[i], "explain-code") == 0 && argc - i == 3 &&
	    fg_ctl_is_modem_family(argv[i + 1]))
		return fg_ctl_explain_modem_code(argv[i + 1], argv[i + 2], ctl.json);
	if (strcmp(argv[i], "explain-code") == 0)
		return argc - i == 2 || argc - i == 3
			       ? fg_ctl_explain_code(argv[i + 1], argv[i + 2], ctl.json)
			       : usage(stderr, EXIT_USAGE);
	if (strcmp(argv[i], "probe") == 0)
		return fg_ctl_probe(argc - i - 1, argv + i + 1, ctl.json);
	if (!add_words(&ctl, argc - i, argv + i))
		return usage(stderr, EXIT_USAGE);
	return ask(&ctl, path ? path : "/run/fallgate/control");
}
