/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The adapter's dialogue against the emulated modem, in virtual time: in the manner of each profile, with
 * each fault. What it says of a message is held against what the phone's side saw: nothing is lost, and
 * nothing is sent twice.
 */
#include "tests/support/fg_test.h"

#include <stdlib.h>
#include <talloc.h>
#include "adapters/modem/session.h"
#include "emulators/modem/phone.h"
#include "lib/wire/dlr.h"
#include "tests/adapters/recorder.h"

enum { WIRE_MAX = 65536, SEEN_MAX = 64, STEPS_MAX = 200000 };

struct world {
	void *ctx;
	struct recorder *recorder;
	struct fg_conf_links conf;
	struct fg_modem_state *state;
	struct fg_modem_session *session;
	struct phone *phone;
	uint64_t now_ms, back_ms, open_ms; /* 0: it is there */
	char to_modem[WIRE_MAX], to_us[WIRE_MAX];
	size_t to_modem_len, to_us_len;
	char seen[SEEN_MAX][512]; /* texts that the phone's side saw */
	unsigned seen_count, stored_count;
};

static struct world w;

static struct fg_modem_time now(void)
{
	return (struct fg_modem_time){ w.now_ms, UINT64_C(1750000000000) + w.now_ms };
}

/* ---- the wire ---- */

static void put(char *wire, size_t *len, const void *octets, size_t more)
{
	assert_true(*len + more <= WIRE_MAX);
	memcpy(wire + *len, octets, more);
	*len += more;
}

static void on_session_send(void *arg, const void *octets, size_t len)
{
	(void)arg;
	put(w.to_modem, &w.to_modem_len, octets, len);
}

static void on_phone_send(void *arg, const void *octets, size_t len)
{
	(void)arg;
	put(w.to_us, &w.to_us_len, octets, len);
}

static void on_message(void *arg, const struct phone_message *message)
{
	(void)arg;
	assert_true(w.seen_count < SEEN_MAX);
	snprintf(w.seen[w.seen_count++], sizeof(w.seen[0]), "%.*s", (int)message->text_len,
		 message->text);
}

static void on_unplug(void *arg, unsigned back_ms)
{
	(void)arg;
	w.back_ms = w.now_ms + back_ms + 1;
	w.to_us_len = w.to_modem_len = 0;
}

static void wire_run(void)
{
	static char octets[WIRE_MAX];
	size_t len;

	while (w.to_modem_len > 0 || w.to_us_len > 0) {
		len = w.to_modem_len;
		memcpy(octets, w.to_modem, len);
		w.to_modem_len = 0;
		if (len > 0 && phone_plugged(w.phone))
			phone_bytes(w.phone, octets, len);
		len = w.to_us_len;
		memcpy(octets, w.to_us, len);
		w.to_us_len = 0;
		if (len > 0)
			fg_modem_session_bytes(w.session, octets, len, now());
	}
}

/* As link.c does with a device that is gone, or that the session wants closed. */
static void device_run(void)
{
	enum fg_modem_close why = fg_modem_session_close_why(w.session);

	if (w.open_ms == 0 && (!phone_plugged(w.phone) || why != FG_MODEM_CLOSE_NONE)) {
		w.open_ms = w.now_ms + 1000 +
			    (why == FG_MODEM_CLOSE_REST ? fg_modem_session_rest_ms(w.session) : 0);
		fg_modem_session_closed(w.session, "gone", now());
		w.to_us_len = w.to_modem_len = 0;
	}
	if (w.back_ms > 0 && w.now_ms >= w.back_ms) {
		w.back_ms = 0;
		phone_plug(w.phone);
	}
	if (w.open_ms > 0 && w.now_ms >= w.open_ms && phone_plugged(w.phone)) {
		w.open_ms = 0;
		fg_modem_session_opened(w.session, now());
	}
}

/* A gateway stores reports within milliseconds; the network waits for that for 15 s. */
static void store_reports(void)
{
	while (w.stored_count < w.recorder->reports_count) {
		fg_host_stored(w.recorder->host, w.recorder->reports[w.stored_count++].token);
		wire_run();
	}
}

