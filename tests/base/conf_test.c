/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each key of conf.def wrong in each way that its row can be wrong, then what no row says, then slices and the reference.
 */
#include "tests/support/fg_test.h"

#include <inttypes.h>
#include "lib/base/conf_internal.h"

struct seen {
	size_t errors;
	char first[512]; /* "file:line: key: text" */
	char all[8192];
};

static struct fg_conf conf;
static char text[65536];

static void on_error(const char *file, unsigned line, const char *key, const char *what, void *arg)
{
	struct seen *seen = arg;
	char one[512];

	snprintf(one, sizeof(one), "%s:%u: %s: %s", file, line, key, what);
	if (seen->errors++ == 0)
		strcpy(seen->first, one);
	strncat(seen->all, one, sizeof(seen->all) - strlen(seen->all) - 2);
	strcat(seen->all, "\n");
}

static enum fg_rc parse(const char *config, struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	return fg_conf_parse(config, strlen(config), "t.conf", &conf, on_error, seen);
}

/* What a small valid file says for this key, or NULL to leave it out. */
static const char *valid_value(const struct fg_conf_key *key)
{
	if (strcmp(key->name, "adapter") == 0)
		return "\"loop\"";
	if (strcmp(key->name, "source_address") == 0)
		return "\"+12025550100\"";
	if (strcmp(key->name, "secret") == 0)
		return "\"$argon2id$v=19$m=1\"";
	if (key->kind == FG_CONF_KIND_INT)
		return fg_conf_key_required(key) ? "1" : NULL;
	return fg_conf_key_required(key) ? "\"x\"" : NULL;
}

/* A valid file but for one key, whose value is as given (NULL: left out). */
static const char *with(const struct fg_conf_key *wrong, const char *value)
{
	char *at = text;

	for (size_t g = 0; g < fg_conf_groups_count; g++) {
		const struct fg_conf_group *group = &fg_conf_groups[g];

		at += sprintf(at, "%s = %s {\n", group->name, group->is_list ? "(" : "");
		for (size_t k = 0; k < group->keys_count; k++) {
			const char *v =
				&group->keys[k] == wrong ? value : valid_value(&group->keys[k]);

			if (v)
				at += sprintf(at, "%s = %s;\n", group->keys[k].name, v);
		}
		at += sprintf(at, "}%s;\n", group->is_list ? ")" : "");
	}
	return text;
}

static void expect(const struct fg_conf_group *group, const struct fg_conf_key *key,
		   const char *value, const char *says)
{
	struct seen seen;
	char label[80];

	snprintf(label, sizeof(label), ": %s%s.%s: ", group->name, group->is_list ? "[0]" : "",
		 key->name);
	if (parse(with(key, value), &seen) != FG_E_CONF || !strstr(seen.first, label) ||
	    !strstr(seen.first, says))
		fail_msg("%s with %s: expected \"%s\", got %s", label, value ? value : "nothing",
			 says, seen.all);
	assert_null(strstr(seen.first, "t.conf:0:"));
}

static void for_each_key(void (*check)(const struct fg_conf_group *, const struct fg_conf_key *))
{
	for (size_t g = 0; g < fg_conf_groups_count; g++)
		for (size_t k = 0; k < fg_conf_groups[g].keys_count; k++)
			check(&fg_conf_groups[g], &fg_conf_groups[g].keys[k]);
}

static void wrong_type(const struct fg_conf_group *group, const struct fg_conf_key *key)
{
	expect(group, key, "1.5", "not a number with a fraction");
	expect(group, key, "( )", "not a list");
	expect(group, key, key->kind == FG_CONF_KIND_INT ? "\"1\"" : "1", "must be ");
}

