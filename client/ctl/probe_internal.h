/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What probe.c (the steps) and probe_result.c (receipts, and what was found) share.
 */
#pragma once

#include "client/ctl/probe.h"
#include "lib/wire/smpp.h"

/* A vendor TLV (3.4, 5.3.2: 0x1400 to 0x3FFF) that no SMSC is known to use; what links.mark_tlv would be. */
#define PROBE_TAG 0x1612

enum probe_step {
	PROBE_BIND,
	PROBE_PLAIN,
	PROBE_UNKNOWN_TLV,
	PROBE_ALPHABET,
	PROBE_BURST,
	PROBE_CHECK, /* as many as were taken, again and again */
	PROBE_RECEIPTS,
	PROBE_QUERY,
	PROBE_UNBIND,
	PROBE_DONE,
};

enum probe_purpose { PROBE_TEXT, PROBE_TLV, PROBE_SIGNS, PROBE_MANY, PROBE_FEWER };

struct fg_probe_message {
	enum probe_purpose purpose;
	uint32_t sequence;
	uint16_t reference;
	unsigned depth; /* submits that waited when it was sent, itself counted */
	uint64_t sent_ms, answered_ms, reported_ms;
	bool answered, lost, reported;
	uint32_t status;
	char id[FG_DLR_ID_MAX + 1], receipt_id[FG_DLR_ID_MAX + 1];
};

struct probe_bind {
	uint8_t *in; /* [FG_SMPP_PDU_MAX] */
	size_t len;
};

struct fg_probe {
	const struct fg_probe_options *options;
	fg_probe_send_cb send;
	void *arg;
	struct probe_bind binds[FG_PROBE_BINDS_MAX];
	unsigned bound;
	enum probe_step step;
	bool begun; /* the step */
	uint64_t due_ms, begun_ms, free_ms;
	uint32_t sequence, query_sequence;
	struct fg_probe_message messages[FG_PROBE_MESSAGES_MAX];
	unsigned count, waiting, checked;
	char system_id[17];
	unsigned interface_version;
	bool by_tlvs, by_text, by_reference, intermediate;
	unsigned date_digits;
	enum fg_dlr_state state;
	enum fg_probe_answer query;
	uint32_t query_code;
	const char *failure;
	uint32_t failure_code;
};

/* A receipt: note what it says. False when it is about no message of ours. */
bool probe_receipt(struct fg_probe *probe, const struct fg_smpp_pdu *pdu, const struct fg_dlr *dlr,
		   uint64_t now_ms);
