/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client/ctl/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "client/ctl/probe_internal.h"
#include "lib/wire/alphabet.h"
#include "lib/wire/smpp_status.h"
#include "lib/wire/smpp_tlv.h"

enum {
	UNBIND_MS = 5000,
	PAUSE_MS = 2000, /* after a refusal: longer than what carriers reckon a rate over (ours) */
	TRIES = 3,       /* of the first message, when it comes too fast */
};

/* Octets that GSM and ASCII read differently: a phone shows what data_coding 0 is. */
static const uint8_t signs[] = { 0x24, ' ', 0x40, ' ', 0x5F };

unsigned fg_probe_binds(const struct fg_probe_options *options)
{
	return strcmp(options->link->bind, "trx") == 0 || strcmp(options->link->bind, "tx") == 0
		       ? 1
		       : 2;
}

/* Never more at once than the carrier allows in a second. */
static unsigned burst_of(const struct fg_probe_options *options)
{
	int64_t rate = options->link->rate > 0 ? options->link->rate : 1;
	unsigned window =
		options->window < FG_PROBE_WINDOW_MAX ? options->window : FG_PROBE_WINDOW_MAX;

	return rate < window ? (unsigned)rate : window;
}

unsigned fg_probe_most(const struct fg_probe_options *options)
{
	unsigned burst = burst_of(options);

	return 3 + TRIES - 1 + burst + 2 * (burst > 0 ? burst - 1 : 0);
}

struct fg_probe *fg_probe_new(void *ctx, const struct fg_probe_options *options,
			      fg_probe_send_cb send, void *arg)
{
	struct fg_probe *probe = talloc_zero(ctx, struct fg_probe);

	if (!probe || !fg_alphabet_fits_gsm7(options->mark, strlen(options->mark))) {
		talloc_free(probe);
		return NULL;
	}
	probe->options = options;
	probe->send = send;
	probe->arg = arg;
	for (unsigned i = 0; i < FG_PROBE_BINDS_MAX; i++)
		probe->binds[i].in = talloc_size(probe, FG_SMPP_PDU_MAX);
	if (!probe->binds[0].in || !probe->binds[1].in)
		TALLOC_FREE(probe);
	return probe;
}

/* ---- sending ---- */

static void send_pdu(struct fg_probe *probe, unsigned bind, const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[512];
	size_t len;

	if (fg_smpp_encode(pdu, octets, sizeof(octets), &len) == FG_OK)
		probe->send(probe->arg, bind, octets, len);
	explicit_bzero(octets, sizeof(octets));
}

static void send_plain(struct fg_probe *probe, unsigned bind, uint32_t command, uint32_t sequence,
		       uint32_t status)
{
	struct fg_smpp_pdu pdu = { .command = command, .sequence = sequence, .status = status };

	send_pdu(probe, bind, &pdu);
}

static uint32_t next_sequence(struct fg_probe *probe)
{
	return ++probe->sequence;
}

static void send_bind(struct fg_probe *probe, unsigned bind)
{
	const struct fg_conf_links *link = probe->options->link;
	bool pair = fg_probe_binds(probe->options) == 2, tx = strcmp(link->bind, "tx") == 0;
	struct fg_smpp_pdu pdu = { .sequence = next_sequence(probe) };

	pdu.command = pair ? (bind == 0 ? FG_SMPP_BIND_TRANSMITTER : FG_SMPP_BIND_RECEIVER)
		      : tx ? FG_SMPP_BIND_TRANSMITTER
			   : FG_SMPP_BIND_TRANSCEIVER;
	pdu.bind.system_id = fg_smpp_text(link->system_id);
	pdu.bind.password = fg_smpp_text(link->password);
	pdu.bind.system_type = fg_smpp_text(link->system_type);
	pdu.bind.address_range = fg_smpp_text("");
	pdu.bind.interface_version = (uint8_t)link->interface_version;
	send_pdu(probe, bind, &pdu);
}

