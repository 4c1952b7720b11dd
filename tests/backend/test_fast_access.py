"""Which form of the NTM's memory access runs where."""

import keras
import pytest
from helpers import numpy

from keras_s4ntm.backend.fast_access import fast_ntm_access
from keras_s4ntm.layers import NTMAccess, ReadHead

ON_TORCH = keras.backend.backend() == "torch"


def plain(interface, memory, weights, write_heads, write_first):
    """Stands for `NTMAccess.move_write_read`."""


def test_the_gradient_is_written_out_on_pytorch_only():
    assert (fast_ntm_access(plain) is plain) == (not ON_TORCH)


@pytest.mark.skipif(not ON_TORCH, reason="is for PyTorch only")
def test_the_compiler_gets_the_plain_access():
    import torch
    from torch.fx.experimental.proxy_tensor import make_fx

    chosen = []

    def step(x):
        chosen.append(fast_ntm_access(plain))
        return x + 1

    make_fx(step, tracing_mode="fake")(torch.ones(1))
    assert chosen == [plain]


def test_a_subclass_that_changes_the_step_or_a_head_is_not_replaced_by_a_fast_form(rng):
    class Silent(NTMAccess):
        def move_write_read(self, *arguments):
            memory, weights, reads, quantities = super().move_write_read(*arguments)
            return memory, weights, keras.ops.zeros_like(reads), quantities

    class FarReadHead(ReadHead):
        def addressing(self, interface):
            addressing = super().addressing(interface)
            return addressing._replace(key=keras.ops.ones_like(addressing.key))

    sizes = {"memory_size": 6, "memory_width": 3}
    hidden = keras.ops.convert_to_tensor(rng.normal(size=(2, 5)).astype("float32"))

    def reads_of(access):
        if not access.built:
            access.build((None, 5))
        state, _ = access(hidden, access.get_initial_state(2))
        state, _ = access(hidden, state)
        return numpy(state.reads)

    assert (reads_of(Silent(**sizes)) == 0).all()
    changed, plain = NTMAccess(**sizes), NTMAccess(**sizes)
    changed.read_head = FarReadHead(3, name="read_head")
    for access in (changed, plain):
        access.build((None, 5))
    for own, other in zip(changed.weights, plain.weights, strict=True):
        own.assign(other)
    assert (reads_of(changed) != reads_of(plain)).any()
