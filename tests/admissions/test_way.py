"""A file's way from identification to admission, in the operations that pages call."""

from admissions.stages import Stage
from tests.makers import World, candidate


def test_a_file_reaches_each_stage(kc: World) -> None:
    stages = [
        Stage.SOURCE,
        Stage.SYMPATHISER,
        Stage.READY,
        Stage.CELL_RESOLVED,
        Stage.GRASSROOTS_RESOLVED,
        Stage.COMPETENT_RESOLVED,
        Stage.DECIDED,
        Stage.ADMITTED,
    ]

    reached = [candidate(kc, at=stage).stage for stage in stages]

    assert reached == stages
