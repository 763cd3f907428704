/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One connection of a device through a secure link, from hello to close, and the way to answer it. A session may be gone when a
 * store callback comes back: keep (conn) and look it up again with fg_session_find().
 */
#pragma once

#include "gateway/core/core.h"

struct fg_push_state; /* push.c */

struct fg_session {
	uint64_t conn;
	uint8_t exporter[32];
	char address[65];
	uint8_t client_nonce[FG_NONCE_LEN], server_nonce[FG_NONCE_LEN];
	bool greeted, logged_in;
	uint8_t device_id[FG_DEVICE_ID_LEN];
	uint8_t account_key[FG_ACCOUNT_KEY_LEN];
	uint8_t signing_key[FG_SIGN_PUBLIC_LEN]; /*!< from its certificate, verified */
	char handle[FG_HANDLE_MAX + 1];          /*!< the account's first handle */
	uint8_t *cert;                           /*!< serialized Signed of its DeviceCert */
	size_t cert_len;
	uint64_t head_request; /*!< the GetHead that waits for the log */
	struct fg_push_state *push;
	struct fg_session *next, *next_of_device;
};

/*! NULL when the connection is gone. */
struct fg_session *fg_session_find(struct fg_core *core, uint64_t conn);
/*! The logged-in session of a device, or NULL: is it online? */
struct fg_session *fg_session_of_device(struct fg_core *core,
					const uint8_t device_id[static FG_DEVICE_ID_LEN]);

/*! Send one frame; request 0 for what nobody asked for. frame->request is set here. FG_OK, FG_E_IPC_FULL, FG_E_CLOSED. */
enum fg_rc fg_session_send(struct fg_core *core, struct fg_session *session, uint64_t request,
			   Fallgate__ServerFrame *frame);
/*! Answer with an error; message_id NULL: none. Harmless when session is NULL. */
void fg_session_error(struct fg_core *core, struct fg_session *session, uint64_t request,
		      enum fg_rc rc, const struct fg_id *message_id, uint64_t retry_ms);
void fg_session_done(struct fg_core *core, struct fg_session *session, uint64_t request);

/* From the secure link. */
void fg_session_opened(struct fg_core *core, const struct fg_ipc_conn_open *open);
void fg_session_frame(struct fg_core *core, const struct fg_ipc_conn_frame *frame);
void fg_session_closed(struct fg_core *core, uint64_t conn);
void fg_session_close_all(struct fg_core *core);

/* push.c */
/*! Something was queued for the device: push it when it is online. */
void fg_push_wake(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN]);
/*! The device asked to begin (after login), or acknowledged. */
void fg_push_start(struct fg_core *core, struct fg_session *session);
void fg_push_ack(struct fg_core *core, struct fg_session *session, uint64_t request,
		 const Fallgate__AckRequest *ack);
void fg_push_free(struct fg_session *session);

/* directory.c */
/*! A handle as the directory knows it, gathered in one read: by fg_directory_read(). All borrowed for the callback. */
struct fg_directory_entry {
	struct fg_handle handle;
	struct fg_hash tag;
	bool exists;                             /*!< a StoredHandle is there */
	uint8_t account_key[FG_ACCOUNT_KEY_LEN]; /*!< zero: signed off */
	uint64_t epoch;
	uint64_t proven_ms; /*!< since when it is its account's; 0: not known */
	bool pinned;
	uint8_t pin_account_key[FG_ACCOUNT_KEY_LEN];
	uint64_t pin_epoch;
	size_t devices_count;
	struct {
		uint8_t id[FG_DEVICE_ID_LEN];
		uint8_t signing_key[FG_SIGN_PUBLIC_LEN];
		struct fg_bytes stored; /*!< serialized StoredDevice */
		uint64_t cert_expires_ms;
	} devices[16];
	struct fg_bytes deregistration; /*!< serialized Signed, len 0: none */
	struct fg_bytes succession;
};
/*! rc other than FG_OK: the directory could not be read; entry is NULL and nothing may be concluded (view UNKNOWN). */
typedef void (*fg_directory_cb)(enum fg_rc rc, const struct fg_directory_entry *entry, void *arg);
enum fg_rc fg_directory_read(struct fg_core *core, const struct fg_handle *handle,
			     fg_directory_cb done, void *arg);

/*! The signed view of an entry, now: SECURE when it has an account with at least one current device, else ABSENT.
 *  *view_out is malloc()ed serialized Signed, the caller frees. */
enum fg_rc fg_directory_view(struct fg_core *core, const struct fg_directory_entry *entry,
			     uint8_t **view_out, size_t *len_out);
/*! The same, not signed, for a batch, and with the time since when the handle is proven, which only log and vault are told. *body_out is malloc()ed, the caller frees; *secure_out whether it says SECURE. */
enum fg_rc fg_directory_view_body(struct fg_core *core, const struct fg_directory_entry *entry,
				  uint8_t **body_out, size_t *len_out, bool *secure_out);
void fg_directory_register(struct fg_core *core, struct fg_session *session, uint64_t request,
			   const Fallgate__Register *reg);
void fg_directory_lookup(struct fg_core *core, struct fg_session *session, uint64_t request,
			 const Fallgate__Lookup *lookup);
void fg_directory_upload(struct fg_core *core, struct fg_session *session, uint64_t request,
			 const Fallgate__UploadPrekeys *up);
void fg_directory_devices(struct fg_core *core, struct fg_session *session, uint64_t request);
void fg_directory_remove(struct fg_core *core, struct fg_session *session, uint64_t request,
			 const Fallgate__RemoveDevice *remove);
void fg_directory_deregister(struct fg_core *core, struct fg_session *session, uint64_t request,
			     const Fallgate__Deregister *d);
/*! The sender accepted another identity of a handle: moves the pin (row 3). */
void fg_directory_accept_identity(struct fg_core *core, struct fg_session *session,
				  uint64_t request, const Fallgate__AcceptIdentityRequest *accept);
/*! A new invitation for a handle; code_out is what the person types. done when durable. */
enum fg_rc fg_directory_invite(struct fg_core *core, const struct fg_handle *handle,
			       char code_out[static 33], fg_store_done_cb done, void *arg);

/* message.c, job.c: what session.c hands on */
void fg_message_submit(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__Submit *submit);
void fg_message_decide(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__Decide *decide);
void fg_message_cancel(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__CancelRequest *cancel);
void fg_message_status(struct fg_core *core, struct fg_session *session, uint64_t request,
		       const Fallgate__GetStatus *status);
typedef void (*fg_message_acked_cb)(enum fg_rc rc, void *arg);
/*! A device acknowledged these messages: e2e delivered. ack: serialized Signed of Ack. done is called once, when their senders' receipts
 *  are durable; its queue rows may be deleted then, and not before. count > 0. */
void fg_message_acked(struct fg_core *core, const uint8_t device_id[static FG_DEVICE_ID_LEN],
		      struct fg_bytes ack, const struct fg_id *ids, size_t count,
		      fg_message_acked_cb done, void *arg);
/*! The log's head for a device (HEAD_QUERY through the log). */
void fg_message_head(struct fg_core *core, struct fg_session *session, uint64_t request,
		     uint64_t old_size);

/*! Text for `fallgatectl explain ID|HANDLE`; done gets it NUL-terminated, "" when there is nothing of that name. */
typedef void (*fg_text_cb)(const char *text, void *arg);
void fg_message_explain(struct fg_core *core, const struct fg_id *id, fg_text_cb done, void *arg);
void fg_message_explain_handle(struct fg_core *core, const struct fg_handle *handle,
			       fg_text_cb done, void *arg);
