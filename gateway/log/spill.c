/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>
#include "lib/base/log.h"

enum { MEMORY_LEN = 64 * 1024 };

/* Items up to written are in the file, those from kept on in memory; the first half of a full memory leaves it. */
struct fg_spill {
	int fd;
	size_t item_len, cap; /* cap: items in memory, even */
	uint64_t count, written, kept;
	uint8_t memory[MEMORY_LEN];
};

static int spill_close(struct fg_spill *spill)
{
	if (spill->fd >= 0)
		close(spill->fd);
	return 0;
}

enum fg_rc fg_spill_new(void *ctx, const char *path, size_t item_len, struct fg_spill **spill_out)
{
	struct fg_spill *spill = talloc_zero(ctx, struct fg_spill);

	if (!spill)
		return FG_E_NO_MEMORY;
	if (item_len == 0 || item_len > FG_SPILL_ITEM_MAX)
		FG_BUG("items of a spilled array have 1 to 64 bytes");
	spill->item_len = item_len;
	spill->cap = MEMORY_LEN / item_len / 2 * 2;
	spill->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	talloc_set_destructor(spill, spill_close);
	if (spill->fd < 0) {
		talloc_free(spill);
		return FG_E_LOG_IO;
	}
	*spill_out = spill;
	return FG_OK;
}

static uint8_t *in_memory(struct fg_spill *spill, uint64_t index)
{
	return spill->memory + (size_t)(index - spill->kept) * spill->item_len;
}

/* Write what is not, then let go of the older half. */
static enum fg_rc make_room(struct fg_spill *spill)
{
	size_t half = spill->cap / 2;

	while (spill->written < spill->count) {
		size_t len = (size_t)(spill->count - spill->written) * spill->item_len;
		ssize_t n = pwrite(spill->fd, in_memory(spill, spill->written), len,
				   (off_t)(spill->written * spill->item_len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < (ssize_t)spill->item_len)
			return FG_E_LOG_IO;
		spill->written += (uint64_t)n / spill->item_len;
	}
	memmove(spill->memory, spill->memory + half * spill->item_len, half * spill->item_len);
	spill->kept += half;
	return FG_OK;
}

enum fg_rc fg_spill_append(struct fg_spill *spill, const void *item)
{
	enum fg_rc rc = spill->count - spill->kept == spill->cap ? make_room(spill) : FG_OK;

	if (rc != FG_OK)
		return rc;
	memcpy(in_memory(spill, spill->count), item, spill->item_len);
	spill->count++;
	return FG_OK;
}

uint64_t fg_spill_count(const struct fg_spill *spill)
{
	return spill->count;
}

enum fg_rc fg_spill_get(const struct fg_spill *spill, uint64_t index, void *item_out)
{
	size_t done = 0;

	if (index >= spill->count)
		FG_BUG("no such item in a spilled array");
	if (index >= spill->kept) {
		memcpy(item_out, spill->memory + (size_t)(index - spill->kept) * spill->item_len,
		       spill->item_len);
		return FG_OK;
	}
	while (done < spill->item_len) {
		ssize_t n = pread(spill->fd, (uint8_t *)item_out + done, spill->item_len - done,
				  (off_t)(index * spill->item_len + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FG_E_LOG_IO;
		done += (size_t)n;
	}
	return FG_OK;
}
