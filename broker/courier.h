/* The courier: a process that runs notifier programs, so that a hung or hostile one holds up nothing and nobody near
 * the log. It keeps nothing and decides nothing: it makes each attempt it is told to, at once, and says what came of
 * it. What it does not report is given again.
 *
 * JSON lines on one socket (broker/child.h):
 *   in   {"page":17,"channel":"ops","program":"/…","timeout_ms":30000,"attempt":1,"config":{…},"event":{…}}
 *   out  {"page":17,"result":"accepted","detail":"…","retry_after_ms":0}     result: delivery_words
 * At the socket's end it finishes what it has begun, for a few seconds, and exits.
 */
#pragma once
#include "broker/delivery.h"

#define COURIER_COMMAND "courier-process"

int courier_main(void);
