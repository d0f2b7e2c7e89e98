"""One file a contestant: its package, its tolerances, and the calls of its fastest correct configuration."""

NAMES = ("lozenge", "adelie", "glmstar", "celer", "skglm", "scikit-learn", "glum", "skein-glm")


def module(name: str) -> str:
    """Name of the module of contestant `name`."""
    return "benchmarks.peers." + name.replace("-", "_")
