"""skein-glm under MCP and SCAD: its paths with its default screening and acceleration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` bounds the largest move of a coefficient."""

    package = "skein-glm"
    requirements = ("skein-glm",)
    module = "skein_glm"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """The violation over alpha is some 200 times the tolerance; the default is 1e-6."""
        del problem
        return [4e-6, 4e-9, 4e-12]

    def set_objective(self, data: Data) -> None:
        """Rows together, as its dense design wants them."""
        self.data = data
        self.X = data.X if data.problem.sparse else np.ascontiguousarray(data.X)

    def run(self, tol: float) -> None:
        """One path."""
        from skein_glm import MCPPathRegressor, SCADPathRegressor

        penalty = self.data.problem.penalty
        options = {"lambdas": self.data.alphas, "tol": tol, "max_iter": 100_000, "fit_intercept": False}
        if penalty.name == "mcp":
            model = MCPPathRegressor(gamma=penalty.parameter, **options)
        else:
            model = SCADPathRegressor(a=penalty.parameter, **options)
        self.answer = Answer(model.fit(self.X, self.data.y).coefs_.T)

    def get_result(self) -> Answer:
        """Last answer."""
        return self.answer
