import { systemClock, type Clock } from '../core/clock';

/** A cookie as an answer sets it. */
export interface ResponseCookie {
  readonly name: string;
  readonly value: string;
  /** Names in small letters: `path`, `max-age`, `samesite`; those without a value, such as `httponly`, have ''. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** Reads a `Set-Cookie` line as browsers do (RFC 6265, 5.2). */
export function parseSetCookie(line: string): ResponseCookie {
  const [[name, value], ...attributes] = line.split(';').map(splitPair) as [Pair, ...Pair[]];
  return { name, value, attributes: new Map(attributes.map(([key, text]) => [key.toLowerCase(), text])) };
}

type Pair = readonly [name: string, value: string];

function splitPair(text: string): Pair {
  const eq = text.indexOf('=');
  return eq < 0 ? [text.trim(), ''] : [text.slice(0, eq).trim(), text.slice(eq + 1).trim()];
}

interface Entry {
  readonly value: string;
  /** Milliseconds since 1970; infinite for the cookies of a browser session. */
  readonly expires: number;
}

/**
 * The cookies of a client. All of them go out with every request, as with Django's test client: domain, path and
 * `Secure` are not looked at. Expired ones are dropped.
 */
export class CookieJar {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  get(name: string): string | undefined {
    return this.#alive().get(name)?.value;
  }

  set(name: string, value: string): void {
    this.#entries.set(name, { value, expires: Infinity });
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Takes over what an answer sets. */
  update(cookies: Iterable<ResponseCookie>): void {
    for (const { name, value, attributes } of cookies) {
      this.#entries.set(name, { value, expires: this.#expiryOf(attributes) });
    }
  }

  /** The value of the header `Cookie`; empty when there are none. */
  toString(): string {
    return [...this.#alive()].map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  #alive(): ReadonlyMap<string, Entry> {
    const now = this.#clock.now();
    for (const [name, { expires }] of this.#entries) if (expires <= now) this.#entries.delete(name);
    return this.#entries;
  }

  #expiryOf(attributes: ResponseCookie['attributes']): number {
    const maxAge = attributes.get('max-age') ?? '';
    if (/^-?\d+$/.test(maxAge)) return this.#clock.now() + Number(maxAge) * 1000;
    const date = Date.parse(attributes.get('expires') ?? '');
    return Number.isNaN(date) ? Infinity : date;
  }
}
