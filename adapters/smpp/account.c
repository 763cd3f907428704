/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/smpp/session_internal.h"

#include <string.h>
#include <unistd.h>
#include <talloc.h>
#include "adapters/sdk.h"
#include "lib/base/log.h"

enum {
	SAY_LATEST_MS = 100, /* news that is not worth a frame of its own waits so long (ours) */
	SAY_MORE_MS = 1000,  /* how often a rate or a round trip that moves is worth one (ours) */
};

struct fg_smpp_account *fg_smpp_account_new(void *ctx, struct fg_adapter_host *host,
					    const struct fg_conf_links *conf, uint64_t now_ms)
{
	struct fg_smpp_account *account = talloc_zero(ctx, struct fg_smpp_account);

	if (!account)
		return NULL;
	account->host = host;
	account->conf = conf;
	account->said.at_ms = now_ms;
	account->begun_count = SMPP_FAIR_LOOK + 1; /* at first every recipient is fresh */
	account->ids = fg_smpp_ids_new(account, conf->id_base);
	fg_smpp_pace_init(&account->pace, conf->rate, conf->burst, now_ms);
	fg_smpp_window_init(&account->window, (unsigned)conf->window);
	if (!account->ids || query_open(account) != FG_OK) {
		talloc_free(account);
		return NULL;
	}
	return account;
}

/* ---- the carrier's own codes ---- */

enum { VENDOR_FIRST = 0x400, VENDOR_COUNT = 0x100, CODES_MAX = 65536 };

static bool read_table(int fd, char *text, size_t *len)
{
	ssize_t n = lseek(fd, 0, SEEK_SET) == 0 ? 0 : -1;

	*len = 0;
	while (n >= 0 && *len < CODES_MAX && (n = read(fd, text + *len, CODES_MAX - *len)) > 0)
		*len += (size_t)n;
	return n == 0 && *len < CODES_MAX;
}

static void vendor_fill(struct fg_smpp_status *vendor, const struct fg_smpp_vendor_code *codes,
			size_t count)
{
	for (uint32_t i = 0; i < VENDOR_COUNT; i++)
		vendor[i] = *fg_smpp_status_find(VENDOR_FIRST + i);
	for (size_t i = 0; i < count; i++) {
		struct fg_smpp_status *status = &vendor[codes[i].value - VENDOR_FIRST];

		status->value = codes[i].value;
		status->class = codes[i].class;
		status->rc = fg_smpp_class_rc(codes[i].class);
		status->note = codes[i].note;
	}
}

enum fg_rc fg_smpp_account_codes(struct fg_smpp_account *account, int fd)
{
	struct fg_smpp_status *vendor = talloc_array(account, struct fg_smpp_status, VENDOR_COUNT);
	struct fg_smpp_vendor_code *codes =
		vendor ? talloc_array(vendor, struct fg_smpp_vendor_code, FG_SMPP_VENDOR_CODES_MAX)
		       : NULL;
	char *text = talloc_size(account, CODES_MAX);
	size_t len, count;
	unsigned line = 0;
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (codes && text)
		rc = read_table(fd, text, &len)
			     ? fg_smpp_vendor_codes_read(text, len, codes, &count, &line)
			     : FG_E_SYSTEM;
	if (rc == FG_OK) {
		vendor_fill(vendor, codes, count); /* the notes stay in codes */
		account->next_vendor = vendor;
	} else {
		talloc_free(vendor);
		LOG_LINK(fg_host_name(account->host), DSMPP, LOGL_ERROR,
			 "refuse links.vendor_codes: %s line=%u\n", fg_rc_text(rc), line);
	}
	talloc_free(text);
	return rc;
}

void fg_smpp_account_codes_adopt(struct fg_smpp_account *account, bool adopt)
{
	if (adopt && account->next_vendor) {
		talloc_free(account->vendor);
		account->vendor = account->next_vendor;
	} else {
		talloc_free(account->next_vendor);
	}
	account->next_vendor = NULL;
}

const struct fg_smpp_status *account_status(const struct fg_smpp_account *account, uint32_t code)
{
	if (account->vendor && code >= VENDOR_FIRST && code < VENDOR_FIRST + VENDOR_COUNT)
		return &account->vendor[code - VENDOR_FIRST];
	return fg_smpp_status_find(code);
}

/* ---- what the host hears ---- */

static unsigned submitters(const struct fg_smpp_account *account)
{
	unsigned count = 0;

	for (unsigned i = 0; i < account->sessions_count; i++)
		count += session_may_submit(account->sessions[i]);
	return count;
}

