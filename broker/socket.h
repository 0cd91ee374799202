/* Listening sockets. */
#pragma once
#include "base/bytes.h"

/* A socket file left by a broker that died is replaced; a living one's is not. Errors: ERR_CONFIG. */
MUST_CHECK enum err socket_listen_unix(const char *path, unsigned mode, int *ret);
/* "ADDR:PORT", port 0 for any; ret_address: the real one in new memory. Errors: ERR_CONFIG. */
MUST_CHECK enum err socket_listen_tcp(const char *address, int *ret, char **ret_address);
