/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nanoseconds for what the chain does once a message: plain lines "crypto/NAME NS ns". Build it
 * with `make tests/perf/crypto_bench`, without sanitizers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/crypto/hpke.h"
#include "lib/crypto/merkle.h"
#include "lib/crypto/note.h"

enum { ROUNDS = 5, TEXT_LEN = 200, CAPSULE_LEN = 1024, LEAVES = 1000000 };

struct bench {
	struct fg_kem_key kem;
	struct fg_sign_key sign;
	uint8_t plain[CAPSULE_LEN];
	uint8_t sealed_text[TEXT_LEN + FG_HPKE_OVERHEAD];
	uint8_t sealed[CAPSULE_LEN + FG_HPKE_OVERHEAD];
	uint8_t signature[FG_SIGNATURE_LEN];
	struct fg_checkpoint checkpoint;
	char note[FG_NOTE_MAX];
	size_t note_len;
	struct fg_merkle_tree *tree;
	struct fg_merkle_frontier frontier;
	struct fg_merkle_path path;
	struct fg_hash leaf;
	size_t len;
};

static void must(enum fg_rc rc)
{
	if (rc != FG_OK) {
		fprintf(stderr, "crypto_bench: %s\n", fg_rc_text(rc));
		exit(1);
	}
}

static void seal_text(struct bench *b, unsigned i)
{
	(void)i;
	must(fg_hpke_seal(b->kem.public, NULL, 0, NULL, 0, b->plain, TEXT_LEN, b->sealed_text,
			  sizeof(b->sealed_text), &b->len));
}

static void open_text(struct bench *b, unsigned i)
{
	(void)i;
	must(fg_hpke_open(&b->kem, NULL, 0, NULL, 0, b->sealed_text, sizeof(b->sealed_text),
			  b->plain, sizeof(b->plain), &b->len));
}

static void seal_capsule(struct bench *b, unsigned i)
{
	(void)i;
	must(fg_hpke_seal(b->kem.public, NULL, 0, NULL, 0, b->plain, CAPSULE_LEN, b->sealed,
			  sizeof(b->sealed), &b->len));
}

static void sign_text(struct bench *b, unsigned i)
{
	(void)i;
	fg_sign(&b->sign, FG_LABEL_CONSENT, b->plain, TEXT_LEN, b->signature);
}

static void verify_text(struct bench *b, unsigned i)
{
	(void)i;
	must(fg_sign_verify(b->sign.public, FG_SIGN_PUBLIC_LEN, FG_LABEL_CONSENT, b->plain,
			    TEXT_LEN, b->signature, sizeof(b->signature)));
}

static void sign_note(struct bench *b, unsigned i)
{
	(void)i;
	must(fg_note_sign(&b->checkpoint, &b->sign, b->note, sizeof(b->note), &b->note_len));
}

static void verify_note(struct bench *b, unsigned i)
{
	(void)i;
	must(fg_note_verify(b->note, b->note_len, b->checkpoint.origin, b->sign.public,
			    &b->checkpoint));
}

static void hash_leaf(struct bench *b, unsigned i)
{
	(void)i;
	b->leaf = fg_merkle_leaf(b->plain, TEXT_LEN);
}

static void append_frontier(struct bench *b, unsigned i)
{
	(void)i;
	fg_merkle_frontier_append(&b->frontier, &b->leaf);
}

static void append_tree(struct bench *b, unsigned i)
{
	(void)i;
	must(fg_merkle_tree_append(b->tree, &b->leaf));
}

static void prove_inclusion(struct bench *b, unsigned i)
{
	must(fg_merkle_tree_inclusion(b->tree, i % LEAVES, LEAVES - 1, &b->path));
}

static void prove_consistency(struct bench *b, unsigned i)
{
	must(fg_merkle_tree_consistency(b->tree, i % LEAVES + 1, LEAVES, &b->path));
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* In this order: some use what those before them made. */
static const struct measure {
	const char *name;
	void (*run)(struct bench *, unsigned i);
	unsigned calls;
} measures[] = {
	{ "hpke_seal_200", seal_text, 1000 },
	{ "hpke_open_200", open_text, 1000 },
	{ "hpke_seal_1024", seal_capsule, 1000 },
	{ "sign_200", sign_text, 2000 },
	{ "verify_200", verify_text, 1000 },
	{ "note_sign", sign_note, 2000 },
	{ "note_verify", verify_note, 1000 },
	{ "merkle_leaf_200", hash_leaf, 100000 },
	{ "merkle_frontier_append", append_frontier, 100000 },
	{ "merkle_tree_append", append_tree, LEAVES / ROUNDS },
	{ "merkle_inclusion_1000000", prove_inclusion, 10000 },
	{ "merkle_consistency_1000000", prove_consistency, 10000 },
};

/* The best of some rounds: the machine's noise only adds. */
static uint64_t measure_ns(struct bench *b, const struct measure *measure)
{
	uint64_t best = UINT64_MAX;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t start = now_ns(), took;

		for (unsigned i = 0; i < measure->calls; i++)
			measure->run(b, i);
		took = (now_ns() - start) / measure->calls;
		best = took < best ? took : best;
	}
	return best;
}

int main(void)
{
	static struct bench b = { .checkpoint = { .origin = "log.example.org/fallgate" } };

	must(fg_crypto_init());
	fg_kem_key_new(&b.kem);
	fg_sign_key_new(&b.sign);
	fg_merkle_frontier_init(&b.frontier);
	b.tree = fg_merkle_tree_new();
	must(b.tree ? FG_OK : FG_E_NO_MEMORY);
	for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++)
		printf("crypto/%s %llu ns\n", measures[i].name,
		       (unsigned long long)measure_ns(&b, &measures[i]));
	fg_merkle_tree_free(b.tree);
	return 0;
}