/* As the adapter writes them. */
static void set_address(const char *address, uint8_t *ton, uint8_t *npi, struct fg_smpp_bytes *out)
{
	bool plus = address[0] == '+';
	const char *digits = address + plus;
	bool number = strspn(digits, "0123456789") == strlen(digits);

	*out = fg_smpp_text(digits);
	*ton = !*digits ? 0 : plus ? 1 : !number ? 5 : strlen(digits) <= 8 ? 3 : 1;
	*npi = *ton == 1;
}

static size_t text_of(const struct fg_probe *probe, const struct fg_probe_message *message,
		      uint8_t out[static 160])
{
	char words[64];
	size_t len = 0, mark_len = 0;

	(void)fg_alphabet_encode(FG_ALPHABET_GSM7, probe->options->mark,
				 strlen(probe->options->mark), out, 80, &mark_len);
	snprintf(words, sizeof(words),
		 message->purpose == PROBE_SIGNS ? "probe: three signs: " : "probe, message %u",
		 message->reference);
	(void)fg_alphabet_encode(FG_ALPHABET_GSM7, words, strlen(words), out + mark_len, 60, &len);
	len += mark_len;
	if (message->purpose == PROBE_SIGNS) {
		memcpy(out + len, signs, sizeof(signs));
		len += sizeof(signs);
	}
	return len;
}

static void submit(struct fg_probe *probe, enum probe_purpose purpose, uint64_t now_ms)
{
	const struct fg_conf_links *link = probe->options->link;
	struct fg_probe_message *message = &probe->messages[probe->count];
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_SUBMIT_SM };
	uint8_t text[160];

	*message = (struct fg_probe_message){ .purpose = purpose,
					      .reference = (uint16_t)++probe->count,
					      .depth = ++probe->waiting,
					      .sequence = next_sequence(probe),
					      .sent_ms = now_ms };
	pdu.sequence = message->sequence;
	set_address(link->source_address, &pdu.sm.source_addr_ton, &pdu.sm.source_addr_npi,
		    &pdu.sm.source_addr);
	set_address(probe->options->number, &pdu.sm.dest_addr_ton, &pdu.sm.dest_addr_npi,
		    &pdu.sm.destination_addr);
	pdu.sm.registered_delivery = 1;
	pdu.sm.short_message = (struct fg_smpp_bytes){ text, text_of(probe, message, text) };
	fg_smpp_tlv_add_number(&pdu, FG_SMPP_TLV_USER_MESSAGE_REFERENCE, message->reference);
	if (purpose == PROBE_TLV)
		fg_smpp_tlv_add(&pdu, PROBE_TAG, "unprotected", strlen("unprotected"));
	send_pdu(probe, 0, &pdu);
}

/* The next ones are not sent before these are paid for. */
static void submit_many(struct fg_probe *probe, enum probe_purpose purpose, unsigned count,
			uint64_t now_ms)
{
	uint64_t rate = probe->options->link->rate > 0 ? (uint64_t)probe->options->link->rate : 1;

	for (unsigned i = 0; i < count && probe->count < FG_PROBE_MESSAGES_MAX; i++)
		submit(probe, purpose, now_ms);
	probe->free_ms = now_ms + (count * 1000 + rate - 1) / rate;
}

/* ---- what came of a batch ---- */

static enum fg_smpp_status_class class_of(uint32_t status)
{
	return fg_smpp_status_find(status)->class;
}

static bool too_many(uint32_t status)
{
	return class_of(status) == FG_SMPP_CLASS_THROTTLE || status == FG_SMPP_STATUS_RSUBMITFAIL;
}

/* The least depth that was refused as too much, 0: none; its code. */
static unsigned refused_depth(const struct fg_probe *probe, enum probe_purpose purpose,
			      uint32_t *code_out)
{
	unsigned least = 0;

	for (unsigned i = 0; i < probe->count; i++) {
		const struct fg_probe_message *m = &probe->messages[i];

		if (m->purpose != purpose || !m->answered || !too_many(m->status) ||
		    (least && m->depth >= least))
			continue;
		least = m->depth;
		*code_out = m->status;
	}
	return least;
}

/* ---- steps ---- */

