"""Every page with names that somebody opens is told to the audit, whatever its view says of it.

A page is told unless its route is in `WITHOUT_NAMES`: one that comes later is told of until
somebody says that nobody's name is on it, and `tests/permissions/test_pages_read.py` tries whether
that is so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import CharField, F, Model, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_noop

from config.ui.pages import ActionView
from organizations.models import AccessEvent
from organizations.models.audit import ROWS, is_reading_told

NAMELESS = {
    "the frame, one's own account": """
        home act-as search first-start display help robots healthz readyz rights start-code
        account_login account_logout account_change_password account_reauthenticate mfa_index
        mfa_activate_totp mfa_deactivate_totp mfa_add_webauthn mfa_edit_webauthn
        mfa_remove_webauthn mfa_view_recovery_codes mfa_generate_recovery_codes mfa_authenticate
        mfa_login_webauthn mfa_reauthenticate mfa_reauthenticate_webauthn session-list
        sessions-end""",
    "units, and what changes them": """
        administration administration-organizations organization-new competence-new kind-list
        kind-new kind-edit organization-list organization-detail organization-units
        organization-targets organization-history reorganization-list reorganization-new
        reorganization-detail reorganization-progress reorganization-edit
        reorganization-event-new reorganization-import reorganization-withdraw
        reorganization-cancel reorganization-reopen""",
    "rules, classes and rounds as such, a form for whom one knows": """
        rule-set-list rule-set-compare rule-change-ask rule-change-answer rule-change-withdraw
        day-off-list day-off-new open-question-list open-question-ask open-question-answer
        open-question-withdraw paper-catalogue class-list class-new class-edit class-cancel
        round-new round-edit""",
    "figures": """
        indicator-list indicator-detail figure-report target-year target-grid target-draft
        target-appendix target-export target-reconciliation target-import target-issue
        target-acknowledge target-register target-assign cycle-open cycle-remind cycle-step
        scenario-list scenario-compare scenario-save scenario-withdraw forecast-declare
        no-source-declare no-source-answer round-plan baseline-sheet baseline-report
        baseline-confirm baseline-freeze baseline-freeze-answer baseline-correct
        baseline-correction year-list year-close year-answer year-open following month-confirm
        follow-up follow-up-new visit-new dashboard forecast figure-recount recompute-list
        movement""",
}
"""{what is on their pages: routes}."""
WITHOUT_NAMES = frozenset(route for routes in NAMELESS.values() for route in routes.split())
"""Routes whose pages show no record of anybody but of who holds a post or an account."""

SHOWN = {"GET": {200}, "POST": {200, 409, 422}}
"""Answers with a page in them: by POST a form that is shown again, as it is by GET."""


@dataclass(frozen=True)
class About:
    """What a part of an address names: the row of `model` whose `by` it is.

    `whose` leads from it to the record that is told in its place, a `told`; `unit` from that to
    its organisation. Without `unit` the audit's trigger says whose the reading is.
    """

    model: str
    by: str = "public_id"
    unit: str = ""
    whose: str = ""
    told: str = ""
    name: str = ""
    """The column that names what is told, where it is not `by`."""

    def columns(self, value: Any) -> dict[str, Any]:
        """Return what the reading says of its record; what is to be looked up, the INSERT does."""
        to = f"{self.whose}__" if self.whose else ""
        found: dict[str, Any] = {"object": self.told or self.model, "reference": str(value)}
        if to or self.name:
            name = Cast(f"{to}{self.name or 'public_id'}", CharField())
            found["reference"] = Coalesce(self._one(value, name), Value(""))
        if self.unit:
            found["organization_id"] = self._one(value, F(f"{to}{self.unit}"))
        return found

    def _one(self, value: Any, column: Any) -> Subquery:
        model: type[Model] = apps.get_model(self.model)  # by its name: the app may lie above
        rows: QuerySet[Any] = model._default_manager.filter(**{self.by: value})
        return Subquery(rows.order_by().annotate(said=column).values("said")[:1])


FILE, PERSON = "admissions.candidate", "organizations.person"
OF_A_FILE = {"whose": "candidate", "told": FILE, "unit": "cell_id"}
OF_A_PERSON = {"whose": "person", "told": PERSON}

ABOUT: dict[str, About] = {
    "public_id": About(FILE, unit="cell_id"),
    "move": About("admissions.filetransfer", **OF_A_FILE),
    "erasure": About("admissions.erasure", **OF_A_FILE),
    "mentorship": About("admissions.mentorship", by="pk", **OF_A_FILE),
    "person": About(PERSON),
    "first": About(PERSON),
    "transfer": About("organizations.transfer", **OF_A_PERSON),
    "post": About("organizations.post", by="pk", **OF_A_PERSON),
    "username": About("organizations.user", by="username", name="pk"),
    "decision": About("organizations.reorganization"),
    "slug": About("organizations.organization", by="slug", unit="pk"),
}
"""What the parts of addresses name; the first that an address has is told."""
ABOUT_OF: dict[str, About] = {
    "meeting-detail": About("admissions.meeting", unit="organization_id"),
    **dict.fromkeys(
        ("handover-detail", "handover-note", "handover-acknowledge"),
        About("organizations.handover", unit="organization_id"),
    ),
    **dict.fromkeys(
        (f"class-{one}" for one in
         ("detail", "edit", "cancel", "propose", "answer", "mark", "withdraw")),
        About("admissions.awarenessclass", unit="organization_id"),
    ),
}  # fmt: skip
"""Routes whose `public_id` is not a file's."""


class TellRead:
    """Tell the audit of every page with names that somebody was shown: one INSERT, no query.

    After the answer, and before it leaves: what cannot be told is not shown. A view that told it
    in words of its own is left its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if (
            match is not None
            and match.url_name not in WITHOUT_NAMES
            and response.status_code in SHOWN.get(request.method or "", ())
            and not is_reading_told(request)
            and request.user.is_authenticated
        ):
            self._tell(request, response)
        return response

    def _tell(self, request: HttpRequest, response: HttpResponseBase) -> None:
        match: Any = request.resolver_match
        parts = {name: match.kwargs[name] for name in ABOUT if name in match.kwargs}
        said: dict[str, Any] = {}
        for name, value in parts.items():
            said = ABOUT_OF.get(match.url_name, ABOUT[name]).columns(value)
            break
        if not said and (number := _rows(response)) is not None:
            said = {"object": ROWS, "reference": str(number)}
        AccessEvent.objects.note(request, words=_words(match.func, bool(parts)), **said)


def _words(view: Any, is_of_a_record: bool) -> str:
    if issubclass(getattr(view, "view_class", object), ActionView):
        return gettext_noop("Opened a form")
    if is_of_a_record:
        return gettext_noop("Opened the page")
    return gettext_noop("Opened a page with names")


def _rows(response: Any) -> int | None:
    """Return how many rows the page of a list shows, where it has counted them; no query."""
    page = (getattr(response, "context_data", None) or {}).get("page_obj")
    if page is None:
        return None
    return int(page.end_index() - page.start_index() + 1) if page.paginator.count else 0
