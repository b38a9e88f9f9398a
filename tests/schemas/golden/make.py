"""How the golden files were made: typed values, encoded by fastavro 1.13.1, an implementation that is not ours.

    python make.py ../../../schemas

writes `<Schema>-<version>.json` for versions that have no file yet. A file that is there is never written again: it stands
for records that lie in logs, and every later release must read them.
"""

import io
import json
import pathlib
import sys

import fastavro

MOMENT = 1795169730123456
TICK = {
    "exchange": "kraken",
    "symbol": "BTC-USDT",
    "feed": "LIVE",
    "eventTime": MOMENT,
    "timeSource": "EXCHANGE",
    "receiveTime": MOMENT + 1234,
    "session": MOMENT - 60000000,
    "ordinal": 41,
    # The greatest long that avsc takes: 2 ** 53 - 2.
    "sequence": 9007199254740990,
    "origin": None,
}


def tick(kind, payload, **change):
    return {**TICK, **change, "payload": (f"crosstide.{kind}", payload)}


ORIGIN = {"processor": "market", "version": 1, "partition": 3, "offset": 8589934592, "ordinal": 2}


def candle(**change):
    return {
        "exchange": "kraken",
        "symbol": "BTC-USD",
        "interval": "1m",
        "openTime": 1795169700000000,
        "feed": "LIVE",
        "open": 91234.5,
        "high": 91240.0,
        "low": 91230.25,
        "close": 91239.75,
        "volume": 3.25,
        "quoteVolume": 296519.1875,
        "vwap": 91236.673076923,
        "trades": 41,
        "origin": ORIGIN,
        **change,
    }


def leg(exchange, side, price, **change):
    evidence = {
        "partition": 3,
        "offset": 8589934590,
        "eventTime": MOMENT - 1000,
        "bid": 91234.49,
        "bidSize": None,
        "ask": 91234.5,
        "askSize": 1.0421,
    }
    return {
        "exchange": exchange,
        "symbol": "BTC-USDT",
        "side": side,
        "price": price,
        "size": 1.0421,
        "feeBps": 10.0,
        "feeIn": "quote",
        "rate": 1.0,
        "quoteAgeMs": 12.5,
        "confirmedAgeMs": 3.25,
        "lagMs": None,
        "evidence": evidence,
        **change,
    }


def opportunity(phase, **change):
    return {
        "opportunityId": "x:3:8589934591:0",
        "kind": "CROSS_EXCHANGE",
        "phase": phase,
        "at": MOMENT,
        "feed": "RECORDED",
        "base": "BTC",
        "legs": [leg("binance", "BUY", 91234.5), leg("okx", "SELL", 91512.0, lagMs=0.5, feeIn="base")],
        "grossBps": 30.4,
        "edgeBps": 10.39,
        "size": 0.109,
        "notional": 9954.4,
        "profit": 10.34,
        "numeraire": "USD",
        "costsEpoch": 7,
        "ttlMs": 600000,
        "restricted": False,
        "life": None,
        "reason": None,
        "executableAfter": [],
        "origin": ORIGIN,
        **change,
    }


LIFE = {
    "openedAt": MOMENT - 250000,
    "durationMs": 250.0,
    "updates": 2,
    "peakBps": 11.5,
    "peakProfit": 12.25,
    "timeWeightedBps": 10.125,
    "profitTime": 2.5,
}

EVIDENCE = [
    {"stream": "trade", "offset": 8589934580, "at": MOMENT - 2000, "exchange": "kraken", "symbol": "BTC-USD"},
    {"stream": "best", "offset": 8589934592, "at": MOMENT, "exchange": None, "symbol": "BTC-USD"},
]
TOLD = {"changeBps": 52.25, "venue": "kraken", "isFirst": True, "z": None}


