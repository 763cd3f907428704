/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The embedded engine, seen from the loop: admits submits, delivers completions, runs reads on the turn after they were asked for.
 * Survives kill -9 and a power cut, not the loss of its disk. The threads are described in sqlite.h.
 */
#include "gateway/store/sqlite.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/statvfs.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/base/loop.h"

enum {
	OP_COST_BYTES =
		128, /* what an op is charged beside its bytes, so that ops without a body are bounded too */
	READS_MAX = 65536,                  /* asked and not yet run */
	DISK_CHECK_MS = 200,                /* statvfs at most so often, */
	DISK_CHECK_BYTES = 4 * 1024 * 1024, /* but after so many bytes in any case */
};

struct fg_sqlite {
	struct fg_loop *loop;
	struct fg_commit commit;
	struct fg_db reader;
	char *dir;
	int lock_fd;
	int completion_fd;
	struct event *completions;
	struct event *reads_due;
	struct fg_read *reads;
	struct fg_read **reads_tail;
	size_t reads_count;
	size_t outstanding_bytes, outstanding_max;
	bool backup_runs;
	bool fatal;
	bool closing;
	/* The disk. */
	bool full;
	uint64_t free_bytes, disk_free_bytes;
	uint64_t disk_checked_ms;
	size_t bytes_since_check;
};

/* ---- the disk ---- */

/* The file never shrinks: pages that deletes left behind take new messages before the disk has to. */
static uint64_t reusable_bytes(struct fg_sqlite *store)
{
	int64_t pages = 0, page_bytes = 0;

	if (fg_db_number(store->reader.handle, "PRAGMA freelist_count", &pages) != SQLITE_OK ||
	    fg_db_number(store->reader.handle, "PRAGMA page_size", &page_bytes) != SQLITE_OK)
		return 0;
	return (uint64_t)pages * (uint64_t)page_bytes;
}

/* A quarter of the reserve has to be really free: the WAL grows there. */
static bool disk_is_full(struct fg_sqlite *store)
{
	if (store->free_bytes >= store->disk_free_bytes)
		return false;
	return store->free_bytes < store->disk_free_bytes / 4 ||
	       reusable_bytes(store) < store->disk_free_bytes - store->free_bytes;
}

static void check_disk(struct fg_sqlite *store)
{
	uint64_t now_ms = fg_clock_mono_ms(fg_loop_clock(store->loop));
	struct statvfs fs;
	bool was_full = store->full;

	if (now_ms - store->disk_checked_ms < DISK_CHECK_MS &&
	    store->bytes_since_check < DISK_CHECK_BYTES)
		return;
	store->disk_checked_ms = now_ms;
	store->bytes_since_check = 0;
	if (statvfs(store->dir, &fs) < 0)
		return;
	store->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	store->full = disk_is_full(store);
	if (store->full != was_full)
		LOGP(DSTORE, store->full ? LOGL_ERROR : LOGL_NOTICE,
		     "%s new messages: %llu MiB free on the disk of %s\n",
		     store->full ? "refuse" : "take", (unsigned long long)(store->free_bytes >> 20),
		     store->dir);
}

/* ---- completions ---- */

static void note_outcome(struct fg_sqlite *store, const struct fg_request *request)
{
	if (request->backup_path) {
		store->backup_runs = false;
		return;
	}
	store->outstanding_bytes -= request->cost_bytes;
	if (request->rc == FG_E_STORE_FULL && !store->full) {
		store->full = true;
		LOGP(DSTORE, LOGL_ERROR, "refuse new messages: the disk of %s is full\n",
		     store->dir);
	}
	if (request->rc == FG_E_STORE_FATAL && !store->fatal) {
		store->fatal = true;
		pthread_mutex_lock(&store->commit.lock);
		LOGP(DSTORE, LOGL_ERROR, "stop store %s: %s\n", store->dir, store->commit.why);
		pthread_mutex_unlock(&store->commit.lock);
	}
}

