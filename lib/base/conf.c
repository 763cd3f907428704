/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From text to a tree: the only file that knows libconfig. What the tree must look like is said in conf_read.c
 * (fallgate.conf) and conf_policy.c (policy.conf).
 */
#include "lib/base/conf_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libconfig.h>

enum { FILE_MAX = 1 << 20 };

typedef void (*tree_reader)(struct fg_conf_reader *reader, const struct fg_node *root, void *out);

static const config_setting_t *setting_of(const struct fg_node *node)
{
	return (const config_setting_t *)node;
}

enum fg_node_type fg_node_type(const struct fg_node *node)
{
	switch (config_setting_type(setting_of(node))) {
	case CONFIG_TYPE_GROUP:
		return FG_NODE_GROUP;
	case CONFIG_TYPE_LIST:
		return FG_NODE_LIST;
	case CONFIG_TYPE_ARRAY:
		return FG_NODE_ARRAY;
	case CONFIG_TYPE_STRING:
		return FG_NODE_STR;
	case CONFIG_TYPE_BOOL:
		return FG_NODE_BOOL;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return FG_NODE_INT;
	default:
		return FG_NODE_FLOAT;
	}
}

const char *fg_node_name(const struct fg_node *node)
{
	return config_setting_name(setting_of(node));
}

unsigned fg_node_line(const struct fg_node *node)
{
	return node ? config_setting_source_line(setting_of(node)) : 0;
}

size_t fg_node_count(const struct fg_node *node)
{
	return (size_t)config_setting_length(setting_of(node));
}

const struct fg_node *fg_node_at(const struct fg_node *node, size_t index)
{
	return (const struct fg_node *)config_setting_get_elem(setting_of(node), (unsigned)index);
}

const struct fg_node *fg_node_member(const struct fg_node *node, const char *name)
{
	for (size_t i = 0; i < fg_node_count(node); i++)
		if (strcmp(fg_node_name(fg_node_at(node, i)), name) == 0)
			return fg_node_at(node, i);
	return NULL;
}

const char *fg_node_str(const struct fg_node *node)
{
	return config_setting_get_string(setting_of(node));
}

int64_t fg_node_int(const struct fg_node *node)
{
	return config_setting_get_int64(setting_of(node));
}

bool fg_node_bool(const struct fg_node *node)
{
	return config_setting_get_bool(setting_of(node));
}

/* libconfig's include reads files that nobody checked; its scanner takes it at the beginning of any line. */
static unsigned find_include(const char *text)
{
	unsigned line = 1;

	for (const char *p = text; p; line++) {
		p += strspn(p, " \t");
		if (strncmp(p, "@include", strlen("@include")) == 0)
			return line;
		p = strchr(p, '\n');
		if (p)
			p++;
	}
	return 0;
}

static void parse_terminated(struct fg_conf_reader *reader, const char *text, tree_reader read,
			     void *out)
{
	unsigned include = find_include(text);
	config_t config;

	if (include) {
		fg_conf_complain(reader, include, "",
				 "@include is not allowed; one file holds everything");
		return;
	}
	config_init(&config);
	if (config_read_string(&config, text) == CONFIG_TRUE)
		read(reader, (const struct fg_node *)config_root_setting(&config), out);
	else
		fg_conf_complain(reader, (unsigned)config_error_line(&config), "", "%s",
				 config_error_text(&config));
	config_destroy(&config);
}

static enum fg_rc parse(struct fg_conf_reader *reader, const char *text, size_t len,
			tree_reader read, void *out)
{
	char *copy;

	if (len > FILE_MAX || memchr(text, 0, len)) {
		fg_conf_complain(reader, 0, "",
				 len > FILE_MAX ? "longer than 1 MiB"
						: "not a text: it has a NUL byte");
		return FG_E_CONF;
	}
	copy = strndup(text, len);
	if (!copy)
		return FG_E_NO_MEMORY;
	parse_terminated(reader, copy, read, out);
	explicit_bzero(copy, len); /* passwords */
	free(copy);
	return reader->errors ? FG_E_CONF : FG_OK;
}

