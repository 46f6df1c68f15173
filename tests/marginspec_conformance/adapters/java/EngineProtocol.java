import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The engine protocol of marginspec, version 1: the loop that hands each request to an engine, and what adapters need. */
public final class EngineProtocol {
    /** What an engine answers; whatever it does not override is unsupported. */
    public abstract static class Engine {
        protected Map<String, Object> header;
        private final Map<String, Event> listed = new TreeMap<>();

        public abstract Map<String, Object> hello();

        public Map<String, Object> configure(Map<String, Object> given) {
            header = given;
            return ok();
        }

        /** Make an exchange without markets, accounts and money. */
        public void start() {}

        /** Begin anew: from nothing, or from a state. */
        public Map<String, Object> reset(Map<String, Object> state) {
            if (state != null) {
                return unsupported("reset_state");
            }
            start();
            return ok();
        }

        /** The answer to one event; `want` says how much a result tells. */
        public Map<String, Object> step(Event event, String want) {
            return unsupported(event.type);
        }

        /** What `restore` needs to bring the exchange back where it is, by copy; asked for before each event. */
        public Object save() {
            return null;
        }

        /** Bring the exchange back to where it was saved; called after each event that is not accepted. */
        public void restore(Object saved) {}

        /** An event with its market's listing, and what amounts of its asset are counted in. */
        private Event complete(Event event) {
            Event unknown = new Event();
            unknown.priceDecimals = 8;
            unknown.quantityDecimals = 8;
            event.listing = listed.getOrDefault(event.market, unknown);
            event.decimals = decimalsOf(header, event.asset.isEmpty() ? event.listing.asset : event.asset);
            return event;
        }

        /** What is not accepted changes nothing. */
        private Map<String, Object> stepped(Event event, String want) {
            Object saved = save();
            Map<String, Object> answered = Map.of();
            try {
                answered = step(complete(event), want);
            } finally {
                if (!"result".equals(answered.get("answer"))) {
                    restore(saved);
                } else if (event.type.equals("list_market")) {
                    listed.put(event.market, event);
                }
            }
            return answered;
        }

        public Map<String, Object> state() {
            return unsupported("state");
        }

        public Map<String, Object> calc(Map<String, Object> question) {
            return unsupported("calc");
        }
    }

    /** The engine has nothing for what is asked; thrown anywhere, it is the answer. */
    public static final class Unsupported extends RuntimeException {
        public Unsupported(String capability) {
            super(capability);
        }
    }

    /** A row of a market's table. */
    public static final class Tier {
        public String floor;
        public String maintenanceRate;
        public long maxLeverage;
    }

    /** The fields of all events; amounts are texts, and what an event does not have is empty. */
    public static final class Event {
        public String type = "", market = "", asset = "", account = "", buyer = "", seller = "", taker = "";
        public String counterparty = "", side = "", order = "", mode = "", amount = "", price = "", quantity = "";
        public String rate = "", tick = "", takerFee = "", makerFee = "", insuranceFeeShare = "", clearanceFee = "";
        public String priceBand = "", fillBand = "", fundingCap = "", positionLimit = "", positionSide = "";
        public String buyerSide = "", sellerSide = "", counterpartySide = "", buyerOrder = "", sellerOrder = "";
        public String buyerFee = "", sellerFee = "", counterpartyFee = "";
        public long leverage, priceDecimals, quantityDecimals;
        public boolean reduceOnly;
        public List<Tier> tiers = new ArrayList<>();
        /** The listing of the event's market. */
        public Event listing;
        private int decimals;

        /** An amount counted in quanta of the event's asset, or of its market's; Unsupported if it is finer. */
        public long money(String text) {
            return units(text, decimals);
        }

        /** The taker and the maker of a trade. */
        public String[] parties() {
            return taker.equals("buyer") ? new String[] {buyer, seller} : new String[] {seller, buyer};
        }

