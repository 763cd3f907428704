/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/chain_fixture.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <talloc.h>
#include <unistd.h>
#include "lib/crypto/note.h"

static const char recipient[] = "+12025550199";
static const char sender[] = "+12025550100";

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

static struct chain *disk_owner; /* the chain whose log's files are watched */

/* The linker leads every fdatasync() here. */
int __wrap_fdatasync(int fd)
{
	char link[64], path[300] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (!disk_owner || readlink(link, path, sizeof(path) - 1) < 0 || !strstr(path, "/log/"))
		return __real_fdatasync(fd);
	disk_owner->disk.syncs++;
	disk_owner->disk.opens_before = disk_owner->opens;
	disk_owner->disk.leaves_before = disk_owner->leaves;
	errno = disk_owner->disk.error;
	return errno ? -1 : __real_fdatasync(fd);
}

static struct fg_bytes keep(void *ctx, struct fg_bytes bytes)
{
	return bytes.len ? FG_BYTES((uint8_t *)talloc_memdup(ctx, bytes.data, bytes.len), bytes.len)
			 : (struct fg_bytes){ 0 };
}

/* So that a test can spoil single bytes of it, and the sanitizer sees who reads past an end. */
static void keep_open(struct chain *chain, const struct fg_ipc_open *open)
{
	struct fg_ipc_open *held = &chain->held.open;

	talloc_free(chain->held_ctx);
	chain->held_ctx = talloc_new(NULL);
	chain->held = (struct fg_frame){ .type = FG_IPC_OPEN, .open = *open };
	held->link_name = keep(chain->held_ctx, open->link_name);
	held->consent = keep(chain->held_ctx, open->consent);
	held->cert = keep(chain->held_ctx, open->cert);
	held->view = keep(chain->held_ctx, open->view);
	held->capsule = keep(chain->held_ctx, open->capsule);
	held->record = keep(chain->held_ctx, open->record);
	held->path = keep(chain->held_ctx, open->path);
}

static void keep_head(struct chain *chain, const struct fg_ipc_head *head)
{
	talloc_free(chain->head_ctx);
	chain->head_ctx = talloc_new(NULL);
	chain->head = (struct fg_frame){ .type = FG_IPC_HEAD, .head = *head };
	chain->head.head.checkpoint = keep(chain->head_ctx, head->checkpoint);
	chain->head.head.path = keep(chain->head_ctx, head->path);
	chain->heads++;
}

static void remember_seal_key(uint8_t out[static 32], struct fg_bytes key)
{
	Fallgate__Signed *object = fallgate__signed__unpack(NULL, key.len, key.data);
	Fallgate__SealKey *body =
		fallgate__seal_key__unpack(NULL, object->body.len, object->body.data);

	memcpy(out, body->public_key.data, 32);
	fallgate__seal_key__free_unpacked(body, NULL);
	fallgate__signed__free_unpacked(object, NULL);
}

static void to_core(const struct fg_frame *frame, void *arg)
{
	struct chain *chain = arg;

	switch (frame->type) {
	case FG_IPC_REFUSED:
		chain->refused = (enum fg_rc)frame->refused.rc;
		chain->refusals++;
		break;
	case FG_IPC_LEG:
		chain->legs++;
		chain->leg_state = frame->leg.state;
		break;
	case FG_IPC_LOGGED:
		chain->logged++;
		break;
	case FG_IPC_ACCOUNT_NOTED:
		chain->notes++;
		chain->noted = (enum fg_rc)frame->account_noted.rc;
		break;
	case FG_IPC_HEAD:
		keep_head(chain, &frame->head);
		break;
	case FG_IPC_LINK:
		chain->link_up = frame->link.up != 0;
		chain->link_credits = frame->link.credits;
		break;
	case FG_IPC_RELAYED:
		chain->relayed++;
		break;
	case FG_IPC_SEAL_KEY:
		chain->seal_keys++;
		remember_seal_key(frame->seal_key.role == FG_ROLE_LOG ? chain->outer_key
								      : chain->inner_key,
				  frame->seal_key.key);
		break;
	default:
		break;
	}
}

