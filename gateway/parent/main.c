/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgated: the parent, and every role of a gateway by re-execution of the same file.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <talloc.h>
#include "gateway/parent/check.h"
#include "gateway/parent/parent.h"
#include "gateway/parent/roles.h"
#include "lib/base/log.h"

static const char help[] =
	"Usage: fallgated -c FILE [-n] [-f]\n"
	"Runs a Fallgate gateway as FILE (fallgate.conf) says, one process for each role and "
	"link.\n\n"
	"  -c FILE     the configuration\n"
	"  -n          check the configuration and everything it names, say all errors, and leave\n"
	"  -f          stay in the foreground (always so; service managers like it)\n"
	"  --help      this text\n"
	"  --version   the version\n\n"
	"Exit codes: 0 stopped by SIGTERM or SIGINT, or -n found nothing; 1 -n found errors; 64 "
	"wrong usage;\n"
	"71 the system refused a folder, socket or process; 78 wrong configuration, or keys other "
	"than gateway.trust's.\n";

static int run_link(int fd, unsigned link)
{
	return fg_link_main(fd, link);
}

static int run_core(int fd, unsigned link)
{
	(void)link;
	return fg_core_main(fd);
}

static int run_log(int fd, unsigned link)
{
	(void)link;
	return fg_log_main(fd);
}

static int run_vault(int fd, unsigned link)
{
	(void)link;
	return fg_vault_main(fd);
}

static int run_secure(int fd, unsigned link)
{
	(void)link;
	return fg_secure_main(fd);
}

static const struct {
	const char *name;
	int (*run)(int fd, unsigned link);
} roles[] = {
	{ "core", run_core },     { "log", run_log },   { "vault", run_vault },
	{ "secure", run_secure }, { "link", run_link },
};

enum { OPT_HELP = 1000, OPT_VERSION, OPT_ROLE, OPT_FD, OPT_LINK };

static const struct option options[] = {
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "role", required_argument, NULL, OPT_ROLE },
	{ "fd", required_argument, NULL, OPT_FD },
	{ "link", required_argument, NULL, OPT_LINK },
	{ NULL, 0, NULL, 0 },
};

struct arguments {
	const char *conf;
	const char *role;
	int fd;
	unsigned link;
	bool check;
};

/* -1 to go on, or an exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *a)
{
	for (int c; (c = getopt_long(argc, argv, "c:nf", options, NULL)) != -1;)
		switch (c) {
		case 'c':
			a->conf = optarg;
			break;
		case 'n':
			a->check = true;
			break;
		case 'f':
			break;
		case OPT_ROLE:
			a->role = optarg;
			break;
		case OPT_FD:
			a->fd = atoi(optarg);
			break;
		case OPT_LINK:
			a->link = (unsigned)atoi(optarg);
			break;
		case OPT_HELP:
			fputs(help, stdout);
			return FG_EXIT_OK;
		case OPT_VERSION:
			puts("fallgated " PACKAGE_VERSION);
			return FG_EXIT_OK;
		default:
			return FG_EXIT_USAGE;
		}
	if ((!a->conf && !a->role) || optind != argc) {
		fputs("fallgated: -c FILE is needed, and nothing else; see fallgated --help\n",
		      stderr);
		return FG_EXIT_USAGE;
	}
	return -1;
}

/* A role leaves without the sanitizers' last words: its cage does not let them read the process. */
static int run_role(const struct arguments *a)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(roles[i].name, a->role) == 0)
			_exit(roles[i].run(a->fd, a->link));
	fprintf(stderr, "fallgated: no role %s\n", a->role);
	return FG_EXIT_USAGE;
}

static void print_error(const char *file, unsigned line, const char *key, const char *text,
			void *arg)
{
	(void)arg;
	fprintf(stderr, "%s:", file);
	if (line)
		fprintf(stderr, "%u:", line);
	fprintf(stderr, *key ? " %s: %s\n" : "%s %s\n", key, text);
}

int main(int argc, char **argv)
{
	static struct fg_conf conf;
	struct arguments a = { .fd = -1 };
	int exit_code = parse_arguments(argc, argv, &a);
	void *ctx;

	if (exit_code >= 0)
		return exit_code;
	if (a.role)
		return run_role(&a);
	if (fg_parent_check(a.conf, &conf, print_error, NULL) != FG_OK)
		return a.check ? FG_EXIT_CHECK : FG_EXIT_CONF;
	if (a.check) {
		printf("%s: good: %zu link%s\n", a.conf, conf.links_count,
		       conf.links_count == 1 ? "" : "s");
		return FG_EXIT_OK;
	}
	ctx = talloc_named_const(NULL, 0, "fallgated");
	if (fg_log_init(ctx, "parent", conf.gateway.log_level) != FG_OK)
		return FG_EXIT_OS;
	exit_code = fg_parent_run(&(struct fg_parent_options){ .conf = &conf,
							       .program = "/proc/self/exe",
							       .timings = fg_parent_default_timings,
							       .conf_path = a.conf });
	talloc_free(ctx);
	explicit_bzero(&conf, sizeof(conf)); /* passwords */
	return exit_code;
}
