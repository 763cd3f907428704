/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Receipts to applications. What is owed is durable (the message stays alive, FINAL) until the link says that the application has it; an
 * application that is away gets it when it binds again. Never more are with a link than it gave credit for.
 */
#include "gateway/core/relay_internal.h"

#include <string.h>
#include "lib/wire/dlr.h"

enum {
	REFUSED_S =
		10, /* a receipt that the application did not take: then twice that, and so on */
	REFUSED_TWICE = 6, /* to some ten minutes */
};

enum { WANTS = 3, ON_FAILURE_ONLY = 2, INTERMEDIATE = 0x10 }; /* SMPP v3.4, 5.2.17, bits 1 and 0 */

bool fg_relay_wants_receipt(const struct fg_relay *relay)
{
	switch (relay->registered & WANTS) {
	case 0:
		return false;
	case ON_FAILURE_ONLY:
		return relay->report != FG_DLR_DELIVERED;
	default:
		return true;
	}
}

/* A text of an application that goes to devices was readable to us: no more than hop. */
static uint8_t protection_of(uint8_t bearer)
{
	return bearer == FG_BEARER_RCS || bearer == FG_BEARER_SECURE ? FG_PROTECTION_HOP
								     : FG_PROTECTION_NONE;
}

static enum fg_rc say(struct fg_core *core, const struct fg_relay *relay, uint16_t link, bool final)
{
	struct fg_frame frame = { .type = FG_IPC_APP_RECEIPT };
	struct fg_ipc_app_receipt *receipt = &frame.app_receipt;

	receipt->link = link;
	receipt->account = FG_BYTES_TEXT(fg_relay_account_name(core, relay));
	receipt->message_id = relay->id;
	receipt->source = FG_BYTES(fg_relay_source(relay), relay->source_len);
	receipt->destination = FG_BYTES(fg_relay_destination(relay), relay->destination_len);
	receipt->state = relay->report;
	receipt->final = final;
	receipt->error = relay->error;
	receipt->bearer = relay->leg ? relay->bearer : FG_NO_BEARER;
	receipt->protection = protection_of(receipt->bearer);
	receipt->reason = relay->reason;
	receipt->segments = relay->segments;
	receipt->has_reference = (relay->flags & FG_RELAY_REFERENCE) != 0;
	receipt->reference = relay->reference;
	receipt->submit_ms = fg_relay_taken_ms(relay);
	receipt->done_ms = final ? relay->done_s * 1000ull : fg_core_now_ms(core);
	return core->vault ? fg_channel_send(core->vault, &frame) : FG_E_CLOSED;
}

static int link_for(const struct fg_core_relays *relays, const struct fg_relay_account *account)
{
	for (size_t i = 0; i < relays->core->conf->links_count; i++)
		if (account->binds[i].receivers && account->binds[i].credits)
			return (int)i;
	return -1;
}

size_t fg_relay_untold(const struct fg_relay_account *account)
{
	return account->tell.count + account->telling.count + account->refused.count;
}

int fg_relay_receiver(const struct fg_core_relays *relays, size_t account)
{
	for (size_t i = 0; i < relays->core->conf->links_count; i++)
		if (relays->accounts[account].binds[i].receivers)
			return (int)i;
	return -1;
}

/* False: the channel takes no more. */
static bool tell_account(struct fg_core_relays *relays, struct fg_relay_account *account)
{
	int link;

	while (account->tell.head && (link = link_for(relays, account)) >= 0) {
		struct fg_relay *relay = account->tell.head;

		if (say(relays->core, relay, (uint16_t)link, true) != FG_OK)
			return false;
		account->binds[link].credits--;
		relay->flags |= FG_RELAY_TELLING;
		fg_relay_push(&account->telling, relay);
	}
	return true;
}

/* Worth no commit: who is not there, or takes no more, learns the end all the same. */
void fg_relay_tell_intermediate(struct fg_core_relays *relays, const struct fg_relay *relay)
{
	struct fg_relay_account *account = &relays->accounts[relay->account];
	int link = relay->registered & INTERMEDIATE ? link_for(relays, account) : -1;

	if (link >= 0 && say(relays->core, relay, (uint16_t)link, false) == FG_OK)
		account->binds[link].credits--;
}

void fg_relay_tell_on(struct fg_core_relays *relays)
{
	for (size_t i = 0; relays->core->vault && i < relays->core->conf->accounts_count; i++)
		if (!tell_account(relays, &relays->accounts[i]))
			return;
}

