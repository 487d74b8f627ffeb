import Button from "@mui/material/Button";

import { useDesk } from "./store";

/** Say at once that the picture is old, what that means, and what is tried when. */
export function ConnectionBanner({ onRetry }: { onRetry: () => void }) {
  const phase = useDesk((state) => state.connection.phase);
  const known = useDesk((state) => state.connection.snapshots > 0);
  if (phase.name !== "waiting" || !known) return null;
  return (
    <div className="lost-banner" role="alert" data-testid="lost-banner">
      <span>
        <strong>Connection lost: what you see is old.</strong> The platform may trade on; stops and
        targets stay in force. Attempt {phase.attempt} follows by itself.
      </span>
      <Button size="small" color="inherit" variant="outlined" onClick={onRetry}>
        Try now
      </Button>
    </div>
  );
}
