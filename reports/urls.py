"""Addresses of this app."""

from django.urls import path

from . import views_movement
from .views import dashboard, forecasts, organizations, recomputes, records, rights

urlpatterns = [
    path("quyen/", rights.rights, name="rights"),
    path("tong-quan/<int:year>/", dashboard.dashboard, name="dashboard"),
    path(
        "tong-quan/<int:year>/<slug:slug>/danh-sach/",
        records.figure_records,
        name="figure-records",
    ),
    path("tong-quan/<int:year>/<slug:slug>/du-bao/", forecasts.forecast, name="forecast"),
    path(
        "tong-quan/<int:year>/<slug:slug>/kiem-lai/",
        recomputes.figure_recount,
        name="figure-recount",
    ),
    path("so-lieu/", recomputes.RecomputeList.as_view(), name="recompute-list"),
    path("to-chuc/", organizations.OrganizationList.as_view(), name="organization-list"),
    path("to-chuc/<slug:slug>/", organizations.organization_detail, name="organization-detail"),
    path(
        "to-chuc/<slug:slug>/chi-bo/", organizations.organization_units, name="organization-units"
    ),
    path("to-chuc/<slug:slug>/ho-so/", organizations.organization_files, name="organization-files"),
    path(
        "to-chuc/<slug:slug>/chi-tieu/",
        organizations.organization_targets,
        name="organization-targets",
    ),
    path(
        "to-chuc/<slug:slug>/can-bo/", organizations.organization_people, name="organization-people"
    ),
    path(
        "to-chuc/<slug:slug>/lich-su/",
        organizations.organization_history,
        name="organization-history",
    ),
    path("bao-cao/tang-giam/", views_movement.movement, name="movement"),
    path("bao-cao/tang-giam/danh-sach/", views_movement.movement_members, name="movement-members"),
]
