"""The member register, and the page of one person with what is done there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.cache import never_cache
from django.views.generic import View

from config import clock
from config.errors import DomainError
from config.ui.pages import ActionView, FilteredListView
from config.ui.searching import asked
from organizations import selectors
from organizations.audit import tell_searching
from organizations.filters_people import MemberFilter
from organizations.forms import MemberForm, written
from organizations.forms_people import (
    DepartForm,
    PersonForm,
    PostEndForm,
    PostForm,
    RestoreForm,
)
from organizations.models import AccessEvent, Departure, Membership, Person, Post, Role
from organizations.operations.people import (
    add_member,
    change_person,
    depart,
    is_own_record,
    restore,
)
from organizations.operations.posts import end_post, give_post
from organizations.permissions import acts, holds
from organizations.sheets import people


@method_decorator(never_cache, name="dispatch")
class MemberList(FilteredListView):
    filterset_class = MemberFilter
    template_name = "organizations/member_list.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.today = clock.today()
        if not holds(request.user, *Role.sees_names(), on=self.today):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        self.filterset = MemberFilter(
            asked(self.request) or None, Membership.objects.none(), request=self.request
        )
        return self.filterset.narrowed(self.filterset.standing)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        tell_searching(self.request)
        day, user = self.filterset.day, self.request.user
        counted = people.counts(self.filterset.narrowed)
        names = dict(self.filterset.filters["tinh_trang"].extra["choices"])
        return {
            **context,
            "rows": people.rows_of(list(context["object_list"]), day=day),
            "day": day,
            "is_today": day == self.today,
            "standing": self.filterset.standing,
            "tabs": [
                (code, names.get(code, _("Members")), counted[code]) for code in people.STANDINGS
            ],
            "may_add": selectors.register_cells(user, on=self.today).exists(),
            "sees_duplicates": holds(user, Role.STAFF, Role.APPROVER, on=self.today),
        }


class MemberCreate(ActionView):
    form_class = MemberForm
    template_name = "organizations/member_form.html"
    title = gettext_lazy("Add a member")
    submit_label = gettext_lazy("Add the member")

    def load(self, request: HttpRequest) -> None:
        self.today = clock.today()
        self.scope = selectors.register_cells(request.user, on=self.today)
        self.cells = list(self.scope[:2])
        if not self.cells:
            raise Http404

    def get_initial(self) -> dict[str, Any]:
        return {"cell": written(self.cells[0]) if len(self.cells) == 1 else ""}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {"scope": self.scope, "today": self.today}

    def perform(self, form: MemberForm) -> Membership:
        values = form.values()
        cell, is_another = values.pop("cell"), values.pop("another")
        with transaction.atomic():
            made = add_member(cell, **values, by=self.request.user, on=self.today)
            if not is_another and people.is_known(made.person, self.request.user, on=self.today):
                form.ask_whether_another()
                raise DomainError(
                    fields={
                        "another": _(
                            "Somebody of the same name and birth date, or of the same citizen's"
                            " number, is within what you see. If this is another person, tick the"
                            " box and send again."
                        )
                    }
                )
        return made

    def get_told(self, result: Membership) -> Person:
        return result.person

    def get_success_url(self, result: Membership) -> str:
        return reverse("member-list")

    def get_success_message(self, result: Membership) -> str:
        return _("%(person)s is in the register.") % {"person": result.person}

    def get_cancel_url(self) -> str:
        return reverse("member-list")


# ---------------------------------------------------------------- one person


@method_decorator(never_cache, name="dispatch")
class MemberDetail(View):
    def get(self, request: HttpRequest, person: UUID) -> HttpResponse:
        today = clock.today()
        found = get_object_or_404(
            Person.objects.visible_to(request.user, on=today).select_related("merged_into"),
            public_id=person,
        )
        AccessEvent.objects.note(request, words=gettext_noop("Opened the page"), record=found)
        shown = people.sheet(found, request.user, on=today)
        return render(request, "organizations/member_detail.html", {"page": shown, "today": today})


@method_decorator(never_cache, name="dispatch")
class OnPerson(ActionView):
    """What is done with one person's record, from their page and back to it."""

    template_name = "organizations/member_form.html"
    person: Person

    def load(self, request: HttpRequest, person: UUID) -> None:
        self.today = clock.today()
        self.person = get_object_or_404(
            Person.objects.visible_to(request.user, on=self.today), public_id=person
        )
        self.page = people.sheet(self.person, request.user, on=self.today)
        if not self.may():
            raise Http404

    def may(self) -> bool:
        """Say whether the reader may do this here."""
        return self.page.may_write

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(person=self.person, page=self.page, **kwargs)

    def get_told(self, result: Any) -> Person:
        return self.person

    def get_success_url(self, result: Any) -> str:
        return self.get_cancel_url()

    def get_cancel_url(self) -> str:
        return reverse("member-detail", args=[self.person.public_id])