static void fail(struct fg_probe *probe, const char *why, uint32_t code)
{
	if (!probe->failure) {
		probe->failure = why;
		probe->failure_code = code;
	}
	probe->step = PROBE_DONE;
}

static void go(struct fg_probe *probe, enum probe_step step, uint64_t due_ms)
{
	probe->step = step;
	probe->begun = false;
	probe->due_ms = due_ms > probe->free_ms ? due_ms : probe->free_ms;
}

static bool receives(const struct fg_probe *probe)
{
	return strcmp(probe->options->link->bind, "tx") != 0;
}

static const struct fg_probe_message *some_accepted(const struct fg_probe *probe)
{
	for (unsigned i = 0; i < probe->count; i++)
		if (probe->messages[i].answered && probe->messages[i].status == 0 &&
		    probe->messages[i].id[0])
			return &probe->messages[i];
	return NULL;
}

static void send_query(struct fg_probe *probe, uint64_t now_ms)
{
	const struct fg_probe_message *message = some_accepted(probe);
	struct fg_smpp_pdu pdu = { .command = FG_SMPP_QUERY_SM, .sequence = next_sequence(probe) };

	if (!message) {
		go(probe, PROBE_UNBIND, now_ms);
		return;
	}
	pdu.query.message_id = fg_smpp_text(message->id);
	set_address(probe->options->link->source_address, &pdu.query.source_addr_ton,
		    &pdu.query.source_addr_npi, &pdu.query.source_addr);
	probe->query = FG_PROBE_SILENT; /* until it is answered */
	probe->query_sequence = pdu.sequence;
	send_pdu(probe, 0, &pdu);
}

static void begin(struct fg_probe *probe, uint64_t now_ms)
{
	unsigned count;
	uint32_t code;

	probe->begun = true;
	probe->begun_ms = now_ms;
	switch (probe->step) {
	case PROBE_PLAIN:
		submit_many(probe, PROBE_TEXT, 1, now_ms);
		break;
	case PROBE_UNKNOWN_TLV:
		submit_many(probe, PROBE_TLV, 1, now_ms);
		break;
	case PROBE_ALPHABET:
		submit_many(probe, PROBE_SIGNS, 1, now_ms);
		break;
	case PROBE_BURST:
		submit_many(probe, PROBE_MANY, burst_of(probe->options), now_ms);
		break;
	case PROBE_CHECK:
		count = refused_depth(probe, PROBE_MANY, &code) - 1;
		probe->checked += count;
		submit_many(probe, PROBE_FEWER, count, now_ms);
		break;
	case PROBE_QUERY:
		send_query(probe, now_ms);
		break;
	case PROBE_UNBIND:
		for (unsigned i = 0; i < fg_probe_binds(probe->options); i++)
			send_plain(probe, i, FG_SMPP_UNBIND, next_sequence(probe), 0);
		break;
	case PROBE_BIND:
	case PROBE_RECEIPTS:
	case PROBE_DONE:
		break;
	}
}

/* The first message must be taken, or nothing else is worth its price. */
static void after_plain(struct fg_probe *probe, uint64_t now_ms)
{
	const struct fg_probe_message *message = &probe->messages[probe->count - 1];

	if (!message->answered)
		fail(probe, "the first message was not answered", 0);
	else if (message->status == 0)
		go(probe, PROBE_UNKNOWN_TLV, now_ms);
	else if (too_many(message->status) && probe->count < TRIES)
		go(probe, PROBE_PLAIN, now_ms + PAUSE_MS);
	else
		fail(probe, "the first message was refused", message->status);
}

static void after_burst(struct fg_probe *probe, uint64_t now_ms)
{
	uint32_t code;

	if (refused_depth(probe, PROBE_MANY, &code) > 1)
		go(probe, PROBE_CHECK, now_ms + PAUSE_MS);
	else
		go(probe, PROBE_RECEIPTS, now_ms);
}

