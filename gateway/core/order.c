/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Orders to the chain, and its answers as events of jobs. An order may be given again at any time: the log keeps one leaf for a
 * leg, the vault opens a leg once and answers with what it remembers.
 */
#include "gateway/core/step.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { REPORT_TRIES = 20, REPORT_RETRY_MS = 250 };

static int link_index(const struct fg_core *core, const char *name)
{
	for (size_t i = 0; i < core->conf->links_count; i++)
		if (strcmp(core->conf->links[i].name, name) == 0)
			return (int)i;
	return -1;
}

enum fg_rc fg_order_send(struct fg_core *core, const Fallgate__StoredJob *job)
{
	struct fg_frame frame = { .type = FG_IPC_ORDER };
	struct fg_ipc_order *order = &frame.order;
	int link = link_index(core, job->link);
	uint8_t *consent, *cert, *view;
	enum fg_rc rc = FG_E_CLOSED;

	if (!core->log || link < 0 || !job->consent || !job->cert || !job->view)
		return core->log ? FG_E_ARG : FG_E_CLOSED;
	consent = fg_proto_pack_new(job->consent, &order->consent.len);
	cert = fg_proto_pack_new(job->cert, &order->cert.len);
	view = fg_proto_pack_new(job->view, &order->view.len);
	if (consent && cert && view) {
		order->consent.data = consent;
		order->cert.data = cert;
		order->view.data = view;
		order->capsule = FG_BYTES(job->capsule.data, job->capsule.len);
		fg_record_id(&job->message_id, &order->message_id);
		order->leg = (uint16_t)job->leg;
		order->link = (uint16_t)link;
		order->link_name = FG_BYTES_TEXT(job->link);
		order->bearer = (uint8_t)job->bearer;
		order->reason = (uint8_t)job->reason;
		order->row = (uint8_t)job->row;
		order->pin_override = job->pin_override != 0;
		order->concat_ref = (uint16_t)job->concat_ref;
		order->decided_ms = job->decided_ms;
		order->expires_ms = job->expires_ms;
		memcpy(order->facts_hash, job->facts_hash.data, sizeof(order->facts_hash));
		memcpy(order->policy_hash, job->policy_hash.data, sizeof(order->policy_hash));
		rc = fg_channel_send(core->log, &frame);
	}
	free(consent);
	free(cert);
	free(view);
	return rc;
}

/* ---- answers ---- */

static Fallgate__LeafProof *proof_of(const struct fg_ipc_logged *logged)
{
	Fallgate__LeafProof *proof = malloc(sizeof(*proof));
	char checkpoint[513];

	if (!proof)
		FG_BUG("out of memory");
	fallgate__leaf_proof__init(proof);
	memcpy(checkpoint, logged->checkpoint.data, logged->checkpoint.len);
	checkpoint[logged->checkpoint.len] = 0;
	proof->index = logged->leaf_index;
	fg_record_bytes(&proof->record, logged->record.data, logged->record.len);
	fg_record_bytes(&proof->salt, logged->salt, sizeof(logged->salt));
	fg_record_text(&proof->checkpoint, checkpoint);
	proof->path = calloc(logged->path.len / 32 + 1, sizeof(*proof->path));
	for (; proof->path && proof->n_path < logged->path.len / 32; proof->n_path++)
		fg_record_bytes(&proof->path[proof->n_path], logged->path.data + 32 * proof->n_path,
				32);
	return proof;
}

void fg_jobs_logged(struct fg_core *core, const struct fg_ipc_logged *logged)
{
	struct fg_lane *lane = fg_lane_find(core, &logged->message_id);
	struct fg_event *early;

	if (!lane || !lane->ordered)
		return;
	fg_record_free(lane->leaf.proof);
	lane->leaf.leg = logged->leg;
	lane->leaf.proof = proof_of(logged);
	early = lane->early_leg;
	lane->early_leg = NULL;
	if (early)
		fg_step_event(core, early);
}

void fg_jobs_refused(struct fg_core *core, const struct fg_ipc_refused *refused, bool by_vault)
{
	struct fg_event *event = fg_event_new(FG_EVENT_REFUSED, &refused->message_id);

	event->leg = refused->leg;
	event->rc = refused->rc < FG_RC_COUNT ? (enum fg_rc)refused->rc : FG_E_STATE;
	event->by_vault = by_vault;
	fg_step_event(core, event);
}

/* A receipt needs the leaf: what overtook it waits for it. Without an order of ours there is nothing to wait for: the order will be given
 * again after a restart, and the answer with it. */
static void leg_event(struct fg_core *core, struct fg_event *event_take)
{
	struct fg_lane *lane = fg_lane_find(core, &event_take->id);

	if (!lane || !lane->ordered) {
		fg_event_free(event_take);
		return;
	}
	if (lane->leaf.leg == event_take->leg && lane->leaf.proof) {
		fg_step_event(core, event_take);
		return;
	}
	if (lane->early_leg)
		fg_event_free(lane->early_leg);
	lane->early_leg = event_take;
}