        /**
         * The rows of a listing or of new tiers (MKT-02), the ceiling of the last the most that a long holds; Unsupported
         * if a deduction is no whole number of quanta.
         */
        public List<Bracket> brackets() {
            List<Bracket> rows = new ArrayList<>();
            BigDecimal deduction = BigDecimal.ZERO;
            BigDecimal rate = BigDecimal.ZERO;
            for (Tier tier : tiers) {
                BigDecimal before = rate;
                rate = new BigDecimal(tier.maintenanceRate);
                deduction = deduction.add(new BigDecimal(tier.floor).multiply(rate.subtract(before)));
                if (deduction.movePointRight(decimals).stripTrailingZeros().scale() > 0) {
                    throw new Unsupported("finer deductions");
                }
                Bracket row = new Bracket();
                row.floor = money(tier.floor);
                row.ceiling = Long.MAX_VALUE;
                row.rate = units(tier.maintenanceRate, 8);
                row.deduction = money(deduction.toPlainString());
                row.maxLeverage = tier.maxLeverage;
                if (!rows.isEmpty()) {
                    rows.get(rows.size() - 1).ceiling = row.floor;
                }
                rows.add(row);
            }
            return rows;
        }
    }

    /** A row of a market's table as venues have it; all but `rate`, which is in 10^-8, counts quanta. */
    public static final class Bracket {
        public long floor, ceiling, rate, deduction, maxLeverage;
    }

    private static Event event(Map<String, Object> given) {
        Event made = new Event();
        fill(made, given);
        return made;
    }

