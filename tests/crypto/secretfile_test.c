/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/fg_test.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/crypto/secretfile_internal.h"

#define PASSPHRASE "correct horse"
#define SECRET     "the seed of a key"

enum {
	PASSES_AT = 10,
	MEMORY_AT = 14,
	SEALED_DATA_AT = 58,
	TAG_LEN = 16
}; /* the format is in secretfile.h */

static const struct fg_secretfile_cost quick = { .passes = 1, .memory_kib = 8 };

struct fixture {
	char *folder;
	char path[512];
};

static int setup(void **state)
{
	static struct fixture f;

	f.folder = fg_test_tmpdir();
	snprintf(f.path, sizeof(f.path), "%s/key", f.folder);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fg_test_rmdir(((struct fixture *)*state)->folder);
	return 0;
}

static void assert_reads(const struct fixture *f, const char *passphrase, const char *want)
{
	uint8_t *data;
	size_t len;

	assert_ok(fg_secretfile_read(f->path, passphrase, &data, &len));
	assert_int_equal(len, strlen(want));
	assert_memory_equal(data, want, len);
	free(data);
}

static void assert_refused(enum fg_rc rc, const struct fixture *f, const char *passphrase)
{
	uint8_t *data = (uint8_t *)1;
	size_t len = 99;

	assert_rc(rc, fg_secretfile_read(f->path, passphrase, &data, &len));
	assert_ptr_equal(data, (uint8_t *)1);
	assert_int_equal(len, 99);
}

/* The file as bytes, without the reader under test. */
static size_t slurp(const struct fixture *f, uint8_t *out, size_t cap)
{
	FILE *file = fopen(f->path, "rb");
	size_t len;

	assert_non_null(file);
	len = fread(out, 1, cap, file);
	fclose(file);
	return len;
}

static void spill(const struct fixture *f, const uint8_t *data, size_t len)
{
	FILE *file = fopen(f->path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(f->path, 0600), 0);
}

static void write_quick(const struct fixture *f)
{
	assert_ok(
		fg_secretfile_write_with_cost(f->path, PASSPHRASE, quick, SECRET, strlen(SECRET)));
}

static int entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void a_sealed_file_opens_with_its_passphrase_only(void **state)
{
	const struct fixture *f = *state;

	assert_ok(fg_secretfile_write(f->path, PASSPHRASE, SECRET, strlen(SECRET)));
	assert_true(fg_secretfile_is_sealed(f->path));
	assert_reads(f, PASSPHRASE, SECRET);
	assert_refused(FG_E_PASSPHRASE, f, "wrong");
	assert_refused(FG_E_PASSPHRASE, f, "");
	assert_refused(FG_E_PASSPHRASE, f, NULL);
}

static void a_sealed_file_costs_64_mib_and_shows_nothing(void **state)
{
	const struct fixture *f = *state;
	static const uint8_t header[] = { 'F', 'G', 'S', 'E', 'C', 'R', 'E', 'T', 1,
					  1,   0,   0,   0,   2,   0,   1,   0,   0 };
	uint8_t file[256];
	size_t len;

	assert_ok(fg_secretfile_write(f->path, PASSPHRASE, SECRET, strlen(SECRET)));
	len = slurp(f, file, sizeof(file));
	assert_int_equal(len, SEALED_DATA_AT + strlen(SECRET) + TAG_LEN);
	assert_memory_equal(file, header, sizeof(header));
	assert_null(memmem(file, len, "seed", 4));
}

static void a_plain_file_opens_without_passphrase_only(void **state)
{
	const struct fixture *f = *state;

	assert_ok(fg_secretfile_write(f->path, NULL, SECRET, strlen(SECRET)));
	assert_false(fg_secretfile_is_sealed(f->path));
	assert_reads(f, NULL, SECRET);
	assert_refused(FG_E_PASSPHRASE, f, PASSPHRASE);
}

static void nothing_and_the_longest_secret_can_be_kept(void **state)
{
	const struct fixture *f = *state;
	static uint8_t big[FG_SECRETFILE_MAX + 1];
	const char *const passphrase[] = { PASSPHRASE, NULL };
	uint8_t *data;
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(passphrase); i++) {
		assert_ok(fg_secretfile_write_with_cost(f->path, passphrase[i], quick, NULL, 0));
		assert_reads(f, passphrase[i], "");
		assert_ok(fg_secretfile_write_with_cost(f->path, passphrase[i], quick, big,
							FG_SECRETFILE_MAX));
		assert_ok(fg_secretfile_read(f->path, passphrase[i], &data, &len));
		assert_int_equal(len, FG_SECRETFILE_MAX);
		free(data);
		assert_rc(FG_E_TOO_LONG, fg_secretfile_write_with_cost(f->path, passphrase[i],
								       quick, big, sizeof(big)));
	}
}

static void a_file_larger_than_any_of_ours_is_refused(void **state)
{
	const struct fixture *f = *state;

	assert_ok(fg_secretfile_write(f->path, NULL, SECRET, strlen(SECRET)));
	assert_int_equal(truncate(f->path, 2 * FG_SECRETFILE_MAX), 0);
	assert_refused(FG_E_SYNTAX, f, NULL);
}

