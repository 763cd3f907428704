/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gateway.trust: what is accepted has a host, a port, an origin and a certificate.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include "client/device/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct fg_trust trust;

	if (fg_trust_parse((const char *)data, len, &trust) == FG_OK &&
	    (!trust.host[0] || !trust.port || !trust.log_origin[0] || !trust.ca_len))
		abort();
	return 0;
}
