"""The Merkle tree against the vectors of RFC 6962's reference and its own definition."""

from __future__ import annotations

import pytest

from assay.books.audit.merkle import hash_leaf, hash_node, merkle_root

INPUTS = (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)  # fmt: skip
ROOT_OF_EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def recursive_root(leaves: list[bytes]) -> bytes:
    """Return MTH(D[n]) word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hash_node(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


def test_the_reference_root_of_eight_leaves() -> None:
    assert merkle_root([hash_leaf(bytes.fromhex(each)) for each in INPUTS]).hex() == ROOT_OF_EIGHT


def test_nothing_and_an_empty_leaf() -> None:
    assert merkle_root([]).hex().startswith("e3b0c442")
    assert hash_leaf(b"").hex().startswith("6e340b9c")
    assert hash_leaf(b"L123456").hex().startswith("395aa064")


@pytest.mark.parametrize("size", range(1, 70))
def test_every_size_splits_as_the_definition_does(size: int) -> None:
    leaves = [hash_leaf(bytes([each])) for each in range(size)]
    assert merkle_root(leaves) == recursive_root(leaves)


def test_a_leaf_cannot_pose_as_a_node() -> None:
    left, right = hash_leaf(b"a"), hash_leaf(b"b")
    assert hash_leaf(left + right) != merkle_root([left, right])
