"""What a network with a memory does at every time step: `trace`.

Shapes: B sequences, T time steps, I inputs.
"""

import json

import keras
import numpy as np
from keras import ops

from keras_s4ntm.analysis.stepping import Observer
from keras_s4ntm.analysis.trace_file import Trace
from keras_s4ntm.backend.inference import without_gradients
from keras_s4ntm.backend.names import version_of
from keras_s4ntm.layers.memory.rnn import MemoryRNN

KINDS = {"NTMAccess": "ntm", "DNCAccess": "dnc"}  # what `about` calls an access


def trace(model, inputs, *, targets=None, target_mask=None, mask=None, layer=None):
    """Every quantity of every time step of a network with a memory.

    The model runs as in `predict`, but for its memory layer, whose time steps are run one by one.
    It gives the same outputs. A stateful layer goes on from its states, as it does in `predict`.

    >>> trace(model, inputs).read_weights  # (B, T, R, N)

    Args:
        model: a Keras model, or a `MemoryRNN` by itself.
        inputs: what `model.predict` takes; all in one batch.
        targets, target_mask: kept in the trace: `(B, ...)`, what the outputs should be, and `(B,
            T)`, where they are scored.
        mask: `(B, T)`, the mask of the inputs, where the model gets one when it is called.
        layer: the name of the memory layer, where the model has several. Those of a
            `Bidirectional` are named `forward_...` and `backward_...`.

    Returns:
        A `Trace`.

    Raises:
        ValueError: the model has no memory layer, or several and none is named; or the layer's
            numbers cannot be seen.
    """
    return run(model, inputs, [], targets=targets, target_mask=target_mask, mask=mask, layer=layer)


def run(model, inputs, interventions, *, targets=None, target_mask=None, mask=None, layer=None):
    """As `trace`, with interventions."""
    layer = memory_layer(model, layer)
    observer = Observer(layer, interventions)
    with observer.watching(), without_gradients():
        keywords = {} if mask is None else {"mask": ops.convert_to_tensor(mask, "bool")}
        outputs = model(as_tensors(inputs), training=False, **keywords)
    if observer.calls != 1:
        times = "not called" if observer.calls == 0 else f"called {observer.calls} times"
        raise ValueError(
            f"The layer {layer.name!r} is {times} for these inputs; to be traced it has to be "
            "called once. Trace the layer itself: trace(layer, inputs)."
        )
    arrays = {**named("inputs", inputs), **named("outputs", outputs), **observer.record.arrays()}
    if targets is not None:
        arrays["targets"] = np.asarray(targets)
    if target_mask is not None:
        arrays["target_mask"] = np.asarray(target_mask) > 0
    return Trace(arrays, about(model, layer, arrays, interventions))


def memory_layer(model, name=None):
    """The memory layer of a model.

    Args:
        model: a Keras model or layer.
        name: the layer's name; default: there is only one.

    Raises:
        ValueError: there is none, or none of this name, or there are several and no name.
    """
    found = memory_layers(model)
    names = ", ".join(repr(part.name) for part in found)
    if not found:
        raise ValueError(
            f"{model.name!r} has no memory to look into: none of its layers is a MemoryRNN (NTM, "
            "DNC, S4DNTM, ...)."
        )
    if name is not None:
        found = [part for part in found if part.name == name]
        if not found:
            raise ValueError(f"{model.name!r} has no memory layer {name!r}, but {names}.")
    if len(found) > 1:
        raise ValueError(
            f"{model.name!r} has {len(found)} memory layers, {names}: choose one with layer=..."
        )
    return found[0]


def memory_layers(model):
    """All memory layers of a model, a list."""
    return [part for part in parts_of(model, {}) if isinstance(part, MemoryRNN)]


def parts_of(thing, seen):
    """A layer and all layers within it, or those within a list or dictionary; each once.

    Args:
        thing: whatever an attribute may be.
        seen: `{id: thing}` of what has been looked into.
    """
    is_layer = isinstance(thing, keras.layers.Layer)
    if id(thing) in seen or not (is_layer or isinstance(thing, list | tuple | dict)):
        return
    seen[id(thing)] = thing
    if is_layer:
        yield thing
        thing = vars(thing)
    for value in thing.values() if isinstance(thing, dict) else thing:
        yield from parts_of(value, seen)


def as_tensors(inputs):
    """Inputs as tensors: integers stay integers, all else becomes float32."""
    return keras.tree.map_structure(lambda x: ops.convert_to_tensor(numbers(x)), inputs)


def numbers(values):
    """Numbers of any kind as an array: integers stay integers, all else becomes float32."""
    values = ops.convert_to_numpy(values)
    return values if values.dtype.kind in "biu" else values.astype("float32")


def named(name, nest):
    """`{name: array}`; of several tensors the further ones are `name_1`, `name_2`, ..."""
    tensors = keras.tree.flatten(nest)
    names = [name, *(f"{name}_{i}" for i in range(1, len(tensors)))]
    return {name: numbers(tensor) for name, tensor in zip(names, tensors, strict=True)}


def about(model, layer, arrays, interventions):
    """What fits into JSON: which network it was, and the arguments of its memory layer."""
    access = layer.cell.access
    kind = type(access).__name__
    known = {
        "model": model.name,
        "layer": layer.name,
        "access": KINDS.get(kind, kind),
        "controller": type(layer.cell.controller).__name__,
        **access.arguments.config(),
        **layer.cell.arguments.config(),
        "go_backwards": layer.go_backwards,
        "dtype": layer.compute_dtype,
        "backend": keras.backend.backend(),
        "version": version_of("keras-s4ntm"),
    }
    if "write_weights" in arrays:
        known["write_heads"] = arrays["write_weights"].shape[2]
    if interventions:
        known["interventions"] = [one.words for one in interventions]
    return json.loads(json.dumps(known, default=str))
