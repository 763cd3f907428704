/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A host that remembers what an adapter said, and jobs for it.
 */
#pragma once

#include "adapters/sdk.h"
#include "lib/wire/alphabet.h"

enum { RECORDED_MAX = 64 };

struct recorder {
	struct fg_adapter_host *host;
	struct fg_host_link_state state;
	unsigned states;
	struct fg_job_outcome *outcomes; /* [RECORDED_MAX] */
	unsigned outcomes_count;
	struct fg_delivery_report reports[RECORDED_MAX];
	unsigned reports_count;
	struct recorder_submission {
		struct fg_submission said; /* its texts are these: */
		char source[65], destination[65], text[1024];
		uint8_t key[64];
	} * submissions; /* [RECORDED_MAX] */
	unsigned submissions_count;
	enum fg_rc submit_rc; /* what the host answers to messages that come in */
	unsigned drained;
	enum fg_rc report_rc; /* what the host answers to reports */
	unsigned order;       /* of the first outcome and the first report: 'O' or 'R' came first */
};

/*! A recorder with its host, a talloc child of ctx. Clear text may be unlocked from now on. */
struct recorder *recorder_new(void *ctx);

struct recorder_job {
	struct fg_job job;
	struct fg_text_plan plan;
};

/*! A job with the number n as its id. The job's text is new and to be taken. */
void recorder_job_make(unsigned n, const char *destination, const char *text,
		       struct recorder_job *out);

/*! Make and give it. */
void recorder_give(struct recorder *recorder, unsigned n, const char *destination,
		   const char *text);

/*! The outcome of job n; NULL when there is none. Two of them fail the test. */
const struct fg_job_outcome *recorder_outcome(const struct recorder *recorder, unsigned n);

/*! Configuration as it is by default. */
void recorder_conf(const char *adapter, struct fg_conf_links *out);
