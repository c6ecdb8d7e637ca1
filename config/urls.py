"""Addresses: paths in Vietnamese without diacritics, names in English; one file for each app."""

from django.urls import include, path

from config import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("tai-khoan/dang-nhap/", views.sign_in, name="account_login"),
    path("tai-khoan/dang-xuat/", views.SignOut.as_view(), name="account_logout"),
    path("tai-khoan/hien-thi/", views.display, name="display"),
    path("tai-khoan/vai-tro/", views.act_as, name="act-as"),
    path("tim/", views.search, name="search"),
    path("tro-giup/", views.help_page, name="help"),
    path("robots.txt", views.robots, name="robots"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("organizations.urls")),
    path("", include("admissions.urls")),
    path("", include("targets.urls")),
    path("", include("reports.urls")),
]

handler400 = "config.views.bad_request"
handler403 = "config.views.forbidden"
handler404 = "config.views.not_found"
handler500 = "config.views.server_error"
