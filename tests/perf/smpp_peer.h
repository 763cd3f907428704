/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the load and the sink of the SMPP bench share: PDUs on a bufferevent, a clock, percentiles, command-line numbers. Both are
 * neutral: they know nothing of who is between them.
 */
#pragma once

#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/wire/smpp.h"

struct samples {
	uint32_t *us;
	size_t count, cap;
};

uint64_t peer_now_us(void); /*!< CLOCK_MONOTONIC: the same in all processes of a machine */

/*! Encode and queue. Ends the process when the PDU is wrong. */
void peer_send(struct bufferevent *bev, const struct fg_smpp_pdu *pdu);

/*! Call pdu for every whole PDU that has come. False when the stream is lost. */
bool peer_read(struct bufferevent *bev, void (*pdu)(struct fg_smpp_pdu *pdu, void *arg), void *arg);

void samples_add(struct samples *samples, uint64_t us);
/*! Sorts. 0 without samples. */
uint32_t samples_percentile(struct samples *samples, unsigned percent);

/*! Value of --name among the arguments, else fallback. */
long peer_option(int argc, char **argv, const char *name, long fallback);
