/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What links say of themselves, and what the operator says of them. A link that is suspended or drained counts as down for every
 * decision, so messages take another way or are held; it is started again, or given work again, by `resume` alone.
 */
#include "gateway/core/internal.h"

#include <stdlib.h>
#include <string.h>
#include "gateway/core/job.h"
#include "gateway/core/relay.h"
#include "lib/wire/cms.h"
#include "lib/wire/smpp_status.h"

/* FG_KV_META: the names of suspended links, each ended by a line feed. */
static const char suspended_key[] = "suspended";

enum { NAMES_CAP = FG_CONF_LINKS_MAX * (sizeof(((struct fg_conf_links *)0)->name) + 1) };

static void decide_again(struct fg_core *core)
{
	fg_jobs_chain_changed(core, false);
	fg_relays_chain_changed(core, false);
}

unsigned fg_operate_find(const struct fg_core *core, const char *name)
{
	for (unsigned i = 0; *name && i < core->conf->links_count; i++)
		if (strcmp(core->conf->links[i].name, name) == 0)
			return i;
	return FG_CONF_LINKS_MAX;
}

bool fg_operate_usable(const struct fg_core *core, size_t link)
{
	const struct fg_core_link *at = &core->links[link];

#ifndef FG_MUTANT_link_suspended
	if (at->suspended || core->links_held)
		return false;
#endif
	return at->up && !at->draining;
}

const char *fg_operate_state(const struct fg_core *core, unsigned link)
{
	const struct fg_core_link *at = &core->links[link];

	if (at->gone)
		return "drained";
	if (at->draining)
		return "draining";
	if (at->suspended)
		return "suspended";
	return at->up ? "up" : "down";
}

/* ---- what links say ---- */

/* The far side's code in words, where its protocol has such; what the link noted otherwise. */
static void remember_error(struct fg_core *core, unsigned link, uint32_t code, const char *note)
{
	struct fg_core_link *at = &core->links[link];
	const char *adapter = core->conf->links[link].adapter;

	at->error_code = code;
	at->error_ms = fg_core_now_ms(core);
	if (code && code == at->own_code)
		memcpy(at->error, at->own_note, sizeof(at->own_note));
	else if (code && strncmp(adapter, "smpp", 4) == 0)
		snprintf(at->error, sizeof(at->error), "%s: %s", fg_smpp_status_find(code)->name,
			 fg_smpp_status_find(code)->note);
	else if (code && strcmp(adapter, "modem") == 0)
		snprintf(at->error, sizeof(at->error), "+CMS ERROR %u: %s", code,
			 fg_cms_find(FG_CMS_ERROR, code)->note);
	else
		snprintf(at->error, sizeof(at->error), "%s", note);
}

/* What the carrier's table says of its own code; it may come after the error of a leg. */
static void remember_own(struct fg_core *core, const struct fg_ipc_link *said)
{
	struct fg_core_link *link = &core->links[said->link];

	link->own_code = said->own_code;
	snprintf(link->own_note, sizeof(link->own_note), "%.*s", (int)said->own_note.len,
		 said->own_note.len ? (const char *)said->own_note.data : "");
	if (link->own_code && link->error_code == link->own_code)
		memcpy(link->error, link->own_note, sizeof(link->own_note));
}

/* Before it was ever up the newest word is why not, unless an older one has the far side's code. */
static bool says_why(const struct fg_core_link *link)
{
	return !link->ever_up && !link->error_code && strcmp(link->note, link->error) != 0;
}

void fg_operate_link(struct fg_core *core, const struct fg_ipc_link *said)
{
	struct fg_core_link *link;
	size_t len = said->note.len < sizeof(link->note) ? said->note.len : sizeof(link->note) - 1;
	bool was_up;

	if (said->link >= core->conf->links_count)
		return;
	link = &core->links[said->link];
	was_up = link->up;
	link->up = said->up != 0;
	link->ever_up |= link->up;
	link->credits = said->credits;
	link->in_flight = said->in_flight;
	link->rate = said->rate;
	link->throttled = said->throttled != 0;
	link->round_trip_ms = said->round_trip_ms;
	link->window = said->window;
	link->unanswered = said->unanswered;
	remember_own(core, said);
	if (len)
		memcpy(link->note, said->note.data, len);
	link->note[len] = '\0';
	if (said->carrier_code && said->carrier_code != link->carrier_code)
		remember_error(core, said->link, said->carrier_code, link->note);
	else if (!link->up && *link->note && (was_up || says_why(link)))
		remember_error(core, said->link, said->carrier_code, link->note);
	link->carrier_code = said->carrier_code;
	if (link->up != was_up || !link->changed_ms)
		link->changed_ms = fg_core_now_ms(core);
	if (link->draining)
		fg_ctl_link_changed(core, said->link);
	if (!link->up)
		fg_relays_link_lost(core, said->link);
	decide_again(core);
}

void fg_operate_links_down(struct fg_core *core)
{
	for (size_t i = 0; i < core->conf->links_count; i++) {
		if (core->links[i].up)
			core->links[i].changed_ms = fg_core_now_ms(core);
		core->links[i].up = false;
		core->links[i].credits = core->links[i].in_flight = 0;
		snprintf(core->links[i].note, sizeof(core->links[i].note), "the vault is away");
	}
}

