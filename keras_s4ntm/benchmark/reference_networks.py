"""The reference networks of `s4ntm bench`: networks in plain PyTorch, as people write them.

`NTM`: eager mode, a Python loop over time, `torch.nn` modules, a linear layer for each parameter of
each head. It computes what the model `ntm` with its preset for copy computes, without the noise on
the heads: reads come from the memory before the write, and the output sees them alone. `S4D`:
complex tensors, channels before time. It computes what the model `s4d` computes.

Sources: Graves, Wayne, Danihelka 2014, "Neural Turing Machines", section 3; Gu, Gupta, Goel, Re
2022, "On the Parameterization and Initialization of Diagonal State Space Models", and the form in
which the authors compute it in github.com/state-spaces/s4, models/s4/s4d.py.

Shapes: B batch, T time steps, N memory slots, M their width, H channels, n modes of a channel.
"""

import math

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


class S4DLayer(nn.Module):
    """`(B, H, T)` to `(B, H, T)`: H diagonal state spaces, GELU, a projection with a GLU."""

    def __init__(self, units, modes, dt_min, dt_max, dropout):
        super().__init__()
        low, high = math.log(dt_min), math.log(dt_max)
        self.log_dt = nn.Parameter(low + torch.rand(units) * (high - low))
        self.log_A_real = nn.Parameter(torch.full((units, modes), math.log(0.5)))
        self.A_imag = nn.Parameter(math.pi * torch.arange(modes).repeat(units, 1))
        self.C = nn.Parameter(torch.view_as_real(torch.randn(units, modes, dtype=torch.cfloat)))
        self.D = nn.Parameter(torch.randn(units))
        self.dropout = nn.Dropout1d(dropout)
        self.output_linear = nn.Conv1d(units, 2 * units, kernel_size=1)

    def kernel(self, length):
        """The impulse response `(H, T)`: the sum over the modes of all their powers."""
        a = torch.complex(-torch.exp(self.log_A_real), self.A_imag)
        dt_a = a * torch.exp(self.log_dt).unsqueeze(-1)
        c = torch.view_as_complex(self.C) * (torch.exp(dt_a) - 1) / a
        powers = torch.exp(dt_a.unsqueeze(-1) * torch.arange(length))
        return 2 * torch.einsum("hn,hnl->hl", c, powers).real

    def forward(self, inputs):
        length = inputs.shape[-1]
        kernel_spectrum = torch.fft.rfft(self.kernel(length), n=2 * length)
        spectrum = torch.fft.rfft(inputs, n=2 * length) * kernel_spectrum
        outputs = torch.fft.irfft(spectrum, n=2 * length)[..., :length]
        outputs = functional.gelu(outputs + inputs * self.D.unsqueeze(-1))
        return self.dropout(functional.glu(self.output_linear(self.dropout(outputs)), dim=-2))


class S4D(nn.Module):
    """A linear encoder, residual S4D layers with the norm before them, a linear output.

    Inputs `(B, T, input_size)`, outputs `(B, T, output_size)`: logits.
    """

    def __init__(
        self,
        input_size,
        output_size,
        units=64,
        blocks=1,
        state_dimension=64,
        dt_min=0.1,
        dt_max=1.0,
        dropout=0.0,
    ):
        super().__init__()
        modes = state_dimension // 2
        self.encoder = nn.Linear(input_size, units)
        self.norms = nn.ModuleList([nn.LayerNorm(units) for _ in range(blocks)])
        self.layers = nn.ModuleList(
            [S4DLayer(units, modes, dt_min, dt_max, dropout) for _ in range(blocks)]
        )
        self.output = nn.Linear(units, output_size)

    def forward(self, inputs):
        hidden = self.encoder(inputs).transpose(-1, -2)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            hidden = hidden + layer(norm(hidden.transpose(-1, -2)).transpose(-1, -2))
        return self.output(hidden.transpose(-1, -2))


def train_step(model, optimizer, inputs, targets, weights):
    """One update on a batch of `keras_s4ntm.data.batches.Batches`; returns the loss, a number."""
    inputs, targets, weights = map(torch.from_numpy, (inputs, targets, weights))
    optimizer.zero_grad()
    losses = functional.binary_cross_entropy_with_logits(model(inputs), targets, reduction="none")
    loss = (losses.mean(dim=-1) * weights).sum() / weights.sum()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()
