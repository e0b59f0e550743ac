import { TimestampSigner } from '../../../crypto/signing';
import type { TimestampSignerOptions } from '../../../crypto/signing';
import { PYTHON_STYLE, writeJSON } from '../../../http/json';

/** What a session holds: values of JSON by name. */
export type SessionData = Map<string, unknown>;

/** Writes and reads the texts of sessions as Django does, so that both may share them. */
export class SessionCodec {
  readonly #signer: TimestampSigner;

  constructor(secrets: Pick<TimestampSignerOptions, 'key' | 'fallbackKeys' | 'clock'>) {
    // The salt is the same for each of Django's engines.
    this.#signer = new TimestampSigner({ ...secrets, salt: 'django.contrib.sessions.SessionStore' });
  }

  encode(data: ReadonlyMap<string, unknown>): string {
    return this.#signer.signObject(data, { compress: true });
  }

  /**
   * The data of a text. How old the signature is doesn't matter: the row says when the session ends.
   * @throws Error of several kinds for a text that was not written with one of the keys
   */
  decode(text: string): SessionData {
    const data = this.#signer.unsignObject(text);
    if (data === null || typeof data !== 'object' || Array.isArray(data)) throw new TypeError('not a mapping');
    return new Map(Object.entries(data));
  }
}

/** What somebody changed in a session: the new value of a name, or undefined where it was taken out. */
export type SessionChanges = ReadonlyMap<string, unknown>;

/** Compares by what would be written, so that a list that was changed in its place is seen too. */
export function findChanges(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): SessionChanges {
  const changes = new Map<string, unknown>();
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const value = after.get(name);
    const known = before.has(name) && after.has(name);
    if (!known || textOf(value) !== textOf(before.get(name))) changes.set(name, value);
  }
  return changes;
}

const textOf = (value: unknown): string => writeJSON(value, PYTHON_STYLE);

/** The same changes made in what another has written meanwhile. */
export function applyChanges(changes: SessionChanges, data: SessionData): SessionData {
  for (const [name, value] of changes) {
    if (value === undefined) data.delete(name);
    else data.set(name, value);
  }
  return data;
}

/** A time as Python's `isoformat` writes it. */
export function toPythonISO(date: Date): string {
  return date
    .toISOString()
    .replace(/\.(\d{3})Z$/, (_, millis: string) => `${millis === '000' ? '' : `.${millis}000`}+00:00`);
}
