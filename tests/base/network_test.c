/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include <string.h>
#include <arpa/inet.h>
#include "lib/base/network.h"

static struct fg_address address(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return fg_address_of((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return fg_address_of((const struct sockaddr *)&v6);
}

static bool in(const char *list, const char *who)
{
	struct fg_network networks[FG_NETWORKS_MAX];
	struct fg_address from = address(who);
	size_t count;

	assert_true(fg_networks_read(list, networks, &count));
	return fg_networks_have(networks, count, &from);
}

static void an_address_is_in_its_networks_only(void **state)
{
	static const struct {
		const char *list, *who;
		bool in;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.6", false },
		{ "10.0.0.0/8,192.0.2.7", "10.255.0.1", true },
		{ "10.0.0.0/8, 192.0.2.7", "192.0.2.7", true },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::1", false },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::/0", "192.0.2.1", true }, /* everything */
		{ "::ffff:192.0.2.0/120", "192.0.2.1", true },
		{ "", "192.0.2.1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (in(cases[i].list, cases[i].who) != cases[i].in)
			fail_msg("%s in \"%s\"?", cases[i].who, cases[i].list);
}

static void what_is_no_network_is_refused(void **state)
{
	static const char *const lists[] = { "192.0.2",        "192.0.2.0/33",  "192.0.2.0/",
					     "192.0.2.0/x",    "192.0.2.0/-1",  "192.0.2.0/+8",
					     "2001:db8::/129", "localhost",     "192.0.2.0/24/1",
					     "192.0.2.0;",     "192.0.2.0/0024" };
	struct fg_network networks[FG_NETWORKS_MAX];
	char many[FG_NETWORKS_MAX * 8 + 16] = "";
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (fg_networks_read(lists[i], networks, &count))
			fail_msg("\"%s\" was taken", lists[i]);
	for (int i = 0; i < FG_NETWORKS_MAX; i++)
		strcat(many, "1.1.1.1,");
	assert_true(fg_networks_read(many, networks, &count));
	assert_int_equal(count, FG_NETWORKS_MAX);
	strcat(many, "2.2.2.2");
	assert_false(fg_networks_read(many, networks, &count));
}

static void an_address_is_written_as_people_do(void **state)
{
	static const char *const texts[] = { "192.0.2.7", "2001:db8::1", "::" };
	char out[FG_ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct fg_address from = address(texts[i]);

		assert_string_equal(fg_address_text(&from, out), texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_in_its_networks_only),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(an_address_is_written_as_people_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
