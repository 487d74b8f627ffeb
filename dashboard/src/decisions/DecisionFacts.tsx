import type { ReactNode } from "react";

import type { DecisionDetail } from "../api/types";
import { useDesk } from "../desk/store";
import { decimalsOf, formatNumber, formatSigned } from "../format/numbers";
import { formatMoment } from "../format/times";
import { stateOf } from "../trading/orders";
import { OutcomeMark } from "./OutcomeMark";
import { PatternTable } from "./PatternTable";
import { ProbabilityBar } from "./ProbabilityBar";
import { RuleChecks } from "./RuleChecks";

function Facts({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="facts">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function Pairs({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="pairs">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="num">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Verdict({ detail }: { detail: DecisionDetail }) {
  const currency = useDesk((state) => state.account.account?.currency ?? "");
  const digits = useDesk((state) => state.account.account?.currency_digits ?? 2);
  return (
    <Facts title={`${detail.symbol} ${detail.timeframe}, ${formatMoment(detail.time)} UTC`}>
      <p className="verdict">
        <OutcomeMark outcome={detail.outcome} side={detail.side} />{" "}
        {detail.lots > 0 && `${detail.side} ${formatNumber(detail.lots, 2)} lots`}
        {detail.denied_by !== null && ` by the rule ${detail.denied_by}`}
      </p>
      {detail.probability !== null && (
        <ProbabilityBar
          side={detail.side}
          probability={detail.probability}
          lower={detail.lower}
          upper={detail.upper}
        />
      )}
      <Pairs
        rows={[
          ["strategy", detail.strategy],
          [`cost a lot, ${currency}`, formatNumber(detail.cost, digits)],
          [`expected a lot after costs, at the lower bound, ${currency}`, formatSigned(detail.expected, digits)],
        ]}
      />
    </Facts>
  );
}

function Reasons({ detail }: { detail: DecisionDetail }) {
  return (
    <Facts title="Why">
      {detail.reasons.length === 0 && <p className="label">The strategy gave no reason.</p>}
      <ol className="chain">
        {detail.reasons.map((reason, index) => (
          <li key={`${reason.code}${index}`}>
            <code>{reason.code}</code> {reason.text}
          </li>
        ))}
      </ol>
    </Facts>
  );
}

function Inputs({ detail }: { detail: DecisionDetail }) {
  if (detail.inputs.length === 0) return null;
  return (
    <Facts title="Inputs">
      <Pairs
        rows={detail.inputs.map(({ name, value }) => [
          name,
          typeof value === "number" ? formatNumber(value, decimalsOf(value)) : value,
        ])}
      />
    </Facts>
  );
}

function OrderFacts({ order, parts, fills }: Pick<DecisionDetail, "order" | "parts" | "fills">) {
  const digits = useDesk((state) => state.market.quotes[order?.symbol ?? ""]?.digits ?? 5);
  if (order === null) {
    return (
      <Facts title="Order">
        <p className="label">No order came of it.</p>
      </Facts>
    );
  }
  return (
    <Facts title="Order and fills">
      <Pairs
        rows={[
          ["order", `${order.type.replaceAll("_", " ")} ${order.side} ${formatNumber(order.lots, 2)} lots`],
          ["state", stateOf(order)],
          ["filled, lots", `${formatNumber(order.filled, 2)} of ${formatNumber(order.lots, 2)}`],
          ["price", formatNumber(order.price, digits)],
          ["stop", formatNumber(order.stop, digits)],
          ["target", formatNumber(order.target, digits)],
          ["key", <code key="key">{order.key}</code>],
        ]}
      />
      {parts.length > 0 && (
        <>
          <p className="label">Sent in {formatNumber(parts.length, 0)} parts so far</p>
          <ul className="chain">
            {parts.map((part) => (
              <li key={part.key} className="num">
                {formatMoment(part.time)} {part.type} {formatNumber(part.lots, 2)}: {stateOf(part)}
              </li>
            ))}
          </ul>
        </>
      )}
      {fills.length === 0 && <p className="label">Not filled.</p>}
      <ul className="chain">
        {fills.map((fill) => (
          <li key={fill.id} className="num">
            {formatMoment(fill.time)} {fill.side} {formatNumber(fill.lots, 2)} at{" "}
            {formatNumber(fill.price, digits)} ({fill.kind})
          </li>
        ))}
      </ul>
    </Facts>
  );
}

function AuditFacts({ detail }: { detail: DecisionDetail }) {
  return (
    <Facts title="Audit">
      {detail.audit === null ? (
        <p className="label">Not sealed yet; the next batch holds it.</p>
      ) : (
        <Pairs
          rows={[
            ["entry", formatNumber(detail.audit.entry, 0)],
            ["hash", <code key="hash">{detail.audit.hash}</code>],
          ]}
        />
      )}
    </Facts>
  );
}

/** Tell all about one decision: verdict, reasons, inputs, checks, patterns, order, fills, audit. */
export function DecisionFacts({ detail }: { detail: DecisionDetail }) {
  return (
    <>
      <Verdict detail={detail} />
      <Reasons detail={detail} />
      <Inputs detail={detail} />
      <Facts title="Risk checks">
        <RuleChecks checks={detail.checks} deniedBy={detail.denied_by} />
      </Facts>
      {detail.patterns.length > 0 && (
        <Facts title="Patterns of this bar, not traded on">
          <PatternTable patterns={detail.patterns} />
        </Facts>
      )}
      <OrderFacts order={detail.order} parts={detail.parts} fills={detail.fills} />
      <AuditFacts detail={detail} />
    </>
  );
}