static void sooner(uint64_t *next, uint64_t due)
{
	if (due > 0 && due < *next)
		*next = due;
}

static void move(uint64_t ms)
{
	uint64_t end = w.now_ms + ms, due_us;

	for (unsigned i = 0; w.now_ms < end; i++) {
		uint64_t next = end;

		assert_true(i < STEPS_MAX);
		sooner(&next, fg_modem_session_next_ms(w.session));
		if (phone_next(w.phone, &due_us))
			sooner(&next, (due_us + 999) / 1000);
		sooner(&next, w.back_ms);
		sooner(&next, w.open_ms > w.now_ms ? w.open_ms : 0);
		w.now_ms = next > w.now_ms ? next : w.now_ms;
		phone_run(w.phone, w.now_ms * 1000);
		wire_run();
		fg_modem_session_tick(w.session, now());
		wire_run();
		device_run();
		wire_run();
		store_reports();
	}
}

/* ---- the host ---- */

static enum fg_rc on_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *loop,
			  const struct fg_conf_links *conf, void **adapter_out)
{
	(void)loop;
	w.state = fg_modem_state_new(ctx, -1);
	*adapter_out = w.session =
		fg_modem_session_new(ctx, host, conf, w.state, on_session_send, NULL);
	return w.session ? FG_OK : FG_E_NO_MEMORY;
}
static enum fg_rc on_job(void *adapter, const struct fg_job *job)
{
	return fg_modem_session_job(adapter, job, now());
}
static void on_stored(void *adapter, uint64_t token)
{
	fg_modem_session_stored(adapter, token, now());
}
static void on_taken(void *adapter, uint64_t token, const struct fg_id *id, enum fg_rc rc)
{
	(void)id;
	fg_modem_session_taken(adapter, token, rc, now());
}
static void on_drain(void *adapter)
{
	fg_modem_session_drain(adapter, now());
}
static void on_close(void *adapter)
{
	fg_modem_session_closed(adapter, "closed", now());
}
static const struct fg_adapter_ops ops = { .name = "session",
					   .open = on_open,
					   .job = on_job,
					   .stored = on_stored,
					   .taken = on_taken,
					   .drain = on_drain,
					   .close = on_close };

static void begin(const char *profile)
{
	const struct phone_owner owner = { .send = on_phone_send,
					   .message = on_message,
					   .unplug = on_unplug };
	struct phone_options options = { .profile = phone_profile_find(profile),
					 .number = "+12025550100",
					 .imei = "490154203237518",
					 .puk = "12345678",
					 .report_delay_ms = 50,
					 .late_ms = 130000,
					 .seed = 1 };

	memset(&w, 0, sizeof(w));
	w.ctx = talloc_new(NULL);
	w.now_ms = 1000;
	w.recorder = recorder_new(w.ctx);
	recorder_conf("modem", &w.conf);
	w.conf.window = 4;
	snprintf(w.conf.source_address, sizeof(w.conf.source_address), "+12025550100");
	assert_ok(fg_host_open(w.recorder->host, &ops, NULL, &w.conf));
	w.phone = phone_new(w.ctx, &options, UINT64_C(1750000000000000), &owner);
	assert_non_null(w.phone);
	phone_run(w.phone, w.now_ms * 1000);
	fg_modem_session_opened(w.session, now());
	wire_run();
	move(20000);
	assert_true(w.recorder->state.up);
}

static void end(void)
{
	fg_host_close(w.recorder->host);
	assert_int_equal(fg_host_bugs(w.recorder->host), 0);
	talloc_free(w.ctx);
}

static unsigned seen(const char *text)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w.seen_count; i++)
		count += strcmp(w.seen[i], text) == 0;
	return count;
}

/* The outcome is true: what was accepted was seen once, what was not was not seen. */
static enum fg_outcome outcome_is_true(unsigned n, const char *text)
{
	const struct fg_job_outcome *outcome = recorder_outcome(w.recorder, n);

