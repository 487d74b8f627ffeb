import type { ReactNode } from "react";

import type { Limit } from "../api/types";
import { useDesk } from "../desk/store";
import { formatNumber, formatPercent } from "../format/numbers";
import { useFreshness } from "../market/freshness";
import { SignedMoney } from "../trading/figures";
import { UseBar } from "../limits/UseBar";

function Tile({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="tile">
      <span className="label">{label}</span>
      {children}
    </div>
  );
}

function findLimit(limits: Limit[], pattern: RegExp): Limit | undefined {
  return limits.find((each) => pattern.test(`${each.name} ${each.reason_code}`));
}

function exposureOf(limits: Limit[]): Limit | undefined {
  return findLimit(limits, /exposure|gross|notional/i) ?? findLimit(limits, /margin|leverage/i);
}

/** Show what the account is worth and how far its limits are. */
export function EquityStrip() {
  const account = useDesk((state) => state.account.account);
  const limits = useDesk((state) => state.account.limits);
  const { state } = useFreshness();
  if (account === null) {
    return (
      <section className="panel strip" aria-label="Account">
        <Tile label="equity">&hellip;</Tile>
      </section>
    );
  }
  const digits = account.currency_digits;
  const dayLimit = findLimit(limits, /day|daily/i);
  const drawdownLimit = findLimit(limits, /drawdown/i);
  const exposure = exposureOf(limits);
  const stale = state === "lost" ? "stale" : "";
  return (
    <section className={`panel strip ${stale}`} aria-label="Account">
      <Tile label={`equity ${account.currency}`}>
        <span className="num big" data-testid="equity" data-value={account.equity}>
          {formatNumber(account.equity, digits)}
        </span>
      </Tile>
      <Tile label="day P&L">
        <span className="num">
          <SignedMoney value={account.day_profit} />
        </span>
        <UseBar limit={dayLimit} label="Day loss against its limit" />
      </Tile>
      <Tile label="drawdown">
        <span className="num">{formatPercent(account.drawdown)}</span>
        <UseBar limit={drawdownLimit} label="Drawdown against its limit" />
      </Tile>
      <Tile label="balance">
        <span className="num">{formatNumber(account.balance, digits)}</span>
      </Tile>
      <Tile label="margin level">
        <span className="num">
          {account.margin_level === null ? "none used" : formatPercent(account.margin_level, 0)}
        </span>
      </Tile>
      <Tile label="margin used">
        <span className="num">{formatNumber(account.margin, digits)}</span>
        <UseBar limit={exposure} label="Exposure against its limit" />
      </Tile>
    </section>
  );
}
