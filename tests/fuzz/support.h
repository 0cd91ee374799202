/* What fuzz targets share: libsodium ready, and an input in an exact-size heap copy so that an over-read is seen. */
#pragma once
#include "base/bytes.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct span fuzz_copy(const uint8_t *data, size_t size); /* free() its p */