def match(phase, **change):
    return {
        "matchId": "price-spike@3:3:8589934592:2",
        "ruleId": "price-spike",
        "ruleVersion": 3,
        "ruleSetHash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "shadow": False,
        "type": "PRICE_SPIKE",
        "phase": phase,
        "reason": None,
        "severity": "warning",
        "key": {"symbol": "BTC-USD", "exchange": "kraken"},
        "base": "BTC",
        "exchange": "kraken",
        "symbol": "BTC-USD",
        "at": MOMENT,
        "feed": "LIVE",
        "fields": TOLD,
        "inputs": {"m": 91234.5, "n": 12.0},
        "evidence": EVIDENCE,
        "suppressed": 0,
        "origin": ORIGIN,
        **change,
    }


def alert(phase, **change):
    return {
        # The match stands directly before the alert.
        "alertId": "price-spike@3:3:8589934592:1",
        "source": "RULE",
        "alertKey": 'rule price-spike {"exchange":"kraken","symbol":"BTC-USD"}',
        "phase": phase,
        "reason": None,
        "resolves": True,
        "severity": "critical",
        "type": "PRICE_SPIKE",
        "title": "Sprung um mehr als 50 bp — Ä",
        "at": MOMENT,
        "feed": "LIVE",
        "ruleId": "price-spike",
        "ruleVersion": 3,
        "key": {"symbol": "BTC-USD", "exchange": "kraken"},
        "exchange": "kraken",
        "symbol": "BTC-USD",
        "fields": TOLD,
        "evidence": EVIDENCE,
        "suppressed": 4,
        "action": None,
        "origin": ORIGIN,
        **change,
    }


