"""Names inside an exported graph: nodes carry the path of the module they come from, and nothing of the machine."""

import ast
from typing import Any

_SCOPES = "pkg.torch.onnx.name_scopes"
_ROOT = "module."


def tidy(model: Any) -> None:
    """Rename the nodes, values and weights of an `onnx_ir.Model`, and drop its metadata (it holds stack traces).

    The exporter's own names (`sub_2`) may be those of an input; names made here contain a slash or a dot.
    """
    graph = model.graph
    _rename_weights(graph)
    for index, node in enumerate(graph):
        node.name = f"{_path(node)}{node.op_type}_{index}"
        for place, value in enumerate(node.outputs):
            value.metadata_props.clear()
            if not value.is_graph_output():
                value.name = f"{node.name}/{place}"
        node.metadata_props.clear()
        node.doc_string = None
    graph.metadata_props.clear()
    model.metadata_props.clear()


def _path(node: Any) -> str:
    """The module of `node` as `blocks/0/`; empty for the stage's own operations."""
    *modules, _operation = ast.literal_eval(node.metadata_props.get(_SCOPES, "['', '']"))
    scope = modules[-1].removeprefix(_ROOT) if len(modules) > 2 else ""
    return f"{scope.replace('.', '/')}/" if scope else ""


def _rename_weights(graph: Any) -> None:
    """Parameters keep their name in the stage; folded constants are numbered."""
    weights = list(graph.initializers.values())
    for index, value in enumerate(weights):
        value.name = value.name.removeprefix(_ROOT) if value.name.startswith(_ROOT) else f"constants/{index}"
        value.metadata_props.clear()
