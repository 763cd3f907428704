/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/modem/session_internal.h"

#include <string.h>
#include <strings.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "lib/base/log.h"

static const char escape[] = "\x1B";

struct fg_modem_session *fg_modem_session_new(void *ctx, struct fg_adapter_host *host,
					      const struct fg_conf_links *conf,
					      struct fg_modem_state *state, fg_modem_send_cb send,
					      void *arg)
{
	struct fg_modem_session *session = talloc_zero(ctx, struct fg_modem_session);

	if (!session)
		return NULL;
	session->host = host;
	session->conf = conf;
	session->state = state;
	session->send = send;
	session->arg = arg;
	session->last = &session->first;
	session->profile = fg_modem_profile_find("generic");
	session->rest_ms = MODEM_REST_MIN_MS;
	session->registered = session->signal = session->used = session->total = -1;
	snprintf(session->note, sizeof(session->note), "not opened yet");
	return session;
}

void dialogue_send(struct fg_modem_session *session, const void *data, size_t len)
{
	session->send(session->arg, data, len);
}

void dialogue_command(struct fg_modem_session *session, const struct modem_command *command,
		      const char *text)
{
	char line[160];
	int len = snprintf(line, sizeof(line), "%s\r", text);

	if (session->command || len < 0 || (size_t)len >= sizeof(line))
		FG_BUG("a second command in flight, or one that is too long");
	session->command = command;
	session->command_due_ms = session->now.mono_ms + command->timeout_ms;
	dialogue_send(session, line, (size_t)len);
	explicit_bzero(line, sizeof(line)); /* a PIN was in it */
}

uint32_t dialogue_code(const struct modem_result *result)
{
	return result->code > 0 ? (uint32_t)result->code : 0;
}

void dialogue_close(struct fg_modem_session *session, enum fg_modem_close why, const char *note)
{
	if (session->close_why != FG_MODEM_CLOSE_NONE)
		return;
	session->close_why = why;
	snprintf(session->close_note, sizeof(session->close_note), "%s", note);
	if (why != FG_MODEM_CLOSE_OTHER)
		LOG_MODEM(session, LOGL_NOTICE, "close modem: %s\n", note);
}

void dialogue_fault(struct fg_modem_session *session, const char *what)
{
	char note[128];

	if (session->close_why != FG_MODEM_CLOSE_NONE)
		return;
	session->faults++;
	LOG_MODEM(session, LOGL_NOTICE, "modem fault: %s faults=%u\n", what, session->faults);
#ifndef FG_MUTANT_modem_quarantine
	if (session->faults < MODEM_FAULTS)
		return;
	snprintf(note, sizeof(note), "quarantine for %u s: %s", (unsigned)(session->rest_ms / 1000),
		 what);
	LOG_MODEM(session, LOGL_ERROR, "alarm: modem rests: %s\n", note);
	dialogue_close(session, FG_MODEM_CLOSE_REST, note);
#endif
	(void)note;
}

/* ---- out of step: end a prompt that may be open, let late answers pass, hear an OK ---- */

static void sync_begin(struct fg_modem_session *session)
{
	session->command = NULL;
	session->sync = SYNC_ESCAPED;
	session->sync_tries = 0;
	session->sync_due_ms = session->now.mono_ms + MODEM_QUIET_MS;
	dialogue_send(session, escape, 1);
	dialogue_send(session, "\r", 1);
}

static void sync_ask(struct fg_modem_session *session)
{
	session->sync = SYNC_ASKED;
	session->sync_due_ms = session->now.mono_ms + MODEM_SYNC_MS;
	dialogue_send(session, "AT\r", 3);
}

static void sync_failed(struct fg_modem_session *session)
{
	dialogue_fault(session, "modem does not answer");
	dialogue_close(session, FG_MODEM_CLOSE_LOST, "modem does not answer");
}

static void sync_tick(struct fg_modem_session *session)
{
	if (session->now.mono_ms < session->sync_due_ms)
		return;
	if (session->sync == SYNC_SETTLING) {
		session->sync = SYNC_DONE;
		return;
	}
	if (session->sync == SYNC_ASKED) {
		if (++session->sync_tries >= MODEM_SYNC_TRIES) {
			sync_failed(session);
			return;
		}
		dialogue_send(session, escape, 1);
	}
	sync_ask(session);
}

/* A modem that answers in digits has not heard ATV1 yet (V.250, 6.2.6). */
static bool is_ok(const struct fg_at_event *event)
{
	return event->kind == FG_AT_OK ||
	       (event->kind == FG_AT_TEXT && fg_at_text_is(event->rest, "0"));
}

static void sync_event(struct fg_modem_session *session, const struct fg_at_event *event)
{
	if (event->kind == FG_AT_PROMPT)
		dialogue_send(session, escape, 1);
	if (event->kind == FG_AT_INFO && fg_at_text_is(event->name, "CMGS"))
		outbound_late(session, event);
	if (session->sync == SYNC_ASKED) {
		if (!is_ok(event))
			return;
		session->sync = SYNC_SETTLING;
	}
	/* Answers that still come are late, and make the silence begin anew. */
	if (event->kind != FG_AT_INFO)
		session->sync_due_ms = session->now.mono_ms + MODEM_QUIET_MS;
}

