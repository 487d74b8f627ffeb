import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import useMediaQuery from "@mui/material/useMediaQuery";
import type { ReactNode } from "react";

import { EquityStrip } from "../account/EquityStrip";
import { ChartPanel } from "../chart/ChartPanel";
import { DecisionDrawer } from "../decisions/DecisionDrawer";
import { DecisionFeed } from "../decisions/DecisionFeed";
import { EntriesBanner } from "../halt/EntriesBanner";
import { HaltBanner } from "../halt/HaltBanner";
import { HaltDialog } from "../halt/HaltDialog";
import { HandDialog } from "../hand/HandDialog";
import { LimitUses } from "../limits/LimitUses";
import { WatchList } from "../market/WatchList";
import { Notice, ProblemNotice } from "../notice/Notice";
import { PHONE_QUERY } from "../theme/palette";
import { Books } from "./Books";
import { ConnectionBanner } from "./ConnectionBanner";
import { useKeyboard } from "./keyboard";
import { KeysDialog } from "./KeysDialog";
import { viewOpened, VIEWS, type View } from "./slice";
import { StatusBar } from "./StatusBar";
import { useDesk, useDeskDispatch } from "./store";

const PHONE_VIEWS: Record<View, () => ReactNode> = {
  desk: () => <ChartPanel />,
  watch: () => <WatchList />,
  decisions: () => <DecisionFeed />,
  positions: () => <Books />,
  more: () => <Books />,
};

function PhoneDesk() {
  const dispatch = useDeskDispatch();
  const view = useDesk((state) => state.desk.view);
  return (
    <main className="phone">
      <EquityStrip />
      <Tabs
        value={view}
        variant="fullWidth"
        aria-label="Views"
        onChange={(_, value: View) => dispatch(viewOpened(value))}
      >
        {VIEWS.map((each) => (
          <Tab key={each} value={each} label={each} id={`view-${each}`} aria-controls="view" />
        ))}
      </Tabs>
      <div id="view" className="view" role="tabpanel" aria-labelledby={`view-${view}`}>
        {PHONE_VIEWS[view]()}
      </div>
    </main>
  );
}

function WideDesk() {
  return (
    <main className="desk">
      <div className="side">
        <WatchList />
        <LimitUses />
      </div>
      <ChartPanel />
      <DecisionFeed />
      <EquityStrip />
      <Books />
    </main>
  );
}

/** Say why there is no picture yet, or that this page may not see it. */
function Opening({ onRetry }: { onRetry: () => void }) {
  const phase = useDesk((state) => state.connection.phase);
  if (phase.name === "denied") {
    return (
      <main className="opening">
        <ProblemNotice problem={phase.problem} onRetry={onRetry} />
        <p className="label">
          Open the one-time address that `assay up` prints; this browser is then known until the
          platform stops. Trading does not depend on this page.
        </p>
      </main>
    );
  }
  return (
    <main className="opening">
      {phase.name === "waiting" ? (
        <Notice title="The platform does not answer yet">
          Attempt {phase.attempt} follows by itself. See in its terminal whether `assay up` runs.
        </Notice>
      ) : (
        <Notice title="Connecting&hellip;">The first picture comes in a moment.</Notice>
      )}
    </main>
  );
}

/** Put the page together: status, banners, and the desk as wide as the screen allows. */
export function Desk({ onRetry }: { onRetry: () => void }) {
  useKeyboard();
  const isPhone = useMediaQuery(PHONE_QUERY, { noSsr: true });
  const ready = useDesk((state) => state.connection.snapshots > 0);
  const denied = useDesk((state) => state.connection.phase.name === "denied");
  return (
    <div className="page">
      <StatusBar />
      <HaltBanner />
      <EntriesBanner />
      <ConnectionBanner onRetry={onRetry} />
      {!ready || denied ? (
        <Opening onRetry={onRetry} />
      ) : isPhone ? (
        <PhoneDesk />
      ) : (
        <WideDesk />
      )}
      <HaltDialog />
      <HandDialog />
      <DecisionDrawer />
      <KeysDialog />
    </div>
  );
}
