import { Collection, EntitySchema, EventType, FlushMode, RequestContext, wrap } from '@mikro-orm/postgresql';
import type { EventArgs, EventSubscriber, MikroORM } from '@mikro-orm/postgresql';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Response, Token, User } from 'sallyport';
import { tokenStore, TokenSchema, unitOfWork, userSchema, userStore, UserSchema } from 'sallyport/mikro-orm';
import { openOrm } from './support';
import type { TestOrm } from './support';

class Note {
  id!: number;
  text!: string;
  owner!: User;
}

const NoteSchema = new EntitySchema<Note>({
  class: Note,
  properties: {
    id: { type: 'number', primary: true },
    text: { type: 'string' },
    owner: { kind: 'm:1', entity: () => User },
  },
});

/** A user with a column whose value can change in place. */
class Member extends User {
  preferences: { theme: string } = { theme: 'light' };
  badge: string | null = null;
}

const MemberSchema = userSchema({
  class: Member,
  tableName: 'member',
  properties: { preferences: { type: 'json' }, badge: { type: 'string', nullable: true, persist: false } },
});

class Writer extends User {
  posts = new Collection<Post>(this);
}

class Post {
  id!: number;
  title!: string;
  writer!: Writer;
}

const WriterSchema = userSchema({
  class: Writer,
  tableName: 'writer',
  properties: { posts: { kind: '1:m', entity: () => Post, mappedBy: 'writer' } },
});

const PostSchema = new EntitySchema<Post>({
  class: Post,
  properties: {
    id: { type: 'number', primary: true },
    title: { type: 'string' },
    writer: { kind: 'm:1', entity: () => Writer, inversedBy: 'posts' },
  },
});

