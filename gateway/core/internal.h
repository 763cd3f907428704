/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the core share among themselves and message.c, job.c and the other files that carry messages do not need.
 */
#pragma once

#include "gateway/core/session.h"

enum {
	FG_DEVICE_KEY_LEN = FG_ACCOUNT_KEY_LEN + FG_DEVICE_ID_LEN,
	FG_PREKEYS_LOW = 25,
	FG_DIRECTORY_DEVICES_MAX =
		16 /* of one account, whatever the configuration says: fg_directory_entry */
};

/* ---- core.c ---- */
/*! Ends the process on FG_E_STORE_FATAL; to be asked with the rc of every call and callback of the store. Returns rc. */
enum fg_rc fg_core_store_rc(struct fg_core *core, enum fg_rc rc);

/* ---- chain.c ---- */
/*! A frame of the log or the vault about messages, accounts and applications. */
void fg_chain_frame(struct fg_core *core, const struct fg_frame *frame, bool by_vault);

/* ---- session.c ---- */
/*! The connection has proven to be this device: it is online from now on; an older connection of the device is dropped. The
 *  certificate was verified. FG_OK or FG_E_NO_MEMORY. */
enum fg_rc fg_session_adopt(struct fg_core *core, struct fg_session *session,
			    const Fallgate__Signed *cert, const Fallgate__DeviceCert *body,
			    const char *handle);
/*! Answer Welcome with the view of the own handle; count the device's prekeys; begin to push. */
void fg_session_welcome(struct fg_core *core, struct fg_session *session, uint64_t request);
/*! Close a connection from our side and forget it. */
void fg_session_drop(struct fg_core *core, struct fg_session *session_take, enum fg_rc rc);
/*! Close every connection of an account's devices. */
void fg_session_drop_account(struct fg_core *core,
			     const uint8_t account_key[static FG_ACCOUNT_KEY_LEN]);
/*! Call each for every session; each may not free any. */
void fg_session_each(struct fg_core *core,
		     void (*each)(struct fg_core *core, struct fg_session *session));

/* ---- push.c ---- */
/*! The sealed-side link takes more: go on where it was full. */
void fg_push_room(struct fg_core *core);

/* ---- directory*.c ---- */

/*! One write of the directory: the ops, what they point to (talloc children), and whom to answer. */
struct fg_directory_write {
	struct fg_core *core;
	uint64_t conn, request;
	struct fg_store_op *ops;
	size_t count, cap;
	bool failed; /*!< no memory, or more ops than cap: the write will not be made */
	void (*then)(struct fg_directory_write *write_take); /*!< durable; NULL: answer Done */
	enum fg_rc conflict_rc;                              /*!< what a CONFLICT is called */
	struct fg_handle handle;
	uint8_t account_key[FG_ACCOUNT_KEY_LEN];
	uint8_t device_id[FG_DEVICE_ID_LEN];
	/*! what was asked, packed: the arena it came in is used again meanwhile */
	struct fg_bytes message;
	struct fg_bytes proof; /*!< for the ACCOUNT frame */
	void *more;            /*!< of the one who began it, a talloc child */
};

/*! What the directory has about write->handle and write->account_key, of one moment; NULL and 0 for what is not there. */
struct fg_directory_records {
	Fallgate__StoredAccount *account;
	Fallgate__StoredHandle *handle;
	Fallgate__StoredPin *pin;
	Fallgate__StoredInvitation *invitation;
	uint64_t account_version, handle_version, pin_version, invitation_version;
	const struct fg_store_row *devices[FG_DIRECTORY_DEVICES_MAX];
	size_t devices_count;
};
/*! \param[in] invitation  hash of a code, or NULL.
 *  \param[in] then        is given the records, in the arena, and takes the write; when they cannot be read the session is
 *                         answered and then is not called. Takes the write in every case. */
void fg_directory_gather(struct fg_directory_write *write_take, const struct fg_hash *invitation,
			 void (*then)(struct fg_directory_write *write_take,
				      const struct fg_directory_records *records));
/*! Answer the error and free. */
void fg_directory_refuse(struct fg_directory_write *write_take, enum fg_rc rc);
/*! The account, handle and pin with one epoch more, as ops, and what the vault is to be told: write->proof is set before. account_key NULL: the handle has no account from now on. */
void fg_directory_raise(struct fg_directory_write *write,
			const struct fg_directory_records *records, const uint8_t *account_key);
/*! Ops that forget a device of the account: its record, queue and prekeys. */
void fg_directory_forget(struct fg_directory_write *write, const uint8_t *device_id);

/*! Tell the device that a pop took one of its last prekeys. */
void fg_directory_prekeys_low(struct fg_core *core, const struct fg_store_op *pop);
struct fg_directory_write *fg_directory_write_new(struct fg_core *core,
						  const struct fg_session *session,
						  uint64_t request, size_t cap);