/* As many as were tried at once, but never more than the window would be waiting, and without a pause: a rate would refuse some. */
static void after_check(struct fg_probe *probe, uint64_t now_ms)
{
	uint32_t code;

	if (refused_depth(probe, PROBE_FEWER, &code) ||
	    probe->checked >= burst_of(probe->options)) {
		go(probe, PROBE_RECEIPTS, now_ms);
		return;
	}
	go(probe, PROBE_CHECK, now_ms);
	probe->due_ms = now_ms;
}

static bool all_reported(const struct fg_probe *probe)
{
	for (unsigned i = 0; i < probe->count; i++)
		if (probe->messages[i].answered && probe->messages[i].status == 0 &&
		    !probe->messages[i].reported)
			return false;
	return true;
}

/* Is the step finished, and what comes next? */
static bool step_over(struct fg_probe *probe, uint64_t now_ms)
{
	uint64_t answer_ms = (uint64_t)probe->options->link->response_timeout_ms;

	if (probe->step == PROBE_DONE || !probe->begun || probe->waiting > 0)
		return false;
	switch (probe->step) {
	case PROBE_PLAIN:
		after_plain(probe, now_ms);
		return true;
	case PROBE_UNKNOWN_TLV:
		go(probe, PROBE_ALPHABET, now_ms);
		return true;
	case PROBE_ALPHABET:
		go(probe, burst_of(probe->options) > 1 ? PROBE_BURST : PROBE_RECEIPTS, now_ms);
		return true;
	case PROBE_BURST:
		after_burst(probe, now_ms);
		return true;
	case PROBE_CHECK:
		after_check(probe, now_ms);
		return true;
	case PROBE_RECEIPTS:
		if (receives(probe) && !all_reported(probe) &&
		    now_ms < probe->begun_ms + probe->options->wait_ms)
			return false;
		go(probe, PROBE_QUERY, now_ms);
		return true;
	case PROBE_QUERY:
		if (probe->query == FG_PROBE_SILENT && now_ms < probe->begun_ms + answer_ms)
			return false;
		go(probe, PROBE_UNBIND, now_ms);
		return true;
	case PROBE_UNBIND:
		if (now_ms < probe->begun_ms + UNBIND_MS)
			return false;
		probe->step = PROBE_DONE;
		return true;
	case PROBE_BIND:
	case PROBE_DONE:
		break;
	}
	return false;
}

static void advance(struct fg_probe *probe, uint64_t now_ms)
{
	do
		if (!probe->begun && probe->step != PROBE_BIND && probe->step != PROBE_DONE &&
		    now_ms >= probe->due_ms)
			begin(probe, now_ms);
	while (step_over(probe, now_ms));
}

/* ---- what comes in ---- */

static void bind_answered(struct fg_probe *probe, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	const struct fg_smpp_bytes id = pdu->bind_resp.system_id;
	uint32_t version;

	if (probe->step != PROBE_BIND)
		return;
	if (pdu->status != 0) {
		fail(probe, "the bind was refused", pdu->status);
		return;
	}
	snprintf(probe->system_id, sizeof(probe->system_id), "%.*s", (int)id.len,
		 id.len ? (const char *)id.at : "");
	if (fg_smpp_tlv_number(pdu, FG_SMPP_TLV_SC_INTERFACE_VERSION, &version))
		probe->interface_version = version;
	if (++probe->bound == fg_probe_binds(probe->options))
		go(probe, PROBE_PLAIN, now_ms);
}

static void submit_answered(struct fg_probe *probe, const struct fg_smpp_pdu *pdu, uint64_t now_ms)
{
	const struct fg_smpp_bytes id = pdu->sm_resp.message_id;

	for (unsigned i = 0; i < probe->count; i++) {
		struct fg_probe_message *message = &probe->messages[i];

		if (message->sequence != pdu->sequence || message->answered || message->lost)
			continue;
		probe->waiting--;
		message->answered = true;
		message->answered_ms = now_ms;
		message->status = pdu->command == FG_SMPP_GENERIC_NACK && pdu->status == 0
					  ? FG_SMPP_STATUS_RUNKNOWNERR
					  : pdu->status;
		if (pdu->command == FG_SMPP_SUBMIT_SM_RESP && message->status == 0)
			snprintf(message->id, sizeof(message->id), "%.*s", (int)id.len,
				 id.len ? (const char *)id.at : "");
		return;
	}
}

