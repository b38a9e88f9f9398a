"""Counts and times cryptofeed's own message handlers on recorded frames: one JSON document in, one out."""

import asyncio
import gzip
import json
import logging
import sys
import time
from importlib.metadata import version

from cryptofeed.connection import HTTPSync
from cryptofeed.exchanges import EXCHANGE_MAP

# Its warnings would be timed too, and go where nobody reads them.
logging.disable(logging.CRITICAL)


def instrument_lists(path):
    """The lists of instruments on record, in the order in which the exchange's class asks for them."""
    answers = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("configuration: "):
                configuration = json.loads(line.split(": ", 1)[1])
            elif line.strip():
                answers.append(json.loads(line.split(": ", 1)[1]))
    return configuration, answers


class Socket:
    """Stands for the connection: what a feed sends to it is nobody's."""

    conn_type, uuid, subscription = "wss", "1", {}

    async def write(self, *_, **__):
        pass


async def measure(job):
    configuration, answers = instrument_lists(job["list"])
    HTTPSync.read = lambda *_, **__: answers.pop(0)
    counts = {"trades": 0, "ticker": 0}

    def counting(channel):
        async def count(*_):
            counts[channel] += 1

        return count

    async def passed_over(*_):
        pass

    callbacks = {channel: counting(channel) if channel in counts else passed_over for channel in configuration}
    feed = EXCHANGE_MAP[job["feed"]](candle_closed_only=False, subscription=configuration, callbacks=callbacks)
    if job["passOver"]:
        for handler in ("_book", "_process_l2_book", "_candle", "_candles"):
            if hasattr(feed, handler):
                setattr(feed, handler, passed_over)
    socket = Socket()
    frames = job["frames"]

    async def once():
        for frame in frames:
            await feed.message_handler(frame, socket, 0.0)

    await once()
    first = dict(counts)
    # Processor time: what other processes take of the machine is not the handler's.
    until = time.process_time() + job["warmUpSeconds"]
    while time.process_time() < until:
        await once()
    passes, start = 0, time.process_time()
    while time.process_time() - start < job["seconds"]:
        await once()
        passes += 1
    rate = passes * len(frames) / (time.process_time() - start)
    return {"trades": first["trades"], "quotes": first["ticker"], "framesPerSecond": rate}


job = json.load(sys.stdin)
result = asyncio.run(measure(job))
json.dump({**result, "version": version("cryptofeed"), "python": sys.version.split()[0]}, sys.stdout)
