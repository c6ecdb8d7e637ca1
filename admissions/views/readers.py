"""Who sees a file, and why; and that its candidate is a relative of who reads it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from admissions.models import EmergencyOpening
from organizations.models import Person
from organizations.views.relatives import DeclareRelative, Readers

from .file_action import visible_file


class CandidateReaders(Readers):
    def shown(self, request: HttpRequest, public_id: UUID) -> tuple[Person, Any, str]:
        file = visible_file(request, public_id)
        return file.person, [file.cell_id], reverse("candidate-detail", args=[public_id])

    def openings(self, public_id: UUID) -> Any:
        made = EmergencyOpening.objects.filter(candidate__public_id=public_id)
        return made.select_related("account")

    def declare(self, public_id: UUID) -> str:
        return reverse("candidate-relative", args=[public_id])


class CandidateRelative(DeclareRelative):
    def load(self, request: HttpRequest, public_id: UUID) -> None:
        self.person = visible_file(request, public_id).person
        self.back = reverse("candidate-detail", args=[public_id])
