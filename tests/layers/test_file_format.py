"""Configs and files of other versions are refused, not read wrongly."""

import json
import zipfile

import keras
import pytest

from keras_s4ntm.layers import (
    DNC,
    NTM,
    S4D,
    S4DNTM,
    LSTMController,
    MemoryCell,
    MemoryRNN,
    NTMAccess,
    S4DBlock,
)
from keras_s4ntm.layers.file_format import FORMAT

UNITS = 4
SMALL = {"memory_size": 7, "memory_width": 3}
LAYERS = {
    "NTM": lambda: NTM(UNITS, **SMALL),
    "DNC": lambda: DNC(UNITS, **SMALL),
    "S4DNTM": lambda: S4DNTM(UNITS, state_dimension=4, **SMALL),
    "MemoryRNN": lambda: MemoryRNN(MemoryCell(LSTMController(UNITS), NTMAccess(**SMALL))),
    "S4D": lambda: S4D(UNITS, state_dimension=4),
    "S4DBlock": lambda: S4DBlock(UNITS, state_dimension=4),
}

pytestmark = pytest.mark.parametrize("name", LAYERS)


def test_a_config_says_its_format_and_another_one_is_refused(name):
    layer = LAYERS[name]()
    config = layer.get_config()
    assert config["format"] == FORMAT
    assert type(layer).from_config(dict(config)).get_config() == config
    del config["format"]
    with pytest.raises(ValueError, match=f"This {name} was made by an older version"):
        type(layer).from_config(dict(config))
    with pytest.raises(ValueError, match=f"This {name} was made by a newer version"):
        type(layer).from_config({**config, "format": FORMAT + 1})


def without_format(config):
    """A config without the key, however deep."""
    if isinstance(config, dict):
        return {key: without_format(v) for key, v in config.items() if key != "format"}
    return [without_format(v) for v in config] if isinstance(config, list) else config


def test_a_keras_file_without_the_format_is_refused(name, tmp_path):
    inputs = keras.Input((None, UNITS))
    keras.Model(inputs, LAYERS[name]()(inputs)).save(tmp_path / "model.keras")
    keras.models.load_model(tmp_path / "model.keras")
    with (
        zipfile.ZipFile(tmp_path / "model.keras") as new,
        zipfile.ZipFile(tmp_path / "old.keras", "w") as old,
    ):
        for file in new.namelist():
            content = new.read(file)
            if file == "config.json":
                content = json.dumps(without_format(json.loads(content)))
            old.writestr(file, content)
    with pytest.raises(ValueError, match=f"This {name} was made by an older version"):
        keras.models.load_model(tmp_path / "old.keras")
