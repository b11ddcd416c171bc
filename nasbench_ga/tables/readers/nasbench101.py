"""Reads the official NAS-Bench-101 files, `nasbench_only108.tfrecord` and `nasbench_full.tfrecord`.

A record is one training: JSON of [module hash, epochs, adjacency matrix as a string of 0 and 1, operations
joined by commas, base64 of a `ModelMetrics` protobuf]. The protobuf holds three evaluations, before, halfway
through and after the training. Source: Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture
Search", ICML 2019, and `nasbench/api.py` and `nasbench/lib/model_metrics.proto` of google-research/nasbench.
The official API gives the same numbers and ignores, as this reader does, the evaluation before training.
"""

from __future__ import annotations

import binascii
import json
from functools import cache
from pathlib import Path
from typing import Any

from nasbench_ga.errors import CorruptFileError, NasbenchError
from nasbench_ga.files import sha256
from nasbench_ga.spaces.nb101 import NB101
from nasbench_ga.tables.contents import TableContents
from nasbench_ga.tables.readers.nasbench101_trainings import Trainings
from nasbench_ga.tables.readers.tfrecord import Place, read_records

OFFICIAL_FILES = {"nasbench_only108.tfrecord": "nb101", "nasbench_full.tfrecord": "nb101-full"}
"""What `python -m nasbench_ga.tables fetch` calls each of the official files, all of which hold every cell."""

_EVALUATION_NUMBERS = (
    "current_epoch",
    "training_time",
    "train_accuracy",
    "validation_accuracy",
    "test_accuracy",
)


def read(path: Path, progress: bool = False) -> TableContents:
    """All trainings in a NAS-Bench-101 TFRecord file.

    Columns: `cifar10/{train,valid,test,train-seconds}/{epochs}@{repeat}`, and the same after half of the
    training as `.../54of108@{repeat}`; the repeats 0, 1, 2 are numbered in file order. `cifar10/parameters`
    is the number of trainable parameters. Accuracies are stored as published, as fractions, and looked up in
    per cent.

    Args:
        path: the file. Under its official name it has to hold all cells; under any other it may hold some of
            them.
        progress: draw a bar of bytes on stderr once it takes longer than two seconds.

    Raises:
        CorruptFileError: a checksum fails, the file was cut off, or a record is not what the format promises.
    """
    remedy = f"Download it again: python -m nasbench_ga.tables fetch {OFFICIAL_FILES.get(path.name, 'nb101')}"
    trainings = Trainings()
    number = 0
    for number, offset, payload in read_records(path, remedy, progress):
        try:
            trainings.add(*_decode(payload))
        except ValueError as error:
            raise Place(path, number, offset, remedy).corrupt(str(error)) from error
    provenance = {
        "source": path.name,
        "reader": "nasbench101",
        "bytes": str(path.stat().st_size),
        "sha256": sha256(path),
        "records": str(number),
    }
    try:
        _check_extent(path, trainings)
        return trainings.contents(provenance)
    except NasbenchError as error:
        reason = str(error).removesuffix(".")
        raise CorruptFileError(f"{path}, after its {number} records: {reason}. {remedy}") from error


def _check_extent(path: Path, trainings: Trainings) -> None:
    expected = NB101.size if path.name in OFFICIAL_FILES else 1
    if len(trainings) < expected:
        raise NasbenchError(
            f"expected {expected:,} cells in a file of this name, got {len(trainings):,}; the file was cut off"
        )
    trainings.check_complete()


def _decode(payload: bytes) -> tuple[str, int, str, str, int, tuple[float, ...]]:
    """One record's payload as the arguments of `Trainings.add`; a ValueError says what is wrong with it."""
    fields = json.loads(payload.decode())
    if type(fields) is not list or len(fields) != 5:
        raise NasbenchError("expected a JSON list of hash, epochs, adjacency, operations and metrics")
    module_hash, epochs, adjacency, operations, encoded = fields
    if not type(module_hash) is type(adjacency) is type(operations) is type(encoded) is str:
        raise NasbenchError("expected the hash, adjacency, operations and metrics to be strings")
    message = binascii.a2b_base64(encoded.replace("\n", ""), strict_mode=True)  # some writers break the lines
    parameters, results = _decode_metrics(message)
    return module_hash, epochs, adjacency, operations, parameters, results


def _decode_metrics(content: bytes) -> tuple[int, tuple[float, ...]]:
    """The trainable parameters, and the halfway and final results, of a `ModelMetrics` message."""
    metrics = _message_class()()
    try:
        metrics.ParseFromString(content)
    except Exception as error:  # DecodeError is no ValueError, and importing it would be slow for every other reader
        raise NasbenchError(f"its metrics are not the expected protobuf message ({error})") from error
    metrics.DiscardUnknownFields()
    if metrics.ByteSize() != len(content):
        raise NasbenchError("its metrics hold fields that NAS-Bench-101 does not have, or one field twice")
    if len(metrics.evaluation_data) != 3:
        raise NasbenchError(f"expected three evaluations (start, half, end), got {len(metrics.evaluation_data)}")
    _, half, end = metrics.evaluation_data
    return metrics.trainable_parameters, (
        half.train_accuracy,
        half.validation_accuracy,
        half.test_accuracy,
        half.training_time,
        end.train_accuracy,
        end.validation_accuracy,
        end.test_accuracy,
        end.training_time,
    )


@cache
def _message_class() -> Any:
    """The `ModelMetrics` class, made here from its field numbers; absent numbers read as NaN."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="nasbench_ga/model_metrics.proto", package="nasbench_ga", syntax="proto2"
    )
    evaluation = file.message_type.add(name="EvaluationData")
    for number, name in enumerate(_EVALUATION_NUMBERS, start=1):
        evaluation.field.add(
            name=name, number=number, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL, default_value="nan"
        )
    evaluation.field.add(name="checkpoint_path", number=6, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    metrics = file.message_type.add(name="ModelMetrics")
    metrics.field.add(
        name="evaluation_data",
        number=1,
        type=kinds.TYPE_MESSAGE,
        type_name=".nasbench_ga.EvaluationData",
        label=kinds.LABEL_REPEATED,
    )
    metrics.field.add(name="trainable_parameters", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_OPTIONAL)
    metrics.field.add(name="total_time", number=3, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("nasbench_ga.ModelMetrics"))
