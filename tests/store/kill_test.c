/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kill -9 at random moments: what was acknowledged is there afterwards, and no submit is there by half.
 */
#include "tests/store/store_support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 20, WINDOW = 64, ACKED_MAX = 4000, SEED = 4711 };

struct writer {
	struct store_fixture *fixture;
	int acks_fd;
	uint32_t next;
};

struct write_op {
	struct writer *writer;
	uint32_t number;
	struct fg_store_op ops[2];
};

static struct fg_id id_of(uint32_t number)
{
	return (struct fg_id){ { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
				 (uint8_t)(number >> 8), (uint8_t)number } };
}

static void write_next(struct write_op *op);

static void acked(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct write_op *op = arg;

	(void)ops;
	(void)count;
	if (rc != FG_OK ||
	    write(op->writer->acks_fd, &op->number, sizeof(op->number)) != sizeof(op->number))
		_exit(1);
	write_next(op);
}

static void write_next(struct write_op *op)
{
	op->number = op->writer->next++;
	op->ops[0] = OP(QUEUE_PUT, DEV(1), .id = id_of(op->number),
			BODY("some text of usual length, sealed"));
	op->ops[1] = OP(JOB_PUT, .id = id_of(op->number), .state = FG_JOB_READY, BODY("facts"));
	if (fg_store_submit(op->writer->fixture->store, 0, FG_STORE_NEW, op->ops, 2, acked, op) !=
	    FG_OK)
		_exit(2);
}

static _Noreturn void write_until_killed(struct store_fixture *f, int acks_fd, uint32_t first)
{
	struct writer writer = { .fixture = f, .acks_fd = acks_fd, .next = first };
	static struct write_op ops[WINDOW];

	f->loop = fg_loop_new(f); /* an event base does not survive a fork */
	if (store_open(f) != FG_OK)
		_exit(3);
	for (int i = 0; i < WINDOW; i++) {
		ops[i].writer = &writer;
		write_next(&ops[i]);
	}
	for (;;)
		fg_loop_step(f->loop, true);
}

/* Read acknowledgements until enough came, kill, and read what was still in the pipe. \return how many. */
static size_t run_round(struct store_fixture *f, uint32_t first, size_t enough, uint32_t *numbers)
{
	size_t count = 0;
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(fds[0]);
		write_until_killed(f, fds[1], first);
	}
	close(fds[1]);
	while (count < ACKED_MAX &&
	       read(fds[0], &numbers[count], sizeof(*numbers)) == sizeof(*numbers))
		if (++count == enough)
			kill(child, SIGKILL);
	kill(child, SIGKILL);
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return count;
}

static void check_round(struct store_fixture *f, const uint32_t *numbers, size_t count,
			uint32_t first, uint32_t *next)
{
	struct fg_store_op clear = OP(QUEUE_CLEAR, DEV(1));
	struct store_rows *queue, *jobs;

	assert_ok(store_open(f));
	queue = store_fetch(f, 1, 0, 1000000);
	jobs = store_sweep(f, FG_SWEEP_DUE, INT64_MAX, 1000000);
	assert_true(queue->count >= count);
	/* Order of puts is order of numbers, and nothing is missing between: so the n-th is number n. */
	for (size_t i = 0; i < queue->count; i++) {
		struct fg_id expected = id_of(first + (uint32_t)i);

		assert_int_equal(fg_id_cmp(&queue->list[i].id, &expected), 0);
	}
	for (size_t i = 0; i < count; i++)
		assert_true(numbers[i] - first < queue->count);
	assert_int_equal(jobs->count, first + queue->count);
	*next = first + (uint32_t)queue->count;
	assert_ok(store_run(f, &clear, 1));
	store_close(f);
	talloc_free(queue);
	talloc_free(jobs);
}

static void nothing_acknowledged_is_lost_by_kill_9(void **state)
{
	struct store_fixture *f = store_fixture_new("sqlite");
	uint32_t *numbers = talloc_array(f, uint32_t, ACKED_MAX), first = 0;
	size_t acked_total = 0;

	(void)state;
	f->conf.queue_items_max = UINT32_MAX;
	f->conf.queue_bytes_max = UINT64_MAX;
	store_close(f);
	srandom(SEED);
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = run_round(f, first, 1 + (size_t)random() % 600, numbers);

		check_round(f, numbers, count, first, &first);
		acked_total += count;
	}
	assert_true(acked_total > ROUNDS);
	store_fixture_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		nothing_acknowledged_is_lost_by_kill_9) };

	return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
