/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What messages of applications cost the core: `relay_bench FOLDER [MOST]`, the folder empty, MOST queued or outstanding messages (1000000).
 * A child process stands for log, vault and links behind real channels; CPU is that of the core alone, its commit thread included.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>
#include "gateway/core/internal.h"
#include "gateway/core/job.h"
#include "gateway/core/relay.h"
#include "lib/wire/dlr.h"

enum { WINDOW = 1000, CREDITS = 2000, BODY = 180 };

/* How far a message goes. */
enum { TO_TAKEN, TO_SENT, TO_TOLD };

/* ---- the others ---- */

struct others {
	struct event_base *base;
	struct fg_channel *log, *vault;
	unsigned last;
	uint64_t count, begun, done, first;
	uint64_t rate, start_us; /* a second; 0: as fast as they are done */
	struct event *tick;
};

static void say(struct fg_channel *channel, const struct fg_frame *frame)
{
	if (fg_channel_answer(channel, frame) != FG_OK) {
		fprintf(stderr, "the core takes no %s\n", fg_frame_name(frame->type));
		_exit(1);
	}
}

static void submit(struct others *others)
{
	static const uint8_t body[BODY];
	struct fg_frame frame = { .type = FG_IPC_SEALED };
	struct fg_clock clock;
	uint64_t number = others->first + others->begun++;
	uint8_t random[10] = { 0 };
	char destination[32];

	fg_clock_init(&clock);
	memcpy(random + 2, &number, sizeof(number));
	for (int i = 0; i < 4; i++) /* the end of an id is random */
		random[6 + i] ^= (uint8_t)(number * 2654435761u >> 8 * i);
	snprintf(destination, sizeof(destination), "+1202%07u", (unsigned)(number % 5000000));
	frame.sealed.token = number;
	frame.sealed.message_id = fg_id_make(fg_clock_wall_ms(&clock), random);
	frame.sealed.kind = FG_SUBMIT_APPLICATION;
	frame.sealed.account = FG_BYTES_TEXT("shop");
	frame.sealed.source = FG_BYTES_TEXT("SHOP");
	frame.sealed.destination = FG_BYTES_TEXT(destination);
	frame.sealed.message_class = FG_MESSAGE_NORMAL;
	frame.sealed.registered = 1;
	frame.sealed.segments = 1;
	frame.sealed.body = FG_BYTES(body, sizeof(body));
	say(others->vault, &frame);
}

static void one_done(struct others *others)
{
	others->done++;
	if (!others->rate && others->begun < others->count)
		submit(others);
	if (others->done == others->count)
		event_base_loopbreak(others->base);
}

static void take_order(struct others *others, const struct fg_ipc_relay *order)
{
	struct fg_frame frame = { .type = FG_IPC_RELAYED };
	uint8_t ref[FG_ID_TEXT_LEN + 2];

	if (others->last == TO_TAKEN)
		return;
	frame.relayed.message_id = order->message_id;
	frame.relayed.leg = order->leg;
	say(others->log, &frame);
	memset(&frame, 0, sizeof(frame));
	frame.type = FG_IPC_LEG;
	ref[0] = 16;
	fg_hex(order->message_id.b + 8, 8, (char *)ref + 1);
	frame.leg.message_id = order->message_id;
	frame.leg.leg = order->leg;
	frame.leg.state = FG_LEG_ACCEPTED;
	frame.leg.segments = 1;
	frame.leg.refs = FG_BYTES(ref, 17);
	say(others->vault, &frame);
	if (others->last == TO_SENT) {
		one_done(others);
		return;
	}
	memset(&frame, 0, sizeof(frame));
	frame.type = FG_IPC_DLR;
	frame.dlr.ref = FG_BYTES(ref + 1, 16);
	frame.dlr.state = FG_DLR_DELIVERED;
	frame.dlr.final = 1;
	say(others->vault, &frame);
}

static void on_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		     void *arg)
{
	struct others *others = arg;
	struct fg_frame told = { .type = FG_IPC_APP_TOLD };

	(void)fd_take;
	(void)channel;
	if (frame->type == FG_IPC_TAKEN && frame->taken.rc != FG_OK) {
		fprintf(stderr, "refused: %s\n", fg_rc_name((enum fg_rc)frame->taken.rc));
		_exit(1);
	} else if (frame->type == FG_IPC_TAKEN && others->last == TO_TAKEN) {
		one_done(others);
	} else if (frame->type == FG_IPC_RELAY) {
		take_order(others, &frame->relay);
	} else if (frame->type == FG_IPC_APP_RECEIPT) {
		told.app_told.account = frame->app_receipt.account;
		told.app_told.message_id = frame->app_receipt.message_id;
		told.app_told.final = 1;
		told.app_told.outcome = FG_OUTCOME_ACCEPTED;
		say(others->vault, &told);
		one_done(others);
	}
}

