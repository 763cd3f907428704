/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a modem is asked and told before it works: a table, from top to bottom. Most may fail, and
 * then the modem works without it: the poorest knows no more than AT+CMGF=0 and AT+CMGS.
 */
#include "adapters/modem/session_internal.h"

#include <string.h>
#include "lib/base/log.h"

enum next { NEXT, AGAIN, FAIL };

struct step {
	const char *text; /* the command */
	bool (*write)(const struct fg_modem_session *session, char *out,
		      size_t cap); /* or this; false: none */
	struct modem_command command;
	enum next (*done)(struct fg_modem_session *session,
			  const struct modem_result *result); /* NULL: it may fail */
};

static void step_end(struct fg_modem_session *session, const struct modem_result *result);

enum { STEP_TRIES = 3, SIM_TRIES = 20, SIM_STEP_MS = 1000 };

/* ---- who it is ---- */

/* "+CGMI: x" and a bare x are both in use. */
static struct fg_at_text value_of(const struct fg_at_event *event)
{
	struct fg_at_text value = event->rest;

	(void)fg_at_parameter(event->rest, 0, &value);
	return value;
}

static void maker_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	tell_copy(value_of(event), session->maker, sizeof(session->maker));
}

static void model_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	tell_copy(value_of(event), session->model, sizeof(session->model));
}

static void imei_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	tell_copy(value_of(event), session->imei, sizeof(session->imei));
}

static void sim_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	tell_copy(value_of(event), session->sim, sizeof(session->sim));
}

/* The fifteenth digit is a check digit that some leave out or give as 0 (3GPP TS 23.003, 6.2.1). */
static bool same_imei(const char *a, const char *b)
{
	if (strncmp(a, b, 14) != 0 || strlen(a) < 14)
		return false;
	return !a[14] || !b[14] || a[14] == '0' || b[14] == '0' || a[14] == b[14];
}

static enum next imei_done(struct fg_modem_session *session, const struct modem_result *result)
{
	(void)result;
	if (!*session->conf->imei || same_imei(session->imei, session->conf->imei))
		return NEXT;
	dialogue_close(session, FG_MODEM_CLOSE_OTHER, "a modem with another IMEI");
	return AGAIN;
}

static enum next model_done(struct fg_modem_session *session, const struct modem_result *result)
{
	const struct fg_modem_profile *named = fg_modem_profile_find(session->conf->profile);

	(void)result;
	if (!named && strcmp(session->conf->profile, "auto") != 0)
		LOG_MODEM(session, LOGL_ERROR, "no profile %s: choose one by its answers\n",
			  session->conf->profile);
	session->profile = named ? named : fg_modem_profile_choose(session->maker, session->model);
	LOG_MODEM(session, LOGL_INFO, "modem: maker=\"%s\" model=\"%s\" profile=%s\n",
		  session->maker, session->model, session->profile->name);
	return NEXT;
}

static bool init_write(const struct fg_modem_session *session, char *out, size_t cap)
{
	return snprintf(out, cap, "%s", session->profile->init) > 0;
}

/* ---- SIM and PIN ---- */

static void pin_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	tell_copy(event->rest, session->trouble, sizeof(session->trouble));
}

/* A SIM that is not ready is looked at again, without any PIN, since somebody may have helped. */
static enum next sim_waits(struct fg_modem_session *session, const char *why)
{
	if (session->step_tries == 1 || strcmp(session->note, why) != 0)
		LOG_MODEM(session, LOGL_ERROR, "alarm: modem cannot be used: %s\n", why);
	snprintf(session->note, sizeof(session->note), "%s", why);
	session->step_due_ms = session->now.mono_ms + MODEM_SIM_MS;
	return AGAIN;
}

static enum next pin_asked(struct fg_modem_session *session)
{
	if (!*session->conf->pin)
		return sim_waits(session, "SIM asks for a PIN; set links.pin");
#ifndef FG_MUTANT_modem_pin_once
	if (fg_modem_state_pin_tried(session->state, session->sim))
		return sim_waits(session, "PIN was refused and is not tried again; correct "
					  "links.pin, remove data_dir/links/NAME.state");
	if (fg_modem_state_pin_trying(session->state, session->sim) != FG_OK)
		return sim_waits(session, "PIN is not tried: that it was cannot be remembered");
#endif
	return NEXT; /* the step that says it */
}