VALUES = {
    ("Tick", 1): {
        "trade": tick("Trade", {"id": "4012345678", "side": "SELL", "price": 91234.5, "size": 0.013}),
        "trade of an auction, re-keyed, recorded": tick(
            "Trade",
            {"id": "ä-1", "side": None, "price": 1e-8, "size": 1e15},
            feed="RECORDED",
            timeSource="RECEIVED",
            origin={"partition": 5, "offset": 8589934592},
        ),
        "quote": tick(
            "Quote", {"bid": 91234.49, "bidSize": 3.21, "ask": 91234.5, "askSize": None, "source": "BOOK"}
        ),
        "heartbeat": tick("Heartbeat", {"state": "UP", "lastSequence": 40}, symbol=""),
        "gap": tick(
            "Gap", {"from": MOMENT - 1000000, "to": MOMENT, "reason": "DISCONNECT", "backfilled": False}
        ),
        "control": tick(
            "Control",
            {"documentId": "rules", "epoch": 3, "hash": "9f86d081", "body": bytes([0, 1, 127, 128, 255])},
            exchange="",
            symbol="",
        ),
        "rate": tick("Rate", {"bid": 0.9998, "ask": 1.0001}, symbol="USDT-USD"),
    },
    ("ServiceHeartbeat", 1): {
        "heartbeat": {
            "service": "producers",
            "instance": "host:4711:1795169730",
            "sequence": 7,
            "time": MOMENT,
            "startedAt": MOMENT - 35000000,
            "state": "READY",
            "version": "0.1.0",
            "eventLoopP99Ms": 11.25,
            "residentBytes": 104857600,
            "figures": {"ticksPerSecond": 812.5, "lagRecords": 0.0},
        }
    },
    ("SystemEvent", 1): {
        "of a service": {
            "kind": "STARTED",
            "service": "api",
            "instance": "host:4711:1795169730",
            "sequence": 0,
            "time": MOMENT,
            "exchange": None,
            "symbol": None,
            "message": "started",
            "details": {},
        },
        "of a symbol": {
            "kind": "GAP",
            "service": "producers",
            "instance": "host:4711:1795169730",
            "sequence": 12,
            "time": MOMENT,
            "exchange": "binance",
            "symbol": "BTC-USDT",
            "message": "3 s may be missing",
            "details": {"reason": "DISCONNECT"},
        },
    },
    ("SystemEvent", 2): {
        "of a service": {
            "kind": "STARTED",
            "service": "api",
            "instance": "host:4711:1795169730",
            "sequence": 0,
            "time": MOMENT,
            "exchange": None,
            "symbol": None,
            "message": "started",
            "details": {},
            "origin": None,
        },
        "of a processor": {
            "kind": "QUALITY",
            "service": "market",
            "instance": "market partition 3",
            "sequence": 8589934592002,
            "time": MOMENT,
            "exchange": "gate",
            "symbol": "BTC-USDT",
            "message": "2 trades are missing",
            "details": {"finding": "SEQUENCE_GAP"},
            "origin": ORIGIN,
        },
    },
    ("Candle", 1): {
        "of one exchange": candle(),
        "across": candle(exchange="*", interval="1s", feed="SIMULATED", volume=1e-8, trades=1),
    },
    ("Opportunity", 1): {
        "opened": opportunity("OPEN"),
        "updated": opportunity("UPDATE", life=LIFE),
        "closed": opportunity(
            "CLOSE",
            life=LIFE,
            reason="stale",
            executableAfter=[
                {"delayMs": 50.0, "edgeBps": 9.5, "executable": True},
                {"delayMs": 500.0, "edgeBps": None, "executable": False},
                {"delayMs": 1000.0, "edgeBps": None, "executable": None},
            ],
        ),
    },
    ("Match", 1): {
        "fired": match("FIRED"),
        "resolved by a timer, of all exchanges, in the shadow": match(
            "RESOLVED",
            reason="renew",
            shadow=True,
            severity="info",
            key={"base": "BTC"},
            exchange=None,
            symbol=None,
            feed="SIMULATED",
            fields={},
            inputs={},
            evidence=[],
            suppressed=9007199254740990,
        ),
        "not completed": match("TIMEOUT", severity="critical", fields={"1": 1e300, "b": "", "a": 1e-300}),
    },
    ("Alert", 1): {
        "fired, with a webhook": alert(
            "FIRED", action={"kind": "WEBHOOK", "target": "desk", "command": None, "arguments": {}}
        ),
        "fired, with a command": alert(
            "FIRED",
            action={
                "kind": "COMMAND",
                "target": None,
                "command": "pause-exchange",
                "arguments": {"exchange": "kraken", "minutes": 5.0, "force": False, "note": None},
            },
        ),
        "fired, never to be resolved": alert("FIRED", resolves=False),
        "resolved": alert("RESOLVED", severity="warning", reason="release"),
        "of a service": alert(
            "FIRED",
            alertId="sentinel host:4711:1795169730 HEARTBEAT_MISS 12",
            source="SERVICE",
            alertKey="service sentinel HEARTBEAT_MISS producers",
            severity="info",
            type="HEARTBEAT_MISS",
            title="producers has not been heard for 15 s",
            feed="SIMULATED",
            ruleId=None,
            ruleVersion=None,
            key={},
            exchange=None,
            symbol=None,
            fields={"silentMs": 15000.0},
            evidence=[],
            suppressed=0,
            origin=None,
        ),
    },
}


def plain(value):
    """As JSON: a union's branch by name and bytes as Node has them."""
    if isinstance(value, bytes):
        return {"type": "Buffer", "data": list(value)}
    if isinstance(value, tuple):
        return {value[0]: plain(value[1])}
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


for (name, version), values in VALUES.items():
    target = pathlib.Path(f"{name}-{version}.json")
    if target.exists():
        continue
    schema = json.loads((pathlib.Path(sys.argv[1]) / f"{name}.avsc").read_text())
    records = []
    for what, value in values.items():
        body = io.BytesIO()
        fastavro.schemaless_writer(body, fastavro.parse_schema(schema), value, strict=True)
        records.append({"what": what, "value": plain(value), "bytes": body.getvalue().hex()})
    text = json.dumps({"schema": schema, "records": records}, indent=1, ensure_ascii=False)
    target.write_text(text + "\n")
