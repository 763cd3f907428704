/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tree against the reference tree of certificate transparency, and against the recursive
 * definition of RFC 6962, 2.1 at every small size.
 */
#include "tests/support/fg_test.h"

#include "lib/crypto/merkle.h"

enum { SIZE_MAX_TESTED = 70 }; /* crosses 64, and both sides of every power of two below */

static const char *const reference_leaf[] = {
	"",
	"00",
	"10",
	"2021",
	"3031",
	"40414243",
	"5051525354555657",
	"606162636465666768696a6b6c6d6e6f",
};

static const char *const reference_root[] = {
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

#define H_0    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define H_1    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
#define H_23   "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define H_4567 "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
#define H_4    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
#define H_67   "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
#define H_45   "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
#define H_0123 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
#define H_01   "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"

static const struct proof_case {
	uint64_t first; /* index, or the old size */
	uint64_t size;
	const char *path;
} inclusion_cases[] = { { 0, 1, "" },
			{ 0, 8, H_1 H_23 H_4567 },
			{ 5, 8, H_4 H_67 H_0123 },
			{ 2, 3, H_01 },
			{ 1, 5, H_0 H_23 H_4 } },
  consistency_cases[] = {
	  { 1, 1, "" },
	  { 1, 8, H_1 H_23 H_4567 },
	  { 6, 8, H_45 H_67 H_0123 },
	  { 2, 5, H_23 H_4 },
  };

static struct fg_merkle_tree *reference_tree(void)
{
	struct fg_merkle_tree *tree = fg_merkle_tree_new();

	assert_non_null(tree);
	for (size_t i = 0; i < ARRAY_LEN(reference_leaf); i++) {
		uint8_t data[16];
		size_t len = fg_test_unhex(reference_leaf[i], data, sizeof(data));
		struct fg_hash leaf = fg_merkle_leaf(data, len);

		assert_ok(fg_merkle_tree_append(tree, &leaf));
	}
	return tree;
}

static void assert_hash(const char *hex, struct fg_hash got)
{
	struct fg_hash want;

	assert_int_equal(fg_test_unhex(hex, want.b, sizeof(want.b)), 32);
	assert_memory_equal(want.b, got.b, 32);
}

static void assert_path(const char *hex, const struct fg_merkle_path *path)
{
	uint8_t want[8 * 32];

	assert_int_equal(fg_test_unhex(hex, want, sizeof(want)), path->count * 32);
	assert_memory_equal(want, path->hash, path->count * 32u);
}

static void roots_match_the_reference_tree(void **state)
{
	struct fg_merkle_tree *tree = reference_tree();

	(void)state;
	assert_hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		    fg_merkle_empty_root());
	for (size_t i = 0; i < ARRAY_LEN(reference_root); i++)
		assert_hash(reference_root[i], fg_merkle_tree_root(tree, i + 1));
	fg_merkle_tree_free(tree);
}

static void proofs_match_the_reference_tree(void **state)
{
	struct fg_merkle_tree *tree = reference_tree();
	struct fg_merkle_path path;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(inclusion_cases); i++) {
		const struct proof_case *c = &inclusion_cases[i];

		assert_ok(fg_merkle_tree_inclusion(tree, c->first, c->size, &path));
		assert_path(c->path, &path);
	}
	for (size_t i = 0; i < ARRAY_LEN(consistency_cases); i++) {
		const struct proof_case *c = &consistency_cases[i];

		assert_ok(fg_merkle_tree_consistency(tree, c->first, c->size, &path));
		assert_path(c->path, &path);
	}
	fg_merkle_tree_free(tree);
}

/* A tree of SIZE_MAX_TESTED leaves, its leaves, and its roots by the definition. */
struct naive {
	struct fg_merkle_tree *tree;
	struct fg_hash leaf[SIZE_MAX_TESTED];
	struct fg_hash root[SIZE_MAX_TESTED + 1];
};

static struct fg_hash naive_root(const struct fg_hash *leaf, size_t n)
{
	struct fg_hash left, right;
	size_t k = 1;

	if (n == 0)
		return fg_sha256("", 0);
	if (n == 1)
		return *leaf;
	while (k * 2 < n)
		k *= 2;
	left = naive_root(leaf, k);
	right = naive_root(leaf + k, n - k);
	return fg_merkle_node(&left, &right);
}

