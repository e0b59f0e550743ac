import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EntitySchema } from '@mikro-orm/postgresql';
import type { EntityManager } from '@mikro-orm/postgresql';
import { BaseBackend, ModelBackend, User } from 'sallyport';
import type { NewUser } from 'sallyport';
import {
  ContentType,
  createPermissions,
  Group,
  GroupPermission,
  migrate,
  Permission,
  permissionSchemas,
  SessionSchema,
  TokenSchema,
  UserGroup,
  UserPermission,
  userSchema,
  UserSchema,
  userStore,
} from 'sallyport/mikro-orm';
import type { MikroOrmUserStore } from 'sallyport/mikro-orm';
import { fastPasswordHashers as hashers } from 'sallyport/testing';
import { describePermissions } from '../support/contracts/permissions';
import { openOrm } from './support';
import type { TestOrm } from './support';

const ENTITIES = [UserSchema, TokenSchema, SessionSchema, ...permissionSchemas()];

/** The permission of a text such as `auth.add_user`. */
function permissionOf(em: EntityManager, text: string): Promise<Permission> {
  const [appLabel, codename] = text.split('.') as [string, string];
  return em.findOneOrFail(Permission, { codename, contentType: { appLabel } }, { populate: ['contentType'] });
}

async function grant(em: EntityManager, user: User, permissions: readonly string[]): Promise<void> {
  for (const text of permissions) {
    em.create(UserPermission, { user: em.getReference(User, user.id), permission: await permissionOf(em, text) });
  }
  await em.flush();
}

async function join(em: EntityManager, user: User, name: string, permissions: readonly string[]): Promise<Group> {
  const group = em.create(Group, { name });
  em.create(UserGroup, { user: em.getReference(User, user.id), group });
  for (const text of permissions) em.create(GroupPermission, { group, permission: await permissionOf(em, text) });
  await em.flush();
  return group;
}

describePermissions('The store of users on PostgreSQL', async () => {
  const { orm, inRequest, close } = await openOrm(ENTITIES);
  const store = userStore(orm, { hashers });
  return {
    store,
    createUser: (fields) => store.createUser(fields),
    grant: (user, permissions) => grant(orm.em.fork(), user, permissions),
    join: async (user, group, permissions) => void (await join(orm.em.fork(), user, group, permissions)),
    inRequest,
    close,
  };
});

