/**
 * Made-up inputs that are the same in every run: what a seed has found once, it finds again.
 */
export class Generator {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to `limit`, without it (the generator mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Up to `most` of what `make` makes. */
  list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }

  /** A text of the characters that a header may hold. */
  text(most: number): string {
    return this.list(most, () => String.fromCharCode(0x20 + this.below(0xe0)).replace('\x7f', '~')).join('');
  }

  /** Pieces of a grammar, whole or broken, and noise between them. */
  soup(pieces: readonly string[], most = 8, noise = 3): string {
    return this.list(most, () => (this.below(5) === 0 ? this.text(noise) : this.pick(pieces))).join('');
  }

  /** The text with a few characters dropped, doubled or replaced. */
  mutate(text: string, times = 1 + this.below(3)): string {
    let mutated = text;
    for (let i = 0; i < times; i++) {
      const at = this.below(mutated.length + 1);
      const tail = mutated.slice(at + this.below(2));
      mutated = mutated.slice(0, at) + this.pick(['', this.text(1), mutated.slice(at, at + 1).repeat(2)]) + tail;
    }
    return mutated;
  }
}
