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
import { isOpen, stateOf } from "../trading/orders";
import { OrderFields } from "./OrderFields";
import { handAsked, sendWish } from "./slice";
import { EMPTY_DRAFT, isWhole, wishOf, type Asked } from "./wishes";

const TITLES: Record<Asked["what"], string> = {
  order: "Order by hand",
  close: "Close the position?",
  cancel: "Cancel the order?",
  flatten: "Close everything?",
};

const VERBS: Record<Asked["what"], string> = {
  order: "Send order",
  close: "Close position",
  cancel: "Cancel order",
  flatten: "Close everything",
};

function CloseEffect({ symbol }: { symbol: string }) {
  const held = useDesk((state) => state.trading.positions.find((each) => each.symbol === symbol));
  const currency = useDesk((state) => state.account.account?.currency ?? "");
  return (
    <ul className="effect">
      {held === undefined ? (
        <li>Nothing of {symbol} is held any more.</li>
      ) : (
        <li>
          Closes {formatNumber(held.lots, 2)} lots {held.side} {symbol} at the market (
          <SignedMoney value={held.profit} /> {currency} now).
        </li>
      )}
      <li>Orders that wait stay; the strategy may enter again.</li>
    </ul>
  );
}

function CancelEffect({ order }: { order: string }) {
  const found = useDesk((state) => state.trading.orders.find((each) => each.key === order));
  return (
    <ul className="effect">
      {found && (
        <li>
          {found.symbol} {found.side}, {formatNumber(found.lots, 2)} lots,{" "}
          {found.type.replaceAll("_", " ")}: {stateOf(found)}.
        </li>
      )}
      <li>A broker may fill it before it hears of this.</li>
    </ul>
  );
}

function FlattenEffect() {
  const positions = useDesk((state) => state.trading.positions);
  const working = useDesk((state) => state.trading.orders.filter(isOpen).length);
  const currency = useDesk((state) => state.account.account?.currency ?? "");
  const profit = positions.reduce((sum, position) => sum + position.profit, 0);
  return (
    <ul className="effect">
      <li>
        Closes {formatNumber(positions.length, 0)} open{" "}
        {positions.length === 1 ? "position" : "positions"} at the market (
        <SignedMoney value={profit} /> {currency} now), each seen through until it is flat.
      </li>
      <li>
        Cancels {formatNumber(working, 0)} working {working === 1 ? "order" : "orders"}.
      </li>
      <li>Holds entries back until `assay entries release`.</li>
    </ul>
  );
}

function Effect({ asked }: { asked: Asked }) {
  if (asked.what === "close") return <CloseEffect symbol={asked.symbol} />;
  if (asked.what === "cancel") return <CancelEffect order={asked.key} />;
  return asked.what === "flatten" ? <FlattenEffect /> : null;
}

function Question({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  const dispatch = useDeskDispatch();
  const { status, problem } = useDesk((state) => state.hand);
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const [reason, setReason] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void dispatch(sendWish(wishOf(asked, draft, reason.trim())));
  };
  const ready = isWhole(asked, draft) && reason.trim() !== "" && status !== "sending";
  return (
    <form onSubmit={submit}>
      <DialogContent>
        {asked.what === "order" ? (
          <OrderFields symbol={asked.symbol} draft={draft} onDraft={setDraft} />
        ) : (
          <Effect asked={asked} />
        )}
        <ReasonField
          name="hand-reason"
          value={reason}
          follows={asked.what === "order"}
          onReason={setReason}
        />
        {problem && <ProblemNotice problem={problem} />}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>Back</Button>
        <Button
          type="submit"
          variant="contained"
          color={asked.what === "flatten" ? "error" : "primary"}
          disabled={!ready}
          data-testid="hand-confirm"
        >
          {VERBS[asked.what]}
        </Button>
      </DialogActions>
    </form>
  );
}

function Answered({ told, onClose }: { told: string; onClose: () => void }) {
  return (
    <>
      <DialogContent>
        <p role="status" data-testid="hand-told">
          {told}.
        </p>
      </DialogContent>
      <DialogActions>
        <Button autoFocus variant="contained" onClick={onClose}>
          Done
        </Button>
      </DialogActions>
    </>
  );
}

/** Ask what a person wants ordered and why, and say what came of it. */
export function HandDialog() {
  const dispatch = useDeskDispatch();
  const { asked, told } = useDesk((state) => state.hand);
  const close = () => dispatch(handAsked(null));
  if (asked === null) return null;
  return (
    <Dialog open onClose={close} fullWidth maxWidth="sm" aria-labelledby="hand-title">
      <DialogTitle id="hand-title">
        {TITLES[asked.what]}
        {asked.what === "order" && `: ${asked.symbol}`}
      </DialogTitle>
      {told === null ? (
        <Question asked={asked} onClose={close} />
      ) : (
        <Answered told={told} onClose={close} />
      )}
    </Dialog>
  );
}