static void out_of_bounds(const struct fg_conf_group *group, const struct fg_conf_key *key)
{
	char value[512];
	size_t most = (size_t)key->max;

	if (key->kind == FG_CONF_KIND_INT) {
		snprintf(value, sizeof(value), "%" PRId64 "L", key->min - 1);
		expect(group, key, value, "is out of range; ");
		snprintf(value, sizeof(value), "%" PRId64 "L", key->max + 1);
		expect(group, key, value, "is out of range; ");
	} else if (key->kind == FG_CONF_KIND_STR) {
		snprintf(value, sizeof(value), "\"%0*d\"", (int)most + 1, 0);
		expect(group, key, value, "are too long; at most ");
		expect(group, key, "\"a\\x01\"", "has a control character");
	} else if (key->kind == FG_CONF_KIND_ENUM) {
		expect(group, key, "\"nonsense\"", "is none of: ");
		snprintf(value, sizeof(value), "\"%s\"", key->values);
		if (strchr(key->values, '|'))
			expect(group, key, value, "is none of: ");
		expect(group, key, "\"\"", "is none of: ");
	}
}

static void absent(const struct fg_conf_group *group, const struct fg_conf_key *key)
{
	if (!fg_conf_key_required(key))
		return;
	expect(group, key, NULL, "is missing: ");
	if (key->kind == FG_CONF_KIND_STR)
		expect(group, key, "\"\"", "may not be empty");
}

static void the_small_file_of_these_tests_is_valid(void **state)
{
	struct seen seen;

	(void)state;
	if (parse(with(NULL, NULL), &seen) != FG_OK)
		fail_msg("%s", seen.all);
	assert_int_equal(conf.links_count, 1);
	assert_int_equal(conf.secure.port, 7443);
	assert_string_equal(conf.mark.text, "(Not encrypted) ");
}

static void every_key_of_another_type_is_refused(void **state)
{
	(void)state;
	for_each_key(wrong_type);
}

static void every_value_out_of_its_bounds_is_refused(void **state)
{
	(void)state;
	for_each_key(out_of_bounds);
}

static void every_required_key_that_is_missing_is_named(void **state)
{
	(void)state;
	for_each_key(absent);
}

static const char small[] = "gateway = { name = \"gw\"; data_dir = \"d\"; run_dir = \"r\"; };\n"
			    "secure = { certificate = \"c\"; key = \"k\"; ca = \"a\"; };\n";

