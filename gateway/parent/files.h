/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parent owns outside of memory: folders, the gateway's id, gateway.trust, listeners. Whatever is refused is logged here,
 * with the path and what would help.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/base/conf.h"
#include "lib/base/id.h"
#include "lib/ipc/frame.h"

enum { FG_FILES_CA_MAX = 5600 }; /* base64 of 4096 bytes, what devices take, and room */

struct fg_files {
	int lock; /* on data_dir, for the life of the parent */
	int secure_listener;
	int control_listener;
	int link_listener[FG_CONF_LINKS_MAX]; /* of links that others connect to, -1: none */
	uint16_t secure_port; /* the one that was given when the configuration says 0 */
	char control_path[256];
	struct fg_id gateway_id;
	char ca[FG_FILES_CA_MAX]; /* base64 of the certificate in secure.ca */
};

struct fg_trust_keys {
	uint8_t key[FG_TRUST_KEY_COUNT][32]; /* by enum fg_trust_key */
};

/*! The user that a role runs as, or NULL when this process is not root or there is no such user.
 *  out: room for the name. */
const char *fg_files_user(const struct fg_conf *conf, enum fg_role role, char out[static 64]);

/*! Make the folders, read or make gateway.id, open the listeners. FG_OK, or FG_E_SYSTEM, FG_E_CONF, FG_E_EXISTS: another gateway runs here.
 *  Nothing stays open on error. */
enum fg_rc fg_files_open(const struct fg_conf *conf, struct fg_files *files_out);
void fg_files_close(struct fg_files *files);

/*! Write data_dir/gateway.trust (as temporary file, fsync, rename); a file that is there must name the same gateway and keys.
 *  FG_OK; FG_E_TRUST: it names others, and devices would refuse this gateway; FG_E_SYSTEM. */
enum fg_rc fg_files_write_trust(const struct fg_conf *conf, const struct fg_files *files,
				const struct fg_trust_keys *keys);

/*! Name of the log, as in its checkpoints: the gateway's name. */
const char *fg_files_origin(const struct fg_conf *conf);
