/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "adapters/modem/state.h"

#include <string.h>
#include <unistd.h>
#include <talloc.h>
#include "lib/base/cursor.h"
#include "lib/crypto/clear.h"

/* The file: the head, then a row for each place. All integers big-endian. */
enum {
	SIMS_MAX = 4,
	SIM_LEN = FG_MODEM_SIM_MAX + 2,
	SECRET_LEN = 32,
	HEAD_LEN = 192,
	ROW_LEN = 16,
	DAY_MS = 86400000,
	NEAR_MS = 15 * 60 * 1000, /* between us and the SMSC, for those without reference (ours) */
};
static const char magic[] = "fallgate-modem 1";

struct fg_modem_state {
	int fd;
	uint8_t secret[SECRET_LEN];
	char sims[SIMS_MAX][SIM_LEN]; /* "" free; the first octet of the unnamed SIM is "?" */
	uint64_t day;
	uint32_t segments;
	uint32_t next;                                /* place */
	struct fg_modem_sent sent[FG_MODEM_SENT_MAX]; /* sent_ms 0: free */
};

uint32_t fg_modem_hash(const char *number)
{
	uint32_t hash = 2166136261u; /* FNV-1a; of digits alone, since reports have "+" or not */

	for (const char *at = number; *at; at++)
		if (*at != '+')
			hash = (hash ^ (uint8_t)*at) * 16777619u;
	return hash;
}

/* ---- the file ---- */

static bool write_at(const struct fg_modem_state *state, const uint8_t *data, size_t len,
		     size_t offset)
{
	return state->fd >= 0 && lseek(state->fd, (off_t)offset, SEEK_SET) == (off_t)offset &&
	       write(state->fd, data, len) == (ssize_t)len;
}

static bool write_head(const struct fg_modem_state *state)
{
	uint8_t head[HEAD_LEN] = { 0 };
	struct fg_writer w;

	fg_writer_init(&w, head, sizeof(head));
	fg_writer_bytes(&w, (const uint8_t *)magic, sizeof(magic) - 1);
	fg_writer_u64(&w, state->day);
	fg_writer_u32(&w, state->segments);
	fg_writer_u32(&w, state->next);
	fg_writer_bytes(&w, (const uint8_t *)state->sims, sizeof(state->sims));
	fg_writer_bytes(&w, state->secret, sizeof(state->secret));
	return w.rc == FG_OK && write_at(state, head, sizeof(head), 0);
}

static void write_row(const struct fg_modem_state *state, unsigned place)
{
	const struct fg_modem_sent *sent = &state->sent[place];
	uint8_t row[ROW_LEN];
	struct fg_writer w;

	fg_writer_init(&w, row, sizeof(row));
	fg_writer_u64(&w, sent->sent_ms);
	fg_writer_u32(&w, sent->recipient);
	fg_writer_u16(&w, sent->reference);
	fg_writer_u16(&w, sent->message_reference);
	(void)write_at(state, row, sizeof(row), HEAD_LEN + (size_t)place * ROW_LEN);
}

static bool read_head(struct fg_modem_state *state, struct fg_cursor *cur)
{
	const uint8_t *seen = fg_cursor_bytes(cur, sizeof(magic) - 1);

	if (!seen || memcmp(seen, magic, sizeof(magic) - 1) != 0)
		return false;
	state->day = fg_cursor_u64(cur);
	state->segments = fg_cursor_u32(cur);
	state->next = fg_cursor_u32(cur) & (FG_MODEM_SENT_MAX - 1);
	fg_cursor_copy(cur, state->sims, sizeof(state->sims));
	for (unsigned i = 0; i < SIMS_MAX; i++)
		state->sims[i][SIM_LEN - 1] = '\0';
	fg_cursor_copy(cur, state->secret, sizeof(state->secret));
	(void)fg_cursor_bytes(cur, HEAD_LEN - fg_cursor_pos(cur));
	return cur->rc == FG_OK;
}

static void read_rows(struct fg_modem_state *state, struct fg_cursor *cur)
{
	for (unsigned i = 0; i < FG_MODEM_SENT_MAX && fg_cursor_left(cur) >= ROW_LEN; i++) {
		struct fg_modem_sent *sent = &state->sent[i];

		sent->sent_ms = fg_cursor_u64(cur);
		sent->recipient = fg_cursor_u32(cur);
		sent->reference = fg_cursor_u16(cur);
		sent->message_reference = fg_cursor_u16(cur);
	}
}

static void read_file(struct fg_modem_state *state)
{
	static uint8_t octets[HEAD_LEN + FG_MODEM_SENT_MAX * ROW_LEN];
	struct fg_cursor cur;
	size_t len = 0;
	ssize_t n = lseek(state->fd, 0, SEEK_SET) == 0 ? 1 : -1;

	while (n > 0 && len < sizeof(octets)) {
		n = read(state->fd, octets + len, sizeof(octets) - len);
		len += n > 0 ? (size_t)n : 0;
	}
	fg_cursor_init(&cur, octets, len);
	if (read_head(state, &cur))
		read_rows(state, &cur);
	else
		(void)write_head(state);
}

static int state_destroy(struct fg_modem_state *state)
{
	if (state->fd >= 0)
		close(state->fd);
	return 0;
}

struct fg_modem_state *fg_modem_state_new(void *ctx, int fd_take)
{
	struct fg_modem_state *state = talloc_zero(ctx, struct fg_modem_state);

