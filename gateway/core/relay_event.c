/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the chain and carriers say about messages of applications: legs, refusals, delivery reports.
 */
#include "gateway/core/relay_facts.h"
#include "gateway/core/relay_internal.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"
#include "lib/proto/leaf.h"
#include "lib/wire/dlr.h"

enum {
	REPORT_WAIT_S = FG_RELAY_DAY_S, /* correlation for the validity and this much more */
	LEAST_WAIT_S = 3 * FG_RELAY_DAY_S,
	APPLICATION_S = 10, /* one that has just gone */
	LINK_AGAIN_S = 1,   /* a link that died is started again at once */
	REFUSED_S = 5,      /* an order refused for a passing reason, a link that gave it back */
	THROTTLED_S = 1,
	NO_VAULT_S =
		1, /* that it is away from the log: it is started again at once, and not everybody meets it at the same moment */
	EARLY_MAX = 65536,
	EARLY_MS = 5000,
	EARLY_BUCKETS = 4096,
};

/*! A report that may have overtaken its LEG: the two come by different ways. */
struct fg_relay_early {
	struct fg_relay_early *next, *hash_next;
	uint64_t at_ms;
	struct fg_ipc_dlr report; /* its texts point into text */
	char text[64 + 16 + 32];
};

static uint32_t now_s(const struct fg_core_relays *relays)
{
	return (uint32_t)(fg_core_now_ms(relays->core) / 1000);
}

/* ---- ends ---- */

void fg_relay_leave_sending(struct fg_core_relays *relays, struct fg_relay *relay)
{
	fg_relay_unlist(relay);
	fg_relay_untimer(relays, relay);
	fg_relay_work_free(relay);
	if (relay->link < FG_CONF_LINKS_MAX && relays->sending_on[relay->link])
		relays->sending_on[relay->link]--;
	relays->no_use = false;
	fg_relay_stir(relays);
}

static void count_end(struct fg_relay_account *account, uint8_t dlr_state)
{
	account->alive--;
	if (dlr_state == FG_DLR_DELIVERED)
		account->delivered++;
	else if (dlr_state == FG_DLR_UNKNOWN)
		account->unknown++;
	else
		account->failed++;
}

void fg_relay_finish(struct fg_core_relays *relays, struct fg_relay *relay,
		     enum fg_relay_event event, uint8_t dlr_state)
{
	if (relay->state == FG_JOB_SENDING)
		fg_relay_leave_sending(relays, relay);
	fg_relay_become(relay, event, FG_JOB_FINAL);
	fg_relay_turn_over(relays, relay);
	fg_relay_lane_release(relays, relay);
	fg_relay_unlist(relay);
	fg_relay_work_free(relay);
	fg_relay_refs_drop(relays, relay);
	fg_relay_copies_drop(relays, relay);
	relay->report = dlr_state;
	relay->done_s = now_s(relays);
	count_end(&relays->accounts[relay->account], dlr_state);
	if (relay->part)
		fg_relay_join_end(relays, relay);
	if (!fg_relay_wants_receipt(relay)) {
		fg_relay_end(relays, relay);
		return;
	}
	fg_relay_timer(relays, relay, relay->done_s + FG_RELAY_KEEP_DAYS * FG_RELAY_DAY_S);
	fg_relay_save(relays, relay, FG_THEN_TELL);
}

void fg_relay_overdue(struct fg_core_relays *relays, struct fg_relay *relay)
{
	fg_relay_finish(relays, relay, FG_RELAY_OVERDUE, FG_DLR_UNKNOWN);
}

/* ---- legs ---- */

static void wait_for_reports(struct fg_core_relays *relays, struct fg_relay *relay)
{
	const struct fg_conf *conf = relays->core->conf;
	uint64_t wait_s = REPORT_WAIT_S;

	if (relay->link < conf->links_count)
		wait_s += (uint64_t)conf->links[relay->link].validity_s;
	if (wait_s < LEAST_WAIT_S)
		wait_s = LEAST_WAIT_S;
	fg_relay_timer(relays, relay, now_s(relays) + (uint32_t)wait_s);
}

/* Whether it left is not known, and it is not sent again: a report may still come under the number that went along. "?" can be no
 * carrier's id of ours. */
