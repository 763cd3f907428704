/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Transcripts: what went over a line, one line of text for each piece,
 *
 *     TIME MODEM < "AT+CSQ\r"
 *     TIME MODEM > "\r\n+CSQ: 21,99\r\n\r\nOK\r\n"
 *
 * with the time in ms, "<" from the program and ">" from the modem, and \r \n \t \" \\ \xNN. A
 * recorded one can answer instead of the emulated modem, such as one that was made with a real one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Writing ---- */

struct record;

/*! A talloc child of ctx; NULL: the file cannot be written. */
struct record *record_new(void *ctx, const char *path);
void record_bytes(struct record *record, unsigned modem, uint64_t now_us, bool from_modem,
		  const void *octets, size_t len);
void record_flush(struct record *record);

/* ---- Answering ---- */

struct replay;

/*! What modem 0 of a transcript said is sent after the same line of the program: the next one like
 * it, and after the last one the first again; with the time between as it was. A line that is not in
 * it is answered with ERROR. NULL: text is no transcript. A talloc child of ctx; text is copied. */
struct replay *replay_new(void *ctx, const char *text,
			  void (*send)(void *arg, const void *octets, size_t len), void *arg);
void replay_bytes(struct replay *replay, const void *octets, size_t len);
void replay_run(struct replay *replay, uint64_t now_us);
bool replay_next(const struct replay *replay, uint64_t *due_us_out);

/*! Lines that the transcript does not have. */
uint64_t replay_missed(const struct replay *replay);
