"""The version of several pieces of code, and what of them counts."""

from __future__ import annotations

from flytectl_py.digest.code_closure import Piece, closure_version


def test_content_references_and_their_order_count_and_labels_do_not() -> None:
    pieces = [Piece("a.f", b"f", (("g", 1), ("np.sum", "numpy.sum"))), Piece("a.g", b"g")]
    same = [Piece("b.f", b"f", (("g", 1), ("np.sum", "numpy.sum"))), Piece("c.g", b"g")]
    others = [
        [pieces[0]],
        [pieces[0], Piece("a.g", b"h")],
        [pieces[1], pieces[0]],
        [Piece("a.f", b"f", (("g", 0), ("np.sum", "numpy.sum"))), pieces[1]],
        [Piece("a.f", b"f", (("h", 1), ("np.sum", "numpy.sum"))), pieces[1]],
        [Piece("a.f", b"f", (("g", 1), ("np.sum", "numpy.max"))), pieces[1]],
        [Piece("a.f", b"f", (("g", "1"), ("np.sum", "numpy.sum"))), pieces[1]],
        [],
    ]
    versions = [closure_version(each) for each in [pieces, *others]]
    assert len(set(versions)) == len(versions)
    assert closure_version(same) == versions[0]


def test_the_version_is_the_same_forever() -> None:
    pieces = [Piece("a.f", b"f", (("g", 1), ("np.sum", "numpy.sum"))), Piece("a.g", b"g")]
    assert closure_version(pieces) == "307587bbd0eb8d0e8e25de2649ddf620338d9870f60a17a84f691c27073e6aef"


def test_the_digest_of_a_piece_has_what_is_outside_and_not_where_pieces_are() -> None:
    assert Piece("", b"x", (("g", 1),)).digest == Piece("", b"x", (("g", 2),)).digest
    assert Piece("", b"x", (("g", "m.g"),)).digest != Piece("", b"x", (("g", "n.g"),)).digest
    assert Piece("", b"x").digest != Piece("", b"y").digest
