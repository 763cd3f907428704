/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Load as devices make it, over TLS, through the reference device library: one session a state
 * file, each with a window of messages that wait for their final receipt. The session whose handle
 * is the recipient only takes messages. One JSON line at the end.
 *
 * Unlike an application it saves its state once, at the end, and asks the directory once a session:
 * the answer is given again to every later lookup, without one-time prekeys, so that neither the
 * lookup limits nor the recipient's prekeys are used up. (With --spread it asks each time.) When
 * nothing came to its end for five seconds it gives up; seconds are those until the last end.
 *
 * With --connections it only opens so many connections, says how long each took until its WebSocket
 * was open, holds them until its standard input ends, and never logs in.
 */
#include "client/device/connection.h"
#include "client/device/session.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <event2/event.h>

enum {
	STATES_MAX = 256,
	OPENING_MAX = 32,
	TEXT_LEN = 100,
	TIMEOUT_DEFAULT_S = 60,
	STALL_S = 5,
	HANDLE_MAX = 255,
	PLAIN_SUFFIXES = 80, /* of destinations that fallgate-smsc simply takes: 00 to 79 */
};

struct times {
	uint64_t sent_us, accepted_us, final_us; /* Unix; 0: not yet */
};

struct slot {
	struct fg_id id;
	uint64_t number;
	bool busy;
};

struct load;

struct sender {
	struct load *load;
	const char *path;
	struct fg_state state;
	struct fg_callbacks callbacks;
	struct fg_session *session;
	struct fg_connection *connection;
	struct slot slots[FG_SESSION_OUTGOING_MAX];
	unsigned in_flight;
	bool asked; /* the one lookup that goes to the gateway */
	Fallgate__ServerFrame *answer;
	uint64_t waiting[FG_SESSION_OUTGOING_MAX]; /* requests of lookups to be answered here */
	unsigned waiting_count;
};

