import TextField from "@mui/material/TextField";
import type { ReactNode } from "react";

import { useDesk } from "../desk/store";
import { formatNumber } from "../format/numbers";
import { pipsAway, positiveOf, TYPES, type Draft } from "./wishes";

interface FieldProps {
  label: string;
  value: string;
  help?: string;
  onText: (text: string) => void;
}

function NumberField({ label, value, help, onText }: FieldProps) {
  return (
    <TextField
      size="small"
      label={label}
      value={value}
      helperText={help ?? " "}
      onChange={(event) => onText(event.target.value)}
      slotProps={{ htmlInput: { inputMode: "decimal", autoComplete: "off" } }}
    />
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  values: readonly T[];
  chosen: T;
  onChoice: (value: T) => void;
}

function Choice<T extends string>({ label, values, chosen, onChoice }: ChoiceProps<T>) {
  return (
    <div className="keys" role="group" aria-label={label}>
      {values.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === chosen}
          onClick={() => onChoice(each)}
        >
          {each}
        </button>
      ))}
    </div>
  );
}

interface OrderFieldsProps {
  symbol: string;
  draft: Draft;
  onDraft: (draft: Draft) => void;
}

/** Ask for side, type, volume and prices, beside the quote as it goes. */
export function OrderFields({ symbol, draft, onDraft }: OrderFieldsProps): ReactNode {
  const quote = useDesk((state) => state.market.quotes[symbol]);
  const set = (changes: Partial<Draft>) => onDraft({ ...draft, ...changes });
  const digits = quote?.digits ?? 5;
  const market = quote === undefined ? null : draft.side === "buy" ? quote.ask : quote.bid;
  const entry = draft.type === "market" ? market : positiveOf(draft.price);
  const away = (text: string) => {
    const pips = pipsAway(text, entry, quote?.pip ?? 0);
    return pips === null ? undefined : `${formatNumber(pips, 1)} pips away`;
  };
  return (
    <div className="order-fields">
      <Choice
        label="Side"
        values={["buy", "sell"] as const}
        chosen={draft.side}
        onChoice={(side) => set({ side })}
      />
      <Choice
        label="Type"
        values={TYPES}
        chosen={draft.type}
        onChoice={(type) => set({ type })}
      />
      {quote && (
        <p className="num whole" data-testid="order-quote">
          <span className="label">bid</span> {formatNumber(quote.bid, digits)}{" "}
          <span className="label">ask</span> {formatNumber(quote.ask, digits)}
        </p>
      )}
      <NumberField label="Lots" value={draft.lots} onText={(lots) => set({ lots })} />
      {draft.type !== "market" && (
        <NumberField label="Price" value={draft.price} onText={(price) => set({ price })} />
      )}
      <NumberField
        label="Stop"
        value={draft.stop}
        help={away(draft.stop) ?? (draft.stop === "" ? "none: unprotected" : undefined)}
        onText={(stop) => set({ stop })}
      />
      <NumberField
        label="Target"
        value={draft.target}
        help={away(draft.target)}
        onText={(target) => set({ target })}
      />
    </div>
  );
}
