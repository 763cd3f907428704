/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The whole process in its cage: the test is its parent, its core and a device.
 */
#include "tests/adapters/secure_bench.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "adapters/secure/secure.h"
#include "lib/base/conf.h"

static struct {
	struct gateway *gateway;
	struct fg_channel *channel; /* of the parent */
	pid_t pid;
	bool ready, gone;
	int listener_fd, certificate_fd, key_fd;
} t;

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	(void)channel;
	(void)fd_take;
	(void)arg;
	t.ready |= frame->type == FG_IPC_READY;
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)rc;
	(void)arg;
	t.gone = true;
}

static void say(enum fg_ipc_type type)
{
	const struct fg_frame frame = { .type = type };

	assert_ok(fg_channel_send(t.channel, &frame));
}

static void say_conf(void)
{
	static struct fg_conf conf;
	char text[8192];
	struct fg_frame frame = { .type = FG_IPC_CONF, .conf.last = 1 };
	static const char whole[] =
		"gateway = { name = \"gw\"; data_dir = \"/d\"; run_dir = \"/r\"; log_level = "
		"\"error\"; };"
		"secure = { certificate = \"/c\"; key = \"/k\"; ca = \"/a\"; };";
	size_t len;

	assert_ok(fg_conf_parse(whole, strlen(whole), "whole", &conf, NULL, NULL));
	assert_ok(fg_conf_slice(&conf, 'S', 0, text, sizeof(text), &len));
	frame.conf.text = FG_BYTES(text, len);
	assert_ok(fg_channel_send(t.channel, &frame));
}

static void say_file(enum fg_role_file kind, int fd)
{
	const struct fg_frame frame = { .type = FG_IPC_FILE, .file.kind = (uint8_t)kind };

	assert_ok(fg_channel_send_fd(t.channel, &frame, fd));
}

static void say_core(void)
{
	const struct fg_frame frame = {
		.type = FG_IPC_PEER, .peer = { .role = FG_ROLE_CORE, .name = FG_BYTES_TEXT("core") }
	};
	int fd = core_channel(t.gateway);

	assert_ok(fg_channel_send_fd(t.channel, &frame, fd));
	close(fd);
}

static void spawn(void)
{
	static const struct fg_channel_ops ops = { .frame = on_frame, .closed = on_closed };
	int fds[2];

	t.ready = t.gone = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	t.pid = fork();
	if (t.pid == 0) {
		/* Of the parent, and of the device before it: the child has no business with them. */
		for (int fd = 3; fd < 64; fd++) {
			if (fd != fds[1])
				close(fd);
		}
		_exit(fg_secure_main(fds[1]));
	}
	close(fds[1]);
	t.channel = fg_channel_new(t.gateway, fg_loop_base(t.gateway->loop), fds[0], FG_ROLE_PARENT,
				   FG_ROLE_SECURE, NULL, &ops, NULL);
}

static void tell_all(void)
{
	say_conf();
	say(FG_IPC_TRUST);
	say_file(FG_FILE_SECURE_LISTENER, t.listener_fd);
	say_file(FG_FILE_TLS_CERTIFICATE, t.certificate_fd);
	say_file(FG_FILE_TLS_KEY, t.key_fd);
	say_core();
	say(FG_IPC_START);
}

static int reap(void)
{
	int status;

	until(t.gateway, t.gone);
	TALLOC_FREE(t.channel);
	assert_int_equal(waitpid(t.pid, &status, 0), t.pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int setup(void **state)
{
	(void)state;
	t.gateway = gateway_new();
	t.listener_fd = listen_on(&t.gateway->port);
	pem_files(&t.certificate_fd, &t.key_fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(t.listener_fd);
	close(t.certificate_fd);
	close(t.key_fd);
	gateway_end(t.gateway);
	return 0;
}

/* Twice with the same open files, as the parent starts it again after a crash. */
static void a_device_talks_to_the_core_through_the_process(void **state)
{
	struct device *device;

	(void)state;
	for (unsigned life = 0; life < 2; life++) {
		spawn();
		tell_all();
		until(t.gateway, t.ready);
		device = device_open(t.gateway);
		device_message(device, 9);
		until(t.gateway, t.gateway->core.frames == 1);
		core_send(t.gateway, t.gateway->core.conn, 1, "hello", 5);
		until(t.gateway, device_got_text(device, "hello"));
		say(FG_IPC_STOP);
		expect_close(device, FG_WS_GOING_AWAY);
		device_free(device);
		assert_int_equal(reap(), 0);
		assert_int_equal(t.gateway->core.outcome[1], FG_OUTCOME_ACCEPTED);
		TALLOC_FREE(t.gateway->core.channel);
	}
}

static void the_process_serves_the_next_core(void **state)
{
	struct device *device;

	(void)state;
	spawn();
	tell_all();
	until(t.gateway, t.ready);
	device = device_open(t.gateway);
	talloc_free(t.gateway->core.channel);
	say_core();
	expect_close(device, FG_WS_RESTART);
	device_free(device);
	device_free(device_open(t.gateway));
	say(FG_IPC_STOP);
	assert_int_equal(reap(), 0);
}

static void without_its_files_or_with_bad_ones_it_does_not_start(void **state)
{
	int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	for (unsigned bad = 0; bad < 3; bad++) {
		spawn();
		say_conf();
		say(FG_IPC_TRUST);
		say_file(FG_FILE_SECURE_LISTENER, t.listener_fd);
		if (bad > 0)
			say_file(FG_FILE_TLS_CERTIFICATE, bad == 1 ? empty : t.certificate_fd);
		if (bad > 0)
			say_file(FG_FILE_TLS_KEY, bad == 1 ? t.key_fd : t.certificate_fd);
		say(FG_IPC_START);
		assert_int_equal(reap(), 1);
		assert_false(t.ready);
	}
	close(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_device_talks_to_the_core_through_the_process,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_process_serves_the_next_core, setup, teardown),
		cmocka_unit_test_setup_teardown(
			without_its_files_or_with_bad_ones_it_does_not_start, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
