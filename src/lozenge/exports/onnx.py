"""A model as an ONNX graph of X, built of operators that the runtimes have in double precision too.

η = X Bᵀ + levels, on the columns of B that are not all zero where that is fewer than half of them, and then its link:

==============  ======================================================================  =========================
identity        η                                                                       ``variable`` (n, q)
log             e^η                                                                     ``variable`` (n, 1)
logit           [σ(-η), σ(η)], the second label where η > 0                             ``label`` (n,),
softmax         softmax(η), the label of the largest                                    ``probabilities`` (n, k)
cumulative      σ(-η₁), σ(η₁) - σ(η₂), …, σ(η_q), the label of the largest              the same
sign            the second label where η > 0                                            ``label``, ``scores`` (n, 1)
==============  ======================================================================  =========================

The names are those of converted scikit-learn models, probabilities as one array.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lozenge.exports import exported, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.exports import Exported
    from lozenge.results import Path, Solution

__all__ = ["model"]

OPSET, IR = 17, 8  # of 2022: what every runtime in use reads
FEW = 0.5  # share of the columns with a weight below which the others are left out first


def model(found: Path | Solution, *, dtype: Literal["float64", "float32"] = "float64") -> Any:
    """Give an ONNX model of X (n, p), the columns in the order of the fit.

    Parameters
    ----------
    found : Path or Solution
        Of a path the chosen solution.  Of one that was fitted to a table X is what its encoding makes of the table.
    dtype : "float64" or "float32"
        Of the input, the weights and the outputs.  In float32 an answer has about 1e-6 of η's largest term as its
        error.

    Returns
    -------
    onnx.ModelProto
        With an input ``X`` and the outputs of the table above; the names of the columns are in its metadata as JSON,
        ``feature_names``, with ``loss``, ``penalty`` and ``alpha``.

    Raises
    ------
    ImportError
        Without the package onnx.
    ValueError
        For a loss of the user's own, or classes of more than one type.

    Notes
    -----
    An offset is not part of the graph: it is 0, as in `Solution.predict`.

    Examples
    --------
    >>> import lozenge as lz
    >>> from lozenge.exports import onnx
    >>> X = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> graph = onnx.model(lz.path(X, [4.0, 3, -2, -3], alphas=[1.0])).graph
    >>> [node.op_type for node in graph.node], [output.name for output in graph.output]
    (['Gemm'], ['variable'])
    """
    if dtype not in {"float64", "float32"}:
        raise ValueError(f"dtype must be 'float64' or 'float32'; got {dtype!r}")
    laid_out = exported(found)
    graph = _Graph(dtype)
    return graph.closed(laid_out, ANSWERS[laid_out.link](graph, laid_out))


class _Graph:
    """Nodes and constants as they are added."""

    def __init__(self, dtype: str) -> None:
        try:
            import onnx
        except ImportError:
            raise ImportError("an ONNX model needs the package onnx: pip install onnx") from None
        self.onnx = onnx
        self.dtype = np.dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: Any) -> str:
        """Name of a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, values: Any) -> str:
        """Name of a constant of the graph's type."""
        return self.constant(np.asarray(values, dtype=self.dtype))

    def add(self, kind: str, inputs: list[str], *, name: str | None = None, **attributes: Any) -> str:
        """Name of what a node gives."""
        name = name or f"value_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], **attributes))
        return name

    def linear(self, laid_out: Exported, name: str | None = None) -> str:
        """η (n, q)."""
        weights, source = laid_out.weights, "X"
        used = np.flatnonzero(weights.any(axis=0))
        if 0 < len(used) < FEW * weights.shape[1]:
            source = self.add("Gather", [source, self.constant(used)], axis=1)
            weights = weights[:, used]
        return self.add("Gemm", [source, self.number(weights), self.number(laid_out.levels)], name=name, transB=1)

    def typed(self, name: str, shape: list[Any], kind: Any = None) -> Any:
        """An input or output."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(self.dtype) if kind is None else kind
        return self.onnx.helper.make_tensor_value_info(name, kind, shape)

    def labels(self, classes: tuple[Any, ...], codes: str) -> Any:
        """The output ``label``, from the codes of classes."""
        values = [plain(each) for each in classes]
        kinds = {type(value) for value in values}
        if len(kinds) > 1:
            raise ValueError(f"the classes must be of one type in ONNX; got {values[:6]}")
        array = np.array(values, dtype=object if str in kinds else None)
        self.add("Gather", [self.constant(array), codes], name="label", axis=0)
        kind = self.onnx.TensorProto.STRING if str in kinds else self.onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        return self.typed("label", [None], kind)

    def closed(self, laid_out: Exported, outputs: list[Any]) -> Any:
        """The checked model."""
        helper, solution = self.onnx.helper, laid_out.solution
        taken = [self.typed("X", [None, len(laid_out.columns)])]
        graph = helper.make_graph(self.nodes, "lozenge", taken, outputs, initializer=self.constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        made.producer_name = "lozenge"
        told = {"feature_names": json.dumps(list(laid_out.columns), ensure_ascii=False), "loss": solution.model.loss}
        told |= {"penalty": solution.model.penalty, "alpha": repr(solution.alpha)}
        helper.set_model_props(made, told)
        self.onnx.checker.check_model(made)
        return made


# ------------------------------------------------------------------------------------------------- what is foretold
def _identity(graph: _Graph, laid_out: Exported) -> list[Any]:
    graph.linear(laid_out, "variable")
    return [graph.typed("variable", [None, len(laid_out.levels)])]


def _log(graph: _Graph, laid_out: Exported) -> list[Any]:
    graph.add("Exp", [graph.linear(laid_out)], name="variable")
    return [graph.typed("variable", [None, len(laid_out.levels)])]


def _logit(graph: _Graph, laid_out: Exported) -> list[Any]:
    eta = graph.linear(laid_out)
    # σ of ∓η: 1 - σ would lose the digits of a small one.
    graph.add("Sigmoid", [graph.add("Mul", [eta, graph.number([[-1.0, 1.0]])])], name="probabilities")
    return [_second(graph, laid_out, eta), graph.typed("probabilities", [None, 2])]


def _sign(graph: _Graph, laid_out: Exported) -> list[Any]:
    label = _second(graph, laid_out, graph.linear(laid_out, "scores"))
    return [label, graph.typed("scores", [None, 1])]


def _softmax(graph: _Graph, laid_out: Exported) -> list[Any]:
    eta = graph.linear(laid_out)
    graph.add("Softmax", [eta], name="probabilities", axis=1)
    return _largest(graph, laid_out, eta)


def _cumulative(graph: _Graph, laid_out: Exported) -> list[Any]:
    eta, q = graph.linear(laid_out), len(laid_out.levels)
    more, less = graph.add("Sigmoid", [eta]), graph.add("Sigmoid", [graph.add("Neg", [eta])])

    def columns(of: str, start: int, stop: int) -> str:
        return graph.add("Gather", [of, graph.constant(np.arange(start, stop))], axis=1)

    middle = graph.add("Sub", [columns(more, 0, q - 1), columns(more, 1, q)])
    graph.add("Concat", [columns(less, 0, 1), middle, columns(more, q - 1, q)], name="probabilities", axis=1)
    return _largest(graph, laid_out, "probabilities")


def _second(graph: _Graph, laid_out: Exported, eta: str) -> Any:
    """The second label where η > 0."""
    above = graph.add("Greater", [eta, graph.number([[0.0]])])
    codes = graph.add("Cast", [above], to=graph.onnx.TensorProto.INT64)
    flat = graph.add("Reshape", [codes, graph.constant(np.array([-1]))])
    return graph.labels(laid_out.solution.model.classes, flat)


def _largest(graph: _Graph, laid_out: Exported, of: str) -> list[Any]:
    """The label of the largest."""
    classes = laid_out.solution.model.classes
    codes = graph.add("ArgMax", [of], axis=1, keepdims=0)
    return [graph.labels(classes, codes), graph.typed("probabilities", [None, len(classes)])]


ANSWERS: dict[str, Callable[[_Graph, Exported], list[Any]]] = {
    "identity": _identity,
    "log": _log,
    "logit": _logit,
    "softmax": _softmax,
    "cumulative": _cumulative,
    "sign": _sign,
}
