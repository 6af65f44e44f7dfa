"""all-MiniLM-L6-v2 from its published weights to an int8 ONNX graph, without torch.

The graph takes `input_ids` and `attention_mask` (int32, batch x tokens) and gives `embedding` (float32, batch x 384):
mean pooling over the unmasked tokens and L2 normalisation are inside, so that no caller can forget them.
Weights are quantised per channel: per tensor costs .02 to .04 of cosine to float32, per channel .004 to .006.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import onnx

    Weights = dict[str, np.ndarray[Any, np.dtype[np.float32]]]

HIDDEN, HEADS, LAYERS = 384, 12, 6
EPSILON = 1e-12
OPSET, MICROSOFT_OPSET = 17, 1
# ONNX Runtime reads files up to its own format version only; the opsets above need no newer one than this.
IR_VERSION = 8


def read_safetensors(data: bytes) -> Weights:
    """The float32 tensors of a safetensors file, by name. A tensor of another type is left out."""
    import numpy as np

    (header_size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_size])
    weights: Weights = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        weights[name] = np.frombuffer(data[begin:end], dtype=np.float32).reshape(entry["shape"])
    return weights


class _GraphBuilder:
    """Collects nodes and initialisers; every method adds a node and returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, array: Any) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def microsoft(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        return self.node(operator, inputs, output, domain="com.microsoft", **attributes)


def _embeddings(graph: _GraphBuilder, weights: Weights) -> str:
    import numpy as np

    word = graph.constant("word", weights["embeddings.word_embeddings.weight"])
    # Every text is segment 0, so its row of the token-type table is added to the positions once, here.
    position_table = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    position = graph.constant("position", position_table.astype(np.float32))
    scale = graph.constant("embedding_scale", weights["embeddings.LayerNorm.weight"])
    bias = graph.constant("embedding_bias", weights["embeddings.LayerNorm.bias"])
    zero = graph.constant("zero", np.array([0], dtype=np.int64))
    one = graph.constant("one", np.array([1], dtype=np.int64))
    shape = graph.node("Shape", ["input_ids"], "shape", start=1, end=2)
    positions = graph.node("Slice", [position, zero, shape, zero, one], "positions")
    words = graph.node("Gather", [word, "input_ids"], "words")
    summed = graph.node("Add", [words, positions], "summed")
    return graph.node("LayerNormalization", [summed, scale, bias], "embedded", axis=-1, epsilon=EPSILON)


def _layer(graph: _GraphBuilder, weights: Weights, index: int, states: str) -> str:
    import numpy as np

    prefix = f"encoder.layer.{index}."

    def weight(part: str) -> str:
        array = weights[f"{prefix}{part}"]
        return graph.constant(f"{prefix}{part}", np.ascontiguousarray(array.T) if array.ndim == 2 else array)

    heads = [weights[f"{prefix}attention.self.{part}.weight"].T for part in ("query", "key", "value")]
    biases = [weights[f"{prefix}attention.self.{part}.bias"] for part in ("query", "key", "value")]
    qkv = graph.constant(f"{prefix}qkv", np.ascontiguousarray(np.concatenate(heads, axis=1)))
    qkv_bias = graph.constant(f"{prefix}qkv_bias", np.concatenate(biases))

    attended = graph.microsoft("Attention", [states, qkv, qkv_bias, "attention_mask"], f"{prefix}attended", num_heads=HEADS)
    projected = graph.node("MatMul", [attended, weight("attention.output.dense.weight")], f"{prefix}projected")
    normed = graph.microsoft(
        "SkipLayerNormalization",
        [projected, states, weight("attention.output.LayerNorm.weight"), weight("attention.output.LayerNorm.bias"),
         weight("attention.output.dense.bias")],
        f"{prefix}normed",
        epsilon=EPSILON,
    )  # fmt: skip
    widened = graph.node("MatMul", [normed, weight("intermediate.dense.weight")], f"{prefix}widened")
    active = graph.microsoft("BiasGelu", [widened, weight("intermediate.dense.bias")], f"{prefix}active")
    narrowed = graph.node("MatMul", [active, weight("output.dense.weight")], f"{prefix}narrowed")
    return graph.microsoft(
        "SkipLayerNormalization",
        [narrowed, normed, weight("output.LayerNorm.weight"), weight("output.LayerNorm.bias"),
         weight("output.dense.bias")],
        f"{prefix}out",
        epsilon=EPSILON,
    )  # fmt: skip


def _pooled(graph: _GraphBuilder, states: str) -> str:
    import numpy as np
    from onnx import TensorProto

    tokens_axis = graph.constant("tokens_axis", np.array([1], dtype=np.int64))
    last_axis = graph.constant("last_axis", np.array([2], dtype=np.int64))
    mask = graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    column = graph.node("Unsqueeze", [mask, last_axis], "mask_column")
    kept = graph.node("Mul", [states, column], "kept")
    # The mean and the sum point the same way, and only the direction survives the normalisation.
    total = graph.node("ReduceSum", [kept, tokens_axis], "total", keepdims=0)
    return graph.node("LpNormalization", [total], "embedding", axis=1, p=2)


def float_model(weights: Weights) -> onnx.ModelProto:
    """The float32 graph, with attention, skip-normalisation and GELU fused (ONNX Runtime's own operators)."""
    from onnx import TensorProto, helper

    graph = _GraphBuilder()
    states = _embeddings(graph, weights)
    for index in range(LAYERS):
        states = _layer(graph, weights, index, states)
    _pooled(graph, states)
    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])]
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", MICROSOFT_OPSET)]
    body = helper.make_graph(graph.nodes, "minilm", inputs, outputs, initializer=graph.constants)
    model = helper.make_model(body, opset_imports=opsets, producer_name="assistant")
    model.ir_version = IR_VERSION
    # Tells the quantiser that shapes and fusions are as they should be; without it, it warns on the root logger.
    helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    return model


def write_int8(weights: Weights, target: Path) -> None:
    """Write the graph with weights in int8, one scale per output channel, to `target`.

    It is written as ONNX Runtime leaves it after its optimisations that hold on any processor, so that a program that
    embeds one question need not run them first.
    """
    import onnxruntime
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Shape inference knows nothing of the fused operators, so the type of what they give has to be said.
    options = {"DefaultTensorType": TensorProto.FLOAT}
    plain = target.with_suffix(".plain")
    quantize_dynamic(float_model(weights), plain, per_channel=True, weight_type=QuantType.QInt8, extra_options=options)
    session = onnxruntime.SessionOptions()
    session.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    session.optimized_model_filepath = str(target)
    session.log_severity_level = 3  # a warning says that the file suits this machine; extended optimisations suit all
    onnxruntime.InferenceSession(str(plain), session, providers=["CPUExecutionProvider"])
    plain.unlink()
