"""The memory explorer in a browser: what it shows is what the trace holds.

Needs Debian's packages chromium and chromium-driver.
"""

import json
import time

import browser
import keras
import numpy as np
import pytest
from helpers import sequences

from keras_s4ntm.analysis import Trace, attribution, learned_algorithm, trace
from keras_s4ntm.analysis.report import collect, write
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.layers import DNC, NTM
from keras_s4ntm.runs import Run

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(None in browser.PROGRAMS, reason="apt-get install chromium chromium-driver"),
]
SIZES = {"units": 6, "memory_size": 9, "memory_width": 4, "return_sequences": True}
SCRIPT = "</script><img src=x onerror='hostile = true'><script>hostile = true</script>"
NO_NUMBER = "\u2013"
HISTORY = [
    {"epoch": 1, "step": 20, "seconds": 1.0, "loss": 0.7},
    {"epoch": 2, "step": 40, "seconds": 2.0, "loss": 0.5, "val_loss": 0.6},
    {"epoch": 3, "step": 60, "seconds": 3.0, "loss": None, "val_loss": 0.5},
]
RESULTS = [{"length": 20, "bits_per_sequence": 0.125, "sequences": 64}]
# What overlaps, and what is cut off or wider than the page; parents may contain their children.
CROWDED = """
const kinds = 'h1,h2,h3,p,button,select,input,output,td,th,canvas.heat,figcaption,.u-wrap';
const shown = [...document.querySelectorAll(kinds)].filter((one) => one.offsetParent !== null);
const boxes = shown.map((one) => [one, one.getBoundingClientRect()]);
const found = [];
for (const [one, a] of boxes) {
  const isText = !one.matches('input,button,select');
  if (isText && one.scrollWidth > one.clientWidth + 1) found.push('cut: ' + one.outerHTML);
  if (a.right > innerWidth + 1 && !one.closest('.wide')) found.push('outside: ' + one.outerHTML);
  for (const [other, b] of boxes) {
    if (one === other || one.contains(other) || other.contains(one)) continue;
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 1 && down > 1) found.push(one.outerHTML + ' overlaps ' + other.outerHTML);
  }
}
if (document.documentElement.scrollWidth > innerWidth) found.push('the page is too wide');
return found.slice(0, 5);
"""


def new_run(path, task="copy", model="ntm"):
    run = Run.create(path, Experiment.choose(task, model))
    run.write_history(HISTORY)
    return run


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """`(run, path of an NPZ file, path of that of a checkpoint)`."""
    run = new_run(tmp_path_factory.mktemp("report") / "run")
    rng = np.random.default_rng(1)
    x, wanted = (sequences(rng, batch=1, time=12, size=size) for size in (5, 14))
    answers = {"targets": (wanted > 0).astype("float32"), "target_mask": np.arange(12)[None] > 5}
    paths = run.path / "trained.npz", run.path / "trace" / "epoch-00003.npz"
    for seed, path in enumerate(paths):
        keras.utils.set_random_seed(seed)
        trace(NTM(**SIZES, read_heads=2), x, **answers).save(path)
    return run, *paths


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser.chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


def shown(chromium, report, path, width=1400):
    """The browser, with the page of a report."""
    write(report, path)
    chromium.resize(width)
    chromium.prefer("light")
    chromium.errors()
    chromium.open(path)
    wait(chromium, "return document.documentElement.dataset.ready === 'true'")
    return chromium


def wait(chromium, condition, seconds=20):
    end = time.monotonic() + seconds
    while not chromium.run(condition):
        assert time.monotonic() < end, (condition, chromium.errors())
        time.sleep(0.05)


@pytest.fixture
def page(chromium, traces, tmp_path):
    """The browser, with the page of `traces`."""
    run, path, _ = traces
    yield shown(chromium, collect(run, RESULTS, Trace.load(path)), tmp_path / "report.html")
    assert chromium.errors() == []


