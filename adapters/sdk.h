/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands between an adapter and whoever gives it jobs: the ledger that holds both to the
 * contract of adapter.h. In the process of a link adapters/host.c is behind it; in tests a
 * recorder. It knows neither frames nor sockets.
 */
#pragma once

#include "adapters/adapter.h"

struct fg_host_link_state {
	bool up;
	uint32_t credits;
	uint32_t in_flight;
	uint32_t carrier_code;
	char note[128];
	struct fg_link_more more;
};

/*! Where the adapter's answers go. */
struct fg_host_ops {
	void (*state)(void *arg, const struct fg_host_link_state *state);
	void (*outcome)(void *arg, const struct fg_job_outcome *outcome);
	/*! FG_OK: fg_host_stored() follows; FG_E_IPC_FULL: not now. */
	enum fg_rc (*report)(void *arg, const struct fg_delivery_report *report);
	void (*drained)(void *arg);
	/* For adapters that take messages in; NULL where nobody is there to take them on. */
	enum fg_rc (*submit)(void *arg, const struct fg_submission *submission);
	enum fg_rc (*ask)(void *arg, const struct fg_app_question *question);
	void (*told)(void *arg, const char *account, const struct fg_id *message_id, bool final,
		     enum fg_outcome outcome);
	void (*bound)(void *arg, const char *account, uint16_t receivers, uint32_t credits);
	/*! For adapters with a device: fg_host_device() follows; NULL where there are none. */
	void (*device)(void *arg, unsigned nth);
};

/*! A host without adapter, a talloc child of ctx. NULL without memory. */
struct fg_adapter_host *fg_host_new(void *ctx, const char *name, const struct fg_host_ops *ops,
				    void *arg);

/*! A file for the adapter, before it is opened; closed with the host when it does not take it. */
void fg_host_set_file(struct fg_adapter_host *host, enum fg_role_file kind, int fd_take);

/*! The configuration with the accounts, borrowed, before the adapter is opened. */
void fg_host_set_conf(struct fg_adapter_host *host, const struct fg_conf *conf);

/*! What adapter.h says of prepare and adopt; FG_OK and nothing for an adapter without them. */
enum fg_rc fg_host_prepare(struct fg_adapter_host *host, const struct fg_conf *next,
			   char why[static FG_ADAPTER_WHY_MAX]);
void fg_host_adopt(struct fg_adapter_host *host, bool adopt);

/*! Open the adapter. \return what ops->open gave; FG_E_STATE when one is open. */
enum fg_rc fg_host_open(struct fg_adapter_host *host, const struct fg_adapter_ops *adapter,
			struct fg_loop *loop, const struct fg_conf_links *conf);

/*! Give a job; its text is taken over in every case. Exactly one outcome follows: by the adapter if
 * it took the job, else from here: failed with FG_E_LINK_CREDIT beyond the credits, deferred with
 * FG_E_LINK_DOWN while the link is down. O(1). */
void fg_host_job_take(struct fg_adapter_host *host, const struct fg_job *job);
void fg_host_stored(struct fg_adapter_host *host, uint64_t token);
/*! Whoever stores and answers has come or has gone (fg_adapter_ops.reach). */
void fg_host_reach(struct fg_adapter_host *host, bool there);
/*! What became of a submission, of a question, and what an application is to be told. An adapter that takes no messages in
 *  ignores the first two and leaves the third untold. */
void fg_host_taken(struct fg_adapter_host *host, uint64_t token, const struct fg_id *message_id,
		   enum fg_rc rc);
void fg_host_answer(struct fg_adapter_host *host, const struct fg_app_answer *answer);
void fg_host_receipt(struct fg_adapter_host *host, const struct fg_app_receipt *receipt);
/*! The answer to ops->device: the descriptor, taken over in every case, or -1 and why. */
void fg_host_device(struct fg_adapter_host *host, int fd_take, bool more, const char *why);
void fg_host_drain(struct fg_adapter_host *host);

/*! Close the adapter. A job that it forgot gets the outcome unknown, and counts as a bug. */
void fg_host_close(struct fg_adapter_host *host);

/*! Jobs that the adapter took and that have no outcome yet. */
size_t fg_host_open_jobs(const struct fg_adapter_host *host);

/*! Breaches of the contract since the start, on either side. Each was logged. */
unsigned fg_host_bugs(const struct fg_adapter_host *host);

/*! Wipe and free a job's text. NULL is harmless. */
void fg_job_text_free(struct fg_clear *text_take);

/*! An outcome for the whole job, every part in state part_state and without a reference. */
void fg_job_outcome_whole(const struct fg_job *job, enum fg_outcome outcome, enum fg_rc rc,
			  enum fg_part_state part_state, struct fg_job_outcome *outcome_out);
