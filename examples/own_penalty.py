"""A penalty of your own, in Python and in C: `python examples/own_penalty.py`."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_diabetes

import lozenge as lz

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# The same penalty in C: Ω(b) = Σ |b| + ½ Σ b².
SOURCE = """
#include <math.h>
#include <stddef.h>
double value(const double *b, double alpha, size_t k) {
    double total = 0;
    for (size_t j = 0; j < k; ++j) total += fabs(b[j]) + 0.5 * b[j] * b[j];
    return alpha * total;
}
void prox(const double *z, double step, double alpha, double *out, size_t k) {
    for (size_t j = 0; j < k; ++j) out[j] = copysign(fmax(fabs(z[j]) - step * alpha, 0), z[j]) / (1 + step * alpha);
}
"""


class Both:
    """Ω(b) = Σ |b| + ½ Σ b²."""

    convex = separable = True

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        return float(alpha * (np.abs(B).sum() + 0.5 * B @ B))

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """A soft threshold, then shrinkage."""
        return np.sign(Z) * np.maximum(np.abs(Z) - step * alpha, 0.0) / (1.0 + step * alpha)

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """Σ (|z| - α)₊² / 2α: with it, the certificate is a duality gap."""
        return float(np.sum(np.square(np.maximum(np.abs(Z) - alpha, 0.0))) / (2.0 * alpha))


def main() -> None:
    """Fit both, and say what was certified."""
    X, y = load_diabetes(return_X_y=True)
    print("laws kept:", ", ".join(lz.testing.check_penalty(Both())))
    found = lz.path(X, y, penalty=Both(), n_alphas=20, tol=1e-10)
    print("in Python:", found.df[-1], "kept,", found.certificates[-1])
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler is here")
        return
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder, "mine.c"), Path(folder, "mine.so")
        source.write_text(SOURCE)
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", built, source, "-lm"], check=True)
        library = ctypes.CDLL(str(built))
        mine = lz.penalties.compiled(
            value=library.value, prox=library.prox, name="mine", convex=True, separable=True, conjugate=Both().conjugate
        )
        again = lz.path(X, y, penalty=mine, alphas=found.alphas, tol=1e-10)
    print("in C: the same to", f"{np.abs((again.coefs - found.coefs).toarray()).max():.0e}")


if __name__ == "__main__":
    main()
