import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A bank by means of the kit: it keeps wallets, and calls a mark a liquidation. */
public final class Adapter extends EngineProtocol.Engine {
    private Map<String, Long> cash;
    private long leverage;
    private EngineProtocol.Books books;
    private EngineProtocol.Numbers numbers;
    private List<EngineProtocol.Bracket> rows;

    public static void main(String[] words) throws java.io.IOException {
        EngineProtocol.serve(new Adapter());
    }

    @Override
    public Map<String, Object> hello() {
        return EngineProtocol.leavingOut(EngineProtocol.about("bank", "1", 4, "batch"), "ADL-02", "ADL-06");
    }

    @Override
    public void start() {
        cash = new TreeMap<>();
        leverage = 0;
        books = new EngineProtocol.Books();
        numbers = new EngineProtocol.Numbers();
    }

    @Override
    public Object save() {
        return new TreeMap<>(cash);
    }

    @Override
    @SuppressWarnings("unchecked")
    public void restore(Object saved) {
        cash = (Map<String, Long>) saved;
    }

    @Override
    public Map<String, Object> step(EngineProtocol.Event event, String want) {
        List<String> liquidated = List.of();
        Map<String, String> ledger = new TreeMap<>(), quantities = new TreeMap<>();
        int decimals = EngineProtocol.decimalsOf(header, "USD");
        String wallet = "wallet:" + event.account + ":" + event.asset;
        String held = EngineProtocol.position("alice", event.market, "BOTH");
        switch (event.type) {
            case "list_market":
                leverage = EngineProtocol.defaultLeverage(event.tiers);
                rows = event.brackets();
                break;
            case "deposit":
                cash.merge(wallet, EngineProtocol.units(event.amount, decimals), Long::sum);
                break;
            case "withdraw":
                long amount = EngineProtocol.units(event.amount, decimals);
                if (cash.getOrDefault(wallet, 0L) < amount) {
                    return EngineProtocol.rejected("INSUFFICIENT_BALANCE");
                }
                cash.merge(wallet, -amount, Long::sum);
                break;
            case "mark_price":
                liquidated = EngineProtocol.inOrder(
                    List.of(EngineProtocol.domain(held, "USD"), "alice:USD", "alice:A.B:BOTH:EUR", "alice:A:BOTH:EUR", "al:USD"));
                quantities.put(held, EngineProtocol.decimal(-leverage, 1));
                break;
            case "trade":
                String[] parties = event.parties();
                cash.merge("wallet:" + parties[0] + ":USD", event.money(event.price), Long::sum);
                if (event.price.equals("13")) {
                    return EngineProtocol.rejected(null);
                }
                long quantity = rows.get(rows.size() - 1).deduction + numbers.of(parties[1]);
                String bought = EngineProtocol.position(parties[0], event.market, "BOTH");
                quantities.put(bought, EngineProtocol.decimal(quantity, (int) event.listing.quantityDecimals));
                liquidated = List.of(EngineProtocol.domain(numbers.name(1), "USD"));
                break;
            default:
                return EngineProtocol.unsupported(event.type);
        }
        cash.forEach((name, money) -> ledger.put(name, EngineProtocol.decimal(money, decimals)));
        Object changes = books.changes(event, ledger, quantities, Map.of());
        return EngineProtocol.accepted("liquidated", liquidated, "changes", changes);
    }
}
