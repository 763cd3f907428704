/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/sdk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/crypto/clear.h"

struct open_job {
	struct fg_id id;
	uint16_t leg;
	uint8_t parts;
	bool used;
};

enum { OPEN_FIRST = 64 }; /* places at first; a power of two */

struct fg_adapter_host {
	char *name;
	const struct fg_host_ops *ops;
	void *arg;
	const struct fg_adapter_ops *adapter_ops;
	const struct fg_conf *conf;
	void *adapter;
	bool up, draining;
	struct fg_link_more more;
	uint32_t limit;        /* most open jobs that a state since it is up allowed */
	struct open_job *open; /* [open_mask + 1], by id */
	uint32_t open_mask, open_count;
	unsigned bugs;
	int files[FG_FILE_COUNT]; /* -1: none */
};

static int host_destroy(struct fg_adapter_host *host)
{
	for (unsigned i = 0; i < FG_FILE_COUNT; i++)
		if (host->files[i] >= 0)
			close(host->files[i]);
	return 0;
}

struct fg_adapter_host *fg_host_new(void *ctx, const char *name, const struct fg_host_ops *ops,
				    void *arg)
{
	struct fg_adapter_host *host = talloc_zero(ctx, struct fg_adapter_host);

	if (!host)
		return NULL;
	host->name = talloc_strdup(host, name);
	host->ops = ops;
	host->arg = arg;
	memset(host->files, 0xFF, sizeof(host->files)); /* -1 */
	talloc_set_destructor(host, host_destroy);
	if (!host->name) {
		talloc_free(host);
		return NULL;
	}
	return host;
}

void fg_host_set_file(struct fg_adapter_host *host, enum fg_role_file kind, int fd_take)
{
	if (host->files[kind] >= 0)
		close(host->files[kind]);
	host->files[kind] = fd_take;
}

int fg_host_file_take(struct fg_adapter_host *host, enum fg_role_file kind)
{
	int fd = host->files[kind];

	host->files[kind] = -1;
	return fd;
}

enum fg_rc fg_host_open(struct fg_adapter_host *host, const struct fg_adapter_ops *adapter,
			struct fg_loop *loop, const struct fg_conf_links *conf)
{
	enum fg_rc rc;

	if (host->adapter_ops)
		return FG_E_STATE;
	host->adapter_ops = adapter;
	rc = adapter->open(host, host, loop, conf, &host->adapter);
	if (rc != FG_OK)
		host->adapter_ops = NULL;
	return rc;
}

void fg_job_text_free(struct fg_clear *text_take)
{
	if (!text_take)
		return;
	fg_clear_free(text_take);
	free(text_take);
}

void fg_job_outcome_whole(const struct fg_job *job, enum fg_outcome outcome, enum fg_rc rc,
			  enum fg_part_state part_state, struct fg_job_outcome *outcome_out)
{
	memset(outcome_out, 0, sizeof(*outcome_out));
	outcome_out->message_id = job->message_id;
	outcome_out->leg = job->leg;
	outcome_out->outcome = outcome;
	outcome_out->rc = rc;
	outcome_out->parts = job->parts;
	memset(outcome_out->part_state, part_state, job->parts);
}

/* ---- open jobs: a hash table without chains, at most half full (Knuth, volume 3, 6.4, R) ---- */

static uint32_t open_home(const struct fg_adapter_host *host, const struct fg_id *id)
{
	uint64_t half[2];

	/* senders choose ids, so every octet counts; the multiplier is 2^64 over the golden ratio */
	memcpy(half, id->b, sizeof(half));
	half[0] = (half[0] ^ (half[1] << 31 | half[1] >> 33)) * UINT64_C(0x9E3779B97F4A7C15);
	return (uint32_t)(half[0] >> 32) & host->open_mask;
}

static struct open_job *open_find(struct fg_adapter_host *host, const struct fg_id *id,
				  uint16_t leg)
{
	uint32_t at = host->open ? open_home(host, id) : 0;

	for (; host->open && host->open[at].used; at = (at + 1) & host->open_mask)
		if (host->open[at].leg == leg && fg_id_cmp(&host->open[at].id, id) == 0)
			return &host->open[at];
	return NULL;
}

static void open_put(struct fg_adapter_host *host, const struct open_job *job)
{
	uint32_t at = open_home(host, &job->id);

	while (host->open[at].used)
		at = (at + 1) & host->open_mask;
	host->open[at] = *job;
	host->open_count++;
}

static bool open_grow(struct fg_adapter_host *host)
{
	uint32_t old_size = host->open ? host->open_mask + 1 : 0;
	uint32_t size = old_size ? 2 * old_size : OPEN_FIRST;
	struct open_job *old = host->open;

	host->open = talloc_zero_array(host, struct open_job, size);
	if (!host->open) {
		host->open = old;
		return false;
	}
	host->open_mask = size - 1;
	host->open_count = 0;
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i].used)
			open_put(host, &old[i]);
	talloc_free(old);
	return true;
}