/* What follows the two lines above, and the one error it must give. */
static void what_no_single_key_says_is_checked_too(void **state)
{
#define LINK(more)                                                                                 \
	"links = ( { name = \"a\"; adapter = \"loop\"; source_address = \"1\"; " more " } );"
#define SMPP(more)                                                                                 \
	"links = ( { name = \"a\"; adapter = \"smpp\"; source_address = \"1\"; system_id = "       \
	"\"s\"; "                                                                                  \
	"rate = 1; " more " } );"
#define MODEM(more)                                                                                \
	"links = ( { name = \"a\"; adapter = \"modem\"; source_address = \"1\"; " more " } );"
	static const struct {
		const char *more, *error;
	} cases[] = {
		{ "links = ( { name = \"a\"; adapter = \"loop\"; source_address = \"1\"; port = "
		  "70000; } );",
		  "t.conf:3: links[0].port: 70000 is out of range; 0 to 65535" },
		{ LINK("reconnect_min_ms = 2000; reconnect_max_ms = 1000;"),
		  "links[0].reconnect_min_ms: 2000 is more than reconnect_max_ms, 1000" },
		{ LINK("mark_tlv = 0x1411;"), "links[0].mark_tlv: 5137 is not free for vendors" },
		{ "links = ( { name = \"a\"; adapter = \"loop\"; } );",
		  "links[0].source_address: is missing" },
		{ "links = ( { name = \"a\"; adapter = \"smpp\"; source_address = \"1\"; rate = 1; "
		  "} );",
		  "links[0].system_id: is missing" },
		{ "links = ( { name = \"a\"; adapter = \"smpp\"; source_address = \"1\"; "
		  "system_id = \"s\"; } );",
		  "links[0].rate: is missing: adapter = \"smpp\" needs the segments a second" },
		{ SMPP("host = \"192.0.2.1\";"), "links[0].tls: is needed: 192.0.2.1 is not this" },
		{ SMPP("host = \"192.0.2.1\"; tls = \"off\";"), "links[0].tls: is needed" },
		{ SMPP("host = \"192.0.2.1\"; clear_ok = true;"), "links[0].tls: is needed" },
		{ SMPP("tls = \"on\"; tls_key = \"k\";"), "links[0].tls_key: belongs to" },
		{ SMPP("interface_version = 51; long_text = \"sar\";"),
		  "links[0].long_text: \"sar\" needs parameters that interface_version = 51" },
		{ MODEM("per_day = 1;"), "links[0].device: is missing" },
		{ MODEM("device = \"/dev/x\";"), "links[0].per_day: is missing" },
		{ MODEM("per_day = 1; device = \"/dev/tty*\";"), "links[0].imei: is missing" },
		{ MODEM("per_day = 1; device = \"d\"; imei = \"12\";"),
		  "links[0].imei: \"12\" is not" },
		{ MODEM("per_day = 1; device = \"d\"; pin = \"12x4\";"), "links[0].pin: is not" },
		{ MODEM("per_day = 1; device = \"tcp:192.0.2.1:5\";"),
		  "links[0].device: \"tcp:192.0.2.1:5\" is not at this machine" },
		{ SMPP("password = \"123456789\";"), "links[0].password: is longer than the 8 "
						     "octets that SMPP allows; password_max = 9" },
		{ SMPP("password_max = 65;"), "links[0].password_max: " },
		{ MODEM("per_day = 1; device = \"d\"; source = \"sender\";"),
		  "links[0].source: \"sender\" is not for" },
		{ MODEM("per_day = 1; device = \"d\"; long_text = \"sar\";"),
		  "links[0].long_text: \"sar\" is not for" },
		{ "links = ( { name = \"A b\"; adapter = \"loop\"; source_address = \"1\"; } );",
		  "links[0].name: \"A b\" may have only" },
		{ "links = ( { name = \"a\"; adapter = \"loop\"; source_address = \"1\"; },\n"
		  "{ name = \"a\"; adapter = \"loop\"; source_address = \"1\"; } );",
		  "t.conf:4: links[1].name: \"a\" is the name of links[0] already" },
		{ "links = ( 1 );", "links[0]: must be a group" },
		{ "links = { };", "links: must be a list" },
		{ LINK("pasword = \"x\";"),
		  "links[0].pasword: no such key; did you mean password?" },
		{ LINK("zzzzzz = 1;"), "links[0].zzzzzz: no such key" },
		{ "limit = { };", "limit: no such key; did you mean limits?" },
		{ "mark = 1;", "t.conf:3: mark: must be a group { }, not a whole number" },
		{ "mark = { text = \"\"; };", "mark.text: may not be empty" },
		{ "mark = { text = \"  \"; };", "mark.text: may not be empty" },
		{ "mark = { text = \"see http://x \"; };",
		  "mark.text: \"see http://x \" looks like a link" },
		{ "mark = { text = \"WWW.x \"; };", "looks like a link" },
		{ "mark = { text = \"a.b \"; };", "looks like a link" },
		{ "mark = { text = \"x\"", "t.conf:3: : syntax error" },
		{ "  @include \"/etc/passwd\"", "t.conf:3: : @include is not allowed" },
		{ "gateway = { };", "duplicate setting name" },
	};
	char config[2048];
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(config, sizeof(config), "%s%s", small, cases[i].more);
		if (parse(config, &seen) != FG_E_CONF || seen.errors != 1 ||
		    !strstr(seen.first, cases[i].error))
			fail_msg("expected \"%s\", got %s", cases[i].error, seen.all);
	}
}

static void a_link_off_this_machine_is_encrypted_or_said_not_to_be(void **state)
{
	static const char *const good[] = {
		SMPP("host = \"192.0.2.1\"; tls = \"on\";"),
		SMPP("host = \"192.0.2.1\"; tls = \"off\"; clear_ok = true;"),
		SMPP("host = \"127.0.0.2\";"),
		SMPP("host = \"::1\";"),
		SMPP(""),
	};
	char config[2048];
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(config, sizeof(config), "%s%s", small, good[i]);
		if (parse(config, &seen) != FG_OK)
			fail_msg("%s: %s", good[i], seen.all);
	}
