"""A strategy in plain Python that swings: in, two bars later out, by turns long and short."""

NAME = "pendulum"
PARAMETERS = {"units": 10_000, "stop": 60, "wildest": 100}
REFERENCE_COSTS = False
GO_TO = 1


def memory_words(params):
    """Return the words of memory: the number of the bar."""
    return 1


def decide(memory, event, position, params, intent):
    """Enter every fourth bar unless it was wild, leave two bars later, or at the next."""
    bar, swing = memory[0] % 4, memory[0] // 4
    memory[0] += 1
    if bar == 0 and event["high"] - event["low"] < params[2]:
        side = 1 if swing % 2 == 0 else -1
        intent["action"], intent["quantity"] = GO_TO, side * params[0]
        intent["stop"] = event["close"] - side * params[1]
    elif bar >= 2 and position["quantity"] != 0:
        intent["action"], intent["quantity"] = GO_TO, 0
