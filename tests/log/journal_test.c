/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journal on a disk that the test has in its hands: it fills up, it fails, and the power goes at any moment. What was written since
 * the last fdatasync() then is there or not, sector by sector and in any order.
 */
#include "gateway/log/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>
#include "tests/support/fg_test.h"

enum {
	HEADER_LEN = 12, /* journal.h */
	SECTOR_LEN = 512,
	RECORDS_MAX = 4096,
	IMAGE_MAX = 16 * 1024 * 1024,
	WRITES_MAX = 1024,
	AHEAD_LEN = 256 * 1024,
};

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset);
int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);

struct disk_write {
	size_t offset, len;
	uint8_t *data;
};

/* What survives a power cut for sure, and what may. */
struct disk {
	uint8_t *image;
	size_t image_len;
	struct disk_write writes[WRITES_MAX];
	size_t writes_count;
	uint64_t capacity; /* bytes of the file that the disk has room for */
	int sync_error;
	unsigned syncs, grown; /* grown: writes that made the file longer, since the last sync */
};

/* The records that were read at open. */
struct seen {
	uint32_t number[RECORDS_MAX];
	size_t count;
};

static struct disk disk;
static char *folder;
static char path[300];

static size_t size_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (size_t)st.st_size;
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	struct disk_write *w = &disk.writes[disk.writes_count];

	if ((uint64_t)offset >= disk.capacity) {
		errno = ENOSPC;
		return -1;
	}
	if ((uint64_t)offset + len > disk.capacity)
		len = (size_t)(disk.capacity - (uint64_t)offset);
	assert_true(disk.writes_count < WRITES_MAX && (size_t)offset + len <= IMAGE_MAX);
	*w = (struct disk_write){ (size_t)offset, len, malloc(len) };
	memcpy(w->data, data, len);
	disk.writes_count++;
	disk.grown += (size_t)offset + len > size_of(fd);
	return __real_pwrite(fd, data, len, offset);
}

static void apply(uint8_t *image, size_t *image_len, const struct disk_write *w, size_t from,
		  size_t to)
{
	if (w->offset + from > *image_len)
		memset(image + *image_len, 0, w->offset + from - *image_len);
	memcpy(image + w->offset + from, w->data + from, to - from);
	if (w->offset + to > *image_len)
		*image_len = w->offset + to;
}

static void forget_writes(void)
{
	while (disk.writes_count > 0)
		free(disk.writes[--disk.writes_count].data);
	disk.grown = 0;
}

int __wrap_fdatasync(int fd)
{
	if (disk.sync_error) {
		errno = disk.sync_error;
		return -1;
	}
	disk.syncs++;
	for (size_t i = 0; i < disk.writes_count; i++)
		apply(disk.image, &disk.image_len, &disk.writes[i], 0, disk.writes[i].len);
	forget_writes();
	return __real_fdatasync(fd);
}

int __wrap_ftruncate(int fd, off_t len)
{
	/* Only at open: nothing else is on its way then. */
	assert_int_equal(disk.writes_count, 0);
	disk.image_len = (size_t)len;
	return __real_ftruncate(fd, len);
}

static int set_up(void **state)
{
	(void)state;
	folder = fg_test_tmpdir();
	snprintf(path, sizeof(path), "%s/journal", folder);
	disk = (struct disk){ .image = malloc(IMAGE_MAX), .capacity = UINT64_MAX };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	forget_writes();
	free(disk.image);
	fg_test_rmdir(folder);
	return 0;
}

/* ---- records: their number, and bytes that follow from it ---- */

static size_t record_make(uint32_t number, size_t len, uint8_t *out)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(number * 31 + i * 7 + 1);
	memcpy(out, &number, sizeof(number));
	return len;
}

static enum fg_rc see(const uint8_t *data, size_t len, uint64_t offset, void *arg)
{
	struct seen *seen = arg;
	uint8_t *expected = malloc(len);
	uint32_t number;

	(void)offset;
	memcpy(&number, data, sizeof(number));
	record_make(number, len, expected);
	assert_memory_equal(data, expected, len);
	free(expected);
	assert_true(seen->count < RECORDS_MAX);
	seen->number[seen->count++] = number;
	return FG_OK;
}

static struct fg_journal *open_journal(struct seen *seen, uint64_t *torn)
{
	struct fg_journal *journal;

	seen->count = 0;
	assert_ok(fg_journal_open(NULL, path, see, seen, &journal, torn));
	return journal;
}

