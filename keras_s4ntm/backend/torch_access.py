"""One step of a Neural Turing Machine's memory access on PyTorch, with its gradient written out.

Where the loop over time is not compiled (`torch_loop.py`), PyTorch runs operation by operation and
records each for the backward pass. Here the chain rule is written out, so that nothing is recorded
and the same equations take fewer operations; `docs/performance.md` shows what that saves.
`NTMAccess.move_write_read` (`layers/ntm/access.py`) says the same in the words of the paper; the
tests hold this against it, values and gradients.

Shapes: B batch, H heads (W write heads, then R read heads), N memory slots, M their width, S shift
range. In the backward pass `d_x` is the derivative of the loss by `x`.
"""

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import softplus

from keras_s4ntm.conventions import COSINE_EPSILON, NORM_EPSILON, SHARPENING_EPSILON


class WrittenOutNTMAccess(torch.autograd.Function):
    """`apply` takes what `NTMAccess.move_write_read` takes. It returns the memory, the weights and
    the read vectors, but not the quantities of the step.
    """

    @staticmethod
    def forward(ctx, interface, memory, weights, write_heads, write_first):
        width, heads = memory.shape[1], weights.shape[1]
        writing, addressing = split(interface, width, heads, write_heads)
        key = torch.tanh(addressing[..., :width])
        unbounded = addressing[..., width : width + 3 : 2]  # strength and gamma
        positive = softplus(unbounded)
        strength, gamma = positive[..., :1], 1.0 + positive[..., 1:]
        gate = torch.sigmoid(addressing[..., width + 1 : width + 2])
        shift = torch.softmax(addressing[..., width + 3 :], -1)
        erase, add = torch.sigmoid(writing[..., :width]), torch.tanh(writing[..., width:])

        # Content (equations 5 and 6).
        key_norm = (key.square().sum(-1, keepdim=True) + NORM_EPSILON).sqrt()
        slot_norm = (memory.square().sum(1, keepdim=True) + NORM_EPSILON).sqrt()
        norms = torch.baddbmm(key_norm.new_full((), COSINE_EPSILON), key_norm, slot_norm)
        cosine = torch.bmm(key, memory).div_(norms)
        content = torch.softmax(strength * cosine, -1)
        # Interpolation (7), shift (8), sharpening (9).
        gated = torch.lerp(weights, content, gate)
        shifted = convolve(gated, shift)
        log = (shifted + SHARPENING_EPSILON).log_()
        new_weights = torch.softmax(gamma * log, -1)
        # Writing (3 and 4), reading (2).
        at, places = new_weights[:, :write_heads], new_weights[:, write_heads:]
        kept = [memory]
        for head in range(write_heads):
            kept.append(kept[-1] * keep(erase, at, head))
        written = torch.baddbmm(kept[-1], add.mT, at)
        read_from = written if write_first else memory
        reads = torch.bmm(places, read_from.mT)

        ctx.write_first = write_first
        ctx.save_for_backward(
            weights, key, unbounded, strength, gamma, gate, shift, erase, add, key_norm, slot_norm,
            norms, cosine, content, gated, shifted, log, new_weights, read_from, *kept[:-1],
        )  # fmt: skip
        return written, new_weights, reads.flatten(1)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_written, d_weights, d_reads):
        (
            weights, key, unbounded, strength, gamma, gate, shift, erase, add, key_norm, slot_norm,
            norms, cosine, content, gated, shifted, log, new_weights, read_from, *kept,
        ) = ctx.saved_tensors  # fmt: skip
        memory, write_heads = kept[0], len(kept)
        d_reads = d_reads.unflatten(1, (-1, memory.shape[1]))
        at, places = new_weights[:, :write_heads], new_weights[:, write_heads:]

        # Reading.
        d_places = torch.bmm(d_reads, read_from)
        if ctx.write_first:
            d_written = torch.baddbmm(d_written, d_reads.mT, places)
        # Writing: the last head's erasing first.
        d_add = torch.bmm(at, d_written.mT)
        d_at = torch.bmm(add, d_written)
        d_memory, d_erase = d_written, []
        for head in reversed(range(write_heads)):
            one = slice(head, head + 1)
            d_factor = d_memory * kept[head]
            d_erase.insert(0, -torch.bmm(at[:, one], d_factor.mT))
            d_at[:, one] -= torch.bmm(erase[:, one], d_factor)
            d_memory = d_memory * keep(erase, at, head)
        d_erase = torch.cat(d_erase, 1)
        if not ctx.write_first:
            d_memory = torch.baddbmm(d_memory, d_reads.mT, places)
        # Sharpening, shift, interpolation.
        d_weights = d_weights + torch.cat([d_at, d_places], 1)
        d_powers = softmax_backward(d_weights, new_weights)
        d_gamma = (d_powers * log).sum(-1, keepdim=True)
        d_shifted = (gamma * d_powers).div_(shifted + SHARPENING_EPSILON)
        d_shift = correlate(gated, d_shifted, shift.shape[-1])
        d_gated = convolve(d_shifted, shift.flip(-1))
        d_gate = (d_gated * (content - weights)).sum(-1, keepdim=True)
        d_content = gate * d_gated
        d_weights = d_gated - d_content
        # Content.
        d_scaled = softmax_backward(d_content, content)
        d_strength = (d_scaled * cosine).sum(-1, keepdim=True)
        d_dot = (strength * d_scaled).div_(norms)
        d_norms = d_dot * cosine  # times -1
        d_key = torch.bmm(d_dot, memory.mT)
        d_key.addcmul_(key, torch.bmm(d_norms, slot_norm.mT).div_(key_norm), value=-1)
        d_memory.baddbmm_(key.mT, d_dot)
        d_memory.addcmul_(memory, torch.bmm(key_norm.mT, d_norms).div_(slot_norm), value=-1)

        # Through tanh, softplus, sigmoid and softmax to the interface vector.
        d_writing = torch.cat([d_erase * erase * (1 - erase), d_add * (1 - add * add)], -1)
        d_unbounded = torch.cat([d_strength, d_gamma], -1) * torch.sigmoid(unbounded)
        d_addressing = torch.cat(
            [
                d_key * (1 - key * key),
                d_unbounded[..., :1],
                d_gate * gate * (1 - gate),
                d_unbounded[..., 1:],
                softmax_backward(d_shift, shift),
            ],
            -1,
        )
        d_interface = torch.cat(
            [
                torch.cat([d_addressing[:, :write_heads], d_writing], -1).flatten(1),
                d_addressing[:, write_heads:].flatten(1),
            ],
            -1,
        )
        return d_interface, d_memory, d_weights, None, None


