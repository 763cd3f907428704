/* SPDX-License-Identifier: ISC
 *
 * Fallgate for applications: a device that sends and takes messages over a gateway. Start here;
 * example.c shows its use.
 *
 * One struct fg_device is one registered device with one connection, on a libevent loop of the
 * application's. Nothing blocks; what happens is told through callbacks, never from inside a call
 * of the application's, except on_error of fg_device_send(). Not thread-safe. The gateway is not
 * trusted: keys, views, receipts and the log's checkpoints are verified against gateway.trust and
 * the pins in the state file. Text that arrives is UTF-8 without control characters other than
 * newline and tab. The application ignores SIGPIPE: a connection that ends is told by on_error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/base/error.h"
#include "lib/base/id.h"
#include "lib/proto/fallgate.pb-c.h"

struct event_base;
struct fg_device;
struct fg_verified;

/*! How a message may travel. */
struct fg_send_options {
	Fallgate__SenderPolicy policy;
	Fallgate__MessageClass message_class;
	unsigned bearers; /*!< that a consent allows: bits 1 << BEARER_SMS ... */
	bool pin_ack; /*!< the recipient was secure before, and a clear message is wanted all the
			 same */
	uint32_t max_segments;  /*!< 0: 10 */
	uint64_t expires_ms;    /*!< from now; 0: one hour */
	const struct fg_id *id; /*!< NULL: a new message; else that of an earlier call with the same
				   handle and text whose acceptance was not seen: the gateway takes it
				   once */
	/*! POLICY_ALLOW only: the consent is also for a recipient with secure devices of which none
	 * has acknowledged for so long, counted from the time in the message id or from its
	 * acceptance, whichever is later. Then the secure copies are withdrawn (receipt WITHDRAWN) and the message leaves unprotected; when that
	 * crosses an acknowledgement, a receipt says POSSIBLE_DUPLICATE. 0: silence allows nothing */
	uint64_t undelivered_ms;
};

struct fg_ask { /*!< nothing was sent and nothing was opened; answer by fg_device_consent() or not
		   at all */
	struct fg_id message_id;
	const char *recipient;
	const char *reason; /*!< stable code */
	Fallgate__Bearer bearer;
	const char *link;
	bool was_secure; /*!< a consent must acknowledge that (pin_ack) */
};

struct fg_message {
	struct fg_id message_id;
	const char *sender; /*!< handle; under protection other than E2E it is only claimed */
	const char *text;
	uint64_t time_ms; /*!< by the sender's clock */
	Fallgate__Protection protection;
	bool sync; /*!< own, sent by another device */
	const char *recipient;
};

struct fg_callbacks {
	void *context;
	/*! Registered or logged in: handle is ours. */
	void (*on_ready)(void *context, const char *handle);
	void (*on_ask)(void *context, const struct fg_ask *ask);
	void (*on_message)(void *context, const struct fg_message *message);
	/*! A verified receipt. ACCEPTED comes with receipt->kind only. Protection E2E is shown as
	 * delivered only when delivery_proven. */
	void (*on_receipt)(void *context, const struct fg_id *message_id,
			   const struct fg_verified *receipt);
	void (*on_lookup)(void *context, const char *handle, const Fallgate__View *view,
			  size_t devices);
	void (*on_devices)(void *context, const Fallgate__DeviceCert *const *certs, size_t count);
	/*! Answer to fg_device_verify(): FG_OK when log and receipt hold together, with the head's
	 * size. */
	void (*on_verified)(void *context, const struct fg_id *message_id, enum fg_rc rc,
			    uint64_t log_size);
	/*! The gateway did what the newest order (fg_device_cancel() and its neighbours) asks. */
	void (*on_done)(void *context);
	/*! For people: a device was added, an identity changed, a certificate ends soon. */
	void (*on_notice)(void *context, const char *text);
	/*! message_id NULL: not about a message. A message that is named was not sent, unless rc's
	 * class is UNKNOWN. */
	void (*on_error)(void *context, enum fg_rc rc, const char *text,
			 const struct fg_id *message_id);
};

/*! Make the state file of a new device, at path. passphrase NULL: by explicit choice, not sealed.
 *  \return FG_OK; FG_E_EXISTS; errors of fg_trust_parse() and fg_secretfile_write(). */
