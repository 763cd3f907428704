/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is different between two configurations, and a changed one laid over a running one.
 */
#include "lib/base/conf_internal.h"

#include <stdio.h>
#include <string.h>

static const void *item_at(const struct fg_conf *conf, const struct fg_conf_group *group, size_t i)
{
	return (const char *)conf + group->offset + i * group->size;
}

static size_t count_of(const struct fg_conf *conf, const struct fg_conf_group *group)
{
	return *(const size_t *)(const void *)((const char *)conf + group->count_offset);
}

/* Lists have their items by name, which is their first key. */
static const char *name_of(const struct fg_conf_group *group, const void *item)
{
	return (const char *)item + group->keys[0].offset;
}

static const void *find(const struct fg_conf *conf, const struct fg_conf_group *group,
			const char *name)
{
	for (size_t i = 0; i < count_of(conf, group); i++)
		if (strcmp(name_of(group, item_at(conf, group, i)), name) == 0)
			return item_at(conf, group, i);
	return NULL;
}

static bool same(const struct fg_conf_key *key, const void *a, const void *b)
{
	const char *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;

	if (key->kind == FG_CONF_KIND_INT)
		return *(const int64_t *)(const void *)x == *(const int64_t *)(const void *)y;
	if (key->kind == FG_CONF_KIND_BOOL)
		return *(const bool *)x == *(const bool *)y;
	return strcmp(x, y) == 0;
}

static void compare(const struct fg_conf_group *group, const void *before, const void *after,
		    fg_conf_change_cb change, void *arg)
{
	const char *item = group->is_list ? name_of(group, after) : NULL;

	for (size_t i = 0; i < group->keys_count; i++)
		if (!same(&group->keys[i], before, after))
			change(group->name, item, group->keys[i].name, FG_CONF_CHANGED, arg);
}

/* A link without a name, an account without a secret: fg_conf_keep_slots() left it. */
static bool is_removed(const struct fg_conf_group *group, const void *item)
{
	const struct fg_conf_accounts *account = item;

	if (strcmp(group->name, "accounts") == 0)
		return strcmp(account->secret, FG_CONF_NO_SECRET) == 0;
	return !*name_of(group, item);
}

static void compare_lists(const struct fg_conf_group *group, const struct fg_conf *before,
			  const struct fg_conf *after, fg_conf_change_cb change, void *arg)
{
	const void *item, *other;

	for (size_t i = 0; i < count_of(before, group); i++) {
		item = item_at(before, group, i);
		if (!is_removed(group, item) && !find(after, group, name_of(group, item)))
			change(group->name, name_of(group, item), NULL, FG_CONF_REMOVED, arg);
	}
	for (size_t i = 0; i < count_of(after, group); i++) {
		item = item_at(after, group, i);
		other = find(before, group, name_of(group, item));
		if (is_removed(group, item))
			continue;
		if (other && !is_removed(group, other))
			compare(group, other, item, change, arg);
		else
			change(group->name, name_of(group, item), NULL, FG_CONF_ADDED, arg);
	}
}

void fg_conf_compare(const struct fg_conf *before, const struct fg_conf *after,
		     fg_conf_change_cb change, void *arg)
{
	for (size_t i = 0; i < fg_conf_groups_count; i++) {
		const struct fg_conf_group *group = &fg_conf_groups[i];

		if (group->is_list)
			compare_lists(group, before, after, change, arg);
		else
			compare(group, item_at(before, group, 0), item_at(after, group, 0), change,
				arg);
	}
}

/* Where the link of that name has been; else behind all others. */
static size_t slot_of(const struct fg_conf *running, const char *name, size_t *count)
{
	for (size_t i = 0; i < running->links_count; i++)
		if (strcmp(running->links[i].name, name) == 0)
			return i;
	return (*count)++;
}

/* An account that is gone keeps its name, for messages that it submitted, and has no secret that anything could match. */
static enum fg_rc keep_accounts(const struct fg_conf *running, struct fg_conf *next)
{
	static struct fg_conf_accounts laid[FG_CONF_ACCOUNTS_MAX];
	size_t count = running->accounts_count, slot;

	memcpy(laid, running->accounts, sizeof(laid));
	for (size_t i = 0; i < count; i++)
		snprintf(laid[i].secret, sizeof(laid[i].secret), "%s", FG_CONF_NO_SECRET);
	for (size_t i = 0; i < next->accounts_count; i++) {
		for (slot = 0; slot < count; slot++)
			if (strcmp(laid[slot].name, next->accounts[i].name) == 0)
				break;
		if (slot == FG_CONF_ACCOUNTS_MAX)
			return FG_E_SPACE;
		count += slot == count;
		laid[slot] = next->accounts[i];
	}
	memcpy(next->accounts, laid, sizeof(laid));
	next->accounts_count = count;
	explicit_bzero(laid, sizeof(laid)); /* secrets */
	return FG_OK;
}

enum fg_rc fg_conf_keep_slots(const struct fg_conf *running, struct fg_conf *next)
{
	static struct fg_conf laid; /* large; one thread */
	size_t count = running->links_count, slot;
	enum fg_rc rc = FG_OK;

	fg_conf_set_defaults(&laid);
	for (size_t i = 0; rc == FG_OK && i < next->links_count; i++) {
		if (!*next->links[i].name)
			continue;
		slot = slot_of(running, next->links[i].name, &count);
		if (slot < FG_CONF_LINKS_MAX)
			laid.links[slot] = next->links[i];
		else
			rc = FG_E_SPACE;
	}
	if (rc == FG_OK)
		rc = keep_accounts(running, next);
	if (rc == FG_OK) {
		/* What was removed keeps its adapter, which every link must have, and no name. */
		for (size_t i = 0; i < running->links_count; i++)
			if (!*laid.links[i].name) {
				memcpy(laid.links[i].adapter, running->links[i].adapter,
				       sizeof(laid.links[i].adapter));
			}
		memcpy(next->links, laid.links, sizeof(next->links));
		next->links_count = count;
	}
	explicit_bzero(&laid, sizeof(laid)); /* passwords */
	return rc;
}
