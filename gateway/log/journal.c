/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>
#include "lib/base/cursor.h"
#include "lib/base/fault.h"
#include "lib/base/log.h"
#include "lib/crypto/crypto.h"

enum {
	SUM_LEN = 8,
	HEADER_LEN = 4 + SUM_LEN,
	/* Measured: docs/decisions/0026-journals-written-ahead.md. */
	AHEAD_LEN = 256 * 1024, /* zeros that the next records find, at least */
	PIECE_LEN = 32 * 1024,
	WAITING_KEPT = 1024 * 1024 /* of the memory that records gather in */
};

struct fg_journal {
	char *path;
	char *open_path; /* where the file is until fg_journal_replace() */
	int fd;
	uint64_t size; /* durable bytes of records */
	uint64_t end;  /* of the file: zeros from size on */
	bool full;     /* the disk had no room for zeros */
	uint8_t *waiting;
	size_t waiting_len;
};

static int journal_close(struct fg_journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	return 0;
}

static struct fg_journal *journal_new(void *ctx, const char *path, const char *suffix, int flags)
{
	struct fg_journal *journal = talloc_zero(ctx, struct fg_journal);

	if (!journal)
		return NULL;
	journal->fd = -1;
	talloc_set_destructor(journal, journal_close);
	journal->path = talloc_strdup(journal, path);
	journal->open_path = talloc_asprintf(journal, "%s%s", path, suffix);
	if (journal->path && journal->open_path)
		journal->fd = open(journal->open_path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
	if (journal->fd < 0)
		TALLOC_FREE(journal);
	return journal;
}

static enum fg_rc read_all(int fd, uint64_t offset, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, out, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FG_E_LOG_IO;
		out += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return FG_OK;
}

/* The record at journal->size into *payload_out (talloc); FG_E_TRUNCATED when what is there is not whole. */
static enum fg_rc read_record(struct fg_journal *journal, uint64_t file_size, uint8_t **payload_out,
			      size_t *len_out)
{
	uint8_t header[HEADER_LEN], *payload;
	struct fg_cursor cur;
	struct fg_hash sum;
	uint32_t len;

	if (file_size - journal->size < HEADER_LEN)
		return FG_E_TRUNCATED;
	if (read_all(journal->fd, journal->size, header, HEADER_LEN) != FG_OK)
		return FG_E_LOG_IO;
	fg_cursor_init(&cur, header, HEADER_LEN);
	len = fg_cursor_u32(&cur);
	if (len == 0 || len > FG_JOURNAL_RECORD_MAX || file_size - journal->size - HEADER_LEN < len)
		return FG_E_TRUNCATED;
	payload = talloc_size(journal, len);
	if (!payload)
		return FG_E_NO_MEMORY;
	if (read_all(journal->fd, journal->size + HEADER_LEN, payload, len) != FG_OK) {
		talloc_free(payload);
		return FG_E_LOG_IO;
	}
	sum = fg_sha256(payload, len);
	if (memcmp(sum.b, header + 4, SUM_LEN) != 0) {
		talloc_free(payload);
		return FG_E_TRUNCATED;
	}
	*payload_out = payload;
	*len_out = len;
	return FG_OK;
}

/* Bytes behind the last whole record up to the last that is not zero: what a crash tore. */
static enum fg_rc find_torn(struct fg_journal *journal, uint64_t file_size, uint64_t *torn_out)
{
	uint8_t piece[PIECE_LEN];
	uint64_t torn = 0;

	for (uint64_t at = journal->size; at < file_size;) {
		size_t len = file_size - at < PIECE_LEN ? (size_t)(file_size - at) : PIECE_LEN;

		if (read_all(journal->fd, at, piece, len) != FG_OK)
			return FG_E_LOG_IO;
		for (size_t i = 0; i < len; i++)
			if (piece[i] != 0)
				torn = at + i + 1 - journal->size;
		at += len;
	}
	*torn_out = torn;
	return FG_OK;
}

/* Nothing torn may stay: a record of it could be whole, and would be read after the next one that ends where it begins. */
static enum fg_rc cut_tail(struct fg_journal *journal, uint64_t file_size, uint64_t *torn_out)
{
	enum fg_rc rc = find_torn(journal, file_size, torn_out);

	journal->end = file_size;
	if (rc != FG_OK || *torn_out == 0)
		return rc;
#ifndef FG_MUTANT_journal_cut
	if (ftruncate(journal->fd, (off_t)journal->size) != 0 || fdatasync(journal->fd) != 0)
		return FG_E_LOG_IO;
	journal->end = journal->size;
#endif
	return FG_OK;
}

static enum fg_rc replay(struct fg_journal *journal, fg_journal_record_cb record, void *arg,
			 uint64_t *torn_out)
{
	uint8_t *payload;
	struct stat st;
	enum fg_rc rc;
	size_t len;

	if (fstat(journal->fd, &st) != 0)
		return FG_E_LOG_IO;
	for (;;) {
		rc = read_record(journal, (uint64_t)st.st_size, &payload, &len);
		if (rc != FG_OK)
			break;
		rc = record(payload, len, journal->size + HEADER_LEN, arg);
		talloc_free(payload);
		if (rc != FG_OK)
			return rc;
		journal->size += HEADER_LEN + len;
	}
	return rc == FG_E_TRUNCATED ? cut_tail(journal, (uint64_t)st.st_size, torn_out) : rc;
}

enum fg_rc fg_journal_open(void *ctx, const char *path, fg_journal_record_cb record, void *arg,
			   struct fg_journal **journal_out, uint64_t *torn_out)
{
	struct fg_journal *journal = journal_new(ctx, path, "", 0);
	uint64_t torn = 0;
	enum fg_rc rc;

