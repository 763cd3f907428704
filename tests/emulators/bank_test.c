/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Emulated modems with their lines: terminals, ports, sockets; unplugging; scripts; transcripts.
 */
#include "tests/support/fg_test.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <talloc.h>
#include "emulators/modem/bank.h"

enum { SAID_CAP = 8192, TURNS = 2000 };

static struct {
	void *ctx;
	struct fg_loop *loop;
	struct bank_options options;
	struct bank *bank;
	char *folder, link[128], said[SAID_CAP], text[256];
	unsigned modem;
} t;

static void on_message(void *arg, unsigned modem, const struct phone_message *message)
{
	(void)arg;
	t.modem = modem;
	snprintf(t.text, sizeof(t.text), "%s", message->text);
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.ctx = talloc_new(NULL);
	t.loop = fg_loop_new(t.ctx);
	t.folder = fg_test_tmpdir();
	snprintf(t.link, sizeof(t.link), "%s/modem0", t.folder);
	t.options = (struct bank_options){ .count = 1, .place = t.link, .virtual_clock = true };
	strcpy(t.options.phone.number, "+12025550109");
	strcpy(t.options.phone.imei, "490154203237518");
	t.options.phone.seed = 7;
	t.options.phone.late_ms = 2000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	talloc_free(t.ctx);
	fg_test_rmdir(t.folder);
	return 0;
}

static void begin(void)
{
	const struct bank_owner owner = { .message = on_message };
	unsigned line;

	assert_ok(bank_new(t.ctx, t.loop, &t.options, &owner, &t.bank, &line));
}

static int open_modem(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Write, and read until the end is there. */
static const char *say(int fd, const char *octets, const char *end)
{
	size_t len = 0;

	assert_int_equal(write(fd, octets, strlen(octets)), strlen(octets));
	t.said[0] = '\0';
	for (unsigned i = 0; i < TURNS && !strstr(t.said, end); i++) {
		ssize_t got;

		fg_loop_step(t.loop, false);
		got = read(fd, t.said + len, SAID_CAP - 1 - len);
		len += got > 0 ? (size_t)got : 0;
		t.said[len] = '\0';
		usleep(got > 0 ? 0 : 100);
	}
	return t.said;
}

static bool hung_up(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char octet;

	for (unsigned i = 0; i < TURNS; i++) {
		fg_loop_step(t.loop, false);
		if (poll(&poll_fd, 1, 0) > 0 && read(fd, &octet, 1) <= 0)
			return true;
		usleep(100);
	}
	return false;
}

static void a_terminal_is_opened_by_its_link(void **state)
{
	int fd;

	(void)state;
	begin();
	fd = open_modem(t.link);
	assert_string_equal(say(fd, "ATE0\r", "OK\r\n"), "ATE0\r\r\nOK\r\n");
	assert_string_equal(say(fd, "AT+CNUM\r", "OK\r\n"),
			    "\r\n+CNUM: ,\"+12025550109\",145\r\n\r\nOK\r\n");
	close(fd);
}

static void what_nobody_was_there_to_read_is_lost(void **state)
{
	int fd;

	(void)state;
	begin();
	phone_noise(bank_phone(t.bank, 0), "RING");
	fd = open_modem(t.link);
	say(fd, "ATE0\r", "OK\r\n");
	assert_null(strstr(t.said, "RING"));
	phone_noise(bank_phone(t.bank, 0), "RING");
	close(fd); /* and did not read that */
	for (unsigned i = 0; i < 100; i++)
		fg_loop_step(t.loop, false);
	fd = open_modem(t.link);
	assert_string_equal(say(fd, "AT\r", "OK\r\n"), "\r\nOK\r\n");
	close(fd);
}

static void an_unplugged_modem_hangs_up_and_comes_back(void **state)
{
	int fd;

	(void)state;
	begin();
	fd = open_modem(t.link);
	say(fd, "ATE0\r", "OK\r\n");
	bank_unplug(t.bank, 0);
	assert_true(hung_up(fd));
	close(fd);
	assert_int_equal(open(t.link, O_RDWR | O_NOCTTY | O_CLOEXEC), -1);
	assert_ok(bank_plug(t.bank, 0));
	fd = open_modem(t.link);
	assert_string_equal(say(fd, "AT\r", "OK\r\n"), "AT\r\r\nOK\r\n"); /* it has forgotten */
	close(fd);
}

static void one_that_goes_by_itself_comes_back_in_time(void **state)
{
	int fd;

	(void)state;
	t.options.faults[t.options.faults_count++] = "cut";
	begin();
	fd = open_modem(t.link);
	say(fd, "AT\r", "A");
	assert_true(hung_up(fd));
	close(fd);
	assert_ok(bank_advance(t.bank, 1999));
	assert_int_equal(open(t.link, O_RDWR | O_NOCTTY | O_CLOEXEC), -1);
	assert_ok(bank_advance(t.bank, 1));
	fd = open_modem(t.link);
	assert_string_equal(say(fd, "AT\r", "OK\r\n"), "AT\r\r\nOK\r\n");
	close(fd);
}

static int dial(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, address, len) == 0) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		return fd;
	}
	close(fd);
	return -1;
}

