"""What the time steps of a memory layer compute, under the names of a `Trace`.

Shapes: B batch, T time steps, I inputs, N memory slots, M their width, R read heads, W write heads.
"""

import numpy as np
from keras import ops


class Record:
    """The time steps of a call of a layer so far.

    Args:
        layer: a `MemoryRNN`.
        sequences: `(B, T, I)`, in the order in which it takes the time steps.
        mask: `(B, T)`, boolean, or `None`.

    Raises:
        ValueError: the tensors have no values.
    """

    def __init__(self, layer, sequences, mask):
        self.arguments = layer.cell.access.arguments
        self.steps = []  # a dictionary for each time step
        try:
            self.time = ops.convert_to_numpy(sequences).shape[1]
            self.mask = None if mask is None else ops.convert_to_numpy(mask)
        except Exception as error:  # each backend has its own for a tensor without a value
            raise ValueError(
                f"The layer {layer.name!r} runs inside a compiled function or a loop of the model, "
                "where its numbers cannot be seen. Trace the layer itself: trace(layer, inputs)."
            ) from error

    def start(self, state):
        """With the `State` before the first time step."""
        self.before = self.of_state(state)
        self.memory = [self.before["memory"]]

    def add(self, state, quantities):
        """A time step: the `State` after it, and what `MemoryCell.step` computed."""
        now = self.of_state(state)
        accessed = array(quantities["accessed"])[:, 0] > 0
        if self.mask is not None:
            accessed = accessed & self.mask[:, len(self.steps)]
        computed = {}
        for name, value in quantities.items():
            if name not in ("accessed", "controller_outputs"):
                for known, part in self.named(name, array(value)).items():
                    there = accessed.reshape(-1, *[1] * (part.ndim - 1))
                    computed[known] = np.where(there, part, np.float32(0))
        hidden = array(quantities["controller_outputs"])
        self.memory.append(now.pop("memory"))
        self.steps.append({"controller_outputs": hidden, "accessed": accessed, **computed, **now})
        self.before = {**self.steps[-1], "memory": self.memory[-1]}

    def arrays(self):
        """`{name: (B, T, ...)}`; `memory` has the one before the first time step as well."""
        arrays = {
            name: np.stack([step[name] for step in self.steps], axis=1) for name in self.steps[0]
        }
        arrays["memory"] = np.stack(self.memory, axis=1)
        return arrays if self.mask is None else {**arrays, "mask": self.mask}

    def of_state(self, state):
        """A `State` by name, without the links of a DNC, which are as large as N slots each."""
        named = {}
        for name, value in state._asdict().items():
            if name != "links":
                named.update(self.named(name, array(value)))
        return named

    def named(self, name, value):
        """What the access calls `name`, as a `Trace` does: `{name: array}`, views of `value`."""
        own = self.arguments
        if name == "memory":
            return {"memory": value.swapaxes(1, 2)}
        if name == "reads":
            return {"read_vectors": value.reshape(-1, own.read_heads, own.memory_width)}
        if name == "weights" and hasattr(own, "write_heads"):
            heads = own.write_heads
            return {"write_weights": value[:, :heads], "read_weights": value[:, heads:]}
        if name == "write_weights" and value.ndim == 2:  # of a DNC, which has one write head
            return {"write_weights": value[:, None]}
        return {name: value}


class Replacement:
    """Puts what interventions want in the place of quantities; see `MemoryAccess.step`.

    Args:
        record: the `Record` so far.
        interventions: those of this time step.
        replaceable: a set, to which the names of all that it gets are added.
    """

    def __init__(self, record, interventions, replaceable):
        self.record = record
        self.interventions = interventions
        self.replaceable = replaceable

    def __call__(self, name, value):
        whole = np.array(array(value))  # a copy, whose views are written to
        for known, view in self.record.named(name, whole).items():
            self.replaceable.add(known)
            for one in self.interventions:
                if one.name == known:
                    view[...] = one.change(view.copy(), self.record.before.get(known))
            if known == "memory":
                self.record.memory[-1] = view.copy()
        return ops.convert_to_tensor(whole, value.dtype)


def array(tensor):
    """A tensor as an array of float32."""
    return ops.convert_to_numpy(tensor).astype("float32")
