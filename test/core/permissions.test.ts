import { describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  and,
  AnonymousUser,
  APIView,
  BasePermission,
  defineSettings,
  IsAdminUser,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  not,
  or,
  Response,
  SAFE_METHODS,
  samePermission,
  User,
} from 'sallyport';
import type { Awaitable, BaseUser, Permission, PermissionClasses, PolicyClass, Request } from 'sallyport';
import { call } from '../support/server';

const settings = defineSettings();
const ann: BaseUser = { pk: 1, isActive: true, isAuthenticated: true };

function requestOf(user: unknown, method = 'GET'): Request {
  class View extends APIView {
    static override authenticationClasses = [];
  }
  const request = new View().initializeRequest({ method, url: '/', headers: {} }, {});
  request.user = user as BaseUser;
  return request;
}
const view = {} as APIView;

const allows = async (Class: PolicyClass<Permission>, request = requestOf(ann)): Promise<unknown> =>
  new Class(settings).hasPermission?.(request, view);
const allowsObject = async (Class: PolicyClass<Permission>, obj: unknown = {}): Promise<unknown> =>
  new Class(settings).hasObjectPermission?.(requestOf(ann), view, obj);

/** A permission with answers for both checks, which remembers that it was asked. */
function asked(log: string[], name: string, klass: unknown, object: unknown = klass): PolicyClass<Permission> {
  return class extends BasePermission {
    override hasPermission(): Awaitable<boolean> {
      log.push(name);
      return klass as boolean;
    }
    override hasObjectPermission(): Awaitable<boolean> {
      log.push(`${name} object`);
      return object as boolean;
    }
  };
}
const yes = (log: string[] = [], name = 'yes') => asked(log, name, true);
const no = (log: string[] = [], name = 'no') => asked(log, name, false);

describe('the permissions of DRF', () => {
  const admin = Object.assign(new User(), { id: 1, isStaff: true });
  const superuser = Object.assign(new User(), { id: 2, isSuperuser: true });
  const nobody = new AnonymousUser();

  it('D-215: safe methods are GET, HEAD and OPTIONS', () => {
    expect([...SAFE_METHODS]).toEqual(['GET', 'HEAD', 'OPTIONS']);
  });

  it('D-216, D-217: BasePermission and AllowAny allow everybody everything', async () => {
    for (const Class of [BasePermission, AllowAny]) {
      expect([await allows(Class, requestOf(nobody)), await allowsObject(Class)]).toEqual([true, true]);
    }
  });

  it.each([
    [ann, true],
    [admin, true],
    [nobody, false],
    [null, false],
  ])('D-218: IsAuthenticated lets %p pass: %p', async (user, expected) => {
    expect(await allows(IsAuthenticated, requestOf(user))).toBe(expected);
  });

  it.each([
    [admin, true],
    [superuser, false],
    [ann, false],
    [nobody, false],
    [null, false],
    [{ ...ann, isStaff: 'yes' }, false],
    [{ ...ann, isStaff: () => true }, false],
  ])('D-219: IsAdminUser lets %p pass: %p', async (user, expected) => {
    expect(await allows(IsAdminUser, requestOf(user))).toBe(expected);
  });

  it('D-220: IsAuthenticatedOrReadOnly lets everybody read, and users write', async () => {
    for (const method of SAFE_METHODS)
      expect(await allows(IsAuthenticatedOrReadOnly, requestOf(nobody, method))).toBe(true);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get']) {
      expect(await allows(IsAuthenticatedOrReadOnly, requestOf(nobody, method))).toBe(false);
      expect(await allows(IsAuthenticatedOrReadOnly, requestOf(ann, method))).toBe(true);
    }
  });
});

