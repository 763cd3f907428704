/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A role in a child process, and this test as its parent. The role says what happened to it in NOTICE frames.
 */
#include "tests/support/fg_test.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <talloc.h>
#include "lib/base/conf.h"
#include "lib/ipc/role.h"

struct parent {
	struct fg_loop *loop;
	struct fg_channel *channel;
	pid_t pid;
	char said[4096]; /* what the role said, one frame after another */
	bool closed;
};

/* ---- the role ---- */

static enum fg_rc configure(struct fg_role_process *process, const struct fg_conf *conf, void *arg)
{
	const uint8_t key[32] = { 7 };

	(void)arg;
	fg_role_notice(process, "configured %s, dumpable %d", conf->gateway.name,
		       prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	fg_role_public_key(process, FG_TRUST_LOG, key);
	return strcmp(conf->gateway.name, "bad") == 0 ? FG_E_DENIED : FG_OK;
}

static enum fg_rc trust(struct fg_role_process *process, const struct fg_ipc_trust *told, void *arg)
{
	(void)arg;
	fg_role_notice(process, "trusts %.*s", (int)told->origin.len,
		       (const char *)told->origin.data);
	return FG_OK;
}

static void peer(struct fg_role_process *process, const struct fg_ipc_peer *told, int fd_take,
		 void *arg)
{
	(void)arg;
	fg_role_notice(process, "peer %s", fg_role_name((enum fg_role)told->role));
	close(fd_take);
}

static enum fg_rc start(struct fg_role_process *process, void *arg)
{
	(void)arg;
	fg_role_notice(process, "starts");
	return FG_OK;
}

static enum fg_rc start_and_break_out(struct fg_role_process *process, void *arg)
{
	(void)process;
	(void)arg;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? FG_OK : FG_E_SYSTEM;
}

static void stop(struct fg_role_process *process, void *arg)
{
	(void)arg;
	fg_role_notice(process, "stops");
	fg_role_stopped(process);
}

static const struct fg_role_ops honest = {
	.configure = configure, .trust = trust, .peer = peer, .start = start, .stop = stop
};
static const struct fg_role_ops minimal = { .configure = configure, .start = start };
static const struct fg_role_ops breaking = { .configure = configure, .start = start_and_break_out };

/* ---- the parent ---- */

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct parent *parent = arg;
	size_t len = strlen(parent->said);

	(void)channel;
	assert_int_equal(fd_take, -1);
	/* What the build and the kernel refuse differs; what the role itself says does not. */
	if (frame->type == FG_IPC_NOTICE &&
	    memmem(frame->notice.text.data, frame->notice.text.len, "system calls", 12))
		return;
	if (frame->type == FG_IPC_NOTICE)
		snprintf(parent->said + len, sizeof(parent->said) - len, "%.*s; ",
			 (int)frame->notice.text.len, (const char *)frame->notice.text.data);
	else
		snprintf(parent->said + len, sizeof(parent->said) - len, "%s; ",
			 fg_frame_name(frame->type));
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)rc;
	((struct parent *)arg)->closed = true;
}

static const struct fg_channel_ops ops = { .frame = on_frame, .closed = on_closed };

static void spawn(struct parent *parent, const struct fg_role_ops *role_ops)
{
	const struct rlimit no_core = { 0, 0 };
	int fds[2];

	memset(parent, 0, sizeof(*parent));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	parent->pid = fork();
	if (parent->pid == 0) {
		close(fds[0]);
		setrlimit(RLIMIT_CORE, &no_core);
		_exit(fg_role_run(FG_ROLE_LOG, "log", fds[1], role_ops, NULL));
	}
	close(fds[1]);
	parent->loop = fg_loop_new(NULL);
	parent->channel = fg_channel_new(parent->loop, fg_loop_base(parent->loop), fds[0],
					 FG_ROLE_PARENT, FG_ROLE_LOG, NULL, &ops, parent);
}

static void say(struct parent *parent, enum fg_ipc_type type)
{
	struct fg_frame frame = { .type = type };

	if (type == FG_IPC_TRUST)
		frame.trust.origin = FG_BYTES_TEXT("gw/log");
	if (fg_frame_takes_fd(type))
		assert_ok(fg_channel_send_fd(parent->channel, &frame, STDIN_FILENO));
	else
		assert_ok(fg_channel_send(parent->channel, &frame));
}

