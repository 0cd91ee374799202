/* The log's Merkle tree (RFC 6962 / RFC 9162 §2.1, SHA-256): leaf 0x00‖line, node 0x01‖left‖right.
 *
 * struct tree keeps every complete subtree's hash (about 64 bytes an entry), so that the root and proofs at any
 * earlier size cost O(log n). struct frontier keeps only the right edge (enough to append and to know the root). */
#pragma once
#include "base/bytes.h"

#define TREE_DEPTH_MAX 53u

struct hash tree_leaf(struct span line); /* the line's bytes without its newline */
struct hash tree_node(const struct hash *left, const struct hash *right);

struct frontier {
        uint64_t size;
        struct hash edge[TREE_DEPTH_MAX]; /* edge[k]: the complete subtree of 2^k leaves that is still unpaired, if
                                             bit k of size is set */
};
void frontier_add(struct frontier *f, const struct hash *leaf);
struct hash frontier_root(const struct frontier *f); /* size 0: SHA-256 of nothing */

struct tree;
struct tree *tree_new(void);
void tree_free(struct tree *t);
void tree_add(struct tree *t, const struct hash *leaf);
uint64_t tree_size(const struct tree *t);
struct hash tree_leaf_at(const struct tree *t, uint64_t i);    /* i < size */
struct hash tree_root_at(const struct tree *t, uint64_t size); /* size ≤ tree_size */
/* Drops the last entries (an append that did not become durable). */
void tree_truncate(struct tree *t, uint64_t size);
/* All its hashes as bytes (appended), and back without hashing anything: the caller knows that they are the ones it
 * saved. Errors: ERR_CORRUPT_STORE (not as long as a tree of this size). */
void tree_save(const struct tree *t, struct bytes *ret);
MUST_CHECK enum err tree_load(struct span saved, uint64_t size, struct tree **ret);

/* Proofs: hashes appended to ret (32 bytes each). Errors: ERR_RANGE. */
MUST_CHECK enum err tree_prove_inclusion(const struct tree *t, uint64_t leaf, uint64_t size, struct bytes *ret);
MUST_CHECK enum err tree_prove_consistency(const struct tree *t, uint64_t from, uint64_t to, struct bytes *ret);
/* Errors: ERR_MISMATCH. */
MUST_CHECK enum err tree_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
                                          const struct hash *root, struct span proof);
MUST_CHECK enum err tree_verify_consistency(uint64_t from, const struct hash *from_root, uint64_t to,
                                            const struct hash *to_root, struct span proof);
