import type { Request } from '../../../core/request';
import type { Settings } from '../../../core/settings';
import { TokenError } from '../exceptions';
import type { Token } from '../tokens';
import { boundKeyOf, checkProof, hasProof, isBound } from './proofs';
import { dpop } from './settings';

/**
 * The thumbprint of the key that the tokens of a log in are to be bound to; null: none.
 * @throws JWTAuthenticationFailed for a proof that is bad, or is missing where all tokens are bound
 */
export async function keyToBind(settings: Settings, request: Request | undefined): Promise<string | null> {
  if (request === undefined) return null;
  if (!hasProof(request) && dpop.of(settings).binding === 'whenAsked') return null;
  const { jkt } = await checkProof(request, { accessToken: null, jkt: null });
  return jkt;
}

/** Binds a token to a key: from now on nobody can use it without a proof by that key. */
export function bindToken(token: Token, jkt: string): void {
  token.set('cnf', { jkt });
}

/**
 * Checks that whoever comes with a refresh token holds the key that it is bound to, if it is.
 * @throws JWTAuthenticationFailed for a proof that is bad or missing
 * @throws TokenError for a token that is bound in a way that nobody here can check
 */
export async function checkRefreshBinding(token: Token, request: Request | undefined): Promise<void> {
  if (!isBound(token)) return;
  const jkt = boundKeyOf(token);
  if (jkt === null || request === undefined) throw new TokenError('Token is invalid');
  await checkProof(request, { accessToken: null, jkt });
}
