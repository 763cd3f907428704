/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two ends of a channel in one loop; or one end and a raw socket that says what no honest peer says.
 */
#include "tests/support/fg_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <talloc.h>
#include "lib/base/loop.h"
#include "lib/ipc/channel.h"

struct end {
	struct fg_channel *channel;
	size_t frames, opened, closed, room;
	enum fg_rc closed_rc;
	struct fg_frame last;
	int last_fd;
	char text[600];
	bool answer;    /* to every ORDER, with REFUSED */
	bool free_self; /* inside the frame callback */
};

struct pair {
	struct fg_loop *loop;
	struct end a, b;
	int raw; /* the far end, when b is not a channel */
};

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct end *end = arg;
	struct fg_frame refused = { .type = FG_IPC_REFUSED };

	end->frames++;
	end->last = *frame;
	end->last_fd = fd_take;
	if (end->answer)
		assert_ok(fg_channel_answer(channel, &refused));
	if (end->free_self) {
		talloc_free(channel);
		end->channel = NULL;
	}
	if (frame->type == FG_IPC_NOTICE)
		memcpy(end->text, frame->notice.text.data, frame->notice.text.len);
}

static void on_open(struct fg_channel *channel, void *arg)
{
	(void)channel;
	((struct end *)arg)->opened++;
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct end *end = arg;

	(void)channel;
	end->closed++;
	end->closed_rc = rc;
	talloc_free(end->channel);
	end->channel = NULL;
}

static void on_room(struct fg_channel *channel, void *arg)
{
	(void)channel;
	((struct end *)arg)->room++;
}

static const struct fg_channel_ops ops = {
	.frame = on_frame, .open = on_open, .closed = on_closed, .room = on_room
};

static const struct fg_channel_limits small = { .credit_bytes = 1,
						.outbox_bytes = 1,
						.reserve_bytes = 65536 };
enum { SMALL = 2 * FG_FRAME_MAX };

static struct fg_channel *make(struct pair *pair, struct end *end, int fd, enum fg_role self,
			       enum fg_role peer)
{
	end->last_fd = -1;
	end->channel = fg_channel_new(pair->loop, fg_loop_base(pair->loop), fd, self, peer, &small,
				      &ops, end);
	assert_non_null(end->channel);
	return end->channel;
}

