"""The access of the NTM with its gradient written out: the same as the one in the paper's words."""

import itertools

import keras
import numpy as np
import pytest

from keras_s4ntm.layers.ntm.access import NTMAccess

if keras.backend.backend() != "torch":
    pytest.skip("is for PyTorch only", allow_module_level=True)

import torch

from keras_s4ntm.backend.torch_access import WrittenOutNTMAccess

SLOTS, WIDTH = 7, 4
CASES = list(itertools.product((1, 2), (1, 2), (1, 2), ("write-first", "read-first")))


def accessed(rng, write_heads, read_heads, shift_range, order):
    """An access, and what its step takes: float64 tensors that ask for gradients."""
    access = NTMAccess(
        memory_size=SLOTS,
        memory_width=WIDTH,
        read_heads=read_heads,
        write_heads=write_heads,
        shift_range=shift_range,
        order=order,
    )
    weights = rng.dirichlet(np.ones(SLOTS), (3, write_heads + read_heads))
    tensors = [
        torch.tensor(x, requires_grad=True)
        for x in (
            rng.normal(size=(3, access.interface_size)),
            rng.normal(size=(3, WIDTH, SLOTS)),
            weights,
        )
    ]
    return access, tensors, (write_heads, order == "write-first")


@pytest.mark.parametrize(("write_heads", "read_heads", "shift_range", "order"), CASES)
def test_values_and_gradients_equal_those_of_the_plain_access(
    rng, write_heads, read_heads, shift_range, order
):
    access, tensors, options = accessed(rng, write_heads, read_heads, shift_range, order)
    *plain, _ = access.move_write_read(*tensors, *options)
    written_out = WrittenOutNTMAccess.apply(*tensors, *options)
    upstream = [torch.tensor(rng.normal(size=x.shape)) for x in plain]
    for actual, expected in zip(
        (*written_out, *torch.autograd.grad(written_out, tensors, upstream)),
        (*plain, *torch.autograd.grad(plain, tensors, upstream)),
        strict=True,
    ):
        # `keras.ops` computes some of the plain one in float32.
        np.testing.assert_allclose(actual.detach(), expected.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("write_heads", "read_heads", "shift_range", "order"), CASES[::5])
def test_gradients_are_those_of_finite_differences(
    rng, write_heads, read_heads, shift_range, order
):
    _, tensors, options = accessed(rng, write_heads, read_heads, shift_range, order)
    assert torch.autograd.gradcheck(lambda *x: WrittenOutNTMAccess.apply(*x, *options), tensors)


def test_an_empty_memory_and_heads_at_one_slot_have_finite_gradients():
    access = NTMAccess(memory_size=SLOTS, memory_width=WIDTH)
    weights = torch.zeros(3, 2, SLOTS)
    weights[..., 0] = 1.0
    tensors = [torch.zeros(3, access.interface_size), torch.zeros(3, WIDTH, SLOTS), weights]
    tensors = [x.requires_grad_() for x in tensors]
    results = WrittenOutNTMAccess.apply(*tensors, 1, True)
    gradients = torch.autograd.grad([x.sum() for x in results], tensors)
    assert all(torch.isfinite(x).all() for x in (*results, *gradients))


def test_layers_run_on_it(monkeypatch, rng):
    from keras_s4ntm import NTM

    calls = []
    apply = WrittenOutNTMAccess.apply
    monkeypatch.setattr(WrittenOutNTMAccess, "apply", lambda *x: calls.append(x) or apply(*x))
    NTM(3, memory_size=SLOTS, memory_width=WIDTH)(rng.normal(size=(2, 5, 3)).astype("float32"))
    assert len(calls) >= 5
