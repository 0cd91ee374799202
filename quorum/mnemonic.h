/* Keys as words that people can write down and read aloud: BIP-39's English list, its bit packing and its checksum.
 *
 * Only the encoding is BIP-39's: words stand for the key's own bytes, nothing is stretched or derived from them.
 *
 * A word lies in a cell of MNEMONIC_LETTERS bytes, lower case, NUL behind its letters; cells lie side by side, so
 * that neither a word's place in memory nor the time spent on it depends on which word it is: there are no look-ups
 * by index and no searches that stop early.
 *
 * mnemonic_list: the 2048 words of bip-0039/english.txt, a published standard's data; that file, each word followed
 * by a newline, has the SHA-256 2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda (a test compares).
 */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define MNEMONIC_LIST      2048u
#define MNEMONIC_LETTERS   8u /* of the longest word */
#define MNEMONIC_TELLING   4u /* so many first letters are one word's alone (or all that it has) */
#define MNEMONIC_WORDS     24u
#define MNEMONIC_KEY_BYTES 32u /* what 24 words hold */

extern const char mnemonic_list[MNEMONIC_LIST][MNEMONIC_LETTERS];

/* entropy: 16, 20, 24, 28 or 32 bytes; ret: 12, 15, 18, 21 or 24 cells. Errors: ERR_RANGE, ERR_MEMORY. */
MUST_CHECK enum err mnemonic_encode(const struct secret *entropy, struct secret *ret);
/* The other way. Errors: ERR_RANGE (no such number of cells), ERR_BAD_WORDS with the reason (the first word that is
 * not on the list, by its number; or the checksum), ERR_MEMORY. */
MUST_CHECK enum err mnemonic_decode(const unsigned char *cells, size_t words, struct secret *ret);
/* How many words begin with the cell's letters. ret: the word itself when it is on the list, else the only one that
 * begins so; else unchanged. ret may be the cell. */
unsigned mnemonic_complete(const unsigned char cell[MNEMONIC_LETTERS], unsigned char ret[MNEMONIC_LETTERS]);
/* Whether the cell is a word of the list. */
bool mnemonic_has(const unsigned char cell[MNEMONIC_LETTERS]);
