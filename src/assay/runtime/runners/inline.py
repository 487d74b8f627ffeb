"""One thread, first in first out: the runner of backtests, tests and the hot path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from assay.model.errors import InvariantError
from assay.model.messages import Message, decode_message, encode_message
from assay.runtime.runners.module import Module

Handle = Callable[[Message], Iterable[Message]]


class InlineRunner:
    """Deliver each message to every module that consumes it, in the order of the modules.

    With `wire`, every message is encoded and decoded before each delivery, so that nothing
    unserialisable or shared survives. Raises InvariantError where a module publishes a type that
    it does not declare.
    """

    def __init__(self, modules: Sequence[Module], *, wire: bool = False) -> None:
        self._routes: dict[type[Message], list[Handle]] = {}
        for module in modules:
            handle = _over_wire(module) if wire else module.handle
            for kind in module.consumes:
                self._routes.setdefault(kind, []).append(handle)

    def push(self, message: Message) -> list[Message]:
        """Handle a message and all that follows from it; return them in order, itself first."""
        queue = [message]
        routes = self._routes
        for current in queue:
            for handle in routes.get(type(current), ()):
                queue += handle(current)
        return queue


def _over_wire(module: Module) -> Handle:
    allowed = module.publishes

    def handle(message: Message) -> Iterable[Message]:
        for answer in module.handle(decode_message(encode_message(message))):
            if type(answer) not in allowed:
                raise InvariantError(
                    f"{type(module).__name__} published {type(answer).__name__} undeclared"
                )
            yield answer

    return handle
