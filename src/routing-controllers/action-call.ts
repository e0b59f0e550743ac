import { sendAnswer, sendHead, type Send } from '../core/handler';
import type { HostRequest, HostResponse, Next } from '../core/host';
import type { Request } from '../core/request';
import { Response } from '../core/response';
import { QueryDict } from '../http/query';

/** What a guarded method's view answers where routing-controllers writes the answer. */
class HandedOver extends Response {}

const CALL: unique symbol = Symbol.for('sallyport.routingControllers.call') as never;
type CalledRequest = HostRequest & { [CALL]?: ActionCall };

/** What Express calls a middleware with. */
export interface Exchange {
  readonly raw: HostRequest;
  readonly response: HostResponse;
  readonly next: Next;
}

/** What routing-controllers made of the request: the call of the method; null when it never came to that. */
type Invocation = (() => unknown) | null;

/**
 * One request to a guarded method. The cycle of the view runs first; in the middle, where the handler stands, the
 * request goes on through routing-controllers to the method and comes back with its result; what is around the cycle (a
 * transaction, the saving of the session) is done when routing-controllers writes the answer.
 */
export class ActionCall {
  readonly #next: Next;
  readonly #invoked: Promise<Invocation>;
  #invoke!: (invocation: Invocation) => void;
  #result: unknown;
  /** Where routing-controllers waits for the method. */
  #waiting: { resolve(result: unknown): void; reject(error: unknown): void } | undefined;

  /** @param owner what the call is for: no other method may take it for its own */
  constructor(
    { raw, response, next }: Exchange,
    readonly owner: object,
  ) {
    (raw as CalledRequest)[CALL] = this;
    this.#next = next;
    this.#invoked = new Promise((resolve) => {
      this.#invoke = resolve;
    });
    // Routing-controllers may answer without the method: to a parameter that is missing, or a body that is malformed.
    response.once('close', () => {
      this.#invoke(null);
    });
  }

  static of(raw: HostRequest | undefined): ActionCall | undefined {
    return (raw as CalledRequest | undefined)?.[CALL];
  }

  /** The handler of the view: lets routing-controllers go on, and calls the method when that says with what. */
  async answer(): Promise<Response> {
    this.#next();
    const invocation = await this.#invoked;
    if (invocation === null) return new HandedOver(null, { exception: true });
    this.#result = await invocation();
    return new HandedOver();
  }

  /** What routing-controllers calls in place of the method. The promise stays open where the view has answered. */
  invoke(method: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#invoke(method);
    });
  }

  /** Gives the method's result to routing-controllers. */
  resume(): void {
    this.#waiting?.resolve(this.#result);
  }

  /** Gives an error that no view answers to whoever waits: routing-controllers, if it has come to the method. */
  fail(error: unknown): void {
    if (this.#waiting === undefined) this.#next(error);
    else this.#waiting.reject(error);
  }
}

/** Sends the answers of guarded methods' views. */
export const sendFromAction: Send = async (raw, response, answer) => {
  if (answer instanceof HandedOver) {
    await sendHead(raw, response, answer);
    ActionCall.of(raw)?.resume();
  } else await sendAnswer(raw, response, answer);
};

/**
 * Gives what the view's parsers have read to routing-controllers, for `@Body`.
 * @throws ParseError, UnsupportedMediaType, RequestEntityTooLarge
 */
export function handOverBody(request: Request): void {
  const raw = request.raw as { body?: unknown; _body?: boolean };
  raw.body = request.data instanceof QueryDict ? toPlain(request.data as QueryDict<unknown>) : request.data;
  raw._body = true; // the mark of the parsers of Express for a body that was read
}

/** A form as the parsers of Express give it: a list where a name comes several times. */
function toPlain(form: QueryDict<unknown>): Record<string, unknown> {
  return Object.fromEntries(
    [...form.lists()].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}
