"""Which form of the NTM's memory access runs where."""

import keras
import pytest

from keras_s4ntm.backend.fast_access import fast_ntm_access

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
