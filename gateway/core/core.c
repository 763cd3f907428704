/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The core as a process: its keys, its store, its rules, its peers; start and stop.
 */
#include "gateway/core/budget.h"
#include "gateway/core/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <talloc.h>
#include "gateway/core/job.h"
#include "gateway/core/relay.h"
#include "lib/crypto/note.h"
#include "lib/crypto/secretfile.h"

enum { SEEDS_LEN = 2 * FG_SIGN_SEED_LEN, PATH_MAX_LEN = 256 };

uint64_t fg_core_now_ms(const struct fg_core *core)
{
	return fg_clock_wall_ms(core->clock);
}

enum fg_rc fg_core_store_rc(struct fg_core *core, enum fg_rc rc)
{
	if (rc == FG_E_STORE_FATAL)
		fg_role_fail(core->process, rc, "store");
	return rc;
}

/* ---- keys ---- */

/* The receipt key and the directory key, from one file; made at the first start. */
static enum fg_rc read_seeds(const char *path, uint8_t seeds[static SEEDS_LEN])
{
	uint8_t *data = NULL;
	size_t len = 0;
	enum fg_rc rc = fg_secretfile_read(path, NULL, &data, &len);

	if (rc == FG_E_NOT_FOUND) {
		fg_random(seeds, SEEDS_LEN);
		return fg_secretfile_write(path, NULL, seeds, SEEDS_LEN);
	}
	if (rc == FG_OK && len != SEEDS_LEN)
		rc = FG_E_SYNTAX;
	if (rc == FG_OK)
		memcpy(seeds, data, SEEDS_LEN);
	if (data)
		fg_wipe(data, len);
	free(data);
	return rc;
}

static enum fg_rc load_keys(struct fg_core *core)
{
	uint8_t seeds[SEEDS_LEN];
	char path[PATH_MAX_LEN];
	enum fg_rc rc;

	snprintf(path, sizeof(path), "%s/core", core->conf->gateway.data_dir);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return FG_E_SYSTEM;
	snprintf(path, sizeof(path), "%s/core/keys", core->conf->gateway.data_dir);
	rc = read_seeds(path, seeds);
	if (rc == FG_OK) {
		fg_sign_key_from_seed(seeds, &core->directory_key);
		fg_sign_key_from_seed(seeds + FG_SIGN_SEED_LEN, &core->receipt_key);
		fg_role_public_key(core->process, FG_TRUST_DIRECTORY, core->directory_key.public);
		fg_role_public_key(core->process, FG_TRUST_RECEIPT, core->receipt_key.public);
	}
	fg_wipe(seeds, sizeof(seeds));
	return rc;
}

/* ---- seal keys ---- */

static bool is_seal_key(struct fg_core *core, struct fg_bytes bytes, const uint8_t *long_term_key,
			uint32_t layer)
{
	const Fallgate__Signed *object;
	const Fallgate__SealKey *body;
	void *message;

	fg_arena_reset(&core->arena);
	object = fg_signed_unpack(&core->arena, bytes.data, bytes.len);
	if (!object)
		return false;
	if (fg_signed_open(&core->arena, object, long_term_key, FG_SIGN_PUBLIC_LEN,
			   FG_LABEL_SEAL_KEY, &fallgate__seal_key__descriptor, &message) != FG_OK)
		return false;
	body = message;
	return body->layer == layer && FG_HAS_LEN(body->public_key, FG_KEM_PUBLIC_LEN) &&
	       FG_HAS_LEN(body->gateway_id, FG_ID_LEN) &&
	       memcmp(body->gateway_id.data, core->trust.gateway_id.b, FG_ID_LEN) == 0;
}

