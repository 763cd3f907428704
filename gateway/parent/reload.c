/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/parent/reload.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include "gateway/parent/check.h"
#include "gateway/parent/parent_internal.h"
#include "lib/base/log.h"

enum { TEXT_MAX = 30000 }; /* RELOADED.text in ipc.def */

enum phase { CHECKING, ASKING, CHAIN_ADOPTS, OTHERS_ADOPT };
enum fate { KEPT, CHANGED, ADDED, REMOVED };

struct fg_reload {
	struct parent *parent;
	bool from_core;
	uint64_t token;
	enum phase phase;
	struct fg_conf next;
	char *text; /* for people, one line each */
	size_t changes, refused;
	enum fate fates[FG_CONF_LINKS_MAX];
	struct event *deadline;
};

__attribute__((format(printf, 2, 3))) static void say(struct fg_reload *reload, const char *fmt,
						      ...)
{
	va_list ap;

	va_start(ap, fmt);
	reload->text = talloc_vasprintf_append(reload->text, fmt, ap);
	va_end(ap);
	if (!reload->text)
		FG_BUG("no memory for a reload");
}

/* ---- the end of it ---- */

static int forget(struct fg_reload *reload)
{
	explicit_bzero(&reload->next, sizeof(reload->next)); /* passwords */
	if (reload->deadline)
		event_free(reload->deadline);
	return 0;
}

static void log_lines(const char *text, bool good)
{
	for (size_t len; *text; text += len + (text[len] != 0)) {
		len = strcspn(text, "\n");
		LOGP(DCONF, good ? LOGL_NOTICE : LOGL_ERROR, "reload: %.*s\n", (int)len, text);
	}
}

static void answer(struct parent *parent, bool from_core, uint64_t token, bool good,
		   const char *text)
{
	struct fg_frame frame = { .type = FG_IPC_RELOADED };
	size_t len = strlen(text);

	log_lines(text, good);
	if (!from_core)
		return;
	frame.reloaded.token = token;
	frame.reloaded.exit_code = good ? 0 : 1;
	frame.reloaded.text = FG_BYTES(text, len < TEXT_MAX ? len : TEXT_MAX);
	fg_child_tell(fg_child_of(parent, FG_ROLE_CORE, 0), &frame);
}

static void finish(struct fg_reload *reload, bool good)
{
	struct parent *parent = reload->parent;

	if (!good)
		say(reload, "nothing was changed\n");
	parent->reload = NULL;
	answer(parent, reload->from_core, reload->token, good, reload->text);
	talloc_free(reload);
}

void fg_reload_free(struct parent *parent)
{
	TALLOC_FREE(parent->reload);
}

/* ---- what may change ---- */

/* By group and key; "*": every key. The rest needs a restart: it is where something is, or was told to others at start. */
static const struct {
	const char *group, *key;
} changeable[] = {
	{ "gateway", "log_level" },
	{ "gateway", "restart_max_ms" },
	{ "gateway", "policy" },
	{ "secure", "certificate" },
	{ "secure", "key" },
	{ "limits", "*" },
	{ "mark", "*" },
	{ "links", "*" },
	{ "accounts", "*" },
};

static bool may_change(const char *group, const char *key)
{
	for (size_t i = 0; i < sizeof(changeable) / sizeof(changeable[0]); i++)
		if (strcmp(changeable[i].group, group) == 0 &&
		    (*changeable[i].key == '*' || strcmp(changeable[i].key, key) == 0))
			return true;
	return false;
}

static void refuse(struct fg_reload *reload, const char *what, const char *why)
{
	if (!reload->refused++)
		reload->text[0] = 0; /* nothing of what was said so far will happen */
	say(reload, "%s: needs a restart%s\n", what, why);
}

/* Who listens for others has its socket from the start of the gateway. */
static bool listens(const struct fg_conf *conf, unsigned link)
{
	return strcmp(conf->links[link].adapter, "smpp-server") == 0;
}

static unsigned index_of(const struct fg_conf *conf, const char *name)
{
	unsigned i = 0;

	while (i < conf->links_count && strcmp(conf->links[i].name, name) != 0)
		i++;
	return i;
}

static bool is_listener(const struct fg_reload *reload, unsigned link, const char *key,
			enum fg_conf_change what)
{
	const struct fg_conf *before = reload->parent->conf, *after = &reload->next;