static enum fg_rc to_vault(const struct fg_frame *frame, void *arg)
{
	struct chain *chain = arg;
	struct fg_frame copy = *frame;

	if (chain->vault_room == 0)
		return FG_E_IPC_FULL;
	chain->vault_room--;
	if (frame->type == FG_IPC_OPEN) {
		chain->opens++;
		copy.open.salt[0] ^= chain->spoil_salt;
		keep_open(chain, &copy.open);
		if (chain->drop_opens)
			return FG_OK;
	}
	if (frame->type == FG_IPC_UNSEAL) {
		chain->unseals++;
		copy.unseal.salt[0] ^= chain->spoil_salt;
		chain->unseal = chain_keep(&copy, &chain->unseal_ctx);
	}
	chain->leaves += frame->type == FG_IPC_LEAVES;
	fg_vault_frame(chain->vault, &copy);
	return FG_OK;
}

static void to_log(const struct fg_frame *frame, void *arg)
{
	struct chain *chain = arg;

	if (frame->type == FG_IPC_ALARM)
		chain->alarms++;
	fg_ledger_frame(chain->ledger, frame);
}

struct fg_frame chain_keep(const struct fg_frame *frame, void **ctx_out)
{
	size_t len, used, cap = fg_frame_size(frame);
	struct fg_frame kept;
	uint8_t *bytes;

	talloc_free(*ctx_out);
	bytes = talloc_size(NULL, cap);
	*ctx_out = bytes;
	assert_ok(fg_frame_encode(frame, bytes, cap, &len));
	assert_ok(fg_frame_decode(bytes, len, &kept, &used));
	return kept;
}

static enum fg_rc offer_core(const struct fg_frame *frame, void *arg)
{
	struct chain *chain = arg;

	if (chain->core_full)
		return FG_E_IPC_FULL;
	chain->offers++;
	chain->offered = chain_keep(frame, &chain->offered_ctx);
	return FG_OK;
}

static void to_link(size_t link, const struct fg_frame *frame, void *arg)
{
	struct chain *chain = arg;

	if (frame->type == FG_IPC_TAKEN) {
		chain->taken++;
		chain->taken_rc = (enum fg_rc)frame->taken.rc;
	}
	if (frame->type == FG_IPC_APP_ANSWER) {
		chain->answers++;
		chain->answer = frame->app_answer;
	}
	chain->drains += frame->type == FG_IPC_DRAIN;
	if (frame->type != FG_IPC_JOB)
		return;
	assert_int_equal(link, chain->job_link);
	assert_int_equal(chain->drains, 0); /* after DRAIN a link takes none */
	chain->jobs++;
	chain->job = frame->job;
	snprintf(chain->job_text, sizeof(chain->job_text), "%.*s", (int)frame->job.text.len,
		 (const char *)frame->job.text.data);
	snprintf(chain->job_source, sizeof(chain->job_source), "%.*s", (int)frame->job.source.len,
		 (const char *)frame->job.source.data);
}

static void failed(enum fg_rc rc, void *arg)
{
	(void)rc;
	((struct chain *)arg)->failures++;
}

static const struct fg_ledger_ops ledger_ops = { to_core, to_vault, failed };
static const struct fg_vault_ops vault_ops = { to_core, to_log, to_link, offer_core, failed };

static void open_log(struct chain *chain)
{
	assert_ok(fg_ledger_new(NULL, &chain->conf, &chain->clock, &ledger_ops, chain,
				&chain->ledger));
}

static void open_vault(struct chain *chain)
{
	assert_ok(
		fg_vault_new(NULL, &chain->conf, &chain->clock, &vault_ops, chain, &chain->vault));
	assert_ok(fg_vault_start(chain->vault, &chain->trust));
}

static void connect_all(struct chain *chain)
{
	fg_ledger_core_open(chain->ledger);
	fg_vault_core_open(chain->vault);
	fg_vault_log_open(chain->vault);
}