def split(interface, width, heads, write_heads):
    """What of the interface vector is for writing, `(B, W, 2M)`, and for the addressing of all
    heads, `(B, H, A)`.
    """
    size = (interface.shape[1] - 2 * width * write_heads) // heads
    end = write_heads * (size + 2 * width)
    write_interface = interface[:, :end].unflatten(1, (write_heads, -1))
    read_interface = interface[:, end:].unflatten(1, (heads - write_heads, size))
    addressing = torch.cat([write_interface[..., :size], read_interface], 1)
    return write_interface[..., size:], addressing


def keep(erase, at, head):
    """What a write head leaves of every number in the memory: `1 - e w`, `(B, M, N)`."""
    one = slice(head, head + 1)
    return torch.baddbmm(erase.new_ones(()), erase[:, one].mT, at[:, one], alpha=-1)


def ring(weights, reach):
    """The weights with their neighbors across the ends: `(B, H, S + N + S)`."""
    return torch.cat([weights[..., -reach:], weights, weights[..., :reach]], -1)


def convolve(weights, shift):
    """Entry j of `shift` moves the weights by j - S."""
    width, slots = shift.shape[-1], weights.shape[-1]
    around = ring(weights, width // 2)
    result = shift[..., :1] * around[..., width - 1 :]
    for j in range(1, width):
        result.addcmul_(shift[..., j : j + 1], around[..., width - 1 - j : width - 1 - j + slots])
    return result


def correlate(weights, d_shifted, width):
    """The derivative by the shift of weights: `(B, H, 2S+1)`."""
    around = ring(weights, width // 2).unfold(-1, width, 1)
    return torch.matmul(d_shifted.unsqueeze(-2), around).squeeze(-2).flip(-1)


def softmax_backward(d_result, result):
    """The derivative through a softmax over the last axis."""
    product = d_result * result
    return product.addcmul_(result, product.sum(-1, keepdim=True), value=-1)
