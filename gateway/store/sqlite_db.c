/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One SQLite connection: its settings, which are read back and not merely asked for, its schema, its statements.
 */
#include "gateway/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include <talloc.h>
#include "lib/base/log.h"

static const char schema_sql[] =
#include "gateway/store/schema-1.inc"
	;
static const char schema_2_sql[] =
#include "gateway/store/schema-2.inc"
	;

int fg_db_bind_args(sqlite3_stmt *stmt, const struct fg_db_arg *args, size_t count)
{
	int code = SQLITE_OK;

	for (size_t i = 0; i < count && code == SQLITE_OK; i++) {
		if (args[i].blob)
			code = sqlite3_bind_blob64(stmt, (int)i + 1, args[i].blob, args[i].len,
						   SQLITE_STATIC);
		else
			code = sqlite3_bind_int64(
				stmt, (int)i + 1,
				args[i].integer > INT64_MAX ? INT64_MAX : (int64_t)args[i].integer);
	}
	return code;
}

int fg_db_run(sqlite3_stmt *stmt)
{
	int code = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int fg_db_number(sqlite3 *handle, const char *sql, int64_t *value_out)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL);

	if (code != SQLITE_OK)
		return code;
	code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		*value_out = sqlite3_column_int64(stmt, 0);
		code = SQLITE_OK;
	} else if (code == SQLITE_DONE) {
		code = SQLITE_EMPTY;
	}
	sqlite3_finalize(stmt);
	return code;
}

enum fg_rc fg_db_rc(int code)
{
	return (code & 0xff) == SQLITE_FULL ? FG_E_STORE_FULL : FG_E_STORE_FATAL;
}

char *fg_db_path(void *ctx, const char *dir, const char *name)
{
	return talloc_asprintf(ctx, "%s/%s", dir, name);
}

static int exec(sqlite3 *handle, const char *sql)
{
	return sqlite3_exec(handle, sql, NULL, NULL, NULL);
}

static enum fg_rc log_failure(struct fg_db *db, const char *path, const char *what, int code)
{
	LOGP(DSTORE, LOGL_ERROR, "refuse store %s: %s: %s (%d)\n", path, what,
	     db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code), code);
	return fg_db_rc(code);
}

static enum fg_rc open_handle(struct fg_db *db, const char *path, int flags)
{
	int code = sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (code != SQLITE_OK)
		return log_failure(db, path, "cannot open", code);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, 5000); /* somebody looks at it with the sqlite3 shell */
	/* temp_store: undo records stay off the disk, which the role may not write outside its folder. */
	code = exec(db->handle,
		    "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
		    "PRAGMA trusted_schema=OFF;");
	return code == SQLITE_OK ? FG_OK : log_failure(db, path, "cannot set up", code);
}

static bool text_is(sqlite3 *handle, const char *sql, const char *expected)
{
	sqlite3_stmt *stmt = NULL;
	bool same = false;

	if (sqlite3_prepare_v2(handle, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);

		same = text && strcmp(text, expected) == 0;
	}
	sqlite3_finalize(stmt);
	return same;
}

static bool number_is(sqlite3 *handle, const char *sql, int64_t expected)
{
	int64_t value = -1;

	return fg_db_number(handle, sql, &value) == SQLITE_OK && value == expected;
}

/* Read back: a setting may be refused in silence, or the file may carry another one. */
static enum fg_rc check_settings(sqlite3 *handle, const char *path, bool unsafe)
{
	const char *wrong = NULL;

	if (!text_is(handle, "PRAGMA journal_mode", "wal"))
		wrong = "journal_mode is not WAL";
	else if (!unsafe && !number_is(handle, "PRAGMA synchronous", 2))
		wrong = "synchronous is not FULL";
	else if (!number_is(handle, "PRAGMA fullfsync", 1) ||
		 !number_is(handle, "PRAGMA checkpoint_fullfsync", 1))
		wrong = "fullfsync is off";
	else if (!number_is(handle, "PRAGMA ignore_check_constraints", 0))
		wrong = "check constraints are ignored";
	if (unsafe)
		LOGP(DSTORE, LOGL_NOTICE,
		     "open store %s: unsafe: a power cut may lose accepted messages\n", path);
	if (!wrong)
		return FG_OK;
	LOGP(DSTORE, unsafe ? LOGL_NOTICE : LOGL_ERROR, "%s store %s: %s\n",
	     unsafe ? "open" : "refuse", path, wrong);
	return unsafe ? FG_OK : FG_E_STORE_UNSAFE;
}

static enum fg_rc make_schema(struct fg_db *db, const char *path)
{
	char numbers[96];
	int code = exec(db->handle, "PRAGMA journal_mode=WAL");

