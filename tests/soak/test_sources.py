"""Every program of a desk with two connectors: the first is killed, the second's quotes serve."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from assay.apps.paper.view.picture import PICTURE, read_picture
from assay.model.messages import Message, SourceSwitched, Tick
from assay.runtime.clock import require_within, wait_for
from tests.integration.killing import call, start
from tests.integration.test_live import UP, Desk, compare, read_journal, write_follower

FAILOVER_S = 5.0
BACKUP = "backup"


class TwoConnectors(Desk):
    """Hold a second connector beside the same terminal, which trades nothing."""

    def second(self) -> None:
        token = self.folder / "backup.token"
        call("bridge", "token", BACKUP, "--account", "main", "--out", str(token), home=self.home)
        self.run(BACKUP, "connector", "--bridge", f"ws://127.0.0.1:{self.port}", "--edge", BACKUP,
                 "--token-file", token, "--terminal", f"sim:{self.address}", "--symbols", "EURUSD",
                 "--server-clock", "0:fixed", "--folder", self.folder / BACKUP)  # fmt: skip

    def handled(self) -> int:
        picture = read_picture(self.home / "run" / PICTURE)
        return picture.events if picture else 0


def test_a_killed_connector_leaves_the_desk_with_quotes(tmp_path: Path) -> None:
    with ExitStack() as stack:
        desk = TwoConnectors(tmp_path, stack)
        stack.callback(desk.end)
        desk.second()
        quotes = desk.home / "bridge" / "edges" / "local" / BACKUP / "market"
        assert wait_for(
            lambda: any(path.stat().st_size > 300 for path in quotes.glob("*.log")), seconds=30
        )
        assert wait_for(desk.has_told, seconds=30)
        write_follower(desk.home)
        up = start(*UP, "--edge", "desk", "--fallback", BACKUP, home=desk.home)
        assert wait_for(lambda: len(desk.deals()) >= 2, seconds=120)
        before = desk.handled()
        desk.kill("connector")
        require_within(lambda: desk.handled() > before + 5, "quotes", seconds=FAILOVER_S)
        desk.connector()
        made = len(desk.deals())
        assert wait_for(lambda: len(desk.deals()) >= made + 2, seconds=60), "it trades again"
        up.terminate()
        up.communicate(timeout=60)
        compare(desk)
        judge(read_journal(desk.home))


def judge(messages: list[Message]) -> None:
    """Require one switch at the kill, maybe one back, and quotes in strict order.

    A second source that stood still while the first left its price counts as silent, as the
    documents say (the simulated day runs many times as fast as connectors poll): where the first
    is killed then, nobody serves and entries are held back until the second's next quote.
    """
    told = [each for each in messages if isinstance(each, SourceSwitched)]
    assert (told[0].before, told[0].reason) == ("desk", "unlinked")
    served = [each.source for each in told]
    assert served[served.count("") :] in ([BACKUP], [BACKUP, "desk"])
    assert served.count("") <= 1
    times = [each.ts_event for each in messages if isinstance(each, Tick)]
    assert times == sorted(set(times))
