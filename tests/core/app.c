/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/core/app.h"

#include <event2/event.h>
#include "gateway/core/job.h"
#include "gateway/core/step.h"

enum { IDLE_TURNS = 4, ROUNDS = 6 };

static void keep(uint8_t to[static APP_BYTES], size_t *used, struct fg_bytes *bytes)
{
	assert_true(*used + bytes->len <= (size_t)APP_BYTES);
	if (bytes->len)
		memcpy(to + *used, bytes->data, bytes->len);
	bytes->data = to + *used;
	*used += bytes->len;
}

static void keep_order(struct app *app, const struct fg_ipc_relay *frame)
{
	struct app_relay *to = &app->order[app->orders++ % APP_FRAMES];
	size_t used = 0;

	to->frame = *frame;
	keep(to->bytes, &used, &to->frame.link_name);
	keep(to->bytes, &used, &to->frame.account);
	keep(to->bytes, &used, &to->frame.source);
	keep(to->bytes, &used, &to->frame.destination);
	keep(to->bytes, &used, &to->frame.view);
	keep(to->bytes, &used, &to->frame.view_path);
	keep(to->bytes, &used, &to->frame.view_batch);
	keep(to->bytes, &used, &to->frame.devices);
	keep(to->bytes, &used, &to->frame.body);
}

static void keep_replace(struct app *app, const struct fg_ipc_app_replace *frame)
{
	size_t used = 0;

	app->replaces++;
	app->replace = *frame;
	keep(app->replace_bytes, &used, &app->replace.account);
	keep(app->replace_bytes, &used, &app->replace.source);
	keep(app->replace_bytes, &used, &app->replace.destination);
	keep(app->replace_bytes, &used, &app->replace.old);
	keep(app->replace_bytes, &used, &app->replace.text);
}

static void on_app_frame(struct fixture *fixture, const struct fg_frame *frame)
{
	struct app *app = fixture->app;

	if (frame->type == FG_IPC_RELAY)
		keep_order(app, &frame->relay);
	else if (frame->type == FG_IPC_TAKEN)
		app->taken[app->takens++ % APP_FRAMES] = frame->taken;
	else if (frame->type == FG_IPC_APP_RECEIPT)
		app->receipt[app->receipts++ % APP_FRAMES] = frame->app_receipt;
	else if (frame->type == FG_IPC_APP_ANSWER)
		app->answer[app->answers++ % APP_FRAMES] = frame->app_answer;
	else if (frame->type == FG_IPC_APP_REPLACE)
		keep_replace(app, &frame->app_replace);
}

static void configure_account(struct fg_conf_accounts *account, const char *name)
{
	strcpy(account->name, name);
	strcpy(account->message_class, "normal");
	strcpy(account->floor, "none");
	strcpy(account->bearers, "sms");
	strcpy(account->secure, "default");
	account->secure_after_days = 7;
	account->queue_max = 1000;
	account->most_segments = 8;
	account->validity_s = 172800;
}

static void configure(struct fixture *fixture)
{
	struct fg_conf *conf = &fixture->conf;
	struct fg_policy_rule rule = {
		.name = "default", .action = FG_RULE_LINKS, .links_count = 2, .links = { 0, 1 }
	};

	conf->limits.queue_days = 30;
	conf->limits.hold_s = 72 * 3600;
	conf->limits.jobs_in_flight = 16;
	conf->limits.lookups_burst = 100;
	conf->limits.submits_burst = conf->limits.submits_per_second = 100000;
	conf->links_count = 3;
	for (size_t i = 0; i < 3; i++) {
		snprintf(conf->links[i].name, sizeof(conf->links[i].name), "smsc-%c", "abs"[i]);
		strcpy(conf->links[i].bearer, "sms");
		strcpy(conf->links[i].adapter, i == SERVER_LINK ? "smpp-server" : "smpp");
		conf->links[i].validity_s = 172800;
		fixture->core.links[i] = (struct fg_core_link){ .up = true, .credits = 100 };
	}
	conf->accounts_count = 2;
	configure_account(&conf->accounts[0], "shop");
	configure_account(&conf->accounts[1], "bank");
	fg_policy_init(&fixture->core.policy, NULL, 0, 3);
	assert_ok(fg_policy_set_default(&fixture->core.policy, &rule));
}

