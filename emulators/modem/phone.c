/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The phone as a whole: its beginning and end, its clock, what is due later.
 */
#include "emulators/modem/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

void *phone_later_new(struct phone *phone, size_t size, uint64_t delay_us,
		      void (*fire)(struct phone *phone, struct later *later))
{
	struct later *later = calloc(1, size);

	if (!later)
		return NULL;
	later->fire = fire;
	if (emu_heap_add(&phone->heap, &later->due, phone->now_us + delay_us))
		return later;
	free(later);
	return NULL;
}

bool phone_next(const struct phone *phone, uint64_t *due_us_out)
{
	return emu_heap_next(&phone->heap, due_us_out);
}

void phone_run(struct phone *phone, uint64_t now_us)
{
	uint64_t due_us;

	while (phone_next(phone, &due_us) && due_us <= now_us) {
		struct later *later = (struct later *)emu_heap_take(&phone->heap);

		if (due_us > phone->now_us)
			phone->now_us = due_us;
		later->fire(phone, later);
	}
	if (now_us > phone->now_us)
		phone->now_us = now_us;
}

int64_t phone_wall_s(const struct phone *phone)
{
	return (int64_t)((phone->wall_start_us + phone->now_us) / 1000000);
}

/* ---- Beginning and end ---- */

static int phone_destroy(struct phone *phone)
{
	while (phone->heap.count > 0)
		free(emu_heap_take(&phone->heap));
	free(phone->heap.at);
	while (phone->incoming) {
		struct incoming *next = phone->incoming->next;

		free(phone->incoming);
		phone->incoming = next;
	}
	free(phone->out.at);
	free(phone->slow.at);
	return 0;
}

static void first_values(struct phone *phone, uint64_t wall_us)
{
	const struct phone_options *options = &phone->options;
	unsigned seed = options->seed ? options->seed : (unsigned)(wall_us / 1000000);

	phone->random = seed;
	phone->next_reference = (uint8_t)seed;
	phone->next_concat = (uint8_t)(seed >> 3);
	phone->wall_start_us = wall_us;
	phone->registration = 1;
	phone->rssi = 21;
	phone->sim_present = true;
	phone->pin_asked = options->pin[0];
	snprintf(phone->pin, sizeof(phone->pin), "%s", options->pin);
	phone->pin_tries = 3;
	phone->puk_tries = 10;
	snprintf(phone->smsc, sizeof(phone->smsc), "+12025550000");
}

struct phone *phone_new(void *ctx, const struct phone_options *options, uint64_t wall_us,
			const struct phone_owner *owner)
{
	struct phone *phone = talloc_zero(ctx, struct phone);

	if (!phone)
		return NULL;
	talloc_set_destructor(phone, phone_destroy);
	phone->options = *options;
	phone->owner = *owner;
	phone->profile = options->profile ? options->profile : phone_profile_find("generic");
	phone->joiner = emu_joiner_new(phone);
	phone->memories = talloc_zero_array(phone, struct phone_memory, MEMORIES);
	if (!phone->joiner || !phone->memories) {
		talloc_free(phone);
		return NULL;
	}
	phone->memories[MEMORY_SM].size =
		options->sim_slots ? options->sim_slots : phone->profile->sim_slots;
	phone->memories[MEMORY_ME].size = 100;
	phone->memories[MEMORY_SR].size = 30;
	first_values(phone, wall_us);
	phone_plug(phone);
	return phone;
}

void phone_unplug(struct phone *phone)
{
	if (!phone->plugged)
		return;
	phone->counters.unplugs++;
	phone->plugged = false;
	phone->epoch++;
	phone->out.len = phone->slow.len = phone->pending_len = phone->held_len = 0;
	phone->slow_running = false;
	phone_unacknowledged(phone);
	phone_happened(phone, "unplugged", "", 0, "");
}

static void boot_lines(struct phone *phone)
{
	const char *at = phone->profile->boot;

	while (*at) {
		size_t len = strcspn(at, "\n");

		phone_tell(phone, "%.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
}

void phone_plug(struct phone *phone)
{
	if (phone->plugged)
		return;
	phone->plugged = true;
	phone->state = LINE_COMMAND;
	phone->line_len = 0;
	phone->line_long = false;
	phone->line[0] = phone->again[0] = '\0';
	phone->lock = phone->lock == SIM_PUK || phone->lock == SIM_DEAD ? phone->lock
		      : phone->pin_asked                                ? SIM_PIN
									: SIM_READY;
	phone->function = 1;
	phone_defaults(phone);
	boot_lines(phone);
	phone_happened(phone, "plugged", "", 0, "");
	phone_route(phone);
	phone_flush(phone);
}

bool phone_plugged(const struct phone *phone)
{
	return phone->plugged;
}

struct phone_options *phone_options(struct phone *phone)
{
	return &phone->options;
}

const struct phone_counters *phone_counters(const struct phone *phone)
{
	return &phone->counters;
}

void phone_happened(struct phone *phone, const char *kind, const char *number, unsigned reference,
		    const char *detail)
{
	const struct phone_event event = {
		.kind = kind, .number = number, .reference = reference, .detail = detail
	};

	if (phone->owner.event)
		phone->owner.event(phone->owner.arg, &event);
}
