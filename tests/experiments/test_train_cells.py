"""Cells that are trained and set beside their rows in the table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasbench_ga as ng
from experiments.train_cells import Config, main, train_cells
from nasbench_ga.errors import NasbenchError


def test_a_cell_stands_beside_its_row(images_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(images_folder.parent)
    config = Config(cells=(12,), size="small", images=64, validation=200, runs=tmp_path)
    told = train_cells(config)
    table = ng.open_table("nats-tss")
    assert told["cell"].tolist() == [12]
    for metric in ("cifar10-valid/x-valid/200", "cifar10/ori-test/200"):
        np.testing.assert_array_equal(told[metric], table.lookup(told["cell"].to_numpy(), metric))
    assert told["validation, here"].between(5, 50).all()
    assert told["cifar10/test, here"].between(5, 50).all()  # of training images that stand in for the official ones
    assert (told["epochs"] == 3).all()
    pd.testing.assert_frame_equal(train_cells(config), told)  # seconds too: nothing is trained again


def test_what_cannot_be_trained_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NasbenchError, match="numbers of one cell or more"):
        Config(cells=())
    assert main(["--cells", "99999"]) == 1
    assert "none is 99999" in capsys.readouterr().err
    assert main(["--cells", "1", "--recipe", "long"]) == 1
    assert "no recipe 'long'" in capsys.readouterr().err
