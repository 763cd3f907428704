/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A whole link process, with the loop adapter: the test is its parent and its vault.
 */
#include "tests/support/fg_test.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <talloc.h>
#include "adapters/host.h"
#include "lib/base/conf.h"
#include "lib/base/log.h"
#include "lib/ipc/channel.h"

static struct {
	void *ctx;
	struct fg_loop *loop;
	struct fg_channel *parent, *vault;
	bool ready, vault_closed, parent_closed;
	unsigned ups, outcomes, reports, drains;
	struct fg_ipc_outcome outcome;
	uint8_t refs[256];
	struct fg_ipc_dlr dlr;
} t;

static void parent_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
			 void *arg)
{
	(void)channel;
	(void)fd_take;
	(void)arg;
	t.ready |= frame->type == FG_IPC_READY;
}

static void vault_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
			void *arg)
{
	(void)channel;
	(void)fd_take;
	(void)arg;
	if (frame->type == FG_IPC_LINK) {
		t.ups += frame->link.up;
	} else if (frame->type == FG_IPC_OUTCOME) {
		t.outcomes++;
		t.outcome = frame->outcome;
		memcpy(t.refs, frame->outcome.refs.data, frame->outcome.refs.len);
	} else if (frame->type == FG_IPC_DLR) {
		t.reports++;
		t.dlr = frame->dlr;
	} else if (frame->type == FG_IPC_DRAIN) {
		t.drains++;
		assert_ok(fg_channel_send(t.vault, &(struct fg_frame){ .type = FG_IPC_DRAIN }));
	}
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)rc;
	*(bool *)arg = true;
}

static const struct fg_channel_ops parent_ops = { .frame = parent_frame, .closed = on_closed };
static const struct fg_channel_ops vault_ops = { .frame = vault_frame, .closed = on_closed };

#define TURN_UNTIL(truth)                                                                          \
	do {                                                                                       \
		for (unsigned i_ = 0; i_ < 2000 && !(truth); i_++) {                               \
			struct timeval tv_ = { 0, 5000 };                                          \
			event_base_loopexit(fg_loop_base(t.loop), &tv_);                           \
			fg_loop_step(t.loop, true);                                                \
		}                                                                                  \
		assert_true(truth);                                                                \
	} while (0)

static void send_conf(void)
{
	static const char text[] =
		"gateway = { name = \"gw.example.org\"; allow_unlocked = true; };\n"
		"links = ( { name = \"test\"; adapter = \"loop\"; } );\n";
	static struct fg_conf conf;
	static char slice[30000];
	struct fg_frame frame = { .type = FG_IPC_CONF };
	size_t len;

	(void)fg_conf_parse(text, strlen(text), "test", &conf, NULL, NULL);
	assert_int_equal(conf.links_count, 1);
	assert_ok(fg_conf_slice(&conf, 'K', 0, slice, sizeof(slice), &len));
	frame.conf.text = FG_BYTES(slice, len);
	frame.conf.last = 1;
	assert_ok(fg_channel_send(t.parent, &frame));
}

static void say_reach(bool core)
{
	const struct fg_frame reach = { .type = FG_IPC_REACH, .reach.core = core };

	assert_ok(fg_channel_send(t.vault, &reach));
}

static pid_t start_link(void)
{
	struct fg_frame trust = { .type = FG_IPC_TRUST }, start = { .type = FG_IPC_START };
	struct fg_frame peer = { .type = FG_IPC_PEER };
	int control[2], data[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(control[0]);
		_exit(fg_link_main(control[1], 0));
	}
	close(control[1]);
	t.ctx = talloc_new(NULL);
	assert_ok(fg_log_init(NULL, "test", "error"));
	t.loop = fg_loop_new(t.ctx);
	t.parent = fg_channel_new(t.ctx, fg_loop_base(t.loop), control[0], FG_ROLE_PARENT,
				  FG_ROLE_LINK, NULL, &parent_ops, &t.parent_closed);
	TURN_UNTIL(fg_channel_is_open(t.parent));
	send_conf();
	trust.trust.origin = FG_BYTES_TEXT("gw.example.org/log");
	assert_ok(fg_channel_send(t.parent, &trust));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, data), 0);
	t.vault = fg_channel_new(t.ctx, fg_loop_base(t.loop), data[0], FG_ROLE_VAULT, FG_ROLE_LINK,
				 NULL, &vault_ops, &t.vault_closed);
	peer.peer.role = FG_ROLE_VAULT;
	peer.peer.name = FG_BYTES_TEXT("vault");
	assert_ok(fg_channel_send_fd(t.parent, &peer, data[1]));
	assert_ok(fg_channel_send(t.parent, &start));
	TURN_UNTIL(t.ready && t.ups > 0);
	close(data[1]);
	return pid;
}