void fg_operate_leg_at(struct fg_core *core, unsigned link, enum fg_leg_state state,
		       uint32_t carrier_code)
{
	struct fg_core_link *at = &core->links[link % FG_CONF_LINKS_MAX];

	if (link >= core->conf->links_count)
		return;
	at->sent += state == FG_LEG_ACCEPTED;
	at->failed += state == FG_LEG_FAILED;
	at->unknown += state == FG_LEG_UNKNOWN;
	if (carrier_code && state != FG_LEG_ACCEPTED)
		remember_error(core, link, carrier_code, "the far side refused a message");
}

void fg_operate_leg(struct fg_core *core, const char *link, enum fg_leg_state state,
		    uint32_t carrier_code)
{
	fg_operate_leg_at(core, fg_operate_find(core, link), state, carrier_code);
}

/* ---- suspend ---- */

static bool is_named(const struct fg_bytes *names, const char *name)
{
	const char *at = (const char *)names->data, *end = at + names->len;
	size_t len = strlen(name);

	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));

		if (!line)
			return false;
		if (len && (size_t)(line - at) == len && memcmp(at, name, len) == 0)
			return true;
		at = line + 1;
	}
	return false;
}

static void suspended_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct fg_core *core = arg;

	if (rc != FG_OK) /* what is not known to be free stays held */
		fg_role_fail(core->process, rc, "read which links are suspended");
	for (size_t i = 0; count > 0 && i < core->conf->links_count; i++)
		core->links[i].suspended = is_named(&rows[0].body, core->conf->links[i].name);
	core->links_held = false;
	decide_again(core);
}

enum fg_rc fg_operate_start(struct fg_core *core)
{
	const struct fg_store_key key = { .what = FG_GET_KV,
					  .kind = FG_KV_META,
					  .key = FG_BYTES_TEXT(suspended_key) };

	core->links_held = true;
	return fg_store_get(core->store, &key, 1, suspended_read, core);
}

struct suspension {
	struct fg_core *core;
	unsigned link;
	bool suspend;
	fg_store_done_cb done;
	void *arg;
	struct fg_store_op op;
	char names[NAMES_CAP];
};

static void write_names(struct suspension *suspension)
{
	const struct fg_core *core = suspension->core;
	size_t len = 0;

	for (unsigned i = 0; i < core->conf->links_count; i++)
		if (*core->conf->links[i].name &&
		    (i == suspension->link ? suspension->suspend : core->links[i].suspended))
			len += (size_t)snprintf(suspension->names + len, NAMES_CAP - len, "%s\n",
						core->conf->links[i].name);
	suspension->op.body = FG_BYTES(suspension->names, len);
}

static void suspension_stored(enum fg_rc rc, struct fg_store_op *ops, size_t count, void *arg)
{
	struct suspension *suspension = arg;
	struct fg_core *core = suspension->core;

	fg_core_store_rc(core, rc);
	if (rc == FG_OK)
		core->links[suspension->link].suspended = suspension->suspend;
	if (suspension->done)
		suspension->done(rc, ops, count, suspension->arg);
	free(suspension);
	decide_again(core);
}

enum fg_rc fg_operate_suspend(struct fg_core *core, unsigned link, bool suspend,
			      fg_store_done_cb done, void *arg)
{
	struct suspension *suspension = calloc(1, sizeof(*suspension));
	enum fg_rc rc;

	if (!suspension)
		return FG_E_NO_MEMORY;
	*suspension = (struct suspension){
		.core = core, .link = link, .suspend = suspend, .done = done, .arg = arg
	};
	suspension->op.op = FG_OP_KV_PUT;
	suspension->op.kind = FG_KV_META;
	suspension->op.key = FG_BYTES_TEXT(suspended_key);
	suspension->op.version = FG_STORE_ANY_VERSION;
	write_names(suspension);
	rc = fg_store_submit(core->store, 0, 0, &suspension->op, 1, suspension_stored, suspension);
	if (rc != FG_OK)
		free(suspension);
	return fg_core_store_rc(core, rc);
}

/* ---- drain ---- */

static enum fg_rc tell_parent(struct fg_core *core, unsigned link, bool away)
{
	struct fg_frame frame = { .type = FG_IPC_AWAY };

	frame.away.link = (uint16_t)link;
	frame.away.away = away;
	return fg_role_tell_parent(core->process, &frame);
}

enum fg_rc fg_operate_drain(struct fg_core *core, unsigned link)
{
	struct fg_frame frame = { .type = FG_IPC_DRAIN, .drain.link = (uint16_t)link };
	enum fg_rc rc;

	if (core->links[link].draining)
		return FG_OK;
	if (!core->vault)
		return FG_E_CLOSED;
	rc = tell_parent(core, link, true);
	if (rc == FG_OK)
		rc = fg_channel_answer(core->vault, &frame);
	if (rc == FG_OK)
		core->links[link].draining = true;
	return rc;
}

enum fg_rc fg_operate_undrain(struct fg_core *core, unsigned link)
{
	enum fg_rc rc = tell_parent(core, link, false);

	if (rc == FG_OK)
		core->links[link].draining = core->links[link].gone = false;
	return rc;
}

void fg_operate_gone(struct fg_core *core, unsigned link)
{
	if (link >= core->conf->links_count)
		return;
	core->links[link].draining = core->links[link].gone = true;
	core->links[link].up = false;
	core->links[link].in_flight = 0;
	core->links[link].changed_ms = fg_core_now_ms(core);
	fg_ctl_link_changed(core, link);
}