describe('Permissions on PostgreSQL', () => {
  let test: TestOrm;
  let store: MikroOrmUserStore;
  let count = 0;

  beforeAll(async () => {
    test = await openOrm(ENTITIES);
    store = userStore(test.orm, { hashers });
  });
  afterAll(() => test.close());

  const newUser = (fields: Partial<NewUser> = {}): Promise<User> =>
    store.createUser({ username: `user${String(++count)}`, ...fields });

  describe('a look-up', () => {
    it('is one statement for all questions about a user (A-037)', async () => {
      const { pk } = await newUser();
      test.statements();
      await test.inRequest(async () => {
        const user = (await store.get(pk))!;
        await user.hasPerms(['auth.add_user', 'auth.view_user']);
        await Promise.all([user.getAllPermissions(), user.getGroupPermissions(), user.hasModulePerms('auth')]);
        expect(await store.get(pk)).toBe(user);
        await user.hasPerm('auth.add_user');
      });
      expect(test.statements().filter((line) => line.includes('auth_permission'))).toHaveLength(1);
    });

    it('is remembered for that object alone (A-037)', async () => {
      const { pk } = await newUser();
      const [before, later] = [(await store.get(pk))!, (await store.get(pk))!];
      expect(await before.hasPerm('auth.add_user')).toBe(false);
      await grant(test.orm.em.fork(), before, ['auth.add_user']);
      expect(await before.hasPerm('auth.add_user')).toBe(false);
      expect(await later.hasPerm('auth.add_user')).toBe(true);
    });

    it('is made for no superuser', async () => {
      const root = await newUser({ isSuperuser: true });
      test.statements();
      expect(await root.hasPerms(['auth.add_user', 'no.such_thing'])).toBe(true);
      expect(test.statements()).toEqual([]);
    });

    it('that failed is tried again', async () => {
      const user = await newUser();
      await grant(test.orm.em.fork(), user, ['auth.add_user']);
      await test.sql('ALTER TABLE auth_user_groups RENAME TO hidden');
      await expect(user.hasPerm('auth.add_user')).rejects.toThrow('auth_user_groups');
      await test.sql('ALTER TABLE hidden RENAME TO auth_user_groups');
      expect(await user.hasPerm('auth.add_user')).toBe(true);
    });

    it('sees what the transaction of the request has written', async () => {
      const { pk } = await newUser();
      await test.orm.em.fork().transactional(async (em) => {
        await grant(em, (await store.get(pk))!, ['auth.add_user']);
        expect(await (await store.get(pk))!.hasPerm('auth.add_user')).toBe(true);
      });
    });

    it('grants nothing to a user of another class who has the same number', async () => {
      const user = await newUser();
      await grant(test.orm.em.fork(), user, ['auth.add_user']);
      class Customer extends User {}
      const customer = Object.assign(new Customer(), { id: user.id });
      const stranger = { pk: user.pk, isActive: true, isAuthenticated: true } as const;
      const backend = new ModelBackend(store);
      expect(await backend.hasPerm(user, 'auth.add_user')).toBe(true);
      for (const other of [customer, stranger]) expect(await backend.hasPerm(other, 'auth.add_user')).toBe(false);
    });
  });

  it('are asked of each backend of the store', async () => {
    class Everything extends BaseBackend<User> {
      override hasPerm(): boolean {
        return true;
      }
    }
    const generous = userStore(test.orm, { backends: (own) => [new ModelBackend(own), new Everything()] });
    const { pk } = await newUser();
    expect(await (await generous.get(pk))!.hasPerm('auth.add_user')).toBe(true);
    expect(await (await store.get(pk))!.hasPerm('auth.add_user')).toBe(false);
  });

  describe('the rows', () => {
    it('have the natural keys and texts of Django (A-027)', async () => {
      const em = test.orm.em.fork();
      const permission = await permissionOf(em, 'contenttypes.add_contenttype');
      const group = await join(em, await newUser(), 'named', []);
      expect(permission.naturalKey()).toEqual(['add_contenttype', 'contenttypes', 'contenttype']);
      expect(permission.contentType.naturalKey()).toEqual(['contenttypes', 'contenttype']);
      expect(group.naturalKey()).toEqual(['named']);
      expect(String(permission)).toBe('contenttypes | contenttype | Can add content type');
      expect(String(group)).toBe('named');
    });

    it('go with their user (A-004)', async () => {
      const em = test.orm.em.fork();
      const [user, other] = [await newUser(), await newUser()];
      const group = await join(em, user, 'left', ['auth.view_user']);
      em.create(UserGroup, { user: em.getReference(User, other.id), group });
      await grant(em, user, ['auth.add_user']);
      await grant(em, other, ['auth.add_user']);
      const removing = test.orm.em.fork();
      await removing.remove(removing.getReference(User, user.id)).flush();
      expect(await linksOf(user)).toEqual({ groups: 0, permissions: 0 });
      expect(await linksOf(other)).toEqual({ groups: 1, permissions: 1 });
    });

    it('go with a group, and with a permission', async () => {
      const em = test.orm.em.fork();
      const user = await newUser();
      const group = await join(em, user, 'short-lived', ['auth.view_user']);
      await em.remove(group).flush();
      expect(await linksOf(user)).toEqual({ groups: 0, permissions: 0 });

      await createPermissions(test.orm, [{ appLabel: 'notes', modelName: 'scrap' }]);
      await join(em, user, 'scrapers', ['notes.add_scrap', 'auth.view_user']);
      await grant(em, user, ['notes.add_scrap', 'auth.view_user']);
      await em.remove(await permissionOf(em, 'notes.add_scrap')).flush();
      expect(await (await store.get(user.pk))!.getUserPermissions()).toEqual(new Set(['auth.view_user']));
      expect(await (await store.get(user.pk))!.getGroupPermissions()).toEqual(new Set(['auth.view_user']));
    });

    async function linksOf({ id }: User): Promise<unknown> {
      const [row] = await test.sql(
        `SELECT (SELECT count(*)::int FROM auth_user_groups WHERE user_id = ?) AS groups,
                (SELECT count(*)::int FROM auth_user_user_permissions WHERE user_id = ?) AS permissions`,
        [id, id],
      );
      return row;
    }
  });
});