static int dial_port(const char *where)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(strchr(where, ':') + 1));
	return dial((const struct sockaddr *)&address, sizeof(address));
}

static void a_bank_has_a_port_for_each(void **state)
{
	int first, second, third;

	(void)state;
	t.options.kind = LINK_TCP;
	t.options.place = "127.0.0.1:0";
	t.options.count = 2;
	begin();
	first = dial_port(bank_where(t.bank, 0));
	second = dial_port(bank_where(t.bank, 1));
	say(first, "ATE0\r", "OK\r\n");
	assert_string_equal(say(second, "ATE0+CNUM\r", "OK\r\n"),
			    "ATE0+CNUM\r\r\n+CNUM: ,\"+12025550110\",145\r\n\r\nOK\r\n");
	third = dial_port(bank_where(t.bank, 1)); /* it is taken */
	assert_true(hung_up(third));
	bank_unplug(t.bank, 1);
	assert_true(hung_up(second));
	assert_int_equal(dial_port(bank_where(t.bank, 1)), -1);
	assert_ok(bank_plug(t.bank, 1));
	close(second);
	second = dial_port(bank_where(t.bank, 1));
	assert_string_equal(say(second, "AT\r", "OK\r\n"), "AT\r\r\nOK\r\n");
	close(first);
	close(second);
	close(third);
}

static void a_socket_may_be_in_the_abstract_namespace(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[80];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@fallgate-test-%d", getpid());
	t.options.kind = LINK_UNIX;
	t.options.place = name;
	begin();
	memcpy(address.sun_path + 1, name + 1, strlen(name + 1));
	fd = dial((const struct sockaddr *)&address,
		  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name)));
	assert_string_equal(say(fd, "ATE0\r", "OK\r\n"), "ATE0\r\r\nOK\r\n");
	close(fd);
}

static void links_of_a_bank_count_up_and_spare_other_files(void **state)
{
	const struct bank_owner owner = { .message = on_message };
	struct bank *bank;
	char path[160];
	unsigned line;
	FILE *file;

	(void)state;
	t.options.count = 3;
	begin();
	snprintf(path, sizeof(path), "%s/modem2", t.folder);
	close(open_modem(path));
	talloc_free(t.bank);
	assert_int_equal(access(path, F_OK), -1);
	file = fopen(t.link, "w");
	fclose(file);
	assert_rc(FG_E_ARG, bank_new(t.ctx, t.loop, &t.options, &owner, &bank, &line));
	assert_int_equal(access(t.link, F_OK), 0);
	unlink(t.link);
}

