import { BaseAuthentication } from '../../core/authentication';
import { AuthenticationFailed } from '../../core/exceptions';
import { finding, type Finding } from '../../core/findings';
import type { Awaitable } from '../../core/policy';
import type { Request } from '../../core/request';
import type { Settings } from '../../core/settings';
import { readTokenHeader } from '../../core/token-header';
import type { BaseUser } from '../../core/users';
import { constantTimeEqual } from '../../crypto/compare';
import type { AbstractAuthToken, AuthToken } from './models';
import { isRowOf, presentToken } from './protocol';
import { knox, knoxRules, type KnoxRules } from './settings';
import type { KnoxStore } from './store';
import { passwordMark } from './tokens';

/**
 * Knox's token scheme: `Authorization: Token <token>`, with tokens that each client has of its own and that end. On
 * success `request.auth` is the row of the token.
 */
export class TokenAuthentication<
  User extends BaseUser = BaseUser,
  Token extends AbstractAuthToken<User> = AuthToken<User>,
> extends BaseAuthentication<User, Token> {
  /** @throws ImproperlyConfigured without a table of tokens, and for options that can't work */
  static checkSettings(settings: Settings): void {
    knoxRules(settings);
  }

  /** Whether tokens are good for ever, or easy to guess. */
  static check(settings: Settings): Finding[] {
    const options = knox.find(settings);
    return options === null
      ? []
      : [...checkLifetime(options.tokenTtl), ...checkLength(options.authTokenCharacterLength)];
  }

  protected get rules(): KnoxRules {
    return knoxRules(this.settings);
  }

  /** The table that is asked: override it for a class of tokens of its own. */
  protected get store(): KnoxStore<Token> {
    return this.rules.store as KnoxStore<Token>;
  }

  protected now(): Date {
    return new Date(this.settings.clock.now());
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see Authenticator
  authenticate(request: Request<any, any>): Awaitable<readonly [User, Token] | null> {
    const token = readTokenHeader(request, this.rules.authHeaderPrefix);
    return token === null ? null : this.authenticateCredentials(token);
  }

  /** @throws AuthenticationFailed */
  async authenticateCredentials(token: string): Promise<readonly [User, Token]> {
    const presented = presentToken(token, this.rules);
    for (const row of await this.store.find(presented.keys)) {
      if (row.hasExpired(this.now())) await this.cleanupToken(row);
      else if (isRowOf(presented, row.digest)) return this.#admit(row, token);
    }
    throw new AuthenticationFailed('Invalid token.');
  }

  async #admit(row: Token, token: string): Promise<readonly [User, Token]> {
    const pair = this.validateUser(row);
    if (this.#isOfFormerPassword(row, token)) {
      await this.store.delete(row);
      throw new AuthenticationFailed('Invalid token.');
    }
    if (this.rules.autoRefresh) await this.renewToken(row);
    await this.#noteUse(row, token);
    return pair;
  }

  /**
   * The user of a token.
   * @throws AuthenticationFailed for one who is inactive
   */
  validateUser(row: Token): readonly [User, Token] {
    if (!row.user.isActive) throw new AuthenticationFailed('User inactive or deleted.');
    return [row.user, row];
  }

  /** Puts the end of a token off, if it has one. */
  async renewToken(row: Token): Promise<void> {
    const { tokenTtl, autoRefreshMaxTtl, minRefreshInterval } = this.rules;
    if (row.expiry === null || tokenTtl === null) return;
    const wanted = this.settings.clock.now() + tokenTtl * 1000;
    const latest = autoRefreshMaxTtl === null ? Infinity : row.created.getTime() + autoRefreshMaxTtl * 1000;
    const expiry = Math.min(wanted, latest);
    if (expiry - row.expiry.getTime() > minRefreshInterval * 1000) await this.store.renew(row, new Date(expiry));
  }

  /** Removes a token that has ended. */
  protected async cleanupToken(row: Token): Promise<void> {
    if (await this.store.delete(row)) await this.rules.onTokenExpired?.(row.user, 'auth_token');
  }

  #isOfFormerPassword({ user, details }: Token, token: string): boolean {
    const noted = details?.passwordDigest ?? null;
    if (!this.rules.endOnPasswordChange || noted === null) return false;
    return !constantTimeEqual(passwordMark(token, user) ?? '', noted);
  }

  async #noteUse(row: Token, token: string): Promise<void> {
    const at = this.#isUseDue(row) ? this.now() : null;
    const isUnmarked = this.rules.endOnPasswordChange && (row.details?.passwordDigest ?? null) === null;
    if (at === null && !isUnmarked) return;
    await this.store.noteUse(row, { at, passwordDigest: isUnmarked ? passwordMark(token, row.user) : null });
  }

  #isUseDue({ lastUsedAt }: Token): boolean {
    const { lastUseInterval } = this.rules;
    if (lastUseInterval === null) return false;
    return lastUsedAt === null || this.settings.clock.now() - lastUsedAt.getTime() >= lastUseInterval * 1000;
  }

  override authenticateHeader(): string {
    return this.rules.authHeaderPrefix;
  }
}

function checkLifetime(tokenTtl: number | null): Finding[] {
  if (tokenTtl !== null) return [];
  return [
    finding('sallyport.W020', 'the setting knox.tokenTtl', {
      message: 'Tokens never end, so one that was stolen is good until somebody notices.',
      hint: 'Let them end, and those that are used live on: knox({ tokenTtl: 30 * 86_400, autoRefresh: true }).',
    }),
  ];
}

/** 128 bits; the half of what knox makes. */
const SHORTEST_TOKEN = 32;

function checkLength(length: number): Finding[] {
  if (length >= SHORTEST_TOKEN) return [];
  return [
    finding('sallyport.W010', 'the setting knox.authTokenCharacterLength', {
      message: `A token of ${String(length)} hexadecimal digits can be guessed.`,
      hint: 'Leave the setting out to have 64 of them.',
    }),
  ];
}