/*! The next op, zeroed; after a failure a scratch one. */
struct fg_store_op *fg_directory_op(struct fg_directory_write *write, enum fg_store_op_kind kind);
struct fg_bytes fg_directory_copy(struct fg_directory_write *write, const void *data, size_t len);
struct fg_bytes fg_directory_pack(struct fg_directory_write *write, const void *message);
void fg_directory_put(struct fg_directory_write *write, enum fg_store_kind kind, const void *key,
		      size_t key_len, uint64_t version, const void *message);
/*! Submit; takes the write in every case and answers the session. */
void fg_directory_commit(struct fg_directory_write *write_take);
/*! Tell the log (and through it the vault) of the account of write->handle, and then call done with its newest view, or
 *  answer the error. The write stays alive until done has returned. */
void fg_directory_announce(struct fg_directory_write *write,
			   void (*done)(struct fg_directory_write *write));
struct fg_bytes fg_directory_device_key(const uint8_t *account_key, const uint8_t *device_id,
					uint8_t out[static FG_DEVICE_KEY_LEN]);
/*! A signed prekey of that device: FG_OK; FG_E_SIGNATURE; FG_E_SYNTAX. */
enum fg_rc fg_directory_prekey_check(struct fg_core *core, const Fallgate__Signed *prekey,
				     Fallgate__PrekeyKind kind, const uint8_t *signing_key,
				     const uint8_t *device_id, uint32_t *id_out);
/*! Row of that kind and key, NULL when there is none. */
const struct fg_store_row *fg_directory_row(const struct fg_store_row *rows, size_t count,
					    enum fg_store_kind kind, const void *key,
					    size_t key_len);

/* ---- announce.c ---- */
/*! Tell again now and then, while anything is left. FG_OK; FG_E_NO_MEMORY. */
enum fg_rc fg_announce_start(struct fg_core *core);
/*! A peer of the chain has a new channel: tell at once, and soon again. FG_OK; FG_E_NO_MEMORY. After fg_announce_start(). */
enum fg_rc fg_announce_chain_changed(struct fg_core *core);
void fg_announce_stop(struct fg_core *core);
/*! Tell the log, and through it the vault, of every account that the vault has not noted; nothing while the log is away. */
void fg_announce_sweep(struct fg_core *core);
/*! The vault answered an ACCOUNT. */
void fg_announce_noted(struct fg_core *core, const struct fg_ipc_account_noted *note);

/* ---- rules.c ---- */
/*! Rules for that configuration, a talloc child of ctx. FG_OK, or what is wrong and in why where. */
enum fg_rc fg_rules_load(void *ctx, const struct fg_conf *conf, struct fg_core_rules **rules_out,
			 char why[static FG_ROLE_WHY_MAX]);

/* ---- operate.c ---- */
/*! Read which links are suspended; until that is known all count as that. FG_OK, or what the store says. */
enum fg_rc fg_operate_start(struct fg_core *core);
void fg_operate_link(struct fg_core *core, const struct fg_ipc_link *said);
void fg_operate_links_down(struct fg_core *core); /*!< the vault went */
/*! The parent says that a link which is to stay away has no process any more. */
void fg_operate_gone(struct fg_core *core, unsigned link);
/*! Index of the link of that name; FG_CONF_LINKS_MAX: there is none. */
unsigned fg_operate_find(const struct fg_core *core, const char *name);
/*! Suspend a link or end that; done: it is durable, or is not and nothing changed. FG_OK: done comes. */
enum fg_rc fg_operate_suspend(struct fg_core *core, unsigned link, bool suspend,
			      fg_store_done_cb done, void *arg);
/*! Give it nothing more and let it leave; fg_ctl_link_changed() tells how it goes. FG_OK; FG_E_CLOSED without the vault. */
enum fg_rc fg_operate_drain(struct fg_core *core, unsigned link);
/*! End of a drain: the link is started again. FG_OK, or what the channel says. */
enum fg_rc fg_operate_undrain(struct fg_core *core, unsigned link);
/*! "up", "down", "suspended", "draining", "drained". */
const char *fg_operate_state(const struct fg_core *core, unsigned link);

/* ---- ctl_links.c ---- */
/*! Tell who waits for that link to be drained. */
void fg_ctl_link_changed(struct fg_core *core, unsigned link);
void fg_ctl_reloaded(struct fg_core *core, const struct fg_ipc_reloaded *reloaded);

/* ---- ctl.c ---- */
enum fg_rc fg_ctl_start(struct fg_core *core);
void fg_ctl_stop(struct fg_core *core);
/*! Head queries of the control socket have this bit in their token; nobody else's have. */
#define FG_CTL_HEAD_TOKEN (1ull << 63)
void fg_ctl_head(struct fg_core *core, const struct fg_ipc_head *head);
/*! root, the core's own uid, and the one of the configuration. */
bool fg_ctl_may_ask(const struct fg_core *core, unsigned uid);
