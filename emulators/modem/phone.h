/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The emulated modem without a line: bytes in, bytes out, and a clock that its owner moves. bank.c
 * gives it a pseudo-terminal and the time, tests and the fuzz target give it what they like.
 *
 * line.c edits lines and finds commands; dispatch.c runs them, by the table commands.def, whose
 * functions are in at_*.c; store.c keeps messages on the SIM and in the modem; route.c brings what
 * the network has for it to the program; air.c is that network: outcomes, reports, phones.
 * Source: 3GPP TS 27.005 and 27.007, ITU-T V.250; clauses without a number of a document in at_*.c
 * are of the first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "emulators/common/words.h"
#include "lib/base/error.h"
#include "lib/wire/tpdu.h"

enum {
	PHONE_PIN_MAX = 8,
	PHONE_STORE_MAX = 255,
	PHONE_CMS_MAX = 600,
	PHONE_TEXT_MAX = 10240, /* octets of a text that a phone sends */
};

struct phone;
struct phone_profile;

struct phone_options {
	const struct phone_profile *profile; /*!< NULL: generic */
	char number[FG_TPDU_DIGITS_MAX + 2]; /*!< its own, "+12025550100" */
	char imei[16];
	char pin[PHONE_PIN_MAX + 1]; /*!< "": the SIM asks for none */
	char puk[PHONE_PIN_MAX + 1];
	unsigned sim_slots; /*!< messages that the SIM holds; 0: the profile's */
	unsigned answer_delay_ms, report_delay_ms, late_ms;
	unsigned part_delay_ms; /*!< between the parts of a message from a phone: on the air it is
				 * seconds, and ModemManager misses one of two that come at once */
	unsigned ack_ms;        /*!< how long +CNMA may take; 0: 15 s */
	unsigned slow_us;       /*!< between two octets out; 0: all at once */
	uint32_t seed;
	bool no_text; /*!< texts choose no outcome */
	struct emu_rule rules[EMU_RULES_MAX];
	size_t rules_count;
	struct emu_share mix[EMU_SHARES_MAX], report_mix[EMU_SHARES_MAX];
	size_t mix_count, report_mix_count;
};

/*! A whole message that was sent. All is borrowed for the call. */
struct phone_message {
	uint8_t reference; /*!< TP-MR of its last part */
	const char *destination;
	unsigned parts;
	uint8_t dcs, pid;
	bool report_wanted;
	bool binary;      /*!< 8-bit data: text is hex */
	const char *text; /*!< UTF-8 */
	size_t text_len;
};

/*! What else happened, for people. "" and 0 for what does not apply. */
struct phone_event {
	const char *kind; /*!< "report", "received", "refused", "unplugged", ... */
	const char *number, *detail;
	unsigned reference;
};

struct phone_owner {
	void (*send)(void *arg, const void *octets, size_t len);
	void (*message)(void *arg, const struct phone_message *message); /*!< may be NULL */
	void (*event)(void *arg, const struct phone_event *event);       /*!< may be NULL */
	/*! The modem is gone by itself; the owner drops the line and calls phone_plug() after
	 * back_ms. */
	void (*unplug)(void *arg, unsigned back_ms);
	void *arg;
};

struct phone_counters {
#define PHONE_COUNTER(name, note) uint64_t name;
#include "emulators/modem/counters.def"
#undef PHONE_COUNTER
	uint64_t cms[PHONE_CMS_MAX];
};

/*! Switched on and plugged in. wall_us: Unix time at now 0. NULL: no memory. A talloc child. */
struct phone *phone_new(void *ctx, const struct phone_options *options, uint64_t wall_us,
			const struct phone_owner *owner);

/* ---- The line ---- */

/*! Bytes from the program. */
void phone_bytes(struct phone *phone, const void *octets, size_t len);
void phone_unplug(struct phone *phone);

/*! It starts anew: settings are forgotten, messages in the store stay. */
void phone_plug(struct phone *phone);
bool phone_plugged(const struct phone *phone);

/*! A line from the modem itself, such as "RING" or a vendor's noise. */
void phone_noise(struct phone *phone, const char *line);

/* ---- Time ---- */

void phone_run(struct phone *phone, uint64_t now_us);
/*! Status reports that are due later. */
unsigned phone_reports_due(const struct phone *phone);
bool phone_next(const struct phone *phone, uint64_t *due_us_out);

/* ---- The network ---- */

enum phone_malformed {
	PHONE_WELL_FORMED,
	PHONE_MALFORMED_SHORT,   /*!< user data ends early */
	PHONE_MALFORMED_LENGTH,  /*!< TP-UDL above what is possible */
	PHONE_MALFORMED_ADDRESS, /*!< an address that goes beyond the end */
	PHONE_MALFORMED_HEADER,  /*!< a header longer than the user data */
	PHONE_MALFORMED_KIND,    /*!< a reserved TP-MTI */
	PHONE_MALFORMED_EMPTY,
};

struct phone_incoming {
	const char *from;  /*!< "+" and digits, digits, or a name */
	const char *text;  /*!< UTF-8; hex with octets */
	bool octets;       /*!< 8-bit data */
	bool ucs2;         /*!< though GSM 7-bit would do */
	int message_class; /*!< -1: none; 0 is "flash" */
	int port;          /*!< application port; -1: none */
	bool backwards;    /*!< the last part first */
	enum phone_malformed malformed;
};

/*! A phone sends a message to this one: in parts when it is long. \return FG_OK; FG_E_ARG,
 * FG_E_UTF8, FG_E_TEXT_LONG, FG_E_SYNTAX (of octets), FG_E_TOO_LONG (of from); FG_E_NO_MEMORY. */
enum fg_rc phone_receive(struct phone *phone, const struct phone_incoming *incoming);

/*! A status report for the last message with that reference, or (-1) the last one. \return FG_OK;
 * FG_E_NOT_FOUND. */
enum fg_rc phone_report(struct phone *phone, int reference, uint8_t status);

/*! TP-ST (3GPP TS 23.040, 9.2.3.15) for a state. */
uint8_t phone_status_of(enum fg_dlr_state state);

/*! <stat> of +CREG: 0 off, 1 home, 2 searching, 3 denied, 5 roaming. */
void phone_register(struct phone *phone, unsigned stat);

/*! 0..31, 99: unknown. */
void phone_signal(struct phone *phone, unsigned rssi);

/*! Fill the SIM with old messages, or empty it. */
void phone_sim_full(struct phone *phone, bool full);

/*! Take the SIM out, or put it in. */
void phone_sim_present(struct phone *phone, bool present);

/* ---- Faults ---- */

/*! What is in FAULTS of the man page, by name: "lost-prompt" for so many times. False: unknown. */
bool phone_fault(struct phone *phone, const char *name, unsigned times);
void phone_faults_clear(struct phone *phone);
void phone_slow(struct phone *phone, unsigned us);

/* ---- Ways of modems: profiles.def ---- */

/*! NULL: unknown. */
const struct phone_profile *phone_profile_find(const char *name);

/*! The row of that number; false beyond the last. */
bool phone_profile_at(size_t number, const char **name_out, const char **note_out);

struct phone_options *phone_options(struct phone *phone);
const struct phone_counters *phone_counters(const struct phone *phone);

/*! Of several phones together. */
void phone_counters_add(struct phone_counters *sum, const struct phone_counters *more);
const char *phone_counters_text(const struct phone_counters *counters, bool json, char *out,
				size_t cap);
