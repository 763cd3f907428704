/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a sending device asks for: accept a message (limits, exact device set, consent), answer an Ask, cancel, status, the log's head.
 * A message is accepted by the commit that also holds its first decision.
 */
#include "gateway/core/budget.h"
#include "gateway/core/step.h"

#include <stdlib.h>
#include <string.h>
#include "gateway/decide/explain.h"
#include "gateway/decide/facts_text.h"
#include "gateway/core/relay.h"
#include "lib/proto/consent.h"

#define CLOCK_SKEW_MS                                                                              \
	(10 * 60 *                                                                                 \
	 1000ull) /* storage.md 3: ids are time-ordered, so their time must be near ours */

enum {
	PARTS_BYTES_MAX = 40 * 1024,
	CAPSULE_BYTES_MAX = 20000,
	EXPLAIN_MAX = 16 * 1024,
	DEVICES_LISTED = 16
};

struct submit {
	struct fg_core *core;
	struct fg_event *event; /* becomes the ACCEPT */
	struct fg_handle recipient;
};

static void submit_end(struct submit *submit, enum fg_rc rc)
{
	struct fg_core *core = submit->core;

	if (rc != FG_OK) {
		fg_session_error(core, fg_session_find(core, submit->event->conn),
				 submit->event->request, rc, &submit->event->id, 0);
		fg_event_free(submit->event);
	}
	free(submit);
}

/* ---- exactly the devices of the account ---- */

static const Fallgate__SealedPart *part_for(Fallgate__SealedPart *const *parts, size_t count,
					    const uint8_t *device)
{
	for (size_t i = 0; i < count; i++)
		if (FG_HAS_LEN(parts[i]->device_id, FG_DEVICE_ID_LEN) &&
		    memcmp(parts[i]->device_id.data, device, FG_DEVICE_ID_LEN) == 0)
			return parts[i];
	return NULL;
}

static bool entry_has(const struct fg_directory_entry *entry, const ProtobufCBinaryData *device,
		      const uint8_t *except)
{
	for (size_t i = 0; i < entry->devices_count; i++)
		if (FG_HAS_LEN(*device, FG_DEVICE_ID_LEN) &&
		    memcmp(entry->devices[i].id, device->data, FG_DEVICE_ID_LEN) == 0)
			return !except || memcmp(device->data, except, FG_DEVICE_ID_LEN) != 0;
	return false;
}

static bool is_current(const struct fg_directory_entry *entry, size_t i, uint64_t now_ms)
{
	return entry->devices[i].cert_expires_ms > now_ms;
}

/* Collect what is missing and what is extra. True when the parts are for exactly the entry's devices but `except`. */
static bool exact(const struct fg_directory_entry *entry, Fallgate__SealedPart *const *parts,
		  size_t count, const uint8_t *except, uint64_t now_ms,
		  Fallgate__DevicesMismatch *out, ProtobufCBinaryData *room)
{
	out->missing = room;
	out->extra = room + DEVICES_LISTED;
	out->stale = room + 2 * DEVICES_LISTED;
	for (size_t i = 0; i < entry->devices_count; i++) {
		ProtobufCBinaryData id = { .data = (uint8_t *)(uintptr_t)entry->devices[i].id,
					   .len = FG_DEVICE_ID_LEN };
		bool sent = part_for(parts, count, id.data) != NULL;

		if (except && memcmp(id.data, except, FG_DEVICE_ID_LEN) == 0)
			continue;
		if (!is_current(entry, i, now_ms) && sent)
			out->stale[out->n_stale++] = id;
		else if (is_current(entry, i, now_ms) && !sent && out->n_missing < DEVICES_LISTED)
			out->missing[out->n_missing++] = id;
	}
	for (size_t i = 0; i < count && out->n_extra < DEVICES_LISTED; i++)
		if (!entry_has(entry, &parts[i]->device_id, except) ||
		    part_for(parts, i, parts[i]->device_id.data)) /* twice the same */
			out->extra[out->n_extra++] = parts[i]->device_id;
	return out->n_missing + out->n_extra + out->n_stale == 0;
}

