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

/* ---- rules ---- */

static void log_conf_error(const char *file, unsigned line, const char *key, const char *text,
			   void *arg)
{
	(void)arg;
	LOGP(DCONF, LOGL_ERROR, "read %s:%u: %s: %s\n", file, line, key, text);
}

static enum fg_rc copy_prefix(char *out, const char *prefix)
{
	if (strlen(prefix) > FG_POLICY_PREFIX_MAX)
		return FG_E_CONF;
	strcpy(out, prefix); /* fits: just measured */
	return FG_OK;
}

static enum fg_rc take_class(const char *name, uint8_t *classes_out)
{
	if (!*name)
		return FG_OK;
	for (unsigned i = 0; i < 8; i++)
		if (strcmp(fg_message_class_name((enum fg_message_class)i), name) == 0) {
			*classes_out = (uint8_t)FG_CLASS_BIT(i);
			return FG_OK;
		}
	return FG_E_CONF;
}

static enum fg_rc convert_rule(const struct fg_conf_rule *from, struct fg_policy_rule *rule_out)
{
	enum fg_rc rc;

	*rule_out = (struct fg_policy_rule){ .action = FG_RULE_LINKS };
	snprintf(rule_out->name, sizeof(rule_out->name), "line %u", from->line);
	if (strcmp(from->action, "refuse") == 0)
		rule_out->action = FG_RULE_REFUSE;
	else if (strcmp(from->action, "hold") == 0)
		rule_out->action = FG_RULE_HOLD;
	else
		rule_out->links_count = from->links_count;
	memcpy(rule_out->links, from->links, rule_out->links_count);
	rc = copy_prefix(rule_out->recipient, from->recipient_prefix);
	if (rc == FG_OK)
		rc = copy_prefix(rule_out->sender, from->sender_prefix);
	if (rc == FG_OK)
		rc = take_class(from->message_class, &rule_out->classes);
	return rc;
}

static enum fg_rc rules_from_file(struct fg_core *core)
{
	struct fg_conf_rule *from =
		talloc_array(core->rules, struct fg_conf_rule, FG_CONF_RULES_MAX);
	struct fg_policy_rule rule;
	size_t count = 0;
	enum fg_rc rc = from ? fg_conf_read_policy(core->conf->gateway.policy, core->conf, from,
						   &count, log_conf_error, NULL)
			     : FG_E_NO_MEMORY;

	for (size_t i = 0; rc == FG_OK && i < count; i++) {
		rc = convert_rule(&from[i], &rule);
		if (rc == FG_OK)
			rc = i + 1 < count ? fg_policy_add_rule(&core->policy, &rule)
					   : fg_policy_set_default(&core->policy, &rule);
	}
	talloc_free(from);
	return rc;
}

/* Without a file: every link that leads out, in the order of the configuration. Without links nothing leaves unprotected. */
static enum fg_rc default_rule(struct fg_core *core)
{
	struct fg_policy_rule rule = { .name = "default", .action = FG_RULE_LINKS };

	for (uint8_t i = 0; i < core->conf->links_count; i++)
		if (!fg_conf_link_is_server(&core->conf->links[i]))
			rule.links[rule.links_count++] = i;
	if (rule.links_count == 0)
		rule.action = FG_RULE_REFUSE;
	return fg_policy_set_default(&core->policy, &rule);
}

static enum fg_rc check_rules(const struct fg_core *core)
{
	struct fg_policy_fault fault;
	char text[512];
	enum fg_rc rc = fg_policy_check(&core->policy, &fault);

	if (rc == FG_OK)
		return rc;
	fg_policy_fault_text(&core->policy, &fault, text, sizeof(text));
	LOGP(DCONF, LOGL_ERROR, "check rules: %s\n", text);
	return rc;
}

/* What decided is stored with every decision: the rules, and which links their numbers meant. */
static enum fg_rc hash_rules(struct fg_core *core)
{
	struct fg_piece pieces[1 + FG_CONF_LINKS_MAX];
	size_t cap = FG_POLICY_TEXT_CAP(core->policy.count), len = 0;
	char *text = talloc_size(core->rules, cap);
	enum fg_rc rc =
		text ? fg_policy_canonical_text(&core->policy, text, cap, &len) : FG_E_NO_MEMORY;

