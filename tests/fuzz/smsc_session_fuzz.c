/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The emulated SMSC and a bound peer that says anything at any time. Input: pieces of one octet n
 * and n octets; n of 240 and above moves the clock instead, by (n - 239) * 5 seconds. Whatever it
 * sends is whole PDUs, and nothing is in flight or pending once all is due and the peer reads.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "emulators/smsc/center.h"

enum { RECEIVED_MAX = 1 << 16 };

static uint8_t received[RECEIVED_MAX];
static size_t received_len;

static void on_send(void *arg, const void *octets, size_t len)
{
	size_t pdu_len;

	(void)arg;
	if (fg_smpp_frame(octets, len, FG_SMPP_PDU_MAX, &pdu_len) == FG_OK && pdu_len != len)
		abort();
}

static void on_message(const struct fg_smsc_message *message, void *arg)
{
	(void)arg;
	if (strlen(message->text) > message->text_len)
		abort();
}

static void give(struct smsc_conn *conn, const uint8_t *data, size_t len)
{
	size_t used;

	if (len > RECEIVED_MAX - received_len)
		len = RECEIVED_MAX - received_len;
	memcpy(received + received_len, data, len);
	received_len += len;
	used = smsc_conn_bytes(conn, received, received_len);
	memmove(received, received + used, received_len - used);
	received_len -= used;
}

static struct smsc_conn *begin(struct smsc_center *center)
{
	static const uint8_t bind[] = { 0, 0, 0, 23, 0, 0, 0, 9,    0, 0, 0, 0,
					0, 0, 0, 1,  0, 0, 0, 0x34, 0, 0, 0 };
	struct smsc_conn *conn = smsc_conn_new(center, on_send, NULL, NULL);

	received_len = 0;
	if (!conn)
		abort();
	give(conn, bind, sizeof(bind));
	if (!conn->receives)
		abort();
	return conn;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct fg_smsc_options options = { .seed = 1,
						  .receipt_delay_ms = 5000,
						  .window = 4 };
	struct smsc_center *center = smsc_center_new(NULL, &options, 0, on_message, NULL);
	struct smsc_conn *conn = begin(center);
	uint64_t now_us = 0;

	while (len > 0 && !conn->closing) {
		size_t n = *data++;

		len--;
		if (n >= 240) {
			smsc_center_run(center, now_us += (n - 239) * 5000000);
			continue;
		}
		n = n < len ? n : len;
		give(conn, data, n);
		data += n;
		len -= n;
	}
	smsc_center_run(center, now_us + UINT64_C(4000) * EMU_DELAY_MAX_MS);
	if (center->counters.in_flight != 0 ||
	    (conn->receives && !conn->closing && center->counters.receipts_pending != 0))
		abort();
	smsc_conn_close(conn);
	talloc_free(center);
	return 0;
}