	if (what == FG_CONF_ADDED)
		return listens(after, link);
	if (what == FG_CONF_REMOVED)
		return false;
	return (listens(before, link) && (strcmp(key, "host") == 0 || strcmp(key, "port") == 0)) ||
	       (strcmp(key, "adapter") == 0 && (listens(before, link) || listens(after, link)));
}

static void note_link(struct fg_reload *reload, const char *name, const char *key,
		      enum fg_conf_change what)
{
	const struct fg_conf *where =
		what == FG_CONF_REMOVED ? reload->parent->conf : &reload->next;
	unsigned link = index_of(where, name);
	char label[128];

	reload->fates[link] = what == FG_CONF_ADDED     ? ADDED
			      : what == FG_CONF_REMOVED ? REMOVED
							: CHANGED;
	snprintf(label, sizeof(label), "links.%s%s%s", name, key ? "." : "", key ? key : "");
	if (is_listener(reload, link, key, what))
		refuse(reload, label, ": it listens for others");
	else if (!reload->refused)
		say(reload, "%s: %s\n", label,
		    what == FG_CONF_ADDED     ? "added"
		    : what == FG_CONF_REMOVED ? "removed"
					      : "changed; the link is started again");
}

static void on_change(const char *group, const char *item, const char *key,
		      enum fg_conf_change what, void *arg)
{
	struct fg_reload *reload = arg;
	char label[128];

	reload->changes++;
	snprintf(label, sizeof(label), "%s%s%s%s%s", group, item ? "." : "", item ? item : "",
		 key ? "." : "", key ? key : "");
	if (strcmp(group, "links") == 0)
		note_link(reload, item, key, what);
	else if (!may_change(group, key ? key : ""))
		refuse(reload, label, "");
	else if (!reload->refused)
		say(reload, "%s: %s\n", label,
		    what == FG_CONF_ADDED     ? "added"
		    : what == FG_CONF_REMOVED ? "removed"
					      : "changed");
}

/* ---- files that the configuration names ---- */

static struct fg_file_mark mark_of(const char *path)
{
	struct fg_file_mark mark = { 0 };
	struct stat st;

	if (*path && stat(path, &st) == 0)
		mark = (struct fg_file_mark){ st.st_mtim, st.st_size, st.st_ino };
	return mark;
}

static bool is_same_file(const char *path, const struct fg_file_mark *before)
{
	struct fg_file_mark now = mark_of(path);

	return now.changed.tv_sec == before->changed.tv_sec &&
	       now.changed.tv_nsec == before->changed.tv_nsec && now.size == before->size &&
	       now.inode == before->inode;
}

void fg_reload_note_files(struct parent *parent)
{
	parent->certificate = mark_of(parent->conf->secure.certificate);
	parent->key = mark_of(parent->conf->secure.key);
	parent->policy = mark_of(parent->conf->gateway.policy);
	for (size_t i = 0; i < parent->conf->links_count; i++) {
		const struct fg_conf_links *link = &parent->conf->links[i];

		parent->link_files[i] = (struct fg_link_marks){
			.certificate = mark_of(link->tls_certificate),
			.key = mark_of(link->tls_key),
			.client_ca = mark_of(link->tls_client_ca),
			.ca = mark_of(link->tls_ca),
			.codes = mark_of(link->vendor_codes),
		};
	}
}

static void note_file(struct fg_reload *reload, const char *label, const char *path,
		      const struct fg_file_mark *before)
{
	if (is_same_file(path, before) || reload->refused)
		return;
	reload->changes++;
	say(reload, "%s: %s was read again\n", label, path);
}

/* Does the link read what this key names? */
static bool is_read(const struct fg_conf_links *link, const char *key)
{
	if (strcmp(link->adapter, "smpp-server") == 0)
		return fg_conf_server_tls(link) && strcmp(key, "tls_ca") != 0 &&
		       strcmp(key, "vendor_codes") != 0;
	if (strcmp(link->adapter, "smpp") != 0 || strcmp(key, "tls_client_ca") == 0)
		return false;
	if (strcmp(key, "vendor_codes") == 0)
		return true;
	return strcmp(link->tls, "on") == 0 && (link->tls_verify || strcmp(key, "tls_ca") != 0);
}