/* One that has no such command wants no PIN. */
static bool knows_none(const struct modem_result *result)
{
	return result->end == END_ERROR &&
	       (result->code < 0 ||
		fg_cms_find(result->family, dialogue_code(result))->class == FG_CMS_CLASS_FORMAT);
}

static enum next sim_done(struct fg_modem_session *session, const struct modem_result *result)
{
	const char *said = session->trouble;
	bool busy = result->end == END_ERROR && dialogue_code(result) == 14;

	if (strcmp(said, "READY") == 0 || (!*said && knows_none(result))) {
		fg_modem_state_pin_good(session->state, session->sim);
		session->step++; /* not the step that says a PIN */
		session->trouble[0] = '\0';
		return NEXT;
	}
	if (strcmp(said, "SIM PIN") == 0)
		return pin_asked(session);
	if (busy && session->step_tries < SIM_TRIES) {
		session->step_due_ms = session->now.mono_ms + SIM_STEP_MS;
		return AGAIN;
	}
	if (result->end == END_SILENCE)
		return FAIL;
	if (result->end == END_ERROR)
		snprintf(session->trouble, sizeof(session->trouble), "%s",
			 fg_cms_find(result->family, dialogue_code(result))->note);
	return sim_waits(session, *said ? said : "SIM is not ready");
}

static bool pin_write(const struct fg_modem_session *session, char *out, size_t cap)
{
	snprintf(out, cap, "AT+CPIN=\"%s\"", session->conf->pin);
	return true;
}

/* Whatever it answers, it was tried; only READY says that it was good. */
static enum next pin_done(struct fg_modem_session *session, const struct modem_result *result)
{
	if (result->end != END_OK)
		LOG_MODEM(session, LOGL_ERROR,
			  "alarm: PIN refused: code=%u; it is not tried again\n",
			  dialogue_code(result));
	session->step -= 2; /* ask again, by the way of the step before */
	session->step_due_ms = session->now.mono_ms + SIM_STEP_MS;
	return NEXT;
}

/* ---- how messages are handled ---- */

static enum next service_done(struct fg_modem_session *session, const struct modem_result *result)
{
	session->acknowledges = result->end == END_OK;
	if (session->acknowledges)
		session->step++; /* not the older one */
	return NEXT;
}

static enum next pdu_mode_done(struct fg_modem_session *session, const struct modem_result *result)
{
	if (result->end == END_OK)
		return NEXT;
	session->step_due_ms = session->now.mono_ms + SIM_STEP_MS;
	return session->step_tries < STEP_TRIES ? AGAIN : FAIL;
}

static const char *const storages[] = { "SM", "ME", "MT" };
enum { STORAGES = sizeof(storages) / sizeof(storages[0]) };

static void storages_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	for (unsigned i = 0; i < STORAGES; i++)
		if (fg_at_allows_word(event->rest, 0, storages[i]) &&
		    fg_at_allows_word(event->rest, 1, storages[i]) &&
		    fg_at_allows_word(event->rest, 2, storages[i]))
			session->storages |= 1u << i;
}

static void reports_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	storages_line(session, event);
	session->has_reports = fg_at_allows_word(event->rest, 0, REPORT_STORAGE);
}

static const char *storage_choose(const struct fg_modem_session *session)
{
	const char *first = session->profile->storage;

	for (unsigned i = 0; i < STORAGES; i++)
		if (strcmp(storages[i], first) == 0 && (session->storages & 1u << i))
			return first;
	for (unsigned i = 0; i < STORAGES; i++)
		if (session->storages & 1u << i)
			return storages[i];
	return "SM";
}

static bool storage_write(const struct fg_modem_session *session, char *out, size_t cap)
{
	const char *name = storage_choose(session);

	snprintf(out, cap, "AT+CPMS=\"%s\",\"%s\",\"%s\"", name, name, name);
	return true;
}

static enum next storage_done(struct fg_modem_session *session, const struct modem_result *result)
{
	snprintf(session->home, sizeof(session->home), "%s",
		 result->end == END_OK ? storage_choose(session) : "");
	memcpy(session->memory, session->home, sizeof(session->memory));
	return NEXT;
}

/* Best first: stored and told of (nothing is lost while nobody listens); reports directly, or
 * stored as well; messages directly, with +CNMA. The last are better than nothing. */