static uint64_t mono_us(void)
{
	struct fg_clock clock;

	fg_clock_init(&clock);
	return fg_clock_mono_us(&clock);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct others *others = arg;
	uint64_t due = (mono_us() - others->start_us) * others->rate / 1000000;

	(void)fd;
	(void)what;
	while (others->begun < others->count && others->begun < due)
		submit(others);
}

static void on_open(struct fg_channel *channel, void *arg)
{
	struct others *others = arg;
	struct fg_frame bound = { .type = FG_IPC_APP_BOUND };

	if (channel != others->vault)
		return;
	bound.app_bound.account = FG_BYTES_TEXT("shop");
	bound.app_bound.receivers = 1;
	bound.app_bound.credits = CREDITS;
	say(others->vault, &bound);
	if (others->rate) {
		static const struct timeval period = { .tv_usec = 1000 };

		others->start_us = mono_us();
		others->tick = event_new(others->base, -1, EV_PERSIST, on_tick, others);
		event_add(others->tick, &period);
	}
	while (!others->rate && others->begun < others->count && others->begun < WINDOW)
		submit(others);
}

static void on_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)rc;
	(void)arg;
	_exit(1);
}

static void be_the_others(int log_fd, int vault_fd, unsigned last, uint64_t first, uint64_t count,
			  uint64_t rate)
{
	static const struct fg_channel_ops ops = { .frame = on_frame,
						   .open = on_open,
						   .closed = on_closed };
	struct others others = { .last = last, .first = first, .count = count, .rate = rate };

	others.base = event_base_new();
	others.log = fg_channel_new(NULL, others.base, log_fd, FG_ROLE_LOG, FG_ROLE_CORE, NULL,
				    &ops, &others);
	others.vault = fg_channel_new(NULL, others.base, vault_fd, FG_ROLE_VAULT, FG_ROLE_CORE,
				      NULL, &ops, &others);
	event_base_dispatch(others.base);
	fg_channel_flush(others.vault);
	usleep(200000); /* what it still says is read */
	_exit(0);
}

/* ---- the core ---- */

struct bench {
	struct fg_core core;
	struct fg_conf conf;
	char *dir;
	bool gone;
	uint64_t submitted;
};

static void must(bool well, const char *what)
{
	if (well)
		return;
	fprintf(stderr, "fail: %s\n", what);
	exit(1);
}

static void core_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
		       void *arg)
{
	struct bench *bench = arg;

	(void)fd_take;
	fg_chain_frame(&bench->core, frame, channel == bench->core.vault);
}

static void core_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	(void)channel;
	(void)rc;
	((struct bench *)arg)->gone = true;
}

static void core_room(struct fg_channel *channel, void *arg)
{
	(void)channel;
	fg_relays_chain_changed(&((struct bench *)arg)->core, false);
}

static void open_store(struct bench *bench)
{
	const struct fg_store_conf conf = { .dir = bench->dir,
					    .engine = "sqlite",
					    .outstanding_bytes = 64u << 20,
					    .queue_items_max = 1000,
					    .queue_bytes_max = 64u << 20 };

	must(fg_store_open(NULL, bench->core.loop, &conf, &bench->core.store) == FG_OK, "store");
	must(fg_relays_start(&bench->core) == FG_OK, "relays");
	while (fg_relays_loading(&bench->core))
		fg_loop_step(bench->core.loop, true);
}

static void close_store(struct bench *bench)
{
	fg_relays_stop(&bench->core);
	fg_store_close(bench->core.store);
	fg_relays_free(&bench->core);
}

static void configure(struct bench *bench)
{
	struct fg_core *core = &bench->core;
	struct fg_policy_rule rule = { .name = "default",
				       .action = FG_RULE_LINKS,
				       .links_count = 1 };
	struct fg_conf_accounts *shop = &bench->conf.accounts[0];

	core->conf = &bench->conf;
	core->loop = fg_loop_new(NULL);
	core->clock = fg_loop_clock(core->loop);
	must(fg_crypto_init() == FG_OK, "crypto");
	must(fg_arena_init(&core->arena, FG_CORE_ARENA) == FG_OK, "memory");
	fg_sign_key_new(&core->directory_key);
	memcpy(core->trust.directory_key, core->directory_key.public, FG_SIGN_PUBLIC_LEN);
	bench->conf.links_count = bench->conf.accounts_count = 1;
	strcpy(bench->conf.links[0].name, "smsc-a");
	strcpy(bench->conf.links[0].bearer, "sms");
	strcpy(bench->conf.links[0].adapter, "smpp");
	bench->conf.links[0].validity_s = 172800;
	strcpy(shop->name, "shop");
	strcpy(shop->floor, "none");
	strcpy(shop->bearers, "sms");
	strcpy(shop->secure, "default");
	shop->queue_max = 100000000;
	shop->most_segments = 8;
	shop->validity_s = 172800;
	fg_policy_init(&core->policy, NULL, 0, 1);
	must(fg_policy_set_default(&core->policy, &rule) == FG_OK, "policy");
}

