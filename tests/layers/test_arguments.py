"""Arguments of layers: declared once, documented, in the config, refused where unknown."""

import re

import keras
import pytest

from keras_s4ntm.layers import (
    DNC,
    NTM,
    S4D,
    S4DNTM,
    DNCAccess,
    DNCCell,
    FeedForwardController,
    LSTMController,
    MemoryCell,
    MemoryRNN,
    NTMAccess,
    NTMCell,
    S4DBlock,
    S4DController,
    S4DNTMCell,
)
from keras_s4ntm.layers.arguments import RNN_ARGUMENTS

pytestmark = pytest.mark.dealt

CELLS = {NTM: NTMCell, DNC: DNCCell, S4DNTM: S4DNTMCell}
KINDS = [*CELLS, *CELLS.values()]

OTHER_THAN_DEFAULT = {
    # controllers
    "units": [6, 5],
    "controller": "feedforward",
    "controller_activation": "relu",
    "input_variance": 4.0,
    "forget_bias": -2.0,
    "recurrent_gain": 0.1,
    "learn_initial_state": True,
    # S4D
    "blocks": 2,
    "state_dimension": 4,
    "state_initializer": "legs",
    "discretization": "bilinear",
    "dt_min": 0.01,
    "dt_max": 1.0,
    "dropout": 0.1,
    "read_feedback": True,
    "head_inputs": "state",
    # memories
    "memory_size": 7,
    "memory_width": 3,
    "read_heads": 2,
    "order": "read-first",
    "memory_initializer": keras.initializers.serialize(keras.initializers.Constant(0.5)),
    "learn_initial_memory": True,
    "reads_initializer": 0.5,
    "learn_initial_reads": True,
    "cosine_epsilon": 1e-6,
    "norm_epsilon": 1e-8,
    "interface_clip": 20.0,
    "head_noise": 0.25,
    # of an NTM
    "write_heads": 2,
    "shift_range": 2,
    "initial_read_weights": "uniform",
    "initial_write_weights": "learned",
    "circular_shift": False,
    "sharpening_epsilon": 1e-6,
    "key_activation": "linear",
    "strength_activation": "10*sigmoid",
    "gate_activation": "hard_sigmoid",
    "sharpening_activation": "1+9*sigmoid",
    "erase_activation": "1+0*sigmoid",
    "add_activation": "relu",
    "shift_order": "wrapped",
    "write_interpolation_bias": -6.0,
    "write_shift_bias": 8.0,
    "read_interpolation_bias": [-3.0, 3.0],
    "read_shift_bias": [3.0, 0.0],
    "read_strength_bias": 3.0,
    "content_scale": 0.1,
    # of a DNC
    "content_masking": True,
    "mask_floor": 0.1,
    "deallocation": True,
    "link_sharpness": True,
    "sparse_links": 4,
    "read_mode_order": "content-last",
    "usage_gradient": False,
    "free_gate_bias": -4.0,
    "allocation_gate_bias": 3.0,
    "write_gate_bias": 3.5,
    "backward_mode_bias": -2.0,
    "forward_mode_bias": 1.0,
    "read_key_scale": 3.0,
    "add_scale": 3.5,
    # cells
    "output": "recent-reads",
    "access_interval": 3,
    "access_probability": 0.5,
    "direct_inputs": True,
    "direct_content_variance": 4.0,
    "direct_addressing_variance": 1.5,
    # layers
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
    "zero_output_for_mask": True,
    "segment_length": 3,
}
OF_S4D = {"units": 6, "direct_inputs": False}
NEEDS = {"head_inputs": {"read_feedback": True}}
NOT_TOGETHER = {"access_probability"}  # with access_interval


def names_of(kind):
    return (*CELLS[kind].names(), *RNN_ARGUMENTS) if kind in CELLS else kind.names()


