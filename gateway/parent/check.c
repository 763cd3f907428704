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
#include "lib/wire/national.h"
#include "lib/wire/smpp_status.h"

enum { CODES_MAX = 65536 };

struct checker {
	const char *path;
	fg_conf_error_cb error;
	void *arg;
	size_t errors;
	size_t link; /* that is looked at */
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
	checker->error(checker->path, fg_conf_line(checker->path, key), key, text, checker->arg);
}

/* Of the link that is looked at: links[1].national. Good until the next call. */
static const char *of_link(const struct checker *checker, const char *key)
{
	static char label[64];

	snprintf(label, sizeof(label), "links[%zu].%s", checker->link, key);
	return label;
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
}

/* What the link would refuse only when it is started. */
static void check_codes(struct checker *checker, const char *file)
{
	static struct fg_smpp_vendor_code codes[FG_SMPP_VENDOR_CODES_MAX];
	static char text[CODES_MAX];
	FILE *in = fopen(file, "re");
	size_t len = in ? fread(text, 1, sizeof(text), in) : 0, count;
	unsigned line = 0;

	if (!in || ferror(in))
		complain(checker, of_link(checker, "vendor_codes"), "%s cannot be read: %s", file,
			 strerror(errno));
	else if (len == sizeof(text) ||
		 fg_smpp_vendor_codes_read(text, len, codes, &count, &line) != FG_OK)
		complain(checker, of_link(checker, "vendor_codes"),
			 "%s:%u: not a line such as 0x401 recipient unknown subscriber, or a value "
			 "twice",
			 file, line);
	if (in)
		fclose(in);
}

/* Tables are named in the header of each part, so it must be we who cut, and septets that arrive as septets. */
static void check_national(struct checker *checker, const struct fg_conf_links *link)
{
	uint16_t languages;

	if (!*link->national)
		return;
	if (fg_national_list(link->national, &languages) != FG_OK)
		complain(checker, of_link(checker, "national"),
			 "\"%s\" is no list of languages such as \"turkish, spanish\"; "
			 "fallgate.conf(5) names them all",
			 link->national);
	else if (strcmp(link->alphabet, "gsm") != 0 || strncmp(link->long_text, "udh", 3) != 0)
		complain(checker, of_link(checker, "national"),
			 "needs alphabet = \"gsm\" and long_text = \"udh\" or \"udh8\"");
}

static void check_version(struct checker *checker, const struct fg_conf_links *link)
{
	if (link->interface_version != 0x33 && link->interface_version != 0x34 &&
	    link->interface_version != 0x50)
		complain(checker, of_link(checker, "interface_version"),
			 "%lld is no version of SMPP; 51 (0x33), 52 (0x34) or 80 (0x50)",
			 (long long)link->interface_version);
}

static void check_links(struct checker *checker, const struct fg_conf *conf)
{
	for (size_t i = 0; i < conf->links_count; i++) {
		const struct fg_conf_links *link = &conf->links[i];

		checker->link = i;
		check_version(checker, link);
		if (*link->vendor_codes)
			check_codes(checker, link->vendor_codes);
		if (strcmp(link->adapter, "smpp-server") == 0) {
			check_readable(checker, of_link(checker, "tls_certificate"),
				       link->tls_certificate);
			check_readable(checker, of_link(checker, "tls_key"), link->tls_key);
			check_readable(checker, of_link(checker, "tls_client_ca"),
				       link->tls_client_ca);
			continue;
		}
		check_national(checker, link);
		if (strcmp(link->tls, "on") != 0)
			continue;
		if (link->tls_verify)
			check_readable(checker, of_link(checker, "tls_ca"), link->tls_ca);
		check_readable(checker, of_link(checker, "tls_certificate"), link->tls_certificate);
		check_readable(checker, of_link(checker, "tls_key"), link->tls_key);
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
	check_links(&checker, conf_out);
	check_policy(&checker, conf_out);
	return rc == FG_OK && checker.errors == 0 ? FG_OK : FG_E_CONF;
}
