/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages and status reports: from an unsolicited line, or read from the storage. What came directly
 * is acknowledged (+CNMA), what is stored deleted, only when the host says that it is durable; what
 * the host does not want for good stays where it is, and is said. A report waits until the outcome of
 * its job was told. Parts of a long message are handed over one by one: the core joins them.
 */
#include "adapters/modem/session_internal.h"

#include <string.h>
#include "lib/base/log.h"
#include "lib/wire/dlr.h"
#include "lib/wire/udh.h"

enum {
	TEXT_MAX = 512, /* 480 octets always suffice for a text (tpdu.h) */
	DIRECT = -1,    /* in place of an index */
	GONE = -2,      /* the modem was away since: there is nothing to acknowledge */
};

/* ---- places ---- */

static struct modem_pending *pending_new(struct fg_modem_session *session, const char *storage,
					 int32_t index)
{
	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++) {
		struct modem_pending *pending = &session->pending[i];

		if (pending->state != PENDING_FREE)
			continue;
		*pending = (struct modem_pending){ .index = index,
						   .place = -1,
						   .token = ++session->tokens << 8 | i };
		snprintf(pending->storage, sizeof(pending->storage), "%s", storage);
		return pending;
	}
	return NULL;
}

static void pending_free(struct modem_pending *pending)
{
	pending->state = PENDING_FREE;
	pending->token = 0;
}

/* Is it known already? A message may be told of, and listed as well. */
static bool is_known(const struct fg_modem_session *session, const char *storage, int32_t index)
{
	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++)
		if (session->pending[i].state != PENDING_FREE &&
		    session->pending[i].index == index &&
		    strcmp(session->pending[i].storage, storage) == 0)
			return true;
	for (unsigned i = 0; i < session->held_count; i++)
		if (session->held[i].index == index &&
		    strcmp(session->held[i].storage, storage) == 0)
			return true;
	return false;
}

/* It stays where it is. One index more than can be remembered is read again and again, which costs time and loses nothing. */
static void hold(struct fg_modem_session *session, const char *storage, int32_t index,
		 const char *why)
{
	LOG_MODEM(session, LOGL_ERROR, "alarm: leave message on the SIM: %s storage=%s index=%d\n",
		  why, storage, index);
	if (session->held_count >= MODEM_HELD_MAX)
		return;
	snprintf(session->held[session->held_count].storage, 3, "%s", storage);
	session->held[session->held_count++].index = index;
}

/* Something new lies there. */
static void held_forget(struct fg_modem_session *session, const char *storage, int32_t index)
{
	for (unsigned i = 0; i < session->held_count; i++)
		if (session->held[i].index == index &&
		    strcmp(session->held[i].storage, storage) == 0)
			session->held[i--] = session->held[--session->held_count];
}

static void list_again(struct fg_modem_session *session)
{
	uint64_t due = session->now.mono_ms + MODEM_AGAIN_MS;

	if (due < session->list_due_ms)
		session->list_due_ms = due;
}

/* What came directly and could not be kept: without +CNMA the network brings it again, and the modem may stop to
 * pass things on until it is told anew. */
static void not_kept(struct fg_modem_session *session, int32_t index, const char *why)
{
	LOG_MODEM(session, LOGL_NOTICE, "not taken now: %s index=%d\n", why, index);
	if (index < 0)
		session->mode_again = true;
	else
		list_again(session);
}

/* Nothing follows from it: let the modem forget it. */
static void dismiss(struct fg_modem_session *session, const char *storage, int32_t index)
{
	struct modem_pending *pending = pending_new(session, storage, index);

	if (pending)
		pending->state = PENDING_DONE;
	else
		not_kept(session, index, "too many wait");
}

/* ---- status reports ---- */