/* ---- lines ---- */

static void command_end(struct fg_modem_session *session, const struct modem_result *result)
{
	const struct modem_command *command = session->command;

	session->command = NULL;
	if (result->end == END_SILENCE && !outbound_is_said(session))
		sync_begin(session);
	command->end(session, result);
}

static bool is_answer(const struct modem_command *command, const struct fg_at_event *event)
{
	if (event->kind == FG_AT_TEXT)
		return command->text;
	if (event->kind == FG_AT_PDU)
		return true;
	return event->kind == FG_AT_INFO && *command->name &&
	       fg_at_text_is(event->name, command->name);
}

/* What nobody asked for. Of most of it nothing follows. */
static void unsolicited(struct fg_modem_session *session, const struct fg_at_event *event)
{
	int32_t stat;

	if (event->kind == FG_AT_INFO && fg_at_text_is(event->name, "CREG") &&
	    fg_at_number(event->rest, 0, &stat)) {
		tell_network(session, stat);
		return;
	}
	if (event->kind == FG_AT_INFO && fg_at_text_is(event->name, "CMGS"))
		outbound_late(session, event);
	if (event->kind == FG_AT_INFO)
		LOG_MODEM(session, LOGL_DEBUG, "ignore line: name=%.*s\n", (int)event->name.len,
			  event->name.at);
}

static void prompted(struct fg_modem_session *session)
{
	if (session->command && session->command->prompt)
		session->command->prompt(session);
	else
		dialogue_send(session, escape, 1); /* of something long given up */
}

static void result_event(struct fg_modem_session *session, const struct fg_at_event *event)
{
	const struct modem_result result = {
		.end = is_ok(event) ? END_OK : END_ERROR,
		.family = event->kind == FG_AT_CME_ERROR ? FG_CME_ERROR : FG_CMS_ERROR,
		.code = event->number,
	};

	if (session->command)
		command_end(session, &result);
	else
		LOG_MODEM(session, LOGL_DEBUG, "ignore result: nothing was asked\n");
}

static void answer_event(struct fg_modem_session *session, const struct fg_at_event *event)
{
	const struct modem_command *command = session->command;

	if (command && is_answer(command, event)) {
		if (command->line)
			command->line(session, event);
	} else {
		unsolicited(session, event);
	}
}

static bool says_ok_in_digits(const struct fg_modem_session *session,
			      const struct fg_at_event *event)
{
	return session->stage == STAGE_STARTING && session->command && !session->command->text &&
	       is_ok(event);
}

static void take_event(struct fg_modem_session *session, const struct fg_at_event *event)
{
	bool direct = event->kind == FG_AT_PDU &&
		      (event->from == FG_AT_FROM_CMT || event->from == FG_AT_FROM_CDS);

	/* These come in any state, and are never an answer. */
	if (direct)
		inbound_pdu(session, event, "", -1);
	else if (event->kind == FG_AT_STORED)
		inbound_index(session, event);
	else if (event->kind == FG_AT_ECHO || event->kind == FG_AT_NOISE)
		return;
	else if (session->sync != SYNC_DONE)
		sync_event(session, event);
	else if (event->kind == FG_AT_PROMPT)
		prompted(session);
	else if (event->kind <= FG_AT_CMS_ERROR || says_ok_in_digits(session, event))
		result_event(session, event);
	else
		answer_event(session, event);
}

/* ---- what is to be done next ---- */

static bool is_idle(const struct fg_modem_session *session)
{
	return !session->command && session->sync == SYNC_DONE &&
	       session->close_why == FG_MODEM_CLOSE_NONE;
}

/* The network waits for acknowledgements; a message that has begun is finished before all else. */
static bool pump_one(struct fg_modem_session *session)
{
	if (inbound_acknowledge(session) || (outbound_under_way(session) && outbound_pump(session)))
		return true;
	return inbound_pump(session) || startup_mode_again(session) || outbound_pump(session) ||
	       inbound_list(session) || tell_health_pump(session);
}

static void check_drained(struct fg_modem_session *session)
{
	if (!session->draining || session->drained_said || session->jobs_count > 0 ||
	    inbound_waiting(session) > 0 || session->command)
		return;
	session->drained_said = true;
	dialogue_close(session, FG_MODEM_CLOSE_DRAINED, "drained");
	fg_host_drained(session->host);
}

static void pump(struct fg_modem_session *session)
{
	inbound_release(session);
	while (is_idle(session) && session->stage != STAGE_CLOSED) {
		if (session->stage == STAGE_STARTING) {
			startup_pump(session);
			if (session->stage == STAGE_STARTING)
				break;
		} else if (!pump_one(session)) {
			break;
		}
	}
	check_drained(session);
	tell_changed(session);
}

/* ---- from outside ---- */