static void deliver(struct fg_sqlite *store)
{
	struct fg_request_list finished;

	fg_commit_take(&store->commit, &finished);
	/* All of them first: a callback that asks again finds the room. */
	for (struct fg_request *request = finished.head; request; request = request->next)
		note_outcome(store, request);
	while (finished.head) {
		struct fg_request *request = finished.head;

		finished.head = request->next;
		if (request->done)
			request->done(request->rc, request->ops, request->count, request->arg);
		talloc_free(request);
	}
}

static void completions_cb(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		LOGP(DSTORE, LOGL_ERROR, "fail eventfd: %s\n", strerror(errno));
	deliver(arg);
}

static struct fg_request *request_new(struct fg_sqlite *store, fg_store_done_cb done, void *arg)
{
	struct fg_request *request = talloc_zero(store, struct fg_request);

	if (!request)
		return NULL;
	request->done = done;
	request->arg = arg;
	return request;
}

static enum fg_rc sqlite_submit(void *engine, unsigned part, unsigned flags,
				struct fg_store_op *ops, size_t count, fg_store_done_cb done,
				void *arg)
{
	struct fg_sqlite *store = engine;
	struct fg_request *request;
	size_t cost = 0;

	for (size_t i = 0; i < count; i++)
		cost += OP_COST_BYTES + ops[i].body.len + ops[i].key.len + ops[i].record.len;
	if (store->fatal)
		return FG_E_STORE_FATAL;
	if (store->closing)
		return FG_E_CLOSED;
	check_disk(store);
	if (store->full && (flags & FG_STORE_NEW))
		return FG_E_STORE_FULL;
	if (cost > store->outstanding_max - store->outstanding_bytes)
		return FG_E_STORE_BUSY;
	request = request_new(store, done, arg);
	if (!request)
		return FG_E_NO_MEMORY;
	request->part = part;
	request->flags = flags;
	request->ops = ops;
	request->count = count;
	request->cost_bytes = cost;
	store->outstanding_bytes += cost;
	store->bytes_since_check += cost;
	fg_commit_add(&store->commit, request);
	return FG_OK;
}

static enum fg_rc sqlite_backup(void *engine, const char *path, fg_store_done_cb done, void *arg)
{
	struct fg_sqlite *store = engine;
	struct fg_request *request;

	if (store->fatal)
		return FG_E_STORE_FATAL;
	if (store->closing)
		return FG_E_CLOSED;
	if (store->backup_runs)
		return FG_E_STORE_BUSY;
	request = request_new(store, done, arg);
	if (request)
		request->backup_path = talloc_strdup(request, path);
	if (!request || !request->backup_path) {
		talloc_free(request);
		return FG_E_NO_MEMORY;
	}
	store->backup_runs = true;
	fg_commit_add(&store->commit, request);
	return FG_OK;
}

/* ---- reads ---- */

/* Those that waited when the turn began; what their callbacks ask for waits for the next. */
static void run_reads(struct fg_sqlite *store)
{
	struct fg_read *read = store->reads;

	store->reads = NULL;
	store->reads_tail = &store->reads;
	while (read) {
		struct fg_read *next = read->next;

		store->reads_count--;
		if (store->fatal)
			read->rows(FG_E_STORE_FATAL, NULL, 0, read->arg);
		else
			fg_read_run(&store->reader, read);
		talloc_free(read);
		read = next;
	}
}

static void reads_cb(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_reads(arg);
}

static enum fg_rc read_new(struct fg_sqlite *store, fg_store_rows_cb rows, void *arg,
			   struct fg_read **read_out)
{
	struct fg_read *read;

	if (store->fatal)
		return FG_E_STORE_FATAL;
	if (store->closing)
		return FG_E_CLOSED;
	if (store->reads_count >= READS_MAX)
		return FG_E_STORE_BUSY;
	read = talloc_zero(store, struct fg_read);
	if (!read)
		return FG_E_NO_MEMORY;
	read->rows = rows;
	read->arg = arg;
	*read_out = read;
	return FG_OK;
}

