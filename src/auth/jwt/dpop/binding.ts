import type { Request } from '../../../core/request';
import type { Settings } from '../../../core/settings';
import { TokenError } from '../exceptions';
import type { Token } from '../tokens';
import { boundKeyOf, checkProof, checkUncountedProof, hasProof, isBound, type ProofOptions } from './proofs';
import { dpop } from './settings';

const AT_LOGIN: ProofOptions = { accessToken: null, jkt: null };

/**
 * The thumbprint of the key that the tokens of a log in are to be bound to; null: none. It uses the proof up, and is for
 * those whose credentials were found good.
 * @throws JWTAuthenticationFailed for a proof that is bad, or is missing where all tokens are bound
 */
export async function keyToBind(settings: Settings, request: Request | undefined): Promise<string | null> {
  if (request === undefined || !needsProof(settings, request)) return null;
  const { jkt } = await checkProof(request, AT_LOGIN);
  return jkt;
}

/**
 * Refuses the bad proof of a log in before its credentials cost any time. A good one can still be used.
 * @throws JWTAuthenticationFailed for a proof that is bad, or is missing where all tokens are bound
 */
export function checkLoginProof(settings: Settings, request: Request | undefined): void {
  if (request !== undefined && needsProof(settings, request)) checkUncountedProof(request, AT_LOGIN);
}

function needsProof(settings: Settings, request: Request): boolean {
  return hasProof(request) || dpop.of(settings).binding === 'always';
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
