"""Diagonal state spaces (S4D): initializations, discretization, kernel, recurrence.

Source: Gu, Gupta, Goel, Re 2022, "On the Parameterization and Initialization of Diagonal State
Space Models". Every channel is its own linear system of N/2 complex modes, each of which stands
for itself and its conjugate (hence the factor 2), with the input matrix B fixed to one:

    x' = A x + u,   y = 2 Re(C x) + D u

A complex tensor is a pair of real ones wherever gradients pass through it, because complex ones
have conjugate gradients on JAX. Only inside of the convolution, whose gradient is written out, are
there complex tensors (`convolution.py`).

Shapes: B batch, L time steps, H channels, n = N/2 modes of a channel.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from keras_s4ntm.ops.convolution import causal_convolution

# exp(-9.2): a slower decay than this per unit of time is 0/0 in the ZOH discretization.
LOG_DECAY_FLOOR = math.log(1e-4)


# --- Initializations of A: NumPy arrays (real, imag), each `(n,)`, float64 --------------------


def s4d_lin(modes):
    """S4D-Lin: `A_k = -1/2 + i pi k`, k = 0 .. n-1. The mode k=0 is real, and doubled all the
    same (section 4.1 and the authors' code)."""
    return np.full(modes, -0.5), np.pi * np.arange(modes)


def s4d_inv(modes):
    """S4D-Inv: `A_k = -1/2 + i (N/pi) (N / (2k+1) - 1)`, with N = 2n."""
    size = 2 * modes
    return np.full(modes, -0.5), size / np.pi * (size / (2 * np.arange(modes) + 1) - 1)


def s4d_legs(modes):
    """S4D-LegS: the eigenvalues with positive imaginary part of the normal part of HiPPO-LegS.

        S = A + P P^T:   S_ij = -sqrt((i+1/2)(j+1/2)) sign(i-j) - 1/2 [i=j],   i, j = 0 .. N-1

    S + 1/2 is skew-symmetric, so every real part is -1/2. In order of increasing frequency.
    """
    root = np.sqrt(np.arange(2 * modes) + 0.5)
    skew = -np.tril(np.outer(root, root), -1)
    frequencies = np.linalg.eigvalsh(-1j * (skew - skew.T))
    return np.full(modes, -0.5), frequencies[modes:]


def s4d_real(modes):
    """S4D-Real: `A_k = -(k+1)`, k = 0 .. n-1, without frequencies.

    As in S4D-Lin's mode k=0, a real mode counts twice and the imaginary part of C is without
    effect: the shapes are those of the other initializations. (The authors' code has N real
    modes instead, by doubling N.)
    """
    return -(np.arange(modes) + 1.0), np.zeros(modes)


INITIALIZATIONS = {"lin": s4d_lin, "inv": s4d_inv, "legs": s4d_legs, "real": s4d_real}


# --- Discretization ---------------------------------------------------------------------------


class Transition(NamedTuple):
    """One time step: `x_t = Abar x_{t-1} + Bbar u_t`, with `Abar = exp(decay + i angle)`.

    Each `(H, n)`.
    """

    decay: Any
    angle: Any
    input_real: Any
    input_imag: Any


def discretize(log_dt, log_a_real, a_imag, method="zoh"):
    """Discretization of `A = -exp(log_a_real) + i a_imag` with step `dt = exp(log_dt)`.

        zoh:       Abar = exp(dt A),                  Bbar = (Abar - 1) / A
        bilinear:  Abar = (1 + dt A/2)/(1 - dt A/2),  Bbar = dt / (1 - dt A/2)

    Args:
        log_dt: `(H,)`.
        log_a_real: `(H, n)`; below log(1e-4) it counts as log(1e-4).
        a_imag: `(H, n)`.
        method: `"zoh"` or `"bilinear"`.

    Returns:
        A `Transition`.
    """
    dt = ops.expand_dims(ops.exp(log_dt), -1)
    a_real = -ops.exp(ops.maximum(log_a_real, LOG_DECAY_FLOOR))
    real, imag = dt * a_real, dt * a_imag
    if method == "zoh":
        # exp(real + i imag) - 1 without cancellation; an ONNX file has no expm1.
        minus_one = ops.tanh(real / 2.0) * (ops.exp(real) + 1.0)
        minus_one_real = minus_one * ops.cos(imag) - 2.0 * ops.square(ops.sin(imag / 2.0))
        minus_one_imag = ops.exp(real) * ops.sin(imag)
        square = ops.square(a_real) + ops.square(a_imag)
        return Transition(
            decay=real,
            angle=imag,
            input_real=(minus_one_real * a_real + minus_one_imag * a_imag) / square,
            input_imag=(minus_one_imag * a_real - minus_one_real * a_imag) / square,
        )
    square = ops.square(1.0 - real / 2.0) + ops.square(imag / 2.0)  # |1 - dt A/2|^2
    # |Abar|^2 = 1 + 2 real / square, which is zero where dt A = -2: keep its logarithm finite.
    return Transition(
        decay=0.5 * ops.log1p(ops.maximum(2.0 * real / square, -1.0 + 1e-6)),
        angle=ops.arctan2(imag / 2.0, 1.0 + real / 2.0) + ops.arctan2(imag / 2.0, 1.0 - real / 2.0),
        input_real=dt * (1.0 - real / 2.0) / square,
        input_imag=dt * (imag / 2.0) / square,
    )


# --- Complex arithmetic with pairs ------------------------------------------------------------


def multiply(x, y):
    """`(real, imag)` of the product of two complex tensors, each a pair `(real, imag)`."""
    return x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]


