/* An allocator for libraries that keep secrets in memory of their own (libcurl, expat): whatever it is given back is
 * wiped first. It locks nothing. */
#pragma once
#include <stddef.h>

void wipe_free(void *p);
void *wipe_realloc(void *p, size_t n);
