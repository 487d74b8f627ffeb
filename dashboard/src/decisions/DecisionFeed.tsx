import Button from "@mui/material/Button";
import { useState } from "react";

import type { Decision } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { formatNumber } from "../format/numbers";
import { formatMoment } from "../format/times";
import { Notice, ProblemNotice } from "../notice/Notice";
import { OutcomeMark } from "./OutcomeMark";
import { ProbabilityBar } from "./ProbabilityBar";
import { decisionOpened, loadOlder } from "./slice";

const FILTERS = ["all", "enter", "exit", "abstain", "denied", "hold"] as const;
type Filter = (typeof FILTERS)[number];

function DecisionRow({ decision }: { decision: Decision }) {
  const dispatch = useDeskDispatch();
  const { outcome, side } = decision;
  return (
    <li>
      <button
        type="button"
        className={`decision-row outcome-${outcome}`}
        data-testid="decision-row"
        data-outcome={outcome}
        data-id={decision.id}
        onClick={() => dispatch(decisionOpened(decision.id))}
      >
        <span className="decision-head">
          <OutcomeMark outcome={outcome} side={side} />
          <span className="num">
            {side !== "flat" && `${side} ${formatNumber(decision.lots, 2)} `}
            {decision.symbol}
          </span>
          <span className="label num">{formatMoment(decision.time).slice(5)}</span>
        </span>
        {decision.probability !== null && (
          <ProbabilityBar
            probability={decision.probability}
            lower={decision.lower}
            upper={decision.upper}
          />
        )}
        <span className="reasons">
          {decision.reasons.map((reason, index) => (
            <span key={`${reason.code}${index}`}>{reason.text || reason.code}</span>
          ))}
        </span>
      </button>
    </li>
  );
}

function FilterKeys({ filter, onFilter }: { filter: Filter; onFilter: (each: Filter) => void }) {
  return (
    <div className="keys" role="group" aria-label="Outcome">
      {FILTERS.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === filter}
          onClick={() => onFilter(each)}
        >
          {each}
        </button>
      ))}
    </div>
  );
}

function OlderButton({ before }: { before: string | undefined }) {
  const dispatch = useDeskDispatch();
  const { hasOlder, status, problem } = useDesk((state) => state.decisions);
  if (before === undefined || !hasOlder) return null;
  const load = () => void dispatch(loadOlder(before));
  if (status === "failed" && problem) return <ProblemNotice problem={problem} onRetry={load} />;
  return (
    <Button fullWidth size="small" disabled={status === "loading"} onClick={load}>
      {status === "loading" ? "Reading\u2026" : "Older decisions"}
    </Button>
  );
}

/** List every decision with its reasons; a click opens all that belongs to it. */
export function DecisionFeed() {
  const [filter, setFilter] = useState<Filter>("all");
  const items = useDesk((state) => state.decisions.items);
  const shown = filter === "all" ? items : items.filter((each) => each.outcome === filter);
  return (
    <section className="panel decisions" aria-label="Decisions">
      <header className="panel-head">
        <h2>Decisions</h2>
        <FilterKeys filter={filter} onFilter={setFilter} />
      </header>
      <div className="scroll" role="region" aria-label="List of decisions" tabIndex={0}>
        {shown.length === 0 && (
          <Notice title={items.length === 0 ? "No decision yet" : `No decision is "${filter}"`}>
            {items.length === 0
              ? "The strategy decides at the close of each bar, once its features are warm."
              : "Choose all to see the others."}
          </Notice>
        )}
        <ul className="rows">
          {shown.map((decision) => (
            <DecisionRow key={decision.id} decision={decision} />
          ))}
        </ul>
        <OlderButton before={items.at(-1)?.id} />
      </div>
    </section>
  );
}
