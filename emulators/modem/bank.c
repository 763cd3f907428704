/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/modem/bank_state.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include "emulators/modem/transcript.h"

/* ---- Time ---- */

/* When something happens next; false: never. */
static bool bank_next(const struct bank *bank, uint64_t *due_us_out)
{
	uint64_t due_us = UINT64_MAX, one;

	if (emu_heap_next(&bank->tasks, &one))
		due_us = one;
	for (unsigned i = 0; i < bank->options.count; i++) {
		const struct modem *modem = &bank->modems[i];

		if (phone_next(modem->phone, &one) && one < due_us)
			due_us = one;
		if (modem->replay && replay_next(modem->replay, &one) && one < due_us)
			due_us = one;
		if (modem->comes_back && modem->back_us < due_us)
			due_us = modem->back_us;
	}
	*due_us_out = due_us;
	return due_us != UINT64_MAX;
}

static void run_tasks(struct bank *bank)
{
	uint64_t due_us;

	while (emu_heap_next(&bank->tasks, &due_us) && due_us <= bank->now_us) {
		struct task *task = (struct task *)emu_heap_take(&bank->tasks);

		(void)bank_order(bank, task->line);
		free(task);
	}
}

static void run_at(struct bank *bank, uint64_t now_us)
{
	bank->now_us = now_us;
	for (unsigned i = 0; i < bank->options.count; i++) {
		struct modem *modem = &bank->modems[i];

		phone_run(modem->phone, now_us);
		if (modem->replay)
			replay_run(modem->replay, now_us);
		if (modem->comes_back && modem->back_us <= now_us)
			(void)bank_plug(bank, i);
	}
	run_tasks(bank);
}

static void bank_run(struct bank *bank, uint64_t now_us)
{
	uint64_t due_us;

	while (bank_next(bank, &due_us) && due_us <= now_us)
		run_at(bank, due_us > bank->now_us ? due_us : bank->now_us);
	run_at(bank, now_us);
}

static void set_timer(struct bank *bank)
{
	uint64_t due_us, wait_us;
	struct timeval tv;

	if (bank->options.virtual_clock || !bank_next(bank, &due_us) ||
	    (event_pending(bank->timer, EV_TIMEOUT, NULL) && bank->timer_us <= due_us))
		return;
	wait_us = due_us > bank->now_us ? due_us - bank->now_us : 0;
	tv = (struct timeval){ .tv_sec = (time_t)(wait_us / 1000000),
			       .tv_usec = (suseconds_t)(wait_us % 1000000) };
	bank->timer_us = due_us;
	event_add(bank->timer, &tv);
}

void bank_before(struct bank *bank)
{
	if (!bank->options.virtual_clock)
		bank_run(bank, fg_clock_mono_us(fg_loop_clock(bank->loop)) - bank->start_us);
}

static void count(struct bank *bank, const struct modem *modem)
{
	phone_counters_add(&bank->counters, phone_counters(modem->phone));
	if (modem->replay)
		bank->counters.replay_missed += replay_missed(modem->replay);
}

void bank_count_all(struct bank *bank)
{
	memset(&bank->counters, 0, sizeof(bank->counters));
	for (unsigned i = 0; i < bank->options.count; i++)
		count(bank, &bank->modems[i]);
}

void bank_after(struct bank *bank)
{
	set_timer(bank);
	if (bank->awaited)
		bank_count_all(bank);
	if (bank->record)
		record_flush(bank->record);
	if (bank->control)
		emu_control_look(bank->control);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	bank_before(arg);
	bank_after(arg);
}

enum fg_rc bank_advance(struct bank *bank, uint64_t ms)
{
	if (!bank->options.virtual_clock)
		return FG_E_ARG;
	bank_run(bank, bank->now_us + ms * 1000);
	bank_after(bank);
	return FG_OK;
}

/* ---- Lines ---- */

static void on_send(void *arg, const void *octets, size_t len)
{
	struct modem *modem = arg;

	if (modem->bank->record)
		record_bytes(modem->bank->record, modem->number, modem->bank->now_us, true, octets,
			     len);
	if (modem->link)
		link_send(modem->link, octets, len);
}

static void on_bytes(void *arg, const void *octets, size_t len)
{
	struct modem *modem = arg;
	struct bank *bank = modem->bank;

	bank_before(bank);
	if (bank->record)
		record_bytes(bank->record, modem->number, bank->now_us, false, octets, len);
	if (modem->replay)
		replay_bytes(modem->replay, octets, len);
	else
		phone_bytes(modem->phone, octets, len);
	bank_after(bank);
}

static void on_message(void *arg, const struct phone_message *message)
{
	const struct modem *modem = arg;

	if (modem->bank->owner.message)
		modem->bank->owner.message(modem->bank->owner.arg, modem->number, message);
}

