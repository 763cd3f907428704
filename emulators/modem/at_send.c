/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages that the program writes: the commands with a body, and the body (27.005, 3.5.1, 3.5.2,
 * 3.5.3, 4.3, 4.4).
 */
#include "emulators/modem/at.h"

#include <stdio.h>
#include <string.h>

enum { ESC = 0x1b, CTRL_Z = 0x1a };

/* ---- The body ---- */

static int wrong(const struct phone *phone)
{
	return AT_CMS + (phone->format == 0 ? CMS_PDU : CMS_TEXT);
}

/* The octets behind an SMSC address, which is let be. False: no PDU of the length that was said. */
static bool body_pdu(const struct phone *phone, uint8_t pdu[static PDU_CAP], size_t *smsc_len_out,
		     size_t *len_out)
{
	struct fg_tpdu_address smsc;
	bool has;

	return !phone->body_long &&
	       fg_tpdu_unhex(phone->body, phone->body_len, pdu, PDU_CAP, len_out) == FG_OK &&
	       fg_tpdu_smsc_read(pdu, *len_out, &smsc, &has, smsc_len_out) == FG_OK &&
	       *len_out - *smsc_len_out == phone->body_octets;
}

/* What was written, as a PDU with an SMSC address in front. */
static bool body_octets(struct phone *phone, uint8_t pdu[static PDU_CAP], size_t *smsc_len_out,
			size_t *len_out)
{
	uint8_t tpdu[FG_TPDU_MAX];
	size_t len;

	if (phone->format == 0)
		return body_pdu(phone, pdu, smsc_len_out, len_out);
	len = phone->body_long ? 0 : phone_text_submit(phone, phone->body, phone->body_len, tpdu);
	if (len == 0)
		return false;
	pdu[0] = 0;
	memcpy(pdu + 1, tpdu, len);
	*smsc_len_out = 1;
	*len_out = len + 1;
	return true;
}

static int body_written(struct phone *phone, const uint8_t *pdu, size_t smsc_len, size_t len)
{
	unsigned index;
	struct phone_slot *slot = phone_store_free(phone, phone->memory[1], &index);

	if (!slot)
		return AT_CMS + CMS_FULL;
	phone_store_put(slot, phone->body_stat, pdu, smsc_len, pdu + smsc_len, len - smsc_len);
	phone_info(phone, "+CMGW: %u", index);
	return AT_OK;
}

static int body_done(struct phone *phone)
{
	uint8_t pdu[PDU_CAP];
	size_t smsc_len, len;

	if (phone->body_kind == BODY_ACK)
		return phone_acknowledge(phone, phone->body_stat != 2);
	if (!body_octets(phone, pdu, &smsc_len, &len))
		return wrong(phone);
	if (phone->body_kind == BODY_WRITE)
		return body_written(phone, pdu, smsc_len, len);
	return phone_submit(phone, "CMGS", pdu + smsc_len, len - smsc_len);
}

static void body_end(struct phone *phone, bool done)
{
	int result = AT_OK;

	phone->state = LINE_BUSY;
	if (done)
		result = body_done(phone);
	else
		phone->counters.aborted++;
	if (!phone->plugged)
		return;
	phone_end(phone, result);
	phone_route(phone);
}

/* Half of the PDU is there, or a text has begun, and the cable is not. */
static bool hangs_up(struct phone *phone)
{
	if (phone->body_len < phone->body_octets || !phone_fault_now(phone, FAULT_HANGUP))
		return false;
	phone_unplug(phone);
	phone->owner.unplug(phone->owner.arg, phone->options.late_ms);
	return true;
}

static void body_add(struct phone *phone, char c)
{
	if (phone->body_len < BODY_CAP)
		phone->body[phone->body_len++] = c;
	else
		phone->body_long = true;
}

static void text_octet(struct phone *phone, char c)
{
	if (c == '\b') {
		phone->body_len -= phone->body_len > 0;
		return;
	}
	body_add(phone, c);
	if (phone->body_kind == BODY_SEND && hangs_up(phone))
		return;
	if (c == '\r') /* 3.5.1 */
		phone_put(phone, "\r\n> ", 4);
}