static void read_queue(struct fg_sqlite *store, struct fg_read *read)
{
	*store->reads_tail = read;
	store->reads_tail = &read->next;
	store->reads_count++;
	event_active(store->reads_due, 0, 0);
}

static bool copy_keys(struct fg_read *read, const struct fg_store_key *keys, size_t count)
{
	read->keys = talloc_memdup(read, keys, count * sizeof(*keys));
	if (!read->keys)
		return false;
	read->count = count;
	for (size_t i = 0; i < count; i++) {
		if (keys[i].key.len == 0)
			continue;
		read->keys[i].key.data = talloc_memdup(read, keys[i].key.data, keys[i].key.len);
		if (!read->keys[i].key.data)
			return false;
	}
	return true;
}

static enum fg_rc sqlite_get(void *engine, const struct fg_store_key *keys, size_t count,
			     fg_store_rows_cb rows, void *arg)
{
	struct fg_sqlite *store = engine;
	struct fg_read *read;
	enum fg_rc rc = read_new(store, rows, arg, &read);

	if (rc != FG_OK)
		return rc;
	read->what = FG_READ_GET;
	if (!copy_keys(read, keys, count)) {
		talloc_free(read);
		return FG_E_NO_MEMORY;
	}
	read_queue(store, read);
	return FG_OK;
}

static enum fg_rc sqlite_fetch(void *engine, const uint8_t *device, uint64_t after_seq,
			       size_t limit, fg_store_rows_cb rows, void *arg)
{
	struct fg_sqlite *store = engine;
	struct fg_read *read;
	enum fg_rc rc = read_new(store, rows, arg, &read);

	if (rc != FG_OK)
		return rc;
	read->what = FG_READ_FETCH;
	memcpy(read->device, device, FG_STORE_DEVICE_LEN);
	read->after_seq = after_seq;
	read->limit = limit;
	read_queue(store, read);
	return FG_OK;
}

static enum fg_rc sqlite_sweep(void *engine, enum fg_store_sweep_what what, uint64_t now_ms,
			       size_t limit, fg_store_rows_cb rows, void *arg)
{
	struct fg_sqlite *store = engine;
	struct fg_read *read;
	enum fg_rc rc = read_new(store, rows, arg, &read);

	if (rc != FG_OK)
		return rc;
	read->what = FG_READ_SWEEP;
	read->sweep = what;
	read->now_ms = now_ms;
	read->limit = limit;
	read_queue(store, read);
	return FG_OK;
}

static void sqlite_health(void *engine, struct fg_store_health *health_out)
{
	struct fg_sqlite *store = engine;
	struct fg_commit *commit = &store->commit;

	check_disk(store);
	*health_out = (struct fg_store_health){
		.full = store->full,
		.free_bytes = store->free_bytes,
		.outstanding_bytes = store->outstanding_bytes,
	};
	pthread_mutex_lock(&commit->lock);
	memcpy(health_out->jobs, commit->counts.jobs, sizeof(health_out->jobs));
	health_out->queued_items = commit->counts.queued_items;
	health_out->relays = commit->counts.relays;
	health_out->commits = commit->commits;
	health_out->ops = commit->ops_done;
	pthread_mutex_unlock(&commit->lock);
}

/* ---- open and close ---- */

static int sqlite_destroy(struct fg_sqlite *store)
{
	/* A process that leaves without closing it: closed under a transaction, SQLite would fold half of it into the file. */
	fg_commit_stop(&store->commit);
	if (store->completions)
		event_free(store->completions);
	if (store->reads_due)
		event_free(store->reads_due);
	fg_db_close(
		&store->reader); /* before the writer, which folds the WAL in when it is the last */
	fg_db_close(&store->commit.ops.db);
	if (store->completion_fd >= 0)
		close(store->completion_fd);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	return 0;
}

static enum fg_rc open_files(struct fg_sqlite *store, bool unsafe)
{
	char *path = fg_db_path(store, store->dir, "store.db");
	char *mark = fg_db_path(store, store->dir, "store.restoring");
	enum fg_rc rc;