static uint64_t append(struct fg_journal *journal, uint32_t number, size_t len)
{
	uint8_t *data = malloc(len);
	uint64_t offset;

	record_make(number, len, data);
	assert_ok(fg_journal_append(journal, data, len, &offset));
	free(data);
	return offset;
}

static void assert_counts(const struct seen *seen, uint32_t count)
{
	assert_int_equal(seen->count, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(seen->number[i], i);
}

static void write_file(const uint8_t *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static size_t read_file(uint8_t *out, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	assert_non_null(f);
	len = fread(out, 1, cap, f);
	fclose(f);
	return len;
}

/* ---- zeros ahead ---- */

static void records_are_written_over_zeros_that_a_sync_made_durable(void **state)
{
	struct seen seen;
	uint64_t torn;
	struct fg_journal *journal = open_journal(&seen, &torn);
	unsigned grown = 0;

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		append(journal, i, 1000);
		grown += disk.grown; /* zeros of the turn before: durable with these records */
		disk.grown = 0;
		assert_ok(fg_journal_sync(journal));
		assert_true(i == 0 || disk.image_len >= (size_t)(i + 1) * (1000 + HEADER_LEN));
		fg_journal_write_ahead(journal);
	}
	/* 2 MB: at most one sync in 200 had to make another size of the file durable. */
	assert_true(grown <= 10 * AHEAD_LEN / (32 * 1024));
	talloc_free(journal);
	journal = open_journal(&seen, &torn);
	assert_counts(&seen, 2000);
	assert_int_equal(torn, 0);
	talloc_free(journal);
}

static void a_sync_after_zeros_does_not_make_the_file_longer(void **state)
{
	struct seen seen;
	uint64_t torn;
	struct fg_journal *journal = open_journal(&seen, &torn);

	(void)state;
	fg_journal_write_ahead(journal);
	append(journal, 0, 100);
	assert_ok(fg_journal_sync(journal));
	for (uint32_t i = 1; i < 100; i++) {
		size_t before = disk.image_len;

		append(journal, i, 1000);
		assert_ok(fg_journal_sync(journal));
		assert_int_equal(disk.image_len, before);
	}
	talloc_free(journal);
}

/* As every version before this one wrote it. */
static void a_file_without_zeros_is_read_unchanged_and_continued(void **state)
{
	static uint8_t before[4096], after[4096];
	struct fg_journal *journal;
	struct seen seen;
	uint64_t torn = 1;
	size_t len;

	(void)state;
	journal = open_journal(&seen, &torn);
	for (uint32_t i = 0; i < 3; i++)
		append(journal, i, 200);
	assert_ok(fg_journal_sync(journal));
	talloc_free(journal);
	len = read_file(before, sizeof(before));
	assert_int_equal(len, 3 * (200 + HEADER_LEN));
	journal = open_journal(&seen, &torn);
	assert_counts(&seen, 3);
	assert_int_equal(torn, 0);
	assert_int_equal(read_file(after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	append(journal, 3, 200);
	assert_ok(fg_journal_sync(journal));
	fg_journal_write_ahead(journal);
	talloc_free(journal);
	talloc_free(open_journal(&seen, &torn));
	assert_counts(&seen, 4);
	assert_int_equal(torn, 0);
}

static void zeros_end_the_records_and_are_no_torn_tail(void **state)
{
	static uint8_t file[8192];
	struct fg_journal *journal;
	struct seen seen;
	uint64_t torn;
	size_t whole;

	(void)state;
	journal = open_journal(&seen, &torn);
	append(journal, 0, 300);
	assert_ok(fg_journal_sync(journal));
	talloc_free(journal);
	whole = read_file(file, sizeof(file));
	/* Any number of them: the power may have gone while the file was made longer. */
	for (size_t zeros = 0; zeros < 4 * HEADER_LEN; zeros++) {
		write_file(file, whole + zeros);
		talloc_free(open_journal(&seen, &torn));
		assert_counts(&seen, 1);
		assert_int_equal(torn, 0);
		assert_int_equal(read_file(file, sizeof(file)), whole + zeros);
	}
}

static void a_record_without_a_byte_is_refused(void **state)
{
	struct seen seen;
	uint64_t torn, offset;
	struct fg_journal *journal = open_journal(&seen, &torn);

	(void)state;
	assert_int_equal(fg_journal_append(journal, "", 0, &offset), FG_E_ARG);
	append(journal, 0, 10);
	assert_ok(fg_journal_sync(journal));
	talloc_free(journal);
	talloc_free(open_journal(&seen, &torn));
	assert_counts(&seen, 1);
}

/* Two records of one sync; of the first a byte is missing. A record of the same length takes its place, and the second one must not come
 * back behind it. */
static void what_was_torn_does_not_come_back_behind_the_next_record(void **state)
{
	static uint8_t file[2048];
	struct fg_journal *journal;
	struct seen seen;
	uint64_t torn, at;

	(void)state;
	journal = open_journal(&seen, &torn);
	append(journal, 0, 100);
	at = append(journal, 7, 100);
	append(journal, 8, 100);
	assert_ok(fg_journal_sync(journal));
	fg_journal_write_ahead(journal);
	talloc_free(journal);
	assert_int_equal(read_file(file, sizeof(file)), sizeof(file));
	file[at + 50] ^= 1;
	forget_writes();
	write_file(file, sizeof(file));
	journal = open_journal(&seen, &torn);
	assert_counts(&seen, 1);
	assert_int_equal(torn, 2 * (100 + HEADER_LEN));
	append(journal, 1, 100);
	assert_ok(fg_journal_sync(journal));
	talloc_free(journal);
	talloc_free(open_journal(&seen, &torn));
	assert_counts(&seen, 2);
	assert_int_equal(torn, 0);
}

static void a_payload_is_read_where_it_was_said_to_lie(void **state)
{
	uint8_t expected[500], got[501];
	struct seen seen;
	size_t len;
	uint64_t torn, offset[50];
	struct fg_journal *journal = open_journal(&seen, &torn);

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		offset[i] = append(journal, i, 500);
		if (i % 3 == 0) {
			assert_ok(fg_journal_sync(journal));
			fg_journal_write_ahead(journal);
		}
	}
	/* The last one waits for its sync. */
	for (uint32_t i = 0; i < 50; i++) {
		record_make(i, 500, expected);
		assert_ok(fg_journal_read(journal, offset[i], got, 500));
		assert_memory_equal(got, expected, 500);
		memset(got, 0, 500);
		assert_ok(fg_journal_read_record(journal, offset[i], got, 500, &len));
		assert_int_equal(len, 500);
		assert_memory_equal(got, expected, 500);
		assert_int_equal(fg_journal_read_record(journal, offset[i], got, 499, &len),
				 FG_E_LOG_IO);
	}
	assert_int_equal(fg_journal_read(journal, offset[49], got, 501), FG_E_LOG_IO);
	assert_int_equal(fg_journal_read_record(journal, offset[10] + 1, got, 500, &len),
			 FG_E_LOG_IO);
	talloc_free(journal);
}

/* ---- a disk that is full, or fails ---- */

static void a_disk_without_room_for_zeros_takes_records_as_long_as_it_can(void **state)
{
	struct fg_journal *journal;
	struct seen seen;
	uint32_t count = 0;
	uint64_t torn;
	enum fg_rc rc;

	(void)state;
	journal = open_journal(&seen, &torn);
	disk.capacity = 10000;
	do {
		fg_journal_write_ahead(journal);
		append(journal, count, 100);
		rc = fg_journal_sync(journal);
	} while (rc == FG_OK && ++count < 1000);
	assert_int_equal(rc, FG_E_LOG_IO);
	assert_int_equal(count, 10000 / (100 + HEADER_LEN));
	talloc_free(journal);
	forget_writes();
	disk.capacity = UINT64_MAX; /* somebody made room */
	journal = open_journal(&seen, &torn);
	assert_counts(&seen, count);
	append(journal, count, 100);
	assert_ok(fg_journal_sync(journal));
	fg_journal_write_ahead(journal);
	append(journal, count + 1, 100);
	assert_ok(fg_journal_sync(journal));
	talloc_free(journal);
	talloc_free(open_journal(&seen, &torn));
	assert_counts(&seen, count + 2);
}

static void zeros_are_written_again_when_there_is_room_again(void **state)
{
	struct seen seen;
	uint64_t torn;
	struct fg_journal *journal = open_journal(&seen, &torn);
	struct stat st;

	(void)state;
	disk.capacity = 40000;
	fg_journal_write_ahead(journal);
	append(journal, 0, 100);
	assert_ok(fg_journal_sync(journal));
	fg_journal_write_ahead(journal);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 40000);
	disk.capacity = UINT64_MAX;
	fg_journal_write_ahead(journal);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size >= AHEAD_LEN);
	talloc_free(journal);
}

