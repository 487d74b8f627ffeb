import { useEffect, useState } from "react";

import { loadSession } from "../account/slice";
import { brokerOffsetHours, formatAge, formatClock, formatDay } from "../format/times";
import { KillSwitch } from "../halt/KillSwitch";
import { useFreshness, useNow } from "../market/freshness";
import { useDesk, useDeskDispatch } from "./store";

const STATES = {
  live: ["\u25cf", "feed live"],
  stale: ["\u25d0", "feed STALE"],
  ended: ["\u25a0", "feed ended"],
  lost: ["\u25cb", "feed LOST"],
  unknown: ["\u25cb", "feed"],
} as const;

function FeedState() {
  const { ageMs, state } = useFreshness();
  const feed = useDesk((store) => store.market.feed);
  const [shape, text] = STATES[state];
  const rate = feed?.events_per_second ?? 0;
  return (
    <span
      className={`feed feed-${state}`}
      title={feed ? `${feed.source}, ${rate.toFixed(1)} events a second` : undefined}
    >
      <span aria-hidden="true">{shape}</span> <span className="wide">{text}</span>{" "}
      <span className="num" data-testid="data-age" data-state={state}>
        {state === "unknown" ? "" : formatAge(ageMs)}
      </span>
    </span>
  );
}

function ConnectionState() {
  const phase = useDesk((state) => state.connection.phase);
  const now = useNow();
  if (phase.name === "live") return <span className="label wide">connected</span>;
  if (phase.name === "connecting") return <span className="warn">connecting&hellip;</span>;
  if (phase.name === "denied") return <span className="warn">no access</span>;
  const seconds = Math.max(0, (phase.retryAt - now) / 1000).toFixed(0);
  return <span className="warn num">lost, again in {seconds} s</span>;
}

/** Show UTC, and the broker's clock at the market's newest quote (a replay lives in its own day). */
function Clocks() {
  const [wall, setWall] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setWall(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const newest = useDesk((state) =>
    Object.values(state.market.quotes).reduce(
      (latest, quote) => (quote.time > latest ? quote.time : latest),
      "",
    ),
  );
  const market = newest === "" ? null : Date.parse(newest);
  const elsewhere = market !== null && Math.abs(market - wall) > 86_400_000;
  const ahead = market === null ? 0 : brokerOffsetHours(market);
  return (
    <>
      <span className="clock num">
        <span className="label">UTC</span> {formatClock(wall)}
      </span>
      {market !== null && (
        <span className="clock num" title="Broker's clock (New York close) at the newest quote">
          <span className="label">broker</span> {elsewhere && `${formatDay(market, ahead)} `}
          {formatClock(market, ahead)}
        </span>
      )}
    </>
  );
}

/** Show who trades where, how fresh the market is, the clocks, and the kill switch. */
export function StatusBar() {
  const dispatch = useDeskDispatch();
  const account = useDesk((state) => state.account.account);
  const session = useDesk((state) => state.account.session);
  const snapshots = useDesk((state) => state.connection.snapshots);
  useEffect(() => {
    if (snapshots > 0) void dispatch(loadSession());
  }, [dispatch, snapshots]);
  return (
    <header className="status">
      <h1>Assay</h1>
      {account && (
        <span className="who">
          {account.tenant} / {account.account}
        </span>
      )}
      {session && (
        <span className="who label" title={`version ${session.version}`}>
          {session.source}, {session.strategy}
          {session.model !== null && ` (${session.model})`}
        </span>
      )}
      <span className="spring" />
      <ConnectionState />
      <FeedState />
      <Clocks />
      <KillSwitch />
    </header>
  );
}