/* A link whose keys changed gets its files as a new process. */
static void note_link_files(struct fg_reload *reload)
{
	const struct fg_conf *next = &reload->next;

	for (unsigned i = 0; i < next->links_count; i++) {
		const struct fg_conf_links *link = &next->links[i];
		const struct fg_link_marks *before = &reload->parent->link_files[i];
		const struct {
			const char *key, *path;
			const struct fg_file_mark *mark;
		} files[] = { { "tls_certificate", link->tls_certificate, &before->certificate },
			      { "tls_key", link->tls_key, &before->key },
			      { "tls_client_ca", link->tls_client_ca, &before->client_ca },
			      { "tls_ca", link->tls_ca, &before->ca },
			      { "vendor_codes", link->vendor_codes, &before->codes } };
		char label[128];

		if (!*link->name || reload->fates[i] != KEPT)
			continue;
		for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
			if (!*files[f].path || !is_read(link, files[f].key))
				continue;
			snprintf(label, sizeof(label), "links.%s.%s", link->name, files[f].key);
			note_file(reload, label, files[f].path, files[f].mark);
		}
	}
}

/* ---- all or none ---- */

static bool awaited(const struct parent *parent)
{
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].answers)
			return true;
	return false;
}

static bool keeps_running(const struct fg_reload *reload, const struct child *child)
{
	return child->state == READY && !child->again && !child->away &&
	       (child->role != FG_ROLE_LINK || reload->fates[child->link] == KEPT);
}

static void give_up(struct fg_reload *reload)
{
	const struct fg_frame frame = { .type = FG_IPC_ADOPT, .adopt.adopt = 0 };
	struct parent *parent = reload->parent;

	for (size_t i = 0; i < parent->count; i++) {
		struct child *child = &parent->children[i];

		if (!child->asked)
			continue;
		child->stale += child->answers;
		child->answers = child->asked = false;
		fg_child_tell(child, &frame);
	}
	finish(reload, false);
}

static void adopt_by(struct fg_reload *reload, bool chain)
{
	const struct fg_frame frame = { .type = FG_IPC_ADOPT, .adopt.adopt = 1 };
	struct parent *parent = reload->parent;

	for (size_t i = 0; i < parent->count; i++) {
		struct child *child = &parent->children[i];

		if (!child->asked ||
		    chain != (child->role == FG_ROLE_LOG || child->role == FG_ROLE_VAULT))
			continue;
		child->asked = false;
		child->answers = true;
		fg_child_tell(child, &frame);
	}
}

static void start_again(struct child *child)
{
	const struct fg_frame stop = { .type = FG_IPC_STOP };

	if (!child->pid) {
		if (!child->away)
			fg_child_arm(child, 0);
		return;
	}
	child->again = true;
	if (child->state != READY) {
		fg_child_kill(child, "its configuration changed while it started");
		return;
	}
	fg_child_tell(child, &stop);
	fg_child_arm(child, child->parent->timings.stop_ms);
}

static void change_links(struct fg_reload *reload)
{
	struct parent *parent = reload->parent;

	for (unsigned i = 0; i < parent->conf->links_count; i++) {
		struct child *child = fg_child_of(parent, FG_ROLE_LINK, i);

		if (reload->fates[i] == ADDED) {
			fg_child_spawn(
				fg_child_add(parent, FG_ROLE_LINK, i, parent->conf->links[i].name));
		} else if (reload->fates[i] == CHANGED) {
			start_again(child);
		} else if (reload->fates[i] == REMOVED) {
			event_del(child->timer);
			child->away = child->removed = true;
			start_again(child);
		}
	}
}

static void advance(struct fg_reload *reload)
{
	struct parent *parent = reload->parent;

	if (awaited(parent))
		return;
	if (reload->phase == ASKING) {
		*parent->conf = reload->next;
		fg_parent_conf_changed(parent);
		fg_reload_note_files(parent);
		adopt_by(reload, true);
	} else if (reload->phase == CHAIN_ADOPTS) {
		adopt_by(reload, false);
	} else {
		change_links(reload);
		finish(reload, true);
		return;
	}
	reload->phase++;
	advance(reload); /* when nobody was there to be told */
}

void fg_reload_answer(struct child *child, const struct fg_ipc_reconfed *answered)
{
	struct fg_reload *reload = child->parent->reload;

	if (child->stale) {
		child->stale--;
		return;
	}
	if (!reload || !child->answers)
		return;
	child->answers = false;
	if (answered->rc != FG_OK) {
		say(reload, "%s refuses it: %.*s\n", child->name, (int)answered->text.len,
		    (const char *)answered->text.data);
		give_up(reload);
		return;
	}
	advance(reload);
}