struct load {
	struct event_base *base;
	struct sender *senders;
	struct times *times;
	const char *to, *trace;
	unsigned states, ready, window;
	uint64_t count, sent, accepted, final, failed, start_us, last_us;
	uint64_t seen; /* final and failed at the last look */
	unsigned idle_s;
	bool allow_sms, spread;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void must(enum fg_rc rc, const char *what)
{
	if (rc == FG_OK)
		return;
	fprintf(stderr, "device_load: %s: %s\n", what, fg_rc_text(rc));
	exit(1);
}

static void *must_have(void *memory)
{
	must(memory ? FG_OK : FG_E_NO_MEMORY, "start");
	return memory;
}

/* ---- one message ---- */

static struct slot *slot_of(struct sender *sender, const struct fg_id *id)
{
	for (unsigned i = 0; i < FG_SESSION_OUTGOING_MAX; i++)
		if (sender->slots[i].busy && fg_id_cmp(&sender->slots[i].id, id) == 0)
			return &sender->slots[i];
	return NULL;
}

static void slot_end(struct sender *sender, struct slot *slot)
{
	struct load *load = sender->load;

	load->last_us = now_us();
	slot->busy = false;
	sender->in_flight--;
	if (load->final + load->failed == load->count)
		event_base_loopbreak(load->base);
}

/* With --spread the last four digits are another recipient's for each of 8,000 messages. */
static void recipient_of(const struct load *load, uint64_t number,
			 char handle[static HANDLE_MAX + 1])
{
	size_t len = strlen(load->to);

	snprintf(handle, HANDLE_MAX + 1, "%s", load->to);
	if (load->spread && len > 4)
		snprintf(handle + len - 4, 5, "%02u%02u", (unsigned)(number / PLAIN_SUFFIXES % 100),
			 (unsigned)(number % PLAIN_SUFFIXES));
}

static void send_one(struct sender *sender)
{
	struct load *load = sender->load;
	const struct fg_send_options options = {
		.policy = load->allow_sms ? FALLGATE__SENDER_POLICY__POLICY_ALLOW
					  : FALLGATE__SENDER_POLICY__POLICY_SECURE_ONLY,
		.message_class = FALLGATE__MESSAGE_CLASS__CLASS_NORMAL,
		.bearers = load->allow_sms ? 1U << FALLGATE__BEARER__BEARER_SMS : 0,
	};
	struct slot *slot = sender->slots;
	char text[TEXT_LEN + 1], handle[HANDLE_MAX + 1];
	int used;

	while (slot->busy)
		slot++;
	slot->number = load->sent++;
	used = snprintf(text, sizeof(text), "load %" PRIu64 " ", slot->number);
	memset(text + used, '.', sizeof(text) - 1 - (size_t)used);
	text[TEXT_LEN] = '\0';
	recipient_of(load, slot->number, handle);
	load->times[slot->number].sent_us = now_us();
	must(fg_session_send(sender->session, handle, text, &options, &slot->id), "send");
	slot->busy = true;
	sender->in_flight++;
}

/* ---- lookups that are answered here ---- */

static void answer_lookup(struct sender *sender, uint64_t request)
{
	uint8_t *frame;
	size_t len;

	sender->answer->request = request;
	frame = must_have(fg_proto_pack_new(sender->answer, &len));
	must(fg_session_frame(sender->session, frame, len), "lookup");
	free(frame);
}

/* Never from inside of a callback of the session. */
static void pump(struct sender *sender)
{
	struct load *load = sender->load;

	for (;;) {
		if (sender->answer && sender->waiting_count > 0)
			answer_lookup(sender, sender->waiting[--sender->waiting_count]);
		else if (load->start_us && strcmp(sender->state.data->handle, load->to) != 0 &&
			 sender->in_flight < load->window && load->sent < load->count)
			send_one(sender);
		else
			break;
	}
}

/* The frame is the answer to a lookup: keep it without what may be used only once. */
static bool keep_answer(struct sender *sender, const void *data, size_t len)
{
	Fallgate__ServerFrame *frame;
	uint64_t request;

	if (!sender->asked || sender->answer)
		return false;
	frame = fallgate__server_frame__unpack(NULL, len, data);
	if (!frame || frame->kind_case != FALLGATE__SERVER_FRAME__KIND_LOOKUP) {
		if (frame)
			fallgate__server_frame__free_unpacked(frame, NULL);
		return false;
	}
	for (size_t i = 0; i < frame->lookup->n_devices; i++) {
		Fallgate__DeviceKeys *keys = frame->lookup->devices[i];

		if (keys->one_time_prekey)
			fallgate__signed__free_unpacked(keys->one_time_prekey, NULL);
		keys->one_time_prekey = NULL;
	}
	request = frame->request;
	sender->answer = frame;
	answer_lookup(sender, request);
	return true;
}

/* ---- what the session needs ---- */

static void io_transmit(void *context, const void *data, size_t len)
{
	struct sender *sender = context;
	Fallgate__ClientFrame *frame = must_have(fallgate__client_frame__unpack(NULL, len, data));
	bool lookup = frame->kind_case == FALLGATE__CLIENT_FRAME__KIND_LOOKUP;

	if (lookup && sender->asked)
		sender->waiting[sender->waiting_count++] = frame->request;
	else
		must(fg_connection_send(sender->connection, data, len), "connection");
	sender->asked |= lookup && !sender->load->spread;
	fallgate__client_frame__free_unpacked(frame, NULL);
}

static uint64_t io_now_ms(void *context)
{
	(void)context;
	return now_us() / 1000;
}

static enum fg_rc io_save(void *context)
{
	(void)context;
	return FG_OK;
}

/* ---- what the session tells ---- */

static void on_ready(void *context, const char *handle)
{
	struct load *load = ((struct sender *)context)->load;

	(void)handle;
	if (++load->ready == load->states)
		event_base_loopbreak(load->base);
}

static void on_receipt(void *context, const struct fg_id *id, const struct fg_verified *verified)
{
	struct sender *sender = context;
	struct load *load = sender->load;
	struct slot *slot = slot_of(sender, id);
	struct times *times;

	if (!slot)
		return;
	times = &load->times[slot->number];
	if (verified->receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_ACCEPTED) {
		times->accepted_us = now_us();
		load->accepted++;
	}
	if (!verified->receipt->final)
		return;
	if (verified->receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_DELIVERED ||
	    verified->receipt->kind == FALLGATE__RECEIPT_KIND__RECEIPT_SENT) {
		times->final_us = now_us();
		load->final++;
	} else {
		fprintf(stderr, "device_load: receipt of kind %d, %s\n", verified->receipt->kind,
			verified->receipt->reason);
		load->failed++;
	}
	slot_end(sender, slot);
}

static void on_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *id)
{
	struct sender *sender = context;
	struct slot *slot = id ? slot_of(sender, id) : NULL;

	fprintf(stderr, "device_load: %s: %s (%s)\n", sender->path, text, fg_rc_name(rc));
	if (!slot)
		return;
	sender->load->failed++;
	slot_end(sender, slot);
}

/* ---- what the connection tells ---- */

static void on_open(void *context, const uint8_t exporter[static 32])
{
	must(fg_session_start(((struct sender *)context)->session, exporter, NULL, ""), "login");
}

static void on_frame(void *context, const void *frame, size_t len)
{
	struct sender *sender = context;

	if (!keep_answer(sender, frame, len))
		must(fg_session_frame(sender->session, frame, len), "frame");
}

static void on_idle(void *context)
{
	struct sender *sender = context;

	fg_session_flush(sender->session);
	pump(sender);
}

