/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fallgate.conf: each key against its row of conf.def, then what no single row can say.
 */
#include "lib/base/conf_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/base/network.h"

enum { KEY_TEXT_MAX = 80, NAMES_MAX = 64 };

/* ---- conf.def as tables ---- */

/* clang-format off */
#define FG_CONF_GROUP_BEGIN(NAME, name, kind, help) static const struct fg_conf_key name##_keys[] = {
#define FG_CONF_STR(g, k, most, def, in, say)                                                      \
	{ .name = #k, .kind = FG_CONF_KIND_STR, .offset = offsetof(struct fg_conf_##g, k),         \
	  .max = most, .text = def, .roles = in, .help = say },
#define FG_CONF_INT(g, k, least, most, def, in, say)                                               \
	{ .name = #k, .kind = FG_CONF_KIND_INT, .offset = offsetof(struct fg_conf_##g, k),         \
	  .min = least, .max = most, .number = def, .roles = in, .help = say },
#define FG_CONF_BOOL(g, k, def, in, say)                                                           \
	{ .name = #k, .kind = FG_CONF_KIND_BOOL, .offset = offsetof(struct fg_conf_##g, k),        \
	  .number = def, .roles = in, .help = say },
#define FG_CONF_ENUM(g, k, words, def, in, say)                                                    \
	{ .name = #k, .kind = FG_CONF_KIND_ENUM, .offset = offsetof(struct fg_conf_##g, k),        \
	  .max = FG_CONF_ENUM_MAX, .values = words, .text = def, .roles = in, .help = say },
#define FG_CONF_GROUP_END(NAME, name) };
#include "lib/base/conf.def"
#undef FG_CONF_GROUP_BEGIN
#undef FG_CONF_STR
#undef FG_CONF_INT
#undef FG_CONF_BOOL
#undef FG_CONF_ENUM
#undef FG_CONF_GROUP_END
/* clang-format on */

