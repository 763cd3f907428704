/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Logging through libosmocore's categories, to stderr, one structured line per state change: "verb object: cause key=value".
 *
 * Never text, never keys; numbers through fg_handle_mask(). ERROR: the operator must act; NOTICE: unusual, handled; INFO: once per
 * connection, reload or state change of a message; DEBUG: the rest.
 */
#pragma once

#include <osmocom/core/logging.h>
#include "lib/base/error.h"
#include "lib/base/id.h"

enum fg_log_category {
	DMAIN,
	DCONF,
	DIPC,
	DDECIDE,
	DMSG,
	DLEG,
	DBEARER,
	DMARK,
	DCRYPTO,
	DSTORE,
	DLOG,
	DVAULT,
	DCTL,
	DSMPP,
	DMODEM,
	DMMS,
	DRCS,
	DSECURE,
	DINGRESS,
	FG_LOG_CATEGORY_COUNT
};

/*! Start logging to stderr, lines of category, level and text. Colour only when stderr is a terminal.
 *  \param[in] ctx   talloc context that owns the logger, for the life of the process.
 *  \param[in] role  such as "core" or "smsc-a"; not part of the lines.
 *  \param[in] level "debug", "info", "notice" or "error"; anything else is FG_E_ARG. */
enum fg_rc fg_log_init(void *ctx, const char *role, const char *level);

/*! A line about a message begins with its id. */
#define LOG_MSG(id, cat, level, fmt, ...)                                                          \
	do {                                                                                       \
		char log_msg_id_[FG_ID_TEXT_LEN + 1];                                              \
		LOGP(cat, level, "msg=%s " fmt, fg_id_text(id, log_msg_id_), ##__VA_ARGS__);       \
	} while (0)

/*! A line about a link begins with its name. */
#define LOG_LINK(name, cat, level, fmt, ...) LOGP(cat, level, "link=%s " fmt, name, ##__VA_ARGS__)

/*! What *we* did wrong: say so and abort this process. A peer's mistake never comes here. */
#define FG_BUG(fmt, ...)                                                                           \
	do {                                                                                       \
		LOGP(DMAIN, LOGL_FATAL, "bug at %s:%d: " fmt "\n", __FILE__, __LINE__,             \
		     ##__VA_ARGS__);                                                               \
		abort();                                                                           \
	} while (0)
