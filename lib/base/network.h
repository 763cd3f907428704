/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Addresses and networks that a configuration allows: "192.0.2.0/24, 2001:db8::/32, 127.0.0.1". IPv4 is written as IPv6 (RFC 4291,
 * 2.5.5.2), so that a listener of either family compares alike.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>

struct fg_address {
	uint8_t octets[16]; /*!< all 0: not known */
};

struct fg_network {
	struct fg_address address;
	uint8_t bits; /*!< of the address that count, 0..128 */
};

enum { FG_NETWORKS_MAX = 32, FG_ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN };

/*! Read a list, separated by commas or spaces.
 *  \param[out] networks_out [FG_NETWORKS_MAX] \param[out] count_out 0 for an empty text.
 *  \return false when an item is no address, has more bits than it may, or there are too many. */
bool fg_networks_read(const char *text, struct fg_network *networks_out, size_t *count_out);

/*! Is the address in one of them? O(count). */
bool fg_networks_have(const struct fg_network *networks, size_t count,
		      const struct fg_address *address);

/*! Of a socket's far side; not known for any other family than IPv4 and IPv6. */
struct fg_address fg_address_of(const struct sockaddr *from);

/*! For people. Returns out. */
const char *fg_address_text(const struct fg_address *address, char out[static FG_ADDRESS_TEXT_MAX]);
