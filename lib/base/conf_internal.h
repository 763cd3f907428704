/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the conf_*.c files share: conf.def as tables, the tree that conf.c has parsed (so that it alone knows libconfig), and the
 * way errors are reported.
 */
#pragma once

#include "lib/base/conf.h"

enum fg_conf_kind {
	FG_CONF_KIND_STR,
	FG_CONF_KIND_INT,
	FG_CONF_KIND_BOOL,
	FG_CONF_KIND_ENUM,
};

/*! One row of conf.def. */
struct fg_conf_key {
	const char *name;
	enum fg_conf_kind kind;
	size_t offset;      /*!< in the struct of its group */
	int64_t min, max;   /*!< max: of a string its length */
	int64_t number;     /*!< default of an integer or boolean */
	const char *text;   /*!< default of a string or word; NULL: required */
	const char *values; /*!< "a|b" of a word */
	const char *roles;
	const char *help;
};

struct fg_conf_group {
	const char *name;
	bool is_list;
	size_t offset; /*!< in struct fg_conf */
	size_t size;
	size_t items_max;    /*!< of a list */
	size_t count_offset; /*!< of a list: its size_t in struct fg_conf */
	const struct fg_conf_key *keys;
	size_t keys_count;
	const char *help;
};

extern const struct fg_conf_group fg_conf_groups[];
extern const size_t fg_conf_groups_count;

bool fg_conf_key_required(const struct fg_conf_key *key);
/*! Does the slice of role (0: the whole file) carry this key? */
bool fg_conf_key_in(const struct fg_conf_key *key, char role);
/*! Is word one of "a|b|c"? */
bool fg_conf_word_in(const char *values, const char *word);

/* ---- the parsed tree ---- */

enum fg_node_type {
	FG_NODE_GROUP,
	FG_NODE_LIST,
	FG_NODE_ARRAY,
	FG_NODE_STR,
	FG_NODE_INT,
	FG_NODE_BOOL,
	FG_NODE_FLOAT
};

struct fg_node;

enum fg_node_type fg_node_type(const struct fg_node *node);
const char *fg_node_type_name(enum fg_node_type type); /*!< "a list" */
const char *fg_node_name(const struct fg_node *node);
unsigned fg_node_line(const struct fg_node *node); /*!< 0 for NULL */
size_t fg_node_count(const struct fg_node *node);
const struct fg_node *fg_node_at(const struct fg_node *node, size_t index);
const struct fg_node *fg_node_member(const struct fg_node *node,
				     const char *name); /*!< NULL: none */
const char *fg_node_str(const struct fg_node *node);
int64_t fg_node_int(const struct fg_node *node);
bool fg_node_bool(const struct fg_node *node);

/* ---- errors ---- */

struct fg_conf_reader {
	const char *file;
	fg_conf_error_cb error; /*!< may be NULL */
	void *arg;
	char role; /*!< 0: the whole file */
	size_t errors;
};

void fg_conf_complain(struct fg_conf_reader *reader, unsigned line, const char *key,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*! Complain about a key that is not one of names; names[i] NULL is skipped. The nearest is suggested. */
void fg_conf_complain_unknown(struct fg_conf_reader *reader, unsigned line, const char *key,
			      const char *name, const char *const *names, size_t count);

/*! Complain unless node is of that type. */
bool fg_conf_expect(struct fg_conf_reader *reader, const struct fg_node *node, const char *key,
		    enum fg_node_type type);

/* ---- readers of whole trees ---- */

void fg_conf_read_tree(struct fg_conf_reader *reader, const struct fg_node *root,
		       struct fg_conf *conf_out);
void fg_conf_set_defaults(struct fg_conf *conf_out);

struct fg_conf_policy_target {
	const struct fg_conf *conf;
	struct fg_conf_rule *rules;
	size_t *count;
};
void fg_conf_read_policy_tree(struct fg_conf_reader *reader, const struct fg_node *root,
			      const struct fg_conf_policy_target *target);

/* conf_texts.c: is this text one? */
/* What telephones turn into a link: a scheme, "www.", or a dot with a letter on it (architecture, section 8). */
bool fg_conf_looks_like_link(const char *text);
/* Of links.name. */
bool fg_conf_is_link_name(const char *name);
/* RFC 1123, 2.1: labels of letters, digits and inner hyphens, at most 63 each. */
bool fg_conf_is_host_name(const char *name);
bool fg_conf_is_loopback(const char *host);
/* Nothing else; also "". */
bool fg_conf_is_digits(const char *text);
/* "sms,mms": each word a bearer that an application may consent to. */
bool fg_conf_are_bearers(const char *text);
