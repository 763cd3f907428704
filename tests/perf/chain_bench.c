/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a message of an application costs the log and the vault: `chain_bench FOLDER [BATCH]`, the folder empty, BATCH messages a turn (64).
 * Both are called as their processes do, every frame is encoded by who sends it and decoded by who gets it; the sockets between are left
 * out. CPU of the process, so that the disk's waiting does not count. Lines: chain/vault_submit N ns/message. And the waiting by itself: how
 * long a turn takes until its records are durable and handed on. Lines: chain/log_flush_p50 N us.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include <time.h>
#include "gateway/log/ledger.h"
#include "gateway/vault/vault.h"
#include "lib/base/handle.h"
#include "lib/crypto/merkle.h"
#include "lib/crypto/note.h"

enum { BATCH_MAX = 1024, TURNS = 200, FRAME_MAX = 1 << 16, VIEW_MAX = 256 };

/* Frames on their way, back to back, as in a datagram. */
struct wire {
	uint8_t *data;
	size_t len, cap;
};

/* Wall-clock times. */
struct times {
	uint64_t ns[2 * TURNS];
	size_t count;
};

struct bench {
	struct times log_flushes, vault_flushes;
	struct fg_conf conf;
	struct fg_clock clock;
	struct fg_trust trust;
	struct fg_sign_key directory;
	struct fg_ledger *ledger;
	struct fg_vault *vault;
	struct wire to_core, to_vault, to_link;
	unsigned batch;
	uint64_t number;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "chain_bench: %s\n", what);
	exit(1);
}

static void put(struct wire *wire, const struct fg_frame *frame)
{
	size_t len;

	if (wire->cap - wire->len < fg_frame_size(frame)) {
		wire->cap = 2 * wire->cap + FRAME_MAX;
		wire->data = realloc(wire->data, wire->cap);
		must(wire->data != NULL, "no memory");
	}
	must(fg_frame_encode(frame, wire->data + wire->len, wire->cap - wire->len, &len) == FG_OK,
	     "encode");
	wire->len += len;
}

static bool get(const struct wire *wire, size_t *at, struct fg_frame *frame)
{
	size_t used;

	if (*at == wire->len)
		return false;
	must(fg_frame_decode(wire->data + *at, wire->len - *at, frame, &used) == FG_OK, "decode");
	*at += used;
	return true;
}

/* ---- what both say ---- */

static void to_core(const struct fg_frame *frame, void *arg)
{
	if (frame->type == FG_IPC_REFUSED) {
		fprintf(stderr, "refused: %s\n", fg_rc_name((enum fg_rc)frame->refused.rc));
		exit(1);
	}
	put(&((struct bench *)arg)->to_core, frame);
}

static enum fg_rc to_vault(const struct fg_frame *frame, void *arg)
{
	put(&((struct bench *)arg)->to_vault, frame);
	return FG_OK;
}

static void to_log(const struct fg_frame *frame, void *arg)
{
	fg_ledger_frame(((struct bench *)arg)->ledger, frame);
}

static void to_link(size_t link, const struct fg_frame *frame, void *arg)
{
	(void)link;
	put(&((struct bench *)arg)->to_link, frame);
}

static enum fg_rc offer_core(const struct fg_frame *frame, void *arg)
{
	to_core(frame, arg);
	return FG_OK;
}

static void failed(enum fg_rc rc, void *arg)
{
	(void)arg;
	must(false, fg_rc_name(rc));
}

static const struct fg_ledger_ops ledger_ops = { to_core, to_vault, failed };
static const struct fg_vault_ops vault_ops = { to_core, to_log, to_link, offer_core, failed };

