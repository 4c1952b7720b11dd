"""The yardstick of `s4ntm bench`: a Neural Turing Machine in plain PyTorch, as people write it.

Eager mode, a Python loop over time, `torch.nn` modules, a linear layer for each parameter of each
head. It computes what the model `ntm` with its defaults computes, without the noise on the heads.

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 3.

Shapes: B batch, T time steps, N memory slots, M their width.
"""

import torch
from torch import nn
from torch.nn import functional


class ReadHead(nn.Module):
    """A head: where it looks. Its shift is by -1, 0 or 1."""

    def __init__(self, units, width):
        super().__init__()
        self.key = nn.Linear(units, width)
        self.strength = nn.Linear(units, 1)
        self.gate = nn.Linear(units, 1)
        self.gamma = nn.Linear(units, 1)
        self.shift = nn.Linear(units, 3)

    def address(self, hidden, memory, previous):
        """Equations 5 to 9: the weights `(B, N)` of this step."""
        key = torch.tanh(self.key(hidden)).unsqueeze(1)
        strength = functional.softplus(self.strength(hidden))
        gate = torch.sigmoid(self.gate(hidden))
        gamma = 1 + functional.softplus(self.gamma(hidden))
        shift = torch.softmax(self.shift(hidden), dim=-1)

        norms = memory.norm(dim=-1) * key.norm(dim=-1)
        cosine = (memory * key).sum(dim=-1) / (norms + 1e-3)
        content = torch.softmax(strength * cosine, dim=-1)
        gated = gate * content + (1 - gate) * previous
        shifted = sum(shift[:, j : j + 1] * gated.roll(j - 1, dims=-1) for j in range(3))
        sharp = (shifted + 1e-16) ** gamma
        return sharp / sharp.sum(dim=-1, keepdim=True)

    def read(self, memory, weights):
        """Equation 2: `(B, M)`."""
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1)


class WriteHead(ReadHead):
    """A head that also erases and adds."""

    def __init__(self, units, width):
        super().__init__(units, width)
        self.erase = nn.Linear(units, width)
        self.add = nn.Linear(units, width)

    def write(self, hidden, memory, weights):
        """Equations 3 and 4: the memory `(B, N, M)` after the step."""
        erase = torch.sigmoid(self.erase(hidden))
        add = torch.tanh(self.add(hidden))
        weights = weights.unsqueeze(-1)
        return memory * (1 - weights * erase.unsqueeze(1)) + weights * add.unsqueeze(1)


class NTM(nn.Module):
    """A Neural Turing Machine with an LSTM controller, one read head and one write head.

    Inputs `(B, T, input_size)`, outputs `(B, T, output_size)`: logits.
    """

    def __init__(self, input_size, output_size, units=100, memory_size=128, memory_width=20):
        super().__init__()
        self.units, self.memory_size, self.memory_width = units, memory_size, memory_width
        self.controller = nn.LSTMCell(input_size + memory_width, units)
        self.read_head = ReadHead(units, memory_width)
        self.write_head = WriteHead(units, memory_width)
        self.output = nn.Linear(memory_width, output_size)

    def forward(self, inputs):
        batch = inputs.shape[0]
        memory = torch.full((batch, self.memory_size, self.memory_width), 1e-6)
        write_weights = torch.zeros(batch, self.memory_size)
        write_weights[:, 0] = 1
        read_weights = torch.full((batch, self.memory_size), 1 / self.memory_size)
        reads = torch.zeros(batch, self.memory_width)
        states = torch.zeros(batch, self.units), torch.zeros(batch, self.units)
        outputs = []
        for x in inputs.unbind(1):
            states = self.controller(torch.cat([x, reads], dim=-1), states)
            hidden = states[0]
            read_weights = self.read_head.address(hidden, memory, read_weights)
            write_weights = self.write_head.address(hidden, memory, write_weights)
            reads = self.read_head.read(memory, read_weights)
            memory = self.write_head.write(hidden, memory, write_weights)
            outputs.append(self.output(reads))
        return torch.stack(outputs, dim=1)


def train_step(model, optimizer, inputs, targets, weights):
    """One update on a batch of `keras_s4ntm.batches.Batches`; returns the loss, a number."""
    inputs, targets, weights = map(torch.from_numpy, (inputs, targets, weights))
    optimizer.zero_grad()
    losses = functional.binary_cross_entropy_with_logits(model(inputs), targets, reduction="none")
    loss = (losses.mean(dim=-1) * weights).sum() / weights.sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()
