"""A report is one small file that loads nothing; its text is data, its numbers are the trace's."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from keras_s4ntm.analysis import Trace, attribution
from keras_s4ntm.analysis.report import collect, write
from keras_s4ntm.analysis.report.packing import pack, unpack
from keras_s4ntm.errors import S4NTMError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.runs import Run

pytestmark = pytest.mark.once
SCRIPT = "</script><script>window.hostile = true</script><img src=x onerror=alert(1)> <!--"


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", Experiment.choose("copy", "ntm"))


def random_trace(rng, time=82, slots=128, width=32, readers=2):
    """A trace that cannot be compressed, and whose reads are no sums of writes."""

    def weights(heads):
        weights = rng.random((1, time, heads, slots))
        return (weights / weights.sum(axis=-1, keepdims=True)).astype("float32")

    def normal(*shape):
        return rng.normal(size=(1, *shape)).astype("float32")

    arrays = {
        "inputs": normal(time, 10),
        "outputs": normal(time, 8),
        "targets": (normal(time, 8) > 0).astype("float32"),
        "target_mask": normal(time) > 0,
        "controller_outputs": normal(time, 16),
        "memory": normal(time + 1, slots, width),
        "accessed": np.ones((1, time), "bool"),
        "read_weights": weights(readers),
        "write_weights": weights(1),
        "read_vectors": normal(time, readers, width),
        "erase": np.abs(normal(time, 1, width)) % 1,
        "add": normal(time, 1, width),
        "key_strengths": np.abs(normal(time, 1 + readers)),
    }
    return Trace(arrays, {"access": "ntm", "model": "ntm", "layer": "ntm", "order": "write-first"})


def exact_trace(rng):
    """A small trace whose reads are the sums of what was written."""
    trace = random_trace(rng, time=9, slots=5, width=3)
    arrays = {**trace.arrays, "memory": trace.memory.copy()}
    for t in range(9):
        weights, erase, add = (arrays[name][0, t] for name in ("write_weights", "erase", "add"))
        kept = arrays["memory"][0, t] * (1 - weights.T * erase)
        arrays["memory"][0, t + 1] = kept + weights.T * add
    reads = np.einsum("btrn,btnm->btrm", arrays["read_weights"], arrays["memory"][:, 1:])
    return Trace({**arrays, "read_vectors": reads.astype("float32")}, trace.about)


def data_of(html):
    """The data of a report."""
    return json.loads(re.search(r'<script id="report"[^>]*>(.*?)</script>', html, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("array", "digits"),
    [
        (np.linspace(-1, 1, 24).reshape(4, 2, 3), 4),
        (np.array([-3.27, 3.27]), 4),
        (np.array([5.0, -70.12345]), 2),
        (np.array([4e6, 1e5]), -3),
        (np.array([[True, False]]), 4),
        (np.zeros((3, 0)), 4),
    ],
    ids=str,
)
def test_packed_numbers_are_those_of_the_array_rounded(array, digits):
    packed = json.loads(json.dumps(pack(array)))
    assert packed["digits"] == digits
    np.testing.assert_allclose(unpack(packed), np.round(array.astype(float), digits), atol=1e-9)


def test_numbers_that_wrap_and_those_that_are_none_are_packed_as_well():
    array = np.array([3.2, -3.2, np.nan, 3.2, np.inf, -3.2])
    expected = np.where(np.isfinite(array), array, np.nan)
    np.testing.assert_allclose(unpack(pack(array)), expected)


def test_the_numbers_of_a_report_are_those_of_the_trace(run, rng, tmp_path):
    trace = exact_trace(rng)
    write(collect(run, trace=trace), tmp_path / "x.html")
    (shown,) = data_of((tmp_path / "x.html").read_text())["traces"]
    assert shown["label"] == "trained"
    assert shown["reason"] is None
    assert shown["lines"] == ["key_strengths"]
    arrays = {name: unpack(packed) for name, packed in shown["arrays"].items()}
    for name in ("memory", "read_weights", "write_weights", "inputs", "accessed", "key_strengths"):
        digits = shown["arrays"][name]["digits"]
        assert digits >= 3
        expected = trace.arrays[name][0].astype("float64")
        np.testing.assert_allclose(arrays[name], np.round(expected, digits), atol=1e-9)
    probabilities = 1 / (1 + np.exp(-trace.outputs[0].astype("float64")))
    np.testing.assert_allclose(arrays["outputs"], probabilities, atol=1e-4)
    scored = np.where(trace.target_mask[0][:, None], trace.targets[0], np.nan)
    np.testing.assert_array_equal(arrays["targets"], scored)
    writes = attribution(trace)
    expected = np.moveaxis(writes.total[0, :, 0], 1, 0)
    np.testing.assert_allclose(arrays["contributions"], expected, atol=1e-4)
    for t in range(9):
        for head in range(2):
            expected = writes.sources(t, head=head, count=3)
            expected = [(s["step"], s["write_head"], s["share"], s["size"]) for s in expected]
            found = np.array(shown["sources"][t][head][:3], float)
            np.testing.assert_allclose(found, np.array(expected, float)[: len(found)], atol=1e-4)


def test_tokens_and_classes_are_probabilities_and_their_targets_one_of_them(run, rng):
    trace = exact_trace(rng)
    for kind, outputs, targets, last in (
        ("tokens", trace.outputs, np.arange(9)[None] - 1, 7),
        ("classes", trace.outputs[:, 0], np.array([3]), 3),
    ):
        own = dict(trace.arrays, outputs=outputs, targets=targets)
        del own["target_mask"]
        run.experiment = SimpleNamespace(model="ntm", task=Kind(kind))
        (shown,) = collect(run, trace=Trace(own, trace.about))["traces"]
        arrays = {name: unpack(packed) for name, packed in shown["arrays"].items()}
        assert arrays["outputs"].shape == ((1, 8) if kind == "classes" else (9, 8))
        np.testing.assert_allclose(arrays["outputs"].sum(axis=-1), 1, atol=1e-3)
        np.testing.assert_array_equal(arrays["targets"][-1], np.eye(8)[last])


def test_of_a_memory_of_ones_own_is_shown_what_is_known_of_it(run, rng):
    trace = exact_trace(rng)
    own = {name: array for name, array in trace.arrays.items() if name not in ("erase", "add")}
    own["read_weights"] = own["read_weights"][:, :, 0]
    trace = Trace({**own, "usage": own["key_strengths"]}, {**trace.about, "access": "Own"})
    (shown,) = collect(run, trace=trace)["traces"]
    assert shown["reason"] == (
        "The memory 'Own' has no erase: attribution needs read_weights, write_weights, erase, add."
    )
    assert shown["sources"] == []
    assert {"memory", "write_weights", "key_strengths"} <= set(shown["arrays"])
    assert not {"contributions", "read_weights", "usage"} & set(shown["arrays"])
    assert shown["lines"] == ["key_strengths"]


class Kind:
    """As much of a task as a report asks for."""

    name = summary = "a task"

    def __init__(self, target_kind):
        self.target_kind = target_kind


def test_even_what_cannot_be_compressed_stays_below_three_megabytes(run, rng, tmp_path):
    trace = random_trace(rng)
    for epoch in range(8):
        trace.save(run.path / "trace" / f"epoch-{epoch:05d}.npz")
    report = collect(run, trace=trace)
    assert write(report, tmp_path / "x.html") < 3e6
    assert (tmp_path / "x.html").stat().st_size < 3e6
    labels = [one["label"] for one in report["traces"]]
    assert labels[-1] == "trained"
    assert 1 < len(labels) < 9
    assert set(labels[:-1]) < {f"epoch {epoch}" for epoch in range(8)}
    assert report["traces"][0]["reason"].startswith("What the heads of the memory 'ntm' read is")


def test_text_of_a_run_is_data_wherever_it_stands(run, rng, tmp_path):
    trace = exact_trace(rng)
    hostile = {**trace.about, "model": SCRIPT, SCRIPT: SCRIPT, "number": float("nan")}
    report = collect(run, [{SCRIPT: SCRIPT}], Trace(trace.arrays, hostile))
    report["title"] = report["settings"]["model"][SCRIPT] = SCRIPT
    write(report, tmp_path / "x.html")
    html = (tmp_path / "x.html").read_text()
    assert SCRIPT not in html
    assert html.count("<script") == html.count("</script") == 2
    assert "<img" not in html
    data = data_of(html)
    assert data["traces"][0]["about"] == {**hostile, "number": None}
    assert data["title"] == SCRIPT
    assert data["results"] == [{SCRIPT: SCRIPT}]


def test_the_file_loads_nothing_and_its_policy_forbids_it(run, tmp_path):
    write(collect(run), tmp_path / "x.html")
    html = (tmp_path / "x.html").read_text()
    assert "default-src 'none'" in html
    assert "unsafe" not in html
    for word in ("src=", "href=", "@import", "url(", "fetch(", "XMLHttpRequest", "import("):
        assert word not in html
    assert "Leon Sorokin" in html  # the licence of uPlot
    assert "%%" not in html


@pytest.mark.parametrize(
    "break_it",
    [
        lambda arrays: arrays.update(target_mask=np.ones((1, 3), "bool")),
        lambda arrays: arrays.update(targets=np.ones((1, 2, 2), "float32")),
        lambda arrays: arrays.update(inputs=np.ones(1, "float32")),
    ],
    ids=["mask", "targets", "inputs"],
)
def test_a_trace_of_something_else_is_refused_in_a_sentence(run, rng, break_it):
    trace = exact_trace(rng)
    break_it(trace.arrays)
    trace.save(run.path / "trace" / "epoch-00001.npz")
    with pytest.raises(S4NTMError, match=r"epoch-00001\.npz is a trace that cannot be shown") as e:
        collect(run, trace=exact_trace(rng))
    assert len(str(e.value).splitlines()) == 1


def test_a_damaged_trace_is_refused_in_a_sentence(run, rng):
    (run.path / "trace").mkdir()
    (run.path / "trace" / "epoch-00001.npz").write_text(SCRIPT)
    with pytest.raises(S4NTMError, match=r"epoch-00001\.npz is no trace"):
        collect(run, trace=exact_trace(rng))


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(run, tmp_path):
    (tmp_path / "x.html").mkdir()
    with pytest.raises(S4NTMError, match=r"x\.html cannot be written"):
        write(collect(run), tmp_path / "x.html")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
