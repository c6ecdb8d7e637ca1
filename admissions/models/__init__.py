"""Candidates on their way from identification to admission, under rules that have dates."""

from .admission import Admission, Round
from .awareness import AwarenessClass, Enrolment
from .ballot import Ballot
from .candidate import Candidate, FileMove, Group, Milestone, Special
from .deadline import Deadline
from .decision import Decision, DecisionReview, Extension, FileReturn
from .emergency import EmergencyOpening
from .erasure import Erasure
from .late_entry import LateEntry
from .meeting import Elector, Meeting
from .moving import FileTransfer
from .paper import Paper, Scan, ScanReading, ScanVerdict, Verification
from .preparation import Certificate, Introducer, MentorNote, Mentorship
from .recognition import Recognition
from .rule_set import DayOff, PaperKind, RuleChange, RuleSet, Setting

__all__ = [
    "Admission",
    "AwarenessClass",
    "Ballot",
    "Candidate",
    "Certificate",
    "DayOff",
    "Deadline",
    "Decision",
    "DecisionReview",
    "Elector",
    "EmergencyOpening",
    "Enrolment",
    "Erasure",
    "Extension",
    "FileMove",
    "FileReturn",
    "FileTransfer",
    "Group",
    "Introducer",
    "LateEntry",
    "Meeting",
    "MentorNote",
    "Mentorship",
    "Milestone",
    "Paper",
    "PaperKind",
    "Recognition",
    "Round",
    "RuleChange",
    "RuleSet",
    "Scan",
    "ScanReading",
    "ScanVerdict",
    "Setting",
    "Special",
    "Verification",
]
