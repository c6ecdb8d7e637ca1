"""Every measure of attainment, defined once: model, SQL, lists and pages are generated from it."""

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

    `source` says which facts: "admission" (those of the year, signed), "file" (open files now).
    `condition` is SQL over a fact's own columns, true for those counted.
    """

    name: str
    label: str | StrPromise
    source: str
    condition: str = "true"


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
        Measure(f"admitted_month_{month:02d}",
                format_lazy(_("Admitted in month {month}"), month=month),
                "admission", f"extract(month FROM ceremony_on) = {month}")
        for month in range(1, 13)
    ),
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
UNSTORED = (
    *(
        Measure(f"admitted_{group.value}", group.label, "admission",
                f"'{group.value}' = ANY(groups)")
        for group in (Group.PRIVATE_SECTOR, Group.VILLAGE_HEAD, Group.ARMED_FORCES,
                      Group.INTELLECTUAL)
    ),
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
