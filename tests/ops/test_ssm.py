"""S4D's equations against float64 NumPy, in complex arithmetic, written from the paper."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_s4ntm.ops import convolution, ssm

METHODS = ("zoh", "bilinear")
# FFT against recurrence, both in float32, outputs up to about 10.
TOLERANCE = {"zoh": 1e-4, "bilinear": 5e-4}


def random_system(initialization, channels=8, modes=32, seed=0):
    """Parameters in float32, as NumPy arrays: log_dt, log_a_real, a_imag, c."""
    rng = np.random.default_rng(seed)
    real, imag = ssm.INITIALIZATIONS[initialization](modes)
    arrays = (
        rng.uniform(np.log(1e-3), np.log(0.1), channels),
        np.tile(np.log(-real), (channels, 1)),
        np.tile(imag, (channels, 1)),
        rng.normal(0, np.sqrt(0.5), (channels, modes, 2)),
    )
    return [array.astype("float32") for array in arrays]


def joined_systems(modes=32):
    """Parameters of 12 channels: three of each initialization, in their order."""
    systems = [random_system(name, 3, modes) for name in ssm.INITIALIZATIONS]
    return [np.concatenate(parts) for parts in zip(*systems, strict=True)]


def compiled(function):
    """JAX compiles every single operation when it runs them one by one; this is quicker."""
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


def discretize64(log_dt, log_a_real, a_imag, method):
    """`(Abar, Bbar)`, complex128."""
    dt = np.exp(log_dt.astype("float64"))[:, None]
    a = -np.exp(log_a_real.astype("float64")) + 1j * a_imag
    if method == "zoh":
        return np.exp(dt * a), (np.exp(dt * a) - 1) / a
    return (1 + dt * a / 2) / (1 - dt * a / 2), dt / (1 - dt * a / 2)


def kernel64(log_dt, log_a_real, a_imag, c, method, length):
    a_bar, b_bar = discretize64(log_dt, log_a_real, a_imag, method)
    weights = (c[..., 0] + 1j * c[..., 1].astype("float64")) * b_bar
    powers = a_bar[:, None] ** np.arange(length)[:, None]
    return 2 * np.einsum("hn,hln->hl", weights, powers).real


def system(parameters, method="zoh"):
    """`(transition, c)` as tensors."""
    log_dt, log_a_real, a_imag, c = (ops.convert_to_tensor(p) for p in parameters)
    return ssm.discretize(log_dt, log_a_real, a_imag, method), c


def kernel(parameters, method, length):
    function = compiled(lambda *p: ssm.ssm_kernel(*system(p, method), length))
    return ops.convert_to_numpy(function(*parameters))


def zero_state(batch, channels, modes):
    return tuple(ops.zeros((batch, channels, modes)) for _ in range(2))


def test_lin_inv_and_real_are_the_formulas_of_the_paper():
    k, size = np.arange(4), 8
    np.testing.assert_allclose(ssm.s4d_lin(4), (np.full(4, -0.5), np.pi * k))
    inverse = size / np.pi * (size / (2 * k + 1) - 1)
    np.testing.assert_allclose(ssm.s4d_inv(4), (np.full(4, -0.5), inverse))
    np.testing.assert_allclose(ssm.s4d_real(4), (-(k + 1.0), np.zeros(4)))


@pytest.mark.parametrize("modes", [1, 8, 32])
def test_legs_are_the_eigenvalues_of_the_normal_part_of_hippo_legs(modes):
    size = 2 * modes
    matrix = np.zeros((size, size))
    for i in range(size):
        for j in range(i):
            matrix[i, j] = -np.sqrt(2 * i + 1) * np.sqrt(2 * j + 1)
        matrix[i, i] = -(i + 1)
    low_rank = np.sqrt(np.arange(size) + 0.5)
    eigenvalues = np.linalg.eigvals(matrix + np.outer(low_rank, low_rank))
    upper = eigenvalues[eigenvalues.imag > 0]
    upper = upper[np.argsort(upper.imag)]
    real, imag = ssm.s4d_legs(modes)
    np.testing.assert_allclose(real, upper.real, atol=1e-8)
    np.testing.assert_allclose(imag, upper.imag, rtol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_the_discretized_system_is_that_of_float64(method):
    parameters = joined_systems()
    transition, _ = compiled(lambda *p: system(p, method))(*parameters)
    decay, angle, real, imag = (ops.convert_to_numpy(part) for part in transition)
    a_bar, b_bar = discretize64(*parameters[:3], method)
    np.testing.assert_allclose(np.exp(decay + 1j * angle), a_bar, atol=2e-5)
    np.testing.assert_allclose(real + 1j * imag, b_bar, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_kernel_is_that_of_float64_for_every_initialization(method):
    parameters = joined_systems()
    expected = kernel64(*parameters, method, 784)
    np.testing.assert_allclose(kernel(parameters, method, 784), expected, atol=1e-5)


@pytest.mark.parametrize("length", [1, 32, 33])
def test_a_kernel_may_have_any_length(length):
    parameters = random_system("lin")
    expected = kernel64(*parameters, "zoh", length)
    np.testing.assert_allclose(kernel(parameters, "zoh", length), expected, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_kernel_of_16384_steps_is_finite_and_accurate(method):
    parameters = joined_systems(modes=8)
    values = kernel(parameters, method, 16384)
    assert np.isfinite(values).all()
    expected = kernel64(*parameters, method, 16384)
    np.testing.assert_allclose(values, expected, atol=1e-5)


def test_a_pole_at_minus_two_over_dt_is_finite_though_bilinear_maps_it_to_zero():
    parameters = [np.zeros(1), np.full((1, 1), np.log(2)), np.zeros((1, 1)), np.ones((1, 1, 2))]
    values = kernel([p.astype("float32") for p in parameters], "bilinear", 50)
    np.testing.assert_allclose(values, [[1.0] + 49 * [0.0]], atol=2e-3)


def test_a_mode_that_hardly_decays_is_finite():
    parameters = random_system("lin", channels=1, modes=2)
    parameters[1][:] = -200.0
    assert np.isfinite(kernel(parameters, "zoh", 100)).all()


@pytest.mark.parametrize("method", METHODS)
def test_fft_recurrent_and_chunked_form_agree_over_784_steps(method):
    transition, c = compiled(lambda *p: system(p, method))(*joined_systems())
    channels, modes = c.shape[:2]
    inputs = np.random.default_rng(1).normal(size=(2, 784, channels)).astype("float32")

    by_fft = compiled(
        lambda u, c: convolution.causal_convolution(u, ssm.ssm_kernel(transition, c, 784))
    )(inputs, c)

    step = compiled(lambda u, state: ssm.ssm_step(u, state, transition, c))
    last, by_steps = zero_state(2, channels, modes), []
    for t in range(784):
        y, last = step(ops.convert_to_tensor(inputs[:, t]), last)
        by_steps.append(ops.convert_to_numpy(y))
    by_steps = np.stack(by_steps, axis=1)

    state, chunks = zero_state(2, channels, modes), []
    convolve = compiled(lambda u, state: ssm.ssm_chunk(u, state, transition, c))
    for chunk in np.split(inputs, [1, 300], axis=1):
        y, state = convolve(ops.convert_to_tensor(chunk), state)
        chunks.append(ops.convert_to_numpy(y))

    for i, name in enumerate(ssm.INITIALIZATIONS):
        part = (..., slice(3 * i, 3 * i + 3))
        for other in (ops.convert_to_numpy(by_fft), np.concatenate(chunks, axis=1)):
            np.testing.assert_allclose(
                other[part], by_steps[part], atol=TOLERANCE[method], err_msg=name
            )
    for x, y in zip(last, state, strict=True):
        np.testing.assert_allclose(
            ops.convert_to_numpy(x), ops.convert_to_numpy(y), atol=TOLERANCE[method]
        )


@pytest.fixture(params=[True, False], ids=["fft", "matrices"])
def transforms(request, monkeypatch):
    """Where there is an FFT, and where there is none."""
    monkeypatch.setattr(convolution, "has_fft", lambda size: request.param)


@pytest.mark.usefixtures("transforms")
@pytest.mark.parametrize("length", [1, 64, 257])
def test_the_causal_convolution_is_the_sum_over_the_past(length):
    rng = np.random.default_rng(2)
    u, k = rng.normal(size=(2, length, 3)), rng.normal(size=(3, length))
    y = compiled(convolution.causal_convolution)(u.astype("float32"), k.astype("float32"))
    expected = [[np.convolve(u[b, :, h], k[h])[:length] for h in range(3)] for b in range(2)]
    np.testing.assert_allclose(
        ops.convert_to_numpy(y), np.transpose(expected, (0, 2, 1)), atol=1e-4
    )


@pytest.mark.usefixtures("transforms")
@pytest.mark.parametrize("length", [1, 2, 50])
def test_the_bidirectional_convolution_is_the_double_sum(length):
    rng = np.random.default_rng(3)
    u = rng.normal(size=(2, length, 3))
    forward, backward = rng.normal(size=(2, 3, length))
    expected = np.zeros_like(u)
    for i in range(length):
        for j in range(length):
            weight = forward[:, i - j] if j <= i else backward[:, j - i - 1]
            expected[:, i] += weight * u[:, j]
    y = compiled(convolution.bidirectional_convolution)(
        *(x.astype("float32") for x in (u, forward, backward))
    )
    np.testing.assert_allclose(ops.convert_to_numpy(y), expected, atol=1e-4)


def test_fft_lengths_are_even_at_least_double_and_have_small_factors():
    lengths = [convolution.fft_length(n) for n in range(1, 400)]
    assert all(size % 2 == 0 and size >= 2 * n for n, size in enumerate(lengths, 1))
    assert all(convolution.is_smooth(size) for size in lengths)
    assert convolution.fft_length(784) == 1600
