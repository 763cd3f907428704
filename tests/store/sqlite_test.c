/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The SQLite engine: the conformance suite, and what is its own: settings, schema, lock, failing disks, backup, restore.
 */
#include "tests/store/conformance.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/store/faults.h"

static int setup(void **state)
{
	*state = store_fixture_new("sqlite");
	return 0;
}

static int teardown(void **state)
{
	store_fixture_free(*state);
	return 0;
}

static char *path_of(struct store_fixture *f, const char *name)
{
	return talloc_asprintf(f, "%s/%s", f->dir, name);
}

static void exec_file(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* ---- opening ---- */

static void a_journal_mode_that_was_changed_by_hand_is_refused_unless_unsafe(void **state)
{
	struct store_fixture *f = *state;

	store_close(f);
	exec_file(path_of(f, "store.db"), "PRAGMA journal_mode=DELETE");
	assert_rc(FG_E_STORE_UNSAFE, store_open(f));
	f->conf.unsafe = true;
	assert_ok(store_open(f));
}

/* An authorizer that makes one PRAGMA do nothing, as a build of SQLite may. */
static const char *ignored_pragma;

static int ignore_pragma(void *arg, int action, const char *name, const char *value, const char *db,
			 const char *trigger)
{
	(void)arg;
	(void)db;
	(void)trigger;
	return action == SQLITE_PRAGMA && value && strcmp(name, ignored_pragma) == 0 ? SQLITE_IGNORE
										     : SQLITE_OK;
}

static int weaken(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
	(void)error;
	(void)api;
	sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	return sqlite3_set_authorizer(db, ignore_pragma, NULL);
}

static void a_setting_that_does_not_take_effect_is_refused(void **state)
{
	static const char *const pragmas[] = { "synchronous", "fullfsync", "checkpoint_fullfsync" };
	struct store_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(pragmas); i++) {
		store_close(f);
		ignored_pragma = pragmas[i];
		sqlite3_auto_extension((void (*)(void))weaken);
		assert_rc(FG_E_STORE_UNSAFE, store_open(f));
		sqlite3_cancel_auto_extension((void (*)(void))weaken);
		assert_ok(store_open(f));
	}
}

static void another_schema_version_is_refused_and_left_alone(void **state)
{
	static const char *const changes[] = { "PRAGMA user_version=3",
					       "PRAGMA user_version=2; PRAGMA application_id=7",
					       "PRAGMA user_version=0; PRAGMA application_id=0" };
	struct store_fixture *f = *state;

	store_close(f);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		exec_file(path_of(f, "store.db"), changes[i]);
		assert_rc(FG_E_STORE_SCHEMA, store_open(f));
	}
}

static void a_store_of_schema_version_1_is_migrated_with_all_it_holds(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = { OP(QUEUE_PUT, DEV(1), ID(1), BODY("q")),
				     OP(JOB_PUT, ID(2), .state = FG_JOB_READY, BODY("j")) };
	struct fg_store_op put = OP(RELAY_PUT, .row = 1, ID(3), .state = FG_JOB_READY, BODY("b"));
	struct fg_store_key job = { .what = FG_GET_JOB, .id = { { 2 } } };

	assert_ok(store_run(f, ops, 2));
	store_close(f);
	exec_file(path_of(f, "store.db"),
		  "DROP TABLE relay; DROP TABLE relay_body; DROP TABLE relay_final;"
		  "DROP TABLE relay_key; PRAGMA user_version=1");
	for (int i = 0; i < 2; i++) {
		assert_ok(store_open(f));
		assert_int_equal(store_count_queue(f, 1), 1);
		assert_int_equal(store_count_key(f, job), 1);
		assert_ok(store_run(f, &put, 1));
		assert_int_equal(put.result, i ? FG_STORE_DUP : FG_STORE_OK);
		store_close(f);
	}
	assert_ok(store_open(f));
}

static void a_second_opener_is_refused(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store *second = NULL;

	assert_rc(FG_E_SYSTEM, fg_store_open(f, f->loop, &f->conf, &second));
	assert_null(second);
	store_reopen(f);
}

static void a_folder_or_file_that_cannot_be_used_is_refused(void **state)
{
	struct store_fixture *f = *state;
	const char *dir = f->conf.dir;

	store_close(f);
	f->conf.dir = "/nowhere";
	assert_rc(FG_E_SYSTEM, store_open(f));
	f->conf.dir = dir;
	write_file(path_of(f, "store.db"),
		   "this is not a database, whatever its name says, and it is long enough to tell");
	assert_rc(FG_E_STORE_FATAL, store_open(f));
}

