import java.util.List;
import java.util.Map;

/**
 * Between marginspec and your engine. Build with `javac *.java`, run with `java Adapter`.
 *
 * <p>Fill in one type of event after another. Amounts are texts: make BigDecimal or BigInteger of them, never double.
 */
public final class Adapter implements EngineProtocol.Engine {
    public static void main(String[] words) throws java.io.IOException {
        EngineProtocol.serve(new Adapter());
    }

    @Override
    public Map<String, Object> hello() {
        return EngineProtocol.answer(
            "hello", "protocol", 1, "name", "my engine", "version", "0.1", "language", "Java",
            "rulebook", "2", "level", 2, "capabilities", List.of("batch"));
    }

    @Override
    public Map<String, Object> reset(Map<String, Object> state) {
        // Make an exchange without markets, accounts and money.
        return state == null ? EngineProtocol.ok() : EngineProtocol.unsupported("reset_state");
    }

    /**
     * Answer EngineProtocol.answer("result", "liquidated", List.of(), "deleveraged", List.of(), "levied", List.of())
     * or EngineProtocol.rejected("UNKNOWN_MARKET").
     */
    @Override
    public Map<String, Object> step(Map<String, Object> event, String want) {
        String type = (String) event.get("type");
        switch (type) {
            default:
                return EngineProtocol.unsupported(type);
        }
    }
}
