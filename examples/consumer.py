"""Prints every trade with the volume-weighted price of its symbol so far. pip install confluent-kafka fastavro"""

import io, json, os, struct, sys, urllib.request

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

topic = sys.argv[1] if len(sys.argv) > 1 else "crypto-prices.ticks"
count = float(sys.argv[2]) if len(sys.argv) > 2 else float("inf")
brokers = os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092")
registry = os.environ.get("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081/apis/ccompat/v7")

consumer = Consumer({"bootstrap.servers": brokers, "group.id": "example", "enable.auto.commit": False})
partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
consumer.assign([TopicPartition(topic, one, OFFSET_BEGINNING) for one in partitions])  # in no group
schemas, seen, sums, shown = {}, {}, {}, 0
while shown < count:
    message = consumer.poll(1)
    if message is None or message.error():
        continue
    _, schema_id = struct.unpack_from(">bI", message.value())  # Confluent wire format: 0, schema id, Avro
    if schema_id not in schemas:
        with urllib.request.urlopen(f"{registry}/schemas/ids/{schema_id}") as answer:
            schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
    tick = fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), schemas[schema_id], return_record_name=True)
    session = (message.partition(), tick["exchange"], tick["session"])
    if tick["ordinal"] <= seen.get(session, -1):
        continue  # a repeat: records may come twice, never out of order
    seen[session] = tick["ordinal"]
    kind, payload = tick["payload"]
    if kind != "crosstide.Trade":
        continue
    value, volume = sums.get(tick["symbol"], (0, 0))
    value, volume = value + payload["price"] * payload["size"], volume + payload["size"]
    sums[tick["symbol"]] = (value, volume)
    print(json.dumps({"exchange": tick["exchange"], "symbol": tick["symbol"], "vwap": value / volume}), flush=True)
    shown += 1
