"""S4D as a controller: features of all time steps at once, or step by step."""

import numpy as np
import pytest
from helpers import numpy, sequences, stream, tensors

from keras_s4ntm.layers import S4DNTM, S4DController
from keras_s4ntm.layers.controllers.s4d import polar

pytestmark = pytest.mark.dealt

SMALL = {"memory_size": 9, "memory_width": 4, "units": 6, "state_dimension": 4}
INPUT, READS = 5, 4


@pytest.mark.parametrize("discretization", ["zoh", "bilinear"])
def test_features_of_all_time_steps_are_those_of_single_steps(rng, discretization):
    controller = S4DController(6, blocks=2, state_dimension=4, discretization=discretization)
    assert controller.parallel
    controller.build(INPUT, READS)
    x = tensors([sequences(rng, time=20)])[0]
    expected = numpy(controller.features(x))
    constants, states = controller.constants(), controller.get_initial_state(3)
    for t in range(20):
        projected = controller.project_inputs(x[:, t])
        output, states = controller.step(projected, None, states, constants)
        np.testing.assert_allclose(numpy(output), expected[:, t], atol=1e-4)


FEEDBACK = [{"head_inputs": "features"}, {"head_inputs": "state", "blocks": 2}]


@pytest.mark.parametrize("options", FEEDBACK, ids=str)
def test_read_feedback_enters_the_state_space_of_the_next_step(rng, options):
    x = sequences(rng, time=7)
    layer = S4DNTM(
        **SMALL,
        **options,
        memory_initializer="random_normal",
        read_feedback=True,
        output="reads",
        return_sequences=True,
    )
    whole = numpy(layer(x))
    np.testing.assert_allclose(stream(layer, x)[0], whole, atol=1e-5)
    kernel = layer.cell.controller.feedback_kernel
    kernel.assign(kernel * 3)
    changed = numpy(layer(x))
    np.testing.assert_allclose(changed[:, 0], whole[:, 0], atol=1e-7)  # nothing read before
    assert (changed[:, 1:] != whole[:, 1:]).any(axis=-1).all()


def test_magnitude_and_phase_are_those_of_complex_numbers_and_of_zero_all_zero(rng):
    z = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    z[0, 0] = 0
    phase = np.angle(z)
    expected = np.stack([np.abs(z), np.cos(phase), np.sin(phase)])
    expected[:, 0, 0] = 0
    expected = np.concatenate(expected, -1)
    np.testing.assert_allclose(numpy(polar(*tensors([z.real, z.imag]))), expected, atol=1e-6)


def test_what_drives_the_heads_does_not_jump_where_the_phase_does():
    below, above = (numpy(polar(*tensors([[[-1.0]], [[y]]]))) for y in (-1e-4, 1e-4))
    np.testing.assert_allclose(below, above, atol=3e-4)


def test_heads_are_driven_by_magnitude_and_phase_of_the_state_and_the_output_stays_the_features(
    rng,
):
    options = {"blocks": 2, "state_dimension": 4, "read_feedback": True}
    controller = S4DController(6, **options, head_inputs="state")
    plain = S4DController(6, **options)
    assert not controller.parallel
    for each in (controller, plain):
        each.build(INPUT, READS)
    plain.set_weights(controller.get_weights())
    assert controller.output_size == plain.output_size == plain.drive_size == 6
    assert controller.drive_size == 3 * 6 * 2
    states, reads = controller.get_initial_state(3), tensors([rng.normal(size=(3, READS))])[0]
    for _ in range(3):
        projected = controller.project_inputs(*tensors([rng.normal(size=(3, INPUT))]))
        output, new = controller.step(projected, reads, states, controller.constants())
        features, same = plain.step(projected, reads, states, plain.constants())
        np.testing.assert_allclose(numpy(output), numpy(features), atol=1e-6)
        real, imaginary = (numpy(part) for part in same[-2:])
        z = real + 1j * imaginary
        driving = numpy(controller.drive(output, new))
        expected = np.concatenate([abs(z), z.real / abs(z), z.imag / abs(z)], -1)
        np.testing.assert_allclose(driving, expected, atol=1e-5)
        np.testing.assert_array_equal(numpy(plain.drive(features, same)), numpy(features))
        states = new


def test_survives_a_round_trip():
    controller = S4DController(
        6,
        blocks=2,
        state_dimension=4,
        dropout=0.1,
        input_variance=4.0,
        read_feedback=True,
        head_inputs="state",
        name="mine",
    )
    config = controller.get_config()
    again = S4DController.from_config(config)
    assert again.get_config() == config
    assert again.state_size == controller.state_size == [12, 12, 12, 12]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"head_inputs": "state"}, "head_inputs='state' needs read_feedback=True"),
        ({"head_inputs": "phase"}, "head_inputs must be one of"),
        ({"blocks": 0}, "blocks must be a positive integer"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"input_variance": 0}, "input_variance must be a positive number, got 0"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_meant_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        S4DController(6, **arguments)