	if (code == SQLITE_OK)
		code = exec(db->handle, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		code = exec(db->handle, schema_sql);
	if (code == SQLITE_OK)
		code = exec(db->handle, schema_2_sql);
	snprintf(numbers, sizeof(numbers),
		 "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", FG_DB_APPLICATION,
		 FG_STORE_SCHEMA);
	if (code == SQLITE_OK)
		code = exec(db->handle, numbers);
	return code == SQLITE_OK ? FG_OK : log_failure(db, path, "cannot make the schema", code);
}

/* From version 1: nothing of it changes, so that it is one small transaction whatever the store holds. */
static enum fg_rc migrate(struct fg_db *db, const char *path)
{
	char sql[96];
	int code = exec(db->handle, "BEGIN IMMEDIATE");

	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d; COMMIT", FG_STORE_SCHEMA);
	if (code == SQLITE_OK)
		code = exec(db->handle, schema_2_sql);
	if (code == SQLITE_OK)
		code = exec(db->handle, sql);
	if (code != SQLITE_OK)
		return log_failure(db, path, "cannot migrate the schema", code);
	LOGP(DSTORE, LOGL_NOTICE, "migrate store %s: schema version 1 became %d\n", path,
	     FG_STORE_SCHEMA);
	return FG_OK;
}

/* A new file gets the schema; one of the version before is migrated; any other has to carry exactly ours. */
static enum fg_rc check_schema(struct fg_db *db, const char *path)
{
	int64_t tables = 0, application = 0, version = 0;
	int code = fg_db_number(db->handle, "SELECT count(*) FROM sqlite_schema", &tables);

	if (code == SQLITE_OK)
		code = fg_db_number(db->handle, "PRAGMA application_id", &application);
	if (code == SQLITE_OK)
		code = fg_db_number(db->handle, "PRAGMA user_version", &version);
	if (code != SQLITE_OK)
		return log_failure(db, path, "cannot read the schema", code);
	if (tables == 0 && application == 0 && version == 0)
		return make_schema(db, path);
	if (application == FG_DB_APPLICATION && version == FG_STORE_SCHEMA)
		return FG_OK;
	if (application == FG_DB_APPLICATION && version == 1)
		return migrate(db, path);
	LOGP(DSTORE, LOGL_ERROR,
	     "refuse store %s: schema version %lld of application %#llx, this program needs "
	     "version %d of %#x\n",
	     path, (long long)version, (unsigned long long)application, FG_STORE_SCHEMA,
	     (unsigned)FG_DB_APPLICATION);
	return FG_E_STORE_SCHEMA;
}

bool fg_db_touch(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && close(fd) == 0;
}

enum fg_rc fg_db_open_writer(struct fg_db *db, const char *path, bool unsafe)
{
	enum fg_rc rc;
	int code;

	if (!fg_db_touch(path)) {
		LOGP(DSTORE, LOGL_ERROR, "refuse store %s: %s\n", path, strerror(errno));
		return FG_E_SYSTEM;
	}
	rc = open_handle(db, path, SQLITE_OPEN_READWRITE);
	if (rc != FG_OK)
		return rc;
	/* Checkpoints are run by hand, at 1000 frames as by default, since SQLite keeps the errors of its own to itself. */
	code = exec(db->handle, unsafe ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");
	if (code == SQLITE_OK)
		code = exec(db->handle,
			    "PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON; PRAGMA "
			    "wal_autocheckpoint=0;"
			    "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-32768;");
	if (code != SQLITE_OK)
		return log_failure(db, path, "cannot set up", code);
	rc = check_schema(db, path);
	return rc == FG_OK ? check_settings(db->handle, path, unsafe) : rc;
}

enum fg_rc fg_db_open_reader(struct fg_db *db, const char *path)
{
	return open_handle(db, path, SQLITE_OPEN_READONLY);
}

enum fg_rc fg_db_prepare(void *ctx, struct fg_db *db, const char *const *sql, size_t count)
{
	db->statements = talloc_zero_array(ctx, sqlite3_stmt *, (unsigned)count);
	if (!db->statements)
		return FG_E_NO_MEMORY;
	db->count = count;
	for (size_t i = 0; i < count; i++) {
		int code = sqlite3_prepare_v3(db->handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
					      &db->statements[i], NULL);

		if (code != SQLITE_OK)
			return log_failure(db, sqlite3_db_filename(db->handle, "main"), sql[i],
					   code);
	}
	return FG_OK;
}

void fg_db_close(struct fg_db *db)
{
	for (size_t i = 0; i < db->count; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	talloc_free(db->statements);
	*db = (struct fg_db){ 0 };
}

enum fg_rc fg_db_sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed = fd < 0 || fsync(fd) < 0;

	if (fd >= 0)
		close(fd);
	return failed ? FG_E_SYSTEM : FG_OK;
}

enum fg_rc fg_db_lock(const char *dir, int *fd_out)
{
	char *path = fg_db_path(NULL, dir, "store.lock");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	struct statfs fs;

	talloc_free(path);
	if (fd < 0) {
		LOGP(DSTORE, LOGL_ERROR, "refuse store %s: cannot write in the folder: %s\n", dir,
		     strerror(errno));
		return FG_E_SYSTEM;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		LOGP(DSTORE, LOGL_ERROR, "refuse store %s: %s\n", dir,
		     errno == EWOULDBLOCK ? "another process has it open" : strerror(errno));
		close(fd);
		return FG_E_SYSTEM;
	}
	if (fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
		LOGP(DSTORE, LOGL_NOTICE,
		     "open store %s: on tmpfs, it is lost when the host restarts\n", dir);
	*fd_out = fd;
	return FG_OK;
}