static void query_answered(struct fg_probe *probe, const struct fg_smpp_pdu *pdu)
{
	if (probe->query != FG_PROBE_SILENT || pdu->sequence != probe->query_sequence)
		return;
	probe->query = pdu->status == 0 && pdu->command == FG_SMPP_QUERY_SM_RESP ? FG_PROBE_YES
										 : FG_PROBE_NO;
	probe->query_code = pdu->status;
}

static bool is_digits_of(const struct fg_smpp_bytes *address, const char *number)
{
	const char *digits = number + (number[0] == '+');
	size_t skip = address->len > 0 && address->at[0] == '+';

	return address->len - skip == strlen(digits) &&
	       memcmp(address->at + skip, digits, strlen(digits)) == 0;
}

/* Receipts of the gateway's own messages may come here, since it is the same account: they, and messages of people, are for another
 * bind, and the carrier keeps them. */
static void delivered(struct fg_probe *probe, unsigned bind, const struct fg_smpp_pdu *pdu,
		      uint64_t now_ms)
{
	bool data = pdu->command == FG_SMPP_DATA_SM;
	const struct fg_smpp_bytes *from = data ? &pdu->data.source_addr : &pdu->sm.source_addr,
				   *to = data ? &pdu->data.destination_addr
					      : &pdu->sm.destination_addr;
	struct fg_dlr dlr;
	bool ours = fg_dlr_from_pdu(pdu, &dlr) == FG_OK &&
		    (is_digits_of(from, probe->options->number) ||
		     is_digits_of(to, probe->options->number)) &&
		    probe_receipt(probe, pdu, &dlr, now_ms);

#ifdef FG_MUTANT_probe_foreign
	ours = true;
#endif
	send_plain(probe, bind, pdu->command | FG_SMPP_RESPONSE, pdu->sequence,
		   ours ? 0 : FG_SMPP_STATUS_RX_T_APPN);
}

static void take_pdu(struct fg_probe *probe, unsigned bind, const struct fg_smpp_pdu *pdu,
		     uint64_t now_ms)
{
	switch (pdu->command) {
	case FG_SMPP_BIND_TRANSCEIVER_RESP:
	case FG_SMPP_BIND_TRANSMITTER_RESP:
	case FG_SMPP_BIND_RECEIVER_RESP:
		bind_answered(probe, pdu, now_ms);
		break;
	case FG_SMPP_GENERIC_NACK:
		if (probe->step == PROBE_BIND)
			fail(probe, "the bind was refused", pdu->status);
		submit_answered(probe, pdu, now_ms);
		query_answered(probe, pdu);
		break;
	case FG_SMPP_SUBMIT_SM_RESP:
		submit_answered(probe, pdu, now_ms);
		break;
	case FG_SMPP_QUERY_SM_RESP:
		query_answered(probe, pdu);
		break;
	case FG_SMPP_DELIVER_SM:
	case FG_SMPP_DATA_SM:
		delivered(probe, bind, pdu, now_ms);
		break;
	case FG_SMPP_ENQUIRE_LINK:
		send_plain(probe, bind, FG_SMPP_ENQUIRE_LINK_RESP, pdu->sequence, 0);
		break;
	case FG_SMPP_UNBIND:
		send_plain(probe, bind, FG_SMPP_UNBIND_RESP, pdu->sequence, 0);
		fail(probe, "the far side unbound", 0);
		break;
	case FG_SMPP_UNBIND_RESP:
		if (probe->step == PROBE_UNBIND && probe->bound > 0 && --probe->bound == 0)
			probe->step = PROBE_DONE;
		break;
	default:
		if (!(pdu->command & FG_SMPP_RESPONSE))
			send_plain(probe, bind, FG_SMPP_GENERIC_NACK, pdu->sequence,
				   FG_SMPP_STATUS_RINVCMDID);
	}
}

