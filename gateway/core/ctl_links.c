/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verbs of the control socket about links and the configuration.
 */
#include "gateway/core/ctl_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <talloc.h>
#include "gateway/core/relay.h"

enum { TIME_LEN = 32 };

/* ---- links ---- */

static const char *time_text(uint64_t ms, char out[static TIME_LEN])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (!ms || !gmtime_r(&t, &tm) || !strftime(out, TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, TIME_LEN, "-");
	return out;
}

/* Submits that may wait for their answer now; of an adapter that has no such thing, messages. */
static uint32_t window_of(const struct fg_core_link *link)
{
	return !link->up ? 0 : link->window ? link->window : link->credits + link->in_flight;
}

static uint32_t unanswered_of(const struct fg_core_link *link)
{
	return link->up && link->window ? link->unanswered : link->in_flight;
}

static char *link_json(void *ctx, const struct fg_core *core, unsigned i)
{
	const struct fg_conf_links *conf = &core->conf->links[i];
	const struct fg_core_link *link = &core->links[i];
	char *note = fg_ctl_quote(ctx, link->note), *error = fg_ctl_quote(ctx, link->error);

	if (!note || !error)
		return NULL;
	return talloc_asprintf(
		ctx,
		"{\"name\": \"%s\", \"state\": \"%s\", \"adapter\": \"%s\", \"bearer\": \"%s\", "
		"\"up\": %s, \"credits\": %u, \"in_flight\": %u, \"window\": %u, \"unanswered\": "
		"%u, "
		"\"rate\": %u, "
		"\"throttled\": %s, \"round_trip_ms\": %u, \"carrier_code\": %u, \"note\": %s, "
		"\"since_ms\": %llu, \"error\": %s, \"error_code\": %u, \"error_ms\": %llu, "
		"\"sent\": %llu, \"failed\": %llu, \"unknown\": %llu}",
		conf->name, fg_operate_state(core, i), conf->adapter, conf->bearer,
		link->up ? "true" : "false", link->credits, link->in_flight, window_of(link),
		unanswered_of(link), link->rate, link->throttled ? "true" : "false",
		link->round_trip_ms, link->carrier_code, note, (unsigned long long)link->changed_ms,
		error, link->error_code, (unsigned long long)link->error_ms,
		(unsigned long long)link->sent, (unsigned long long)link->failed,
		(unsigned long long)link->unknown);
}

static const char table_head[] =
	"link             state     adapter     bearer window   rate    round trip       sent   "
	"failed  unknown since                note or last error\n";

/* What a person should read at the end of the row: why it is not well, or to whom it is bound. */
static char *words_of(void *ctx, const struct fg_core_link *link)
{
	char when[TIME_LEN];

	if (!*link->error || (link->up && !link->error_code))
		return talloc_strdup(ctx, link->note);
	if (!link->error_code && *link->note && strcmp(link->note, link->error) != 0)
		return talloc_asprintf(ctx, "%s; before: %s (%s)", link->note, link->error,
				       time_text(link->error_ms, when));
	if (!link->error_code)
		return talloc_asprintf(ctx, "%s (%s)", link->error,
				       time_text(link->error_ms, when));
	return talloc_asprintf(ctx, "%s; last error 0x%08x %s (%s)", link->note, link->error_code,
			       link->error, time_text(link->error_ms, when));
}

static char *link_row(void *ctx, const struct fg_core *core, unsigned i)
{
	const struct fg_conf_links *conf = &core->conf->links[i];
	const struct fg_core_link *link = &core->links[i];
	char since[TIME_LEN], window[24], rate[24] = "-", trip[24] = "-";
	char *words = words_of(ctx, link);

	if (!words)
		return NULL;
	snprintf(window, sizeof(window), "%u/%u", unanswered_of(link), window_of(link));
	if (link->rate)
		snprintf(rate, sizeof(rate), "%u/s", link->rate);
	if (link->round_trip_ms)
		snprintf(trip, sizeof(trip), "%u ms", link->round_trip_ms);
	return talloc_asprintf(
		ctx, "%-16s %-9s %-11s %-6s %-8s %-7s %-10s %10llu %8llu %8llu %-20s %s%s\n",
		conf->name, fg_operate_state(core, i), conf->adapter, conf->bearer, window, rate,
		trip, (unsigned long long)link->sent, (unsigned long long)link->failed,
		(unsigned long long)link->unknown, time_text(link->changed_ms, since),
		link->throttled ? "throttled by the far side; " : "", words);
}

