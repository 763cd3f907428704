/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/store/faults.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

/* SQLite gives its callbacks no argument of ours, so this is a global. The commit thread reads it. */
static struct {
	sqlite3_vfs *real;
	sqlite3_vfs vfs;
	struct kind {
		const sqlite3_io_methods *real; /* NULL: no such file was opened yet */
		sqlite3_io_methods methods;
		atomic_int syncs_left;
	} wal, main;
} shim;

static int sync_while_left(struct kind *kind, sqlite3_file *file, int flags)
{
	if (atomic_load(&kind->syncs_left) == 0)
		return SQLITE_IOERR_FSYNC;
	if (atomic_load(&kind->syncs_left) > 0)
		atomic_fetch_sub(&kind->syncs_left, 1);
	return kind->real->xSync(file, flags);
}

static int sync_wal(sqlite3_file *file, int flags)
{
	return sync_while_left(&shim.wal, file, flags);
}

static int sync_main(sqlite3_file *file, int flags)
{
	return sync_while_left(&shim.main, file, flags);
}

/* The methods of a kind differ (a WAL takes no locks), those of two files of one kind do not. */
static void take_over(struct kind *kind, sqlite3_file *file, int (*sync)(sqlite3_file *, int))
{
	if (!kind->real) {
		kind->real = file->pMethods;
		kind->methods = *file->pMethods;
		kind->methods.xSync = sync;
	}
	file->pMethods = &kind->methods;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		     int *flags_out)
{
	int code = shim.real->xOpen(shim.real, name, file, flags, flags_out);

	(void)vfs;
	if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL))
		take_over(&shim.wal, file, sync_wal);
	else if (code == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB))
		take_over(&shim.main, file, sync_main);
	return code;
}

void store_faults_begin(void)
{
	shim.real = sqlite3_vfs_find(NULL);
	shim.vfs = *shim.real;
	shim.vfs.zName = "faults";
	shim.vfs.xOpen = open_file;
	store_faults_set((struct store_faults){ -1, -1 });
	sqlite3_vfs_register(&shim.vfs, 1);
}

void store_faults_set(struct store_faults faults)
{
	atomic_store(&shim.wal.syncs_left, faults.wal_syncs_left);
	atomic_store(&shim.main.syncs_left, faults.main_syncs_left);
}

void store_faults_end(void)
{
	sqlite3_vfs_unregister(&shim.vfs);
	sqlite3_vfs_register(shim.real, 1);
}
