"""What must come out of the recompute: every line of the table, and what goes with it."""

from datetime import datetime

import pytest

from tests.scenarios.conftest import Demonstration


def of(figures: dict, *names: str) -> tuple:
    return tuple(figures["organization"][name] for name in names)


def child(figures: dict, slug: str) -> dict:
    return next(one for one in figures["children"] if one["slug"] == slug)


@pytest.mark.thorough
class TestThanQuangNinhIn2021:
    def test_the_whole_has_admitted_185_of_950(self, default: Demonstration) -> None:
        figures = default.figures("than-quang-ninh", 2021)

        assert of(figures, "opening_members", "target_low", "target_high", "admitted") == (
            19_000,
            950,
            950,
            185,
        )
        assert of(figures, "percent_of_target", "percent_of_opening") == (19.47, 0.97)

    def test_of_40_organisations_32_have_admitted_and_8_have_not(
        self, default: Demonstration
    ) -> None:
        admitted = [one["admitted"] for one in default.figures("than-quang-ninh", 2021)["children"]]

        assert len(admitted) == 40
        assert sum(1 for people in admitted if people) == 32
        assert admitted.count(0) == 8
        assert sum(admitted) == 185

    def test_khe_cham_has_admitted_18_of_35_to_40(self, default: Demonstration) -> None:
        figures = default.figures("khe-cham", 2021)

        assert of(figures, "opening_members", "target_low", "target_high", "admitted") == (
            724,
            35,
            40,
            18,
        )
        assert len(figures["children"]) == 39
        assert of(figures, "percent_of_target") == (51.43,)
        assert child(default.figures("than-quang-ninh", 2021), "khe-cham")["admitted"] == 18

    def test_the_figures_are_those_of_the_scenarios_day(self, default: Demonstration) -> None:
        computed_at = datetime.fromisoformat(
            default.figures("than-quang-ninh", 2021)["organization"]["computed_at"]
        )

        assert f"{computed_at:%d/%m/%Y}" == "28/05/2021"

    def test_the_members_are_there_by_name(self, default: Demonstration) -> None:
        # 19,000 on 1 January, and those admitted since.
        assert default.overview("than-quang-ninh", 2021)["members"] == 19_185

    def test_the_three_years_before_are_known(self, default: Demonstration) -> None:
        for year in (2018, 2019, 2020):
            (admitted,) = of(default.figures("than-quang-ninh", year), "admitted")
            assert 800 <= admitted <= 1000

    def test_38_of_40_organisations_have_confirmed_april(self, default: Demonstration) -> None:
        seen = default.overview("than-quang-ninh", 2021)["followed"]

        assert (seen["month"], seen["confirmed"], seen["asked"]) == (4, 38, 40)
        assert sorted(seen["missing"]) == ["cap-cuu-mo", "xay-lap"]
        assert seen["changed"] == []

    def test_who_lies_behind_the_plan_has_said_why(self, default: Demonstration) -> None:
        seen = default.overview("than-quang-ninh", 2021)["followed"]

        assert seen["behind"] == 16
        assert seen["behind_without_a_word"] == []

    def test_of_three_tasks_one_is_done_and_one_overdue(self, default: Demonstration) -> None:
        assert default.overview("than-quang-ninh", 2021)["followed"]["tasks"] == [
            ["coc-sau", "canbo2", "2021-05-10", True],
            ["xay-lap", "canbo2", "2021-05-25", False],
            ["cao-son", "lanhdao", "2021-06-15", False],
        ]


