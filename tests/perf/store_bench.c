/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many accepted messages a second the store makes durable: `store_bench FOLDER [--long]`. One submit is what accepting a message
 * writes: the item for one device and its job, 512 bytes each. Lines: store/put_window64_rows1000 N ops/s.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <talloc.h>
#include "gateway/store/store.h"
#include "lib/base/loop.h"

enum { WINDOW_MAX = 1024, DEVICES = 1000000, MEASURE_MS = 1500 };

struct bench {
	struct fg_loop *loop;
	struct fg_store *store;
	uint64_t put, done, until_put, until_ms;
	uint8_t body[512];
};

struct slot {
	struct bench *bench;
	struct fg_store_op ops[2];
	bool idle;
};

/* Time-ordered ids, as clients make them; devices at random. */
static void fill_ops(struct slot *slot, uint64_t number)
{
	uint8_t random_part[10] = { 0 };
	uint32_t device = (uint32_t)random() % DEVICES;
	struct fg_id id;

	memcpy(random_part, &number, sizeof(number));
	id = fg_id_make(1700000000000u + number / 32, random_part);
	slot->ops[0] =
		(struct fg_store_op){ .op = FG_OP_QUEUE_PUT,
				      .id = id,
				      .expires_ms = 1800000000000u + number,
				      .body = { slot->bench->body, sizeof(slot->bench->body) } };
	memcpy(slot->ops[0].device, &device, sizeof(device));
	slot->ops[1] =
		(struct fg_store_op){ .op = FG_OP_JOB_PUT,
				      .id = id,
				      .state = FG_JOB_SECURE,
				      .due_ms = 1800000000000u + number,
				      .body = { slot->bench->body, sizeof(slot->bench->body) } };
}

static bool is_over(struct bench *bench)
{
	return bench->put >= bench->until_put ||
	       fg_clock_mono_ms(fg_loop_clock(bench->loop)) >= bench->until_ms;
}

static void put_next(struct slot *slot);

static void put_done(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct slot *slot = arg;

	(void)ops;
	(void)count;
	if (rc != FG_OK) {
		fprintf(stderr, "put: %s\n", fg_rc_text(rc));
		exit(1);
	}
	slot->bench->done++;
	put_next(slot);
}

static void put_next(struct slot *slot)
{
	enum fg_rc rc;

	slot->idle = is_over(slot->bench);
	if (slot->idle)
		return;
	fill_ops(slot, slot->bench->put++);
	rc = fg_store_submit(slot->bench->store, 0, FG_STORE_NEW, slot->ops, 2, put_done, slot);
	if (rc != FG_OK) {
		fprintf(stderr, "submit: %s\n", fg_rc_text(rc));
		exit(1);
	}
}

/* Keep window submits in flight until so many or so long. \return durable submits a second. */
static double run(struct bench *bench, unsigned window, uint64_t count, uint64_t time_ms)
{
	static struct slot slots[WINDOW_MAX];
	uint64_t start_us = fg_clock_mono_us(fg_loop_clock(bench->loop)), first = bench->done;

	bench->until_put = bench->put + count;
	bench->until_ms = start_us / 1000 + time_ms;
	for (unsigned i = 0; i < window; i++) {
		slots[i].bench = bench;
		put_next(&slots[i]);
	}
	while (bench->done < bench->put)
		fg_loop_step(bench->loop, true);
	return (double)(bench->done - first) * 1e6 /
	       (double)(fg_clock_mono_us(fg_loop_clock(bench->loop)) - start_us);
}

static void measure(struct bench *bench, uint64_t rows)
{
	static const unsigned windows[] = { 1, 64, 1024 };

	if (bench->done < rows)
		run(bench, WINDOW_MAX, rows - bench->done, UINT64_MAX / 4);
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		double rate = run(bench, windows[i], UINT64_MAX / 4,
				  rows < 10000 ? MEASURE_MS / 5 : MEASURE_MS);

		printf("store/put_window%u_rows%" PRIu64 " %.0f ops/s\n", windows[i], rows, rate);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct bench bench = { 0 };
	struct fg_store_conf conf = { .engine = "sqlite",
				      .outstanding_bytes = 64u << 20,
				      .queue_items_max = 1000,
				      .queue_bytes_max = 64u << 20 };
	enum fg_rc rc;

	if (argc < 2) {
		fprintf(stderr, "usage: store_bench FOLDER [--long]\nThe folder must be empty.\n");
		return 2;
	}
	conf.dir = argv[1];
	bench.loop = fg_loop_new(NULL);
	rc = fg_store_open(NULL, bench.loop, &conf, &bench.store);
	if (rc != FG_OK) {
		fprintf(stderr, "open %s: %s\n", conf.dir, fg_rc_text(rc));
		return 1;
	}
	measure(&bench, 1000);
	measure(&bench, 100000);
	if (argc > 2 && strcmp(argv[2], "--long") == 0)
		measure(&bench, 1000000);
	fg_store_close(bench.store);
	talloc_free(bench.loop);
	return 0;
}
