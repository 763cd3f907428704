/* SPDX-License-Identifier: ISC */
#include "lib/crypto/clear.h"

#include <sodium.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool unlocked_allowed;

/* sodium_malloc() locks too but drops the answer, so it is asked again here; of the kernel, since
 * the address sanitizer puts an mlock() that does nothing in place of the real one. */
static bool is_locked(const void *data, size_t len)
{
#ifndef FG_MUTANT_clear_lock
	return len == 0 || syscall(SYS_mlock, data, len) == 0;
#else
	(void)data, (void)len;
	return true;
#endif
}

enum fg_rc fg_clear_new(size_t cap, struct fg_clear *clear_out)
{
	uint8_t *data = sodium_malloc(cap);

	if (!data)
		return FG_E_NO_MEMORY;
	if (!is_locked(data, cap) && !unlocked_allowed) {
		sodium_free(data);
		return FG_E_LOCKED_MEMORY;
	}
	*clear_out = (struct fg_clear){ .data = data, .cap = cap };
	return FG_OK;
}

void fg_clear_free(struct fg_clear *clear)
{
	sodium_free(clear->data); /* wipes, and takes NULL */
	*clear = (struct fg_clear){ 0 };
}

enum fg_rc fg_clear_append(struct fg_clear *clear, const void *data, size_t len)
{
	if (len > clear->cap - clear->len)
		return FG_E_SPACE;
	if (len > 0)
		memcpy(clear->data + clear->len, data, len);
	clear->len += len;
	return FG_OK;
}

void fg_clear_allow_unlocked(void)
{
	unlocked_allowed = true;
}

enum fg_rc fg_clear_probe(void)
{
	uint8_t *data = sodium_malloc(1);
	bool locked = data && is_locked(data, 1);

	sodium_free(data);
	return locked ? FG_OK : FG_E_LOCKED_MEMORY;
}
