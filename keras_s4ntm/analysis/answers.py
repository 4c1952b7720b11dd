"""What a traced network answered, beside what was right. Imports no framework.

Shapes: B sequences, T time steps.
"""

import numpy as np

from keras_s4ntm.analysis.trace_file import Trace

ALIKE = ("bits", "values")  # kinds of targets that the shapes do not tell apart


def kind_of(trace):
    """What the targets of a `Trace` are: `"bits"`, `"tokens"`, `"classes"`, `"values"`; `None`: it
    has none.

    The shapes say it. Bits and values have the same: there the trace says itself what it has, or
    all that are 0 and 1 are bits.
    """
    if "targets" not in trace.arrays:
        return None
    targets, outputs = trace.targets, trace.outputs
    if targets.shape == outputs.shape:
        said = trace.about.get("target_kind")
        return said if said in ALIKE else ALIKE[not np.isin(targets, (0, 1)).all()]
    if targets.shape == outputs.shape[:-1]:
        return "tokens" if targets.ndim == 2 else "classes"
    return None


def scored(trace):
    """`(B, T)`, boolean: the time steps that are scored; of classes the last one."""
    shape = trace.inputs.shape[:2]
    if "target_mask" in trace.arrays:
        return np.asarray(trace.target_mask) > 0
    last = np.zeros(shape, "bool")
    last[:, -1] = True
    return last if kind_of(trace) == "classes" else np.ones(shape, "bool")


def first_answer(trace):
    """The first time step at which any sequence is scored."""
    return int(scored(trace).any(axis=0).argmax())


def probabilities(outputs, kind):
    """Logits as probabilities, float64: of bits each by itself, of tokens and classes together.
    Values stay what they are.

    Args:
        outputs: `(..., O)`, logits, or values.
        kind: `"bits"`, `"tokens"`, `"classes"` or `"values"`.
    """
    logits = outputs.astype("float64")
    if kind == "values":
        return logits
    if kind in ("tokens", "classes"):
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)
    return 0.5 * (1 + np.tanh(logits / 2))


def wrong(trace):
    """Which answers are wrong, where they are scored: bits `(B, T, bits)`, tokens `(B, T)`,
    classes `(B,)`, boolean.

    Raises:
        ValueError: the trace has no targets, or none that fit to its outputs, or they are values,
            of which an answer is more or less wrong.
    """
    kind = kind_of(trace)
    if kind is None:
        raise ValueError(
            "The trace has no targets that its outputs could be compared with: "
            "trace(..., targets=...)."
        )
    if kind == "values":
        raise ValueError(
            "Real values are never quite right, so none is wrong: `errors` has the mean squared "
            "error of this trace."
        )
    if kind == "bits":
        return ((trace.outputs > 0) != (trace.targets > 0.5)) & scored(trace)[..., None]
    errors = trace.outputs.argmax(axis=-1) != trace.targets
    return errors & scored(trace) if kind == "tokens" else errors


def errors(trace):
    """Wrong bits, tokens or classes per sequence, of values the mean squared error: the mean over
    sequences, as `s4ntm evaluate` has it.
    """
    if kind_of(trace) == "values":
        squares = ((trace.outputs - trace.targets).astype("float64") ** 2).mean(axis=-1)
        steps = scored(trace)
        return float(np.mean((squares * steps).sum(axis=1) / steps.sum(axis=1)))
    found = wrong(trace)
    return float(found.sum() / len(found))


def answered(batch, outputs, **about):
    """The answers to a `Batch` as a `Trace`, without a memory."""
    arrays = {"inputs": batch.inputs, "outputs": outputs, "targets": batch.targets}
    if batch.mask is not None:
        arrays["target_mask"] = batch.mask > 0
    return Trace(arrays, about)