static void tell_mismatch(struct submit *submit, const struct fg_directory_entry *entry,
			  Fallgate__DevicesMismatch *mismatch)
{
	struct fg_core *core = submit->core;
	struct fg_session *session = fg_session_find(core, submit->event->conn);
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Error error = FALLGATE__ERROR__INIT;
	uint8_t *view = NULL;
	size_t len;

	if (fg_directory_view(core, entry, &view, &len) == FG_OK) {
		fg_arena_reset(&core->jobs->arena);
		mismatch->view = fg_signed_unpack(&core->jobs->arena, view, len);
	}
	error.code = (char *)(uintptr_t)fg_rc_name(FG_E_DEVICES_MISMATCH);
	error.text = (char *)(uintptr_t)fg_rc_text(FG_E_DEVICES_MISMATCH);
	error.message_id = (ProtobufCBinaryData){ .data = submit->event->id.b, .len = FG_ID_LEN };
	error.mismatch = mismatch;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_ERROR;
	frame.error = &error;
	if (session)
		fg_session_send(core, session, submit->event->request, &frame);
	free(view);
}

static bool parts_fit(struct submit *submit, const struct fg_directory_entry *entry, bool own)
{
	Fallgate__DevicesMismatch mismatch = FALLGATE__DEVICES_MISMATCH__INIT;
	ProtobufCBinaryData room[3 * DEVICES_LISTED];
	const Fallgate__StoredJob *job = submit->event->job;

	mismatch.own = own;
#ifndef FG_MUTANT_exact_devices
	if (!exact(entry, own ? job->own_parts : job->parts, own ? job->n_own_parts : job->n_parts,
		   own ? job->sender_device.data : NULL, fg_core_now_ms(submit->core), &mismatch,
		   room)) {
		tell_mismatch(submit, entry, &mismatch);
		fg_event_free(submit->event);
		free(submit);
		return false;
	}
#endif
	return true;
}

static void recipient_known(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct submit *submit = arg;
	Fallgate__StoredJob *job = submit->event->job;

	if (rc != FG_OK) {
		submit_end(submit, rc);
		return;
	}
	if (!parts_fit(submit, entry, false))
		return;
	LOG_MSG(&submit->event->id, DMSG, LOGL_INFO,
		"accept message: parts=%zu own=%zu consent=%d\n", job->n_parts, job->n_own_parts,
		job->consent != NULL);
	fg_step_event(submit->core, submit->event);
	free(submit);
}

/* A note to one's own number, or a message to another: the sender's other devices get a copy too. */
static void sender_known(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct submit *submit = arg;

	if (rc == FG_OK && !parts_fit(submit, entry, true))
		return;
	if (rc == FG_OK)
		rc = fg_directory_read(submit->core, &submit->recipient, recipient_known, submit);
	if (rc != FG_OK)
		submit_end(submit, rc);
}

/* ---- checks that need no directory ---- */

static size_t bytes_of(Fallgate__SealedPart *const *parts, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += parts[i]->sealed.len;
	return sum;
}

static enum fg_rc check_consent(struct fg_core *core, const struct fg_session *session,
				const struct fg_id *id, const char *recipient,
				const Fallgate__Signed *consent, const ProtobufCBinaryData *capsule)
{
	struct fg_consent_expect expect = { .message_id = *id,
					    .gateway_id = core->trust.gateway_id,
					    .log_id = core->log_id,
					    .recipient_tag = fg_handle_tag(recipient),
					    .capsule_hash = fg_sha256(capsule->data, capsule->len),
					    .bearer = FALLGATE__BEARER__BEARER_SECURE,
					    .reason = FG_CONSENT_REASON_ANY,
					    .now_ms = fg_core_now_ms(core) };
	struct fg_arena *arena = &core->jobs->arena;
	struct fg_consent checked;
	Fallgate__Signed *cert;
	enum fg_rc rc;

	fg_arena_reset(arena);
	cert = fg_signed_unpack(arena, session->cert, session->cert_len);
	rc = fg_consent_check(arena, consent, cert, &expect, &checked);
	if (rc == FG_OK && strcmp(checked.body->sender, session->handle) != 0)
		rc = FG_E_CONSENT_SIGNATURE;
	if (rc == FG_OK &&
	    (!FG_HAS_LEN(checked.body->device_id, FG_DEVICE_ID_LEN) ||
	     memcmp(checked.body->device_id.data, session->device_id, FG_DEVICE_ID_LEN) != 0))
		rc = FG_E_CONSENT_SIGNATURE;
	return rc;
}

/* A capsule without a consent is refused: do not collect what may not be opened. */
static enum fg_rc check_submit(struct fg_core *core, const struct fg_session *session,
			       const Fallgate__Submit *submit, struct fg_id *id_out,
			       struct fg_handle *recipient_out)
{
	uint64_t now = fg_core_now_ms(core), time_ms;
	enum fg_rc rc;

