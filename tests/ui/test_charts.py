"""Charts: numbers in, markup out; and nothing is drawn that the label does not say."""

import gzip
import re

import pytest

from config.ui import charts

BULLET = charts.bullet(185, 950, plan=228, forecast=854, label="185 of 950, plan 228, forecast 854")
YEARS = charts.spark_bars(
    [
        charts.Bar(value=37, target=36, name="2024", words="37 / 36"),
        charts.Bar(value=18, target=38, name="2025", words="18 / 38"),
    ],
    label="Admitted of target: 2024 37 of 36, 2025 18 of 38",
)
PACE = charts.pace(
    label="185 by 28/5, 43 behind the plan of 228; forecast 854 of 950; scale 250, 500; 3/2",
    top=1000,
    actual=[(0, 0), (40, 185)],
    plan=[(0, 0), (40, 228), (100, 950)],
    forecast=[(40, 185), (100, 854)],
    band=[(40, 185, 185), (100, 810, 900)],
    levels=[(0, ""), (250, "250"), (500, "500")],
    ticks=[charts.Tick(x=9, text="3/2"), charts.Tick(x=40, text="28/5", kind="lab a")],
    notes=[
        charts.Note(x=100, value=950, text="Target 950"),
        charts.Note(x=100, value=854, text="Forecast 854"),
        charts.Note(x=40, value=185, text="185, 43 behind"),
    ],
    now=40,
)
STRIP = charts.strip(
    [
        charts.Dot(value=-7, title="Cọc Sáu: 1/34", name="Cọc Sáu"),
        charts.Dot(value=0, title="Nam Mẫu: 9/40"),
        charts.Dot(value=0, title="Địa chất: 0/6", has_source=False),
    ],
    label="People ahead of the plan, from −8 to 0: one organisation at −7, two at 0",
    ticks=[(-8, "−8"), (0, "0")],
)


def written(svg):
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


@pytest.mark.parametrize("svg", [BULLET, YEARS, PACE, STRIP])
def test_the_label_says_every_number_that_is_drawn(svg):
    (label,) = re.findall(r'<svg class="[^"]*"[^>]* aria-label="([^"]*)"', svg)
    drawn = set(re.findall(r"\d+", written(svg)))
    assert drawn <= set(re.findall(r"\d+", label))


@pytest.mark.parametrize("svg", [BULLET, YEARS, PACE, STRIP, charts.bullet_axis()])
def test_no_drawing_has_a_style_of_its_own(svg):
    assert "style=" not in svg


def test_a_bullet_to_the_letter():
    assert BULLET == (
        '<svg class="bul behind" role="img" aria-label="185 of 950, plan 228, forecast 854">'
        '<rect class="tr" y="15%" height="70%" width="83.3%"/>'
        '<rect class="f" y="27%" height="46%" x="16.2%" width="58.7%"/>'
        '<rect class="a" y="27%" height="46%" width="16.2%"/>'
        '<line class="t" x1="83.3%" x2="83.3%" y1="2%" y2="98%"/>'
        '<svg x="20%" y="0" overflow="visible"><path class="p" d="M-4 -1H4L0 5Z"/></svg></svg>'
    )


def test_a_bullet_beyond_its_edge_is_clipped_there():
    svg = charts.bullet(26, 15, forecast=40, label="26 of 15")
    assert '<rect class="a" y="27%" height="46%" width="100%"/>' in svg
    assert 'class="f"' not in svg


def test_a_bullet_of_nothing_is_an_empty_track_and_without_a_target_there_is_none():
    assert 'class="a"' not in charts.bullet(0, 5, label="0 of 5")
    assert charts.bullet(3, 0, label="") == ""
    assert charts.bullet(3, None, label="") == ""


@pytest.mark.parametrize(("actual", "behind"), [(228, False), (227.5, False), (227.4, True)])
def test_a_bullet_is_behind_from_half_a_person_on(actual, behind):
    svg = charts.bullet(actual, 950, plan=228, label="…")
    assert svg.startswith('<svg class="bul behind"') is behind


def test_a_small_target_has_an_axis_of_people():
    assert written(charts.bullet_axis(people=2)) == "0 1 2"
    assert written(charts.bullet_axis(people=6)) == "0\u00a0% 50\u00a0% 100\u00a0%"
    assert written(charts.bullet_axis()) == "0\u00a0% 50\u00a0% 100\u00a0%"


def test_the_gap_to_the_plan_is_drawn_where_there_is_one():
    assert '<line class="behind" x1="40%" y1="81.5%" x2="40%" y2="77.2%"/>' in PACE
    ahead = charts.pace(label="", top=10, actual=[(0, 0), (50, 9)], plan=[(0, 0), (100, 10)])
    assert 'class="behind"' not in ahead


def test_a_pace_of_an_empty_year_is_still_a_drawing():
    assert charts.pace(label="", top=0, actual=[]).startswith('<svg class="plot"')


def test_dots_of_one_value_pile_up_and_one_without_source_is_hollow():
    assert re.findall(r'class="(\w*)" cx="([^"]*)" cy="100%" r="6.5" transform="([^"]*)"', STRIP)[
        1:
    ] == [
        ("none", "88.5%", "translate(0 -9)"),
        ("", "88.5%", "translate(0 -23)"),
    ]


def test_names_and_labels_are_escaped():
    svg = charts.bullet(1, 2, label='<b>"x"</b>')
    assert 'aria-label="&lt;b&gt;&quot;x&quot;&lt;/b&gt;"' in svg
    assert "<b>x" not in charts.pipe([charts.PipeStep(count="1", name="<b>x</b>")])
    assert "&lt;i&gt;" in charts.strip([charts.Dot(value=1, title="<i>")], label="")


def test_the_pipeline_names_its_bottleneck():
    assert charts.pipe(
        [
            charts.PipeStep(count="533", name="Sources"),
            charts.PipeStep(count="247", name="Verification", warning="71 overdue"),
        ]
    ) == (
        '<ol class="pipe"><li class=""><b>533</b>Sources</li>'
        '<li class="bad"><b>247</b>Verification<br><strong>71 overdue</strong></li></ol>'
    )


def test_a_key_explains_only_what_has_words():
    key = charts.key_bullet(admitted="Admitted", target="Target")
    assert re.sub(r"<[^>]*>", " ", key).split() == ["Admitted", "Target"]


def test_a_chart_is_light():
    assert len(gzip.compress(BULLET.encode())) <= 350
    assert len(gzip.compress(PACE.encode())) <= 1536