static void configure(struct bench *b, const char *folder)
{
	struct fg_conf *conf = &b->conf;

	snprintf(conf->gateway.data_dir, sizeof(conf->gateway.data_dir), "%s", folder);
	conf->gateway.allow_unlocked = true;
	conf->limits.disk_free_mib = 1;
	conf->log.seal_key_hours = conf->log.consent_hours = 24;
	strcpy(conf->mark.text, "(Not encrypted) ");
	conf->links_count = 2;
	conf->links[0] = (struct fg_conf_links){ .name = "smsc-a",
						 .bearer = "sms",
						 .source = "sender",
						 .most_segments = 8,
						 .validity_s = 3600 };
	conf->links[1] =
		(struct fg_conf_links){ .name = "apps", .adapter = "smpp-server", .bearer = "sms" };
	conf->accounts_count = 1;
	conf->accounts[0] = (struct fg_conf_accounts){ .name = "shop",
						       .sender = "SHOP",
						       .bearers = "sms",
						       .floor = "none",
						       .secure = "default",
						       .text_mark = "always",
						       .message_class = "normal",
						       .most_segments = 4,
						       .validity_s = 600 };
}

static void start(struct bench *b, const char *folder)
{
	struct fg_frame frame = { .type = FG_IPC_LINK };

	must(fg_crypto_init() == FG_OK, "libsodium");
	fg_clock_init(&b->clock);
	configure(b, folder);
	fg_sign_key_new(&b->directory);
	must(fg_ledger_new(NULL, &b->conf, &b->clock, &ledger_ops, b, &b->ledger) == FG_OK,
	     "open the log");
	strcpy(b->trust.origin, "bench");
	memcpy(b->trust.log_key, fg_ledger_public_key(b->ledger), FG_SIGN_PUBLIC_LEN);
	memcpy(b->trust.directory_key, b->directory.public, FG_SIGN_PUBLIC_LEN);
	b->trust.log_id = fg_note_log_id(b->trust.origin, b->trust.log_key);
	must(fg_ledger_start(b->ledger, &b->trust) == FG_OK, "start the log");
	must(fg_vault_new(NULL, &b->conf, &b->clock, &vault_ops, b, &b->vault) == FG_OK &&
		     fg_vault_start(b->vault, &b->trust) == FG_OK,
	     "start the vault");
	fg_vault_log_open(b->vault);
	frame.link.up = 1;
	frame.link.credits = 1000000;
	fg_vault_link_frame(b->vault, 0, &frame);
	b->to_core.len = 0;
}

/* ---- the core's share, not measured ---- */

struct views {
	uint8_t view[BATCH_MAX][VIEW_MAX], path[BATCH_MAX][16 * FG_SHA256_LEN], batch[512];
	size_t view_len[BATCH_MAX], path_len[BATCH_MAX], batch_len;
	struct fg_hash leaf[BATCH_MAX];
};

static void make_view(struct bench *b, struct views *views, unsigned i, struct fg_bytes handle)
{
	uint64_t now_ms = fg_clock_wall_ms(&b->clock);
	Fallgate__View view = FALLGATE__VIEW__INIT;
	char text[33];
	struct fg_hash tag;

	snprintf(text, sizeof(text), "%.*s", (int)handle.len, (const char *)handle.data);
	tag = fg_handle_tag(text);
	view.gateway_id = (ProtobufCBinaryData){ FG_ID_LEN, b->trust.gateway_id.b };
	view.handle_tag = (ProtobufCBinaryData){ FG_SHA256_LEN, tag.b };
	view.state = FALLGATE__VIEW_STATE__VIEW_ABSENT;
	view.not_before_ms = now_ms - 1000;
	view.expires_ms = now_ms + 600000;
	must(fg_proto_pack(&view, views->view[i], VIEW_MAX, &views->view_len[i]) == FG_OK, "view");
	views->leaf[i] = fg_merkle_leaf(views->view[i], views->view_len[i]);
}