describe('createPermissions', () => {
  let test: TestOrm;

  beforeEach(async () => {
    test = await openOrm(ENTITIES);
  });
  afterEach(() => test.close());

  const permissions = (): Promise<unknown[]> =>
    test.sql(
      `SELECT p.id, app_label || '.' || model AS model, codename, name FROM auth_permission p
         JOIN django_content_type c ON c.id = content_type_id ORDER BY p.id`,
    );

  it('has made those of Django by the migration, as Django makes them (A-026, D-198)', async () => {
    const made = await permissions();
    const models = [
      ['auth.permission', 'permission'],
      ['auth.group', 'group'],
      ['auth.user', 'user'],
      ['contenttypes.contenttype', 'content type'],
      ['sessions.session', 'session'],
      ['authtoken.token', 'Token'],
      ['authtoken.tokenproxy', 'token'],
    ] as const;
    const expected = models.flatMap(([model, verboseName]) =>
      ['add', 'change', 'delete', 'view'].map((action) => ({
        model,
        codename: `${action}_${model.split('.')[1]!}`,
        name: `Can ${action} ${verboseName}`,
      })),
    );
    expect(made).toHaveLength(28);
    expect(made).toEqual(expected.map((row, i) => ({ id: i + 1, ...row })));
  });

  it('makes those of the models of an app, and its special ones (A-026)', async () => {
    const note = { appLabel: 'notes', modelName: 'stickynote', verboseName: 'sticky note' };
    await createPermissions(test.orm, [{ ...note, permissions: [['publish_stickynote', 'Can publish sticky notes']] }]);
    expect((await permissions()).slice(28)).toEqual(
      [
        ['add_stickynote', 'Can add sticky note'],
        ['change_stickynote', 'Can change sticky note'],
        ['delete_stickynote', 'Can delete sticky note'],
        ['view_stickynote', 'Can view sticky note'],
        ['publish_stickynote', 'Can publish sticky notes'],
      ].map(([codename, name], i) => ({ id: 29 + i, model: 'notes.stickynote', codename, name })),
    );
    await migrate(test.orm, { models: [{ appLabel: 'notes', modelName: 'tag' }] });
    expect(await permissions()).toHaveLength(28 + 5 + 4);
  });

  it('changes nothing that is there, and uses up no numbers', async () => {
    await test.sql("UPDATE auth_permission SET name = 'Darf Benutzer anlegen' WHERE codename = 'add_user'");
    const before = await permissions();
    for (let i = 0; i < 3; i++) await createPermissions(test.orm);
    expect(await permissions()).toEqual(before);
    await createPermissions(test.orm, [{ appLabel: 'notes', modelName: 'note' }]);
    expect(await permissions()).toContainEqual(expect.objectContaining({ id: 29, codename: 'add_note' }));
    expect(await test.sql("SELECT id FROM django_content_type WHERE model = 'note'")).toEqual([{ id: 8 }]);
  });

  it('makes each one once where many processes start together', async () => {
    const orms = await Promise.all([1, 2, 3, 4].map(() => test.another()));
    const models = [1, 2, 3].map((i) => ({ appLabel: 'notes', modelName: `note${String(i)}` }));
    await Promise.all(orms.flatMap((orm) => [createPermissions(orm, models), createPermissions(orm, models)]));
    expect(await permissions()).toHaveLength(28 + 12);
    expect(await test.sql('SELECT FROM django_content_type')).toHaveLength(10);
  });

  it('does nothing for an app that maps no permissions', async () => {
    const orm = await test.another({ entities: [UserSchema, TokenSchema] });
    await createPermissions(orm, [{ appLabel: 'notes', modelName: 'note' }]);
    expect(await permissions()).toHaveLength(28);
  });
});

describe('Without tables of permissions', () => {
  let test: TestOrm;

  beforeAll(async () => {
    test = await openOrm([UserSchema, TokenSchema]);
  });
  afterAll(() => test.close());

  it('nobody but a superuser may do anything, and nobody asks the database', async () => {
    const store = userStore(test.orm, { hashers });
    const user = await store.createUser({ username: 'ann' });
    const root = await store.createSuperuser({ username: 'root' });
    test.statements();
    expect(store.permissions).toBeUndefined();
    expect(await user.hasPerm('auth.add_user')).toBe(false);
    expect(await user.getAllPermissions()).toEqual(new Set());
    expect(await root.hasPerm('auth.add_user')).toBe(true);
    expect(test.statements()).toEqual([]);
  });
});

