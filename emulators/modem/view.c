/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "emulators/modem/view.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "emulators/common/show.h"

static void put_json(const char *name, const char *text, size_t len)
{
	printf(",\"%s\":", name);
	emu_show_json(text, len);
}

static void end_json(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	printf(",\"time_us\":%lld}\n",
	       (long long)now.tv_sec * 1000000 + (long long)now.tv_nsec / 1000);
}

static void message_json(unsigned modem, const struct phone_message *message)
{
	printf("{\"event\":\"sent\",\"modem\":%u,\"reference\":%u", modem, message->reference);
	put_json("destination", message->destination, strlen(message->destination));
	printf(",\"parts\":%u,\"dcs\":%u,\"pid\":%u,\"report\":%s,\"binary\":%s", message->parts,
	       message->dcs, message->pid, message->report_wanted ? "true" : "false",
	       message->binary ? "true" : "false");
	put_json("text", message->text, message->text_len);
	end_json();
}

static void event_json(unsigned modem, const struct phone_event *event)
{
	printf("{\"event\":\"%s\",\"modem\":%u,\"reference\":%u", event->kind, modem,
	       event->reference);
	put_json("number", event->number, strlen(event->number));
	put_json("detail", event->detail, strlen(event->detail));
	end_json();
}

static void begin_line(const struct view *view, unsigned modem, const char *colour)
{
	if (view->many)
		printf("modem %u: ", modem);
	if (view->colour)
		printf("\033[%sm", colour);
}

static void end_colour(const struct view *view)
{
	if (view->colour)
		printf("\033[0m");
}

void view_message(const struct view *view, unsigned modem, const struct phone_message *message)
{
	if (view->json) {
		message_json(modem, message);
		fflush(stdout);
		return;
	}
	begin_line(view, modem, "1");
	printf("SMS to ");
	emu_show_safe(message->destination, strlen(message->destination));
	end_colour(view);
	printf(" (%u part%s%s%s): ", message->parts, message->parts == 1 ? "" : "s",
	       message->report_wanted ? ", report wanted" : "", message->binary ? ", 8-bit" : "");
	emu_show_marked(message->text, message->text_len, view->colour);
	putchar('\n');
	fflush(stdout);
}

void view_event(const struct view *view, unsigned modem, const struct phone_event *event)
{
	bool report = strcmp(event->kind, "report") == 0;

	if (view->json) {
		event_json(modem, event);
		fflush(stdout);
		return;
	}
	begin_line(view, modem, report ? "32" : "33");
	if (report)
		printf("report %u of ", event->reference);
	else if (strcmp(event->kind, "received") == 0)
		printf("SMS from ");
	else
		printf("%s%s", event->kind, event->number[0] ? " " : "");
	emu_show_safe(event->number, strlen(event->number));
	end_colour(view);
	if (event->detail[0])
		printf(": ");
	if (!report && event->reference)
		printf("%u ", event->reference);
	emu_show_safe(event->detail, strlen(event->detail));
	putchar('\n');
	fflush(stdout);
}
