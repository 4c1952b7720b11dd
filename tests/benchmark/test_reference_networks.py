"""The reference networks of `s4ntm bench` compute what the models `ntm` and `s4d` compute."""

import numpy as np
import pytest
from helpers import numpy

from keras_s4ntm.benchmark import REFERENCES, reference_of
from keras_s4ntm.data.batches import Batches
from keras_s4ntm.experiment import Experiment
from keras_s4ntm.training.fit import compile_model

torch = pytest.importorskip("torch")

from keras_s4ntm.benchmark import reference_networks  # noqa: E402

SIZES = {
    "ntm": {"units": 6, "memory_size": 9, "memory_width": 4},
    "s4d": {"units": 6, "blocks": 2, "state_dimension": 8},
}


def experiment_of(name):
    """A model with its preset for copy."""
    experiment = Experiment.choose("copy", name, {"bits": 3, "max_length": 4, **SIZES[name]})
    assert experiment.preset == f"{name}/copy"
    return experiment


def model_of(name):
    """A model, its weights moved to where training might take them."""
    model = experiment_of(name).build_model()
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign_add(rng.normal(0, 0.3, weight.shape))
    return model


def head_parameters(kernel, bias, names_and_sizes):
    """One linear layer a parameter, from the kernel and bias of all of them."""
    ends = np.cumsum([size for _, size in names_and_sizes])[:-1]
    kernels, biases = np.split(kernel, ends, axis=1), np.split(bias, ends)
    for (name, _), k, b in zip(names_and_sizes, kernels, biases, strict=True):
        yield f"{name}.weight", k.T
        yield f"{name}.bias", b


def weights_of_ntm(weights):
    """The weights of a Keras `ntm`, by the names of the reference network."""
    inputs, width = weights["controller/input_kernel"], SIZES["ntm"]["memory_width"]
    below, hidden = np.split(weights["controller/recurrent_kernel_0"], [width])
    state = {
        "controller.weight_ih": np.concatenate([inputs, below]).T,
        "controller.weight_hh": hidden.T,
        "controller.bias_ih": weights["controller/bias_0"],
        "controller.bias_hh": 0 * weights["controller/bias_0"],
    }
    where = [("key", width), ("strength", 1), ("gate", 1), ("gamma", 1), ("shift", 3)]
    for head, sizes in (
        ("read_head", where),
        ("write_head", [*where, ("erase", width), ("add", width)]),
    ):
        kernel, bias = weights[f"access/{head}/kernel"], weights[f"access/{head}/bias"]
        state |= {f"{head}.{k}": v for k, v in head_parameters(kernel, bias, sizes)}
    return state


def weights_of_s4d(weights):
    """The weights of a Keras `s4d`, by the names of the reference network."""
    state = {
        "encoder.weight": weights["encoder/kernel"].T,
        "encoder.bias": weights["encoder/bias"],
    }
    for i in range(SIZES["s4d"]["blocks"]):
        block, layer = f"block_{i}", f"layers.{i}"
        for name in ("log_dt", "log_A_real", "A_imag", "C", "D"):
            state[f"{layer}.{name}"] = weights[f"{block}/s4d/{name}"]
        state[f"{layer}.output_linear.weight"] = weights[f"{block}/kernel"].T[:, :, None]
        state[f"{layer}.output_linear.bias"] = weights[f"{block}/bias"]
        state[f"norms.{i}.weight"] = weights[f"{block}/normalization/gamma"]
        state[f"norms.{i}.bias"] = weights[f"{block}/normalization/beta"]
    return state


def with_the_weights_of(model):
    """A reference network with the weights of a Keras model."""
    weights = {w.path.split("cell/")[-1]: numpy(w) for w in model.weights}
    weights_of = {"ntm": weights_of_ntm, "s4d": weights_of_s4d}[model.name]
    state = {
        **weights_of(weights),
        "output.weight": weights["outputs/kernel"].T,
        "output.bias": weights["outputs/bias"],
    }
    network = getattr(reference_networks, REFERENCES[reference_of(model.name)])
    task = experiment_of(model.name).task
    plain = network(task.input_size, task.output_size, **SIZES[model.name])
    plain.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    return plain


def batch_of(name):
    return Batches(experiment_of(name).task, "train", 0, batch_size=5, count=1)[0]


def sgd(module):
    return torch.optim.SGD(module.parameters(), lr=0.1)


@pytest.mark.dealt
@pytest.mark.parametrize("name", SIZES)
def test_with_the_same_weights_it_has_the_outputs_and_the_loss_of_the_model(name):
    model, experiment = model_of(name), experiment_of(name)
    compile_model(model, experiment.task, experiment.training)
    inputs, targets, weights = batch_of(name)
    outputs = model(inputs)
    loss = model.compute_loss(y=targets, y_pred=outputs, sample_weight=weights)

    plain = with_the_weights_of(model)
    plain_outputs = plain(torch.from_numpy(inputs)).detach().numpy()
    np.testing.assert_allclose(plain_outputs, numpy(outputs), rtol=1e-4, atol=1e-5)
    plain_loss = reference_networks.train_step(plain, sgd(plain), inputs, targets, weights)
    assert plain_loss == pytest.approx(float(numpy(loss)), rel=1e-5)


@pytest.mark.dealt
@pytest.mark.parametrize("name", SIZES)
def test_an_update_moves_every_weight_and_lowers_the_loss(name):
    plain = with_the_weights_of(model_of(name))
    before = {name: weight.clone() for name, weight in plain.named_parameters()}
    optimizer, batch = sgd(plain), batch_of(name)
    losses = [reference_networks.train_step(plain, optimizer, *batch) for _ in range(2)]
    assert losses[1] < losses[0]
    for name, weight in plain.named_parameters():
        assert not torch.equal(weight, before[name]), name


@pytest.mark.parametrize("name", REFERENCES)
def test_without_other_sizes_it_has_those_of_the_model(name):
    model = {"plain-ntm": "ntm", "plain-s4d": "s4d"}[name]
    plain = getattr(reference_networks, REFERENCES[name])(10, 8)
    chosen = Experiment.choose("copy", model)
    assert sum(weight.numel() for weight in plain.parameters()) == sum(
        np.prod(weight.shape) for weight in chosen.build_model().trainable_weights
    ) + (4 * plain.units if name == "plain-ntm" else 0)  # PyTorch's LSTM has two biases
