import { expect, test } from "vitest";

import { buildStore } from "../src/desk/store";
import { handAsked, sendWish } from "../src/hand/slice";
import { EMPTY_DRAFT, isWhole, pipsAway, wishOf, type Asked, type Draft } from "../src/hand/wishes";

const ORDER: Asked = { what: "order", symbol: "EURUSD" };

function draft(changes: Partial<Draft>): Draft {
  return { ...EMPTY_DRAFT, ...changes };
}

test("what is typed becomes an order in the platform's words", () => {
  const typed = draft({ side: "sell", type: "limit", lots: " 0.10 ", price: "1.0850", stop: "1.09" });
  expect(wishOf(ORDER, typed, "resistance")).toEqual({
    order: { action: "limit", symbol: "EURUSD", lots: "-0.10", price: "1.0850", stop: "1.09", target: "" },
    reason: "resistance",
  });
  const market = wishOf(ORDER, draft({ lots: "1", price: "1.0850" }), "now");
  expect(market).toMatchObject({ order: { action: "market", lots: "1", price: "" } });
});

test("what is held is closed, what waits is cancelled by its key to the last digit", () => {
  const key = "4611686018427387905";
  expect(wishOf({ what: "cancel", symbol: "EURUSD", key }, EMPTY_DRAFT, "gone")).toEqual({
    order: { action: "cancel", symbol: "EURUSD", key },
    reason: "gone",
  });
  expect(wishOf({ what: "close", symbol: "EURUSD" }, EMPTY_DRAFT, "enough")).toEqual({
    order: { action: "close", symbol: "EURUSD" },
    reason: "enough",
  });
  expect(wishOf({ what: "flatten" }, EMPTY_DRAFT, "enough")).toEqual({ reason: "enough" });
});

test("an order is not sent before its volume and price are typed", () => {
  expect(isWhole(ORDER, draft({}))).toBe(false);
  for (const lots of ["", "0", "-1", "much", "Infinity"]) {
    expect(isWhole(ORDER, draft({ lots }))).toBe(false);
  }
  expect(isWhole(ORDER, draft({ lots: "0.1" }))).toBe(true);
  expect(isWhole(ORDER, draft({ lots: "0.1", type: "stop" }))).toBe(false);
  expect(isWhole(ORDER, draft({ lots: "0.1", type: "stop", price: "1.1" }))).toBe(true);
  expect(isWhole({ what: "flatten" }, EMPTY_DRAFT)).toBe(true);
});

test("a stop tells how many pips it is away", () => {
  expect(pipsAway("1.0825", 1.085, 0.0001)).toBeCloseTo(25);
  expect(pipsAway("", 1.085, 0.0001)).toBeNull();
  expect(pipsAway("1.0825", null, 0.0001)).toBeNull();
});

test("an answer stays on the screen, and the next question begins anew", () => {
  const store = buildStore();
  const wish = { reason: "enough" };
  store.dispatch(handAsked({ what: "flatten" }));
  store.dispatch(sendWish.fulfilled({ text: "nothing was open" }, "1", wish));
  expect(store.getState().hand).toMatchObject({ told: "nothing was open", status: "idle" });
  const problem = { code: "not_done", message: "denied by halted", remedy: "look at the limits" };
  store.dispatch(handAsked(ORDER));
  expect(store.getState().hand.told).toBeNull();
  store.dispatch(sendWish.rejected(null, "2", wish, problem));
  expect(store.getState().hand).toMatchObject({ asked: ORDER, problem });
});