	if (!fg_record_id(&submit->message_id, id_out))
		return FG_E_SYNTAX;
	time_ms = fg_id_time_ms(id_out);
	if (time_ms > now + CLOCK_SKEW_MS || time_ms + CLOCK_SKEW_MS < now)
		return FG_E_SYNTAX;
	rc = fg_handle_parse(submit->recipient, strlen(submit->recipient), recipient_out);
	if (rc != FG_OK)
		return rc;
	if (bytes_of(submit->parts, submit->n_parts) +
			    bytes_of(submit->own_parts, submit->n_own_parts) >
		    PARTS_BYTES_MAX ||
	    submit->n_parts + submit->n_own_parts > DEVICES_LISTED ||
	    submit->capsule.len > CAPSULE_BYTES_MAX)
		return FG_E_TOO_LONG;
	if ((unsigned)submit->policy > FG_POLICY_ALLOW ||
	    (unsigned)submit->message_class >= FG_MESSAGE_CLASS_COUNT)
		return FG_E_SYNTAX;
	if (!submit->consent)
		return submit->capsule.len ? FG_E_CONSENT_SYNTAX : FG_OK;
	return check_consent(core, session, id_out, recipient_out->text, submit->consent,
			     &submit->capsule);
}

static void copy_parts(Fallgate__SealedPart ***to, size_t *to_count,
		       Fallgate__SealedPart *const *from, size_t count)
{
	*to = count ? calloc(count, sizeof(**to)) : NULL;
	for (size_t i = 0; *to && i < count; i++) {
		(*to)[i] = fg_record_copy(from[i]);
		if (!(*to)[i])
			FG_BUG("out of memory");
		(*to_count)++;
	}
}

static uint64_t expiry(const struct fg_core *core, const Fallgate__Submit *submit, uint64_t now)
{
	uint64_t most = now + (uint64_t)core->conf->limits.queue_days * 86400000u;

	if (submit->n_parts == 0)
		most = now + (uint64_t)core->conf->limits.hold_s * 1000u;
	return submit->expires_ms && submit->expires_ms < most
		       ? submit->expires_ms
		       : most; /* past already: expires at once */
}

static Fallgate__StoredJob *new_job(struct fg_core *core, const struct fg_session *session,
				    const Fallgate__Submit *submit,
				    const struct fg_handle *recipient)
{
	Fallgate__StoredJob *job = malloc(sizeof(*job));
	uint64_t now = fg_core_now_ms(core);

	if (!job)
		FG_BUG("out of memory");
	fallgate__stored_job__init(job);
	fg_record_bytes(&job->message_id, submit->message_id.data, submit->message_id.len);
	fg_record_text(&job->sender, session->handle);
	fg_record_bytes(&job->sender_account, session->account_key, FG_ACCOUNT_KEY_LEN);
	fg_record_bytes(&job->sender_device, session->device_id, FG_DEVICE_ID_LEN);
	fg_record_text(&job->recipient, recipient->text);
	job->policy = submit->policy;
	job->message_class = submit->message_class;
	job->accepted_ms = now;
	job->expires_ms = expiry(core, submit, now);
	fg_record_bytes(&job->capsule, submit->capsule.data, submit->capsule.len);
	job->consent = submit->consent ? fg_record_copy(submit->consent) : NULL;
	job->cert = fallgate__signed__unpack(NULL, session->cert_len, session->cert);
	copy_parts(&job->parts, &job->n_parts, submit->parts, submit->n_parts);
	copy_parts(&job->own_parts, &job->n_own_parts, submit->own_parts, submit->n_own_parts);
	return job;
}

void fg_message_submit(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__Submit *submit)
{
	struct fg_handle recipient, sender;
	struct fg_id id = { 0 };
	struct submit *work;
	uint64_t retry_ms = 0;
	enum fg_rc rc = check_submit(core, session, submit, &id, &recipient);

	if (rc == FG_OK)
		rc = fg_handle_parse(session->handle, strlen(session->handle), &sender);
	if (rc == FG_OK && !fg_budget_submit(core, session->device_id, &retry_ms))
		rc = FG_E_LIMIT;
	if (rc != FG_OK) {
		LOG_MSG(&id, DMSG, LOGL_NOTICE, "refuse message: %s\n", fg_rc_name(rc));
		fg_session_error(core, session, request, rc, &id, retry_ms);
		return;
	}
	work = calloc(1, sizeof(*work));
	if (!work)
		FG_BUG("out of memory");
	work->core = core;
	work->recipient = recipient;
	work->event = fg_event_new(FG_EVENT_ACCEPT, &id);
	work->event->conn = session->conn;
	work->event->request = request;
	work->event->job = new_job(core, session, submit, &recipient);
	memcpy(work->event->device, session->device_id, FG_DEVICE_ID_LEN);
	rc = fg_directory_read(core, &sender, sender_known, work);
	if (rc != FG_OK)
		submit_end(work, rc);
}

