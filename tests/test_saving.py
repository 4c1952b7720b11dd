"""Files with classes of this package, loaded by a program that has imported nothing else."""

import keras
import numpy as np
from helpers import run_on

from keras_s4ntm import Experiment
from keras_s4ntm.training.fit import compile_model

LOAD = """
import numpy as np
import keras_s4ntm

model = keras_s4ntm.load_model("model.keras")
np.save("outputs.npy", model.predict(np.load("inputs.npy"), verbose=0))
assert type(model.optimizer).__name__ == "SlowStateSpaceAdamW"
"""


def test_a_compiled_model_loads_in_a_program_that_has_imported_nothing_else(tmp_path, rng):
    experiment = Experiment.choose("copy", "ntm", {"bits": 3, "memory_size": 8, "units": 6})
    model = experiment.build_model()
    compile_model(model, experiment.task, experiment.training)
    inputs = rng.normal(size=(2, 5, 5)).astype("float32")
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "inputs.npy", inputs)
    run_on(keras.backend.backend(), LOAD, tmp_path)
    expected = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), expected, atol=1e-6)


def test_every_public_name_is_there():
    import keras_s4ntm

    for name in keras_s4ntm.__all__:
        assert getattr(keras_s4ntm, name).__name__ == name
