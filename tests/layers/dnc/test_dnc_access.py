"""One access to the memory of a DNC: every state and every quantity of it."""

import dnc_oracle as oracle
import numpy as np
import pytest
from helpers import numpy, tensors

from keras_s4ntm.layers import DNCAccess

pytestmark = pytest.mark.dealt

REVISED = {"content_masking": True, "mask_floor": 0.1, "deallocation": True, "link_sharpness": True}


@pytest.mark.parametrize(
    "options",
    [{}, {"order": "read-first"}, {"sparse_links": 3}, REVISED, {**REVISED, "order": "read-first"}],
    ids=str,
)
def test_a_traced_step_hands_out_the_states_and_quantities_of_the_numpy_transcription(rng, options):
    access = DNCAccess(memory_size=7, memory_width=4, read_heads=2, **options)
    access.build((None, 3))
    access.memory.initial.assign(rng.normal(size=(7, 4)))
    config = access.get_config()
    initial = numpy(access.memory.initial.value).astype("float64")
    expected = [oracle.initial_state(config, initial) for _ in range(3)]
    state = access.get_initial_state(3)
    for _ in range(6):
        interface = rng.normal(size=(3, access.interface_size))
        expected, named = zip(
            *(oracle.step(xi, one, config) for xi, one in zip(interface, expected, strict=True)),
            strict=True,
        )
        state, quantities = access.step(*tensors([interface]), state, trace=True)
        assert set(quantities) == set(access.interface.shapes) | {
            "retention",
            "allocation",
            "write_content",
            "read_content",
            "forward",
            "backward",
        }
        for i in range(3):
            assert set(named[i]) == set(quantities)
            for name, quantity in quantities.items():
                np.testing.assert_allclose(
                    numpy(quantity)[i].reshape(-1),
                    named[i][name].reshape(-1),
                    atol=1e-4,
                    err_msg=name,
                )
            memory, usage, precedence, links, write_weights, read_weights, reads = expected[i]
            states = {
                "memory": memory.T,
                "usage": usage,
                "precedence": precedence,
                "links": links,
                "write_weights": write_weights,
                "read_weights": read_weights,
                "reads": reads.reshape(-1),
            }
            if "sparse_links" in options:  # the same links, stored otherwise
                del states["links"]
            for name, value in states.items():
                actual = numpy(getattr(state, name))[i]
                np.testing.assert_allclose(actual, value, atol=1e-4, err_msg=name)


def test_the_quantities_of_a_step_beside_the_interface_are_those_that_the_documentation_names(rng):
    access = DNCAccess(memory_size=7, memory_width=4)
    access.build((None, 3))
    hidden = tensors([rng.normal(size=(2, 3))])[0]
    _, quantities = access(hidden, access.get_initial_state(2), trace=True)
    for name in set(quantities) - set(access.interface.shapes):
        assert f"`{name}`" in DNCAccess.__doc__, name