	if (!journal)
		return FG_E_LOG_IO;
	rc = replay(journal, record, arg, &torn);
	if (rc == FG_OK)
		rc = fg_journal_sync_folder(path);
	if (rc != FG_OK) {
		talloc_free(journal);
		return rc;
	}
	*journal_out = journal;
	*torn_out = torn;
	return FG_OK;
}

enum fg_rc fg_journal_create(void *ctx, const char *path, struct fg_journal **journal_out)
{
	struct fg_journal *journal = journal_new(ctx, path, ".new", O_TRUNC);

	if (!journal)
		return FG_E_LOG_IO;
	*journal_out = journal;
	return FG_OK;
}

enum fg_rc fg_journal_sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? talloc_strndup(NULL, path, (size_t)(slash - path) + 1)
			     : talloc_strdup(NULL, ".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum fg_rc rc = fd >= 0 && fsync(fd) == 0 ? FG_OK : FG_E_LOG_IO;

	if (fd >= 0)
		close(fd);
	talloc_free(folder);
	return rc;
}

enum fg_rc fg_journal_replace(struct fg_journal *journal)
{
	enum fg_rc rc = fg_journal_sync(journal);

	if (rc != FG_OK)
		return rc;
	if (rename(journal->open_path, journal->path) != 0)
		return FG_E_LOG_IO;
	return fg_journal_sync_folder(journal->path);
}

enum fg_rc fg_journal_append(struct fg_journal *journal, const void *data, size_t len,
			     uint64_t *offset_out)
{
	size_t need = journal->waiting_len + HEADER_LEN + len;
	struct fg_hash sum = fg_sha256(data, len);
	struct fg_writer w;
	uint8_t *grown;

	if (len == 0 || len > FG_JOURNAL_RECORD_MAX)
		return len == 0 ? FG_E_ARG : FG_E_TOO_LONG;
	if (need > talloc_get_size(journal->waiting)) {
		grown = talloc_realloc_size(journal, journal->waiting, 2 * need);
		if (!grown)
			return FG_E_NO_MEMORY;
		journal->waiting = grown;
	}
	fg_writer_init(&w, journal->waiting + journal->waiting_len, HEADER_LEN + len);
	fg_writer_u32(&w, (uint32_t)len);
	fg_writer_bytes(&w, sum.b, SUM_LEN);
	fg_writer_bytes(&w, data, len);
	*offset_out = journal->size + journal->waiting_len + HEADER_LEN;
	journal->waiting_len = need;
	return FG_OK;
}

enum fg_rc fg_journal_sync(struct fg_journal *journal)
{
	size_t done = 0;

	if (journal->waiting_len == 0)
		return FG_OK;
	fg_fault_disk("JOURNAL", "before");
	while (done < journal->waiting_len) {
		ssize_t n = pwrite(journal->fd, journal->waiting + done,
				   journal->waiting_len - done, (off_t)(journal->size + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FG_E_LOG_IO;
		done += (size_t)n;
	}
	if (fdatasync(journal->fd) != 0)
		return FG_E_LOG_IO;
	fg_fault_disk("JOURNAL", "after");
	journal->size += journal->waiting_len;
	journal->waiting_len = 0;
	if (talloc_get_size(journal->waiting) > WAITING_KEPT)
		TALLOC_FREE(journal->waiting);
	return FG_OK;
}

void fg_journal_write_ahead(struct fg_journal *journal)
{
	static const uint8_t zeros[PIECE_LEN];
	uint64_t to;

	if (journal->end < journal->size)
		journal->end = journal->size;
	if (journal->end - journal->size >= AHEAD_LEN)
		return;
	/* On block boundaries, so that no block is written by two steps. */
	to = (journal->end / AHEAD_LEN + 2) * AHEAD_LEN;
	while (journal->end < to) {
		size_t len = PIECE_LEN - journal->end % PIECE_LEN;
		ssize_t n = pwrite(journal->fd, zeros, len, (off_t)journal->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		journal->end += (uint64_t)n;
	}
	if (journal->end < to && !journal->full)
		LOGP(DLOG, LOGL_NOTICE,
		     "write ahead of the journal %s: %s: it grows by each record\n", journal->path,
		     strerror(errno));
	journal->full = journal->end < to;
}

enum fg_rc fg_journal_read(const struct fg_journal *journal, uint64_t offset, void *out, size_t len)
{
	if (offset < journal->size)
		return offset + len <= journal->size ? read_all(journal->fd, offset, out, len)
						     : FG_E_LOG_IO;
	offset -= journal->size;
	if (offset > journal->waiting_len || journal->waiting_len - offset < len)
		return FG_E_LOG_IO;
	memcpy(out, journal->waiting + offset, len);
	return FG_OK;
}

enum fg_rc fg_journal_read_record(const struct fg_journal *journal, uint64_t offset, void *out,
				  size_t cap, size_t *len_out)
{
	uint8_t header[HEADER_LEN];
	struct fg_cursor cur;
	struct fg_hash sum;
	enum fg_rc rc;
	size_t len;

	if (offset < HEADER_LEN)
		return FG_E_LOG_IO;
	rc = fg_journal_read(journal, offset - HEADER_LEN, header, HEADER_LEN);
	if (rc != FG_OK)
		return rc;
	fg_cursor_init(&cur, header, HEADER_LEN);
	len = fg_cursor_u32(&cur);
	if (len > cap)
		return FG_E_LOG_IO;
	rc = fg_journal_read(journal, offset, out, len);
	if (rc != FG_OK)
		return rc;
	sum = fg_sha256(out, len);
	*len_out = len;
	return memcmp(sum.b, header + 4, SUM_LEN) == 0 ? FG_OK : FG_E_LOG_IO;
}

uint64_t fg_journal_waiting(const struct fg_journal *journal)
{
	return journal->waiting_len;
}