static void its_files_are_the_owners_alone(void **state)
{
	static const char *const names[] = { "store.db", "store.db-wal", "store.lock", "copy.db" };
	struct store_fixture *f = *state;
	struct stat st;

	assert_ok(store_backup(f, path_of(f, "copy.db")));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(stat(path_of(f, names[i]), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

/* ---- disks that fail ---- */

static void an_fsync_error_ends_the_store_and_loses_nothing_that_was_acknowledged(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op first = OP(QUEUE_PUT, DEV(1), ID(1)),
			   second = OP(QUEUE_PUT, DEV(1), ID(2));
	struct store_rows rows = { 0 };

	store_close(f);
	store_faults_begin();
	assert_ok(store_open(f));
	assert_ok(store_run(f, &first, 1));
	store_faults_set((struct store_faults){ 0, -1 });
	assert_rc(FG_E_STORE_FATAL, store_run(f, &second, 1));
	store_faults_set((struct store_faults){ -1, -1 });
	assert_rc(FG_E_STORE_FATAL, store_run(f, &second, 1));
	assert_rc(FG_E_STORE_FATAL,
		  fg_store_fetch(f->store, first.device, 0, 1, store_collect, &rows));
	assert_rc(FG_E_STORE_FATAL, store_backup(f, path_of(f, "copy.db")));
	store_close(f);
	assert_int_equal(access(path_of(f, "store.db-wal"), F_OK),
			 0); /* closing has not trusted the pages */
	store_faults_end();
	assert_ok(store_open(f));
	assert_true(store_count_queue(f, 1) >= 1);
}

static void what_waits_behind_an_fsync_error_is_told(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[2] = { OP(QUEUE_PUT, DEV(1), ID(1)), OP(QUEUE_PUT, DEV(1), ID(2)) };
	struct store_answer answers[2] = { 0 };
	struct store_rows rows = { 0 };

	store_close(f);
	store_faults_begin();
	assert_ok(store_open(f));
	store_faults_set((struct store_faults){ 0, -1 });
	for (int i = 0; i < 2; i++)
		assert_ok(fg_store_submit(f->store, 0, 0, &ops[i], 1, store_done, &answers[i]));
	while (!answers[0].came || !answers[1].came)
		fg_loop_step(f->loop, true);
	assert_rc(FG_E_STORE_FATAL, answers[0].rc);
	assert_rc(FG_E_STORE_FATAL, answers[1].rc);
	assert_rc(FG_E_STORE_FATAL,
		  fg_store_get(f->store, &(struct fg_store_key){ 0 }, 1, store_collect, &rows));
	store_close(f);
	store_faults_end();
}

static void an_fsync_error_of_a_checkpoint_ends_the_store(void **state)
{
	static const uint8_t big[FG_STORE_VALUE_MAX];
	struct store_fixture *f = *state;
	enum fg_rc rc = FG_OK;
	int i;

	store_close(f);
	store_faults_begin();
	assert_ok(store_open(f));
	store_faults_set((struct store_faults){ -1, 0 });
	for (i = 0; i < 200 && rc == FG_OK; i++) {
		struct fg_store_op op = OP(JOB_PUT, ID((uint8_t)i), .state = FG_JOB_READY,
					   .body = { big, sizeof(big) });

		rc = store_run(f, &op, 1);
	}
	assert_rc(FG_E_STORE_FATAL, rc);
	assert_true(i > 10);
	store_close(f);
	store_faults_end();
}

/* A small disk of its own, in a mount namespace that ends with this process. */
static bool mount_small(const char *dir)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", dir, "tmpfs", 0, "size=16m") == 0;
}

/* Put items of 60 KiB until one is refused. \return how many were taken. */
static uint8_t fill(struct store_fixture *f, uint8_t device, enum fg_rc *rc)
{
	static const uint8_t body[60 * 1024];
	uint8_t taken;

	for (taken = 0; taken < 255; taken++) {
		struct fg_store_op op =
			OP(QUEUE_PUT, DEV(device), ID(taken), .body = { body, sizeof(body) });

		*rc = store_run_flags(f, FG_STORE_NEW, &op, 1);
		if (*rc != FG_OK)
			break;
	}
	return taken;
}

static void ack_all(struct store_fixture *f, uint8_t device, uint8_t count)
{
	for (uint8_t i = 0; i < count; i++) {
		struct fg_store_op op = OP(QUEUE_ACK, DEV(device), ID(i));

		assert_ok(store_run(f, &op, 1));
		assert_int_equal(op.result, FG_STORE_OK);
	}
}

static void a_full_disk_takes_acks_and_then_new_messages_again(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(QUEUE_PUT, DEV(3), ID(1), BODY("x"));
	enum fg_rc rc = FG_OK;
	uint8_t taken;

	store_close(f);
	if (!mount_small(f->dir)) {
		print_message("# skipped: needs the right to mount\n");
		skip();
	}
	f->conf.queue_items_max = 1000;
	f->conf.queue_bytes_max = UINT64_MAX;
	f->conf.disk_free_bytes = 8 * 1024 * 1024;
	assert_ok(store_open(f));
	taken = fill(f, 1, &rc);
	assert_rc(FG_E_STORE_FULL, rc);
	assert_in_range(taken, 20, 254);
	assert_int_equal(store_count_queue(f, 1), taken);
	ack_all(f, 1, taken);
	fg_loop_clock(f->loop)->offset_ms += 1000;
	assert_ok(store_run_flags(f, FG_STORE_NEW, &op, 1));
	store_close(f);
	umount(f->dir);
}

static void eat_disk(const char *path)
{
	static const char block[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void a_disk_that_others_fill_loses_nothing_and_works_on_when_there_is_room(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(QUEUE_PUT, DEV(3), ID(1), BODY("x"));
	struct fg_store_health health;
	enum fg_rc rc = FG_OK;
	uint8_t taken;

	store_close(f);
	if (!mount_small(f->dir)) {
		print_message("# skipped: needs the right to mount\n");
		skip();
	}
	f->conf.queue_items_max = 1000;
	f->conf.queue_bytes_max = UINT64_MAX;
	assert_ok(store_open(f));
	assert_ok(store_run_flags(f, FG_STORE_NEW, &op, 1));
	eat_disk(path_of(f, "ballast"));
	taken = fill(f, 1, &rc);
	assert_rc(FG_E_STORE_FULL, rc);
	fg_store_health(f->store, &health);
	assert_true(health.full);
	assert_int_equal(store_count_queue(f, 1), taken);
	unlink(path_of(f, "ballast"));
	fg_loop_clock(f->loop)->offset_ms += 1000;
	op.id.b[0] = 2;
	assert_ok(store_run_flags(f, FG_STORE_NEW, &op, 1));
	store_reopen(f);
	assert_int_equal(store_count_queue(f, 1), taken);
	assert_int_equal(store_count_queue(f, 3), 2);
	store_close(f);
	umount(f->dir);
}

/* ---- backup and restore ---- */

static size_t count_names(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	size_t count = 0;
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)))
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(d);
	return count;
}

/* The first jobs are there, and of those put meanwhile each has its item or neither is there. */
static void check_no_half_submits(struct store_fixture *f, uint8_t from, uint8_t to)
{
	for (uint8_t i = 0; i < to; i++) {
		struct fg_store_key key = { .what = FG_GET_JOB, .id = { { i } } };
		size_t jobs = store_count_key(f, key);

		assert_int_equal(store_count_queue(f, i), i < from ? 0 : jobs);
		assert_true(i >= from || jobs == 1);
	}
}

static void a_backup_is_whole_while_the_store_works_on(void **state)
{
	static const uint8_t big[FG_STORE_VALUE_MAX];
	struct store_fixture *f = *state;
	struct store_answer backup = { 0 };
	struct store_fixture *copy = talloc_zero(f, struct store_fixture);
	uint8_t i;

	for (i = 0; i < 40; i++) {
		struct fg_store_op op =
			OP(JOB_PUT, ID(i), .state = FG_JOB_READY, .body = { big, sizeof(big) });

		assert_ok(store_run(f, &op, 1));
	}
	assert_ok(fg_store_backup(f->store, path_of(f, "copy.db"), store_done, &backup));
	assert_rc(FG_E_STORE_BUSY,
		  fg_store_backup(f->store, path_of(f, "copy.db"), store_done, NULL));
	while (!backup.came && i < 250) {
		struct fg_store_op ops[] = { OP(JOB_PUT, ID(i), .state = FG_JOB_READY),
					     OP(QUEUE_PUT, DEV(i), ID(i)) };

		assert_ok(store_run(f, ops, 2));
		i++;
	}
	while (!backup.came)
		fg_loop_step(f->loop, true);
	assert_ok(backup.rc);
	assert_int_equal(access(path_of(f, "copy.db.tmp"), F_OK), -1);
	copy->loop = f->loop;
	copy->conf = f->conf;
	copy->conf.dir = path_of(f, "other");
	assert_int_equal(mkdir(copy->conf.dir, 0700), 0);
	assert_ok(fg_store_restore(path_of(f, "copy.db"), copy->conf.dir));
	assert_ok(store_open(copy));
	check_no_half_submits(copy, 40, i);
	store_close(copy);
}

static bool is_whole(struct store_fixture *f)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	bool whole;

	assert_int_equal(sqlite3_open(path_of(f, "store.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL),
			 SQLITE_OK);
	whole = sqlite3_step(stmt) == SQLITE_ROW &&
		strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return whole;
}

static void a_process_that_leaves_at_work_leaves_a_whole_store(void **state)
{
	static const uint8_t big[FG_STORE_VALUE_MAX / 4];
	struct store_fixture *f = *state;
	static struct store_answer answers[64];
	static struct fg_store_op ops[64];

	for (uint8_t round = 0; round < 4; round++) {
		void *process = talloc_new(f);
		size_t asked = 0;

		store_close(f);
		assert_ok(fg_store_open(process, f->loop, &f->conf, &f->store));
		for (uint8_t i = 0; i < 64; i++) {
			ops[i] = OP(JOB_PUT, .id = { { round, i } }, .state = FG_JOB_READY,
				    .body = { big, sizeof(big) });
			asked += fg_store_submit(f->store, 0, 0, &ops[i], 1, store_done,
						 &answers[i]) == FG_OK;
		}
		assert_true(asked > 0);
		talloc_free(process);
		f->store = NULL;
		assert_ok(store_open(f));
		assert_true(is_whole(f));
	}
}

static void a_backup_to_nowhere_fails_and_the_store_works_on(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(JOB_PUT, ID(1), .state = FG_JOB_READY);

	assert_rc(FG_E_SYSTEM, store_backup(f, "/nowhere/copy.db"));
	assert_ok(store_run(f, &op, 1));
	assert_ok(store_backup(f, path_of(f, "copy.db")));
}

static void a_restored_store_holds_its_jobs_and_has_no_prekeys(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op ops[] = {
		OP(JOB_PUT, ID(1), .state = FG_JOB_SENDING, .due_ms = 5, .expires_ms = 1000),
		OP(JOB_PUT, ID(2), .state = FG_JOB_FINAL, .due_ms = 5),
		OP(PREKEY_PUT, DEV(1), .number = 1, BODY("k")), OP(QUEUE_PUT, DEV(1), ID(1)),
		OP(RELAY_PUT, .row = 1, ID(3), .state = FG_JOB_SENDING, BODY("b"))
	};
	struct fg_store_op later = OP(QUEUE_PUT, DEV(1), ID(2)), pop = OP(PREKEY_POP, DEV(1));
	struct fg_store_key keys[] = { { .what = FG_GET_JOB, .id = { { 1 } } },
				       { .what = FG_GET_JOB, .id = { { 2 } } },
				       { .what = FG_GET_KV, .kind = FG_KV_META, KEY("restored") } };
	struct store_rows *rows;

	assert_ok(store_run(f, ops, ARRAY_LEN(ops)));
	assert_ok(store_backup(f, path_of(f, "copy.db")));
	assert_ok(store_run(f, &later, 1));
	assert_rc(FG_E_SYSTEM, fg_store_restore(path_of(f, "copy.db"), f->dir)); /* it is open */
	store_close(f);
	assert_ok(fg_store_restore(path_of(f, "copy.db"), f->dir));
	assert_int_equal(count_names(f->dir, "store.db.before-restore-"), 1);
	assert_ok(store_open(f));
	rows = store_get(f, keys, 3);
	assert_int_equal(rows->count, 3);
	assert_int_equal(rows->list[0].state, FG_JOB_READY);
	assert_int_equal(rows->list[0].due_ms, 1000 + 3600001); /* it expires unsent */
	assert_int_equal(rows->list[1].state, FG_JOB_FINAL);
	assert_int_equal(rows->list[1].due_ms, 5);
	assert_in_range(rows->list[2].body.len, 13, 14);
	assert_int_equal(store_count_queue(f, 1), 1);
	assert_int_equal(store_sweep(f, FG_SWEEP_RELAYS, 0, 9)->list[0].tag, 1);
	assert_ok(store_run(f, &pop, 1));
	assert_int_equal(pop.result, FG_STORE_NOT_FOUND);
}

static void what_is_no_backup_is_not_restored_and_the_store_stays(void **state)
{
	struct store_fixture *f = *state;
	struct fg_store_op op = OP(QUEUE_PUT, DEV(1), ID(1));

	assert_ok(store_run(f, &op, 1));
	assert_ok(store_backup(f, path_of(f, "newer.db")));
	store_close(f);
	write_file(path_of(f, "empty.db"), "");
	write_file(path_of(f, "text.db"),
		   "not a database but some words that somebody wrote into a file of this name");
	exec_file(path_of(f, "newer.db"), "PRAGMA user_version=3");
	assert_rc(FG_E_SYSTEM, fg_store_restore(path_of(f, "absent.db"), f->dir));
	assert_rc(FG_E_SYSTEM, fg_store_restore(path_of(f, "empty.db"), f->dir));
	assert_rc(FG_E_SYSTEM, fg_store_restore(path_of(f, "text.db"), f->dir));
	assert_rc(FG_E_STORE_SCHEMA, fg_store_restore(path_of(f, "newer.db"), f->dir));
	assert_ok(store_open(f));
	assert_int_equal(store_count_queue(f, 1), 1);
}

static void a_damaged_backup_is_not_restored(void **state)
{
	struct store_fixture *f = *state;
	uint8_t body[3000] = { 1 };
	int fd;

	for (uint8_t i = 0; i < 30; i++) {
		struct fg_store_op op =
			OP(JOB_PUT, ID(i), .state = FG_JOB_READY, .body = { body, sizeof(body) });

		assert_ok(store_run(f, &op, 1));
	}
	assert_ok(store_backup(f, path_of(f, "copy.db")));
	store_close(f);
	fd = open(path_of(f, "copy.db"), O_WRONLY | O_CLOEXEC);
	memset(body, 0xa5, sizeof(body));
	for (off_t page = 12; page < 20; page++)
		assert_int_equal(pwrite(fd, body, sizeof(body), page * 4096), sizeof(body));
	close(fd);
	assert_rc(FG_E_SYSTEM, fg_store_restore(path_of(f, "copy.db"), f->dir));
	assert_int_equal(count_names(f->dir, "store.db.before-restore-"), 0);
}

static void a_restore_that_was_cut_short_is_not_opened_until_it_is_run_again(void **state)
{
	struct store_fixture *f = *state;

	assert_ok(store_backup(f, path_of(f, "copy.db")));
	store_close(f);
	write_file(path_of(f, "store.restoring"), "");
	assert_rc(FG_E_STORE_FATAL, store_open(f));
	assert_ok(fg_store_restore(path_of(f, "copy.db"), f->dir));
	assert_ok(store_open(f));
}

static void a_store_that_was_killed_goes_aside_with_its_log(void **state)
{
	struct store_fixture *f = *state;

	assert_ok(store_backup(f, path_of(f, "copy.db")));
	store_close(f);
	write_file(path_of(f, "store.db-wal"), "of a crash");
	assert_ok(fg_store_restore(path_of(f, "copy.db"), f->dir));
	assert_int_equal(count_names(f->dir, "store.db.before-restore-"), 2);
	assert_int_equal(count_names(f->dir, "store.db-wal"), 0);
	assert_ok(store_open(f));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct store_factory factory = { "sqlite" };
	static const struct CMUnitTest own[] = {
		CASE(a_journal_mode_that_was_changed_by_hand_is_refused_unless_unsafe),
		CASE(a_setting_that_does_not_take_effect_is_refused),
		CASE(another_schema_version_is_refused_and_left_alone),
		CASE(a_store_of_schema_version_1_is_migrated_with_all_it_holds),
		CASE(a_second_opener_is_refused),
		CASE(a_folder_or_file_that_cannot_be_used_is_refused),
		CASE(its_files_are_the_owners_alone),
		CASE(an_fsync_error_ends_the_store_and_loses_nothing_that_was_acknowledged),
		CASE(what_waits_behind_an_fsync_error_is_told),
		CASE(an_fsync_error_of_a_checkpoint_ends_the_store),
		CASE(a_full_disk_takes_acks_and_then_new_messages_again),
		CASE(a_disk_that_others_fill_loses_nothing_and_works_on_when_there_is_room),
		CASE(a_backup_is_whole_while_the_store_works_on),
		CASE(a_process_that_leaves_at_work_leaves_a_whole_store),
		CASE(a_backup_to_nowhere_fails_and_the_store_works_on),
		CASE(a_restored_store_holds_its_jobs_and_has_no_prekeys),
		CASE(what_is_no_backup_is_not_restored_and_the_store_stays),
		CASE(a_damaged_backup_is_not_restored),
		CASE(a_restore_that_was_cut_short_is_not_opened_until_it_is_run_again),
		CASE(a_store_that_was_killed_goes_aside_with_its_log),
	};
	struct CMUnitTest tests[STORE_CASES_MAX + ARRAY_LEN(own)];
	size_t count = store_conformance_cases(&factory, tests);

	memcpy(tests + count, own, sizeof(own));
	return _cmocka_run_group_tests("sqlite", tests, count + ARRAY_LEN(own), NULL, NULL);
}