static uint8_t report_state(uint8_t status)
{
	switch (fg_tpdu_status_find(status).class) {
	case FG_TPDU_STATUS_DELIVERED:
		return FG_DLR_DELIVERED;
	case FG_TPDU_STATUS_UNCONFIRMED:
		return FG_DLR_UNKNOWN;
	case FG_TPDU_STATUS_REPLACED:
		return FG_DLR_DELETED;
	case FG_TPDU_STATUS_TRYING:
		return FG_DLR_ENROUTE;
	case FG_TPDU_STATUS_PERMANENT:
		/* 23.040, 9.2.3.15: 46 validity expired, 47 and 48 deleted */
		return status == 0x46                     ? FG_DLR_EXPIRED
		       : status == 0x47 || status == 0x48 ? FG_DLR_DELETED
							  : FG_DLR_UNDELIVERABLE;
	case FG_TPDU_STATUS_GAVE_UP:
		break;
	}
	return FG_DLR_UNDELIVERABLE;
}

static uint64_t time_ms(const struct fg_tpdu_time *time)
{
	int64_t unix_s;

	return fg_tpdu_time_unix(time, &unix_s) == FG_OK && unix_s > 0 ? (uint64_t)unix_s * 1000
								       : 0;
}

/* The name that the outcome gives. If the report was faster than the answer it is known only later. */
static void report_name(const struct fg_modem_sent *sent, struct fg_delivery_report *to)
{
	if (sent->sent_ms && sent->reference <= UINT8_MAX)
		snprintf(to->ref, sizeof(to->ref), "%02x-%llx", (unsigned)sent->reference,
			 (unsigned long long)sent->sent_ms);
}

static void report_fill(const struct fg_modem_session *session,
			const struct fg_tpdu_status_report *from, struct modem_pending *pending)
{
	const struct fg_modem_sent *sent =
		fg_modem_state_sent_at(session->state, (unsigned)pending->place);
	struct fg_delivery_report *to = &pending->report;
	char number[FG_TPDU_ADDRESS_TEXT_MAX + 2];

	fg_tpdu_address_show(&from->recipient, number);
	to->token = pending->token;
	to->state = report_state(from->status);
	to->final = to->state != FG_DLR_ENROUTE;
	if (to->state != FG_DLR_DELIVERED)
		snprintf(to->error, sizeof(to->error), "0x%02x", from->status);
	to->has_reference = true;
	to->message_reference = sent->message_reference;
	snprintf(to->destination, sizeof(to->destination), "%.32s", number);
	to->done_ms = time_ms(&from->discharge);
	report_name(sent, to);
}

static void report_give(struct fg_modem_session *session, struct modem_pending *pending)
{
	const struct fg_modem_sent *sent =
		fg_modem_state_sent_at(session->state, (unsigned)pending->place);
	enum fg_rc rc;

	if (outbound_open_for(session, sent->message_reference, sent->recipient)) {
		pending->state = PENDING_HELD;
		pending->again_ms = 0;
		return;
	}
	report_name(sent, &pending->report);
	pending->state = PENDING_GIVEN; /* may be stored inside the call */
	rc = fg_host_report(session->host, &pending->report);
#ifdef FG_MUTANT_modem_stored_first
	if (rc == FG_OK)
		pending->state = PENDING_DONE;
#endif
	if (rc == FG_OK)
		return;
	pending->state = PENDING_HELD;
	pending->again_ms = session->now.mono_ms + MODEM_AGAIN_MS;
}

/* Some networks and modems fill up what is optional with anything. What became of the message stands before it. */
static enum fg_rc report_decode(const uint8_t *octets, size_t len,
				struct fg_tpdu_status_report *out)
{
	/* 23.040, 9.2.2.3: first octet, TP-MR, TP-RA (its length counts digits), TP-SCTS, TP-DT, TP-ST */
	size_t fixed = len > 2 ? 2u + 2u + (octets[2] + 1u) / 2 + 7 + 7 + 1 : len;
	enum fg_rc rc = fg_tpdu_status_report_decode(octets, len, out);

	return rc != FG_OK && fixed < len ? fg_tpdu_status_report_decode(octets, fixed, out) : rc;
}