def others_of(kind):
    """`{name: value}` of all arguments of a layer, no value the default."""
    values = {**OTHER_THAN_DEFAULT, **(OF_S4D if kind in (S4DNTM, S4DNTMCell) else {})}
    if kind in (DNC, DNCCell):
        values["key_activation"] = "tanh"  # linear is the default
    return {name: values[name] for name in names_of(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_argument_is_in_the_config_changes_only_itself_and_survives_a_round_trip(kind):
    for name, value in others_of(kind).items():
        needed = NEEDS.get(name, {})
        default = kind(**needed, name="mine").get_config()
        config = kind(**needed, **{name: value}, name="mine").get_config()
        assert {key for key in config if config[key] != default[key]} == {name}
        assert config[name] == value
        assert config.keys() == default.keys()
        assert kind.from_config(config).get_config() == config


@pytest.mark.parametrize("kind", KINDS)
def test_all_arguments_together_survive_a_round_trip(kind):
    arguments = {n: v for n, v in others_of(kind).items() if n not in NOT_TOGETHER}
    config = kind(**arguments, name="mine", dtype="mixed_bfloat16", trainable=False).get_config()
    assert {name: config[name] for name in arguments} == arguments
    assert config["name"] == "mine"
    assert config["trainable"] is False
    assert config["dtype"]["config"]["name"] == "mixed_bfloat16"
    again = kind.from_config(config)
    assert again.get_config() == config
    assert again.get_config() is not config


@pytest.mark.parametrize("kind", CELLS.values())
def test_every_argument_of_a_network_is_declared_in_one_group(kind):
    names = [name for group in kind.groups() for name in group.names()]
    assert len(names) == len(set(names))
    assert tuple(names) == kind.names()
    assert not set(names) & set(RNN_ARGUMENTS)


# What docstrings say


def documented(docstring):
    """The names that the section `Args` of a docstring describes."""
    section = re.split(r"\n *\n", docstring.split("Args:", 1)[1])[0]
    entries = re.findall(r"^ {4,8}(\**[a-z]\w*(?:,\s+\w+)*):", section, re.MULTILINE)
    return [name for entry in entries for name in re.split(r",\s+", entry)]


def declaring(group, name):
    """The class nearest to `group` that declares the argument and says what it means."""
    classes = [c for c in group.__mro__ if name in vars(c).get("__annotations__", {})]
    return [c for c in classes if "Args:" in (c.__doc__ or "") and name in documented(c.__doc__)]


@pytest.mark.parametrize("kind", CELLS.values())
def test_every_argument_is_described_where_it_is_declared(kind):
    for group in kind.groups():
        for name in group.names():
            assert declaring(group, name), f"{group.__name__}.{name}"


@pytest.mark.parametrize("kind", CELLS.values())
def test_groups_of_arguments_describe_nothing_that_they_do_not_declare(kind):
    for group in kind.groups():
        for declared_by in group.__mro__:
            if "Args:" in (declared_by.__doc__ or ""):
                own = set(vars(declared_by).get("__annotations__", {}))
                assert set(documented(declared_by.__doc__)) <= own, declared_by.__name__


@pytest.mark.parametrize("kind", CELLS.values())
def test_the_docstring_of_a_cell_names_each_of_its_arguments_once_and_no_other(kind):
    assert sorted(documented(kind.__doc__)) == sorted(kind.names())


@pytest.mark.parametrize("kind", CELLS)
def test_the_docstring_of_a_layer_names_only_arguments_that_there_are(kind):
    assert documented(kind.__doc__) == ["units", "**arguments"]
    named = re.findall(r"`(\w+)`", kind.__doc__.split("Args:", 1)[1].split("\n\n")[0])
    arguments = {name for name in named if name.islower()}
    assert arguments <= set(names_of(kind))
    assert {"memory_size", "memory_width", "read_heads", "output"} <= arguments


def test_the_docstring_of_the_loop_names_each_of_its_arguments():
    assert sorted(documented(MemoryRNN.__doc__)) == sorted(("cell", *RNN_ARGUMENTS))


# What is unknown

LAYERS = {
    "NTM": (NTM, "memory_sizes", "memory_size"),
    "NTMCell": (NTMCell, "write_head", "write_heads"),
    "NTMAccess": (NTMAccess, "shift_ranges", "shift_range"),
    "DNC": (DNC, "return_sequence", "return_sequences"),
    "DNCCell": (DNCCell, "sparse_link", "sparse_links"),
    "DNCAccess": (DNCAccess, "link_sharpening", "link_sharpness"),
    "S4DNTM": (S4DNTM, "accessinterval", "access_interval"),
    "S4DNTMCell": (S4DNTMCell, "discretisation", "discretization"),
    "S4DController": (S4DController, "block", "blocks"),
    "S4D": (lambda **a: S4D(4, **a), "bidirectionality", "bidirectional"),
    "S4DBlock": (lambda **a: S4DBlock(4, **a), "drop_out", "dropout"),
    "MemoryCell": (
        lambda **a: MemoryCell(LSTMController(4), NTMAccess(), **a),
        "access_intervall",
        "access_interval",
    ),
    "MemoryRNN": (
        lambda **a: MemoryRNN(MemoryCell(LSTMController(4), NTMAccess()), **a),
        "return_states",
        "return_state",
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_an_unknown_argument_is_refused_with_what_was_probably_meant(name):
    make, unknown, meant = LAYERS[name]
    message = f"^Unknown argument of {name} '{unknown}'. Did you mean '{meant}'"
    with pytest.raises(ValueError, match=message):
        make(**{unknown: 1})


@pytest.mark.parametrize("kind", [LSTMController, FeedForwardController])
def test_an_unknown_argument_of_a_controller_is_refused(kind):
    with pytest.raises(ValueError, match="forget_gate"):
        kind(4, forget_gate=1.0)


@pytest.mark.parametrize("kind", CELLS)
def test_arguments_beyond_the_first_are_refused_without_their_names(kind):
    with pytest.raises(TypeError, match="positional"):
        kind(6, 128)