/* ---- the sender's later words ---- */

static struct fg_event *sender_event(enum fg_event_kind kind, const struct fg_id *id,
				     const struct fg_session *session, uint64_t request)
{
	struct fg_event *event = fg_event_new(kind, id);

	event->conn = session->conn;
	event->request = request;
	memcpy(event->device, session->device_id, FG_DEVICE_ID_LEN);
	return event;
}

void fg_message_decide(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__Decide *decide)
{
	struct fg_arena *arena = &core->jobs->arena;
	Fallgate__Consent *body;
	struct fg_event *event;
	struct fg_id id = { 0 };
	enum fg_rc rc =
		fg_record_id(&decide->message_id, &id) && decide->consent ? FG_OK : FG_E_SYNTAX;

	if (rc == FG_OK && decide->capsule.len > CAPSULE_BYTES_MAX)
		rc = FG_E_TOO_LONG;
	/* Which recipient the message has is in the record: the decision checks the consent against it. Here: signature, time, gateway. */
	if (rc == FG_OK) {
		fg_arena_reset(arena);
		body = fg_proto_unpack(arena, &fallgate__consent__descriptor,
				       decide->consent->body.data, decide->consent->body.len);
		char recipient[FG_HANDLE_MAX + 1] = "";
		if (body && strlen(body->recipient) <= FG_HANDLE_MAX)
			strcpy(recipient, body->recipient);
		rc = check_consent(core, session, &id, recipient, decide->consent,
				   &decide->capsule);
	}
	if (rc != FG_OK) {
		fg_session_error(core, session, request, rc, &id, 0);
		return;
	}
	event = sender_event(FG_EVENT_CONSENT, &id, session, request);
	event->consent = fg_record_copy(decide->consent);
	event->capsule = malloc(decide->capsule.len + 1);
	if (!event->consent || !event->capsule)
		FG_BUG("out of memory");
	memcpy(event->capsule, decide->capsule.data, decide->capsule.len);
	event->capsule_len = decide->capsule.len;
	fg_step_event(core, event);
}

void fg_message_cancel(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__CancelRequest *cancel)
{
	struct fg_arena *arena = &core->jobs->arena;
	void *opened = NULL;
	const Fallgate__Cancel *body;
	struct fg_id id = { 0 };
	enum fg_rc rc;

	fg_arena_reset(arena);
	rc = fg_signed_open(arena, cancel->cancel, session->signing_key, FG_SIGN_PUBLIC_LEN,
			    FG_LABEL_CANCEL, &fallgate__cancel__descriptor, &opened);
	body = opened;
	if (rc == FG_OK &&
	    (!fg_record_id(&body->message_id, &id) || !FG_HAS_LEN(body->gateway_id, FG_ID_LEN) ||
	     memcmp(body->gateway_id.data, core->trust.gateway_id.b, FG_ID_LEN) != 0))
		rc = FG_E_SYNTAX;
	if (rc != FG_OK) {
		fg_session_error(core, session, request, rc, &id, 0);
		return;
	}
	fg_step_event(core, sender_event(FG_EVENT_CANCEL, &id, session, request));
}

struct acked {
	size_t left;
	enum fg_rc rc;
	fg_message_acked_cb done;
	void *arg;
};

static void one_acked(enum fg_rc rc, void *arg)
{
	struct acked *acked = arg;

	/* A message that is not ours any more has nothing left to be told. */
	if (rc != FG_OK && rc != FG_E_NOT_FOUND)
		acked->rc = rc;
	if (--acked->left > 0)
		return;
	acked->done(acked->rc, acked->arg);
	free(acked);
}

