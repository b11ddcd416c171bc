"""Reads official NAS-Bench-101 files the way the official API does, without TensorFlow: record by record into dicts."""

from __future__ import annotations

import base64
import json
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np


def read(path: Path, records: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fixed and the computed statistics of the first so many records, by module hash; no checksum is verified."""
    fixed: dict[str, Any] = {}
    computed: dict[str, Any] = {}
    with path.open("rb") as file:
        for _ in range(records):
            (length,) = struct.unpack("<Q4x", file.read(12))
            module_hash, epochs, adjacency, operations, encoded = json.loads(file.read(length).decode())
            file.seek(4, 1)
            vertices = int(np.sqrt(len(adjacency)))
            matrix = np.array([int(bit) for bit in adjacency], np.int8).reshape(vertices, vertices)
            metrics = _metrics_class().FromString(base64.b64decode(encoded))
            fixed.setdefault(
                module_hash,
                {
                    "module_adjacency": matrix,
                    "module_operations": operations.split(","),
                    "trainable_parameters": metrics.trainable_parameters,
                },
            )
            result = {}
            for part, evaluation in zip(("halfway", "final"), metrics.evaluation_data[1:], strict=True):
                result[f"{part}_training_time"] = evaluation.training_time
                result[f"{part}_train_accuracy"] = evaluation.train_accuracy
                result[f"{part}_validation_accuracy"] = evaluation.validation_accuracy
                result[f"{part}_test_accuracy"] = evaluation.test_accuracy
            computed.setdefault(module_hash, {}).setdefault(epochs, []).append(result)
    return fixed, computed


@cache
def _metrics_class() -> Any:
    """The `ModelMetrics` of the official `model_metrics.proto`."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="plain_metrics.proto", package="plain", syntax="proto2")
    evaluation, metrics = file.message_type.add(name="EvaluationData"), file.message_type.add(name="ModelMetrics")
    doubles = ("current_epoch", "training_time", "train_accuracy", "validation_accuracy", "test_accuracy")
    for number, name in enumerate(doubles, start=1):
        evaluation.field.add(name=name, number=number, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL)
    evaluation.field.add(name="checkpoint_path", number=6, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    metrics.field.add(
        name="evaluation_data",
        number=1,
        type=kinds.TYPE_MESSAGE,
        type_name=".plain.EvaluationData",
        label=kinds.LABEL_REPEATED,
    )
    metrics.field.add(name="trainable_parameters", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_OPTIONAL)
    metrics.field.add(name="total_time", number=3, type=kinds.TYPE_DOUBLE, label=kinds.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("plain.ModelMetrics"))
