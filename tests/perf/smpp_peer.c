/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/perf/smpp_peer.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t peer_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

void peer_send(struct bufferevent *bev, const struct fg_smpp_pdu *pdu)
{
	uint8_t octets[1024];
	size_t len;

	if (fg_smpp_encode(pdu, octets, sizeof(octets), &len) != FG_OK) {
		fprintf(stderr, "cannot encode a PDU\n");
		exit(1);
	}
	bufferevent_write(bev, octets, len);
}

bool peer_read(struct bufferevent *bev, void (*pdu)(struct fg_smpp_pdu *pdu, void *arg), void *arg)
{
	static struct fg_smpp_pdu decoded;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t have = evbuffer_get_length(in), used = 0, len;
	const uint8_t *octets = evbuffer_pullup(in, -1);
	enum fg_rc rc = FG_OK;

	while (used < have &&
	       (rc = fg_smpp_frame(octets + used, have - used, FG_SMPP_PDU_MAX, &len)) == FG_OK) {
		if (fg_smpp_decode(octets + used, len, &decoded) == FG_OK)
			pdu(&decoded, arg);
		used += len;
	}
	evbuffer_drain(in, used);
	return rc == FG_OK || rc == FG_E_TRUNCATED;
}

void samples_add(struct samples *samples, uint64_t us)
{
	if (samples->count == samples->cap) {
		samples->cap = samples->cap ? 2 * samples->cap : 4096;
		samples->us = realloc(samples->us, samples->cap * sizeof(*samples->us));
		if (!samples->us)
			abort();
	}
	samples->us[samples->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t samples_percentile(struct samples *samples, unsigned percent)
{
	if (samples->count == 0)
		return 0;
	qsort(samples->us, samples->count, sizeof(*samples->us), compare);
	return samples->us[(samples->count - 1) * percent / 100];
}

long peer_option(int argc, char **argv, const char *name, long fallback)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0)
			return strtol(argv[i + 1], NULL, 0);
	return fallback;
}
