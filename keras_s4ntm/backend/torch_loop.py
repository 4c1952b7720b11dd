"""The loop over time on PyTorch, with compiled steps.

PyTorch takes one small operation after the other. Here one time step is recorded once, with fake
tensors, as a list of PyTorch's operations, and so is its gradient; PyTorch's compiler makes one
piece of C++ of each. `docs/performance.md` shows what that saves. The gradient of a step computes
the step once more, up to its states, so that of the forward pass only the states are stored:

    forward    s_t = step(x_t, s_{t-1})                                     t = 1 ... T
    backward   d x_t, d s_{t-1}, d w += gradient of step(x_t, s_{t-1}) from s_t, d s_t, t = T ... 1

where w is all that is the same at every step. `d x` is the derivative of the loss by x.
"""

import itertools
import sysconfig
import warnings
import weakref
from pathlib import Path
from typing import NamedTuple

import keras
import torch
from torch._inductor import compile as compile_graph
from torch._inductor.cpp_builder import get_cpp_compiler
from torch._inductor.exc import InvalidCxxCompiler
from torch.autograd.function import once_differentiable
from torch.autograd.graph import saved_tensors_hooks
from torch.fx.experimental.proxy_tensor import make_fx

from keras_s4ntm.backend.recompute import AutocastScope
from keras_s4ntm.errors import S4NTMWarning

COMPILED = weakref.WeakKeyDictionary()  # the compiled steps of a layer, by what goes into them


class CompiledStep(NamedTuple):
    """A step and its gradient, `None` where it was not needed yet; `sizes`: how many tensors are
    inputs, states and constants."""

    step: object
    gradient: object
    sizes: tuple


def can_compile():
    """Whether PyTorch finds what its compiler needs: a C++ compiler and the headers of Python."""
    if AutocastScope is None:
        return False
    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return False
    return Path(sysconfig.get_path("include"), "Python.h").exists()


def run(layer, step, inputs, states, variables, constants, return_all_outputs=True, unroll=False):
    """`step` at every time step, compiled.

    Args:
        layer: the layer whose step it is. It has one for the same structure and shapes of inputs,
            states and constants.
        step, inputs, states, variables, constants, return_all_outputs, unroll: see
            `time_loop.loop`.

    Returns:
        `(last_output, outputs, states)`; `None` for what is not compiled: what is not on the CPU
        and, with a warning, steps that cannot be recorded: one that draws random numbers, say, or
        one in which values decide what is done.
    """
    if states[0].device.type != "cpu":
        return None
    with AutocastScope(None):
        values = [variable.value for variable in variables]
    parts = keras.tree.flatten(inputs), list(states), [*keras.tree.flatten(constants), *values]
    now = keras.tree.map_structure(lambda x: x[:, 0], inputs)
    key = repr(keras.tree.map_structure(described, (now, states, constants, values)))
    steps = COMPILED.setdefault(layer, {})
    training = torch.is_grad_enabled()
    if key not in steps or (training and steps[key] and not steps[key].gradient):
        try:
            steps[key] = compile_step(step, now, states, variables, values, constants, training)
        except Exception as error:  # one of the step itself will come again in the plain loop
            warnings.warn(
                f"The loop of {layer.name} is not compiled: {error}", S4NTMWarning, stacklevel=2
            )
            steps[key] = None
    if steps[key] is None:
        return None
    outputs, *states = Loop.apply(steps[key], training, *itertools.chain(*parts))
    return outputs[:, -1], outputs if return_all_outputs else outputs[:, -1:], states


def described(tensor):
    """What a step is compiled for."""
    return tuple(tensor.shape), tensor.dtype


def compile_step(step, inputs, states, variables, values, constants, training):
    """The `CompiledStep` for tensors such as these, of one time step."""
    arguments = inputs, states, constants, values
    sizes = (
        len(keras.tree.flatten(inputs)),
        len(states),
        len(keras.tree.flatten((constants, values))),
    )

    def forward(*flat):
        inputs, states, constants, values = keras.tree.pack_sequence_as(arguments, list(flat))
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            output, states = step(inputs, states, constants)
        if len(scope.state_mapping) > len(mapping):
            raise ValueError("it changes variables")
        return [x.contiguous() for x in (output, *states)]

    def backward(*flat):  # the states after the step are left to `take_states_as_given`
        leaves, _, d_results, d_same = split(flat, sum(sizes), sizes[1], 1 + sizes[1], sizes[2])
        leaves = [x.detach().requires_grad_() for x in leaves]
        with torch.enable_grad():
            results = forward(*leaves)
        pairs = zip(results, d_results, strict=True)
        wanted, d_wanted = zip(*((r, d) for r, d in pairs if r.requires_grad), strict=True)
        d_leaves = torch.autograd.grad(
            wanted, leaves, d_wanted, allow_unused=True, materialize_grads=True
        )
        d_inputs, d_states, d_here = split(d_leaves, *sizes)
        d_same = [a + b for a, b in zip(d_same, d_here, strict=True)]
        return [x.contiguous() for x in (*d_inputs, *d_states, *d_same)], results[1:]

    # What is recomputed for a segment of the loop must not hook into what is recorded here.
    with torch.no_grad(), saved_tensors_hooks(lambda x: x, lambda x: x):
        flat = distinct(keras.tree.flatten(arguments))
        results = forward(*flat)  # first without recording: what fails then leaves nothing behind
        compiled_step = compiled(record(forward, flat), flat)
        if not training:
            return CompiledStep(compiled_step, None, sizes)
        given = distinct([*flat, *results[1:], *results, *flat[sum(sizes[:2]) :]])
        graph = record(backward, given)
        take_states_as_given(graph, sum(sizes))
        return CompiledStep(compiled_step, compiled(graph, given), sizes)


