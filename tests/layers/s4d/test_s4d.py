"""The S4D layers: against a float64 transcription of the reference layer, and as Keras layers."""

import math
import re

import keras
import numpy as np
import pytest
from helpers import compiled, stream
from keras import ops

from keras_s4ntm.layers import S4D, S4DBlock
from keras_s4ntm.layers.s4d.arguments import StateSpaceArguments
from keras_s4ntm.ops import ssm

pytestmark = pytest.mark.dealt

H, N = 4, 8
SMALL = {"state_dimension": N}
STEPS = {"dt_min": 0.01, "dt_max": 1.0}


def numpy(x):
    return ops.convert_to_numpy(ops.cast(x, "float32"))


def apply(layer, inputs, **arguments):
    """The layer's outputs as a float32 array."""
    return numpy(compiled(lambda x: layer(x, **arguments))(inputs))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def weights_of(layer):
    return {w.name: np.asarray(numpy(w), "float64") for w in layer.weights}


def reference_s4d(w, u):
    """S4D of state-spaces/s4 (minimal file) without GELU and projection: `(B, L, H)`, float64."""
    dt = np.exp(w["log_dt"])
    c = w["C"][..., 0] + 1j * w["C"][..., 1]
    a = -np.exp(w["log_A_real"]) + 1j * w["A_imag"]
    dt_a = a * dt[:, None]
    c = c * (np.exp(dt_a) - 1.0) / a
    length = u.shape[1]
    powers = np.exp(dt_a[..., None] * np.arange(length))
    kernel = 2 * np.einsum("hn,hnl->hl", c, powers).real
    y = np.zeros(u.shape)
    for lag in range(length):
        y[:, lag:] += kernel[:, lag] * u[:, : length - lag]
    return y + w["D"] * u


