"""`assay connector` beside a terminal, and `assay bridge` on the platform's side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.apps.cli.console import HomeOption, JsonOption, emit, note
from assay.model.errors import UsageError

PORT = 8001

BridgeOption = Annotated[
    str | None,
    typer.Option(
        "--bridge", metavar="URL", help="Where to dial: wss://HOST:PORT, or $BACKEND_URL."
    ),
]
TerminalOption = Annotated[
    str,
    typer.Option(
        "--terminal",
        help="mt5, sim:ADDRESS of `assay mt5-sim`, or feed:FILE of a provider of quotes.",
    ),
]
SymbolsOption = Annotated[
    str,
    typer.Option(
        "--symbols", help="Quotes to send, such as EURUSD,XAUUSD=GOLD (ours=the broker's name)."
    ),
]
EdgeOption = Annotated[str, typer.Option("--edge", metavar="NAME", help="Our name at the bridge.")]
TokenOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help="Private file with the token; else $ASSAY_EDGE_TOKEN."
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--folder", metavar="DIR", help="What waits for the bridge; else ~/.assay-edge/NAME.",
        show_default=False,
    ),
]  # fmt: skip
AuthorityOption = Annotated[
    Path | None,
    typer.Option("--authority", metavar="FILE", help="Certificate (PEM) that the bridge's is of."),
]
ClockOption = Annotated[
    str | None,
    typer.Option(
        "--server-clock",
        help="Broker's hours ahead of UTC in winter and whose summer time: 2:new-york, 0:fixed.",
    ),
]
TradeOption = Annotated[
    Path | None,
    typer.Option(
        "--trade", metavar="FILE", help="The confirmed account (TOML); without it quotes only."
    ),
]
ArmOption = Annotated[
    Path | None,
    typer.Option("--arm", metavar="FILE", help="Private file with the login of real money."),
]
ConfirmOption = Annotated[
    str | None,
    typer.Option(
        "--confirm", metavar="ACCOUNT", help="Write what the terminal shows to --trade; no more."
    ),
]
AcknowledgeOption = Annotated[
    list[str] | None,
    typer.Option("--acknowledge", help="Accept a change that stopped trading; repeatable."),
]
SecondsOption = Annotated[
    float | None, typer.Option("--seconds", min=0.0, help="End after so long.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(connector)
    bridge = typer.Typer(help="Let connectors dial in.", no_args_is_help=True)
    bridge.command("serve")(serve_bridge)
    bridge.command("token")(issue_token)
    bridge.command("revoke")(revoke_token)
    bridge.command("status")(show_status)
    app.add_typer(bridge, name="bridge")


def connector(
    symbols: SymbolsOption,
    bridge: BridgeOption = None,
    terminal: TerminalOption = "mt5",
    edge: EdgeOption = "edge",
    token_file: TokenOption = None,
    folder: FolderOption = None,
    authority: AuthorityOption = None,
    server_clock: ClockOption = None,
    trade: TradeOption = None,
    arm: ArmOption = None,
    confirm: ConfirmOption = None,
    acknowledge: AcknowledgeOption = None,
    seconds: SecondsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a terminal to the bridge: its quotes, its account, and orders exactly once.

    Example: assay connector --bridge wss://desk.example:8001 --symbols EURUSD --token-file token
    """
    from assay.apps.edge.plan import ConnectorPlan, confirm_terminal, run_connector
    from assay.apps.edge.setup import name_bridge
    from assay.apps.link.proof import read_token
    from assay.apps.link.transports import parse_address

    if confirm is not None:
        if trade is None:
            raise UsageError("--confirm writes to --trade FILE; name it")
        emit(confirm_terminal(terminal, confirm, symbols, trade, server_clock), as_json)
        return
    bridge = name_bridge(bridge)
    parse_address(bridge)  # what is wrong with it is told first
    plan = ConnectorPlan(
        bridge=bridge, edge=edge, terminal=terminal, symbols=symbols, server_clock=server_clock,
        folder=folder or Path.home() / ".assay-edge" / edge, authority=authority,
        trading=trade, arm=arm, acknowledged=tuple(acknowledge or ()), seconds=seconds,
    )  # fmt: skip
    run_connector(plan, read_token(token_file))


def serve_bridge(
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535)] = PORT,
    advisor_port: Annotated[
        int | None,
        typer.Option("--advisor-port", min=0, max=65_535, help="Also for Expert Advisors."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="PEM, with its chain.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="PEM.")] = None,
    seconds: SecondsOption = None,
    home: HomeOption = None,
) -> None:
    """Listen for connectors until stopped; beyond loopback only with a certificate.

    Example: assay bridge serve --port 8001
    """
    from assay.apps.bridge.process import run_bridge
    from assay.apps.bridge.server import BridgeServer, Listening
    from assay.runtime.clock import Deadline
    from assay.runtime.home import open_home
    from assay.runtime.logs import open_log
    from assay.runtime.supervisor import stop_signals

    opened = open_home(home)
    log = open_log(opened, "bridge")
    deadline = Deadline(seconds) if seconds is not None else None
    listening = Listening(host, port, advisor_port, certificate, key)

    def tell(server: BridgeServer) -> None:
        note(f"the bridge listens on {host}:{server.port}")

    with stop_signals() as asked:

        def is_stopped() -> bool:
            return asked() or (deadline is not None and deadline.has_passed())

        run_bridge(opened, listening, log, is_stopped=is_stopped, told=tell)


def issue_token(
    edge: Annotated[str, typer.Argument(metavar="EDGE", help="Name of the connector.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")],
    account: Annotated[str, typer.Option("--account", help="The account it trades.")],
    tenant: Annotated[str, typer.Option("--tenant", help="Whose it is.")] = "local",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the token that lets one connector in, in a private file; an earlier one ends.

    Example: assay bridge token desk --account main --out desk.token
    """
    from assay.apps.bridge.tokens import EdgeTokens, write_private
    from assay.runtime.home import open_home

    if out.exists():
        raise UsageError(f"{out} exists; choose another file")
    token = EdgeTokens(open_home(home)).issue(edge, tenant=tenant, account=account)
    write_private(out, token.encode() + b"\n")
    emit({"edge": edge, "tenant": tenant, "account": account, "file": str(out)}, as_json)


def revoke_token(
    edge: Annotated[str, typer.Argument(metavar="EDGE", help="Name of the connector.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a connector's token open nothing any more.

    Example: assay bridge revoke desk
    """
    from assay.apps.bridge.tokens import EdgeTokens
    from assay.runtime.home import open_home

    EdgeTokens(open_home(home)).revoke(edge)
    emit({"revoked": edge}, as_json)


def show_status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show whether a bridge serves this home, and which connectors are there.

    Example: assay bridge status --json
    """
    from assay.apps.bridge.process import read_status
    from assay.runtime.home import open_home

    emit(read_status(open_home(home)), as_json, _status_text)


def _status_text(found: Mapping[str, Any]) -> str:
    lines = [f"bridge     {'running' if found['running'] else 'not running'}"]
    for each in found["edges"]:
        state = "linked" if each["linked"] else "away"
        if each.get("delay_p50_ms") is not None:
            state += (
                f"  {each['quotes_a_second']:g} quotes/s, {each['delay_p50_ms']:.0f} ms after the "
                f"broker's time (95 %: {each['delay_p95_ms']:.0f}), "
                f"newest {each['newest_s']:.0f} s ago"
            )
        lines.append(f"  {each['edge']:<12} {each['tenant']}/{each['account']:<12} {state}")
    return "\n".join(lines)