    /** Fills the fields of an object, which are named as in JSON but for the case. */
    private static void fill(Object made, Map<String, Object> given) {
        for (Map.Entry<String, Object> entry : given.entrySet()) {
            Object value = entry.getValue();
            if (entry.getKey().equals("tiers")) {
                for (Object row : (List<?>) value) {
                    Tier tier = new Tier();
                    fill(tier, object(row));
                    ((Event) made).tiers.add(tier);
                }
                continue;
            }
            StringBuilder name = new StringBuilder();
            for (String word : entry.getKey().split("_")) {
                name.append(name.length() == 0 ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
            }
            try {
                made.getClass().getField(name.toString()).set(made, value);
            } catch (ReflectiveOperationException error) {
                throw new IllegalArgumentException(error);
            }
        }
    }

    /** A decimal text counted in 10^-decimals; Unsupported if it is finer, or beyond 64 bits. */
    public static long units(String text, int decimals) {
        BigDecimal counted = new BigDecimal(text).movePointRight(decimals);
        if (counted.stripTrailingZeros().scale() > 0) {
            throw new Unsupported("finer amounts");
        }
        try {
            return counted.longValueExact();
        } catch (ArithmeticException error) {
            throw new Unsupported("big numbers");
        }
    }

    /** What is counted in 10^-decimals as a decimal text, in its shortest form. */
    public static String decimal(long counted, int decimals) {
        return shortest(BigDecimal.valueOf(counted, decimals).toPlainString());
    }

    /** A decimal text in its shortest form: `1.5` for `1.50`, `0` for `-0.0`. */
    public static String shortest(String text) {
        BigDecimal amount = new BigDecimal(text);
        return amount.signum() == 0 ? "0" : amount.stripTrailingZeros().toPlainString();
    }

    /** The decimals of an asset: those that the header says, else eight. */
    public static int decimalsOf(Map<String, Object> header, String asset) {
        Map<String, Object> given = object(object(header.get("assets")).get(asset));
        return given == null ? 8 : ((Long) given.get("decimals")).intValue();
    }

    /** The leverage of an account that set none: 20, or the first tier's maximum if that is less. */
    public static long defaultLeverage(List<Tier> tiers) {
        return Math.min(20, tiers.get(0).maxLeverage);
    }

    /** The name of a position; its side is BOTH in one-way mode. */
    public static String position(String account, String market, String side) {
        return account + ":" + market + ":" + side;
    }

    /** The name of a margin domain: of an account if it is cross, of a position if it is isolated. */
    public static String domain(String owner, String asset) {
        return owner + ":" + asset;
    }

    /** Margin domains in the order in which they are liquidated: by account, asset, market and side, cross first. */
    public static List<String> inOrder(List<String> domains) {
        List<String> sorted = new ArrayList<>(domains);
        sorted.sort(Comparator.comparing(name -> {
            List<String> parts = new ArrayList<>(List.of(name.split(":")));
            parts.add(1, parts.remove(parts.size() - 1));
            return String.join("\0", parts);
        }));
        return sorted;
    }

    /** Names as whole numbers from 1 on, for engines that name nothing. */
    public static final class Numbers {
        private final Map<String, Integer> numbers = new TreeMap<>();
        private final List<String> names = new ArrayList<>();

        /** The number of a name, a new one if it has none. */
        public int of(String name) {
            return numbers.computeIfAbsent(name, added -> {
                names.add(added);
                return names.size();
            });
        }

        public String name(int number) {
            return names.get(number - 1);
        }
    }

    /** An engine's balances from event to event, and the money that came from outside. */
    public static final class Books {
        private static final Map<String, Integer> OUTSIDE =
            Map.of("deposit", -1, "fund_insurance", -1, "withdraw", 1, "withdraw_house", 1);
        private final Map<String, BigDecimal> outside = new TreeMap<>();
        private final Map<String, Map<String, String>> before = new TreeMap<>();

        /** What an accepted event changed; all balances after it, by name, are given, but for `external`. */
        public Map<String, Object> changes(
            Event event, Map<String, String> ledger, Map<String, String> positions, Map<String, String> claims) {
            if (OUTSIDE.containsKey(event.type)) {
                BigDecimal way = BigDecimal.valueOf(OUTSIDE.get(event.type));
                outside.merge(event.asset, way.multiply(new BigDecimal(event.amount)), BigDecimal::add);
            }
            Map<String, String> all = new TreeMap<>(ledger);
            outside.forEach((asset, amount) -> all.put("external:" + asset, amount.toPlainString()));
            Map<String, Object> changed = new LinkedHashMap<>();
            changed.put("ledger", differing("ledger", all));
            changed.put("positions", differing("positions", positions));
            changed.put("claims", differing("claims", claims));
            return changed;
        }

        private Map<String, Object> differing(String kind, Map<String, String> given) {
            Map<String, String> was = before.getOrDefault(kind, Map.of());
            Map<String, String> after = new TreeMap<>();
            was.keySet().forEach(name -> after.put(name, "0"));
            given.forEach((name, text) -> after.put(name, shortest(text)));
            Map<String, Object> found = new TreeMap<>(after);
            found.entrySet().removeIf(one -> one.getValue().equals(was.getOrDefault(one.getKey(), "0")));
            before.put(kind, after);
            return found;
        }
    }

    /** What an engine says of itself. */
    public static Map<String, Object> about(String name, String version, int level, String... capabilities) {
        return answer("hello", "protocol", 1, "name", name, "version", version, "language", "Java",
            "rulebook", "2", "level", level, "capabilities", List.of(capabilities));
    }

    /** The same, with the clauses that the engine does not follow. */
    public static Map<String, Object> leavingOut(Map<String, Object> hello, String... clauses) {
        hello.put("left_out", List.of(clauses));
        return hello;
    }

    /** Nobody is liquidated, deleveraged or levied but whom the fields name. */
    public static Map<String, Object> accepted(Object... fields) {
        Map<String, Object> made =
            answer("result", "liquidated", List.of(), "deleveraged", List.of(), "levied", List.of());
        made.putAll(answer("result", fields));
        return made;
    }

    public static Map<String, Object> answer(String kind, Object... fields) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("answer", kind);
        for (int at = 0; at < fields.length; at += 2) {
            made.put((String) fields[at], fields[at + 1]);
        }
        return made;
    }

    public static Map<String, Object> ok() {
        return answer("ok");
    }

    /** For one of the rulebook's reasons; an unknown one is never the right one. */
    public static Map<String, Object> rejected(String reason) {
        return answer("rejected", "reason", reason == null ? "NO_REASON_OF_THE_RULEBOOK" : reason);
    }

    public static Map<String, Object> unsupported(String capability) {
        return answer("unsupported", "capability", capability);
    }

