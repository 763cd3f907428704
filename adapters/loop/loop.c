/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model adapter: its far side is itself. It takes every job, and a turn of the loop later says
 * accepted and then delivered. The last two digits of the destination choose another end, as in
 * fallgate-smsc: 80 throttled, 83 refused, 85 no answer (unknown), 87 accepted but undeliverable,
 * 89 no report. To write a new adapter begin with a copy of this file.
 */
#include "adapters/adapter.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/crypto/clear.h"
#include "lib/wire/dlr.h"

struct pending {
	struct pending *next;
	struct fg_job_outcome outcome;
	char destination[33];
	uint16_t message_reference;
	uint8_t state; /* of the report */
	bool report;
};

struct loop_adapter {
	struct fg_adapter_host *host;
	struct event *turn;
	struct pending *first, **last;
	uint32_t window, in_flight;
	uint64_t refs, tokens;
	bool draining;
};

static const struct loop_end {
	const char *digits;
	enum fg_outcome outcome;
	enum fg_rc rc;
	enum fg_part_state part;
	uint32_t code;
	bool report;
	enum fg_dlr_state state;
} ends[] = {
	{ "80", FG_OUTCOME_DEFERRED, FG_E_LINK_THROTTLED, FG_PART_NOT_SENT, 0x58, false, 0 },
	{ "83", FG_OUTCOME_FAILED, FG_E_LINK_RECIPIENT, FG_PART_FAILED, 0x0B, false, 0 },
	{ "85", FG_OUTCOME_UNKNOWN, FG_E_LINK_UNKNOWN, FG_PART_UNKNOWN, 0, false, 0 },
	{ "87", FG_OUTCOME_ACCEPTED, FG_OK, FG_PART_ACCEPTED, 0, true, FG_DLR_UNDELIVERABLE },
	{ "89", FG_OUTCOME_ACCEPTED, FG_OK, FG_PART_ACCEPTED, 0, false, 0 },
	{ "", FG_OUTCOME_ACCEPTED, FG_OK, FG_PART_ACCEPTED, 0, true, FG_DLR_DELIVERED },
};

static const struct loop_end *end_find(const char *destination)
{
	size_t len = strlen(destination);
	const struct loop_end *end = ends;

	while (end->digits[0] && (len < 2 || strcmp(destination + len - 2, end->digits) != 0))
		end++;
	return end;
}

static void say_state(struct loop_adapter *loop)
{
	fg_host_state(loop->host, true, loop->draining ? 0 : loop->window - loop->in_flight,
		      loop->in_flight, 0, "loop");
}

static void report(struct loop_adapter *loop, const struct pending *job)
{
	struct fg_delivery_report dlr = {
		.state = job->state,
		.final = true,
		.has_reference = true,
		.message_reference = job->message_reference,
	};

	memcpy(dlr.destination, job->destination, sizeof(dlr.destination));
	for (unsigned i = 0; i < job->outcome.parts; i++) {
		dlr.token = ++loop->tokens;
		memcpy(dlr.ref, job->outcome.ref[i], sizeof(dlr.ref));
		/* A carrier would repeat it; this one has nobody behind it who could. */
		if (fg_host_report(loop->host, &dlr) != FG_OK)
			LOG_LINK(fg_host_name(loop->host), DBEARER, LOGL_NOTICE,
				 "drop report: host is full\n");
	}
}

static void finish(struct loop_adapter *loop)
{
	struct pending *job = loop->first;

	loop->first = job->next;
	if (!loop->first)
		loop->last = &loop->first;
	loop->in_flight--;
	fg_host_outcome(loop->host, &job->outcome);
	if (job->report)
		report(loop, job);
	talloc_free(job);
}

static void turn(evutil_socket_t fd, short what, void *arg)
{
	struct loop_adapter *loop = arg;

	(void)fd;
	(void)what;
	while (loop->first)
		finish(loop);
	say_state(loop);
	if (loop->draining)
		fg_host_drained(loop->host);
}

static int loop_destroy(struct loop_adapter *loop)
{
	if (loop->turn)
		event_free(loop->turn);
	return 0;
}

static enum fg_rc loop_open(void *ctx, struct fg_adapter_host *host, struct fg_loop *fg_loop,
			    const struct fg_conf_links *conf, void **adapter_out)
{
	struct loop_adapter *loop = talloc_zero(ctx, struct loop_adapter);

	if (!loop)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(loop, loop_destroy);
	loop->host = host;
	loop->window = (uint32_t)conf->window;
	loop->last = &loop->first;
	loop->turn = event_new(fg_loop_base(fg_loop), -1, 0, turn, loop);
	if (!loop->turn) {
		talloc_free(loop);
		return FG_E_NO_MEMORY;
	}
	*adapter_out = loop;
	say_state(loop);
	return FG_OK;
}

static enum fg_rc loop_job(void *adapter, const struct fg_job *job)
{
	struct loop_adapter *loop = adapter;
	const struct loop_end *end = end_find(job->destination);
	struct pending *pending = loop->draining ? NULL : talloc_zero(loop, struct pending);

	/* The text goes nowhere: its owner wipes it at once, whatever happens. */
	fg_clear_free(job->text);
	free(job->text);
	if (!pending)
		return loop->draining ? FG_E_LINK_DOWN : FG_E_NO_MEMORY;
	pending->outcome.message_id = job->message_id;
	pending->outcome.leg = job->leg;
	pending->outcome.outcome = end->outcome;
	pending->outcome.rc = end->rc;
	pending->outcome.carrier_code = end->code;
	pending->outcome.parts = job->parts;
	for (unsigned i = 0; i < job->parts; i++) {
		pending->outcome.part_state[i] = (uint8_t)end->part;
		if (end->part == FG_PART_ACCEPTED)
			snprintf(pending->outcome.ref[i], sizeof(pending->outcome.ref[i]),
				 "loop-%llu", (unsigned long long)++loop->refs);
	}
	memcpy(pending->destination, job->destination, sizeof(pending->destination));
	pending->message_reference = job->message_reference;
	pending->report = end->report;
	pending->state = (uint8_t)end->state;
	*loop->last = pending;
	loop->last = &pending->next;
	loop->in_flight++;
	event_active(loop->turn, 0, 0);
	return FG_OK;
}

static void loop_stored(void *adapter, uint64_t token)
{
	(void)adapter; /* nobody waits for an acknowledgement */
	(void)token;
}

static void loop_drain(void *adapter)
{
	struct loop_adapter *loop = adapter;

	loop->draining = true;
	event_active(loop->turn, 0, 0);
}

static void loop_close(void *adapter)
{
	struct loop_adapter *loop = adapter;

	while (loop->first) {
		loop->first->report = false;
		finish(loop);
	}
	talloc_free(loop);
}

const struct fg_adapter_ops fg_adapter_loop = {
	.name = "loop",
	.open = loop_open,
	.job = loop_job,
	.stored = loop_stored,
	.drain = loop_drain,
	.close = loop_close,
};
