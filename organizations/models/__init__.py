"""The ground floor: who stands under whom on which day, who belongs where, who may do what."""

from .appointment import Appointment, Post, Role
from .competence import Competence
from .installation import Installation
from .job import FormReceipt, Job, Outbox
from .membership import Membership
from .organization import Designation, Organization, OrganizationKind
from .person import Person
from .placement import Ancestry, Placement
from .user import User

__all__ = [
    "Ancestry",
    "Appointment",
    "Competence",
    "Designation",
    "FormReceipt",
    "Installation",
    "Job",
    "Membership",
    "Organization",
    "OrganizationKind",
    "Outbox",
    "Person",
    "Placement",
    "Post",
    "Role",
    "User",
]