/* From a submit to its answer as it is now: of a far side that has gone slow the one that waits longest says more than those before. */
static uint64_t trip_ms(const struct fg_smpp_account *account)
{
	uint64_t most = (account->round_trip_eighths + 4) / 8;
	uint64_t timeout_ms = (uint64_t)account->conf->response_timeout_ms;

	for (unsigned i = 0; i < account->sessions_count; i++) {
		uint64_t due = submit_due_ms(account->sessions[i]);

		if (due != UINT64_MAX && account->pace.seen_ms + timeout_ms > due + most)
			most = account->pace.seen_ms + timeout_ms - due;
	}
	return most;
}

/* Jobs that it holds at most: those in the windows, and as many as leave within a second, by the rate and by how fast they are answered. What
 * it holds beyond that another link could have. */
static uint32_t limit_now(const struct fg_smpp_account *account, unsigned count)
{
	int64_t rate = fg_smpp_pace_rate(&account->pace);
	int64_t queue = account->conf->queue < rate ? account->conf->queue : rate;
#ifndef FG_MUTANT_smpp_slow_queue
	uint64_t ms = trip_ms(account);
	int64_t answered = ms ? (int64_t)(count * account->window.now * 1000ull / ms) : queue;

	if (answered < queue)
		queue = answered;
#else
	(void)trip_ms;
#endif
	return count == 0 || account->draining ? 0 : count * account->window.now + (uint32_t)queue;
}

void account_round_trip(struct fg_smpp_account *account, uint64_t ms)
{
	uint64_t now = 8 * (ms > 0 ? ms : 1), *smooth = &account->round_trip_eighths;

	*smooth = *smooth == 0 ? now : *smooth - *smooth / 8 + now / 8; /* RFC 6298, (2.3) */
}

static struct fg_link_more more_now(const struct fg_smpp_account *account)
{
	struct fg_link_more more = { .window = submitters(account) * account->window.now,
				     .own_code = account->own_code,
				     .rate = (uint32_t)fg_smpp_pace_rate(&account->pace),
				     .throttled = fg_smpp_pace_slowed(&account->pace),
				     .round_trip_ms =
					     (uint32_t)((account->round_trip_eighths + 4) / 8) };

	for (unsigned i = 0; i < account->sessions_count; i++)
		more.unanswered += account->sessions[i]->in_flight_count;
	snprintf(more.own_note, sizeof(more.own_note), "%s", account->own_note);
	return more;
}

/* Its table may be another after a reload: the words are kept here. */
void account_own_code(struct fg_smpp_account *account, uint32_t code,
		      const struct fg_smpp_status *status)
{
	if (code < VENDOR_FIRST || code >= VENDOR_FIRST + VENDOR_COUNT ||
	    status->class == FG_SMPP_CLASS_VENDOR)
		return;
	account->own_code = code;
	snprintf(account->own_note, sizeof(account->own_note), "%s", status->note);
}

static bool differs(uint32_t now, uint32_t said)
{
	return (now > said ? now - said : said - now) > said / 8;
}

/* When there is something new to say to the operator; UINT64_MAX: nothing. */
static uint64_t more_due_ms(const struct fg_smpp_account *account)
{
	struct fg_link_more now = more_now(account);
	const struct fg_link_more *said = &account->said.more;

	if (!account->said.up)
		return UINT64_MAX;
	if (now.throttled != said->throttled)
		return account->said.at_ms;
	if (now.own_code != said->own_code)
		return account->said.at_ms;
	if (now.window != said->window)
		return account->said.at_ms + SAY_MORE_MS;
	if (now.round_trip_ms && !said->round_trip_ms)
		return account->said.at_ms + SAY_LATEST_MS;
	if (differs(now.rate, said->rate) || differs(now.round_trip_ms, said->round_trip_ms))
		return account->said.at_ms + SAY_MORE_MS;
	return UINT64_MAX;
}

static void say(struct fg_smpp_account *account, uint32_t limit, uint64_t now_ms)
{
	bool up = submitters(account) > 0;
	uint32_t credits = limit > account->jobs_count ? limit - account->jobs_count : 0;

	if (!up)
		account->limit_most = 0;
	else if (limit > account->limit_most)
		account->limit_most = limit;
	account->said.up = up;
	account->said.credits = credits;
	account->said.limit = limit;
	account->said.at_ms = now_ms;
	account->said.more = more_now(account);
	fg_host_state_more(account->host, &account->said.more);
	fg_host_state(account->host, up, credits, account->jobs_count, account->carrier_code,
		      account->note);
}

/* Of several binds the last news, and how many there are. */
static void note_write(struct fg_smpp_account *account, const char *note)
{
	unsigned bound = 0;

	for (unsigned i = 0; i < account->sessions_count; i++)
		bound += account->sessions[i]->state == SESSION_BOUND;
	if (account->sessions_count > 1)
		snprintf(account->note, sizeof(account->note), "%u of %u bound: %s", bound,
			 account->sessions_count, note);
	else
		snprintf(account->note, sizeof(account->note), "%s", note);
}

