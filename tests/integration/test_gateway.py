"""The gateway as a browser, another site, and a careless program meet it."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import ConnectionClosed, InvalidStatus

from assay.apps.cli.console import run
from assay.apps.cli.main import build
from assay.apps.conditions.state import write_state
from assay.apps.gateway.board.scale import moment
from assay.apps.gateway.stream import CLOSE_MALFORMED, CLOSE_SIGNED_OUT, CLOSE_SLOW
from assay.apps.gateway.views import Snapshot
from assay.apps.paper.view.sheet import SHEET, Sheet, write_whole
from assay.model.messages import (
    CorrelationBroke,
    CorrelationsMeasured,
    PatternsJudged,
    RegimeChanged,
)
from assay.model.time import HOUR
from assay.runtime.clock import wait_for
from assay.runtime.home import open_home
from assay.runtime.ring import NullRing
from assay.runtime.stores.postgres import remove_postgres
from assay.signals.regimes import RegimeNow
from assay.trading.risk.catalogue import RULES
from tests.databases import Databases
from tests.integration.serving import LONG_S, Served, Trading, receive, serving, trading

pytestmark = pytest.mark.running

QUERIES = (
    "/api/session", "/api/snapshot", "/api/bars?symbol=EURUSD&timeframe=H1", "/api/decisions",
    "/api/decisions/1", "/api/equity", "/api/fills", "/api/regimes", "/api/correlations",
    "/api/drift", "/api/alerts", "/api/performance", "/api/twin",
)  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    (folder / "page" / "assets").mkdir(parents=True)
    (folder / "page" / "index.html").write_text("<!doctype html><title>Desk</title>")
    (folder / "page" / "assets" / "desk-1a2b.js").write_text("export {};")
    (folder / "secret.txt").write_text("secret")
    (folder / "page" / "link.txt").symlink_to(folder / "secret.txt")
    return folder / "page"


@pytest.fixture(scope="module")
def trader(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Trading]:
    home = open_home(tmp_path_factory.mktemp("gateway") / "home")
    databases.lay(home.path)
    with trading(home) as held:
        held.go_on(1_500)
        yield held
    remove_postgres(home.path)


@pytest.fixture(scope="module")
def served(trader: Trading, page: Path) -> Iterator[Served]:
    with serving(trader.home, page) as found:
        found.await_place(trader.journal.last_position())
        yield found


@pytest.fixture(scope="module")
def person(served: Served) -> Iterator[httpx.Client]:
    with served.person() as client:
        yield client


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal, which always says what to do."""
    told = answer.json()
    assert set(told) == {"code", "message", "remedy"}
    assert all(told.values())
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.status_code, told["code"]


@pytest.mark.parametrize("path", [*QUERIES, "/", "/assets/desk-1a2b.js", "/none"])
def test_without_a_session_nothing_is_told(served: Served, path: str) -> None:
    with served.stranger() as stranger:
        assert refusal(stranger.get(path)) == (401, "not_signed_in")
        stranger.cookies.set(f"assay_session_{served.port}", "0" * 64)
        assert refusal(stranger.get(path)) == (401, "not_signed_in")
        assert refusal(stranger.post("/api/kill-switch", json={})) == (401, "not_signed_in")


def test_a_stranger_is_told_how_to_sign_in_and_how_the_platform_is(served: Served) -> None:
    with served.stranger() as stranger:
        shown = stranger.get("/", headers={"accept": "text/html"})
        assert (shown.status_code, "assay open" in shown.text) == (401, True)
        health = stranger.get("/health").json()
    assert {"status", "processes", "events", "halted"} <= set(health)


def test_a_page_tells_who_serves_once_a_model_was_promoted(
    served: Served, person: httpx.Client
) -> None:
    path = served.home.path / "run" / SHEET
    sheet = msgspec.json.decode(path.read_bytes(), type=Sheet)
    before = person.get("/api/snapshot").json()
    for model in ("xgboost-promoted", sheet.model):
        write_whole(path, msgspec.structs.replace(sheet, model=model))
        assert wait_for(
            lambda model=model: person.get("/api/session").json()["model"] == model, seconds=LONG_S
        )
    after = person.get("/api/snapshot").json()
    assert after["account"] == before["account"]


