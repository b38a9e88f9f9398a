package crosstide;

import java.nio.ByteBuffer;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Job J3 of arbitrage.md section 9 as a Kafka Streams application: exactly_once_v2, one thread, an in-memory store with
 * changelog, commits each 100 ms. Bytes in and out are those of bench/streams/events.ts and bench/streams/wire.ts.
 */
public final class J3 {
  private static final int EXCHANGES = 4;
  private static final double SELL = 0.9995;
  private static final double BUY = 1.0005;

  public static void main(String[] args) {
    String brokers = args[0], application = args[1], input = args[2], output = args[3], folder = args[4];
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");

    Topology topology = new Topology();
    topology.addSource("events", Serdes.String().deserializer(), Serdes.ByteArray().deserializer(), input);
    topology.addProcessor("j3", Matcher::new, "events");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore("quotes"), Serdes.String(), Serdes.ByteArray()), "j3");
    topology.addSink("matches", output, Serdes.String().serializer(), Serdes.ByteArray().serializer(), "j3");

    KafkaStreams streams = new KafkaStreams(topology, settings);
    streams.setStateListener((now, before) -> System.out.println(now));
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  /** The store holds, per symbol, bid and ask of each exchange as doubles; NaN where there is none yet. */
  private static final class Matcher implements Processor<String, byte[], String, byte[]> {
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, byte[]> quotes;

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
      this.context = context;
      this.quotes = context.getStateStore("quotes");
    }

    @Override
    public void process(Record<String, byte[]> record) {
      ByteBuffer event = ByteBuffer.wrap(record.value());
      short symbol = event.getShort(0);
      int exchange = event.get(2);
      double bid = event.getInt(8), ask = event.getInt(12), sentAt = event.getDouble(20);
      byte[] stored = quotes.get(record.key());
      ByteBuffer row = stored == null ? empty() : ByteBuffer.wrap(stored.clone());
      row.putDouble(exchange * 16, bid);
      row.putDouble(exchange * 16 + 8, ask);
      quotes.put(record.key(), row.array());
      for (int other = 0; other < EXCHANGES; other++) {
        if (other == exchange) continue;
        if (bid * SELL > row.getDouble(other * 16 + 8) * BUY) match(record, symbol, exchange, other, sentAt);
        if (row.getDouble(other * 16) * SELL > ask * BUY) match(record, symbol, other, exchange, sentAt);
      }
    }

    private void match(Record<String, byte[]> record, short symbol, int sell, int buy, double sentAt) {
      byte[] value =
          ByteBuffer.allocate(12).putShort(symbol).put((byte) sell).put((byte) buy).putDouble(sentAt).array();
      context.forward(record.withValue(value));
    }

    private static ByteBuffer empty() {
      ByteBuffer row = ByteBuffer.allocate(EXCHANGES * 16);
      for (int i = 0; i < EXCHANGES * 2; i++) row.putDouble(i * 8, Double.NaN);
      return row;
    }
  }
}
