"""Every measure of attainment, defined once: model, SQL, lists and pages are generated from it."""

# Every part of the SQL is a constant of this product: names of stages, tables and columns.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from admissions.models.candidate import Group
from admissions.stages import Stage

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

YOUTH_AGE = 30
"""Upper age of the band that reports call the young; statistical table 2."""


@dataclass(frozen=True)
class Measure:
    """A count over the facts of a subtree: a column of Attainment, named `name`.

    `source` says which facts: a name of FLOWS (those of the year), or one of STANDS ("file" the
    open files of the day, "probation" those of members on probation). `condition` is SQL over a
    fact's own columns, true for those counted.
    """

    name: str
    label: str | StrPromise
    source: str
    condition: str = "true"


@dataclass(frozen=True)
class Flow:
    """Facts that happen on a day in a cell: their table, and SQL for the day and what each counts.

    `table` has an id and a cell_id: a table's name, or a query in parentheses where the cell is the
    one that had the file on the day (`of_files`). `kind` is that of their news (`Outbox.kind`), and
    `news` is SQL over these, true for those that tell of such a fact.
    """

    kind: str
    table: str
    day: str
    sign: str = "1"
    of_files: bool = False
    news: str = "true"


def _of_files(table: str, day: str, *, where: str = "true") -> str:
    """Return the query of `table`'s facts, each in the cell that had its file on its `day`.

    It is where the file's first later move began, else where the file is (`Candidate.cell_on`).
    """
    file, key, joined = "made", "id", ""
    if table != "admissions_candidate":
        file, key = "file", "candidate_id"
        joined = "JOIN admissions_candidate AS file ON file.id = made.candidate_id"
    return f"""(
        SELECT made.id, made.{key} AS file_id, made.{day},
            coalesce(moved.origin_id, {file}.cell_id) AS cell_id
        FROM {table} AS made {joined}
        LEFT JOIN admissions_filemove AS moved
            ON moved.candidate_id = made.{key} AND moved."on" > made.{day} AND NOT EXISTS (
                SELECT FROM admissions_filemove AS sooner
                WHERE sooner.candidate_id = made.{key} AND sooner."on" > made.{day}
                    AND (sooner."on", sooner.id) < (moved."on", moved.id))
        WHERE {where}
    )"""


CLOSED_UNADMITTED = f"""made.stage = '{Stage.CLOSED.value}' AND NOT EXISTS (
            SELECT FROM admissions_admission AS held WHERE held.candidate_id = made.id)"""
"""A file that was closed before any ceremony: an admission that ends counts by its reversal, a name
that is deleted among the members who left."""

FLOWS = {
    "admission": Flow("admissions.admission", "admissions_admission", "ceremony_on", "sign"),
    "recognition": Flow("admissions.recognition", "admissions_recognition", "official_on"),
    "certificate": Flow(
        "admissions.certificate",
        _of_files("admissions_certificate", "issued_on", where="made.kind = 'awareness'"),
        "issued_on",
        of_files=True,
    ),
    "identification": Flow(
        "admissions.candidate",
        _of_files("admissions_candidate", "identified_on"),
        "identified_on",
        of_files=True,
        news="news.snapshot ->> 'was' IS NULL",
    ),
    "closing": Flow(
        "admissions.candidate",
        _of_files("admissions_candidate", "closed_on", where=CLOSED_UNADMITTED),
        "closed_on",
        of_files=True,
        news=f"""news.snapshot ->> 'stage' = '{Stage.CLOSED.value}'
            AND news.snapshot ->> 'was' <> '{Stage.CLOSED.value}'""",
    ),
}


def has_left(person: str, *, day: str) -> str:
    """Return SQL, true where the `person` (id) left the Party by `day` and is no member again.

    The file of a member who dies or is expelled on probation keeps its stage: nobody goes on with
    it.
    """
    # The few who left are read once: asked of each file, all memberships were read for each.
    return f"""{person} IN (
        SELECT ended.person_id FROM organizations_departure AS gone
        JOIN organizations_membership AS ended ON ended.id = gone.membership_id
        WHERE gone."on" <= {day}::date AND NOT EXISTS (
            SELECT FROM organizations_membership AS held
            WHERE held.person_id = ended.person_id AND held.period @> {day}::date)
    )"""


