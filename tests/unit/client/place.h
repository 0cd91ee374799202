/* A folder of its own for each test, under which clients keep their homes. */
#pragma once
#include "client/home.h"

/* Makes it and points XDG_STATE_HOME there. */
void place_make(void);
void place_remove(void);
/* The path of a file in the only installation's folder; to be freed. */
char *place_path(const char *installation, const char *file);
void place_read(const char *installation, const char *file, struct bytes *ret);
void place_write(const char *installation, const char *file, struct span content);
