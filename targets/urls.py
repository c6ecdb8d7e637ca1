"""Addresses of this app."""

from django.urls import path

from . import views

urlpatterns = [
    path("chi-tieu/<int:year>/", views.target_year, name="target-year"),
    path("chi-tieu/<int:year>/giao/", views.TargetGrid.as_view(), name="target-grid"),
    path("chi-tieu/<int:year>/dang-ky/", views.TargetRegister.as_view(), name="target-register"),
    path("chi-tieu/<int:year>/quyet-dinh/", views.TargetAssign.as_view(), name="target-assign"),
    path("chi-tieu/<int:year>/dau-nam/", views.BaselineReport.as_view(), name="baseline-report"),
    path("chi-tieu/<int:year>/du-bao/", views.ForecastDeclare.as_view(), name="forecast-declare"),
    path(
        "chi-tieu/<int:year>/khong-nguon/",
        views.NoSourceDeclare.as_view(),
        name="no-source-declare",
    ),
    path(
        "chi-tieu/<int:year>/khong-nguon/<int:number>/",
        views.DeclarationAnswer.as_view(),
        name="no-source-answer",
    ),
]
