/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What smsc.c (connections and answers) and join.c (parts to messages) share.
 */
#pragma once

#include "emulators/smsc/smsc.h"
#include "lib/wire/smpp.h"

enum { SMSC_PARTIAL_MAX = 1000, SMSC_TEXT_MAX = 255 * 160 * 3, SMSC_TLVS_TEXT = 2048 };

struct smsc_partial;
struct smsc_conn;

struct fg_smsc {
	struct fg_loop *loop;
	struct fg_smsc_options options;
	struct evconnlistener *listener;
	uint16_t port;
	uint64_t next_id;
	fg_smsc_message_cb message;
	void *arg;
	struct smsc_conn *conns;
	struct smsc_partial *partials;
	unsigned partials_count;
	char (*throttled)[23]; /* destinations that were told to wait once */
	unsigned throttled_count;
};

/* Show a message, or keep the part until the others are there. */
void smsc_join(struct fg_smsc *smsc, const struct fg_smpp_pdu *pdu, const char *id);
void smsc_address(uint8_t ton, const struct fg_smpp_bytes *address, char out[static 23]);
