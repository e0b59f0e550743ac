import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { Cancelled } from './errors';

/** Asks whoever sits at the terminal. */
export class Terminal {
  readonly #output: NodeJS.WritableStream;
  readonly #interface: Interface;
  readonly #lines: AsyncIterator<string, undefined>;
  #hidden = false;

  constructor(input: NodeJS.ReadableStream, output: NodeJS.WritableStream) {
    this.#output = output;
    const echo = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (!this.#hidden) output.write(chunk);
        done();
      },
    });
    // Without a history: passwords must not come back with the arrow keys.
    this.#interface = createInterface({ input, output: echo, terminal: true, historySize: 0 });
    this.#interface.on('SIGINT', () => {
      this.#interface.close();
    });
    // The iterator keeps lines that come before they are asked for, as when somebody pastes all answers at once.
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  /** @throws Cancelled */
  async ask(question: string): Promise<string> {
    this.#interface.setPrompt(question);
    this.#interface.prompt();
    return this.#nextLine();
  }

  /**
   * Asks for a secret: what is typed isn't shown.
   * @throws Cancelled
   */
  async askHidden(question: string): Promise<string> {
    this.#output.write(question);
    this.#hidden = true;
    try {
      this.#interface.setPrompt('');
      this.#interface.prompt();
      return await this.#nextLine();
    } finally {
      this.#hidden = false;
      this.#output.write('\n');
    }
  }

  close(): void {
    this.#interface.close();
  }

  async #nextLine(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Cancelled();
    return value;
  }
}