#undef SMPP
}

static void a_mark_with_a_full_stop_is_not_a_link(void **state)
{
	char config[2048];
	struct seen seen;

	(void)state;
	snprintf(config, sizeof(config), "%smark = { text = \"Not encrypted. \"; };%s", small,
		 LINK("mark_tlv = 0x1412;"));
	assert_ok(parse(config, &seen));
#undef LINK
}

static void a_gateway_is_named_like_a_host(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{ "gw", true },    { "gw-1.example.org", true },
		{ "1.2", true },   { "-a", false },
		{ "a-", false },   { "a..b", false },
		{ ".a", false },   { "a.", false },
		{ "a b", false },  { "a+b", false },
		{ "a-.b", false },
	};
	char config[1024];
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(config, sizeof(config),
			 "gateway = { name = \"%s\"; data_dir = \"d\"; run_dir = \"r\"; };\n"
			 "secure = { certificate = \"c\"; key = \"k\"; ca = \"a\"; };",
			 cases[i].name);
		if ((parse(config, &seen) == FG_OK) != cases[i].good)
			fail_msg("\"%s\": %s", cases[i].name, seen.all);
	}
}

static void all_errors_of_a_file_are_reported(void **state)
{
	struct seen seen;

	(void)state;
	assert_rc(FG_E_CONF, parse("secure = { port = -1; prot = 2; };", &seen));
	/* name, data_dir, run_dir, port, certificate, key, ca, prot */
	assert_int_equal(seen.errors, 8);
}

static void more_links_than_there_is_room_for_are_refused(void **state)
{
	char config[4096];
	struct seen seen;
	int n = snprintf(config, sizeof(config), "%slinks = ( { }", small);

	(void)state;
	for (int i = 0; i < FG_CONF_LINKS_MAX; i++)
		n += snprintf(config + n, sizeof(config) - (size_t)n, ", { }");
	strcat(config, ");");
	assert_rc(FG_E_CONF, parse(config, &seen));
	assert_non_null(strstr(seen.all, "links: 33 are too many; at most 32"));
}

static void a_file_that_is_not_there_is_said_so(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_rc(FG_E_NOT_FOUND, fg_conf_read("/nonexistent/x.conf", &conf, on_error, &seen));
	assert_string_equal(seen.first,
			    "/nonexistent/x.conf:0: : cannot be read: No such file or directory");
	assert_rc(FG_E_CONF, fg_conf_parse("a\0b", 3, "t.conf", &conf, on_error, &seen));
}

/* Slices: what a role may know comes through unchanged; what it may not is at its default. */
static void a_slice_carries_what_the_role_may_know_and_nothing_else(void **state)
{
	static const char roles[] = "PCLVSK";
	struct fg_conf whole, slice;
	struct seen seen;
	size_t len;

	(void)state;
	with(NULL, NULL);
	strcpy(strstr(text, "links = "),
	       "links = ( { name = \"a\"; adapter = \"loop\"; source_address = \"1\"; },"
	       "{ name = \"b\"; adapter = \"loop\"; source_address = \"\\\"\\\\'\"; password = "
	       "\"s3cret\"; "
	       "price_micro = 4294967295L; });");
	if (parse(text, &seen) != FG_OK)
		fail_msg("%s", seen.all);
	whole = conf;
	for (const char *role = roles; *role; role++) {
		assert_ok(fg_conf_slice(&whole, *role, 1, text, sizeof(text), &len));
		assert_ok(fg_conf_parse_slice(text, len, *role, &slice));
		assert_string_equal(slice.gateway.name,
				    *role == 'P' || whole.gateway.name[0] ? "x" : "");
		assert_int_equal(!!strstr(text, "s3cret"), *role == 'P' || *role == 'K');
		assert_int_equal(slice.links_count, *role == 'S' ? 0 : *role == 'K' ? 1 : 2);
		if (*role == 'K') {
			assert_string_equal(slice.links[0].name, "b");
			assert_string_equal(slice.links[0].password, "s3cret");
			assert_string_equal(slice.links[0].source_address, "\"\\'");
		}
		assert_int_equal(slice.links[1].price_micro,
				 *role == 'P' || *role == 'C' ? 4294967295 : 0);
	}
	assert_rc(FG_E_CONF,
		  fg_conf_parse_slice("store = { engine = \"sqlite\"; };", 32, 'V', &slice));
}