def powers(transition, exponents):
    """`Abar^l` for each l of `exponents` `(L,)`, as a pair of `(H, L, n)`."""
    exponents = ops.expand_dims(ops.cast(exponents, "float32"), -1)
    size = ops.exp(exponents * ops.expand_dims(transition.decay, 1))
    phase = exponents * ops.expand_dims(transition.angle, 1)
    return size * ops.cos(phase), size * ops.sin(phase)


def split_complex(c):
    """`(..., 2)` as the pair `(real, imag)`."""
    return c[..., 0], c[..., 1]


# --- Convolutional form -----------------------------------------------------------------------


def ssm_kernel(transition, c, length):
    """The impulse response (section 3.3): `K_l = 2 Re sum_k C_k Bbar_k Abar_k^l`, l < L.

    With `l = block i + j` the power is a product `Abar^(block i) Abar^j`, and the sum over the
    modes a product of two small real matrices. Blocks of about sqrt(L) time steps take
    2 n sqrt(L) exponentials for a channel instead of n L, and no tensor of shape (H, n, L). Where
    the length is not known yet, blocks have 32.

    Args:
        transition: a `Transition`.
        c: `(H, n, 2)`, real and imaginary part of C.
        length: L, an integer or a scalar tensor.

    Returns:
        `(H, L)`.
    """
    block = 2 ** round(math.log2(length) / 2) if isinstance(length, int) else 32
    blocks = (length + block - 1) // block
    weights = multiply(split_complex(c), (transition.input_real, transition.input_imag))
    weights = [ops.expand_dims(part, 1) for part in weights]
    left_real, left_imag = multiply(weights, powers(transition, block * ops.arange(blocks)))
    left = ops.concatenate([left_real, -left_imag], axis=-1)
    right = ops.concatenate(powers(transition, ops.arange(block)), axis=-1)
    kernel = 2.0 * ops.matmul(left, ops.transpose(right, (0, 2, 1)))
    return ops.reshape(kernel, (c.shape[0], -1))[:, :length]


def add_skip(kernel, d):
    """The kernel `(H, L)` with the skip connection `D u`: D `(H,)` is added at lag 0."""
    return ops.concatenate([kernel[:, :1] + ops.expand_dims(d, -1), kernel[:, 1:]], axis=-1)


# --- Recurrent form ---------------------------------------------------------------------------


def ssm_step(inputs, state, transition, c):
    """One time step: `x_t = Abar x_{t-1} + Bbar u_t`, then `y_t = 2 Re sum_k C_k x_t`.

    Args:
        inputs: `(B, H)`.
        state: a pair `(real, imag)`, each `(B, H, n)`.
        transition: a `Transition`.
        c: `(H, n, 2)`.

    Returns:
        `(outputs, state)`: `(B, H)` and the new pair.
    """
    inputs = ops.expand_dims(inputs, -1)
    size = ops.exp(transition.decay)
    rotated = multiply((size * ops.cos(transition.angle), size * ops.sin(transition.angle)), state)
    real = rotated[0] + transition.input_real * inputs
    imag = rotated[1] + transition.input_imag * inputs
    outputs = 2.0 * ops.sum(c[..., 0] * real - c[..., 1] * imag, axis=-1)
    return outputs, (real, imag)


def ssm_chunk(inputs, state, transition, c):
    """A whole chunk of a sequence from a given state, in parallel; also the state after it.

        y_l = sum_{j <= l} K_{l-j} u_j + 2 Re sum_k C_k Abar_k^(l+1) x_k
        x' = Abar^L x + sum_j Abar^(L-1-j) Bbar u_j

    Needs memory for (H, n, L) numbers: cut a long sequence into several chunks.

    Args:
        inputs: `(B, L, H)`.
        state: a pair `(real, imag)`, each `(B, H, n)`.
        transition: a `Transition`.
        c: `(H, n, 2)`.

    Returns:
        `(outputs, state)`: `(B, L, H)` and the new pair.
    """
    length = ops.shape(inputs)[1]
    outputs = causal_convolution(inputs, ssm_kernel(transition, c, length))
    real, imag = powers(transition, ops.arange(length + 1))  # (H, L+1, n)
    state = [ops.transpose(part, (1, 0, 2)) for part in state]  # (H, B, n)

    weights = [ops.expand_dims(part, 1) for part in split_complex(c)]
    out_real, out_imag = multiply(weights, (real[:, 1:], imag[:, 1:]))
    from_state = ops.matmul(out_real, ops.transpose(state[0], (0, 2, 1))) - ops.matmul(
        out_imag, ops.transpose(state[1], (0, 2, 1))
    )  # (H, L, B)
    outputs = outputs + 2.0 * ops.transpose(from_state, (2, 1, 0))

    past = [ops.flip(part[:, :-1], axis=1) for part in (real, imag)]  # Abar^(L-1-j)
    inputs = ops.transpose(inputs, (2, 0, 1))  # (H, B, L)
    driven = [ops.matmul(inputs, part) for part in past]  # (H, B, n)
    driven = multiply(
        driven, [ops.expand_dims(b, 1) for b in (transition.input_real, transition.input_imag)]
    )
    decayed = multiply(state, (real[:, -1:], imag[:, -1:]))
    new_state = [ops.transpose(x + y, (1, 0, 2)) for x, y in zip(decayed, driven, strict=True)]
    return outputs, tuple(new_state)
