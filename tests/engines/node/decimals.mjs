// Numbers (NUM-01, NUM-02): decimal strings to whole units and back, division, shares.

export const RATE = 10n ** 8n;

export const abs = (a) => (a < 0n ? -a : a);
export const min = (a, ...more) => more.reduce((least, b) => (b < least ? b : least), a);
export const max = (a, ...more) => more.reduce((most, b) => (b > most ? b : most), a);

export const decimals = {
  /** a / b towards minus infinity, for b above zero. */
  down(a, b) {
    const quotient = a / b;
    return a < 0n && quotient * b !== a ? quotient - 1n : quotient;
  },

  /** a / b towards plus infinity, for b above zero. */
  up(a, b) {
    const quotient = a / b;
    return a > 0n && quotient * b !== a ? quotient + 1n : quotient;
  },

  /** The units of 10^-digits in a decimal string, or null if it is finer than that. */
  parse(text, digits) {
    const negative = text.startsWith("-");
    const [whole, fraction = ""] = (negative ? text.slice(1) : text).split(".");
    const kept = fraction.replace(/0+$/, "");
    if (kept.length > digits) return null;
    const units = BigInt(whole + kept.padEnd(digits, "0"));
    return negative ? -units : units;
  },

  /** The shortest decimal string of so many units of 10^-digits. */
  format(units, digits) {
    const text = abs(units).toString().padStart(digits + 1, "0");
    const whole = text.slice(0, text.length - digits);
    const fraction = text.slice(text.length - digits).replace(/0+$/, "");
    return (units < 0n ? "-" : "") + whole + (fraction ? `.${fraction}` : "");
  },

  /** `total` shared over weights: floors, then single quanta to the inexact ones in order. */
  share(total, weights) {
    if (total < 0n) return decimals.share(-total, weights).map((part) => -part);
    const sum = weights.reduce((a, b) => a + b, 0n);
    const parts = weights.map((weight) => (total * weight) / sum);
    let left = total - parts.reduce((a, b) => a + b, 0n);
    for (let i = 0; i < parts.length && left > 0n; i += 1) {
      if ((total * weights[i]) % sum === 0n) continue;
      parts[i] += 1n;
      left -= 1n;
    }
    return parts;
  },
};