static void a_script_has_rules_and_orders(void **state)
{
	unsigned line;
	int fd;

	(void)state;
	begin();
	fd = open_modem(t.link);
	say(fd, "ATE0+CNMI=2,1\r", "OK\r\n");
	assert_ok(bank_script(t.bank,
			      "# comment\n44 38 times=1\n"
			      "after 2s receive --flash +12025550123 Hello # all of it\n"
			      "after 3s signal 5\n",
			      &line));
	assert_ok(bank_advance(t.bank, 1999));
	assert_string_equal(say(fd, "AT\r", "OK\r\n"), "\r\nOK\r\n");
	assert_ok(bank_advance(t.bank, 1));
	assert_string_equal(say(fd, "", "1\r\n"), "\r\n+CMTI: \"SM\",1\r\n");
	say(fd, "AT+CMGF=1;+CMGR=1\r", "OK\r\n");
	assert_non_null(strstr(t.said, "\r\nHello # all of it\r\n"));
	assert_ok(bank_advance(t.bank, 1000));
	assert_string_equal(say(fd, "AT+CSQ\r", "OK\r\n"), "\r\n+CSQ: 5,99\r\n\r\nOK\r\n");
	assert_rc(FG_E_SYNTAX, bank_script(t.bank, "44 38\nafter 2s fly\n", &line));
	assert_int_equal(line, 2);
	assert_rc(FG_E_SYNTAX, bank_script(t.bank, "after soon stop", &line));
	assert_rc(FG_E_SYNTAX, bank_script(t.bank, "44 thirty-eight", &line));
	close(fd);
}

static char *file_text(const char *path)
{
	static char text[SAID_CAP];
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static void a_transcript_is_recorded_and_answers(void **state)
{
	char path[160], *text;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/transcript", t.folder);
	t.options.record = path;
	begin();
	fd = open_modem(t.link);
	say(fd, "ATE0\r\n", "OK\r\n");
	say(fd, "AT+CSQ\r", "OK\r\n");
	phone_signal(bank_phone(t.bank, 0), 3);
	say(fd, "AT+CSQ\r", "OK\r\n");
	close(fd);
	talloc_free(t.bank);
	text = file_text(path);
	assert_non_null(strstr(text, "0 0 < \"ATE0\\r\\n\"\n0 0 > \"ATE0\\r\\r\\nOK\\r\\n\"\n"));
	t.options.record = NULL;
	t.options.replay = text;
	begin();
	fd = open_modem(t.link);
	assert_string_equal(say(fd, "AT+CSQ\r", "OK\r\n"), "\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
	assert_string_equal(say(fd, "AT+CSQ\r", "OK\r\n"), "\r\n+CSQ: 3,99\r\n\r\nOK\r\n");
	assert_string_equal(say(fd, "AT+CSQ\r\n", "OK\r\n"), "\r\n+CSQ: 21,99\r\n\r\nOK\r\n");
	assert_string_equal(say(fd, "AT+CMGF=0\r", "OR\r\n"), "\r\nERROR\r\n");
	close(fd);
	unlink(path);
}

static void what_is_no_transcript_is_refused(void **state)
{
	static const char *const wrong[] = { "", "0 0 < AT", "x 0 < \"AT\"", "0 0 ! \"AT\"" };
	const struct bank_owner owner = { .message = on_message };
	struct bank *bank;
	unsigned line;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
		t.options.replay = wrong[i];
		assert_rc(FG_E_SYNTAX, bank_new(t.ctx, t.loop, &t.options, &owner, &bank, &line));
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_terminal_is_opened_by_its_link),
		CASE(what_nobody_was_there_to_read_is_lost),
		CASE(an_unplugged_modem_hangs_up_and_comes_back),
		CASE(one_that_goes_by_itself_comes_back_in_time),
		CASE(a_bank_has_a_port_for_each),
		CASE(a_socket_may_be_in_the_abstract_namespace),
		CASE(links_of_a_bank_count_up_and_spare_other_files),
		CASE(a_script_has_rules_and_orders),
		CASE(a_transcript_is_recorded_and_answers),
		CASE(what_is_no_transcript_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
