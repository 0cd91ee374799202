/* Walks an XML answer of AWS's query APIs. It may hold a secret: texts are gathered in locked memory, and the
 * parser's own memory is wiped when it is freed. A document type is refused before anything of it counts. */
#pragma once
#include "base/bytes.h"

/* Called at each element's end with the text directly inside it; the text is gone when it returns. */
typedef void aws_xml_visit(void *context, const char *element, struct span text);

/* Errors: ERR_BAD_STATEMENT (malformed, too deep, with a document type), ERR_MEMORY. */
MUST_CHECK enum err aws_xml_walk(struct span xml, aws_xml_visit *visit, void *context);
