"""Which writes a read vector is made of: an exact decomposition. Imports no framework.

A write multiplies every number of the memory by what it leaves of it, then adds. So a number of
the memory is a sum over all writes so far: what each added, times what the later ones left of it.
A read vector is a sum of such numbers, and therefore a sum over writes as well:

    M_t[n, m] = K_t[n, m] M_{t-1}[n, m] + sum_w w_t^w[n] a_t^w[m]
    K_t[n, m] = psi_t[n] prod_w (1 - w_t^w[n] e_t^w[m])
    r_t[m] = sum_{s <= t} sum_w A[t, s, w, m] a_s^w[m] + what is left of the initial memory
    A[t, s, w, m] = sum_n r_t^w[n] (prod_{s < u <= t} K_u[n, m]) w_s^w[n]

psi is the retention of a DNC with de-allocation, 1 elsewhere. Where the read comes before the write
of its time step, both stop at t - 1.

Shapes: B sequences, T time steps, N memory slots, M their width, R read heads, W write heads.
"""

from dataclasses import dataclass

import numpy as np

TOLERANCE = 0.05  # of the largest read vector; rounding is far below it, another equation above


@dataclass(frozen=True)
class Attribution:
    """Which writes read vectors are made of.

    The last two axes are time steps: t, of the read, and s, of the write.

    Args:
        per_column: `(B, R, W, M, T, T)`, A: how much of each number that a write head added at s is
            in what a read head reads at t, from 0 to about 1.
        initial: `(B, R, M, T)`, what is left of the initial memory in the read vectors.
        add: `(B, T, W, M)`, the add vectors.
        error: the largest difference between the read vectors and their sum.
    """

    per_column: np.ndarray
    initial: np.ndarray
    add: np.ndarray
    error: float

    @property
    def total(self):
        """`(B, R, W, T, T)`: the mean of A over the columns. A copy is a shifted diagonal."""
        return self.per_column.mean(axis=3)

    @property
    def vectors(self):
        """`(B, R, W, M, T, T)`: what each write contributes to the read vectors, A times a."""
        return self.per_column * np.moveaxis(self.add, 1, -1)[:, None, :, :, None]

    @property
    def sizes(self):
        """`(B, R, W, T, T)`: how large these contributions are, as Euclidean norms."""
        return np.sqrt(np.einsum("brwmts,bswm->brwts", self.per_column**2, self.add**2))

    @property
    def read_vectors(self):
        """`(B, T, R, M)`: the sum of all contributions, which is what was read."""
        written = np.einsum("brwmts,bswm->btrm", self.per_column, self.add)
        return written + np.moveaxis(self.initial, 3, 1)

    def sources(self, step, *, sequence=0, head=None, count=5):
        """Why this output: the writes that contributed most to what was read at a time step.

        Args:
            step: t.
            sequence: which of the sequences.
            head: which read head's; default: all of them.
            count: how many at most.

        Returns:
            A list of dictionaries, the largest contribution first: `read_head`, `step` and
            `write_head` of the write (`None`: the initial memory), its `size`, and its `share` of
            the sizes of all contributions to what these heads read.
        """
        found = []
        for reader in range(self.initial.shape[1]) if head is None else [head]:
            per_column = self.per_column[sequence, reader, :, :, step]
            vectors = np.einsum("wms,swm->wsm", per_column, self.add[sequence])
            sizes = dict(np.ndenumerate(np.linalg.norm(vectors, axis=-1)))
            sizes[None, None] = np.linalg.norm(self.initial[sequence, reader, :, step])
            for (writer, s), size in sizes.items():
                one = {"read_head": reader, "step": s, "write_head": writer, "size": float(size)}
                found.append(one)
        whole = sum(one["size"] for one in found) or 1.0
        found = [{**one, "share": one["size"] / whole} for one in found]
        return sorted(found, key=lambda one: -one["size"])[:count]


def attribution(trace):
    """Decompose the read vectors of a `Trace` into what each write contributed to them.

    Args:
        trace: of any memory that erases and adds. `trace.take(...)` chooses sequences.

    Returns:
        An `Attribution`.

    Raises:
        ValueError: the memory is written to in another way, or was changed by an intervention.
    """
    needed = ("read_weights", "write_weights", "erase", "add")
    missing = [name for name in needed if name not in trace.arrays]
    if missing:
        raise ValueError(
            f"The memory {trace.about['access']!r} has no {missing[0]}: attribution needs "
            f"{', '.join(needed)}."
        )
    parts = [of_sequence(trace, b) for b in range(len(trace.memory))]
    per_column, initial = (np.stack(part).astype("float32") for part in zip(*parts, strict=True))
    result = Attribution(per_column, initial, trace.add, 0.0)
    error = float(np.abs(result.read_vectors - trace.read_vectors).max())
    if error > TOLERANCE * max(np.abs(trace.read_vectors).max(), 1e-3):
        changed = "interventions" in trace.about
        why = "an intervention changed it" if changed else "it does more than erase and add"
        raise ValueError(
            f"What the heads of the memory {trace.about['access']!r} read is not the sum of what "
            f"they wrote: {why}. The read vectors differ by up to {error:.2g}."
        )
    return Attribution(per_column, initial, trace.add, error)


def of_sequence(trace, b):
    """A `(R, W, M, T, T)`, and what is left of the initial memory `(R, M, T)`, of a sequence."""
    memory, accessed = trace.memory[b, 0].astype("float64"), trace.accessed[b]
    read_weights, write_weights = (
        getattr(trace, name)[b].astype("float64") for name in ("read_weights", "write_weights")
    )
    left = what_is_left(trace, b)
    time, readers, _ = read_weights.shape
    writers, width = trace.erase.shape[2:]
    reads_before_writing = trace.about.get("order") == "read-first"
    per_column = np.zeros((readers, writers, width, time, time))
    initial = np.zeros((readers, width, time))
    # What is there now of every write so far, and of the initial memory: (T, W, N, M), (N, M).
    there = np.zeros((time, writers, *memory.shape))

    def read(t):
        now = np.matmul(read_weights[t], there[: t + 1])  # (t+1, W, R, M)
        per_column[..., t, : t + 1] = np.transpose(now, (2, 1, 3, 0))
        initial[..., t] = read_weights[t] @ memory

    for t in range(time):
        if not accessed[t]:  # everything rests, the read vectors too
            per_column[..., t, :] = per_column[..., t - 1, :]
            initial[..., t] = initial[..., t - 1] if t else trace.read_vectors[b, 0]
            continue
        if reads_before_writing:
            read(t)
        there[:t] *= left[t]
        there[t] = write_weights[t, :, :, None]
        memory = memory * left[t]
        if not reads_before_writing:
            read(t)
    return per_column, initial


def what_is_left(trace, b):
    """`(T, N, M)`: what each time step of a sequence leaves of every number of the memory."""
    weights, erase = (
        trace.arrays[name][b].astype("float64") for name in ("write_weights", "erase")
    )
    left = np.prod(1 - weights[..., None] * erase[:, :, None, :], axis=1)
    if trace.about.get("deallocation"):
        left *= trace.retention[b, :, :, None]
    return np.where(trace.accessed[b][:, None, None], left, 1.0)
