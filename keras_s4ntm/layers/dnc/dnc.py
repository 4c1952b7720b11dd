"""The Differentiable Neural Computer: one time step (`DNCCell`) and the layer (`DNC`).

Source: Graves et al. 2016, "Hybrid computing using a neural network with dynamic external memory".
"""

import keras

from keras_s4ntm.layers.controllers.arguments import ControllerArguments
from keras_s4ntm.layers.dnc.access import DNCAccess
from keras_s4ntm.layers.memory.network import MemoryNetwork, NamedCell


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DNCCell(NamedCell):
    """One time step of a Differentiable Neural Computer (figure 1 of the paper); a Keras RNN cell.

    The controller sees the input and the read vectors of the step before; its output gives the
    interface vector of the access. The paper's output is a linear layer on `output="all"`.

    Args:
        units, controller, controller_activation, input_variance, forget_bias, recurrent_gain,
            learn_initial_state: see `ControllerArguments`.
        memory_size, memory_width, read_heads, order, memory_initializer, learn_initial_memory,
            reads_initializer, learn_initial_reads, cosine_epsilon, norm_epsilon, interface_clip,
            head_noise: see `MemoryArguments`; the memory holds zeros at first.
        content_masking, mask_floor, deallocation, link_sharpness, sparse_links, key_activation,
            strength_activation, add_activation, read_mode_order, usage_gradient, free_gate_bias,
            allocation_gate_bias, write_gate_bias, backward_mode_bias, forward_mode_bias,
            read_key_scale, add_scale: see `DNCArguments`.
        output, access_interval, access_probability, direct_inputs, direct_content_variance,
            direct_addressing_variance: see `CellArguments`.

    Call arguments, returns: see `MemoryCell`.
    """

    Controller = ControllerArguments
    Access = DNCAccess


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class DNC(MemoryNetwork):
    """Differentiable Neural Computer; behaves like `keras.layers.LSTM`.

    Args:
        units: units of the controller, or a list for stacked layers.
        **arguments: those of `DNCCell` and of `MemoryRNN` by keyword, among them `memory_size`,
            `memory_width`, `read_heads`, `controller`, `content_masking`, `deallocation`,
            `link_sharpness`, `sparse_links`, `output`, `return_sequences`.

    Call arguments, output shape: see `MemoryRNN`.

    Raises:
        ValueError: an argument that is unknown or cannot be meant.

    Example:

    >>> dnc = DNC(100, memory_size=64, memory_width=20, read_heads=4, return_sequences=True)
    >>> dnc(np.zeros((32, 42, 10), "float32")).shape
    (32, 42, 180)
    """

    Cell = DNCCell