static char *all_links(void *ctx, const struct fg_core *core, bool json)
{
	const char *before = json ? "[" : table_head;
	char *out = talloc_strdup(ctx, "");

	for (unsigned i = 0; out && i < core->conf->links_count; i++) {
		char *line;

		if (!*core->conf->links[i].name) /* it was removed from the configuration */
			continue;
		line = json ? link_json(ctx, core, i) : link_row(ctx, core, i);
		out = line ? talloc_asprintf_append(out, "%s%s", before, line) : NULL;
		before = json ? ",\n " : "";
	}
	if (out && json)
		return talloc_strdup_append(out, *out ? "]\n" : "[]\n");
	return out && !*out ? talloc_strdup(ctx, "no links are configured\n") : out;
}

void fg_ctl_links(struct client *client, char **words)
{
	void *ctx = talloc_new(NULL);
	char *out = all_links(ctx, client->core, client->json);

	(void)words;
	if (out && !client->json)
		out = fg_relays_links(client->core, out);
	fg_ctl_reply(client, out ? EXIT_DONE : EXIT_FAILED, out ? out : "out of memory\n");
	talloc_free(ctx);
}

/* For decisions such a link is as one that is down; only here is known whose will that is. */
char *fg_ctl_links_away(void *ctx, const struct fg_core *core)
{
	char *out = talloc_strdup(ctx, "");

	for (unsigned i = 0; out && i < core->conf->links_count; i++) {
		const char *name = core->conf->links[i].name;
		const struct fg_core_link *link = &core->links[i];

		if (*name && (link->suspended || link->draining))
			out = talloc_asprintf_append(
				out,
				"now: link %s is %s by the operator, and counts "
				"as down until `fallgatectl resume %s`\n",
				name, fg_operate_state(core, i), name);
	}
	return out;
}

/* ---- suspend and resume ---- */

/* FG_CONF_LINKS_MAX: there is none, and the client knows. */
static unsigned named(struct client *client, const char *name)
{
	unsigned link = fg_operate_find(client->core, name);
	char text[160];

	if (link < FG_CONF_LINKS_MAX)
		return link;
	snprintf(text, sizeof(text), "no link is named %.80s", name);
	fg_ctl_reply_text(client, EXIT_NONE, "error", text);
	return FG_CONF_LINKS_MAX;
}

static void on_stored(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct later *later = arg;
	struct client *client = fg_ctl_find(later->core, later->id);

	(void)ops;
	(void)count;
	if (client && rc == FG_OK)
		fg_ctl_reply_text(client, EXIT_DONE, "done", later->path);
	else if (client)
		fg_ctl_reply_error(client, rc);
	talloc_free(later);
}

static void set_suspended(struct client *client, unsigned link, bool suspend, const char *text)
{
	struct later *later = fg_ctl_later(client);
	enum fg_rc rc;

	if (!later)
		return;
	snprintf(later->path, sizeof(later->path), "%s: %s", client->core->conf->links[link].name,
		 text);
	rc = fg_operate_suspend(client->core, link, suspend, on_stored, later);
	if (rc == FG_OK)
		return;
	fg_ctl_reply_error(client, rc);
	talloc_free(later);
}

void fg_ctl_suspend(struct client *client, char **words)
{
	unsigned link = named(client, words[1]);

	if (link < FG_CONF_LINKS_MAX)
		set_suspended(client, link, true, "suspended: it stays bound and is given nothing");
}

static void reply_about(struct client *client, unsigned link, uint8_t exit_code, const char *what)
{
	char text[192];

	snprintf(text, sizeof(text), "%s: %s", client->core->conf->links[link].name, what);
	fg_ctl_reply_text(client, exit_code, exit_code ? "error" : "done", text);
}

