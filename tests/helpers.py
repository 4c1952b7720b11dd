"""What the tests share: tensors to NumPy, and gradients on any backend."""

import contextlib
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from keras_s4ntm.errors import DataError
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.models import MODELS
from keras_s4ntm.runs import Run
from keras_s4ntm.tasks import TASKS

SHARED_DATA = Path(__file__).parents[2] / "shared" / "tfds"  # MNIST, where the developers have it
SMALL_MODEL = {"units": 8, "memory_size": 8, "state_dimension": 4, "layers": 3, "dropout": 0.1}


def also_slow(values, fast):
    """Parameters, or tuples of them: those that are not in `fast` are left to the slow tests."""
    found = []
    for value in values:
        row = value if isinstance(value, tuple) else (value,)
        found.append(pytest.param(*row, marks=() if value in fast else pytest.mark.slow))
    return found


def small(name):
    """Hyperparameters of a small model, of those that it has."""
    return {key: value for key, value in SMALL_MODEL.items() if key in MODELS[name].parameters}


def untrained(path, task="copy", model="ntm", **values):
    """A run that ended before it learned anything."""
    memory = {"memory_size": 8} if "memory_size" in MODELS[model].parameters else {}
    run = Run.create(path, Experiment.choose(task, model, {"units": 6, **memory, **values}))
    run.save_model(run.experiment.build_model())
    return run


def numpy(value):
    """A tensor, or nested tensors, as NumPy arrays."""
    return keras.tree.map_structure(ops.convert_to_numpy, value)


def use_shared_data():
    """The prepared data, unless `TFDS_DATA_DIR` names another; before TFDS is imported."""
    if SHARED_DATA.exists():
        os.environ.setdefault("TFDS_DATA_DIR", str(SHARED_DATA.resolve()))


def own_sequences(kind="classes", count=48, seed=0):
    """`{name: array}` of a user's own data: two channels far from 0, of 3 to 7 time steps, padded
    with what must not be seen; channel 0 says what is wanted.
    """
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 8, count)
    there = np.arange(7) < lengths[:, None]
    classes = np.arange(count) % 3
    inputs = rng.normal(size=(count, 7, 2)) * [1, 30] + [0, 500]
    inputs[..., 0] += 9 * classes[:, None]
    targets = {
        "classes": classes,
        "tokens": np.where(there, (inputs[..., 0] > 9).astype(int), -1),
        "bits": inputs > [9, 500],
        "values": inputs[..., :1] ** 2,
    }[kind]
    inputs[~there] = np.nan
    return {"inputs": inputs, "lengths": lengths, "targets": targets}


@functools.cache
def data_of(name):
    """The parameters that name the data of a task: of `npz` a small file."""
    if name != "npz":
        return {}
    path = Path(tempfile.mkdtemp()) / "data.npz"
    np.savez(path, **own_sequences(count=160))
    return {"data": str(path)}


def task_of(name, **fields):
    """A task; the test is skipped where its data is not there."""
    task = TASKS[name](**data_of(name), **fields)
    if task.size("train") is not None:
        if "TFDS_DATA_DIR" not in os.environ:
            pytest.skip("needs prepared data: set TFDS_DATA_DIR")
        try:
            task.batch("train", 0, 0, 1)
        except DataError as error:
            pytest.skip(str(error))
    return task


def tensors(arrays):
    """Arrays as float32 tensors of the backend."""
    return [ops.convert_to_tensor(np.asarray(a), dtype="float32") for a in arrays]


def sequences(rng, batch=3, time=6, size=5):
    """Normal numbers `(batch, time, size)`, float32: inputs of a layer."""
    return rng.normal(size=(batch, time, size)).astype("float32")


def with_the_weights_of(layer, other, size=5):
    """`other`, built for three sequences of this size, with the weights of `layer`."""
    other.build((3, None, size))
    other.set_weights(layer.get_weights())
    return other


def float64():
    """A context in which the backend computes in float64 with tensors that are float64."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)


def compiled(function):
    """JAX compiles every single operation when it runs them one by one; this is quicker."""
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


def trace(function, *arguments):
    """Runs `function` for what it does on the way: JAX and TensorFlow trace it, and no more."""
    if keras.backend.backend() == "jax":
        import jax

        jax.eval_shape(function, *arguments)
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.function(function, autograph=False).get_concrete_function(*arguments)
    else:
        function(*arguments)


def stream(layer, inputs):
    """The outputs `(B, T, ...)` of `layer.step`, one time step after the other, and last states."""
    states, outputs = layer.get_initial_state(inputs.shape[0]), []
    step = compiled(lambda x, states: layer.step(x, states))
    for t in range(inputs.shape[1]):
        output, states = step(ops.convert_to_tensor(inputs[:, t]), states)
        outputs.append(numpy(output))
    return np.stack(outputs, axis=1), states


def gradients(function, arrays):
    """Gradients of `sum(function(*arrays))` with respect to every one of the float32 tensors."""
    backend = keras.backend.backend()
    if backend == "torch":
        inputs = [a.detach().clone().requires_grad_(True) for a in arrays]
        function(*inputs).sum().backward()
        return [x.grad.numpy() for x in inputs]
    if backend == "jax":
        import jax

        everything = tuple(range(len(arrays)))
        result = jax.jit(jax.grad(lambda *a: function(*a).sum(), argnums=everything))(*arrays)
        return [np.asarray(g) for g in result]
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(arrays)
        total = tf.reduce_sum(function(*arrays))
    return [tf.convert_to_tensor(g).numpy() for g in tape.gradient(total, arrays)]


def weight_gradients(layer, function):
    """`{path: gradient}` of the scalar `function()` with respect to a layer's trained weights."""
    backend, weights = keras.backend.backend(), layer.trainable_weights
    if backend == "torch":
        function().backward()
        results = [w.value.grad for w in weights]
    elif backend == "jax":
        import jax

        def scalar(values):
            with keras.StatelessScope(state_mapping=list(zip(weights, values, strict=True))):
                return function()

        results = jax.jit(jax.grad(scalar))([w.value for w in weights])
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            total = function()
        results = tape.gradient(total, [w.value for w in weights])
    return {w.path: numpy(g) for w, g in zip(weights, results, strict=True)}


def finite_differences(function, arrays, step=1e-6):
    """Gradients of `sum(function(*arrays))`, a NumPy function, by central differences."""
    arrays = [np.array(a, "float64") for a in arrays]
    results = [np.zeros_like(a) for a in arrays]
    for array, result in zip(arrays, results, strict=True):
        for index in np.ndindex(array.shape):
            value = array[index]
            array[index] = value + step
            above = np.sum(function(*arrays))
            array[index] = value - step
            below = np.sum(function(*arrays))
            array[index] = value
            result[index] = (above - below) / (2 * step)
    return results


def users_environment():
    """The environment of a process without what `conftest.py` sets to make tests cheap."""
    cheap = ("XLA_FLAGS", "OMP_NUM_THREADS", "TORCH_COMPILE_DISABLE")
    return {name: value for name, value in os.environ.items() if name not in cheap}


def run_on(backend, script, cwd):
    """Run a Python script in a fresh process on another backend."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", script], cwd=cwd, env=environment, check=True)
