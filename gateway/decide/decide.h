/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The decision: what happens to one message for one recipient, now.
 *
 * fg_decide() is a pure function of the policy and of recorded facts: total, integers only, no clock, no allocation, no randomness, no
 * I/O. core/facts.c gathers the facts (the only impure step); the facts are stored with the decision as one line of text
 * (facts_text.h), so that any decision can be explained and replayed. The built-in table (table.def, docs/architecture.md) comes
 * before every rule of the operator and cannot be overridden.
 *
 * Read next: table.def (the rows), policy.h (the operator's rules), explain.h (why).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum { FG_LINKS_MAX = 32 };

/*! What the directory says of the recipient, after its signature, time and epoch were checked. */
enum fg_view_state {
	FG_VIEW_UNKNOWN, /*!< no valid signed view, store or pins unreadable, or the clock on hold */
	FG_VIEW_SECURE,
	FG_VIEW_ABSENT,
};

/*! The gateway's memory of the handle. */
enum fg_pin_state {
	FG_PIN_NONE,
	FG_PIN_HELD,         /*!< it was secure */
	FG_PIN_DEREGISTERED, /*!< it was, and the account signed off or a tombstone took effect */
};

/*! How the view's account key relates to the pinned one. */
enum fg_identity {
	FG_IDENTITY_SAME, /*!< as pinned, succeeded by signature, or nothing pinned */
	FG_IDENTITY_OTHER,
};

/*! The view's epoch against the pinned one. */
enum fg_epoch_state {
	FG_EPOCH_CURRENT, /*!< view >= pin, or nothing pinned */
	FG_EPOCH_LOWER,
};

enum fg_consent_state {
	FG_CONSENT_NONE,
	FG_CONSENT_INVALID, /*!< any failed check, used, other gateway, other bearer */
	FG_CONSENT_DEVICE,
	FG_CONSENT_CONTRACT,
};

/*! Reasons a consent may name, as bits. */
enum {
	FG_CONSENT_FOR_ABSENT = 1,
	FG_CONSENT_FOR_UNDELIVERED = 2,
};

enum fg_bearer { FG_BEARER_SECURE, FG_BEARER_RCS, FG_BEARER_MMS, FG_BEARER_SMS, FG_BEARER_COUNT };

#define FG_BEARER_BIT(bearer) (1u << (bearer))

/*! Protection: only falls. The order of the numbers is the order of protection. */
enum fg_protection {
	FG_PROTECTION_NONE,
	FG_PROTECTION_HOP,
	FG_PROTECTION_E2E,
};

enum fg_sender_policy {
	FG_POLICY_SECURE_ONLY,
	FG_POLICY_ASK,
	FG_POLICY_ALLOW,
};

enum fg_message_class {
	FG_MESSAGE_OTP,
	FG_MESSAGE_INTERACTIVE,
	FG_MESSAGE_NORMAL,
	FG_MESSAGE_BULK,
	FG_MESSAGE_CONFIDENTIAL,
	FG_MESSAGE_CLASS_COUNT
};

/*! Withdrawal of the secure copies before a fallback on silence (rows 10, 11). */
enum fg_withdraw {
	FG_WITHDRAW_NONE,   /*!< not tried */
	FG_WITHDRAW_DONE,   /*!< all copies taken back, no device had acknowledged */
	FG_WITHDRAW_FAILED, /*!< a device had acknowledged */
};

/*! One configured link as the decision sees it. */
struct fg_link_facts {
	uint8_t bearer; /*!< enum fg_bearer, never SECURE */
	bool up;
	bool failed; /*!< this message's leg on it failed for good; false while the same link may be tried again (row 15) */
	uint8_t segments;          /*!< the marked text on this link, 0 when not known (sealed) */
	uint32_t credits;          /*!< jobs it takes now */
	uint32_t price_micro;      /*!< per segment, millionths of the currency */
	uint16_t success_permille; /*!< of the last 15 minutes; 1000 without traffic */
};

/*! Everything a decision reads. Times are relative, in milliseconds, so that a replay needs no clock. */
struct fg_facts {
	enum fg_view_state view;
	uint32_t view_age_ms;
	enum fg_pin_state pin;
	enum fg_identity identity;
	enum fg_epoch_state epoch;
	enum fg_consent_state consent;
	uint8_t consent_bearers;      /*!< FG_BEARER_BIT set */
	uint8_t consent_reasons;      /*!< FG_CONSENT_FOR_* */
	bool consent_pin_ack;         /*!< acknowledges exactly the pinned epoch */
	uint32_t consent_after_ms;    /*!< T of "undelivered for T"; 0 names no T: never over */
	uint8_t consent_max_segments; /*!< 255 where the consent sets none */
	enum fg_sender_policy sender_policy;
	enum fg_message_class message_class;
	enum fg_protection floor;
	bool sender_online;
	bool cancelled; /*!< before anything was opened */
	bool acked;     /*!< a device of the recipient has acknowledged */
	enum fg_withdraw withdraw;
	uint32_t age_ms;         /*!< since accepted */
	uint32_t left_ms;        /*!< until the message expires; 0: the deadline is here */
	uint16_t tries;          /*!< decisions made before this one */
	uint16_t minute_of_week; /*!< local, Monday 00:00 is 0 */
	uint32_t spread;         /*!< load spreading number, a fact so that a replay agrees */
	char sender[129];        /*!< canonical handle or account name, NUL-terminated */
	char recipient[129];     /*!< canonical handle, NUL-terminated: prefix rules read it */
	uint8_t links_count;
	struct fg_link_facts links[FG_LINKS_MAX]; /*!< in the order of the configuration */
};

enum fg_action {
	FG_ACTION_WAIT,
	FG_ACTION_SECURE, /*!< put into, put back into or keep in the queues of the recipient's devices */
	FG_ACTION_WITHDRAW, /*!< row 10 before its downgrade: take the secure copies back, then decide again */
	FG_ACTION_DOWNGRADE, /*!< hand it to the link; secure copies that still lie in a queue are taken back in the same commit */
	FG_ACTION_ASK,
	FG_ACTION_REFUSE,
	FG_ACTION_EXPIRE,
	FG_ACTION_CANCELLED,
	FG_ACTION_COUNT
};

/*! Why, as stable codes; the text of each is in reasons.def. */
enum fg_reason {
#define FG_REASON(name, code, text) FG_REASON_##name,
#include "gateway/decide/reasons.def"
#undef FG_REASON
	FG_REASON_COUNT
};

struct fg_decision {
	enum fg_action action;
	uint8_t row; /*!< of the built-in table, 1..14; row 15 is the re-entry itself, see rule_reason */
	uint8_t link;      /*!< index into facts.links; only for DOWNGRADE */
	bool pin_override; /*!< row 6: recorded in the leaf and the receipt */
	/*! WAIT: decide again then at the latest, 1..left_ms; SECURE: when silence may come to a downgrade, 0 never */
	uint32_t wait_ms;
	uint16_t rule; /*!< the operator's rule that matched, from 1; 0 when none was asked */
	enum fg_reason reason; /*!< the decisive one */
	/*! RULE_* of the operator's rule that was asked, LINK_FAILED when it passed over a failed link (row
				     *   15), FG_REASON_NONE when none was asked */
	enum fg_reason rule_reason;
};

struct fg_policy;

/*! Decide. Every combination of facts meets exactly one row of the built-in table; rows that "may downgrade" then ask the policy.
 *  \param[in] policy borrowed; never NULL.
 *  \param[in] facts  borrowed; links_count at most FG_LINKS_MAX, enums in range (facts_text.h refuses others).
 *  \return the decision; total: there is no error.
 *  Pure; constant memory; O(rules + links). */
struct fg_decision fg_decide(const struct fg_policy *policy, const struct fg_facts *facts);

/*! Stable words for logs, receipts and the manual; never NULL, "?" for a number out of range. */
const char *fg_action_name(enum fg_action action);
const char *fg_reason_code(enum fg_reason reason);
const char *fg_reason_text(enum fg_reason reason);
const char *fg_bearer_name(enum fg_bearer bearer);
const char *fg_protection_name(enum fg_protection protection);
const char *fg_message_class_name(enum fg_message_class message_class);