#define SERVED                                                                                     \
	"gateway = { name = \"gw.example.org\"; data_dir = \"/d\"; run_dir = \"/r\"; };\n"         \
	"secure = { certificate = \"c\"; key = \"k\"; ca = \"a\"; };\n"                            \
	"links = ( { name = \"apps\"; adapter = \"smpp-server\"; },\n"                             \
	"          { name = \"out\"; adapter = \"loop\"; source_address = \"+1\"; } );\n"          \
	"accounts = (\n"

static void an_account_that_makes_no_sense_names_its_line(void **state)
{
	static const struct {
		const char *accounts, *says;
	} cases[] = {
		{ "{ name = \"a\"; secret = \"plain\"; rate = 1; } );",
		  "t.conf:6: accounts[0].secret: is no Argon2id hash" },
		{ "{ name = \"a\"; secret = \"$argon2id$\"; rate = 1; networks = \"192.0.2.0/33\"; "
		  "} );",
		  "t.conf:6: accounts[0].networks: \"192.0.2.0/33\" is not of addresses" },
		{ "{ name = \"a\"; secret = \"$argon2id$\"; rate = 1; country = \"+49\"; } );",
		  "t.conf:6: accounts[0].country: \"+49\" is no country code such as 49" },
		{ "{ name = \"a\"; secret = \"$argon2id$\"; rate = 1; link = \"out\"; } );",
		  "t.conf:6: accounts[0].link: \"out\" is no link" },
		{ "{ name = \"a\"; secret = \"$argon2id$\"; rate = 1; bearers = \"sms,fax\"; } );",
		  "t.conf:6: accounts[0].bearers: \"sms,fax\" is not" },
		{ "{ name = \"a\"; secret = \"$argon2id$\"; rate = 1; },\n"
		  "{ name = \"a\"; secret = \"$argon2id$\"; rate = 1; } );",
		  "t.conf:7: accounts[1].name: \"a\" is the name of accounts[0] already" },
	};
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", SERVED, cases[i].accounts);
		assert_rc(FG_E_CONF, parse(text, &seen));
		if (!strstr(seen.first, cases[i].says))
			fail_msg("expected \"%s\", got %s", cases[i].says, seen.all);
	}
}

static enum fg_rc parse_server(const char *keys, struct seen *seen)
{
	snprintf(text, sizeof(text),
		 "gateway = { name = \"gw.example.org\"; data_dir = \"/d\"; run_dir = \"/r\"; };\n"
		 "secure = { certificate = \"c\"; key = \"k\"; ca = \"a\"; };\n"
		 "links = ( { name = \"apps\"; adapter = \"smpp-server\"; %s } );\n",
		 keys);
	return parse(text, seen);
}

static void applications_are_heard_over_tls_or_on_this_machine_only(void **state)
{
	static const struct {
		const char *keys, *says;
	} cases[] = {
		{ "host = \"0.0.0.0\";", "links[0].tls: is needed: \"0.0.0.0\" can be reached" },
		{ "host = \"192.0.2.1\";", "links[0].tls: is needed: \"192.0.2.1\" can" },
		{ "host = \"192.0.2.1\"; tls = \"off\"; tls_certificate = \"c\"; tls_key = "
		  "\"k\";",
		  "links[0].tls: is needed" },
		{ "tls = \"on\";", "links[0].tls_certificate: is missing" },
		{ "tls = \"on\"; tls_certificate = \"c\";",
		  "links[0].tls_certificate: is missing" },
		{ "tls_client_ca = \"ca\";", "links[0].tls_client_ca: is of no use" },
		{ "key_tlv = 0x1411;", "links[0].key_tlv: 5137 is not free for vendors" },
		{ "protection_tlv = 1;", "links[0].protection_tlv: 1 is not free" },
	};
	static const char *const good[] = {
		"",
		"host = \"::1\"; tls = \"off\";",
		"host = \"0.0.0.0\"; clear_ok = true;",
		"host = \"0.0.0.0\"; tls = \"on\"; tls_certificate = \"c\"; tls_key = \"k\";",
		"host = \"::\"; tls_certificate = \"c\"; tls_key = \"k\"; tls_client_ca = \"a\";",
	};
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_rc(FG_E_CONF, parse_server(cases[i].keys, &seen));
		if (!strstr(seen.first, cases[i].says) || !strstr(seen.first, "t.conf:3: "))
			fail_msg("expected \"%s\", got %s", cases[i].says, seen.all);
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (parse_server(good[i], &seen) != FG_OK)
			fail_msg("%s: %s", good[i], seen.all);
}

