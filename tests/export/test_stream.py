"""One time step at a time a model gives what it gives for whole sequences."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from helpers import compiled, numpy, small
from keras import layers, ops

from keras_s4ntm.export import Stream
from keras_s4ntm.models import MODELS, build_model


def streamed(model, inputs):
    """The outputs of a `Stream`, step by step: a list with one array a time step."""
    stream, outputs = Stream(model), []
    step, states = compiled(stream.step), stream.initial_state(len(inputs))
    for x in np.moveaxis(inputs, 1, 0):
        output, states = step(ops.convert_to_tensor(x), states)
        outputs.append(numpy(output))
    return outputs


def task(target_kind):
    return SimpleNamespace(input_size=3, output_size=2, target_kind=target_kind)


@pytest.mark.dealt
@pytest.mark.parametrize("name", MODELS)
def test_every_model_gives_the_outputs_of_the_whole_sequence(name, rng):
    model = build_model(name, task("bits"), **small(name))
    inputs = rng.normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(
        np.stack(streamed(model, inputs), axis=1), numpy(model(inputs)), atol=1e-5
    )


@pytest.mark.dealt
@pytest.mark.parametrize("name", ["ntm", "s4d"])
def test_of_a_classifier_every_step_gives_what_the_sequence_so_far_is_taken_for(name, rng):
    model = build_model(name, task("classes"), **small(name))
    inputs = rng.normal(size=(2, 4, 3)).astype("float32")
    for t, output in enumerate(streamed(model, inputs)):
        np.testing.assert_allclose(output, numpy(model(inputs[:, : t + 1])), atol=1e-5)


class RunningSum(keras.Layer):
    """A layer that is no `keras.layers.RNN` and streams by the two methods that it needs."""

    def call(self, inputs):
        return ops.cumsum(inputs, axis=1)

    def get_initial_state(self, batch_size):
        return [ops.zeros((batch_size, 4))]

    def step(self, inputs, states):
        return inputs + states[0], [inputs + states[0]]


def test_a_chain_of_layers_of_keras_streams_with_flat_states(rng):
    cells = [layers.LSTMCell(4), layers.GRUCell(5)]
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            layers.RNN(cells, return_sequences=True),
            layers.LayerNormalization(),
            layers.Dense(4, activation="tanh"),
            RunningSum(),
            layers.GRU(3, return_sequences=True),
        ]
    )
    assert [tuple(s.shape) for s in Stream(model).initial_state(2)] == [
        (2, size) for size in (4, 4, 5, 4, 3)
    ]
    inputs = rng.normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(
        np.stack(streamed(model, inputs), axis=1), numpy(model(inputs)), atol=1e-5
    )


def residual(inputs):
    hidden = layers.LSTM(3, return_sequences=True)(inputs)
    return layers.Add()([inputs, hidden])


def operation(inputs):
    return 2 * layers.Dense(3)(inputs)


def two_outputs(inputs):
    return [layers.Dense(3)(inputs), layers.Dense(3)(inputs)]


@pytest.mark.parametrize("graph", [residual, operation, two_outputs])
def test_layers_that_are_no_chain_are_refused(graph):
    inputs = keras.Input((None, 3))
    with pytest.raises(ValueError, match="'branched' cannot run one time step at a time"):
        Stream(keras.Model(inputs, graph(inputs), name="branched"))


def test_a_bidirectional_layer_is_refused_though_it_has_no_states_to_give():
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    model = keras.Sequential([keras.Input((None, 3)), both, layers.Dense(2)])
    with pytest.raises(ValueError, match="is bidirectional and depends on later inputs"):
        Stream(model)


@pytest.mark.parametrize(
    "masking", [layers.Masking(name="mask"), layers.Embedding(5, 3, mask_zero=True, name="mask")]
)
def test_a_layer_that_makes_a_mask_is_refused_and_the_message_says_what_to_declare(masking):
    shape = (None, 3) if isinstance(masking, layers.Masking) else (None,)
    model = keras.Sequential([keras.Input(shape), masking, layers.LSTM(3, return_sequences=True)])
    message = "'mask' makes a mask, .* streamable=False, in `register_model`"
    with pytest.raises(ValueError, match=message):
        Stream(model)
