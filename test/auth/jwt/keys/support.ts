import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { defineSettings, type Logger, type Settings } from 'sallyport';
import { jwt, type JWTSettings, type RemoteKeySetOptions } from 'sallyport/jwt';
import { FixedClock } from 'sallyport/testing';
import { START } from '../support';

export const NOW = START / 1000;

export interface NamedKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey;
}

/** A pair for ES256, with its public half as a JWK. */
export function ecKey(kid: string, members: object = {}): NamedKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, ...members };
  return { kid, privateKey, jwk };
}

/** What a logger was told. */
export class Journal implements Logger {
  readonly lines: { readonly context: object; readonly message: string }[] = [];

  error(context: object, message: string): void {
    this.lines.push({ context, message });
  }
}

/** A server that publishes keys, and counts who asks. */
export class Publisher {
  keys: readonly unknown[] = [];
  asked = 0;
  answer: ((response: ServerResponse, request: IncomingMessage) => void) | null = null;
  readonly #server = createServer((request, response) => {
    this.asked++;
    if (this.answer !== null) this.answer(response, request);
    else response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: this.keys }));
  });

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/jwks.json`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Settings of a service that verifies with the keys of a publisher. */
export interface Verifier {
  readonly settings: Settings;
  readonly clock: FixedClock;
  readonly journal: Journal;
}

export function verifierOf(
  publisher: Publisher,
  limits: Partial<RemoteKeySetOptions> = {},
  options: Partial<JWTSettings> = {},
): Verifier {
  const clock = new FixedClock(START);
  const journal = new Journal();
  const jwkUrl = { url: publisher.url, allowHttp: true, ...limits };
  return {
    clock,
    journal,
    settings: defineSettings({ clock, logger: journal }, jwt({ algorithm: 'ES256', jwkUrl, ...options })),
  };
}