static int make_naive(void **state)
{
	static struct naive naive;

	naive.tree = fg_merkle_tree_new();
	assert_non_null(naive.tree);
	for (size_t i = 0; i < SIZE_MAX_TESTED; i++) {
		naive.leaf[i] = fg_merkle_leaf(&i, sizeof(i));
		assert_ok(fg_merkle_tree_append(naive.tree, &naive.leaf[i]));
	}
	for (size_t n = 0; n <= SIZE_MAX_TESTED; n++)
		naive.root[n] = naive_root(naive.leaf, n);
	*state = &naive;
	return 0;
}

static int free_naive(void **state)
{
	fg_merkle_tree_free(((struct naive *)*state)->tree);
	return 0;
}

static void tree_and_frontier_have_the_defined_root_at_every_size(void **state)
{
	const struct naive *naive = *state;
	struct fg_merkle_frontier frontier;

	fg_merkle_frontier_init(&frontier);
	for (size_t n = 0; n <= SIZE_MAX_TESTED; n++) {
		struct fg_hash a = fg_merkle_tree_root(naive->tree, n);
		struct fg_hash b = fg_merkle_frontier_root(&frontier);

		assert_memory_equal(&naive->root[n], &a, sizeof(a));
		assert_memory_equal(&naive->root[n], &b, sizeof(b));
		assert_int_equal(frontier.size, n);
		if (n < SIZE_MAX_TESTED) {
			fg_merkle_frontier_append(&frontier, &naive->leaf[n]);
			assert_memory_equal(fg_merkle_tree_leaf(naive->tree, n), &naive->leaf[n],
					    32);
		}
	}
	assert_null(fg_merkle_tree_leaf(naive->tree, SIZE_MAX_TESTED));
}

static void refuse_changed_inclusion(const struct naive *naive, uint64_t index, uint64_t size,
				     struct fg_merkle_path *path)
{
	const struct fg_hash *leaf = &naive->leaf[index], *root = &naive->root[size];
	struct fg_hash other = *leaf;

	for (uint8_t i = 0; i < path->count; i++) {
		path->hash[i].b[index % 32] ^= 0x10;
		assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index, size, leaf, path, root));
		path->hash[i].b[index % 32] ^= 0x10;
	}
	other.b[0] ^= 1;
	assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index, size, &other, path, root));
	other = *root;
	other.b[31] ^= 1;
	assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index, size, leaf, path, &other));
	assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index + 1, size, leaf, path, root));
	assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index - 1, size, leaf, path, root));
	assert_rc(FG_E_PROOF,
		  fg_merkle_verify_inclusion(index, size - 1, leaf, path, &naive->root[size - 1]));
	if (size < SIZE_MAX_TESTED)
		assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index, size + 1, leaf, path,
								 &naive->root[size + 1]));
	path->count++;
	assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index, size, leaf, path, root));
	path->count = (uint8_t)(path->count - 2);
	if (size > 1)
		assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion(index, size, leaf, path, root));
	path->count++;
}

static void every_inclusion_proof_verifies_and_no_changed_one_does(void **state)
{
	const struct naive *naive = *state;

	for (uint64_t size = 1; size <= SIZE_MAX_TESTED; size++) {
		for (uint64_t index = 0; index < size; index++) {
			struct fg_merkle_path path = { 0 };

			assert_ok(fg_merkle_tree_inclusion(naive->tree, index, size, &path));
			assert_ok(fg_merkle_verify_inclusion(index, size, &naive->leaf[index],
							     &path, &naive->root[size]));
			refuse_changed_inclusion(naive, index, size, &path);
		}
	}
}

static void refuse_changed_consistency(const struct naive *naive, uint64_t old, uint64_t new,
				       struct fg_merkle_path *path)
{
	const struct fg_hash *old_root = &naive->root[old], *new_root = &naive->root[new];
	struct fg_hash other = *old_root;

	for (uint8_t i = 0; i < path->count; i++) {
		path->hash[i].b[old % 32] ^= 0x10;
		assert_rc(FG_E_PROOF,
			  fg_merkle_verify_consistency(old, new, old_root, new_root, path));
		path->hash[i].b[old % 32] ^= 0x10;
	}
	other.b[0] ^= 1;
	assert_rc(FG_E_PROOF, fg_merkle_verify_consistency(old, new, &other, new_root, path));
	other = *new_root;
	other.b[31] ^= 1;
	assert_rc(FG_E_PROOF, fg_merkle_verify_consistency(old, new, old_root, &other, path));
	if (new < SIZE_MAX_TESTED)
		assert_rc(FG_E_PROOF, fg_merkle_verify_consistency(old, new + 1, old_root,
								   &naive->root[new + 1], path));
	if (old < new) {
		assert_rc(FG_E_PROOF, fg_merkle_verify_consistency(
					      old + 1, new, &naive->root[old + 1], new_root, path));
		path->count--;
		assert_rc(FG_E_PROOF,
			  fg_merkle_verify_consistency(old, new, old_root, new_root, path));
		path->count++;
	}
	path->count++;
	assert_rc(FG_E_PROOF, fg_merkle_verify_consistency(old, new, old_root, new_root, path));
	path->count--;
}

