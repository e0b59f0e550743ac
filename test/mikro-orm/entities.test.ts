import { MikroORM } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Token, User } from 'sallyport';
import { TokenSchema, tokenSchema, userStore, UserSchema } from 'sallyport/mikro-orm';
import { djangoName } from '../../src/mikro-orm/entities/django-names';
import { ApiToken, openOrm } from './support';
import type { TestOrm } from './support';

describe('djangoName', () => {
  it.each([
    ['auth_user', 'username', '_like', 'auth_user_username_6821ab7c_like'],
    ['authtoken_token', 'key', '_like', 'authtoken_token_key_10f0b77e_like'],
    ['authtoken_token', 'user_id', '_fk_auth_user_id', 'authtoken_token_user_id_35299eff_fk_auth_user_id'],
    [
      'auth_user_user_permissions',
      'permission_id',
      '_fk_auth_permission_id',
      'auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm',
    ],
  ])('names what lies on %s.%s with the ending %s as Django does', (table, column, suffix, name) => {
    expect(djangoName(table, column, suffix)).toBe(name);
  });
});

describe('The entities', () => {
  let test: TestOrm;
  let count = 0;

  beforeAll(async () => {
    test = await openOrm();
  });
  afterAll(() => test.close());

  const newUser = (): Promise<User> => userStore(test.orm).createUser({ username: `user${String(++count)}` });

  /** Saves a token through the unit of work. */
  async function save<T extends Token | ApiToken>(token: T, user: User): Promise<T> {
    const em = test.orm.em.fork();
    token.user = em.getReference(User, user.id);
    await em.persist(token).flush();
    return token;
  }

  it('are those of Django: a new row has the values of the class, and the database has no defaults (A-001, A-007)', async () => {
    const em = test.orm.em.fork();
    await em.persist(Object.assign(new User(), { username: 'plain' })).flush();
    const [row] = await test.sql("SELECT * FROM auth_user WHERE username = 'plain'");
    expect(row).toEqual({
      id: expect.any(Number),
      password: '',
      last_login: null,
      is_superuser: false,
      username: 'plain',
      first_name: '',
      last_name: '',
      email: '',
      is_staff: false,
      is_active: true,
      date_joined: expect.any(String),
    });
    const defaults = await test.sql(
      "SELECT column_name FROM information_schema.columns WHERE table_name IN ('auth_user', 'authtoken_token') AND column_default IS NOT NULL",
    );
    expect(defaults).toEqual([]);
  });

  it('give a saved token a key and a date (D-191, D-195, S-059, S-063)', async () => {
    const token = await save(new Token(), await newUser());
    expect(token.key).toMatch(/^[0-9a-f]{40}$/);
    expect(token.created.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(String(token)).toBe(token.key);
  });

  it('keep a key that was given', async () => {
    const token = await save(Object.assign(new Token(), { key: 'mine' }), await newUser());
    expect(token.key).toBe('mine');
    expect(await test.sql("SELECT key FROM authtoken_token WHERE key = 'mine'")).toHaveLength(1);
  });

  it('keep the key of a token that is saved again (D-194)', async () => {
    const { key } = await save(new Token(), await newUser());
    const em = test.orm.em.fork();
    const token = await em.findOneOrFail(Token, { key });
    await em.persist(token).flush();
    expect(token.key).toBe(key);
  });

  it('fail to save a token whose key was cleared (D-193)', async () => {
    const { key } = await save(new Token(), await newUser());
    const em = test.orm.em.fork();
    const token = await em.findOneOrFail(Token, { key });
    token.key = '';
    await expect(em.flush()).rejects.toThrow('tokenStore(orm).replace(user)');
    expect(await test.sql('SELECT key FROM authtoken_token WHERE key = ?', [key])).toHaveLength(1);
    expect(await test.sql("SELECT key FROM authtoken_token WHERE key = ''")).toEqual([]);
  });

  it('never write over the row of another token (D-192)', async () => {
    const owner = await newUser();
    await save(Object.assign(new Token(), { key: 'taken' }), owner);
    await expect(save(Object.assign(new Token(), { key: 'taken' }), await newUser())).rejects.toThrow(
      /unique constraint/,
    );
    expect(await test.sql("SELECT user_id FROM authtoken_token WHERE key = 'taken'")).toEqual([{ user_id: owner.id }]);
  });

  it('allow a user one token (S-074)', async () => {
    const user = await newUser();
    await save(new Token(), user);
    await expect(save(new Token(), user)).rejects.toThrow(/authtoken_token_user_id_key/);
  });

  it('remove the tokens of a user who is removed (A-004, D-190)', async () => {
    const user = await newUser();
    await save(new Token(), user);
    await save(new ApiToken(), user);
    const other = await save(new Token(), await newUser());
    const em = test.orm.em.fork();
    await em.remove(em.getReference(User, user.id)).flush();
    expect(await test.sql('SELECT key FROM authtoken_token WHERE user_id = ?', [user.id])).toEqual([]);
    expect(await test.sql('SELECT key FROM api_token WHERE user_id = ?', [user.id])).toEqual([]);
    expect(await test.sql('SELECT key FROM authtoken_token WHERE key = ?', [other.key])).toHaveLength(1);
  });

  it('need not all be mapped (D-196)', async () => {
    const orm = await MikroORM.init({ clientUrl: test.url, entities: [UserSchema] });
    const user = await newUser();
    const em = orm.em.fork();
    await em.remove(em.getReference(User, user.id)).flush();
    expect(await userStore(orm).get(user.pk)).toBeNull();
    await orm.close();
  });

  it('make the keys of a schema from its random source, and the dates from its clock', async () => {
    const schema = tokenSchema({
      class: Token,
      random: { bytes: (size) => Buffer.alloc(size, 1) },
      clock: { now: () => 86_400_000 },
    });
    const orm = await MikroORM.init({ clientUrl: test.url, entities: [UserSchema, schema] });
    const em = orm.em.fork();
    const token = Object.assign(new Token(), { user: em.getReference(User, (await newUser()).id) });
    await em.persist(token).flush();
    expect(token).toMatchObject({ key: '01'.repeat(20), created: new Date('1970-01-02') });
    await orm.close();
  });

  it("leave MikroORM's schema generator nothing to do on the tables of the migrations", async () => {
    expect(await test.orm.schema.getUpdateSchemaSQL({ wrap: false, dropTables: false })).toBe('');
    expect(TokenSchema.meta.tableName).toBe('authtoken_token');
  });
});