static void take_report(struct fg_modem_session *session, const uint8_t *octets, size_t len,
			const char *storage, int32_t index)
{
	struct fg_tpdu_status_report report;
	struct modem_pending *pending;
	char number[FG_TPDU_ADDRESS_TEXT_MAX + 2];
	int place;

	if (report_decode(octets, len, &report) != FG_OK) {
		LOG_MODEM(session, LOGL_NOTICE, "drop status report: not well formed\n");
		dismiss(session, storage, index);
		return;
	}
	fg_tpdu_address_show(&report.recipient, number);
	place = fg_modem_state_sent_find(session->state, report.reference, fg_modem_hash(number),
					 time_ms(&report.time));
	if (place < 0) {
		LOG_MODEM(session, LOGL_NOTICE,
			  "drop status report: nothing of ours waits for it reference=%u\n",
			  report.reference);
		dismiss(session, storage, index);
		return;
	}
	pending = pending_new(session, storage, index);
	if (!pending) {
		not_kept(session, index, "too many wait");
		return;
	}
	pending->is_report = true;
	pending->place = place;
	pending->reference = report.reference;
	report_fill(session, &report, pending);
	report_give(session, pending);
}

void inbound_release(struct fg_modem_session *session)
{
	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++)
		if (session->pending[i].state == PENDING_HELD &&
		    session->now.mono_ms >= session->pending[i].again_ms)
			report_give(session, &session->pending[i]);
}

/* ---- messages ---- */

/* What is no text is said to have come, since nobody here can show it. */
static size_t message_text(const struct fg_tpdu_deliver *deliver, bool part,
			   char out[static TEXT_MAX])
{
	struct fg_tpdu_coding coding = fg_tpdu_coding_of(deliver->dcs);
	size_t len = 0;

	if ((part ? fg_tpdu_ud_part_text : fg_tpdu_ud_text)(deliver->dcs, &deliver->ud, out,
							    TEXT_MAX, &len) == FG_OK)
		return len;
	return (size_t)snprintf(out, TEXT_MAX, "(%s message of %u octets, not shown)",
				coding.compressed ? "compressed" : "binary", deliver->ud.octets);
}

static void message_concat(const struct fg_tpdu_deliver *deliver, struct fg_submission *out)
{
	struct fg_udh_concat concat;
	size_t len;

	if (!deliver->ud.header ||
	    fg_udh_concat_find(deliver->ud.at, deliver->ud.octets, &concat, &len) != FG_OK ||
	    concat.total < 2)
		return;
	out->concat_ref = concat.reference;
	out->flags |= concat.wide ? 0 : FG_SUBMIT_NARROW;
	out->concat_total = concat.total;
	out->concat_part = concat.sequence;
}

/* Its time stamp is in it. It may be read twice, when the modem is gone before it is deleted, and the network may bring it twice: then
 * only whether more messages wait (23.040, 9.2.3.2: bit 2 of the first octet) has changed. */
static void message_key(const struct fg_modem_session *session, const uint8_t *octets, size_t len,
			uint8_t key[static FG_MODEM_KEY_LEN])
{
	uint8_t same[FG_TPDU_MAX];

	memcpy(same, octets, len);
	same[0] &= (uint8_t)~0x04u;
	fg_modem_state_key(session->state, same, len, key);
	explicit_bzero(same, sizeof(same));
}

static enum fg_rc message_submit(struct fg_modem_session *session,
				 const struct fg_tpdu_deliver *deliver, const uint8_t *octets,
				 size_t len, uint64_t token)
{
	const char *own =
		*session->conf->source_address ? session->conf->source_address : session->number;
	char source[FG_TPDU_ADDRESS_TEXT_MAX + 2], text[TEXT_MAX];
	struct fg_submission in = { .token = token,
				    .kind = FG_SUBMIT_INBOUND,
				    .account = "",
				    .source = source,
				    .destination = own,
				    .message_class = 2, /* normal */
				    .protocol_id = deliver->pid };
	uint8_t key[FG_MODEM_KEY_LEN];
	enum fg_rc rc;

	fg_tpdu_address_show(&deliver->source, source);
	source[32] = '\0';
	message_key(session, octets, len, key);
	message_concat(deliver, &in);
	if (fg_tpdu_coding_of(deliver->dcs).message_class == 0)
		in.flags |= FG_SUBMIT_FLASH;
	in.key = FG_BYTES(key, sizeof(key));
	in.text = FG_BYTES((const uint8_t *)text, message_text(deliver, in.concat_total > 1, text));
	rc = fg_host_submit(session->host, &in);
	explicit_bzero(text, sizeof(text));
	return rc;
}

