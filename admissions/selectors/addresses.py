"""Where each step of a file is recorded."""

from __future__ import annotations

from django.urls import reverse

from admissions.cases import Case
from admissions.stages import Step

STEP_CODES: dict[Step, str] = {
    Step.PUT_ON_LIST: "cam-tinh",
    Step.ENROL: "lop-hoc",
    Step.CERTIFY: "giay-chung-nhan",
    Step.CERTIFY_NEW_MEMBER: "lop-dang-vien-moi",
    Step.ASSIGN_MENTOR: "giup-do",
    Step.RELEASE_MENTOR: "thoi-giup-do",
    Step.ASK_MOVE: "chuyen-di",
    Step.PERMIT: "duoc-lam-thu-tuc",
    Step.INTRODUCE: "gioi-thieu",
    Step.SEND_VERIFICATION: "gui-tham-tra",
    Step.RECEIVE_PAPER: "giay-to",
    Step.VOTE_CELL: "chi-bo-xet",
    Step.VOTE_INTERMEDIATE: "bo-phan-tham-dinh",
    Step.VOTE_GRASSROOTS: "co-so-xet",
    Step.VOTE_COMPETENT: "cap-tren-xet",
    Step.DECIDE: "quyet-dinh",
    Step.ADMIT: "le-ket-nap",
    Step.NEW_MEMBER_PAPERS: "ho-so-dang-vien",
    Step.RECOGNITION_CELL: "chi-bo-xet-chinh-thuc",
    Step.RECOGNITION_INTERMEDIATE: "bo-phan-chinh-thuc",
    Step.RECOGNITION_GRASSROOTS: "co-so-xet-chinh-thuc",
    Step.RECOGNITION_COMPETENT: "cap-tren-xet-chinh-thuc",
    Step.RECOGNISE: "quyet-dinh-chinh-thuc",
    Step.ANNOUNCE: "cong-bo-chinh-thuc",
    Step.DELETION_CELL: "chi-bo-xoa-ten",
    Step.DELETION_GRASSROOTS: "co-so-xoa-ten",
    Step.DELETION_COMPETENT: "cap-tren-xoa-ten",
    Step.DELETE_NAME: "quyet-dinh-xoa-ten",
    Step.SEND_UP: "gui-len",
    Step.RETURN: "tra-ho-so",
    Step.EXTEND: "gia-han",
    Step.REFUSE: "khong-ket-nap",
    Step.RECEIVE_DECISION: "nhan-quyet-dinh",
    Step.CANCEL: "huy-quyet-dinh",
}
"""The last part of a step's address: /ho-so/<id>/buoc/<code>/."""


def step_url(case: Case, step: Step) -> str:
    """Return the address of the page that records `step`; answers are recorded at their request."""
    if step == Step.RECEIVE_VERIFICATION:
        return reverse("candidate-verifications", args=[case.candidate.public_id])
    return reverse("candidate-step", args=[case.candidate.public_id, STEP_CODES[step]])
