/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/sdk.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/crypto/clear.h"

struct open_job {
	struct fg_id id;
	uint16_t leg;
	uint8_t parts;
};

struct fg_adapter_host {
	char *name;
	const struct fg_host_ops *ops;
	void *arg;
	const struct fg_adapter_ops *adapter_ops;
	void *adapter;
	bool up, draining;
	uint32_t limit; /* open jobs that the last state allows */
	struct open_job *open;
	size_t open_count;
	unsigned bugs;
};

struct fg_adapter_host *fg_host_new(void *ctx, const char *name, const struct fg_host_ops *ops,
				    void *arg)
{
	struct fg_adapter_host *host = talloc_zero(ctx, struct fg_adapter_host);

	if (!host)
		return NULL;
	host->name = talloc_strdup(host, name);
	host->ops = ops;
	host->arg = arg;
	if (!host->name) {
		talloc_free(host);
		return NULL;
	}
	return host;
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

static struct open_job *open_find(struct fg_adapter_host *host, const struct fg_id *id,
				  uint16_t leg)
{
	for (size_t i = 0; i < host->open_count; i++)
		if (host->open[i].leg == leg && fg_id_cmp(&host->open[i].id, id) == 0)
			return &host->open[i];
	return NULL;
}

static bool open_add(struct fg_adapter_host *host, const struct fg_job *job)
{
	struct open_job *open =
		talloc_realloc(host, host->open, struct open_job, (unsigned)host->open_count + 1);

	if (!open)
		return false;
	host->open = open;
	open[host->open_count++] =
		(struct open_job){ .id = job->message_id, .leg = job->leg, .parts = job->parts };
	return true;
}

static void open_remove(struct fg_adapter_host *host, struct open_job *job)
{
	*job = host->open[--host->open_count];
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
	while (host->open_count > 0) {
		struct open_job *open = &host->open[host->open_count - 1];
		struct fg_job job = { .message_id = open->id,
				      .leg = open->leg,
				      .parts = open->parts };
		struct fg_job_outcome outcome;

		host->bugs++;
		LOG_MSG(&job.message_id, DLEG, LOGL_ERROR,
			"close link %s: bug: job without outcome\n", host->name);
		fg_job_outcome_whole(&job, FG_OUTCOME_UNKNOWN, FG_E_LINK_UNKNOWN, FG_PART_UNKNOWN,
				     &outcome);
		fg_host_outcome(host, &outcome);
	}
}

unsigned fg_host_bugs(const struct fg_adapter_host *host)
{
	return host->bugs;
}

void fg_host_state(struct fg_adapter_host *host, bool up, uint32_t credits, uint32_t in_flight,
		   uint32_t carrier_code, const char *note)
{
	struct fg_host_link_state state = {
		.up = up, .credits = credits, .in_flight = in_flight, .carrier_code = carrier_code
	};

	snprintf(state.note, sizeof(state.note), "%s", note ? note : "");
	if (up != host->up)
		LOG_LINK(host->name, DBEARER, LOGL_INFO, "link %s: %s code=0x%x\n",
			 up ? "up" : "down", state.note, carrier_code);
	host->up = up;
	host->limit = credits + in_flight;
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