def text(page, selector):
    return page.run("return document.querySelector(arguments[0]).textContent", selector)


def numbers(page, selector):
    """Numbers on the page, and how many digits after the decimal point they have."""
    texts = page.run(
        "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)",
        selector,
    )
    return np.array(texts, float), len(texts[0].partition(".")[2])


def picture(page, selector):
    return page.run("return document.querySelector(arguments[0]).toDataURL()", selector)


def check_slot(page, found, slot, t):
    values, digits = numbers(page, "#slot-numbers span")
    assert digits == 4
    expected = found.memory[0, t + 1, slot].astype("float64")
    np.testing.assert_allclose(values, np.round(expected, digits), atol=1e-9)


MEMORY = "#memory figure:last-child canvas"
TAPE = "#tapes figure:nth-child({}) canvas"  # inputs, targets, outputs, write, read 0, read 1


def test_what_its_heads_do_stands_above_it_in_words(page, traces):
    found = page.run(
        "return [...document.querySelectorAll('#algorithm li')].map((one) => one.textContent)"
    )
    assert found == learned_algorithm(Trace.load(traces[1]))
    assert len(found) == 3  # a write head and two read heads


def test_the_time_slider_moves_with_the_keys_and_the_pictures_follow(page, traces):
    found = Trace.load(traces[1])
    assert text(page, "#time-text") == "0 of 11"
    before = picture(page, MEMORY), picture(page, TAPE.format(5))
    page.press("right", "right", "right", "left")
    assert text(page, "#time-text") == "2 of 11"
    assert page.run("return document.getElementById('time').value") == "2"
    after = picture(page, MEMORY), picture(page, TAPE.format(5))
    assert before[0] != after[0]
    assert before[1] != after[1]
    values = np.array(text(page, "#now-inputs").split(), float)
    np.testing.assert_allclose(values, found.inputs[0, 2], atol=0.0051)
    assert text(page, "#now-targets") == " ".join([NO_NUMBER] * 14)  # not scored
    page.run("document.getElementById('time').focus()")
    page.press(*["right"] * 4)
    assert text(page, "#time-text") == "6 of 11"
    np.testing.assert_array_equal(
        np.array(text(page, "#now-targets").split(), float), found.targets[0, 6]
    )


def test_the_picture_of_the_memory_has_the_colours_of_its_numbers(page, traces):
    memory = Trace.load(traces[1]).memory[0, 5]
    page.press(*["right"] * 4)
    pixels = np.array(
        page.run(
            "const { width, height } = document.querySelector(arguments[0]), found = [];"
            "const context = document.querySelector(arguments[0]).getContext('2d');"
            "const { data } = context.getImageData(0, 0, width, height);"
            "for (let i = 0; i < 4; i++) for (let n = 0; n < 9; n++) {"
            "  const row = Math.floor((i + 0.5) * height / 4);"
            "  const at = 4 * (row * width + Math.floor((n + 0.5) * width / 9));"
            "  found.push([...data.slice(at, at + 4)]); }"
            "return found;",
            MEMORY,
        )
    ).reshape(4, 9, 4)
    share = memory.T / np.abs(Trace.load(traces[1]).memory).max()
    full = np.where(share[..., None] < 0, [196, 84, 0], [8, 75, 150])
    expected = 255 + np.abs(share)[..., None] * (full - 255.0)
    np.testing.assert_allclose(pixels[..., :3], expected, atol=2)


def test_play_goes_through_time_and_pause_stops(page):
    page.run("document.activeElement.blur()")
    page.press("space")
    assert text(page, "#play") == "Pause"
    wait(page, "return Number(document.getElementById('time').value) >= 2")
    page.point("#play", click=True)
    assert text(page, "#play") == "Play"
    stopped = text(page, "#time-text")
    time.sleep(0.5)
    assert text(page, "#time-text") == stopped


