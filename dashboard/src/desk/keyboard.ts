import { useEffect } from "react";

import { TIMEFRAMES } from "../chart/candles";
import { selectTimeframe } from "../chart/slice";
import { decisionOpened } from "../decisions/slice";
import { bookOpened, keysToggled, viewOpened } from "./slice";
import { useDeskDispatch, type DeskStore } from "./store";

const SEQUENCE_MS = 1000;

export const KEYS: [string, string][] = [
  ["/", "search a symbol"],
  [`1 \u2026 ${TIMEFRAMES.length}`, `timeframe: ${TIMEFRAMES[0]} \u2026 ${TIMEFRAMES.at(-1)}`],
  ["g d", "desk: the chart"],
  ["g s", "decisions"],
  ["g p", "positions"],
  ["g o", "orders"],
  ["g f", "fills"],
  ["g e", "equity"],
  ["g r", "performance"],
  ["g t", "days beside their twins"],
  ["g l", "limits"],
  ["g a", "alerts"],
  ["Esc", "close what is open"],
  ["?", "these keys"],
];

type Dispatch = DeskStore["dispatch"];

function focus(selector: string): void {
  // After the view that holds it is on the screen.
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus());
}

const PLACES: Record<string, (dispatch: Dispatch) => void> = {
  d: (dispatch) => {
    dispatch(viewOpened("desk"));
    focus("#chart");
  },
  s: (dispatch) => {
    dispatch(viewOpened("decisions"));
    focus(".decisions .scroll");
  },
  p: (dispatch) => {
    dispatch(bookOpened("positions"));
    focus("#book-positions");
  },
  o: (dispatch) => {
    dispatch(bookOpened("orders"));
    focus("#book-orders");
  },
  f: (dispatch) => {
    dispatch(bookOpened("fills"));
    focus("#book-fills");
  },
  e: (dispatch) => {
    dispatch(bookOpened("equity"));
    focus("#book-equity");
  },
  r: (dispatch) => {
    dispatch(bookOpened("performance"));
    focus("#book-performance");
  },
  t: (dispatch) => {
    dispatch(bookOpened("twin"));
    focus("#book-twin");
  },
  l: (dispatch) => {
    dispatch(bookOpened("limits"));
    focus("#book-limits");
  },
  a: (dispatch) => {
    dispatch(bookOpened("alerts"));
    focus("#book-alerts");
  },
};

const SINGLE: Record<string, (dispatch: Dispatch) => void> = {
  "/": (dispatch) => {
    dispatch(viewOpened("watch"));
    focus("#watch-filter");
  },
  "?": (dispatch) => dispatch(keysToggled(true)),
  Escape: (dispatch) => {
    dispatch(decisionOpened(null));
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  },
};

const CHOOSING = Object.fromEntries(
  TIMEFRAMES.map((each, index) => [
    String(index + 1),
    (dispatch: Dispatch) => void dispatch(selectTimeframe(each)),
  ]),
);

/** Return what a key does by itself, or as the second of a sequence; undefined for nothing. */
export function actionOf(key: string, follows: boolean): ((dispatch: Dispatch) => void) | undefined {
  return follows ? PLACES[key] : (SINGLE[key] ?? CHOOSING[key]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, [role=dialog]") !== null;
}

/** Hear the keys of the page; none of them touches the kill switch. */
export function useKeyboard(): void {
  const dispatch = useDeskDispatch();
  useEffect(() => {
    let began = -Infinity;
    const hear = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) && event.key !== "Escape") return;
      const follows = event.timeStamp - began < SEQUENCE_MS;
      began = event.key === "g" ? event.timeStamp : -Infinity;
      const act = actionOf(event.key, follows);
      if (act === undefined) return;
      if (event.key !== "Escape") event.preventDefault();
      act(dispatch);
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [dispatch]);
}