void chain_start(struct chain *chain)
{
	*chain = (struct chain){ .folder = fg_test_tmpdir(), .vault_room = UINT_MAX };
	disk_owner = chain;
	assert_ok(fg_crypto_init());
	fg_clock_init(&chain->clock);
	chain->conf.gateway.allow_unlocked = true;
	chain->conf.limits.disk_free_mib = 1;
	chain->conf.log.seal_key_hours = 24;
	chain->conf.log.consent_hours = 24;
	snprintf(chain->conf.gateway.data_dir, sizeof(chain->conf.gateway.data_dir), "%s",
		 chain->folder);
	strcpy(chain->conf.mark.text, "(Not encrypted) ");
	chain->conf.links_count = 1;
	chain->conf.links[0] = (struct fg_conf_links){ .name = "smsc-a",
						       .bearer = "sms",
						       .source = "link",
						       .source_address = "+12025550000",
						       .most_segments = 8,
						       .validity_s = 3600 };
	fg_sign_key_new(&chain->account);
	fg_sign_key_new(&chain->device);
	fg_sign_key_new(&chain->second_device);
	fg_sign_key_new(&chain->directory);
	fg_sign_key_new(&chain->recipient_account);
	open_log(chain);
	strcpy(chain->trust.origin, "gw.example.org");
	memset(chain->trust.gateway_id.b, 7, FG_ID_LEN);
	memcpy(chain->trust.log_key, fg_ledger_public_key(chain->ledger), 32);
	memcpy(chain->trust.directory_key, chain->directory.public, 32);
	chain->trust.log_id = fg_note_log_id(chain->trust.origin, chain->trust.log_key);
	assert_ok(fg_ledger_start(chain->ledger, &chain->trust));
	open_vault(chain);
	connect_all(chain);
	chain_link_up(chain, 10);
}

void chain_stop(struct chain *chain)
{
	talloc_free(chain->vault);
	talloc_free(chain->ledger);
	talloc_free(chain->held_ctx);
	talloc_free(chain->head_ctx);
	disk_owner = NULL;
	fg_test_rmdir(chain->folder);
}

enum fg_rc chain_try_log(struct chain *chain)
{
	talloc_free(chain->ledger);
	open_log(chain);
	return fg_ledger_start(chain->ledger, &chain->trust);
}

void chain_restart_log(struct chain *chain)
{
	assert_ok(chain_try_log(chain));
	connect_all(chain);
}

void chain_restart_vault(struct chain *chain)
{
	talloc_free(chain->vault);
	fg_ledger_vault_closed(chain->ledger);
	open_vault(chain);
	connect_all(chain);
	chain_link_up(chain, 10);
}

void chain_link_up(struct chain *chain, uint32_t credits)
{
	struct fg_frame frame = { .type = FG_IPC_LINK };

	frame.link.up = 1;
	frame.link.credits = credits;
	fg_vault_link_frame(chain->vault, 0, &frame);
}

void chain_link_full(struct chain *chain)
{
	const struct fg_frame down = { .type = FG_IPC_LINK };

	fg_vault_link_frame(chain->vault, 0, &down);
	chain_link_up(chain, 0);
}

void chain_order_init(struct chain *chain, struct chain_order *order)
{
	uint64_t now = fg_clock_wall_ms(&chain->clock);
	uint8_t random[10];

	*order = (struct chain_order){ .leg = 1,
				       .order_bearer = FG_BEARER_SMS,
				       .reason = FG_REASON_ABSENT,
				       .bearer = FALLGATE__BEARER__BEARER_SMS,
				       .flip = SIZE_MAX,
				       .signer = chain->device,
				       .capsule_recipient = recipient,
				       .body = "see you at eight" };
	fg_random(random, sizeof(random));
	order->message_id = order->capsule_id = fg_id_make(now, random);
	memcpy(order->signing_key, chain->device.public, 32);
	fallgate__consent__init(&order->consent);
	fallgate__view__init(&order->view);
	order->consent.for_absent = true;
	order->consent.max_segments = 4;
	order->consent.sender = (char *)(uintptr_t)sender;
	order->consent.recipient = (char *)(uintptr_t)recipient;
	order->consent.not_before_ms = now - 1000;
	order->consent.expires_ms = now + 3600000;
	order->view.state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	order->view.not_before_ms = now - 1000;
	order->view.expires_ms = now + 600000;
	order->mark = fg_sha256(chain->conf.mark.text, strlen(chain->conf.mark.text));
}