@pytest.mark.parametrize(("step", "head"), [(7, 0), (10, 1)])
def test_a_click_on_a_read_step_shows_the_writes_it_came_from(page, traces, step, head):
    writes = attribution(Trace.load(traces[1]))
    before = picture(page, TAPE.format(4))
    page.point(TAPE.format(5 + head), across=(step + 0.5) / 12, click=True)
    assert text(page, "#time-text") == f"{step} of 11"
    assert page.run("return document.getElementById('read-head').value") == str(head)
    rows = page.run(
        "return [...document.querySelectorAll('#writes tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))"
    )
    expected = [
        [
            "initial memory" if one["step"] is None else str(one["step"]),
            "" if one["write_head"] is None else str(one["write_head"]),
            f"{100 * one['share']:.1f} %",
            f"{one['size']:.3f}",
        ]
        for one in writes.sources(step, head=head, count=8)
    ]
    assert len(rows) >= 3
    assert [row[:2] for row in rows] == [row[:2] for row in expected[: len(rows)]]
    for row, right in zip(rows, expected, strict=False):
        for found, value in zip(row[2:], right[2:], strict=True):
            assert float(found.split()[0]) == pytest.approx(float(value.split()[0]), abs=0.11)
    assert picture(page, TAPE.format(4)) != before  # the writes are marked
    first = next(row[0] for row in rows if row[0] != "initial memory")
    page.point("#writes button", click=True)
    assert text(page, "#time-text") == f"{first} of 11"


def test_pointing_at_a_slot_shows_what_it_holds_and_held(page, traces):
    found = Trace.load(traces[1])
    page.press(*["right"] * 8)
    history = picture(page, "#slot-content canvas")
    page.point(MEMORY, across=6.5 / 9)
    assert page.run("return document.getElementById('slot').value") == "6"
    check_slot(page, found, 6, 8)
    assert picture(page, "#slot-content canvas") != history
    weights = found.read_weights[0, :, 1, 6].astype("float64")
    said = f"read head 1: {weights[8]:.4f} now, most at step {weights.argmax()}"
    assert said in text(page, "#slot-heads")
    page.point("#slot-content canvas", across=3.5 / 12, click=True)
    assert text(page, "#time-text") == "3 of 11"
    page.run("document.getElementById('slot').select()")
    page.press("2")
    check_slot(page, found, 2, 3)


def test_the_training_slider_shows_the_checkpoint(page, traces):
    page.press(*["right"] * 5)
    assert text(page, "#training-text") == "trained"
    before = picture(page, MEMORY)
    page.run("document.getElementById('training').focus()")
    page.press("left")
    assert text(page, "#training-text") == "epoch 3"
    assert text(page, "#time-text") == "5 of 11"
    assert picture(page, MEMORY) != before
    check_slot(page, Trace.load(traces[2]), 0, 5)
    page.press("right")
    check_slot(page, Trace.load(traces[1]), 0, 5)


def test_light_and_dark_are_those_of_the_system_and_a_button_changes_them(page):
    background = "return getComputedStyle(document.body).backgroundColor"
    light = page.run(background), picture(page, MEMORY)
    page.prefer("dark")
    wait(page, "return document.documentElement.dataset.theme === 'dark'")
    dark = page.run(background), picture(page, MEMORY)
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] != light[0]
    assert dark[1] != light[1]
    page.point("#theme", click=True)
    assert page.run(background) == light[0]


@pytest.mark.parametrize(("width", "step"), [(360, 0), (360, 9), (768, 9), (1400, 9)])
def test_nothing_overlaps_or_leaves_the_page(page, width, step):
    page.resize(width)
    wait(page, "return document.querySelector('#lines .u-wrap').clientWidth < innerWidth")
    page.press(*["right"] * step)
    assert page.run(CROWDED) == []


def test_settings_results_and_the_course_of_training_are_there(page):
    assert text(page, "#title") == "copy, ntm"
    assert text(page, "#results tbody tr") == "200.12564"
    assert "learning rate" in text(page, "#settings")
    assert page.run("return document.querySelectorAll('#history canvas').length") == 1
    legend = text(page, "#history .u-legend")
    assert "training" in legend
    assert "validation" in legend


