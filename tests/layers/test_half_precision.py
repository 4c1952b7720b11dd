"""float16 ends at 65,504. Whatever the inputs, nothing in a network is infinite or no number."""

from functools import partial

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, weight_gradients
from keras import ops

from keras_s4ntm.layers import (
    S4D,
    S4DNTM,
    DNCAccess,
    MemoryCell,
    MemoryRNN,
    S4DBlock,
    S4DController,
)

LARGE = 6e4
SIZES = {"memory_size": 9, "memory_width": 4}


def s4d_dnc(dtype):
    cell = MemoryCell(
        S4DController(6, dtype=dtype),
        DNCAccess(**SIZES, dtype=dtype),
        direct_inputs=True,
        dtype=dtype,
    )
    return MemoryRNN(cell, return_sequences=True, dtype=dtype)


NTM = partial(S4DNTM, 6, **SIZES, return_sequences=True)
STATE_SPACES = {
    "S4D": partial(S4D, 5),
    **{f"S4DBlock, norm {norm}": partial(S4DBlock, 5, norm=norm) for norm in ("pre", "post", None)},
}
LAYERS = {
    **STATE_SPACES,
    "S4DNTM": NTM,
    "S4DNTM, feedback": partial(NTM, read_feedback=True, head_inputs="state"),
    "S4DNTM, one access": partial(NTM, access_interval="sequence"),
    "S4D-DNC": s4d_dnc,
}


def inputs(rng, kind, time=42):
    """`(2, T, 5)`, as large as float16 has them: the same at all time steps, or random."""
    x = (
        np.full((2, time, 5), LARGE)
        if kind == "constant"
        else LARGE * rng.uniform(-1, 1, (2, time, 5))
    )
    return ops.convert_to_tensor(x, "float16")


@pytest.mark.dealt
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_are_finite_for_the_largest_inputs(rng, name):
    layer = LAYERS[name](dtype="mixed_float16")
    layer.build((2, 42, 5))
    call = compiled(lambda x: layer(x))
    for kind in ("constant", "random"):
        outputs = call(inputs(rng, kind))
        assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
        assert np.isfinite(numpy(outputs)).all(), kind


@pytest.mark.parametrize("name", STATE_SPACES)
def test_gradients_of_state_spaces_are_finite_for_the_largest_inputs(rng, name):
    layer = LAYERS[name](dtype="mixed_float16")
    x = inputs(rng, "random")
    layer.build(x.shape)
    gradients = weight_gradients(layer, lambda: ops.mean(ops.cast(layer(x), "float32")))
    for path, gradient in gradients.items():
        assert np.isfinite(gradient).all(), path


@pytest.mark.once
def test_training_finds_a_loss_scale_for_large_inputs(rng):
    keras.config.set_dtype_policy("mixed_float16")
    sequences = keras.Input((8, 5))
    outputs = keras.layers.Dense(1, dtype="float32")(NTM(head_noise=0.25)(sequences))
    model = keras.Model(sequences, outputs)
    model.compile("adam", "mse", jit_compile=keras.backend.backend() == "jax")
    x = numpy(inputs(rng, "random", time=8)) / 6
    losses = model.fit(x, np.ones((2, 8, 1)), epochs=80, verbose=0).history["loss"]
    assert model.optimizer.inner_optimizer.iterations > 20  # updates that were not skipped
    assert losses[-1] < losses[0]
    for weight in model.weights:
        assert np.isfinite(numpy(weight)).all(), weight.path
