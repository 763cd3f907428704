/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finding out how a carrier's SMSC behaves, by sending real messages to a number that the operator names: how many submits it lets wait,
 * how its ids and receipts look, whether it takes parameters it does not know, how long it takes to answer, and whether it answers
 * query_sm. An ESME of its own, apart from the gateway, since it must do what the gateway never does (docs/decisions/0025).
 *
 * No sockets and no clock here: bytes in, bytes out, the time given by the caller. probe_run.c puts it on sockets, probe_print.c says what
 * was found.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/conf.h"
#include "lib/wire/dlr.h"

enum {
	FG_PROBE_BINDS_MAX = 2,
	FG_PROBE_WINDOW_MAX = 50,
	FG_PROBE_MESSAGES_MAX = 3 + 3 + 3 * FG_PROBE_WINDOW_MAX
};

struct fg_probe;

struct fg_probe_options {
	const struct fg_conf_links *link;
	const char *mark;   /*!< first words of every text */
	const char *number; /*!< E.164 with "+" */
	unsigned window;    /*!< submits at once at most, 0..FG_PROBE_WINDOW_MAX; 0: not measured */
	uint64_t wait_ms;   /*!< for receipts, from the last message on */
};

/*! Bytes for the peer of a bind; borrowed for the call. */
typedef void (*fg_probe_send_cb)(void *arg, unsigned bind, const void *data, size_t len);

enum fg_probe_ids {
	FG_PROBE_IDS_UNKNOWN,
	FG_PROBE_IDS_SAME,
	FG_PROBE_IDS_HEX_DEC,
	FG_PROBE_IDS_DEC_HEX
};
enum fg_probe_window {
	FG_PROBE_WINDOW_UNKNOWN,
	FG_PROBE_WINDOW_IS, /*!< one more was refused, and as many again and again were taken */
	FG_PROBE_WINDOW_AT_LEAST, /*!< none of so many was refused */
	FG_PROBE_WINDOW_RATE,     /*!< refused whatever their number: it is the rate */
};
enum fg_probe_answer { FG_PROBE_NOT_ASKED, FG_PROBE_YES, FG_PROBE_NO, FG_PROBE_SILENT };

struct fg_probe_result {
	char system_id[17];         /*!< of the SMSC */
	unsigned interface_version; /*!< 0: it did not say */
	unsigned sent, accepted, unanswered;
	uint32_t trip_least_ms, trip_most_ms, trip_mean_ms; /*!< of messages that were alone */
	enum fg_probe_window window_is;
	unsigned window;
	uint32_t window_code;
	enum fg_probe_answer mark; /*!< is an unknown vendor TLV taken? */
	uint32_t mark_code;
	enum fg_probe_ids ids;
	char response_id[FG_DLR_ID_MAX + 1], receipt_id[FG_DLR_ID_MAX + 1]; /*!< of one message */
	unsigned receipts;                                                  /*!< final ones */
	uint64_t receipt_least_ms;                                          /*!< from the submit */
	bool receipt_tlvs, receipt_text, receipt_reference, receipt_intermediate;
	unsigned date_digits;    /*!< of the text form; 0: no date */
	enum fg_dlr_state state; /*!< of the last final receipt */
	enum fg_probe_answer query;
	uint32_t query_code;
	const char *failure; /*!< why it ended early; NULL: it did not */
	uint32_t failure_code;
};

/*! Messages that it may send at most. */
unsigned fg_probe_most(const struct fg_probe_options *options);
/*! Connections that it needs: 1, or 2 where links.bind is no transceiver. */
unsigned fg_probe_binds(const struct fg_probe_options *options);

/*! options are borrowed for its life. A talloc child of ctx; NULL without memory, or for a mark that is not GSM text. */
struct fg_probe *fg_probe_new(void *ctx, const struct fg_probe_options *options,
			      fg_probe_send_cb send, void *arg);
void fg_probe_connected(struct fg_probe *probe, unsigned bind, uint64_t now_ms);
void fg_probe_bytes(struct fg_probe *probe, unsigned bind, const void *data, size_t len,
		    uint64_t now_ms);
/*! why: for people, kept by the caller. */
void fg_probe_closed(struct fg_probe *probe, unsigned bind, const char *why, uint64_t now_ms);
/*! Call when fg_probe_next_ms() has come (UINT64_MAX: never). */
void fg_probe_tick(struct fg_probe *probe, uint64_t now_ms);
uint64_t fg_probe_next_ms(const struct fg_probe *probe);
/*! Nothing more happens; the connections may be closed. */
bool fg_probe_done(const struct fg_probe *probe);
/*! What is known up to now. */
void fg_probe_result(const struct fg_probe *probe, struct fg_probe_result *result_out);