static void on_event(void *arg, const struct phone_event *event)
{
	const struct modem *modem = arg;

	if (modem->bank->owner.event)
		modem->bank->owner.event(modem->bank->owner.arg, modem->number, event);
}

static void on_unplug(void *arg, unsigned back_ms)
{
	struct modem *modem = arg;

	link_drop(modem->link);
	modem->comes_back = true;
	modem->back_us = modem->bank->now_us + (uint64_t)back_ms * 1000;
}

void bank_unplug(struct bank *bank, unsigned modem)
{
	phone_unplug(bank->modems[modem].phone);
	link_drop(bank->modems[modem].link);
	bank->modems[modem].comes_back = false;
}

enum fg_rc bank_plug(struct bank *bank, unsigned modem)
{
	enum fg_rc rc = link_raise(bank->modems[modem].link);

	bank->modems[modem].comes_back = false;
	if (rc == FG_OK)
		phone_plug(bank->modems[modem].phone);
	return rc;
}

/* ---- The whole ---- */

/* "run/modem0" and 3 is "run/modem3"; what has no number at its end gets one. */
static void count_up(const char *first, unsigned by, bool alone, char *out, size_t cap)
{
	size_t len = strlen(first), digits = 0;

	while (digits < len && digits < 6 && isdigit((unsigned char)first[len - digits - 1]))
		digits++;
	if (alone)
		snprintf(out, cap, "%s", first);
	else
		snprintf(out, cap, "%.*s%0*lu", (int)(len - digits), first, (int)digits,
			 (digits ? strtoul(first + len - digits, NULL, 10) : 0) + by);
}

static enum fg_rc link_trouble(const struct bank *bank, const char *place, enum fg_rc rc)
{
	static const char *const options[] = {
		[LINK_PTY] = "--link", [LINK_TCP] = "--tcp", [LINK_UNIX] = "--unix"
	};
	enum link_kind kind = bank->options.kind;

	if (rc != FG_OK)
		emu_trouble_note(bank->options.trouble, options[kind],
				 place ? place : "(a pseudo-terminal)",
				 rc != FG_E_ARG || kind == LINK_PTY ? NULL
				 : kind == LINK_TCP                 ? "no ADDRESS:PORT"
								    : "too long for a socket");
	return rc;
}

static enum fg_rc modem_link(struct modem *modem)
{
	const struct bank_options *options = &modem->bank->options;
	struct link_conf conf = { .kind = options->kind, .bytes = on_bytes, .arg = modem };
	bool same = options->count == 1 ||
		    (options->kind == LINK_TCP && emu_ends_with(options->place, ":0"));
	char place[256];

	if (options->place) {
		count_up(options->place, modem->number, same, place, sizeof(place));
		conf.place = place;
	}
	return link_trouble(modem->bank, conf.place,
			    link_new(modem->bank, modem->bank->loop, &conf, &modem->link));
}

/* "NAME", "NAME=TIMES", "cms=CODE" or "cms=CODE=TIMES" */
static bool add_fault(struct phone *phone, const char *text)
{
	const char *equals = strrchr(text, '=');
	char name[32];
	unsigned times;

	if (!equals || phone_fault(phone, text, 1))
		return equals || phone_fault(phone, text, 1);
	if ((size_t)(equals - text) >= sizeof(name) ||
	    !emu_number_parse(equals + 1, 1000000, &times))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	return phone_fault(phone, name, times);
}

static enum fg_rc modem_begin(struct bank *bank, unsigned number, uint64_t wall_us)
{
	struct phone_options options = bank->options.phone;
	struct modem *modem = &bank->modems[number];
	const struct phone_owner owner = { .send = on_send,
					   .message = on_message,
					   .event = on_event,
					   .unplug = on_unplug,
					   .arg = modem };

	modem->bank = bank;
	modem->number = number;
	count_up(bank->options.phone.number, number, false, options.number, sizeof(options.number));
	count_up(bank->options.phone.imei, number, false, options.imei, sizeof(options.imei));
	options.seed += options.seed ? number : 0;
	modem->phone = phone_new(bank, &options, wall_us, &owner);
	if (!modem->phone)
		return FG_E_NO_MEMORY;
	for (size_t i = 0; i < bank->options.faults_count; i++)
		if (!add_fault(modem->phone, bank->options.faults[i])) {
			emu_trouble_note(bank->options.trouble, "--fault", bank->options.faults[i],
					 "no such fault; see --help");
			return FG_E_SYNTAX;
		}
	if (bank->options.replay)
		modem->replay = replay_new(bank, bank->options.replay, on_send, modem);
	if (bank->options.replay && !modem->replay) {
		emu_trouble_note(bank->options.trouble, "--replay", "its file", "no transcript");
		return FG_E_SYNTAX;
	}
	return modem_link(modem);
}

