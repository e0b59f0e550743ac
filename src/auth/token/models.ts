import type { BaseUser } from '../../core/users';
import { systemRandom } from '../../crypto/random';
import type { RandomSource } from '../../crypto/random';
import type { TokenRecord } from './store';

/** A fresh key: 20 random bytes as 40 hexadecimal digits, as DRF makes them. */
export function generateKey(random: RandomSource = systemRandom): string {
  return random.bytes(20).toString('hex');
}

/** DRF's own token: a row of `authtoken_token`, one for each user. */
export class Token<User extends BaseUser = BaseUser> implements TokenRecord<User> {
  /** Sent by the client with each request. A store fills it where it is empty. */
  key = '';
  created!: Date;
  user!: User;

  static generateKey(random?: RandomSource): string {
    return generateKey(random);
  }

  toString(): string {
    return this.key;
  }
}

/** What a token of your own is made with. */
export interface BaseTokenFields<User extends BaseUser = BaseUser> {
  /** Made at random when none is given. */
  key?: string;
  user: User;
}

/**
 * The base of token classes of your own: the least that token authentication needs, and a mark for tokens that were
 * called back. The mark is looked at only where `isTokenValid` of the authentication class does so.
 */
export abstract class BaseToken<User extends BaseUser = BaseUser> implements TokenRecord<User> {
  key: string;
  user!: User;
  revoked = false;

  // An ORM looks at the initial values of an entity by making one without arguments.
  constructor(fields?: BaseTokenFields<User>) {
    this.key = fields?.key ?? generateKey();
    if (fields !== undefined) this.user = fields.user;
  }

  toString(): string {
    return this.key;
  }
}
