"""The ground floor: who stands under whom on which day, who belongs where, who may do what."""

from .appointment import Appointment, AppointmentProposal, Post, Role
from .audit import AccessEvent, AuditEvent, AuditHead, AuditLink
from .burst import Burst
from .competence import Competence
from .handover import Handover
from .installation import Installation
from .job import FormReceipt, Job, Outbox
from .membership import Membership
from .organization import Designation, Organization, OrganizationKind
from .particulars import Particulars, ParticularsReading
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
from .session import OpenSession, ProofReset
from .start_code import StartCode
from .transfer import Departure, PersonMerge, TemporaryStay, Transfer
from .user import User

__all__ = [
    "AccessEvent",
    "Ancestry",
    "Appointment",
    "AppointmentProposal",
    "AuditEvent",
    "AuditHead",
    "AuditLink",
    "Burst",
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
    "OpenSession",
    "Organization",
    "OrganizationKind",
    "Outbox",
    "Particulars",
    "ParticularsReading",
    "Person",
    "PersonMerge",
    "Placement",
    "Post",
    "ProofReset",
    "Reorganization",
    "ReorganizationEvent",
    "ReorganizationKind",
    "Role",
    "Scope",
    "Seal",
    "StartCode",
    "TemporaryStay",
    "Transfer",
    "User",
]