static void doubt(struct fg_core_relays *relays, struct fg_relay *relay, enum fg_relay_event event)
{
	char text[FG_RELAY_TEXT_MAX + 8];
	int len = snprintf(text, sizeof(text), "?%04x:%s", fg_leg_reference(&relay->id, relay->leg),
			   fg_relay_destination(relay));

	fg_relay_leave_sending(relays, relay);
	fg_relay_become(relay, event, FG_JOB_IN_DOUBT);
	fg_relay_refs_drop(relays, relay);
	fg_relay_ref_add(relays, relay, text, (size_t)len);
	wait_for_reports(relays, relay);
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
}

static void take_early(struct fg_core_relays *relays, struct fg_relay *relay);

/* One reference a part; a far side that gives a part none is told of no more. */
static void sent(struct fg_core_relays *relays, struct fg_relay *relay,
		 const struct fg_ipc_leg *leg)
{
	struct fg_cursor refs;

	fg_relay_leave_sending(relays, relay);
	fg_relay_become(relay, FG_RELAY_LEG, FG_JOB_SENT);
	fg_relay_refs_drop(relays, relay);
	fg_cursor_init(&refs, leg->refs.data, leg->refs.len);
	while (fg_cursor_left(&refs)) {
		size_t len = fg_cursor_u8(&refs);
		const uint8_t *text = fg_cursor_bytes(&refs, len);

		if (refs.rc == FG_OK)
			fg_relay_ref_add(relays, relay, text, len);
	}
	wait_for_reports(relays, relay);
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
	take_early(relays, relay);
}

/* What a phone sent: its application has it, or will not have it. */
static void handed_over(struct fg_core_relays *relays, struct fg_relay *relay, bool has_it)
{
	fg_relay_finish(relays, relay, FG_RELAY_LEG,
			has_it ? FG_DLR_DELIVERED : FG_DLR_UNDELIVERABLE);
}

static void back_to_ready(struct fg_core_relays *relays, struct fg_relay *relay,
			  enum fg_relay_event event)
{
	fg_relay_leave_sending(relays, relay);
	fg_relay_become(relay, event, FG_JOB_READY);
}

/* A recipient whom the far side refuses for good is refused by every other of that bearer: each try costs a price. */
static uint32_t links_that_failed(const struct fg_core *core, const struct fg_relay *relay,
				  enum fg_rc rc)
{
	uint32_t failed = relay->link < FG_CONF_LINKS_MAX ? 1u << relay->link : 0;

#ifndef FG_MUTANT_relay_recipient
	for (size_t i = 0; rc == FG_E_LINK_RECIPIENT && i < core->conf->links_count; i++)
		if (fg_relay_bearer(core, i) == relay->bearer)
			failed |= 1u << i;
#endif
	(void)core, (void)rc;
	return failed;
}

/* Row 15: the next link, a new leg, a new leaf, at once. */
static void failed(struct fg_core_relays *relays, struct fg_relay *relay, enum fg_rc rc)
{
	relay->failed_links |= links_that_failed(relays->core, relay, rc);
	back_to_ready(relays, relay, FG_RELAY_LEG);
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
	fg_relay_push(&relays->decide, relay);
}

/* Throttling is no attempt, nor is what the link gave back by itself: it went down, or its equipment failed. Another one may take it soon.
 * What the far side said not to take now goes by the schedule, but for the first time when another link may. */
static void deferred(struct fg_core_relays *relays, struct fg_relay *relay, enum fg_rc rc,
		     uint32_t carrier_code)
{
	bool throttled = fg_rc_class(rc) == FG_CLASS_THROTTLE;
	bool other_link = fg_rc_class(rc) == FG_CLASS_OTHER_LINK;
	bool attempt = !throttled;

#ifndef FG_MUTANT_relay_link_attempt
	if (other_link && (carrier_code == 0 || rc == FG_E_LINK_FAULT))
		attempt = false;
#endif
	(void)carrier_code;
	back_to_ready(relays, relay, FG_RELAY_LEG);
	if (attempt && relay->tries < UINT8_MAX)
		relay->tries++;
	if (throttled)
		fg_relay_wait(relays, relay, THROTTLED_S);
	else if (!attempt || (other_link && relay->tries == 1))
		fg_relay_wait(relays, relay, REFUSED_S);
	else
		fg_relay_wait(relays, relay, fg_relay_retry_s(relay));
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
}

/* What a phone sent, for an application that has gone, is busy, or was cut off by a link that died: then it is there again soon. An
 * application rather gets it twice than never. */