void chain_seal(struct chain *chain, struct chain_order *order)
{
	struct fg_capsule_text text = { .recipient = order->capsule_recipient,
					.signing_key = order->signing_key,
					.body = order->body,
					.body_len = strlen(order->body) };
	struct fg_capsule_binding binding = { .message_id = order->capsule_id,
					      .gateway_id = chain->trust.gateway_id,
					      .expires_ms = order->consent.expires_ms };

	assert_ok(fg_capsule_make(&text, &binding, chain->inner_key, chain->outer_key,
				  order->capsule, sizeof(order->capsule), &order->capsule_len,
				  &order->commitment));
	order->capsule_hash = fg_sha256(order->capsule, order->capsule_len);
}

#define FIELD(f, p, n)                                                                             \
	do {                                                                                       \
		if (!(f).data)                                                                     \
			(f) = (ProtobufCBinaryData){ (n), (p) };                                   \
	} while (0)

size_t chain_sign(const void *message, const struct fg_sign_key *key, const char *label,
		  uint8_t *out, size_t cap)
{
	Fallgate__Signed object;
	size_t len;

	assert_ok(fg_signed_make(message, key, label, &object));
	assert_ok(fg_proto_pack(&object, out, cap, &len));
	fg_signed_free(&object);
	return len;
}

static size_t make_cert(struct chain *chain, const struct fg_sign_key *device, uint8_t *out,
			size_t cap)
{
	Fallgate__DeviceCert cert = FALLGATE__DEVICE_CERT__INIT;
	struct fg_sign_key copy = *device;

	FIELD(cert.account_key, chain->account.public, 32);
	FIELD(cert.device_id, copy.public, 16);
	FIELD(cert.signing_key, copy.public, 32);
	cert.not_before_ms = fg_clock_wall_ms(&chain->clock) - 1000;
	cert.expires_ms = cert.not_before_ms + 86400000;
	return chain_sign(&cert, &chain->account, FG_LABEL_DEVICE_CERT, out, cap);
}

void chain_pack(struct chain *chain, struct chain_order *order, struct chain_bytes *bytes_out)
{
	struct fg_hash tag = fg_handle_tag(recipient);

	if (order->capsule_len == 0)
		chain_seal(chain, order);
	FIELD(order->consent.gateway_id, chain->trust.gateway_id.b, 16);
	FIELD(order->consent.log_id, chain->trust.log_id.b, 32);
	FIELD(order->consent.message_id, order->message_id.b, 16);
	FIELD(order->consent.mark, order->mark.b, 32);
	FIELD(order->consent.capsule_hash, order->capsule_hash.b, 32);
	FIELD(order->consent.body_commitment, order->commitment.b, 32);
	FIELD(order->consent.device_id, order->signer.public, 16);
	order->consent.n_bearers = 1;
	order->consent.bearers = &order->bearer;
	FIELD(order->view.gateway_id, chain->trust.gateway_id.b, 16);
	FIELD(order->view.handle_tag, tag.b, 32);
	bytes_out->consent_len = chain_sign(&order->consent, &order->signer, FG_LABEL_CONSENT,
					    bytes_out->consent, sizeof(bytes_out->consent));
	bytes_out->cert_len =
		make_cert(chain, &order->signer, bytes_out->cert, sizeof(bytes_out->cert));
	bytes_out->view_len = chain_sign(&order->view, &chain->directory, FG_LABEL_VIEW,
					 bytes_out->view, sizeof(bytes_out->view));
	order->view.handle_tag = (ProtobufCBinaryData){ 0 };
}

