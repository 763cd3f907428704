/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/parent/files.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/base/log.h"
#include "lib/crypto/base64.h"

enum { PATH_LEN = 256, TRUST_MAX = 8192, PEM_MAX = 16384 };

static enum fg_rc refused(const char *verb, const char *path)
{
	LOGP(DMAIN, LOGL_ERROR, "cannot %s %s: %s\n", verb, path, strerror(errno));
	return FG_E_SYSTEM;
}

const char *fg_files_user(const struct fg_conf *conf, enum fg_role role, char out[static 64])
{
	snprintf(out, 64, "%s%s", conf->gateway.user_prefix, fg_role_name(role));
	return geteuid() == 0 && getpwnam(out) ? out : NULL;
}

/* ---- small files: read whole, written whole ---- */

/* FG_OK with a NUL-terminated text; FG_E_NOT_FOUND; FG_E_SYSTEM (also when it does not fit). */
static enum fg_rc read_text(const char *path, char *out, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return FG_E_NOT_FOUND;
	if (fd < 0)
		return refused("read", path);
	n = read(fd, out, cap);
	close(fd);
	if (n >= 0 && (size_t)n < cap) {
		out[n] = 0;
		return FG_OK;
	}
	if (n >= 0)
		errno = EFBIG;
	return refused("read", path);
}

static enum fg_rc sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc == 0 ? FG_OK : refused("sync", folder);
}

static enum fg_rc write_text(const char *folder, const char *name, const char *text)
{
	char path[PATH_LEN], tmp[PATH_LEN + 8];
	size_t len = strlen(text);
	int fd;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return refused("write", tmp);
	good = write(fd, text, len) == (ssize_t)len && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	close(fd);
	if (!good || rename(tmp, path) != 0)
		return refused("write", path);
	return sync_folder(folder);
}

/* ---- folders and the gateway's id ---- */

static enum fg_rc make_folder(const char *path, mode_t mode, const char *user)
{
	const struct passwd *pw = user ? getpwnam(user) : NULL;

	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return refused("make the folder", path);
	if (chmod(path, mode) != 0 || (pw && chown(path, pw->pw_uid, pw->pw_gid) != 0))
		return refused("own the folder", path);
	return FG_OK;
}

static enum fg_rc make_folders(const struct fg_conf *conf)
{
	static const enum fg_role keepers[] = { FG_ROLE_CORE, FG_ROLE_LOG, FG_ROLE_VAULT };
	enum fg_rc rc = make_folder(conf->gateway.data_dir, 0755, NULL);
	char path[PATH_LEN], user[64];

	if (rc == FG_OK)
		rc = make_folder(conf->gateway.run_dir, 0755, NULL);
	for (size_t i = 0; i < sizeof(keepers) / sizeof(keepers[0]) && rc == FG_OK; i++) {
		snprintf(path, sizeof(path), "%s/%s", conf->gateway.data_dir,
			 fg_role_name(keepers[i]));
		rc = make_folder(path, 0700, fg_files_user(conf, keepers[i], user));
	}
	return rc;
}

/* Two gateways on one folder would destroy each other's store. */
static enum fg_rc lock_folder(const struct fg_conf *conf, struct fg_files *files)
{
	files->lock = open(conf->gateway.data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files->lock < 0)
		return refused("open", conf->gateway.data_dir);
	if (flock(files->lock, LOCK_EX | LOCK_NB) == 0)
		return FG_OK;
	LOGP(DMAIN, LOGL_ERROR, "cannot use %s: another fallgated does\n", conf->gateway.data_dir);
	return FG_E_EXISTS;
}

static enum fg_rc make_id(const struct fg_conf *conf, struct fg_id *id)
{
	char text[FG_ID_TEXT_LEN + 2];

	if (getrandom(id->b, sizeof(id->b), 0) != (ssize_t)sizeof(id->b))
		return refused("get random bytes for", "gateway.id");
	fg_id_text(id, text);
	strcat(text, "\n");
	return write_text(conf->gateway.data_dir, "gateway.id", text);
}

static enum fg_rc read_or_make_id(const struct fg_conf *conf, struct fg_id *id)
{
	char path[PATH_LEN], text[FG_ID_TEXT_LEN + 16];
	enum fg_rc rc;

