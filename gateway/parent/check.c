/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/parent/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/wire/alphabet.h"

struct checker {
	const char *path;
	fg_conf_error_cb error;
	void *arg;
	size_t errors;
};

__attribute__((format(printf, 3, 4))) static void complain(struct checker *checker, const char *key,
							   const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	checker->errors++;
	checker->error(checker->path, 0, key, text, checker->arg);
}

static void check_readable(struct checker *checker, const char *key, const char *file)
{
	if (*file && access(file, R_OK) != 0)
		complain(checker, key, "%s cannot be read: %s", file, strerror(errno));
}

/* A folder, or a name where one can be made. */
static void check_folder(struct checker *checker, const char *key, const char *folder)
{
	struct stat st;

	if (!*folder)
		return;
	if (stat(folder, &st) != 0) {
		if (errno != ENOENT)
			complain(checker, key, "%s cannot be used: %s", folder, strerror(errno));
	} else if (!S_ISDIR(st.st_mode)) {
		complain(checker, key, "%s is not a folder", folder);
	}
}

static void check_paths(struct checker *checker, const struct fg_conf *conf)
{
	const size_t socket_max = sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof("/control");

	check_folder(checker, "gateway.data_dir", conf->gateway.data_dir);
	check_folder(checker, "gateway.run_dir", conf->gateway.run_dir);
	if (strlen(conf->gateway.run_dir) > socket_max)
		complain(checker, "gateway.run_dir",
			 "is too long for a socket in it; at most %zu bytes", socket_max);
	check_readable(checker, "secure.certificate", conf->secure.certificate);
	check_readable(checker, "secure.key", conf->secure.key);
	check_readable(checker, "secure.ca", conf->secure.ca);
	for (size_t i = 0; i < conf->links_count; i++) {
		if (strcmp(conf->links[i].tls, "on") != 0)
			continue;
		if (conf->links[i].tls_verify)
			check_readable(checker, "links.tls_ca", conf->links[i].tls_ca);
		check_readable(checker, "links.tls_certificate", conf->links[i].tls_certificate);
		check_readable(checker, "links.tls_key", conf->links[i].tls_key);
	}
}

static void check_policy(struct checker *checker, const struct fg_conf *conf)
{
	struct fg_conf_rule *rules;
	size_t count;

	if (!*conf->gateway.policy)
		return;
	rules = calloc(FG_CONF_RULES_MAX, sizeof(*rules));
	if (!rules || fg_conf_read_policy(conf->gateway.policy, conf, rules, &count, checker->error,
					  checker->arg) != FG_OK)
		checker->errors++;
	free(rules);
}

enum fg_rc fg_parent_check(const char *path, struct fg_conf *conf_out, fg_conf_error_cb error,
			   void *arg)
{
	struct checker checker = { .path = path, .error = error, .arg = arg };
	enum fg_rc rc = fg_conf_read(path, conf_out, error, arg);

	if (rc == FG_E_NOT_FOUND || rc == FG_E_SYSTEM || rc == FG_E_NO_MEMORY)
		return FG_E_CONF;
	if (!fg_alphabet_fits_gsm7(conf_out->mark.text, strlen(conf_out->mark.text)))
		complain(&checker, "mark.text",
			 "\"%s\" is not in the GSM alphabet; 3GPP TS 23.038, 6.2.1",
			 conf_out->mark.text);
	check_paths(&checker, conf_out);
	check_policy(&checker, conf_out);
	return rc == FG_OK && checker.errors == 0 ? FG_OK : FG_E_CONF;
}
