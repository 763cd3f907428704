/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines: bytes in, echo, command lines; answers and unsolicited lines out (ITU-T V.250, 5.2 and
 * 5.7).
 */
#include "emulators/modem/state.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_CAP = 1024, OUT_CAP = 1 << 20 };

struct slow {
	struct later later;
	uint64_t epoch;
};

/* ---- Out ---- */

static bool buffer_add(struct buffer *buffer, const void *octets, size_t len)
{
	if (buffer->cap - buffer->len < len) {
		size_t cap = 2 * (buffer->len + len) + 256;
		char *at = cap > OUT_CAP ? NULL : realloc(buffer->at, cap);

		if (!at)
			return false; /* what nobody reads is lost, as on a wire */
		buffer->at = at;
		buffer->cap = cap;
	}
	if (len)
		memcpy(buffer->at + buffer->len, octets, len);
	buffer->len += len;
	return true;
}

void phone_put(struct phone *phone, const void *octets, size_t len)
{
	(void)buffer_add(&phone->out, octets, len);
}

static void slow_fire(struct phone *phone, struct later *later)
{
	const struct slow *slow = (const struct slow *)later;
	bool mine = slow->epoch == phone->epoch;

	free(later);
	if (!mine)
		return;
	if (phone->slow.len > 0) {
		phone->owner.send(phone->owner.arg, phone->slow.at, 1);
		phone->slow.len--;
		memmove(phone->slow.at, phone->slow.at + 1, phone->slow.len);
	}
	phone->slow_running = false;
	phone_flush(phone);
}

/* One octet, and the next one later. */
static void slow_begin(struct phone *phone)
{
	struct slow *slow;

	if (phone->slow_running || phone->slow.len == 0)
		return;
	slow = phone_later_new(phone, sizeof(*slow), phone->options.slow_us, slow_fire);
	if (!slow)
		return;
	slow->epoch = phone->epoch;
	phone->slow_running = true;
}

void phone_flush(struct phone *phone)
{
	if (!phone->plugged) {
		phone->out.len = 0;
		return;
	}
	if (phone->options.slow_us || phone->slow.len > 0) {
		(void)buffer_add(&phone->slow, phone->out.at, phone->out.len);
		slow_begin(phone);
	} else if (phone->out.len > 0) {
		phone->owner.send(phone->owner.arg, phone->out.at, phone->out.len);
	}
	phone->out.len = 0;
}

static void line_begin(struct phone *phone)
{
	if (phone->verbose && !(phone->profile->quirks & QUIRK_NO_LINE_BREAK))
		phone_put(phone, "\r\n", 2);
}