static void setup(struct pair *pair, enum fg_role a, enum fg_role b, bool raw)
{
	int fds[2];

	memset(pair, 0, sizeof(*pair));
	pair->raw = -1;
	pair->loop = fg_loop_new(NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	make(pair, &pair->a, fds[0], a, b);
	if (raw)
		pair->raw = fds[1];
	else
		make(pair, &pair->b, fds[1], b, a);
}

static void teardown(struct pair *pair)
{
	talloc_free(pair->a.channel);
	talloc_free(pair->b.channel);
	if (pair->raw >= 0)
		close(pair->raw);
	talloc_free(pair->loop);
}

static void turn(struct pair *pair, int times)
{
	while (times--)
		fg_loop_step(pair->loop, false);
}

static struct fg_frame order_of(size_t capsule_len)
{
	static uint8_t zeros[20000];

	return (struct fg_frame){ .type = FG_IPC_ORDER,
				  .order = { .capsule = FG_BYTES(zeros, capsule_len) } };
}

static void raw_send(struct pair *pair, const struct fg_frame *frame, int fd1, int fd2)
{
	static uint8_t data[FG_FRAME_MAX];
	int fds[2] = { fd1, fd2 };
	size_t len, count = (size_t)(fd1 >= 0) + (size_t)(fd2 >= 0);
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct iovec iov = { .iov_base = data };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	assert_ok(fg_frame_encode(frame, data, sizeof(data), &len));
	iov.iov_len = len;
	if (count) {
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_LEN(count * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(count * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(pair->raw, &msg, 0), len);
}

static void raw_hello(struct pair *pair, uint32_t version, enum fg_role role, uint32_t credit)
{
	struct fg_frame hello = {
		.type = FG_IPC_HELLO,
		.hello = { .version = version, .role = (uint8_t)role, .credit_bytes = credit }
	};

	raw_send(pair, &hello, -1, -1);
}

static void both_sides_say_hello_and_frames_arrive_in_order(void **state)
{
	struct fg_frame notice = { .type = FG_IPC_NOTICE,
				   .notice.text = FG_BYTES_TEXT("no locked memory") };
	struct fg_frame ready = { .type = FG_IPC_READY };
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_CORE, FG_ROLE_PARENT, false);
	assert_ok(fg_channel_send(p.a.channel, &notice));
	assert_ok(fg_channel_send(p.a.channel, &ready));
	assert_false(fg_channel_is_open(p.a.channel));
	turn(&p, 4);
	assert_true(fg_channel_is_open(p.a.channel));
	assert_int_equal(p.a.opened + p.b.opened, 2);
	assert_int_equal(p.b.frames, 2);
	assert_string_equal(p.b.text, "no locked memory");
	assert_int_equal(p.b.last.type, FG_IPC_READY);
	teardown(&p);
}

static void another_version_closes_with_its_own_error(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_LOG, FG_ROLE_CORE, true);
	raw_hello(&p, FG_IPC_VERSION + 1, FG_ROLE_CORE, SMALL);
	turn(&p, 3);
	assert_int_equal(p.a.closed, 1);
	assert_rc(FG_E_VERSION, p.a.closed_rc);
	teardown(&p);
}

/* What a raw peer may try; each one ends the channel before any frame is handed on. */
static void what_no_honest_peer_says_closes_the_channel(void **state)
{
	static const struct {
		const char *name;
		enum fg_role role;
		uint32_t credit;
		enum fg_ipc_type then;
		int fds;
	} cases[] = {
		{ "another role", FG_ROLE_VAULT, SMALL, 0, 0 },
		{ "a window too small for a frame", FG_ROLE_CORE, SMALL - 1, 0, 0 },
		{ "hello twice", FG_ROLE_CORE, SMALL, FG_IPC_HELLO, 0 },
		{ "a frame of another role", FG_ROLE_CORE, SMALL, FG_IPC_OPEN, 0 },
		{ "a descriptor beside a frame that takes none", FG_ROLE_CORE, SMALL, FG_IPC_ORDER,
		  1 },
		{ "a frame before hello", FG_ROLE_COUNT, 0, FG_IPC_ORDER, 0 },
	};
	struct fg_frame frame;
	struct pair p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		setup(&p, FG_ROLE_LOG, FG_ROLE_CORE, true);
		if (cases[i].role != FG_ROLE_COUNT)
			raw_hello(&p, FG_IPC_VERSION, cases[i].role, cases[i].credit);
		frame = (struct fg_frame){ .type = cases[i].then };
		if (cases[i].then)
			raw_send(&p, &frame, cases[i].fds ? 0 : -1, -1);
		turn(&p, 4);
		if (p.a.closed != 1 || p.a.closed_rc != FG_E_IPC_FRAME || p.a.frames)
			fail_msg("%s was not refused", cases[i].name);
		teardown(&p);
	}
}

static void bytes_that_are_no_frame_close_the_channel(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_LOG, FG_ROLE_CORE, true);
	assert_int_equal(send(p.raw, "\0\0", 2, 0), 2);
	turn(&p, 3);
	assert_rc(FG_E_IPC_FRAME, p.a.closed_rc);
	teardown(&p);
}

static void a_peer_that_sends_without_credit_is_closed(void **state)
{
	struct fg_frame order = order_of(20000);
	struct pair p;
	int sent = 0;

	(void)state;
	setup(&p, FG_ROLE_LOG, FG_ROLE_CORE, true);
	raw_hello(&p, FG_IPC_VERSION, FG_ROLE_CORE, SMALL);
	/* All are there before the channel reads, and it grants only at the end of its turn. */
	for (; sent < 8; sent++)
		raw_send(&p, &order, -1, -1);
	turn(&p, 3);
	assert_int_equal(p.a.frames, SMALL / fg_frame_size(&order));
	assert_rc(FG_E_IPC_FRAME, p.a.closed_rc);
	teardown(&p);
}

