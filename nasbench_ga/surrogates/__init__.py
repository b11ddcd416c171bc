"""Learned approximations of a fitness, one file each. They know spaces; what they learn with is imported when used."""

from nasbench_ga.surrogates.base import Surrogate, register_surrogate, surrogates, usable
from nasbench_ga.surrogates.gaussian_process import GaussianProcessSurrogate
from nasbench_ga.surrogates.gcn import DervisiGraphSurrogate, GraphSurrogate
from nasbench_ga.surrogates.lightgbm_trees import LightGBMSurrogate
from nasbench_ga.surrogates.mlp_ensemble import MLPEnsembleSurrogate
from nasbench_ga.surrogates.random_forest import RandomForestSurrogate
from nasbench_ga.surrogates.xgboost_trees import XGBoostSurrogate

__all__ = [
    "DervisiGraphSurrogate",
    "GaussianProcessSurrogate",
    "GraphSurrogate",
    "LightGBMSurrogate",
    "MLPEnsembleSurrogate",
    "RandomForestSurrogate",
    "Surrogate",
    "XGBoostSurrogate",
    "register_surrogate",
    "surrogates",
    "usable",
]