	assert_non_null(outcome);
	switch (outcome->outcome) {
	case FG_OUTCOME_ACCEPTED:
		assert_int_equal(seen(text), 1);
		break;
	case FG_OUTCOME_UNKNOWN:
		assert_true(seen(text) <= 1);
		break;
	default:
		assert_int_equal(seen(text), 0);
	}
	return outcome->outcome;
}

static unsigned reports_of(uint16_t message_reference)
{
	unsigned count = 0;

	for (unsigned i = 0; i < w.recorder->reports_count; i++)
		count += w.recorder->reports[i].message_reference == message_reference;
	return count;
}

/* ---- profiles ---- */

/* These have no status reports, or bring no messages by themselves. */
static bool lacks_reports(const char *profile)
{
	return strcmp(profile, "phone") == 0 || strcmp(profile, "poor") == 0;
}

static void a_long_message_and_its_reports(const char *profile)
{
	static const char text[] =
		"(Not encrypted) \xD0\x94\xD0\xBB\xD0\xB8\xD0\xBD\xD0\xBD\xD0\xBE\xD0\xB5 "
		"\xD1\x81\xD0\xBE\xD0\xBE\xD0\xB1\xD1\x89\xD0\xB5\xD0\xBD\xD0\xB8\xD0\xB5, "
		"which needs three parts of UCS-2 since it is longer than what two could hold, "
		"and so goes on until nobody can doubt it \xF0\x9F\x98\x80\xF0\x9F\x98\x80";

	recorder_give(w.recorder, 1, "+12025550101", text);
	wire_run();
	move(150000);
	assert_int_equal(outcome_is_true(1, text), FG_OUTCOME_ACCEPTED);
	assert_int_equal(recorder_outcome(w.recorder, 1)->parts, 3);
	if (!lacks_reports(profile))
		assert_true(reports_of(1) >= 3);
	for (unsigned i = 0; i < w.recorder->reports_count; i++) {
		bool known = false;

		for (unsigned k = 0; k < 3; k++)
			known |= strcmp(w.recorder->reports[i].ref,
					recorder_outcome(w.recorder, 1)->ref[k]) == 0;
		assert_true(known);
	}
}

static void a_long_message_to_us(const char *profile)
{
	char text[400];
	struct phone_incoming incoming = {
		.from = "+12025550123", .text = text, .message_class = -1, .port = -1
	};
	unsigned parts = 0;

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_ok(phone_receive(w.phone, &incoming));
	for (unsigned i = 0; i < 40; i++) {
		for (; parts < w.recorder->submissions_count; parts++) {
			const struct fg_submission *in = &w.recorder->submissions[parts].said;

			assert_int_equal(in->concat_total, 3);
			assert_int_equal(in->concat_part, parts + 1);
			fg_host_taken(w.recorder->host, in->token, &(struct fg_id){ { 1 } }, FG_OK);
		}
		move(10000);
	}
	if (strcmp(profile, "poor") == 0) /* it has no way to tell of them */
		return;
	assert_int_equal(w.recorder->submissions_count, 3);
	move(700000); /* deleted: no list brings them again */
	assert_int_equal(w.recorder->submissions_count, 3);
}

static void every_profile_sends_reports_and_receives(void **state)
{
	const char *name, *note;

	(void)state;
	for (size_t i = 0; phone_profile_at(i, &name, &note); i++) {
		print_message("# %s\n", name);
		begin(name);
		a_long_message_and_its_reports(name);
		a_long_message_to_us(name);
		end();
	}
}

/* ---- faults ---- */

static const char *const faults[] = {
	"lost-prompt", "silence", "hang-up", "noise",   "echo-stuck", "double-report", "slow",
	"no-ok",       "late",    "cut",     "garbage", "cms=1",      "cms=21",        "cms=38",
	"cms=42",      "cms=197", "cms=199", "cms=300", "cms=310",    "cms=331",       "cms=322",
	"cms=332",     "cms=500", "cms=512", "cms=515",
};