enum fg_rc fg_device_create(const char *path, const char *passphrase, const char *trust_text,
			    size_t trust_len);

/*! Open a state file. base and callbacks are borrowed until fg_device_close(). Errors of
 * fg_state_read(). */
enum fg_rc fg_device_open(struct event_base *base, const char *path, const char *passphrase,
			  const struct fg_callbacks *callbacks, struct fg_device **device_out);
/*! Save, close and free. NULL is harmless. */
void fg_device_close(struct fg_device *device_take);

/*! Connect, and register (once; invitation may be empty for another device of an account) or log
 * in. on_ready follows. \return FG_OK; FG_E_HANDLE; FG_E_EXISTS: registered already; FG_E_STATE:
 * not registered, or not approved, yet; FG_E_SYSTEM. */
enum fg_rc fg_device_register(struct fg_device *device, const char *handle, const char *invitation);
enum fg_rc fg_device_login(struct fg_device *device);

/*! The three steps to another device of an account, see pairing.h for what they return. The new
 * device asks for handle; a device that holds the account key approves (neither connects); the new
 * one registers, or takes a renewed certificate to the gateway: on_ready follows. The texts are
 * malloc()ed. */
enum fg_rc fg_device_request(struct fg_device *device, const char *handle, char **code_out);
enum fg_rc fg_device_approve(struct fg_device *device, const char *code, char **approval_out);
enum fg_rc fg_device_register_approved(struct fg_device *device, const char *approval);

/*! Send text to handle, once ready. Receipts follow; on_error when it may not be sent.
 *  \return FG_OK; FG_E_HANDLE; FG_E_STATE; FG_E_LIMIT with too many under way; FG_E_TOO_LONG;
 * FG_E_UTF8 (also control characters); FG_E_EXISTS when options->id is another message's or under
 * way; FG_E_CONSENT_REASON for undelivered_ms under another policy than POLICY_ALLOW, or not before
 * the message expires. */
enum fg_rc fg_device_send(struct fg_device *device, const char *handle, const char *text,
			  const struct fg_send_options *options, struct fg_id *message_id_out);
/*! Consent to what an Ask describes. FG_OK; FG_E_NOT_FOUND; FG_E_PIN_CONFLICT without pin_ack for a
 * handle that was secure; FG_E_TRUST for seal keys that are not the vault's and the log's;
 * FG_E_CONSENT_BEARER without one bearer. */
enum fg_rc fg_device_consent(struct fg_device *device, const struct fg_id *message_id,
			     unsigned bearers, bool pin_ack);
enum fg_rc fg_device_lookup(struct fg_device *device, const char *handle);
enum fg_rc fg_device_list(struct fg_device *device);
/*! Verify the newest receipt of a message against the log as it is now. FG_OK; FG_E_NOT_FOUND;
 * FG_E_STATE. on_verified follows. */
enum fg_rc fg_device_verify(struct fg_device *device, const struct fg_id *message_id);

/*! Orders, one at a time (FG_E_LIMIT), once ready (FG_E_STATE): on_done or on_error follows. */
/*! Cancel a message that this device sent, as long as nothing was opened. FG_E_NOT_FOUND. */
enum fg_rc fg_device_cancel(struct fg_device *device, const struct fg_id *message_id);
enum fg_rc fg_device_remove(struct fg_device *device, const struct fg_id *device_id);
/*! Sign the account off; when done, this device is not registered any more. FG_E_DENIED without the
 * account key; FG_E_VIEW_STALE when the gateway showed no valid view of the own handle. */
enum fg_rc fg_device_deregister(struct fg_device *device);
/*! The person has checked that handle has a new account key: pin what the directory signs now.
 * FG_E_NOT_FOUND when none is pinned. on_error FG_E_EXISTS: it is the pinned one. */
enum fg_rc fg_device_accept_identity(struct fg_device *device, const char *handle);

/*! What is kept: for listings. Borrowed until the next call that changes it. */
struct fg_state;
struct fg_state *fg_device_state(struct fg_device *device);
enum fg_rc fg_device_save(struct fg_device *device);
