"""Runs a stage's module in PyTorch, so that a deliberately broken one can be judged without exporting it."""

import numpy as np
import numpy.typing as npt
import torch

from speechtrt.export.families.base import Arrays, Runner, StageGraph


class ModuleRunner:
    def __init__(self, graph: StageGraph) -> None:
        self.graph = graph

    def __call__(self, inputs: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        values = [torch.from_numpy(np.array(inputs[tensor.name])) for tensor in self.graph.spec.inputs]
        with torch.no_grad():
            outputs = self.graph.module(*values)
        names = [tensor.name for tensor in self.graph.spec.outputs]
        return {name: value.numpy() for name, value in zip(names, outputs, strict=True)}


def module_runners(graphs: tuple[StageGraph, ...]) -> dict[str, Runner]:
    return {graph.spec.name: ModuleRunner(graph) for graph in graphs}
