import java.util.Map;

/**
 * Between marginspec and your engine. Build with `javac *.java`, run with `java Adapter`.
 *
 * <p>Fill in one type of event after another. Amounts are texts: EngineProtocol.units makes whole numbers of them.
 */
public final class Adapter extends EngineProtocol.Engine {
    public static void main(String[] words) throws java.io.IOException {
        EngineProtocol.serve(new Adapter());
    }

    /** What is left out is not asked; leave out less as your engine has more. */
    @Override
    public Map<String, Object> hello() {
        return EngineProtocol.leavingOut(EngineProtocol.about("my engine", "0.1", 2, "batch"), "input_checks", "several_assets");
    }

    /** Make an exchange without markets, accounts and money. */
    @Override
    public void start() {}

    /** Answer EngineProtocol.accepted("liquidated", List.of("alice:USDT")) or EngineProtocol.rejected("UNKNOWN_MARKET"). */
    @Override
    public Map<String, Object> step(EngineProtocol.Event event, String want) {
        switch (event.type) {
            default:
                return EngineProtocol.unsupported(event.type);
        }
    }
}
