"""One thread, first in first out: the runner of backtests, tests and the hot path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.model.errors import InvariantError
from assay.model.messages import Message, decode_message, encode_message
from assay.runtime.runners.module import Handler, Module, RoutedModule


class InlineRunner:
    """Deliver each message to every module that consumes it, in the order of the modules.

    With `wire`, every message is encoded and decoded before each delivery, so that nothing
    unserialisable or shared survives. Raises InvariantError where a module publishes a type that
    it does not declare.
    """

    def __init__(self, modules: Sequence[Module], *, wire: bool = False) -> None:
        self._routes: dict[type[Message], tuple[Handler, ...]] = {}
        for module in modules:
            for kind in module.consumes:
                handler = module.route(kind) if isinstance(module, RoutedModule) else module.handle
                if handler is None:
                    continue
                if wire:
                    handler = _over_wire(module, handler)
                self._routes[kind] = (*self._routes.get(kind, ()), handler)

    def push(self, message: Message) -> list[Message]:
        """Handle a message and all that follows from it; return them in order, itself first."""
        queue = [message]
        routes = self._routes
        for current in queue:
            for handle in routes.get(type(current), ()):
                if answers := handle(current):
                    queue += answers
        return queue


def _over_wire(module: Module, handler: Handler) -> Handler:
    allowed = module.publishes

    def handle(message: Message) -> Iterable[Message]:
        for answer in handler(decode_message(encode_message(message))) or ():
            if type(answer) not in allowed:
                raise InvariantError(
                    f"{type(module).__name__} published {type(answer).__name__} undeclared"
                )
            yield answer

    return handle
