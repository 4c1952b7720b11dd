"""Attention between the slots of a memory, by graph convolution on a ring.

Sources: a proposal of ours. Shan, Zhu, Luo 2025, "Sparse access neural Turing machine", describe
multi-head attention with ChebNet and a locality bias; the equations are not public. Convolution:
Defferrard, Bresson, Vandergheynst 2016. `attention="dot"`: the released code of SANTM.

Shapes: B batch, N memory slots, W their width, h heads, d = W / h, K order, r reach.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_s4ntm.backend.exporting import gelu
from keras_s4ntm.layers.arguments import claim
from keras_s4ntm.layers.santm.arguments import SlotAttentionArguments, check_heads, check_reach
from keras_s4ntm.ops.chebyshev import chebyshev, ring_distances, ring_laplacian

FAR = -1e30  # the score of slots that do not look at each other


@keras.saving.register_keras_serializable(package="keras_s4ntm")
class SlotAttention(keras.layers.Layer):
    """Slots look at each other.

        Q, K = sum_{k<K} T_k(L~) M Theta_k        of each head; L~: the ring of slots
        P = softmax(Q K^T / sqrt(d) + B)          B: see `locality`
        V = sum_{k<K} T_k(-P) M Theta_k           of each head; -P stands for L~ of the graph P
        M' = M + GELU([V of all heads]) W_o
        M'' = M' + relu(M' W_f + b_f)

    With `attention="dot"` Q, K and V are linear maps of the slots and `M' = M + [P V]`.

    With locality `"hard"` a slot gives no weight to slots further than `K r` away: P is zero there.
    A slot of M' then depends on slots up to `(K^2 - 1) r` away, and on no other: `(K - 1) K r` by
    K - 1 products with P, `(K - 1) r` by queries and keys. With `"dot"` it is `K r`. `"soft"`: B
    is `-lambda |i - j|` there, lambda >= 0 learned by each head. With K = 1 there is T_0 = I alone,
    and no slot looks at another.

    It is computed in float32 whatever the dtype policy.

    Args:
        **arguments: see `SlotAttentionArguments`.

    Call arguments:
        memory: M, `(B, N, W)`.

    Returns:
        M'', `(B, N, W)`.

    Raises:
        ValueError: an argument that cannot be meant; heads that cannot share the width; a reach of
            more than half the ring.
    """

    def __init__(self, **arguments):
        own, rest = claim(self, arguments, SlotAttentionArguments)
        super().__init__(**rest)
        self.arguments = SlotAttentionArguments(**own)
        self.is_dot = self.arguments.attention == "dot"
        self.order = 1 if self.is_dot else self.arguments.chebyshev_order

    def build(self, input_shape):
        own, (slots, width) = self.arguments, input_shape[-2:]
        check_heads(own.attention_heads, width)
        check_reach(own.reach, slots)
        self.laplacian = ring_laplacian(slots, own.reach).astype("float32")
        distances = ring_distances(slots)
        self.is_far = distances > own.chebyshev_order * own.reach
        self.far_distances = np.where(self.is_far, distances, 0).astype("float32")
        names = ("query_kernel", "key_kernel", "value_kernel")
        self.kernels = [self.add_parameter(name, (self.order * width, width)) for name in names]
        if not self.is_dot:
            self.output_kernel = self.add_parameter("output_kernel", (width, width))
        if own.locality == "soft":
            shape = (own.attention_heads,)
            self.distance_weights = self.add_parameter("distance_weights", shape, "zeros")
        self.hidden_kernel = self.add_parameter("hidden_kernel", (width, width))
        self.hidden_bias = self.add_parameter("hidden_bias", (width,), "zeros")
        self.built = True

    def add_parameter(self, name, shape, initializer="glorot_uniform"):
        """A weight that is float32, and stays so under mixed precision."""
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, dtype="float32", autocast=False
        )

    def call(self, memory):
        memory = ops.cast(memory, "float32")
        seen = memory + self.values(memory, self.weights_between(memory))
        hidden = ops.matmul(seen, self.hidden_kernel) + self.hidden_bias
        return ops.cast(seen + ops.relu(hidden), self.compute_dtype)

    def weights_between(self, memory):
        """P, how much every slot looks at every other, `(B, h, N, N)`."""
        terms = chebyshev(ops.convert_to_tensor(self.laplacian), memory, self.order)
        features = ops.concatenate(terms, axis=-1)
        queries, keys = (self.by_head(ops.matmul(features, kernel)) for kernel in self.kernels[:2])
        scores = ops.matmul(queries, ops.swapaxes(keys, -1, -2)) / math.sqrt(queries.shape[-1])
        if self.arguments.locality == "hard":
            scores = ops.where(ops.convert_to_tensor(self.is_far), FAR, scores)
        elif self.arguments.locality == "soft":
            factors = ops.reshape(ops.softplus(self.distance_weights), (-1, 1, 1))
            scores = scores - factors * ops.convert_to_tensor(self.far_distances)
        return ops.softmax(scores, axis=-1)

    def values(self, memory, weights):
        """What is added to the slots, `(B, N, W)`."""
        kernel = ops.convert_to_tensor(self.kernels[2])
        if self.is_dot:
            return self.side_by_side(ops.matmul(weights, self.by_head(ops.matmul(memory, kernel))))
        terms = chebyshev(-weights, ops.expand_dims(memory, 1), self.order)
        terms[0] = ops.broadcast_to(terms[0], ops.shape(terms[-1]))
        features = ops.concatenate(terms, axis=-1)
        values = self.side_by_side(ops.matmul(features, self.by_head(kernel, leading=())))
        return ops.matmul(gelu(values), self.output_kernel)

    def by_head(self, x, leading=(-1,)):
        """`(B, n, W)` as `(B, h, n, d)`; without leading axis `(n, W)` as `(h, n, d)`."""
        heads = self.arguments.attention_heads
        x = ops.reshape(x, (*leading, x.shape[-2], heads, x.shape[-1] // heads))
        return ops.swapaxes(x, -2, -3)

    def side_by_side(self, x):
        """`(B, h, n, d)` as `(B, n, W)`."""
        heads, count, size = x.shape[1:]
        return ops.reshape(ops.swapaxes(x, 1, 2), (-1, count, heads * size))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), **self.arguments.config()}
