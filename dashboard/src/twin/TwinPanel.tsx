import useMediaQuery from "@mui/material/useMediaQuery";
import { useEffect } from "react";

import type { TwinDay } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { formatNumber, formatPercent, formatSigned } from "../format/numbers";
import { Notice, ProblemNotice } from "../notice/Notice";
import { PHONE_QUERY } from "../theme/palette";
import { Sheet, type Column } from "../trading/Sheet";
import { SignedMoney } from "../trading/figures";
import { causesOf, loadTwin } from "./slice";

function verdictOf(day: TwinDay): string {
  if (!day.above) return "within";
  return day.paused ? "above; entries were held back" : "above";
}

function useColumns(): Column<TwinDay>[] {
  const digits = useDesk((state) => state.account.account?.currency_digits ?? 2);
  const isPhone = useMediaQuery(PHONE_QUERY, { noSsr: true });
  return [
    { head: "day", cell: (row) => row.day.slice(isPhone ? 5 : 0) },
    {
      head: "gap",
      numeric: true,
      cell: (row) => (
        <>
          {row.above && <span aria-hidden="true">{"\u26a0"} </span>}
          <SignedMoney value={row.gap} />
        </>
      ),
    },
    {
      head: "by cause",
      wraps: true,
      cell: (row) =>
        causesOf(row)
          .map((each) => `${each.cause}\u00a0${formatSigned(each.amount, digits)}`)
          .join(", ") || "as its twin",
    },
    { head: "of equity", numeric: true, cell: (row) => formatPercent(row.share, 3) },
    { head: "bound", numeric: true, cell: (row) => formatPercent(row.bound, 2) },
    { head: "verdict", cell: (row) => <span className={row.above ? "loss" : ""}>{verdictOf(row)}</span> },
    { head: "earned", numeric: true, cell: (row) => formatNumber(row.live, digits) },
    { head: "its twin", numeric: true, cell: (row) => formatNumber(row.twin, digits) },
  ];
}

/** Show the last days beside the same days run again, why they differ, and whether entries wait for that. */
export function TwinPanel() {
  const dispatch = useDeskDispatch();
  const { page, problem } = useDesk((state) => state.twin);
  const currency = useDesk((state) => state.account.account?.currency ?? "");
  const held = useDesk((state) => state.account.account?.entries_halted?.join() ?? "");
  const snapshots = useDesk((state) => state.connection.snapshots);
  const columns = useColumns();
  // A day is appraised once; what follows from it, that entries wait, comes with the account.
  useEffect(() => void dispatch(loadTwin()), [dispatch, snapshots, held]);
  if (problem !== null) {
    return <ProblemNotice problem={problem} onRetry={() => void dispatch(loadTwin())} />;
  }
  if (page === null) return <Notice title="Reading the books&hellip;">The days follow.</Notice>;
  const keyOf = (row: TwinDay) => row.day;
  const empty = (
    <Notice title="No day appraised yet">
      Each live day is run again once it is over; `assay twin` does so for any day.
    </Notice>
  );
  return (
    <div className="twin">
      {page.held !== "" ? (
        <p className="warn reading" data-testid="twin-held">
          The twin holds entries back; exits pass. `assay entries release --source twin` ends it.
        </p>
      ) : (
        page.days.length > 0 && (
          <p className="label reading">
            Each day beside the same day run again, {currency}; the twin holds no entries back.
          </p>
        )
      )}
      <Sheet label="Days beside their twins" columns={columns} rows={page.days} keyOf={keyOf} empty={empty} />
    </div>
  );
}
