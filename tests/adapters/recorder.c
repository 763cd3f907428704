/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/adapters/recorder.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "lib/base/log.h"
#include "lib/crypto/clear.h"

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void on_state(void *arg, const struct fg_host_link_state *state)
{
	struct recorder *recorder = arg;

	recorder->state = *state;
	recorder->states++;
}

static void on_outcome(void *arg, const struct fg_job_outcome *outcome)
{
	struct recorder *recorder = arg;

	must(recorder->outcomes_count < RECORDED_MAX);
	recorder->outcomes[recorder->outcomes_count++] = *outcome;
	if (!recorder->order)
		recorder->order = 'O';
}

static enum fg_rc on_report(void *arg, const struct fg_delivery_report *report)
{
	struct recorder *recorder = arg;

	if (recorder->report_rc != FG_OK)
		return recorder->report_rc;
	must(recorder->reports_count < RECORDED_MAX);
	recorder->reports[recorder->reports_count++] = *report;
	if (!recorder->order)
		recorder->order = 'R';
	return FG_OK;
}

static enum fg_rc on_submit(void *arg, const struct fg_submission *submission)
{
	struct recorder *recorder = arg;
	struct recorder_submission *kept;

	if (recorder->submit_rc != FG_OK)
		return recorder->submit_rc;
	must(recorder->submissions_count < RECORDED_MAX);
	kept = &recorder->submissions[recorder->submissions_count++];
	kept->said = *submission;
	snprintf(kept->source, sizeof(kept->source), "%s", submission->source);
	snprintf(kept->destination, sizeof(kept->destination), "%s", submission->destination);
	snprintf(kept->text, sizeof(kept->text), "%.*s", (int)submission->text.len,
		 submission->text.len ? (const char *)submission->text.data : "");
	must(submission->key.len <= sizeof(kept->key));
	if (submission->key.len > 0)
		memcpy(kept->key, submission->key.data, submission->key.len);
	return FG_OK;
}

static void on_drained(void *arg)
{
	struct recorder *recorder = arg;

	recorder->drained++;
}

struct recorder *recorder_new(void *ctx)
{
	static const struct fg_host_ops ops = { .state = on_state,
						.outcome = on_outcome,
						.report = on_report,
						.submit = on_submit,
						.drained = on_drained };
	struct recorder *recorder = talloc_zero(ctx, struct recorder);

	must(recorder && fg_crypto_init() == FG_OK);
	fg_clear_allow_unlocked();
	must(fg_log_init(NULL, "test", getenv("FG_TEST_VERBOSE") ? "debug" : "error") == FG_OK);
	recorder->outcomes = talloc_zero_array(recorder, struct fg_job_outcome, RECORDED_MAX);
	recorder->submissions =
		talloc_zero_array(recorder, struct recorder_submission, RECORDED_MAX);
	recorder->host = fg_host_new(recorder, "test", &ops, recorder);
	must(recorder->outcomes && recorder->submissions && recorder->host);
	return recorder;
}

void recorder_job_make(unsigned n, const char *destination, const char *text,
		       struct recorder_job *out)
{
	struct fg_clear *clear = calloc(1, sizeof(*clear));

	memset(out, 0, sizeof(*out));
	must(clear && fg_clear_new(strlen(text) + 1, clear) == FG_OK);
	must(fg_clear_append(clear, text, strlen(text)) == FG_OK);
	must(fg_alphabet_plan(text, strlen(text), FG_TEXT_REFERENCE_16BIT, 255, &out->plan) ==
	     FG_OK);
	out->job.message_id.b[15] = (uint8_t)n;
	out->job.leg = 1;
	snprintf(out->job.destination, sizeof(out->job.destination), "%s", destination);
	snprintf(out->job.source, sizeof(out->job.source), "%s", "+12025550101");
	out->job.text = clear;
	out->job.alphabet = (uint8_t)out->plan.alphabet;
	out->job.parts = out->plan.parts;
	out->job.offsets = out->plan.offset;
	out->job.concat_ref = (uint16_t)(0x4200 + n);
	out->job.message_reference = (uint16_t)n;
	out->job.validity_s = 172800;
}

void recorder_give(struct recorder *recorder, unsigned n, const char *destination, const char *text)
{
	struct recorder_job job;

	recorder_job_make(n, destination, text, &job);
	fg_host_job_take(recorder->host, &job.job);
}

const struct fg_job_outcome *recorder_outcome(const struct recorder *recorder, unsigned n)
{
	const struct fg_job_outcome *found = NULL;

	for (unsigned i = 0; i < recorder->outcomes_count; i++) {
		if (recorder->outcomes[i].message_id.b[15] != n)
			continue;
		must(!found);
		found = &recorder->outcomes[i];
	}
	return found;
}

void recorder_conf(const char *adapter, struct fg_conf_links *out)
{
	static struct fg_conf conf;
	char text[256];
	int len = snprintf(text, sizeof(text),
			   "links = ( { name = \"test\"; adapter = \"%s\"; } );", adapter);

	(void)fg_conf_parse(text, (size_t)len, "test", &conf, NULL, NULL);
	must(conf.links_count == 1);
	*out = conf.links[0];
	out->rate = 100000; /* no test waits for it unless it says so */
	out->queue = 0;     /* credits are the window */
	out->per_minute = 60000;
	out->per_day = 1000;
}