def distinct(tensors):
    """Copies. A tensor that is there twice would be recorded as one."""
    return [x.clone(memory_format=torch.contiguous_format) for x in tensors]


def record(function, tensors):
    """The operations of `function`, for tensors of the shapes of these, as a graph."""
    graph = make_fx(function, tracing_mode="fake")(*tensors)
    tags = itertools.chain(*(getattr(node.target, "tags", ()) for node in graph.graph.nodes))
    if torch.Tag.nondeterministic_seeded in tags:
        raise ValueError("it draws random numbers, which are others when it is computed again")
    return graph


def take_states_as_given(graph, first):
    """In the graph of `backward`, the states after the step are inputs, from the one numbered
    `first` on, and what led to nothing but them is not computed again.
    """
    [output] = graph.graph.find_nodes(op="output")
    gradients, states = output.args[0]
    output.args = (gradients,)
    inputs = graph.graph.find_nodes(op="placeholder")
    for state, given in zip(states, inputs[first : first + len(states)], strict=True):
        whole = layout(state)
        while True:  # the state, and what it is a view of where that is the same tensor
            if layout(state) == whole:
                state.replace_all_uses_with(given)
            if not is_view(state):
                break
            state = state.all_input_nodes[0]
    graph.graph.eliminate_dead_code()
    graph.recompile()


def layout(node):
    """The shape of a node's tensor, its type, and where in memory its numbers are."""
    value = node.meta["val"]
    return *described(value), value.stride(), value.storage_offset()


def is_view(node):
    """Whether it shows numbers of another tensor, and computes none."""
    return getattr(node.target, "is_view", False)


def compiled(graph, tensors):
    """A graph as C++, for tensors of the shapes of these."""
    options = {
        "cpp_wrapper": True,
        # They make two softmaxes of a scaled one, to mind infinite scales.
        "pattern_matcher": False,
        # Else PyTorch compiles and runs a program for every instruction set of the CPU first.
        "cpp.vec_isa_ok": True,
    }
    return compile_graph(graph, tensors, options=options)


def split(tensors, *sizes):
    """So many of the tensors, then so many, ..."""
    ends = list(itertools.accumulate(sizes, initial=0))
    return [list(tensors[a:b]) for a, b in itertools.pairwise(ends)]


class Loop(torch.autograd.Function):
    """`apply` takes a `CompiledStep`, whether there will be a backward pass, the inputs
    `(B, T, ...)`, the first states and what is the same at every step; it gives the outputs
    `(B, T, ...)` and the last states.
    """

    @staticmethod
    def forward(ctx, compiled, training, *flat):
        inputs, states, same = split(flat, *compiled.sizes)
        inputs = [x.transpose(0, 1).contiguous() for x in inputs]
        states = [x.contiguous() for x in states]
        outputs, history = [], [*states]
        for now in zip(*inputs, strict=True):
            output, *states = compiled.step(*now, *states, *same)
            outputs.append(output)
            history += states if training else []
        ctx.compiled = compiled
        ctx.save_for_backward(*inputs, *same, *history)
        return torch.stack(outputs, 1), *(x.clone() for x in states)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_outputs, *d_states):
        gradient, sizes = ctx.compiled.gradient, ctx.compiled.sizes
        d_outputs = d_outputs.transpose(0, 1).contiguous()
        steps = len(d_outputs)
        inputs, same, *history = split(
            ctx.saved_tensors, sizes[0], sizes[2], *[sizes[1]] * (steps + 1)
        )
        d_states = [x.contiguous() for x in d_states]
        d_same = [torch.zeros_like(x) for x in same]
        d_inputs = []
        for t in reversed(range(steps)):
            now, before, after = [x[t] for x in inputs], history[t], history[t + 1]
            d_now, d_states, d_same = split(
                gradient(*now, *before, *same, *after, d_outputs[t], *d_states, *d_same), *sizes
            )
            d_inputs.append(d_now)
        d_inputs = [torch.stack(x[::-1], 1) for x in zip(*d_inputs, strict=True)]
        return None, None, *d_inputs, *d_states, *d_same
