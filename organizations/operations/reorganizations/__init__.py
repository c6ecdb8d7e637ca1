"""Reorganisations: one decision drafted in typed events, previewed, confirmed and applied."""

from .applying import (
    KIND,
    KIND_PREVIEW,
    TRIED_AT_ONCE,
    apply,
    apply_due,
    confirm,
    preview,
    preview_as_job,
    preview_waiting,
)
from .drafting import (
    ANSWERS,
    NewUnit,
    add_event,
    assign,
    cancel,
    choose,
    draft,
    reopen,
    rewrite,
    withdraw_event,
)
from .importing import ParsedRow, check_events, import_events, read_events
from .planning import Look, look, plan_of

__all__ = [
    "ANSWERS",
    "KIND",
    "KIND_PREVIEW",
    "TRIED_AT_ONCE",
    "Look",
    "NewUnit",
    "ParsedRow",
    "add_event",
    "apply",
    "apply_due",
    "assign",
    "cancel",
    "check_events",
    "choose",
    "confirm",
    "draft",
    "import_events",
    "look",
    "plan_of",
    "preview",
    "preview_as_job",
    "preview_waiting",
    "read_events",
    "reopen",
    "rewrite",
    "withdraw_event",
]