void account_changed(struct fg_smpp_account *account, const char *note)
{
	if (note)
		note_write(account, note);
	say(account, limit_now(account, submitters(account)), account->said.at_ms);
}

/* A quarter of all, everything, or old: the core decides again with every frame. */
void fg_smpp_account_turn_end(struct fg_smpp_account *account, uint64_t now_ms)
{
	uint32_t was = account->said.credits, limit, credits, by;

	fg_smpp_pace_look(&account->pace, now_ms);
	limit = limit_now(account, submitters(account));
	credits = limit > account->jobs_count ? limit - account->jobs_count : 0;
	by = credits > was ? credits - was : was - credits;
	if (now_ms >= more_due_ms(account)) {
		say(account, limit, now_ms);
		return;
	}
	if (by == 0 && limit == account->said.limit)
		return;
	if (by * 4 >= limit || account->jobs_count == 0 ||
	    now_ms >= account->said.at_ms + SAY_LATEST_MS)
		say(account, limit, now_ms);
}

/* ---- open jobs, by what a report says of them ---- */

static unsigned destination_bucket(const char *destination)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (const char *at = destination; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	return (hash ^ hash >> 15) & (SMPP_BUCKETS - 1);
}

void account_job_add(struct fg_smpp_account *account, struct smpp_job *job)
{
	unsigned destination = destination_bucket(job->job.destination);
	unsigned reference = job->job.message_reference & (SMPP_BUCKETS - 1);

	job->bucket = destination;
	job->by_destination = account->by_destination[destination];
	account->by_destination[destination] = job;
	job->by_reference = account->by_reference[reference];
	account->by_reference[reference] = job;
	account->jobs_count++;
}

void account_job_remove(struct fg_smpp_account *account, struct smpp_job *job)
{
	struct smpp_job **at = &account->by_destination[job->bucket];

	while (*at != job)
		at = &(*at)->by_destination;
	*at = job->by_destination;
	at = &account->by_reference[job->job.message_reference & (SMPP_BUCKETS - 1)];
	while (*at != job)
		at = &(*at)->by_reference;
	*at = job->by_reference;
	account->jobs_count--;
}

bool account_open_for(const struct fg_smpp_account *account,
		      const struct fg_delivery_report *report)
{
	const struct smpp_job *job;

	if (!report->has_reference) {
		job = account->by_destination[destination_bucket(report->destination)];
		while (job && strcmp(report->destination, job->job.destination) != 0)
			job = job->by_destination;
		return job != NULL;
	}
	job = account->by_reference[report->message_reference & (SMPP_BUCKETS - 1)];
	while (job && (report->message_reference != job->job.message_reference ||
		       strcmp(report->destination, job->job.destination) != 0))
		job = job->by_reference;
	return job != NULL;
}

/* ---- jobs ---- */

/* An open job for a recipient, whatever its bind; NULL: there is none. */
static const struct smpp_job *open_job(const struct fg_smpp_account *account,
				       const char *destination, unsigned bucket)
{
	const struct smpp_job *job = account->by_destination[bucket];

	while (job && strcmp(job->job.destination, destination) != 0)
		job = job->by_destination;
	return job;
}

/* The bind that has messages to the same recipient; else all of a recipient to the same one while the same binds are up. */
static struct fg_smpp_session *choose(struct fg_smpp_account *account, const char *destination,
				      unsigned count)
{
	unsigned bucket = count > 1 ? destination_bucket(destination) : 0;
	unsigned nth = count > 1 ? bucket % count : 0;
#ifndef FG_MUTANT_smpp_recipient_bind
	const struct smpp_job *open = count > 1 ? open_job(account, destination, bucket) : NULL;

	if (open && session_may_submit(open->session))
		return open->session;
#else
	(void)open_job;
#endif
	for (unsigned i = 0; i < account->sessions_count; i++)
		if (session_may_submit(account->sessions[i]) && nth-- == 0)
			return account->sessions[i];
	return NULL;
}

static struct smpp_job *job_new(struct fg_smpp_account *account, unsigned parts)
{
	struct smpp_job *job = account->spare;

	if (job) {
		account->spare = job->next;
		account->spare_count--;
	} else {
		job = talloc_size(account, sizeof(*job));
	}
	if (!job)
		return NULL;
	memset(job, 0, offsetof(struct smpp_job, few));
	job->parts =
		parts <= SMPP_FEW_PARTS ? job->few : talloc_array(job, struct smpp_part, parts);
	if (job->parts)
		return job;
	talloc_free(job);
	return NULL;
}

