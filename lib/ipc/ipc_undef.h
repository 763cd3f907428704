/* SPDX-License-Identifier: GPL-3.0-or-later
 * No guard: included after each reading of ipc.def. */
#undef FG_IPC_BEGIN
#undef FG_IPC_U8
#undef FG_IPC_U16
#undef FG_IPC_U32
#undef FG_IPC_U64
#undef FG_IPC_ID
#undef FG_IPC_HASH
#undef FG_IPC_BYTES
#undef FG_IPC_TEXT
#undef FG_IPC_CLEAR
#undef FG_IPC_END
#undef FG_IPC_TAKES_FD
#undef FG_IPC_CARRIES
