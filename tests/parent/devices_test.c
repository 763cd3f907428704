/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Serial devices that the parent opens for a link, on pseudo-terminals.
 */
#include "tests/support/fg_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "gateway/parent/devices.h"

struct terminal {
	int master;
	char path[64];
};

static struct terminal terminal_new(void)
{
	struct terminal t = { .master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) };

	assert_true(t.master >= 0 && grantpt(t.master) == 0 && unlockpt(t.master) == 0);
	assert_int_equal(ptsname_r(t.master, t.path, sizeof(t.path)), 0);
	return t;
}

static void a_device_is_raw_and_for_one_alone(void **state)
{
	struct terminal t = terminal_new();
	char why[FG_DEVICES_WHY_MAX] = "", octets[8];
	struct termios set;
	bool more;
	int fd, second;

	(void)state;
	fd = fg_devices_open(t.path, 0, &more, why);
	assert_true(fd >= 0);
	assert_false(more);
	assert_int_equal(tcgetattr(fd, &set), 0);
	assert_int_equal(set.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(set.c_oflag & OPOST, 0);
	assert_int_equal(write(fd, "a\r", 2), 2);
	assert_int_equal(read(t.master, octets, sizeof(octets)), 2); /* as it was, and no echo */
	second = fg_devices_open(t.path, 0, &more, why);
	assert_int_equal(second, -1);
	assert_string_equal(why, "another program has it");
	close(fd);
	fd = fg_devices_open(t.path, 0, &more, why);
	assert_true(fd >= 0); /* free again */
	close(fd);
	close(t.master);
}

static void modem_manager_is_named_and_how_to_exclude_a_device(void **state)
{
	struct terminal t = terminal_new();
	char why[FG_DEVICES_WHY_MAX] = "", ready;
	int said[2], fd, status;
	bool more;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(said), 0);
	child = fork();
	if (child == 0) {
		fd = open(t.path, O_RDWR | O_NOCTTY);
		prctl(PR_SET_NAME, "ModemManager", 0, 0, 0);
		if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(said[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(said[0], &ready, 1), 1);
	assert_int_equal(fg_devices_open(t.path, 0, &more, why), -1);
	assert_non_null(strstr(why, "ModemManager has it"));
	assert_non_null(strstr(why, "ID_MM_DEVICE_IGNORE"));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	fd = fg_devices_open(t.path, 0, &more, why);
	assert_true(fd >= 0);
	close(fd);
	close(said[0]);
	close(said[1]);
	close(t.master);
}

static void a_device_that_udev_excludes_is_known(void **state)
{
	static const struct {
		const char *text;
		bool excluded;
	} cases[] = {
		{ "S:serial/by-id/usb-x\nE:ID_MM_DEVICE_IGNORE=1\nG:seat\n", true },
		{ "E:ID_MM_PORT_IGNORE=1\n", true },
		{ "E:ID_MM_DEVICE_IGNORE=0\n", false },
		{ "S:ID_MM_DEVICE_IGNORE=1\n", false },
		{ "", false },
	};
	char path[] = "/tmp/fallgate-udev-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, cases[i].text, strlen(cases[i].text), 0),
				 strlen(cases[i].text));
		assert_int_equal(fg_devices_excluded(path), cases[i].excluded);
	}
	close(fd);
	unlink(path);
	assert_false(fg_devices_excluded(path));
}

static void a_pattern_names_devices_one_after_the_other(void **state)
{
	struct terminal a = terminal_new(), b = terminal_new();
	char folder[] = "/tmp/fallgate-devices-XXXXXX", path[4][64], pattern[64];
	char why[FG_DEVICES_WHY_MAX] = "";
	bool more;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path[0], sizeof(path[0]), "%s/tty0", folder);
	snprintf(path[1], sizeof(path[1]), "%s/tty1", folder);
	snprintf(path[2], sizeof(path[2]), "%s/tty2", folder);
	snprintf(pattern, sizeof(pattern), "%s/tty*", folder);
	assert_int_equal(symlink(a.path, path[0]), 0);
	fd = open(path[1], O_WRONLY | O_CREAT, 0600);
	close(fd);
	assert_int_equal(symlink(b.path, path[2]), 0);
	fd = fg_devices_open(pattern, 0, &more, why);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fg_devices_open(pattern, 1, &more, why), -1); /* a file is none */
	assert_true(more);
	fd = fg_devices_open(pattern, 2, &more, why);
	assert_true(fd >= 0 && !more);
	close(fd);
	assert_int_equal(fg_devices_open(pattern, 3, &more, why), -1);
	assert_false(more);
	for (unsigned i = 0; i < 3; i++)
		unlink(path[i]);
	rmdir(folder);
	assert_int_equal(fg_devices_open(pattern, 0, &more, why), -1);
	assert_memory_equal(why, "there is no ", 12);
	close(a.master);
	close(b.master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_raw_and_for_one_alone),
		cmocka_unit_test(modem_manager_is_named_and_how_to_exclude_a_device),
		cmocka_unit_test(a_device_that_udev_excludes_is_known),
		cmocka_unit_test(a_pattern_names_devices_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
