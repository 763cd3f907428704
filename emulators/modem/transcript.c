/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/modem/transcript.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "emulators/common/due.h"

enum { PIECE_CAP = 2048, LINE_CAP = 4096, CTRL_Z = 0x1a, ESC = 0x1b };

/* ---- Writing ---- */

struct record {
	FILE *file;
	unsigned modem;
	bool from_modem;
	bool whole; /* a line of the program; LF may follow */
	uint64_t time_us;
	size_t len;
	uint8_t piece[PIECE_CAP];
};

static void put_octet(FILE *file, uint8_t octet)
{
	if (octet == '\r')
		fputs("\\r", file);
	else if (octet == '\n')
		fputs("\\n", file);
	else if (octet == '"' || octet == '\\')
		fprintf(file, "\\%c", octet);
	else if (octet < 0x20 || octet >= 0x7f)
		fprintf(file, "\\x%02x", octet);
	else
		fputc(octet, file);
}

static void put_piece(struct record *record)
{
	record->whole = false;
	if (record->len == 0)
		return;
	fprintf(record->file, "%" PRIu64 " %u %c \"", record->time_us / 1000, record->modem,
		record->from_modem ? '>' : '<');
	for (size_t i = 0; i < record->len; i++)
		put_octet(record->file, record->piece[i]);
	fputs("\"\n", record->file);
	record->len = 0;
}

static int record_destroy(struct record *record)
{
	put_piece(record);
	fclose(record->file);
	return 0;
}

struct record *record_new(void *ctx, const char *path)
{
	struct record *record = talloc_zero(ctx, struct record);

	if (!record)
		return NULL;
	record->file = fopen(path, "we");
	if (!record->file) {
		talloc_free(record);
		return NULL;
	}
	talloc_set_destructor(record, record_destroy);
	return record;
}

static bool ends_line(uint8_t octet)
{
	return octet == '\r' || octet == CTRL_Z || octet == ESC;
}

void record_bytes(struct record *record, unsigned modem, uint64_t now_us, bool from_modem,
		  const void *octets, size_t len)
{
	if (record->modem != modem || record->from_modem != from_modem)
		put_piece(record);
	for (size_t i = 0; i < len; i++) {
		if (record->whole && ((const uint8_t *)octets)[i] != '\n')
			put_piece(record);
		if (record->len == 0) {
			record->modem = modem;
			record->from_modem = from_modem;
			record->time_us = now_us;
		}
		record->piece[record->len++] = ((const uint8_t *)octets)[i];
		record->whole |= !from_modem && ends_line(((const uint8_t *)octets)[i]);
		if (record->len == PIECE_CAP)
			put_piece(record);
	}
}

void record_flush(struct record *record)
{
	if (record->from_modem)
		put_piece(record);
	fflush(record->file);
}

/* ---- Reading ---- */

struct piece {
	uint64_t time_ms;
	bool from_modem;
	size_t len;
	uint8_t *at;
};

struct said {
	struct emu_due due;
	size_t len;
	uint8_t octets[];
};

struct replay {
	struct piece *pieces;
	size_t count, next; /* the piece behind the last one that was met */
	void (*send)(void *arg, const void *octets, size_t len);
	void *arg;
	struct emu_heap heap;
	uint64_t now_us, missed;
	size_t len;
	uint8_t line[LINE_CAP];
};

static size_t unescape(const char *text, uint8_t *out)
{
	size_t len = 0;

	for (; *text && *text != '"'; text++) {
		unsigned octet = (uint8_t)*text;

		if (*text == '\\' && text[1]) {
			text++;
			octet = *text == 'r'   ? '\r'
				: *text == 'n' ? '\n'
				: *text == 't' ? '\t'
					       : (uint8_t)*text;
			if (*text == 'x' && isxdigit((unsigned char)text[1]) &&
			    isxdigit((unsigned char)text[2]) &&
			    sscanf(text + 1, "%2x", &octet) == 1)
				text += 2;
		}
		out[len++] = (uint8_t)octet;
	}
	return len;
}

/* What is compared: some programs send LF behind CR, or before a PDU. */
static size_t without_lf(uint8_t *octets, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (octets[i] != '\n')
			octets[kept++] = octets[i];
	return kept;
}

