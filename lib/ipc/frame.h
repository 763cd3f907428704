/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frames between processes: the structs and the codec that ipc.def describes. A frame on the wire is
 * u32 length of what follows, u16 type, fields in order; byte fields as u32 length and bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"
#include "lib/base/id.h"

enum fg_role {
	FG_ROLE_PARENT,
	FG_ROLE_CORE,
	FG_ROLE_LOG,
	FG_ROLE_VAULT,
	FG_ROLE_SECURE, /*!< adapter process on the sealed side */
	FG_ROLE_LINK,   /*!< adapter process on the clear side */
	FG_ROLE_CTL,
	FG_ROLE_COUNT
};

/*! How an attempt stands at the vault. */
enum fg_leg_state {
	FG_LEG_OPENED = 1, /*!< handed to the link, no outcome yet */
	FG_LEG_ACCEPTED,   /*!< the far side has taken it */
	FG_LEG_DEFERRED,   /*!< not taken, the same link may take it later; nothing was sent */
	FG_LEG_FAILED,     /*!< not taken */
	FG_LEG_UNKNOWN,    /*!< it may have been taken */
};

/*! How a job ended on a link (adapters/adapter.h). */
enum fg_outcome {
	FG_OUTCOME_ACCEPTED = FG_LEG_ACCEPTED,
	FG_OUTCOME_DEFERRED = FG_LEG_DEFERRED,
	FG_OUTCOME_FAILED = FG_LEG_FAILED,
	FG_OUTCOME_UNKNOWN = FG_LEG_UNKNOWN,
};

enum fg_part_state {
	FG_PART_NOT_SENT,
	FG_PART_ACCEPTED,
	FG_PART_FAILED,
	FG_PART_UNKNOWN,
};

/*! Where a message that came in over a link came from. */
enum fg_submit_kind {
	FG_SUBMIT_APPLICATION = 1, /*!< of an account: its contract stands for consent */
	FG_SUBMIT_INBOUND,         /*!< from a carrier: relayed, unprotected */
};

/*! Instead of an enum fg_bearer: nothing has left. */
enum { FG_NO_BEARER = 255 };

enum fg_submit_flag {
	FG_SUBMIT_FLASH = 1,    /*!< message class 0: shown at once, not stored */
	FG_SUBMIT_PRIORITY = 2, /*!< the low bit of the priority_flag that goes on to the carrier */
	FG_SUBMIT_NARROW =
		4, /*!< its concat_ref is of 8 bits: not that of a 16-bit one of equal value */
	FG_SUBMIT_LATIN1 = 8,  /*!< came in ISO 8859-1 or ASCII: so does a text that replaces it */
	FG_SUBMIT_UCS2 = 16,   /*!< came in UCS-2 */
	FG_SUBMIT_URGENT = 32, /*!< the high bit of the priority_flag */
};

/*! What an application asks of a message that it submitted. */
enum fg_app_ask {
	FG_ASK_QUERY = 1,
	FG_ASK_CANCEL,
	FG_ASK_REPLACE,
	FG_ASK_REPLACED, /*!< from the vault to the core alone: the new text is sealed */
};

/*! What a parent passes by descriptor. */
enum fg_role_file {
	FG_FILE_SECURE_LISTENER,
	FG_FILE_CONTROL_LISTENER,
	FG_FILE_TLS_CERTIFICATE,
	FG_FILE_TLS_KEY,
	FG_FILE_LINK_LISTENER, /*!< of a link that others connect to */
	FG_FILE_LINK_CERTIFICATE,
	FG_FILE_LINK_KEY,
	FG_FILE_LINK_CA,
	FG_FILE_LINK_CODES,  /*!< what the carrier means by codes of its own */
	FG_FILE_LINK_STATE,  /*!< what a link must not forget, to be read and written */
	FG_FILE_LINK_DEVICE, /*!< the answer to DEVICE */
	FG_FILE_COUNT
};

enum fg_trust_key {
	FG_TRUST_LOG,
	FG_TRUST_VAULT,
	FG_TRUST_RECEIPT,
	FG_TRUST_DIRECTORY,
	FG_TRUST_KEY_COUNT
};

/*! Bytes that somebody else owns. */
struct fg_bytes {
	const uint8_t *data;
	size_t len;
};

#define FG_BYTES(d, l)   ((struct fg_bytes){ (const uint8_t *)(d), (l) })
#define FG_BYTES_TEXT(s) FG_BYTES(s, strlen(s))

/* The structs: struct fg_ipc_hello and so on. */
#define FG_IPC_BEGIN(NAME, name, number) struct fg_ipc_##name {
#define FG_IPC_U8(f)                     uint8_t f;
#define FG_IPC_U16(f)                    uint16_t f;
#define FG_IPC_U32(f)                    uint32_t f;
#define FG_IPC_U64(f)                    uint64_t f;
#define FG_IPC_ID(f)                     struct fg_id f;
#define FG_IPC_HASH(f)                   uint8_t f[32];
#define FG_IPC_BYTES(f, max)             struct fg_bytes f;
#define FG_IPC_TEXT(f, max)              struct fg_bytes f;
#define FG_IPC_CLEAR(f, max)             struct fg_bytes f;
#define FG_IPC_END(NAME, name)                                                                     \
	char end_[1];                                                                              \
	}                                                                                          \
	;
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"

enum fg_ipc_type {
#define FG_IPC_BEGIN(NAME, name, number) FG_IPC_##NAME = number,
#include "lib/ipc/ipc_nofields.h"
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
};

struct fg_frame {
	enum fg_ipc_type type;
	union {
#define FG_IPC_BEGIN(NAME, name, number) struct fg_ipc_##name name;
#include "lib/ipc/ipc_nofields.h"
#include "lib/ipc/ipc.def"
#include "lib/ipc/ipc_undef.h"
	};
};

enum {
	FG_FRAME_MAX = 64 * 1024 -
		       512, /*!< one frame: Debian's default send buffer takes a datagram of it */
	FG_DATAGRAM_MAX =
		32 * 1024, /*!< frames are packed up to this; a larger one travels alone */
};

/*! Write one frame. \return FG_OK; FG_E_SPACE; FG_E_TOO_LONG for a field above its maximum. */
enum fg_rc fg_frame_encode(const struct fg_frame *frame, uint8_t *out, size_t cap, size_t *len_out);

/*! Read the first frame of a datagram of len bytes; byte fields point into data.
 *  \param[out] used_out bytes it took: the next frame begins there.
 *  \return FG_OK; FG_E_TRUNCATED, FG_E_TRAILING, FG_E_TOO_LONG, FG_E_IPC_FRAME (unknown type). */
enum fg_rc fg_frame_decode(const uint8_t *data, size_t len, struct fg_frame *frame_out,
			   size_t *used_out);

/*! Encoded size of a frame: what it costs in credit. */
size_t fg_frame_size(const struct fg_frame *frame);

/*! May `from` say this to `to`? */
bool fg_frame_allowed(enum fg_role from, enum fg_role to, enum fg_ipc_type type);

/*! True for frames with a CLEAR field. */
bool fg_frame_is_clear(enum fg_ipc_type type);

/*! True for frames that travel with exactly one descriptor. */
bool fg_frame_takes_fd(enum fg_ipc_type type);

const char *fg_frame_name(enum fg_ipc_type type); /*!< "ORDER"; "?" for none */
const char *fg_role_name(enum fg_role role);      /*!< "core" */
