import { inspect } from 'node:util';
import { chain, type Awaitable } from '../../core/policy';
import type { Settings } from '../../core/settings';
import type { BaseUser } from '../../core/users';
import { tokenBackend, type TokenBackend } from './backend';
import { TokenError } from './exceptions';
import type { JSONObject } from './protocol';
import { jwt, type JWTSettings } from './settings';
import { passwordDigest, userIdOf } from './users';

/** The class of a token, as the settings and `decode` take it. */
export interface TokenClass<T extends Token = Token> {
  new (settings: Settings, payload?: Readonly<JSONObject>): T;
  readonly name: string;
  readonly tokenType: string | null;
  lifetime(options: JWTSettings): number | null;
  backend(settings: Settings): TokenBackend;
  decode<C extends Token>(this: TokenClass<C>, settings: Settings, token: string, options?: ReadOptions): Awaitable<C>;
  forUser<C extends Token>(this: TokenClass<C>, settings: Settings, user: BaseUser, options?: IssueOptions): Promise<C>;
}

/** What is asked of the text of a token before its claims are believed. */
export interface ReadOptions {
  /** Whether signature, claims and blacklist are checked. Without it a token proves nothing. @default true */
  readonly verify?: boolean;
  /** Whether the blacklist and the families of refresh tokens are asked too. @default true */
  readonly revocation?: boolean;
}

/** What a token is held against beside its signature and its claims. */
export type VerifyOptions = Pick<ReadOptions, 'revocation'>;

/** Whom tokens are made for. */
export interface IssueOptions {
  /** Makes tokens for inactive users too. @default false */
  readonly allowInactive?: boolean;
}

/** When a token ends: its claim is `from` and `lifetime` together. */
export interface ExpiryOptions {
  /** @default 'exp' */
  readonly claim?: string;
  /** Seconds since 1970. @default when the token object was made */
  readonly from?: number;
  /** Seconds. @default the class's lifetime */
  readonly lifetime?: number;
}

/**
 * A set of claims that can be signed: `new AccessToken(settings)` makes fresh ones, `AccessToken.decode(settings, text)`
 * reads and checks them, and `String(token)` is the signed text.
 *
 * @example
 * const refresh = await RefreshToken.forUser(settings, user);
 * return new Response({ refresh: String(refresh), access: String(refresh.accessToken) });
 */
export abstract class Token {
  /** What stands in the claim `token_type`. */
  static readonly tokenType: string | null = null;

  /** Seconds until a fresh token expires. */
  static lifetime(_options: JWTSettings): number | null {
    return null;
  }

  /** Signs and reads the tokens of this class. Override it for a key of their own. */
  static backend(settings: Settings): TokenBackend {
    return tokenBackend(settings);
  }

  /**
   * The token of a text, checked. It is there at once, unless the blacklist has to be asked, or a key be fetched.
   * @throws TokenError, ExpiredTokenError
   */
  // eslint-disable-next-line max-params -- `this` is none
  static decode<T extends Token>(
    this: TokenClass<T>,
    settings: Settings,
    token: string,
    { verify = true, revocation = true }: ReadOptions = {},
  ): Awaitable<T> {
    const { clock, logger } = settings;
    const decoded = this.backend(settings).decode(token, { now: clock.now() / 1000, verify, logger });
    return chain(decoded, (claims) => {
      const read = new this(settings, claims);
      return verify ? chain(read.verify({ revocation }), () => read) : read;
    });
  }

  /**
   * A fresh token for a user.
   * @throws TokenError for an inactive user
   */
  // eslint-disable-next-line max-params -- `this` is none
  static async forUser<T extends Token>(
    this: TokenClass<T>,
    settings: Settings,
    user: BaseUser,
    { allowInactive = false }: IssueOptions = {},
  ): Promise<T> {
    const options = jwt.of(settings);
    if (!user.isActive && options.checkUserIsActive) {
      if (!allowInactive) throw new TokenError('User is inactive');
      settings.logger.warn?.({ user: user.pk }, 'A token is made for an inactive user.');
    }
    const token = new this(settings);
    token.set(options.userIdClaim, userIdOf(user, options));
    if (options.checkRevokeToken) token.set(options.revokeTokenClaim, passwordDigest(settings, user));
    await token.issued(user);
    return token;
  }