int app_setup(void **state)
{
	struct app *app = calloc(1, sizeof(*app));
	void *fixture = NULL;

	assert_int_equal(fixture_setup(&fixture), 0);
	app->fixture = fixture;
	app->fixture->app = app;
	app->fixture->app_frame = on_app_frame;
	configure(app->fixture);
	assert_ok(fg_jobs_start(&app->fixture->core));
	app_turn(app);
	*state = app;
	return 0;
}

int app_teardown(void **state)
{
	struct app *app = *state;
	void *fixture = app->fixture;
	struct fg_core *core = &app->fixture->core;

	app_turn(app);
	core->stopping = true;
	fg_jobs_stop(core);
	fg_relays_stop(core);
	fg_store_close(core->store);
	core->store = NULL;
	fg_receipts_stop(core);
	event_free(core->jobs->timer);
	fg_arena_free(&core->jobs->arena);
	free(core->jobs->lanes);
	free(core->jobs);
	free(app);
	return fixture_teardown(&fixture);
}

/* Idle: commits are done and nothing waits for a turn. */
void app_turn(struct app *app)
{
	struct fg_core *core = &app->fixture->core;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0;
		     i < 20000 &&
		     (core->relays->loading || core->relays->batch || core->relays->sweeping ||
		      (core->relays->commits_under_way && !app->fixture->hold_submits));
		     i++)
			fg_loop_step(core->loop, true);
		for (int i = 0; i < IDLE_TURNS; i++)
			fg_loop_step(core->loop, false);
		event_active(core->relays->timer, EV_TIMEOUT, 0);
	}
}

void app_later(struct app *app, int64_t ms)
{
	app->fixture->core.clock->offset_ms += ms;
	app_turn(app);
	app_turn(app);
}

static struct fg_bytes text(const char *text, const char *otherwise)
{
	return FG_BYTES_TEXT(text ? text : otherwise);
}

struct fg_id app_submit(struct app *app, const struct submit *submit)
{
	struct fg_frame frame = { .type = FG_IPC_SEALED };
	struct fg_ipc_sealed *sealed = &frame.sealed;
	uint8_t random[10] = { 0 };

	app->last_id++;
	memcpy(random + 6, &app->last_id, sizeof(app->last_id));
	sealed->link = submit->inbound ? 0 : SERVER_LINK;
	sealed->token = ++app->last_token;
	sealed->message_id =
		fg_id_make(fg_core_now_ms(&app->fixture->core) - submit->age_ms, random);
	sealed->kind = submit->inbound ? FG_SUBMIT_INBOUND : FG_SUBMIT_APPLICATION;
	sealed->account = text(submit->account, submit->inbound ? "" : "shop");
	sealed->source = text(submit->source, submit->inbound ? PHONE : "SHOP");
	sealed->destination = text(submit->destination, NOBODY);
	sealed->flags = submit->flags;
	sealed->protocol_id = submit->protocol_id;
	sealed->message_class = submit->message_class ? submit->message_class : FG_MESSAGE_NORMAL;
	sealed->registered = submit->registered;
	sealed->has_reference = 1;
	sealed->reference = 77;
	sealed->concat_total = submit->concat_total;
	sealed->concat_part = submit->concat_part;
	sealed->concat_ref = submit->concat_ref;
	sealed->segments = submit->segments ? submit->segments : 1;
	sealed->delay_s = submit->delay_s;
	sealed->validity_s = submit->validity_s;
	sealed->key = text(submit->key, "");
	memset(sealed->same, submit->same ? submit->same[0] : 's', sizeof(sealed->same));
	sealed->body = text(submit->body, "sealed body");
	assert_ok(fg_channel_send(app->fixture->vault_peer, &frame));
	return sealed->message_id;
}

void app_restart(struct app *app)
{
	struct fg_core *core = &app->fixture->core;

	fg_relays_stop(core);
	fg_store_close(core->store);
	core->store = NULL;
	fg_relays_free(core);
	fixture_open_store(app->fixture);
	assert_ok(fg_relays_start(core));
	app_turn(app);
	app_turn(app);
}

void app_chain(struct app *app, bool is_there)
{
	static struct fg_channel *log;
	struct fg_core *core = &app->fixture->core;

	if (!is_there) {
		log = core->log;
		core->log = NULL;
		return;
	}
	core->log = log;
	fg_relays_chain_changed(core, true);
	app_turn(app);
}