static void a_sync_that_fails_is_said(void **state)
{
	struct seen seen;
	uint64_t torn;
	struct fg_journal *journal = open_journal(&seen, &torn);

	(void)state;
	fg_journal_write_ahead(journal);
	append(journal, 0, 100);
	disk.sync_error = EIO;
	assert_int_equal(fg_journal_sync(journal), FG_E_LOG_IO);
	disk.sync_error = 0;
	talloc_free(journal);
}

/* ---- the power goes ---- */

struct random {
	uint64_t x;
};

static uint32_t draw(struct random *r, uint32_t below)
{
	r->x = r->x * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(r->x >> 33) % below;
}

/* Each sector of what no sync covered is there, with a chance of percent in a hundred. */
static void cut_power(struct random *r, uint32_t percent)
{
	for (size_t i = 0; i < disk.writes_count; i++) {
		const struct disk_write *w = &disk.writes[i];

		for (size_t at = 0, next; at < w->len; at = next) {
			next = (w->offset + at) / SECTOR_LEN * SECTOR_LEN + SECTOR_LEN - w->offset;
			if (next > w->len)
				next = w->len;
			if (draw(r, 100) < percent)
				apply(disk.image, &disk.image_len, w, at, next);
		}
	}
	forget_writes();
	write_file(disk.image, disk.image_len);
}

