import type { BaseUser } from '../../core/users';
import type { AbstractAPIKey } from './models';

/** Who makes a request with a key that belongs to nobody: a machine. It stands for no row of the table of users. */
export class APIKeyUser implements BaseUser {
  constructor(readonly apiKey: AbstractAPIKey) {}

  get isAuthenticated(): true {
    return true;
  }

  get isAnonymous(): false {
    return false;
  }

  get isActive(): true {
    return true;
  }

  get isStaff(): false {
    return false;
  }

  get isSuperuser(): false {
    return false;
  }

  /** No primary key of a user looks like this, so a machine never passes for the owner of a row. */
  get pk(): string {
    return `api-key:${this.apiKey.prefix}`;
  }

  get id(): null {
    return null;
  }

  get username(): '' {
    return '';
  }

  // Nobody grants a machine permissions, so it has none.

  hasPerm(_perm: string, _obj?: unknown): Promise<boolean> {
    return Promise.resolve(false);
  }

  hasPerms(_perms: Iterable<string>, _obj?: unknown): Promise<boolean> {
    return Promise.resolve(false);
  }

  hasModulePerms(_appLabel: string): Promise<boolean> {
    return Promise.resolve(false);
  }

  toString(): string {
    return `API key ${this.apiKey.name}`;
  }
}
