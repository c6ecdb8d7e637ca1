"""Addresses of this app."""

from django.urls import path

from admissions import views, views_handover

urlpatterns = [
    path("viec/", views.TaskList.as_view(), name="task-list"),
    path("ho-so/", views.CandidateList.as_view(), name="candidate-list"),
    path("ho-so/moi/", views.CandidateCreate.as_view(), name="candidate-new"),
    path("ho-so/<uuid:public_id>/", views.CandidateDetail.as_view(), name="candidate-detail"),
    path("ho-so/<uuid:public_id>/sua/", views.CandidateEdit.as_view(), name="candidate-edit"),
    path("ho-so/<uuid:public_id>/dung/", views.CandidateClose.as_view(), name="candidate-close"),
    path("ho-so/<uuid:public_id>/buoc/<slug:code>/", views.take_step, name="candidate-step"),
    path("ban-giao/", views_handover.HandoverList.as_view(), name="handover-list"),
    path(
        "ban-giao/<uuid:public_id>/",
        views_handover.HandoverDetail.as_view(),
        name="handover-detail",
    ),
    path(
        "ban-giao/<uuid:public_id>/loi-nhan/",
        views_handover.HandoverNote.as_view(),
        name="handover-note",
    ),
    path(
        "ban-giao/<uuid:public_id>/nhan/",
        views_handover.HandoverAcknowledge.as_view(),
        name="handover-acknowledge",
    ),
]