void phone_body_octet(struct phone *phone, char c)
{
	if (c == ESC || c == CTRL_Z) {
		body_end(phone, c == CTRL_Z);
		return;
	}
	if (c == '\n' && (phone->format == 0 || phone->body_len == 0))
		return; /* ModemManager sends one in front */
	if (phone->echo || phone_fault_set(phone, FAULT_ECHO_STUCK) ||
	    (phone->profile->quirks & QUIRK_ECHO_BODY))
		phone_put(phone, &c, 1);
	if (phone->format == 1 && phone->body_kind != BODY_ACK) {
		text_octet(phone, c);
	} else if (c != '\r' && c != ' ') {
		body_add(phone, c);
		if (phone->body_kind == BODY_SEND)
			hangs_up(phone);
	}
}

/* ---- The commands ---- */

/* <da> and <toda>. */
static bool read_address(const struct phone *phone, const struct at_params *params, unsigned which,
			 struct fg_tpdu_address *out)
{
	char given[160], text[64];
	int type = 0;

	if (!at_text(params, which, given, sizeof(given)) ||
	    !phone_unquoted(phone, given, strlen(given), text, sizeof(text)) ||
	    !at_number(params, which + 1, 0, 255, &type) ||
	    fg_tpdu_address_from(text, strlen(text), out) != FG_OK)
		return false;
	if (type != 0 && out->ton != FG_TPDU_TON_ALPHANUMERIC) {
		out->ton = (uint8_t)((type >> 4) & 7);
		out->npi = (uint8_t)(type & 15);
	}
	return true;
}

static int ask(struct phone *phone, const struct at_params *params, enum body_kind kind)
{
	int octets = 0;

	if (phone->format == 1) {
		memset(&phone->body_to, 0, sizeof(phone->body_to));
		if (at_given(params, 0) && !read_address(phone, params, 0, &phone->body_to))
			return AT_CMS + CMS_TEXT;
		phone->body_octets = 0;
	} else {
		if (!at_given(params, 0) || !at_number(params, 0, 1, FG_TPDU_MAX, &octets))
			return AT_CMS + CMS_PDU;
		phone->body_octets = (unsigned)octets;
	}
	phone_prompt(phone, kind);
	return AT_PROMPT;
}

int at_send(struct phone *phone, const struct phone_command *command, enum at_form form,
	    const struct at_params *params)
{
	(void)command;
	if (form == AT_TEST)
		return AT_OK;
	if (form != AT_SET || !at_given(params, 0))
		return wrong(phone);
	return ask(phone, params, BODY_SEND);
}

int at_write(struct phone *phone, const struct phone_command *command, enum at_form form,
	     const struct at_params *params)
{
	int stat = SLOT_UNSENT;

	(void)command;
	if (form == AT_TEST)
		return AT_OK;
	if (phone->format == 0 && !at_number(params, 1, 0, SLOT_SENT, &stat))
		return AT_CMS + CMS_PDU;
	phone->body_stat = (uint8_t)stat;
	return ask(phone, params, BODY_WRITE);
}

int at_send_stored(struct phone *phone, const struct phone_command *command, enum at_form form,
		   const struct at_params *params)
{
	struct fg_tpdu_submit submit;
	struct phone_slot *slot;
	uint8_t tpdu[FG_TPDU_MAX];
	int index = 0;
	size_t len;

	(void)command;
	if (form == AT_TEST)
		return AT_OK;
	if (!at_number(params, 0, 1, PHONE_STORE_MAX, &index))
		return AT_CMS + CMS_INDEX;
	slot = phone_store_at(phone, phone->memory[1], index);
	if (!slot || !slot->used)
		return AT_CMS + CMS_INDEX;
	if (fg_tpdu_submit_decode(slot->pdu + slot->smsc_len, (size_t)(slot->len - slot->smsc_len),
				  &submit) != FG_OK)
		return AT_CMS + CMS_NOT_ALLOWED;
	if (at_given(params, 1) && !read_address(phone, params, 1, &submit.destination))
		return AT_CMS + CMS_TEXT;
	if (fg_tpdu_submit_encode(&submit, tpdu, sizeof(tpdu), &len) != FG_OK)
		return AT_CMS + CMS_PDU;
	slot->stat = SLOT_SENT;
	return phone_submit(phone, "CMSS", tpdu, len);
}
