/* What the files that read the configuration share. `map` may be NULL only where it says so; each reason names line
 * and column. */
#pragma once
#include "base/yaml.h"
#include "broker/config.h"

/* ---- one value of a map; an absent one leaves *ret alone unless it is needed ---- */
MUST_CHECK enum err config_take_text(struct yaml_node *map, const char *key, bool is_needed, char **ret);
MUST_CHECK enum err config_take_path(struct yaml_node *map, const char *key, bool is_needed, char **ret);
MUST_CHECK enum err config_take_int(struct yaml_node *map, const char *key, int64_t min, int64_t max, int64_t *ret);
MUST_CHECK enum err config_take_duration(struct yaml_node *map, const char *key, int64_t *ret);
/* *ret becomes NULL when it is absent. */
MUST_CHECK enum err config_take_map(struct yaml_node *map, const char *key, bool is_needed, struct yaml_node **ret);
/* A program's own free map, as the JSON that it gets ("{}" when absent): plain true/false and integers keep their
 * kind. */
MUST_CHECK enum err config_take_json(struct yaml_node *map, const char *key, struct bytes *ret);

/* ---- the parts ---- */
MUST_CHECK enum err config_read_listen(struct yaml_node *root, struct config *c);
MUST_CHECK enum err config_read_keys(struct yaml_node *root, struct config *c);
MUST_CHECK enum err config_read_limits(struct yaml_node *root, struct config *c);
MUST_CHECK enum err config_read_channels(struct yaml_node *root, struct config *c);
MUST_CHECK enum err config_read_webhooks(struct yaml_node *root, struct config *c);
MUST_CHECK enum err config_read_exports(struct yaml_node *root, struct config *c);