static void unreadable(struct fg_modem_session *session, const char *storage, int32_t index)
{
	if (index >= 0) {
		hold(session, storage, index, "it is not well formed");
		return;
	}
	/* Nobody could read it the next time either. */
	LOG_MODEM(session, LOGL_ERROR, "alarm: drop message: it is not well formed\n");
	dismiss(session, storage, index);
}

static void take_message(struct fg_modem_session *session, const uint8_t *octets, size_t len,
			 const char *storage, int32_t index)
{
	struct fg_tpdu_deliver deliver;
	struct modem_pending *pending;
	enum fg_rc rc;

	if (fg_tpdu_deliver_decode(octets, len, &deliver) != FG_OK) {
		unreadable(session, storage, index);
		return;
	}
	pending = pending_new(session, storage, index);
	if (!pending) {
		not_kept(session, index, "too many wait");
		return;
	}
	pending->state = PENDING_GIVEN;
	rc = message_submit(session, &deliver, octets, len, pending->token);
#ifdef FG_MUTANT_modem_taken_first
	if (rc == FG_OK)
		pending->state = PENDING_DONE;
#endif
	if (rc == FG_OK)
		return;
	pending_free(pending);
	not_kept(session, index, fg_rc_text(rc));
}

/* ---- PDUs ---- */

static bool read_octets(struct fg_modem_session *session, const struct fg_at_event *event,
			size_t *from, size_t *len)
{
	struct fg_tpdu_address smsc;
	bool has;

	return event->whole &&
	       fg_tpdu_unhex(event->rest.at, event->rest.len, session->pdu, sizeof(session->pdu),
			     len) == FG_OK &&
	       fg_tpdu_smsc_read(session->pdu, *len, &smsc, &has, from) == FG_OK;
}

void inbound_pdu(struct fg_modem_session *session, const struct fg_at_event *event,
		 const char *storage, int32_t index)
{
	enum fg_tpdu_mti kind;
	size_t from = 0, len = 0;

	if (event->stat >= 2 || (index >= 0 && is_known(session, storage, index)))
		return; /* a draft of somebody's, or being handled */
	if (!read_octets(session, event, &from, &len) ||
	    fg_tpdu_kind(session->pdu + from, len - from, &kind) != FG_OK)
		unreadable(session, storage, index);
	else if (kind == FG_TPDU_STATUS_REPORT)
		take_report(session, session->pdu + from, len - from, storage, index);
	else if (kind == FG_TPDU_DELIVER)
		take_message(session, session->pdu + from, len - from, storage, index);
	explicit_bzero(session->pdu, sizeof(session->pdu));
}

void inbound_index(struct fg_modem_session *session, const struct fg_at_event *event)
{
	struct modem_index *read;

	if (session->reads_count >= MODEM_READS_MAX) {
		list_again(session);
		return;
	}
	read = &session->reads[session->reads_count++];
	snprintf(read->storage, sizeof(read->storage), "%s", *session->home ? event->storage : "");
	held_forget(session, read->storage, event->number);
	read->index = event->number;
}

/* ---- commands: switch the storage, read, acknowledge, delete, list ---- */

