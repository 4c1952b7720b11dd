"""Figures show the numbers that they are made of, and can be read."""

import itertools
import xml.dom.minidom

import numpy as np
import pytest
from traces import FIRST_ANSWER, STAY, WALK, B, M, N, T, made

matplotlib = pytest.importorskip("matplotlib")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402

from keras_s4ntm.analysis import Attribution, Trace, figures  # noqa: E402
from keras_s4ntm.analysis.figures import style  # noqa: E402
from keras_s4ntm.errors import S4NTMError  # noqa: E402

pytestmark = pytest.mark.once


@pytest.fixture
def trace(rng):
    """Of two read heads, with two bits wrong."""
    found = made(WALK, STAY, {"length": 5}, read_vectors=rng.normal(size=(T, 2, M)))
    found.arrays["read_weights"] = np.repeat(found.read_weights, 2, axis=2)
    found.arrays["memory"] = rng.normal(size=found.memory.shape)
    found.outputs[:] = rng.normal(size=found.outputs.shape) ** 2
    found.outputs[0, [8, 10], [0, 1]] *= -1
    return found


RESULTS = [
    {"length": n, "bits_per_sequence": e, "bit_error_rate": 0.1, "sequences": 8}
    for n, e in ((5, 0.0), (10, 1.5), (20, 60.25))
]


def history(label, losses, seconds=2.0):
    """A training with a record every ten steps, and a validation at the last one."""
    records = [
        {"epoch": i, "step": 10 * i, "seconds": seconds * i, "loss": loss, "bit_errors": 8 * loss}
        for i, loss in enumerate(losses, start=1)
    ]
    records[-1] |= {"val_loss": 0.7, "val_bit_errors": 5.0}
    return figures.History(label, records, batch_size=100)


def images(figure):
    """The arrays of all images but those of the bars of shades, from above."""
    return [np.asarray(image.get_array()) for axis in figure.axes for image in axis.images]


# Their numbers


def test_verification_shows_every_quantity_of_the_sequence(trace):
    shown = images(figures.verification(trace, sequence=0))
    inputs, targets, outputs, add, read, written, weights = shown
    np.testing.assert_allclose(inputs, trace.inputs[0].T)
    scored = trace.target_mask[0]
    np.testing.assert_allclose(targets, (trace.targets[0] * scored[:, None]).T)
    logistic = 1 / (1 + np.exp(-trace.outputs[0].astype("float64")))
    np.testing.assert_allclose(outputs, (logistic * scored[:, None]).T)
    np.testing.assert_allclose(add, trace.add[0, :, 0].T)
    np.testing.assert_allclose(
        read, np.concatenate(list(trace.read_vectors[0].swapaxes(0, 1)), 1).T
    )
    np.testing.assert_allclose(written, trace.write_weights[0, :, 0, : T + 2].T)  # 2 slots more
    assert weights.shape == (2 * 3, T)  # slot 0 and two more, of two heads
    np.testing.assert_allclose(weights[:3], trace.read_weights[0, :, 0, :3].T)


def test_verification_leaves_out_what_a_trace_does_not_have(trace):
    for name in ("targets", "add", "write_weights"):
        del trace.arrays[name]
    figure = figures.verification(trace)
    labels = [axis.get_ylabel().split("\n")[0] for axis in figure.axes if axis.images]
    assert labels == ["inputs", "outputs", "read vectors", "read weights"]
    trace.arrays["outputs"], trace.arrays["targets"] = np.eye(3)[:B], np.array([2, 1])
    figure = figures.verification(trace, sequence=1)
    assert figure.axes[0].get_title() == "answer: class 1, target: class 1"


def test_generalisation_shows_what_evaluate_returned_and_marks_what_is_wrong(trace):
    figure = figures.generalisation(RESULTS, [trace, trace], trained=5)
    *answers, curve = figure.axes
    line, trained = curve.get_lines()
    np.testing.assert_array_equal(line.get_xydata(), [[5, 0], [10, 1.5], [20, 60.25]])
    assert list(trained.get_xdata()) == [5, 5]
    for axis in answers:
        assert axis.get_title() == f"length 5: 2 wrong bits of {2 * (T - FIRST_ANSWER)}"
        (_, crosses) = axis.get_lines()
        np.testing.assert_array_equal(crosses.get_xydata(), [[8, 0], [10, 1]])


