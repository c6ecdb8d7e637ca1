"""Addresses of this app."""

from django.urls import path

from organizations.views import administration, first_start, members

urlpatterns = [
    path("bat-dau/", first_start.FirstStart.as_view(), name="first-start"),
    path("quan-tri/", administration.Administration.as_view(), name="administration"),
    path(
        "quan-tri/to-chuc/",
        administration.OrganizationTree.as_view(),
        name="administration-organizations",
    ),
    path(
        "quan-tri/to-chuc/them/",
        administration.OrganizationCreate.as_view(),
        name="organization-new",
    ),
    path(
        "quan-tri/to-chuc/<slug:slug>/tham-quyen/",
        administration.CompetenceCreate.as_view(),
        name="competence-new",
    ),
    path("quan-tri/nguoi-dung/", administration.AccountList.as_view(), name="account-list"),
    path("quan-tri/nguoi-dung/them/", administration.AccountCreate.as_view(), name="account-new"),
    path(
        "quan-tri/nguoi-dung/<str:username>/trang/",
        administration.AccountDetail.as_view(),
        name="account-detail",
    ),
    path(
        "quan-tri/nguoi-dung/<str:username>/vai-tro/",
        administration.AppointmentCreate.as_view(),
        name="appointment-new",
    ),
    path(
        "quan-tri/nguoi-dung/<str:username>/dong/",
        administration.AccountState.as_view(),
        name="account-close",
    ),
    path(
        "quan-tri/nguoi-dung/<str:username>/mo-lai/",
        administration.AccountState.as_view(closes=False),
        name="account-reopen",
    ),
    path(
        "quan-tri/vai-tro/<int:pk>/ket-thuc/",
        administration.AppointmentEnd.as_view(),
        name="appointment-end",
    ),
    path("dang-vien/", members.MemberList.as_view(), name="member-list"),
    path("dang-vien/them/", members.MemberCreate.as_view(), name="member-new"),
]
