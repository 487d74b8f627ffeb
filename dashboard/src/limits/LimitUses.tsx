import { useDesk } from "../desk/store";
import { UseBar } from "./UseBar";

/** Show in short how much of each limit is used, the fullest first. */
export function LimitUses() {
  const limits = useDesk((state) => state.account.limits);
  const set = limits
    .filter((limit) => limit.share !== null)
    .sort((a, b) => (b.share ?? 0) - (a.share ?? 0));
  if (set.length === 0) return null;
  return (
    <section className="panel uses" aria-label="Limits used">
      <header className="panel-head">
        <h2>Limits used</h2>
      </header>
      <ul className="rows">
        {set.map((limit) => (
          <li key={limit.name}>
            <span>{limit.name.replaceAll("_", " ")}</span>
            <UseBar limit={limit} label={`${limit.name} used`} />
          </li>
        ))}
      </ul>
    </section>
  );
}