def test_wrong_tokens_are_marked_where_the_answer_is():
    tokens = made(WALK, STAY, {"length": 5}, outputs=2 * np.eye(T, 4), targets=np.zeros(T, "int32"))
    tokens.outputs[0, 9, 3] = 1
    results = [{"length": 5, "token_accuracy": 0.9}]
    axis, curve = figures.generalisation(results, [tokens]).axes
    assert axis.get_title() == f"length 5: 1 wrong token of {T - FIRST_ANSWER}"
    targets, right, crosses = (line.get_xydata() for line in axis.get_lines())
    np.testing.assert_array_equal(crosses, [[9, 3]])
    np.testing.assert_array_equal(targets, [[t, 0] for t in range(FIRST_ANSWER, T)])
    np.testing.assert_array_equal(right, [[t, 0] for t in range(FIRST_ANSWER, T) if t != 9])
    assert curve.get_ylabel() == "share\nof right tokens"


def test_a_training_is_drawn_against_sequences_and_seconds_with_its_validations():
    figure = figures.training_curve([history("ntm", [3, 2, 1])])
    by_sequences, by_seconds, errors, _ = figure.axes
    training, validation = by_sequences.get_lines()
    np.testing.assert_allclose(training.get_xdata(), [1, 2, 3])  # thousands
    np.testing.assert_allclose(training.get_ydata(), [3, 2, 1])
    np.testing.assert_allclose(validation.get_xydata(), [[3, 0.7]])
    np.testing.assert_allclose(by_seconds.get_lines()[0].get_xdata(), [2, 4, 6])
    np.testing.assert_allclose(errors.get_lines()[0].get_ydata(), [24, 16, 8])


def test_trainings_of_a_model_are_a_median_and_a_range():
    several = [history("ntm", losses) for losses in ([3, 2, 1], [5, 4, 3], [9, 8])]
    axis = figures.training_curve([*several, history("dnc", [1, 1])]).axes[0]
    ntm, dnc = axis.get_lines()
    np.testing.assert_allclose(ntm.get_ydata(), [5, 4, 3])  # the third one ended with 8
    np.testing.assert_allclose(dnc.get_ydata(), [1, 1])
    (band,) = axis.collections
    assert band.get_paths()[0].get_extents().extents.tolist() == [1, 1, 3, 9]


def test_a_comparison_shows_the_medians_of_its_table():
    figure_of = [{"median": 2.0, "low": 1.0, "high": 4.0}] * 2
    rows = [{"model": "ntm", "figures": figure_of}, {"model": "dnc", "figures": []}]
    labels = [{"pairs": 4, "length": n} for n in (8, 16)]
    axis = figures.comparison(rows, labels, "wrong bits per sequence").axes[0]
    (line,) = axis.get_lines()
    assert line.get_label() == "ntm"
    np.testing.assert_array_equal(line.get_xydata(), [[8, 2], [16, 2]])
    assert axis.get_xlabel() == "length (vectors or steps)"
    with pytest.raises(ValueError, match="no training gave figures"):
        figures.comparison(rows[1:], labels, "wrong bits per sequence")


def test_settings_that_differ_in_two_ways_stand_side_by_side():
    labels = [{"pairs": p, "length": n} for p, n in ((4, 8), (4, 16), (8, 16))]
    rows = [{"model": "ntm", "figures": [{"median": 2.0, "low": 1.0, "high": 4.0}] * 3}]
    axis = figures.comparison(rows, labels, "wrong bits").axes[0]
    texts = [label.get_text() for label in axis.get_xticklabels()]
    assert texts == ["pairs 4\nlength 8", "pairs 4\nlength 16", "pairs 8\nlength 16"]


def test_the_memory_is_shown_from_the_first_to_the_last_slot_that_changes(trace):
    memory = np.zeros((B, T + 1, N, M))
    memory[:, 3:, 4:7] = np.arange(1, 4)
    trace.arrays["memory"] = memory
    norms, *slots = images(figures.memory_over_time(trace))
    np.testing.assert_allclose(norms, np.linalg.norm(memory[0, :, 4:7], axis=-1).T)
    assert len(slots) == 4
    np.testing.assert_allclose(slots[1], memory[0, FIRST_ANSWER, 4:7])
    np.testing.assert_allclose(slots[3], memory[0, T, 4:7])


def test_a_copy_is_a_diagonal_in_the_map_of_attribution():
    per_column = np.zeros((1, 2, 1, M, T, T))
    per_column[:, 0, :, :, np.arange(6, T), np.arange(T - 6)] = 1
    writes = Attribution(per_column, np.zeros((1, 2, M, T)), np.ones((1, T, 1, M)), 0.0)
    first, second = images(figures.attribution_map(writes))
    np.testing.assert_allclose(first, np.eye(T, k=6))  # read at column t, written at row t - 6
    assert not second.any()


