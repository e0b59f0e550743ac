import { describe, expect, it } from '@jest/globals';
import { Token, User } from 'sallyport';
import {
  automaticTokens,
  tokenSchema,
  TokenSchema,
  tokenStore,
  userSchema,
  UserSchema,
  userStore,
} from 'sallyport/mikro-orm';
import { ApiToken, ApiTokenSchema, openOrm } from './support';
import type { TestOrm } from './support';

class Member extends User {}
const MemberSchema = userSchema({ class: Member, tableName: 'club_member' });
const MemberTokenSchema = tokenSchema({ class: Token, user: MemberSchema as never, tableName: 'club_token' });

async function keysOf(test: TestOrm, table: string): Promise<unknown[]> {
  return (await test.sql(`SELECT key FROM ${table} ORDER BY user_id`)).map(({ key }) => key);
}

describe('automaticTokens', () => {
  it('gives each of them a token, and none to a user who is changed (S-076, D-375, A-110)', async () => {
    const test = await openOrm([UserSchema, TokenSchema], { subscribers: [automaticTokens()] });
    try {
      const ann = await userStore(test.orm).createUser({ username: 'ann' });
      await userStore(test.orm).createUser({ username: 'bea' });
      const keys = await keysOf(test, 'authtoken_token');
      expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/), expect.stringMatching(/^[0-9a-f]{40}$/)]);

      await test.inRequest(async () => {
        (await test.orm.em.findOneOrFail(User, ann.id)).lastName = 'Lee';
        await test.orm.em.flush();
      });
      expect(await keysOf(test, 'authtoken_token')).toEqual(keys);
      const [token, created] = await tokenStore(test.orm).getOrCreate(ann);
      expect([token.key, created]).toEqual([keys[0], false]);
    } finally {
      await test.close();
    }
  });

  it('knows the class that an app has for its users (S-077)', async () => {
    const subscribers = [automaticTokens({ user: Member })];
    const test = await openOrm([MemberSchema, MemberTokenSchema], { subscribers });
    try {
      await userStore<Member>(test.orm, { entity: Member }).createUser({ username: 'max' });
      expect(await keysOf(test, 'club_token')).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)]);
    } finally {
      await test.close();
    }
  });

  it('takes no part in a transaction that is undone', async () => {
    const test = await openOrm([UserSchema, TokenSchema], { subscribers: [automaticTokens()] });
    try {
      const failing = test.orm.em.fork().transactional(async (em) => {
        em.create(User, { username: 'ann', password: '' }, { partial: true });
        await em.flush();
        throw new Error('undone');
      });
      await expect(failing).rejects.toThrow('undone');
      expect(await keysOf(test, 'authtoken_token')).toEqual([]);
    } finally {
      await test.close();
    }
  });

  it('makes tokens of the class that it is given', async () => {
    const subscribers = [automaticTokens({ token: ApiToken })];
    const test = await openOrm([UserSchema, ApiTokenSchema], { subscribers });
    try {
      await userStore(test.orm).createUser({ username: 'ann' });
      expect(await keysOf(test, 'api_token')).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)]);
    } finally {
      await test.close();
    }
  });
});
