"""The ground floor: who stands under whom on which day, who belongs where, who may do what."""

from .appointment import Appointment, AppointmentProposal, Post, Role
from .competence import Competence
from .handover import Handover
from .installation import Installation
from .job import FormReceipt, Job, Outbox
from .membership import Membership
from .organization import Designation, Organization, OrganizationKind
from .person import Person
from .placement import Ancestry, Placement
from .relative import DeclaredRelative
from .reorganization import (
    EventAssignment,
    EventUnit,
    Lineage,
    Reorganization,
    ReorganizationEvent,
    ReorganizationKind,
)
from .scope import Scope
from .seal import Seal
from .transfer import Departure, PersonMerge, TemporaryStay, Transfer
from .user import User

__all__ = [
    "Ancestry",
    "Appointment",
    "AppointmentProposal",
    "Competence",
    "DeclaredRelative",
    "Departure",
    "Designation",
    "EventAssignment",
    "EventUnit",
    "FormReceipt",
    "Handover",
    "Installation",
    "Job",
    "Lineage",
    "Membership",
    "Organization",
    "OrganizationKind",
    "Outbox",
    "Person",
    "PersonMerge",
    "Placement",
    "Post",
    "Reorganization",
    "ReorganizationEvent",
    "ReorganizationKind",
    "Role",
    "Scope",
    "Seal",
    "TemporaryStay",
    "Transfer",
    "User",
]