void app_link(struct app *app, size_t link, bool up, uint32_t credits)
{
	struct fg_core *core = &app->fixture->core;

	core->links[link].up = up;
	core->links[link].credits = credits;
	fg_relays_chain_changed(core, false);
	app_turn(app);
}

/* ---- what became of it ---- */

struct fg_relay *app_find(struct app *app, const struct fg_id *id)
{
	return fg_relay_find(app->fixture->core.relays, id);
}

unsigned app_state(struct app *app, const struct fg_id *id)
{
	struct fg_relay *relay = app_find(app, id);

	return relay ? relay->state : 0;
}

const struct fg_ipc_taken *app_taken(struct app *app)
{
	assert_true(app->takens > 0);
	return &app->taken[(app->takens - 1) % APP_FRAMES];
}

const struct fg_ipc_relay *app_order(struct app *app)
{
	assert_true(app->orders > 0);
	return &app->order[(app->orders - 1) % APP_FRAMES].frame;
}

const struct fg_ipc_app_receipt *app_receipt(struct app *app)
{
	assert_true(app->receipts > 0);
	return &app->receipt[(app->receipts - 1) % APP_FRAMES];
}

/* ---- what the others say ---- */

void app_say(struct app *app, const struct fg_frame *frame, bool by_vault)
{
	assert_ok(fg_channel_send(by_vault ? app->fixture->vault_peer : app->fixture->log_peer,
				  frame));
	app_turn(app);
}

void app_leg(struct app *app, const struct fg_id *id, unsigned leg, enum fg_leg_state leg_state,
	     const char *prefix, unsigned parts)
{
	struct fg_frame frame = { .type = FG_IPC_LEG };
	uint8_t refs[256], *at = refs;

	frame.leg.message_id = *id;
	frame.leg.leg = (uint16_t)leg;
	frame.leg.state = (uint8_t)leg_state;
	frame.leg.segments = (uint8_t)parts;
	frame.leg.rc = (uint16_t)(app->leg_rc                    ? app->leg_rc
				  : leg_state == FG_LEG_DEFERRED ? FG_E_LINK_BUSY
								 : FG_OK);
	frame.leg.carrier_code = app->leg_code;
	for (unsigned i = 0; leg_state == FG_LEG_ACCEPTED && i < parts; i++) {
		int len = *prefix == '=' ? snprintf((char *)at + 1, 32, "%s", prefix)
					 : snprintf((char *)at + 1, 32, "%s%u", prefix, i);

		*at = (uint8_t)len;
		at += len + 1;
	}
	frame.leg.refs = FG_BYTES(refs, (size_t)(at - refs));
	app_say(app, &frame, true);
}

void app_refused(struct app *app, const struct fg_id *id, unsigned leg, enum fg_rc rc,
		 bool by_vault)
{
	struct fg_frame frame = { .type = FG_IPC_REFUSED };

	frame.refused.message_id = *id;
	frame.refused.leg = (uint16_t)leg;
	frame.refused.rc = (uint16_t)rc;
	app_say(app, &frame, by_vault);
}

void app_report(struct app *app, unsigned link, const char *ref, unsigned dlr_state)
{
	struct fg_frame frame = { .type = FG_IPC_DLR };

	frame.dlr.link = (uint16_t)link;
	frame.dlr.token = ++app->last_token;
	frame.dlr.ref = FG_BYTES_TEXT(ref);
	frame.dlr.state = (uint8_t)dlr_state;
	frame.dlr.final = dlr_state != FG_DLR_ENROUTE;
	frame.dlr.error = FG_BYTES_TEXT("042");
	app_say(app, &frame, true);
}

void app_bound(struct app *app, const char *account, unsigned receivers, unsigned credits)
{
	struct fg_frame frame = { .type = FG_IPC_APP_BOUND };

	frame.app_bound.link = SERVER_LINK;
	frame.app_bound.account = FG_BYTES_TEXT(account);
	frame.app_bound.receivers = (uint16_t)receivers;
	frame.app_bound.credits = credits;
	app_say(app, &frame, true);
}

void app_told(struct app *app, const struct fg_id *id, enum fg_outcome outcome)
{
	struct fg_frame frame = { .type = FG_IPC_APP_TOLD };

	frame.app_told.link = SERVER_LINK;
	frame.app_told.account = FG_BYTES_TEXT("shop");
	frame.app_told.message_id = *id;
	frame.app_told.final = 1;
	frame.app_told.outcome = (uint8_t)outcome;
	app_say(app, &frame, true);
}

