/* Seats: whose keys counted in which roster. What was said offline is signed by the keys that its signer's roster
 * gave; the ledger keeps no old rosters, only who sat where. */
#include "quorum/ledger_state.h"

static bool is_seated(const struct ledger *l, uint32_t seat, const struct person *p)
{
        const struct seat_row *s = row_seat(l, seat);
        return s->end == NONE && key_equal(&s->signs, &p->signs) && key_equal(&s->opens, &p->opens);
}

static void seat_take(struct ledger *l, uint32_t person, const struct person *p, uint32_t roster)
{
        uint32_t i;
        struct seat_row *s = add_seat(l, &i);
        struct person_row *row = row_person(l, person);
        *s = (struct seat_row){p->signs, p->opens, row->name, roster, NONE, row->last_seat};
        row->last_seat = i;
}

void seats_fold(struct ledger *l)
{
        const uint32_t roster = count_roster(l) - 1;
        for (uint32_t i = 0; i < count_person(l); i++) {
                const struct person_row *row = row_person(l, i);
                const struct person *p = row->entry == NONE ? NULL : &l->roster->people[row->entry];
                if (row->last_seat != NONE && p && is_seated(l, row->last_seat, p))
                        continue;
                if (row->last_seat != NONE && row_seat(l, row->last_seat)->end == NONE)
                        row_seat(l, row->last_seat)->end = roster;
                if (p)
                        seat_take(l, i, p, roster);
        }
}

uint32_t roster_at_size(const struct ledger *l, uint64_t size)
{
        uint32_t i = count_roster(l);
        while (i > 0 && row_roster(l, i - 1)->n >= size)
                i--;
        return i == 0 ? NONE : i - 1;
}

const struct seat_row *seat_find(const struct ledger *l, const char *name, uint32_t roster)
{
        uint32_t i = name_find(l, name), person = i == NONE ? NONE : row_name(l, i)->person;
        for (i = person == NONE ? NONE : row_person(l, person)->last_seat; i != NONE; i = row_seat(l, i)->before) {
                const struct seat_row *s = row_seat(l, i);
                if (s->first <= roster && (s->end == NONE || roster < s->end))
                        return s;
        }
        return NULL;
}