#define FG_CONF_GROUP_BEGIN(NAME, n, kind, say)                                                    \
	{ .name = #n,                                                                              \
	  .is_list = FG_CONF_##kind,                                                               \
	  .offset = offsetof(struct fg_conf, n),                                                   \
	  .size = sizeof(struct fg_conf_##n),                                                      \
	  .items_max = sizeof(((struct fg_conf *)0)->n) / sizeof(struct fg_conf_##n),              \
	  .count_offset = FG_CONF_COUNT_##kind(n),                                                 \
	  .keys = n##_keys,                                                                        \
	  .keys_count = sizeof(n##_keys) / sizeof(n##_keys[0]),                                    \
	  .help = say },
#define FG_CONF_ONE           false
#define FG_CONF_LIST          true
#define FG_CONF_COUNT_ONE(n)  0
#define FG_CONF_COUNT_LIST(n) offsetof(struct fg_conf, n##_count)
#define FG_CONF_STR(group, key, max, def, roles, help)
#define FG_CONF_INT(group, key, min, max, def, roles, help)
#define FG_CONF_BOOL(group, key, def, roles, help)
#define FG_CONF_ENUM(group, key, values, def, roles, help)
#define FG_CONF_GROUP_END(NAME, name)
const struct fg_conf_group fg_conf_groups[] = {
#include "lib/base/conf.def"
};
const size_t fg_conf_groups_count = sizeof(fg_conf_groups) / sizeof(fg_conf_groups[0]);

bool fg_conf_key_required(const struct fg_conf_key *key)
{
	bool textual = key->kind == FG_CONF_KIND_STR || key->kind == FG_CONF_KIND_ENUM;

	return textual ? !key->text
		       : key->kind == FG_CONF_KIND_INT && key->number == FG_CONF_REQUIRED;
}

bool fg_conf_key_in(const struct fg_conf_key *key, char role)
{
	return role == 0 || strchr(key->roles, role);
}

bool fg_conf_word_in(const char *values, const char *word)
{
	size_t len = strlen(word);

	if (len == 0 || strchr(word, '|'))
		return false;
	for (const char *p = values; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (strncmp(p, word, len) == 0 && (p[len] == '|' || p[len] == 0))
			return true;
	return false;
}

/* ---- errors ---- */

void fg_conf_complain(struct fg_conf_reader *reader, unsigned line, const char *key,
		      const char *fmt, ...)
{
	char text[320];
	va_list ap;

	reader->errors++;
	if (!reader->error)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	reader->error(reader->file, line, key, text, reader->arg);
}

/* Levenshtein's distance; words longer than a row are taken for far away. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAMES_MAX], len = strlen(b), diagonal, above;

	if (len >= NAMES_MAX || strlen(a) >= NAMES_MAX)
		return NAMES_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[len];
}

void fg_conf_complain_unknown(struct fg_conf_reader *reader, unsigned line, const char *key,
			      const char *name, const char *const *names, size_t count)
{
	size_t best = strlen(name) / 2 + 1, d;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		d = names[i] ? distance(name, names[i]) : best;
		if (d < best) {
			best = d;
			nearest = names[i];
		}
	}
	if (nearest)
		fg_conf_complain(reader, line, key, "no such key; did you mean %s?", nearest);
	else
		fg_conf_complain(reader, line, key, "no such key");
}

const char *fg_node_type_name(enum fg_node_type type)
{
	static const char *const names[] = {
		[FG_NODE_GROUP] = "a group { }",
		[FG_NODE_LIST] = "a list ( )",
		[FG_NODE_ARRAY] = "an array [ ]",
		[FG_NODE_STR] = "a text in quotes",
		[FG_NODE_INT] = "a whole number",
		[FG_NODE_BOOL] = "true or false",
		[FG_NODE_FLOAT] = "a number with a fraction",
	};

	return names[type];
}

bool fg_conf_expect(struct fg_conf_reader *reader, const struct fg_node *node, const char *key,
		    enum fg_node_type type)
{
	if (fg_node_type(node) == type)
		return true;
	fg_conf_complain(reader, fg_node_line(node), key, "must be %s, not %s",
			 fg_node_type_name(type), fg_node_type_name(fg_node_type(node)));
	return false;
}

/* ---- one key ---- */

static void set_default(const struct fg_conf_key *key, void *group)
{
	char *at = (char *)group + key->offset;

	if (key->kind == FG_CONF_KIND_INT)
		*(int64_t *)at = key->number == FG_CONF_REQUIRED ? key->min : key->number;
	else if (key->kind == FG_CONF_KIND_BOOL)
		*(bool *)at = key->number != 0;
	else
		snprintf(at, (size_t)key->max + 1, "%s", key->text ? key->text : "");
}

static bool has_control_byte(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* "a|b|c" for people: "a, b, c". */
static const char *listed(const char *values, char out[static KEY_TEXT_MAX])
{
	size_t n = 0;

	for (; *values && n + 3 < KEY_TEXT_MAX; values++) {
		out[n++] = *values == '|' ? ',' : *values;
		if (*values == '|')
			out[n++] = ' ';
	}
	out[n] = 0;
	return out;
}

/* What the examples say where only the operator knows. */
static const char to_be_edited[] = "EDIT-ME";

static void read_text(struct fg_conf_reader *reader, const struct fg_conf_key *key,
		      const struct fg_node *node, const char *label, char *out)
{
	const char *text = fg_node_str(node);
	unsigned line = fg_node_line(node);
	char words[KEY_TEXT_MAX];

	if (key->values && !fg_conf_word_in(key->values, text))
		fg_conf_complain(reader, line, label, "\"%.40s\" is none of: %s", text,
				 listed(key->values, words));
	else if (strlen(text) > (size_t)key->max)
		fg_conf_complain(reader, line, label, "%zu bytes are too long; at most %" PRId64,
				 strlen(text), key->max);
	else if (has_control_byte(text))
		fg_conf_complain(reader, line, label, "has a control character");
	else if (fg_conf_key_required(key) && !*text && reader->role == 0)
		fg_conf_complain(reader, line, label, "may not be empty");
	else
		strcpy(out, text);
	if (strcmp(text, to_be_edited) == 0)
		fg_conf_complain(reader, line, label, "is not filled in yet; here goes: %s",
				 key->help);
}

static void read_number(struct fg_conf_reader *reader, const struct fg_conf_key *key,
			const struct fg_node *node, const char *label, int64_t *out)
{
	int64_t value = fg_node_int(node);

	if (value < key->min || value > key->max)
		fg_conf_complain(reader, fg_node_line(node), label,
				 "%" PRId64 " is out of range; %" PRId64 " to %" PRId64, value,
				 key->min, key->max);
	else
		*out = value;
}

static void read_key(struct fg_conf_reader *reader, const struct fg_conf_key *key,
		     const struct fg_node *node, const char *label, void *group)
{
	static const enum fg_node_type types[] = {
		[FG_CONF_KIND_STR] = FG_NODE_STR,
		[FG_CONF_KIND_INT] = FG_NODE_INT,
		[FG_CONF_KIND_BOOL] = FG_NODE_BOOL,
		[FG_CONF_KIND_ENUM] = FG_NODE_STR,
	};
	char *at = (char *)group + key->offset;

	if (!fg_conf_expect(reader, node, label, types[key->kind]))
		return;
	if (key->kind == FG_CONF_KIND_INT)
		read_number(reader, key, node, label, (int64_t *)at);
	else if (key->kind == FG_CONF_KIND_BOOL)
		*(bool *)at = fg_node_bool(node);
	else
		read_text(reader, key, node, label, at);
}

/* ---- one group ---- */

static const struct fg_conf_key *find_key(const struct fg_conf_reader *reader,
					  const struct fg_conf_group *group, const char *name)
{
	for (size_t i = 0; i < group->keys_count; i++)
		if (strcmp(group->keys[i].name, name) == 0 &&
		    fg_conf_key_in(&group->keys[i], reader->role))
			return &group->keys[i];
	return NULL;
}

static void unknown_keys(struct fg_conf_reader *reader, const struct fg_conf_group *group,
			 const struct fg_node *node, const char *prefix)
{
	const char *names[NAMES_MAX], *name;
	char label[KEY_TEXT_MAX];

	for (size_t i = 0; i < group->keys_count; i++)
		names[i] = group->keys[i].name;
	for (size_t i = 0; i < fg_node_count(node); i++) {
		name = fg_node_name(fg_node_at(node, i));
		snprintf(label, sizeof(label), "%s.%.40s", prefix, name);
		if (!find_key(reader, group, name))
			fg_conf_complain_unknown(reader, fg_node_line(fg_node_at(node, i)), label,
						 name, names, group->keys_count);
	}
}

/* node NULL: the group is not in the file. */
static void read_group(struct fg_conf_reader *reader, const struct fg_conf_group *group,
		       const struct fg_node *node, const char *prefix, void *out)
{
	const struct fg_node *member;
	char label[KEY_TEXT_MAX];

	for (size_t i = 0; i < group->keys_count; i++) {
		const struct fg_conf_key *key = &group->keys[i];

		set_default(key, out);
		if (!fg_conf_key_in(key, reader->role))
			continue;
		snprintf(label, sizeof(label), "%s.%s", prefix, key->name);
		member = node ? fg_node_member(node, key->name) : NULL;
		if (member)
			read_key(reader, key, member, label, out);
		else if (fg_conf_key_required(key))
			fg_conf_complain(reader, fg_node_line(node), label, "is missing: %s",
					 key->help);
	}
	if (node)
		unknown_keys(reader, group, node, prefix);
}

static void read_list(struct fg_conf_reader *reader, const struct fg_conf_group *group,
		      const struct fg_node *node, struct fg_conf *conf)
{
	size_t *count = (size_t *)(void *)((char *)conf + group->count_offset);
	const struct fg_node *item;
	char prefix[KEY_TEXT_MAX];

	if (!node || !fg_conf_expect(reader, node, group->name, FG_NODE_LIST))
		return;
	if (fg_node_count(node) > group->items_max) {
		fg_conf_complain(reader, fg_node_line(node), group->name,
				 "%zu are too many; at most %zu", fg_node_count(node),
				 group->items_max);
		return;
	}
	for (size_t i = 0; i < fg_node_count(node); i++) {
		item = fg_node_at(node, i);
		snprintf(prefix, sizeof(prefix), "%s[%zu]", group->name, i);
		if (fg_conf_expect(reader, item, prefix, FG_NODE_GROUP))
			read_group(reader, group, item, prefix,
				   (char *)conf + group->offset + i * group->size);
		*count = i + 1;
	}
}

static void unknown_groups(struct fg_conf_reader *reader, const struct fg_node *root)
{
	const char *names[NAMES_MAX], *name;
	size_t known;

	for (size_t i = 0; i < fg_conf_groups_count; i++)
		names[i] = fg_conf_groups[i].name;
	for (size_t i = 0; i < fg_node_count(root); i++) {
		name = fg_node_name(fg_node_at(root, i));
		for (known = 0; known < fg_conf_groups_count && strcmp(names[known], name) != 0;
		     known++)
			;
		if (known == fg_conf_groups_count)
			fg_conf_complain_unknown(reader, fg_node_line(fg_node_at(root, i)), name,
						 name, names, fg_conf_groups_count);
	}
}

/* ---- what no single row can say ---- */

bool fg_conf_server_tls(const struct fg_conf_links *link)
{
	return strcmp(link->tls, "on") == 0 ||
	       (strcmp(link->tls, "auto") == 0 && *link->tls_certificate);
}

/* Of adapter = "smpp": what no egress may be without. */
static void check_smpp(struct fg_conf_reader *reader, const struct fg_conf_links *link,
		       size_t index, unsigned line)
{
	char label[KEY_TEXT_MAX];

#define COMPLAIN(key, ...)                                                                         \
	do {                                                                                       \
		snprintf(label, sizeof(label), "links[%zu]." key, index);                          \
		fg_conf_complain(reader, line, label, __VA_ARGS__);                                \
	} while (0)
	if (!*link->system_id)
		COMPLAIN("system_id", "is missing: adapter = \"smpp\" needs it");
	if (strlen(link->password) > (size_t)link->password_max)
		COMPLAIN("password",
			 "is longer than the %lld octets that SMPP allows; password_max = %zu "
			 "sends it all the same",
			 (long long)link->password_max, strlen(link->password));
	if (link->rate == 0)
		COMPLAIN("rate", "is missing: adapter = \"smpp\" needs the segments a second that "
				 "the carrier allows");
	if (link->interface_version < 0x34 &&
	    (strcmp(link->long_text, "sar") == 0 || strcmp(link->long_text, "payload") == 0))
		COMPLAIN("long_text", "\"%s\" needs parameters that interface_version = 51 has not",
			 link->long_text);
#ifndef FG_MUTANT_smpp_clear_link
	if (strcmp(link->tls, "on") != 0 && !fg_conf_is_loopback(link->host) &&
	    (strcmp(link->tls, "off") != 0 || !link->clear_ok))
		COMPLAIN("tls",
			 "is needed: %s is not this machine; tls = \"on\", or tls = \"off\" and "
			 "clear_ok = true to send passwords and texts in clear text",
			 link->host);
#endif
	if (!*link->tls_certificate != !*link->tls_key)
		COMPLAIN("tls_key", "belongs to tls_certificate: both or neither");
#undef COMPLAIN
}

/* Of adapter = "smpp-server": who listens beyond this machine says how texts and passwords are guarded. */
static void check_smpp_server(struct fg_conf_reader *reader, const struct fg_conf_links *link,
			      size_t index, unsigned line)
{
	bool tls = fg_conf_server_tls(link);
	char label[KEY_TEXT_MAX];

#define COMPLAIN(key, ...)                                                                         \
	do {                                                                                       \
		snprintf(label, sizeof(label), "links[%zu]." key, index);                          \
		fg_conf_complain(reader, line, label, __VA_ARGS__);                                \
	} while (0)
#ifndef FG_MUTANT_clear_listener
	if (!tls && !fg_conf_is_loopback(link->host) && !link->clear_ok)
		COMPLAIN(
			"tls",
			"is needed: \"%s\" can be reached from other machines; tls_certificate and "
			"tls_key, or clear_ok = true to take passwords and texts in clear text",
			link->host);
#endif
	if (tls && (!*link->tls_certificate || !*link->tls_key))
		COMPLAIN("tls_certificate", "is missing: TLS needs tls_certificate and tls_key");
	if (!tls && *link->tls_client_ca)
		COMPLAIN("tls_client_ca", "is of no use without TLS");
#undef COMPLAIN
}

/* Tags that vendors may use: SMPP 3.4, 5.3.2; the first ones are in wide use. */
static void check_tags(struct fg_conf_reader *reader, const struct fg_conf_links *link,
		       size_t index, unsigned line)
{
	const struct {
		const char *key;
		int64_t tag;
	} tags[] = { { "mark_tlv", link->mark_tlv },
		     { "key_tlv", link->key_tlv },
		     { "protection_tlv", link->protection_tlv } };
	char label[KEY_TEXT_MAX];

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (tags[i].tag == 0 || (tags[i].tag >= 0x1412 && tags[i].tag <= 0x3fff))
			continue;
		snprintf(label, sizeof(label), "links[%zu].%s", index, tags[i].key);
		fg_conf_complain(reader, line, label,
				 "%" PRId64
				 " is not free for vendors; 0, or 5138 (0x1412) to 16383 (0x3FFF)",
				 tags[i].tag);
	}
}

/* Of adapter = "modem". Texts cross the wire to it in clear, so it is at this machine. */
static void check_modem(struct fg_conf_reader *reader, const struct fg_conf_links *link,
			size_t index, unsigned line)
{
	char label[KEY_TEXT_MAX];

#define COMPLAIN(key, ...)                                                                         \
	do {                                                                                       \
		snprintf(label, sizeof(label), "links[%zu]." key, index);                          \
		fg_conf_complain(reader, line, label, __VA_ARGS__);                                \
	} while (0)
	if (!*link->device)
		COMPLAIN("device", "is missing: adapter = \"modem\" needs a device such as "
				   "/dev/serial/by-id/usb-..., or a pattern and imei");
	if (strncmp(link->device, "tcp:", 4) == 0 && !fg_conf_is_loopback(link->device + 4) &&
	    strncmp(link->device + 4, "localhost:", 10) != 0)
		COMPLAIN("device", "\"%s\" is not at this machine", link->device);
	if (strpbrk(link->device, "*?[") && !*link->imei)
		COMPLAIN("imei", "is missing: a pattern in device needs it");
	if (*link->imei && (strlen(link->imei) < 14 || !fg_conf_is_digits(link->imei)))
		COMPLAIN("imei", "\"%s\" is not 14 or 15 digits", link->imei);
	if (*link->pin && (strlen(link->pin) < 4 || !fg_conf_is_digits(link->pin)))
		COMPLAIN("pin", "is not 4 to 8 digits");
	if (link->per_day == 0)
		COMPLAIN("per_day",
			 "is missing: adapter = \"modem\" needs the most segments a day, "
			 "since nobody else bounds what a SIM may cost");
	if (strcmp(link->source, "sender") == 0)
		COMPLAIN("source",
			 "\"sender\" is not for adapter = \"modem\": a SIM sends under its "
			 "own number");
	if (strncmp(link->long_text, "udh", 3) != 0)
		COMPLAIN("long_text", "\"%s\" is not for adapter = \"modem\": udh or udh8",
			 link->long_text);
#undef COMPLAIN
}

static void check_link(struct fg_conf_reader *reader, const struct fg_conf *conf, size_t index,
		       unsigned line)
{
	const struct fg_conf_links *link = &conf->links[index];
	char label[KEY_TEXT_MAX];

#define COMPLAIN(key, ...)                                                                         \
	do {                                                                                       \
		snprintf(label, sizeof(label), "links[%zu]." key, index);                          \
		fg_conf_complain(reader, line, label, __VA_ARGS__);                                \
	} while (0)
	if (*link->name && !fg_conf_is_link_name(link->name))
		COMPLAIN("name", "\"%s\" may have only a to z, 0 to 9 and hyphens", link->name);
	for (size_t i = 0; i < index; i++)
		if (*link->name && strcmp(conf->links[i].name, link->name) == 0)
			COMPLAIN("name", "\"%s\" is the name of links[%zu] already", link->name, i);
	if (link->reconnect_min_ms > link->reconnect_max_ms)
		COMPLAIN("reconnect_min_ms", "%" PRId64 " is more than reconnect_max_ms, %" PRId64,
			 link->reconnect_min_ms, link->reconnect_max_ms);
	check_tags(reader, link, index, line);
	if (strcmp(link->source, "link") == 0 && !*link->source_address &&
	    strcmp(link->adapter, "smpp-server") != 0)
		COMPLAIN("source_address",
			 "is missing: source = \"link\" needs the link's own number");
	if (strcmp(link->adapter, "smpp") == 0)
		check_smpp(reader, link, index, line);
	if (strcmp(link->adapter, "smpp-server") == 0)
		check_smpp_server(reader, link, index, line);
	if (strcmp(link->adapter, "modem") == 0)
		check_modem(reader, link, index, line);
#undef COMPLAIN
}

static void check_account(struct fg_conf_reader *reader, const struct fg_conf *conf, size_t index,
			  unsigned line)
{
	const struct fg_conf_accounts *account = &conf->accounts[index];
	struct fg_network networks[FG_NETWORKS_MAX];
	bool found = !*account->link;
	size_t networks_count;
	char label[KEY_TEXT_MAX];

#define COMPLAIN(key, ...)                                                                         \
	do {                                                                                       \
		snprintf(label, sizeof(label), "accounts[%zu]." key, index);                       \
		fg_conf_complain(reader, line, label, __VA_ARGS__);                                \
	} while (0)
	for (size_t i = 0; i < index; i++)
		if (*account->name && strcmp(conf->accounts[i].name, account->name) == 0)
			COMPLAIN("name", "\"%s\" is the name of accounts[%zu] already",
				 account->name, i);
	for (size_t i = 0; i < conf->links_count; i++)
		found |= strcmp(conf->links[i].name, account->link) == 0 &&
			 strcmp(conf->links[i].adapter, "smpp-server") == 0;
	if (!found)
		COMPLAIN("link", "\"%s\" is no link with adapter = \"smpp-server\"", account->link);
	if (strspn(account->country, "0123456789") != strlen(account->country) ||
	    *account->country == '0')
		COMPLAIN("country", "\"%s\" is no country code such as 49", account->country);
	if (*account->secret && strncmp(account->secret, "$argon2id$", 10) != 0)
		COMPLAIN("secret", "is no Argon2id hash: make one with fallgatectl hash-secret");
	if (!fg_networks_read(account->networks, networks, &networks_count))
		COMPLAIN("networks", "\"%s\" is not of addresses such as 192.0.2.0/24",
			 account->networks);
	if (*account->bearers && !fg_conf_are_bearers(account->bearers))
		COMPLAIN("bearers", "\"%s\" is not of sms, mms and rcs, separated by commas",
			 account->bearers);
#undef COMPLAIN
}

static void check_whole(struct fg_conf_reader *reader, const struct fg_node *root,
			const struct fg_conf *conf)
{
	const struct fg_node *gateway = fg_node_member(root, "gateway"),
			     *mark = fg_node_member(root, "mark"),
			     *links = fg_node_member(root, "links"),
			     *accounts = fg_node_member(root, "accounts");

	if (*conf->gateway.name && !fg_conf_is_host_name(conf->gateway.name))
		fg_conf_complain(reader, fg_node_line(gateway), "gateway.name",
				 "\"%s\" is not a host name such as gw.example.org",
				 conf->gateway.name);
	if (strspn(conf->mark.text, " ") == strlen(conf->mark.text))
		fg_conf_complain(reader, fg_node_line(mark), "mark.text", "may not be empty");
	if (fg_conf_looks_like_link(conf->mark.text))
		fg_conf_complain(
			reader, fg_node_line(mark), "mark.text",
			"\"%s\" looks like a link; no \"://\", no \"www.\", no dot before a letter",
			conf->mark.text);
	for (size_t i = 0; i < conf->links_count; i++)
		if (fg_node_type(fg_node_at(links, i)) == FG_NODE_GROUP)
			check_link(reader, conf, i, fg_node_line(fg_node_at(links, i)));
	for (size_t i = 0; i < conf->accounts_count; i++)
		if (fg_node_type(fg_node_at(accounts, i)) == FG_NODE_GROUP)
			check_account(reader, conf, i, fg_node_line(fg_node_at(accounts, i)));
}

/* ---- the whole ---- */

void fg_conf_set_defaults(struct fg_conf *conf_out)
{
	memset(conf_out, 0, sizeof(*conf_out));
	for (size_t g = 0; g < fg_conf_groups_count; g++)
		for (size_t n = 0; n < fg_conf_groups[g].items_max; n++)
			for (size_t k = 0; k < fg_conf_groups[g].keys_count; k++)
				set_default(&fg_conf_groups[g].keys[k],
					    (char *)conf_out + fg_conf_groups[g].offset +
						    n * fg_conf_groups[g].size);
}

void fg_conf_read_tree(struct fg_conf_reader *reader, const struct fg_node *root,
		       struct fg_conf *conf_out)
{
	const struct fg_node *node;

	for (size_t i = 0; i < fg_conf_groups_count; i++) {
		const struct fg_conf_group *group = &fg_conf_groups[i];

		node = fg_node_member(root, group->name);
		if (group->is_list)
			read_list(reader, group, node, conf_out);
		else if (!node || fg_conf_expect(reader, node, group->name, FG_NODE_GROUP))
			read_group(reader, group, node, group->name,
				   (char *)conf_out + group->offset);
	}
	unknown_groups(reader, root);
	if (reader->role == 0)
		check_whole(reader, root, conf_out);
}