	snprintf(path, sizeof(path), "%s/gateway.id", conf->gateway.data_dir);
	rc = read_text(path, text, sizeof(text));
	if (rc == FG_E_NOT_FOUND)
		return make_id(conf, id);
	if (rc != FG_OK)
		return rc;
	text[strcspn(text, "\n")] = 0;
	if (fg_id_parse(text, id) == FG_OK)
		return FG_OK;
	LOGP(DMAIN, LOGL_ERROR, "cannot use %s: not 32 hex digits; restore it from a backup\n",
	     path);
	return FG_E_CONF;
}

/* The first certificate of a PEM file (RFC 7468) without its line ends: what is between its borders is base64 already. */
static enum fg_rc read_ca(const struct fg_conf *conf, char out[static FG_FILES_CA_MAX])
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----",
			  end[] = "-----END CERTIFICATE-----";
	char pem[PEM_MAX];
	uint8_t der[FG_FILES_CA_MAX];
	enum fg_rc rc = read_text(conf->secure.ca, pem, sizeof(pem));
	size_t n = 0, der_len = 0;
	char *from, *to;

	if (rc != FG_OK)
		return rc == FG_E_NOT_FOUND ? refused("read", conf->secure.ca) : rc;
	from = strstr(pem, begin);
	to = from ? strstr(from, end) : NULL;
	for (from = from ? from + strlen(begin) : NULL; to && from < to && n + 1 < FG_FILES_CA_MAX;
	     from++)
		if (*from != '\n' && *from != '\r')
			out[n++] = *from;
	out[n] = 0;
	if (to && from == to && fg_base64_decode(out, n, der, sizeof(der), &der_len) == FG_OK &&
	    der_len)
		return FG_OK;
	LOGP(DMAIN, LOGL_ERROR, "cannot use %s: no PEM certificate of at most 4 KiB\n",
	     conf->secure.ca);
	return FG_E_CONF;
}

/* ---- listeners ---- */

static int listen_on(const struct addrinfo *ai)
{
	int one = 1, fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	char port[NI_MAXSERV] = "0";

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof(port),
			    NI_NUMERICSERV);
	return (uint16_t)strtoul(port, NULL, 10);
}

static enum fg_rc open_listener(const char *address, int64_t number, int *fd_out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *ai = NULL;
	char port[8], where[160];

	snprintf(port, sizeof(port), "%d", (int)number);
	snprintf(where, sizeof(where), "%s port %s", address, port);
	if (getaddrinfo(address, port, &hints, &ai) != 0) {
		LOGP(DMAIN, LOGL_ERROR, "cannot listen on %s: not a numeric address\n", where);
		return FG_E_CONF;
	}
	*fd_out = listen_on(ai);
	freeaddrinfo(ai);
	return *fd_out < 0 ? refused("listen on", where) : FG_OK;
}

static enum fg_rc open_secure(const struct fg_conf *conf, struct fg_files *files)
{
	enum fg_rc rc =
		open_listener(conf->secure.address, conf->secure.port, &files->secure_listener);

	if (rc == FG_OK)
		files->secure_port = port_of(files->secure_listener);
	return rc;
}

static enum fg_rc open_links(const struct fg_conf *conf, struct fg_files *files)
{
	enum fg_rc rc = FG_OK;

	for (size_t i = 0; i < conf->links_count && rc == FG_OK; i++)
		if (strcmp(conf->links[i].adapter, "smpp-server") == 0)
			rc = open_listener(conf->links[i].host, conf->links[i].port,
					   &files->link_listener[i]);
	return rc;
}

static enum fg_rc open_control(const struct fg_conf *conf, struct fg_files *files)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(files->control_path, sizeof(files->control_path), "%s/control",
		 conf->gateway.run_dir);
	if (fd < 0 || strlen(files->control_path) >= sizeof(address.sun_path)) {
		if (fd >= 0)
			close(fd);
		return refused("listen on", files->control_path);
	}
	files->control_listener = fd;
	strcpy(address.sun_path, files->control_path);
	/* The lock on data_dir shows that nobody of this gateway listens there any more. */
	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(address.sun_path, 0660) != 0 || listen(fd, 16) != 0)
		return refused("listen on", files->control_path);
	if (geteuid() == 0 && conf->gateway.control_uid >= 0 &&
	    chown(address.sun_path, (uid_t)conf->gateway.control_uid, (gid_t)-1) != 0)
		return refused("give control_uid", files->control_path);
	return FG_OK;
}

enum fg_rc fg_files_open(const struct fg_conf *conf, struct fg_files *files_out)
{
	enum fg_rc rc = make_folders(conf);