static void only_a_link_that_applications_bind_to_gets_their_secrets(void **state)
{
	struct fg_conf slice;
	struct seen seen;
	size_t len;

	(void)state;
	snprintf(text, sizeof(text), "%s%s", SERVED,
		 "{ name = \"a\"; secret = \"$argon2id$s\"; rate = 7; } );");
	assert_ok(parse(text, &seen));
	assert_ok(fg_conf_slice(&conf, 'K', 0, text, sizeof(text), &len));
	assert_ok(fg_conf_parse_slice(text, len, 'K', &slice));
	assert_int_equal(slice.accounts_count, 1);
	assert_string_equal(slice.accounts[0].secret, "$argon2id$s");
	assert_int_equal(slice.accounts[0].rate, 7);
	assert_ok(fg_conf_slice(&conf, 'K', 1, text, sizeof(text), &len));
	assert_null(strstr(text, "argon2id"));
	assert_ok(fg_conf_parse_slice(text, len, 'K', &slice));
	assert_int_equal(slice.accounts_count, 0);
	assert_ok(fg_conf_slice(&conf, 'C', 0, text, sizeof(text), &len));
	assert_null(strstr(text, "argon2id"));
	assert_ok(fg_conf_parse_slice(text, len, 'C', &slice));
	assert_int_equal(slice.accounts_count, 1);
}

static void a_slice_that_does_not_fit_is_an_error(void **state)
{
	struct seen seen;
	size_t len, got;
	char *exact;

	(void)state;
	assert_ok(parse(with(NULL, NULL), &seen));
	assert_ok(fg_conf_slice(&conf, 'L', 0, text, sizeof(text), &len));
	for (size_t cap = 0; cap <= len; cap++) {
		exact = malloc(cap + 1);
		assert_rc(FG_E_SPACE, fg_conf_slice(&conf, 'L', 0, exact, cap, &got));
		free(exact);
	}
}

/* With FG_UPDATE_REFERENCE in the environment the file is written instead. */
static void the_commented_example_is_the_table(void **state)
{
	static char want[65536], got[65536];
	struct seen seen = { 0 };
	char path[512];
	size_t len, got_len;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/conf/fallgate.conf", getenv("FG_SRCDIR"));
	assert_ok(fg_conf_reference(want, sizeof(want), &len));
	if (getenv("FG_UPDATE_REFERENCE")) {
		file = fopen(path, "w");
		fwrite(want, 1, len, file);
		fclose(file);
	}
	file = fopen(path, "r");
	assert_non_null(file);
	got_len = fread(got, 1, sizeof(got), file);
	fclose(file);
	assert_int_equal(got_len, len);
	assert_memory_equal(got, want, len);
	if (fg_conf_read(path, &conf, on_error, &seen) != FG_OK)
		fail_msg("%s", seen.all);
	for (size_t cap = 0; cap <= len; cap += 97)
		assert_rc(FG_E_SPACE, fg_conf_reference(want, cap, &got_len));
}

/* ---- policy.conf ---- */

static struct fg_conf_rule rules[FG_CONF_RULES_MAX];

