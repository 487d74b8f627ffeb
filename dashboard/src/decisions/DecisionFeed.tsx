import Button from "@mui/material/Button";
import { useMemo, useState } from "react";

import type { Decision } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { formatNumber } from "../format/numbers";
import { formatMoment } from "../format/times";
import { Notice, ProblemNotice } from "../notice/Notice";
import { type Fold, foldAlike } from "./folding";
import { OutcomeMark } from "./OutcomeMark";
import { ProbabilityBar } from "./ProbabilityBar";
import { decisionOpened, type Filter, FILTERS, filterChosen, loadOlder } from "./slice";

/** The last link of the chain is what settled it; the whole chain is in the detail. */
function verdictOf(decision: Decision): string {
  const last = decision.reasons.at(-1);
  return last ? last.text || last.code : "";
}

function DecisionRow({ decision }: { decision: Decision }) {
  const dispatch = useDeskDispatch();
  const { outcome, side, lots } = decision;
  return (
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
          {lots > 0 && `${side} ${formatNumber(lots, 2)} `}
          {decision.symbol}
        </span>
        <span className="label num">{formatMoment(decision.time).slice(5)}</span>
      </span>
      {decision.probability !== null && (
        <ProbabilityBar
          side={side}
          probability={decision.probability}
          lower={decision.lower}
          upper={decision.upper}
        />
      )}
      <span className="reasons">
        {decision.denied_by !== null && <span>denied by the rule {decision.denied_by}</span>}
        <span>{verdictOf(decision)}</span>
      </span>
    </button>
  );
}

function FoldRows({ fold }: { fold: Fold }) {
  const [isOpen, setIsOpen] = useState(false);
  const { decision, alike } = fold;
  return (
    <li>
      <DecisionRow decision={decision} />
      {alike.length > 0 && (
        <button
          type="button"
          className="fold"
          aria-expanded={isOpen}
          data-testid="decision-fold"
          onClick={() => setIsOpen(!isOpen)}
        >
          {isOpen ? "\u25be" : "\u25b8"} {alike.length} before it alike, since{" "}
          {formatMoment(alike.at(-1)?.time ?? decision.time).slice(11)}
        </button>
      )}
      {isOpen && (
        <ul className="rows alike">
          {alike.map((each) => (
            <li key={each.id}>
              <DecisionRow decision={each} />
            </li>
          ))}
        </ul>
      )}
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

function OlderButton({ filter }: { filter: Filter }) {
  const dispatch = useDeskDispatch();
  const { before, status, problem } = useDesk((state) => state.decisions);
  const next = before[filter];
  if (next === null) return null;
  const load = () => void dispatch(loadOlder({ filter, before: next ?? null }));
  if (status === "failed" && problem) return <ProblemNotice problem={problem} onRetry={load} />;
  return (
    <Button fullWidth size="small" disabled={status === "loading"} onClick={load}>
      {status === "loading" ? "Reading\u2026" : "Older decisions"}
    </Button>
  );
}

function NoDecision({ filter, isFirst }: { filter: Filter; isFirst: boolean }) {
  const dispatch = useDeskDispatch();
  if (filter === "hold") {
    return (
      <Notice title="Held positions are decided on with every bar">
        They are not sent along; read those of the record.
        <Button
          size="small"
          onClick={() => void dispatch(loadOlder({ filter, before: null }))}
        >
          Read decisions to hold
        </Button>
      </Notice>
    );
  }
  return (
    <Notice title={isFirst ? "No decision yet" : `No decision here is "${filter}"`}>
      {isFirst
        ? "The strategy decides at the close of each bar, once its features are warm."
        : "Older decisions may be; choose all to see the others."}
    </Notice>
  );
}

/** List decisions with their reasons, abstentions alike in one row; a click opens all of one. */
export function DecisionFeed() {
  const dispatch = useDeskDispatch();
  const { filter, items } = useDesk((state) => state.decisions);
  const folds = useMemo(
    () => foldAlike(items.filter((each) => (filter === "all" ? each.outcome !== "hold" : each.outcome === filter))),
    [items, filter],
  );
  return (
    <section className="panel decisions" aria-label="Decisions">
      <header className="panel-head">
        <h2>Decisions</h2>
        <FilterKeys filter={filter} onFilter={(each) => dispatch(filterChosen(each))} />
      </header>
      <div className="scroll" role="region" aria-label="List of decisions" tabIndex={0}>
        {folds.length === 0 && <NoDecision filter={filter} isFirst={items.length === 0} />}
        <ul className="rows">
          {folds.map((fold) => (
            <FoldRows key={fold.alike.at(-1)?.id ?? fold.decision.id} fold={fold} />
          ))}
        </ul>
        {(filter !== "hold" || folds.length > 0) && <OlderButton filter={filter} />}
      </div>
    </section>
  );
}