	if (!path || !mark)
		return FG_E_NO_MEMORY;
	rc = fg_db_lock(store->dir, &store->lock_fd);
	if (rc != FG_OK)
		return rc;
	if (access(mark, F_OK) == 0) {
		LOGP(DSTORE, LOGL_ERROR, "refuse store %s: a restore was cut short; run it again\n",
		     store->dir);
		return FG_E_STORE_FATAL;
	}
	rc = fg_db_open_writer(&store->commit.ops.db, path, unsafe);
	if (rc == FG_OK)
		rc = fg_db_sync_dir(store->dir);
	if (rc == FG_OK)
		rc = fg_read_open(store, &store->reader, path);
	return rc == FG_OK ? fg_ops_open(store, &store->commit.ops) : rc;
}

static enum fg_rc start(struct fg_sqlite *store)
{
	struct event_base *base = fg_loop_base(store->loop);

	store->completion_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (store->completion_fd < 0)
		return FG_E_SYSTEM;
	store->completions =
		event_new(base, store->completion_fd, EV_READ | EV_PERSIST, completions_cb, store);
	store->reads_due = event_new(base, -1, 0, reads_cb, store);
	if (!store->completions || !store->reads_due || event_add(store->completions, NULL) < 0)
		return FG_E_SYSTEM;
	return fg_commit_start(&store->commit, store->completion_fd);
}

static enum fg_rc sqlite_open(void *ctx, struct fg_loop *loop, const struct fg_store_conf *conf,
			      void **engine_out)
{
	struct fg_sqlite *store;
	enum fg_rc rc;

	if (!sqlite3_threadsafe()) {
		LOGP(DSTORE, LOGL_ERROR, "refuse store %s: this SQLite was built without threads\n",
		     conf->dir);
		return FG_E_STORE_UNSAFE;
	}
	store = talloc_zero(ctx, struct fg_sqlite);
	if (!store)
		return FG_E_NO_MEMORY;
	store->loop = loop;
	store->lock_fd = -1;
	store->completion_fd = -1;
	store->reads_tail = &store->reads;
	store->outstanding_max = conf->outstanding_bytes;
	store->disk_free_bytes = conf->disk_free_bytes;
	store->bytes_since_check = DISK_CHECK_BYTES;
	store->commit.ops.queue_items_max = conf->queue_items_max;
	store->commit.ops.queue_bytes_max = conf->queue_bytes_max;
	store->dir = talloc_strdup(store, conf->dir);
	talloc_set_destructor(store, sqlite_destroy);
	rc = store->dir ? open_files(store, conf->unsafe) : FG_E_NO_MEMORY;
	if (rc == FG_OK)
		rc = start(store);
	if (rc != FG_OK) {
		talloc_free(store);
		return rc;
	}
	check_disk(store);
	*engine_out = store;
	return FG_OK;
}

static void sqlite_limits(void *engine, const struct fg_store_conf *conf)
{
	struct fg_sqlite *store = engine;

	/* what waits already may be more than the new bound: there is no room then, rather than very much */
	store->outstanding_max = conf->outstanding_bytes > store->outstanding_bytes
					 ? conf->outstanding_bytes
					 : store->outstanding_bytes;
	store->disk_free_bytes = conf->disk_free_bytes;
	store->commit.ops.queue_items_max = conf->queue_items_max;
	store->commit.ops.queue_bytes_max = conf->queue_bytes_max;
	store->bytes_since_check = DISK_CHECK_BYTES; /* at once */
	check_disk(store);
}

static void sqlite_close(void *engine)
{
	struct fg_sqlite *store = engine;

	store->closing = true;
	fg_commit_stop(&store->commit);
	deliver(store);
	run_reads(store);
	talloc_free(store);
}

const struct fg_store_engine fg_store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.submit = sqlite_submit,
	.get = sqlite_get,
	.fetch = sqlite_fetch,
	.sweep = sqlite_sweep,
	.health = sqlite_health,
	.limits = sqlite_limits,
	.backup = sqlite_backup,
	.close = sqlite_close,
};
