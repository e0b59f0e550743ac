import type { BaseUser } from '../../core/users';

/** What token authentication asks of a token: its key and whose it is. A class of your own needs no more. */
export interface TokenRecord<User extends BaseUser = BaseUser> {
  key: string;
  user: User;
}

/** The class of a token; the key under which a store finds the table. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any constructor will do: stores never call it with arguments of their own
export type TokenClass<T extends TokenRecord = TokenRecord> = abstract new (...args: any[]) => T;

/** The port to the table of tokens. */
export interface TokenStore<T extends TokenRecord = TokenRecord> {
  /**
   * The token with this key and its user, by one indexed query.
   * @param model another token class than the store's own
   * @param hashed the form in which the key may rest as well; a key that is found in clear is changed into it, by one
   * step that may be repeated
   */
  find(key: string, model?: TokenClass, hashed?: string): Promise<T | null>;
  /**
   * The user's token, made if there is none; with several callers at once all get the same one.
   * @param key what a new token holds in place of a fresh key
   */
  getOrCreate(user: T['user'], model?: TokenClass, key?: string): Promise<readonly [token: T, created: boolean]>;
  /**
   * A new token in place of the user's old one, which is refused from then on.
   * @param key what it holds in place of a fresh key
   */
  replace(user: T['user'], model?: TokenClass, key?: string): Promise<T>;
}