def test_everything_can_be_reached_by_the_keyboard(page):
    reached = set()
    for _ in range(20):
        page.press("tab")
        reached.add(page.run("return document.activeElement.id"))
    assert {"theme", "play", "time", "training", "slot", "read-head", "quantity"} <= reached


def test_the_page_asks_for_nothing_from_anywhere(page):
    assert page.run("return performance.getEntriesByType('resource').length") == 0


def test_a_name_that_is_a_script_is_shown_as_text_and_does_nothing(chromium, traces, tmp_path):
    run, path, _ = traces
    found = Trace.load(path)
    found.about.update(model=SCRIPT, layer=SCRIPT)
    report = json.loads(json.dumps(collect(run, [{SCRIPT: SCRIPT}], found)))
    report["title"] = report["summary"] = report["traces"][-1]["label"] = SCRIPT
    report["settings"]["model"][SCRIPT] = SCRIPT
    report["history"][0][SCRIPT] = 1
    page = shown(chromium, report, tmp_path / "report.html")
    assert text(page, "#title") == SCRIPT
    assert SCRIPT in text(page, "#about")
    assert text(page, "#training-text") == SCRIPT
    assert text(page, "#results td") == SCRIPT
    assert SCRIPT in text(page, "#settings")
    assert page.run("return window.hostile === undefined")
    assert page.run("return document.images.length + document.scripts.length") == 2
    assert page.run(CROWDED) == []
    assert page.errors() == []


def test_every_kind_of_memory_and_of_answer_has_its_page(chromium, tmp_path, rng):
    x = sequences(rng, batch=1, time=7)
    dnc = DNC(**{**SIZES, "return_sequences": False})
    for task, layer, targets in (
        ("seq-mnist", dnc, np.array([3])),
        ("multi-query-recall", NTM(**SIZES, access_interval=3), np.arange(7)[None] % 4),
    ):
        run = new_run(tmp_path / task, task)
        found = trace(layer, x, targets=targets)
        page = shown(chromium, collect(run, RESULTS, found), tmp_path / f"{task}.html", 360)
        page.press("right")
        probabilities = np.array(text(page, "#now-outputs").split(), float)
        assert probabilities.sum() == pytest.approx(1, abs=0.2)
        target = np.array(text(page, "#now-targets").split(), float)
        assert target.argmax() == (3 if task == "seq-mnist" else 1)
        assert text(page, "#now-memory") == ("accessed" if task == "seq-mnist" else "rests")
        assert page.run(CROWDED) == []
        assert page.errors() == []


def test_of_a_memory_of_ones_own_is_shown_what_is_known_of_it(chromium, traces, tmp_path):
    run, path, _ = traces
    arrays = dict(Trace.load(path).arrays)
    del arrays["read_weights"], arrays["key_strengths"]
    found = Trace(arrays, {"access": "Own"})
    page = shown(chromium, collect(run, RESULTS, found), tmp_path / "x.html")
    page.press("right")
    check_slot(page, found, 0, 1)
    assert "The memory 'Own' has no read_weights" in text(page, "#writes")
    assert page.run("return document.querySelectorAll('#tapes figure').length") == 4
    assert page.run(CROWDED) == []
    assert page.errors() == []


def test_a_network_without_a_memory_has_a_page_without_an_explorer(chromium, tmp_path):
    run = new_run(tmp_path / "run", model="lstm")
    write(collect(run, RESULTS), tmp_path / "x.html")
    chromium.resize(360)
    chromium.open(tmp_path / "x.html")
    assert text(chromium, "#explorer-content") == "This network has no memory to look into."
    assert "learning rate" in text(chromium, "#settings")
    assert chromium.run(CROWDED) == []
    assert chromium.errors() == []
