import { finding, type Finding } from '../../../core/findings';
import { isInMemory } from '../../../core/in-memory';
import type { Request } from '../../../core/request';
import type { Settings } from '../../../core/settings';
import type { BaseUser } from '../../../core/users';
import { splitOnAsciiWhitespace } from '../../../http/headers';
import { JWTAuthentication, JWTStatelessUserAuthentication } from '../authentication';
import { checkSecret } from '../checks';
import { InvalidToken, JWTAuthenticationFailed } from '../exceptions';
import type { Token } from '../tokens';
import { createNonce } from './nonce';
import { boundKeyOf, checkProof, proofChallenge } from './proofs';
import { dpop } from './settings';

/**
 * A token that is bound to a key of its client: `Authorization: DPoP <token>`, with a proof by that key in the header `DPoP`
 * (RFC 9449). Whoever steals the token can't use it. Beside `JWTAuthentication` in a list, it serves the bound tokens, and
 * the other those that are not.
 */
export class DPoPAuthentication<User extends BaseUser = BaseUser> extends JWTAuthentication<User> {
  /** @throws ImproperlyConfigured for options that can't work */
  static override checkSettings(settings: Settings): void {
    super.checkSettings(settings);
    checkNonces(settings);
  }

  /** Secrets that are easy to guess, and a cache in which each process finds its own proofs alone. */
  static override check(settings: Settings): Finding[] {
    const found = [
      ...super.check(settings),
      ...checkSecret('dpop.nonceSecret', dpop.of(settings).nonceSecret, 'HS256'),
    ];
    if (!isInMemory(settings.cache)) return found;
    return [
      ...found,
      finding('sallyport.W016', 'the setting cache', {
        message: 'A proof that was sent to one process counts at each of the others once more.',
        hint: 'Use a cache that all processes share: redisCache(client), or cacheStore(orm).',
      }),
    ];
  }

  override authenticateHeader(request: Request): string {
    return proofChallenge(request);
  }

  override getRawToken(header: string): string | null {
    const parts = splitOnAsciiWhitespace(header);
    if (parts[0]?.toLowerCase() !== 'dpop') return null;
    if (parts.length === 2) return parts[1]!;
    throw new JWTAuthenticationFailed(
      'Authorization header must contain two space-delimited values',
      'bad_authorization_header',
    );
  }

  /** @throws InvalidToken for a token that is bound to no key; JWTAuthenticationFailed for a bad proof */
  protected override async checkBinding(token: Token, accessToken: string, request: Request): Promise<void> {
    const jkt = boundKeyOf(token);
    if (jkt === null) throw new InvalidToken('Token is not bound to a key');
    await checkProof(request, { accessToken, jkt });
  }
}

/** The same without a look at the user table: whatever a bound token says is believed until it expires. */
export class DPoPStatelessUserAuthentication extends DPoPAuthentication {
  /** @throws ImproperlyConfigured for options that can't work */
  static override checkSettings(settings: Settings): void {
    JWTStatelessUserAuthentication.checkSettings(settings);
    checkNonces(settings);
  }

  override getUser(token: Token): BaseUser {
    return this.getTokenUser(token);
  }
}

function checkNonces(settings: Settings): void {
  if (dpop.of(settings).requireNonce) createNonce(settings);
}
