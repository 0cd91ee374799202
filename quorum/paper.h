/* Somebody's identity on paper: its two independent keys as two sets of 24 words (quorum/mnemonic.h), first `sign`
 * (the seed of the signing key), then `open` (the opening key). Nothing else is needed to be that person.
 *
 * All 48 words lie in one secret of PAPER_BYTES, cell behind cell. */
#pragma once
#include "quorum/identity.h"
#include "quorum/mnemonic.h"

#define PAPER_SETS     2u
#define PAPER_WORDS    (PAPER_SETS * MNEMONIC_WORDS)
#define PAPER_BYTES    (PAPER_WORDS * MNEMONIC_LETTERS)
#define PAPER_TEXT_MAX 4096u /* of words as text */

/* What a set is called: "sign", "open". */
const char *paper_set_name(size_t set);
/* ret: PAPER_BYTES. Errors: ERR_MEMORY. */
MUST_CHECK enum err paper_write(const struct identity *i, struct secret *ret);
/* Errors: ERR_BAD_WORDS with the set, and the word's number or that its checksum does not hold; ERR_MEMORY. */
MUST_CHECK enum err paper_read(const struct secret *cells, struct identity *ret);
/* One set alone, so that a mistake is told as soon as it is made. Errors: the same. */
MUST_CHECK enum err paper_check_set(const struct secret *cells, size_t set);
/* Words in a text: what is no letter parts them (so numbers and line breaks do no harm), upper case is lower case,
 * and the first four letters of a word are enough. ret: PAPER_BYTES. Errors: ERR_BAD_WORDS (not 48 of them, or one is
 * not on the list: by its number), ERR_MEMORY. */
MUST_CHECK enum err paper_take_text(const struct secret *text, struct secret *ret);
