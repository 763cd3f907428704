/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of lib/wire/tpdu share: fields inside a TPDU. Cursors and writers keep the first failure.
 */
#pragma once

#include "lib/base/cursor.h"
#include "lib/wire/tpdu.h"

enum { FG_TPDU_TIME_LEN = 7 }; /* 9.2.3.11 */

void fg_tpdu_write_fail(struct fg_writer *w, enum fg_rc rc);

void fg_tpdu_read_address(struct fg_cursor *cur, struct fg_tpdu_address *out);
void fg_tpdu_write_address(struct fg_writer *w, const struct fg_tpdu_address *address);

void fg_tpdu_read_time(struct fg_cursor *cur, struct fg_tpdu_time *out);
void fg_tpdu_write_time(struct fg_writer *w, const struct fg_tpdu_time *time);

void fg_tpdu_read_validity(struct fg_cursor *cur, uint8_t format, struct fg_tpdu_validity *out);
void fg_tpdu_write_validity(struct fg_writer *w, const struct fg_tpdu_validity *validity);

/*! TP-UDL and TP-UD. */
void fg_tpdu_read_ud(struct fg_cursor *cur, uint8_t dcs, bool header, struct fg_tpdu_ud *out);
void fg_tpdu_write_ud(struct fg_writer *w, uint8_t dcs, const struct fg_tpdu_ud *ud);

/*! TS 23.038, 6.1.2.1: count septets from bit onwards, the least significant first. */
void fg_tpdu_unpack_septets(const uint8_t *octets, size_t bit, size_t count, uint8_t *out);

/*! The same the other way; writes whole octets from bit / 8 on, which the caller has cleared when bit is within one. */
void fg_tpdu_pack_septets(const uint8_t *septets, size_t count, size_t bit, uint8_t *out);