/* The configuration in two pieces. */
static void say_conf(struct parent *parent, const char *text)
{
	size_t half = strlen(text) / 2;
	struct fg_frame frame = { .type = FG_IPC_CONF, .conf.text = FG_BYTES(text, half) };

	assert_ok(fg_channel_send(parent->channel, &frame));
	frame.conf.text = FG_BYTES_TEXT(text + half);
	frame.conf.last = 1;
	assert_ok(fg_channel_send(parent->channel, &frame));
}

static const char good[] = "gateway = { name = \"gw\"; data_dir = \"/d\"; };";

static void until_said(struct parent *parent, const char *what)
{
	while (!strstr(parent->said, what) && !parent->closed)
		fg_loop_step(parent->loop, true);
}

/* Exit code, or minus the signal. */
static int reap(struct parent *parent)
{
	int status;

	while (!parent->closed)
		fg_loop_step(parent->loop, true);
	talloc_free(parent->loop);
	assert_int_equal(waitpid(parent->pid, &status, 0), parent->pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void a_role_is_told_all_in_order_and_stops_when_asked(void **state)
{
	struct parent p;

	(void)state;
	spawn(&p, &honest);
	say_conf(&p, good);
	say(&p, FG_IPC_TRUST);
	say(&p, FG_IPC_PEER);
	say(&p, FG_IPC_START);
	until_said(&p, "READY");
	say(&p, FG_IPC_STOP);
	assert_int_equal(reap(&p), 0);
	assert_string_equal(
		p.said,
		"configured gw, dumpable 0; PUBLIC_KEY; trusts gw/log; peer parent; starts; "
		"READY; stops; ");
}

static void what_a_role_does_not_want_is_left_out(void **state)
{
	struct parent p;

	(void)state;
	spawn(&p, &minimal);
	say_conf(&p, good);
	say(&p, FG_IPC_TRUST);
	say(&p, FG_IPC_PEER);
	say(&p, FG_IPC_START);
	say(&p, FG_IPC_STOP);
	assert_int_equal(reap(&p), 0);
	assert_string_equal(p.said, "configured gw, dumpable 0; PUBLIC_KEY; starts; READY; ");
}

static void a_role_leaves_when_the_parent_is_gone(void **state)
{
	struct parent p;
	int status;

	(void)state;
	spawn(&p, &honest);
	say_conf(&p, good);
	until_said(&p, "PUBLIC_KEY");
	talloc_free(p.loop);
	assert_int_equal(waitpid(p.pid, &status, 0), p.pid);
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void what_comes_out_of_order_ends_the_role(void **state)
{
	static const struct {
		const char *conf;
		enum fg_ipc_type then[3];
	} cases[] = {
		{ NULL, { FG_IPC_TRUST } },
		{ good, { FG_IPC_START } },
		{ good, { FG_IPC_PEER } },
		{ good, { FG_IPC_TRUST, FG_IPC_TRUST } },
		{ good, { FG_IPC_CONF } },
		{ good, { FG_IPC_TRUST, FG_IPC_START, FG_IPC_START } },
		{ "gateway = { name = \"bad\"; data_dir = \"/d\"; };", { 0 } },
		{ "gateway = { name = \"gw\"; };", { 0 } },
		{ "nonsense", { 0 } },
	};
	struct parent p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		spawn(&p, &honest);
		if (cases[i].conf)
			say_conf(&p, cases[i].conf);
		for (size_t k = 0; k < ARRAY_LEN(cases[i].then) && cases[i].then[k]; k++)
			say(&p, cases[i].then[k]);
		if (reap(&p) != 1)
			fail_msg("case %zu was accepted", i);
	}
}

static void a_role_that_breaks_out_of_its_cage_dies(void **state)
{
	struct parent p;

	(void)state;
	spawn(&p, &breaking);
	say_conf(&p, good);
	say(&p, FG_IPC_TRUST);
	say(&p, FG_IPC_START);
	assert_int_equal(reap(&p), -SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_role_is_told_all_in_order_and_stops_when_asked),
		cmocka_unit_test(what_a_role_does_not_want_is_left_out),
		cmocka_unit_test(a_role_leaves_when_the_parent_is_gone),
		cmocka_unit_test(what_comes_out_of_order_ends_the_role),
		cmocka_unit_test(a_role_that_breaks_out_of_its_cage_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