@pytest.mark.scenario
class TestThanQuangNinhIn2019:
    def test_hon_gai_has_admitted_27_of_53(self, than_quang_ninh_2019: Demonstration) -> None:
        figures = than_quang_ninh_2019.figures("hon-gai", 2019)

        assert of(figures, "opening_members", "target_low", "target_high", "admitted") == (
            953,
            53,
            53,
            27,
        )
        assert len(figures["children"]) == 36

    def test_hon_gai_itself_expects_45(self, than_quang_ninh_2019: Demonstration) -> None:
        assert than_quang_ninh_2019.overview("hon-gai", 2019)["forecast"] == 45

    def test_the_whole_is_to_reach_at_least_five_and_a_half_percent(
        self, than_quang_ninh_2019: Demonstration
    ) -> None:
        figures = than_quang_ninh_2019.figures("than-quang-ninh", 2019)
        opening, low, high = of(figures, "opening_members", "target_low", "target_high")

        assert low == high == -(-opening * 55 // 1000)
        assert opening <= 16_727

    def test_the_whole_expects_920(self, than_quang_ninh_2019: Demonstration) -> None:
        assert than_quang_ninh_2019.overview("than-quang-ninh", 2019)["forecast"] == 920

    def test_4057_were_admitted_since_the_term_began(
        self, than_quang_ninh_2019: Demonstration
    ) -> None:
        seen = than_quang_ninh_2019.overview("than-quang-ninh", 2019)

        assert seen["since_term_began"] == 4_057


@pytest.mark.scenario
class TestHaiDuongIn2023:
    def test_126_of_120_is_six_more_and_105_percent(self, hai_duong: Demonstration) -> None:
        figures = hai_duong.figures("khoi-co-quan-hai-duong", 2023)
        low, admitted, percent = of(figures, "target_low", "admitted", "percent_of_target")

        assert (low, admitted, percent) == (120, 126, 105.0)
        assert admitted - low == 6

    def test_27_of_66_organisations_have_no_source(self, hai_duong: Demonstration) -> None:
        seen = hai_duong.overview("khoi-co-quan-hai-duong", 2023)

        assert seen["without_source"] == 27
        assert seen["grassroots"] == 66
        assert len(hai_duong.figures("khoi-co-quan-hai-duong", 2023)["children"]) == 66


@pytest.mark.scenario
class TestNinhThuanIn2024:
    def test_the_province_has_admitted_853_of_805(self, ninh_thuan: Demonstration) -> None:
        figures = ninh_thuan.figures("ninh-thuan", 2024)

        assert of(figures, "target_low", "admitted") == (805, 853)
        assert round(figures["organization"]["percent_of_target"]) == 106

    def test_the_province_has_22551_members_and_435_bases(self, ninh_thuan: Demonstration) -> None:
        assert of(ninh_thuan.figures("ninh-thuan", 2024), "opening_members") == (22_551,)
        assert ninh_thuan.overview("ninh-thuan", 2024)["grassroots"] == 435

    @pytest.mark.parametrize(
        ("slug", "target", "admitted", "percent"),
        [("cong-an", 15, 26, 173), ("bien-phong", 8, 10, 125), ("ninh-hai", 75, 85, 113)],
    )
    def test_three_committees_have_admitted_more_than_their_targets(
        self, ninh_thuan: Demonstration, slug: str, target: int, admitted: int, percent: int
    ) -> None:
        unit = child(ninh_thuan.figures("ninh-thuan", 2024), slug)

        assert (unit["target_low"], unit["admitted"]) == (target, admitted)
        assert round(unit["percent_of_target"]) == percent


@pytest.mark.scenario
class TestTamDuongIn2023:
    def test_the_48_bases_are_of_three_kinds(self, tam_duong: Demonstration) -> None:
        seen = tam_duong.overview("tam-duong", 2023)

        assert seen["grassroots"] == 48
        assert seen["beneath_by_kind"] == {"commune": 13, "grassroots": 3, "grassroots-cell": 32}
        assert len(tam_duong.figures("tam-duong", 2023)["children"]) == 48

    def test_185_were_admitted_and_the_target_reached(self, tam_duong: Demonstration) -> None:
        low, admitted = of(tam_duong.figures("tam-duong", 2023), "target_low", "admitted")

        assert admitted == 185
        assert low <= 185

    def test_121_of_130_village_heads_are_members(self, tam_duong: Demonstration) -> None:
        heads = tam_duong.overview("tam-duong", 2023)["reported"]["KN11"]

        assert heads == {"numerator": 121, "of": 130, "percent": 93.08, "change": 8.46}

    def test_all_13_communes_were_visited(self, tam_duong: Demonstration) -> None:
        assert tam_duong.overview("tam-duong", 2023)["visited_by_kind"] == {"commune": 13}

    def test_both_new_organisations_in_private_firms_are_there(
        self, tam_duong: Demonstration
    ) -> None:
        new = tam_duong.overview("tam-duong", 2023)["reported"]["KN12"]

        assert (new["numerator"], new["of"]) == (2, 2)