describe('and, or, not', () => {
  it('D-231: decide for the view as their names say', async () => {
    const table: [PolicyClass<Permission>, boolean][] = [
      [and(yes(), yes()), true],
      [and(yes(), no()), false],
      [and(no(), yes()), false],
      [and(yes(), yes(), no()), false],
      [or(no(), yes()), true],
      [or(yes(), no()), true],
      [or(no(), no()), false],
      [or(no(), no(), yes()), true],
      [not(yes()), false],
      [not(no()), true],
      [not(not(yes())), true],
      [and(yes()), true],
      [or(no()), false],
    ];
    for (const [Class, expected] of table) expect(await allows(Class)).toBe(expected);
  });

  it('D-231: ask from left to right, and no further than needed', async () => {
    const log: string[] = [];
    await allows(and(yes(log, 'a'), no(log, 'b'), yes(log, 'c')));
    await allows(or(no(log, 'd'), yes(log, 'e'), no(log, 'f')));
    expect(log).toEqual(['a', 'b', 'd', 'e']);
  });

  it('D-231: the same with answers that come later', async () => {
    const later = (name: string, log: string[], answer: boolean) => asked(log, name, Promise.resolve(answer));
    const log: string[] = [];
    expect(await allows(and(later('a', log, true), later('b', log, false), later('c', log, true)))).toBe(false);
    expect(await allows(or(later('d', log, false), later('e', log, true), later('f', log, false)))).toBe(true);
    expect(await allows(not(later('g', log, true)))).toBe(false);
    expect(log).toEqual(['a', 'b', 'd', 'e', 'g']);
  });

  it('D-232: for an object, `and` asks the object checks alone', async () => {
    const log: string[] = [];
    expect(await allowsObject(and(yes(log, 'a'), no(log, 'b'), yes(log, 'c')))).toBe(false);
    expect(log).toEqual(['a object', 'b object']);
  });

  it('D-232: for an object, a branch of `or` must pass its class check too', async () => {
    const log: string[] = [];
    const mayNotCome = asked(log, 'a', false, true);
    const mayNotTouch = asked(log, 'b', true, false);
    expect(await allowsObject(or(mayNotCome, mayNotTouch))).toBe(false);
    expect(log).toEqual(['a', 'b', 'b object']);
    expect(await allowsObject(or(mayNotCome, yes()))).toBe(true);
  });

  it('D-232: a branch that says nothing of objects does not open them to those whom it refuses', async () => {
    class Owner {
      hasObjectPermission(_request: Request, _view: APIView, obj: unknown): boolean {
        return obj === 'mine';
      }
    }
    const AdminOrOwner = or(IsAdminUser, Owner);
    expect([await allowsObject(AdminOrOwner, 'mine'), await allowsObject(AdminOrOwner, 'yours')]).toEqual([
      true,
      false,
    ]);
  });

  it('D-232: for an object, `not` turns the object check alone round', async () => {
    const log: string[] = [];
    expect(await allowsObject(not(asked(log, 'a', false, false)))).toBe(true);
    expect(await allowsObject(not(asked(log, 'a', false, true)))).toBe(false);
    expect(log).toEqual(['a object', 'a object']);
  });

  it('a permission without one of the methods allows there, inside a composition too', async () => {
    class Nothing {}
    for (const Class of [and(Nothing, Nothing), or(Nothing, no()), not(not(Nothing))]) {
      expect([await allows(Class), await allowsObject(Class)]).toEqual([true, true]);
    }
    expect([await allows(not(Nothing)), await allowsObject(not(Nothing))]).toEqual([false, false]);
  });

  it.each([undefined, null, 0, ''])('an answer of %p refuses, and `not` turns it round', async (answer) => {
    expect(await allows(and(asked([], 'a', answer)))).toBe(false);
    expect(await allows(or(asked([], 'a', Promise.resolve(answer))))).toBe(false);
    expect(await allows(not(asked([], 'a', answer)))).toBe(true);
    expect(await allows(not(asked([], 'a', Promise.resolve(answer))))).toBe(true);
  });

  it('D-230, D-235: compose further, as they are nested, and stand in a list like any class', async () => {
    class View extends APIView {
      static override authenticationClasses = [];
      override get(): Response {
        return new Response('ok');
      }
    }
    const status = async (...permissionClasses: PermissionClasses): Promise<number> =>
      (await call(View.asView({ permissionClasses }))).status;
    expect(await status(and(not(no()), or(no(), and(yes(), yes()))))).toBe(200);
    expect(await status(yes(), and(yes(), not(or(yes(), no()))))).toBe(403);
  });

  it('D-233: the words of the parts are not those of the whole', async () => {
    class Words extends BasePermission {
      readonly message = 'My words.';
      override hasPermission(): boolean {
        return false;
      }
    }
    class View extends APIView {
      static override authenticationClasses = [];
      static override permissionClasses: PermissionClasses = [and(Words, AllowAny)];
      override get(): Response {
        return new Response('ok');
      }
    }
    expect((await call(View.asView())).json).toEqual({ detail: 'You do not have permission to perform this action.' });
  });

  it('make the parts with the settings of the view', async () => {
    class Needs extends BasePermission {
      override hasPermission(): boolean {
        return this.settings === settings;
      }
    }
    expect(await allows(and(or(Needs), not(not(Needs))))).toBe(true);
  });

  it('D-234: two with the same operator and operands count as the same', () => {
    expect(samePermission(and(AllowAny, IsAuthenticated), and(AllowAny, IsAuthenticated))).toBe(true);
    expect(samePermission(not(or(AllowAny, IsAdminUser)), not(or(AllowAny, IsAdminUser)))).toBe(true);
    expect(samePermission(AllowAny, AllowAny)).toBe(true);
    expect(samePermission(and(AllowAny, IsAuthenticated), or(AllowAny, IsAuthenticated))).toBe(false);
    expect(samePermission(and(AllowAny, IsAuthenticated), and(IsAuthenticated, AllowAny))).toBe(false);
    expect(samePermission(and(AllowAny), and(AllowAny, AllowAny))).toBe(false);
    expect(samePermission(and(AllowAny), AllowAny)).toBe(false);
    expect(samePermission(AllowAny, not(AllowAny))).toBe(false);
  });

  it('refuse what is no class at once, as nothing would ask it later', () => {
    expect(() => and()).toThrow('and() takes permission classes, and got none.');
    expect(() => or()).toThrow(TypeError);
    expect(() => and(AllowAny, undefined as never)).toThrow('and() takes permission classes; argument 2 is none.');
    expect(() => or(new AllowAny(settings) as never)).toThrow('or() takes permission classes; argument 1 is none.');
    expect(() => not(undefined as never)).toThrow('not() takes permission classes; argument 1 is none.');
  });
});
