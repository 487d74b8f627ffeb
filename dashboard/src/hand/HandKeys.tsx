import type { Order } from "../api/types";
import { useDesk, useDeskDispatch } from "../desk/store";
import { isOpen } from "../trading/orders";
import { handAsked } from "./slice";
import type { Asked } from "./wishes";

/** Open a question: nothing is done before it is answered. */
function HandKey({ asked, label, name }: { asked: Asked; label: string; name?: string }) {
  const dispatch = useDeskDispatch();
  return (
    <button
      type="button"
      aria-haspopup="dialog"
      aria-label={name}
      onClick={() => dispatch(handAsked(asked))}
    >
      {label}&hellip;
    </button>
  );
}

/** Offer an order in the instrument of the chart, and to close everything. */
export function HandKeys() {
  const symbol = useDesk((state) => state.chart.symbol);
  return (
    <div className="keys hand-keys" role="group" aria-label="By hand">
      {symbol !== null && <HandKey asked={{ what: "order", symbol }} label={`Order ${symbol}`} />}
      <HandKey asked={{ what: "flatten" }} label="Flatten" />
    </div>
  );
}

/** Offer to close what is held of an instrument. */
export function CloseKey({ symbol }: { symbol: string }) {
  return (
    <div className="keys">
      <HandKey asked={{ what: "close", symbol }} label="Close" name={`Close ${symbol}`} />
    </div>
  );
}

/** Offer to cancel an order that waits. */
export function CancelKey({ order }: { order: Order }) {
  if (!isOpen(order) || order.state === "cancelling") return null;
  const { symbol, key } = order;
  return (
    <div className="keys">
      <HandKey asked={{ what: "cancel", symbol, key }} label="Cancel" name={`Cancel ${key}`} />
    </div>
  );
}
