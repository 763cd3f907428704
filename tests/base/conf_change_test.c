/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What differs between two configurations, the places that links and accounts keep, and what an example leaves open.
 */
#include "tests/support/fg_test.h"

#include <inttypes.h>
#include "lib/base/conf_internal.h"

struct seen {
	size_t errors;
	char first[512]; /* "file:line: key: text" */
};

static void on_error(const char *file, unsigned line, const char *key, const char *what, void *arg)
{
	struct seen *seen = arg;

	if (seen->errors++ == 0)
		snprintf(seen->first, sizeof(seen->first), "%s:%u: %s: %s", file, line, key, what);
}

static enum fg_rc parse(const char *config, struct seen *seen)
{
	static struct fg_conf conf;

	memset(seen, 0, sizeof(*seen));
	return fg_conf_parse(config, strlen(config), "t.conf", &conf, on_error, seen);
}

static void what_an_example_leaves_open_is_said_with_its_meaning(void **state)
{
	struct seen seen;

	(void)state;
	assert_int_equal(
		parse("gateway = { name = \"gw\"; data_dir = \"/d\"; run_dir = \"/r\"; };\n"
		      "secure = { certificate = \"c\"; key = \"k\"; ca = \"a\"; };\n"
		      "links = ( { name = \"a\"; adapter = \"smpp\";\n"
		      "system_id = \"EDIT-ME\";\n"
		      "source_address = \"1\"; rate = 1; } );\n",
		      &seen),
		FG_E_CONF);
	assert_int_equal(seen.errors, 1);
	assert_string_equal(seen.first, "t.conf:4: links[0].system_id: is not filled in yet; here "
					"goes: SMPP system id");
}

static void note_change(const char *group, const char *item, const char *key,
			enum fg_conf_change what, void *arg)
{
	char *said = arg;

	sprintf(said + strlen(said), "%c%s%s%s%s%s ", "=+-"[what], group, item ? "." : "",
		item ? item : "", key ? "." : "", key ? key : "");
}

static void set_link(struct fg_conf *to, size_t index, const char *name, int64_t port)
{
	strcpy(to->links[index].name, name);
	strcpy(to->links[index].adapter, "loop");
	to->links[index].port = port;
	to->links_count = index + 1 > to->links_count ? index + 1 : to->links_count;
}

static void every_difference_is_told_by_name(void **state)
{
	static struct fg_conf before, after;
	char said[1024] = "";

	(void)state;
	fg_conf_set_defaults(&before);
	set_link(&before, 0, "a", 1);
	set_link(&before, 1, "b", 2);
	strcpy(before.accounts[0].name, "shop");
	strcpy(before.accounts[1].name, "left"); /* removed before */
	strcpy(before.accounts[1].secret, FG_CONF_NO_SECRET);
	before.accounts_count = 2;
	after = before;
	fg_conf_compare(&before, &after, note_change, said);
	assert_string_equal(said, "");
	set_link(&after, 0, "b", 2); /* another order is none */
	set_link(&after, 1, "a", 1);
	fg_conf_compare(&before, &after, note_change, said);
	assert_string_equal(said, "");
	set_link(&after, 1, "a", 3);
	strcpy(after.links[1].password, "secret");
	set_link(&after, 0, "c", 2);
	strcpy(after.mark.text, "(open) ");
	after.gateway.core_dumps = true;
	after.accounts_count = 0;
	fg_conf_compare(&before, &after, note_change, said);
	assert_string_equal(said, "=gateway.core_dumps =mark.text -links.b +links.c =links.a.port "
				  "=links.a.password -accounts.shop ");
}

static void links_keep_their_index(void **state)
{
	static struct fg_conf running, next, slice;
	char out[30000];
	size_t len;

	(void)state;
	fg_conf_set_defaults(&running);
	strcpy(running.gateway.name, "gw");
	for (size_t i = 0; i < 3; i++)
		set_link(&running, i, (const char *[]){ "a", "b", "c" }[i], 1);
	next = running;
	next.links_count = 0;
	set_link(&next, 0, "d", 4);
	set_link(&next, 1, "c", 5);
	set_link(&next, 2, "a", 6);
	assert_ok(fg_conf_keep_slots(&running, &next));
	assert_int_equal(next.links_count, 4);
	assert_string_equal(next.links[0].name, "a");
	assert_int_equal(next.links[0].port, 6);
	assert_string_equal(next.links[1].name, "");
	assert_string_equal(next.links[2].name, "c");
	assert_string_equal(next.links[3].name, "d");
	/* Roles read a slice with a link that was removed. */
	assert_ok(fg_conf_slice(&next, 'V', 0, out, sizeof(out), &len));
	assert_ok(fg_conf_parse_slice(out, len, 'V', &slice));
	assert_int_equal(slice.links_count, 4);
	assert_string_equal(slice.links[1].name, "");
	assert_string_equal(slice.links[3].name, "d");
	/* So do accounts; who is gone cannot log in. */
	strcpy(running.accounts[0].name, "shop");
	strcpy(running.accounts[1].name, "bank");
	running.accounts_count = 2;
	next.accounts_count = 2;
	strcpy(next.accounts[0].name, "new");
	strcpy(next.accounts[1].name, "bank");
	strcpy(next.accounts[1].secret, "$argon2id$x");
	assert_ok(fg_conf_keep_slots(&running, &next));
	assert_int_equal(next.accounts_count, 3);
	assert_string_equal(next.accounts[0].name, "shop");
	assert_string_equal(next.accounts[0].secret, FG_CONF_NO_SECRET);
	assert_string_equal(next.accounts[1].secret, "$argon2id$x");
	assert_string_equal(next.accounts[2].name, "new");
	/* No index is left: nothing changes. */
	for (size_t i = 0; i < FG_CONF_LINKS_MAX; i++) {
		snprintf(running.links[i].name, sizeof(running.links[i].name), "l%zu", i);
		strcpy(running.links[i].adapter, "loop");
	}
	running.links_count = FG_CONF_LINKS_MAX;
	assert_int_equal(fg_conf_keep_slots(&running, &next), FG_E_SPACE);
	assert_string_equal(next.links[3].name, "d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_example_leaves_open_is_said_with_its_meaning),
		cmocka_unit_test(every_difference_is_told_by_name),
		cmocka_unit_test(links_keep_their_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