static const uint8_t modes[][4] = {
	/* mode, mt, bm, ds */
	{ 2, 1, 0, 1 }, { 2, 1, 0, 2 }, { 1, 1, 0, 1 }, { 1, 1, 0, 2 },
	{ 1, 2, 0, 1 }, { 2, 1, 0, 0 }, { 1, 1, 0, 0 },
};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

static void modes_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	for (unsigned i = 0; i < MODES; i++) {
		unsigned k = 0;

		while (k < 4 && fg_at_allows(event->rest, k, modes[i][k]))
			k++;
		if (k == 4)
			session->modes |= 1u << i;
	}
	/* What waits in it is passed on (0) or cleared (1): some have no choice (27.005, 3.4.1, <bfr>). */
	session->clears = !fg_at_allows(event->rest, 4, 0) && fg_at_allows(event->rest, 4, 1);
}

/* One that does not say what it can is asked for each. */
static enum next modes_done(struct fg_modem_session *session, const struct modem_result *result)
{
	(void)result;
	if (!session->modes)
		session->modes = (1u << MODES) - 1;
	session->mode = 0;
	return NEXT;
}

static unsigned mode_next(const struct fg_modem_session *session)
{
	unsigned mode = session->mode;

	while (mode < MODES && !(session->modes & 1u << mode))
		mode++;
	return mode;
}

static bool mode_write(const struct fg_modem_session *session, char *out, size_t cap)
{
	unsigned mode = mode_next(session);

	return mode < MODES &&
	       snprintf(out, cap, "AT+CNMI=%u,%u,%u,%u,%d", modes[mode][0], modes[mode][1],
			modes[mode][2], modes[mode][3], session->clears) > 0;
}

static enum next mode_done(struct fg_modem_session *session, const struct modem_result *result)
{
	session->mode = mode_next(session);
	if (result->end == END_OK)
		return NEXT;
	session->mode++;
	return AGAIN; /* the next row; after the last there is nothing to write */
}

static void center_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	struct fg_at_text number;

	if (!fg_at_parameter(event->rest, 0, &number) || number.len == 0)
		LOG_MODEM(session, LOGL_ERROR,
			  "alarm: SIM has no number of an SMSC: nothing can be sent; set it with "
			  "AT+CSCA\n");
}

static bool is_number(struct fg_at_text text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '+' && (text.at[i] < '0' || text.at[i] > '9'))
			return false;
	return true;
}

static void number_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	struct fg_at_text number;
	int32_t type = 0;

	if (*session->number || !fg_at_parameter(event->rest, 1, &number) || number.len == 0 ||
	    !is_number(number))
		return;
	(void)fg_at_number(event->rest, 2, &type);
	snprintf(session->number, sizeof(session->number), "%s%.*s",
		 type == 145 && *number.at != '+' ? "+" : "",
		 (int)(number.len < 31 ? number.len : 31), number.at);
}

