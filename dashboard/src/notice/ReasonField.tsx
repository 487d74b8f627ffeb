import TextField from "@mui/material/TextField";

interface ReasonFieldProps {
  /** How a test finds it. */
  name: string;
  value: string;
  /** Whether there is something to fill in before it. */
  follows?: boolean;
  onReason: (text: string) => void;
}

/** Ask why something is to be done; nothing is done without. */
export function ReasonField({ name, value, follows = false, onReason }: ReasonFieldProps) {
  return (
    <TextField
      autoFocus={!follows}
      fullWidth
      required
      size="small"
      margin="normal"
      label="Reason"
      helperText="Kept in the record, with the time."
      value={value}
      onChange={(event) => onReason(event.target.value)}
      slotProps={{ htmlInput: { "data-testid": name, maxLength: 200 } }}
    />
  );
}