static void send_job_of(uint8_t id)
{
	static const uint8_t offsets[8] = { 0, 0, 0, 0, 0, 0, 0, 3 };
	struct fg_frame frame = { .type = FG_IPC_JOB };

	frame.job.message_id.b[15] = id;
	frame.job.leg = 1;
	frame.job.destination = FG_BYTES_TEXT("+12025550199");
	frame.job.text = FG_BYTES_TEXT("Hello");
	frame.job.parts = 2;
	frame.job.offsets = FG_BYTES(offsets, sizeof(offsets));
	frame.job.message_reference = 7;
	assert_ok(fg_channel_send(t.vault, &frame));
}

static void send_job(void)
{
	say_reach(true);
	send_job_of(1);
}

static void a_link_turns_jobs_into_outcomes_and_reports_and_stops(void **state)
{
	struct fg_frame stop = { .type = FG_IPC_STOP };
	pid_t pid = start_link();
	int status;

	(void)state;
	send_job();
	TURN_UNTIL(t.outcomes == 1 && t.reports == 2);
	assert_int_equal(t.outcome.message_id.b[15], 1);
	assert_int_equal(t.outcome.outcome, FG_OUTCOME_ACCEPTED);
	assert_memory_equal(t.refs, "\6loop-1\6loop-2", 14);
	assert_int_equal(t.dlr.message_reference, 7);
	assert_ok(fg_channel_send(t.parent, &stop));
	TURN_UNTIL(t.parent_closed);
	assert_int_equal(t.drains, 1); /* asked whether a job is on its way */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	talloc_free(t.ctx);
}

/* A carrier brings again what was not taken; the loop forgets it. */
static void a_report_is_taken_while_there_is_a_core_to_store_it(void **state)
{
	const struct fg_frame drain = { .type = FG_IPC_DRAIN };
	pid_t pid;
	int status;

	(void)state;
	memset(&t, 0, sizeof(t));
	pid = start_link();
	send_job_of(1);
	TURN_UNTIL(t.outcomes == 1);
	say_reach(true);
	send_job_of(2);
	TURN_UNTIL(t.outcomes == 2 && t.reports > 0);
	say_reach(false);
	send_job_of(3);
	TURN_UNTIL(t.outcomes == 3);
	assert_ok(fg_channel_send(t.vault, &drain));
	TURN_UNTIL(t.parent_closed);
	assert_int_equal(t.reports, 2); /* one a part, of the second job alone */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	talloc_free(t.ctx);
}

static void a_link_that_the_vault_drains_finishes_and_leaves(void **state)
{
	const struct fg_frame drain = { .type = FG_IPC_DRAIN };
	pid_t pid;
	int status;

	(void)state;
	memset(&t, 0, sizeof(t));
	pid = start_link();
	send_job();
	assert_ok(fg_channel_send(t.vault, &drain));
	TURN_UNTIL(t.parent_closed);
	assert_int_equal(t.outcomes, 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	talloc_free(t.ctx);
}

static void a_link_without_its_vault_leaves_with_an_error(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	memset(&t, 0, sizeof(t));
	pid = start_link();
	talloc_free(t.vault);
	TURN_UNTIL(t.parent_closed);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	talloc_free(t.ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_turns_jobs_into_outcomes_and_reports_and_stops),
		cmocka_unit_test(a_report_is_taken_while_there_is_a_core_to_store_it),
		cmocka_unit_test(a_link_that_the_vault_drains_finishes_and_leaves),
		cmocka_unit_test(a_link_without_its_vault_leaves_with_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