void fg_message_acked(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN],
		      struct fg_bytes ack, const struct fg_id *ids, size_t count,
		      fg_message_acked_cb done, void *arg)
{
	struct acked *acked = malloc(sizeof(*acked));

	if (!acked)
		FG_BUG("out of memory");
	*acked = (struct acked){ .left = count, .rc = FG_OK, .done = done, .arg = arg };
	for (size_t i = 0; i < count; i++) {
		struct fg_event *event;

		if (fg_relays_acked(core, &ids[i], one_acked, acked))
			continue;
		event = fg_event_new(FG_EVENT_ACKED, &ids[i]);

		memcpy(event->device, device_id, FG_DEVICE_ID_LEN);
		event->ack = fallgate__signed__unpack(NULL, ack.len, ack.data);
		event->done = one_acked;
		event->done_arg = acked;
		fg_step_event(core, event);
	}
}

/* ---- reading ---- */

struct reading {
	struct fg_core *core;
	uint64_t conn, request;
	struct fg_id id;
	uint8_t device[FG_DEVICE_ID_LEN];
	fg_text_cb text;
	void *arg;
};

static const char *const state_names[] = {
	[FG_JOB_READY] = "held",      [FG_JOB_SECURE] = "secure", [FG_JOB_ASKING] = "asking",
	[FG_JOB_SENDING] = "sending", [FG_JOB_SENT] = "sent",     [FG_JOB_IN_DOUBT] = "in doubt",
	[FG_JOB_FINAL] = "final",
};

static void explain_job(const struct fg_core *core, const struct fg_store_row *row,
			const Fallgate__StoredJob *job, char *out, size_t cap)
{
	const char *names[FG_LINKS_MAX];
	char masked[FG_HANDLE_MAX + 1];
	struct fg_facts facts;
	size_t len;
	int n;

	for (size_t i = 0; i < core->conf->links_count; i++)
		names[i] = core->conf->links[i].name;
	n = snprintf(out, cap, "message to %s: %s\ndecided: %s\nfacts: %s\n",
		     fg_handle_mask(job->recipient, masked),
		     row->state <= FG_JOB_FINAL ? state_names[row->state] : "?", job->decided, "");
	if (n > 0 && (size_t)n < cap &&
	    fg_facts_parse(job->facts, strlen(job->facts), &facts) == FG_OK)
		(void)fg_explain(&core->policy, &facts, names, out + n, cap - (size_t)n, &len);
}

static void status_read(enum fg_rc rc, const struct fg_store_row *rows, size_t count, void *arg)
{
	struct reading *reading = arg;
	struct fg_core *core = reading->core;
	struct fg_session *session = reading->text ? NULL : fg_session_find(core, reading->conn);
	Fallgate__StoredJob *job = NULL;
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Status status = FALLGATE__STATUS__INIT;
	static char text[EXPLAIN_MAX];

	text[0] = 0;
	if (rc == FG_OK && count == 1)
		job = fallgate__stored_job__unpack(NULL, rows[0].body.len, rows[0].body.data);
	if (job)
		explain_job(core, &rows[0], job, text, sizeof(text));
	if (reading->text && !job)
		fg_relays_explain(core, &reading->id, reading->text, reading->arg);
	else if (reading->text)
		reading->text(text, reading->arg);
	else if (!job || memcmp(job->sender_device.data, reading->device, FG_DEVICE_ID_LEN) != 0)
		fg_session_error(core, session, reading->request, rc == FG_OK ? FG_E_NOT_FOUND : rc,
				 &reading->id, 0);
	else if (session) {
		status.message_id = job->message_id;
		status.state = (char *)(uintptr_t)state_names[rows[0].state];
		status.text = text;
		status.n_receipts = job->n_receipts;
		status.receipts = job->receipts;
		frame.kind_case = FALLGATE__SERVER_FRAME__KIND_STATUS;
		frame.status = &status;
		fg_session_send(core, session, reading->request, &frame);
	}
	fg_record_free(job);
	free(reading);
}

static void read_job(struct fg_core *core, struct reading *reading)
{
	struct fg_store_key key = { .what = FG_GET_JOB, .id = reading->id };
	enum fg_rc rc;

	reading->core = core;
	rc = fg_store_get(core->store, &key, 1, status_read, reading);
	if (rc != FG_OK)
		status_read(rc, NULL, 0, reading);
}

static struct reading *reading_new(void)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	if (!reading)
		FG_BUG("out of memory");
	return reading;
}

void fg_message_status(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__GetStatus *status)
{
	struct reading *reading = reading_new();

	reading->conn = session->conn;
	reading->request = request;
	memcpy(reading->device, session->device_id, FG_DEVICE_ID_LEN);
	fg_record_id(&status->message_id, &reading->id);
	read_job(core, reading);
}

