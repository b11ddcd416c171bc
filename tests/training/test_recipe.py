"""Recipes: what is refused in which words, what is taken, and the published numbers."""

import dataclasses
import json
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import tyro

from nasbench_ga.errors import NasbenchError
from nasbench_ga.training.recipe import RECIPES, Recipe

NONSENSE: list[tuple[str, Any, str]] = [
    ("optimizer", "lion", "sgd or adam or adamw or adagrad or rmsprop, not 'lion'"),
    ("schedule", None, "constant or step or cosine or plateau, not None"),
    ("stop", "early", "never or patience or curve, not 'early'"),
    ("initial", "zero", "published or he or xavier, not 'zero'"),
    ("precision", "float16", "auto or float32 or bfloat16, not 'float16'"),
    ("nesterov", 1, "False or True, not 1"),
    ("flip", "yes", "False or True, not 'yes'"),
    ("batch", 0, "1 or more, not 0"),
    ("batch", 12.5, "an integer, not 12.5"),
    ("pad", -1, "0 or more, not -1"),
    ("cutout", "8", "an integer, not '8'"),
    ("patience", 0, "1 or more, not 0"),
    ("plateau", 0, "1 or more, not 0"),
    ("learning_rate", 0, "a number above 0, not 0"),
    ("learning_rate", float("nan"), "a number above 0, not nan"),
    ("learning_rate", "0.1", "a number above 0, not '0.1'"),
    ("epochs", float("inf"), "above 0 and up to 100,000, not inf"),
    ("epochs", 1e12, "above 0 and up to 100,000, not 1000000000000.0"),
    ("epochs", True, "above 0 and up to 100,000, not True"),
    ("validations", -1, "a number above 0, not -1"),
    ("least_gain", 0.0, "a number above 0, not 0.0"),
    ("least_epochs", -0.5, "0 or more, not -0.5"),
    ("weight_decay", -1e-4, "0 or more, not -0.0001"),
    ("momentum", 1, "at least 0 and below 1, not 1"),
    ("decay", 1.5, "at least 0 and below 1, not 1.5"),
    ("window", 1.0, "above 0 and below 1, not 1.0"),
    ("window", [0.3], "above 0 and below 1, not [0.3]"),
    ("epsilon", 0, "a number above 0, not 0"),
]


@pytest.mark.parametrize(("field", "value", "message"), NONSENSE)
def test_nonsense_is_refused_in_words(field: str, value: Any, message: str) -> None:
    with pytest.raises(NasbenchError, match=f"^{re.escape(f'recipe.{field} is {message}.')}$"):
        Recipe(**{field: value})


def test_numbers_are_taken_as_numpy_and_json_have_them() -> None:
    recipe = Recipe(batch=np.int64(32), epochs=3, learning_rate=np.float32(0.5))
    assert recipe == Recipe(batch=32, epochs=3.0, learning_rate=0.5)
    assert type(recipe.batch) is int
    assert type(recipe.epochs) is float
    assert Recipe(**json.loads(json.dumps(dataclasses.asdict(recipe)))) == recipe


def test_settings_are_options() -> None:
    arguments = ["--optimizer", "sgd", "--epochs", "2.5", "--no-nesterov", "--flip", "--epsilon", "1"]
    expected = Recipe(optimizer="sgd", epochs=2.5, nesterov=False, flip=True, epsilon=1.0)
    assert tyro.cli(Recipe, args=arguments) == expected


def test_every_recipe_is_a_recipe() -> None:
    assert set(RECIPES) == {"nb101", "nats", "nats-12", "proxy", "mnist"}
    for recipe in RECIPES.values():
        assert dataclasses.replace(recipe) == recipe


def test_the_recipe_of_nas_bench_101() -> None:
    """Table 2 of its supplement (Ying et al. 2019), and config.py and model_builder.py of its authors."""
    found = RECIPES["nb101"]
    assert (found.batch, found.epochs, found.schedule, found.stop) == (256, 108, "cosine", "never")
    assert (found.optimizer, found.learning_rate, found.momentum) == ("rmsprop", 0.1 * 2, 0.9)
    assert (found.decay, found.epsilon, found.weight_decay) == (0.9, 1.0, 1e-4)


def test_the_recipe_of_nats_bench() -> None:
    """Table 2 of Dong et al. 2021."""
    found = RECIPES["nats"]
    assert (found.optimizer, found.nesterov, found.momentum, found.learning_rate) == ("sgd", True, 0.9, 0.1)
    assert (found.batch, found.epochs, found.schedule, found.weight_decay) == (256, 200, "cosine", 5e-4)
    assert (found.pad, found.flip, found.cutout) == (4, True, 0)
    assert dataclasses.replace(RECIPES["nats-12"], epochs=200) == found


def test_recipes_need_no_torch() -> None:
    program = "import sys, nasbench_ga.training.recipe, nasbench_ga.training.length; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
