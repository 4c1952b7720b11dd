"""The interface vector of the DNC: its layout, its bounds, and how it starts."""

import dnc_oracle as oracle
import numpy as np
import pytest
from helpers import numpy, tensors
from keras import ops

from keras_s4ntm.layers import DNCAccess

REVISED = {"content_masking": True, "mask_floor": 0.1, "deallocation": True, "link_sharpness": True}
SMALL = {"memory_size": 7, "memory_width": 4, "read_heads": 2}
# How presets let a DNC start: writing to free slots, reading forward, with large contents.
STARTS = {
    "free_gate_bias": -4.0,
    "allocation_gate_bias": 3.0,
    "write_gate_bias": 3.0,
    "backward_mode_bias": -2.0,
    "forward_mode_bias": 1.0,
    "read_key_scale": 3.0,
    "add_scale": 3.0,
}


@pytest.mark.parametrize("options", [{}, REVISED], ids=str)
def test_interface_vector_has_the_layout_and_the_bounds_of_the_paper(rng, options):
    access = DNCAccess(**SMALL, **options)
    size = access.interface_size
    assert size == 2 * 4 + 3 * 4 + 5 * 2 + 3 + ((2 * 4 + 4 + 2 * 2) if options else 0)
    xi = 30 * rng.normal(size=(3, size))  # far into every bound
    parts = numpy(access.interface.parts(*tensors([xi])))
    assert set(parts) == set(access.interface.shapes)
    for i, row in enumerate(xi):
        expected = oracle.interface(row, access.get_config())
        assert set(parts) == set(expected)
        for name, value in parts.items():
            np.testing.assert_allclose(
                value[i].reshape(-1), expected[name].reshape(-1), rtol=1e-5, atol=1e-6, err_msg=name
            )


def test_with_these_biases_heads_start_writing_to_free_slots_and_reading_forward():
    access = DNCAccess(**SMALL, **STARTS)
    access.build((None, 300))
    parts = numpy(access.interface.parts(access.project(ops.zeros((1, 300)))))
    assert parts["write_gate"] > 0.9
    assert parts["allocation_gate"] > 0.9
    assert (parts["free_gates"] < 0.05).all()
    assert (np.diff(parts["read_modes"]) > 0).all()  # backward, content, forward


def test_initial_biases_are_those_of_the_gates_and_modes_that_they_name():
    access = DNCAccess(**SMALL, **STARTS)
    access.build((None, 300))
    parts = numpy(access.interface.parts(access.project(ops.zeros((1, 300)))))

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    np.testing.assert_allclose(parts["free_gates"], sigmoid(-4), rtol=1e-5)
    np.testing.assert_allclose(parts["allocation_gate"], sigmoid(3), rtol=1e-5)
    np.testing.assert_allclose(parts["write_gate"], sigmoid(3), rtol=1e-5)
    modes = np.exp([-2, 0, 1])
    np.testing.assert_allclose(parts["read_modes"], [[modes / modes.sum()] * 2], rtol=1e-5)
    for name in ("read_keys", "write_key", "add"):
        assert (parts[name] == 0).all()


def test_weights_of_read_keys_and_add_vectors_start_larger_by_the_factors_asked_for():
    access = DNCAccess(**SMALL, read_key_scale=3.0, add_scale=5.0)
    access.build((None, 300))
    interface = access.interface
    bound = np.sqrt(6 / (300 + interface.size))  # Glorot's
    scales = interface.flat({"read_keys": 3.0, "add": 5.0}, 1.0)
    assert set(scales) == {1.0, 3.0, 5.0}
    largest = np.abs(numpy(interface.kernel.value)).max(0)
    assert (0.8 * scales * bound < largest).all()
    assert (largest <= scales * bound).all()
    content = interface.flat(dict.fromkeys(("read_keys", "write_key", "erase", "add"), True), False)
    np.testing.assert_array_equal(access.is_content, content)
