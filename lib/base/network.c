/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/network.h"

#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };

static bool read_address(const char *text, struct fg_address *out, unsigned *bits_out)
{
	*bits_out = 128;
	if (inet_pton(AF_INET6, text, out->octets) == 1)
		return true;
	*bits_out = 32;
	memcpy(out->octets, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, out->octets + sizeof(mapped)) == 1;
}

static bool read_bits(const char *text, unsigned most, unsigned *out)
{
	size_t len = strlen(text);

	if (len < 1 || len > 3 || strspn(text, "0123456789") != len)
		return false;
	*out = (unsigned)strtoul(text, NULL, 10);
	return *out <= most;
}

static bool read_one(char *text, struct fg_network *out)
{
	char *slash = strchr(text, '/');
	unsigned most, bits;

	if (slash)
		*slash++ = '\0';
	if (!read_address(text, &out->address, &most))
		return false;
	bits = most;
	if (slash && !read_bits(slash, most, &bits))
		return false;
	out->bits = (uint8_t)(128 - most + bits);
	return true;
}

bool fg_networks_read(const char *text, struct fg_network *networks_out, size_t *count_out)
{
	char one[64];

	for (*count_out = 0; *text;) {
		size_t len = strcspn(text, ", ");

		if (len >= sizeof(one) || (len > 0 && *count_out == FG_NETWORKS_MAX))
			return false;
		memcpy(one, text, len);
		one[len] = '\0';
		if (len > 0 && !read_one(one, &networks_out[(*count_out)++]))
			return false;
		text += len + (text[len] != '\0');
	}
	return true;
}

static bool has(const struct fg_network *network, const struct fg_address *address)
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	return memcmp(network->address.octets, address->octets, whole) == 0 &&
	       (rest == 0 ||
		(network->address.octets[whole] ^ address->octets[whole]) >> (8 - rest) == 0);
}

bool fg_networks_have(const struct fg_network *networks, size_t count,
		      const struct fg_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (has(&networks[i], address))
			return true;
	return false;
}

struct fg_address fg_address_of(const struct sockaddr *from)
{
	struct fg_address out = { 0 };

	if (from->sa_family == AF_INET6) {
		memcpy(out.octets, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr,
		       sizeof(out.octets));
	} else if (from->sa_family == AF_INET) {
		memcpy(out.octets, mapped, sizeof(mapped));
		memcpy(out.octets + sizeof(mapped),
		       &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	}
	return out;
}

const char *fg_address_text(const struct fg_address *address, char out[static FG_ADDRESS_TEXT_MAX])
{
	bool v4 = memcmp(address->octets, mapped, sizeof(mapped)) == 0;

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, address->octets + (v4 ? sizeof(mapped) : 0), out,
		       FG_ADDRESS_TEXT_MAX))
		*out = '\0';
	return out;
}