static void a_slow_peer_fills_the_outbox_to_its_bound_and_no_further(void **state)
{
	struct fg_frame order = order_of(1000);
	size_t sent = 0, full;
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_CORE, FG_ROLE_LOG, false);
	turn(&p, 3);
	fg_channel_pause(p.b.channel, true);
	for (int i = 0; i < 1000; i++) {
		sent += fg_channel_send(p.a.channel, &order) == FG_OK;
		turn(&p, 1);
	}
	assert_rc(FG_E_IPC_FULL, fg_channel_send(p.a.channel, &order));
	assert_true(sent * fg_frame_size(&order) <= 2 * SMALL);
	full = talloc_total_size(p.a.channel);
	for (int i = 0; i < 1000; i++)
		fg_channel_send(p.a.channel, &order);
	assert_int_equal(talloc_total_size(p.a.channel), full);
	assert_true(full < 3 * SMALL);
	assert_int_equal(p.a.room, 0);
	fg_channel_pause(p.b.channel, false);
	turn(&p, 50);
	assert_int_equal(p.a.room, 1);
	assert_int_equal(p.b.frames, sent);
	assert_int_equal(fg_channel_room(p.a.channel), SMALL);
	teardown(&p);
}

/* Both have their outboxes full of requests and must answer each other: the reserve is what lets them. */
static void two_full_channels_that_answer_each_other_do_not_lock_up(void **state)
{
	struct fg_frame order = order_of(1000);
	size_t sent = 0;
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_CORE, FG_ROLE_LOG, false);
	p.b.answer = true;
	turn(&p, 3);
	for (int round = 0; round < 20; round++) {
		while (fg_channel_send(p.a.channel, &order) == FG_OK)
			sent++;
		turn(&p, 1);
	}
	turn(&p, 50);
	assert_true(sent * fg_frame_size(&order) > 4 * SMALL);
	assert_int_equal(p.b.frames, sent);
	assert_int_equal(p.a.frames, sent);
	teardown(&p);
}

static void answers_go_on_when_requests_find_the_outbox_full(void **state)
{
	struct fg_frame leaves = { .type = FG_IPC_LOGGED }, refused = { .type = FG_IPC_REFUSED };
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_LOG, FG_ROLE_CORE, true);
	while (fg_channel_send(p.a.channel, &leaves) == FG_OK)
		;
	assert_ok(fg_channel_answer(p.a.channel, &refused));
	while (fg_channel_answer(p.a.channel, &refused) == FG_OK)
		;
	assert_rc(FG_E_IPC_FULL, fg_channel_answer(p.a.channel, &refused));
	teardown(&p);
}

static void a_descriptor_travels_beside_its_frame(void **state)
{
	struct fg_frame peer = { .type = FG_IPC_PEER, .peer = { .role = FG_ROLE_LOG } };
	struct pair p;
	int pipes[2];
	char c = 0;

	(void)state;
	setup(&p, FG_ROLE_PARENT, FG_ROLE_CORE, false);
	assert_int_equal(pipe(pipes), 0);
	assert_ok(fg_channel_send_fd(p.a.channel, &peer, pipes[1]));
	close(pipes[1]);
	turn(&p, 4);
	assert_int_equal(p.b.frames, 1);
	assert_true(fcntl(p.b.last_fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(p.b.last_fd, "x", 1), 1);
	close(p.b.last_fd);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(read(pipes[0], &c, 1), 0);
	close(pipes[0]);
	teardown(&p);
}

/* Where a wrong number of descriptors comes, none stays open here: the pipe's reader sees its end. */
static void descriptors_that_do_not_belong_are_closed(void **state)
{
	static const struct {
		enum fg_ipc_type type;
		int count;
	} cases[] = { { FG_IPC_START, 1 }, { FG_IPC_PEER, 2 }, { FG_IPC_PEER, 0 } };
	struct pair p;
	int pipes[2];
	char c;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fg_frame frame = { .type = cases[i].type };

		setup(&p, FG_ROLE_CORE, FG_ROLE_PARENT, true);
		raw_hello(&p, FG_IPC_VERSION, FG_ROLE_PARENT, SMALL);
		assert_int_equal(pipe(pipes), 0);
		raw_send(&p, &frame, cases[i].count > 0 ? pipes[1] : -1,
			 cases[i].count > 1 ? pipes[1] : -1);
		close(pipes[1]);
		turn(&p, 4);
		assert_rc(FG_E_IPC_FRAME, p.a.closed_rc);
		assert_int_equal(p.a.frames, 0);
		assert_int_equal(read(pipes[0], &c, 1), 0);
		close(pipes[0]);
		teardown(&p);
	}
}

