import Button from "@mui/material/Button";
import type { ReactNode } from "react";

import type { Problem } from "../api/types";

/** Say that there is nothing to show, why, and what to do next. */
export function Notice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="notice">
      <strong>{title}</strong>
      <span>{children}</span>
    </div>
  );
}

/** Say what went wrong and what to do, with a button to try again. */
export function ProblemNotice({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <div className="notice problem" role="alert">
      <strong>{problem.message}</strong>
      <span>{problem.remedy}</span>
      {onRetry && (
        <Button size="small" variant="outlined" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