static enum fg_rc policy(const char *policy_text, size_t *count, struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.links[0].name, "smsc-a");
	strcpy(conf.links[1].name, "modem0");
	conf.links_count = 2;
	return fg_conf_parse_policy(policy_text, strlen(policy_text), "p.conf", &conf, rules, count,
				    on_error, seen);
}

static void rules_are_read_in_order(void **state)
{
	struct seen seen;
	size_t count = 0;

	(void)state;
	if (policy("rules = (\n"
		   "{ recipient = \"+1\"; sender = \"al\"; class = \"otp\"; links = [ \"modem0\", "
		   "\"smsc-a\" ]; },\n"
		   "{ class = \"confidential\"; action = \"refuse\"; },\n"
		   "{ default = true; links = [ \"smsc-a\" ]; } );",
		   &count, &seen) != FG_OK)
		fail_msg("%s", seen.all);
	assert_int_equal(count, 3);
	assert_string_equal(rules[0].recipient_prefix, "+1");
	assert_string_equal(rules[0].sender_prefix, "al");
	assert_string_equal(rules[0].message_class, "otp");
	assert_string_equal(rules[0].action, "links");
	assert_int_equal(rules[0].links_count, 2);
	assert_int_equal(rules[0].links[0], 1);
	assert_string_equal(rules[1].action, "refuse");
	assert_int_equal(rules[1].line, 3);
	assert_string_equal(rules[2].recipient_prefix, "");
}

static void rules_that_make_no_sense_are_refused(void **state)
{
#define DEFAULT "{ default = true; action = \"hold\"; }"
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "", "rules: is missing" },
		{ "rules = ();", "0 rules; 1 to 1000" },
		{ "rules = [ 1 ];", "rules: must be a list" },
		{ "rules = ( 1, " DEFAULT " );", "rules[0]: must be a group" },
		{ "rulez = (); rules = ( " DEFAULT " );",
		  "rulez: no such key; did you mean rules?" },
		{ "rules = ( { class = \"otp\"; action = \"hold\"; } );",
		  "rules[0].default: is missing: the last rule" },
		{ "rules = ( " DEFAULT ", " DEFAULT " );",
		  "rules[0].default: must be the last rule" },
		{ "rules = ( { action = \"hold\"; }, " DEFAULT " );",
		  "rules[0].recipient: without recipient" },
		{ "rules = ( { default = true; class = \"otp\"; action = \"hold\"; } );",
		  "rules[0].default: the default has no recipient" },
		{ "rules = ( { class = \"o\"; action = \"hold\"; }, " DEFAULT " );",
		  "rules[0].class: \"o\" is none of" },
		{ "rules = ( { class = \"otp\"; action = \"x\"; links = [\"smsc-a\"]; }, " DEFAULT
		  " );",
		  "rules[0].action: \"x\" is none of" },
		{ "rules = ( { recipient = \"1\"; action = \"hold\"; }, " DEFAULT " );",
		  "rules[0].recipient: \"1\" is not the beginning of a number" },
		{ "rules = ( { recipient = \"+1234567890123456\"; action = \"hold\"; }, " DEFAULT
		  " );",
		  "rules[0].recipient: 17 bytes are too long; at most 16" },
		{ "rules = ( { sender = \"\"; action = \"hold\"; }, " DEFAULT " );",
		  "rules[0].sender: may not be empty" },
		{ "rules = ( { class = \"otp\"; }, " DEFAULT " );", "rules[0].links: is missing" },
		{ "rules = ( { class = \"otp\"; links = []; }, " DEFAULT " );",
		  "rules[0].links: names no link" },
		{ "rules = ( { class = \"otp\"; links = [1]; }, " DEFAULT " );",
		  "rules[0].links: must be names" },
		{ "rules = ( { class = \"otp\"; links = [\"x\"]; }, " DEFAULT " );",
		  "rules[0].links: no link is named \"x\"" },
		{ "rules = ( { class = \"otp\"; links = [\"smsc-a\", \"smsc-a\"]; }, " DEFAULT
		  " );",
		  "rules[0].links: \"smsc-a\" is named twice" },
		{ "rules = ( { class = \"otp\"; action = \"hold\"; links = [\"smsc-a\"]; "
		  "}, " DEFAULT " );",
		  "rules[0].links: action = \"hold\" uses no links" },
		{ "rules = ( { class = \"otp\"; links = [\"smsc-a\"]; weights = [1, 2]; }, " DEFAULT
		  " );",
		  "rules[0].weights: 2 weights; one for each of links" },
		{ "rules = ( { class = \"otp\"; action = \"hold\"; weights = [1]; }, " DEFAULT
		  " );",
		  "rules[0].weights: 1 weights; one for each of links" },
		{ "rules = ( { class = \"otp\"; links = [\"smsc-a\"]; weights = [0]; }, " DEFAULT
		  " );",
		  "rules[0].weights: must be whole numbers from 1 to 100" },
		{ "rules = ( { class = \"otp\"; links = [\"smsc-a\"]; weights = [101]; }, " DEFAULT
		  " );",
		  "rules[0].weights: must be whole numbers from 1 to 100" },
		{ "rules = ( { class = \"otp\"; links = [\"smsc-a\"]; weights = [\"1\"]; "
		  "}, " DEFAULT " );",
		  "rules[0].weights: must be whole numbers from 1 to 100" },
		{ "rules = ( { clas = \"otp\"; recipient = \"+1\"; action = \"hold\"; }, " DEFAULT
		  " );",
		  "rules[0].clas: no such key; did you mean class?" },
		{ "rules = ( { class = 1; action = \"hold\"; }, " DEFAULT " );",
		  "rules[0].class: must be a text" },
	};
	struct seen seen;
	size_t count = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (policy(cases[i].text, &count, &seen) != FG_E_CONF || seen.errors != 1 ||
		    !strstr(seen.first, cases[i].error))
			fail_msg("expected \"%s\", got %s", cases[i].error, seen.all);
	assert_int_equal(count, 77);
}

