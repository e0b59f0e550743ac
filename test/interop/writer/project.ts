import { randomBytes } from 'node:crypto';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Settings, User } from 'sallyport';
import { userStore, type MikroOrmUserStore } from 'sallyport/mikro-orm';
import { FixedClock } from 'sallyport/testing';
import { settingsOf } from '../app/settings';
import { hashers } from '../hashers';

export const PASSWORD = 'correct horse battery';

/** The database that is written to. Whatever is in it already stays as it is. */
export class Project {
  readonly settings: Settings;
  readonly users: MikroOrmUserStore;
  /** In the names of all that is made, so that the program can run twice. */
  readonly run = randomBytes(4).toString('hex');

  constructor(
    readonly orm: MikroORM,
    readonly secretKey: string,
  ) {
    this.settings = settingsOf(orm, { secretKey });
    this.users = userStore(orm, { hashers });
  }

  /** The same app at another time. */
  settingsAt(secondsFromNow: number): Settings {
    const clock = new FixedClock(Date.now() + secondsFromNow * 1000);
    return settingsOf(this.orm, { secretKey: this.secretKey, clock });
  }

  name(purpose: string): string {
    return `${purpose}_${this.run}`;
  }

  /** A user for one purpose alone: a log in of another may store a new hash, which ends whatever hangs on the old one. */
  createUser(
    purpose: string,
    fields: { readonly isActive?: boolean; readonly isSuperuser?: boolean } = {},
  ): Promise<User> {
    return this.users.createUser({ username: this.name(purpose), password: PASSWORD, ...fields });
  }
}