static enum fg_rc admit(const struct fg_smpp_account *account, const struct fg_job *job,
			unsigned count)
{
	if (count == 0 || account->draining)
		return FG_E_LINK_DOWN;
	/* Those that crossed a lower announcement are taken. */
	if (account->jobs_count >= account->limit_most)
		return FG_E_LINK_CREDIT;
	if (submit_is_full(account, job->destination)) /* it would overtake */
		return FG_E_LINK_BUSY;
	return message_check(account, job);
}

enum fg_rc fg_smpp_account_job(struct fg_smpp_account *account, const struct fg_job *job,
			       uint64_t now_ms)
{
	unsigned count = submitters(account);
	enum fg_rc rc = admit(account, job, count);
	struct smpp_job *own = rc == FG_OK ? job_new(account, job->parts) : NULL;

	if (!own) {
		fg_job_text_free(job->text);
		return rc != FG_OK ? rc : FG_E_NO_MEMORY;
	}
	submit_take(choose(account, job->destination, count), job, own, now_ms);
	return FG_OK;
}

/* Each time another one begins, so that no bind takes all of the rate. */
void account_pump(struct fg_smpp_account *account, uint64_t now_ms)
{
	unsigned first = account->sessions_count ? account->turn++ % account->sessions_count : 0;

	query_pump(account, now_ms);
	for (unsigned i = 0; i < account->sessions_count; i++)
		submit_pump(account->sessions[(first + i) % account->sessions_count], now_ms);
}

void account_release_reports(struct fg_smpp_account *account, uint64_t now_ms)
{
	for (unsigned i = 0; i < account->sessions_count; i++)
		if (account->sessions[i]->held_count > 0)
			report_release(account->sessions[i], now_ms);
}

void fg_smpp_account_stored(struct fg_smpp_account *account, uint64_t token)
{
	if (token >> 56 < account->sessions_count)
		session_stored(account->sessions[token >> 56], token);
	else
		query_stored(account, token);
}

void fg_smpp_account_taken(struct fg_smpp_account *account, uint64_t token, enum fg_rc rc)
{
	if (token >> 56 < account->sessions_count)
		inbound_taken(account->sessions[token >> 56], token, rc);
}

void fg_smpp_account_abandon(struct fg_smpp_account *account)
{
#ifndef FG_MUTANT_smpp_reach
	for (unsigned i = 0; i < account->sessions_count; i++)
		report_abandon(account->sessions[i]);
#endif
	(void)account;
}

/* ---- drain ---- */

void account_check_drained(struct fg_smpp_account *account, uint64_t now_ms)
{
	unsigned open = 0, waiting = 0;

	if (!account->draining || account->drained_said)
		return;
	for (unsigned i = 0; i < account->sessions_count; i++) {
		waiting += account->sessions[i]->reports_count;
		open += account->sessions[i]->state != SESSION_CLOSED;
	}
	if (account->jobs_count > 0 || waiting > 0)
		return;
	if (open == 0) {
		account->drained_said = true;
		fg_host_drained(account->host);
		return;
	}
	for (unsigned i = 0; i < account->sessions_count; i++)
		if (account->sessions[i]->state == SESSION_BOUND)
			session_unbind(account->sessions[i], now_ms);
}

void fg_smpp_account_drain(struct fg_smpp_account *account, uint64_t now_ms)
{
	account->draining = true;
	account_changed(account, "draining");
	account_check_drained(account, now_ms);
}

/* ---- time ---- */

void fg_smpp_account_tick(struct fg_smpp_account *account, uint64_t now_ms)
{
	for (unsigned i = 0; i < account->sessions_count; i++)
		session_tick(account->sessions[i], now_ms);
	query_tick(account, now_ms);
	account_pump(account, now_ms);
	account_release_reports(account, now_ms);
	account_check_drained(account, now_ms);
}

uint64_t fg_smpp_account_next_ms(const struct fg_smpp_account *account)
{
	uint64_t next = UINT64_MAX, due;
	uint32_t limit = limit_now(account, submitters(account));
	uint32_t credits = limit > account->jobs_count ? limit - account->jobs_count : 0;

	for (unsigned i = 0; i < account->sessions_count; i++) {
		due = session_next_ms(account->sessions[i]);
		next = due < next ? due : next;
	}
	due = query_next_ms(account);
	next = due < next ? due : next;
	due = account->said.up ? fg_smpp_pace_change_ms(&account->pace) : UINT64_MAX;
	next = due < next ? due : next;
	due = more_due_ms(account);
	next = due < next ? due : next;
	due = account->said.at_ms + SAY_LATEST_MS;
	return credits != account->said.credits && due < next ? due : next;
}
