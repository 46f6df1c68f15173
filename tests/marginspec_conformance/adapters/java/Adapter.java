import java.util.List;
import java.util.Map;

/** Between marginspec and your engine. Build with `javac *.java`, run with `java Adapter`. */
public final class Adapter implements Marginspec.Engine {
    public static void main(String[] words) throws java.io.IOException {
        Marginspec.serve(new Adapter());
    }

    @Override
    public Map<String, Object> hello() {
        return Marginspec.answer(
            "hello", "protocol", 1, "name", "my engine", "version", "0.1", "language", "Java",
            "rulebook", "2", "level", 2, "capabilities", List.of("batch"));
    }

    @Override
    public Map<String, Object> reset(Map<String, Object> state) {
        // Make an exchange without markets, accounts and money.
        return state == null ? Marginspec.ok() : Marginspec.unsupported("reset_state");
    }

    @Override
    public Map<String, Object> step(Map<String, Object> event, String want) {
        String type = (String) event.get("type");
        switch (type) {
            // Take one type of event after another from docs/rulebook/09-events.md, and answer:
            // Marginspec.answer("result", "liquidated", List.of(), "deleveraged", List.of(), "levied", List.of())
            // or Marginspec.rejected("UNKNOWN_MARKET").
            default:
                return Marginspec.unsupported(type);
        }
    }
}
