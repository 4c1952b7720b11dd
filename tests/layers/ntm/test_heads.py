"""The heads of an NTM as layers of their own."""

import keras
import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.layers import ReadHead, WriteHead


def test_weights_of_content_start_larger_by_the_factor_asked_for():
    head = WriteHead(memory_width=4, heads=2, content_scale=3.0)
    head.build((None, 200))
    kernel = np.abs(numpy(head.kernel.value)).reshape(200, 2, 18)
    bound = np.sqrt(6 / (200 + 36))  # Glorot's
    content = np.r_[:4, 10:18]  # key, erase, add; between them strength, gate, gamma, shift
    assert (kernel[..., 4:10].max((0, 1)) <= bound).all()
    assert (kernel[..., content].max((0, 1)) > 2.5 * bound).all()
    assert (kernel[..., content].max((0, 1)) <= 3 * bound).all()
    np.testing.assert_array_equal(
        head.is_content.reshape(2, 18), [np.isin(np.arange(18), content)] * 2
    )


@pytest.mark.parametrize("kind", [ReadHead, WriteHead])
def test_parameters_of_heads_are_within_their_bounds(rng, kind):
    head = kind(4, heads=3, shift_range=2)
    controller_output = tensors([30 * rng.normal(size=(5, 6))])[0]
    addressing, *vectors = (
        head(controller_output) if kind is WriteHead else [head(controller_output)]
    )
    shapes = {"key": (4,), "strength": (), "gate": (), "shift": (5,), "gamma": ()}
    for name, shape in shapes.items():
        assert getattr(addressing, name).shape == (5, 3, *shape), name
    key, strength, gate, shift, gamma = numpy(tuple(addressing))
    assert np.abs(key).max() <= 1
    assert strength.min() >= 0
    assert 0 <= gate.min() <= gate.max() <= 1
    np.testing.assert_allclose(shift.sum(-1), 1, rtol=1e-5)
    assert gamma.min() >= 1
    if vectors:
        erase, add = numpy(vectors)
        assert erase.shape == add.shape == (5, 3, 4)
        assert 0 <= erase.min() <= erase.max() <= 1
        assert np.abs(add).max() <= 1


@pytest.mark.parametrize("kind", [ReadHead, WriteHead])
def test_heads_survive_a_round_trip(kind):
    head = kind(
        4,
        heads=2,
        shift_range=2,
        strength_bias=[1.0, 2.0],
        interpolation_bias=-3.0,
        shift_bias=3.0,
        content_scale=0.1,
        name="mine",
    )
    config = head.get_config()
    again = kind.from_config(config)
    assert again.get_config() == config
    for each in (head, again):
        each.build((None, 6))
    np.testing.assert_array_equal(numpy(again.bias.value), numpy(head.bias.value))
    assert keras.saving.get_registered_name(kind) == f"keras_s4ntm>{kind.__name__}"