static double cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return 1e6 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double rss_mib(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0, resident = 0;

	must(file && fscanf(file, "%ld %ld", &pages, &resident) == 2, "statm");
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

/* count messages as far as last, rate a second (0: as many as go); prints what it took. */
static void run(struct bench *bench, const char *name, unsigned last, uint64_t count, uint64_t rate)
{
	static const struct fg_channel_ops ops = { .frame = core_frame,
						   .closed = core_closed,
						   .room = core_room };
	struct fg_core *core = &bench->core;
	int log_fds[2], vault_fds[2], status = 0;
	double cpu = cpu_us();
	uint64_t start = fg_clock_mono_us(core->clock), us;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, log_fds) == 0 &&
		     socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
				vault_fds) == 0,
	     "sockets");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		close(log_fds[0]);
		close(vault_fds[0]);
		be_the_others(log_fds[1], vault_fds[1], last, bench->submitted, count, rate);
	}
	close(log_fds[1]);
	close(vault_fds[1]);
	bench->gone = false;
	core->log = fg_channel_new(NULL, fg_loop_base(core->loop), log_fds[0], FG_ROLE_CORE,
				   FG_ROLE_LOG, NULL, &ops, bench);
	core->vault = fg_channel_new(NULL, fg_loop_base(core->loop), vault_fds[0], FG_ROLE_CORE,
				     FG_ROLE_VAULT, NULL, &ops, bench);
	while (!bench->gone)
		fg_loop_step(core->loop, true);
	us = fg_clock_mono_us(core->clock) - start - 200000;
	waitpid(pid, &status, 0);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the others");
	talloc_free(core->log);
	talloc_free(core->vault);
	core->log = core->vault = NULL;
	fg_relays_vault_lost(core);
	bench->submitted += count;
	printf("relay/%s_%" PRIu64 " %.0f messages/s, %.1f us CPU each, %.0f MiB\n", name, count,
	       (double)count * 1e6 / (double)us, (cpu_us() - cpu) / (double)count, rss_mib());
	fflush(stdout);
}

static void begin(struct bench *bench, const char *folder, const char *name)
{
	bench->dir = talloc_asprintf(NULL, "%s/%s", folder, name);
	must(mkdir(bench->dir, 0700) == 0, bench->dir);
	open_store(bench);
}

static void measure_queued(struct bench *bench, uint64_t most)
{
	uint64_t start;

	bench->core.links[0] = (struct fg_core_link){ .up = false };
	for (uint64_t queued = 0, next = 1000; next <= most; next *= next < 100000 ? 100 : 10) {
		run(bench, "queue", TO_TAKEN, next - queued, 0);
		queued = next;
	}
	close_store(bench);
	start = fg_clock_mono_us(bench->core.clock);
	open_store(bench);
	printf("relay/load %.0f ms, %.0f MiB\n",
	       (double)(fg_clock_mono_us(bench->core.clock) - start) / 1000, rss_mib());
	close_store(bench);
}

int main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	uint64_t most = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: relay_bench FOLDER [MOST]\nThe folder must be empty.\n");
		return 2;
	}
	must(bench && fg_log_init(NULL, "bench", "error") == FG_OK, "log");
	/* Each half in a process of its own, for its memory. */
	pid = fork();
	must(pid >= 0, "fork");
	configure(bench);
	if (pid == 0) {
		begin(bench, argv[1], "queued");
		measure_queued(bench, most);
		return 0;
	}
	waitpid(pid, NULL, 0);
	begin(bench, argv[1], "whole");
	bench->core.links[0] = (struct fg_core_link){ .up = true, .credits = CREDITS };
	run(bench, "whole", TO_TOLD, 200000, 0);
	run(bench, "whole_at_15000", TO_TOLD, 75000, 15000);
	run(bench, "sent", TO_SENT, most, 0);
	run(bench, "whole_beside", TO_TOLD, 200000, 0);
	run(bench, "whole_beside_at_15000", TO_TOLD, 75000, 15000);
	close_store(bench);
	return 0;
}
