import Drawer from "@mui/material/Drawer";
import IconButton from "@mui/material/IconButton";
import { useEffect, useState } from "react";

import { getDecision, problemOf } from "../api/rest";
import type { DecisionDetail, Problem } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { Notice, ProblemNotice } from "../notice/Notice";
import { DecisionFacts } from "./DecisionFacts";
import { decisionOpened } from "./slice";

type Loaded = { detail: DecisionDetail } | { problem: Problem } | null;

/** Fetch a decision with all that belongs to it; the function fetches it again. */
function useDetail(id: string | null): [Loaded, () => void] {
  const [attempt, setAttempt] = useState(0);
  const [answer, setAnswer] = useState<{ to: string; loaded: Loaded } | null>(null);
  const asked = `${id} ${attempt}`;
  useEffect(() => {
    if (id === null) return undefined;
    let current = true;
    const take = (loaded: Loaded) => {
      if (current) setAnswer({ to: asked, loaded });
    };
    getDecision(id).then(
      (detail) => take({ detail }),
      (error: unknown) => take({ problem: problemOf(error) }),
    );
    return () => {
      current = false;
    };
  }, [id, asked]);
  return [answer?.to === asked ? answer.loaded : null, () => setAttempt(attempt + 1)];
}

function DrawerBody({ loaded, onRetry }: { loaded: Loaded; onRetry: () => void }) {
  if (loaded === null) return <Notice title="Reading the decision&hellip;">One moment.</Notice>;
  if ("problem" in loaded) return <ProblemNotice problem={loaded.problem} onRetry={onRetry} />;
  return <DecisionFacts detail={loaded.detail} />;
}

/** Show at the side all that belongs to the opened decision. */
export function DecisionDrawer() {
  const dispatch = useDeskDispatch();
  const id = useDesk((state) => state.decisions.openId);
  const [loaded, load] = useDetail(id);
  const close = () => dispatch(decisionOpened(null));
  return (
    <Drawer
      anchor="right"
      open={id !== null}
      onClose={close}
      slotProps={{
        paper: {
          className: "drawer",
          role: "dialog",
          "aria-modal": true,
          "aria-labelledby": "decision-title",
        },
      }}
    >
      <header className="panel-head">
        <h2 id="decision-title">Decision</h2>
        <IconButton aria-label="Close" onClick={close} size="small" color="inherit">
          &#10005;
        </IconButton>
      </header>
      <div
        className="drawer-body"
        data-testid="decision-detail"
        role="region"
        aria-label="Decision in detail"
        tabIndex={0}
      >
        <DrawerBody loaded={loaded} onRetry={load} />
      </div>
    </Drawer>
  );
}