static void take_seal_key(struct fg_core *core, struct fg_bytes bytes, bool by_vault)
{
	uint8_t *to = by_vault ? core->vault_seal_key : core->log_seal_key;
	size_t *len = by_vault ? &core->vault_seal_key_len : &core->log_seal_key_len;

	if (bytes.len > sizeof(core->log_seal_key) ||
	    !is_seal_key(core, bytes, by_vault ? core->trust.vault_key : core->trust.log_key,
			 by_vault ? 1 : 2)) {
		LOGP(DCRYPTO, LOGL_ERROR, "take seal key: not signed by the %s\n",
		     by_vault ? "vault" : "log");
		return;
	}
	memcpy(to, bytes.data, bytes.len);
	*len = bytes.len;
}

bool fg_core_seal_keys(struct fg_core *core, struct fg_arena *arena, Fallgate__SealKeys *keys_out)
{
	Fallgate__Signed *vault, *log;

	if (!core->vault_seal_key_len || !core->log_seal_key_len)
		return false;
	vault = fg_signed_unpack(arena, core->vault_seal_key, core->vault_seal_key_len);
	log = fg_signed_unpack(arena, core->log_seal_key, core->log_seal_key_len);
	if (!vault || !log)
		return false;
	fallgate__seal_keys__init(keys_out);
	keys_out->vault = vault;
	keys_out->log = log;
	return true;
}

/* ---- what peers say ---- */

static void on_chain_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
			   void *arg)
{
	struct fg_core *core = arg;
	bool by_vault = channel == core->vault;

	(void)fd_take;
	switch (frame->type) {
	case FG_IPC_SEAL_KEY:
		take_seal_key(core, frame->seal_key.key, by_vault);
		break;
	case FG_IPC_HEAD:
		if (frame->head.token & FG_CTL_HEAD_TOKEN)
			fg_ctl_head(core, &frame->head);
		else
			fg_jobs_head(core, &frame->head);
		break;
	case FG_IPC_LINK:
		fg_operate_link(core, &frame->link);
		break;
	default:
		fg_chain_frame(core, frame, by_vault);
		break;
	}
}

static void on_secure_frame(struct fg_channel *channel, const struct fg_frame *frame, int fd_take,
			    void *arg)
{
	struct fg_core *core = arg;

	(void)channel;
	(void)fd_take;
	if (frame->type == FG_IPC_CONN_OPEN)
		fg_session_opened(core, &frame->conn_open);
	else if (frame->type == FG_IPC_CONN_FRAME)
		fg_session_frame(core, &frame->conn_frame);
	else if (frame->type == FG_IPC_CONN_CLOSED)
		fg_session_closed(core, frame->conn_closed.conn);
	/* CONN_SENT: whether a push arrived is what its acknowledgement says. LINK: the listener is always up. */
}

/* ---- peers come and go ---- */

static void on_chain_open(struct fg_channel *channel, void *arg)
{
	struct fg_core *core = arg;

	(void)channel;
	if (!core->jobs || core->stopping)
		return;
	fg_jobs_chain_changed(core, true);
	fg_relays_chain_changed(core, true);
	if (fg_announce_chain_changed(core) != FG_OK)
		LOGP(DMAIN, LOGL_ERROR, "announce accounts: no memory for a timer\n");
}

static void forget_peer(struct fg_core *core, struct fg_channel **slot)
{
	if (!*slot)
		return;
	if (slot == &core->secure)
		fg_session_close_all(core);
	if (slot == &core->vault) {
		fg_operate_links_down(core);
		fg_relays_vault_lost(core);
	}
	TALLOC_FREE(*slot);
}

static void on_peer_closed(struct fg_channel *channel, enum fg_rc rc, void *arg)
{
	struct fg_core *core = arg;
	struct fg_channel **slot = channel == core->log     ? &core->log
				   : channel == core->vault ? &core->vault
							    : &core->secure;

	LOGP(DIPC, core->stopping ? LOGL_INFO : LOGL_ERROR, "lose peer %s: %s\n",
	     slot == &core->log     ? "log"
	     : slot == &core->vault ? "vault"
				    : "secure link",
	     fg_rc_text(rc));
	forget_peer(core, slot);
}

static void on_secure_room(struct fg_channel *channel, void *arg)
{
	(void)channel;
	fg_push_room(arg);
}

