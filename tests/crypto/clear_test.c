/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ends a process or changes it for good is tried in a child.
 */
#include "tests/support/fg_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/crypto/clear.h"

enum { NOBODY = 65534, CHILD_FAILED = 99 };

/* The exit status of a child that ran fn, or minus the signal that ended it. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void clear_text_grows_up_to_its_room(void **state)
{
	struct fg_clear clear;

	(void)state;
	assert_ok(fg_clear_new(5, &clear));
	assert_int_equal(clear.len, 0);
	assert_ok(fg_clear_append(&clear, "abc", 3));
	assert_rc(FG_E_SPACE, fg_clear_append(&clear, "def", 3));
	assert_rc(FG_E_SPACE, fg_clear_append(&clear, "def", SIZE_MAX));
	assert_int_equal(clear.len, 3);
	assert_ok(fg_clear_append(&clear, "de", 2));
	assert_ok(fg_clear_append(&clear, NULL, 0));
	assert_memory_equal(clear.data, "abcde", 5);
	fg_clear_free(&clear);
	assert_null(clear.data);
	assert_int_equal(clear.cap, 0);
	fg_clear_free(&clear);
}

static void no_room_at_all_is_a_clear_text_too(void **state)
{
	struct fg_clear clear;

	(void)state;
	assert_ok(fg_clear_new(0, &clear));
	assert_rc(FG_E_SPACE, fg_clear_append(&clear, "a", 1));
	fg_clear_free(&clear);
}

static void more_than_there_is_is_refused(void **state)
{
	struct fg_clear clear = { .len = 99 };

	(void)state;
	assert_rc(FG_E_NO_MEMORY, fg_clear_new(SIZE_MAX - 4096, &clear));
	assert_int_equal(clear.len, 99);
}

static int read_past_the_end(void)
{
	struct fg_clear clear;
	volatile uint8_t seen;

	signal(SIGSEGV, SIG_DFL); /* the sanitizer's handler would report it */
	if (fg_clear_new(100, &clear) != FG_OK)
		return CHILD_FAILED;
	seen = ((volatile uint8_t *)clear.data)[clear.cap];
	(void)seen;
	return 0;
}

static int read_after_free(void)
{
	struct fg_clear clear;
	volatile uint8_t *data, seen;

	signal(SIGSEGV, SIG_DFL);
	if (fg_clear_new(100, &clear) != FG_OK)
		return CHILD_FAILED;
	data = clear.data;
	fg_clear_free(&clear);
	seen = data[0];
	(void)seen;
	return 0;
}

static void reading_past_the_end_or_after_free_is_a_fault(void **state)
{
	(void)state;
	assert_int_equal(in_child(read_past_the_end), -SIGSEGV);
	assert_int_equal(in_child(read_after_free), -SIGSEGV);
}

/* No locked memory any more: no limit left, and no root that is above limits. */
static bool give_up_locking(void)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_MEMLOCK, &none) == 0 && (geteuid() != 0 || setuid(NOBODY) == 0);
}

static int new_without_locking(void)
{
	struct fg_clear clear = { .len = 99 };

	if (!give_up_locking() || fg_clear_probe() != FG_E_LOCKED_MEMORY)
		return CHILD_FAILED;
	if (fg_clear_new(100, &clear) != FG_E_LOCKED_MEMORY || clear.len != 99)
		return CHILD_FAILED;
	return 0;
}

static int new_without_locking_by_permission(void)
{
	struct fg_clear clear;

	fg_clear_allow_unlocked();
	/* The permission changes what is refused, not what is found. */
	if (!give_up_locking() || fg_clear_probe() != FG_E_LOCKED_MEMORY)
		return CHILD_FAILED;
	if (fg_clear_new(100, &clear) != FG_OK)
		return CHILD_FAILED;
	fg_clear_free(&clear);
	return 0;
}

static void memory_that_cannot_be_locked_is_refused_unless_allowed(void **state)
{
	(void)state;
	assert_ok(fg_clear_probe());
	assert_int_equal(in_child(new_without_locking), 0);
	assert_int_equal(in_child(new_without_locking_by_permission), 0);
}

static void memory_that_is_used_again_was_wiped(void **state)
{
	static const uint8_t zeros[64];
	struct fg_clear clear;

	(void)state;
	for (size_t cap = 1; cap <= sizeof(zeros); cap *= 2) {
		assert_ok(fg_clear_new(sizeof(zeros), &clear));
		memset(clear.data, 'x', clear.cap);
		clear.len = clear.cap;
		fg_clear_free(&clear);
		assert_ok(fg_clear_new(cap, &clear));
		assert_int_equal(clear.len, 0);
		assert_memory_equal(clear.data, zeros, cap);
		fg_clear_free(&clear);
	}
}

static int inherited_memory_is_not_used(void)
{
	return new_without_locking(); /* what the parent locked is not locked here */
}

static void a_child_does_not_use_what_its_parent_locked(void **state)
{
	struct fg_clear clear;

	(void)state;
	assert_ok(fg_clear_new(5, &clear));
	fg_clear_free(&clear); /* kept */
	assert_int_equal(in_child(inherited_memory_is_not_used), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(clear_text_grows_up_to_its_room),
		cmocka_unit_test(no_room_at_all_is_a_clear_text_too),
		cmocka_unit_test(more_than_there_is_is_refused),
		cmocka_unit_test(reading_past_the_end_or_after_free_is_a_fault),
		cmocka_unit_test(memory_that_is_used_again_was_wiped),
		cmocka_unit_test(a_child_does_not_use_what_its_parent_locked),
		cmocka_unit_test(memory_that_cannot_be_locked_is_refused_unless_allowed),
	};

	return fg_crypto_init() == FG_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