describe('Permissions of a class of users of an app', () => {
  class Member extends User {}
  const MemberSchema = userSchema({ class: Member, tableName: 'club_member' });
  let test: TestOrm;

  beforeAll(async () => {
    test = await openOrm([MemberSchema, ...permissionSchemas({ user: MemberSchema })]);
  });
  afterAll(() => test.close());

  it('stand in tables named as Django names them (A-005)', async () => {
    const columns = await test.sql(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
        WHERE table_name LIKE 'club_member_%' ORDER BY 1`,
    );
    expect(columns.map(({ name }) => name)).toEqual([
      'club_member_groups.group_id',
      'club_member_groups.id',
      'club_member_groups.member_id',
      'club_member_user_permissions.id',
      'club_member_user_permissions.member_id',
      'club_member_user_permissions.permission_id',
    ]);
    const targets = await test.sql(
      `SELECT conname AS name, confrelid::regclass::text AS target FROM pg_constraint
        WHERE contype = 'f' AND conrelid = 'club_member_groups'::regclass ORDER BY 1`,
    );
    expect(targets).toEqual([
      {
        name: expect.stringMatching(/^club_member_groups_group_id_[0-9a-f]{8}_fk_auth_group_id$/),
        target: 'auth_group',
      },
      {
        name: expect.stringMatching(/^club_member_groups_member_id_[0-9a-f]{8}_fk_club_member_id$/),
        target: 'club_member',
      },
    ]);
  });

  it('answer for its users', async () => {
    const store = userStore<Member>(test.orm, { entity: Member, hashers });
    await createPermissions(test.orm, [{ appLabel: 'club', modelName: 'member' }]);
    const member = await store.createUser({ username: 'ann' });
    const em = test.orm.em.fork();
    const group = em.create(Group, { name: 'board' });
    em.create(GroupPermission, { group, permission: await permissionOf(em, 'club.change_member') });
    em.create(UserGroup<Member>, { user: em.getReference(Member, member.id), group });
    em.create(UserPermission<Member>, {
      user: em.getReference(Member, member.id),
      permission: await permissionOf(em, 'club.view_member'),
    });
    await em.flush();
    expect(await member.getAllPermissions()).toEqual(new Set(['club.change_member', 'club.view_member']));
    await em.remove(em.getReference(Member, member.id)).flush();
    expect(await test.sql('SELECT FROM club_member_groups')).toEqual([]);
    expect(await em.count(ContentType, { appLabel: 'auth', model: 'user' })).toBe(0);
  });

  it('answer for all classes that share a table', async () => {
    class Person extends User {}
    class Chair extends Person {}
    const properties = userSchema({ class: Person, tableName: 'club_person' }).meta.properties as never;
    const PersonSchema = new EntitySchema<Person>({
      class: Person,
      tableName: 'club_person',
      discriminatorColumn: 'kind',
      discriminatorMap: { person: 'Person', chair: 'Chair' },
      properties,
    });
    const ChairSchema = new EntitySchema<Chair>({ class: Chair, extends: 'Person' });
    const shared = await openOrm([PersonSchema, ChairSchema, ...permissionSchemas({ user: PersonSchema })]);
    try {
      await createPermissions(shared.orm, [{ appLabel: 'club', modelName: 'person' }]);
      const em = shared.orm.em.fork();
      const chair = em.create(Chair, { username: 'ann' } as never);
      em.create(UserPermission<Person>, { user: chair, permission: await permissionOf(em, 'club.view_person') });
      await em.flush();
      const found = (await userStore<Person>(shared.orm, { entity: Person }).get(chair.id))!;
      expect(found).toBeInstanceOf(Chair);
      expect(await found.hasPerm('club.view_person')).toBe(true);
    } finally {
      await shared.close();
    }
  });

  it('take another column where the table has one', async () => {
    const schemas = permissionSchemas({ user: MemberSchema, userColumn: 'person_id' });
    const orm = await test.another({ entities: [MemberSchema, ...schemas] });
    for (const link of [UserGroup, UserPermission]) {
      expect(orm.getMetadata().get(link.name).properties['user']?.fieldNames).toEqual(['person_id']);
    }
  });
});
