"""Graves 2016 and the revisions of 2019 in plain NumPy, one sequence at a time, with loops.

Shapes: N slots, M their width, R read heads.
"""

import numpy as np
from oracle import COSINE_EPSILON, lstm_step, sigmoid, softmax, softplus

USAGE_EPSILON = LINK_EPSILON = 1e-6


def retention(free_gates, read_weights):
    psi = np.ones(read_weights.shape[1])
    for f, w in zip(free_gates, read_weights, strict=True):
        psi *= 1 - f * w
    return psi


def update_usage(usage, write_weights, psi):
    return (usage + write_weights - usage * write_weights) * psi


def allocation_weights(usage):
    usage = USAGE_EPSILON + (1 - USAGE_EPSILON) * usage
    allocation, product = np.zeros(len(usage)), 1.0
    for slot in np.argsort(usage, kind="stable"):
        allocation[slot] = (1 - usage[slot]) * product
        product *= usage[slot]
    return allocation


def write_weights(allocation, content, allocation_gate, write_gate):
    g_a, g_w = allocation_gate[0], write_gate[0]
    return g_w * (g_a * allocation + (1 - g_a) * content)


def update_links(links, precedence, w):
    result = np.zeros_like(links)
    for i, j in np.ndindex(links.shape):
        if i != j:
            result[i, j] = (1 - w[i] - w[j]) * links[i, j] + w[i] * precedence[j]
    return result


def strongest(weights, count):
    """All but the largest set to zero, with the sum of all."""
    kept = np.zeros(len(weights))
    largest = np.argsort(-weights, kind="stable")[:count]
    kept[largest] = weights[largest]
    return kept * weights.sum() / kept.sum() if kept.any() else kept


def update_sparse_links(links, precedence, w, count):
    """The links as a matrix of which each row that is written keeps its largest values."""
    w = strongest(w, count)
    links = update_links(links, strongest(precedence, count), w)
    for slot in np.flatnonzero(w):
        links[slot, np.argsort(-links[slot], kind="stable")[count:]] = 0
    return links


def update_precedence(precedence, w):
    return (1 - w.sum()) * precedence + w


def follow_links(links, read_weights):
    """The paper's `L w` and `L^T w` of every head."""
    return np.stack([[links @ w for w in read_weights], [links.T @ w for w in read_weights]])


def sharpen_links(weights, sharpness):
    """S(d, s) = ((d + e) / max(d + e))^s / sum of the same."""
    result = []
    for d, s in zip(weights + LINK_EPSILON, sharpness, strict=True):
        powers = (d / d.max()) ** s
        result.append(powers / powers.sum())
    return np.stack(result)


def masked_content_weights(memory, keys, strengths, masks):
    result = []
    for key, strength, mask in zip(keys, strengths, masks, strict=True):
        scores = []
        for row in memory:
            k, m = key * mask, row * mask
            norms = np.sqrt((k @ k + 1e-12) * (m @ m + 1e-12))
            scores.append(strength * (k @ m) / (norms + COSINE_EPSILON))
        result.append(softmax(np.array(scores)))
    return np.stack(result)


def read_weights(backward, content, forward, modes):
    pi = modes[..., None]
    return pi[:, 0] * backward + pi[:, 1] * content + pi[:, 2] * forward


def interface(xi, config):
    """The interface vector of the paper, in its order; then the masks and sharpness of 2019."""
    heads, width, place = config["read_heads"], config["memory_width"], 0

    def take(*shape):
        nonlocal place
        place += int(np.prod(shape))
        return xi[place - int(np.prod(shape)) : place].reshape(shape)

    parts = {
        "read_keys": take(heads, width),
        "read_strengths": 1 + softplus(take(heads)),
        "write_key": take(1, width),
        "write_strength": 1 + softplus(take(1)),
        "erase": sigmoid(take(width)),
        "add": take(width),
        "free_gates": sigmoid(take(heads)),
        "allocation_gate": sigmoid(take(1)),
        "write_gate": sigmoid(take(1)),
        "read_modes": softmax(take(heads, 3)),
    }
    assert place == width * heads + 3 * width + 5 * heads + 3
    if config["content_masking"]:
        floor = config["mask_floor"]
        parts["read_masks"] = sigmoid(take(heads, width)) * (1 - floor) + floor
        parts["write_mask"] = sigmoid(take(1, width)) * (1 - floor) + floor
    if config["link_sharpness"]:
        parts["forward_sharpness"] = 1 + softplus(take(heads))
        parts["backward_sharpness"] = 1 + softplus(take(heads))
    assert place == len(xi)
    return parts


