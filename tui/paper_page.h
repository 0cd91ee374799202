/* The page that goes into an envelope: whose keys these are, what for, how to know them, and the words. As text of at
 * most 80×24, and as a PDF page of A4 in a font that every printer has. Both are made in locked memory only. */
#pragma once
#include "quorum/paper.h"

#define PAPER_PURPOSE_MAX 60u /* characters */
#define FINGERPRINT_TEXT  51u /* "SHA256:", 43 characters, NUL */

struct paper_page {
        const char *name, *purpose;
        const char *installation, *genesis; /* its name and hash in hex, or NULL */
        const struct identity *identity;
};

/* As `ssh-keygen -l` shows it. */
void sign_key_fingerprint(const struct key *signs, char ret[FINGERPRINT_TEXT]);
/* Errors: ERR_MEMORY. */
MUST_CHECK enum err paper_text(const struct paper_page *p, struct secret *ret);
MUST_CHECK enum err paper_pdf(const struct secret *text, struct secret *ret);
