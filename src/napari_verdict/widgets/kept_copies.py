"""Mended copies of an earlier day: when they were kept, how many edits, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_verdict.comparison.words import counted

if TYPE_CHECKING:
    from napari_verdict.report.mending import Kept
    from napari_verdict.widgets.mended_keeper import MendedKeeper


class KeptCopies(QWidget):
    """Offers the newest copy, and older ones to choose from; hidden where there is none.

    Parameters
    ----------
    keeper : MendedKeeper
        Knows them.
    """

    def __init__(self, keeper: MendedKeeper) -> None:
        super().__init__()
        self._keeper = keeper
        self._shown: tuple[Kept, ...] = ()
        self.text, self.which = QLabel(), QComboBox()
        self.text.setWordWrap(True)
        self.which.setAccessibleName("Mended copy to bring back")
        self.which.setToolTip("Which of the mended copies is brought back, the newest first")
        self.restore = QPushButton("Bring back")
        self.restore.setAccessibleName("Bring back")
        self.restore.setToolTip("Show the mended copy as it was kept")
        layout, row = QVBoxLayout(self), QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.which, 1)
        row.addWidget(self.restore)
        layout.addWidget(self.text)
        layout.addLayout(row)
        self.which.currentIndexChanged.connect(self._describe)
        self.restore.clicked.connect(lambda _=False: self._bring_back())

    @property
    def _chosen(self) -> Kept | None:
        k = self.which.currentIndex()
        return self._shown[k] if 0 <= k < len(self._shown) else None

    def show_kept(self, is_free: bool) -> None:
        """Offer what there is; `is_free` says whether it can be brought back at this moment."""
        offered, chosen = self._keeper.offered, self._chosen
        if offered != self._shown:
            self._shown = offered
            self.which.clear()
            self.which.addItems([_in_short(kept) for kept in offered])
            paths = [kept.path for kept in offered]
            if chosen is not None and chosen.path in paths:
                self.which.setCurrentIndex(paths.index(chosen.path))
        self.setVisible(bool(offered))
        self.which.setVisible(len(offered) > 1)
        self.restore.setEnabled(is_free)
        self._describe()

    def _describe(self, _: int = 0) -> None:
        kept, n = self._chosen, len(self._shown)
        if kept is None:
            return
        said = f"A mended copy of “{kept.name}” was kept on {_in_short(kept)}"
        if not kept.checked:
            said += ", of what seem to be the same pixels: napari was closed before it was known"
        said += f"; it is one of {n}." if n > 1 else "."
        if kept.lost:
            said += (
                f" {counted(kept.lost, 'change')} of it cannot be read, as the file is damaged: "
                "look it over when it is back."
            )
        self.text.setText(said)

    def _bring_back(self) -> None:
        if (kept := self._chosen) is not None:
            self._keeper.bring_back(kept)


def _in_short(kept: Kept) -> str:
    """Return when it was kept and how much was edited in it."""
    edits = f"{kept.edits:,} edit{'' if kept.edits == 1 else 's'}"
    return f"{kept.at.astimezone():%Y-%m-%d %H:%M}, with {edits}"
