/* What Rotations and its report are about: all that the picture lists, or what one order was for. */
#pragma once
#include "tui/model.h"

enum rotation_group { GROUP_PEOPLE, GROUP_WORK, GROUP_WAITING, GROUP_PROVEN, ROTATION_GROUPS };
enum rotation_group rotation_group_of(enum rotate_state s);
/* Calls visit for each of them, group after group. */
void rotations_each(const struct model *m, void (*visit)(void *context, const struct picture_version *v),
                    void *context);
struct rotate_count rotations_count(const struct model *m);
/* Which these are, in words. */
void rotations_say_scope(const struct model *m, struct bytes *ret);
/* Goes to the screen, all of it, with this one selected. */
struct effect rotations_go(struct model *m, const struct hash *version);
/* Follows the order before (older) or behind the one that is followed; at the ends, all that is listed. False when
 * there is none. */
bool rotations_follow(struct model *m, bool older);
