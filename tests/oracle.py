"""Graves 2014 in plain NumPy, transcribed from the paper with loops: the oracle of the tests."""

import numpy as np

COSINE_EPSILON = 1e-3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def cosine(u, v):
    """Equation 6, with the epsilons of `keras_s4ntm.ops.addressing`."""
    norms = np.sqrt((u**2).sum() + 1e-12) * np.sqrt((v**2).sum() + 1e-12)
    return (u @ v) / (norms + COSINE_EPSILON)


def content_weights(memory, key, strength):
    """Equation 5."""
    result = np.zeros((*key.shape[:2], memory.shape[1]), memory.dtype)
    for b, h in np.ndindex(key.shape[:2]):
        scores = np.array([strength[b, h] * cosine(key[b, h], row) for row in memory[b]])
        result[b, h] = softmax(scores)
    return result


def interpolate(content, previous, gate):
    """Equation 7."""
    return gate[..., None] * content + (1 - gate[..., None]) * previous


def circular_shift(weights, shift):
    """Equation 8: entry j of `shift` moves the focus by j - S."""
    slots, reach = weights.shape[-1], shift.shape[-1] // 2
    result = np.zeros_like(weights)
    for i in range(slots):
        for j in range(shift.shape[-1]):
            result[..., (i + j - reach) % slots] += weights[..., i] * shift[..., j]
    return result


def sharpen(weights, gamma):
    """Equation 9."""
    powers = weights ** gamma[..., None]
    return powers / powers.sum(-1, keepdims=True)


def address(memory, previous, key, strength, gate, shift, gamma):
    """Figure 2."""
    weights = interpolate(content_weights(memory, key, strength), previous, gate)
    return sharpen(circular_shift(weights, shift), gamma)


def read(memory, weights):
    """Equation 2."""
    return np.stack([w @ m for w, m in zip(weights, memory, strict=True)])


def write(memory, weights, erase, add):
    """Equations 3 and 4; all heads erase, then all heads add."""
    result = memory.copy()
    for b, h in np.ndindex(weights.shape[:2]):
        result[b] *= 1 - np.outer(weights[b, h], erase[b, h])
    for b, h in np.ndindex(weights.shape[:2]):
        result[b] += np.outer(weights[b, h], add[b, h])
    return result


def lstm_step(x, below, hidden, carry, input_kernel, recurrent_kernel, bias):
    """An LSTM step on `[x; below; hidden]`; gates in the order input, forget, candidate, output."""
    gates = np.concatenate([below, hidden], -1) @ recurrent_kernel + bias
    if input_kernel is not None:
        gates = gates + x @ input_kernel
    i, f, g, o = np.split(gates, 4, -1)
    carry = sigmoid(f) * carry + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(carry), carry


def addressing(numbers, width):
    """What the raw numbers of a head mean (section 3.3)."""
    return {
        "key": np.tanh(numbers[..., :width]),
        "strength": softplus(numbers[..., width]),
        "gate": sigmoid(numbers[..., width + 1]),
        "gamma": 1 + softplus(numbers[..., width + 2]),
        "shift": softmax(numbers[..., width + 3 :]),
    }


def initial_state(config, memory, batch):
    """Memory `(B, N, M)`, weights of the write heads, then of the read heads, read vectors."""
    slots, width, writers = config["memory_size"], config["memory_width"], config["write_heads"]
    heads = writers + config["read_heads"]
    weights = np.tile(np.eye(slots)[0], (batch, heads, 1))
    if config["initial_read_weights"] == "uniform":
        weights[:, writers:] = 1 / slots
    memory = np.broadcast_to(memory, (batch, slots, width)).astype("float64")
    return [memory, weights, np.zeros((batch, config["read_heads"], width))]


def step(interface, state, config):
    """One access of all heads: `(state, quantities)`.

    Args:
        interface: `(B, numbers)`, the raw numbers of the write heads, then of the read heads.
        state: see `initial_state`.
    """
    memory, weights, _ = state
    batch, width = len(memory), config["memory_width"]
    readers, writers = config["read_heads"], config["write_heads"]
    size = width + 3 + 2 * config["shift_range"] + 1
    end = writers * (size + 2 * width)
    writing = interface[:, :end].reshape(batch, writers, -1)
    reading = interface[:, end:].reshape(batch, readers, size)
    parts = addressing(np.concatenate([writing[..., :size], reading], 1), width)
    erase = sigmoid(writing[..., size : size + width])
    add = np.tanh(writing[..., size + width :])
    content = content_weights(memory, parts["key"], parts["strength"])
    weights = address(memory, weights, **parts)
    written = write(memory, weights[:, :writers], erase, add)
    read_from = written if config["order"] == "write-first" else memory
    reads = read(read_from, weights[:, writers:])
    return [written, weights, reads], {
        "keys": parts["key"],
        "key_strengths": parts["strength"],
        "content_weights": content,
        "interpolation_gates": parts["gate"],
        "shift_weights": parts["shift"],
        "sharpening": parts["gamma"],
        "erase": erase,
        "add": add,
    }


def ntm(inputs, weights, config):
    """A whole NTM, `(B, T, input_size)` to the outputs `(B, T, output_size)`.

    Args:
        weights: `{name: array}` as the layer names its weights.
        config: the layer's `get_config()`.
    """
    batch = len(inputs)
    state = initial_state(config, weights["initial"], batch)
    units = config["units"] if isinstance(config["units"], list) else [config["units"]]
    states = [np.zeros((batch, u)) for u in units for _ in range(2)]
    outputs = []
    for x in np.moveaxis(inputs, 1, 0):
        before = below = state[-1].reshape(batch, -1)
        for layer in range(len(units)):
            kernel = weights["input_kernel"] if layer == 0 else None
            bias = weights[f"bias_{layer}"]
            if config["controller"] == "lstm":
                recurrent = weights[f"recurrent_kernel_{layer}"]
                new = lstm_step(
                    x, below, *states[2 * layer : 2 * layer + 2], kernel, recurrent, bias
                )
                states[2 * layer : 2 * layer + 2] = new
                below = new[0]
            else:
                below = below @ weights[f"kernel_{layer}"] + bias
                below = np.tanh(below if kernel is None else below + x @ kernel)
        hidden = below
        interface = [
            hidden @ weights[f"{head}/kernel"] + weights[f"{head}/bias"]
            for head in ("write_head", "read_head")
        ]
        interface = np.concatenate(interface, 1)
        if config["direct_inputs"]:
            interface = interface + x @ weights["direct_kernel"]
        state, _ = step(interface, state, config)
        reads = state[-1].reshape(batch, -1)
        parts = {"reads": [reads], "recent-reads": [reads, before], "all": [hidden, reads]}
        outputs.append(np.concatenate(parts[config["output"]], -1))
    return np.stack(outputs, 1)