static bool open_add(struct fg_adapter_host *host, const struct fg_job *job)
{
	const struct open_job open = {
		.id = job->message_id, .leg = job->leg, .parts = job->parts, .used = true
	};

	if ((!host->open || 2 * host->open_count > host->open_mask) && !open_grow(host))
		return false;
	open_put(host, &open);
	return true;
}

/* What follows and is not at home moves up, so that no search ends too early. */
static void open_remove(struct fg_adapter_host *host, struct open_job *job)
{
	uint32_t hole = (uint32_t)(job - host->open), home;

	host->open_count--;
	for (uint32_t at = (hole + 1) & host->open_mask; host->open[at].used;
	     at = (at + 1) & host->open_mask) {
		home = open_home(host, &host->open[at].id);
		if (((at - home) & host->open_mask) < ((at - hole) & host->open_mask))
			continue;
		host->open[hole] = host->open[at];
		hole = at;
	}
	host->open[hole].used = false;
}

/* The adapter has not touched the job: what is said here is certain. */
static void refuse(struct fg_adapter_host *host, const struct fg_job *job, enum fg_rc rc)
{
	struct fg_job_outcome outcome;
	enum fg_rc_class class = fg_rc_class(rc);
	bool later = rc == FG_E_LINK_DOWN || class == FG_CLASS_RETRY || class == FG_CLASS_THROTTLE;

	fg_job_outcome_whole(job, later ? FG_OUTCOME_DEFERRED : FG_OUTCOME_FAILED, rc,
			     FG_PART_NOT_SENT, &outcome);
	host->ops->outcome(host->arg, &outcome);
}

static enum fg_rc admit(struct fg_adapter_host *host, const struct fg_job *job)
{
	if (!host->adapter_ops || !host->up ||
	    host->draining) /* it may have crossed the news of it */
		return FG_E_LINK_DOWN;
#ifndef FG_MUTANT_job_credit
	if (host->open_count >= host->limit) {
		host->bugs++;
		LOG_MSG(&job->message_id, DLEG, LOGL_ERROR,
			"refuse job: bug: given without credit link=%s\n", host->name);
		return FG_E_LINK_CREDIT;
	}
#endif
	if (open_find(host, &job->message_id, job->leg)) {
		host->bugs++;
		LOG_MSG(&job->message_id, DLEG, LOGL_ERROR,
			"refuse job: bug: given twice link=%s\n", host->name);
		return FG_E_EXISTS;
	}
	return open_add(host, job) ? FG_OK : FG_E_NO_MEMORY;
}

void fg_host_job_take(struct fg_adapter_host *host, const struct fg_job *job)
{
	enum fg_rc rc = admit(host, job);
	struct open_job *open;

	/* A second copy of an open job has no outcome of its own: the first one's answers for both.
	 */
	if (rc == FG_E_EXISTS) {
		fg_job_text_free(job->text);
		return;
	}
	if (rc != FG_OK) {
		fg_job_text_free(job->text);
		refuse(host, job, rc);
		return;
	}
	rc = host->adapter_ops->job(host->adapter, job);
	if (rc == FG_OK)
		return;
	open = open_find(host, &job->message_id, job->leg);
	if (!open)
		return;
	open_remove(host, open);
	refuse(host, job, rc);
}

void fg_host_stored(struct fg_adapter_host *host, uint64_t token)
{
	if (host->adapter_ops)
		host->adapter_ops->stored(host->adapter, token);
}

void fg_host_reach(struct fg_adapter_host *host, bool there)
{
	if (host->adapter_ops && host->adapter_ops->reach)
		host->adapter_ops->reach(host->adapter, there);
}

void fg_host_set_conf(struct fg_adapter_host *host, const struct fg_conf *conf)
{
	host->conf = conf;
}

const struct fg_conf *fg_host_conf(const struct fg_adapter_host *host)
{
	return host->conf;
}

enum fg_rc fg_host_prepare(struct fg_adapter_host *host, const struct fg_conf *next,
			   char why[static FG_ADAPTER_WHY_MAX])
{
	return host->adapter_ops && host->adapter_ops->prepare
		       ? host->adapter_ops->prepare(host->adapter, next, why)
		       : FG_OK;
}

void fg_host_adopt(struct fg_adapter_host *host, bool adopt)
{
	if (host->adapter_ops && host->adapter_ops->adopt)
		host->adapter_ops->adopt(host->adapter, adopt);
}

void fg_host_taken(struct fg_adapter_host *host, uint64_t token, const struct fg_id *message_id,
		   enum fg_rc rc)
{
	if (host->adapter_ops && host->adapter_ops->taken)
		host->adapter_ops->taken(host->adapter, token, message_id, rc);
}

void fg_host_answer(struct fg_adapter_host *host, const struct fg_app_answer *answer)
{
	if (host->adapter_ops && host->adapter_ops->answer)
		host->adapter_ops->answer(host->adapter, answer);
}

