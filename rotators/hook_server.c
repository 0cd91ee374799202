#include "rotators/hook_server.h"
#include "base/clock.h"
#include "rotators/hooks/scan.h"
#include <stdlib.h>
#include <string.h>

#define END_MS     (2 * SECOND_MS) /* it has nothing to do when it is stopped */
#define NUMBER_MAX 18u             /* digits */

struct hook_server {
        struct spawn_talk *talk;
        const struct hook_entry *hook;
        const char *argv[3];
        struct document earlier[2];
};

enum err hook_server_start(const struct hook_entry *hook, struct hook_server **ret)
{
        struct hook_server *s = mem_new(1, sizeof *s);
        s->hook = hook;
        s->argv[0] = hook->program;
        s->argv[1] = "serve";
        const struct spawn_job job = {.path = hook->program, .argv = s->argv};
        enum err e = spawn_talk_open(&job, &s->talk);
        if (e == OK)
                *ret = s;
        else
                hook_server_stop(s);
        return e;
}

bool hook_server_is_ready(struct hook_server *s)
{
        return s->talk && spawn_talk_is_ready(s->talk);
}

/* ---- lines: looked at where they are, because they may hold secrets ---- */

static int64_t read_number(struct span text)
{
        char digits[NUMBER_MAX + 1] = "";
        if (text.n == 0 || text.n > NUMBER_MAX)
                return HOOK_NO_NUMBER;
        memcpy(digits, text.p, text.n);
        return strspn(digits, "0123456789") == text.n ? strtoll(digits, NULL, 10) : HOOK_NO_NUMBER;
}

struct hook_line hook_line_read(struct span text)
{
        struct hook_line line = {.exit = HOOK_NO_NUMBER, .sequence = HOOK_NO_NUMBER};
        struct scan s = scan_begin(text);
        struct span key;
        scan_enter(&s);
        while (scan_any_key(&s, &key)) {
                struct span value = scan_value(&s);
                if (span_is(key, "exit")) {
                        line.exit = read_number(value);
                        line.is_last = true;
                } else if (span_is(key, "sequence")) {
                        line.sequence = read_number(value);
                }
        }
        scan_end(&s);
        line.is_object = s.error == OK;
        return line;
}

/* ---- one request ---- */

struct asked {
        const struct hook_call *call;
        struct hook_line last;
};

/* What is no JSON object ends the answer, too: nothing behind it can be believed. */
static bool is_last(void *context, struct span text)
{
        struct asked *asked = context;
        struct hook_line line = hook_line_read(text);
        if (line.is_object && !line.is_last) {
                if (!asked->call->is_prepare)
                        hook_log_progress(asked->call, text);
                return false;
        }
        asked->last = line;
        return true;
}

static const char *fault_of(const struct asked *asked, const struct spawn_result *ran, bool is_answered)
{
        if (!is_answered)
                return ran->timed_out || ran->output_capped ? ""
                                                            : "it ended, or lost the thread, without a whole answer";
        if (!asked->last.is_object || asked->last.exit == HOOK_NO_NUMBER || asked->last.exit > 255)
                return "what it answered is no answer";
        return asked->last.sequence == asked->call->sequence ? NULL : "it answered another request";
}

/* Nothing that it says without a whole answer counts, but for a leak and its stderr. */
static void judge_fault(const struct hook_call *call, const struct spawn_result *ran, const char *fault,
                        struct hook_result *ret)
{
        hook_judge(call, ran, ret);
        ret->exit = PLUGIN_UNKNOWN;
        ret->is_value_rejected = false;
        *ret->evidence = 0;
        hook_fields_done(&ret->fields);
        ret->fields = (struct hook_fields){0};
        bytes_clear(&ret->handle);
        if (ret->has_leaked || !*fault)
                return;
        bytes_clear(&ret->why);
        bytes_add_text(&ret->why, fault);
}

enum err hook_server_run(struct hook_server *s, const struct hook_call *given, const struct secret *request,
                         struct hook_result *ret)
{
        struct hook_call call = *given;
        struct asked asked = {.call = &call};
        const struct spawn_question question = {.input = span_of(request->bytes, request->len),
                                                .timeout_ms = call.timeout_ms,
                                                .is_last = is_last,
                                                .context = &asked};
        const struct spawn_result *said = NULL;
        bool is_answered = false;
        call.earlier[0] = &s->earlier[0];
        call.earlier[1] = &s->earlier[1];
        *ret = (struct hook_result){.exit = PLUGIN_UNKNOWN};
        enum err e = s->talk ? spawn_talk_ask(s->talk, &question, &said, &is_answered) : ERR_IO;
        if (e == ERR_IO) { /* a moment later it would have died with the request */
                bytes_add_text(&ret->why, "it had ended, or spoke unasked, before it was asked");
                return OK;
        }
        if (e != OK)
                return e;
        struct spawn_result ran = *said; /* borrowed */
        const char *fault = fault_of(&asked, said, is_answered);
        ran.exit_code = fault ? PLUGIN_UNKNOWN : (int)asked.last.exit;
        if (!fault) {
                hook_judge(&call, &ran, ret);
                return OK;
        }
        judge_fault(&call, &ran, fault, ret);
        spawn_talk_close(s->talk, 0);
        s->talk = NULL;
        return OK;
}

void hook_server_remember(struct hook_server *s, struct document *pending, struct document *opened)
{
        struct document *from[] = {pending, opened};
        for (size_t i = 0; i < COUNT_OF(from); i++) {
                document_wipe(&s->earlier[i]);
                s->earlier[i] = *from[i];
                *from[i] = (struct document){0};
        }
}

void hook_server_stop(struct hook_server *s)
{
        if (!s)
                return;
        spawn_talk_close(s->talk, END_MS);
        document_wipe(&s->earlier[0]);
        document_wipe(&s->earlier[1]);
        free(s);
}