static void sign_views(struct bench *b, struct views *views, unsigned count)
{
	struct fg_merkle_tree *tree = fg_merkle_tree_new();
	Fallgate__ViewBatch batch = FALLGATE__VIEW_BATCH__INIT;
	struct fg_merkle_path path;
	struct fg_hash root;
	Fallgate__Signed object;

	for (unsigned i = 0; i < count; i++)
		must(fg_merkle_tree_append(tree, &views->leaf[i]) == FG_OK, "tree");
	root = fg_merkle_tree_root(tree, count);
	for (unsigned i = 0; i < count; i++) {
		must(fg_merkle_tree_inclusion(tree, i, count, &path) == FG_OK, "path");
		views->path_len[i] = path.count * sizeof(path.hash[0]);
		memcpy(views->path[i], path.hash, views->path_len[i]);
	}
	batch.gateway_id = (ProtobufCBinaryData){ FG_ID_LEN, b->trust.gateway_id.b };
	batch.not_before_ms = fg_clock_wall_ms(&b->clock) - 1000;
	batch.expires_ms = batch.not_before_ms + 60000;
	batch.root = (ProtobufCBinaryData){ FG_SHA256_LEN, root.b };
	batch.count = count;
	must(fg_signed_make(&batch, &b->directory, FG_LABEL_VIEW_BATCH, &object) == FG_OK, "sign");
	must(fg_proto_pack(&object, views->batch, sizeof(views->batch), &views->batch_len) == FG_OK,
	     "pack");
	fg_signed_free(&object);
	fg_merkle_tree_free(tree);
}

static void make_relay(struct bench *b, const struct views *views, unsigned i,
		       const struct fg_ipc_sealed *sealed, struct wire *out)
{
	struct fg_frame frame = { .type = FG_IPC_RELAY };
	struct fg_ipc_relay *relay = &frame.relay;

	relay->message_id = sealed->message_id;
	relay->leg = 1;
	relay->link_name = FG_BYTES_TEXT("smsc-a");
	relay->bearer = FG_BEARER_SMS;
	relay->reason = FG_REASON_ABSENT;
	relay->row = 4;
	relay->expires_ms = fg_clock_wall_ms(&b->clock) + 600000;
	relay->kind = sealed->kind;
	relay->account = sealed->account;
	relay->source = sealed->source;
	relay->destination = sealed->destination;
	relay->message_class = sealed->message_class;
	relay->view = FG_BYTES(views->view[i], views->view_len[i]);
	relay->view_path = FG_BYTES(views->path[i], views->path_len[i]);
	relay->view_index = i;
	relay->view_batch = FG_BYTES(views->batch, views->batch_len);
	relay->body = sealed->body;
	put(out, &frame);
}

/* SEALED of a turn become the RELAYs of the next. */
static void core(struct bench *b, struct wire *relays)
{
	static struct views views;
	struct fg_frame frame;
	unsigned count = 0;
	size_t at = 0;

	while (get(&b->to_core, &at, &frame))
		if (frame.type == FG_IPC_SEALED)
			make_view(b, &views, count++, frame.sealed.destination);
	must(count == b->batch, "not every message was sealed");
	sign_views(b, &views, count);
	relays->len = at = count = 0;
	while (get(&b->to_core, &at, &frame))
		if (frame.type == FG_IPC_SEALED)
			make_relay(b, &views, count++, &frame.sealed, relays);
	b->to_core.len = 0;
}

