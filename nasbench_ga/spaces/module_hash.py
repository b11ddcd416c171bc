"""The official NAS-Bench-101 module hash: a Weisfeiler-Lehman fingerprint in MD5.

Source: Ying et al. 2019, section 2 and appendix A.2; the text that is hashed is FACTS of the published file format.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import md5

INPUT_LABEL, OUTPUT_LABEL = -1, -2


def graph_hash(matrix: Sequence[Sequence[int]], labels: Sequence[int]) -> str:
    """MD5 fingerprint of a labelled directed graph, equal for isomorphic graphs.

    Args:
        matrix: adjacency, shape (vertices, vertices), as plain Python integers: their text is hashed.
        labels: one plain integer a vertex; -1 for the input, -2 for the output, otherwise the operation's index in
            (conv3x3-bn-relu, conv1x1-bn-relu, maxpool3x3).

    Returns:
        32 hexadecimal digits.
    """
    vertices = range(len(labels))
    sources = [[u for u in vertices if matrix[u][v]] for v in vertices]
    targets = [[w for w in vertices if matrix[v][w]] for v in vertices]
    hashes = [_md5(str((len(targets[v]), len(sources[v]), labels[v]))) for v in vertices]
    for _ in vertices:
        hashes = [
            _md5("|".join((_joined(hashes, sources[v]), _joined(hashes, targets[v]), hashes[v]))) for v in vertices
        ]
    return _md5(str(sorted(hashes)))


def _joined(hashes: list[str], neighbours: list[int]) -> str:
    return "".join(sorted([hashes[v] for v in neighbours]))


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
