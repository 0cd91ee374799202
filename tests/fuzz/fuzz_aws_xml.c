/* XML answers of AWS's query APIs. */
#include "rotators/hooks/aws_xml.h"
#include "tests/fuzz/support.h"

static void visit(void *context, const char *element, struct span text)
{
        size_t *bytes = context;
        if (!*element)
                abort();
        *bytes += text.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t bytes = 0;
        if (aws_xml_walk(span_of(data, size), visit, &bytes) == OK && bytes > size)
                abort(); /* nothing may grow: there are no entities of somebody's own */
        return 0;
}
