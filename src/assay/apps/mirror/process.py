"""The process that speaks with MLflow: `python -m assay.apps.mirror.process HOME`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from assay.apps.config import Config
from assay.apps.mirror.outbox import FOLDER, Entry, Outbox, Registration
from assay.model.errors import RetryError
from assay.runtime.home import Home, open_home
from assay.runtime.settings import load_settings

LOCK, LOCK_S = "mlflow", 30.0
KEY, KIND, MODEL, PARENT = "assay.key", "assay.kind", "assay.model", "mlflow.parentRunId"
CHAMPION = "champion"
MILLISECOND = 1_000_000
TAG_LENGTH = 4_000
DATABASE, ARTIFACTS = "mlflow.db", "artifacts"


class Mirror:
    """Write entries as runs and versions of one experiment, each once however often it is sent."""

    def __init__(self, client: Any, experiment: str, artifacts: str | None) -> None:
        self._client = client
        found = client.get_experiment_by_name(experiment)
        self._experiment: str = (
            found.experiment_id if found else client.create_experiment(experiment, artifacts)
        )

    def write(self, entry: Entry) -> None:
        """Write an entry: a run of its own, or more of the run that has its key."""
        from mlflow.entities import Metric, Param, RunTag

        client = self._client
        run = self._find(entry.key) or client.create_run(
            self._experiment, start_time=entry.at // MILLISECOND, run_name=entry.name,
            tags=self._marks(entry),
        )  # fmt: skip
        moment = entry.until // MILLISECOND
        params = {name: told for name, told in entry.params.items() if name not in run.data.params}
        tags = {f"assay.{name}": told[:TAG_LENGTH] for name, told in entry.tags.items()}
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, moment, 0) for name, value in entry.metrics.items()],
            params=[Param(name, value) for name, value in params.items()],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        if entry.registration:
            self._register(entry.registration, run)
        client.set_terminated(run.info.run_id, "FAILED" if entry.failed else "FINISHED", moment)

    def _marks(self, entry: Entry) -> dict[str, str]:
        parent = self._find(entry.parent) if entry.parent else None
        return {
            KEY: entry.key, KIND: entry.kind,
            **({PARENT: parent.info.run_id} if parent else {}),
        }  # fmt: skip

    def _find(self, key: str) -> Any:
        named = f"tags.`{KEY}` = '{key}'"
        found = self._client.search_runs([self._experiment], named, max_results=1)
        return found[0] if found else None

    def _register(self, told: Registration, run: Any) -> None:
        from mlflow.exceptions import MlflowException

        client = self._client
        try:
            client.create_registered_model(told.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        versions = client.search_model_versions(f"name = '{told.name}'")
        mine = [each for each in versions if each.tags.get(MODEL) == told.model]
        version = mine[0] if mine else client.create_model_version(
            told.name, source=run.info.artifact_uri, run_id=run.info.run_id,
            tags={MODEL: told.model},
        )  # fmt: skip
        if told.is_champion:
            client.set_registered_model_alias(told.name, CHAMPION, version.version)


def open_mirror(home: Home, config: Config) -> Mirror:
    """Open MLflow's store: the one that the settings name, else the one in the home."""
    from mlflow.tracking import MlflowClient

    told = config.mlflow
    folder = home.folder(FOLDER)
    embedded = f"sqlite:///{folder / DATABASE}"
    uri = told.tracking_uri or embedded
    artifacts = None if told.tracking_uri else (folder / ARTIFACTS).as_uri()
    return Mirror(MlflowClient(tracking_uri=uri, registry_uri=uri), told.experiment, artifacts)


def deliver(home: Home) -> None:
    """Write what waits in the outbox, oldest first, and remove what was written."""
    config = load_settings(Config, home).value
    with home.wait_lock(LOCK, seconds=LOCK_S):
        outbox = Outbox(home)
        if not outbox.paths():
            return
        mirror = open_mirror(home, config)
        for path, entry in outbox.waiting():
            if entry is not None:
                mirror.write(entry)
            path.unlink()


def main(arguments: list[str]) -> int:
    """Deliver the outbox of the home; say in one line what went wrong."""
    home = open_home(Path(arguments[0]))
    try:
        deliver(home)
    except RetryError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Exception as error:  # MLflow, its drivers and the network raise what they like
        words = " ".join(f"{type(error).__name__}: {error}".split())
        sys.stderr.write(f"{words}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