void app_ask(struct app *app, enum fg_app_ask what, const char *account, const struct fg_id *id,
	     const char *body)
{
	struct fg_frame frame = { .type = FG_IPC_APP_ASKED };

	frame.app_asked.link = SERVER_LINK;
	frame.app_asked.token = ++app->last_token;
	frame.app_asked.what = (uint8_t)what;
	frame.app_asked.account = FG_BYTES_TEXT(account);
	frame.app_asked.message_id = *id;
	frame.app_asked.source = FG_BYTES_TEXT("SHOP");
	frame.app_asked.destination = FG_BYTES_TEXT(NOBODY);
	frame.app_asked.segments = 1;
	frame.app_asked.body = FG_BYTES_TEXT(body);
	app_say(app, &frame, true);
}

static const uint8_t copy_bytes[] = "sealed for a device";

void app_copies(struct app *app, const struct fg_id *id, unsigned leg, const struct person *to,
		size_t count)
{
	Fallgate__SealedParts parts = FALLGATE__SEALED_PARTS__INIT;
	Fallgate__SealedPart part[4], *list[4];
	struct fg_frame frame = { .type = FG_IPC_COPIES };
	uint8_t *data;
	size_t len;

	for (size_t i = 0; i < count; i++) {
		fallgate__sealed_part__init(&part[i]);
		part[i].device_id = (ProtobufCBinaryData){ FG_DEVICE_ID_LEN,
							   (uint8_t *)(uintptr_t)to[i].device_id };
		part[i].sealed = (ProtobufCBinaryData){ sizeof(copy_bytes),
							(uint8_t *)(uintptr_t)copy_bytes };
		list[i] = &part[i];
	}
	parts.parts = list;
	parts.n_parts = count;
	data = fg_proto_pack_new(&parts, &len);
	frame.copies.message_id = *id;
	frame.copies.leg = (uint16_t)leg;
	frame.copies.copies = FG_BYTES(data, len);
	app_say(app, &frame, true);
	free(data);
	app_leg(app, id, leg, FG_LEG_ACCEPTED, "", 0);
}

void app_acknowledge(struct app *app, uint64_t conn, const struct person *person,
		     const struct fg_id *id)
{
	Fallgate__ClientFrame frame = FALLGATE__CLIENT_FRAME__INIT;
	Fallgate__AckRequest request = FALLGATE__ACK_REQUEST__INIT;
	Fallgate__Ack ack = FALLGATE__ACK__INIT;
	Fallgate__AckItem item = FALLGATE__ACK_ITEM__INIT, *items[] = { &item };
	struct fg_hash hash = fg_sha256(copy_bytes, sizeof(copy_bytes));
	Fallgate__Signed object;

	item.message_id = (ProtobufCBinaryData){ FG_ID_LEN, (uint8_t *)(uintptr_t)id->b };
	item.content_hash = (ProtobufCBinaryData){ FG_SHA256_LEN, hash.b };
	ack.device_id =
		(ProtobufCBinaryData){ FG_DEVICE_ID_LEN, (uint8_t *)(uintptr_t)person->device_id };
	ack.items = items;
	ack.n_items = 1;
	assert_ok(fg_signed_make(&ack, &person->device, FG_LABEL_ACK, &object));
	request.ack = &object;
	frame.kind_case = FALLGATE__CLIENT_FRAME__KIND_ACK;
	frame.ack = &request;
	assert_kind(DONE, fixture_ask(app->fixture, conn, &frame));
	fg_signed_free(&object);
	app_turn(app);
}

size_t app_stored(struct app *app)
{
	struct fg_store_health health;

	fg_store_health(app->fixture->core.store, &health);
	return health.relays;
}

/* Submitted, ordered, taken by the far side under that reference. */
struct fg_id app_sent(struct app *app, const char *ref, unsigned parts)
{
	struct fg_id id = SUBMIT(app, .registered = 1, .segments = (uint8_t)parts);

	app_turn(app);
	assert_int_equal(app_state(app, &id), FG_JOB_SENDING);
	app_leg(app, &id, 1, FG_LEG_ACCEPTED, ref, parts);
	assert_int_equal(app_state(app, &id), FG_JOB_SENT);
	return id;
}
