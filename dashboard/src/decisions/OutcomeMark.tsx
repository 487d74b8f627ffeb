import type { Decision } from "../api/types";

const SHAPES = {
  exit: "\u25cf",
  hold: "\u2013",
  abstain: "\u25cb",
  denied: "\u2715",
  change: "\u25c6",
} as const;

function shapeOf(outcome: Decision["outcome"], side: Decision["side"]): string {
  if (outcome === "enter") return side === "short" ? "\u25bc" : "\u25b2";
  return SHAPES[outcome];
}

/** Name an outcome by word, shape and colour. */
export function OutcomeMark({ outcome, side }: Pick<Decision, "outcome" | "side">) {
  const tone = outcome === "enter" ? (side === "short" ? "loss" : "gain") : "";
  return (
    <strong className={`outcome ${tone}`}>
      <span aria-hidden="true">{shapeOf(outcome, side)}</span>{" "}
      {outcome === "denied" ? "DENIED" : outcome}
    </strong>
  );
}
