/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/parent/devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>
#include "lib/base/log.h"

enum {
	UNIX98_PTY_SLAVES = 136
}; /* eight majors from here: Documentation/admin-guide/devices.txt of Linux */

/* ---- files ---- */

/* data_dir/links/NAME.state, for a link that must not forget: the link has its descriptor only. */
static void tell_state(struct child *child, const struct fg_conf *conf, const char *name)
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/links", conf->gateway.data_dir);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		LOGP(DMAIN, LOGL_ERROR, "cannot make the folder %s: %s\n", path, strerror(errno));
	snprintf(path, sizeof(path), "%s/links/%s.state", conf->gateway.data_dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		LOGP(DMAIN, LOGL_ERROR, "cannot write %s for %s: %s\n", path, name,
		     strerror(errno));
		return;
	}
	fg_child_tell_file(child, FG_FILE_LINK_STATE, fd);
	close(fd);
}

void fg_devices_introduce(struct child *child)
{
	const struct fg_conf *conf = child->parent->conf;
	const struct fg_conf_links *link = &conf->links[child->link];

	if (strcmp(link->adapter, "modem") == 0)
		tell_state(child, conf, link->name);
}

/* ---- who else wants it ---- */

static bool is_process(const char *pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	in = fopen(path, "re");
	if (in && !fgets(comm, sizeof(comm), in))
		comm[0] = '\0';
	if (in)
		fclose(in);
	comm[strcspn(comm, "\n")] = '\0';
	return strcmp(comm, name) == 0;
}

static bool runs(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (proc && !found && (entry = readdir(proc)))
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			is_process(entry->d_name, name);
	if (proc)
		closedir(proc);
	return found;
}

/* Two programs on one modem take each other's answers: the other one keeps it, and the operator hears how to change that. */
static int taken(char why[static FG_DEVICES_WHY_MAX])
{
	if (runs("ModemManager"))
		snprintf(why, FG_DEVICES_WHY_MAX,
			 "ModemManager has it; exclude it with udev (ID_MM_DEVICE_IGNORE=1) or "
			 "stop ModemManager");
	else
		snprintf(why, FG_DEVICES_WHY_MAX, "another program has it");
	return -1;
}

/* ---- the device ---- */

/* V.250, 5.1: 8 bits, no parity; nothing is translated, and hanging up is not ours to do. */
static bool make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t) != 0)
		return false;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cflag &= ~(tcflag_t)(HUPCL | CRTSCTS | CSTOPB);
	cfsetspeed(&t, B115200);
	return tcsetattr(fd, TCSANOW, &t) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

/* A pseudo-terminal stays exclusive when its user has left, as long as the program behind it lives. */
static bool is_pseudo(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && major(st.st_rdev) >= UNIX98_PTY_SLAVES &&
	       major(st.st_rdev) < UNIX98_PTY_SLAVES + 8;
}

bool fg_devices_excluded(const char *udev_file)
{
	FILE *in = fopen(udev_file, "re");
	char line[512];
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in))
		found = strncmp(line, "E:ID_MM_DEVICE_IGNORE=1", 23) == 0 ||
			strncmp(line, "E:ID_MM_PORT_IGNORE=1", 21) == 0;
	if (in)
		fclose(in);
	return found;
}

/* It is root and may open what we have for ourselves alone, to look what it is. */
static void warn_of_rival(const char *path, int fd)
{
	char udev_file[64];
	struct stat st;

	if (is_pseudo(fd) || fstat(fd, &st) != 0 || !runs("ModemManager"))
		return;
	snprintf(udev_file, sizeof(udev_file), "/run/udev/data/c%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!fg_devices_excluded(udev_file))
		LOGP(DMAIN, LOGL_ERROR,
		     "ModemManager runs and will probe %s: exclude it with udev "
		     "(ID_MM_DEVICE_IGNORE=1)\n",
		     path);
}

static int refuse(int fd, const char *path, char why[static FG_DEVICES_WHY_MAX])
{
	snprintf(why, FG_DEVICES_WHY_MAX, "%.80s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_path(const char *path, char why[static FG_DEVICES_WHY_MAX])
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), exclusive = 0;

	if (fd < 0 && errno == EBUSY)
		return taken(why);
	if (fd < 0)
		return refuse(fd, path, why);
	/* root may open what another has for itself alone */
	if ((!is_pseudo(fd) && ioctl(fd, TIOCGEXCL, &exclusive) == 0 && exclusive) ||
	    flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return taken(why);
	}
	warn_of_rival(path, fd);
	if (!make_raw(fd) || (!is_pseudo(fd) && ioctl(fd, TIOCEXCL) != 0))
		return refuse(fd, path, why);
	return fd;
}

int fg_devices_open(const char *pattern, unsigned nth, bool *more_out,
		    char why[static FG_DEVICES_WHY_MAX])
{
	glob_t found = { 0 };
	int fd = -1;

	if (glob(pattern, 0, NULL, &found) == 0 && nth < found.gl_pathc)
		fd = open_path(found.gl_pathv[nth], why);
	else
		snprintf(why, FG_DEVICES_WHY_MAX, "%s %.100s",
			 nth ? "no more devices match" : "there is no", pattern);
	*more_out = nth + 1 < found.gl_pathc;
	globfree(&found);
	return fd;
}

void fg_devices_answer(struct child *child, unsigned nth)
{
	const char *device = child->parent->conf->links[child->link].device;
	struct fg_frame frame = { .type = FG_IPC_NO_DEVICE };
	char why[FG_DEVICES_WHY_MAX] = "";
	bool more = false;
	int fd = fg_devices_open(device, nth, &more, why);

	if (fd >= 0) {
		fg_child_tell_file(child, FG_FILE_LINK_DEVICE, fd);
		close(fd);
		return;
	}
	frame.no_device.more = more;
	frame.no_device.why = FG_BYTES_TEXT(why);
	fg_child_tell(child, &frame);
}
