import { EntitySchema } from '@mikro-orm/postgresql';
import type { EntityManager } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from 'sallyport';
import type { Token } from 'sallyport';
import { tokenStore, TokenSchema, userStore, UserSchema } from 'sallyport/mikro-orm';
import type { MikroOrmTokenStore, MikroOrmUserStore } from 'sallyport/mikro-orm';
import { describeTokenStore } from '../support/contracts/token-store';
import { ApiToken, ApiTokenSchema, openOrm } from './support';
import type { TestOrm } from './support';

class Note {
  id!: number;
  text = '';
  owner!: User;
}

const NoteSchema = new EntitySchema<Note>({
  class: Note,
  properties: {
    id: { type: 'integer', primary: true },
    text: { type: 'string' },
    owner: { kind: 'm:1', entity: () => User },
  },
});

describeTokenStore('The store of tokens on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm();
  const users = userStore(orm);
  let count = 0;
  return {
    store: tokenStore(orm),
    otherModel: ApiToken,
    createUser: () => users.createUser({ username: `user${String(++count)}` }),
    inRequest,
    close,
  };
});

describe('The store of tokens on PostgreSQL', () => {
  let test: TestOrm;
  let users: MikroOrmUserStore;
  let store: MikroOrmTokenStore<Token<User>>;
  let count = 0;

  beforeAll(async () => {
    test = await openOrm([UserSchema, TokenSchema, ApiTokenSchema, NoteSchema]);
    users = userStore(test.orm);
    store = tokenStore<Token<User>>(test.orm);
  });
  afterAll(() => test.close());

  const newUser = (): Promise<User> => users.createUser({ username: `user${String(++count)}`, email: 'a@example.com' });
  const newToken = async (): Promise<Token<User>> => (await store.getOrCreate(await newUser()))[0];

  describe('find', () => {
    it('asks the database once, for the token and its user together (D-168, S-065)', async () => {
      const { key } = await newToken();
      test.statements();
      const token = await test.inRequest(() => store.find(key));
      expect(token?.user.email).toBe('a@example.com');
      expect(test.statements()).toEqual([expect.stringMatching(/^SELECT .* JOIN .* WHERE "t"\."key" = /)]);
    });

    it('uses the indexes of both tables', async () => {
      await newToken();
      test.statements();
      await store.find('x');
      const [statement] = test.statements();
      const plan = await test.sql(`SET LOCAL enable_seqscan = off; EXPLAIN ${statement!.replace('$1', "'x'")}`);
      expect(JSON.stringify(plan)).toMatch(
        /Index Scan using authtoken_token_\S+ on .*Index Scan using auth_user_pkey on /,
      );
    });

    it('gives a user whose changes the next flush saves', async () => {
      const { key, user } = await newToken();
      await test.inRequest(async () => {
        const found = (await store.find(key))!.user;
        expect(await test.orm.em.findOne(User, { username: user.username })).toBe(found);
        found.firstName = 'Ann';
        await test.orm.em.flush();
      });
      expect((await users.get(user.pk))?.firstName).toBe('Ann');
    });

    it('gives a user who can own a new row, inside and outside of requests', async () => {
      const { key, user } = await newToken();
      const write = async (em: EntityManager): Promise<void> => {
        const owner = (await store.find(key))!.user;
        await em.persist(em.create(Note, { text: 'hello', owner })).flush();
      };
      await test.inRequest(() => write(test.orm.em));
      await write(test.orm.em.fork());
      expect(await test.sql('SELECT text FROM note WHERE owner_id = ?', [user.id])).toHaveLength(2);
    });

    it('sees what has become of the user, and leaves unsaved changes alone', async () => {
      const { key, user } = await newToken();
      await test.inRequest(async () => {
        const before = (await store.find(key))!.user;
        before.lastName = 'Lee';
        await test.sql('UPDATE auth_user SET is_active = false WHERE id = ?', [user.id]);
        const after = (await store.find(key))!.user;
        expect(after).toBe(before);
        expect(after.isActive).toBe(false);
        expect(after.lastName).toBe('Lee');
        await test.orm.em.flush();
      });
      expect(await users.get(user.pk)).toMatchObject({ lastName: 'Lee', isActive: false });
    });

    it('keeps two requests apart', async () => {
      const { key } = await newToken();
      const [one, other] = await Promise.all([1, 2].map(() => test.inRequest(() => store.find(key))));
      expect(one!.user).not.toBe(other!.user);
    });

    it('takes part in a transaction that is under way', async () => {
      const user = await newUser();
      const undo = new Error('undo');
      let key = '';
      await expect(
        test.inRequest(() =>
          test.orm.em.transactional(async () => {
            [{ key }] = await store.getOrCreate(user);
            expect((await store.find(key))?.user.pk).toBe(user.pk);
            throw undo;
          }),
        ),
      ).rejects.toBe(undo);
      expect(await store.find(key)).toBeNull();
    });

    it('keeps the key out of its errors', async () => {
      const broken = await openOrm([UserSchema, TokenSchema]);
      try {
        const secret = String.raw`it's a \ secret`;
        await broken.sql('DROP TABLE authtoken_token');
        const error = await tokenStore(broken.orm)
          .find(secret)
          .catch((reason: unknown) => reason);
        expect((error as Error).message).toMatch(/relation "authtoken_token" does not exist$/);
        expect(`${String((error as Error).stack)} ${JSON.stringify(error)}`).not.toContain('secret');
      } finally {
        await broken.close();
      }
    });
  });

  describe('races from many connections', () => {
    const POOLS = 10;
    const CALLERS = 50;
    let stores: MikroOrmTokenStore<Token<User>>[];

    beforeAll(async () => {
      const orms = await Promise.all(Array.from({ length: POOLS }, () => test.another({ pool: { min: 0, max: 5 } })));
      stores = orms.map((orm) => tokenStore<Token<User>>(orm));
    });

    const atOnce = <T>(call: (own: MikroOrmTokenStore<Token<User>>, caller: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(stores[caller % POOLS]!, caller)));
    const rows = (user: User): Promise<Record<string, unknown>[]> =>
      test.sql('SELECT key FROM authtoken_token WHERE user_id = ?', [user.id]);

    it('getOrCreate makes one token, and gives it to all', async () => {
      const user = await newUser();
      const answers = await atOnce((own) => own.getOrCreate(user));
      expect(answers.filter(([, created]) => created)).toHaveLength(1);
      expect(await rows(user)).toEqual([{ key: answers[0]![0].key }]);
      expect(new Set(answers.map(([token]) => token.key)).size).toBe(1);
    });

    it('replace gives each another token, and the last one stays', async () => {
      const user = await newUser();
      const tokens = await atOnce((own) => own.replace(user));
      expect(new Set(tokens.map(({ key }) => key)).size).toBe(CALLERS);
      const left = await rows(user);
      expect(left).toHaveLength(1);
      expect(tokens.map(({ key }) => key)).toContain(left[0]!['key']);
    });

    it('both at once, and removals between them, never fail', async () => {
      const user = await newUser();
      await atOnce(async (own, caller) => {
        if (caller % 3 === 0) await own.replace(user);
        else if (caller % 3 === 1) await own.getOrCreate(user);
        else await test.sql('DELETE FROM authtoken_token WHERE user_id = ?', [user.id]);
      });
      expect((await rows(user)).length).toBeLessThanOrEqual(1);
    });
  });

  describe('createMissing', () => {
    const tokenless = async (): Promise<unknown[]> =>
      test.sql('SELECT id FROM auth_user u WHERE NOT EXISTS (SELECT FROM authtoken_token WHERE user_id = u.id)');

    it('makes a token for each user who has none, and leaves the others alone (S-079)', async () => {
      const { key } = await newToken();
      for (let i = 0; i < 3; i++) await newUser();
      const missing = (await tokenless()).length;
      expect(missing).toBeGreaterThanOrEqual(3);
      expect(await store.createMissing()).toBe(missing);
      expect([await tokenless(), await store.createMissing()]).toEqual([[], 0]);
      expect(await store.find(key)).not.toBeNull();
    });

    it('takes a large table page by page, also where several do so at once', async () => {
      await test.sql(
        `INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
           SELECT '', false, 'many' || n, '', '', '', false, true, now() FROM generate_series(1, 1200) n`,
      );
      const made = await Promise.all([store.createMissing(), store.createMissing(), store.createMissing()]);
      expect(made.reduce((sum, count) => sum + count)).toBe(1200);
      expect(await tokenless()).toEqual([]);
    });

    it('makes those of another class', async () => {
      const [{ count: users }] = (await test.sql('SELECT count(*)::int FROM auth_user')) as [{ count: number }];
      expect(await store.createMissing(ApiToken)).toBe(users);
    });
  });

  describe('a token that was called back', () => {
    it('stays in the table, and is found with its mark', async () => {
      const user = await newUser();
      const [{ key, revoked }] = (await store.getOrCreate(user, ApiToken)) as unknown as [ApiToken, boolean];
      expect(revoked).toBe(false);
      await test.inRequest(async () => {
        const token = (await store.find(key, ApiToken)) as unknown as ApiToken;
        token.revoked = true;
        await test.orm.em.flush();
      });
      expect(await store.find(key, ApiToken)).toMatchObject({ revoked: true });
    });

    it('leaves nothing of itself in the one that replaces it', async () => {
      const user = await newUser();
      const [{ key }] = await store.getOrCreate(user, ApiToken);
      await test.sql('UPDATE api_token SET revoked = true WHERE key = ?', [key]);
      const token = await store.replace(user, ApiToken);
      expect(token.key).not.toBe(key);
      expect(await store.find(token.key, ApiToken)).toMatchObject({ revoked: false });
    });
  });

  it('gives tokens whose user is the very one that they were made for', async () => {
    const user = await newUser();
    expect((await store.getOrCreate(user))[0].user).toBe(user);
    expect((await store.getOrCreate(user))[0].user).toBe(user);
    expect((await store.replace(user)).user).toBe(user);
  });

  it('knows the tokens that Django has made', async () => {
    const user = await newUser();
    const key = 'ab'.repeat(20);
    await test.sql("INSERT INTO authtoken_token VALUES (?, '2026-03-01 12:00:00.123456+00', ?)", [key, user.id]);
    expect((await store.find(key))?.created).toEqual(new Date('2026-03-01T12:00:00.123Z'));
    expect(await store.getOrCreate(user)).toEqual([expect.objectContaining({ key }), false]);
  });

  it('makes keys of the random source that it is given', async () => {
    const seeded = tokenStore(test.orm, { random: { bytes: (size) => Buffer.alloc(size, 0x5a) } });
    expect((await seeded.getOrCreate(await newUser()))[0].key).toBe('5a'.repeat(20));
  });
});