def initial_state(config, memory):
    """Nothing used, written or read."""
    slots, heads = config["memory_size"], config["read_heads"]
    return [
        memory,
        np.zeros(slots),
        np.zeros(slots),
        np.zeros((slots, slots)),
        np.zeros(slots),
        np.zeros((heads, slots)),
        np.zeros((heads, config["memory_width"])),
    ]


def step(xi, state, config):
    """One access: `(state, quantities)`.

    The state: memory, usage, precedence, links, write weights, read weights, read vectors.
    """
    parts = interface(xi, config)
    memory, usage, precedence, links, w, reads_at, _ = state
    psi = retention(parts["free_gates"], reads_at)
    usage = update_usage(usage, w, psi)
    everything = np.ones((config["read_heads"], config["memory_width"]))
    write_content = masked_content_weights(
        memory, parts["write_key"], parts["write_strength"], parts.get("write_mask", everything[:1])
    )[0]
    allocation = allocation_weights(usage)
    w = write_weights(allocation, write_content, parts["allocation_gate"], parts["write_gate"])
    kept = memory * psi[:, None] if config["deallocation"] else memory
    written = kept * (1 - np.outer(w, parts["erase"])) + np.outer(w, parts["add"])
    if config["sparse_links"] is None:
        new_links = update_links(links, precedence, w)
    else:
        new_links = update_sparse_links(links, precedence, w, config["sparse_links"])
    precedence = update_precedence(precedence, w)
    if config["order"] == "write-first":
        memory, links = written, new_links
    forward, backward = follow_links(links, reads_at)
    if config["link_sharpness"]:
        forward = sharpen_links(forward, parts["forward_sharpness"])
        backward = sharpen_links(backward, parts["backward_sharpness"])
    read_content = masked_content_weights(
        memory, parts["read_keys"], parts["read_strengths"], parts.get("read_masks", everything)
    )
    reads_at = read_weights(backward, read_content, forward, parts["read_modes"])
    return [written, usage, precedence, new_links, w, reads_at, reads_at @ memory], {
        **parts,
        "retention": psi,
        "allocation": allocation,
        "write_content": write_content,
        "read_content": read_content,
        "forward": forward,
        "backward": backward,
    }


def dnc(inputs, weights, config):
    """A whole DNC with an LSTM or a feed-forward controller of one layer, `(B, T, I)` to outputs.

    Args:
        weights: `{name: array}`, by the last part of the names of the layer's weights.
        config: the layer's `get_config()`.
    """
    outputs = []
    for sequence in inputs:
        state = initial_state(config, weights["initial"])
        hidden, carry = np.zeros((2, 1, config["units"]))
        outputs.append([])
        for x in sequence:
            reads = state[-1].reshape(1, -1)
            if config["controller"] == "lstm":
                hidden, carry = lstm_step(
                    x[None],
                    reads,
                    hidden,
                    carry,
                    weights["input_kernel"],
                    weights["recurrent_kernel_0"],
                    weights["bias_0"],
                )
            else:
                hidden = x @ weights["input_kernel"] + reads @ weights["kernel_0"]
                hidden = np.tanh(hidden + weights["bias_0"])
            state, _ = step((hidden @ weights["kernel"] + weights["bias"])[0], state, config)
            output = state[-1].reshape(-1)
            if config["output"] == "all":
                output = np.concatenate([hidden[0], output])
            outputs[-1].append(output)
    return np.array(outputs)
