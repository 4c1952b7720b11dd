"""Networks of others, each in NumPy by its own equations and conventions; one sequence at a time.

`weights[head][part]` are the kernel and the bias that a head's part comes from.
"""

import numpy as np
from oracle import lstm_step, sigmoid, softmax, softplus


def relu(x):
    return np.maximum(x, 0)


def linear(x, weights):
    kernel, bias = weights
    return x @ kernel + bias


def roll(weighting, displacements, shift):
    """The focus moved by each displacement, on a ring."""
    return sum(s * np.roll(weighting, d) for s, d in zip(shift, displacements, strict=True))


def sharpened(weighting, gamma, epsilon=0.0):
    powers = (weighting + epsilon) ** gamma
    return powers / (powers.sum() + epsilon)


# loudinthecloud/pytorch-ntm


def pytorch_ntm(inputs, weights, memory, reads, hidden, carry):
    """Reads from the memory before the write; keys and add vectors without bounds."""

    def look(head, before):
        part = {name: linear(hidden[0], w) for name, w in weights[head].items()}
        rows, key = memory + 1e-16, part["key"] + 1e-16
        norms = np.maximum(np.linalg.norm(rows, axis=1), 1e-8)
        similarity = rows @ key / (norms * max(np.linalg.norm(key), 1e-8))
        content = softmax(softplus(part["strength"]) * similarity)
        gate = sigmoid(part["gate"])
        gated = gate * content + (1 - gate) * before
        shifted = roll(gated, (1, 0, -1), softmax(part["shift"]))
        powers = shifted ** (1 + softplus(part["gamma"]))
        return powers / (powers.sum() + 1e-16), part

    hidden, carry = hidden[None], carry[None]
    write_at = read_at = np.zeros(len(memory))
    outputs = []
    for x in inputs:
        hidden, carry = lstm_step(x[None], reads[None], hidden, carry, *weights["lstm"])
        read_at, _ = look("read", read_at)
        reads = read_at @ memory
        write_at, part = look("write", write_at)
        erase = np.outer(write_at, sigmoid(part["erase"]))
        memory = memory * (1 - erase) + np.outer(write_at, part["add"])
        outputs.append(np.concatenate([hidden[0], reads]))
    return np.array(outputs)


# dichotomies/ntm-pytorch


