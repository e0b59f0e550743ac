import type { BaseUser } from '../../core/users';

/** The base of key classes of your own: the columns of `rest_framework_api_key`. */
export abstract class AbstractAPIKey {
  /** The prefix and the hash, as they were when the key was made. */
  id!: string;
  /** The part of the key before its dot. */
  prefix!: string;
  /** The hash of the whole key. */
  hashedKey!: string;
  created!: Date;
  /** For people, and not unique. */
  name!: string;
  /** Whether the key was called back, which can't be undone. */
  revoked!: boolean;
  /** When it ends; null: never. */
  expiryDate!: Date | null;
  /** Whose key it is, in a class of your own that maps this to a user. */
  user?: BaseUser | null;

  /** Whether the key has ended. */
  hasExpired(now: Date): boolean {
    // A date that is none is neither earlier nor later, and must not last for ever.
    return this.expiryDate !== null && !(this.expiryDate > now);
  }

  toString(): string {
    return this.name;
  }
}

/** The package's own key: a row of `rest_framework_api_key_apikey`, which belongs to no user. */
export class APIKey extends AbstractAPIKey {}
