import { EntitySchema, Type } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AbstractBaseUser, BaseToken, ImproperlyConfigured, Token, User } from 'sallyport';
import type { TokenRecord } from 'sallyport';
import {
  baseTokenSchema,
  tokenSchema,
  tokenStore,
  TokenSchema,
  userSchema,
  userStore,
  UserSchema,
} from 'sallyport/mikro-orm';
import { fastPasswordHashers as hashers } from 'sallyport/testing';
import { openOrm } from './support';
import type { TestOrm } from './support';

/** A text that the database holds backwards, and in upper case. */
class Backwards extends Type<string, string> {
  override convertToDatabaseValue(value: string): string {
    return [...value].reverse().join('');
  }
  override convertToJSValue(value: string): string {
    return [...value.toLowerCase()].reverse().join('');
  }
  override convertToJSValueSQL(column: string): string {
    return `upper(${column})`;
  }
  override getColumnType(): string {
    return 'text';
  }
}

class Address {
  street = '';
  city = '';
}

const AddressSchema = new EntitySchema<Address>({
  class: Address,
  embeddable: true,
  properties: { street: { type: 'string' }, city: { type: 'string' } },
});

/** Django's user with more columns, in a table of its own. */
class Member extends User {
  phone: string | null = null;
  settings: Record<string, unknown> = {};
  motto = '';
  home = new Address();
  essay?: string;
}

const MemberSchema = userSchema({
  class: Member,
  tableName: 'club_member',
  properties: {
    phone: { type: 'string', nullable: true, fieldName: 'phone_number' },
    settings: { type: 'json' },
    motto: { type: Backwards, default: null },
    home: { kind: 'embedded', entity: () => Address },
    essay: { type: 'text', lazy: true, nullable: true },
  },
});

class MemberToken extends Token<Member> {
  uses = 0;
  lastUsed: Date | null = null;
}

const MemberTokenSchema = tokenSchema({
  class: MemberToken,
  user: MemberSchema,
  tableName: 'club_token',
  properties: {
    key: { type: 'string', length: 40, primary: true, fieldName: 'token key' },
    uses: { type: 'integer' },
    lastUsed: { type: 'datetime', nullable: true },
  },
});

class Invitation extends BaseToken<Member> {}

const InvitationSchema = baseTokenSchema({ class: Invitation, user: Member, tableName: 'club_invitation' });

/** A user of an app's own making: another key, another name, no base class's columns but two. */
class Account extends AbstractBaseUser {
  static override readonly USERNAME_FIELD = 'email';
  number!: bigint;
  email = '';

  override get pk(): bigint {
    return this.number;
  }
  get isActive(): boolean {
    return true;
  }
}

const AccountSchema = new EntitySchema<Account>({
  class: Account,
  schema: 'bank',
  properties: {
    number: { type: 'bigint', primary: true },
    email: { type: 'string', unique: true },
    password: { type: 'string' },
    lastLogin: { type: 'datetime', nullable: true },
  } as never,
});

/** A token with a number for a key, whose secret is another column; all classes but the user's are plain. */
class AccountToken implements TokenRecord<Account> {
  id!: number;
  key = '';
  user!: Account;
  madeBy = 'nobody';
}

const AccountTokenSchema = new EntitySchema<AccountToken>({
  class: AccountToken,
  properties: {
    id: { type: 'integer', primary: true },
    key: { type: 'string', unique: true },
    user: { kind: 'm:1', entity: () => Account, unique: true },
    madeBy: { type: 'string' },
  },
});