	if (!state) {
		if (fd_take >= 0)
			close(fd_take);
		return NULL;
	}
	state->fd = fd_take;
	fg_random(state->secret, sizeof(state->secret));
	talloc_set_destructor(state, state_destroy);
	if (state->fd >= 0)
		read_file(state);
	return state;
}

void fg_modem_state_key(const struct fg_modem_state *state, const void *octets, size_t len,
			uint8_t out[static FG_MODEM_KEY_LEN])
{
	const struct fg_piece piece = { octets, len };
	struct fg_hash hash =
		fg_hmac_sha256_pieces(state->secret, sizeof(state->secret), &piece, 1);

	memcpy(out, hash.b, FG_MODEM_KEY_LEN);
}

/* ---- PINs ---- */

static void sim_name(const char *sim, char out[static SIM_LEN])
{
	memset(out, 0, SIM_LEN);
	memcpy(out, *sim ? sim : "?", strnlen(*sim ? sim : "?", SIM_LEN - 1));
}

static int sim_find(const struct fg_modem_state *state, const char *name)
{
	for (int i = 0; i < SIMS_MAX; i++)
		if (strcmp(state->sims[i], name) == 0)
			return i;
	return -1;
}

bool fg_modem_state_pin_tried(const struct fg_modem_state *state, const char *sim)
{
	char name[SIM_LEN];

	sim_name(sim, name);
	return sim_find(state, name) >= 0;
}

enum fg_rc fg_modem_state_pin_trying(struct fg_modem_state *state, const char *sim)
{
	int place = sim_find(state, "");

	if (place < 0)
		return FG_E_SYSTEM;
	sim_name(sim, state->sims[place]);
	if (write_head(state) && fdatasync(state->fd) == 0)
		return FG_OK;
	return FG_E_SYSTEM;
}

void fg_modem_state_pin_good(struct fg_modem_state *state, const char *sim)
{
	char name[SIM_LEN];
	int place;

	sim_name(sim, name);
	place = sim_find(state, name);
	if (place < 0)
		return;
	memset(state->sims[place], 0, SIM_LEN);
	(void)write_head(state);
}

/* ---- the day ---- */

uint32_t fg_modem_state_today(const struct fg_modem_state *state, uint64_t wall_ms)
{
	/* a clock that went back gives no second day's worth */
	return wall_ms / DAY_MS > state->day ? 0 : state->segments;
}

void fg_modem_state_count(struct fg_modem_state *state, uint64_t wall_ms, uint32_t segments)
{
	state->segments = fg_modem_state_today(state, wall_ms) + segments;
	if (wall_ms / DAY_MS > state->day)
		state->day = wall_ms / DAY_MS;
	(void)write_head(state);
}

/* ---- what was sent ---- */

unsigned fg_modem_state_sent_add(struct fg_modem_state *state, const struct fg_modem_sent *sent)
{
	unsigned place = state->next;

	state->next = (state->next + 1) & (FG_MODEM_SENT_MAX - 1);
	state->sent[place] = *sent;
	write_row(state, place);
	return place; /* next reaches the file with the count of the day */
}

void fg_modem_state_sent_told(struct fg_modem_state *state, unsigned place, uint8_t reference)
{
	state->sent[place].reference = reference;
	write_row(state, place);
}

void fg_modem_state_sent_drop(struct fg_modem_state *state, unsigned place)
{
	state->sent[place] = (struct fg_modem_sent){ 0 };
	write_row(state, place);
}

void fg_modem_state_sent_reported(struct fg_modem_state *state, unsigned place, uint8_t reference)
{
	state->sent[place].reference = FG_MODEM_REPORTED | reference;
	write_row(state, place);
}

const struct fg_modem_sent *fg_modem_state_sent_at(const struct fg_modem_state *state,
						   unsigned place)
{
	return &state->sent[place];
}

static uint64_t distance(const struct fg_modem_sent *sent, uint64_t smsc_ms)
{
	if (smsc_ms == 0)
		return UINT64_MAX - sent->sent_ms; /* the newest */
	return sent->sent_ms > smsc_ms ? sent->sent_ms - smsc_ms : smsc_ms - sent->sent_ms;
}

static int find(const struct fg_modem_state *state, uint16_t reference, uint32_t recipient,
		uint64_t smsc_ms, uint64_t most_ms)
{
	uint64_t best = UINT64_MAX;
	int place = -1;

	for (int i = 0; i < FG_MODEM_SENT_MAX; i++) {
		const struct fg_modem_sent *sent = &state->sent[i];
		uint64_t off = distance(sent, smsc_ms);

#ifndef FG_MUTANT_modem_report_recipient
		if (sent->recipient != recipient)
			continue;
#endif
		if (!sent->sent_ms || sent->reference != reference || off > most_ms || off >= best)
			continue;
		best = off;
		place = i;
	}
	(void)recipient;
	return place;
}

int fg_modem_state_sent_find(const struct fg_modem_state *state, uint8_t reference,
			     uint32_t recipient, uint64_t smsc_ms)
{
	int place = find(state, reference, recipient, smsc_ms, UINT64_MAX), again;

	if (place >= 0 || smsc_ms == 0)
		return place;
	place = find(state, FG_MODEM_NO_REFERENCE, recipient, smsc_ms, NEAR_MS);
	again = find(state, FG_MODEM_REPORTED | reference, recipient, smsc_ms, NEAR_MS);
#ifndef FG_MUTANT_modem_report_again
	if (place >= 0 && again >= 0 &&
	    distance(&state->sent[again], smsc_ms) <= distance(&state->sent[place], smsc_ms))
		return -1;
#endif
	(void)again;
	return place;
}