static enum fg_rc parse_file(struct fg_conf_reader *reader, tree_reader read, void *out)
{
	FILE *file = fopen(reader->file, "re");
	char *text = malloc(FILE_MAX + 1);
	enum fg_rc rc = FG_E_SYSTEM;
	size_t len;

	if (!file || !text) {
		rc = !text ? FG_E_NO_MEMORY : errno == ENOENT ? FG_E_NOT_FOUND : FG_E_SYSTEM;
		fg_conf_complain(reader, 0, "", "cannot be read: %s", strerror(errno));
		goto out;
	}
	len = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file))
		fg_conf_complain(reader, 0, "", "cannot be read: %s", strerror(errno));
	else
		rc = parse(reader, text, len, read, out);
	explicit_bzero(text, len);
out:
	if (file)
		fclose(file);
	free(text);
	return rc;
}

/* ---- fallgate.conf ---- */

static void read_conf(struct fg_conf_reader *reader, const struct fg_node *root, void *out)
{
	fg_conf_read_tree(reader, root, out);
}

enum fg_rc fg_conf_read(const char *path, struct fg_conf *conf_out, fg_conf_error_cb error,
			void *arg)
{
	struct fg_conf_reader reader = { .file = path, .error = error, .arg = arg };

	fg_conf_set_defaults(conf_out);
	return parse_file(&reader, read_conf, conf_out);
}

enum fg_rc fg_conf_parse(const char *text, size_t len, const char *file, struct fg_conf *conf_out,
			 fg_conf_error_cb error, void *arg)
{
	struct fg_conf_reader reader = { .file = file, .error = error, .arg = arg };

	fg_conf_set_defaults(conf_out);
	return parse(&reader, text, len, read_conf, conf_out);
}

enum fg_rc fg_conf_parse_slice(const char *text, size_t len, char role, struct fg_conf *conf_out)
{
	struct fg_conf_reader reader = { .file = "slice", .role = role };

	fg_conf_set_defaults(conf_out);
	return parse(&reader, text, len, read_conf, conf_out);
}

/* ---- where a key stands ---- */

struct place {
	char path[128]; /* as libconfig names it: links.[1].national */
	unsigned line;
};

static void read_place(struct fg_conf_reader *reader, const struct fg_node *root, void *out)
{
	config_setting_t *tree = (config_setting_t *)(uintptr_t)setting_of(root);
	struct place *place = out;
	const config_setting_t *found = NULL;
	char *end;

	(void)reader;
	while (!found && *place->path) {
		found = config_setting_lookup(tree, place->path);
		end = strrchr(place->path, '.');
		*(end ? end : place->path) = '\0';
	}
	place->line = found ? config_setting_source_line(found) : 0;
}

unsigned fg_conf_line(const char *path, const char *key)
{
	struct fg_conf_reader reader = { .file = path };
	struct place place = { .line = 0 };
	size_t len = 0;

	for (; *key && len < sizeof(place.path) - 2; key++) {
		if (*key == '[')
			place.path[len++] = '.';
		place.path[len++] = *key;
	}
	(void)parse_file(&reader, read_place, &place);
	return place.line;
}

/* ---- policy.conf ---- */

static void read_policy(struct fg_conf_reader *reader, const struct fg_node *root, void *out)
{
	fg_conf_read_policy_tree(reader, root, out);
}

enum fg_rc fg_conf_read_policy(const char *path, const struct fg_conf *conf,
			       struct fg_conf_rule *rules_out, size_t *count_out,
			       fg_conf_error_cb error, void *arg)
{
	struct fg_conf_reader reader = { .file = path, .error = error, .arg = arg };
	struct fg_conf_policy_target target = { conf, rules_out, count_out };

	return parse_file(&reader, read_policy, &target);
}

enum fg_rc fg_conf_parse_policy(const char *text, size_t len, const char *file,
				const struct fg_conf *conf, struct fg_conf_rule *rules_out,
				size_t *count_out, fg_conf_error_cb error, void *arg)
{
	struct fg_conf_reader reader = { .file = file, .error = error, .arg = arg };
	struct fg_conf_policy_target target = { conf, rules_out, count_out };

	return parse(&reader, text, len, read_policy, &target);
}
