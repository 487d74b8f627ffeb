"""Errors nobody expected: fingerprinted, counted, with the way to recover."""

from assay.runtime.faults.fingerprint import Fault, describe_fault, fingerprint_of
from assay.runtime.faults.record import load_faults, record_fault

__all__ = ["Fault", "describe_fault", "fingerprint_of", "load_faults", "record_fault"]
