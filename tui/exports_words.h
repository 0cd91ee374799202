/* The broker's word about its scheduled exports, in ours. */
#pragma once
#include "client/exports.h"

enum exports_standing { EXPORTS_BAD = 0, EXPORTS_DOUBTFUL, EXPORTS_GOOD };

/* now_ms: ours. A time that has not come yet is no good sign, either. */
enum exports_standing exports_describe(const struct exports_word *w, int64_t now_ms, struct bytes *ret);
