/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The emulated modem and a program that says anything at any time. Input: pieces of one octet n and
 * n octets; n of 240 and above moves the clock, brings a message, unplugs and plugs, or sets a
 * fault. Whatever happens, a modem that is plugged in answers again once all is due and the faults
 * are gone, and what waits for it can be counted.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "emulators/modem/phone.h"

static uint8_t last[8];
static size_t last_len;

static void on_send(void *arg, const void *octets, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++) {
		if (last_len == sizeof(last))
			memmove(last, last + 1, --last_len);
		last[last_len++] = ((const uint8_t *)octets)[i];
	}
}

static void on_message(void *arg, const struct phone_message *message)
{
	(void)arg;
	if (strlen(message->text) > message->text_len || message->parts == 0)
		abort();
}

static void on_unplug(void *arg, unsigned back_ms)
{
	(void)arg;
	(void)back_ms;
}

static void happen(struct phone *phone, size_t what, uint64_t *now_us)
{
	static const char *const faults[] = { "lost-prompt", "silence", "hang-up", "noise",
					      "echo-stuck",  "late",    "cut",     "cms=38" };
	const struct phone_incoming incoming = { .from = "+12025550123",
						 .text = "an answer",
						 .message_class = (int)(what % 4) - 1,
						 .port = -1,
						 .malformed = (enum phone_malformed)(what % 7) };

	if (what < 4)
		phone_run(phone, *now_us += what * 5000000);
	else if (what < 8)
		(void)phone_receive(phone, &incoming);
	else if (what == 8 && phone_plugged(phone))
		phone_unplug(phone);
	else if (what == 8)
		phone_plug(phone);
	else
		(void)phone_fault(phone, faults[what % 8], 1);
}

/* All is due, nothing goes wrong any more: an ESC and AT are answered with OK. */
static void check(struct phone *phone, uint64_t now_us)
{
	phone_faults_clear(phone);
	phone_plug(phone);
	phone_run(phone, now_us + UINT64_C(10) * EMU_DELAY_MAX_MS * 1000);
	phone_faults_clear(phone);
	phone_plug(phone);
	phone_bytes(phone, "\r\x1b\r", 3); /* a line that was begun may ask for a body */
	phone_bytes(phone, "ATV1Q0E0\r", 9);
	phone_bytes(phone, "AT\r", 3);
	if (!phone_plugged(phone) || last_len < 6 ||
	    memcmp(last + last_len - 6, "\r\nOK\r\n", 6) != 0)
		abort();
	if (phone_counters(phone)->taken > phone_counters(phone)->submits)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct phone_owner owner = { .send = on_send,
						  .message = on_message,
						  .unplug = on_unplug };
	static const struct phone_options options = { .number = "+12025550100",
						      .imei = "490154203237518",
						      .pin = "",
						      .puk = "12345678",
						      .report_delay_ms = 5000,
						      .late_ms = 5000,
						      .sim_slots = 5,
						      .seed = 7 };
	struct phone *phone = phone_new(NULL, &options, 1700000000000000, &owner);
	uint64_t now_us = 0;

	if (!phone)
		abort();
	last_len = 0;
	while (len > 0) {
		size_t n = *data++;

		len--;
		if (n >= 240) {
			happen(phone, n - 240, &now_us);
			continue;
		}
		n = n < len ? n : len;
		phone_bytes(phone, data, n);
		data += n;
		len -= n;
	}
	check(phone, now_us);
	talloc_free(phone);
	return 0;
}
