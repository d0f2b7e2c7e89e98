"""Lozenge: one call for a path, and for a cross-validated path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import norms
from benchmarks.peers.base import Answer

if TYPE_CHECKING:
    from benchmarks.problems import Data, Problem


class Solver:
    """`tol` is the relative duality gap itself, and the violation over alpha under a penalty that has no gap."""

    package = "lozenge"
    requirements = (".",)
    module = "lozenge"
    compiles = False

    def refuses(self, problem: Problem) -> str:
        """Take everything."""
        del problem
        return ""

    def tolerances(self, problem: Problem) -> list[float]:
        """The gaps and violations that are asked for."""
        del problem
        return [1e-3, 1e-6, 1e-9]

    def set_objective(self, data: Data) -> None:
        """Nothing to prepare."""
        self.data = data

    def run(self, tol: float) -> None:
        """One path, folds included."""
        import lozenge

        problem = self.data.problem
        self.path = lozenge.path(
            self.data.X,
            self.data.y,
            loss=problem.loss,
            penalty=self._penalty(),
            alphas=self.data.alphas,
            fit_intercept=False,
            standardize=False,
            tol=tol,
            cv=self.data.labels,
        )

    def get_result(self) -> Answer:
        """The path, and those of the folds."""
        folds = [] if self.path.cv is None else list(self.path.cv.coefs)
        return Answer(self.path.coefs, folds, passes=float(self.path.passes))

    def _penalty(self) -> Any:
        from lozenge import penalties

        problem = self.data.problem
        if problem.penalty is None:
            return "l1" if problem.l1_ratio == 1.0 else penalties.ElasticNet(l1_ratio=problem.l1_ratio)
        parameter = problem.penalty.parameter
        match problem.penalty.name:
            case "mcp":
                return penalties.MCP(gamma=parameter)
            case "scad":
                return penalties.SCAD(gamma=parameter)
            case "group":
                return penalties.Group(groups=norms.labels(parameter, self.data.X.shape[1]))
            case "slope":
                return penalties.Slope(q=parameter)
        raise ValueError(f"no penalty is called {problem.penalty.name}")
