"""Addresses of this app."""

from allauth.mfa.base import views as proofs
from allauth.mfa.webauthn import views as passkeys
from django.urls import path

from organizations.views import (
    administration,
    audit,
    duplicates,
    first_start,
    grants,
    kinds,
    members,
    particulars,
    relatives,
    reorganizations,
    security,
    start_codes,
    transfers,
)

urlpatterns = [
    # One's own account; allauth looks its pages up under its own names.
    path("tai-khoan/dang-nhap/xac-nhan/", proofs.authenticate, name="mfa_authenticate"),
    path("tai-khoan/dang-nhap/khoa/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("tai-khoan/dang-nhap/dat-mat-khau/", start_codes.PasswordSet.as_view(), name="start-code"),
    path(
        "tai-khoan/xac-nhan/mat-khau/",
        security.ProveByPassword.as_view(),
        name="account_reauthenticate",
    ),
    path("tai-khoan/xac-nhan/ma/", security.ProveByCode.as_view(), name="mfa_reauthenticate"),
    path(
        "tai-khoan/xac-nhan/khoa/",
        security.ProveByPasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("tai-khoan/bao-mat/", security.Security.as_view(), name="mfa_index"),
    path(
        "tai-khoan/bao-mat/mat-khau/",
        security.PasswordChange.as_view(),
        name="account_change_password",
    ),
    path("tai-khoan/bao-mat/ung-dung/", security.AppAdd.as_view(), name="mfa_activate_totp"),
    path(
        "tai-khoan/bao-mat/ung-dung/bo/", security.AppRemove.as_view(), name="mfa_deactivate_totp"
    ),
    path("tai-khoan/bao-mat/khoa/them/", security.PasskeyAdd.as_view(), name="mfa_add_webauthn"),
    path(
        "tai-khoan/bao-mat/khoa/<int:pk>/ten/",
        security.PasskeyRename.as_view(),
        name="mfa_edit_webauthn",
    ),
    path(
        "tai-khoan/bao-mat/khoa/<int:pk>/bo/",
        security.PasskeyRemove.as_view(),
        name="mfa_remove_webauthn",
    ),
    path(
        "tai-khoan/bao-mat/ma-du-phong/",
        security.RecoveryCodes.as_view(),
        name="mfa_view_recovery_codes",
    ),
    path(
        "tai-khoan/bao-mat/ma-du-phong/tao/",
        security.RecoveryCodesMake.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("tai-khoan/phien/", security.SessionList.as_view(), name="session-list"),
    path("tai-khoan/phien/ket-thuc/", security.SessionsEnd.as_view(), name="sessions-end"),
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
    path("quan-tri/loai-hinh/", kinds.KindList.as_view(), name="kind-list"),
    path("quan-tri/loai-hinh/them/", kinds.KindCreate.as_view(), name="kind-new"),
    path("quan-tri/loai-hinh/<slug:kind>/", kinds.KindEdit.as_view(), name="kind-edit"),
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
        "quan-tri/nguoi-dung/<str:username>/xac-thuc/",
        administration.ProofsReset.as_view(),
        name="account-reset-proofs",
    ),
    path(
        "quan-tri/nguoi-dung/<str:username>/mat-khau/",
        administration.PasswordReset.as_view(),
        name="account-reset-password",
    ),
    path(
        "quan-tri/nguoi-dung/<str:username>/phien/",
        administration.SessionsEnd.as_view(),
        name="account-end-sessions",
    ),
    path(
        "quan-tri/vai-tro/<int:pk>/ket-thuc/",
        administration.AppointmentEnd.as_view(),
        name="appointment-end",
    ),
    path("phan-quyen/", grants.ProposalList.as_view(), name="appointment-proposals"),
    path(
        "phan-quyen/<int:proposal>/xac-nhan/",
        grants.ProposalConfirm.as_view(),
        name="appointment-confirm",
    ),
    path(
        "phan-quyen/<int:proposal>/tu-choi/",
        grants.ProposalDecline.as_view(),
        name="appointment-decline",
    ),
    path(
        "phan-quyen/vai-tro/<int:pk>/la-ai/",
        grants.AccountWhose.as_view(),
        name="account-whose",
    ),
    path("dang-vien/", members.MemberList.as_view(), name="member-list"),
    path("dang-vien/them/", members.MemberCreate.as_view(), name="member-new"),
    path("dang-vien/trung/", duplicates.DuplicateList.as_view(), name="duplicate-list"),
    path(
        "dang-vien/trung/<uuid:first>/<uuid:second>/",
        duplicates.MergeCreate.as_view(),
        name="duplicate-merge",
    ),
    path(
        "dang-vien/trung/<int:merge>/duyet/",
        duplicates.MergeAnswer.as_view(),
        name="duplicate-approve",
    ),
    path(
        "dang-vien/trung/<int:merge>/khong/",
        duplicates.MergeAnswer.as_view(approves=False),
        name="duplicate-refuse",
    ),
    path("dang-vien/<uuid:person>/", members.MemberDetail.as_view(), name="member-detail"),
    path("dang-vien/<uuid:person>/nhat-ky/", audit.MemberHistory.as_view(), name="member-history"),
    path("nhat-ky/", audit.AuditList.as_view(), name="audit-list"),
    path("nhat-ky/da-xem/", audit.ReadingList.as_view(), name="audit-readings"),
    path(
        "dang-vien/<uuid:person>/ai-xem/",
        relatives.MemberReaders.as_view(),
        name="member-readers",
    ),
    path(
        "dang-vien/<uuid:person>/nguoi-than/",
        relatives.MemberRelative.as_view(),
        name="member-relative",
    ),
    path("tai-khoan/nguoi-than/", relatives.RelativeList.as_view(), name="relative-list"),
    path("dang-vien/<uuid:person>/sua/", members.MemberEdit.as_view(), name="member-edit"),
    path(
        "dang-vien/<uuid:person>/rieng/",
        particulars.MemberParticulars.as_view(),
        name="member-particulars",
    ),
    path(
        "dang-vien/<uuid:person>/ra-khoi-dang/",
        members.MemberDepart.as_view(),
        name="member-depart",
    ),
    path(
        "dang-vien/<uuid:person>/phuc-hoi/",
        members.MemberRestore.as_view(),
        name="member-restore",
    ),
    path("dang-vien/<uuid:person>/chuc-vu/", members.PostCreate.as_view(), name="post-new"),
    path("chuc-vu/<int:post>/ket-thuc/", members.PostEnd.as_view(), name="post-end"),
    path(
        "dang-vien/<uuid:person>/chuyen/", transfers.TransferCreate.as_view(), name="transfer-new"
    ),
    path(
        "dang-vien/<uuid:person>/chuyen-ve/",
        transfers.ReturnCreate.as_view(),
        name="transfer-return",
    ),
    path("chuyen-sinh-hoat/", transfers.TransferList.as_view(), name="transfer-list"),
    path(
        "chuyen-sinh-hoat/chuyen-den/",
        transfers.ArrivalCreate.as_view(),
        name="transfer-arrival",
    ),
    *(
        path(
            f"chuyen-sinh-hoat/<uuid:transfer>/{view.step}/",
            view.as_view(),
            name=f"transfer-{name}",
        )
        for name, view in {
            "release": transfers.TransferRelease,
            "accept": transfers.TransferAccept,
            "refuse": transfers.TransferRefuse,
            "withdraw": transfers.TransferWithdraw,
            "end": transfers.StayEnd,
        }.items()
    ),
    path("sap-xep/", reorganizations.ReorganizationList.as_view(), name="reorganization-list"),
    path("sap-xep/moi/", reorganizations.ReorganizationCreate.as_view(), name="reorganization-new"),
    path(
        "sap-xep/<uuid:decision>/",
        reorganizations.ReorganizationDetail.as_view(),
        name="reorganization-detail",
    ),
    path(
        "sap-xep/<uuid:decision>/sua/",
        reorganizations.ReorganizationEdit.as_view(),
        name="reorganization-edit",
    ),
    path(
        "sap-xep/<uuid:decision>/them/",
        reorganizations.EventCreate.as_view(),
        name="reorganization-event-new",
    ),
    path(
        "sap-xep/<uuid:decision>/nhap/",
        reorganizations.ReorganizationImport.as_view(),
        name="reorganization-import",
    ),
    path(
        "sap-xep/<uuid:decision>/xem-truoc/",
        reorganizations.ReorganizationPreview.as_view(),
        name="reorganization-preview",
    ),
    path(
        "sap-xep/<uuid:decision>/xac-nhan/",
        reorganizations.ReorganizationConfirm.as_view(),
        name="reorganization-confirm",
    ),
    path(
        "sap-xep/<uuid:decision>/huy/",
        reorganizations.ReorganizationCancel.as_view(),
        name="reorganization-cancel",
    ),
    path(
        "sap-xep/<uuid:decision>/sua-lai/",
        reorganizations.ReorganizationReopen.as_view(),
        name="reorganization-reopen",
    ),
    path(
        "sap-xep/<uuid:decision>/tien-do/",
        reorganizations.ReorganizationProgress.as_view(),
        name="reorganization-progress",
    ),
    path(
        "sap-xep/<uuid:decision>/dong/<int:row>/phan-cong/",
        reorganizations.EventAssign.as_view(),
        name="reorganization-assign",
    ),
    path(
        "sap-xep/<uuid:decision>/dong/<int:row>/lua-chon/",
        reorganizations.EventChoices.as_view(),
        name="reorganization-choices",
    ),
    path(
        "sap-xep/<uuid:decision>/dong/<int:row>/bo/",
        reorganizations.EventWithdraw.as_view(),
        name="reorganization-withdraw",
    ),
]
