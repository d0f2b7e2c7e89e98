"""scikit-learn's names, parameters, defaults, attributes and shapes, on the engine of `lozenge.path`.

To migrate, change the import: ``from lozenge.estimators import LassoCV``.
"""

from lozenge.estimators.coordinate import ElasticNet, Lasso, MultiTaskElasticNet, MultiTaskLasso
from lozenge.estimators.crossed import ElasticNetCV, LassoCV, MultiTaskElasticNetCV, MultiTaskLassoCV
from lozenge.estimators.logistic import LogisticRegression, LogisticRegressionCV
from lozenge.estimators.paths import enet_path, lasso_path
from lozenge.estimators.sparse import SparseClassifier, SparseRegressor

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "SparseClassifier",
    "SparseRegressor",
    "enet_path",
    "lasso_path",
]