void chain_submit(struct chain *chain, const struct chain_order *order,
		  const struct chain_bytes *bytes)
{
	struct fg_frame frame = { .type = FG_IPC_ORDER };

	chain->refused = FG_OK;
	frame.order =
		(struct fg_ipc_order){ .message_id = order->message_id,
				       .leg = order->leg,
				       .link_name = FG_BYTES_TEXT("smsc-a"),
				       .bearer = order->order_bearer,
				       .reason = order->reason,
				       .row = 4,
				       .expires_ms = fg_clock_wall_ms(&chain->clock) + 600000,
				       .concat_ref = order->concat_ref,
				       .consent = FG_BYTES(bytes->consent, bytes->consent_len),
				       .cert = FG_BYTES(bytes->cert, bytes->cert_len),
				       .view = FG_BYTES(bytes->view, bytes->view_len),
				       .capsule = FG_BYTES(order->capsule, order->capsule_len) };
	fg_ledger_frame(chain->ledger, &frame);
	chain_flush(chain);
}

void chain_send(struct chain *chain, struct chain_order *order)
{
	static struct chain_bytes bytes;

	chain_pack(chain, order, &bytes);
	if (order->flip < bytes.consent_len)
		bytes.consent[order->flip] ^= 1;
	chain_submit(chain, order, &bytes);
}

void chain_flush(struct chain *chain)
{
	fg_ledger_flush(chain->ledger);
	fg_vault_flush(chain->vault);
	fg_ledger_flush(chain->ledger);
}

void chain_outcome(struct chain *chain, const struct chain_order *order, enum fg_outcome outcome)
{
	struct fg_frame frame = { .type = FG_IPC_OUTCOME };

	frame.outcome.message_id = order->message_id;
	frame.outcome.leg = order->leg;
	frame.outcome.outcome = (uint8_t)outcome;
	frame.outcome.parts = FG_BYTES("\1", 1);
	frame.outcome.refs = FG_BYTES("ref", 4);
	fg_vault_link_frame(chain->vault, 0, &frame);
	chain_flush(chain);
}

void chain_account_view(struct chain *chain, Fallgate__View *view, const struct fg_sign_key *key,
			struct fg_bytes proof)
{
	struct fg_hash tag = fg_handle_tag(recipient);
	struct fg_frame frame = { .type = FG_IPC_ACCOUNT };
	uint8_t bytes[1024];

	FIELD(view->gateway_id, chain->trust.gateway_id.b, 16);
	FIELD(view->handle_tag, tag.b, 32);
	view->not_before_ms = fg_clock_wall_ms(&chain->clock) - 1000;
	view->expires_ms = view->not_before_ms + 3600000;
	memcpy(frame.account.handle_tag, tag.b, 32);
	frame.account.epoch = view->epoch;
	frame.account.proof = proof;
	frame.account.view =
		FG_BYTES(bytes, chain_sign(view, key, FG_LABEL_VIEW, bytes, sizeof(bytes)));
	fg_ledger_frame(chain->ledger, &frame);
	chain_flush(chain);
}

void chain_account(struct chain *chain, uint64_t epoch)
{
	Fallgate__View view = FALLGATE__VIEW__INIT;

	view.state = FALLGATE__VIEW_STATE__VIEW_SECURE;
	view.epoch = epoch;
	FIELD(view.account_key, chain->recipient_account.public, 32);
	chain_account_view(chain, &view, &chain->directory, (struct fg_bytes){ 0 });
}

struct fg_bytes chain_log_file(struct chain *chain, const char *name)
{
	char *path = talloc_asprintf(chain->ledger, "%s/log/%s", chain->folder, name);
	uint8_t *data = talloc_size(chain->ledger, 1 << 20);
	FILE *f = fopen(path, "rb");
	size_t len = 0;

	if (f) {
		len = fread(data, 1, 1 << 20, f);
		fclose(f);
	}
	return FG_BYTES(data, len);
}
