"""Addresses of this app."""

from django.urls import path

from .views import (
    appendix,
    assigning,
    baselines,
    cycles,
    following,
    grid,
    indicators,
    reconciliation,
    round_plans,
    scenarios,
    targets,
    workbooks,
    years,
)

urlpatterns = [
    path("chi-tieu/danh-muc/", indicators.indicator_list, name="indicator-list"),
    path(
        "chi-tieu/danh-muc/<str:indicator>/", indicators.indicator_detail, name="indicator-detail"
    ),
    path(
        "chi-tieu/danh-muc/<str:indicator>/bao-cao/",
        indicators.FigureReport.as_view(),
        name="figure-report",
    ),
    path("chi-tieu/<int:year>/", targets.target_year, name="target-year"),
    path("chi-tieu/<int:year>/giao/", grid.TargetGrid.as_view(), name="target-grid"),
    path("chi-tieu/<int:year>/giao/o/", grid.draft_cell, name="target-draft"),
    path("chi-tieu/<int:year>/giao/phu-luc/", appendix.appendix, name="target-appendix"),
    path("chi-tieu/<int:year>/dot/mo/", cycles.CycleOpen.as_view(), name="cycle-open"),
    path("chi-tieu/<int:year>/dot/nhac/", cycles.CycleRemind.as_view(), name="cycle-remind"),
    path("chi-tieu/<int:year>/dot/ban-hanh/", cycles.TargetIssue.as_view(), name="target-issue"),
    path("chi-tieu/<int:year>/dot/<slug:step>/", cycles.CycleStep.as_view(), name="cycle-step"),
    path(
        "chi-tieu/<int:year>/tiep-nhan/<int:number>/",
        cycles.TargetAcknowledge.as_view(),
        name="target-acknowledge",
    ),
    path("chi-tieu/<int:year>/giao/xuat/", workbooks.grid_export, name="target-export"),
    path("chi-tieu/<int:year>/giao/nhap/", workbooks.GridImport.as_view(), name="target-import"),
    path(
        "chi-tieu/<int:year>/doi-chieu/",
        reconciliation.target_reconciliation,
        name="target-reconciliation",
    ),
    path("chi-tieu/<int:year>/phuong-an/", scenarios.scenario_list, name="scenario-list"),
    path(
        "chi-tieu/<int:year>/phuong-an/luu/",
        scenarios.ScenarioSave.as_view(),
        name="scenario-save",
    ),
    path(
        "chi-tieu/<int:year>/phuong-an/so-sanh/",
        scenarios.scenario_compare,
        name="scenario-compare",
    ),
    path(
        "chi-tieu/<int:year>/phuong-an/<int:number>/bo/",
        scenarios.ScenarioWithdraw.as_view(),
        name="scenario-withdraw",
    ),
    path("chi-tieu/<int:year>/dang-ky/", targets.TargetRegister.as_view(), name="target-register"),
    path("chi-tieu/<int:year>/quyet-dinh/", assigning.TargetAssign.as_view(), name="target-assign"),
    path("chi-tieu/<int:year>/dau-nam/", baselines.baseline_sheet, name="baseline-sheet"),
    path(
        "chi-tieu/<int:year>/dau-nam/bao-cao/",
        baselines.BaselineReport.as_view(),
        name="baseline-report",
    ),
    path(
        "chi-tieu/<int:year>/dau-nam/xac-nhan/",
        baselines.BaselineConfirm.as_view(),
        name="baseline-confirm",
    ),
    path(
        "chi-tieu/<int:year>/dau-nam/chot/",
        baselines.BaselineFreezeAsk.as_view(),
        name="baseline-freeze",
    ),
    path(
        "chi-tieu/<int:year>/dau-nam/chot/duyet/",
        baselines.BaselineFreezeAnswer.as_view(),
        name="baseline-freeze-answer",
    ),
    path(
        "chi-tieu/<int:year>/dau-nam/dinh-chinh/",
        baselines.BaselineCorrect.as_view(),
        name="baseline-correct",
    ),
    path(
        "chi-tieu/<int:year>/dau-nam/dinh-chinh/<int:number>/",
        baselines.BaselineCorrectionAnswer.as_view(),
        name="baseline-correction",
    ),
    path("chi-tieu/<int:year>/nhip/", round_plans.RoundPlanEdit.as_view(), name="round-plan"),
    path("chi-tieu/<int:year>/du-bao/", targets.ForecastDeclare.as_view(), name="forecast-declare"),
    path(
        "chi-tieu/<int:year>/khong-nguon/",
        targets.NoSourceDeclare.as_view(),
        name="no-source-declare",
    ),
    path(
        "chi-tieu/<int:year>/khong-nguon/<int:number>/",
        targets.DeclarationAnswer.as_view(),
        name="no-source-answer",
    ),
    path("chi-tieu/<int:year>/theo-doi/", following.following, name="following"),
    path(
        "chi-tieu/<int:year>/theo-doi/xac-nhan/<int:month>/",
        following.MonthConfirm.as_view(),
        name="month-confirm",
    ),
    path(
        "chi-tieu/<int:year>/theo-doi/don-doc/",
        following.FollowUpNew.as_view(),
        name="follow-up-new",
    ),
    path(
        "chi-tieu/<int:year>/theo-doi/don-doc/<int:number>/",
        following.FollowUpClose.as_view(),
        name="follow-up",
    ),
    path("chi-tieu/<int:year>/theo-doi/tham/", following.VisitNew.as_view(), name="visit-new"),
    path("nam/", years.year_list, name="year-list"),
    path("nam/<int:year>/khoa/", years.YearCloseAsk.as_view(), name="year-close"),
    path("nam/<int:year>/<int:number>/", years.YearAnswer.as_view(), name="year-answer"),
    path("nam/<int:year>/<int:number>/mo-lai/", years.YearOpenAsk.as_view(), name="year-open"),
]
