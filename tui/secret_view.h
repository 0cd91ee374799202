/* A secret's bytes as lines on a terminal, without a copy: only where each line begins is worked out. */
#pragma once
#include "quorum/document.h"

/* How many lines of so many columns it takes; 0: not text, or too long to be read. */
unsigned secret_lines(const struct document_field *f, unsigned columns);
/* Writes line n, padded with blanks, to fd, straight from where it lies. */
void secret_write_line(const struct document_field *f, unsigned n, unsigned columns, int fd);
/* Writes the one-time code of a field that totp_is_in() accepts, and how long it goes on, padded, to fd. */
void secret_write_code(const struct document_field *f, int64_t now_ms, unsigned columns, int fd);
