"""Names and what goes by them."""

import pytest

from nasbench_ga.errors import NasbenchError, UnknownNameError
from nasbench_ga.fitness import fitnesses
from nasbench_ga.registry import Registry
from nasbench_ga.search import searches
from nasbench_ga.spaces import spaces
from nasbench_ga.tables import CATALOG


@pytest.fixture
def registry() -> Registry[object]:
    registry: Registry[object] = Registry("fruit")
    for name in ("pear", "apple", "plum"):
        registry.register(name)(name.upper())
    return registry


def test_entries_come_back_in_the_order_of_registration(registry: Registry[object]) -> None:
    assert dict(registry) == {"pear": "PEAR", "apple": "APPLE", "plum": "PLUM"}
    assert list(registry) == ["pear", "apple", "plum"]
    assert len(registry) == 3


def test_the_decorator_gives_back_what_it_files(registry: Registry[object]) -> None:
    @registry.register("fig")
    class Fig:
        pass

    assert isinstance(Fig, type)
    assert registry["fig"] is Fig


def test_a_taken_name_is_refused_and_keeps_its_entry(registry: Registry[object]) -> None:
    with pytest.raises(NasbenchError, match="The fruit 'plum' is registered already; unregister it first"):
        registry.register("plum")("another")
    assert registry["plum"] == "PLUM"


def test_an_unregistered_name_is_free_again(registry: Registry[object]) -> None:
    registry.unregister("plum")
    assert "plum" not in registry
    registry.register("plum")("another")
    assert registry["plum"] == "another"


def test_an_unknown_name_lists_all_and_names_the_nearest(registry: Registry[object]) -> None:
    for use in (registry.__getitem__, registry.unregister):
        with pytest.raises(UnknownNameError, match="There is no fruit 'aple'; did you mean 'apple'") as caught:
            use("aple")
        assert caught.value.choices == ("pear", "apple", "plum")


def test_it_is_a_mapping(registry: Registry[object]) -> None:
    assert "apple" in registry
    assert "aple" not in registry
    assert registry.get("apple") == "APPLE"


def test_get_gives_the_default_for_an_unknown_name(registry: Registry[object]) -> None:
    assert registry.get("aple") is None
    assert registry.get("aple", 5) == 5


@pytest.mark.parametrize("registry", [spaces, searches, fitnesses, CATALOG], ids=lambda registry: registry.kind)
def test_registered_names_can_be_typed(registry: Registry[object]) -> None:
    assert len(registry) > 0
    for name in registry:
        assert name == name.lower().strip()
        assert name.replace("-", "").isalnum()