static void memory_end(struct fg_modem_session *session, const struct modem_result *result)
{
	if (result->end == END_OK)
		return;
	/* Without the storage nothing in it can be reached now. */
	LOG_MODEM(session, LOGL_NOTICE, "cannot use storage %s: code=%u\n", session->memory,
		  dialogue_code(result));
	if (session->reads_count > 0 && strcmp(session->reads[0].storage, session->memory) == 0)
		memmove(session->reads, session->reads + 1,
			--session->reads_count * sizeof(session->reads[0]));
	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++)
		if (session->pending[i].state == PENDING_DONE &&
		    strcmp(session->pending[i].storage, session->memory) == 0)
			pending_free(&session->pending[i]);
	if (strcmp(session->memory, session->home) == 0)
		session->home[0] = '\0'; /* it has no choice after all */
	if (strcmp(session->memory, REPORT_STORAGE) == 0)
		session->apart = session->list_apart = false;
	snprintf(session->memory, sizeof(session->memory), "%s", *session->home ? "??" : "");
}

/* True when a command was sent. A modem that has no choice reads the one it has. */
static bool memory_set(struct fg_modem_session *session, const char *storage)
{
	static const struct modem_command command = { "CPMS", false, MODEM_COMMAND_MS,
						      NULL,   NULL,  memory_end };
	char text[24];

	if (!*session->home || !*storage || strcmp(session->memory, storage) == 0)
		return false;
	snprintf(session->memory, sizeof(session->memory), "%.2s", storage);
	snprintf(text, sizeof(text), "AT+CPMS=\"%.2s\"", storage);
	dialogue_command(session, &command, text);
	return true;
}

static void read_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	if (event->kind == FG_AT_PDU)
		inbound_pdu(session, event, session->reading.storage, session->reading.index);
}

static void read_end(struct fg_modem_session *session, const struct modem_result *result)
{
	if (result->end != END_OK) {
		LOG_MODEM(session, LOGL_NOTICE, "cannot read message: index=%d code=%u\n",
			  session->reading.index, dialogue_code(result));
		list_again(session);
	}
}

static bool read_next(struct fg_modem_session *session)
{
	static const struct modem_command command = { "CMGR",    false, MODEM_COMMAND_MS,
						      read_line, NULL,  read_end };
	char text[24];

	if (session->reads_count == 0)
		return false;
	if (memory_set(session, session->reads[0].storage))
		return true;
	session->reading = session->reads[0];
	memmove(session->reads, session->reads + 1,
		--session->reads_count * sizeof(session->reads[0]));
	snprintf(text, sizeof(text), "AT+CMGR=%d", session->reading.index);
	dialogue_command(session, &command, text);
	return true;
}

static void finish_end(struct fg_modem_session *session, const struct modem_result *result)
{
	struct modem_pending *pending = session->finishing;

	session->finishing = NULL;
	if (result->end != END_OK) {
		LOG_MODEM(session, LOGL_NOTICE, "modem refuses %s: index=%d code=%u\n",
			  pending->index < 0 ? "+CNMA" : "to delete", pending->index,
			  dialogue_code(result));
		if (pending->index < 0)
			session->mode_again = true;
		else
			list_again(session);
	}
	pending_free(pending);
}

static bool finish(struct fg_modem_session *session, struct modem_pending *pending)
{
	static const struct modem_command command = { "",   false, MODEM_COMMAND_MS,
						      NULL, NULL,  finish_end };
	char text[24] = "AT+CNMA";

	if (pending->index == GONE || (pending->index == DIRECT && !session->acknowledges)) {
		pending_free(pending); /* the modem has said so by itself */
		return false;
	}
	if (pending->index >= 0 && memory_set(session, pending->storage))
		return true;
	if (pending->index >= 0)
		snprintf(text, sizeof(text), "AT+CMGD=%d", pending->index);
	session->finishing = pending;
	dialogue_command(session, &command, text);
	return true;
}

/* The network waits for acknowledgements, so they come first. */
static bool finish_next(struct fg_modem_session *session, bool direct)
{
	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++)
		if (session->pending[i].state == PENDING_DONE &&
		    (session->pending[i].index < 0) == direct &&
		    finish(session, &session->pending[i]))
			return true;
	return false;
}

