import { namespace } from '../../../core/namespace';
import type { SecretKey } from '../../../crypto/signing';
import type { AlgorithmName } from '../protocol';

/** The options of tokens that are bound to a key of the client (DPoP, RFC 9449). Times are in seconds. */
export interface DPoPSettings {
  /**
   * Which tokens the views bind. `whenAsked`: those of clients that send a proof. `always`: all, and who sends none gets
   * none. @default 'whenAsked'
   */
  readonly binding: 'whenAsked' | 'always';
  /** How proofs may be signed. @default ['ES256', 'EdDSA', 'PS256', 'RS256'] */
  readonly algorithms: readonly AlgorithmName[];
  /** How old a proof may be. @default 60 */
  readonly proofMaxAge: number;
  /** How far the clock of a client may be ahead. @default 5 */
  readonly clockSkew: number;
  /** Proofs must hold a nonce of this server, so that nobody can make them in advance. @default false */
  readonly requireNonce: boolean;
  /** How long a nonce is good. @default 300 */
  readonly nonceLifetime: number;
  /** What nonces are made with; null: the key that signs tokens. @default null */
  readonly nonceSecret: SecretKey | null;
}

/** The options of bound tokens: `defineSettings({ … }, jwt({ … }), dpop({ requireNonce: true }))`. */
export const dpop = namespace<DPoPSettings>('dpop', {
  binding: 'whenAsked',
  algorithms: ['ES256', 'EdDSA', 'PS256', 'RS256'],
  proofMaxAge: 60,
  clockSkew: 5,
  requireNonce: false,
  nonceLifetime: 300,
  nonceSecret: null,
});
