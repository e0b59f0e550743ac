import type { EntityManager } from '@mikro-orm/postgresql';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  APIException,
  APIView,
  authtoken,
  defineSettings,
  IsAuthenticated,
  Response,
  TokenAuthentication,
  User,
  ValidationError,
} from 'sallyport';
import type { AuthenticatedRequest, Token, ViewResult } from 'sallyport';
import { setRollback, tokenStore, TokenSchema, unitOfWork, userStore, UserSchema } from 'sallyport/mikro-orm';
import type { UnitOfWorkOptions } from 'sallyport/mikro-orm';
import { APIClient } from 'sallyport/testing';
import { openOrm } from './support';
import type { TestOrm } from './support';

const raw = { headers: {} };

/** Writes the token of a user who isn't there: the foreign key is looked at when the transaction ends. */
async function violateAtCommit(em: EntityManager): Promise<Response> {
  const sql = "INSERT INTO authtoken_token VALUES ('x', now(), 0)";
  await em.getConnection().execute(sql, [], 'all', em.getTransactionContext());
  return new Response();
}

describe('unitOfWork', () => {
  let test: TestOrm;
  let id: number;
  let count = 0;

  beforeAll(async () => {
    test = await openOrm([UserSchema, TokenSchema]);
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    ({ id } = await userStore(test.orm).createUser({ username: `user${String(++count)}` }));
    test.statements();
  });

  const dispatch = (run: () => Promise<ViewResult>, options?: UnitOfWorkOptions): Promise<ViewResult> =>
    unitOfWork(test.orm, options)(raw, run);
  const rename = async (lastName: string): Promise<void> => {
    (await test.orm.em.findOneOrFail(User, id)).lastName = lastName;
  };
  const lastName = async (): Promise<unknown> =>
    (await test.sql('SELECT last_name FROM auth_user WHERE id = ?', [id]))[0]?.['last_name'];

  it('gives each request an entity manager of its own', async () => {
    const seen = await Promise.all(
      [1, 2].map(async () => {
        let user: User | undefined;
        await dispatch(async () => {
          user = await test.orm.em.findOneOrFail(User, id);
          expect(await test.orm.em.findOneOrFail(User, id)).toBe(user);
          return new Response();
        });
        return user;
      }),
    );
    expect(seen[0]).not.toBe(seen[1]);
    expect([...test.orm.em.getUnitOfWork(false).getIdentityMap()]).toEqual([]);
  });

  it('passes the answer on, and asks the database nothing of its own accord (D-344)', async () => {
    const answer = new Response({ ok: true });
    expect(await dispatch(async () => answer)).toBe(answer);
    expect(test.statements()).toEqual([]);
  });

  describe('without atomicRequests', () => {
    it('has nothing to roll back (D-343)', async () => {
      setRollback(test.orm);
      await dispatch(async () => {
        await rename('saved');
        await test.orm.em.flush();
        setRollback(test.orm);
        return new Response();
      });
      expect(await lastName()).toBe('saved');
    });

    it('saves what is flushed at once, and nothing else', async () => {
      const error = new Error('bug');
      const failing = dispatch(async () => {
        await rename('flushed');
        await test.orm.em.flush();
        await rename('not flushed');
        throw error;
      });
      await expect(failing).rejects.toBe(error);
      expect(await lastName()).toBe('flushed');
    });
  });

  describe('with atomicRequests', () => {
    const atomically = (run: () => Promise<ViewResult>): Promise<ViewResult> => dispatch(run, { atomicRequests: true });

    it('commits with the answer, also what is not flushed (D-342)', async () => {
      await atomically(async () => {
        await rename('committed');
        return new Response();
      });
      expect(await lastName()).toBe('committed');
    });

    it('commits before the answer is sent, and not before it is made', async () => {
      await atomically(async () => {
        await rename('later');
        await test.orm.em.flush();
        expect(await lastName()).toBe('');
        return new Response();
      });
    });

    it('takes everything back when an exception handler made the answer, which is sent all the same (D-060, D-340)', async () => {
      const answer = new Response({ detail: 'no' }, { status: 400, exception: true });
      const sent = await atomically(async () => {
        await rename('undone');
        await test.orm.em.flush();
        return answer;
      });
      expect(sent).toBe(answer);
      expect(await lastName()).toBe('');
    });

    it('commits with an answer of an error status that the view made itself', async () => {
      await atomically(async () => {
        await rename('kept');
        return new Response({}, { status: 400 });
      });
      expect(await lastName()).toBe('kept');
    });

    it("commits with the platform's own Response", async () => {
      await atomically(async () => {
        await rename('platform');
        return new globalThis.Response('ready');
      });
      expect(await lastName()).toBe('platform');
    });

    it.each([new Error('bug'), new APIException('no')])(
      'takes everything back and rethrows %p (D-341)',
      async (error) => {
        const failing = atomically(async () => {
          await rename('undone');
          await test.orm.em.flush();
          throw error;
        });
        await expect(failing).rejects.toBe(error);
        expect(await lastName()).toBe('');
      },
    );

    it('fails and takes everything back when the last flush fails', async () => {
      const failing = atomically(async () => {
        await test.orm.em.nativeUpdate(User, id, { lastName: 'undone' });
        test.orm.em.persist(Object.assign(new User(), { username: `user${String(count)}` }));
        return new Response();
      });
      await expect(failing).rejects.toThrow(/violates unique constraint/);
      expect(await lastName()).toBe('');
    });

    it('fails and takes everything back when a constraint is violated at the end', async () => {
      const failing = atomically(async () => {
        await rename('undone');
        return violateAtCommit(test.orm.em);
      });
      await expect(failing).rejects.toThrow(/violates foreign key constraint/);
      expect(await lastName()).toBe('');
    });

    it('takes everything back where the view says so, whatever it answers (D-339)', async () => {
      await atomically(async () => {
        await rename('undone');
        await test.orm.em.flush();
        setRollback(test.orm);
        return new Response();
      });
      expect(await lastName()).toBe('');
      await atomically(async () => {
        await rename('next request');
        return new Response();
      });
      expect(await lastName()).toBe('next request');
    });

    it('gives its connection back, however a request ends', async () => {
      const small = await test.another({ pool: { min: 0, max: 1, acquireTimeoutMillis: 2000 } });
      const around = unitOfWork(small, { atomicRequests: true });
      await around(raw, async () => new Response());
      await around(raw, async () => new Response({}, { exception: true }));
      await expect(around(raw, () => Promise.reject(new Error('bug')))).rejects.toThrow('bug');
      await expect(around(raw, () => violateAtCommit(small.em))).rejects.toThrow(/foreign key/);
      expect(await around(raw, async () => new Response())).toBeInstanceOf(Response);
    });

    it('takes back only the inner part where a view catches the failure of one', async () => {
      await atomically(async () => {
        await rename('outer');
        await test.orm.em.flush();
        await test.orm.em
          .transactional(async (em) => {
            await em.nativeUpdate(User, id, { lastName: 'inner' });
            throw new Error('inner');
          })
          .catch(() => undefined);
        return new Response();
      });
      expect(await lastName()).toBe('outer');
    });
  });

  describe('around a view', () => {
    const endings: Record<string, () => Response> = {
      answers: () => new Response({}),
      refuses: () => {
        throw new ValidationError({ lastName: ['Not that one.'] });
      },
      fails: () => {
        throw new Error('bug');
      },
    };
    let client: APIClient;

    beforeAll(() => {
      class Rename extends APIView<User, Token<User>> {
        static override settings = defineSettings(
          {
            defaultAuthenticationClasses: [TokenAuthentication],
            defaultPermissionClasses: [IsAuthenticated],
            users: userStore(test.orm),
            aroundDispatch: unitOfWork(test.orm, { atomicRequests: true }),
            logger: { error: () => undefined },
          },
          authtoken({ store: tokenStore(test.orm) }),
        );
        override async post(request: AuthenticatedRequest<User, Token<User>>): Promise<Response> {
          const { lastName: name, ending } = request.data as { lastName: string; ending: string };
          request.user.lastName = name;
          await test.orm.em.flush();
          return endings[ending]!();
        }
      }
      client = new APIClient(Rename.asView(), { raiseRequestException: false });
    });

    it.each([
      ['answers', 200, 'new'],
      ['refuses', 400, ''],
      ['fails', 500, ''],
    ])('that %s, the status is %d and the name %j (D-060, D-340 to D-342, D-345)', async (ending, status, name) => {
      const [{ key }] = await tokenStore(test.orm).getOrCreate(
        await userStore(test.orm)
          .get(id)
          .then((user) => user!),
      );
      client.credentials({ Authorization: `Token ${key}` });
      const response = await client.post('/', { lastName: 'new', ending }, { format: 'json' });
      expect(response.status).toBe(status);
      expect(await lastName()).toBe(name);
    });
  });
});