STANDS = ("file", "probation")
"""Sources that are no flow: files as they stand on the day, each at its stage."""


def _stages(*stages: Stage) -> str:
    return "stage IN ({})".format(", ".join(f"'{stage.value}'" for stage in stages))


MEASURES = (
    Measure("admitted", _("Admitted"), "admission"),
    Measure("admitted_women", _("Women"), "admission", "sex = 'female'"),
    Measure("admitted_young", _("Aged 30 or under"), "admission", f"age_years <= {YOUTH_AGE}"),
    Measure("admitted_minority", _("Ethnic minorities"), "admission", "is_ethnic_minority"),
    Measure("admitted_workers", _("Workers"), "admission", "'worker' = ANY(groups)"),
    Measure("admitted_youth_union", _("Youth Union members"), "admission",
            "'youth_union' = ANY(groups)"),
    Measure("admitted_students", _("Students and pupils"), "admission", "'student' = ANY(groups)"),
    *(
        Measure(f"admitted_{group.value}", group.label, "admission",
                f"'{group.value}' = ANY(groups)")
        for group in (Group.PRIVATE_SECTOR, Group.VILLAGE_HEAD, Group.ARMED_FORCES,
                      Group.INTELLECTUAL)
    ),
    *(
        Measure(f"admitted_aged_{first}_{last}",
                format_lazy(_("Aged {first} to {last}"), first=first, last=last),
                "admission", f"age_years BETWEEN {first} AND {last}")
        for first, last in ((31, 40), (41, 50))
    ),
    Measure("admitted_over_50", _("Aged over 50"), "admission", "age_years > 50"),
    *(
        Measure(f"admitted_month_{month:02d}",
                format_lazy(_("Admitted in month {month}"), month=month),
                "admission", f"extract(month FROM ceremony_on) = {month}")
        for month in range(1, 13)
    ),
    Measure("recognised", _("Recognised as official members"), "recognition"),
    Measure("certified", _("Awareness class certificates issued"), "certificate"),
    Measure("identified", _("People identified as sources"), "identification"),
    Measure("closed_unadmitted", _("Files closed without an admission"), "closing"),
    Measure("on_probation", _("Members on probation"), "probation", _stages(Stage.ADMITTED)),
    Measure("files_source", _("Sources, class not attended"), "file",
            _stages(Stage.SOURCE, Stage.SYMPATHISER, Stage.ENROLLED)),
    Measure("files_class", _("Class completed"), "file",
            _stages(Stage.CERTIFIED, Stage.PERMITTED)),
    Measure("files_dossier", _("File, verification"), "file", _stages(Stage.DOSSIER)),
    Measure("files_cell", _("Cell considers"), "file", _stages(Stage.READY)),
    Measure("files_committee", _("Committees consider, decide"), "file",
            _stages(Stage.CELL_RESOLVED, Stage.APPRAISED, Stage.GRASSROOTS_RESOLVED,
                    Stage.COMPETENT_RESOLVED)),
    Measure("files_decided", _("Decision issued, ceremony pending"), "file",
            _stages(Stage.DECIDED)),
)  # fmt: skip

ADMISSIONS = [measure for measure in MEASURES if measure.source == "admission"]
FILES = [measure for measure in MEASURES if measure.source == "file"]
STANDING = [measure for measure in MEASURES if measure.source in STANDS]
"""What is counted of files by their stage on the day."""
UNSTORED = (
    Measure("admitted_half_1", _("Admitted in the first half of the year"), "admission",
            "extract(month FROM ceremony_on) BETWEEN 1 AND 6"),
    Measure("admitted_half_2", _("Admitted in the second half of the year"), "admission",
            "extract(month FROM ceremony_on) BETWEEN 7 AND 12"),
    *(
        Measure(f"admitted_quarter_{quarter}",
                format_lazy(_("Admitted in quarter {quarter}"), quarter=quarter),
                "admission",
                f"extract(month FROM ceremony_on) BETWEEN {3 * quarter - 2} AND {3 * quarter}")
        for quarter in range(1, 5)
    ),
)  # fmt: skip
"""Measures that few targets ask for: counted from the facts when asked, no column of Attainment."""

BY_NAME = {measure.name: measure for measure in (*MEASURES, *UNSTORED)}
