"""The words of the trade: values, ids, time, instruments, calendar, errors, messages. No I/O."""