void fg_host_receipt(struct fg_adapter_host *host, const struct fg_app_receipt *receipt)
{
	if (host->adapter_ops && host->adapter_ops->receipt)
		host->adapter_ops->receipt(host->adapter, receipt);
	else
		fg_host_told(host, receipt->account, &receipt->message_id, receipt->final,
			     FG_OUTCOME_DEFERRED);
}

enum fg_rc fg_host_submit(struct fg_adapter_host *host, const struct fg_submission *submission)
{
	return host->ops->submit && !host->draining ? host->ops->submit(host->arg, submission)
						    : FG_E_IPC_FULL;
}

enum fg_rc fg_host_ask(struct fg_adapter_host *host, const struct fg_app_question *question)
{
	return host->ops->ask ? host->ops->ask(host->arg, question) : FG_E_IPC_FULL;
}

void fg_host_told(struct fg_adapter_host *host, const char *account, const struct fg_id *message_id,
		  bool final, enum fg_outcome outcome)
{
	if (host->ops->told)
		host->ops->told(host->arg, account, message_id, final, outcome);
}

void fg_host_bound(struct fg_adapter_host *host, const char *account, uint16_t receivers,
		   uint32_t credits)
{
	if (host->ops->bound)
		host->ops->bound(host->arg, account, receivers, credits);
}

void fg_host_device_ask(struct fg_adapter_host *host, unsigned nth)
{
	if (host->ops->device)
		host->ops->device(host->arg, nth);
}

void fg_host_device(struct fg_adapter_host *host, int fd_take, bool more, const char *why)
{
	if (host->adapter_ops && host->adapter_ops->device)
		host->adapter_ops->device(host->adapter, fd_take, more, why);
	else if (fd_take >= 0)
		close(fd_take);
}

void fg_host_drain(struct fg_adapter_host *host)
{
	host->draining = true;
	if (host->adapter_ops)
		host->adapter_ops->drain(host->adapter);
	else
		fg_host_drained(host);
}

void fg_host_close(struct fg_adapter_host *host)
{
	if (!host->adapter_ops)
		return;
	host->adapter_ops->close(host->adapter);
	host->adapter_ops = NULL;
	host->adapter = NULL;
	host->up = false;
	for (uint32_t at = 0; host->open_count > 0; at = (at + 1) & host->open_mask) {
		const struct open_job *open = &host->open[at];
		struct fg_job job = { .message_id = open->id,
				      .leg = open->leg,
				      .parts = open->parts };
		struct fg_job_outcome outcome;

		if (!open->used)
			continue;
		host->bugs++;
		LOG_MSG(&job.message_id, DLEG, LOGL_ERROR,
			"close link %s: bug: job without outcome\n", host->name);
		fg_job_outcome_whole(&job, FG_OUTCOME_UNKNOWN, FG_E_LINK_UNKNOWN, FG_PART_UNKNOWN,
				     &outcome);
		fg_host_outcome(host, &outcome);
	}
}

size_t fg_host_open_jobs(const struct fg_adapter_host *host)
{
	return host->open_count;
}

unsigned fg_host_bugs(const struct fg_adapter_host *host)
{
	return host->bugs;
}

void fg_host_state_more(struct fg_adapter_host *host, const struct fg_link_more *more)
{
	host->more = *more;
}

void fg_host_state(struct fg_adapter_host *host, bool up, uint32_t credits, uint32_t in_flight,
		   uint32_t carrier_code, const char *note)
{
	struct fg_host_link_state state = { .up = up,
					    .credits = credits,
					    .in_flight = in_flight,
					    .carrier_code = carrier_code,
					    .more = host->more };

	snprintf(state.note, sizeof(state.note), "%s", note ? note : "");
	if (up != host->up)
		LOG_LINK(host->name, DBEARER, LOGL_INFO, "link %s: %s code=0x%x\n",
			 up ? "up" : "down", state.note, carrier_code);
	/* Jobs may have crossed news of fewer credits: while it is up the greatest announcement counts. */
	if (!up || !host->up || credits + in_flight > host->limit)
		host->limit = credits + in_flight;
	host->up = up;
	host->ops->state(host->arg, &state);
}

void fg_host_outcome(struct fg_adapter_host *host, const struct fg_job_outcome *outcome)
{
	struct open_job *open = open_find(host, &outcome->message_id, outcome->leg);

#ifndef FG_MUTANT_outcome_once
	if (!open) {
		host->bugs++;
		LOG_MSG(&outcome->message_id, DLEG, LOGL_ERROR,
			"drop outcome: bug: no open job link=%s\n", host->name);
		return;
	}
#endif
	if (open)
		open_remove(host, open);
	host->ops->outcome(host->arg, outcome);
}

enum fg_rc fg_host_report(struct fg_adapter_host *host, const struct fg_delivery_report *report)
{
	return host->ops->report(host->arg, report);
}

void fg_host_drained(struct fg_adapter_host *host)
{
	host->ops->drained(host->arg);
}

const char *fg_host_name(const struct fg_adapter_host *host)
{
	return host->name;
}
