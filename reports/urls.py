"""Addresses of this app."""

from django.urls import path

from . import views

urlpatterns = [
    path("tong-quan/<int:year>/", views.dashboard, name="dashboard"),
    path(
        "tong-quan/<int:year>/<slug:slug>/danh-sach/", views.figure_records, name="figure-records"
    ),
    path("to-chuc/", views.OrganizationList.as_view(), name="organization-list"),
    path("to-chuc/<slug:slug>/", views.organization_detail, name="organization-detail"),
]
