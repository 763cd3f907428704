/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known of legs. One that is open, or became unknown at start, is in memory. One that has ended is in the journal alone, with its
 * place in an index (gateway/log/index.h), until no order for it can be valid any more; asked for again it is read back, answered and
 * dropped with the end of the turn (docs/decisions/0027-legs-and-leaves-on-disk.md).
 */
#include "gateway/vault/vault_internal.h"

#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"

void fg_vault_key(const struct fg_id *id, uint16_t leg, uint8_t key[static FG_VAULT_KEY_LEN])
{
	memcpy(key, id->b, FG_ID_LEN);
	key[FG_ID_LEN] = (uint8_t)(leg >> 8);
	key[FG_ID_LEN + 1] = (uint8_t)leg;
}

uint64_t fg_vault_leg_forget_ms(const struct fg_vault_leg *leg)
{
	return leg->expires_ms + FG_VAULT_LEG_MARGIN_MS;
}

struct fg_vault_leg *fg_vault_leg_new(struct fg_vault *vault,
				      const uint8_t key[static FG_VAULT_KEY_LEN],
				      const struct fg_hash *consent)
{
	struct fg_vault_leg *leg;

	if (fg_table_reserve(vault->legs) != FG_OK ||
	    fg_index_reserve(vault->consents, consent->b, FG_SHA256_LEN) != FG_OK ||
	    fg_index_reserve(vault->ended, key, FG_VAULT_KEY_LEN) != FG_OK)
		return NULL;
	leg = talloc_zero(vault, struct fg_vault_leg);
	if (!leg)
		return NULL;
	memcpy(leg->key, key, sizeof(leg->key));
	leg->consent = *consent;
	return leg;
}

/* It leaves memory when the turn is over. */
static void spend(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	leg->next_spent = vault->spent;
	vault->spent = leg;
}

static enum fg_rc index_consent(struct fg_vault *vault, const struct fg_vault_leg *leg)
{
	if (fg_hash_equal(&leg->consent, &(struct fg_hash){ 0 }))
		return FG_OK; /* a contract stands for it */
	return fg_index_put(vault->consents, leg->consent.b, FG_SHA256_LEN, leg->place,
			    fg_vault_leg_forget_ms(leg));
}

void fg_vault_leg_remember(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	if (fg_table_put(vault->legs, leg->key, leg) != FG_OK ||
	    index_consent(vault, leg) != FG_OK ||
	    (leg->state != FG_LEG_OPENED && fg_vault_leg_ended(vault, leg) != FG_OK))
		FG_BUG("no room was reserved for a leg");
}

enum fg_rc fg_vault_leg_announce(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	leg->announce = true;
	return index_consent(vault, leg);
}

enum fg_rc fg_vault_leg_ended(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	enum fg_rc rc = fg_index_put(vault->ended, leg->key, sizeof(leg->key), leg->place,
				     fg_vault_leg_forget_ms(leg));

	if (rc == FG_OK)
		spend(vault, leg);
	return rc;
}

/* A leg as it was recorded there, when it has this key. */
static enum fg_rc read_back(struct fg_vault *vault, const uint8_t key[static FG_VAULT_KEY_LEN],
			    uint64_t place, struct fg_vault_leg **leg_out)
{
	struct fg_vault_leg *leg = talloc_zero(vault, struct fg_vault_leg);
	enum fg_rc rc = leg ? fg_vault_read_leg(vault, place, leg) : FG_E_NO_MEMORY;

	if (rc == FG_OK && memcmp(leg->key, key, sizeof(leg->key)) != 0)
		rc = FG_E_NOT_FOUND;
	/* What is expired is there by chance, until it is swept. */
	if (rc == FG_OK && fg_clock_wall_ms(vault->clock) >= fg_vault_leg_forget_ms(leg))
		rc = FG_E_NOT_FOUND;
	if (rc != FG_OK) {
		talloc_free(leg);
		return rc;
	}
	*leg_out = leg;
	return FG_OK;
}