static void the_example_policy_fits_the_example_configuration(void **state)
{
	struct seen seen = { 0 };
	char path[512];
	size_t count;

	(void)state;
	snprintf(path, sizeof(path), "%s/conf/fallgate.conf", getenv("FG_SRCDIR"));
	assert_ok(fg_conf_read(path, &conf, on_error, &seen));
	snprintf(path, sizeof(path), "%s/conf/policy.conf", getenv("FG_SRCDIR"));
	if (fg_conf_read_policy(path, &conf, rules, &count, on_error, &seen) != FG_OK)
		fail_msg("%s", seen.all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_small_file_of_these_tests_is_valid),
		cmocka_unit_test(every_key_of_another_type_is_refused),
		cmocka_unit_test(every_value_out_of_its_bounds_is_refused),
		cmocka_unit_test(every_required_key_that_is_missing_is_named),
		cmocka_unit_test(what_no_single_key_says_is_checked_too),
		cmocka_unit_test(a_link_off_this_machine_is_encrypted_or_said_not_to_be),
		cmocka_unit_test(a_mark_with_a_full_stop_is_not_a_link),
		cmocka_unit_test(a_gateway_is_named_like_a_host),
		cmocka_unit_test(all_errors_of_a_file_are_reported),
		cmocka_unit_test(more_links_than_there_is_room_for_are_refused),
		cmocka_unit_test(a_file_that_is_not_there_is_said_so),
		cmocka_unit_test(a_slice_carries_what_the_role_may_know_and_nothing_else),
		cmocka_unit_test(an_account_that_makes_no_sense_names_its_line),
		cmocka_unit_test(applications_are_heard_over_tls_or_on_this_machine_only),
		cmocka_unit_test(only_a_link_that_applications_bind_to_gets_their_secrets),
		cmocka_unit_test(a_slice_that_does_not_fit_is_an_error),
		cmocka_unit_test(the_commented_example_is_the_table),
		cmocka_unit_test(rules_are_read_in_order),
		cmocka_unit_test(rules_that_make_no_sense_are_refused),
		cmocka_unit_test(the_example_policy_fits_the_example_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
