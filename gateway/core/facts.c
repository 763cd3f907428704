/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only impure step of a decision: what the directory, the pins, the clock, the links and the job's record say, as facts.
 */
#include "gateway/core/step.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/proto/consent.h"
#include "lib/proto/view.h"

static uint32_t clamp_ms(uint64_t ms)
{
	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static void zero_is_nothing(const uint8_t key[static FG_ACCOUNT_KEY_LEN], bool *is_zero)
{
	static const uint8_t zero[FG_ACCOUNT_KEY_LEN];

	*is_zero = memcmp(key, zero, sizeof(zero)) == 0;
}

/* Pin, and how the view's account key relates to it. */
static void gather_pin(struct fg_step *step, const struct fg_directory_entry *entry)
{
	struct fg_facts *facts = &step->facts;
	Fallgate__Signed *statement;
	bool gone;

	if (!entry->pinned)
		return;
	facts->pin = FG_PIN_HELD;
	step->was_secure = true;
	step->pin_epoch = entry->pin_epoch;
	zero_is_nothing(entry->account_key, &gone);
	if (!gone && memcmp(entry->account_key, entry->pin_account_key, FG_ACCOUNT_KEY_LEN) != 0 &&
	    entry->succession.len == 0)
		facts->identity = FG_IDENTITY_OTHER;
	if (entry->deregistration.len == 0)
		return;
	statement = fg_signed_unpack(&step->core->jobs->arena, entry->deregistration.data,
				     entry->deregistration.len);
	if (statement && fg_deregistration_check(&step->core->jobs->arena, statement, &entry->tag,
						 entry->pin_account_key, entry->pin_epoch) == FG_OK)
		facts->pin = FG_PIN_DEREGISTERED;
}

/* The view must hold as a signed statement, although our own directory made it: a stale or unsigned one is UNKNOWN. */
static void gather_view(struct fg_step *step, const struct fg_directory_entry *entry)
{
	struct fg_core *core = step->core;
	struct fg_view_expect expect = { .directory_key = core->trust.directory_key,
					 .gateway_id = core->trust.gateway_id,
					 .handle_tag = &entry->tag,
					 .now_ms = fg_core_now_ms(core) };
	const Fallgate__View *view;
	Fallgate__Signed *signed_view;

	if (fg_clock_went_back(core->clock)) {
		LOGP(DDECIDE, LOGL_ERROR, "hold downgrades: the clock went back\n");
		return;
	}
	if (fg_directory_view(core, entry, &step->view, &step->view_len) != FG_OK)
		return;
	signed_view = fg_signed_unpack(&core->jobs->arena, step->view, step->view_len);
	if (!signed_view)
		return;
	if (fg_view_check(&core->jobs->arena, signed_view, &expect, &view) != FG_OK)
		return;
	if (fg_view_epoch_check(view, entry->pinned ? entry->pin_epoch : 0) != FG_OK)
		step->facts.epoch = FG_EPOCH_LOWER;
	step->facts.view =
		view->state == FALLGATE__VIEW_STATE__VIEW_SECURE ? FG_VIEW_SECURE : FG_VIEW_ABSENT;
	/* A stale absence is ignorance: row 2 speaks of a stale SECURE only. */
	if (step->facts.view == FG_VIEW_ABSENT && step->facts.epoch == FG_EPOCH_LOWER)
		step->facts.view = FG_VIEW_UNKNOWN;
	step->facts.view_age_ms = clamp_ms(fg_core_now_ms(core) - view->not_before_ms);
}

static void gather_consent(struct fg_step *step, const struct fg_directory_entry *entry)
{
	struct fg_core *core = step->core;
	Fallgate__StoredJob *job = step->job;
	struct fg_consent_expect expect = { .gateway_id = core->trust.gateway_id,
					    .log_id = core->log_id,
					    .recipient_tag = fg_handle_tag(job->recipient),
					    .capsule_hash =
						    fg_sha256(job->capsule.data, job->capsule.len),
					    .bearer = FALLGATE__BEARER__BEARER_SECURE,
					    .reason = FG_CONSENT_REASON_ANY,
					    .now_ms = fg_core_now_ms(core) };
	struct fg_facts *facts = &step->facts;
	struct fg_consent consent;

	facts->consent_max_segments = 255;
	if (!job->consent)
		return;
	facts->consent = FG_CONSENT_INVALID;
	fg_record_id(&job->message_id, &expect.message_id);
	if (fg_consent_check(&core->jobs->arena, job->consent, job->cert, &expect, &consent) !=
		    FG_OK ||
	    strcmp(consent.body->sender, job->sender) != 0)
		return;
	facts->consent = FG_CONSENT_DEVICE;
	for (size_t i = 0; i < consent.body->n_bearers; i++)
		if ((unsigned)consent.body->bearers[i] < FG_BEARER_COUNT)
			facts->consent_bearers |=
				(uint8_t)FG_BEARER_BIT((unsigned)consent.body->bearers[i]);
	facts->consent_reasons =
		(uint8_t)((consent.body->for_absent ? FG_CONSENT_FOR_ABSENT : 0) |
			  (consent.body->for_undelivered_after_ms ? FG_CONSENT_FOR_UNDELIVERED
								  : 0));
	facts->consent_after_ms = clamp_ms(consent.body->for_undelivered_after_ms);
	facts->consent_max_segments =
		consent.body->max_segments < 255 ? (uint8_t)consent.body->max_segments : 255;
	facts->consent_pin_ack = consent.body->pin_ack && entry && entry->pinned &&
				 consent.body->pin_epoch == entry->pin_epoch;
}

static bool has_failed(const Fallgate__StoredJob *job, const char *link)
{
	for (size_t i = 0; i < job->n_failed_links; i++)
		if (strcmp(job->failed_links[i], link) == 0)
			return true;
	return false;
}

static uint8_t bearer_of(const struct fg_conf_links *link)
{
	if (strcmp(link->bearer, "mms") == 0)
		return FG_BEARER_MMS;
	return strcmp(link->bearer, "rcs") == 0 ? FG_BEARER_RCS : FG_BEARER_SMS;
}

static void gather_links(struct fg_step *step)
{
	const struct fg_conf *conf = step->core->conf;
	struct fg_facts *facts = &step->facts;

	step->chain_changes = step->core->jobs->chain_changes;
	facts->links_count = (uint8_t)conf->links_count;
	for (size_t i = 0; i < conf->links_count; i++) {
		const struct fg_core_link *link = &step->core->links[i];

		facts->links[i] = (struct fg_link_facts){
			.bearer = bearer_of(&conf->links[i]),
			.up = fg_operate_usable(step->core, i) && step->core->log &&
			      step->core->vault && !fg_conf_link_is_server(&conf->links[i]),
			.failed = has_failed(step->job, conf->links[i].name),
			.credits = link->credits,
			.price_micro = (uint32_t)conf->links[i].price_micro,
			.success_permille = 1000,
		};
	}
}

static uint16_t minute_of_week(uint64_t now_ms)
{
	time_t t = (time_t)(now_ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	return (uint16_t)((tm.tm_wday + 6) % 7 * 24 * 60 + tm.tm_hour * 60 + tm.tm_min);
}

/* Since accepted; but log and vault count a consent's T from the time in the message id, which the sender's clock gave: a message that
 * claims to be younger is. Otherwise its copies would be withdrawn for an order that they refuse. */
static uint32_t age_of(const Fallgate__StoredJob *job, uint64_t now_ms)
{
	uint64_t start_ms = job->accepted_ms;
	struct fg_id id;

	if (fg_record_id(&job->message_id, &id) && fg_id_time_ms(&id) > start_ms)
		start_ms = fg_id_time_ms(&id);
	return clamp_ms(now_ms > start_ms ? now_ms - start_ms : 0);
}

void fg_facts_gather(struct fg_step *step, const struct fg_directory_entry *entry)
{
	Fallgate__StoredJob *job = step->job;
	struct fg_facts *facts = &step->facts;
	uint64_t now = fg_core_now_ms(step->core);

	*facts = (struct fg_facts){ .sender_policy = (enum fg_sender_policy)job->policy,
				    .message_class = (enum fg_message_class)job->message_class,
				    .withdraw = (enum fg_withdraw)job->withdraw,
				    .tries = (uint16_t)(job->tries > UINT16_MAX ? UINT16_MAX
										: job->tries) };
	facts->age_ms = age_of(job, now);
	facts->left_ms = clamp_ms(job->expires_ms > now ? job->expires_ms - now : 0);
	facts->cancelled = step->event->kind == FG_EVENT_CANCEL;
	facts->acked = job->withdraw == FG_WITHDRAW_FAILED;
	facts->sender_online = fg_session_of_device(step->core, job->sender_device.data) != NULL;
	facts->minute_of_week = minute_of_week(now);
	facts->spread = (uint32_t)job->message_id.data[FG_ID_LEN - 2] << 8 |
			job->message_id.data[FG_ID_LEN - 1];
	strncpy(facts->sender, job->sender, sizeof(facts->sender) - 1);
	strncpy(facts->recipient, job->recipient, sizeof(facts->recipient) - 1);
	fg_arena_reset(&step->core->jobs->arena);
	if (entry) {
		gather_pin(step, entry);
		gather_view(step, entry);
	}
	gather_consent(step, entry);
	gather_links(step);
}
