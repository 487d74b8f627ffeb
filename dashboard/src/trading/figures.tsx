import type { Position } from "../api/types";
import { useDesk } from "../desk/store";
import { arrowOf, formatSigned } from "../format/numbers";

/** Name a side by word, shape and colour. */
export function Side({ side }: { side: Position["side"] }) {
  const tone = side === "long" ? "gain" : side === "short" ? "loss" : "";
  const sign = side === "long" ? 1 : side === "short" ? -1 : 0;
  return (
    <span className={tone}>
      <span aria-hidden="true">{arrowOf(sign)}</span> {side}
    </span>
  );
}

/** Write money of the account with sign and colour. */
export function SignedMoney({ value }: { value: number }) {
  const digits = useDesk((state) => state.account.account?.currency_digits ?? 2);
  const tone = value > 0 ? "gain" : value < 0 ? "loss" : "";
  return <span className={tone}>{formatSigned(value, digits)}</span>;
}