def gelu(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def reference_block(w, u):
    """The whole reference layer: S4D, GELU, 1x1 convolution, GLU over the channels."""
    z = gelu(reference_s4d(w, u)) @ w["kernel"] + w["bias"]
    return z[..., :H] / (1 + np.exp(-z[..., H:]))


def built(layer):
    layer.build((None, None, layer.output_size))
    return layer


def descend(model):
    """Compiles the model so that a step of training subtracts the gradient of `sum(y * p)`.

    With XLA where there is one: in a plain TensorFlow graph (2.21, on a CPU) an optimizer now and
    then updates one weight before the gradient of another has used it, which shows at rate 1.
    """
    jit = keras.backend.backend() != "torch"
    model.compile(keras.optimizers.SGD(1.0), lambda y, p: ops.sum(y * p), jit_compile=jit)


def test_weights_have_the_names_and_shapes_of_the_reference_layer_and_are_float32():
    layer = built(S4D(H, **SMALL, dtype="bfloat16"))
    shapes = {w.name: tuple(w.shape) for w in layer.weights}
    n = N // 2
    expected = {"log_dt": (H,), "log_A_real": (H, n), "A_imag": (H, n), "C": (H, n, 2), "D": (H,)}
    assert shapes == expected
    assert {w.dtype for w in layer.weights} == {"float32"}


def test_a_four_layer_classifier_has_the_parameters_of_the_reference():
    inputs = keras.Input((784, 1))
    x = keras.layers.Dense(64)(inputs)
    for _ in range(4):
        x = S4DBlock(64, norm="post")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    assert keras.Model(inputs, keras.layers.Dense(10)(x)).count_params() == 67_850


def test_initial_weights_are_those_asked_for():
    for kind, system in ssm.INITIALIZATIONS.items():
        w = weights_of(built(S4D(500, state_dimension=16, state_initializer=kind, **STEPS)))
        real, imag = (np.tile(part, (500, 1)) for part in system(8))
        np.testing.assert_allclose(-np.exp(w["log_A_real"]), real, rtol=1e-5)
        np.testing.assert_allclose(w["A_imag"], imag, rtol=1e-5)
        assert np.exp(w["log_dt"]).min() >= 0.0099
        assert np.exp(w["log_dt"]).max() <= 1.0001
        assert abs(w["log_dt"].mean() - np.log(0.1)) < 0.3
        assert abs(w["C"].std() - math.sqrt(0.5)) < 0.05
        assert abs(w["D"].std() - 1.0) < 0.2


def test_frequencies_of_the_real_initialization_are_not_trained():
    names = {w.name for w in built(S4D(H, **SMALL, state_initializer="real")).trainable_weights}
    assert names == {"log_dt", "log_A_real", "C", "D"}


@pytest.mark.parametrize("kind", ssm.INITIALIZATIONS)
def test_outputs_are_those_of_the_reference_layer(kind):
    layer, u = built(S4D(H, **SMALL, state_initializer=kind)), noise(2, 200, H)
    np.testing.assert_allclose(apply(layer, u), reference_s4d(weights_of(layer), u), atol=1e-4)


def test_a_block_without_norm_adds_the_output_of_the_reference_layer_with_its_glu():
    layer, u = built(S4DBlock(H, **SMALL, norm=None)), noise(2, 100, H)
    np.testing.assert_allclose(
        apply(layer, u), u + reference_block(weights_of(layer), u), atol=1e-4
    )


def test_pre_norm_normalizes_the_input_and_post_norm_the_sum():
    u = noise(2, 30, H)

    def normalized(x):
        deviation = x - x.mean(-1, keepdims=True)
        return deviation / np.sqrt((deviation**2).mean(-1, keepdims=True) + 1e-5)

    pre, post = built(S4DBlock(H, **SMALL, norm="pre")), built(S4DBlock(H, **SMALL, norm="post"))
    expected = u + reference_block(weights_of(pre), normalized(u))
    np.testing.assert_allclose(apply(pre, u), expected, atol=1e-4)
    expected = normalized(u + reference_block(weights_of(post), u))
    np.testing.assert_allclose(apply(post, u), expected, atol=1e-4)


def test_gradients_of_the_five_parameters_are_those_of_finite_differences_in_float64():
    u, target = noise(3, 40, H), noise(3, 40, H, seed=1)
    inputs = keras.Input((40, H))
    layer = S4D(H, **SMALL, dt_min=0.01, dt_max=0.5)
    model = keras.Model(inputs, layer(inputs))
    w = weights_of(layer)
    descend(model)
    model.train_on_batch(u, target)
    for name, after in weights_of(layer).items():
        expected = np.zeros_like(w[name])
        for index in np.ndindex(expected.shape):
            losses = []
            for epsilon in (1e-6, -1e-6):
                moved = {**w, name: w[name].copy()}
                moved[name][index] += epsilon
                losses.append((target * reference_s4d(moved, u)).sum())
            expected[index] = (losses[0] - losses[1]) / 2e-6
        scale = np.abs(expected).max()
        assert scale > 0
        np.testing.assert_allclose(
            (w[name] - after) / scale, expected / scale, atol=2e-4, err_msg=name
        )


@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradient_of_the_input_is_that_of_finite_differences(bidirectional):
    layer = built(S4D(2, state_dimension=4, bidirectional=bidirectional))
    u, target = noise(1, 9, 2), noise(1, 9, 2, seed=1)
    # The layer is linear: a column of its Jacobian is the output of a unit impulse.
    impulses = np.eye(18, dtype="float32").reshape(18, 9, 2)
    expected = (apply(layer, impulses) * target).sum((1, 2)).reshape(1, 9, 2)
    variable = keras.layers.Embedding(1, 18)
    inputs = keras.Input((1,), dtype="int32")
    outputs = layer(keras.layers.Reshape((9, 2))(variable(inputs)))
    model = keras.Model(inputs, outputs)
    variable.set_weights([u.reshape(1, 18)])
    descend(model)
    model.train_on_batch(np.zeros((1, 1), "int32"), target)
    moved = variable.get_weights()[0].reshape(1, 9, 2)
    np.testing.assert_allclose(u - moved, expected, atol=1e-4)


@pytest.mark.parametrize("make", [S4D, S4DBlock])
def test_an_output_depends_on_no_later_input(make):
    layer, u = built(make(H, **SMALL)), noise(2, 50, H)
    changed = u.copy()
    changed[:, 30:] += 1.0
    before, after = apply(layer, u), apply(layer, changed)
    np.testing.assert_allclose(before[:, :30], after[:, :30], atol=1e-5)
    assert np.abs(before[:, 30] - after[:, 30]).max() > 1e-3


def test_a_bidirectional_layer_is_the_double_sum_of_two_kernels():
    layer, u = built(S4D(H, **SMALL, bidirectional=True)), noise(2, 30, H)
    w = weights_of(layer)
    forward = reference_s4d(w, u)
    # The backward kernel starts one step later: reversed in time, delayed by one.
    reverse = reference_s4d({**w, "C": w["C_backward"], "D": np.zeros(H)}, u[:, ::-1])[:, ::-1]
    forward[:, :-1] += reverse[:, 1:]
    np.testing.assert_allclose(apply(layer, u), forward, atol=1e-4)


@pytest.mark.parametrize("make", [S4D, S4DBlock])
@pytest.mark.parametrize("discretization", ["zoh", "bilinear"])
def test_streaming_step_by_step_gives_the_outputs_of_the_sequence(make, discretization):
    layer, u = built(make(H, **SMALL, discretization=discretization)), noise(3, 40, H)
    outputs, states = stream(layer, u)
    np.testing.assert_allclose(outputs, apply(layer, u), atol=1e-4)
    assert [tuple(s.shape) for s in states] == [(3, size) for size in layer.state_size]
    assert {keras.backend.standardize_dtype(s.dtype) for s in states} == {"float32"}


@pytest.mark.parametrize("make", [S4D, S4DBlock])
def test_chunks_give_the_outputs_and_the_last_states_of_the_stream(make):
    layer, u = built(make(H, **SMALL)), noise(3, 40, H)
    expected, last = stream(layer, u)
    states, outputs = layer.get_initial_state(3), []
    advance = compiled(lambda u, states: layer.chunk(u, states))
    for chunk in np.split(u, [1, 18], axis=1):
        y, states = advance(ops.convert_to_tensor(chunk), states)
        outputs.append(numpy(y))
    np.testing.assert_allclose(np.concatenate(outputs, axis=1), expected, atol=1e-4)
    for x, y in zip(states, last, strict=True):
        np.testing.assert_allclose(numpy(x), numpy(y), atol=1e-5)


def test_a_transition_computed_before_the_loop_changes_nothing():
    layer, u = built(S4DBlock(H, **SMALL)), ops.convert_to_tensor(noise(2, H))
    states = layer.get_initial_state(2)
    y, _ = layer.step(u, states)
    z, _ = layer.step(u, states, layer.transition())
    np.testing.assert_array_equal(numpy(y), numpy(z))


@pytest.mark.parametrize("make", [S4D, S4DBlock])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_right_padding_that_is_masked_changes_no_unmasked_step(make, bidirectional):
    layer, u = built(make(H, **SMALL, bidirectional=bidirectional)), noise(2, 30, H)
    mask = np.arange(30) < np.array([[20], [30]])
    padded = np.where(mask[..., None], u, 7.0).astype("float32")
    outputs = apply(layer, padded, mask=mask)
    np.testing.assert_allclose(outputs[0, :20], apply(layer, u[:1, :20])[0], atol=1e-4)
    np.testing.assert_allclose(outputs[1], apply(layer, u[1:])[0], atol=1e-4)


def test_the_mask_reaches_the_layers_behind():
    u = noise(2, 12, H)
    u[0, 7:] = 0.0
    inputs = keras.Input((None, H))
    block = S4DBlock(H, **SMALL)
    pooled = keras.layers.GlobalAveragePooling1D()(block(keras.layers.Masking()(inputs)))
    outputs = keras.Model(inputs, pooled).predict(u, verbose=0)
    expected = [apply(block, u[:1, :7]).mean((0, 1)), apply(block, u[1:]).mean((0, 1))]
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_one_model_takes_any_batch_size_and_any_length(bidirectional):
    inputs = keras.Input((None, H))
    block = S4DBlock(H, **SMALL, bidirectional=bidirectional)
    model = keras.Model(inputs, block(inputs))
    assert model.output_shape == (None, None, H)
    for batch, length in ((1, 5), (3, 70)):
        u = noise(batch, length, H)
        np.testing.assert_allclose(model.predict(u, verbose=0), apply(block, u), atol=1e-5)


def test_a_compiled_function_of_unknown_length_gives_the_same_outputs():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow traces with unknown shapes")
    import tensorflow as tf

    block = built(S4DBlock(H, **SMALL, bidirectional=True))
    traced = tf.function(block, input_signature=[tf.TensorSpec((None, None, H))])
    causal = built(S4D(H, **SMALL))
    chunked = tf.function(causal.chunk)
    for length in (1, 20, 45):
        u = noise(2, length, H)
        np.testing.assert_allclose(traced(u), block(u), atol=1e-4)
        y, _ = chunked(tf.constant(u), causal.get_initial_state(2))
        np.testing.assert_allclose(y, causal(u), atol=1e-4)


@pytest.mark.parametrize("make", [S4D, S4DBlock])
def test_mixed_precision_is_finite_and_near_float32(make):
    exact, mixed = built(make(H, **SMALL)), built(make(H, **SMALL, dtype="mixed_bfloat16"))
    mixed.set_weights(exact.get_weights())
    u = noise(2, 200, H)
    expected, outputs = apply(exact, u), compiled(lambda x: mixed(x))(u)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    scale = np.abs(expected).max()
    np.testing.assert_allclose(numpy(outputs) / scale, expected / scale, atol=0.02)
    by_steps = stream(mixed, u[:, :10])[0].astype("float32")
    np.testing.assert_allclose(by_steps / scale, expected[:, :10] / scale, atol=0.02)


def test_a_block_trains_in_mixed_precision():
    inputs = keras.Input((20, H))
    block = S4DBlock(H, **SMALL, dropout=0.1, dtype="mixed_bfloat16")
    model = keras.Model(inputs, block(inputs))
    before = [w.copy() for w in model.get_weights()]
    model.compile(keras.optimizers.AdamW(1e-2), "mse")
    loss = model.train_on_batch(noise(8, 20, H), noise(8, 20, H, seed=1))
    assert np.isfinite(loss)
    for old, new, weight in zip(before, model.get_weights(), model.weights, strict=True):
        assert np.isfinite(new).all()
        if "seed" not in weight.path:
            assert np.abs(new - old).max() > 0, weight.path


@pytest.mark.parametrize(
    "layer",
    [
        S4D(H, **SMALL, state_initializer="inv", discretization="bilinear", **STEPS, name="ssm"),
        S4D(H, **SMALL, state_initializer="legs", bidirectional=True),
        S4DBlock(
            H,
            **SMALL,
            state_initializer="real",
            discretization="bilinear",
            **STEPS,
            norm="post",
            dropout=0.2,
        ),
        S4DBlock(H, **SMALL, bidirectional=True, norm=None, dtype="mixed_bfloat16"),
    ],
)
def test_a_keras_file_gives_back_the_layer(layer, tmp_path):
    inputs = keras.Input((None, H))
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].get_config() == layer.get_config()
    u = noise(2, 25, H)
    np.testing.assert_allclose(apply(loaded, u), apply(model, u), atol=1e-6)


