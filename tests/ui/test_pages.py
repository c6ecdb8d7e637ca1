"""Action pages: once, kept as typed, never half; list pages: any address is a page."""

import threading
import uuid

import pytest
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from config.errors import DomainError
from config.ui.forms import NameField, OnceForm, VersionedForm
from config.ui.pages import ActionView, SafePaginator
from organizations.models import FormReceipt, User

DONE = "/done/Tr%E1%BA%A7n%20V%C4%83n%20B/"

pytestmark = pytest.mark.django_db


class RenameForm(VersionedForm, OnceForm):
    full_name = NameField(label="Name")


class Rename(ActionView):
    """Renames the user whom `subject` is, and refuses the name "No"."""

    form_class = RenameForm
    title = "Rename"
    submit_label = "Save the name"

    def load(self, request, pk):
        self.subject = User.objects.get(pk=pk)

    def get_version(self):
        return User.objects.get(pk=self.subject.pk).full_name

    def get_conflict(self):
        return "Now another name."

    def perform(self, form):
        subject = User.objects.select_for_update().get(pk=self.subject.pk)
        subject.full_name = form.values()["full_name"]
        subject.username += "-renamed"
        subject.save(update_fields=["full_name", "username"])
        if subject.full_name == "No":
            raise DomainError(fields={"full_name": "That is no name."})
        if subject.full_name == "Forbidden":
            raise PermissionDenied
        return subject

    def get_success_url(self, result):
        return f"/done/{result.full_name}/"


@pytest.fixture
def somebody():
    return User.objects.create_user("somebody", full_name="Trần Văn A")


def send(user, data=None, method="post"):
    request = getattr(RequestFactory(), method)("/rename/", data or {})
    request.user = user
    request.session = {}
    request._messages = FallbackStorage(request)
    with translation.override("en"):
        return Rename.as_view()(request, pk=user.pk)


def typed(name, **more):
    return {"full_name": name, "version": "Trần Văn A", "once": str(uuid.uuid4()), **more}


def test_a_form_is_shown_with_the_state_that_its_reader_sees(somebody):
    answer = send(somebody, method="get")

    assert answer.status_code == 200
    assert 'name="version" value="Trần Văn A"' in answer.content.decode()


def test_what_is_carried_out_ends_at_its_result(somebody):
    answer = send(somebody, typed("Trần Văn B"))

    assert (answer.status_code, answer.headers["Location"]) == (303, DONE)
    somebody.refresh_from_db()
    assert somebody.full_name == "Trần Văn B"


def test_a_double_click_is_carried_out_once_and_both_get_the_result(somebody):
    data = typed("Trần Văn B")

    first, second = send(somebody, data), send(somebody, data)

    assert [(a.status_code, a.headers["Location"]) for a in (first, second)] == [(303, DONE)] * 2
    somebody.refresh_from_db()
    assert somebody.username == "somebody-renamed"


def test_going_back_to_fill_the_form_in_for_somebody_else_is_carried_out_too(somebody):
    data = typed("Trần Văn B")

    send(somebody, data)
    again = send(somebody, {**data, "full_name": "Trần Văn C", "version": "Trần Văn B"})

    assert again.status_code == 303
    somebody.refresh_from_db()
    assert somebody.full_name == "Trần Văn C"


def test_a_key_is_its_users_own(somebody):
    other = User.objects.create_user("other", full_name="Trần Văn A")
    data = typed("Trần Văn B")

    send(somebody, data)
    send(other, data)

    other.refresh_from_db()
    assert other.full_name == "Trần Văn B"


def test_a_refusal_of_the_form_keeps_what_was_typed(somebody):
    answer = send(somebody, typed("<b>"))

    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;"' in html
    assert "<title>Error: Rename" in html


def test_a_refusal_of_the_operation_is_put_at_its_field_and_leaves_nothing_behind(somebody):
    answer = send(somebody, typed("No"))

    html = answer.content.decode()
    assert answer.status_code == 422
    assert '<a href="#id_full_name">Name: That is no name.</a>' in html
    assert 'value="No"' in html
    somebody.refresh_from_db()
    assert (somebody.full_name, somebody.username) == ("Trần Văn A", "somebody")
    assert FormReceipt.objects.count() == 0


def test_a_refused_form_can_be_mended_and_sent_again_with_its_key(somebody):
    data = typed("No")
    send(somebody, data)

    answer = send(somebody, {**data, "full_name": "Trần Văn B"})

    assert answer.status_code == 303


def test_what_may_not_be_done_is_not_done(somebody):
    with pytest.raises(PermissionDenied), transaction.atomic():
        send(somebody, typed("Forbidden"))

    somebody.refresh_from_db()
    assert somebody.full_name == "Trần Văn A"


def test_a_stale_page_is_told_and_can_be_sent_again_on_purpose(somebody):
    data = typed("Trần Văn C", version="Trần Văn Cũ")

    answer = send(somebody, data)

    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody changed this while your page was open." in html
    assert "Now another name." in html
    assert 'value="Trần Văn C"' in html
    assert 'name="version" value="Trần Văn A"' in html
    assert data["once"] not in html
    assert send(somebody, {**data, "version": "Trần Văn A"}).status_code == 303


@pytest.mark.parametrize("nonsense", ["", "x", "\x00", "9" * 300])
def test_a_key_of_nonsense_is_no_error_of_the_server(somebody, nonsense):
    assert send(somebody, typed("Trần Văn B", once=nonsense)).status_code in {303, 422}


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_are_carried_out_once():
    user = User.objects.create_user(f"u{uuid.uuid4().hex[:8]}", full_name="Trần Văn A")
    name, data, found = user.username, typed("Trần Văn B"), []
    ready = threading.Barrier(2)

    def click():
        ready.wait()
        found.append(send(user, data).headers["Location"])
        connection.close()

    clicks = [threading.Thread(target=click) for _ in "12"]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()

    user.refresh_from_db()
    assert (found, user.username) == ([DONE] * 2, f"{name}-renamed")


@pytest.mark.parametrize(
    ("asked", "shown"), [("2", 2), ("99", 3), ("0", 1), ("-1", 1), ("x", 1), ("", 1)]
)
def test_any_page_number_is_a_page(asked, shown):
    assert SafePaginator(range(60), 25).page(asked).number == shown
    assert issubclass(SafePaginator, Paginator)


@pytest.mark.parametrize(("sizes", "offered"), [((25, 50), True), ((), False)])
def test_the_rows_of_a_page_are_offered_where_there_is_a_choice(rf, sizes, offered):
    page = SafePaginator(range(60), 25).page(1)
    shown = {"page_obj": page, "total": 60, "page_sizes": sizes, "page_size": 25}

    html = render_to_string("ui/pagination.html", shown, request=rf.get("/"))

    assert ("Số dòng mỗi trang" in html) is offered