void fg_message_explain(struct fg_core *core, const struct fg_id *id, fg_text_cb done, void *arg)
{
	struct reading *reading = reading_new();

	reading->id = *id;
	reading->text = done;
	reading->arg = arg;
	read_job(core, reading);
}

/* What would happen to a message from nobody in particular, now, without and with consent. */
struct preview {
	struct fg_core *core;
	fg_text_cb done;
	void *arg;
	struct fg_handle handle;
};

static void preview_read(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg)
{
	struct preview *preview = arg;
	struct fg_core *core = preview->core;
	Fallgate__StoredJob job = FALLGATE__STORED_JOB__INIT;
	struct fg_event event = { .kind = FG_EVENT_DECIDE };
	struct fg_step step = { .core = core, .event = &event, .job = &job };
	uint8_t nobody[FG_DEVICE_ID_LEN] = { 0 };
	static char text[EXPLAIN_MAX];
	const char *names[FG_LINKS_MAX];
	char masked[FG_HANDLE_MAX + 1];
	size_t len;
	int n;

	for (size_t i = 0; i < core->conf->links_count; i++)
		names[i] = core->conf->links[i].name;
	job.message_id = job.sender_device =
		(ProtobufCBinaryData){ .data = nobody, .len = sizeof(nobody) };
	job.recipient = preview->handle.text;
	job.policy = FALLGATE__SENDER_POLICY__POLICY_ASK;
	job.message_class = FALLGATE__MESSAGE_CLASS__CLASS_NORMAL;
	job.accepted_ms = fg_core_now_ms(core);
	job.expires_ms = job.accepted_ms + (uint64_t)core->conf->limits.hold_s * 1000u;
	fg_facts_gather(&step, rc == FG_OK ? entry : NULL);
	step.facts.sender_online = true;
	step.decision = fg_decide(&core->policy, &step.facts);
	n = snprintf(text, sizeof(text), "%s now: %s (%s)\n",
		     fg_handle_mask(preview->handle.text, masked),
		     fg_action_name(step.decision.action), fg_reason_text(step.decision.reason));
	if (n > 0)
		(void)fg_explain(&core->policy, &step.facts, names, text + n,
				 sizeof(text) - (size_t)n, &len);
	preview->done(text, preview->arg);
	free(step.view);
	free(preview);
}

void fg_message_explain_handle(struct fg_core *core, const struct fg_handle *handle,
			       fg_text_cb done, void *arg)
{
	struct preview *preview = calloc(1, sizeof(*preview));
	enum fg_rc rc;

	if (!preview)
		FG_BUG("out of memory");
	*preview = (struct preview){ .core = core, .done = done, .arg = arg, .handle = *handle };
	rc = fg_directory_read(core, &preview->handle, preview_read, preview);
	if (rc != FG_OK)
		preview_read(rc, NULL, preview);
}

/* ---- the log's head ---- */

void fg_message_head(struct fg_core *core, struct fg_session *session, uint64_t request,
		     uint64_t old_size)
{
	struct fg_frame frame = { .type = FG_IPC_HEAD_QUERY };

	session->head_request = request;
	frame.head_query.token = session->conn;
	frame.head_query.old_size = old_size;
	if (!core->log || fg_channel_send(core->log, &frame) != FG_OK)
		fg_session_error(core, session, request, FG_E_LOG_IO, NULL, 1000);
}

void fg_jobs_head(struct fg_core *core, const struct fg_ipc_head *head)
{
	struct fg_session *session = fg_session_find(core, head->token);
	Fallgate__ServerFrame frame = FALLGATE__SERVER_FRAME__INIT;
	Fallgate__Head out = FALLGATE__HEAD__INIT;
	ProtobufCBinaryData path[128];
	char checkpoint[513];

	if (!session)
		return;
	memcpy(checkpoint, head->checkpoint.data, head->checkpoint.len);
	checkpoint[head->checkpoint.len] = 0;
	for (; out.n_path < head->path.len / 32 && out.n_path < 128; out.n_path++)
		path[out.n_path] = (ProtobufCBinaryData){
			.data = (uint8_t *)(uintptr_t)head->path.data + 32 * out.n_path, .len = 32
		};
	out.checkpoint = checkpoint;
	out.old_size = head->old_size;
	out.path = path;
	frame.kind_case = FALLGATE__SERVER_FRAME__KIND_HEAD;
	frame.head = &out;
	fg_session_send(core, session, session->head_request, &frame);
}
