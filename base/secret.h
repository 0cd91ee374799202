/* Locked, guarded, wiped memory: the only place where a secret may be.
 *
 * Every struct secret starts as SECRET_NONE and is wiped and freed by secret_wipe() or at the end of its scope with
 * CLEANUP_SECRET. Each costs four pages of address space, one of them locked, so short lists of secrets share one.
 */
#pragma once
#include "base/attr.h"
#include "base/err.h"
#include <stddef.h>

struct secret {
        unsigned char *bytes; /* NULL when empty */
        size_t len;
};

#define SECRET_NONE ((struct secret){NULL, 0})

/* Allocates len zero bytes (len ≥ 1) of locked memory. Errors: ERR_MEMORY. */
MUST_CHECK enum err secret_new(size_t len, struct secret *ret);
/* A copy of bytes that already are in locked memory or come from a file or pipe. Errors: ERR_MEMORY. */
MUST_CHECK enum err secret_copy(const void *bytes, size_t len, struct secret *ret);
/* Changes the length, moving to a new place and wiping the old one; new bytes are zero. Errors: ERR_MEMORY. */
MUST_CHECK enum err secret_resize(struct secret *s, size_t len);
/* Reads fd to its end without any other buffer. Errors: ERR_TOO_LARGE (more than max bytes), ERR_IO, ERR_MEMORY.
 * An empty input gives len 0 and bytes NULL. */
MUST_CHECK enum err secret_read_fd(int fd, size_t max, struct secret *ret);
/* Reads one line from fd, byte by byte, without its newline; at most max bytes. Errors as above. */
MUST_CHECK enum err secret_read_line(int fd, size_t max, struct secret *ret);
/* Writes all bytes to fd. Errors: ERR_IO. */
MUST_CHECK enum err secret_write_fd(const struct secret *s, int fd);
/* Wipes and frees; accepts empty; leaves SECRET_NONE. */
void secret_wipe(struct secret *s);
/* Moves ownership from one to the other; *from becomes SECRET_NONE. */
void secret_move(struct secret *to, struct secret *from);
/* Constant time in the content; lengths are public. */
bool secret_equal(const struct secret *a, const struct secret *b);
/* Says that a verdict about a secret (fits or not, equal or not) is public from here on, and returns it. It does
 * nothing, but the test that follows secrets through the code (tests/ct) gives secret_declassify() a meaning. */
int secret_verdict(int verdict);
void secret_declassify(const void *p, size_t n);
/* Wipes the part of the stack that functions called before have used: libsodium leaves copies of scalars there, and
 * the digits that multiplication takes them apart into (a signature's nonce among them). */
void secret_wipe_stack(void);
/* Lower-case hex in constant time in the content: hex_encode() and hex_decode() are for public bytes. Writes 2n
 * digits, no NUL. */
void secret_hex_encode(const unsigned char *p, size_t n, unsigned char *ret);
/* Reads exactly 2·len digits into locked memory. Errors: ERR_RANGE. */
MUST_CHECK enum err secret_hex_decode(const unsigned char *hex, unsigned char *ret, size_t len);

#define CLEANUP_SECRET __attribute__((cleanup(secret_wipe)))
