"""The top level of SANTM over a sequence: all time steps, or those alone that access the memory.

Shapes: B batch, L time steps, n of them that run, I inputs, W the width of the memory.
"""

import keras
from keras import ops

from keras_s4ntm.backend.exporting import exporting_onnx, take, take_along_axis
from keras_s4ntm.layers.arguments import LAYER_ARGUMENTS, refuse_unknown
from keras_s4ntm.layers.figures import Figure
from keras_s4ntm.layers.file_format import check_format, with_format
from keras_s4ntm.layers.memory.loop import run_loop
from keras_s4ntm.layers.memory.rnn import MemoryRNN
from keras_s4ntm.layers.memory.states import flattened, shaped, where
from keras_s4ntm.layers.santm.arguments import SANTMArguments
from keras_s4ntm.layers.santm.cell import Seen, SparseMemoryCell


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SparseMemory(MemoryRNN):
    """The top level of SANTM over a sequence.

    Once the support of the mask has been projected to its last size, the loop over time runs over
    these steps alone, where the length is known: they are the same for all sequences, and known
    before the first time step. The outputs are those of the loop over all steps.

    Args:
        return_sequences, segment_length: see `MemoryRNN`.
        **arguments: see `SANTMArguments`.

    Call arguments:
        sequences: `(B, L, I)`; any batch size, any length.
        mask: `(B, L)`, boolean. Time goes on at a masked step, and no state but the place changes.
        training: boolean.
    """

    def __init__(self, *, return_sequences=False, segment_length="auto", **arguments):
        names = SANTMArguments.names()
        refuse_unknown(self, arguments, (*names, *LAYER_ARGUMENTS))
        own = {name: arguments.pop(name) for name in names if name in arguments}
        super().__init__(
            SparseMemoryCell(**own, name="cell", dtype=arguments.get("dtype")),
            return_sequences=return_sequences,
            segment_length=segment_length,
            **arguments,
        )
        self.accessed = Figure("accessed")

    @property
    def figures(self):
        """What the layer says of its work, see `layers.figures`."""
        return [self.accessed]

    @property
    def variables(self):
        return [*super().variables, *self.accessed.variables]

    def get_config(self):
        own = {"return_sequences": self.return_sequences, "segment_length": self.segment_length}
        base = keras.layers.Layer.get_config(self)
        return with_format({**self.cell.get_config(), **own, **base})

    @classmethod
    def from_config(cls, config):
        return cls(**check_format(cls, config))

    def inner_loop(self, sequences, initial_state, mask, training=False):
        schedule, length = self.cell.schedule, sequences.shape[1]
        gates, scales = schedule.gates(ops.arange(ops.shape(sequences)[1]))
        gates, scales = (ops.expand_dims(ops.expand_dims(x, 0), -1) for x in (gates, scales))
        if schedule.arguments.mask_penalty:
            self.add_loss(schedule.penalty())
        if training or self.accessed.is_watched:
            self.count(gates, sequences, mask)
        gates = ops.cast(gates, self.compute_dtype)
        sequences = ops.cast(scales, self.compute_dtype) * sequences
        if self.observer is not None:
            return self.observer.loop(sequences, initial_state, mask)
        is_known = isinstance(length, int) and not exporting_onnx()
        steps = schedule.places_of_support(length) if is_known else None
        outputs, states = self.run_sparse(sequences, initial_state, mask, gates, steps, training)
        return outputs[:, -1], outputs, states

    def count(self, gates, sequences, mask):
        """Count the share of time steps that access the memory, masked ones left out."""
        if mask is None:
            there = ops.ones(ops.shape(sequences)[:2], "float32")
        else:
            there = ops.cast(mask, "float32")
        number = ops.sum(there * ops.squeeze(gates, -1), axis=1)
        self.accessed.add(number / ops.maximum(ops.sum(there, axis=1), 1.0))

    def run_sparse(self, sequences, initial_state, mask, gates, steps, training):
        """The loop over the time steps `steps`, and the outputs of all.

        Args:
            sequences: z, `(B, L, I)`.
            initial_state, mask, training: see the call.
            gates: m, `(1, L, 1)`.
            steps: time steps in their order, all those with an access among them; `None`: all.

        Returns:
            `(outputs, flat states)`; outputs `(B, L, W)`, or `(B, 1, W)` without
            `return_sequences`.
        """
        cell, (batch, length) = self.cell, ops.shape(sequences)[:2]
        given = {"gate": ops.broadcast_to(gates, (batch, length, 1))}
        if mask is not None:
            given["mask"] = ops.cast(ops.expand_dims(mask, -1), self.compute_dtype)
        inputs = (sequences, given)
        if steps is not None:
            inputs = keras.tree.map_structure(lambda x: take(x, steps), inputs)
        if training:
            noise = cell.access.draw_noise(*ops.shape(inputs[0])[:2])
            if noise is not None:
                inputs[1]["noise"] = noise

        first = cell.named(shaped(initial_state, cell.state_shapes))
        controllers = len(first.controller)
        nothing = [ops.zeros((batch, size), self.compute_dtype) for size in cell.seen_sizes[:2]]
        seen = Seen(*nothing, first.controller[0])

        def project(inputs):
            return cell.project_inputs(inputs[0]), inputs[1]

        def step(inputs, states, constants):
            projected, given = inputs[0], dict(inputs[1])
            there = given.pop("mask", None)
            before, inner = states[0], states[1:]
            seen, controller, access, _ = cell.advance(
                projected, inner[:controllers], cell.access.State(*inner[controllers:]), **given
            )
            new = [ops.concatenate(seen, axis=-1), *controller, *access]
            if there is not None:
                pairs = zip(new, [before, *inner], strict=True)
                new = [where(there > 0.5, *pair) for pair in pairs]
            return new[0], new

        last, all_seen, states = run_loop(
            self,
            step,
            inputs,
            [ops.concatenate(seen, axis=-1), *first.controller, *first.access],
            [*cell.controller.weights, *cell.access.weights],
            (),
            project,
            self.segment_length,
            return_all_outputs=self.return_sequences,
        )
        end = cell.schedule.state_at(
            cell.schedule.place(first.schedule[0]) + length, self.compute_dtype
        )
        latest = None if mask is None else latest_steps(mask)
        if self.return_sequences:
            outputs = self.outputs_of_all(all_seen, seen, gates, steps, latest)
        else:
            gate = gates[:, -1]
            if mask is not None:
                gate = ops.expand_dims(ops.take(gates[0, :, 0], latest[:, -1]), -1)
            outputs = ops.expand_dims(cell.output_of(*cell.read_out(self.parts(last)), gate), 1)
        if mask is not None:
            begun = ops.expand_dims(ops.cumsum(ops.cast(mask, "int32"), axis=1) > 0, -1)
            begun = begun if self.return_sequences else begun[:, -1:]
            outputs = ops.where(begun, outputs, ops.zeros_like(outputs))
        return outputs, flattened([outputs[:, -1], end, *states[1:]])

    def outputs_of_all(self, all_seen, first, gates, steps, latest):
        """The outputs `(B, L, W)`.

        Args:
            all_seen: what each step of the loop has seen, `(B, n, ...)`, a `Seen` side by side.
            first: what was there before, a `Seen`.
            gates, steps: see `run_sparse`.
            latest: see `latest_steps`; `None` without a mask.
        """
        cell, length = self.cell, ops.shape(gates)[1]
        width = cell.own.memory_width
        made_of = ops.concatenate(cell.read_out(self.parts(all_seen)), axis=-1)
        if steps is not None:  # between two steps of the loop it is that of the last one
            before = ops.concatenate([ops.zeros_like(first.hidden), first.hidden], axis=-1)
            made_of = ops.concatenate([ops.expand_dims(before, 1), made_of], axis=1)
            places = ops.arange(length, dtype="int32")
            made_of = take(made_of, ops.searchsorted(steps, places, side="right"))
        outputs = cell.output_of(made_of[..., :width], made_of[..., width:], gates)
        if latest is not None:
            latest = ops.broadcast_to(ops.expand_dims(latest, -1), ops.shape(outputs))
            outputs = take_along_axis(outputs, latest, 1)
        return outputs

    def parts(self, seen):
        """A `Seen` of what stands side by side."""
        a, b, _ = self.cell.seen_sizes
        return Seen(seen[..., :a], seen[..., a : a + b], seen[..., a + b :])


def latest_steps(mask):
    """For every time step the last one up to it that is not masked, `(B, L)`; 0 where none is.

    Args:
        mask: `(B, L)`, boolean.
    """
    length = ops.shape(mask)[1]
    places = ops.broadcast_to(ops.arange(length, dtype="int32"), ops.shape(mask))
    there = ops.sort(ops.where(mask, places, places + length), axis=1)
    count = ops.cumsum(ops.cast(mask, "int32"), axis=1)
    return take_along_axis(there, ops.maximum(count - 1, 0), 1) * ops.cast(count > 0, "int32")