void fg_relay_tell(struct fg_core_relays *relays, struct fg_relay *relay)
{
	fg_relay_push(&relays->accounts[relay->account].tell, relay);
	fg_relay_stir(relays);
}

/* In memory only: after a start it is said at once. */
static void tell_later(struct fg_core_relays *relays, struct fg_relay *relay)
{
	uint64_t now_s = fg_core_now_ms(relays->core) / 1000;

	fg_relay_push(&relays->accounts[relay->account].refused, relay);
	fg_relay_timer(relays, relay, (uint32_t)now_s + (REFUSED_S << relay->refusals));
	relay->refusals = (uint8_t)(relay->refusals + (relay->refusals < REFUSED_TWICE));
}

void fg_relay_tell_due(struct fg_core_relays *relays, struct fg_relay *relay)
{
	struct fg_relay_account *account = &relays->accounts[relay->account];
	uint64_t kept_s = relay->done_s + (uint64_t)FG_RELAY_KEEP_DAYS * FG_RELAY_DAY_S;

	if (relay->list != &account->refused || fg_core_now_ms(relays->core) / 1000 >= kept_s) {
		fg_relay_end(relays, relay); /* nobody came for it */
		return;
	}
	fg_relay_timer(relays, relay, (uint32_t)kept_s);
	fg_relay_tell(relays, relay);
}

void fg_relays_told(struct fg_core *core, const struct fg_ipc_app_told *told)
{
	struct fg_core_relays *relays = core->relays;
	struct fg_relay *relay = fg_relay_find(relays, &told->message_id);
	int named = fg_conf_account_find(core->conf, told->account.data, told->account.len);
	bool refused = told->outcome == FG_OUTCOME_FAILED;
	struct fg_relay_account *account;

#ifdef FG_MUTANT_relay_told_refused
	refused = false;
#endif
	if (!told->final) { /* nothing is owed any more, only its place is free */
		if (named >= 0 && told->link < FG_CONF_LINKS_MAX)
			relays->accounts[named].binds[told->link].credits++;
		fg_relay_stir(relays);
		return;
	}
	if (!relay || relay->state != FG_JOB_FINAL || !(relay->flags & FG_RELAY_TELLING) ||
	    told->link >= FG_CONF_LINKS_MAX)
		return;
	account = &relays->accounts[relay->account];
	relay->flags &= (uint8_t)~FG_RELAY_TELLING;
	if (told->outcome == FG_OUTCOME_ACCEPTED) {
		account->binds[told->link].credits++;
		fg_relay_end(relays, relay);
		return;
	}
	if (refused) { /* the others go on */
		account->binds[told->link].credits++;
		tell_later(relays, relay);
		fg_relay_stir(relays);
		return;
	}
	/* It has gone: again when the link says that it is bound. */
	account->binds[told->link].credits = 0;
	fg_relay_push(&account->tell, relay);
}

void fg_relays_bound(struct fg_core *core, const struct fg_ipc_app_bound *bound)
{
	struct fg_core_relays *relays = core->relays;
	int account = fg_conf_account_find(core->conf, bound->account.data, bound->account.len);

	if (account < 0 || bound->link >= core->conf->links_count)
		return;
	relays->accounts[account].binds[bound->link] =
		(struct fg_relay_bind){ bound->receivers, bound->credits };
	relays->no_use = false;
	fg_relay_stir(relays);
}

/* What was with a link is owed again: whether the application has it, nobody can say. */
static void owe_again(struct fg_relay_account *account)
{
	struct fg_relay *relay;

	while ((relay = fg_relay_pop(&account->telling))) {
		relay->flags &= (uint8_t)~FG_RELAY_TELLING;
		fg_relay_push(&account->tell, relay);
	}
}

void fg_relays_vault_lost(struct fg_core *core)
{
	struct fg_core_relays *relays = core->relays;

	if (relays)
		relays->vaults++;
	for (size_t i = 0; relays && i < core->conf->accounts_count; i++) {
		memset(relays->accounts[i].binds, 0, sizeof(relays->accounts[i].binds));
		owe_again(&relays->accounts[i]);
	}
}

/* Which link has which receipt is not kept: of an account with binds over two, some are told twice. */
void fg_relays_link_lost(struct fg_core *core, size_t link)
{
	struct fg_core_relays *relays = core->relays;

	for (size_t i = 0; relays && i < core->conf->accounts_count; i++) {
		struct fg_relay_account *account = &relays->accounts[i];

		if (!account->binds[link].receivers)
			continue;
		account->binds[link] = (struct fg_relay_bind){ 0 };
#ifndef FG_MUTANT_relay_link_lost
		owe_again(account);
#endif
	}
}
