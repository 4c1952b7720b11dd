"""The yardstick of `s4ntm bench` computes what the model `ntm` computes."""

import numpy as np
import pytest
from helpers import numpy

from keras_s4ntm.batches import Batches
from keras_s4ntm.models import build_model
from keras_s4ntm.recipe import Recipe
from keras_s4ntm.tasks import Copy
from keras_s4ntm.training import compile_model

torch = pytest.importorskip("torch")

from keras_s4ntm import yardstick  # noqa: E402

TASK = Copy(bits=3, max_length=4)
SIZES = {"units": 6, "memory_size": 9, "memory_width": 4}


def head_parameters(kernel, bias, names_and_sizes):
    """One linear layer a parameter, from the kernel and bias of all of them."""
    ends = np.cumsum([size for _, size in names_and_sizes])[:-1]
    kernels, biases = np.split(kernel, ends, axis=1), np.split(bias, ends)
    for (name, _), k, b in zip(names_and_sizes, kernels, biases, strict=True):
        yield f"{name}.weight", k.T
        yield f"{name}.bias", b


def with_the_weights_of(model):
    """A yardstick with the weights of a Keras `ntm`."""
    weights = {w.path.split("cell/")[-1]: numpy(w) for w in model.weights}
    inputs = weights["controller/input_kernel"]
    below, hidden = np.split(weights["controller/recurrent_kernel_0"], [SIZES["memory_width"]])
    state = {
        "controller.weight_ih": np.concatenate([inputs, below]).T,
        "controller.weight_hh": hidden.T,
        "controller.bias_ih": weights["controller/bias_0"],
        "controller.bias_hh": 0 * weights["controller/bias_0"],
        "output.weight": weights["outputs/kernel"].T,
        "output.bias": weights["outputs/bias"],
    }
    width = SIZES["memory_width"]
    where = [("key", width), ("strength", 1), ("gate", 1), ("gamma", 1), ("shift", 3)]
    for head, sizes in (
        ("read_head", where),
        ("write_head", [*where, ("erase", width), ("add", width)]),
    ):
        kernel, bias = weights[f"access/{head}/kernel"], weights[f"access/{head}/bias"]
        state |= {f"{head}.{k}": v for k, v in head_parameters(kernel, bias, sizes)}
    plain = yardstick.NTM(TASK.input_size, TASK.output_size, **SIZES)
    plain.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    return plain


def sgd(module):
    return torch.optim.SGD(module.parameters(), lr=0.1)


def test_with_the_same_weights_it_has_the_outputs_and_the_loss_of_the_model_ntm():
    model = build_model("ntm", TASK, **SIZES)
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign_add(rng.normal(0, 0.3, weight.shape))
    compile_model(model, TASK, Recipe())
    inputs, targets, weights = Batches(TASK, "train", 0, batch_size=5, count=1)[0]
    outputs = model(inputs)
    loss = model.compute_loss(y=targets, y_pred=outputs, sample_weight=weights)

    plain = with_the_weights_of(model)
    plain_outputs = plain(torch.from_numpy(inputs)).detach().numpy()
    np.testing.assert_allclose(plain_outputs, numpy(outputs), rtol=1e-4, atol=1e-5)
    plain_loss = yardstick.train_step(plain, sgd(plain), inputs, targets, weights)
    assert plain_loss == pytest.approx(float(numpy(loss)), rel=1e-5)


def test_an_update_moves_every_weight_and_lowers_the_loss():
    plain = with_the_weights_of(build_model("ntm", TASK, **SIZES))
    before = {name: weight.clone() for name, weight in plain.named_parameters()}
    batch = Batches(TASK, "train", 0, batch_size=5, count=1)[0]
    optimizer = sgd(plain)
    losses = [yardstick.train_step(plain, optimizer, *batch) for _ in range(2)]
    assert losses[1] < losses[0]
    for name, weight in plain.named_parameters():
        assert not torch.equal(weight, before[name]), name