/* A file and what was written to it: a record's number says in which of its lives. */
struct history {
	uint32_t number[RECORDS_MAX];
	size_t synced, appended;
	uint32_t life;
};

static void append_some(struct random *r, struct history *h, struct fg_journal *journal)
{
	static const size_t lens[] = { 20, 100, 100, 500, 1500 };

	for (uint32_t n = draw(r, 6); n > 0; n--) {
		h->number[h->appended] = h->life << 16 | (uint32_t)h->appended;
		append(journal, h->number[h->appended++], lens[draw(r, ARRAY_LEN(lens))]);
	}
}

/* What was synced is there; of what was not, a beginning. */
static void assert_history(struct history *h, const struct seen *seen)
{
	assert_true(seen->count >= h->synced && seen->count <= h->appended);
	for (size_t i = 0; i < seen->count; i++)
		assert_int_equal(seen->number[i], h->number[i]);
	h->synced = h->appended = seen->count;
}

static void live_and_die(struct random *r, struct history *h)
{
	struct seen seen;
	uint64_t torn;
	struct fg_journal *journal = open_journal(&seen, &torn);

	assert_history(h, &seen);
	h->life++;
	for (uint32_t steps = draw(r, 8); steps > 0; steps--) {
		append_some(r, h, journal);
		if (draw(r, 4) == 0)
			fg_journal_write_ahead(journal);
		disk.sync_error =
			steps > 1 ? 0 : EIO; /* written, and the power goes before the sync ends */
		if (fg_journal_sync(journal) == FG_OK)
			h->synced = h->appended;
		disk.sync_error = 0;
		if (draw(r, 4) == 0)
			fg_journal_write_ahead(journal);
	}
	talloc_free(journal);
	cut_power(r, 10 + draw(r, 90));
}

static void after_a_power_cut_every_synced_record_is_there_and_nothing_else(void **state)
{
	static struct history h;
	struct random r = { 20260026 };

	for (unsigned file = 0; file < 30; file++) {
		h = (struct history){ 0 };
		while (h.life < 30)
			live_and_die(&r, &h);
		tear_down(state);
		set_up(state);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(records_are_written_over_zeros_that_a_sync_made_durable),
		CASE(a_sync_after_zeros_does_not_make_the_file_longer),
		CASE(a_file_without_zeros_is_read_unchanged_and_continued),
		CASE(zeros_end_the_records_and_are_no_torn_tail),
		CASE(a_record_without_a_byte_is_refused),
		CASE(what_was_torn_does_not_come_back_behind_the_next_record),
		CASE(a_payload_is_read_where_it_was_said_to_lie),
		CASE(a_disk_without_room_for_zeros_takes_records_as_long_as_it_can),
		CASE(zeros_are_written_again_when_there_is_room_again),
		CASE(a_sync_that_fails_is_said),
		CASE(after_a_power_cut_every_synced_record_is_there_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
