/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A modem session with virtual time and a peer that answers as it is told: a default for each command,
 * and answers laid over it. Only what the session said is looked at, and what the host heard.
 */
#pragma once

#include "tests/support/fg_test.h"

#include <talloc.h>
#include "adapters/modem/session.h"
#include "lib/wire/dlr.h"
#include "lib/wire/tpdu.h"
#include "tests/adapters/recorder.h"

enum { BENCH_SUBMITS_MAX = 32, BENCH_ANSWERS_MAX = 32 };

struct bench_submit {
	struct fg_tpdu_submit tpdu;
	uint8_t octets[FG_TPDU_MAX];
	char text[512], destination[40];
};

struct modem_bench {
	void *ctx;
	struct recorder *recorder;
	struct fg_conf_links conf;
	struct fg_modem_state *state;
	struct fg_modem_session *session;
	struct fg_modem_time now;
	int state_fd;     /* a file; each session gets a duplicate */
	char said[16384]; /* every command, one a line */
	char line[1024];  /* not ended yet */
	size_t line_len;
	bool in_body, echo;
	char waiting[8192]; /* answers on their way */
	struct {
		const char *command, *answer;
		unsigned times;
	} answers[BENCH_ANSWERS_MAX];
	struct bench_submit submits[BENCH_SUBMITS_MAX];
	unsigned submits_count;
	uint8_t reference; /* of the next message */
	unsigned count;    /* commands so far */
};

extern struct modem_bench m;

int bench_setup(void **state);
int bench_teardown(void **state);

/*! From now on, the next times (0: always), a command that begins so is answered so: instead of the default, "" not at all. The answer is
 *  as on the wire; "BODY" is the command that stands for a PDU. */
void bench_answer(const char *command, const char *answer, unsigned times);

/*! A session on a new process: the state file is read again. */
void bench_restart(void);

/*! Open the device and let it start. */
void bench_open(void);

/*! Let answers go to and fro until nothing is on its way. */
void bench_run(void);

/*! Let so much time pass, in steps of what is due. */
void bench_move(uint64_t ms);

/*! The modem says something by itself. */
void bench_say(const char *octets);

/*! How often a command that begins so was said. */
unsigned bench_said(const char *command);

/*! The hexadecimal PDU of a message to us, an SMSC address in front. part 0: whole. A reference above 255 has 16 bits. Static memory. */
const char *bench_deliver(const char *source, const char *text, unsigned reference, unsigned total,
			  unsigned part);
/*! Of a status report; sent_ms: when the SMSC had the message, Unix. */
const char *bench_report(uint8_t reference, const char *recipient, uint8_t status,
			 uint64_t sent_ms);
/*! Octets of its TPDU alone, as headers say. */
unsigned bench_length(const char *hex);
/*! Lines such as "\r\n+CMT: ,24\r\n<hex>\r\n" out of a header and a PDU. */
void bench_say_pdu(const char *header, const char *hex);