describe('classes of an app', () => {
  let test: TestOrm;

  beforeAll(async () => {
    test = await openOrm([
      UserSchema,
      TokenSchema,
      MemberSchema,
      AddressSchema,
      MemberTokenSchema,
      InvitationSchema,
      AccountSchema,
      AccountTokenSchema,
    ]);
  });
  afterAll(() => test.close());

  describe('a user and a token with columns of their own', () => {
    it('come back as they were written', async () => {
      const users = userStore<Member>(test.orm, { entity: Member, hashers });
      const tokens = tokenStore<MemberToken>(test.orm, { entity: MemberToken });
      const columns = {
        phone: '+1',
        settings: { theme: 'dark' },
        motto: 'never',
        home: { street: 'Main St', city: 'Springfield' },
      };
      const { pk } = await users.createUser({ username: 'ann', password: 'secret', essay: 'long', ...columns });
      expect(await test.sql('SELECT phone_number, motto FROM club_member')).toEqual([
        { phone_number: '+1', motto: 'reven' },
      ]);

      const member = (await users.authenticate({ username: 'ann', password: 'secret' }))!;
      expect(member).toBeInstanceOf(Member);
      expect(member).toMatchObject({ pk, ...columns });

      const [{ key }] = await tokens.getOrCreate(member);
      const token = (await tokens.find(key))!;
      expect(token).toBeInstanceOf(MemberToken);
      expect(token).toMatchObject({ key, uses: 0, lastUsed: null });
      expect(token.user).toBeInstanceOf(Member);
      expect(token.user).toMatchObject({ pk, ...columns });
      expect(token.user.home).toBeInstanceOf(Address);
      expect(token.user.essay).toBeUndefined();
    });

    it('are changed by a flush only where they were changed', async () => {
      const users = userStore<Member>(test.orm, { entity: Member });
      const tokens = tokenStore<MemberToken>(test.orm, { entity: MemberToken });
      const member = await users.createUser({ username: 'bob', motto: 'abc', settings: { a: 1 } });
      const [{ key }] = await tokens.getOrCreate(member);
      await test.inRequest(async () => {
        const token = (await tokens.find(key))!;
        test.statements();
        await test.orm.em.flush();
        expect(test.statements()).toEqual([]);
        token.uses++;
        token.user.motto = 'xyz';
        await test.orm.em.flush();
      });
      expect(await tokens.find(key)).toMatchObject({ uses: 1, user: { motto: 'xyz', settings: { a: 1 } } });
    });

    it('leave nothing of a token in the one that replaces it', async () => {
      const member = await userStore<Member>(test.orm, { entity: Member }).createUser({ username: 'cid' });
      const tokens = tokenStore<MemberToken>(test.orm, { entity: MemberToken });
      await tokens.getOrCreate(member);
      await test.sql('UPDATE club_token SET uses = 7, last_used = now() WHERE user_id = ?', [member.id]);
      expect(await tokens.replace(member)).toMatchObject({ uses: 0, lastUsed: null });
    });

    it('stay apart from those of Django', async () => {
      await userStore<Member>(test.orm, { entity: Member }).createUser({ username: 'dora' });
      expect(await userStore(test.orm).getByNaturalKey('dora')).toBeNull();
    });

    it('have keys and constraints that follow the class of the users', async () => {
      const constraints = await test.sql(
        "SELECT conname AS name, confrelid::regclass::text AS target FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('club_token'::regclass, 'club_invitation'::regclass) ORDER BY 1",
      );
      expect(constraints).toEqual([
        { name: 'club_invitation_user_id_foreign', target: 'club_member' },
        { name: expect.stringMatching(/^club_token_user_id_[0-9a-f]{8}_fk_club_member_id$/), target: 'club_member' },
      ]);
    });
  });

  describe('a user without the columns of Django', () => {
    it('logs in by the field that the class names, and is found by its key (A-002, A-005)', async () => {
      const users = userStore<Account>(test.orm, { entity: Account, hashers });
      const em = test.orm.em.fork();
      const account = Object.assign(new Account(), { email: 'a@example.com' });
      await account.setPassword('secret', hashers);
      await em.persist(account).flush();

      const found = (await users.authenticate({ email: 'a@example.com', password: 'secret' }))!;
      expect(found).toBeInstanceOf(Account);
      expect(String(found.pk)).toBe(String(account.number));
      for (const pk of [found.pk, String(found.pk), Number(found.pk)]) {
        expect((await users.get(pk))?.email).toBe('a@example.com');
      }
      for (const pk of [2n ** 63n, '9'.repeat(19), '9'.repeat(400), 'x', 1.5]) expect(await users.get(pk)).toBeNull();
    });

    it('has tokens with a number of their own, which a new token keeps (D-172)', async () => {
      const em = test.orm.em.fork();
      const account = Object.assign(new Account(), { email: 'b@example.com' });
      await em.persist(account).flush();
      const tokens = tokenStore<AccountToken>(test.orm, { entity: AccountToken });

      const [first] = await tokens.getOrCreate(account);
      const second = await tokens.replace(account);
      expect(second.id).toBe(first.id);
      expect(second.key).not.toBe(first.key);
      expect(await tokens.find(first.key)).toBeNull();
      expect(await tokens.find(second.key)).toMatchObject({
        id: first.id,
        madeBy: 'nobody',
        user: { email: 'b@example.com' },
      });
    });
  });

  describe('a class that can not be what it is given as', () => {
    class Unmapped extends User {}
    class Field {
      id!: number;
      isAuthenticated = true as const;
      isActive = true;
      username = '';
      password = '';
    }
    class Loose implements TokenRecord {
      key = '';
      user!: User;
    }
    class Many implements TokenRecord {
      key = '';
      user!: User;
    }
    const FieldSchema = new EntitySchema<Field>({
      class: Field,
      properties: {
        id: { type: 'integer', primary: true },
        username: { type: 'string' },
        password: { type: 'string' },
      } as never,
    });
    const LooseSchema = new EntitySchema<Loose>({
      class: Loose,
      properties: { key: { type: 'string', primary: true }, user: { type: 'integer' } },
    });
    const ManySchema = new EntitySchema<Many>({
      class: Many,
      properties: { key: { type: 'string', primary: true }, user: { kind: 'm:1', entity: () => User } },
    });
    let odd: TestOrm;

    beforeAll(async () => {
      odd = await openOrm([UserSchema, FieldSchema, LooseSchema, ManySchema]);
    });
    afterAll(() => odd.close());

    it.each<[string, () => unknown, RegExp]>([
      ['isn’t mapped', () => userStore(odd.orm, { entity: Unmapped }), /Unmapped is not among the entities/],
      ['isn’t mapped, of tokens', () => tokenStore(odd.orm), /Token is not among the entities/],
      [
        'has isAuthenticated as a field',
        () => userStore(odd.orm, { entity: Field as never }),
        /'isAuthenticated' of Field would be undefined.*get isAuthenticated\(\): true/s,
      ],
      [
        'has no relation to the user',
        () => tokenStore(odd.orm, { entity: Loose }),
        /The property 'user' of Loose is no relation/,
      ],
      ['lacks a property', () => tokenStore(odd.orm, { entity: User as never }), /User lacks the property 'key'/],
    ])('is told so at the start: it %s', (_what, make, message) => {
      expect(make).toThrow(ImproperlyConfigured);
      expect(make).toThrow(message);
    });

    it('is told so at the first use: it has many rows for a user', async () => {
      const user = await userStore(odd.orm).createUser({ username: 'many' });
      const tokens = tokenStore<Many>(odd.orm, { entity: Many });
      await expect(tokens.replace(user)).rejects.toThrow(/many rows of Many.*1:1/);
      await odd.sql('INSERT INTO many (key, user_id) VALUES (?, ?), (?, ?)', ['a', user.id, 'b', user.id]);
      expect((await tokens.find('b'))?.user.pk).toBe(user.pk);
    });
  });
});
