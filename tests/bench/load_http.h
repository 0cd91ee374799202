/* One kept connection to a broker that costs the measuring side as little as possible. Ends the program on errors. */
#pragma once
#include "base/bytes.h"

struct load_connection;

/* "unix:PATH" or "tls:PORT" (on loopback; any key is taken: nothing here is worth protecting). */
struct load_connection *load_connect(const char *address);
void load_disconnect(struct load_connection *c);
/* Sends a whole request and reads the whole answer; returns its status. ret_body may be NULL; it is replaced. */
int load_call(struct load_connection *c, struct span request, struct bytes *ret_body);
/* GET or (body not NULL) POST with headers. token may be NULL. */
void load_request(const char *path, const char *token, const struct span *body, struct bytes *ret);
_Noreturn void load_fail(const char *what, const char *why);
