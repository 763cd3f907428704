/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/log/leaves.h"

#include <stdio.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>
#include "gateway/log/spill.h"
#include "tests/support/fg_test.h"

static char *folder;

static int set_up(void **state)
{
	(void)state;
	folder = fg_test_tmpdir();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fg_test_rmdir(folder);
	return 0;
}

static const char *path_of(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static struct fg_hash leaf_of(uint64_t index)
{
	return fg_merkle_leaf(&index, sizeof(index));
}

static struct fg_leaves *leaves_new(void)
{
	struct fg_leaves *leaves;

	assert_ok(fg_leaves_new(NULL, folder, &leaves));
	return leaves;
}

static void add(struct fg_leaves *leaves, struct fg_merkle_tree *tree)
{
	uint64_t index = fg_leaves_size(leaves);
	struct fg_hash leaf = leaf_of(index);

	assert_ok(fg_leaves_append(leaves, &leaf, index * 1000 + 7));
	if (tree)
		assert_ok(fg_merkle_tree_append(tree, &leaf));
}

static void assert_same_path(const struct fg_merkle_path *a, const struct fg_merkle_path *b)
{
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->hash, b->hash, a->count * sizeof(a->hash[0]));
}

static void proofs_and_roots_are_those_of_a_tree_in_memory(void **state)
{
	enum { LEAVES = 70 };
	struct fg_merkle_tree *tree = fg_merkle_tree_new();
	struct fg_leaves *leaves = leaves_new();
	struct fg_merkle_path ours, theirs;
	struct fg_merkle_nodes nodes;
	struct fg_hash root, expected;

	(void)state;
	for (uint64_t i = 0; i < LEAVES; i++)
		add(leaves, tree);
	nodes = fg_leaves_nodes(leaves);
	assert_int_equal(nodes.size, LEAVES);
	for (uint64_t size = 0; size <= LEAVES; size++) {
		assert_ok(fg_merkle_nodes_root(&nodes, size, &root));
		expected = fg_merkle_tree_root(tree, size);
		assert_memory_equal(root.b, expected.b, sizeof(root.b));
		for (uint64_t i = 0; i < size; i++) {
			assert_ok(fg_merkle_nodes_inclusion(&nodes, i, size, &ours));
			assert_ok(fg_merkle_tree_inclusion(tree, i, size, &theirs));
			assert_same_path(&ours, &theirs);
			assert_ok(fg_merkle_nodes_consistency(&nodes, i + 1, size, &ours));
			assert_ok(fg_merkle_tree_consistency(tree, i + 1, size, &theirs));
			assert_same_path(&ours, &theirs);
		}
	}
	assert_int_equal(fg_merkle_nodes_root(&nodes, LEAVES + 1, &root), FG_E_ARG);
	assert_int_equal(fg_merkle_nodes_inclusion(&nodes, LEAVES, LEAVES, &ours), FG_E_ARG);
	assert_int_equal(fg_merkle_nodes_consistency(&nodes, 0, LEAVES, &ours), FG_E_ARG);
	talloc_free(leaves);
	fg_merkle_tree_free(tree);
}

static void every_leaf_is_found_and_none_costs_memory(void **state)
{
	enum { LEAVES = 20000 };
	struct fg_merkle_tree *tree = fg_merkle_tree_new();
	struct fg_leaves *leaves = leaves_new();
	size_t memory = talloc_total_size(leaves);
	struct fg_hash leaf, expected;
	struct fg_merkle_nodes nodes;
	struct fg_merkle_path path;
	uint64_t place;

	(void)state;
	for (uint64_t i = 0; i < LEAVES; i++) {
		add(leaves, tree);
		expected = leaf_of(i);
		assert_ok(fg_leaves_hash(leaves, i, &leaf));
		assert_memory_equal(leaf.b, expected.b, sizeof(leaf.b));
	}
	assert_int_equal(talloc_total_size(leaves), memory);
	nodes = fg_leaves_nodes(leaves);
	for (uint64_t i = 0; i < LEAVES; i += 7) {
		struct fg_hash root = fg_merkle_tree_root(tree, LEAVES);

		expected = leaf_of(i);
		assert_ok(fg_leaves_hash(leaves, i, &leaf));
		assert_memory_equal(leaf.b, expected.b, sizeof(leaf.b));
		assert_ok(fg_leaves_place(leaves, i, &place));
		assert_int_equal(place, i * 1000 + 7);
		assert_ok(fg_merkle_nodes_inclusion(&nodes, i, LEAVES, &path));
		assert_ok(fg_merkle_verify_inclusion(i, LEAVES, &leaf, &path, &root));
	}
	talloc_free(leaves);
	fg_merkle_tree_free(tree);
}

static void a_file_that_cannot_be_read_gives_no_proof(void **state)
{
	struct fg_leaves *leaves = leaves_new();
	struct fg_merkle_nodes nodes;
	struct fg_merkle_path path;
	struct fg_hash hash;
	uint64_t place;

	(void)state;
	for (uint64_t i = 0; i < 20000; i++)
		add(leaves, NULL);
	nodes = fg_leaves_nodes(leaves);
	assert_ok(fg_merkle_nodes_inclusion(&nodes, 3, 20000, &path));
	assert_int_equal(truncate(path_of("nodes"), 10), 0);
	assert_int_equal(truncate(path_of("places"), 10), 0);
	assert_int_equal(fg_merkle_nodes_inclusion(&nodes, 3, 20000, &path), FG_E_LOG_IO);
	assert_int_equal(fg_merkle_nodes_consistency(&nodes, 5000, 20000, &path), FG_E_LOG_IO);
	assert_int_equal(fg_merkle_nodes_root(&nodes, 16384, &hash), FG_E_LOG_IO);
	assert_int_equal(fg_leaves_hash(leaves, 3, &hash), FG_E_LOG_IO);
	assert_int_equal(fg_leaves_place(leaves, 3, &place), FG_E_LOG_IO);
	talloc_free(leaves);
}

static void what_an_older_file_has_is_gone(void **state)
{
	struct stat st;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct fg_leaves *leaves = leaves_new();

		assert_int_equal(stat(path_of("nodes"), &st), 0);
		assert_int_equal(st.st_size, 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(fg_leaves_size(leaves), 0);
		for (uint64_t i = 0; i < 3000; i++)
			add(leaves, NULL);
		assert_int_equal(stat(path_of("nodes"), &st), 0);
		assert_true(st.st_size > 0);
		talloc_free(leaves);
	}
}

static void a_folder_that_cannot_be_written_is_said(void **state)
{
	struct fg_leaves *leaves;

	(void)state;
	assert_int_equal(fg_leaves_new(NULL, path_of("nowhere"), &leaves), FG_E_LOG_IO);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(proofs_and_roots_are_those_of_a_tree_in_memory),
		CASE(every_leaf_is_found_and_none_costs_memory),
		CASE(a_file_that_cannot_be_read_gives_no_proof),
		CASE(what_an_older_file_has_is_gone),
		CASE(a_folder_that_cannot_be_written_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
