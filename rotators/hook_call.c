#include "rotators/hook_call.h"

void hook_result_done(struct hook_result *r)
{
        bytes_done(&r->handle);
        bytes_done(&r->why);
        hook_fields_done(&r->fields);
}

static void on_progress(void *context, struct span line)
{
        hook_log_progress(context, line);
}

enum err hook_run(const struct hook_call *call, struct hook_result *ret)
{
        CLEANUP_SECRET struct secret request = SECRET_NONE;
        enum err e = hook_write_request(call, &request);
        return e == OK ? hook_run_with(call, &request, ret) : e;
}

enum err hook_run_with(const struct hook_call *call, const struct secret *request, struct hook_result *ret)
{
        const char *const argv[] = {call->hook->program, call->step, NULL};
        struct spawn_result ran = {0};
        const struct spawn_job job = {.path = call->hook->program,
                                      .argv = argv,
                                      .input = span_of(request->bytes, request->len),
                                      .timeout_ms = call->timeout_ms,
                                      .is_output_secret = call->is_prepare,
                                      .on_line = call->is_prepare ? NULL : on_progress,
                                      .context = (void *)call};
        *ret = (struct hook_result){.exit = PLUGIN_UNKNOWN};
        enum err e = spawn_run(&job, &ran);
        if (e == OK)
                hook_judge(call, &ran, ret);
        spawn_result_done(&ran);
        return e;
}