void fg_jobs_leg(struct fg_core *core, const struct fg_ipc_leg *leg)
{
	struct fg_event *event = fg_event_new(FG_EVENT_LEG, &leg->message_id);

	event->leg = leg->leg;
	event->leg_state = (enum fg_leg_state)leg->state;
	event->rc = leg->rc < FG_RC_COUNT ? (enum fg_rc)leg->rc : FG_E_STATE;
	event->carrier_code = leg->carrier_code;
	event->segments = leg->segments;
	memcpy(event->mark, leg->mark.data, leg->mark.len);
	if (leg->refs.len) {
		event->refs = malloc(leg->refs.len);
		if (!event->refs)
			FG_BUG("out of memory");
		memcpy(event->refs, leg->refs.data, leg->refs.len);
		event->refs_len = leg->refs.len;
	}
	leg_event(core, event);
}

/* ---- delivery reports: found by the far side's id, else by what we sent along ---- */

struct lookup {
	struct fg_core *core;
	struct fg_event *event;
	struct event *again;
	char key[2][160];
	size_t key_len[2];
	unsigned tries;
	bool quiet; /* no message was in a step, or ordered, as this look began */
};

static void lookup_free(struct lookup *lookup)
{
	if (lookup->again)
		event_free(lookup->again);
	free(lookup);
}

static void lookup_start(struct lookup *lookup);

static void lookup_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	lookup_start(arg);
}

/* Nobody's: acknowledge it all the same, or the carrier repeats it for ever. */
static void nobodys(struct lookup *lookup)
{
	struct fg_frame frame = { .type = FG_IPC_STORED };

	LOGP(DLEG, LOGL_NOTICE, "drop report: no message of ours has this reference\n");
	frame.stored.link = lookup->event->report_link;
	frame.stored.token = lookup->event->report_token;
	if (lookup->core->vault)
		fg_channel_answer(lookup->core->vault, &frame);
	fg_event_free(lookup->event);
	lookup_free(lookup);
}

static void found(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	static const struct timeval pause = { .tv_usec = REPORT_RETRY_MS * 1000 };
	struct lookup *lookup = arg;

	if (rc == FG_OK && count > 0) {
		lookup->event->id = rows[0].id;
		lookup->event->part = rows[0].number;
		fg_step_event(lookup->core, lookup->event);
		lookup_free(lookup);
		return;
	}
	if (lookup->core->stopping) { /* not acknowledged: the carrier says it again */
		fg_event_free(lookup->event);
		lookup_free(lookup);
		return;
	}
	/* The commit that makes it known may be on its way, but not when nothing happened to any message as the look began: a carrier that says
	 * many reports of others is not looked after for long. A store that cannot be read says nothing about whose it is. */
	if (rc == FG_OK && (++lookup->tries == REPORT_TRIES || lookup->quiet)) {
		nobodys(lookup);
		return;
	}
	if (!lookup->again)
		lookup->again =
			event_new(fg_loop_base(lookup->core->loop), -1, 0, lookup_again, lookup);
	if (lookup->again)
		event_add(lookup->again, &pause);
	else
		nobodys(lookup);
}

static void lookup_start(struct lookup *lookup)
{
	struct fg_store_key keys[2] = { { .what = FG_GET_REF }, { .what = FG_GET_REF } };
	enum fg_rc rc;

	lookup->quiet = lookup->core->jobs->lanes_count == 0;
	for (int i = 0; i < 2; i++)
		keys[i].key = FG_BYTES(lookup->key[i], lookup->key_len[i]);
	rc = fg_store_get(lookup->core->store, keys, 2, found, lookup);
	if (rc != FG_OK)
		found(rc, NULL, 0, lookup);
}

void fg_jobs_report(struct fg_core *core, const struct fg_ipc_dlr *report)
{
	static const struct fg_id none;
	struct lookup *lookup;
	const char *link;
	size_t link_len;

	if (report->link >= core->conf->links_count)
		return;
	lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		FG_BUG("out of memory");
	lookup->core = core;
	lookup->event = fg_event_new(FG_EVENT_REPORT, &none);
	lookup->event->report_state = report->state;
	lookup->event->report_final = report->final;
	lookup->event->report_link = report->link;
	lookup->event->report_token = report->token;
	link = core->conf->links[report->link].name;
	link_len = strlen(link) + 1;
	if (report->ref.len) {
		memcpy(lookup->event->report_ref, report->ref.data, report->ref.len);
		memcpy(lookup->key[0], link, link_len);
		memcpy(lookup->key[0] + link_len, report->ref.data, report->ref.len);
		lookup->key_len[0] = link_len + report->ref.len;
	}
	if (report->has_reference) {
		memcpy(lookup->key[1], link, link_len);
		lookup->key_len[1] =
			link_len + (size_t)snprintf(lookup->key[1] + link_len,
						    sizeof(lookup->key[1]) - link_len, "?%04x:%.*s",
						    report->message_reference,
						    (int)report->destination.len,
						    report->destination.data);
	}
	lookup_start(lookup);
}
