/* SPDX-License-Identifier: ISC
 *
 * The cost of Argon2id as a parameter, so that the tests can write files that open quickly.
 */
#pragma once

#include "lib/crypto/secretfile.h"

struct fg_secretfile_cost {
	uint32_t passes;
	uint32_t memory_kib;
};

/*! fg_secretfile_write() with a cost other than the default. */
enum fg_rc fg_secretfile_write_with_cost(const char *path, const char *passphrase,
					 struct fg_secretfile_cost cost, const void *data,
					 size_t len);