class MemberEdit(OnPerson):
    form_class = PersonForm
    title = gettext_lazy("What the papers say")

    def get_initial(self) -> dict[str, Any]:
        return {
            "occupation": self.person.occupation,
            "admitted_on": self.person.admitted_on,
            "official_on": self.person.official_on,
        }

    def perform(self, form: PersonForm) -> Person:
        return change_person(self.person, **form.values(), by=self.request.user, on=self.today)

    def get_success_message(self, result: Person) -> str:
        return _("The papers of %(person)s are written down.") % {"person": result}


class MemberDepart(OnPerson):
    form_class = DepartForm
    title = gettext_lazy("Leaving the Party")
    submit_label = gettext_lazy("Record that they left")

    def may(self) -> bool:
        return self.page.may_write and self.page.membership.period.upper is None

    def get_initial(self) -> dict[str, Any]:
        return {"happened_on": self.today}

    def perform(self, form: DepartForm) -> Departure:
        return depart(self.page.membership, **form.values(), by=self.request.user, on=self.today)

    def get_success_message(self, result: Departure) -> str:
        return _("%(person)s is no member from %(day)s on.") % {
            "person": self.person,
            "day": f"{result.on:%d/%m/%Y}",
        }


class MemberRestore(OnPerson):
    form_class = RestoreForm
    title = gettext_lazy("Give the membership back")
    submit_label = gettext_lazy("Give it back")

    def may(self) -> bool:
        return self.page.may_restore

    def get_initial(self) -> dict[str, Any]:
        cell = self.page.left.cell
        return {
            "restored_on": self.today,
            "cell": written(cell) if cell.period.upper is None else "",
        }

    def get_form_kwargs(self) -> dict[str, Any]:
        scope = people.staffed_cells(self.request.user, on=self.today)
        return {"offers": {"cell": scope}, "today": self.today}

    def perform(self, form: RestoreForm) -> Membership:
        return restore(self.page.left, **form.values(), by=self.request.user, on=self.today)

    def get_success_message(self, result: Membership) -> str:
        return _("%(person)s is a member again from %(day)s on.") % {
            "person": self.person,
            "day": f"{result.period.lower:%d/%m/%Y}",
        }


class PostCreate(OnPerson):
    form_class = PostForm
    title = gettext_lazy("Give a post")
    submit_label = gettext_lazy("Give the post")

    def get_initial(self) -> dict[str, Any]:
        return {"since": self.today, "organization": written(self.page.membership.cell)}

    def get_form_kwargs(self) -> dict[str, Any]:
        scope = people.kept_by(self.request.user, on=self.today)
        return {"offers": {"organization": scope}, "today": self.today}

    def perform(self, form: PostForm) -> Post:
        values = form.values()
        last_on = values.pop("until")
        return give_post(
            self.person,
            **values,
            until=last_on + timedelta(days=1) if last_on else None,
            by=self.request.user,
            on=self.today,
        )

    def get_success_message(self, result: Post) -> str:
        return _("%(person)s: %(title)s, %(organization)s.") % {
            "person": self.person,
            "title": result.title,
            "organization": result.organization,
        }


@method_decorator(never_cache, name="dispatch")
class PostEnd(ActionView):
    form_class = PostEndForm
    template_name = "organizations/member_form.html"
    title = gettext_lazy("End a post")
    submit_label = gettext_lazy("End the post")

    def load(self, request: HttpRequest, post: int) -> None:
        self.today = clock.today()
        seen = Person.objects.visible_to(request.user, on=self.today)
        self.held = get_object_or_404(
            Post.objects.filter(person__in=seen).select_related("person", "organization"), pk=post
        )
        self.person = self.held.person
        if is_own_record(request.user, self.person) or not acts(
            request.user, Role.SECRETARY, Role.STAFF, over=self.held.organization, on=self.today
        ):
            raise Http404
        self.title = _("End the post: %(title)s") % {"title": self.held.title}

    def get_told(self, result: Post) -> Person:
        return self.person

    def get_initial(self) -> dict[str, Any]:
        return {"last_on": self.today}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(person=self.person, **kwargs)

    def perform(self, form: PostEndForm) -> Post:
        last_on = form.cleaned_data["last_on"]
        return end_post(
            self.held, until=last_on + timedelta(days=1), by=self.request.user, on=self.today
        )

    def get_success_url(self, result: Post) -> str:
        return self.get_cancel_url()

    def get_success_message(self, result: Post) -> str:
        return _("%(person)s: the post %(title)s ends.") % {
            "person": self.person,
            "title": result.title,
        }

    def get_cancel_url(self) -> str:
        return reverse("member-detail", args=[self.person.public_id])