void fg_modem_session_opened(struct fg_modem_session *session, struct fg_modem_time now)
{
	session->now = now;
	session->close_why = FG_MODEM_CLOSE_NONE;
	session->close_note[0] = '\0';
	session->command = NULL;
	fg_at_reader_init(&session->reader);
	startup_begin(session);
	sync_begin(session);
	tell_changed(session);
}

void fg_modem_session_bytes(struct fg_modem_session *session, const void *data, size_t len,
			    struct fg_modem_time now)
{
	struct fg_at_event event;
	struct fg_cursor octets;

	session->now = now;
	if (session->stage == STAGE_CLOSED)
		return;
	fg_cursor_init(&octets, data, len);
	while (session->close_why == FG_MODEM_CLOSE_NONE &&
	       fg_at_read(&session->reader, &octets, &event)) {
		take_event(session, &event);
		pump(session);
	}
	if (!fg_at_reader_open(&session->reader))
		explicit_bzero(session->reader.line, sizeof(session->reader.line));
	pump(session);
}

void fg_modem_session_closed(struct fg_modem_session *session, const char *note,
			     struct fg_modem_time now)
{
	bool rests = session->close_why == FG_MODEM_CLOSE_REST;

	session->now = now;
	session->stage = STAGE_CLOSED;
	session->command = NULL;
	session->sync = SYNC_DONE;
	explicit_bzero(&session->reader, sizeof(session->reader));
	outbound_abandon(session, rests ? FG_E_LINK_FAULT : FG_E_LINK_DOWN);
	inbound_forget(session);
	inbound_release(session);
	if (session->close_why != FG_MODEM_CLOSE_OTHER)
		snprintf(session->note, sizeof(session->note), "%s", note);
	if (rests) {
		session->faults = 0;
		session->rest_ms = session->rest_ms * 2 < MODEM_REST_MAX_MS ? session->rest_ms * 2
									    : MODEM_REST_MAX_MS;
	}
	session->close_why = FG_MODEM_CLOSE_NONE;
	check_drained(session);
	session->close_why = FG_MODEM_CLOSE_NONE;
	tell_changed(session);
}

void fg_modem_session_note(struct fg_modem_session *session, const char *note)
{
	snprintf(session->note, sizeof(session->note), "%s", note);
	tell_changed(session);
}

enum fg_rc fg_modem_session_job(struct fg_modem_session *session, const struct fg_job *job,
				struct fg_modem_time now)
{
	enum fg_rc rc;

	session->now = now;
	rc = outbound_take(session, job);
	pump(session);
	return rc;
}

void fg_modem_session_stored(struct fg_modem_session *session, uint64_t token,
			     struct fg_modem_time now)
{
	session->now = now;
	inbound_stored(session, token, true, true);
	pump(session);
}

void fg_modem_session_taken(struct fg_modem_session *session, uint64_t token, enum fg_rc rc,
			    struct fg_modem_time now)
{
	enum fg_rc_class class = fg_rc_class(rc);

	session->now = now;
	inbound_stored(session, token, rc == FG_OK, class == FG_CLASS_PERMANENT);
	pump(session);
}

void fg_modem_session_abandon(struct fg_modem_session *session, struct fg_modem_time now)
{
	session->now = now;
	inbound_abandon(session);
	pump(session);
}

void fg_modem_session_drain(struct fg_modem_session *session, struct fg_modem_time now)
{
	session->now = now;
	session->draining = true;
	pump(session);
}

void fg_modem_session_tick(struct fg_modem_session *session, struct fg_modem_time now)
{
	static const struct modem_result silence = { .end = END_SILENCE, .code = -1 };

	session->now = now;
	if (session->stage == STAGE_CLOSED) {
		pump(session);
		return;
	}
	if (session->sync != SYNC_DONE)
		sync_tick(session);
	else if (session->command && now.mono_ms >= session->command_due_ms)
		command_end(session, &silence);
	pump(session);
}

static void sooner(uint64_t *next, uint64_t due)
{
	if (due < *next)
		*next = due;
}

uint64_t fg_modem_session_next_ms(const struct fg_modem_session *session)
{
	uint64_t next = inbound_next_ms(session);

	if (session->stage == STAGE_CLOSED || session->close_why != FG_MODEM_CLOSE_NONE)
		return next;
	if (session->sync != SYNC_DONE)
		sooner(&next, session->sync_due_ms);
	else if (session->command)
		sooner(&next, session->command_due_ms);
	else if (session->stage == STAGE_STARTING)
		sooner(&next, session->step_due_ms);
	if (session->stage != STAGE_READY || !is_idle(session))
		return next;
	sooner(&next, outbound_next_ms(session));
	sooner(&next, session->health_due_ms);
	sooner(&next, session->list_due_ms);
	return next;
}

enum fg_modem_close fg_modem_session_close_why(const struct fg_modem_session *session)
{
	return session->close_why;
}

const char *fg_modem_session_close_note(const struct fg_modem_session *session)
{
	return session->close_note;
}

uint64_t fg_modem_session_rest_ms(const struct fg_modem_session *session)
{
	return session->rest_ms;
}

bool fg_modem_session_is_ready(const struct fg_modem_session *session)
{
	return session->stage == STAGE_READY;
}