static void on_chain_room(struct fg_channel *channel, void *arg)
{
	(void)channel;
	fg_jobs_chain_changed(arg, false);
	fg_relays_chain_changed(arg, false);
}

static const struct fg_channel_ops chain_ops = {
	.frame = on_chain_frame,
	.open = on_chain_open,
	.closed = on_peer_closed,
	.room = on_chain_room,
};
static const struct fg_channel_ops secure_ops = {
	.frame = on_secure_frame,
	.closed = on_peer_closed,
	.room = on_secure_room,
};

static void on_peer(struct fg_role_process *process, const struct fg_ipc_peer *peer, int fd_take,
		    void *arg)
{
	struct fg_core *core = arg;
	struct fg_channel **slot = peer->role == FG_ROLE_LOG      ? &core->log
				   : peer->role == FG_ROLE_VAULT  ? &core->vault
				   : peer->role == FG_ROLE_SECURE ? &core->secure
								  : NULL;

	if (!slot) {
		close(fd_take);
		return;
	}
	forget_peer(core, slot);
	*slot = fg_channel_new(fg_role_ctx(process), fg_loop_base(core->loop), fd_take,
			       FG_ROLE_CORE, (enum fg_role)peer->role, NULL,
			       slot == &core->secure ? &secure_ops : &chain_ops, core);
	if (!*slot)
		fg_role_fail(process, FG_E_NO_MEMORY, "peer");
	/* What it says of messages that are not loaded yet would be taken for nobody's. */
	if (slot == &core->vault && fg_relays_loading(core))
		fg_channel_pause(*slot, true);
}

/* ---- the role ---- */

static void use_rules(struct fg_core *core)
{
	core->policy = core->rules->policy;
	core->policy_hash = core->rules->hash;
}

static enum fg_rc on_configure(struct fg_role_process *process, const struct fg_conf *conf,
			       void *arg)
{
	struct fg_core *core = arg;
	char why[FG_ROLE_WHY_MAX] = "";
	enum fg_rc rc = fg_crypto_init();

	core->process = process;
	core->loop = fg_role_loop(process);
	core->clock = fg_loop_clock(core->loop);
	core->conf = conf;
	if (rc == FG_OK)
		rc = fg_arena_init(&core->arena, FG_CORE_ARENA);
	if (rc == FG_OK)
		rc = load_keys(core);
	if (rc != FG_OK)
		return rc;
	rc = fg_rules_load(fg_role_ctx(process), conf, &core->rules, why);
	if (rc != FG_OK) {
		LOGP(DCONF, LOGL_ERROR, "load rules: %s\n", why);
		return rc;
	}
	use_rules(core);
	return FG_OK;
}

static struct fg_store_conf store_conf(const struct fg_core *core)
{
	const struct fg_conf *conf = core->conf;

	return (struct fg_store_conf){
		.engine = conf->store.engine,
		.unsafe = strcmp(conf->store.synchronous, "unsafe") == 0,
		.outstanding_bytes = (size_t)conf->store.outstanding_mib << 20,
		.disk_free_bytes = (uint64_t)conf->limits.disk_free_mib << 20,
		.queue_items_max = (uint32_t)conf->limits.queue_messages,
		.queue_bytes_max = (uint64_t)conf->limits.queue_bytes,
	};
}

static enum fg_rc open_store(struct fg_core *core)
{
	struct fg_store_conf conf = store_conf(core);
	char dir[PATH_MAX_LEN];

	conf.dir = dir;
	snprintf(dir, sizeof(dir), "%s/core", core->conf->gateway.data_dir);
	return fg_store_open(fg_role_ctx(core->process), core->loop, &conf, &core->store);
}

/* ---- a changed configuration ---- */

static enum fg_rc on_prepare(struct fg_role_process *process, const struct fg_conf *next,
			     char why[static FG_ROLE_WHY_MAX], void *arg)
{
	struct fg_core *core = arg;

	return fg_rules_load(fg_role_ctx(process), next, &core->next_rules, why);
}