static void not_handed_over(struct fg_core_relays *relays, struct fg_relay *relay, bool link_died)
{
	back_to_ready(relays, relay, FG_RELAY_LEG);
	fg_relay_wait(relays, relay, link_died ? LINK_AGAIN_S : APPLICATION_S);
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
}

static enum fg_rc rc_of(uint16_t rc)
{
	return rc < FG_RC_COUNT ? (enum fg_rc)rc : FG_E_STATE;
}

bool fg_relays_leg(struct fg_core *core, const struct fg_ipc_leg *leg)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay *relay = fg_relay_find(relays, &leg->message_id);

	if (!relay)
		return false;
	if (relay->state != FG_JOB_SENDING || leg->leg != relay->leg ||
	    relay->flags & FG_RELAY_DECIDING || leg->state == FG_LEG_OPENED)
		return true;
	if (relay->bearer ==
	    FG_BEARER_SECURE) /* copies come by themselves: without them it is ordered again */
		return true;
	relay->segments = leg->segments ? leg->segments : relay->segments;
	relay->error = (uint16_t)leg->carrier_code;
	fg_operate_leg_at(core, relay->link, (enum fg_leg_state)leg->state, leg->carrier_code);
	switch ((enum fg_leg_state)leg->state) {
	case FG_LEG_ACCEPTED:
		if (fg_relay_is_inbound(relay))
			handed_over(relays, relay, true);
		else
			sent(relays, relay, leg);
		break;
	case FG_LEG_FAILED:
		if (fg_relay_is_inbound(relay))
			handed_over(relays, relay, false);
		else
			failed(relays, relay, rc_of(leg->rc));
		break;
	case FG_LEG_UNKNOWN:
		if (fg_relay_is_inbound(relay))
			not_handed_over(relays, relay, true);
		else
			doubt(relays, relay, FG_RELAY_LEG);
		break;
	case FG_LEG_DEFERRED:
		if (fg_relay_is_inbound(relay))
			not_handed_over(relays, relay, false);
		else
			deferred(relays, relay, rc_of(leg->rc), leg->carrier_code);
		break;
	case FG_LEG_OPENED:
		break;
	}
	return true;
}

void fg_relays_relayed(struct fg_core *core, const struct fg_ipc_relayed *relayed)
{
	struct fg_relay *relay = fg_relay_find(core->relays, &relayed->message_id);

	if (relay && relay->leg == relayed->leg)
		relay->leaf_index = relayed->leaf_index;
}

static bool is_link_down(const struct fg_core_relays *relays, const struct fg_relay *relay)
{
	const struct fg_core *core = relays->core;

	return relay->bearer != FG_BEARER_SECURE && relay->link < core->conf->links_count &&
	       !core->links[relay->link].up;
}

bool fg_relays_refused(struct fg_core *core, const struct fg_ipc_refused *refused, bool by_vault)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay *relay = fg_relay_find(relays, &refused->message_id);
	enum fg_rc rc = rc_of(refused->rc);
	uint32_t wait_s;
	enum fg_rc_class rc_class = fg_rc_class(rc);
	bool retry = rc_class == FG_CLASS_RETRY || rc_class == FG_CLASS_OTHER_LINK ||
		     rc_class == FG_CLASS_THROTTLE;

	if (!relay)
		return false;
	if (relay->state != FG_JOB_SENDING || refused->leg != relay->leg ||
	    relay->flags & FG_RELAY_DECIDING)
		return true;
	LOG_MSG(&relay->id, DLEG, LOGL_NOTICE, "refused leg: by=%s leg=%u rc=%s\n",
		by_vault ? "vault" : "log", relay->leg, fg_rc_name(rc));
	wait_s = rc == FG_E_CLOSED ? NO_VAULT_S : REFUSED_S;
	/* The vault knows what it opened. The log does not: an order that was given before may have been carried out. */
	if (!by_vault && (relay->flags & FG_RELAY_REPEATED)) {
		if (retry)
			fg_relay_timer(relays, relay, now_s(relays) + wait_s);
		else
			doubt(relays, relay, FG_RELAY_REFUSED);
		return true;
	}
	if (!retry) { /* not opened, so it has left by none */
		relay->bearer = FG_NO_BEARER;
		fg_relay_finish(relays, relay, FG_RELAY_REFUSED, FG_DLR_REJECTED);
		return true;
	}
	/* Nothing was opened, so the number of the leg is free again (decision 0009). */
	relay->leg--;
	back_to_ready(relays, relay, FG_RELAY_REFUSED);
	if (is_link_down(relays,
			 relay)) /* as after a vault came back: it goes on when that is up */
		fg_relay_push(&relays->decide, relay);
	else
		fg_relay_wait(relays, relay, wait_s);
	fg_relay_save(relays, relay, FG_THEN_NOTHING);
	return true;
}

