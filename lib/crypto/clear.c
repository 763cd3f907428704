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

/* Guarded pages cost some twenty microseconds to make and to give back, more than all else that is done with a
 * short text. Those of short ones are kept: wiped, locked, and closed to all access until the next use:
 * who reads on after a free must not meet the next text. */
enum { SHORT = 2048, KEPT_MAX = 512 /* 2 MiB of locked memory at most */ };

static struct {
	uint8_t *base[KEPT_MAX];
	unsigned count;
	pid_t of; /* a child does not inherit locks */
} kept;

static enum fg_rc base_new(size_t size, uint8_t **base_out)
{
	uint8_t *base = sodium_malloc(size);

	if (!base)
		return FG_E_NO_MEMORY;
	if (!is_locked(base, size) && !unlocked_allowed) {
		sodium_free(base);
		return FG_E_LOCKED_MEMORY;
	}
	*base_out = base;
	return FG_OK;
}

static uint8_t *kept_take(void)
{
	if (kept.of != getpid()) {
		kept.of = getpid();
		kept.count = 0; /* the parent's */
	}
	if (kept.count == 0 || sodium_mprotect_readwrite(kept.base[kept.count - 1]) != 0)
		return NULL;
	return kept.base[--kept.count];
}

static bool kept_put(uint8_t *base, size_t used)
{
	if (kept.of != getpid() || kept.count == KEPT_MAX)
		return false;
#ifndef FG_MUTANT_clear_kept
	sodium_memzero(base + SHORT - used, used);
#else
	(void)used;
#endif
	if (sodium_mprotect_noaccess(base) != 0)
		return false;
	kept.base[kept.count++] = base;
	return true;
}

enum fg_rc fg_clear_new(size_t cap, struct fg_clear *clear_out)
{
	bool is_short = cap <= SHORT;
	uint8_t *base = is_short ? kept_take() : NULL;
	enum fg_rc rc = base ? FG_OK : base_new(is_short ? SHORT : cap, &base);

	if (rc != FG_OK)
		return rc;
	/* at the end of its pages, so that a read past cap is a fault in any case */
	*clear_out = (struct fg_clear){ .data = is_short ? base + SHORT - cap : base, .cap = cap };
	return FG_OK;
}

void fg_clear_free(struct fg_clear *clear)
{
	bool is_short = clear->data && clear->cap <= SHORT;
	uint8_t *base = is_short ? clear->data + clear->cap - SHORT : clear->data;

	if (!is_short || !kept_put(base, clear->cap))
		sodium_free(base); /* wipes, and takes NULL */
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