  /** The claims, in the order in which they are written. */
  readonly payload: JSONObject;
  /** When this object was made, in seconds since 1970. */
  readonly currentTime: number;

  /**
   * @param payload claims that are there already; nothing of them is checked
   * @throws TokenError for a class without type or lifetime
   */
  constructor(
    readonly settings: Settings,
    payload?: Readonly<JSONObject>,
  ) {
    const { tokenType } = this.tokenClass;
    if (tokenType === null || this.tokenClass.lifetime(this.options) === null) {
      throw new TokenError('Cannot create token with no type or lifetime');
    }
    this.currentTime = settings.clock.now() / 1000;
    this.payload = { ...payload };
    if (payload !== undefined) return;
    if (this.options.tokenTypeClaim !== null) this.set(this.options.tokenTypeClaim, tokenType);
    this.setExp();
    this.setIat();
    this.setJti();
  }

  /** The options in force. */
  get options(): JWTSettings {
    return jwt.of(this.settings);
  }

  protected get tokenClass(): TokenClass {
    return this.constructor as TokenClass;
  }

  get(claim: string): unknown {
    return Object.hasOwn(this.payload, claim) ? this.payload[claim] : undefined;
  }

  has(claim: string): boolean {
    return Object.hasOwn(this.payload, claim);
  }

  set(claim: string, value: unknown): void {
    this.payload[claim] = value;
  }

  delete(claim: string): boolean {
    return this.has(claim) && delete this.payload[claim];
  }

  /** The signed token. */
  toString(): string {
    return this.tokenClass.backend(this.settings).encode(this.payload, this.settings.clock.now() / 1000);
  }

  [inspect.custom](): string {
    return `${this.constructor.name} ${inspect(this.payload)}`;
  }

  /** Gives the token a number of its own, a UUID of version 4 without dashes. */
  setJti(): void {
    if (this.options.jtiClaim === null) return;
    const bytes = this.settings.random.bytes(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    this.set(this.options.jtiClaim, bytes.toString('hex'));
  }

  setExp({ claim = 'exp', from = this.currentTime, lifetime }: ExpiryOptions = {}): void {
    this.set(claim, Math.floor(from + (lifetime ?? this.tokenClass.lifetime(this.options)!)));
  }

  setIat({ claim = 'iat', at = this.currentTime }: { readonly claim?: string; readonly at?: number } = {}): void {
    this.set(claim, Math.floor(at));
  }

  /**
   * Checks an expiry, with the leeway of the settings.
   * @throws TokenError
   */
  checkExp(claim = 'exp', now = this.currentTime): void {
    if (!this.has(claim)) throw new TokenError(`Token has no '${claim}' claim`);
    const expires = this.get(claim);
    if (typeof expires !== 'number') throw new TokenError('Token is invalid');
    if (expires <= now - (this.options.leeway ?? 0)) throw new TokenError(`Token '${claim}' claim has expired`);
  }

  /**
   * Checks what the signature doesn't say: that there are an expiry and a number, and the type.
   * @throws TokenError
   */
  verify(_options?: VerifyOptions): Awaitable<void> {
    this.checkExp();
    if (this.options.jtiClaim !== null && !this.has(this.options.jtiClaim)) throw new TokenError('Token has no id');
    if (this.options.tokenTypeClaim !== null) this.verifyTokenType(this.options.tokenTypeClaim);
  }

  /** @throws TokenError */
  protected verifyTokenType(claim: string): void {
    if (!this.has(claim)) throw new TokenError('Token has no type');
    if (this.get(claim) !== this.tokenClass.tokenType) throw new TokenError('Token has wrong type');
  }

  /** Runs when a token was made for a user, before claims of your own are added. */
  issued(_user: BaseUser): Awaitable<void> {
    return undefined;
  }
}

/** What views take. Nothing is kept of it, so it is good until it expires. */
export class AccessToken extends Token {
  static override readonly tokenType: string = 'access';

  static override lifetime(options: JWTSettings): number {
    return options.accessTokenLifetime;
  }
}

/** Any token with a good signature that hasn't expired, whatever its type. */
export class UntypedToken extends Token {
  static override readonly tokenType: string = 'untyped';

  static override lifetime(_options: JWTSettings): number {
    return 0;
  }

  protected override verifyTokenType(_claim: string): void {
    // Any type will do.
  }
}
