"""What is sealed of a candidate, shown from their file."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from admissions.models import Candidate
from organizations.models import Person
from organizations.views.particulars import ShowParticulars

from .file_action import visible_file


class CandidateParticulars(ShowParticulars):
    def person(self, request: HttpRequest, **kwargs: Any) -> Person:
        self.file = visible_file(request, kwargs["public_id"])
        return self.file.person

    def record(self) -> Candidate:
        return self.file

    def cell(self) -> int | None:
        return self.file.cell_id

    def back_url(self) -> str:
        return reverse("candidate-detail", args=[self.file.public_id])
