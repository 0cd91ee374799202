/* How the scheduled exports stand: for pages, metrics and clients. Plain data. */
#pragma once
#include "base/bytes.h"

enum export_trouble {
        EXPORT_TROUBLE_MAKING,       /* the last try failed */
        EXPORT_TROUBLE_OVERDUE,      /* no good one for twice as long as there should be */
        EXPORT_TROUBLE_HANDING_OVER, /* the program does not take them */
        EXPORT_TROUBLES
};
extern const char *const export_trouble_words[EXPORT_TROUBLES];

/* After a start nothing is known until it was tried: then nothing is said to be mended, either. */
enum export_standing { EXPORT_UNKNOWN = 0, EXPORT_FINE, EXPORT_TROUBLED };

struct export_view {
        int64_t every_ms; /* 0: none are made */
        bool hands_over;
        struct {
                enum export_standing standing;
                char why[512]; /* in words, when troubled */
        } trouble[EXPORT_TROUBLES];
        int64_t last_at_ms; /* the log's time at which the newest good one held all of it; 0: none is known */
        uint64_t entries, bytes;
        uint64_t written, failures, handed_over, hand_over_failures; /* since the start */
};
