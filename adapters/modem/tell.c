/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Signal, operator, registration and storage of a modem: looked at every minute, and told to the
 * host with the link's state.
 */
#include "adapters/modem/session_internal.h"

#include <string.h>
#include "lib/base/log.h"

void tell_copy(struct fg_at_text from, char *out, size_t cap)
{
	size_t len = from.len < cap ? from.len : cap - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = from.at[i] >= ' ' && from.at[i] <= '~' ? from.at[i] : '?';
	out[len] = '\0';
}

/* 27.007, 7.2 */
static const char *network_text(int stat)
{
	static const char *const texts[] = {
		"not registered",      "registered",  "searching for a network",
		"registration denied", "no coverage", "roaming",
		"registered",          "roaming"
	};

	return stat >= 0 && (size_t)stat < sizeof(texts) / sizeof(texts[0]) ? texts[stat]
									    : "network not known";
}

static bool is_registered(int stat)
{
	return stat == 1 || stat == 5 || stat == 6 || stat == 7 || stat == -1; /* it does not say */
}

bool tell_is_up(const struct fg_modem_session *session)
{
	return session->stage == STAGE_READY && session->close_why == FG_MODEM_CLOSE_NONE &&
	       is_registered(session->registered);
}

void tell_network(struct fg_modem_session *session, int stat)
{
	bool was = is_registered(session->registered);

	session->registered = stat;
	if (was && !is_registered(stat)) {
		LOG_MODEM(session, LOGL_NOTICE, "network is gone: %s\n", network_text(stat));
		outbound_defer_waiting(session, FG_E_LINK_DOWN);
	}
}

/* +CPMS: used,total,... of the answer to AT+CPMS="SM"; +CPMS: "SM",used,total,... to AT+CPMS? */
void tell_storage(struct fg_modem_session *session, const struct fg_at_event *event)
{
	int32_t used, total;
	unsigned at = fg_at_number(event->rest, 0, &used) ? 0 : 1;

	if (!fg_at_number(event->rest, at, &used) || !fg_at_number(event->rest, at + 1, &total))
		return;
	session->used = used;
	session->total = total;
	if (total == 0 || used < total) {
		session->full_said = false;
		return;
	}
	session->list_due_ms = session->now.mono_ms;
	if (!session->full_said)
		LOG_MODEM(session, LOGL_ERROR,
			  "alarm: storage is full: used=%d; nothing can come in before it is "
			  "emptied\n",
			  used);
	session->full_said = true;
}

/* ---- looks ---- */

static void network_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	int32_t stat;

	/* an unsolicited one that comes in between has its state first */
	if (fg_at_number(event->rest, 1, &stat) || fg_at_number(event->rest, 0, &stat))
		tell_network(session, stat);
}

static void signal_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	int32_t rssi;

	session->signal = fg_at_number(event->rest, 0, &rssi) ? rssi : -1;
}

static void operator_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	struct fg_at_text name = { "", 0 };

	(void)fg_at_parameter(event->rest, 2, &name);
	tell_copy(name, session->operator_name, sizeof(session->operator_name));
}

static void look_end(struct fg_modem_session *session, const struct modem_result *result)
{
	(void)session;
	(void)result;
}

static const struct {
	const char *text;
	struct modem_command command;
} looks[] = {
	{ "AT+CREG?", { "CREG", false, MODEM_COMMAND_MS, network_line, NULL, look_end } },
	{ "AT+CSQ", { "CSQ", false, MODEM_COMMAND_MS, signal_line, NULL, look_end } },
	{ "AT+COPS?", { "COPS", false, 3 * MODEM_COMMAND_MS, operator_line, NULL, look_end } },
	{ "AT+CPMS?", { "CPMS", false, MODEM_COMMAND_MS, tell_storage, NULL, look_end } },
};
enum { LOOKS = sizeof(looks) / sizeof(looks[0]) };

bool tell_health_pump(struct fg_modem_session *session)
{
	if (session->now.mono_ms < session->health_due_ms)
		return false;
	dialogue_command(session, &looks[session->health_step].command,
			 looks[session->health_step].text);
	if (++session->health_step < LOOKS)
		return true;
	session->health_step = 0;
	session->health_due_ms = session->now.mono_ms + MODEM_HEALTH_MS;
	return true;
}

/* ---- the host ---- */

static uint32_t limit_of(const struct fg_modem_session *session)
{
	int64_t waiting = session->conf->per_minute * MODEM_QUEUE_S / 60;
	int64_t limit = waiting < session->conf->window ? waiting : session->conf->window;
	uint32_t left = outbound_cap_left(session);

	if (!tell_is_up(session) || session->draining)
		return 0;
	limit = limit > 0 ? limit : 1;
	return limit < left ? (uint32_t)limit : left;
}

static void note_write(const struct fg_modem_session *session, char out[static 128])
{
	char signal[24] = "", places[32] = "", cap[32] = "";

	if (session->close_why != FG_MODEM_CLOSE_NONE) {
		snprintf(out, 128, "%s", session->close_note);
		return;
	}
	if (session->stage != STAGE_READY) {
		snprintf(out, 128, "%s", session->note);
		return;
	}
	if (session->signal >= 0 && session->signal <= 31)
		snprintf(signal, sizeof(signal), ", signal %d/31", session->signal);
	if (session->total > 0)
		snprintf(places, sizeof(places), ", %.2s %d/%d%s",
			 *session->home ? session->home : "SM", session->used, session->total,
			 session->used >= session->total ? " full" : "");
	if (outbound_cap_left(session) == 0)
		snprintf(cap, sizeof(cap), ", daily cap reached");
	snprintf(out, 128, "%s%s%s%s%s%s", network_text(session->registered),
		 *session->operator_name ? " " : "", session->operator_name, signal, places, cap);
}

void tell_changed(struct fg_modem_session *session)
{
	bool up = tell_is_up(session);
	uint32_t limit = limit_of(session);
	uint32_t credits = limit > session->jobs_count ? limit - session->jobs_count : 0;
	char note[128];

	note_write(session, note);
	if (session->said.any && session->said.up == up && session->said.credits == credits &&
	    session->said.jobs == session->jobs_count && strcmp(session->said.note, note) == 0)
		return;
	if (!up)
		session->limit_most = 0;
	else if (limit > session->limit_most)
		session->limit_most = limit;
	session->said.any = true;
	session->said.up = up;
	session->said.credits = credits;
	session->said.jobs = session->jobs_count;
	memcpy(session->said.note, note, sizeof(note));
	fg_host_state(session->host, up, credits, session->jobs_count, session->carrier_code, note);
}