static const struct step steps[] = {
	{ "ATE0", NULL, { "", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, NULL },
	{ "ATV1", NULL, { "", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, NULL },
	{ "AT+CMEE=1", NULL, { "", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, NULL },
	{ "AT+CGSN",
	  NULL,
	  { "CGSN", true, MODEM_COMMAND_MS, imei_line, NULL, step_end },
	  imei_done },
	{ "AT+CGMI", NULL, { "CGMI", true, MODEM_COMMAND_MS, maker_line, NULL, step_end }, NULL },
	{ "AT+CGMM",
	  NULL,
	  { "CGMM", true, MODEM_COMMAND_MS, model_line, NULL, step_end },
	  model_done },
	{ NULL, init_write, { "", true, MODEM_COMMAND_MS, NULL, NULL, step_end }, NULL },
	{ "AT+CCID", NULL, { "CCID", true, MODEM_COMMAND_MS, sim_line, NULL, step_end }, NULL },
	{ "AT+CPIN?",
	  NULL,
	  { "CPIN", false, MODEM_COMMAND_MS, pin_line, NULL, step_end },
	  sim_done },
	{ NULL, pin_write, { "", false, 2 * MODEM_COMMAND_MS, NULL, NULL, step_end }, pin_done },
	{ "AT+CSMS=1",
	  NULL,
	  { "CSMS", false, MODEM_COMMAND_MS, NULL, NULL, step_end },
	  service_done },
	{ "AT+CSMS=0", NULL, { "CSMS", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, NULL },
	{ "AT+CMGF=0", NULL, { "", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, pdu_mode_done },
	{ "AT+CSCS=\"GSM\"", NULL, { "", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, NULL },
	{ "AT+CPMS=?",
	  NULL,
	  { "CPMS", false, MODEM_COMMAND_MS, reports_line, NULL, step_end },
	  NULL },
	{ NULL,
	  storage_write,
	  { "CPMS", false, MODEM_COMMAND_MS, tell_storage, NULL, step_end },
	  storage_done },
	{ "AT+CNMI=?",
	  NULL,
	  { "CNMI", false, MODEM_COMMAND_MS, modes_line, NULL, step_end },
	  modes_done },
	{ NULL, mode_write, { "", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, mode_done },
	{ "AT+CREG=2", NULL, { "", false, MODEM_COMMAND_MS, NULL, NULL, step_end }, NULL },
	{ "AT+CSCA?",
	  NULL,
	  { "CSCA", false, MODEM_COMMAND_MS, center_line, NULL, step_end },
	  NULL },
	{ "AT+CNUM", NULL, { "CNUM", false, MODEM_COMMAND_MS, number_line, NULL, step_end }, NULL },
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void ready(struct fg_modem_session *session)
{
	session->stage = STAGE_READY;
	session->health_step = 0;
	session->apart =
		session->has_reports && session->mode < MODES && modes[session->mode][3] == 2;
	session->health_due_ms = session->list_due_ms = session->now.mono_ms;
	LOG_MODEM(session, LOGL_INFO, "modem ready: storage=%s mode=%u acknowledges=%d\n",
		  *session->home ? session->home : "-", session->mode, session->acknowledges);
}

/* One that does not answer at all has been asked anew, and goes on when it does. */
static enum next silent(struct fg_modem_session *session, const struct step *step)
{
	if (session->step_tries < STEP_TRIES)
		return AGAIN;
	return step->done ? FAIL : NEXT;
}

static void step_end(struct fg_modem_session *session, const struct modem_result *result)
{
	const struct step *step = &steps[session->step];
	/* that a PIN was not answered must not say it again */
	bool pin = step->write == pin_write;
	enum next next = NEXT;

	session->step_due_ms = session->now.mono_ms;
	if (result->end == END_SILENCE && !pin)
		next = silent(session, step);
	else if (step->done)
		next = step->done(session, result);
	if (next == NEXT) {
		session->step++;
		session->step_tries = 0;
	} else if (next == FAIL) {
		dialogue_fault(session, "modem cannot be started");
		dialogue_close(session, FG_MODEM_CLOSE_LOST, "modem cannot be started");
	}
}

void startup_begin(struct fg_modem_session *session)
{
	session->stage = STAGE_STARTING;
	session->step = session->step_tries = 0;
	session->step_due_ms = session->now.mono_ms;
	session->trouble[0] = session->number[0] = session->sim[0] = session->imei[0] = '\0';
	session->maker[0] = session->model[0] = session->operator_name[0] = '\0';
	session->home[0] = session->memory[0] = '\0';
	session->modes = session->storages = session->mode = 0;
	session->clears = session->acknowledges = session->mode_again = session->no_link =
		session->no_ok = session->has_reports = session->apart = session->list_apart =
			false;
	session->registered = session->signal = session->used = session->total = -1;
	if (!*session->conf->imei) /* else it is one of several, and what was wrong stays said */
		snprintf(session->note, sizeof(session->note), "starting");
}

void startup_pump(struct fg_modem_session *session)
{
	char text[128];

	while (session->step < STEPS) {
		const struct step *step = &steps[session->step];

		if (session->now.mono_ms < session->step_due_ms)
			return;
		if (step->write && !step->write(session, text, sizeof(text))) {
			session->step++;
			session->step_tries = 0;
			continue;
		}
		session->step_tries++;
		if (step->command.line == pin_line)
			session->trouble[0] = '\0';
		dialogue_command(session, &step->command, step->write ? text : step->text);
		explicit_bzero(text, sizeof(text));
		return;
	}
	ready(session);
}

static void mode_again_end(struct fg_modem_session *session, const struct modem_result *result)
{
	(void)session;
	(void)result;
}

bool startup_mode_again(struct fg_modem_session *session)
{
	static const struct modem_command command = { "",   false, MODEM_COMMAND_MS,
						      NULL, NULL,  mode_again_end };

	char text[32];

	if (!session->mode_again || !mode_write(session, text, sizeof(text)))
		return false;
	session->mode_again = false;
	dialogue_command(session, &command, text);
	return true;
}
