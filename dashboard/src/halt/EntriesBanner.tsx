import { useDesk } from "../desk/store";

/** Say who holds new entries back, and why; what is open goes on to its exit. */
export function EntriesBanner() {
  const held = useDesk((state) => state.account.account?.entries_halted ?? NOBODY);
  if (held.length === 0) return null;
  return (
    <div className="entries-banner" role="status" data-testid="entries-banner">
      <strong>No new entries; exits pass.</strong> {held.join("; ")}
    </div>
  );
}

const NOBODY: string[] = [];
