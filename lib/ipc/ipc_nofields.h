/* SPDX-License-Identifier: GPL-3.0-or-later
 * No guard: included again and again, before ipc.def, by whoever wants its frames without their fields. */
#define FG_IPC_U8(f)
#define FG_IPC_U16(f)
#define FG_IPC_U32(f)
#define FG_IPC_U64(f)
#define FG_IPC_ID(f)
#define FG_IPC_HASH(f)
#define FG_IPC_BYTES(f, max)
#define FG_IPC_TEXT(f, max)
#define FG_IPC_CLEAR(f, max)
#define FG_IPC_END(NAME, name)
#define FG_IPC_TAKES_FD(NAME)
#define FG_IPC_CARRIES(FROM, TO, NAME)
