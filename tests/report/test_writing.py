"""A file that is written is whole at any moment, whoever else writes it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from napari_verdict.report.writing import write_whole


def test_threads_that_write_one_file_do_not_spoil_each_other(tmp_path):
    path, size = tmp_path / "session.json", 20_000
    write_whole(path, lambda p: p.write_text("-" * size))

    def write(letter: str) -> set[str]:
        seen = set()
        for _ in range(40):
            write_whole(path, lambda p: p.write_text(letter * size))
            seen.add(path.read_text())
        return seen

    with ThreadPoolExecutor(3) as pool:
        seen = set().union(*pool.map(write, "abc"))
    assert seen <= {letter * size for letter in "abc"}
    assert [p.name for p in tmp_path.iterdir()] == ["session.json"]
