/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An append-only file of records that are either whole or not there: u32 length, first 8 bytes of the SHA-256 of the payload, payload.
 * A length of 0 ends them: what follows are zeros, written ahead so that a record changes bytes of the file and not its size or its blocks,
 * which makes fdatasync twice as fast (docs/decisions/0026-journals-written-ahead.md). A file without zeros is read and continued as well.
 * Appends gather in memory; fg_journal_sync() writes and makes them durable with one fdatasync. A tail torn by a crash is cut
 * off at open: it was never answered for.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"

enum { FG_JOURNAL_RECORD_MAX = 4 * 1024 * 1024 };

struct fg_journal;

/*! One record at open; data borrowed. offset: where the payload lies, for fg_journal_read(). Anything but FG_OK ends the opening with it. */
typedef enum fg_rc (*fg_journal_record_cb)(const uint8_t *data, size_t len, uint64_t offset,
					   void *arg);

/*! Open or create, mode 0600; read every record; cut a torn tail.
 *  \param[in]  ctx      talloc parent; freeing the journal closes it and forgets what was not synced.
 *  \param[out] torn_out bytes that were cut off.
 *  \return FG_OK; FG_E_LOG_IO; FG_E_NO_MEMORY; what the callback returned. */
enum fg_rc fg_journal_open(void *ctx, const char *path, fg_journal_record_cb record, void *arg,
			   struct fg_journal **journal_out, uint64_t *torn_out);

/*! An empty journal at path with ".new" at its end, to take the place of the one at path by fg_journal_replace(). */
enum fg_rc fg_journal_create(void *ctx, const char *path, struct fg_journal **journal_out);

/*! Sync, rename over the old one, sync the folder. FG_OK or FG_E_LOG_IO. */
enum fg_rc fg_journal_replace(struct fg_journal *journal);

/*! Gather a record for the next sync.
 *  \param[out] offset_out where the payload will lie.
 *  \return FG_OK; FG_E_ARG without a byte; FG_E_TOO_LONG; FG_E_NO_MEMORY. */
enum fg_rc fg_journal_append(struct fg_journal *journal, const void *data, size_t len,
			     uint64_t *offset_out);

/*! Make durable all that was appended. After FG_E_LOG_IO nothing is known of the file: end the process, recovery reads the disk. */
enum fg_rc fg_journal_sync(struct fg_journal *journal);

/*! Zeros for the records to come, when few are left; costs no sync. For a moment at which nobody waits. A disk that has no room for them is
 *  no error: the file then grows by each record as long as it can. */
void fg_journal_write_ahead(struct fg_journal *journal);

/*! Read len bytes of a payload, synced or not. FG_OK or FG_E_LOG_IO. */
enum fg_rc fg_journal_read(const struct fg_journal *journal, uint64_t offset, void *out,
			   size_t len);

/*! Read the whole payload at an offset that was given for one, up to cap bytes. FG_OK; FG_E_LOG_IO, also when it is not what was written. */
enum fg_rc fg_journal_read_record(const struct fg_journal *journal, uint64_t offset, void *out,
				  size_t cap, size_t *len_out);

uint64_t fg_journal_waiting(const struct fg_journal *journal); /*!< bytes for the next sync */

/*! Sync the folder that holds path, so that a rename in it survives a crash. FG_OK or FG_E_LOG_IO. */
enum fg_rc fg_journal_sync_folder(const char *path);
