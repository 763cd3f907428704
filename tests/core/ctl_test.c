/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/fixture.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct asker {
	const char *words;
	size_t len;
	unsigned done;
	uint8_t exit_code;
	char text[4096];
};

static void on_open(struct fg_channel *channel, void *arg)
{
	struct asker *asker = arg;
	struct fg_frame frame = { .type = FG_IPC_CTL_REQUEST };

	frame.ctl_request.argv = FG_BYTES(asker->words, asker->len);
	frame.ctl_request.json = 1;
	assert_ok(fg_channel_send(channel, &frame));
}

static void on_reply(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct asker *asker = arg;

	(void)channel;
	(void)fd_take;
	assert_int_equal(frame->type, FG_IPC_CTL_REPLY);
	assert_true(frame->ctl_reply.text.len < sizeof(asker->text));
	memcpy(asker->text, frame->ctl_reply.text.data, frame->ctl_reply.text.len);
	asker->exit_code = frame->ctl_reply.exit_code;
	asker->done += frame->ctl_reply.last;
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)rc;
	(void)arg;
	fail_msg("the control socket closed");
}

static void listen_at(struct fixture *fixture, struct sockaddr_un *address_out)
{
	*address_out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address_out->sun_path, sizeof(address_out->sun_path), "%s/control", fixture->dir);
	fixture->core.control_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fixture->core.control_fd, (struct sockaddr *)address_out,
			      sizeof(*address_out)),
			 0);
	assert_int_equal(listen(fixture->core.control_fd, 4), 0);
	assert_ok(fg_ctl_start(&fixture->core));
}

static void each_verb_answers_and_an_unknown_one_says_how_it_is_used(void **state)
{
	static const struct {
		const char *words;
		size_t len;
		uint8_t exit_code;
		const char *text;
	} rows[] = {
		{ "links", 6, 0, "\"smsc-a\"" },
		{ "status", 7, 0, "\"jobs\": {\"ready\": 0" },
		{ "invite\0+12025550101", 20, 0, "{\"code\": \"" },
		{ "invite\0nobody", 14, 1, "E_HANDLE" },
		{ "explain\0+12025550101", 21, 3, "nothing of that name" },
		{ "backup\0relative", 16, 2, "absolute" },
		{ "log\0tail", 9, 2, "usage:" },
		{ "links\0more", 11, 2, "usage:" },
		{ "", 0, 2, "usage:" },
	};
	static const struct fg_channel_ops ops = { .frame = on_reply,
						   .open = on_open,
						   .closed = on_closed };
	struct fixture *fixture = *state;
	struct sockaddr_un address;

	strcpy(fixture->conf.links[0].name, "smsc-a");
	fixture->conf.links_count = 1;
	listen_at(fixture, &address);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct asker asker = { .words = rows[i].words, .len = rows[i].len };
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		evutil_make_socket_nonblocking(fd);
		assert_non_null(fg_channel_new(fixture->ctx, fg_loop_base(fixture->core.loop), fd,
					       FG_ROLE_CTL, FG_ROLE_CORE, NULL, &ops, &asker));
		fixture_until(fixture, &asker.done, 0);
		assert_int_equal(asker.exit_code, rows[i].exit_code);
		if (!strstr(asker.text, rows[i].text))
			fail_msg("%s is not in %s", rows[i].text, asker.text);
	}
	fg_ctl_stop(&fixture->core);
}

static void only_root_the_own_uid_and_the_configured_one_may_ask(void **state)
{
	struct fixture *fixture = *state;

	assert_true(fg_ctl_may_ask(&fixture->core, 0));
	assert_true(fg_ctl_may_ask(&fixture->core, geteuid()));
	assert_false(fg_ctl_may_ask(&fixture->core, 4000000));
	fixture->conf.gateway.control_uid = 4000000;
	assert_true(fg_ctl_may_ask(&fixture->core, 4000000));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_verb_answers_and_an_unknown_one_says_how_it_is_used),
		CASE(only_root_the_own_uid_and_the_configured_one_may_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