static void every_consistency_proof_verifies_and_no_changed_one_does(void **state)
{
	const struct naive *naive = *state;

	for (uint64_t new = 1; new <= SIZE_MAX_TESTED; new ++) {
		for (uint64_t old = 1; old <= new; old++) {
			struct fg_merkle_path path = { 0 };

			assert_ok(fg_merkle_tree_consistency(naive->tree, old, new, &path));
			assert_ok(fg_merkle_verify_consistency(old, new, &naive->root[old],
							       &naive->root[new], &path));
			refuse_changed_consistency(naive, old, new, &path);
		}
	}
}

/* A changed old leaf changes the new root too, so that only the comparison with the old root sees
 * it. */
static void a_fork_is_not_consistent(void **state)
{
	const struct naive *naive = *state;
	struct fg_merkle_tree *fork = fg_merkle_tree_new();
	struct fg_merkle_path path;
	struct fg_hash fork_root, changed = fg_merkle_leaf("other", 5);

	assert_non_null(fork);
	for (size_t i = 0; i < SIZE_MAX_TESTED; i++)
		assert_ok(fg_merkle_tree_append(fork, i == 2 ? &changed : &naive->leaf[i]));
	fork_root = fg_merkle_tree_root(fork, SIZE_MAX_TESTED);
	for (uint64_t old = 3; old < SIZE_MAX_TESTED; old++) {
		assert_ok(fg_merkle_tree_consistency(fork, old, SIZE_MAX_TESTED, &path));
		assert_rc(FG_E_PROOF,
			  fg_merkle_verify_consistency(old, SIZE_MAX_TESTED, &naive->root[old],
						       &fork_root, &path));
	}
	fg_merkle_tree_free(fork);
}

static void the_empty_tree_is_a_prefix_of_every_tree(void **state)
{
	const struct naive *naive = *state;
	struct fg_merkle_path path = { 0 };

	assert_ok(fg_merkle_verify_consistency(0, 9, &naive->root[0], &naive->root[9], &path));
	assert_ok(fg_merkle_verify_consistency(0, 0, &naive->root[0], &naive->root[0], &path));
	assert_rc(FG_E_PROOF,
		  fg_merkle_verify_consistency(0, 9, &naive->root[1], &naive->root[9], &path));
	assert_rc(FG_E_PROOF,
		  fg_merkle_verify_consistency(0, 0, &naive->root[0], &naive->root[9], &path));
}

static void a_tree_that_shrank_is_not_consistent(void **state)
{
	const struct naive *naive = *state;
	struct fg_merkle_path path = { 0 };

	assert_rc(FG_E_PROOF,
		  fg_merkle_verify_consistency(9, 8, &naive->root[9], &naive->root[8], &path));
	assert_rc(FG_E_PROOF,
		  fg_merkle_verify_consistency(8, 9, &naive->root[8], &naive->root[9], &path));
}

static void a_path_longer_than_its_array_is_refused_unread(void **state)
{
	const struct naive *naive = *state;
	struct fg_merkle_path path = { .count = FG_MERKLE_PATH_MAX + 1 };
	struct fg_hash root;

	assert_rc(FG_E_PROOF,
		  fg_merkle_root_from_path(0, UINT64_MAX, &naive->leaf[0], &path, &root));
	assert_rc(FG_E_PROOF, fg_merkle_verify_consistency(1, UINT64_MAX, &naive->root[1],
							   &naive->root[2], &path));
	assert_rc(FG_E_PROOF, fg_merkle_root_from_path(0, 0, &naive->leaf[0], &path, &root));
}

static void proofs_outside_the_tree_are_not_made(void **state)
{
	const struct naive *naive = *state;
	struct fg_merkle_path path;

	assert_rc(FG_E_ARG, fg_merkle_tree_inclusion(naive->tree, 0, 0, &path));
	assert_rc(FG_E_ARG, fg_merkle_tree_inclusion(naive->tree, 5, 5, &path));
	assert_rc(FG_E_ARG, fg_merkle_tree_inclusion(naive->tree, 0, SIZE_MAX_TESTED + 1, &path));
	assert_rc(FG_E_ARG, fg_merkle_tree_consistency(naive->tree, 0, 5, &path));
	assert_rc(FG_E_ARG, fg_merkle_tree_consistency(naive->tree, 6, 5, &path));
	assert_rc(FG_E_ARG, fg_merkle_tree_consistency(naive->tree, 6, SIZE_MAX_TESTED + 1, &path));
}

