import type { Limit } from "../api/types";
import { useDesk } from "../desk/store";
import { formatNumber } from "../format/numbers";
import { Notice } from "../notice/Notice";
import { Sheet, type Column } from "../trading/Sheet";
import { UseBar } from "./UseBar";

function write(value: number | null, unit: string): string {
  if (value === null) return "none";
  const digits = Number.isInteger(value) ? 0 : 2;
  return `${formatNumber(value, digits)} ${unit}`.trim();
}

const COLUMNS: Column<Limit>[] = [
  { head: "limit", cell: (row) => row.name.replaceAll("_", " ") },
  { head: "used", cell: (row) => <UseBar limit={row} label={`${row.name} used`} /> },
  { head: "now", numeric: true, cell: (row) => write(row.value, row.unit) },
  { head: "at most", numeric: true, cell: (row) => write(row.limit, row.unit) },
  { head: "denies with", cell: (row) => <code>{row.reason_code}</code> },
];

/** List every risk limit: where it stands, where it denies, and with which reason. */
export function LimitsPanel() {
  const limits = useDesk((state) => state.account.limits);
  const empty = (
    <Notice title="No limit is set">
      Set them in the configuration; `assay config show` lists what is in force.
    </Notice>
  );
  const keyOf = (row: Limit) => `${row.name} ${row.reason_code}`;
  return <Sheet label="Limits" columns={COLUMNS} rows={limits} keyOf={keyOf} empty={empty} />;
}
