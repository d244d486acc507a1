"""One table of shortcuts that hold in the canvas and in every dock of ours alike.

napari's own bindings do not fire while a dock has the focus, so docks pass their key events
here, and the canvas is bound to the same table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakMethod

from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@dataclass(frozen=True)
class Shortcut:
    """One key and what it does.

    Parameters
    ----------
    key : str
        As napari writes it, such as ``Shift-N``.
    action : str
        Its name.
    does : str
        In plain words.
    """

    key: str
    action: str
    does: str


#: napari 0.9 leaves these keys free, in the viewer and in every kind of layer.
SHORTCUTS = (
    Shortcut("N", "next", "Go to the next entry of the list"),
    Shortcut("Shift-N", "previous", "Go to the previous entry"),
    Shortcut("K", "next kind", "Go to the next entry of the same kind"),
    Shortcut("U", "back", "Go back to where you were before the jump"),
    Shortcut("H", "hold raw", "Hold to see raw alone, at the same place"),
    Shortcut(
        "G", "hold ground truth", "Hold to see the ground truth alone; without one, the residual"
    ),
    Shortcut("J", "hold prediction", "Hold to see the prediction alone"),
    Shortcut("Shift-E", "real error", "The prediction is wrong here"),
    Shortcut("Shift-G", "ground truth wrong", "The ground truth is wrong here"),
    Shortcut("Shift-Q", "ambiguous", "It cannot be told from the image"),
    Shortcut("Shift-F", "fine", "Nothing that matters"),
    Shortcut("Q", "note", "Write a note on this entry"),
    Shortcut("Shift-U", "undo judgement", "Take the last judgement or note back"),
    Shortcut("Shift-R", "redo judgement", "Judge again what was taken back"),
    Shortcut("W", "side by side", "Raw, predictions and ground truth side by side, and back"),
    Shortcut("Shift-D", "finish tile", "All of this tile is labelled: go to the next one"),
    Shortcut("Shift-T", "next tile", "Go to the next tile without finishing this one"),
    Shortcut("Shift-B", "previous tile", "Go to the tile before"),
    Shortcut("Shift-K", "skip tile", "Leave this tile out, for a reason"),
    Shortcut("Shift-O", "new object", "The brush takes the next free label"),
    Shortcut("Shift-C", "accept", "Accept the predicted object under the mouse"),
    Shortcut("Shift-X", "delete", "Delete the object under the mouse"),
    Shortcut("Shift-M", "merge", "Merge the object under the mouse into the selected one"),
    Shortcut("Shift-S", "split", "Split an object by a line, or by two clicks"),
    Shortcut("Shift-H", "fill holes", "Fill the holes of the selected object"),
    Shortcut("Shift-J", "smooth", "Smooth the outline of the selected object"),
    Shortcut("Shift-I", "interpolate", "Fill the planes between those in which it is drawn"),
    Shortcut("Shift-Y", "mark ambiguous", "Nobody can tell the object under the mouse"),
    Shortcut("Shift-W", "threshold", "Propose objects by threshold and watershed"),
)
KEYS = {s.action: s.key for s in SHORTCUTS}


def hint(action: str) -> str:
    """Return the key of an action, as tooltips write it."""
    return f"({KEYS[action].replace('-', '+')})"


class Keys:
    """Who answers to the shortcuts of one viewer: the newest that can.

    Parameters
    ----------
    viewer : napari viewer
        Its canvas is bound when the first answer is added.
    """

    def __init__(self, viewer: Any) -> None:
        self._answers: dict[str, list[WeakMethod[Any]]] = {}
        self._held: dict[str, Callable[[bool], bool]] = {}  # in the canvas
        for shortcut in SHORTCUTS:
            viewer.bind_key(shortcut.key, _while_held(shortcut, self), overwrite=True)
        if isinstance(app := QGuiApplication.instance(), QGuiApplication):
            # the release goes where the focus goes, and our docks may all be windows of their own
            app.focusWindowChanged.connect(self._on_focus)

    def add(self, action: str, answer: Callable[[bool], bool]) -> None:
        """Let a method answer to an action.

        Parameters
        ----------
        action : str
            One of `KEYS`.
        answer : bound method
            Called with True on press and False on release; False on press says that it has
            nothing to do, so that an older one is asked. It is not kept alive.
        """
        self._answers.setdefault(action, []).append(WeakMethod(answer))

    def remove(self, owner: Any) -> None:
        """Forget all answers of an object."""
        for action, answers in self._answers.items():
            self._answers[action] = [a for a in answers if (m := a()) and m.__self__ is not owner]

    def press(self, action: str) -> Callable[[bool], bool] | None:
        """Press a key; return who answered, and is to be told of the release."""
        for reference in reversed(self._answers.get(action, [])):
            answer: Callable[[bool], bool] | None = reference()
            if answer is not None and answer(True):
                return answer
        return None

    def hold(self, action: str) -> None:
        """Press a key in the canvas, until `let_go`."""
        answer = self.press(action)
        if answer is not None:
            self._held[action] = answer

    def let_go(self, *actions: str) -> None:
        """Release keys that are held in the canvas; all of them where none is named."""
        for action in actions or tuple(self._held):
            answer = self._held.pop(action, None)
            if answer is not None:
                answer(False)

    def _on_focus(self, window: Any = None) -> None:
        self.let_go()


class KeyFilter:
    """Passes the key events of one dock on.

    Parameters
    ----------
    keys : Keys
        Of its viewer.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._held: dict[int, Callable[[bool], bool]] = {}

    def press(self, event: Any) -> bool:
        """Handle a Qt key press; say whether it was a shortcut."""
        action = action_of(event)
        if action is None:
            return False
        if event.isAutoRepeat() and action not in ("next", "previous", "next kind"):
            return True
        answer = self._keys.press(action)
        if answer is not None:
            self._held[event.key()] = answer
        return answer is not None

    def release(self, event: Any) -> bool:
        """Handle a Qt key release; say whether it ended a shortcut."""
        if event.isAutoRepeat():
            return event.key() in self._held
        answer = self._held.pop(event.key(), None)
        if answer is not None:
            answer(False)
        return answer is not None

    def release_all(self) -> None:
        """End what is held, here or in the canvas: the focus goes elsewhere, with the release."""
        self._keys.let_go()
        held, self._held = self._held, {}
        for answer in held.values():
            answer(False)


def action_of(event: Any) -> str | None:
    """Return the action that a Qt key event asks for; None for other keys."""
    shift = Qt.KeyboardModifier.ShiftModifier
    if event.modifiers() & ~(shift | Qt.KeyboardModifier.KeypadModifier):
        return None
    for shortcut in SHORTCUTS:
        modifier, _, letter = shortcut.key.rpartition("-")
        if event.key() == ord(letter) and bool(event.modifiers() & shift) == bool(modifier):
            return shortcut.action
    return None


_KEYS: WeakKeyDictionary[Any, Keys] = WeakKeyDictionary()


def keys_of(viewer: Any) -> Keys:
    """Return the shortcuts of a viewer."""
    if viewer not in _KEYS:
        _KEYS[viewer] = Keys(viewer)
    return _KEYS[viewer]


def _while_held(shortcut: Shortcut, keys: Keys) -> Any:
    def held(viewer: Any) -> Generator[None, None, None]:
        keys.hold(shortcut.action)
        yield
        keys.let_go(shortcut.action)

    held.__doc__ = f"{shortcut.does}."
    return held