def test_dropout_drops_a_channel_for_a_whole_sequence():
    block = built(S4DBlock(100, **SMALL, dropout=0.5))
    dropped = numpy(block.drop(ops.ones((4, 9, 100)), training=True))
    assert set(np.unique(dropped)) == {0.0, 2.0}
    assert (dropped == dropped[:, :1]).all()
    assert (dropped[0] != dropped[1]).any()
    assert 0.4 < dropped.mean() / 2 < 0.6


def test_there_is_no_dropout_outside_training():
    block, u = built(S4DBlock(H, **SMALL, dropout=0.5)), noise(2, 9, H)
    plain = built(S4DBlock(H, **SMALL))
    for target, source in zip(plain.trainable_weights, block.trainable_weights, strict=True):
        target.assign(source)
    np.testing.assert_allclose(apply(block, u), apply(plain, u), atol=1e-6)
    np.testing.assert_allclose(apply(block, u, training=False), apply(plain, u), atol=1e-6)


@pytest.mark.parametrize("make", [S4D, S4DBlock])
def test_a_bidirectional_layer_says_that_it_cannot_stream(make):
    layer = built(make(H, **SMALL, bidirectional=True))
    zeros = [ops.zeros((1, H * N // 2))] * 2
    for attempt in (
        lambda: layer.get_initial_state(1),
        lambda: layer.step(ops.zeros((1, H)), zeros),
        lambda: layer.chunk(ops.zeros((1, 3, H)), zeros),
    ):
        with pytest.raises(ValueError, match="bidirectional=False"):
            attempt()


def test_an_argument_that_cannot_be_meant_is_refused_by_name():
    for arguments, message in (
        ({"units": 0}, "units"),
        ({"state_dimension": 7}, "even"),
        ({"state_initializer": "hippo"}, "'legs'"),
        ({"discretization": "euler"}, "'bilinear'"),
        ({"dt_min": 0.1, "dt_max": 0.01}, "dt_min <= dt_max"),
        ({"norm": "batch"}, "'post'"),
        ({"dropout": 1.0}, "dropout"),
    ):
        with pytest.raises(ValueError, match=message):
            S4DBlock(**{"units": H, **arguments})


def test_an_input_of_other_width_is_refused():
    with pytest.raises(ValueError, match="units=4, but the input has 3"):
        S4D(H, **SMALL)(noise(1, 5, 3))


OTHER_THAN_DEFAULT = {
    "units": 6,
    "state_dimension": 4,
    "state_initializer": "legs",
    "discretization": "bilinear",
    "dt_min": 0.01,
    "dt_max": 1.0,
    "bidirectional": True,
    "norm": "post",
    "dropout": 0.2,
}


@pytest.mark.parametrize("make", [S4D, S4DBlock])
def test_every_argument_is_in_the_config_changes_only_itself_and_survives_a_round_trip(make):
    names = {*StateSpaceArguments.names(), "bidirectional"}
    names |= {"norm", "dropout"} if make is S4DBlock else set()
    default = make(H, name="mine").get_config()
    assert default["units"] == H
    for name in names:
        config = make(**{"units": H, name: OTHER_THAN_DEFAULT[name]}, name="mine").get_config()
        assert {key for key in config if config[key] != default[key]} == {name}
        assert make.from_config(config).get_config() == config
        documented = StateSpaceArguments.__doc__ + make.__doc__
        documented += S4D.__doc__ if make is S4DBlock else ""
        assert re.search(rf"^ +[\w, ]*\b{name}\b[\w, ]*:", documented, re.MULTILINE), name
