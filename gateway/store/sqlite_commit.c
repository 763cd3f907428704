/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commit thread: takes everything that waits, makes one transaction of it, reports, checkpoints; copies a page or two of a
 * backup in between. It logs nothing (libosmocore's log belongs to the loop thread) and allocates nothing by talloc.
 */
#include "gateway/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One transaction takes at most this; measured: beyond it only latency grows. */
enum { BATCH_OPS_MAX = 4096, BATCH_BYTES_MAX = 2 * 1024 * 1024 };
enum { CHECKPOINT_FRAMES = 1000 /* SQLite's default */, BACKUP_STEP_PAGES = 64 };

void fg_request_list_init(struct fg_request_list *list)
{
	list->head = NULL;
	list->tail = &list->head;
}

void fg_request_list_add(struct fg_request_list *list, struct fg_request *request)
{
	request->next = NULL;
	*list->tail = request;
	list->tail = &request->next;
}

void fg_request_list_join(struct fg_request_list *list, struct fg_request_list *more)
{
	if (!more->head)
		return;
	*list->tail = more->head;
	list->tail = more->tail;
	fg_request_list_init(more);
}

/* ---- the thread ---- */

static int note_wal(void *arg, sqlite3 *handle, const char *name, int frames)
{
	struct fg_commit *commit = arg;

	(void)handle;
	(void)name;
	commit->wal_frames = frames;
	return SQLITE_OK;
}

/* From here on nothing is trusted: not even the checkpoint that closing would make, since pages may be lost that the kernel calls
 * clean after a failed fsync. */
static void become_fatal(struct fg_commit *commit, const char *during, int code)
{
	commit->fatal = true;
	sqlite3_db_config(commit->ops.db.handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	pthread_mutex_lock(&commit->lock);
	snprintf(commit->why, sizeof(commit->why), "%s: %s (%d)", during,
		 sqlite3_errmsg(commit->ops.db.handle), code);
	pthread_mutex_unlock(&commit->lock);
}

/* What waits, as far as one transaction goes; at least one submit. Under lock. */
static void take_batch(struct fg_commit *commit, struct fg_request_list *batch)
{
	size_t ops = 0, bytes = 0;
	struct fg_request *request;

	while ((request = commit->waiting.head)) {
		if (batch->head && (ops + request->count > BATCH_OPS_MAX ||
				    bytes + request->cost_bytes > BATCH_BYTES_MAX))
			break;
		commit->waiting.head = request->next;
		if (!commit->waiting.head)
			commit->waiting.tail = &commit->waiting.head;
		ops += request->count;
		bytes += request->cost_bytes;
		fg_request_list_add(batch, request);
	}
}

static enum fg_rc run_submits(struct fg_commit *commit, struct fg_request_list *batch,
			      bool spare_new)
{
	for (struct fg_request *request = batch->head; request; request = request->next) {
		if (spare_new && (request->flags & FG_STORE_NEW)) {
			request->rc = FG_E_STORE_FULL;
			continue;
		}
		request->rc =
			fg_ops_submit(&commit->ops, request->part, request->ops, request->count);
		if (request->rc != FG_OK && request->rc != FG_E_CONFLICT)
			return request->rc;
	}
	return FG_OK;
}

static enum fg_rc transact(struct fg_commit *commit, struct fg_request_list *batch, bool spare_new)
{
	const struct fg_store_counts before = commit->ops.counts;
	int code = fg_ops_begin(&commit->ops);
	enum fg_rc rc = code == SQLITE_OK ? FG_OK : fg_db_rc(code);

	if (rc == FG_OK) {
		rc = run_submits(commit, batch, spare_new);
		code = commit->ops.code;
	}
	if (rc == FG_OK) {
		code = fg_ops_commit(&commit->ops);
		rc = code == SQLITE_OK ? FG_OK : fg_db_rc(code);
	}
	if (rc == FG_OK)
		return FG_OK;
	if (rc == FG_E_STORE_FATAL)
		become_fatal(commit, "commit", code);
	fg_ops_rollback(&commit->ops, &before);
	return rc;
}

static void fail_all(struct fg_request_list *batch, enum fg_rc rc)
{
	for (struct fg_request *request = batch->head; request; request = request->next)
		request->rc = rc;
}

/* A full disk: once more without the new messages, so that acknowledgements and deletes pass as long as they can. */
static void run_batch(struct fg_commit *commit, struct fg_request_list *batch)
{
	enum fg_rc rc = commit->fatal ? FG_E_STORE_FATAL : transact(commit, batch, false);

	if (rc == FG_E_STORE_FULL)
		rc = transact(commit, batch, true);
	if (rc != FG_OK)
		fail_all(batch, rc);
}

static void report(struct fg_commit *commit, struct fg_request_list *batch)
{
	const uint64_t one = 1;
	ssize_t written;

	pthread_mutex_lock(&commit->lock);
	for (struct fg_request *request = batch->head; request; request = request->next)
		commit->ops_done += request->rc == FG_OK ? request->count : 0;
	commit->commits++;
	commit->counts = commit->ops.counts;
	fg_request_list_join(&commit->finished, batch);
	pthread_mutex_unlock(&commit->lock);
	do
		written = write(commit->completion_fd, &one, sizeof(one));
	while (written < 0 && errno == EINTR);
}

/* After the report, so that nobody waits for it. A full disk only leaves the WAL longer. */
static void checkpoint(struct fg_commit *commit)
{
	int code;

	if (commit->fatal || commit->wal_frames < CHECKPOINT_FRAMES)
		return;
	commit->wal_frames = 0;
	code = sqlite3_wal_checkpoint_v2(commit->ops.db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
					 NULL, NULL);
	if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED ||
	    (code & 0xff) == SQLITE_FULL)
		return;
	become_fatal(commit, "checkpoint", code);
}

/* ---- backup ---- */

static int backup_begin(struct fg_commit *commit, struct fg_request *request)
{
	struct fg_backup *backup = &commit->backup;
	int code;

	backup->request = request;
	backup->tmp_path = sqlite3_mprintf("%s.tmp", request->backup_path);
	if (!backup->tmp_path)
		return SQLITE_NOMEM;
	if ((unlink(backup->tmp_path) < 0 && errno != ENOENT) || !fg_db_touch(backup->tmp_path))
		return SQLITE_CANTOPEN;
	code = sqlite3_open_v2(backup->tmp_path, &backup->target,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	/* It is of no use before it is whole: one fsync at its end is enough. */
	if (code == SQLITE_OK)
		code = sqlite3_exec(backup->target,
				    "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", NULL, NULL,
				    NULL);
	if (code != SQLITE_OK)
		return code;
	backup->copy = sqlite3_backup_init(backup->target, "main", commit->ops.db.handle, "main");
	return backup->copy ? SQLITE_OK : sqlite3_errcode(backup->target);
}

static bool make_durable(const char *tmp_path, const char *path)
{
	char *dir = sqlite3_mprintf("%s", path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int fd = open(tmp_path, O_RDONLY | O_CLOEXEC);
	bool done = dir && fd >= 0 && fsync(fd) == 0 && rename(tmp_path, path) == 0;

	if (fd >= 0)
		close(fd);
	if (slash)
		slash[slash == dir] = 0;
	done = done && fg_db_sync_dir(slash ? dir : ".") == FG_OK;
	sqlite3_free(dir);
	return done;
}

static void backup_end(struct fg_commit *commit, int code)
{
	struct fg_backup *backup = &commit->backup;
	struct fg_request *request = backup->request;
	struct fg_request_list list;
	int finished = sqlite3_backup_finish(backup->copy);
	int closed = sqlite3_close(backup->target);

	if (code == SQLITE_DONE && finished == SQLITE_OK && closed == SQLITE_OK)
		request->rc =
			make_durable(backup->tmp_path, request->backup_path) ? FG_OK : FG_E_SYSTEM;
	else
		request->rc = (code & 0xff) == SQLITE_FULL ? FG_E_STORE_FULL : FG_E_SYSTEM;
	if (request->rc != FG_OK && backup->tmp_path)
		unlink(backup->tmp_path);
	sqlite3_free(backup->tmp_path);
	*backup = (struct fg_backup){ 0 };
	fg_request_list_init(&list);
	fg_request_list_add(&list, request);
	report(commit, &list);
}

/* A few pages. The copy follows what this connection writes in the meantime. */
static void backup_step(struct fg_commit *commit)
{
	int code = commit->fatal ? SQLITE_IOERR
				 : sqlite3_backup_step(commit->backup.copy, BACKUP_STEP_PAGES);

	if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED)
		backup_end(commit, code);
}

/* ---- the thread's loop ---- */

/* Wait for work. False: nothing is left and the thread shall end. */
static bool wait_for_work(struct fg_commit *commit, struct fg_request_list *batch,
			  struct fg_request **backup_out)
{
	bool go_on;

	pthread_mutex_lock(&commit->lock);
	while (!commit->waiting.head && !commit->backup_waiting && !commit->backup.request &&
	       !commit->stop)
		pthread_cond_wait(&commit->wake, &commit->lock);
	take_batch(commit, batch);
	*backup_out = commit->backup_waiting;
	commit->backup_waiting = NULL;
	go_on = batch->head || *backup_out || commit->backup.request;
	pthread_mutex_unlock(&commit->lock);
	return go_on;
}

static void *run(void *arg)
{
	struct fg_commit *commit = arg;
	struct fg_request_list batch;
	struct fg_request *backup;

	fg_request_list_init(&batch);
	while (wait_for_work(commit, &batch, &backup)) {
		if (batch.head) {
			run_batch(commit, &batch);
			report(commit, &batch);
			checkpoint(commit);
		}
		if (backup) {
			int code = backup_begin(commit, backup);

			if (code != SQLITE_OK)
				backup_end(commit, code);
		}
		if (commit->backup.request)
			backup_step(commit);
	}
	return NULL;
}

/* ---- called by the loop thread ---- */

enum fg_rc fg_commit_start(struct fg_commit *commit, int completion_fd)
{
	sigset_t all, before;
	int failed;

	commit->completion_fd = completion_fd;
	commit->counts = commit->ops.counts;
	fg_request_list_init(&commit->waiting);
	fg_request_list_init(&commit->finished);
	sqlite3_wal_hook(commit->ops.db.handle, note_wal, commit);
	pthread_mutex_init(&commit->lock, NULL);
	pthread_cond_init(&commit->wake, NULL);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&commit->thread, NULL, run, commit);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	commit->running = !failed;
	return failed ? FG_E_SYSTEM : FG_OK;
}

void fg_commit_add(struct fg_commit *commit, struct fg_request *request)
{
	pthread_mutex_lock(&commit->lock);
	if (request->backup_path)
		commit->backup_waiting = request;
	else
		fg_request_list_add(&commit->waiting, request);
	pthread_cond_signal(&commit->wake);
	pthread_mutex_unlock(&commit->lock);
}

void fg_commit_take(struct fg_commit *commit, struct fg_request_list *finished_out)
{
	pthread_mutex_lock(&commit->lock);
	fg_request_list_init(finished_out);
	fg_request_list_join(finished_out, &commit->finished);
	pthread_mutex_unlock(&commit->lock);
}

void fg_commit_stop(struct fg_commit *commit)
{
	if (!commit->running)
		return;
	commit->running = false;
	pthread_mutex_lock(&commit->lock);
	commit->stop = true;
	pthread_cond_signal(&commit->wake);
	pthread_mutex_unlock(&commit->lock);
	pthread_join(commit->thread, NULL);
}
