import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The engine protocol of marginspec, version 1: JSON, and the loop that hands each request to an engine. */
public final class EngineProtocol {
    /** What an engine answers; whatever it does not override is unsupported. */
    public interface Engine {
        Map<String, Object> hello();

        default Map<String, Object> configure(Map<String, Object> header) {
            return ok();
        }

        default Map<String, Object> reset(Map<String, Object> state) {
            return state == null ? ok() : unsupported("reset_state");
        }

        /** The answer to one event; `want` says how much a result tells. */
        default Map<String, Object> step(Map<String, Object> event, String want) {
            return unsupported((String) event.get("type"));
        }

        default Map<String, Object> state() {
            return unsupported("state");
        }

        default Map<String, Object> calc(Map<String, Object> question) {
            return unsupported("calc");
        }
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

    public static Map<String, Object> rejected(String reason) {
        return answer("rejected", "reason", reason);
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
                    return engine.reset(object(request.get("state")));
                case "step":
                    return engine.step(object(request.get("event")), want);
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
