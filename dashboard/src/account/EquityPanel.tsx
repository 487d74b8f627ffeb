import { lazy, Suspense, useEffect } from "react";

import type { EquityPoint } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { formatNumber, formatPercent } from "../format/numbers";
import { formatDay } from "../format/times";
import { Notice } from "../notice/Notice";
import { loadEquity } from "./slice";

const EquityChart = lazy(() => import("./EquityChart"));

const dayOf = (point: EquityPoint | undefined) => formatDay(1000 * (point?.time ?? 0));

/** Show the equity curve with its drawdown, and in a sentence what it says. */
export function EquityPanel() {
  const dispatch = useDeskDispatch();
  const points = useDesk((state) => state.account.equity);
  const snapshots = useDesk((state) => state.connection.snapshots);
  useEffect(() => {
    if (snapshots > 0) void dispatch(loadEquity());
  }, [dispatch, snapshots]);
  if (points.length === 0) {
    return <Notice title="No equity yet">Each closed bar adds a point.</Notice>;
  }
  const values = points.map((point) => point.equity);
  const deepest = Math.max(...points.map((point) => point.drawdown));
  return (
    <div className="equity-panel">
      <p className="label reading">
        Equity between {formatNumber(Math.min(...values), 2)} and{" "}
        {formatNumber(Math.max(...values), 2)} from {dayOf(points[0])} to {dayOf(points.at(-1))};
        deepest fall from a peak {formatPercent(deepest)}, drawn below. Where the dashed balance lies
        above the line, open positions lose.
      </p>
      <Suspense fallback={<Notice title="Loading the chart&hellip;">The curve follows.</Notice>}>
        <EquityChart />
      </Suspense>
    </div>
  );
}
