/* A code to be read out over the phone by somebody tired. */
#include "tui/sheet.h"
#include <string.h>

#define LETTER_ROWS 5u
#define LETTER_COLS 5u

struct letter {
        char c;
        const char *rows[LETTER_ROWS];
};

/* Crockford's alphabet: no I, L, O, U. */
static const struct letter letters[] = {
        {'0', {" ### ", "#  ##", "# # #", "##  #", " ### "}}, {'1', {"  #  ", " ##  ", "  #  ", "  #  ", " ### "}},
        {'2', {"#### ", "    #", " ### ", "#    ", "#####"}}, {'3', {"#### ", "    #", " ### ", "    #", "#### "}},
        {'4', {"#  # ", "#  # ", "#####", "   # ", "   # "}}, {'5', {"#####", "#    ", "#### ", "    #", "#### "}},
        {'6', {" ### ", "#    ", "#### ", "#   #", " ### "}}, {'7', {"#####", "    #", "   # ", "  #  ", "  #  "}},
        {'8', {" ### ", "#   #", " ### ", "#   #", " ### "}}, {'9', {" ### ", "#   #", " ####", "    #", " ### "}},
        {'A', {" ### ", "#   #", "#####", "#   #", "#   #"}}, {'B', {"#### ", "#   #", "#### ", "#   #", "#### "}},
        {'C', {" ####", "#    ", "#    ", "#    ", " ####"}}, {'D', {"#### ", "#   #", "#   #", "#   #", "#### "}},
        {'E', {"#####", "#    ", "###  ", "#    ", "#####"}}, {'F', {"#####", "#    ", "###  ", "#    ", "#    "}},
        {'G', {" ####", "#    ", "#  ##", "#   #", " ####"}}, {'H', {"#   #", "#   #", "#####", "#   #", "#   #"}},
        {'J', {"  ###", "    #", "    #", "#   #", " ### "}}, {'K', {"#   #", "#  # ", "###  ", "#  # ", "#   #"}},
        {'M', {"#   #", "## ##", "# # #", "#   #", "#   #"}}, {'N', {"#   #", "##  #", "# # #", "#  ##", "#   #"}},
        {'P', {"#### ", "#   #", "#### ", "#    ", "#    "}}, {'Q', {" ### ", "#   #", "# # #", "#  # ", " ## #"}},
        {'R', {"#### ", "#   #", "#### ", "#  # ", "#   #"}}, {'S', {" ####", "#    ", " ### ", "    #", "#### "}},
        {'T', {"#####", "  #  ", "  #  ", "  #  ", "  #  "}}, {'V', {"#   #", "#   #", "#   #", " # # ", "  #  "}},
        {'W', {"#   #", "#   #", "# # #", "## ##", "#   #"}}, {'X', {"#   #", " # # ", "  #  ", " # # ", "#   #"}},
        {'Y', {"#   #", " # # ", "  #  ", "  #  ", "  #  "}}, {'Z', {"#####", "   # ", "  #  ", " #   ", "#####"}},
        {'-', {"     ", "     ", " ### ", "     ", "     "}},
};

static const char *row_of(char c, unsigned row)
{
        for (size_t i = 0; i < COUNT_OF(letters); i++)
                if (letters[i].c == c)
                        return letters[i].rows[row];
        return "     ";
}

void sheet_large(struct sheet *s, const char *text)
{
        size_t n = strlen(text);

        if (s->width < (LETTER_COLS + 2) * n + 4 || s->height < 14) {
                sheet_say(s, ROLE_TITLE, "%s", "");
                sheet_row(s, false, ROLE_TITLE, "  >>>   %s   <<<", text);
                sheet_say(s, ROLE_TITLE, "%s", "");
                return;
        }
        for (unsigned row = 0; row < LETTER_ROWS; row++) {
                CLEANUP_BYTES struct bytes line = BYTES_NONE;

                for (size_t i = 0; i < n; i++)
                        bytes_printf(&line, "%s%s", i ? "  " : "  ", row_of(text[i], row));
                sheet_row(s, false, ROLE_TITLE, "%s", bytes_text(&line));
        }
}
