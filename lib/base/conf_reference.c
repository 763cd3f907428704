/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Configuration out: the slice that a role gets, and the commented file that an operator begins with (conf/fallgate.conf).
 */
#include "lib/base/conf_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that grows up to a bound; after that only the failure is remembered. */
struct text {
	char *at, *end;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->full)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->at, (size_t)(t->end - t->at), fmt, ap);
	va_end(ap);
	t->full = n < 0 || n >= t->end - t->at;
	if (!t->full)
		t->at += n;
}

static enum fg_rc finish(const struct text *t, const char *start, size_t *len_out)
{
	if (t->full)
		return FG_E_SPACE;
	*len_out = (size_t)(t->at - start);
	return FG_OK;
}

static void say_quoted(struct text *t, const char *value)
{
	say(t, "\"");
	for (; *value; value++)
		if (*value == '"' || *value == '\\')
			say(t, "\\%c", *value);
		else
			say(t, "%c", *value);
	say(t, "\"");
}

static void say_number(struct text *t, int64_t value)
{
	say(t, value > INT32_MAX || value < INT32_MIN ? "%" PRId64 "L" : "%" PRId64, value);
}

static void say_value(struct text *t, const struct fg_conf_key *key, const void *group)
{
	const char *at = (const char *)group + key->offset;

	if (key->kind == FG_CONF_KIND_INT)
		say_number(t, *(const int64_t *)at);
	else if (key->kind == FG_CONF_KIND_BOOL)
		say(t, "%s", *(const bool *)at ? "true" : "false");
	else
		say_quoted(t, at);
}

/* ---- slices ---- */

static void slice_item(struct text *t, const struct fg_conf_group *group, char role,
		       const void *item)
{
	say(t, "{\n");
	for (size_t i = 0; i < group->keys_count; i++) {
		if (!fg_conf_key_in(&group->keys[i], role))
			continue;
		say(t, "%s = ", group->keys[i].name);
		say_value(t, &group->keys[i], item);
		say(t, ";\n");
	}
	say(t, "}");
}

static bool group_in(const struct fg_conf_group *group, char role)
{
	for (size_t i = 0; i < group->keys_count; i++)
		if (fg_conf_key_in(&group->keys[i], role))
			return true;
	return false;
}

static void slice_list(struct text *t, const struct fg_conf_group *group,
		       const struct fg_conf *conf, char role, size_t link_index)
{
	const char *items = (const char *)conf + group->offset;
	size_t first = 0;
	size_t last = *(const size_t *)(const void *)((const char *)conf + group->count_offset);

	if (role == 'K' && items == (const char *)conf->links) {
		first = link_index;
		last = link_index + 1;
	} else if (role == 'K' && strcmp(conf->links[link_index].adapter, "smpp-server") != 0) {
		last = 0; /* secrets of applications are no business of a link to a carrier */
	}
	say(t, "%s = (", group->name);
	for (size_t i = first; i < last; i++) {
		slice_item(t, group, role, items + i * group->size);
		say(t, i + 1 < last ? ", " : "");
	}
	say(t, ");\n");
}

enum fg_rc fg_conf_slice(const struct fg_conf *conf, char role, size_t link_index, char *out,
			 size_t cap, size_t *len_out)
{
	struct text t = { out, out + cap, cap == 0 };

	for (size_t i = 0; i < fg_conf_groups_count; i++) {
		const struct fg_conf_group *group = &fg_conf_groups[i];

		if (!group_in(group, role))
			continue;
		if (group->is_list) {
			slice_list(&t, group, conf, role, link_index);
			continue;
		}
		say(&t, "%s = ", group->name);
		slice_item(&t, group, role, (const char *)conf + group->offset);
		say(&t, ";\n");
	}
	return finish(&t, out, len_out);
}

/* ---- the reference ---- */

/* What the example says where there is no default, or where a link needs more than the defaults. */
static const struct {
	const char *group, *key, *value;
} examples[] = {
	{ "gateway", "name", "gw.example.org" },
	{ "gateway", "data_dir", "/var/lib/fallgate" },
	{ "gateway", "run_dir", "/run/fallgate" },
	{ "secure", "certificate", "/etc/fallgate/tls.crt" },
	{ "secure", "key", "/etc/fallgate/tls.key" },
	{ "secure", "ca", "/etc/fallgate/ca.crt" },
	{ "links", "name", "smsc-a" },
	{ "links", "adapter", "smpp" },
	{ "links", "system_id", "fallgate" },
	{ "links", "source_address", "+12025550100" },
	{ "links", "rate", "100" },
	{ "accounts", "name", "shop" },
	{ "accounts", "secret", "$argon2id$..." },
	{ "accounts", "rate", "100" },
};

static const char *example_of(const struct fg_conf_group *group, const struct fg_conf_key *key)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		if (strcmp(examples[i].group, group->name) == 0 &&
		    strcmp(examples[i].key, key->name) == 0)
			return examples[i].value;
	return NULL;
}

static void say_bounds(struct text *t, const struct fg_conf_key *key)
{
	switch (key->kind) {
	case FG_CONF_KIND_INT:
		say(t, "%" PRId64 " to %" PRId64, key->min, key->max);
		break;
	case FG_CONF_KIND_BOOL:
		say(t, "true or false");
		break;
	case FG_CONF_KIND_ENUM:
		for (const char *p = key->values; *p; p++)
			say(t, *p == '|' ? ", " : "%c", *p);
		break;
	default:
		say(t, "text, at most %" PRId64 " bytes", key->max);
	}
	say(t, fg_conf_key_required(key) ? "; required" : "");
}

static void reference_key(struct text *t, const struct fg_conf_group *group,
			  const struct fg_conf_key *key, const char *indent, const void *defaults)
{
	const char *example = example_of(group, key);

	say(t, "%s# %s (", indent, key->help);
	say_bounds(t, key);
	say(t, ")\n%s%s%s = ", indent, example ? "" : "#", key->name);
	if (example && key->kind == FG_CONF_KIND_INT)
		say(t, "%s", example);
	else if (example)
		say_quoted(t, example);
	else
		say_value(t, key, defaults);
	say(t, ";\n");
}

static void reference_group(struct text *t, const struct fg_conf_group *group, const void *defaults)
{
	bool unused = strcmp(group->name, "accounts") == 0; /* nobody may log in by default */
	const char *indent = unused ? "#\t\t" : group->is_list ? "\t\t" : "\t";

	say(t, "\n# %s\n%s%s = %s\n", group->help, unused ? "#" : "", group->name,
	    unused           ? "(\n#\t{"
	    : group->is_list ? "(\n\t{"
			     : "{");
	for (size_t i = 0; i < group->keys_count; i++)
		reference_key(t, group, &group->keys[i], indent, defaults);
	say(t, "%s", unused ? "#\t}\n#);\n" : group->is_list ? "\t}\n);\n" : "};\n");
}

enum fg_rc fg_conf_reference(char *out, size_t cap, size_t *len_out)
{
	struct text t = { out, out + cap, cap == 0 };
	struct fg_conf defaults;

	fg_conf_set_defaults(&defaults);
	say(&t, "# Fallgate's configuration: every key with its meaning, bounds and default. Check "
		"it: fallgated -n -c FILE\n"
		"# A key with # before it has the value shown when it is left out.\n");
	for (size_t i = 0; i < fg_conf_groups_count; i++)
		reference_group(&t, &fg_conf_groups[i],
				(const char *)&defaults + fg_conf_groups[i].offset);
	return finish(&t, out, len_out);
}