static void on_closed(void *context, enum fg_rc rc, const char *why)
{
	(void)context;
	must(rc, why);
}

static void sender_open(struct load *load, struct sender *sender, const char *path)
{
	const struct fg_session_io io = { sender, io_transmit, io_now_ms, io_save };
	const struct fg_connection_events events = { sender, on_open, on_frame, on_idle,
						     on_closed };

	sender->load = load;
	sender->path = path;
	sender->callbacks = (struct fg_callbacks){ .context = sender,
						   .on_ready = on_ready,
						   .on_receipt = on_receipt,
						   .on_error = on_error };
	must(fg_state_read(path, NULL, &sender->state), path);
	sender->session = must_have(fg_session_new(&sender->state, &sender->callbacks, &io));
	must(fg_connection_new(load->base, &sender->state.trust, &events, &sender->connection),
	     "connect");
}

static void sender_close(struct sender *sender)
{
	must(fg_state_write(&sender->state, sender->path, NULL), sender->path);
	if (sender->answer)
		fallgate__server_frame__free_unpacked(sender->answer, NULL);
	fg_session_free(sender->session);
	fg_connection_free(sender->connection);
	fg_state_free(&sender->state);
}

/* ---- results ---- */

static int compare_times(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts. 0 without values. */
static uint64_t percentile(uint64_t *values, uint64_t count, unsigned percent)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare_times);
	return values[(count - 1) * percent / 100];
}

static void print_percentiles(const struct load *load, const char *prefix, bool to_final)
{
	uint64_t *took = must_have(calloc(load->count, sizeof(*took))), n = 0;

	for (uint64_t i = 0; i < load->sent; i++) {
		const struct times *times = &load->times[i];
		uint64_t end = to_final ? times->final_us : times->accepted_us;

		if (end)
			took[n++] = end - times->sent_us;
	}
	printf(", \"%sp50_us\": %" PRIu64 ", \"%sp99_us\": %" PRIu64, prefix,
	       percentile(took, n, 50), prefix, percentile(took, n, 99));
	free(took);
}

static void write_trace(const struct load *load)
{
	FILE *out = fopen(load->trace, "w");

	must(out ? FG_OK : FG_E_SYSTEM, load->trace);
	for (uint64_t i = 0; i < load->sent; i++)
		fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", i,
			load->times[i].sent_us, load->times[i].accepted_us,
			load->times[i].final_us);
	must(fclose(out) == 0 ? FG_OK : FG_E_SYSTEM, load->trace);
}

/* Give up when nothing came to its end for a while. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;
	uint64_t seen = load->final + load->failed;

	(void)fd;
	(void)what;
	load->idle_s = seen == load->seen ? load->idle_s + 1 : 0;
	load->seen = seen;
	if (load->idle_s == STALL_S)
		event_base_loopbreak(load->base);
}

static int run_load(struct load *load, char *const *paths, const struct timeval *timeout)
{
	const struct timeval tick = { .tv_sec = 1 };
	struct event *timer = must_have(event_new(load->base, -1, EV_PERSIST, on_tick, load));
	double seconds;

	load->senders = must_have(calloc(load->states, sizeof(*load->senders)));
	load->times = must_have(calloc(load->count, sizeof(*load->times)));
	event_base_loopexit(load->base, timeout);
	for (unsigned i = 0; i < load->states; i++)
		sender_open(load, &load->senders[i], paths[i]);
	event_base_dispatch(load->base);
	must(load->ready == load->states ? FG_OK : FG_E_TIMEOUT, "login");
	event_add(timer, &tick);
	load->start_us = load->last_us = now_us();
	for (unsigned i = 0; i < load->states; i++)
		pump(&load->senders[i]);
	event_base_dispatch(load->base);
	event_free(timer);
	seconds = (double)(load->last_us - load->start_us) / 1e6;
	printf("{\"sent\": %" PRIu64 ", \"accepted\": %" PRIu64 ", \"final\": %" PRIu64
	       ", \"failed\": %" PRIu64 ", \"seconds\": %.6f",
	       load->sent, load->accepted, load->final, load->failed, seconds);
	print_percentiles(load, "", true);
	print_percentiles(load, "accept_", false);
	puts("}");
	if (load->trace)
		write_trace(load);
	for (unsigned i = 0; i < load->states; i++)
		sender_close(&load->senders[i]);
	free(load->senders);
	free(load->times);
	return load->final == load->count ? 0 : 1;
}

/* ---- connections that only stay ---- */

struct idle {
	struct crowd *crowd;
	struct fg_connection *connection;
	uint64_t start_us, took_us;
};

struct crowd {
	struct event_base *base;
	struct fg_state state;
	struct idle *idles;
	unsigned count, begun, open;
};

