/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files and sockets that a child gets from the parent: it opens none by itself.
 */
#include "gateway/parent/parent_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "lib/base/log.h"

void fg_child_tell_file(struct child *child, enum fg_role_file kind, int fd)
{
	const struct fg_frame frame = { .type = FG_IPC_FILE, .file.kind = (uint8_t)kind };

	fg_child_tell_fd(child, &frame, fd);
}

/* Opened for each child anew: a descriptor that was read once is at its end for all who share it. */
static void tell_path(struct child *child, enum fg_role_file kind, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		LOGP(DMAIN, LOGL_ERROR, "cannot read %s for %s: %s\n", path, child->name,
		     strerror(errno));
		return;
	}
	fg_child_tell_file(child, kind, fd);
	close(fd);
}

/* Of a link that applications bind to. */
static void tell_server_files(struct child *child, const struct fg_conf_links *link)
{
	if (!fg_conf_server_tls(link))
		return;
	tell_path(child, FG_FILE_LINK_CERTIFICATE, link->tls_certificate);
	tell_path(child, FG_FILE_LINK_KEY, link->tls_key);
	if (*link->tls_client_ca)
		tell_path(child, FG_FILE_LINK_CA, link->tls_client_ca);
}

static void tell_link_files(struct child *child, const struct fg_conf_links *link)
{
	if (*link->vendor_codes)
		tell_path(child, FG_FILE_LINK_CODES, link->vendor_codes);
	if (strcmp(link->tls, "on") != 0)
		return;
	if (link->tls_verify)
		tell_path(child, FG_FILE_LINK_CA, link->tls_ca);
	if (*link->tls_certificate) {
		tell_path(child, FG_FILE_LINK_CERTIFICATE, link->tls_certificate);
		tell_path(child, FG_FILE_LINK_KEY, link->tls_key);
	}
}

bool fg_child_has_files_anew(const struct child *child, const struct fg_conf *conf)
{
	return child->role == FG_ROLE_SECURE ||
	       (child->role == FG_ROLE_LINK &&
		(strcmp(conf->links[child->link].adapter, "smpp-server") == 0 ||
		 strcmp(conf->links[child->link].adapter, "smpp") == 0));
}

void fg_child_tell_files(struct child *child, const struct fg_conf *conf)
{
	const struct fg_conf_links *link = &conf->links[child->link];

	if (child->role == FG_ROLE_SECURE) {
		tell_path(child, FG_FILE_TLS_CERTIFICATE, conf->secure.certificate);
		tell_path(child, FG_FILE_TLS_KEY, conf->secure.key);
	} else if (child->role == FG_ROLE_LINK && strcmp(link->adapter, "smpp-server") == 0) {
		tell_server_files(child, link);
	} else if (child->role == FG_ROLE_LINK) {
		tell_link_files(child, link);
	}
}

void fg_child_tell_listener(struct child *child)
{
	const struct fg_files *files = &child->parent->files;

	if (child->role == FG_ROLE_SECURE)
		fg_child_tell_file(child, FG_FILE_SECURE_LISTENER, files->secure_listener);
	else if (child->role == FG_ROLE_CORE)
		fg_child_tell_file(child, FG_FILE_CONTROL_LISTENER, files->control_listener);
	else if (child->role == FG_ROLE_LINK && files->link_listener[child->link] >= 0)
		fg_child_tell_file(child, FG_FILE_LINK_LISTENER, files->link_listener[child->link]);
}