	*files_out = (struct fg_files){ .lock = -1, .secure_listener = -1, .control_listener = -1 };
	for (size_t i = 0; i < FG_CONF_LINKS_MAX; i++)
		files_out->link_listener[i] = -1;
	if (rc == FG_OK)
		rc = lock_folder(conf, files_out);
	if (rc == FG_OK)
		rc = read_or_make_id(conf, &files_out->gateway_id);
	if (rc == FG_OK)
		rc = read_ca(conf, files_out->ca);
	if (rc == FG_OK)
		rc = open_secure(conf, files_out);
	if (rc == FG_OK)
		rc = open_links(conf, files_out);
	if (rc == FG_OK)
		rc = open_control(conf, files_out);
	if (rc != FG_OK)
		fg_files_close(files_out);
	return rc;
}

void fg_files_close(struct fg_files *files)
{
	int *const fds[] = { &files->secure_listener, &files->control_listener, &files->lock };

	if (files->control_listener >= 0)
		unlink(files->control_path);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	for (size_t i = 0; i < FG_CONF_LINKS_MAX; i++) {
		if (files->link_listener[i] >= 0)
			close(files->link_listener[i]);
		files->link_listener[i] = -1;
	}
}

/* ---- gateway.trust ---- */

const char *fg_files_origin(const struct fg_conf *conf)
{
	return conf->gateway.name;
}

static const char *const key_lines[FG_TRUST_KEY_COUNT] = {
	[FG_TRUST_LOG] = "log-key",
	[FG_TRUST_VAULT] = "vault-key",
	[FG_TRUST_RECEIPT] = "receipt-key",
	[FG_TRUST_DIRECTORY] = "directory-key",
};

/* The value of the line "name value", "" when there is none. */
static const char *value_of(const char *text, const char *name, char *out, size_t cap)
{
	size_t len = strlen(name);

	out[0] = 0;
	for (const char *line = text; line;
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			snprintf(out, cap, "%.*s", (int)strcspn(line + len + 1, "\n"),
				 line + len + 1);
	return out;
}

static bool says(const char *path, const char *text, const char *name, const char *value)
{
	char there[256];

	if (strcmp(value_of(text, name, there, sizeof(there)), value) == 0)
		return true;
	LOGP(DMAIN, LOGL_ERROR,
	     "refuse to start: %s says %s \"%s\", but this gateway's is \"%s\": devices would "
	     "refuse it. Restore data_dir from "
	     "its backup, or, for a new gateway, remove the file and register all devices anew\n",
	     path, name, there, value);
	return false;
}

static bool same_gateway(const char *path, const struct fg_conf *conf, const struct fg_files *files,
			 const struct fg_trust_keys *keys)
{
	char text[TRUST_MAX], hex[65];
	enum fg_rc rc = read_text(path, text, sizeof(text));

	if (rc == FG_E_NOT_FOUND)
		return true;
	if (rc != FG_OK || !says(path, text, "gateway", fg_id_text(&files->gateway_id, hex)) ||
	    !says(path, text, "log-origin", fg_files_origin(conf)))
		return false;
#ifndef FG_MUTANT_trust_other_keys
	for (size_t i = 0; i < FG_TRUST_KEY_COUNT; i++)
		if (!says(path, text, key_lines[i], fg_hex(keys->key[i], 32, hex)))
			return false;
#endif
	return true;
}

enum fg_rc fg_files_write_trust(const struct fg_conf *conf, const struct fg_files *files,
				const struct fg_trust_keys *keys)
{
	char path[PATH_LEN], text[TRUST_MAX], hex[65];
	int n;

	snprintf(path, sizeof(path), "%s/gateway.trust", conf->gateway.data_dir);
	if (!same_gateway(path, conf, files, keys))
		return FG_E_TRUST;
	n = snprintf(text, sizeof(text),
		     "fallgate-trust 1\ngateway %s\nhost %s:%u\nlog-origin %s\n",
		     fg_id_text(&files->gateway_id, hex), conf->secure.host, files->secure_port,
		     fg_files_origin(conf));
	for (size_t i = 0; i < FG_TRUST_KEY_COUNT; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %s\n", key_lines[i],
			      fg_hex(keys->key[i], 32, hex));
	snprintf(text + n, sizeof(text) - (size_t)n, "ca %s\n", files->ca);
	return write_text(conf->gateway.data_dir, "gateway.trust", text);
}