static void refuse_every_change(const struct fixture *f, const char *passphrase)
{
	uint8_t file[256], *data;
	size_t len = slurp(f, file, sizeof(file)), n;

	for (size_t i = 0; i < len; i++) {
		file[i] ^= 1;
		spill(f, file, len);
		file[i] ^= 1;
		assert_int_not_equal(fg_secretfile_read(f->path, passphrase, &data, &n), FG_OK);
		spill(f, file, i);
		assert_int_not_equal(fg_secretfile_read(f->path, passphrase, &data, &n), FG_OK);
	}
	file[len] = 0;
	spill(f, file, len + 1);
	assert_int_not_equal(fg_secretfile_read(f->path, passphrase, &data, &n), FG_OK);
	spill(f, file, len);
	assert_reads(f, passphrase, SECRET);
}

static void every_changed_byte_and_every_cut_is_refused(void **state)
{
	const struct fixture *f = *state;

	write_quick(f);
	refuse_every_change(f, PASSPHRASE);
	assert_ok(fg_secretfile_write(f->path, NULL, SECRET, strlen(SECRET)));
	refuse_every_change(f, NULL);
}

static const struct cost_case {
	size_t at;
	uint8_t value[4];
} absurd_costs[] = {
	{ PASSES_AT, { 0, 0, 0, 0 } },
	{ PASSES_AT, { 0, 0, 0, 17 } },
	{ PASSES_AT, { 0xff, 0xff, 0xff, 0xff } },
	{ MEMORY_AT, { 0, 0, 0, 0 } },
	{ MEMORY_AT, { 0, 0, 0, 7 } },
	{ MEMORY_AT, { 0, 0x10, 0, 1 } },
	{ MEMORY_AT, { 0xff, 0xff, 0xff, 0xff } },
};

static void costs_that_we_never_write_are_refused_unpaid(void **state)
{
	const struct fixture *f = *state;
	uint8_t file[256];
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(absurd_costs); i++) {
		write_quick(f);
		len = slurp(f, file, sizeof(file));
		memcpy(file + absurd_costs[i].at, absurd_costs[i].value, 4);
		spill(f, file, len);
		assert_refused(FG_E_SYNTAX, f, PASSPHRASE);
	}
}

static void a_later_version_is_named_as_such(void **state)
{
	const struct fixture *f = *state;

	spill(f, (const uint8_t *)"FGSECRET\x02\x01more of it", 20);
	assert_refused(FG_E_VERSION, f, PASSPHRASE);
	assert_false(fg_secretfile_is_sealed(f->path));
}

static void files_that_others_may_touch_are_denied(void **state)
{
	static const mode_t modes[] = { 0640, 0620, 0610, 0604, 0602, 0601 };
	const struct fixture *f = *state;
	struct stat st;

	write_quick(f);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(f->path, modes[i]), 0);
		assert_refused(FG_E_DENIED, f, PASSPHRASE);
	}
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
	const struct fixture *f = *state;

	assert_refused(FG_E_NOT_FOUND, f, NULL);
	assert_false(fg_secretfile_is_sealed(f->path));
	spill(f, (const uint8_t *)"-----BEGIN PRIVATE KEY-----", 27);
	assert_refused(FG_E_SYNTAX, f, NULL);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(mkfifo(f->path, 0600), 0);
	assert_refused(FG_E_SYNTAX, f, NULL);
}

static void replacing_leaves_one_file_with_the_new_secret(void **state)
{
	const struct fixture *f = *state;

	write_quick(f);
	assert_ok(fg_secretfile_write(f->path, NULL, "new", 3));
	assert_reads(f, NULL, "new");
	assert_int_equal(entries(f->folder), 1);
}

static void a_failed_write_leaves_nothing_behind(void **state)
{
	const struct fixture *f = *state;
	char missing[600];

	snprintf(missing, sizeof(missing), "%s/none/key", f->folder);
	assert_rc(FG_E_SYSTEM, fg_secretfile_write(missing, NULL, SECRET, strlen(SECRET)));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_rc(FG_E_SYSTEM, fg_secretfile_write(f->path, NULL, SECRET, strlen(SECRET)));
	assert_int_equal(errno, EISDIR);
	assert_int_equal(entries(f->folder), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(a_sealed_file_opens_with_its_passphrase_only),
		CASE(a_sealed_file_costs_64_mib_and_shows_nothing),
		CASE(a_plain_file_opens_without_passphrase_only),
		CASE(nothing_and_the_longest_secret_can_be_kept),
		CASE(a_file_larger_than_any_of_ours_is_refused),
		CASE(every_changed_byte_and_every_cut_is_refused),
		CASE(costs_that_we_never_write_are_refused_unpaid),
		CASE(a_later_version_is_named_as_such),
		CASE(files_that_others_may_touch_are_denied),
		CASE(what_is_no_file_of_ours_is_refused),
		CASE(replacing_leaves_one_file_with_the_new_secret),
		CASE(a_failed_write_leaves_nothing_behind),
#undef CASE
	};

	return fg_crypto_init() == FG_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
