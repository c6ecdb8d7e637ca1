"""What several pages tell of those directly beneath: groups, totals, the own target, decisions."""

from itertools import groupby

from targets import permissions, sheets
from targets.models import TargetDecision
from targets.operations.cycles import current_cycle


def cycle_read_by(user, organization, *, year, on):
    """Return the cycle under way where `user` may see what is drafted in it, else None."""
    if not permissions.reads_drafts_of(user, organization, on=on):
        return None
    return current_cycle(organization, year=year)


def own_target(organization, rows, *, year, on):
    """Return what `targets/own_target.html` needs: the own target, and what `rows` are to have of
    it."""
    sheet = sheets.sheet(organization, year=year, on=on, is_top=False, rows=rows)
    aimed = [row.aimed for row in rows if row.aimed]
    return {"sheet": sheet, "given": sheets.given_out(sheet.target, aimed, units=len(rows))}


def decisions_of(organization, *, year):
    """Return the decisions that issued the targets of `year`, the last one last."""
    return list(
        TargetDecision.objects.filter(organization=organization, cycle__year=year).order_by("pk")
    )


def groups(rows, form, tried, hidden=()):
    """Return the groups in order: name, sums, how many of its units are shown, and as `rows`
    [(row, what stands in its cell, its sentence, what is proposed)]."""
    found = []
    for name, members in groupby(rows, key=lambda row: row.group):
        of_group = list(members)
        found.append(
            {
                "name": name,
                "totals": totals(of_group),
                "shown": sum(1 for row in of_group if row.key not in hidden),
                "rows": [
                    (
                        row,
                        form.typed(row) if form else row.number,
                        form.row_errors.get(row.key, "") if form else "",
                        tried.shares[row.key] if tried else None,
                    )
                    for row in of_group
                ],
            }
        )
    return found


def totals(rows):
    """Return the sums of `rows`; percents are of the members on 1 January."""
    known = [row for row in rows if row.aimed and row.aimed.low is not None]
    members = sum_known(row.members for row in rows)
    registered = sum_known(row.registered.low for row in rows if row.registered)
    low, high = (sum(getattr(row.aimed, end) for row in known) for end in ("low", "high"))
    return {
        "members": members,
        "files": sum(row.files for row in rows),
        "with_files": sum(1 for row in rows if row.files),
        "last_admitted": sum_known(row.last_admitted for row in rows),
        "last_target": sum_known(row.last_target for row in rows),
        "registered": registered,
        "percent_registered": sheets.in_percent(registered, members),
        "low": low,
        "high": high,
        "aim": sheets.aim(low, high),
        "percent": sheets.in_percent(low, members),
        "blank": len(rows) - len(known),
    }


def sum_known(numbers):
    """Return the sum of what is known, None where nothing is: not known is not zero."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
