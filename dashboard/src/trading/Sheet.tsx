import type { ReactNode } from "react";

export interface Column<T> {
  head: string;
  numeric?: boolean;
  /** Whether its text may take several lines. */
  wraps?: boolean;
  cell: (row: T) => ReactNode;
}

interface SheetProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
  empty: ReactNode;
}

/** Show rows as a table that scrolls by itself, or say why there are none. */
export function Sheet<T>({ label, columns, rows, keyOf, empty }: SheetProps<T>) {
  if (rows.length === 0) return empty;
  return (
    <div className="scroll" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(({ head, numeric }) => (
              <th key={head} scope="col" className={numeric ? "num" : ""}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ head, numeric, wraps, cell }) => (
                <td key={head} className={numeric ? "num" : wraps ? "wraps" : ""}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