static void take_frames(struct fg_probe *probe, unsigned bind, uint64_t now_ms)
{
	struct probe_bind *b = &probe->binds[bind];
	size_t at = 0, len;
	struct fg_smpp_pdu pdu;
	enum fg_rc rc = FG_OK;

	while (probe->step != PROBE_DONE) {
		rc = fg_smpp_frame(b->in + at, b->len - at, FG_SMPP_PDU_MAX, &len);
		if (rc != FG_OK)
			break;
		if (fg_smpp_decode(b->in + at, len, &pdu) == FG_OK)
			take_pdu(probe, bind, &pdu, now_ms);
		at += len;
	}
	memmove(b->in, b->in + at, b->len - at);
	b->len -= at;
	if (rc == FG_E_PDU_LENGTH)
		fail(probe, "the far side speaks no SMPP", 0);
}

void fg_probe_bytes(struct fg_probe *probe, unsigned bind, const void *data, size_t len,
		    uint64_t now_ms)
{
	struct probe_bind *b = &probe->binds[bind];
	const uint8_t *from = data;

	while (len > 0 && probe->step != PROBE_DONE) {
		size_t room = FG_SMPP_PDU_MAX - b->len, take = len < room ? len : room;

		memcpy(b->in + b->len, from, take);
		b->len += take;
		from += take;
		len -= take;
		take_frames(probe, bind, now_ms);
	}
	advance(probe, now_ms);
}

void fg_probe_connected(struct fg_probe *probe, unsigned bind, uint64_t now_ms)
{
	probe->begun_ms = now_ms;
	send_bind(probe, bind);
}

void fg_probe_closed(struct fg_probe *probe, unsigned bind, const char *why, uint64_t now_ms)
{
	(void)bind;
	(void)now_ms;
	if (probe->step == PROBE_UNBIND)
		probe->step = PROBE_DONE; /* many close and do not answer */
	if (probe->step != PROBE_DONE)
		fail(probe, why, 0);
}

/* ---- time ---- */

static void give_up_unanswered(struct fg_probe *probe, uint64_t now_ms)
{
	for (unsigned i = 0; i < probe->count && probe->waiting > 0; i++) {
		struct fg_probe_message *m = &probe->messages[i];

		if (m->answered || m->lost ||
		    now_ms < m->sent_ms + (uint64_t)probe->options->link->response_timeout_ms)
			continue;
		m->lost = true;
		probe->waiting--;
	}
}

void fg_probe_tick(struct fg_probe *probe, uint64_t now_ms)
{
	if (probe->step == PROBE_BIND && probe->begun_ms &&
	    now_ms >= probe->begun_ms + (uint64_t)probe->options->link->bind_timeout_ms)
		fail(probe, "the bind was not answered", 0);
	give_up_unanswered(probe, now_ms);
	advance(probe, now_ms);
}

uint64_t fg_probe_next_ms(const struct fg_probe *probe)
{
	const struct fg_conf_links *link = probe->options->link;
	uint64_t answer_ms = (uint64_t)link->response_timeout_ms, next = UINT64_MAX;

	if (probe->step == PROBE_DONE)
		return UINT64_MAX;
	if (probe->step == PROBE_BIND)
		return probe->begun_ms ? probe->begun_ms + (uint64_t)link->bind_timeout_ms
				       : UINT64_MAX;
	if (!probe->begun)
		return probe->due_ms;
	for (unsigned i = 0; i < probe->count && probe->waiting > 0; i++)
		if (!probe->messages[i].answered && !probe->messages[i].lost &&
		    probe->messages[i].sent_ms + answer_ms < next)
			next = probe->messages[i].sent_ms + answer_ms;
	if (probe->step == PROBE_RECEIPTS)
		next = probe->begun_ms + probe->options->wait_ms;
	else if (probe->step == PROBE_QUERY)
		next = probe->begun_ms + answer_ms;
	else if (probe->step == PROBE_UNBIND)
		next = probe->begun_ms + UNBIND_MS;
	return next;
}

bool fg_probe_done(const struct fg_probe *probe)
{
	return probe->step == PROBE_DONE;
}
