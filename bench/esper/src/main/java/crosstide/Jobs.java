package crosstide;

import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import com.espertech.esper.runtime.client.EPStatement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Jobs of arbitrage.md section 9 on Esper: one thread, objects in memory, time by the events. Prints per job a line of JSON:
 * the matches and the fastest of some runs, then a run that times each event.
 */
public final class Jobs {
    private static final String BY_SYMBOL = "create context BySymbol partition by symbol from Event;\n";

    private static String epl(String job) {
        return switch (job) {
            case "J1" -> BY_SYMBOL + "context BySymbol select price from Event#time(60 sec) "
                + "having count(*) >= 30 and Math.abs(price - avg(price)) > 3 * stddev(price);";
            case "J2" -> pattern("990", "1.0005", "0.9995", 5);
            case "J2H" -> pattern("500", "1.002", "0.998", 60);
            case "J3" -> against("e.bid * 0.9995 > o.ask * 1.0005") + against("o.bid * 0.9995 > e.ask * 1.0005");
            case "J4" -> thousand();
            default -> throw new IllegalArgumentException("no job " + job);
        };
    }

    private static String pattern(String size, String above, String below, int seconds) {
        return "select a.symbol from pattern [every a=Event(size > " + size + ") -> (b=Event(symbol = a.symbol, price > a.price * " + above
            + ") and not Event(symbol = a.symbol, price < a.price * " + below + ")) where timer:within(" + seconds + " sec)];";
    }

    private static String against(String condition) {
        return "select e.symbol from Event as e unidirectional, Event#unique(symbol, exchange) as o "
            + "where e.symbol = o.symbol and e.exchange != o.exchange and " + condition + ";\n";
    }

    private static String thousand() {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 1000; i++)
            all.append("select price from Event(symbol = ").append(i % 100).append(", price > ").append(1_000_000 + 500 * (i / 100))
                .append(", size > 900);\n");
        return all.toString();
    }

    public static void main(String[] arguments) throws Exception {
        int runs = Integer.parseInt(arguments[0]);
        var thread = java.lang.management.ManagementFactory.getThreadMXBean();
        for (String job : Arrays.copyOfRange(arguments, 1, arguments.length)) {
            Event[] events = Event.generate(job.equals("J2H") ? 600_000 : 2_000_000);
            double best = 0, cheapest = 0;
            long matches = 0;
            for (int run = 0; run < runs; run++) {
                Job one = new Job(job);
                long start = System.nanoTime(), cpu = thread.getCurrentThreadCpuTime();
                for (Event event : events) one.send(event);
                best = Math.max(best, events.length / ((System.nanoTime() - start) / 1e9));
                cheapest = Math.max(cheapest, events.length / ((thread.getCurrentThreadCpuTime() - cpu) / 1e9));
                matches = one.close();
            }
            int[] nanos = new int[events.length];
            Job timed = new Job(job);
            for (int i = 0; i < events.length; i++) {
                long start = System.nanoTime();
                timed.send(events[i]);
                nanos[i] = (int) Math.min(Integer.MAX_VALUE, System.nanoTime() - start);
            }
            timed.close();
            Arrays.sort(nanos);
            System.out.printf("{\"job\":\"%s\",\"matches\":%d,\"eventsPerSecond\":%.0f,\"eventsPerCpuSecond\":%.0f,\"p50Nanos\":%d,\"p99Nanos\":%d,\"p999Nanos\":%d,\"rssKib\":%d}%n",
                job, matches, best, cheapest, at(nanos, 0.5), at(nanos, 0.99), at(nanos, 0.999), rssKib());
        }
    }

    private static int at(int[] sorted, double share) {
        return sorted[(int) (sorted.length * share)];
    }

    private static long rssKib() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status")))
            if (line.startsWith("VmRSS:")) return Long.parseLong(line.replaceAll("\\D", ""));
        return 0;
    }

    private static final class Job {
        private final EPRuntime runtime;
        private final long[] matches = new long[1];
        private long ms = -1;

        Job(String job) throws Exception {
            Configuration configuration = new Configuration();
            configuration.getCommon().addEventType("Event", Event.class);
            configuration.getRuntime().getThreading().setInternalTimerEnabled(false);
            runtime = EPRuntimeProvider.getRuntime(job + System.nanoTime(), configuration);
            runtime.getEventService().clockExternal();
            runtime.getEventService().advanceTime(0);
            var compiled = EPCompilerProvider.getCompiler().compile(epl(job), new CompilerArguments(configuration));
            List<EPStatement> statements = new ArrayList<>(List.of(runtime.getDeploymentService().deploy(compiled).getStatements()));
            for (EPStatement statement : statements)
                statement.addListener((made, gone, from, by) -> matches[0] += made == null ? 0 : made.length);
        }

        void send(Event event) {
            if (event.ms != ms) runtime.getEventService().advanceTime(ms = event.ms);
            runtime.getEventService().sendEventBean(event, "Event");
        }

        long close() {
            runtime.destroy();
            return matches[0];
        }
    }
}
