/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/fixture.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <talloc.h>
#include "gateway/core/job.h"

struct asker {
	const char *words;
	size_t len;
	unsigned done;
	uint8_t exit_code;
	bool plain;
	char text[4096];
};

static void on_open(struct fg_channel *channel, void *arg)
{
	struct asker *asker = arg;
	struct fg_frame frame = { .type = FG_IPC_CTL_REQUEST };

	frame.ctl_request.argv = FG_BYTES(asker->words, asker->len);
	frame.ctl_request.json = !asker->plain;
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
		{ "suspend\0smsc-b", 15, 3, "no link is named smsc-b" },
		{ "suspend", 8, 2, "usage:" },
		{ "suspend\0smsc-a", 15, 0, "smsc-a: suspended" },
		{ "links", 6, 0, "\"state\": \"suspended\"" },
		{ "resume\0smsc-a", 14, 0, "smsc-a: resumed" },
		{ "links", 6, 0, "\"state\": \"up\"" },
		{ "resume\0smsc-a", 14, 0, "neither suspended nor drained" },
		{ "drain\0smsc-b", 13, 3, "no link is named smsc-b" },
		{ "", 0, 2, "usage:" },
	};
	static const struct fg_channel_ops ops = { .frame = on_reply,
						   .open = on_open,
						   .closed = on_closed };
	struct fixture *fixture = *state;
	struct sockaddr_un address;
	struct fg_channel *channel;

	strcpy(fixture->conf.links[0].name, "smsc-a");
	fixture->core.links[0].up = true;
	fixture->conf.links_count = 1;
	listen_at(fixture, &address);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct asker asker = { .words = rows[i].words, .len = rows[i].len };
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		evutil_make_socket_nonblocking(fd);
		channel = fg_channel_new(fixture->ctx, fg_loop_base(fixture->core.loop), fd,
					 FG_ROLE_CTL, FG_ROLE_CORE, NULL, &ops, &asker);
		assert_non_null(channel);
		fixture_until(fixture, &asker.done, 0);
		talloc_free(channel);
		assert_int_equal(asker.exit_code, rows[i].exit_code);
		if (!strstr(asker.text, rows[i].text))
			fail_msg("%s is not in %s", rows[i].text, asker.text);
	}
	fg_ctl_stop(&fixture->core);
}

static void say_link(struct fixture *fixture, bool up, uint32_t code, const char *note)
{
	struct fg_ipc_link said = { .up = up, .credits = 7, .in_flight = 3, .carrier_code = code };

	said.rate = 20;
	said.throttled = code == 0x58;
	said.round_trip_ms = 45;
	said.window = 5;
	said.unanswered = 2;
	said.own_code = code >= 0x400 ? code : 0;
	if (said.own_code)
		said.own_note = FG_BYTES_TEXT("number is ported");
	said.note = FG_BYTES_TEXT(note);
	fg_operate_link(&fixture->core, &said);
}

/* Ask for the table as text. */
static void table(struct fixture *fixture, const struct sockaddr_un *address, struct asker *asker)
{
	static const struct fg_channel_ops ops = { .frame = on_reply,
						   .open = on_open,
						   .closed = on_closed };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*asker = (struct asker){ .words = "links", .len = 6, .plain = true };
	assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	evutil_make_socket_nonblocking(fd);
	assert_non_null(fg_channel_new(fixture->ctx, fg_loop_base(fixture->core.loop), fd,
				       FG_ROLE_CTL, FG_ROLE_CORE, NULL, &ops, asker));
	fixture_until(fixture, &asker->done, 0);
}

static void assert_shows(const struct asker *asker, const char *text)
{
	if (!strstr(asker->text, text))
		fail_msg("%s is not in %s", text, asker->text);
}

/* What it said first must not hide what is wrong now. */
static void the_table_says_why_a_link_is_down_now(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_un address;
	struct asker asker;

	strcpy(fixture->conf.links[0].name, "modem0");
	strcpy(fixture->conf.links[0].adapter, "modem");
	fixture->conf.links_count = 1;
	listen_at(fixture, &address);
	say_link(fixture, false, 0, "starting");
	say_link(fixture, false, 0, "PIN needed");
	table(fixture, &address, &asker);
	assert_shows(&asker, "PIN needed (20");
	assert_null(strstr(asker.text, "starting"));
	say_link(fixture, true, 0, "registered");
	say_link(fixture, false, 0, "unplugged");
	table(fixture, &address, &asker);
	assert_shows(&asker, "unplugged (20");
	say_link(fixture, false, 0, "there is no device");
	table(fixture, &address, &asker);
	assert_shows(&asker, "there is no device; before: unplugged (20");
	fg_ctl_stop(&fixture->core);
}

static void the_table_says_how_a_link_is_and_why_not(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_un address;
	struct asker asker;

	strcpy(fixture->conf.links[0].name, "smsc-a");
	strcpy(fixture->conf.links[0].adapter, "smpp");
	strcpy(fixture->conf.links[0].bearer, "sms");
	fixture->conf.links_count = 2; /* the second was removed by a reload */
	listen_at(fixture, &address);
	say_link(fixture, true, 0, "bound to 192.0.2.1:2775");
	fg_operate_leg(&fixture->core, "smsc-a", FG_LEG_ACCEPTED, 0);
	fg_operate_leg(&fixture->core, "smsc-a", FG_LEG_FAILED, 0x0b);
	fg_operate_leg(&fixture->core, "smsc-a", FG_LEG_UNKNOWN, 0);
	fg_operate_leg(&fixture->core, "gone", FG_LEG_FAILED, 1);
	table(fixture, &address, &asker);
	assert_shows(&asker,
		     "smsc-a           up        smpp        sms    2/5      20/s    45 ms   "
		     "            1        1        1 20");
	assert_shows(&asker, "bound to 192.0.2.1:2775; last error 0x0000000b RINVDSTADR: ");
	say_link(fixture, true, 0x58, "bound to 192.0.2.1:2775");
	table(fixture, &address, &asker);
	assert_shows(&asker, "throttled by the far side; bound");
	assert_shows(&asker, "last error 0x00000058 RTHROTTLED: ");
	fg_operate_leg(&fixture->core, "smsc-a", FG_LEG_FAILED, 0x401);
	table(fixture, &address, &asker);
	assert_shows(&asker, "last error 0x00000401 vendor: ");
	say_link(fixture, true, 0x401, "bound"); /* its table has words for it */
	table(fixture, &address, &asker);
	assert_shows(&asker, "last error 0x00000401 number is ported (20");
	fg_operate_leg(&fixture->core, "smsc-a", FG_LEG_FAILED, 0x401);
	table(fixture, &address, &asker);
	assert_shows(&asker, "last error 0x00000401 number is ported (20");
	say_link(fixture, false, 0, "cannot connect");
	table(fixture, &address, &asker);
	assert_shows(&asker, "smsc-a           down ");
	assert_shows(&asker, "cannot connect (20");
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
		CASE(the_table_says_how_a_link_is_and_why_not),
		CASE(the_table_says_why_a_link_is_down_now),
		CASE(only_root_the_own_uid_and_the_configured_one_may_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