void phone_info(struct phone *phone, const char *format, ...)
{
	char text[TEXT_CAP];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_begin(phone);
	phone_put(phone, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
	phone_put(phone, "\r\n", 2);
}

static void noise(struct phone *phone)
{
	if (phone_fault_now(phone, FAULT_NOISE))
		phone_put(phone, "\r\nRING\r\n", 8);
}

void phone_info_octets(struct phone *phone, const void *octets, size_t len)
{
	noise(phone);
	phone_put(phone, octets, len);
	phone_put(phone, "\r\n", 2);
}

/* ---- Unsolicited lines ---- */

void phone_unsolicited(struct phone *phone, const void *text, size_t len, bool urgent)
{
	if (!phone->plugged)
		return;
#ifndef FG_MUTANT_modem_held
	if (phone->state != LINE_COMMAND && !urgent) {
		if (len > HELD_CAP - phone->held_len)
			return;
		memcpy(phone->held + phone->held_len, text, len);
		phone->held_len += len;
		return;
	}
#endif
	phone_put(phone, text, len);
}

void phone_tell(struct phone *phone, const char *format, ...)
{
	char text[TEXT_CAP], line[TEXT_CAP + 4];
	va_list args;
	int len;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	len = snprintf(line, sizeof(line), "\r\n%s\r\n", text);
	phone_unsolicited(phone, line, (size_t)len, false);
}

void phone_noise(struct phone *phone, const char *line)
{
	phone_tell(phone, "%s", line);
	phone_flush(phone);
}

/* ---- Results ---- */

static void put_error(struct phone *phone, const char *what, unsigned code, const char *text)
{
	char line[128];

	if (phone->cmee == 2 && text)
		snprintf(line, sizeof(line), "+%s ERROR: %s", what, text);
	else
		snprintf(line, sizeof(line), "+%s ERROR: %u", what, code);
	line_begin(phone);
	phone_put(phone, line, strlen(line));
	phone_put(phone, "\r\n", 2);
}

static void put_result(struct phone *phone, const char *words, const char *number)
{
	line_begin(phone);
	phone_put(phone, phone->verbose ? words : number, strlen(phone->verbose ? words : number));
	phone_put(phone, phone->verbose ? "\r\n" : "\r", phone->verbose ? 2 : 1);
}

/* V.250, 5.7.1; an error of the network is said without +CMEE, too (27.005, 3.2.5). */
static void put_final(struct phone *phone, int result)
{
	bool plain = phone->profile->quirks & QUIRK_PLAIN_ERROR;

	if (result == AT_OK)
		put_result(phone, "OK", "0");
	else if (result == AT_NO_CARRIER)
		put_result(phone, "NO CARRIER", "3");
	else if (result >= AT_CMS && !plain)
		put_error(phone, "CMS", (unsigned)(result - AT_CMS),
			  phone_cms_text((unsigned)(result - AT_CMS)));
	else if (result >= AT_CME && result < AT_CMS && phone->cmee > 0 && !plain)
		put_error(phone, "CME", (unsigned)(result - AT_CME),
			  phone_cme_text((unsigned)(result - AT_CME)));
	else
		put_result(phone, "ERROR", "4");
}

static void release_held(struct phone *phone)
{
	phone_put(phone, phone->held, phone->held_len);
	phone->held_len = 0;
}

/* The answer ends in its middle, and so does the line. */
static void cut(struct phone *phone)
{
	phone->out.len /= 2;
	phone_flush(phone);
	phone_unplug(phone);
	phone->owner.unplug(phone->owner.arg, phone->options.late_ms);
}

void phone_finish(struct phone *phone, int result)
{
	if (result == AT_LATER) {
		phone->state = LINE_BUSY;
		return;
	}
	if (result == AT_PROMPT)
		return;
	phone->state = LINE_COMMAND;
	if (result >= AT_CMS && result - AT_CMS < PHONE_CMS_MAX)
		phone->counters.cms[result - AT_CMS]++;
	if (result != AT_SILENT) {
		noise(phone);
		if (phone_fault_now(phone, FAULT_GARBAGE))
			phone_put(phone, "\x80\xff\x1b\xc3(", 5);
		if (!phone->quiet)
			put_final(phone, result);
		if (phone_fault_now(phone, FAULT_CUT)) {
			cut(phone);
			return;
		}
	}
	release_held(phone);
}

void phone_prompt(struct phone *phone, enum body_kind kind)
{
	phone->counters.prompts++;
	phone->state = LINE_BODY;
	phone->body_kind = kind;
	phone->body_len = 0;
	phone->body_long = false;
	if (!phone_fault_now(phone, FAULT_LOST_PROMPT))
		phone_put(phone, phone->profile->prompt, strlen(phone->profile->prompt));
}

/* ---- In ---- */

/* "AT" and what stands before it is passed over; NULL when it is not there. */
static const char *after_at(const char *line)
{
	for (; *line; line++)
		if (toupper((unsigned char)line[0]) == 'A' &&
		    toupper((unsigned char)line[1]) == 'T')
			return line + 2;
	return NULL;
}

struct late {
	struct later later;
	uint64_t epoch;
	int result;
};

static void late_fire(struct phone *phone, struct later *later)
{
	const struct late late = *(const struct late *)later;

	free(later);
	if (late.epoch != phone->epoch)
		return;
	phone_finish(phone, late.result);
	phone_drain(phone);
}

/* Fault: the answer is there, and comes late. */
static bool finish_late(struct phone *phone, int result)
{
	struct late *late;

	if (result == AT_LATER || result == AT_PROMPT || !phone_fault_now(phone, FAULT_LATE))
		return false;
	late = phone_later_new(phone, sizeof(*late), (uint64_t)phone->options.late_ms * 1000,
			       late_fire);
	if (!late)
		return false;
	late->epoch = phone->epoch;
	late->result = result;
	phone->state = LINE_BUSY;
	return true;
}

void phone_end(struct phone *phone, int result)
{
	if (!finish_late(phone, result))
		phone_finish(phone, result);
}

static void run_line(struct phone *phone)
{
	const char *rest;
	int result;

	phone->line[phone->line_len] = '\0';
	phone->line_len = 0;
	rest = after_at(phone->line);
	if (!rest && !phone->line_long)
		return;
	phone->counters.commands++;
	if (rest && phone->line != phone->again)
		memcpy(phone->again, phone->line, sizeof(phone->again));
	phone->state = LINE_BUSY; /* unsolicited lines wait */
	result = phone->line_long || !rest ? AT_ERROR : phone_dispatch(phone, rest);
	phone->line_long = false;
	if (!phone->plugged)
		return;
	phone_end(phone, result);
	phone_route(phone); /* a setting may have let something go */
}

static void run_again(struct phone *phone)
{
	memcpy(phone->line, phone->again, sizeof(phone->line));
	phone->line_len = strlen(phone->line);
	run_line(phone);
}

static void command_octet(struct phone *phone, char c)
{
	if (c == '\n')
		return;
	if (phone->echo || phone_fault_set(phone, FAULT_ECHO_STUCK))
		phone_put(phone, &c, 1);
	if (c == '\r') {
		run_line(phone);
	} else if (c == '\b' || c == 0x7f) {
		phone->line_len -= phone->line_len > 0;
	} else if (phone->line_len == LINE_CAP) {
		phone->line_long = true;
	} else if ((unsigned char)c >= 0x20) {
		phone->line[phone->line_len++] = c;
		if (phone->line_len == 2 && toupper((unsigned char)phone->line[0]) == 'A' &&
		    c == '/')
			run_again(phone);
	}
}

static void keep_pending(struct phone *phone, const char *octets, size_t len)
{
	if (len > PENDING_CAP - phone->pending_len)
		len = PENDING_CAP - phone->pending_len;
	memcpy(phone->pending + phone->pending_len, octets, len);
	phone->pending_len += len;
}

static size_t take(struct phone *phone, const char *octets, size_t len)
{
	size_t used = 0;

	while (used < len && phone->plugged && phone->state != LINE_BUSY) {
		char c = octets[used++];

		if (phone->state == LINE_BODY)
			phone_body_octet(phone, c);
		else
			command_octet(phone, c);
	}
	return used;
}

void phone_drain(struct phone *phone)
{
	size_t used;

	phone_route(phone);
	used = take(phone, phone->pending, phone->pending_len);
	if (used > phone->pending_len)
		used = phone->pending_len; /* a plug forgets all */
	phone->pending_len -= used;
	memmove(phone->pending, phone->pending + used, phone->pending_len);
	phone_flush(phone);
}

void phone_bytes(struct phone *phone, const void *octets, size_t len)
{
	size_t used;

	if (!phone->plugged)
		return;
	used = phone->pending_len > 0 ? 0 : take(phone, octets, len);
	if (phone->plugged)
		keep_pending(phone, (const char *)octets + used, len - used);
	phone_flush(phone);
}