def test_a_link_opens_one_session_that_scripts_cannot_see(served: Served) -> None:
    token = served.gateway.access.issue_link()
    with served.stranger() as stranger:
        opened = stranger.get("/open", params={"token": token})
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        cookie = opened.headers["set-cookie"].lower()
        for part in ("httponly", "samesite=strict", "path=/;"):
            assert part in cookie + ";"
        assert "domain" not in cookie
        for used in (token, "x", "0" * 200):
            answer = stranger.get("/open", params={"token": used})
            assert refusal(answer) == (401, "link_denied")
        assert refusal(stranger.get("/open")) == (422, "invalid")
        assert refusal(stranger.get("/open", params={"token": "x" * 201})) == (422, "invalid")
        assert stranger.get("/api/session").status_code == 200
        assert stranger.post("/api/logout").status_code == 204
        assert stranger.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"host": "evil.example"}, "wrong_host"),
        ({"host": "127.0.0.1:1"}, "wrong_host"),
        ({"host": ""}, "wrong_host"),
        ({"origin": "http://evil.example"}, "wrong_origin"),
        ({"origin": "null"}, "wrong_origin"),
        ({"origin": "http://127.0.0.1:1"}, "wrong_origin"),
        ({"sec-fetch-site": "cross-site"}, "wrong_origin"),
    ],
)
def test_other_hosts_and_other_sites_are_refused(
    person: httpx.Client, headers: dict[str, str], code: str
) -> None:
    assert refusal(person.get("/api/snapshot", headers=headers)) == (403, code)
    wish = {"engaged": True, "reason": "x"}
    answer = person.post("/api/kill-switch", json=wish, headers=headers)
    assert refusal(answer) == (403, code)


def test_the_page_is_confined_to_itself(served: Served, person: httpx.Client) -> None:
    shown = person.get("/", headers={"host": f"localhost:{served.port}"})
    assert (shown.status_code, "Desk" in shown.text) == (200, True)
    script = person.get("/assets/desk-1a2b.js")
    assert "javascript" in script.headers["content-type"]
    assert "immutable" in script.headers["cache-control"]
    for answer in (shown, script, person.get("/none"), person.get("/health")):
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
    assert person.get("/api/session").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt", "/link.txt", "//etc/passwd", "/etc/passwd", "/%00",
        "/api/none", "/docs", "/openapi.json",
    ],
)  # fmt: skip
def test_only_the_files_of_the_page_are_served(
    served: Served, person: httpx.Client, path: str
) -> None:
    # Not httpx: it would tidy the path before it sends it.
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=LONG_S)
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    connection.request("GET", path, headers={"cookie": cookie})
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    assert answer.status == 404
    assert b"secret" not in told
    assert msgspec.json.decode(told)["code"] == "not_found"


def test_a_page_that_is_not_built_says_how_to_build_it(trader: Trading, tmp_path: Path) -> None:
    with serving(trader.home, tmp_path / "nothing") as bare, bare.person() as client:
        shown = client.get("/")
    assert (shown.status_code, "make install" in shown.text) == (503, True)


def chunks(count: int) -> Iterator[bytes]:
    yield from itertools.repeat(b"x" * 9_000, count)


def test_what_is_malformed_is_refused_by_name(person: httpx.Client) -> None:
    post, kind = person.post, {"content-type": "application/json"}
    switch = "/api/kill-switch"
    assert refusal(post(switch, content=b"x" * 20_000, headers=kind)) == (413, "too_large")
    assert refusal(post(switch, content=chunks(3), headers=kind)) == (413, "too_large")
    bodies: list[Any] = [
        b"{", b"[]", b"\xff", b'{"engaged": true}', b'{"engaged": 1, "reason": "x"}',
        b'{"engaged": true, "reason": " "}', b'{"engaged": true, "reason": "a\\nb"}',
        b'{"engaged": true, "reason": "x", "by": "root"}',
        msgspec.json.encode({"engaged": True, "reason": "x" * 201}),
    ]  # fmt: skip
    for body in bodies:
        assert refusal(post(switch, content=body, headers=kind)) == (422, "invalid"), body
    plain = post(switch, content=b'{"engaged": true, "reason": "x"}')
    assert refusal(plain)[0] == 415
    assert refusal(person.get(switch))[0] == 404
    for query in (
        "/api/bars", "/api/bars?symbol=NONE", "/api/bars?symbol=EURUSD&timeframe=M1",
        "/api/bars?symbol=EURUSD&timeframe=X9", "/api/bars?symbol=EURUSD&limit=0",
        "/api/bars?symbol=EURUSD&limit=1001", "/api/decisions?limit=201",
        "/api/decisions?before=x", "/api/decisions?outcome=none", "/api/decisions/x",
        "/api/equity?limit=-1", "/api/fills?limit=x",
    ):  # fmt: skip
        assert refusal(person.get(query)) == (422, "invalid"), query
    for number in (0, -1, 2, 10**12):
        assert refusal(person.get(f"/api/decisions/{number}")) == (404, "not_found")


