/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/secure/secure.h"

#include <stdio.h>
#include <unistd.h>
#include <talloc.h>
#include "adapters/secure/listener.h"
#include "adapters/secure/tls.h"
#include "lib/base/conf.h"
#include "lib/base/log.h"
#include "lib/ipc/role.h"

struct secure {
	struct fg_role_process *process;
	struct fg_listener_limits limits;
	int listener_fd, certificate_fd, key_fd; /* -1: not there */
	int core_fd;                             /* that came before the listener began */
	SSL_CTX *tls, *next_tls;                 /* next: of a configuration that is not adopted */
	struct fg_listener *listener;
};

static enum fg_rc configure(struct fg_role_process *process, const struct fg_conf *conf, void *arg)
{
	struct secure *secure = arg;

	secure->process = process;
	secure->limits.connections = (uint32_t)conf->secure.connections;
	secure->limits.handshake_ms = (uint32_t)conf->secure.handshake_ms;
	secure->limits.idle_ms = (uint32_t)conf->secure.idle_s * 1000;
	return FG_OK;
}

/* Take a descriptor in the place of the one before. */
static void keep(int *place, int fd_take)
{
	if (*place >= 0)
		close(*place);
	*place = fd_take;
}

static void file(struct fg_role_process *process, enum fg_role_file kind, int fd_take, void *arg)
{
	struct secure *secure = arg;

	(void)process;
	if (kind == FG_FILE_SECURE_LISTENER)
		keep(&secure->listener_fd, fd_take);
	else if (kind == FG_FILE_TLS_CERTIFICATE)
		keep(&secure->certificate_fd, fd_take);
	else if (kind == FG_FILE_TLS_KEY)
		keep(&secure->key_fd, fd_take);
	else
		close(fd_take);
}

static void peer(struct fg_role_process *process, const struct fg_ipc_peer *frame, int fd_take,
		 void *arg)
{
	struct secure *secure = arg;
	enum fg_rc rc;

	if (frame->role != FG_ROLE_CORE) {
		close(fd_take);
		return;
	}
	if (!secure->listener) {
		keep(&secure->core_fd, fd_take);
		return;
	}
	rc = fg_listener_set_core(secure->listener, fd_take);
	if (rc != FG_OK)
		fg_role_fail(process, rc, "channel to the core");
}

static enum fg_rc start(struct fg_role_process *process, void *arg)
{
	struct secure *secure = arg;
	int core_fd = secure->core_fd;
	enum fg_rc rc;

	if (secure->listener_fd < 0 || secure->certificate_fd < 0 || secure->key_fd < 0)
		return FG_E_STATE;
	rc = fg_tls_new(secure->certificate_fd, secure->key_fd, &secure->tls);
	secure->certificate_fd = secure->key_fd = -1;
	if (rc != FG_OK) {
		LOGP(DSECURE, LOGL_ERROR, "refuse secure.certificate and secure.key: %s\n",
		     fg_rc_text(rc));
		return rc;
	}
	secure->listener =
		fg_listener_new(fg_role_ctx(process), fg_loop_base(fg_role_loop(process)),
				secure->listener_fd, secure->tls, &secure->limits);
	secure->listener_fd = -1;
	if (!secure->listener)
		return FG_E_NO_MEMORY;
	secure->core_fd = -1;
	return core_fd >= 0 ? fg_listener_set_core(secure->listener, core_fd) : FG_OK;
}

static enum fg_rc prepare(struct fg_role_process *process, const struct fg_conf *next,
			  char why[static FG_ROLE_WHY_MAX], void *arg)
{
	struct secure *secure = arg;
	enum fg_rc rc;

	(void)process;
	if (secure->certificate_fd < 0 || secure->key_fd < 0) {
		snprintf(why, FG_ROLE_WHY_MAX, "secure.certificate or secure.key cannot be read");
		return FG_E_SYSTEM;
	}
	rc = fg_tls_new(secure->certificate_fd, secure->key_fd, &secure->next_tls);
	secure->certificate_fd = secure->key_fd = -1;
	if (rc != FG_OK)
		snprintf(
			why, FG_ROLE_WHY_MAX,
			"secure.certificate and secure.key: %s: are %.160s and %.160s of one pair?",
			fg_rc_text(rc), next->secure.certificate, next->secure.key);
	return rc;
}

/* Connections have what they need of the old one by themselves. */
static void adopt(struct fg_role_process *process, bool adopt, void *arg)
{
	struct secure *secure = arg;

	(void)process;
	if (adopt && secure->next_tls) {
		SSL_CTX_free(secure->tls);
		secure->tls = secure->next_tls;
		fg_listener_set_tls(secure->listener, secure->tls);
	} else {
		SSL_CTX_free(secure->next_tls);
	}
	secure->next_tls = NULL;
}

static void stopped(void *arg)
{
	struct secure *secure = arg;

	fg_role_stopped(secure->process);
}

static void stop(struct fg_role_process *process, void *arg)
{
	struct secure *secure = arg;

	(void)process;
	fg_listener_stop(secure->listener, stopped, secure);
}

int fg_secure_main(int fd)
{
	static const struct fg_role_ops ops = { .configure = configure,
						.file = file,
						.peer = peer,
						.start = start,
						.prepare = prepare,
						.adopt = adopt,
						.stop = stop };
	struct secure secure = {
		.listener_fd = -1, .certificate_fd = -1, .key_fd = -1, .core_fd = -1
	};
	int exit_code = fg_role_run(FG_ROLE_SECURE, "secure", fd, &ops, &secure);

	SSL_CTX_free(secure.tls);
	return exit_code;
}
