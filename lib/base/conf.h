/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The configuration: conf.def as structs, parsed by libconfig, checked key by key. An error names the file, the line, the key, what is
 * wrong and what would be right; all errors of a file are reported, not only the first. Unknown keys are errors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum { FG_CONF_LINKS_MAX = 32, FG_CONF_ACCOUNTS_MAX = 64, FG_CONF_ENUM_MAX = 15 };
#define FG_CONF_REQUIRED INT64_MIN

/* struct fg_conf_gateway and so on. */
/* clang-format off */
#define FG_CONF_GROUP_BEGIN(NAME, name, kind, help)	     struct fg_conf_##name {
#define FG_CONF_STR(group, key, max, def, roles, help)	     char key[(max) + 1];
#define FG_CONF_INT(group, key, min, max, def, roles, help)  int64_t key;
#define FG_CONF_BOOL(group, key, def, roles, help)	     bool key;
#define FG_CONF_ENUM(group, key, values, def, roles, help)   char key[FG_CONF_ENUM_MAX + 1];
#define FG_CONF_GROUP_END(NAME, name)			     };
#include "lib/base/conf.def"
#undef FG_CONF_GROUP_BEGIN
#undef FG_CONF_STR
#undef FG_CONF_INT
#undef FG_CONF_BOOL
#undef FG_CONF_ENUM
#undef FG_CONF_GROUP_END
/* clang-format on */

struct fg_conf {
	struct fg_conf_gateway gateway;
	struct fg_conf_secure secure;
	struct fg_conf_limits limits;
	struct fg_conf_store store;
	struct fg_conf_log log;
	struct fg_conf_mark mark;
	struct fg_conf_links links[FG_CONF_LINKS_MAX];
	size_t links_count;
	struct fg_conf_accounts accounts[FG_CONF_ACCOUNTS_MAX];
	size_t accounts_count;
};

/*! Applications bind to it: it is no way out. */
bool fg_conf_link_is_server(const struct fg_conf_links *link);

/*! Index of the account of that name; -1: there is none. O(accounts), as the next one. */
int fg_conf_account_find(const struct fg_conf *conf, const void *name, size_t len);
/*! Whose number it is (accounts.numbers): index of the first such account; -1: nobody's. */
int fg_conf_account_of_number(const struct fg_conf *conf, const void *number, size_t len);
/*! One of "1000,+1202*,SHOP"? An item with * at its end is a prefix. */
bool fg_conf_list_has(const char *list, const char *text, size_t len);

/*! When may messages of an account go to the devices of a handle? (accounts.secure) */
enum fg_conf_when {
	FG_CONF_NOW,
	FG_CONF_NOT_YET, /*!< never, or the handle is too new */
	FG_CONF_UNKNOWN  /*!< the directory does not say how new it is: neither now nor "not yet" */
};
/*! otp: the message is of class otp; proven_ms: since when the handle is proven, 0: not said. */
enum fg_conf_when fg_conf_account_secure(const struct fg_conf_accounts *account, bool otp,
					 uint64_t proven_ms, uint64_t now_ms);

/*! Called for each error: "fallgate.conf:12: links.port: 70000 is not a port; from 0 to 65535". line 0: no line. */
typedef void (*fg_conf_error_cb)(const char *file, unsigned line, const char *key, const char *text,
				 void *arg);

/*! Where in the file a key such as "links[1].national" or "mark.text" stands; when it is not there its group, 0 when neither is. Reads the
 *  file again: for errors. */
unsigned fg_conf_line(const char *path, const char *key);

/*! Read and check a file. *conf_out is filled with what is right even when something is wrong.
 *  \return FG_OK; FG_E_CONF after at least one error was reported; FG_E_NOT_FOUND, FG_E_SYSTEM (reported too). */
enum fg_rc fg_conf_read(const char *path, struct fg_conf *conf_out, fg_conf_error_cb error,
			void *arg);

/*! The same from memory; file is the name in messages. text need not end in NUL. */
enum fg_rc fg_conf_parse(const char *text, size_t len, const char *file, struct fg_conf *conf_out,
			 fg_conf_error_cb error, void *arg);

/*! Does a link with adapter = "smpp-server" speak TLS? */
bool fg_conf_server_tls(const struct fg_conf_links *link);

/*! Write the slice of one role (a letter of "PCLVSK"; link_index for "K", which has the accounts only when applications bind to that link) as configuration text that fg_conf_parse_slice() reads.
 *  \return FG_OK or FG_E_SPACE. */
enum fg_rc fg_conf_slice(const struct fg_conf *conf, char role, size_t link_index, char *out,
			 size_t cap, size_t *len_out);

/*! Read a slice: keys of other roles must not be there and stay at their defaults. The slice of "K" has one link. */
enum fg_rc fg_conf_parse_slice(const char *text, size_t len, char role, struct fg_conf *conf_out);

/*! Write the commented default file (conf/fallgate.conf is this text). FG_OK or FG_E_SPACE. */
enum fg_rc fg_conf_reference(char *out, size_t cap, size_t *len_out);

enum fg_conf_change { FG_CONF_CHANGED, FG_CONF_ADDED, FG_CONF_REMOVED };

/*! item: the name of a link or an account, NULL for a key of a group; key: NULL for an item that was added or removed. */
typedef void (*fg_conf_change_cb)(const char *group, const char *item, const char *key,
				  enum fg_conf_change what, void *arg);

/*! Say each difference, in the order of conf.def; links and accounts by name, wherever they stand. Values are not told: some are
 *  secret. O(items of a list squared). */
void fg_conf_compare(const struct fg_conf *before, const struct fg_conf *after,
		     fg_conf_change_cb change, void *arg);

/*! The secret of an account that was removed: no password has this hash. */
#define FG_CONF_NO_SECRET "$argon2id$removed"

/*! Give every link and account of next the index that it has in running, since processes know them by index: one that is new comes behind all, and
 *  where one was removed there is a link without a name, which nobody may use, or an account that nobody can log in to. FG_OK; FG_E_SPACE: no index is left, next is
 *  unchanged. */
enum fg_rc fg_conf_keep_slots(const struct fg_conf *running, struct fg_conf *next);

/*! A rule file (policy.conf), read with the same care. Kept apart from gateway/decide, which may not parse. */
struct fg_conf_rule {
	char recipient_prefix[17]; /*!< "" matches all */
	char sender_prefix[130];
	char message_class[FG_CONF_ENUM_MAX + 1]; /*!< "" matches all */
	char action[FG_CONF_ENUM_MAX + 1];        /*!< "links", "refuse", "hold" */
	uint8_t links[FG_CONF_LINKS_MAX];         /*!< indexes into conf->links, for "links" */
	uint8_t links_count;
	bool weighed;                       /*!< by weights, not in the order of links */
	uint8_t weights[FG_CONF_LINKS_MAX]; /*!< 1..100 */
	unsigned line;
};
enum { FG_CONF_RULES_MAX = 1000 };

/*! \param[out] rules_out room for FG_CONF_RULES_MAX; the last one is the required default (matches all). */
enum fg_rc fg_conf_read_policy(const char *path, const struct fg_conf *conf,
			       struct fg_conf_rule *rules_out, size_t *count_out,
			       fg_conf_error_cb error, void *arg);
enum fg_rc fg_conf_parse_policy(const char *text, size_t len, const char *file,
				const struct fg_conf *conf, struct fg_conf_rule *rules_out,
				size_t *count_out, fg_conf_error_cb error, void *arg);
