import { expect, test } from "vitest";

import { gatherParts, isOpen, stateOf } from "../src/trading/orders";
import { buildOrder } from "./build";

test("an order says how much of it is filled, and that it was changed", () => {
  const told = (changes: Parameters<typeof buildOrder>[1]) => stateOf(buildOrder("k", changes));
  expect(told({})).toBe("submitted");
  expect(told({ state: "accepted", changes: 2 })).toBe("at the broker, changed 2\u00d7");
  expect(told({ state: "partly_filled", filled: 0.25 })).toBe("filled 0.25 of 1.00");
  expect(told({ state: "cancelled", filled: 0.25 })).toBe("cancelled, filled 0.25 of 1.00");
  expect(told({ state: "filled", filled: 1 })).toBe("filled");
});

test("an order is open until it is done", () => {
  expect(isOpen(buildOrder("k", { state: "cancelling" }))).toBe(true);
  expect(isOpen(buildOrder("k", { state: "unknown" }))).toBe(true);
  expect(isOpen(buildOrder("k", { state: "expired" }))).toBe(false);
});

test("parts stand behind what they are of", () => {
  const orders = [
    buildOrder("later"),
    buildOrder("second", { parent: "whole" }),
    buildOrder("orphan", { parent: "long gone" }),
    buildOrder("first", { parent: "whole" }),
    buildOrder("whole", { state: "working" }),
  ];
  const keys = gatherParts(orders).map((each) => each.key);
  expect(keys).toEqual(["later", "orphan", "whole", "second", "first"]);
});
