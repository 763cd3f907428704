/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Put a backup in the place of a store. What the backup does not know may have happened since it was made: jobs may have been sent,
 * prekeys may have been given out. So jobs are held and prekeys dropped before the copy becomes the store.
 */
#include "gateway/store/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <talloc.h>
#include "lib/base/log.h"

struct restore {
	const char *dir;
	char *store, *store_wal, *store_shm; /* what is there now */
	char *aside, *aside_wal;             /* where it goes */
	char *copy;                          /* the backup, being made ready */
	char *mark;                          /* there while names change: fg_store_open() refuses */
	uint64_t now_ms;
};

static enum fg_rc fail(const struct restore *restore, const char *what, const char *why)
{
	LOGP(DSTORE, LOGL_ERROR, "fail restore %s: %s: %s\n", restore->dir, what, why);
	return FG_E_SYSTEM;
}

static bool make_paths(void *ctx, struct restore *restore)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	restore->now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	restore->store = fg_db_path(ctx, restore->dir, "store.db");
	restore->store_wal = fg_db_path(ctx, restore->dir, "store.db-wal");
	restore->store_shm = fg_db_path(ctx, restore->dir, "store.db-shm");
	restore->copy = fg_db_path(ctx, restore->dir, "store.db.restore");
	restore->mark = fg_db_path(ctx, restore->dir, "store.restoring");
	restore->aside = talloc_asprintf(ctx, "%s.before-restore-%llu", restore->store,
					 (unsigned long long)restore->now_ms);
	restore->aside_wal = talloc_asprintf(ctx, "%s-wal", restore->aside);
	return restore->store && restore->store_wal && restore->store_shm && restore->copy &&
	       restore->mark && restore->aside && restore->aside_wal;
}

static bool copy_pages(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
	bool whole = copy && sqlite3_backup_step(copy, -1) == SQLITE_DONE;

	return sqlite3_backup_finish(copy) == SQLITE_OK && whole;
}

/* Through SQLite, not by bytes: a backup that somebody opened may have a WAL beside it. */
static enum fg_rc copy_backup(const struct restore *restore, const char *backup_path)
{
	sqlite3 *from = NULL, *to = NULL;
	int64_t application = 0;
	bool copied;

	if ((unlink(restore->copy) < 0 && errno != ENOENT) || !fg_db_touch(restore->copy))
		return fail(restore, restore->copy, strerror(errno));
	copied = sqlite3_open_v2(backup_path, &from, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		 fg_db_number(from, "PRAGMA application_id", &application) == SQLITE_OK &&
		 application == FG_DB_APPLICATION && /* an empty file would become an empty store */
		 sqlite3_open_v2(restore->copy, &to, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		 copy_pages(from, to);
	sqlite3_close(from);
	if (sqlite3_close(to) != SQLITE_OK || !copied)
		return fail(restore, backup_path, "is no backup of a store, or cannot be copied");
	return FG_OK;
}

static_assert(FG_JOB_READY == 1 && FG_JOB_FINAL == 7, "the numbers in the SQL below");

static enum fg_rc hold_everything(struct fg_db *db, const struct restore *restore)
{
	static const char *const format =
		"BEGIN IMMEDIATE;"
#ifndef FG_MUTANT_restored_jobs_held
		"UPDATE job SET state = 1, due_ms = min(expires_ms, 9223372036854775807 - 3600001) "
		"+ 3600001 WHERE state <> 7;"
		"UPDATE relay SET held = 1;"
#endif
		"DELETE FROM prekey;"
		"INSERT INTO kv (kind, key, version, body) VALUES (%d, CAST('restored' AS BLOB), "
		"1, CAST('%llu' AS BLOB))"
		" ON CONFLICT (kind, key) DO UPDATE SET version = version + 1, body = "
		"excluded.body;"
		"COMMIT";
	char *sql = sqlite3_mprintf(format, FG_KV_META, (unsigned long long)restore->now_ms);
	int code = sql ? sqlite3_exec(db->handle, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	return code == SQLITE_OK ? FG_OK : fail(restore, restore->copy, sqlite3_errmsg(db->handle));
}

static enum fg_rc check_pages(struct fg_db *db, const struct restore *restore)
{
	sqlite3_stmt *stmt = NULL;
	bool sound = sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check(1)", -1, &stmt, NULL) ==
			     SQLITE_OK &&
		     sqlite3_step(stmt) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;

	sqlite3_finalize(stmt);
	return sound ? FG_OK : fail(restore, restore->copy, "the backup is damaged");
}

static bool sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return synced;
}

/* The copy as one durable file without a WAL. */
static enum fg_rc make_ready(const struct restore *restore)
{
	struct fg_db db = { 0 };
	enum fg_rc rc = fg_db_open_writer(&db, restore->copy, false);

	if (rc == FG_OK)
		rc = check_pages(&db, restore);
	if (rc == FG_OK)
		rc = hold_everything(&db, restore);
	fg_db_close(&db);
	if (rc == FG_OK && !sync_file(restore->copy))
		rc = fail(restore, restore->copy, strerror(errno));
	return rc;
}

static bool move(const char *from, const char *to)
{
	return rename(from, to) == 0 || errno == ENOENT;
}

/* The store of today aside, with its WAL, and the copy in its place; under the mark, since these are three names. */
static enum fg_rc swap(const struct restore *restore)
{
	int fd = open(restore->mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || close(fd) < 0 || fg_db_sync_dir(restore->dir) != FG_OK)
		return fail(restore, restore->mark, strerror(errno));
	if (!move(restore->store, restore->aside) || !move(restore->store_wal, restore->aside_wal))
		return fail(restore, restore->aside, strerror(errno));
	if (unlink(restore->store_shm) < 0 && errno != ENOENT)
		return fail(restore, restore->store_shm, strerror(errno));
	if (rename(restore->copy, restore->store) < 0)
		return fail(restore, restore->store, strerror(errno));
	if (fg_db_sync_dir(restore->dir) != FG_OK || unlink(restore->mark) < 0)
		return fail(restore, restore->mark, strerror(errno));
	return fg_db_sync_dir(restore->dir);
}

static enum fg_rc restore_locked(struct restore *restore, const char *backup_path)
{
	enum fg_rc rc = copy_backup(restore, backup_path);

	if (rc == FG_OK)
		rc = make_ready(restore);
	if (rc == FG_OK)
		rc = swap(restore);
	return rc;
}

enum fg_rc fg_store_restore(const char *backup_path, const char *dir)
{
	struct restore restore = { .dir = dir };
	void *ctx = talloc_named_const(NULL, 0, "restore");
	enum fg_rc rc = ctx && make_paths(ctx, &restore) ? FG_OK : FG_E_NO_MEMORY;
	int lock_fd = -1;

	if (rc == FG_OK)
		rc = fg_db_lock(dir, &lock_fd);
	if (rc == FG_OK)
		rc = restore_locked(&restore, backup_path);
	if (lock_fd >= 0)
		close(lock_fd);
	talloc_free(ctx);
	return rc;
}
