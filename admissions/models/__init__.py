"""Candidates on their way from identification to admission, under rules that have dates."""

from .admission import Admission, Round
from .ballot import Ballot
from .candidate import Candidate, FileMove, Group, Milestone
from .decision import Decision
from .paper import Paper
from .preparation import Certificate, Mentorship
from .rule_set import PaperKind, RuleSet

__all__ = [
    "Admission",
    "Ballot",
    "Candidate",
    "Certificate",
    "Decision",
    "FileMove",
    "Group",
    "Mentorship",
    "Milestone",
    "Paper",
    "PaperKind",
    "Round",
    "RuleSet",
]