static void idle_begin(struct crowd *crowd);

static void idle_on_open(void *context, const uint8_t exporter[static 32])
{
	struct idle *idle = context;

	(void)exporter;
	idle->took_us = now_us() - idle->start_us;
	if (++idle->crowd->open == idle->crowd->count)
		event_base_loopbreak(idle->crowd->base);
	else if (idle->crowd->begun < idle->crowd->count)
		idle_begin(idle->crowd);
}

static void idle_on_frame(void *context, const void *frame, size_t len)
{
	(void)context;
	(void)frame;
	(void)len;
}

static void idle_on_idle(void *context)
{
	(void)context;
}

static void idle_begin(struct crowd *crowd)
{
	struct idle *idle = &crowd->idles[crowd->begun++];
	const struct fg_connection_events events = { idle, idle_on_open, idle_on_frame,
						     idle_on_idle, on_closed };

	idle->crowd = crowd;
	idle->start_us = now_us();
	must(fg_connection_new(crowd->base, &crowd->state.trust, &events, &idle->connection),
	     "connect");
}

static int run_crowd(struct event_base *base, const char *path, unsigned count,
		     const struct timeval *timeout)
{
	struct crowd crowd = { .base = base, .count = count };
	uint64_t *took = must_have(calloc(count, sizeof(*took))), start_us = now_us();

	must(fg_state_read(path, NULL, &crowd.state), path);
	crowd.idles = must_have(calloc(count, sizeof(*crowd.idles)));
	event_base_loopexit(base, timeout);
	while (crowd.begun < count && crowd.begun < OPENING_MAX)
		idle_begin(&crowd);
	event_base_dispatch(base);
	must(crowd.open == count ? FG_OK : FG_E_TIMEOUT, "connections");
	for (unsigned i = 0; i < count; i++)
		took[i] = crowd.idles[i].took_us;
	printf("{\"connections\": %u, \"seconds\": %.6f, \"p50_us\": %" PRIu64
	       ", \"p99_us\": %" PRIu64 "}\n",
	       count, (double)(now_us() - start_us) / 1e6, percentile(took, count, 50),
	       percentile(took, count, 99));
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (unsigned i = 0; i < count; i++)
		fg_connection_free(crowd.idles[i].connection);
	fg_state_free(&crowd.state);
	free(crowd.idles);
	free(took);
	return 0;
}

/* ---- options ---- */

static int usage(void)
{
	fputs("Usage: device_load --state FILE... --to HANDLE --count N [--window W] "
	      "[--allow-sms]\n"
	      "                   [--spread] [--trace FILE] [--timeout S]\n"
	      "       device_load --state FILE --connections N [--timeout S]\n"
	      "--window: messages of one device waiting for their final receipt, 1 to 32, "
	      "default 1\n"
	      "--spread: 8,000 recipients, by the last four digits, each looked up\n"
	      "--trace: a line for each message: NUMBER SENT ACCEPTED FINAL, Unix microseconds\n",
	      stderr);
	return 2;
}

static uint64_t number(const char *text, uint64_t max)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n == 0 || n > max)
		exit(usage());
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "to", required_argument, NULL, 't' },
		{ "count", required_argument, NULL, 'n' },
		{ "window", required_argument, NULL, 'w' },
		{ "allow-sms", no_argument, NULL, 'a' },
		{ "spread", no_argument, NULL, 'S' },
		{ "trace", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 'T' },
		{ "connections", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct load load = { .window = 1 };
	struct timeval timeout = { .tv_sec = TIMEOUT_DEFAULT_S };
	char *paths[STATES_MAX];
	unsigned connections = 0;
	int c, exit_code;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's' && load.states < STATES_MAX)
			paths[load.states++] = optarg;
		else if (c == 't')
			load.to = optarg;
		else if (c == 'n')
			load.count = number(optarg, 100000000);
		else if (c == 'w')
			load.window = (unsigned)number(optarg, FG_SESSION_OUTGOING_MAX);
		else if (c == 'a')
			load.allow_sms = true;
		else if (c == 'S')
			load.spread = true;
		else if (c == 'r')
			load.trace = optarg;
		else if (c == 'T')
			timeout.tv_sec = (time_t)number(optarg, 86400);
		else if (c == 'c')
			connections = (unsigned)number(optarg, 1000000);
		else
			return usage();
	}
	if (optind < argc || load.states == 0 || (!connections && (!load.to || !load.count)))
		return usage();
	must(fg_crypto_init(), "start");
	load.base = must_have(event_base_new());
	exit_code = connections ? run_crowd(load.base, paths[0], connections, &timeout)
				: run_load(&load, paths, &timeout);
	event_base_free(load.base);
	return exit_code;
}