void fg_ctl_resume(struct client *client, char **words)
{
	unsigned link = named(client, words[1]);
	const struct fg_core_link *at;
	enum fg_rc rc = FG_OK;
	bool drained;

	if (link == FG_CONF_LINKS_MAX)
		return;
	at = &client->core->links[link];
	drained = at->draining;
	if (drained)
		rc = fg_operate_undrain(client->core, link);
	if (rc != FG_OK)
		fg_ctl_reply_error(client, rc);
	else if (at->suspended)
		set_suspended(client, link, false, "resumed");
	else
		reply_about(client, link, EXIT_DONE,
			    drained ? "resumed: it is started again"
				    : "it was neither suspended nor drained");
}

/* ---- drain ---- */

static void tell_drain(struct client *client)
{
	const struct fg_core_link *link = &client->core->links[client->drain_link];
	const char *name = client->core->conf->links[client->drain_link].name;
	char text[128];

	if (!link->draining) {
		reply_about(client, client->drain_link, EXIT_FAILED,
			    "resumed before it was drained");
	} else if (link->gone) {
		reply_about(client, client->drain_link, EXIT_DONE,
			    "drained: nothing is in flight, and it has left");
	} else if (client->progress) {
		snprintf(text, sizeof(text), "%s: %u in flight\n", name, link->in_flight);
		fg_ctl_progress(client, text);
	}
}

void fg_ctl_link_changed(struct fg_core *core, unsigned link)
{
	struct client *at = core->control ? core->control->clients : NULL;

	for (; at; at = at->next)
		if (at->drains && at->drain_link == link)
			tell_drain(at);
}

static void drain(struct client *client, const char *name, bool progress)
{
	unsigned link = named(client, name);
	enum fg_rc rc;

	if (link == FG_CONF_LINKS_MAX)
		return;
	rc = fg_operate_drain(client->core, link);
	if (rc != FG_OK) {
		fg_ctl_reply_error(client, rc);
		return;
	}
	client->drains = true;
	client->progress = progress;
	client->drain_link = link;
	tell_drain(client);
}

void fg_ctl_drain(struct client *client, char **words)
{
	drain(client, words[1], false);
}

void fg_ctl_drain_progress(struct client *client, char **words)
{
	drain(client, words[2], true);
}

/* ---- reload ---- */

void fg_ctl_reload(struct client *client, char **words)
{
	struct fg_frame frame = { .type = FG_IPC_RELOAD };
	enum fg_rc rc;

	(void)words;
	frame.reload.token = client->id;
	rc = fg_role_tell_parent(client->core->process, &frame);
	if (rc != FG_OK)
		fg_ctl_reply_error(client, rc);
}

/* The lines as a list. */
static char *reload_json(void *ctx, const char *text, bool good)
{
	char *out =
		talloc_asprintf(ctx, "{\"reloaded\": %s, \"lines\": [", good ? "true" : "false");
	const char *comma = "";

	for (size_t len; out && *text; text += len + (text[len] != 0)) {
		char *line, *quoted;

		len = strcspn(text, "\n");
		line = talloc_strndup(ctx, text, len);
		quoted = line ? fg_ctl_quote(ctx, line) : NULL;
		out = quoted ? talloc_asprintf_append(out, "%s%s", comma, quoted) : NULL;
		comma = ", ";
	}
	return out ? talloc_strdup_append(out, "]}\n") : NULL;
}

void fg_ctl_reloaded(struct fg_core *core, const struct fg_ipc_reloaded *reloaded)
{
	struct client *client = fg_ctl_find(core, reloaded->token);
	void *ctx = talloc_new(NULL);
	char *text = talloc_strndup(ctx, (const char *)reloaded->text.data, reloaded->text.len);

	if (text && client && client->json)
		text = reload_json(ctx, text, reloaded->exit_code == 0);
	if (client && client->busy)
		fg_ctl_reply(client, text ? reloaded->exit_code : EXIT_FAILED,
			     text ? text : "out of memory\n");
	talloc_free(ctx);
}