/* ---- delivery reports ---- */

static void stored_now(struct fg_core *core, const struct fg_ipc_dlr *report)
{
	struct fg_frame frame = { .type = FG_IPC_STORED };

	frame.stored.link = report->link;
	frame.stored.token = report->token;
	if (core->vault && fg_channel_answer(core->vault, &frame) != FG_OK)
		LOGP(DLEG, LOGL_NOTICE, "report not acknowledged: the vault takes no more\n");
}

static bool is_failure(uint8_t state)
{
	return state == FG_DLR_EXPIRED || state == FG_DLR_DELETED ||
	       state == FG_DLR_UNDELIVERABLE || state == FG_DLR_REJECTED;
}

/* Delivered only when every part is; the carrier's first failure is the message's, once all are final. 0: not all are. */
static uint8_t state_of_parts(const struct fg_relay *relay)
{
	uint8_t worst = FG_DLR_DELIVERED;
	size_t final = 0, named = 0, parts = relay->segments ? relay->segments : 1;

	for (const struct fg_relay_ref *ref = relay->refs; ref; ref = ref->sibling) {
		if (ref->len && ref->text[0] == '?')
			continue; /* stands for them all while in doubt */
		named++;
		final += ref->final;
		if (ref->state == FG_DLR_DELIVERED || is_failure(worst))
			continue;
		worst = is_failure(ref->state) ? ref->state : FG_DLR_UNKNOWN;
	}
	if (relay->state == FG_JOB_SENT) /* as many as the far side named, whatever we cut */
		parts = named;
	return final >= parts ? worst : 0;
}

static uint16_t error_number(struct fg_bytes text)
{
	uint32_t number = 0;

	for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++)
		number = number * 10 + (uint32_t)(text.data[i] - '0');
	return number > UINT16_MAX ? UINT16_MAX : (uint16_t)number;
}

/* In doubt no part's id is known before its report brings it. */
static struct fg_relay_ref *part_of(struct fg_core_relays *relays, struct fg_relay_ref *ref,
				    const struct fg_ipc_dlr *report)
{
	struct fg_relay *relay = ref->relay;
	size_t known = 0;

	if (!ref->len || ref->text[0] != '?')
		return ref;
	for (struct fg_relay_ref *at = relay->refs; at; at = at->sibling) {
		known++;
		if (at != ref && at->len == report->ref.len &&
		    memcmp(at->text, report->ref.data, at->len) == 0)
			return at;
	}
	if (known > (relay->segments ? relay->segments : 1))
		return NULL;
	return fg_relay_ref_add(relays, relay, report->ref.data, report->ref.len);
}

static void apply_report(struct fg_core_relays *relays, struct fg_relay_ref *ref,
			 const struct fg_ipc_dlr *report)
{
	struct fg_relay *relay = ref->relay;
	struct fg_relay_ref *part = NULL;
	uint8_t state;

	if (relay->state == FG_JOB_SENT || relay->state == FG_JOB_IN_DOUBT)
		part = part_of(relays, ref, report);
	if (!part || part->final || !report->final) {
		/* What is not final is worth no commit; what was final once stays as it was. */
		if (part && !part->final && relay->report != report->state) {
			relay->report = report->state;
			fg_relay_tell_intermediate(relays, relay);
		}
		stored_now(relays->core, report);
		return;
	}
	part->state = report->state;
	part->final = true;
	if (is_failure(report->state))
		relay->error = error_number(report->error);
	state = state_of_parts(relay);
	if (state) {
		fg_relay_finish(relays, relay, FG_RELAY_REPORT, state);
	} else {
		fg_relay_become(relay, FG_RELAY_REPORT, (enum fg_job_state)relay->state);
		fg_relay_save(relays, relay, FG_THEN_NOTHING);
	}
	fg_relay_commit_then(relays->open, NULL, FG_THEN_STORED, report->link, report->token);
}