	if (rc == FG_OK) {
		pieces[0] = (struct fg_piece){ text, len };
		for (size_t i = 0; i < core->conf->links_count; i++)
			pieces[1 + i] = (struct fg_piece){ core->conf->links[i].name,
							   strlen(core->conf->links[i].name) + 1 };
		core->policy_hash = fg_sha256_pieces(pieces, 1 + core->conf->links_count);
	}
	talloc_free(text);
	return rc;
}

static enum fg_rc load_rules(struct fg_core *core)
{
	enum fg_rc rc;

	core->rules = talloc_zero_array(fg_role_ctx(core->process), struct fg_policy_rule,
					FG_CONF_RULES_MAX);
	if (!core->rules)
		return FG_E_NO_MEMORY;
	fg_policy_init(&core->policy, core->rules, FG_CONF_RULES_MAX,
		       (uint8_t)core->conf->links_count);
	rc = core->conf->gateway.policy[0] ? rules_from_file(core) : default_rule(core);
	if (rc == FG_OK)
		rc = check_rules(core);
	return rc == FG_OK ? hash_rules(core) : rc;
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

static void take_link(struct fg_core *core, const struct fg_ipc_link *said)
{
	struct fg_core_link *link;
	size_t len = said->note.len < sizeof(link->note) ? said->note.len : sizeof(link->note) - 1;

	if (said->link >= core->conf->links_count)
		return;
	link = &core->links[said->link];
	link->up = said->up != 0;
	link->credits = said->credits;
	link->in_flight = said->in_flight;
	link->carrier_code = said->carrier_code;
	if (len)
		memcpy(link->note, said->note.data, len);
	link->note[len] = '\0';
	link->changed_ms = fg_core_now_ms(core);
	fg_jobs_chain_changed(core, false);
	fg_relays_chain_changed(core, false);
}

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
		take_link(core, &frame->link);
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

static void links_down(struct fg_core *core)
{
	for (size_t i = 0; i < core->conf->links_count; i++)
		core->links[i].up = false;
}

static void forget_peer(struct fg_core *core, struct fg_channel **slot)
{
	if (!*slot)
		return;
	if (slot == &core->secure)
		fg_session_close_all(core);
	if (slot == &core->vault) {
		links_down(core);
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

static enum fg_rc on_configure(struct fg_role_process *process, const struct fg_conf *conf,
			       void *arg)
{
	struct fg_core *core = arg;
	enum fg_rc rc = fg_crypto_init();

	core->process = process;
	core->loop = fg_role_loop(process);
	core->clock = fg_loop_clock(core->loop);
	core->conf = conf;
	if (rc == FG_OK)
		rc = fg_arena_init(&core->arena, FG_CORE_ARENA);
	if (rc == FG_OK)
		rc = load_keys(core);
	return rc == FG_OK ? load_rules(core) : rc;
}

static enum fg_rc open_store(struct fg_core *core);

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

static enum fg_rc open_store(struct fg_core *core)
{
	char dir[PATH_MAX_LEN];
	const struct fg_store_conf conf = {
		.dir = dir,
		.engine = core->conf->store.engine,
		.unsafe = strcmp(core->conf->store.synchronous, "unsafe") == 0,
		.outstanding_bytes = (size_t)core->conf->store.outstanding_mib << 20,
		.disk_free_bytes = (uint64_t)core->conf->limits.disk_free_mib << 20,
		.queue_items_max = (uint32_t)core->conf->limits.queue_messages,
		.queue_bytes_max = (uint64_t)core->conf->limits.queue_bytes,
	};

	snprintf(dir, sizeof(dir), "%s/core", core->conf->gateway.data_dir);
	return fg_store_open(fg_role_ctx(core->process), core->loop, &conf, &core->store);
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
		.stop = on_stop,
	};
	struct fg_core core = { .control_fd = -1 };
	int exit_code = fg_role_run(FG_ROLE_CORE, "core", fd, &ops, &core);

	fg_arena_free(&core.arena);
	fg_wipe(&core.directory_key, sizeof(core.directory_key));
	fg_wipe(&core.receipt_key, sizeof(core.receipt_key));
	return exit_code;
}
