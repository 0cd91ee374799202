/* When exports of the vault are made, where they go, and whether they may. */
#include "base/clock.h"
#include "base/file.h"
#include "broker/config_read.h"
#include "broker/export_folder.h"

#define KEEP_MAX 100000

static enum err check_every(const struct yaml_node *map, const struct config_exports *x)
{
        return x->every_ms ? OK : yaml_because(ERR_CONFIG, map, "`every` is missing");
}

static enum err check_handing(struct yaml_node *map, const struct config_exports *x)
{
        static const char *const of_program[] = {"config", "timeout"};
        for (size_t i = 0; !x->program && i < COUNT_OF(of_program); i++)
                if (yaml_get(map, of_program[i]))
                        return yaml_because(ERR_CONFIG, yaml_get(map, of_program[i]), "`%s` is for a `program`",
                                            of_program[i]);
        return OK;
}

enum err config_read_exports(struct yaml_node *root, struct config *c)
{
        struct config_exports *x = &c->exports;
        struct yaml_node *map;
        enum err e = config_take_map(root, "exports", false, &map);
        if (e != OK || !map)
                return e;
        x->keep = 24;
        x->timeout_ms = 10 * MINUTE_MS;
        if ((e = config_take_duration(map, "every", &x->every_ms)) != OK || (e = check_every(map, x)) != OK ||
            (e = config_take_int(map, "keep", 1, KEEP_MAX, &x->keep)) != OK ||
            (e = config_take_path(map, "folder", true, &x->folder)) != OK ||
            (e = config_take_path(map, "program", false, &x->program)) != OK ||
            (e = config_take_duration(map, "timeout", &x->timeout_ms)) != OK)
                return e;
        return (e = check_handing(map, x)) == OK ? config_take_json(map, "config", &x->config) : e;
}

enum err config_check_exports(const struct config *c)
{
        const struct config_exports *x = &c->exports;
        if (!x->every_ms)
                return OK;
        enum err e = export_folder_check(x->folder);
        return e == OK && x->program ? file_check_program(x->program) : e;
}
