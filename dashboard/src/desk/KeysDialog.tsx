import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";

import { KEYS } from "./keyboard";
import { keysToggled } from "./slice";
import { useDesk, useDeskDispatch } from "./store";

/** List the keys. */
export function KeysDialog() {
  const dispatch = useDeskDispatch();
  const shown = useDesk((state) => state.desk.keysShown);
  const close = () => dispatch(keysToggled(false));
  return (
    <Dialog open={shown} onClose={close} aria-labelledby="keys-title">
      <DialogTitle id="keys-title">Keys</DialogTitle>
      <DialogContent>
        <dl className="pairs">
          {KEYS.map(([key, text]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
        <p className="label">The kill switch has no key: it asks first, always.</p>
      </DialogContent>
      <DialogActions>
        <Button onClick={close}>Close</Button>
      </DialogActions>
    </Dialog>
  );
}
