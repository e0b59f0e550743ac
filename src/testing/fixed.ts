import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock';
import type { RandomSource } from '../crypto/random';

/**
 * A clock that stands still until a test moves it.
 *
 * @example
 * const clock = new FixedClock('2026-01-01T12:00:00Z');
 * const settings = defineSettings({ clock });
 * clock.advance(60_000);
 */
export class FixedClock implements Clock {
  #now: number;

  /**
   * @param start a date, its text, or milliseconds since 1970
   * @throws RangeError when it is no time
   */
  constructor(start: Date | string | number = '2026-01-01T00:00:00Z') {
    this.#now = toMilliseconds(start);
  }

  now(): number {
    return this.#now;
  }

  /** @param milliseconds how far; negative values turn the clock back */
  advance(milliseconds: number): void {
    this.#now = toMilliseconds(this.#now + milliseconds);
  }

  /** @throws RangeError when it is no time */
  set(time: Date | string | number): void {
    this.#now = toMilliseconds(time);
  }
}

function toMilliseconds(time: Date | string | number): number {
  const value = new Date(time).getTime();
  if (Number.isNaN(value)) throw new RangeError(`No time: ${String(time)}`);
  return value;
}

/**
 * Bytes that follow from a seed, the same ones in each run. Never for production: whoever knows the seed knows all.
 *
 * @example defineSettings({ random: new FixedRandom('any text') })
 */
export class FixedRandom implements RandomSource {
  readonly #seed: string;
  #blocks = 0;
  #rest = Buffer.alloc(0);

  constructor(seed = 'sallyport') {
    this.#seed = seed;
  }

  bytes(size: number): Buffer {
    while (this.#rest.length < size) {
      const block = createHash('sha256')
        .update(`${String(this.#blocks++)}:${this.#seed}`)
        .digest();
      this.#rest = Buffer.concat([this.#rest, block]);
    }
    const bytes = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return Buffer.from(bytes);
  }
}