/* ---- what is measured ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void flush_log(struct bench *b)
{
	uint64_t from = now_ns();

	fg_ledger_flush(b->ledger);
	b->log_flushes.ns[b->log_flushes.count++] = now_ns() - from;
}

static void flush_vault(struct bench *b)
{
	uint64_t from = now_ns();

	fg_vault_flush(b->vault);
	b->vault_flushes.ns[b->vault_flushes.count++] = now_ns() - from;
}

static void submit(struct bench *b, struct wire *in)
{
	struct fg_frame frame;
	size_t at = 0;

	while (get(in, &at, &frame))
		fg_vault_link_frame(b->vault, 1, &frame);
}

static void order(struct bench *b, struct wire *in)
{
	struct fg_frame frame;
	size_t at = 0;

	while (get(in, &at, &frame))
		fg_ledger_frame(b->ledger, &frame);
	flush_log(b);
}

static void unseal(struct bench *b, struct wire *in)
{
	struct fg_frame frame;
	size_t at = 0;

	while (get(in, &at, &frame))
		fg_vault_frame(b->vault, &frame);
	flush_vault(b);
}

static void outcome(struct bench *b, struct wire *in)
{
	struct fg_frame frame;
	size_t at = 0;

	while (get(in, &at, &frame))
		fg_vault_link_frame(b->vault, 0, &frame);
	flush_vault(b);
}

static void write_submits(struct bench *b, struct wire *out)
{
	static const char text[] = "Your parcel 4711 will be delivered today between 14:00 and "
				   "16:00. Track it at any time.";
	struct fg_frame frame = { .type = FG_IPC_SUBMIT };
	char destination[32];

	out->len = 0;
	for (unsigned i = 0; i < b->batch; i++) {
		snprintf(destination, sizeof(destination), "+1202%07" PRIu64,
			 b->number++ % 10000000);
		frame.submit.kind = FG_SUBMIT_APPLICATION;
		frame.submit.account = FG_BYTES_TEXT("shop");
		frame.submit.source = FG_BYTES_TEXT("SHOP");
		frame.submit.destination = FG_BYTES_TEXT(destination);
		frame.submit.message_class = FG_MESSAGE_NORMAL;
		frame.submit.text = FG_BYTES_TEXT(text);
		put(out, &frame);
	}
}

static void write_outcomes(struct bench *b, struct wire *out)
{
	struct fg_frame frame, done;
	unsigned jobs = 0;
	size_t at = 0;

	out->len = 0;
	while (get(&b->to_link, &at, &frame)) {
		if (frame.type != FG_IPC_JOB)
			continue;
		done = (struct fg_frame){ .type = FG_IPC_OUTCOME };
		done.outcome.message_id = frame.job.message_id;
		done.outcome.leg = frame.job.leg;
		done.outcome.outcome = FG_OUTCOME_ACCEPTED;
		done.outcome.parts = FG_BYTES("\1", 1);
		done.outcome.refs = FG_BYTES("\10deadbeef", 9);
		put(out, &done);
		jobs++;
	}
	must(jobs == b->batch, "not every order became a job");
	b->to_link.len = 0;
}

static void add_time(void (*step)(struct bench *, struct wire *), struct bench *b, struct wire *in,
		     uint64_t *sum_ns)
{
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	step(b, in);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	*sum_ns += (uint64_t)((to.tv_sec - from.tv_sec) * 1000000000LL + to.tv_nsec - from.tv_nsec);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_times(const char *name, struct times *times)
{
	qsort(times->ns, times->count, sizeof(times->ns[0]), compare);
	printf("chain/%s_p50 %" PRIu64 " us\n", name, times->ns[times->count / 2] / 1000);
	printf("chain/%s_p99 %" PRIu64 " us\n", name, times->ns[times->count * 99 / 100] / 1000);
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct wire work = { 0 };
	uint64_t sum_ns[4] = { 0 };
	static const char *const names[] = { "vault_submit", "log_relay", "vault_unseal",
					     "vault_outcome" };

	must(argc == 2 || argc == 3, "usage: chain_bench FOLDER [BATCH]");
	b.batch = argc == 3 ? (unsigned)atoi(argv[2]) : 64;
	must(b.batch > 0 && b.batch <= BATCH_MAX, "a batch has 1 to 1024 messages");
	start(&b, argv[1]);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		write_submits(&b, &work);
		add_time(submit, &b, &work, &sum_ns[0]);
		core(&b, &work);
		add_time(order, &b, &work, &sum_ns[1]);
		b.to_core.len = 0;
		add_time(unseal, &b, &b.to_vault, &sum_ns[2]);
		b.to_core.len = b.to_vault.len = 0;
		write_outcomes(&b, &work);
		add_time(outcome, &b, &work, &sum_ns[3]);
		b.to_core.len = 0;
	}
	for (size_t i = 0; i < 4; i++)
		printf("chain/%s %" PRIu64 " ns/message\n", names[i],
		       sum_ns[i] / ((uint64_t)TURNS * b.batch));
	print_times("log_flush", &b.log_flushes);
	print_times("vault_flush", &b.vault_flushes);
	return 0;
}