/* One line; those of other modems are passed over. False: it is none. */
static bool read_piece(struct replay *replay, char *line)
{
	struct piece *piece = &replay->pieces[replay->count];
	unsigned modem;
	char direction;
	int at = 0;

	if (line[0] == '\0' || line[0] == '#')
		return true;
	if (sscanf(line, "%" SCNu64 " %u %c \"%n", &piece->time_ms, &modem, &direction, &at) != 3 ||
	    at == 0 || (direction != '<' && direction != '>'))
		return false;
	if (modem != 0)
		return true;
	piece->from_modem = direction == '>';
	piece->at = talloc_size(replay, strlen(line + at) + 1);
	if (!piece->at)
		return false;
	piece->len = unescape(line + at, piece->at);
	if (!piece->from_modem)
		piece->len = without_lf(piece->at, piece->len);
	replay->count++;
	return true;
}

static bool read_all(struct replay *replay, char *text)
{
	size_t lines = 1;
	char *save = NULL;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	replay->pieces = talloc_zero_array(replay, struct piece, (unsigned)lines);
	if (!replay->pieces)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!read_piece(replay, line))
			return false;
	return replay->count > 0;
}

static int replay_destroy(struct replay *replay)
{
	while (replay->heap.count > 0)
		free(emu_heap_take(&replay->heap));
	free(replay->heap.at);
	return 0;
}

struct replay *replay_new(void *ctx, const char *text,
			  void (*send)(void *arg, const void *octets, size_t len), void *arg)
{
	struct replay *replay = talloc_zero(ctx, struct replay);
	char *copy = replay ? talloc_strdup(replay, text) : NULL;

	if (!copy || !read_all(replay, copy)) {
		talloc_free(replay);
		return NULL;
	}
	talloc_set_destructor(replay, replay_destroy);
	replay->send = send;
	replay->arg = arg;
	return replay;
}

/* ---- Answering ---- */

bool replay_next(const struct replay *replay, uint64_t *due_us_out)
{
	return emu_heap_next(&replay->heap, due_us_out);
}

void replay_run(struct replay *replay, uint64_t now_us)
{
	uint64_t due_us;

	replay->now_us = now_us;
	while (replay_next(replay, &due_us) && due_us <= now_us) {
		struct said *said = (struct said *)emu_heap_take(&replay->heap);

		replay->send(replay->arg, said->octets, said->len);
		free(said);
	}
}

uint64_t replay_missed(const struct replay *replay)
{
	return replay->missed;
}

static void say_later(struct replay *replay, const struct piece *piece, uint64_t after_ms)
{
	struct said *said = malloc(sizeof(*said) + piece->len);

	if (!said)
		return;
	said->len = piece->len;
	memcpy(said->octets, piece->at, piece->len);
	if (!emu_heap_add(&replay->heap, &said->due, replay->now_us + after_ms * 1000))
		free(said);
}

/* What the modem said up to the next line of the program. */
static void answer(struct replay *replay, size_t asked)
{
	uint64_t time_ms = replay->pieces[asked].time_ms;
	size_t i = asked + 1;

	for (; i < replay->count && replay->pieces[i].from_modem; i++)
		say_later(replay, &replay->pieces[i],
			  replay->pieces[i].time_ms > time_ms ? replay->pieces[i].time_ms - time_ms
							      : 0);
	replay->next = i;
}

static bool same(const struct piece *piece, const uint8_t *line, size_t len)
{
	return !piece->from_modem && piece->len == len && memcmp(piece->at, line, len) == 0;
}

static void take_line(struct replay *replay)
{
	for (size_t i = 0; i < replay->count; i++) {
		size_t at = (replay->next + i) % replay->count;

		if (same(&replay->pieces[at], replay->line, replay->len)) {
			answer(replay, at);
			return;
		}
	}
	replay->missed++;
	replay->send(replay->arg, "\r\nERROR\r\n", 9);
}

void replay_bytes(struct replay *replay, const void *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = ((const uint8_t *)octets)[i];

		if (octet != '\n' && replay->len < LINE_CAP)
			replay->line[replay->len++] = octet;
		if (!ends_line(octet))
			continue;
		take_line(replay);
		replay->len = 0;
	}
	replay_run(replay, replay->now_us);
}