bool inbound_acknowledge(struct fg_modem_session *session)
{
	return finish_next(session, true);
}

static const char *list_storage(const struct fg_modem_session *session)
{
	return session->list_apart ? REPORT_STORAGE : session->home;
}

bool inbound_pump(struct fg_modem_session *session)
{
	return read_next(session) || finish_next(session, false) ||
	       memory_set(session, list_storage(session));
}

static void list_line(struct fg_modem_session *session, const struct fg_at_event *event)
{
	if (event->kind == FG_AT_PDU && event->index >= 0)
		inbound_pdu(session, event, session->memory, event->index);
}

static void list_end(struct fg_modem_session *session, const struct modem_result *result)
{
	if (result->end == END_SILENCE)
		list_again(session);
}

bool inbound_list(struct fg_modem_session *session)
{
	static const struct modem_command command = { "CMGL",    false, 3 * MODEM_COMMAND_MS,
						      list_line, NULL,  list_end };

	if (session->now.mono_ms < session->list_due_ms)
		return false;
	/* home first, then what has a place of its own; inbound_pump() has chosen the storage */
	session->list_apart = session->apart && *session->home && !session->list_apart;
	if (!session->list_apart)
		session->list_due_ms = session->now.mono_ms + MODEM_LIST_MS;
	dialogue_command(session, &command, "AT+CMGL=4");
	return true;
}

/* ---- what the host says ---- */

void inbound_stored(struct fg_modem_session *session, uint64_t token, bool good, bool for_good)
{
	struct modem_pending *pending = &session->pending[token & 0xFF & (MODEM_PENDING_MAX - 1)];

	if (token == 0 || pending->token != token || pending->state != PENDING_GIVEN)
		return;
	if (pending->is_report && pending->report.final)
		fg_modem_state_sent_reported(session->state, (unsigned)pending->place,
					     pending->reference);
#ifndef FG_MUTANT_modem_delete_refused
	if (!good) {
		if (pending->index >= 0 && for_good)
			hold(session, pending->storage, pending->index, "nobody here takes it");
		else
			not_kept(session, pending->index, "refused");
		pending_free(pending);
		return;
	}
#endif
	(void)good, (void)for_good;
	pending->state = PENDING_DONE;
	if (session->stage == STAGE_CLOSED)
		pending_free(pending); /* the modem is away and will bring it again */
}

/* Reports are said again; of messages the network or the storage brings them. */
void inbound_abandon(struct fg_modem_session *session)
{
	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++) {
		struct modem_pending *pending = &session->pending[i];

		if (pending->state != PENDING_GIVEN)
			continue;
#ifndef FG_MUTANT_modem_reach
		if (pending->is_report) {
			pending->state = PENDING_HELD;
			pending->again_ms = session->now.mono_ms + MODEM_AGAIN_MS;
		} else {
			not_kept(session, pending->index, "the core has gone");
			pending_free(pending);
		}
#endif
	}
}

unsigned inbound_waiting(const struct fg_modem_session *session)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++)
		count += session->pending[i].state != PENDING_FREE;
	return count;
}

uint64_t inbound_next_ms(const struct fg_modem_session *session)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++) {
		const struct modem_pending *pending = &session->pending[i];

		/* one whose job is open goes on with the job */
		if (pending->state == PENDING_HELD && pending->again_ms > 0 &&
		    pending->again_ms < next)
			next = pending->again_ms;
	}
	return next;
}

/* A report that the host has not got is kept, since nobody will say it again; a message is: by the
 * network, or from the storage. */
void inbound_forget(struct fg_modem_session *session)
{
	session->finishing = NULL;
	session->reads_count = session->held_count = 0;
	for (unsigned i = 0; i < MODEM_PENDING_MAX; i++) {
		struct modem_pending *pending = &session->pending[i];

		if (pending->state == PENDING_DONE ||
		    (pending->state == PENDING_GIVEN && !pending->is_report))
			pending_free(pending);
		pending->index = GONE;
	}
}
