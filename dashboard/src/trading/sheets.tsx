import useMediaQuery from "@mui/material/useMediaQuery";
import { useMemo } from "react";

import type { Alert, Fill, Order, Position } from "../api/types";
import { useDesk } from "../desk/store";
import { formatNumber } from "../format/numbers";
import { formatMoment } from "../format/times";
import { CancelKey, CloseKey } from "../hand/HandKeys";
import { Notice } from "../notice/Notice";
import { PHONE_QUERY } from "../theme/palette";
import { Sheet, type Column } from "./Sheet";
import { Side, SignedMoney } from "./figures";
import { gatherParts, isOpen, stateOf } from "./orders";

/** Return how to write a moment: a phone has no room for the year. */
function useMoment(): (iso: string) => string {
  const isPhone = useMediaQuery(PHONE_QUERY, { noSsr: true });
  return (iso) => formatMoment(iso).slice(isPhone ? 5 : 0);
}

/** Return how to write a price of a symbol. */
function usePrice(): (symbol: string, value: number | null) => string {
  const quotes = useDesk((state) => state.market.quotes);
  return (symbol, value) => formatNumber(value, quotes[symbol]?.digits ?? 5);
}

/** List the open positions. */
export function Positions() {
  const price = usePrice();
  const moment = useMoment();
  const rows = useDesk((state) => state.trading.positions);
  const columns: Column<Position>[] = [
    { head: "symbol", cell: (row) => row.symbol },
    { head: "side", cell: (row) => <Side side={row.side} /> },
    { head: "lots", numeric: true, cell: (row) => formatNumber(row.lots, 2) },
    { head: "P&L", numeric: true, cell: (row) => <SignedMoney value={row.profit} /> },
    { head: "by hand", cell: (row) => <CloseKey symbol={row.symbol} /> },
    { head: "entry", numeric: true, cell: (row) => price(row.symbol, row.entry) },
    { head: "now", numeric: true, cell: (row) => price(row.symbol, row.price) },
    { head: "stop", numeric: true, cell: (row) => price(row.symbol, row.stop) },
    { head: "target", numeric: true, cell: (row) => price(row.symbol, row.target) },
    { head: "opened (UTC)", cell: (row) => (row.opened === null ? "long ago" : moment(row.opened)) },
  ];
  const empty = (
    <Notice title="No open position">
      The next decision that enters opens one; the feed of decisions says why none did.
    </Notice>
  );
  const keyOf = (row: Position) => row.symbol;
  return <Sheet label="Positions" columns={columns} rows={rows} keyOf={keyOf} empty={empty} />;
}

/** List the orders, the newest first, each with its parts behind it. */
export function Orders() {
  const price = usePrice();
  const moment = useMoment();
  const orders = useDesk((state) => state.trading.orders);
  const rows = useMemo(() => gatherParts(orders), [orders]);
  const columns: Column<Order>[] = [
    {
      head: "time (UTC)",
      cell: (row) => (
        <span className={row.parent === null ? "" : "part"}>{moment(row.time)}</span>
      ),
    },
    { head: "symbol", cell: (row) => row.symbol },
    { head: "side", cell: (row) => <Side side={row.side} /> },
    {
      head: "state",
      cell: (row) => <span className={isOpen(row) ? "open" : ""}>{stateOf(row)}</span>,
    },
    { head: "lots", numeric: true, cell: (row) => formatNumber(row.lots, 2) },
    { head: "type", cell: (row) => row.type.replaceAll("_", " ") },
    { head: "price", numeric: true, cell: (row) => price(row.symbol, row.price) },
    { head: "stop", numeric: true, cell: (row) => price(row.symbol, row.stop) },
    { head: "target", numeric: true, cell: (row) => price(row.symbol, row.target) },
    { head: "reason", cell: (row) => row.reason.replaceAll("_", " ") },
    { head: "by hand", cell: (row) => <CancelKey order={row} /> },
  ];
  const empty = <Notice title="No order yet">Approved decisions become orders here.</Notice>;
  const keyOf = (row: Order) => row.key;
  return <Sheet label="Orders" columns={columns} rows={rows} keyOf={keyOf} empty={empty} />;
}

/** List the fills, the newest first. */
export function Fills() {
  const price = usePrice();
  const moment = useMoment();
  const rows = useDesk((state) => state.trading.fills);
  const columns: Column<Fill>[] = [
    { head: "time (UTC)", cell: (row) => moment(row.time) },
    { head: "symbol", cell: (row) => row.symbol },
    { head: "side", cell: (row) => <Side side={row.side} /> },
    { head: "lots", numeric: true, cell: (row) => formatNumber(row.lots, 2) },
    { head: "price", numeric: true, cell: (row) => price(row.symbol, row.price) },
    { head: "profit", numeric: true, cell: (row) => <SignedMoney value={row.profit} /> },
    { head: "commission", numeric: true, cell: (row) => formatNumber(row.commission, 2) },
    { head: "kind", cell: (row) => row.kind },
    { head: "reason", cell: (row) => row.reason.replaceAll("_", " ") },
  ];
  const empty = <Notice title="No fill yet">Executed orders are listed here.</Notice>;
  const keyOf = (row: Fill) => row.id;
  return <Sheet label="Fills" columns={columns} rows={rows} keyOf={keyOf} empty={empty} />;
}

/** List what was found beside the trading, the newest first. */
export function Alerts() {
  const moment = useMoment();
  const rows = useDesk((state) => state.trading.alerts);
  const columns: Column<Alert>[] = [
    { head: "time (UTC)", cell: (row) => moment(row.time) },
    { head: "of", cell: (row) => row.kind },
    {
      head: "what",
      wraps: true,
      cell: (row) => (
        <span className={row.urgent ? "loss" : ""}>
          {row.urgent && <span aria-hidden="true">{"\u26a0"} </span>}
          {row.text}
        </span>
      ),
    },
  ];
  const empty = (
    <Notice title="No alert yet">
      Limits nearly or fully used, alarms of the account, changed regimes, broken correlations and
      drift of the model are told here, where watched.
    </Notice>
  );
  const keyOf = (row: Alert) => row.id;
  return <Sheet label="Alerts" columns={columns} rows={rows} keyOf={keyOf} empty={empty} />;
}
