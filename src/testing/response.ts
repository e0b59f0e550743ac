import { parseMediaType } from '../http/media-types';
import { parseSetCookie, type ResponseCookie } from './cookies';
import type { Answer, FactoryRequest } from './exchange';

/** A redirect that was followed: the value of `Location`, and the status that came with it. */
export type Redirect = readonly [location: string, status: number];

/** An answer as a client sees it. */
export class TestResponse implements Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly request: FactoryRequest;
  /** The redirects on the way here, with `follow`. */
  readonly redirectChain: readonly Redirect[];

  constructor(answer: Answer, redirectChain: readonly Redirect[] = []) {
    this.status = answer.status;
    this.statusText = answer.statusText;
    this.headers = answer.headers;
    this.bytes = answer.bytes;
    this.request = answer.request;
    this.redirectChain = redirectChain;
  }

  /** The body as UTF-8 text. */
  get text(): string {
    return this.bytes.toString('utf8');
  }

  /**
   * The parsed body where it is JSON; null for an empty body and for other media types.
   * @throws SyntaxError when the app says that it is JSON and it isn't
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what it holds is what the test is about to assert
  get data(): any {
    if (this.bytes.length === 0 || !isJSON(this.headers.get('content-type') ?? '')) return null;
    return JSON.parse(this.text) as unknown;
  }

  /** The cookies that this answer sets, by name. */
  get cookies(): ReadonlyMap<string, ResponseCookie> {
    const cookies = this.headers.getSetCookie().map(parseSetCookie);
    return new Map(cookies.map((cookie) => [cookie.name, cookie]));
  }
}

/** Whether a content type is `application/json` or another format on its base, such as `application/problem+json`. */
export function isJSON(contentType: string): boolean {
  const { mainType, subType } = parseMediaType(contentType);
  return mainType === 'application' && (subType === 'json' || subType.endsWith('+json'));
}
