import type { BaseUser } from '../../core/users';
import type { Token } from './tokens';

/** A class of users that are known from a token alone, for the option `tokenUserClass`. */
export type TokenUserClass = new (token: Token) => BaseUser;

/** A user that is known from a token alone: no table is asked, and there may be no row. */
export class TokenUser implements BaseUser {
  constructor(readonly token: Token) {}

  get isAuthenticated(): true {
    return true;
  }

  get isAnonymous(): false {
    return false;
  }

  get isActive(): boolean {
    return true;
  }

  get id(): unknown {
    return this.token.get(this.token.options.userIdClaim);
  }

  get pk(): unknown {
    return this.id;
  }

  /** The claim `username`; empty where there is none. */
  get username(): string {
    const name = this.token.get('username');
    return typeof name === 'string' ? name : '';
  }

  /** The claim `is_staff`. */
  get isStaff(): boolean {
    return this.token.get('is_staff') === true;
  }

  /** The claim `is_superuser`. */
  get isSuperuser(): boolean {
    return this.token.get('is_superuser') === true;
  }

  get groups(): readonly [] {
    return [];
  }

  get userPermissions(): readonly [] {
    return [];
  }

  /** Any claim; null where there is none. */
  get(claim: string): unknown {
    return this.token.get(claim) ?? null;
  }

  getUsername(): string {
    return this.username;
  }

  equals(other: unknown): boolean {
    return other instanceof TokenUser && other.id === this.id;
  }

  // Tokens name no permissions, so the holder has none.

  async hasPerm(_perm: string, _obj?: unknown): Promise<boolean> {
    return false;
  }

  async hasPerms(_perms: Iterable<string>, _obj?: unknown): Promise<boolean> {
    return false;
  }

  async hasModulePerms(_appLabel: string): Promise<boolean> {
    return false;
  }

  save(): never {
    throw notInDatabase();
  }

  delete(): never {
    throw notInDatabase();
  }

  setPassword(_raw: string): never {
    throw notInDatabase();
  }

  checkPassword(_raw: string): never {
    throw notInDatabase();
  }

  toString(): string {
    return `TokenUser ${String(this.id)}`;
  }
}

function notInDatabase(): Error {
  return new Error('Token users have no DB representation');
}