describe('The manager of a request', () => {
  let test: TestOrm;
  let orm: MikroORM;
  let user: User;
  let key: string;
  let count = 0;
  const fork = (): jest.SpiedFunction<MikroORM['em']['fork']> => jest.spyOn(orm.em, 'fork');

  beforeAll(async () => {
    test = await openOrm([UserSchema, TokenSchema, NoteSchema, MemberSchema, WriterSchema, PostSchema]);
    ({ orm } = test);
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    user = await userStore(orm).createUser({ username: `user${String(++count)}`, email: 'a@example.com' });
    [{ key }] = await tokenStore(orm).getOrCreate(user);
    test.statements();
  });
  afterEach(() => void jest.restoreAllMocks());

  /** Does what a view does, in a request. */
  const inRequest = async <T>(view: () => Promise<T>, of: MikroORM = orm): Promise<T> => {
    let result: T;
    await unitOfWork(of)({ headers: {} }, async () => {
      result = await view();
      return new Response();
    });
    return result!;
  };
  const find = async (of: MikroORM = orm): Promise<Token<User>> => (await tokenStore<Token<User>>(of).find(key))!;
  const row = async (): Promise<Record<string, unknown>> =>
    (await test.sql('SELECT * FROM auth_user WHERE id = ?', [user.id]))[0]!;

  it('is made when somebody asks for it, and once', async () => {
    const forks = fork();
    await inRequest(async () => {
      const token = await find();
      expect([token.user.username, token.user.isAuthenticated, token.key]).toEqual([user.username, true, key]);
      expect(forks).not.toHaveBeenCalled();
      expect(orm.em.id).toBe(orm.em.id);
      expect(forks).toHaveBeenCalledTimes(1);
    });
  });

  it('is the one that MikroORM knows as that of the request', async () => {
    await inRequest(async () => {
      const em = RequestContext.getEntityManager();
      expect(em).toBe(RequestContext.currentRequestContext()?.em);
      expect(em?.getUnitOfWork()).toBe(orm.em.getUnitOfWork());
      expect(RequestContext.getEntityManager('another')).toBeUndefined();
    });
  });

  it('has the name of the one that it is made from', async () => {
    const other = await test.another({ contextName: 'other' });
    await inRequest(async () => {
      const found = (await find(other)).user;
      expect(RequestContext.getEntityManager()).toBeUndefined();
      expect(RequestContext.getEntityManager('other')?.getUnitOfWork()).toBe(other.em.getUnitOfWork());
      expect(await other.em.findOne(User, user.id)).toBe(found);
    }, other);
  });

  it('has the settings of the one that it is made from', async () => {
    orm.em.addFilter('mine', { username: 'nobody' }, User);
    orm.em.setFlushMode(FlushMode.COMMIT);
    try {
      await inRequest(async () => {
        expect(await orm.em.findOne(User, user.id)).toBeNull();
        (await find()).user.firstName = 'Unsaved';
        expect(await orm.em.findOne(Note, { text: 'none', owner: { firstName: 'Unsaved' } })).toBeNull();
        expect(test.statements().filter((statement) => statement.startsWith('update'))).toEqual([]);
      });
    } finally {
      orm.em.addFilter('mine', {}, User);
      orm.em.setFlushMode(FlushMode.AUTO);
    }
  });

  describe('manages what was looked up before it was made', () => {
    it('so that there is one object for a row', async () => {
      await inRequest(async () => {
        const token = await find();
        expect(await orm.em.findOne(User, user.id)).toBe(token.user);
        expect(await orm.em.findOne(Token, { key })).toBe(token);
        expect((await find()).user).toBe(token.user);
        expect(await userStore(orm).get(user.id)).toBe(token.user);
      });
    });

    it('also when look-ups come at once, or one after the other without any question', async () => {
      await inRequest(async () => {
        const [first, second, third] = await Promise.all([find(), userStore(orm).get(user.id), find()]);
        expect([second, third.user, await userStore(orm).getByNaturalKey(user.username)]).toEqual(
          Array.from({ length: 3 }, () => expect.objectContaining({ id: user.id })),
        );
        for (const other of [second, third.user, (await find()).user]) expect(other).toBe(first.user);
      });
    });

    it('and saves what was changed before and after that', async () => {
      await inRequest(async () => {
        const found = (await find()).user;
        found.firstName = 'Ann';
        found.lastLogin = new Date(0);
        orm.em.getUnitOfWork();
        found.lastName = 'Lee';
        await orm.em.flush();
      });
      expect(await row()).toMatchObject({ first_name: 'Ann', last_name: 'Lee', last_login: '1970-01-01 00:00:00+00' });
      expect(test.statements().filter((statement) => statement.startsWith('update'))).toEqual([
        expect.stringMatching(/^update "auth_user" set ("(first_name|last_login|last_name)" = [^=]+){3} where "id" = /),
      ]);
    });

    it('before MikroORM asks whether something is unsaved', async () => {
      await inRequest(async () => {
        (await find()).user.firstName = 'Unsaved';
        expect(await orm.em.findOne(User, { firstName: 'Unsaved' })).not.toBeNull();
      });
      await test.sql("UPDATE auth_user SET first_name = ''");
    });

    it('and writes nothing where nothing was changed', async () => {
      await inRequest(async () => {
        const token = await find();
        token.user.firstName = 'Ann';
        token.user.firstName = '';
        await orm.em.flush();
        expect(await orm.em.findOne(User, { id: user.id, firstName: '' })).toBe(token.user);
      });
      expect(test.statements()).toEqual([expect.stringMatching(/^SELECT /), expect.stringMatching(/^select /)]);
    });

    it('and takes the user for the owner of a new row', async () => {
      await inRequest(async () => {
        const owner = (await find()).user;
        await orm.em.persist(orm.em.create(Note, { text: 'hello', owner })).flush();
      });
      expect(await test.sql('SELECT text FROM note WHERE owner_id = ?', [user.id])).toEqual([{ text: 'hello' }]);
    });

    it('and sees another user at the token, and another key at the user', async () => {
      const other = await userStore(orm).createUser({ username: `other${String(count)}` });
      await inRequest(async () => {
        const token = await find();
        token.user = (await orm.em.findOne(User, other.id))!;
        await orm.em.flush();
      });
      expect((await find()).user.id).toBe(other.id);
      await inRequest(async () => {
        const found = (await userStore(orm).get(user.id))!;
        found.id = 900_000 + user.id;
        await orm.em.flush();
      });
      expect(await userStore(orm).get(900_000 + user.id)).toMatchObject({ username: user.username });
    });

    it('and sees what was changed in place', async () => {
      const members = userStore<Member>(orm, { entity: Member });
      const { id } = await members.createUser({ username: `member${String(count)}`, preferences: { theme: 'light' } });
      await inRequest(async () => {
        const member = (await members.get(id))!;
        const { preferences } = member;
        preferences.theme = 'dark';
        member.badge = 'gold';
        await orm.em.flush();
        expect(member.preferences).toBe(preferences);
        expect(member.badge).toBe('gold');
      });
      expect(await members.get(id)).toMatchObject({ preferences: { theme: 'dark' } });
    });

    const changes: Record<string, (found: User) => unknown> = {
      'a text': (found) => (found.lastName = 'Lee'),
      'a text to what it was': (found) => (found.email = [...'a@example.com'].join('')),
      'a flag and back': (found) => [(found.isStaff = true), (found.isStaff = false)],
      'a date': (found) => (found.lastLogin = new Date(0)),
      'a date to an equal one': (found) => (found.dateJoined = new Date(found.dateJoined)),
      'a date in place': (found) => found.dateJoined.setTime(0),
      'a property that is no column': (found) => Object.assign(found, { nickname: 'Annie' }),
      'many at once': (found) => Object.assign(found, { firstName: 'Ann', isActive: false, lastLogin: new Date(1) }),
    };
    it.each(Object.entries(changes))('and writes what it would have written from the start: %s', async (_, change) => {
      const changed = async (isMade: boolean): Promise<unknown> => {
        await test.sql("UPDATE auth_user SET last_name = '', first_name = '', last_login = NULL WHERE id = ?", [
          user.id,
        ]);
        await inRequest(async () => {
          if (isMade) orm.em.getUnitOfWork();
          const found = (await find()).user;
          change(found);
          test.statements();
          await orm.em.findOne(User, { lastName: 'nobody' });
          await orm.em.flush();
        });
        return [test.statements(), Object.keys((await find()).user), await row()];
      };
      const eager = await changed(true);
      await test.sql('UPDATE auth_user SET date_joined = ?, is_active = true WHERE id = ?', [user.dateJoined, user.id]);
      expect(await changed(false)).toEqual(eager);
    });

    it('and says so where it can no more be managed', async () => {
      await inRequest(async () => {
        Object.freeze((await find()).user);
        expect(() => orm.em.getUnitOfWork()).toThrow(TypeError);
      });
    });
  });

  describe('is made by a question to the entity, too', () => {
    const questions: Record<string, (found: User) => unknown> = {
      'whether it is managed': (found) => wrap(found).isManaged(),
      'for a reference to it': (found) => wrap(found).toReference().unwrap() === found,
      'for its original values': (found) => wrap(found, true).__originalEntityData?.['username'] === user.username,
    };
    it.each(Object.entries(questions))('%s', async (_title, question) => {
      const forks = fork();
      await inRequest(async () => {
        const found = (await find()).user;
        expect(question(found)).toBe(true);
        expect(forks).toHaveBeenCalledTimes(1);
        expect(await orm.em.findOne(User, user.id)).toBe(found);
      });
    });

    it('which has the properties, the class and the JSON that it has with a manager', async () => {
      const shape = (token: Token<User>): unknown => [
        Object.keys(token),
        Object.keys(token.user),
        { ...token.user },
        Object.getPrototypeOf(token.user) === User.prototype,
        JSON.stringify(token),
        JSON.stringify(token.user),
      ];
      const eager = await inRequest(async () => {
        orm.em.getUnitOfWork();
        return shape(await find());
      });
      const deferred = await inRequest(async () => shape(await find()));
      expect(deferred).toEqual(eager);
      expect(JSON.stringify(deferred)).not.toContain('"password":""}"');
    });

    it('which belongs to its own request, also when another one asks', async () => {
      const found = await inRequest(async () => (await find()).user);
      await inRequest(async () => {
        expect(wrap(found).isManaged()).toBe(true);
        const own = await orm.em.findOneOrFail(User, user.id);
        expect(own).not.toBe(found);
        found.firstName = 'Elsewhere';
        await orm.em.flush();
      });
      expect(await row()).toMatchObject({ first_name: '' });
    });

    it('which was found outside of requests', async () => {
      const forks = fork();
      const { user: found } = await find();
      expect(found.username).toBe(user.username);
      expect(forks).not.toHaveBeenCalled();
      expect(wrap(found).isManaged()).toBe(true);
      const em = wrap(found, true).__em!;
      found.firstName = 'Outside';
      await em.flush();
      expect(await row()).toMatchObject({ first_name: 'Outside' });
    });
  });

  describe('is there at once', () => {
    it('for an entity with more than plain columns, which loads them itself', async () => {
      const writers = userStore<Writer>(orm, { entity: Writer });
      const { id } = await writers.createUser({ username: `writer${String(count)}` });
      await test.sql("INSERT INTO post (title, writer_id) VALUES ('first', ?)", [id]);
      await inRequest(async () => {
        const posts = await (await writers.get(id))!.posts.loadItems();
        expect(posts.map(({ title }) => title)).toEqual(['first']);
      });
    });

    it('for a request inside of another one, and has the filters of that one', async () => {
      await inRequest(async () => {
        const outer = (await find()).user;
        orm.em.addFilter('nobody', { username: 'nobody' }, User);
        await inRequest(async () => {
          const inner = (await find()).user;
          expect(inner).not.toBe(outer);
          expect(await orm.em.findOne(User, { email: 'a@example.com' })).toBeNull();
        });
        expect(await orm.em.findOne(User, user.id, { filters: false })).toBe(outer);
      });
    });

    it('inside of a transaction, which a look-up takes part in', async () => {
      await orm.em.transactional(async (em) => {
        await em.nativeUpdate(User, user.id, { firstName: 'uncommitted' });
        expect((await inRequest(find)).user.firstName).toBe('uncommitted');
        expect((await find()).user.firstName).toBe('uncommitted');
      });
    });

    it('for a transaction of a manager that the view brought along', async () => {
      const own = orm.em.fork();
      await inRequest(async () => {
        await own.transactional(async (em) => {
          await em.nativeUpdate(User, user.id, { firstName: 'uncommitted' });
          expect((await find()).user.firstName).toBe('uncommitted');
        });
      });
    });

    it('for a transaction that the view begins after the look-up', async () => {
      await inRequest(async () => {
        const found = (await find()).user;
        await orm.em.begin();
        found.firstName = 'undone';
        await orm.em.flush();
        expect((await find()).user).toBe(found);
        await orm.em.rollback();
      });
      expect(await row()).toMatchObject({ first_name: '' });
    });
  });

  describe('in an app that watches its entities', () => {
    interface Watch extends EventSubscriber {
      readonly seen: string[];
    }
    const watch = (event: EventType.onInit | EventType.onLoad): Watch => {
      const seen: string[] = [];
      const note = ({ entity }: EventArgs<object>): void => {
        seen.push(entity.constructor.name);
        Reflect.set(entity, 'watched', true);
      };
      return { seen, [event]: note };
    };

    it('shows each entity to onInit when it is found', async () => {
      const watcher = watch(EventType.onInit);
      const other = await test.another({ subscribers: [watcher] });
      await inRequest(async () => expect((await find(other)).user).toMatchObject({ watched: true }), other);
      expect(watcher.seen).toEqual(['User', 'Token']);
    });

    it('also to a subscriber that came later', async () => {
      const other = await test.another();
      await inRequest(async () => expect(await find(other)).not.toHaveProperty('watched'), other);
      other.em.getEventManager().registerSubscriber(watch(EventType.onInit));
      await inRequest(async () => expect(await find(other)).toMatchObject({ watched: true }), other);
    });

    it('shows it to onLoad when the manager loads, as ever', async () => {
      const watcher = watch(EventType.onLoad);
      const other = await test.another({ subscribers: [watcher] });
      await inRequest(async () => {
        await find(other);
        expect(watcher.seen).toEqual([]);
        await other.em.findOne(User, { username: user.username });
        expect(watcher.seen).toEqual(['User', 'Token']);
      }, other);
    });
  });
});