static void on_adopt(struct fg_role_process *process, bool adopt, void *arg)
{
	struct fg_core *core = arg;
	struct fg_store_conf limits;

	(void)process;
	if (!adopt) {
		TALLOC_FREE(core->next_rules);
		return;
	}
	talloc_free(core->rules);
	core->rules = core->next_rules;
	core->next_rules = NULL;
	use_rules(core);
	limits = store_conf(core);
	fg_store_limits(core->store, &limits);
	fg_jobs_chain_changed(core, false);
}

static void on_told(struct fg_role_process *process, const struct fg_frame *frame, void *arg)
{
	(void)process;
	if (frame->type == FG_IPC_RELOADED)
		fg_ctl_reloaded(arg, &frame->reloaded);
	else
		fg_operate_gone(arg, frame->gone.link);
}

static enum fg_rc on_trust(struct fg_role_process *process, const struct fg_ipc_trust *trust,
			   void *arg)
{
	struct fg_core *core = arg;
	enum fg_rc rc;

	(void)process;
	if (trust->origin.len >= sizeof(core->origin))
		return FG_E_TOO_LONG;
	/* gateway.trust is what devices believe: keys of ours that it does not name would sign for nobody. */
	if (memcmp(trust->directory_key, core->directory_key.public, FG_SIGN_PUBLIC_LEN) != 0 ||
	    memcmp(trust->receipt_key, core->receipt_key.public, FG_SIGN_PUBLIC_LEN) != 0)
		return FG_E_TRUST;
	core->trust = *trust;
	if (trust->origin.len)
		memcpy(core->origin, trust->origin.data, trust->origin.len);
	core->trust.origin = FG_BYTES_TEXT(core->origin);
	core->log_id = fg_note_log_id(core->origin, core->trust.log_key);
	core->started_ms = fg_core_now_ms(core);
	/* Peers are introduced next and speak at once: what their frames need is there before. */
	rc = open_store(core);
	if (rc == FG_OK)
		rc = fg_operate_start(core);
	if (rc == FG_OK)
		rc = fg_jobs_start(core);
	if (rc == FG_OK)
		rc = fg_relays_start(core);
	return rc == FG_OK ? fg_announce_start(core) : rc;
}

static void on_file(struct fg_role_process *process, enum fg_role_file kind, int fd_take, void *arg)
{
	struct fg_core *core = arg;

	(void)process;
	if (kind != FG_FILE_CONTROL_LISTENER || core->control_fd >= 0)
		close(fd_take);
	else
		core->control_fd = fd_take;
}

static enum fg_rc on_start(struct fg_role_process *process, void *arg)
{
	struct fg_core *core = arg;

	(void)process;
	return core->control_fd >= 0 ? fg_ctl_start(core) : FG_OK;
}

static void on_stop(struct fg_role_process *process, void *arg)
{
	struct fg_core *core = arg;

	core->stopping = true;
	if (core->secure)
		fg_channel_pause(core->secure, true);
	fg_ctl_stop(core);
	fg_jobs_stop(core);
	fg_relays_stop(core);
	fg_announce_stop(core);
	fg_store_close(core->store);
	core->store = NULL;
	fg_relays_free(core);
	fg_session_close_all(core);
	fg_budgets_free(core);
	fg_role_stopped(process);
}

int fg_core_main(int fd)
{
	static const struct fg_role_ops ops = {
		.configure = on_configure,
		.trust = on_trust,
		.file = on_file,
		.peer = on_peer,
		.start = on_start,
		.prepare = on_prepare,
		.adopt = on_adopt,
		.told = on_told,
		.stop = on_stop,
	};
	struct fg_core core = { .control_fd = -1 };
	int exit_code = fg_role_run(FG_ROLE_CORE, "core", fd, &ops, &core);

	fg_arena_free(&core.arena);
	fg_wipe(&core.directory_key, sizeof(core.directory_key));
	fg_wipe(&core.receipt_key, sizeof(core.receipt_key));
	return exit_code;
}
