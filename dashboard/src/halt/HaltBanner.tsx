import Button from "@mui/material/Button";

import { useDesk, useDeskDispatch } from "../desk/store";
import { formatMoment } from "../format/times";
import { haltAsked } from "./slice";

/** Say that trading is halted, by whom, since when and why, with the way back. */
export function HaltBanner() {
  const dispatch = useDeskDispatch();
  const halt = useDesk((state) => state.halt.halt);
  if (!halt?.engaged) return null;
  return (
    <div className="halt-banner" role="alert" data-testid="halt-banner">
      <span>
        <strong>Kill switch engaged: no new orders.</strong> By {halt.by || "unknown"}
        {halt.since !== null && ` since ${formatMoment(halt.since)} UTC`}
        {halt.reason && `: ${halt.reason}`}
      </span>
      <Button
        variant="outlined"
        color="inherit"
        size="small"
        data-testid="resume"
        onClick={() => dispatch(haltAsked("resume"))}
      >
        Resume
      </Button>
    </div>
  );
}
