import type { Logger } from '../../../core/logger';
import type { Awaitable } from '../../../core/policy';
import type { JSONObject, Verifier } from '../protocol';

/** When keys are asked for, and who hears of what goes wrong. */
export interface Occasion {
  /** Seconds since 1970. */
  readonly now: number;
  readonly logger: Logger;
}

/** Where the keys come from that tokens are checked with. */
export interface KeySource {
  /** The keys that may have signed a token with this header; none where nobody knows one. It never rejects. */
  find(header: JSONObject, occasion: Occasion): Awaitable<readonly Verifier[]>;
}
