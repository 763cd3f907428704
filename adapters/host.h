/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process of one clear-side link: frames of the vault become jobs, what the adapter answers
 * becomes frames. The contract itself is held by sdk.h; here is only the translation, and the role
 * that runs it.
 */
#pragma once

#include "adapters/sdk.h"
#include "lib/ipc/frame.h"

enum { FG_HOST_REFS_MAX = 8192, FG_HOST_TEXT_MAX = 16384 };

/*! A JOB frame as a job. offsets has room for FG_PARTS_MAX and is borrowed by the job.
 *  \param[out] job_out  its text is owned by the caller.
 *  \return FG_OK; FG_E_IPC_FRAME for parts, offsets or addresses that do not fit together;
 * FG_E_NO_MEMORY, FG_E_LOCKED_MEMORY. */
enum fg_rc fg_host_job_from_frame(const struct fg_ipc_job *frame,
				  uint32_t offsets[static FG_PARTS_MAX], struct fg_job *job_out);

/*! An outcome as an OUTCOME frame. refs: one octet with the length and as many octets for each
 * part; a reference that no longer fits into refs is left empty (user_message_reference still finds
 * its report). frame_out borrows both. */
void fg_host_outcome_to_frame(const struct fg_job_outcome *outcome,
			      uint8_t refs[static FG_HOST_REFS_MAX], struct fg_frame *frame_out);

/*! Room for the texts of a receipt. */
struct fg_host_receipt_texts {
	char account[33], source[33], destination[33];
};

/*! An APP_RECEIPT frame as a receipt, which borrows texts. FG_OK; FG_E_IPC_FRAME for a text with a NUL. */
enum fg_rc fg_host_receipt_from_frame(const struct fg_ipc_app_receipt *frame,
				      struct fg_host_receipt_texts *texts,
				      struct fg_app_receipt *receipt_out);

/*! Run the link with that index in the configuration as a role (lib/ipc/role.h). \return the exit
 * code of the process. */
int fg_link_main(int fd, unsigned link);