def dichotomies(inputs, weights, memory):
    """Writes first; the read head is addressed on what was just written."""

    def look(head, hidden, memory, before):
        part = {name: linear(hidden, w) for name, w in weights[head].items()}
        key = np.tanh(part["key"])
        norms = np.maximum(np.linalg.norm(memory, axis=1), 1e-8)
        similarity = memory @ key / (norms * max(np.linalg.norm(key), 1e-8))
        content = softmax(softplus(part["strength"]) * similarity)
        gate = sigmoid(part["gate"])
        gated = gate * content + (1 - gate) * before
        shifted = roll(gated, (1, 0, -1), softmax(part["shift"]))
        return sharpened(shifted, 1 + softplus(part["gamma"])), part

    write_at = read_at = np.eye(len(memory))[len(memory) // 2]
    reads = np.full(memory.shape[1], 1e-6)
    outputs = []
    for x in inputs:
        kernel, reads_kernel, bias = weights["controller"]
        hidden = relu(x @ kernel + reads @ reads_kernel + bias)
        write_at, part = look("write", hidden, memory, write_at)
        erase = np.outer(write_at, sigmoid(part["erase"]))
        memory = memory * (1 - erase) + np.outer(write_at, relu(part["add"]))
        read_at, _ = look("read", hidden, memory, read_at)
        reads = read_at @ memory
        outputs.append(reads)
    return np.array(outputs)


# MarkPKCollier/NeuralTuringMachine


def collier(inputs, weights, memory, reads, logits, clip):
    """All from the memory before the step; everything is learned at first; clipped."""

    def look(head, before):
        part = {name: linear(hidden[0], w).clip(-clip, clip) for name, w in weights[head].items()}
        key = np.tanh(part["key"])
        norms = np.sqrt((memory**2).sum(1)) * np.sqrt((key**2).sum())
        content = np.exp(softplus(part["strength"]) * (memory @ key) / (norms + 1e-8))
        content = content / content.sum()
        gate = sigmoid(part["gate"])
        gated = gate * content + (1 - gate) * before
        shifted = roll(gated, (0, 1, -1), softmax(part["shift"]))
        return sharpened(shifted, 1 + softplus(part["gamma"])), part

    units = weights["lstm"][2].shape[0] // 4
    hidden, carry = np.zeros((2, 1, units))
    write_at, read_at = softmax(logits["write"]), softmax(logits["read"])
    outputs = []
    for x in inputs:
        hidden, carry = lstm_step(x[None], reads[None], hidden, carry, *weights["lstm"])
        read_at, _ = look("read", read_at)
        write_at, part = look("write", write_at)
        reads = read_at @ memory
        erase = np.outer(write_at, sigmoid(part["erase"]))
        memory = memory * (1 - erase) + np.outer(write_at, np.tanh(part["add"]))
        outputs.append(np.concatenate([hidden[0], reads]))
    return np.array(outputs)


# snipsco/ntm-lasagne: its order and its bounds. Norms and hard sigmoid are those that an argument
# can name (see docs/conventions.md).


def lasagne(inputs, weights, memory):
    """A step writes and reads with the weights of the step before, then runs the controller.

    `memory` is what the first write leaves.
    """

    def hard_sigmoid(x):
        return (x / 6 + 0.5).clip(0, 1)

    def look(head, before):
        part = {name: linear(hidden, w) for name, w in weights[head].items()}
        key = relu(part["key"])
        norms = np.sqrt((memory**2).sum(1) + 1e-6) * np.sqrt((key**2).sum() + 1e-6)
        content = softmax(relu(part["strength"]) * (memory @ key) / norms)
        gate = hard_sigmoid(part["gate"])
        gated = gate * content + (1 - gate) * before
        down, stay, up = softmax(part["shift"])
        shifted = stay * gated
        shifted[:-1] += down * gated[1:]
        shifted[1:] += up * gated[:-1]
        powers = (shifted + 1e-6) ** (1 + relu(part["gamma"]))
        return powers / powers.sum(), part

    write_at = read_at = np.eye(len(memory))[0]
    part, outputs = None, []
    for x in inputs:
        if part is not None:
            erase = np.outer(write_at, hard_sigmoid(part["erase"]))
            memory = memory * (1 - erase) + np.outer(write_at, relu(part["add"]))
        reads = read_at @ memory
        kernel, reads_kernel, bias = weights["controller"]
        hidden = relu(x @ kernel + reads @ reads_kernel + bias)
        write_at, part = look("write", write_at)
        read_at, _ = look("read", read_at)
        outputs.append(hidden)
    return np.array(outputs)


# google-deepmind/dnc


def deepmind_dnc(inputs, weights, memory_size, width, heads):
    """Strengths by softplus, 1e-6 twice in the cosine, content as the last of the read modes."""

    def cosine(memory, keys, strengths):
        norms = np.sqrt((memory**2).sum(-1) + 1e-6)
        key_norms = np.sqrt((keys**2).sum(-1, keepdims=True) + 1e-6)
        return softmax(
            softplus(strengths)[:, None] * (keys @ memory.T) / (key_norms * norms + 1e-6)
        )

    units = weights["lstm"][2].shape[0] // 4
    hidden, carry = np.zeros((2, 1, units))
    memory = np.zeros((memory_size, width))
    usage = precedence = write_at = np.zeros(memory_size)
    links, read_at = np.zeros((memory_size, memory_size)), np.zeros((heads, memory_size))
    reads, outputs = np.zeros(heads * width), []
    for x in inputs:
        hidden, carry = lstm_step(x[None], reads[None], hidden, carry, *weights["lstm"])
        part = {name: linear(hidden[0], w) for name, w in weights["interface"].items()}
        free = sigmoid(part["free_gates"])[:, None]
        usage = usage + (1 - usage) * write_at
        usage = usage * np.prod(1 - free * read_at, axis=0)
        bounded = 1e-6 + (1 - 1e-6) * usage
        order = np.argsort(bounded, kind="stable")
        sorted_usage = bounded[order]
        before = np.concatenate([[1.0], np.cumprod(sorted_usage)[:-1]])
        allocation = np.zeros(memory_size)
        allocation[order] = (1 - sorted_usage) * before
        gate = sigmoid(part["allocation_gate"])
        content = cosine(memory, part["write_key"][None], part["write_strength"])[0]
        write_at = sigmoid(part["write_gate"]) * (gate * allocation + (1 - gate) * content)
        erase = np.outer(write_at, sigmoid(part["erase"]))
        memory = memory * (1 - erase) + np.outer(write_at, part["add"])
        links = (1 - write_at[:, None] - write_at[None]) * links + np.outer(write_at, precedence)
        np.fill_diagonal(links, 0)
        precedence = (1 - write_at.sum()) * precedence + write_at
        modes = softmax(part["read_modes"].reshape(heads, 3))
        keys = part["read_keys"].reshape(heads, width)
        content = cosine(memory, keys, part["read_strengths"])
        read_at = (
            modes[:, :1] * (read_at @ links)
            + modes[:, 1:2] * (read_at @ links.T)
            + modes[:, 2:] * content
        )
        reads = (read_at @ memory).reshape(-1)
        outputs.append(np.concatenate([hidden[0], reads]))
    return np.array(outputs)