static void fault_set(const char *fault)
{
	if (strcmp(fault, "slow") == 0)
		phone_slow(w.phone, 2000); /* 500 octets a second */
	else
		assert_true(phone_fault(w.phone, fault, 1));
}

static void fault_does_no_harm(const char *profile, const char *fault)
{
	print_message("# %s: %s\n", profile, fault);
	begin(profile);
	fault_set(fault);
	recorder_give(w.recorder, 1, "+12025550101", "one");
	recorder_give(w.recorder, 2, "+12025550102", "two");
	wire_run();
	move(400000);
	phone_faults_clear(w.phone);
	/* a duplicate, of what was seen before: if the modem has words for it */
	if (strcmp(fault, "cms=197") == 0)
		assert_int_not_equal(recorder_outcome(w.recorder, 1)->outcome, FG_OUTCOME_FAILED);
	else
		outcome_is_true(1, "one");
	outcome_is_true(2, "two");
	move(120000);
	assert_true(w.recorder->state.up);
	recorder_give(w.recorder, 3, "+12025550103", "three");
	wire_run();
	move(130000);
	assert_int_equal(outcome_is_true(3, "three"), FG_OUTCOME_ACCEPTED);
	end();
}

static void no_fault_loses_or_doubles_a_message(void **state)
{
	const char *name, *note;

	(void)state;
	for (size_t i = 0; phone_profile_at(i, &name, &note); i++)
		for (unsigned k = 0; k < ARRAY_LEN(faults); k++)
			fault_does_no_harm(name, faults[k]);
}

/* The numbers of parts that came, as bits; what came twice must have the key of the first, by which the vault knows it. */
static unsigned take_parts(unsigned *taken, const uint8_t **keys)
{
	unsigned bits = 0;

	for (; *taken < w.recorder->submissions_count; ++*taken) {
		const struct recorder_submission *in = &w.recorder->submissions[*taken];
		unsigned part = in->said.concat_part;

		assert_in_range(part, 1, 3);
		if (keys[part])
			assert_memory_equal(in->key, keys[part], FG_MODEM_KEY_LEN);
		keys[part] = in->key;
		bits |= 1u << part;
		fg_host_taken(w.recorder->host, in->said.token, &(struct fg_id){ { 1 } }, FG_OK);
	}
	return bits;
}

static void fault_loses_no_part_of_a_message_to_us(const char *profile, const char *fault)
{
	char text[400];
	struct phone_incoming incoming = {
		.from = "+12025550123", .text = text, .message_class = -1, .port = -1
	};
	const uint8_t *keys[4] = { NULL };
	unsigned taken = 0, parts = 0;

	print_message("# %s: %s, a message to us\n", profile, fault);
	begin(profile);
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fault_set(fault);
	recorder_give(w.recorder, 1, "+12025550101", "one");
	assert_ok(phone_receive(w.phone, &incoming));
	wire_run();
	for (unsigned i = 0; i < 90; i++) {
		parts |= take_parts(&taken, keys);
		move(10000);
	}
	if (strcmp(fault, "cms=197") != 0) /* seen before */
		outcome_is_true(1, "one");
	assert_int_equal(parts, 1u << 1 | 1u << 2 | 1u << 3);
	end();
}

static void no_fault_loses_a_message_to_us(void **state)
{
	const char *name, *note;

	(void)state;
	for (size_t i = 0; phone_profile_at(i, &name, &note); i++)
		for (unsigned k = 0; strcmp(name, "poor") != 0 && k < ARRAY_LEN(faults); k++)
			fault_loses_no_part_of_a_message_to_us(name, faults[k]);
}

/* Whatever number it gives for an error: nothing is sent twice, and it works afterwards. */
static void no_error_does_harm(void **state)
{
	char fault[16];

	(void)state;
	for (unsigned code = 0; code < 600; code++) {
		if (code == 197) /* a duplicate is taken for sent */
			continue;
		snprintf(fault, sizeof(fault), "cms=%u", code);
		fault_does_no_harm("generic", fault);
	}
}

/* ---- outcomes by digits ---- */