def test_the_queries_agree_with_each_other(trader: Trading, person: httpx.Client) -> None:
    shown = msgspec.json.decode(person.get("/api/snapshot").content, type=Snapshot)
    bars = person.get("/api/bars?symbol=EURUSD&timeframe=H1&limit=1000").json()["bars"]
    assert len(bars) == 1_000
    assert bars[-1]["close"] == shown.symbols[0].bid
    joined = person.get("/api/bars?symbol=EURUSD&timeframe=H4&limit=3").json()["bars"]
    whole = [bar for bar in bars if bar["time"] // 14_400 == joined[1]["time"] // 14_400]
    assert joined[1]["high"] == max(bar["high"] for bar in whole)
    assert (joined[1]["open"], joined[1]["close"]) == (whole[0]["open"], whole[-1]["close"])
    assert person.get("/api/equity?limit=10").json()["points"][-1]["time"] == shown.equity[-1].time
    fills = person.get("/api/fills").json()["fills"]
    assert fills[0] == msgspec.to_builtins(shown.fills[0])
    account = trader.trader.topology.desk.world.accounts[0]
    assert shown.account.balance == int(account["balance"]) / 100
    session = person.get("/api/session").json()
    assert (session["tenant"], session["strategy"]) == ("local", "sma-cross")


def test_decisions_are_paged_from_memory_into_the_journal(
    trader: Trading, page: Path, person: httpx.Client
) -> None:
    whole = person.get("/api/decisions?limit=200").json()["decisions"]
    with serving(trader.home, page) as other, other.person() as client:
        other.await_place(trader.journal.last_position())
        board = other.gateway.stream.follower.board
        assert board is not None
        for place in list(board.cases.cases)[: len(whole) // 2]:
            del board.cases.cases[place]  # what memory no longer holds
        assert pages(client) == whole
        outcomes = {each["outcome"] for each in whole}
        for wanted in outcomes:
            told = client.get(f"/api/decisions?limit=200&outcome={wanted}").json()["decisions"]
            assert told == [each for each in whole if each["outcome"] == wanted]
        for place in (whole[0]["id"], whole[-1]["id"]):
            detail = client.get(f"/api/decisions/{place}").json()
            assert detail == person.get(f"/api/decisions/{place}").json()
            assert detail["order"]["state"] == "filled"
            assert [check["passed"] for check in detail["checks"]] == [True] * len(RULES)
            checks = {check["rule"]: check for check in detail["checks"]}
            assert checks["position_limit"]["value"] == detail["lots"]
            assert (checks["trading_halted"]["value"], checks["margin"]["unit"]) == (
                "running", "USD",
            )  # fmt: skip
            assert detail["fills"][0]["order"] == detail["order"]["key"]


def test_a_decision_shows_what_was_said_of_its_bar(trader: Trading, person: httpx.Client) -> None:
    told = {
        (each.message.symbol, moment(each.message.ts_event)): each.message.patterns
        for each in trader.journal.read(kinds=("PatternsJudged",))
        if isinstance(each.message, PatternsJudged)
    }
    shown = 0
    for made in person.get("/api/decisions?limit=200").json()["decisions"]:
        detail = person.get(f"/api/decisions/{made['id']}").json()
        wanted = told.get((made["symbol"], made["time"]), ())
        assert [(each["name"].replace(" ", "_"), each["side"]) for each in detail["patterns"]] == [
            (each.pattern, "long" if each.side > 0 else "short") for each in wanted
        ]
        shown += len(wanted)
    assert shown > 3


def test_metrics_are_read_by_a_session_or_by_a_token_that_opens_nothing_else(
    trader: Trading, served: Served, person: httpx.Client
) -> None:
    served.await_place(trader.journal.last_position())
    told = person.get("/metrics")
    assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(told.text)
        for sample in family.samples
    }
    assert found["assay_feed_events_total"] == trader.trader.next
    assert found["assay_journal_place"] == trader.journal.last_position()
    assert found["assay_trading_halted"] == 0.0
    token = served.gateway.access.issue_scraper()
    with served.stranger() as stranger:
        assert refusal(stranger.get("/metrics")) == (401, "not_signed_in")
        shown = {"Authorization": f"Bearer {token}"}
        assert stranger.get("/metrics", headers=shown).status_code == 200
        assert stranger.get("/api/session", headers=shown).status_code == 401
        for wrong in (f"Bearer {token}x", "Bearer", f"Basic {token}"):
            assert stranger.get("/metrics", headers={"Authorization": wrong}).status_code == 401
        evil = {**shown, "Origin": "http://evil.example"}
        assert stranger.get("/metrics", headers=evil).status_code == 403


def test_performance_is_told_alike_to_page_scraper_and_terminal(
    trader: Trading, served: Served, person: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    told = person.get("/api/performance?by=hour").json()
    assert (told["complete"], told["position"] > 0) == (True, True)
    home = ["--home", str(trader.home.path), "--json"]
    assert run(build(), ["performance", "--by", "hour", *home]) == 0
    here = json.loads(capsys.readouterr().out)
    assert here["trades"] > 5
    here["parts"] = [{**part, "course": None} for part in here["parts"]]
    # The page keeps one mark a day; the ratios are of days anyway.
    assert told["now"] == here
    parts = person.get("/api/performance?by=strategy").json()["now"]["parts"]
    assert [part["course"]["points"][-1]["net"] for part in parts] == [
        pytest.approx(part["net"], abs=1e-4) for part in parts
    ]  # fmt: skip
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(person.get("/metrics").text)
        for sample in family.samples
    }
    assert found["assay_account_net"] == here["net"]
    assert found["assay_account_trades_total"] == here["trades"]
    assert found["assay_account_books_complete"] == 1.0
    assert run(build(), ["performance", "--by", "order", *home]) == 0
    orders = json.loads(capsys.readouterr().out)["parts"]
    assert sum(line["spread"] for line in orders) == pytest.approx(here["costs"]["spread_cost"])
    assert refusal(person.get("/api/performance?by=moon")) == (422, "invalid")
    assert run(build(), ["performance", "--account", "moon", *home]) == 2
    assert "there" not in capsys.readouterr().out


def pages(client: httpx.Client) -> list[Any]:
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        told = client.get(f"/api/decisions?limit=7{f'&before={after}' if after else ''}").json()
        found += told["decisions"]
        after = told["next"]
    return found


def test_a_stream_needs_the_cookie_and_our_own_origin(served: Served, person: httpx.Client) -> None:
    with served.stranger() as stranger:
        refused: list[tuple[httpx.Client, dict[str, Any]]] = [
            (stranger, {}),
            (person, {"origin": "http://evil.example"}),
            (person, {"origin": None}),
        ]
        for client, options in refused:
            with pytest.raises(InvalidStatus, match="403"):
                served.stream(client, **options)


def test_a_stream_begins_whole_and_goes_on_without_a_gap(
    trader: Trading, served: Served, person: httpx.Client
) -> None:
    with served.stream(person) as stream:
        first = receive(stream)
        assert first["type"] == "snapshot"
        assert first["seq"] == first["data"]["seq"]
        trader.go_on(200)
        kinds: set[str] = set()
        expected = first["seq"]
        while not {"bar", "quote", "decision", "order", "fill", "account", "feed"} <= kinds:
            told = receive(stream)
            expected += 1
            assert (told["type"], told["seq"]) == ("delta", expected)
            kinds |= {change["kind"] for change in told["data"]}
        stream.send('{"type": "resync"}')
        while (told := receive(stream))["type"] == "delta":
            expected = told["seq"]
        assert told["data"]["symbols"][0]["symbol"] == "EURUSD"
        assert told["seq"] >= expected
        assert receive(stream)["seq"] == told["seq"] + 1


def close_code(stream: Any) -> int:
    """Read a stream to its end and return the code it ended with."""
    with pytest.raises(ConnectionClosed) as ended:
        while True:
            stream.recv(timeout=LONG_S)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code


def test_nonsense_and_a_logout_end_a_stream(served: Served) -> None:
    with served.person() as client:
        for nonsense in ("{", '{"type": "delta"}', '{"type": "resync", "x": 1}', b"\x00"):
            with served.stream(client) as stream:
                stream.send(nonsense)
                assert close_code(stream) == CLOSE_MALFORMED
        with served.stream(client) as stream:
            assert client.post("/api/logout").status_code == 204
            assert close_code(stream) == CLOSE_SIGNED_OUT


def test_a_slow_client_is_dropped_and_holds_up_nobody(trader: Trading, served: Served) -> None:
    with served.person() as client, served.stream(client) as fast:
        with served.stream(client, max_queue=1) as slow:
            stream = served.gateway.stream
            assert wait_for(lambda: len(stream.clients) == 2, seconds=LONG_S)
            reading = threading.Thread(target=read_until, args=(fast, stream))
            reading.start()
            while len(stream.clients) == 2:
                trader.go_on(1, batch=1)
            reading.join(LONG_S)
            assert close_code(slow) == CLOSE_SLOW
        seen = receive(fast)["seq"]
        assert receive(fast)["seq"] == seen + 1


def read_until(fast: Any, stream: Any) -> None:
    while len(stream.clients) == 2:
        receive(fast)


def settled(client: httpx.Client) -> dict[str, Any]:
    """Return what must not depend on when the web process was started."""
    shown = client.get("/api/snapshot").json()
    for moving in ("seq", "time", "feed"):
        del shown[moving]
    paths = ("/api/bars?symbol=EURUSD&limit=1000", "/api/equity", "/api/decisions?limit=200")
    return {"snapshot": shown, **{path: client.get(path).json() for path in paths}}


def test_a_restart_of_the_web_process_shows_the_same(
    trader: Trading, page: Path, served: Served, person: httpx.Client
) -> None:
    trader.go_on(300)
    served.await_place(trader.journal.last_position())
    assert wait_for(lambda: settled(person)["snapshot"]["positions"] is not None, seconds=LONG_S)
    with serving(trader.home, page) as again, again.person() as client:
        again.await_place(trader.journal.last_position())
        assert wait_for(lambda: settled(client) == settled(person), seconds=LONG_S)


def test_what_the_ring_lost_is_read_from_the_journal(
    trader: Trading, page: Path, served: Served, person: httpx.Client
) -> None:
    ring, trader.trader.ring = trader.trader.ring, NullRing()
    trader.go_on(200)
    trader.trader.ring = ring
    trader.go_on(1)
    # And more at once than the ring holds.
    trader.go_on(600, batch=600)
    served.await_place(trader.journal.last_position())
    with serving(trader.home, page) as fresh, fresh.person() as client:
        fresh.await_place(trader.journal.last_position())
        assert wait_for(lambda: settled(client) == settled(person), seconds=LONG_S)


def test_the_kill_switch_answers_once_it_is_durable(trader: Trading, person: httpx.Client) -> None:
    wish = {"engaged": True, "reason": "odd prices"}
    late = person.post("/api/kill-switch", json=wish)
    assert refusal(late) == (504, "not_durable_yet")
    trader.carry_out()
    assert trader.journal.halt_state("local").engaged
    resume = {"engaged": False, "reason": "sane again"}
    unseen = person.post("/api/kill-switch", json={**resume, "lifts": "a halt of before"})
    assert refusal(unseen) == (409, "another_halt")
    assert trader.journal.halt_state("local").engaged
    for engaged in (False, True, False):
        asked = wish if engaged else {**resume, "lifts": wish["reason"]}
        with trader.home.lock("up"), trader.acting():
            told = person.post("/api/kill-switch", json=asked)
        assert told.status_code == 202
        assert (told.json()["engaged"], told.json()["by"]) == (engaged, "page")
        assert trader.journal.halt_state("local").engaged is engaged

        def is_shown(engaged: bool = engaged) -> bool:
            return person.get("/api/snapshot").json()["halt"]["engaged"] is engaged

        assert wait_for(is_shown, seconds=LONG_S)


def test_what_is_watched_and_every_alert_can_be_asked_for(
    trader: Trading, served: Served, person: httpx.Client
) -> None:
    assert refusal(person.get("/api/regimes")) == (503, "try_again")
    assert person.get("/api/alerts").json() == {"alerts": [], "next": None}
    now = {"id": 0, "ts_event": 10**18, "ts_init": 10**18, "timeframe": HOUR}
    told = RegimeChanged(
        **now, symbol="EURUSD", classifier="a1", before="quiet", regime="breakout up",
        confidence=7_143,
    )  # fmt: skip
    broke = CorrelationBroke(
        **now, pair=("EURUSD", "GBPUSD"), correlation=-1_200, usual=6_000, low=4_000, high=7_500
    )
    window = CorrelationsMeasured(
        **now, symbols=("EURUSD", "GBPUSD"), returns=500, correlations=(-1_200,)
    )
    trader.trader.record([told, window, broke])
    served.await_place(trader.journal.last_position())
    page = person.get("/api/alerts").json()
    assert [each["kind"] for each in page["alerts"]] == ["correlation", "regime"]
    assert [each["text"] for each in page["alerts"]] == [
        "EURUSD GBPUSD: correlation −0.12 left its usual 0.40 to 0.75",
        "EURUSD: quiet → breakout up (71 %)",
    ]
    assert page["next"] is None
    assert person.get("/api/snapshot").json()["alerts"] == page["alerts"]
    newest = person.get("/api/alerts", params={"limit": 1}).json()
    older = person.get("/api/alerts", params={"limit": 1, "before": newest["next"]}).json()
    assert newest["alerts"] + older["alerts"] == page["alerts"]
    assert refusal(person.get("/api/alerts?limit=0")) == (422, "invalid")
    since = RegimeNow(
        symbol="EURUSD", timeframe=HOUR, classifier="a1", bars=9, settling=8, time=10**18,
        regime="quiet", confidence=0.7, since=10**18,
    )  # fmt: skip
    parts = {"regimes": [since], "correlations": None, "drift": []}
    write_state(trader.home, 77, parts, {"drift": "no model trades"})
    shown = person.get("/api/regimes").json()
    assert (shown["position"], shown["off"]) == (77, "")
    assert shown["now"][0]["since"] == shown["now"][0]["time"] == "2001-09-09T01:46:40Z"
    assert person.get("/api/correlations").json()["now"] is None
    assert person.get("/api/drift").json() == {
        "position": 77, "off": "no model trades", "now": [],
    }  # fmt: skip


def test_two_platforms_in_one_process_know_nothing_of_each_other(
    served: Served, person: httpx.Client, page: Path, tmp_path: Path
) -> None:
    other_home = open_home(tmp_path / "other")
    with serving(other_home, page) as other, other.person() as client:
        assert refusal(client.get("/api/snapshot")) == (503, "try_again")
        assert client.get("/").status_code == 200
        value = person.cookies[f"assay_session_{served.port}"]
        with other.stranger() as stranger:
            stranger.cookies.set(f"assay_session_{other.port}", value)
            assert refusal(stranger.get("/")) == (401, "not_signed_in")
        assert person.get("/api/snapshot").status_code == 200


def test_a_person_orders_by_the_page(trader: Trading, person: httpx.Client) -> None:
    limit = {"action": "limit", "symbol": "EURUSD", "lots": "0.1", "price": "0.9"}
    wish = {"order": limit, "reason": "a dip"}
    assert refusal(person.post("/api/orders", json=wish)) == (503, "try_again")
    for body in ({"order": limit}, {**wish, "reason": " "}, {**wish, "by": "root"}):
        assert refusal(person.post("/api/orders", json=body)) == (422, "invalid")
    kind = {"content-type": "text/plain"}
    assert refusal(person.post("/api/flatten", content=b"{}", headers=kind))[0] == 415
    with trader.home.lock("up"), trader.acting():
        told = person.post("/api/orders", json=wish)
        (waits,) = person.get("/api/orders").json()["orders"]
        refused = person.post("/api/orders", json={**wish, "order": {**limit, "price": ""}})
        gone = person.post("/api/flatten", json={"reason": "enough"})
        left = person.get("/api/orders").json()["orders"]
    assert (told.status_code, waits["key"] in told.text) == (202, True)
    assert (waits["kind"], waits["lots"], waits["price"]) == ("limit", "0.1", "0.90000")
    assert refusal(refused) == (409, "not_done")
    assert gone.status_code == 202
    assert all(each["key"] != waits["key"] for each in left)
    assert [halt.source for halt in trader.trader.entry_halts] == ["operator"]
    trader.trader.release_entries("operator", "over", "page", actor="operator")