void fg_reload_died(struct child *child)
{
	struct fg_reload *reload = child->parent->reload;
	bool asked = child->asked;

	child->stale = 0;
	child->answers = child->asked = false;
	if (!reload || child->parent->stopping)
		return;
	if (reload->phase == ASKING && asked) {
		reload->text[0] = 0;
		say(reload, "%s died meanwhile\n", child->name);
		give_up(reload);
	} else if (reload->phase > ASKING) {
		advance(reload); /* it comes back with what the others have */
	}
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct parent *parent = ((struct fg_reload *)arg)->parent;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].answers)
			fg_child_kill(&parent->children[i], "it does not answer to a reload");
}

static void ask_all(struct fg_reload *reload)
{
	struct parent *parent = reload->parent;
	const struct timeval patience = { .tv_sec = parent->timings.ready_ms / 1000,
					  .tv_usec = parent->timings.ready_ms % 1000 * 1000 };

	reload->phase = ASKING;
	event_add(reload->deadline, &patience);
	for (size_t i = 0; i < parent->count; i++) {
		struct child *child = &parent->children[i];

		if (!keeps_running(reload, child))
			continue;
		if (fg_child_has_files_anew(child, &reload->next))
			fg_child_tell_files(child, &reload->next);
		child->answers = child->asked = true;
		fg_child_tell_conf(child, &reload->next, FG_IPC_RECONF);
	}
}

/* ---- the beginning ---- */

static void on_error(const char *file, unsigned line, const char *key, const char *text, void *arg)
{
	struct fg_reload *reload = arg;

	if (line)
		say(reload, "%s:%u: %s%s%s\n", file, line, key, *key ? ": " : "", text);
	else
		say(reload, "%s: %s%s%s\n", file, key, *key ? ": " : "", text);
}

static const char *who_is_not_ready(const struct parent *parent)
{
	for (size_t i = 0; i < parent->count; i++)
		if (parent->children[i].role != FG_ROLE_LINK && parent->children[i].state != READY)
			return parent->children[i].name;
	return NULL;
}

static const char *why_not_now(const struct parent *parent)
{
	if (parent->stopping)
		return "the gateway is stopping\n";
	if (!parent->conf_path)
		return "the configuration did not come from a file\n";
	if (parent->reload)
		return "another reload is under way\n";
	if (who_is_not_ready(parent))
		return "the gateway is still starting, or a role of it is; try again\n";
	return NULL;
}

/* FG_OK: ask; else it has ended. */
static enum fg_rc check(struct fg_reload *reload)
{
	struct parent *parent = reload->parent;
	const struct fg_conf *next = &reload->next;

	if (fg_parent_check(parent->conf_path, &reload->next, on_error, reload) != FG_OK)
		return FG_E_CONF;
	if (fg_conf_keep_slots(parent->conf, &reload->next) != FG_OK) {
		say(reload, "links: needs a restart: too many links were added and removed\n");
		return FG_E_SPACE;
	}
	fg_conf_compare(parent->conf, next, on_change, reload);
	note_file(reload, "secure.certificate", next->secure.certificate, &parent->certificate);
	note_file(reload, "secure.key", next->secure.key, &parent->key);
	if (*next->gateway.policy)
		note_file(reload, "gateway.policy", next->gateway.policy, &parent->policy);
	note_link_files(reload);
	return reload->refused ? FG_E_DENIED : FG_OK;
}

static struct fg_reload *make(struct parent *parent, bool from_core, uint64_t token)
{
	struct fg_reload *reload = talloc_zero(parent, struct fg_reload);

	if (!reload)
		return NULL;
	talloc_set_destructor(reload, forget);
	reload->parent = parent;
	reload->from_core = from_core;
	reload->token = token;
	reload->text = talloc_strdup(reload, "");
	reload->deadline = event_new(fg_loop_base(parent->loop), -1, 0, on_deadline, reload);
	if (!reload->text || !reload->deadline)
		TALLOC_FREE(reload);
	return reload;
}

void fg_reload_begin(struct parent *parent, bool from_core, uint64_t token)
{
	const char *why = why_not_now(parent);
	struct fg_reload *reload = why ? NULL : make(parent, from_core, token);

	if (!reload) {
		answer(parent, from_core, token, false, why ? why : "out of memory\n");
		return;
	}
	parent->reload = reload;
	if (check(reload) != FG_OK) {
		finish(reload, false);
	} else if (!reload->changes) {
		say(reload, "nothing has changed\n");
		finish(reload, true);
	} else {
		ask_all(reload);
		advance(reload);
	}
}
