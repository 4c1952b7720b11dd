"""Networks of which everything, weights too, is in another dtype than float32."""

import keras
import numpy as np
import pytest

from keras_s4ntm.layers import DNC, NTM, S4DNTM

pytestmark = pytest.mark.dealt

LAYERS = {"NTM": NTM, "DNC": DNC, "S4DNTM": S4DNTM}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_a_network_in_any_dtype_trains(rng, name, dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 unless it is switched on")
    layer = LAYERS[name](6, memory_size=9, memory_width=4, dtype=dtype)
    inputs = keras.Input((None, 5))
    model = keras.Model(inputs, keras.layers.Dense(1, dtype="float32")(layer(inputs)))
    model.compile("sgd", "mse", jit_compile=keras.backend.backend() != "torch")
    x = rng.normal(size=(3, 4, 5)).astype("float32")
    losses = model.fit(x, np.ones((3, 1)), epochs=3, verbose=0).history["loss"]
    assert layer.cell.access.memory.initial.dtype == dtype
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
