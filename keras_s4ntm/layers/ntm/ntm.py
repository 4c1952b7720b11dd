"""The Neural Turing Machine: one time step (`NTMCell`) and the layer (`NTM`).

Source: Graves, Wayne, Danihelka 2014, "Neural Turing Machines".
"""

import keras

from keras_s4ntm.layers.controllers.arguments import ControllerArguments
from keras_s4ntm.layers.memory.network import MemoryNetwork, NamedCell
from keras_s4ntm.layers.ntm.access import NTMAccess


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class NTMCell(NamedCell):
    """One time step of a Neural Turing Machine (figure 1 of the paper); a Keras RNN cell.

    The controller sees the input and the read vectors of the step before. Its output drives the
    heads, which move, write and read.

    Args:
        units, controller, controller_activation, input_variance, forget_bias, recurrent_gain,
            learn_initial_state: see `ControllerArguments`.
        memory_size, memory_width, read_heads, order, memory_initializer, learn_initial_memory,
            reads_initializer, learn_initial_reads, cosine_epsilon, norm_epsilon, interface_clip,
            head_noise: see `MemoryArguments`.
        key_activation, strength_activation, gate_activation, sharpening_activation, shift_order:
            see `AddressingArguments`.
        erase_activation, add_activation: see `WritingArguments`.
        write_heads, shift_range, initial_read_weights, initial_write_weights, circular_shift,
            sharpening_epsilon, write_interpolation_bias, write_shift_bias, read_interpolation_bias,
            read_shift_bias, read_strength_bias, content_scale: see `NTMArguments`.
        output, access_interval, access_probability, direct_inputs, direct_content_variance,
            direct_addressing_variance: see `CellArguments`.

    Call arguments, returns: see `MemoryCell`.
    """

    Controller = ControllerArguments
    Access = NTMAccess


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class NTM(MemoryNetwork):
    """Neural Turing Machine; behaves like `keras.layers.LSTM`.

    Args:
        units: units of the controller, or a list for stacked layers.
        **arguments: those of `NTMCell` and of `MemoryRNN` by keyword, among them `memory_size`,
            `memory_width`, `read_heads`, `write_heads`, `controller`, `output`,
            `return_sequences`.

    Call arguments, output shape: see `MemoryRNN`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant, for example a shift over more
            slots than the memory has.

    Example:

    >>> ntm = NTM(100, memory_size=128, memory_width=20, return_sequences=True)
    >>> ntm(np.zeros((32, 42, 10), "float32")).shape
    (32, 42, 120)
    """

    Cell = NTMCell