enum fg_rc fg_vault_leg_find(struct fg_vault *vault, const uint8_t key[static FG_VAULT_KEY_LEN],
			     struct fg_vault_leg **leg_out)
{
	struct fg_vault_leg *leg = fg_table_get(vault->legs, key);
	enum fg_rc rc = FG_E_NOT_FOUND;
	uint64_t place;
	uint32_t at = 0;

	if (leg) {
		*leg_out = leg;
		return FG_OK;
	}
	while (rc == FG_E_NOT_FOUND &&
	       fg_index_next(vault->ended, key, FG_VAULT_KEY_LEN, &at, &place))
		rc = read_back(vault, key, place, &leg);
	if (rc != FG_OK)
		return rc;
	rc = fg_table_put(vault->legs, leg->key, leg);
	if (rc != FG_OK) {
		talloc_free(leg);
		return rc;
	}
	spend(vault, leg);
	*leg_out = leg;
	return FG_OK;
}

enum fg_rc fg_vault_consent_check(struct fg_vault *vault, const struct fg_hash *consent,
				  const struct fg_id *id)
{
	struct fg_vault_leg *leg;
	enum fg_rc rc = FG_OK;
	uint64_t place;
	uint32_t at = 0;

	while (rc == FG_OK &&
	       fg_index_next(vault->consents, consent->b, FG_SHA256_LEN, &at, &place)) {
		leg = talloc_zero(vault, struct fg_vault_leg);
		rc = leg ? fg_vault_read_leg(vault, place, leg) : FG_E_NO_MEMORY;
		if (rc == FG_OK && fg_hash_equal(&leg->consent, consent) &&
		    memcmp(leg->key, id->b, FG_ID_LEN) != 0)
			rc = FG_E_CONSENT_USED;
		talloc_free(leg);
	}
	return rc;
}

void fg_vault_answer_later(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	if (leg->answer_due)
		return;
	leg->answer_due = true;
	leg->next_answer = NULL;
	*vault->answers_end = leg;
	vault->answers_end = &leg->next_answer;
}

enum fg_rc fg_vault_leg_settle(struct fg_vault *vault, struct fg_vault_leg *leg)
{
	struct fg_vault_link *link = &vault->links[leg->link];
	enum fg_rc rc;

	if (link->open_jobs > 0)
		link->open_jobs--;
	rc = fg_vault_record_leg(vault, leg);
	if (rc == FG_OK)
		rc = fg_vault_leg_ended(vault, leg);
	if (rc == FG_OK)
		fg_vault_answer_later(vault, leg);
	return rc;
}

void fg_vault_legs_drop_spent(struct fg_vault *vault)
{
	while (vault->spent) {
		struct fg_vault_leg *leg = vault->spent;

		vault->spent = leg->next_spent;
		fg_table_remove(vault->legs, leg->key);
		talloc_free(leg);
	}
}

/* What was forgotten because it is so late must not be opened because it is earlier again: from then on the clock counts as seen. */
enum fg_rc fg_vault_legs_sweep(struct fg_vault *vault)
{
	uint64_t now_ms = fg_clock_wall_ms(vault->clock);
	size_t before = fg_index_count(vault->ended), at = 0;
	struct fg_vault_leg *leg, *spent = vault->spent;

	fg_index_sweep(vault->ended, now_ms, FG_VAULT_SWEPT_PARTS);
	fg_index_sweep(vault->consents, now_ms, FG_VAULT_SWEPT_PARTS);
	while ((leg = fg_table_next(vault->legs, &at)))
		if (leg->announce && now_ms >= fg_vault_leg_forget_ms(leg)) {
			leg->announce = false;
			spend(vault, leg);
		}
#ifndef FG_MUTANT_sweep_clock
	if (fg_index_count(vault->ended) < before || vault->spent != spent)
		return fg_vault_record_time(vault);
#endif
	(void)before, (void)spent;
	return FG_OK;
}