# How they look


def drawn(trace):
    """All figures."""
    attribution = Attribution(np.zeros((1, 2, 1, M, T, T)), np.zeros((1, 2, M, T)), trace.add, 0)
    names = ("lstm", "ntm", "dnc", "s4d", "s4d-ntm")
    rows = [{"model": m, "figures": [{"median": 1, "low": 0, "high": 2}] * 3} for m in names]
    labels = [{"length": n} for n in (20, 40, 120)]
    yield "verification", figures.verification(trace)
    yield "generalisation", figures.generalisation(RESULTS, [trace] * 4, 5)
    yield "training", figures.training_curve([history("s4d-ntm", [3, 0.2, 0.01])])
    yield "trainings", figures.training_curve([history(name, [3, 0.02]) for name in names])
    yield "comparison", figures.comparison(rows, labels, "wrong bits per sequence")
    yield "memory", figures.memory_over_time(trace)
    yield "attribution", figures.attribution_map(attribution)


def texts(figure):
    """`(text, bounding box)` of what is written."""
    renderer = figure.canvas.get_renderer()
    ticks = {
        label
        for axis in figure.axes
        for part in (axis.xaxis, axis.yaxis)
        for tick in (*part.majorTicks, *part.minorTicks)
        for label in (tick.label1, tick.label2)
        if not sorted(part.get_view_interval())[0] - 1e-9
        <= tick.get_loc()
        <= sorted(part.get_view_interval())[1] + 1e-9
    }
    for text in figure.findobj(matplotlib.text.Text):
        if text.get_text().strip() and text.get_visible() and text not in ticks:
            yield text.get_text(), text.get_window_extent(renderer)


def test_no_text_overlaps_another_or_leaves_the_figure_and_none_is_too_small(trace):
    for name, figure in drawn(trace):
        FigureCanvasAgg(figure).draw()
        written = list(texts(figure))
        assert len(written) > 8, name
        for text, box in written:
            inside = figure.bbox.padded(1).contains(*box.min) and figure.bbox.padded(1).contains(
                *box.max
            )
            assert inside, (name, text)
            assert min(box.width, box.height) > 5, (name, text)
        for (one, a), (other, b) in itertools.combinations(written, 2):
            assert not a.padded(-1).overlaps(b.padded(-1)), (name, one, other)
        assert figure.get_size_inches()[0] in (style.COLUMN, style.PAGE, style.PAGE * 0.8), name


def test_lines_differ_without_their_colours_and_in_lightness():
    assert len({(str(one["linestyle"]), one["marker"]) for one in style.LINES}) == len(style.LINES)
    assert len({one["linestyle"] for one in style.LINES}) == len(style.LINES)
    assert len({one["marker"] for one in style.LINES}) == len(style.LINES)
    shades = matplotlib.colormaps[style.SIGNED](np.linspace(0, 1, 50))[:, :3] @ [0.3, 0.59, 0.11]
    assert (np.diff(shades) > 0).all()  # in grey, dark is low and light is high


def test_the_style_of_the_user_stays_as_it_is_and_does_not_matter(trace):
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        figure = figures.verification(trace)
        assert matplotlib.rcParams["font.size"] == 30
    assert figure.axes[0].yaxis.label.get_fontsize() == style.RC["axes.labelsize"]
    assert figure.axes[0].get_facecolor() == (1, 1, 1, 1)


# Their files


def test_files_are_whole_and_text_in_them_is_text(trace, tmp_path):
    written = figures.save(figures.verification(trace), tmp_path / "plots" / "one")
    assert [path.name for path in written] == ["one.png", "one.svg"]
    assert sorted(written) == sorted((tmp_path / "plots").iterdir())  # nothing temporary
    assert written[0].read_bytes().startswith(b"\x89PNG")
    assert "write weights" in xml.dom.minidom.parse(str(written[1])).toxml()
    (tmp_path / "file").write_text("")
    with pytest.raises(S4NTMError, match="cannot be written"):
        figures.save(figures.verification(trace), tmp_path / "file" / "one")


def test_a_trace_without_a_memory_can_be_shown_beside_results(trace):
    names = ("inputs", "outputs", "targets", "target_mask")
    answers = Trace({name: trace.arrays[name] for name in names}, {"length": 5})
    assert len(figures.generalisation(RESULTS, [answers]).axes) == 2
