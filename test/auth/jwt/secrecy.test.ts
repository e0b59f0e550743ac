import { beforeEach, describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { PBKDF2PasswordHasher, type RawPassword } from 'sallyport';
import { tokenObtainPair, TokenObtainPairSerializer, tokenRefresh, TokenRefreshSerializer } from 'sallyport/jwt';
import { MemoryUserStore } from 'sallyport/testing';
import { call } from '../../support/server';
import { openBench, type Bench } from './support';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

/** Counts how often a password is hashed. */
class CountingHasher extends PBKDF2PasswordHasher {
  runs = 0;

  constructor() {
    super({ iterations: 1 });
  }

  override encode(password: RawPassword, salt: string): Promise<string> {
    this.runs++;
    return super.encode(password, salt);
  }

  override verify(password: RawPassword, encoded: string): Promise<boolean> {
    this.runs++;
    return super.verify(password, encoded);
  }
}

describe('obtaining tokens', () => {
  it('takes an unknown name as long as a wrong password (J-186)', async () => {
    const hasher = new CountingHasher();
    const users = new MemoryUserStore({ hashers: [hasher] });
    await users.createUser({ username: 'alice', password: 'alice-pass' });
    const view = tokenObtainPair(bench.with({}, { users }));
    const runs: number[] = [];
    for (const username of ['alice', 'nobody']) {
      hasher.runs = 0;
      const answer = await call(view, { method: 'POST', body: { username, password: 'wrong' } });
      expect(answer.status).toBe(401);
      runs.push(hasher.runs);
    }
    expect(runs).toEqual([1, 1]);
  });
});

describe('a server error', () => {
  class BrokenObtainSerializer extends TokenObtainPairSerializer {
    override validate(): never {
      throw new Error('The directory is down.');
    }
  }
  class BrokenRefreshSerializer extends TokenRefreshSerializer {
    override validate(): never {
      throw new Error('The directory is down.');
    }
  }

  it('is logged without the password or the token that was sent (J-188, J-189)', async () => {
    const heard: unknown[] = [];
    const logger = { error: (...words: unknown[]) => void heard.push(words) };
    const settings = bench.with(
      { tokenObtainSerializer: BrokenObtainSerializer, tokenRefreshSerializer: BrokenRefreshSerializer },
      { logger },
    );
    const secrets = { username: 'alice', password: 'a secret of alice', refresh: 'a.secret.token' };
    for (const view of [tokenObtainPair(settings), tokenRefresh(settings)]) {
      const headers = { Authorization: 'Bearer another.secret.token' };
      expect((await call(view, { method: 'POST', body: secrets, headers })).status).toBe(500);
    }
    expect(heard).toHaveLength(2);
    const shown = inspect(heard, { depth: Infinity, showHidden: true });
    expect(shown).toContain('The directory is down.');
    expect(shown).not.toContain('secret');
  });
});
