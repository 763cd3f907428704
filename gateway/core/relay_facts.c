/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/core/relay_facts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "gateway/decide/facts_text.h"
#include "lib/base/conf.h"
#include "lib/proto/view.h"

static uint32_t clamp_ms(uint64_t ms)
{
	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

uint8_t fg_relay_bearer(const struct fg_core *core, size_t link)
{
	const char *bearer = core->conf->links[link].bearer;

	if (strcmp(bearer, "mms") == 0)
		return FG_BEARER_MMS;
	return strcmp(bearer, "rcs") == 0 ? FG_BEARER_RCS : FG_BEARER_SMS;
}

/* What the link takes beyond what it has, less what is on its way to it. */
static uint32_t room_of(const struct fg_core_relays *relays, size_t i)
{
	const struct fg_core_link *link = &relays->core->links[i];
	uint64_t all = (uint64_t)link->credits + link->in_flight;

	return all > relays->sending_on[i] ? clamp_ms(all - relays->sending_on[i]) : 0;
}

static bool is_up(const struct fg_core *core, size_t i)
{
	return fg_operate_usable(core, i) && core->log && core->vault
#ifndef FG_MUTANT_relay_server_link
	       && !fg_conf_link_is_server(&core->conf->links[i])
#endif
		;
}

size_t fg_relay_link_room(const struct fg_core_relays *relays, size_t link)
{
	return fg_operate_usable(relays->core, link) && relays->core->log && relays->core->vault
		       ? room_of(relays, link)
		       : 0;
}

size_t fg_relay_facts_room(const struct fg_core_relays *relays)
{
	size_t room = 0;

	for (size_t i = 0; i < relays->core->conf->links_count; i++)
		room += is_up(relays->core, i) ? room_of(relays, i) : 0;
	return room;
}

static uint16_t minute_of_week(uint64_t now_ms)
{
	time_t t = (time_t)(now_ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	return (uint16_t)((tm.tm_wday + 6) % 7 * 24 * 60 + tm.tm_hour * 60 + tm.tm_min);
}

void fg_relay_facts_begin(struct fg_core_relays *relays, struct fg_relay_facts *gathered_out)
{
	const struct fg_conf *conf = relays->core->conf;
	struct fg_facts *facts = &gathered_out->facts;

	memset(gathered_out, 0, sizeof(*gathered_out));
	gathered_out->now_ms = fg_core_now_ms(relays->core);
	facts->minute_of_week = minute_of_week(gathered_out->now_ms);
	facts->links_count = (uint8_t)conf->links_count;
	for (size_t i = 0; i < conf->links_count; i++)
		gathered_out->links[i] = (struct fg_link_facts){
			.bearer = fg_relay_bearer(relays->core, i),
			.up = is_up(relays->core, i),
			.price_micro = (uint32_t)conf->links[i].price_micro,
			.success_permille = 1000,
		};
}

/* ---- the contract ---- */

static uint8_t bearers_of(const char *text)
{
	uint8_t bearers = 0;

	if (strstr(text, "sms"))
		bearers |= FG_BEARER_BIT(FG_BEARER_SMS);
	if (strstr(text, "mms"))
		bearers |= FG_BEARER_BIT(FG_BEARER_MMS);
	if (strstr(text, "rcs"))
		bearers |= FG_BEARER_BIT(FG_BEARER_RCS);
	return bearers;
}

static enum fg_protection floor_of(const char *text)
{
	if (strcmp(text, "e2e") == 0)
		return FG_PROTECTION_E2E;
	return strcmp(text, "hop") == 0 ? FG_PROTECTION_HOP : FG_PROTECTION_NONE;
}

/* What came from a carrier has none: it may go to devices, and nowhere else on its own. */
static void contract(const struct fg_conf_accounts *account, struct fg_facts *facts)
{
	facts->sender_policy = FG_POLICY_ALLOW;
	facts->consent = account ? FG_CONSENT_CONTRACT : FG_CONSENT_NONE;
	facts->consent_bearers = facts->consent_reasons = 0;
	facts->consent_after_ms = 0;
	facts->consent_max_segments = UINT8_MAX;
	facts->consent_pin_ack = false;
	facts->floor = FG_PROTECTION_NONE;
	if (!account)
		return;
	facts->consent_bearers = bearers_of(account->bearers);
	facts->consent_reasons =
		(uint8_t)(FG_CONSENT_FOR_ABSENT |
			  (account->undelivered_s ? FG_CONSENT_FOR_UNDELIVERED : 0));
	facts->consent_after_ms = clamp_ms((uint64_t)account->undelivered_s * 1000);
	facts->consent_max_segments = (uint8_t)account->most_segments;
	facts->consent_pin_ack = account->pin_override;
	facts->floor = floor_of(account->floor);
}

/* For an account whose messages do not go to devices yet a handle counts as one without, so that whoever intercepted a registration code
 * gets no codes of a bank with it. Its pin says no more than that it has devices. When the directory does not say how new the handle is,
 * neither may be concluded. */
static void not_yet(const struct fg_conf_accounts *account, const struct fg_relay *relay,
		    uint64_t now_ms, struct fg_facts *facts)
{
	bool otp = relay->message_class == FG_MESSAGE_OTP;
	enum fg_conf_when when;

	if (!account || facts->view != FG_VIEW_SECURE || facts->epoch != FG_EPOCH_CURRENT ||
	    facts->identity != FG_IDENTITY_SAME)
		return;
	when = fg_conf_account_secure(account, otp, relay->work->proven_ms, now_ms);
	if (when == FG_CONF_UNKNOWN)
		facts->view = FG_VIEW_UNKNOWN;
	if (when != FG_CONF_NOT_YET)
		return;
	relay->work->secure_not_yet = true;
	facts->view = FG_VIEW_ABSENT;
	facts->pin = FG_PIN_NONE;
}

/* ---- one message ---- */

void fg_relay_facts_pin(struct fg_core_relays *relays, struct fg_relay_work *work,
			const struct fg_directory_entry *entry)
{
	static const uint8_t nobody[FG_ACCOUNT_KEY_LEN];
	Fallgate__Signed *statement;

	if (!entry->pinned)
		return;
	work->pin = FG_PIN_HELD;
	if (memcmp(entry->account_key, nobody, sizeof(nobody)) != 0 &&
	    memcmp(entry->account_key, entry->pin_account_key, FG_ACCOUNT_KEY_LEN) != 0 &&
	    entry->succession.len == 0)
		work->identity = FG_IDENTITY_OTHER;
	if (entry->deregistration.len == 0)
		return;
	fg_arena_reset(&relays->arena);
	statement = fg_signed_unpack(&relays->arena, entry->deregistration.data,
				     entry->deregistration.len);
	if (statement && fg_deregistration_check(&relays->arena, statement, &entry->tag,
						 entry->pin_account_key, entry->pin_epoch) == FG_OK)
		work->pin = FG_PIN_DEREGISTERED;
}

static bool must_queue(struct fg_core_relays *relays, const struct fg_relay *relay)
{
	return relay->work->accept &&
	       (fg_relay_is_early(relays, relay) || fg_relay_waits_on(relays, relay)->count ||
		fg_relay_turn_taken(relays, relay) || fg_relay_lane_held(relays, relay));
}

static void links_of(struct fg_core_relays *relays, const struct fg_relay *relay,
		     const struct fg_conf_accounts *account, struct fg_relay_facts *gathered)
{
	bool queue = must_queue(relays, relay);

	for (size_t i = 0; i < gathered->facts.links_count; i++) {
		struct fg_link_facts *link = &gathered->facts.links[i];

		*link = gathered->links[i];
		link->segments = relay->segments;
		link->credits = queue || !link->up ? 0 : room_of(relays, i);
		link->failed = relay->failed_links >> i & 1;
#ifndef FG_MUTANT_relay_price
		if (account && account->price_max_micro &&
		    (uint64_t)link->price_micro * (relay->segments ? relay->segments : 1) >
			    (uint64_t)account->price_max_micro)
			link->failed = true; /* the account does not pay for it */
#else
		(void)account;
#endif
	}
}

void fg_relay_facts_of(struct fg_core_relays *relays, struct fg_relay *relay,
		       struct fg_relay_facts *gathered)
{
	const struct fg_conf_accounts *account = fg_relay_contract(relays->core, relay);
	const struct fg_relay_work *work = relay->work;
	struct fg_facts *facts = &gathered->facts;
	uint64_t taken_ms = relay->row ? fg_relay_taken_ms(relay) : gathered->now_ms;
	uint64_t id_ms = fg_id_time_ms(&relay->id); /* what log and vault count silence from */
	uint64_t expires_ms = relay->expires_s * 1000ull;

	contract(account, facts);
	facts->view = (enum fg_view_state)work->view_state;
	facts->view_age_ms = 0;
	facts->pin = (enum fg_pin_state)work->pin;
	facts->identity = (enum fg_identity)work->identity;
	facts->epoch = (enum fg_epoch_state)work->epoch;
	facts->message_class = (enum fg_message_class)relay->message_class;
	facts->cancelled = (relay->flags & FG_RELAY_CANCELLED) != 0;
	taken_ms = id_ms > taken_ms ? id_ms : taken_ms;
	facts->age_ms = clamp_ms(gathered->now_ms > taken_ms ? gathered->now_ms - taken_ms : 0);
	facts->left_ms =
		clamp_ms(expires_ms > gathered->now_ms ? expires_ms - gathered->now_ms : 0);
	facts->withdraw = (enum fg_withdraw)relay->withdraw;
	facts->acked = relay->withdraw == FG_WITHDRAW_FAILED;
	facts->tries = relay->tries;
	facts->spread = (uint32_t)relay->id.b[FG_ID_LEN - 2] << 8 | relay->id.b[FG_ID_LEN - 1];
	memcpy(facts->sender, fg_relay_source(relay), relay->source_len + 1u);
	memcpy(facts->recipient, fg_relay_destination(relay), relay->destination_len + 1u);
	not_yet(account, relay, gathered->now_ms, facts);
	links_of(relays, relay, account, gathered);
}

void fg_relay_facts_hash(const struct fg_relay_facts *gathered, struct fg_relay_work *work)
{
	char line[FG_FACTS_TEXT_MAX];
	size_t len = 0;

	if (fg_facts_write(&gathered->facts, line, sizeof(line), &len) != FG_OK)
		FG_BUG("facts out of range");
	work->facts_hash = fg_sha256(line, len);
}