static int bank_destroy(struct bank *bank)
{
	while (bank->tasks.count > 0)
		free(emu_heap_take(&bank->tasks));
	free(bank->tasks.at);
	if (bank->timer)
		event_free(bank->timer);
	return 0;
}

static enum fg_rc bank_open_control(struct bank *bank)
{
	enum fg_rc rc = FG_OK;

	if (bank->options.control)
		rc = bank_control_new(bank, bank->options.control, &bank->control);
	if (rc != FG_OK)
		emu_trouble_note(bank->options.trouble, "--control", bank->options.control,
				 rc == FG_E_ARG ? "too long for a socket" : NULL);
	else
		bank_after(bank);
	return rc;
}

static enum fg_rc bank_open(struct bank *bank, unsigned *line_out)
{
	const struct bank_options *options = &bank->options;
	uint64_t wall_us = fg_clock_wall_ms(fg_loop_clock(bank->loop)) * 1000;
	enum fg_rc rc = FG_OK;

	if (options->record) {
		bank->record = record_new(bank, options->record);
		rc = bank->record ? FG_OK : FG_E_SYSTEM;
		if (rc != FG_OK)
			emu_trouble_note(options->trouble, "--record", options->record, NULL);
	}
	for (unsigned i = 0; i < options->count && rc == FG_OK; i++)
		rc = modem_begin(bank, i, wall_us);
	if (rc == FG_OK && options->script)
		rc = bank_script(bank, options->script, line_out);
	return rc == FG_OK ? bank_open_control(bank) : rc;
}

enum fg_rc bank_new(void *ctx, struct fg_loop *loop, const struct bank_options *options,
		    const struct bank_owner *owner, struct bank **bank_out, unsigned *line_out)
{
	struct bank *bank = talloc_zero(ctx, struct bank);
	enum fg_rc rc = FG_E_NO_MEMORY;

	if (!bank)
		return FG_E_NO_MEMORY;
	talloc_set_destructor(bank, bank_destroy);
	*line_out = 0;
	bank->loop = loop;
	bank->options = *options;
	bank->owner = *owner;
	bank->start_us = fg_clock_mono_us(fg_loop_clock(loop));
	bank->timer = evtimer_new(fg_loop_base(loop), on_timer, bank);
	bank->modems = talloc_zero_array(bank, struct modem, options->count);
	if (bank->timer && bank->modems)
		rc = bank_open(bank, line_out);
	if (rc != FG_OK) {
		talloc_free(bank);
		return rc;
	}
	*bank_out = bank;
	return FG_OK;
}

unsigned bank_count(const struct bank *bank)
{
	return bank->options.count;
}

struct phone *bank_phone(struct bank *bank, unsigned modem)
{
	return bank->modems[modem].phone;
}

unsigned bank_reports_due(struct bank *bank)
{
	unsigned due = 0;

	for (unsigned i = 0; i < bank->options.count; i++)
		due += phone_reports_due(bank->modems[i].phone);
	return due;
}

const char *bank_where(const struct bank *bank, unsigned modem)
{
	return link_where(bank->modems[modem].link);
}

/* ---- Scripts ---- */

static bool add_task(struct bank *bank, char *words)
{
	char *save = NULL, *time = strtok_r(words, " \t", &save), *order;
	struct task *task;
	unsigned ms;
	size_t len;

	order = save ? save + strspn(save, " \t") : NULL;
	if (!time || !order || !emu_duration_parse(time, &ms))
		return false;
	len = strcspn(order, " \t");
	if (len == 0)
		return false;
	task = malloc(sizeof(*task) + strlen(order) + 1);
	if (!task)
		return false;
	strcpy(task->line, order);
	if (bank_order_known(order) &&
	    emu_heap_add(&bank->tasks, &task->due, bank->now_us + (uint64_t)ms * 1000))
		return true;
	free(task);
	return false;
}

static bool add_rule(struct bank *bank, char *line)
{
	struct emu_rule rule;

	if (!emu_rule_parse(line, &rule))
		return false;
	for (unsigned i = 0; i < bank->options.count; i++) {
		struct phone_options *options = phone_options(bank->modems[i].phone);

		if (options->rules_count >= EMU_RULES_MAX)
			return false;
		options->rules[options->rules_count++] = rule;
	}
	return true;
}

static bool script_line(char *line, void *arg)
{
	line += strspn(line, " \t");
	if (strncmp(line, "after ", 6) == 0)
		return add_task(arg, line + 6);
	line[strcspn(line, "#")] = '\0'; /* a text may have one */
	return line[0] == '\0' || add_rule(arg, line);
}

enum fg_rc bank_script(struct bank *bank, const char *text, unsigned *line_out)
{
	return emu_lines(text, script_line, bank, line_out);
}
