import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import { useState, type SyntheticEvent } from "react";

import { useDesk, useDeskDispatch } from "../desk/store";
import { formatNumber } from "../format/numbers";
import { ProblemNotice } from "../notice/Notice";
import { ReasonField } from "../notice/ReasonField";
import { SignedMoney } from "../trading/figures";
import { isOpen } from "../trading/orders";
import { haltAsked, switchTrading } from "./slice";

function EngageEffect() {
  const positions = useDesk((state) => state.trading.positions);
  const orders = useDesk((state) => state.trading.orders);
  const currency = useDesk((state) => state.account.account?.currency ?? "");
  const working = orders.filter(isOpen).length;
  const profit = positions.reduce((sum, position) => sum + position.profit, 0);
  const bare = positions.filter((position) => position.stop === null).length;
  return (
    <ul className="effect">
      <li>Denies every new order, exits by the strategy too, until a person resumes by name.</li>
      <li>
        Cancels {formatNumber(working, 0)} working {working === 1 ? "order" : "orders"}.
      </li>
      <li>
        Closes no position
        {positions.length > 0 && (
          <>
            : {formatNumber(positions.length, 0)} open (<SignedMoney value={profit} /> {currency}{" "}
            now), with stops and targets in force
          </>
        )}
        .
      </li>
      {bare > 0 && (
        <li>
          <strong>{bare} open without a stop: watch, or close at the broker.</strong>
        </li>
      )}
      <li>Survives a restart of the platform.</li>
    </ul>
  );
}

function ResumeEffect() {
  const halt = useDesk((state) => state.halt.halt);
  return (
    <ul className="effect">
      <li>The strategy may send orders again from its next decision on.</li>
      <li>Cancelled orders do not come back.</li>
      {halt?.reason && <li>It was halted because: {halt.reason}</li>}
    </ul>
  );
}

/** Show what the switch will do, ask for the reason, then do it. */
export function HaltDialog() {
  const dispatch = useDeskDispatch();
  const { halt, asked, status, problem } = useDesk((state) => state.halt);
  const [reason, setReason] = useState("");
  const engages = asked !== "resume";
  const close = () => dispatch(haltAsked(null));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const lifts = engages ? "" : (halt?.reason ?? "");
    void dispatch(switchTrading({ engaged: engages, reason: reason.trim(), lifts }));
  };
  return (
    <Dialog
      open={asked !== null}
      onClose={close}
      fullWidth
      maxWidth="sm"
      aria-labelledby="halt-title"
      slotProps={{ transition: { onExited: () => setReason("") } }}
    >
      <form onSubmit={submit}>
        <DialogTitle id="halt-title">
          {engages ? "Engage the kill switch?" : "Resume trading?"}
        </DialogTitle>
        <DialogContent>
          {engages ? <EngageEffect /> : <ResumeEffect />}
          <ReasonField name="kill-reason" value={reason} onReason={setReason} />
          {problem && <ProblemNotice problem={problem} />}
        </DialogContent>
        <DialogActions>
          <Button onClick={close}>Cancel</Button>
          <Button
            type="submit"
            variant="contained"
            color={engages ? "error" : "primary"}
            disabled={reason.trim() === "" || status === "sending"}
            data-testid="kill-confirm"
          >
            {engages ? "Engage kill switch" : "Resume trading"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
