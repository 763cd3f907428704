/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/common/join.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>

struct partial {
	struct partial *next;
	struct emu_whole *whole;
	struct fg_udh_concat concat;
	uint8_t coding;
	unsigned have;
	uint8_t *part[256]; /* talloc children */
	size_t len[256];
};

struct emu_joiner {
	struct partial *partials; /* the oldest is last */
	unsigned count;
};

struct emu_joiner *emu_joiner_new(void *ctx)
{
	return talloc_zero(ctx, struct emu_joiner);
}

static bool same(const struct partial *partial, const struct emu_part *part)
{
	return partial->concat.reference == part->concat.reference &&
	       partial->concat.wide == part->concat.wide &&
	       partial->concat.total == part->concat.total && partial->coding == part->coding &&
	       strcmp(partial->whole->source, part->source) == 0 &&
	       strcmp(partial->whole->destination, part->destination) == 0;
}

static void unlink_partial(struct emu_joiner *joiner, struct partial *partial)
{
	struct partial **at = &joiner->partials;

	while (*at != partial)
		at = &(*at)->next;
	*at = partial->next;
	joiner->count--;
}

static struct partial *partial_new(struct emu_joiner *joiner, const struct emu_part *part)
{
	struct partial *partial = talloc_zero(joiner, struct partial);
	struct emu_whole *whole = partial ? talloc_zero(partial, struct emu_whole) : NULL;

	if (!whole) {
		talloc_free(partial);
		return NULL;
	}
	snprintf(whole->source, sizeof(whole->source), "%s", part->source);
	snprintf(whole->destination, sizeof(whole->destination), "%s", part->destination);
	snprintf(whole->extra, sizeof(whole->extra), "%s", part->extra);
	whole->parts = part->concat.total;
	partial->whole = whole;
	partial->concat = part->concat;
	partial->coding = part->coding;
	partial->next = joiner->partials;
	joiner->partials = partial;
	joiner->count++;
	return partial;
}

static struct partial *find_or_make(struct emu_joiner *joiner, const struct emu_part *part)
{
	struct partial *partial = joiner->partials, *last = NULL;

	for (; partial; last = partial, partial = partial->next)
		if (same(partial, part))
			return partial;
	if (joiner->count >= EMU_PARTIALS_MAX) {
		unlink_partial(joiner, last);
		talloc_free(last);
	}
	return partial_new(joiner, part);
}

static struct emu_whole *finish(struct emu_joiner *joiner, struct partial *partial)
{
	struct emu_whole *whole = talloc_steal(joiner, partial->whole);
	size_t len = 0;

	for (unsigned i = 1; i <= whole->parts; i++)
		len += partial->len[i];
	whole->body = talloc_size(whole, len + 1);
	for (unsigned i = 1; whole->body && i <= whole->parts; i++) {
		memcpy(whole->body + whole->len, partial->part[i], partial->len[i]);
		whole->len += partial->len[i];
	}
	unlink_partial(joiner, partial);
	talloc_free(partial);
	return whole;
}

struct emu_whole *emu_join(struct emu_joiner *joiner, const struct emu_part *part)
{
	struct partial *partial = find_or_make(joiner, part);
	unsigned i = part->concat.sequence;
	uint8_t *copy = partial ? talloc_size(partial, part->len + 1) : NULL;

	if (!copy)
		return NULL;
	if (part->len)
		memcpy(copy, part->body, part->len);
	if (!partial->part[i])
		partial->have++;
	talloc_free(partial->part[i]);
	partial->part[i] = copy;
	partial->len[i] = part->len;
	return partial->have == part->concat.total ? finish(joiner, partial) : NULL;
}