static void what_the_digits_choose_is_understood(void **state)
{
	static const struct {
		const char *destination;
		enum fg_outcome outcome;
		uint8_t report; /* of the last; 0: none */
	} cases[] = {
		{ "+12025550101", FG_OUTCOME_ACCEPTED, FG_DLR_DELIVERED },
		{ "+12025550180", FG_OUTCOME_DEFERRED, 0 },
		{ "+12025550181", FG_OUTCOME_DEFERRED, 0 },
		{ "+12025550183", FG_OUTCOME_FAILED, 0 },
		{ "+12025550184", FG_OUTCOME_DEFERRED, 0 },
		{ "+12025550187", FG_OUTCOME_ACCEPTED, FG_DLR_UNDELIVERABLE },
		{ "+12025550188", FG_OUTCOME_ACCEPTED, FG_DLR_EXPIRED },
		{ "+12025550189", FG_OUTCOME_ACCEPTED, 0 },
		{ "+12025550191", FG_OUTCOME_ACCEPTED, FG_DLR_DELIVERED },
		{ "+12025550192", FG_OUTCOME_ACCEPTED, FG_DLR_DELIVERED },
		{ "+12025550196", FG_OUTCOME_ACCEPTED, FG_DLR_DELIVERED },
		{ "+12025550194", FG_OUTCOME_UNKNOWN, 0 },
		{ "+12025550185", FG_OUTCOME_UNKNOWN, 0 },
	};

	(void)state;
	begin("generic");
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		const struct fg_job_outcome *outcome;

		print_message("# %s\n", cases[i].destination);
		move(10000);
		recorder_give(w.recorder, i, cases[i].destination, "text");
		wire_run();
		move(140000);
		outcome = recorder_outcome(w.recorder, i);
		assert_non_null(outcome);
		assert_int_equal(outcome->outcome, cases[i].outcome);
		if (cases[i].outcome != FG_OUTCOME_UNKNOWN)
			assert_int_equal(reports_of((uint16_t)i) > 0, cases[i].report != 0);
		for (unsigned k = 0; k < w.recorder->reports_count; k++)
			if (w.recorder->reports[k].message_reference == i &&
			    w.recorder->reports[k].final) {
				assert_int_equal(w.recorder->reports[k].state, cases[i].report);
				assert_string_equal(w.recorder->reports[k].ref, outcome->ref[0]);
			}
	}
	end();
}

static void an_unplugged_modem_comes_back_with_all_that_it_has(void **state)
{
	struct phone_incoming incoming = {
		.from = "+12025550123", .text = "hi", .message_class = -1, .port = -1
	};

	(void)state;
	begin("generic");
	assert_ok(phone_receive(w.phone, &incoming));
	wire_run();
	move(100);
	assert_int_equal(w.recorder->submissions_count, 1);
	phone_unplug(w.phone); /* before it was taken */
	on_unplug(NULL, 60000);
	move(1000);
	assert_false(w.recorder->state.up);
	fg_host_taken(w.recorder->host, w.recorder->submissions[0].said.token,
		      &(struct fg_id){ { 1 } }, FG_OK);
	move(120000);
	assert_true(w.recorder->state.up);
	assert_int_equal(w.recorder->submissions_count, 2); /* with the key of the first */
	assert_memory_equal(w.recorder->submissions[0].key, w.recorder->submissions[1].key,
			    FG_MODEM_KEY_LEN);
	fg_host_taken(w.recorder->host, w.recorder->submissions[1].said.token,
		      &(struct fg_id){ { 1 } }, FG_OK);
	move(700000);
	assert_int_equal(w.recorder->submissions_count, 2);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_profile_sends_reports_and_receives),
		cmocka_unit_test(no_fault_loses_or_doubles_a_message),
		cmocka_unit_test(no_fault_loses_a_message_to_us),
		cmocka_unit_test(no_error_does_harm),
		cmocka_unit_test(what_the_digits_choose_is_understood),
		cmocka_unit_test(an_unplugged_modem_comes_back_with_all_that_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