/* In order, backwards and by leaps: what is in the tree verifies whatever was known before, and no other leaf does. */
static void leaves_near_one_another_share_what_was_climbed(void **state)
{
	static const uint64_t strides[] = { 1, 3, 7, 64 };
	const struct naive *naive = *state;

	for (uint64_t size = 1; size <= SIZE_MAX_TESTED; size++)
		for (size_t s = 0; s < sizeof(strides) / sizeof(strides[0]); s++) {
			struct fg_merkle_climbed near = { 0 };

			for (uint64_t n = 0; n < size; n++) {
				uint64_t index = n * strides[s] % size;
				const struct fg_hash *leaf = &naive->leaf[index];
				struct fg_hash other = *leaf;
				struct fg_merkle_path path = { 0 };

				assert_ok(
					fg_merkle_tree_inclusion(naive->tree, index, size, &path));
				other.b[0] ^= 1;
				assert_rc(FG_E_PROOF, fg_merkle_verify_inclusion_near(
							      index, size, &other, &path,
							      &naive->root[size], &near));
				if (size > 1)
					assert_rc(FG_E_PROOF,
						  fg_merkle_verify_inclusion_near(
							  (index + 1) % size, size, leaf, &path,
							  &naive->root[size], &near));
				assert_ok(fg_merkle_verify_inclusion_near(
					index, size, leaf, &path, &naive->root[size], &near));
			}
			assert_rc(FG_E_PROOF,
				  fg_merkle_verify_inclusion_near(size, size, &naive->leaf[0],
								  &(struct fg_merkle_path){ 0 },
								  &naive->root[size], &near));
		}
}

static void a_large_tree_keeps_up_with_its_frontier(void **state)
{
	struct fg_merkle_tree *tree = fg_merkle_tree_new();
	struct fg_merkle_frontier frontier;
	struct fg_merkle_path path;
	struct fg_hash root;
	const uint64_t size = 100003;

	(void)state;
	assert_non_null(tree);
	fg_merkle_frontier_init(&frontier);
	for (uint64_t i = 0; i < size; i++) {
		struct fg_hash leaf = fg_merkle_leaf(&i, sizeof(i));

		assert_ok(fg_merkle_tree_append(tree, &leaf));
		fg_merkle_frontier_append(&frontier, &leaf);
	}
	assert_int_equal(fg_merkle_tree_size(tree), size);
	root = fg_merkle_frontier_root(&frontier);
	assert_ok(fg_merkle_tree_inclusion(tree, 77777, size, &path));
	assert_ok(fg_merkle_verify_inclusion(77777, size, fg_merkle_tree_leaf(tree, 77777), &path,
					     &root));
	fg_merkle_tree_free(tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_match_the_reference_tree),
		cmocka_unit_test(proofs_match_the_reference_tree),
		cmocka_unit_test_setup_teardown(
			tree_and_frontier_have_the_defined_root_at_every_size, make_naive,
			free_naive),
		cmocka_unit_test_setup_teardown(
			every_inclusion_proof_verifies_and_no_changed_one_does, make_naive,
			free_naive),
		cmocka_unit_test_setup_teardown(
			every_consistency_proof_verifies_and_no_changed_one_does, make_naive,
			free_naive),
		cmocka_unit_test_setup_teardown(a_fork_is_not_consistent, make_naive, free_naive),
		cmocka_unit_test_setup_teardown(the_empty_tree_is_a_prefix_of_every_tree,
						make_naive, free_naive),
		cmocka_unit_test_setup_teardown(a_tree_that_shrank_is_not_consistent, make_naive,
						free_naive),
		cmocka_unit_test_setup_teardown(a_path_longer_than_its_array_is_refused_unread,
						make_naive, free_naive),
		cmocka_unit_test_setup_teardown(proofs_outside_the_tree_are_not_made, make_naive,
						free_naive),
		cmocka_unit_test_setup_teardown(leaves_near_one_another_share_what_was_climbed,
						make_naive, free_naive),
		cmocka_unit_test(a_large_tree_keeps_up_with_its_frontier),
	};

	return fg_crypto_init() == FG_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
