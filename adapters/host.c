/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/host.h"

#include <stdlib.h>
#include <string.h>
#include "lib/base/cursor.h"
#include "lib/crypto/clear.h"

static bool copy_text(const struct fg_bytes *from, char *out, size_t cap)
{
	if (from->len >= cap || (from->len > 0 && memchr(from->data, 0, from->len)))
		return false;
	if (from->len > 0)
		memcpy(out, from->data, from->len);
	out[from->len] = '\0';
	return true;
}

/* Parts begin at 0, never run backwards, and lie inside the text. */
static bool read_offsets(const struct fg_ipc_job *frame, uint32_t *offsets)
{
	struct fg_cursor cur;
	uint32_t before = 0;

	fg_cursor_init(&cur, frame->offsets.data, frame->offsets.len);
	for (unsigned i = 0; i < frame->parts; i++) {
		offsets[i] = fg_cursor_u32(&cur);
		if (offsets[i] < before || offsets[i] > frame->text.len ||
		    (i == 0 && offsets[i] != 0))
			return false;
		before = offsets[i];
	}
	return frame->parts > 0 && fg_cursor_end(&cur) == FG_OK;
}

static enum fg_rc copy_clear(const struct fg_bytes *text, struct fg_clear **clear_out)
{
	struct fg_clear *clear = calloc(1, sizeof(*clear));
	enum fg_rc rc = clear ? fg_clear_new(text->len > 0 ? text->len : 1, clear) : FG_E_NO_MEMORY;

	if (rc == FG_OK)
		rc = fg_clear_append(clear, text->data, text->len);
	if (rc != FG_OK) {
		fg_job_text_free(clear);
		return rc;
	}
	*clear_out = clear;
	return FG_OK;
}

enum fg_rc fg_host_job_from_frame(const struct fg_ipc_job *frame,
				  uint32_t offsets[static FG_PARTS_MAX], struct fg_job *job_out)
{
	struct fg_job job = {
		.message_id = frame->message_id,
		.leg = frame->leg,
		.alphabet = frame->alphabet,
		.parts = frame->parts,
		.offsets = offsets,
		.concat_ref = frame->concat_ref,
		.message_reference = frame->message_reference,
		.validity_s = frame->validity_s,
		.flags = frame->flags,
		.protocol_id = frame->protocol_id,
	};
	enum fg_rc rc;

	if (!copy_text(&frame->destination, job.destination, sizeof(job.destination)) ||
	    !copy_text(&frame->source, job.source, sizeof(job.source)) ||
	    !read_offsets(frame, offsets))
		return FG_E_IPC_FRAME;
	rc = copy_clear(&frame->text, &job.text);
	if (rc == FG_OK)
		*job_out = job;
	return rc;
}

void fg_host_outcome_to_frame(const struct fg_job_outcome *outcome,
			      uint8_t refs[static FG_HOST_REFS_MAX], struct fg_frame *frame_out)
{
	size_t at = 0;

	for (unsigned i = 0; i < outcome->parts; i++) {
		size_t len = strlen(outcome->ref[i]);
		size_t left_parts = outcome->parts - i; /* each needs at least its length octet */

		if (at + len + left_parts > FG_HOST_REFS_MAX)
			len = 0;
		refs[at++] = (uint8_t)len;
		memcpy(refs + at, outcome->ref[i], len);
		at += len;
	}
	*frame_out = (struct fg_frame){ .type = FG_IPC_OUTCOME };
	frame_out->outcome.message_id = outcome->message_id;
	frame_out->outcome.leg = outcome->leg;
	frame_out->outcome.outcome = (uint8_t)outcome->outcome;
	frame_out->outcome.rc = (uint16_t)outcome->rc;
	frame_out->outcome.carrier_code = outcome->carrier_code;
	frame_out->outcome.parts = FG_BYTES(outcome->part_state, outcome->parts);
	frame_out->outcome.refs = FG_BYTES(refs, at);
}

enum fg_rc fg_host_receipt_from_frame(const struct fg_ipc_app_receipt *frame,
				      struct fg_host_receipt_texts *texts,
				      struct fg_app_receipt *receipt_out)
{
	if (!copy_text(&frame->account, texts->account, sizeof(texts->account)) ||
	    !copy_text(&frame->source, texts->source, sizeof(texts->source)) ||
	    !copy_text(&frame->destination, texts->destination, sizeof(texts->destination)))
		return FG_E_IPC_FRAME;
	*receipt_out = (struct fg_app_receipt){ .account = texts->account,
						.message_id = frame->message_id,
						.source = texts->source,
						.destination = texts->destination,
						.state = frame->state,
						.final = frame->final != 0,
						.error = frame->error,
						.protection = frame->protection,
						.bearer = frame->bearer,
						.reason = frame->reason,
						.segments = frame->segments,
						.has_reference = frame->has_reference != 0,
						.reference = frame->reference,
						.submit_ms = frame->submit_ms,
						.done_ms = frame->done_ms };
	return FG_OK;
}
