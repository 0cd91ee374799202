/* Where secrets lie: guarded, locked memory, small pieces of which are used again (private to base/secret.c).
 *
 *   | … | header | the secret | inaccessible page        writing beyond the end ends the program at once,
 *                                                        writing before the beginning when it is given back
 */
#pragma once
#include <stddef.h>

/* len ≥ 1 zero bytes; NULL when there is no memory or it could not be locked. Any thread. */
unsigned char *secret_room_take(size_t len);
/* Wipes and gives back; accepts NULL. The piece can't be read any more. */
void secret_room_give(unsigned char *secret);