    /** Answer requests until `stop`. What the engine prints goes to standard error: only answers may stand on the other. */
    public static void serve(Engine engine) throws IOException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream output = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, "UTF-8");
        System.setOut(System.err);
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            Map<String, Object> request = object(new Reader(line).value());
            Map<String, Object> answered = new LinkedHashMap<>();
            answered.put("id", request.get("id"));
            answered.putAll(answerTo(engine, request));
            StringBuilder text = new StringBuilder();
            write(answered, text);
            output.append(text).append('\n').flush();
            if ("stop".equals(request.get("do"))) {
                return;
            }
        }
    }

    private static Map<String, Object> answerTo(Engine engine, Map<String, Object> request) {
        try {
            String want = (String) request.get("want");
            switch ((String) request.get("do")) {
                case "hello":
                    return engine.hello();
                case "configure":
                    return engine.configure(object(request.get("header")));
                case "reset":
                    engine.listed.clear();
                    return engine.reset(object(request.get("state")));
                case "step":
                    return engine.stepped(event(object(request.get("event"))), want);
                case "batch":
                    List<Object> answers = new ArrayList<>();
                    for (Object event : (List<?>) request.get("events")) {
                        answers.add(answerTo(engine, Map.of("do", "step", "event", event, "want", want)));
                    }
                    return answer("batch", "answers", answers);
                case "state":
                    return engine.state();
                case "calc":
                    return engine.calc(object(request.get("question")));
                case "stop":
                    return ok();
                default:
                    return unsupported((String) request.get("do"));
            }
        } catch (Unsupported lacking) {
            return unsupported(lacking.getMessage());
        } catch (RuntimeException error) {
            error.printStackTrace();
            return answer("errored", "message", error.toString());
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    /** JSON text of maps, lists, texts, whole numbers, truth values and null. */
    static void write(Object value, StringBuilder out) {
        if (value instanceof Map) {
            String between = "{";
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(between);
                write(entry.getKey(), out);
                out.append(':');
                write(entry.getValue(), out);
                between = ",";
            }
            out.append(between.equals("{") ? "{}" : "}");
        } else if (value instanceof List) {
            String between = "[";
            for (Object member : (List<?>) value) {
                out.append(between);
                write(member, out);
                between = ",";
            }
            out.append(between.equals("[") ? "[]" : "]");
        } else if (value instanceof String) {
            out.append('"');
            for (char one : ((String) value).toCharArray()) {
                if (one == '"' || one == '\\') {
                    out.append('\\').append(one);
                } else if (one < ' ') {
                    out.append(String.format("\\u%04x", (int) one));
                } else {
                    out.append(one);
                }
            }
            out.append('"');
        } else {
            out.append(value);
        }
    }

    /** A reader of JSON; numbers are whole, since every amount is a text. */
    private static final class Reader {
        private final String text;
        private int at;

        Reader(String text) {
            this.text = text;
        }

        Object value() {
            switch (next()) {
                case '{':
                    return map();
                case '[':
                    return list();
                case '"':
                    return string();
                case 't':
                    at += 4;
                    return Boolean.TRUE;
                case 'f':
                    at += 5;
                    return Boolean.FALSE;
                case 'n':
                    at += 4;
                    return null;
                default:
                    int start = at;
                    while (at < text.length() && "-0123456789".indexOf(text.charAt(at)) >= 0) {
                        at++;
                    }
                    return Long.parseLong(text.substring(start, at));
            }
        }

        private char next() {
            while (Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            return text.charAt(at);
        }

        /** Whether another member follows; passes the comma, or the end. */
        private boolean more(char end) {
            char found = next();
            at++;
            return found != end && (found == ',' || fail());
        }

        private boolean fail() {
            throw new IllegalArgumentException("no JSON at character " + at);
        }

        private Map<String, Object> map() {
            Map<String, Object> made = new LinkedHashMap<>();
            at++;
            if (next() == '}') {
                at++;
                return made;
            }
            do {
                next();
                String key = string();
                if (next() != ':') {
                    fail();
                }
                at++;
                made.put(key, value());
            } while (more('}'));
            return made;
        }

        private List<Object> list() {
            List<Object> made = new ArrayList<>();
            at++;
            if (next() == ']') {
                at++;
                return made;
            }
            do {
                made.add(value());
            } while (more(']'));
            return made;
        }

        private String string() {
            StringBuilder made = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                if (text.charAt(at) != '\\') {
                    made.append(text.charAt(at));
                    continue;
                }
                at++;
                int escape = "bfnrt".indexOf(text.charAt(at));
                if (text.charAt(at) == 'u') {
                    made.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    made.append(escape < 0 ? text.charAt(at) : "\b\f\n\r\t".charAt(escape));
                }
            }
            at++;
            return made.toString();
        }
    }

    private EngineProtocol() {}
}
