/* SPDX-License-Identifier: ISC
 *
 * A device that logs in, sends one message end to end or not at all, and waits for what becomes of
 * it. Usage: example STATE HANDLE TEXT (the state made by `fallgate register --no-passphrase`).
 */
#include <signal.h>
#include <stdio.h>
#include <event2/event.h>
#include "client/device/device.h"
#include "client/device/verify.h"

struct example {
	struct event_base *base;
	struct fg_device *device;
	const char *handle, *text;
};

static void on_ready(void *context, const char *own_handle)
{
	struct example *e = context;
	struct fg_send_options options = { .policy = FALLGATE__SENDER_POLICY__POLICY_SECURE_ONLY };
	struct fg_id id;
	enum fg_rc rc = fg_device_send(e->device, e->handle, e->text, &options, &id);

	printf("%s: %s\n", own_handle, fg_rc_text(rc));
}

static void on_receipt(void *context, const struct fg_id *message_id,
		       const struct fg_verified *receipt)
{
	struct example *e = context;
	char id[FG_ID_TEXT_LEN + 1];

	printf("%s: receipt %d%s\n", fg_id_text(message_id, id), (int)receipt->receipt->kind,
	       receipt->delivery_proven ? ", delivery proven" : "");
	if (receipt->receipt->final)
		event_base_loopbreak(e->base);
}

static void on_error(void *context, enum fg_rc rc, const char *text, const struct fg_id *message_id)
{
	(void)message_id;
	fprintf(stderr, "%s: %s\n", fg_rc_name(rc), text);
	event_base_loopbreak(((struct example *)context)->base);
}

int main(int argc, char **argv)
{
	struct example e = { .base = event_base_new() };
	struct fg_callbacks callbacks = {
		.context = &e, .on_ready = on_ready, .on_receipt = on_receipt, .on_error = on_error
	};
	enum fg_rc rc;

	signal(SIGPIPE, SIG_IGN);
	if (argc != 4 || !e.base)
		return 2;
	e.handle = argv[2];
	e.text = argv[3];
	rc = fg_device_open(e.base, argv[1], NULL, &callbacks, &e.device);
	if (rc == FG_OK)
		rc = fg_device_login(e.device);
	if (rc == FG_OK)
		event_base_dispatch(e.base);
	fg_device_close(e.device);
	event_base_free(e.base);
	return rc == FG_OK ? 0 : 1;
}
