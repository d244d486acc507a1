"""Files are whole at any moment, also when several threads write the same one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from napari_verdict.report.writing import write_whole


def test_threads_that_write_the_same_file_do_not_spoil_each_other(tmp_path):
    path, contents = tmp_path / "file", {b"a" * 9000, b"b" * 7000}
    path.write_bytes(b"a" * 9000)

    def write(content):
        for _ in range(40):
            write_whole(path, lambda part: part.write_bytes(content))
            assert path.read_bytes() in contents

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, contents))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