static void what_may_not_be_said_is_not_sent(void **state)
{
	struct fg_frame open = { .type = FG_IPC_OPEN }, peer = { .type = FG_IPC_PEER };
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_CORE, FG_ROLE_LOG, true);
	assert_rc(FG_E_IPC_FRAME, fg_channel_send(p.a.channel, &open));
	teardown(&p);
	setup(&p, FG_ROLE_PARENT, FG_ROLE_LOG, true);
	assert_rc(FG_E_IPC_FRAME, fg_channel_send(p.a.channel, &peer));
	assert_rc(FG_E_ARG, fg_channel_send_fd(p.a.channel, &peer, -1));
	teardown(&p);
}

static void the_last_words_of_a_peer_are_heard(void **state)
{
	struct fg_frame ready = { .type = FG_IPC_READY }, stop = { .type = FG_IPC_STOP };
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_CORE, FG_ROLE_PARENT, false);
	turn(&p, 3);
	assert_ok(fg_channel_send(p.a.channel, &ready));
	fg_channel_flush(p.a.channel);
	assert_ok(fg_channel_send(p.b.channel, &stop));
	talloc_free(p.a.channel);
	p.a.channel = NULL;
	fg_channel_flush(p.b.channel);
	assert_rc(FG_E_CLOSED, fg_channel_send(p.b.channel, &stop));
	turn(&p, 4);
	assert_int_equal(p.b.frames, 1);
	assert_int_equal(p.b.closed, 1);
	assert_rc(FG_E_CLOSED, p.b.closed_rc);
	teardown(&p);
}

static void the_owner_may_free_the_channel_in_a_callback(void **state)
{
	struct fg_frame notice = { .type = FG_IPC_NOTICE,
				   .notice.text = FG_BYTES_TEXT("still here") };
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_CORE, FG_ROLE_PARENT, false);
	p.b.free_self = true;
	assert_ok(fg_channel_send(p.a.channel, &notice));
	assert_ok(fg_channel_send(p.a.channel, &notice));
	turn(&p, 4);
	assert_int_equal(p.b.frames, 1);
	assert_string_equal(p.b.text, "still here");
	assert_int_equal(p.a.closed, 1);
	teardown(&p);
}

static void a_frame_longer_than_a_datagram_travels_alone(void **state)
{
	static uint8_t data[61440];
	struct fg_frame big = { .type = FG_IPC_CONN_FRAME,
				.conn_frame.data = FG_BYTES(data, sizeof(data)) };
	struct pair p;

	(void)state;
	setup(&p, FG_ROLE_SECURE, FG_ROLE_CORE, false);
	for (int i = 0; i < 5; i++) {
		assert_ok(fg_channel_send(p.a.channel, &big));
		turn(&p, 5);
	}
	assert_int_equal(p.b.frames, 5);
	assert_int_equal(p.b.last.conn_frame.data.len, sizeof(data));
	big.conn_frame.data.len = FG_FRAME_MAX;
	assert_rc(FG_E_TOO_LONG, fg_channel_send(p.a.channel, &big));
	teardown(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_say_hello_and_frames_arrive_in_order),
		cmocka_unit_test(another_version_closes_with_its_own_error),
		cmocka_unit_test(what_no_honest_peer_says_closes_the_channel),
		cmocka_unit_test(bytes_that_are_no_frame_close_the_channel),
		cmocka_unit_test(a_peer_that_sends_without_credit_is_closed),
		cmocka_unit_test(a_slow_peer_fills_the_outbox_to_its_bound_and_no_further),
		cmocka_unit_test(two_full_channels_that_answer_each_other_do_not_lock_up),
		cmocka_unit_test(answers_go_on_when_requests_find_the_outbox_full),
		cmocka_unit_test(a_descriptor_travels_beside_its_frame),
		cmocka_unit_test(descriptors_that_do_not_belong_are_closed),
		cmocka_unit_test(what_may_not_be_said_is_not_sent),
		cmocka_unit_test(the_last_words_of_a_peer_are_heard),
		cmocka_unit_test(the_owner_may_free_the_channel_in_a_callback),
		cmocka_unit_test(a_frame_longer_than_a_datagram_travels_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