static struct fg_relay_ref *find_report(const struct fg_core_relays *relays,
					const struct fg_ipc_dlr *report)
{
	struct fg_relay_ref *ref = NULL;
	char text[64];
	int len;

	if (report->ref.len)
		ref = fg_relay_ref_find(relays, report->link, report->ref.data, report->ref.len);
#ifndef FG_MUTANT_relay_same_ref
	/* Some far sides give all parts of a message one id: each of their reports is another part's. */
	for (struct fg_relay_ref *at = ref ? ref->relay->refs : NULL; at && ref->final;
	     at = at->sibling)
		if (at->len == ref->len && memcmp(at->text, ref->text, at->len) == 0)
			ref = at->final ? ref : at;
#endif
	if (ref || !report->has_reference)
		return ref;
	len = snprintf(text, sizeof(text), "?%04x:%.*s", report->message_reference,
		       (int)report->destination.len, (const char *)report->destination.data);
	return fg_relay_ref_find(relays, report->link, text, (size_t)len);
}

/* ---- reports that come early ---- */

static struct fg_relay_early **early_at(struct fg_core_relays *relays, uint16_t link,
					struct fg_bytes ref)
{
	return &relays->early[fg_relay_hash(ref.data, ref.len, link) % EARLY_BUCKETS];
}

static struct fg_bytes keep_text(struct fg_relay_early *early, size_t *used, struct fg_bytes from)
{
	char *to = early->text + *used;

	if (from.len)
		memcpy(to, from.data, from.len);
	*used += from.len;
	return FG_BYTES(to, from.len);
}

static void keep_early(struct fg_core_relays *relays, const struct fg_ipc_dlr *report)
{
	struct fg_relay_early *early = calloc(1, sizeof(*early)), **at;
	size_t used = 0;

	if (!early)
		FG_BUG("out of memory");
	early->at_ms = fg_core_now_ms(relays->core);
	early->report = *report;
	early->report.ref = keep_text(early, &used, report->ref);
	early->report.error = keep_text(early, &used, report->error);
	early->report.destination = keep_text(early, &used, report->destination);
	at = early_at(relays, report->link, early->report.ref);
	early->hash_next = *at;
	*at = early;
	if (relays->early_last)
		relays->early_last->next = early;
	else
		relays->early_first = early;
	relays->early_last = early;
	relays->early_count++;
}

/* The oldest one: nothing of ours, so far. */
static void pass_on_oldest(struct fg_core_relays *relays)
{
	struct fg_relay_early *early = relays->early_first;
	struct fg_relay_early **at = early_at(relays, early->report.link, early->report.ref);

	relays->early_first = early->next;
	if (!early->next)
		relays->early_last = NULL;
	relays->early_count--;
	while (*at && *at != early)
		at = &(*at)->hash_next;
	if (*at) { /* else it was taken */
		*at = early->hash_next;
		if (!relays->stopping)
			fg_jobs_report(relays->core, &early->report);
	}
	free(early);
}

/* The message has its references now: whose reports were here before? */
static void take_early(struct fg_core_relays *relays, struct fg_relay *relay)
{
	for (struct fg_relay_ref *ref = relay->refs, *sibling; ref && relays->early_count;
	     ref = sibling) {
		struct fg_bytes text = FG_BYTES(ref->text, ref->len);
		struct fg_relay_early **at = early_at(relays, ref->link, text);

		sibling = ref->sibling;
		while (*at &&
		       ((*at)->report.link != ref->link || (*at)->report.ref.len != ref->len ||
			memcmp((*at)->text, ref->text, ref->len) != 0))
			at = &(*at)->hash_next;
		if (*at) {
			struct fg_relay_early *early = *at;

			*at = early->hash_next;
			apply_report(relays, ref, &early->report);
			if (relay->state == FG_JOB_FINAL) /* its references are gone */
				return;
		}
	}
}

void fg_relay_early_sweep(struct fg_core_relays *relays, uint64_t now_ms)
{
	while (relays->early_first &&
	       (relays->early_first->at_ms + EARLY_MS <= now_ms || relays->early_count > EARLY_MAX))
		pass_on_oldest(relays);
}

void fg_relay_early_free(struct fg_core_relays *relays)
{
	while (relays->early_first)
		pass_on_oldest(relays);
	free(relays->early);
}

bool fg_relays_report(struct fg_core *core, const struct fg_ipc_dlr *report)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay_ref *ref;

	if (report->link >= core->conf->links_count)
		return false;
	ref = find_report(relays, report);
	if (ref) {
		apply_report(relays, ref, report);
		return true;
	}
	if (!report->ref.len || !relays->sending_on[report->link])
		return false;
	keep_early(relays, report);
	fg_relay_early_sweep(relays, fg_core_now_ms(core));
	return true;
}
