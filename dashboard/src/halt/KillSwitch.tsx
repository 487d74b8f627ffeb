import { useDesk, useDeskDispatch } from "../desk/store";
import { haltAsked } from "./slice";

/** Keep the kill switch in sight; it asks before it acts and has no key of its own. */
export function KillSwitch() {
  const dispatch = useDeskDispatch();
  const halt = useDesk((state) => state.halt.halt);
  const engaged = halt?.engaged ?? false;
  return (
    <button
      type="button"
      className={`kill ${engaged ? "engaged" : ""}`}
      data-testid="kill-switch"
      data-engaged={engaged}
      aria-haspopup="dialog"
      onClick={() => dispatch(haltAsked(engaged ? "resume" : "engage"))}
    >
      {engaged ? "HALTED" : "KILL"}
    </button>
  );
}
