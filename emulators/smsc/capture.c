/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was said, as a pcap file: one IP packet with one TCP segment for each PDU (two for one that
 * is longer than a packet can be), headers and checksums as on a wire. Under TLS too the file has
 * the PDUs. Passwords of binds are written as asterisks. A peer with an IPv6 address is shown as
 * 127.0.0.1. Format: draft-ietf-opsawg-pcap, link type 101 (raw IP).
 */
#include "emulators/smsc/center.h"

#include <stdio.h>
#include <string.h>
#include <talloc.h>

enum {
	IP_LEN = 20,
	TCP_LEN = 20,
	SEGMENT_MAX = 65535 - IP_LEN - TCP_LEN,
	LINK_RAW = 101,
	PROTOCOL_TCP = 6,
	TCP_PSH_ACK = 0x18,
	BUFFER_LEN = 1 << 16,
};

struct smsc_capture {
	FILE *file;
};

static int capture_destroy(struct smsc_capture *capture)
{
	fclose(capture->file);
	return 0;
}

struct smsc_capture *smsc_capture_new(void *ctx, const char *path)
{
	const uint32_t head[6] = { 0xA1B2C3D4, 2 | 4 << 16, 0, 0, 65535, LINK_RAW };
	struct smsc_capture *capture = talloc(ctx, struct smsc_capture);

	if (!capture)
		return NULL;
	capture->file = fopen(path, "wbe");
	if (!capture->file) {
		talloc_free(capture);
		return NULL;
	}
	talloc_set_destructor(capture, capture_destroy);
	setvbuf(capture->file, NULL, _IOFBF, BUFFER_LEN);
	fwrite(head, sizeof(head), 1, capture->file);
	return capture;
}

void smsc_capture_flush(struct smsc_capture *capture)
{
	fflush(capture->file);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* RFC 1071 */
static uint32_t sum(const uint8_t *at, size_t len, uint32_t so_far)
{
	for (size_t i = 0; i < len; i++)
		so_far += (uint32_t)(i & 1 ? at[i] : at[i] << 8);
	return so_far;
}

static uint32_t folded(uint32_t value)
{
	while (value >> 16)
		value = (value & 0xFFFF) + (value >> 16);
	return ~value & 0xFFFF;
}

static void write_head(struct smsc_flow *flow, bool from_us, const uint8_t *octets, size_t len,
		       uint8_t head[static IP_LEN + TCP_LEN])
{
	uint8_t *tcp = head + IP_LEN;

	memset(head, 0, IP_LEN + TCP_LEN);
	head[0] = 0x45;
	put16(head + 2, (uint32_t)(IP_LEN + TCP_LEN + len));
	head[8] = 64;
	head[9] = PROTOCOL_TCP;
	memcpy(head + 12, flow->address[from_us], 4);
	memcpy(head + 16, flow->address[!from_us], 4);
	put16(head + 10, folded(sum(head, IP_LEN, 0)));
	put16(tcp, flow->port[from_us]);
	put16(tcp + 2, flow->port[!from_us]);
	put32(tcp + 4, flow->sequence[from_us]);
	put32(tcp + 8, flow->sequence[!from_us]);
	tcp[12] = TCP_LEN / 4 << 4;
	tcp[13] = TCP_PSH_ACK;
	put16(tcp + 14, 0xFFFF);
	put16(tcp + 16,
	      folded(sum(octets, len,
			 sum(tcp, TCP_LEN,
			     sum(head + 12, 8, (uint32_t)(PROTOCOL_TCP + TCP_LEN + len))))));
	flow->sequence[from_us] += (uint32_t)len;
}

static void write_segment(struct smsc_capture *capture, struct smsc_flow *flow, bool from_us,
			  uint64_t wall_us, const uint8_t *octets, size_t len)
{
	uint8_t head[IP_LEN + TCP_LEN];
	const uint32_t record[4] = { (uint32_t)(wall_us / 1000000), (uint32_t)(wall_us % 1000000),
				     (uint32_t)(sizeof(head) + len),
				     (uint32_t)(sizeof(head) + len) };

	write_head(flow, from_us, octets, len, head);
	fwrite(record, sizeof(record), 1, capture->file);
	fwrite(head, sizeof(head), 1, capture->file);
	fwrite(octets, len, 1, capture->file);
}

static bool has_secret(const uint8_t *octets)
{
	static const uint8_t commands[] = { FG_SMPP_BIND_RECEIVER, FG_SMPP_BIND_TRANSMITTER,
					    FG_SMPP_BIND_TRANSCEIVER, FG_SMPP_OUTBIND };

	return !(octets[4] | octets[5] | octets[6]) &&
	       memchr(commands, octets[7], sizeof(commands));
}

/* The password is the second string (3.4, 4.1.1, 4.1.7). When the strings are longer than they may
 * be, nobody knows which is which, and the whole body is blanked. */
static void blank(uint8_t *octets, size_t len)
{
	enum { SYSTEM_ID = 16, PASSWORD = 9 };
	const uint8_t *id = octets + FG_SMPP_HEADER_LEN;
	size_t left = len - FG_SMPP_HEADER_LEN, id_len = strnlen((const char *)id, left);
	size_t begin = FG_SMPP_HEADER_LEN, end = len, password_len;

	if (id_len < SYSTEM_ID && id_len < left) {
		begin += id_len + 1;
		password_len = strnlen((const char *)octets + begin, len - begin);
		if (password_len < PASSWORD)
			end = begin + password_len;
	}
	memset(octets + begin, '*', end - begin);
}

void smsc_capture_pdu(struct smsc_capture *capture, struct smsc_flow *flow, bool from_us,
		      uint64_t wall_us, const uint8_t *octets, size_t len)
{
	uint8_t copy[512];

#ifndef FG_MUTANT_capture_password
	if (has_secret(octets)) {
		if (len > sizeof(copy)) /* no bind is that long */
			return;
		memcpy(copy, octets, len);
		blank(copy, len);
		octets = copy;
	}
#endif
	while (len > 0) {
		size_t part = len < SEGMENT_MAX ? len : SEGMENT_MAX;

		write_segment(capture, flow, from_us, wall_us, octets, part);
		octets += part;
		len -= part;
	}
}
