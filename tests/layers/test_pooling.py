"""The mean over time: whole, masked and as a stream."""

import numpy as np
from helpers import numpy, tensors

from keras_s4ntm.layers import MeanOverTime


def test_mean_of_unmasked_steps(rng):
    x = rng.normal(size=(3, 7, 4)).astype("float32")
    layer = MeanOverTime()
    np.testing.assert_allclose(numpy(layer(x)), x.mean(1), atol=1e-6)
    mask = rng.random((3, 7)) < 0.5
    mask[0] = False
    expected = [row[m].mean(0) if m.any() else np.zeros(4) for row, m in zip(x, mask, strict=True)]
    masked = numpy(layer(x, mask=tensors([mask])[0] > 0))
    np.testing.assert_allclose(masked, expected, atol=1e-6)


def test_a_stream_gives_the_mean_so_far(rng):
    x = rng.normal(size=(3, 7, 4)).astype("float32")
    layer = MeanOverTime()
    layer.build(x.shape)
    states = layer.get_initial_state(3)
    for t in range(7):
        mean, states = layer.step(tensors([x[:, t]])[0], states)
        np.testing.assert_allclose(numpy(mean), x[:, : t + 1].mean(1), atol=1e-6)
