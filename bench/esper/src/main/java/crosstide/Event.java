package crosstide;

/** One event of arbitrage.md section 9; Esper reads it by its getters. */
public final class Event {
    private final int symbol, exchange;
    final long ms;
    private final double bid, ask, price, size;

    private Event(int symbol, int exchange, long ms, double bid, double ask, double price, double size) {
        this.symbol = symbol;
        this.exchange = exchange;
        this.ms = ms;
        this.bid = bid;
        this.ask = ask;
        this.price = price;
        this.size = size;
    }

    public int getSymbol() { return symbol; }
    public int getExchange() { return exchange; }
    public double getBid() { return bid; }
    public double getAsk() { return ask; }
    public double getPrice() { return price; }
    public double getSize() { return size; }

    /** The same generator as bench/streams/events.ts. */
    static Event[] generate(int count) {
        long x = 12345;
        long[] mid = new long[100];
        java.util.Arrays.fill(mid, 1_000_000);
        Event[] events = new Event[count];
        for (int i = 0; i < count; i++) {
            x = (x * 1664525 + 1013904223) & 0xffffffffL;
            long r = x >> 1;
            x = (x * 1664525 + 1013904223) & 0xffffffffL;
            long q = x >> 1;
            x = (x * 1664525 + 1013904223) & 0xffffffffL;
            long w = x >> 1;
            int symbol = (int) ((r >> 7) % 100);
            long step = (q >> 5) % 21 - 10;
            if ((w >> 4) % 2000 == 0) step += (w >> 16) % 2 == 0 ? 600 : -600;
            mid[symbol] += step;
            long price = mid[symbol], off = (q >> 13) % 1601 - 800;
            events[i] = new Event(symbol, (int) ((r >> 17) % 4), i / 10, price + off - 100, price + off + 100, price, 1 + (w >> 8) % 1000);
        }
        return events;
    }
}
