/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stand-ins for the files that carry messages, for the tests of those that do not.
 */
#include "tests/core/fixture.h"
#include "gateway/core/job.h"

void fg_message_submit(struct fg_core *c, struct fg_session *s, uint64_t r,
		       const Fallgate__Submit *m)
{
	(void)m;
	fg_session_done(c, s, r);
}
void fg_message_decide(struct fg_core *c, struct fg_session *s, uint64_t r,
		       const Fallgate__Decide *m)
{
	(void)m;
	fg_session_done(c, s, r);
}
void fg_message_cancel(struct fg_core *c, struct fg_session *s, uint64_t r,
		       const Fallgate__CancelRequest *m)
{
	(void)m;
	fg_session_done(c, s, r);
}
void fg_message_status(struct fg_core *c, struct fg_session *s, uint64_t r,
		       const Fallgate__GetStatus *m)
{
	(void)m;
	fg_session_done(c, s, r);
}
void fg_message_head(struct fg_core *c, struct fg_session *s, uint64_t r, uint64_t n)
{
	(void)n;
	fg_session_done(c, s, r);
}
void fg_message_explain(struct fg_core *c, const struct fg_id *i, fg_text_cb done, void *arg)
{
	(void)c;
	(void)i;
	done("", arg);
}
void fg_message_explain_handle(struct fg_core *c, const struct fg_handle *h, fg_text_cb done,
			       void *arg)
{
	(void)c;
	(void)h;
	done("", arg);
}
enum fg_rc fg_jobs_start(struct fg_core *c)
{
	(void)c;
	return FG_OK;
}
void fg_jobs_stop(struct fg_core *c)
{
	(void)c;
}
void fg_jobs_logged(struct fg_core *c, const struct fg_ipc_logged *f)
{
	(void)c;
	(void)f;
}
void fg_jobs_refused(struct fg_core *c, const struct fg_ipc_refused *f, bool v)
{
	(void)c;
	(void)f;
	(void)v;
}
void fg_jobs_leg(struct fg_core *c, const struct fg_ipc_leg *f)
{
	(void)c;
	(void)f;
}
void fg_jobs_report(struct fg_core *c, const struct fg_ipc_dlr *f)
{
	(void)c;
	(void)f;
}
void fg_jobs_head(struct fg_core *c, const struct fg_ipc_head *f)
{
	(void)c;
	(void)f;
}
void fg_jobs_chain_changed(struct fg_core *c, bool r)
{
	(void)c;
	(void)r;
}

void fg_message_acked(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN],
		      struct fg_bytes ack, const struct fg_id *ids, size_t count,
		      fg_message_acked_cb done, void *arg)
{
	(void)core;
	(void)device_id;
	(void)ids;
	assert_true(ack.len > 0);
	fixture_current->acked += count;
	done(fixture_current->acked_rc, arg);
}
