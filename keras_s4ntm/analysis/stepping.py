"""The time steps of a memory layer, one after the other in plain sight.

A layer that has an observer leaves its loop over time to it: masks, states, direction and whatever
stands around the layer are then those of the model.
"""

import contextlib

import keras
from keras import ops

from keras_s4ntm.analysis.record import Record, Replacement
from keras_s4ntm.backend.inference import compiled
from keras_s4ntm.layers.memory.parallel import access_once
from keras_s4ntm.layers.memory.states import flattened, shaped


class Observer:
    """Runs the time steps of a layer and keeps all that they compute.

    Args:
        layer: a `MemoryRNN`.
        interventions: a list of `Intervention`.

    Attributes:
        calls: how often the layer was called.
        record: the `Record` of the last call.
    """

    def __init__(self, layer, interventions=()):
        self.layer = layer
        self.interventions = interventions
        self.calls = 0
        self.error = None

    @contextlib.contextmanager
    def watching(self):
        """Within this context the layer's time steps are run here.

        Errors leave it as they were raised here; Keras adds what each layer was called with.
        """
        self.layer.observer = self
        try:
            yield
        except ValueError:
            if self.error is None:
                raise
            raise self.error from self.error.__cause__
        finally:
            self.layer.observer = None

    @contextlib.contextmanager
    def recording(self, sequences, mask, accesses=None):
        """A call of the layer, in which it accesses its memory at most `accesses` times."""
        self.calls += 1
        self.replaceable = set()
        try:
            self.record = Record(self.layer, sequences, mask)
            self.check_steps(accesses or self.record.time)
            yield
            self.check_names()
        except ValueError as error:
            self.error = error
            raise

    def check_steps(self, accesses):
        for one in self.interventions:
            if one.at and max(one.at) >= accesses:
                raise ValueError(
                    f"{one.words}: the last time step is {accesses - 1}; they count from 0."
                )

    def check_names(self):
        for one in self.interventions:
            if one.name not in self.replaceable:
                raise ValueError(
                    f"{one.words}: {type(self.layer.cell.access).__name__} does not let "
                    f"{one.name!r} be replaced, but {', '.join(sorted(self.replaceable))}."
                )

    def loop(self, sequences, initial_state, mask):
        """As `MemoryRNN.inner_loop` without training."""
        layer, cell = self.layer, self.layer.cell
        if layer.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)

        def of_all_steps(sequences):
            given = {"projected": cell.project_inputs(sequences)}
            if layer.runs_in_parallel(mask):
                given["features"] = cell.controller.features(sequences)
            return given, cell.controller.constants()

        def step(given, states, constants, trace=True):
            given = dict(given)
            mask = given.pop("mask", None)
            output, new, quantities = cell.step(
                states=states, constants=constants, trace=trace, **given
            )
            if mask is not None:
                output, new = layer.masked(mask, output, new, states)
            return output, new, quantities

        with self.recording(sequences, mask):
            plain_step, outputs = compiled(step), []
            given, constants = compiled(of_all_steps)(sequences)
            if mask is not None:
                given["mask"] = ops.expand_dims(mask, -1)
            states = shaped(initial_state, cell.state_shapes)
            memory = -len(cell.access.state_shapes)  # its place among the states
            self.record.start(cell.named(states).access)
            for t in range(self.record.time):
                now = keras.tree.map_structure(lambda x, t=t: x[:, t], given)
                states[memory] = self.memory_before(t, states[memory])
                replacement = self.replacement(t)
                if replacement is None:
                    output, states, quantities = plain_step(now, states, constants)
                else:
                    output, states, quantities = step(now, states, constants, replacement)
                self.record.add(cell.named(states).access, quantities)
                outputs.append(output)
        return outputs[-1], ops.stack(outputs, axis=1), flattened(states)

    def access_once(self, layer, sequences, mask, training):
        """As `parallel.access_once`. The access counts as one of the first time step."""

        def access(driving, state, offset):
            self.record.start(state)
            state = state._replace(memory=self.memory_before(0, state.memory))
            trace = self.replacement(0) or True
            new, quantities = layer.cell.access.call(driving, state, offset=offset, trace=trace)
            for t in range(self.record.time):
                accessed = ops.full_like(hidden[:, t, :1], t == 0)
                own = {"controller_outputs": hidden[:, t], "accessed": accessed}
                self.record.add(new, {**quantities, **own})
            return new, quantities

        with self.recording(sequences, mask, accesses=1):
            hidden = layer.cell.controller.features(sequences, mask)
            return access_once(layer, sequences, mask, training, access)

    def memory_before(self, t, memory):
        """The memory that time step t finds, transposed as states have it."""
        active = [one for one in self.active(t) if one.name == "memory"]
        if not active:
            return memory
        return Replacement(self.record, active, self.replaceable)("memory", memory)

    def replacement(self, t):
        """What replaces other quantities at time step t; `None`: nothing does."""
        active = [one for one in self.active(t) if one.name != "memory"]
        return Replacement(self.record, active, self.replaceable) if active else None

    def active(self, t):
        return [one for one in self.interventions if one.applies(t)]
