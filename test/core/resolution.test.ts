import { describe, expect, it } from '@jest/globals';
import * as sallyport from 'sallyport';
import {
  AllowAny,
  APIView,
  BaseAuthentication,
  BaseContentNegotiation,
  BaseMetadata,
  BasePermission,
  BaseRenderer,
  BaseThrottle,
  BaseVersioning,
  defineSettings,
  extendSettings,
  ImproperlyConfigured,
  IsAdminUser,
  IsAuthenticated,
  JSONParser,
  JSONRenderer,
  Response,
} from 'sallyport';
import type {
  AuthenticationClasses,
  BaseUser,
  ContentNegotiation,
  Metadata,
  Parser,
  ParserClasses,
  PermissionClasses,
  Policies,
  PolicyClass,
  Renderer,
  RendererClasses,
  Request,
  ThrottleClasses,
  Versioning,
  ViewClass,
} from 'sallyport';
import { call, errorLog } from '../support/server';

class Open extends APIView {
  override get(): Response {
    return new Response('open');
  }
}

const GUARDS = [
  'authenticationClasses',
  'permissionClasses',
  'preAuthThrottleClasses',
  'throttleClasses',
  'parserClasses',
  'rendererClasses',
  'contentNegotiationClass',
  'metadataClass',
  'versioningClass',
  'throttleScope',
] as const;

const settingOf = (name: string): string => `default${name[0]!.toUpperCase()}${name.slice(1)}`;

/** Decorators by the name of the policy, called without knowing which one. */
const decorate = (name: (typeof GUARDS)[number], value: unknown) =>
  (sallyport[name] as unknown as (policy: unknown) => (target: object) => void)(value);

/** A class that extends `Base`, with a static that the types don't know. */
function withStatic(Base: ViewClass, name: string, value: unknown): ViewClass {
  const derived = class extends Base {};
  Object.defineProperty(derived, name, { value, configurable: true, writable: true, enumerable: true });
  return derived;
}

class User1 extends BaseAuthentication {
  override authenticate(): readonly [BaseUser, string] {
    return [{ pk: 1, isActive: true, isAuthenticated: true }, 'one'];
  }
}
class User2 extends BaseAuthentication {
  override authenticate(): readonly [BaseUser, string] {
    return [{ pk: 2, isActive: true, isAuthenticated: true }, 'two'];
  }
}
class Refuse extends BasePermission {
  override hasPermission(): boolean {
    return false;
  }
}
class Throttled extends BaseThrottle {
  allowRequest(): boolean {
    return false;
  }
}
class Csv extends BaseRenderer {
  readonly mediaType = 'text/csv';
  readonly format = 'csv';
  render(): string {
    return 'csv';
  }
}
class Anything extends JSONParser {
  override readonly mediaType = '*/*';
  override async parse(): Promise<unknown> {
    return 'anything';
  }
}
class First extends BaseContentNegotiation {
  selectParser(_request: Request, parsers: readonly Parser[]): Parser | null {
    return parsers[0] ?? null;
  }
  selectRenderer(_request: Request, renderers: readonly Renderer[]): readonly [Renderer, string] {
    return [renderers[0]!, 'chosen/first'];
  }
}
class Hello extends BaseMetadata {
  determineMetadata(): unknown {
    return 'hello';
  }
}
class Always2 extends BaseVersioning {
  readonly invalidVersionMessage = 'no';
  determineVersion(): string {
    return '2';
  }
}

/** Tells what is in force. */
class Report extends APIView {
  override get(request: Request): Response {
    const { user, version, acceptedMediaType } = request;
    return new Response({ user: user?.pk, version, acceptedMediaType, scope: this.policies.throttleScope });
  }
  override post(request: Request): Response {
    return new Response(request.data);
  }
}

/** A base view and its subclass, with a value for each policy. */
abstract class Parent extends Report {
  static override authenticationClasses: AuthenticationClasses = [User1];
  static override permissionClasses: PermissionClasses = [AllowAny];
  static override throttleClasses: ThrottleClasses = [];
  static override parserClasses: ParserClasses = [JSONParser];
  static override rendererClasses: RendererClasses = [JSONRenderer];
  static override throttleScope: string | null = 'parent';
}

describe('a grandchild that names other classes', () => {
  class ByStatic extends Parent {
    static override authenticationClasses: AuthenticationClasses = [User2];
    static override permissionClasses: PermissionClasses = [IsAuthenticated];
    static override throttleClasses: ThrottleClasses = [];
    static override parserClasses: ParserClasses = [Anything];
    static override rendererClasses: RendererClasses = [JSONRenderer, Csv];
    static override contentNegotiationClass: PolicyClass<ContentNegotiation> = First;
    static override metadataClass: PolicyClass<Metadata> | null = Hello;
    static override versioningClass: PolicyClass<Versioning> | null = Always2;
    static override throttleScope: string | null = 'child';
  }

  @sallyport.authenticationClasses([User2])
  @sallyport.permissionClasses([IsAuthenticated])
  @sallyport.throttleClasses([])
  @sallyport.parserClasses([Anything])
  @sallyport.rendererClasses([JSONRenderer, Csv])
  @sallyport.contentNegotiationClass(First)
  @sallyport.metadataClass(Hello)
  @sallyport.versioningClass(Always2)
  @sallyport.throttleScope('child')
  class ByDecorator extends Parent {}

  class BelowDecorated extends ByDecorator {}
  class BelowStatic extends ByStatic {}

  it.each([ByStatic, ByDecorator, BelowStatic, BelowDecorated])('has them in force: %p', async (View) => {
    const answer = await call(View.asView());
    expect(answer.json).toEqual({ user: 2, version: '2', acceptedMediaType: 'chosen/first', scope: 'child' });
    expect(answer.headers.vary).toBe('Accept');
    expect((await call(View.asView(), { method: 'OPTIONS' })).json).toBe('hello');
    const posted = await call(View.asView(), { method: 'POST', body: 'x', headers: { 'Content-Type': 'odd/type' } });
    expect(posted.json).toBe('anything');
  });

  it.each([
    [
      'static',
      class extends ByDecorator {
        static override permissionClasses: PermissionClasses = [Refuse];
      },
    ],
    [
      'decorator',
      (() => {
        @sallyport.permissionClasses([Refuse])
        class Decorated extends ByStatic {}
        return Decorated;
      })(),
    ],
    ['override', null],
  ])('the nearest declaration wins, whatever its form: %s', async (_form, View) => {
    const handler = View === null ? ByDecorator.asView({ permissionClasses: [Refuse] }) : View.asView();
    expect((await call(handler)).status).toBe(403);
  });

  it.each([
    ['permissionClasses', [Refuse], 403],
    ['throttleClasses', [Throttled], 429],
  ] as const)('closes what its base view left open: %s', async (name, value, status) => {
    expect((await call(withStatic(Parent as unknown as ViewClass, name, value).asView())).status).toBe(status);
    const Decorated = withStatic(Parent as unknown as ViewClass, 'x', 0);
    decorate(name, value)(Decorated);
    expect((await call(Decorated.asView())).status).toBe(status);
  });

  it('leaves its base view as it was', async () => {
    class Sibling extends Parent {}
    expect((await call(Sibling.asView())).json).toMatchObject({ user: 1, version: null, scope: 'parent' });
  });
});

describe('a policy of an instance, which would be ignored', () => {
  const { logger, errors } = errorLog();
  const settings = defineSettings({ logger });

  async function neverRuns(View: ViewClass): Promise<void> {
    let ran = false;
    const Watched = class extends View {
      override get(): Response {
        ran = true;
        return new Response('open');
      }
    } as unknown as ViewClass;
    const tried = async (): Promise<number> => (await call(Watched.asView({ settings }))).status;
    const outcome = await tried().catch((error: unknown) => error);
    if (outcome === 500) expect(errors.pop()).toBeInstanceOf(ImproperlyConfigured);
    else expect(outcome).toBeInstanceOf(ImproperlyConfigured);
    expect(ran).toBe(false);
  }

  describe.each(GUARDS)('%s', (name) => {
    const value = name.endsWith('Classes') ? [IsAdminUser] : name === 'throttleScope' ? 'scope' : IsAdminUser;

    it('never runs the view as a field', async () => {
      class Field extends Open {
        constructor() {
          super();
          Object.defineProperty(this, name, { value, enumerable: true, configurable: true, writable: true });
        }
      }
      await neverRuns(Field);
    });

    it('never runs the view as an assignment in the constructor', async () => {
      class Assigned extends Open {
        constructor() {
          super();
          Reflect.set(this, name, value);
        }
      }
      await neverRuns(Assigned);
    });

    it('never runs the view as a getter', async () => {
      class Getter extends Open {}
      Object.defineProperty(Getter.prototype, name, { get: () => value, configurable: true });
      await neverRuns(Getter);
    });

    it('never runs the view as a method', async () => {
      class Method extends Open {}
      Object.defineProperty(Method.prototype, name, { value: () => value, configurable: true });
      await neverRuns(Method);
    });

    it('never runs the view when a base class between has it', async () => {
      class Between extends Open {}
      Object.defineProperty(Between.prototype, name, { get: () => value });
      class Below extends Between {}
      await neverRuns(Below);
    });

    it('is refused on the second request as on the first', async () => {
      class Field extends Open {
        constructor() {
          super();
          Object.defineProperty(this, name, { value });
        }
      }
      const handler = Field.asView({ settings });
      for (let i = 0; i < 2; i++) {
        expect((await call(handler)).status).toBe(500);
        expect(errors.pop()).toBeInstanceOf(ImproperlyConfigured);
      }
    });
  });

  it('is named with its cure', () => {
    class Getter extends Open {}
    Object.defineProperty(Getter.prototype, 'permissionClasses', { get: () => [IsAdminUser] });
    expect(() => Getter.asView()).toThrow(
      'Getter.permissionClasses belongs to the instance, where it would be ignored. Write `static override permissionClasses = …`.',
    );
  });

  it('is refused too when someone makes the view by hand', async () => {
    class Field extends Open {
      constructor() {
        super();
        Object.defineProperty(this, 'permissionClasses', { value: [Refuse] });
      }
    }
    const view = new Field();
    await expect(view.dispatch({ headers: {}, method: 'GET', url: '/' }, {})).rejects.toThrow(ImproperlyConfigured);
  });

  it('cannot be a decorated method: its policies would be ignored', () => {
    for (const name of GUARDS) {
      const method = (): Response => new Response();
      decorate(name, name.endsWith('Classes') ? [IsAdminUser] : name === 'throttleScope' ? 'a' : IsAdminUser)(method);
      class View extends Open {}
      Object.defineProperty(View.prototype, 'post', { value: method, configurable: true });
      class Below extends View {}
      for (const Class of [View, Below]) {
        expect(() => Class.asView()).toThrow(`@${name} above the method ${Class.name}.post would be ignored`);
      }
    }
  });
});

describe('a policy that is none', () => {
  const lists = GUARDS.filter((name) => name.endsWith('Classes'));
  const singles = ['contentNegotiationClass', 'metadataClass', 'versioningClass'] as const;

  it.each(lists)('%s must be a list of classes', (name) => {
    const refused: [unknown, string][] = [
      [IsAdminUser, 'must be a list of classes: [IsAuthenticated], not the class IsAdminUser.'],
      [null, 'must be a list of classes: [IsAuthenticated], not null.'],
      ['IsAdminUser', 'not a string.'],
      [new Set([IsAdminUser]), 'not an object.'],
      [[undefined], '[0] is undefined, not a class. Do two modules import each other?'],
      [
        [IsAdminUser, new IsAdminUser(defineSettings())],
        '[1] is an object, not a class. Write the class itself, without new or ().',
      ],
      [['IsAdminUser'], '[0] is a string, not a class.'],
      [[null], '[0] is null, not a class.'],
    ];
    for (const [value, message] of refused) {
      for (const make of [
        () => withStatic(Open, name, value).asView(),
        () => Open.asView({ [name]: value }),
        () => Open.asView({ settings: defineSettings({ [settingOf(name)]: value }) }),
      ]) {
        expect(make).toThrow(ImproperlyConfigured);
        expect(make).toThrow(message);
      }
    }
  });

  it.each(singles)('%s must be a class', (name) => {
    for (const value of ['text', {}, [IsAdminUser]]) {
      expect(() => Open.asView({ [name]: value })).toThrow(ImproperlyConfigured);
    }
    const withoutOne = (): unknown => Open.asView({ [name]: null });
    if (name === 'contentNegotiationClass') expect(withoutOne).toThrow('must be a class, not null');
    else expect(withoutOne).not.toThrow();
  });

  it.each(GUARDS)('%s must not be undefined: a cycle of imports would leave the view open', (name) => {
    const message = `${name} is undefined. Do two modules import each other?`;
    expect(() => withStatic(Open as unknown as ViewClass, name, undefined).asView()).toThrow(message);
    expect(() => Open.asView({ [name]: undefined })).toThrow(message);
    expect(() => sallyport.apiView(['GET'], { [name]: undefined })(() => new Response())).toThrow(message);
  });

  it('settings must not be undefined either', () => {
    const message = 'are undefined. Do two modules import each other?';
    expect(() => withStatic(Open as unknown as ViewClass, 'settings', undefined).asView()).toThrow(message);
    expect(() => Open.asView({ settings: undefined as never })).toThrow(message);
    expect(() => sallyport.apiView(['GET'], { settings: undefined as never })(() => new Response())).toThrow(message);
  });

  it.each([
    'defaultPermissionClasses',
    'defaultAuthenticationClasses',
    'defaultThrottleClasses',
    'defaultVersioningClass',
  ])('the setting %s must not be undefined', (name) => {
    const message = `The setting '${name}' is undefined. Do two modules import each other?`;
    expect(() => defineSettings({ [name]: undefined })).toThrow(message);
    expect(() => extendSettings(defineSettings(), { [name]: undefined })).toThrow(message);
  });

  it('static and decorator on one class are named both: which one would win depends on the kind of decorators', () => {
    for (const name of GUARDS) {
      const value = (Open.asView().viewClass as Partial<Policies>)[name] ?? [AllowAny];
      const View = withStatic(Open, name, value);
      Object.defineProperty(View, 'name', { value: 'View' });
      decorate(name, value)(View);
      expect(() => View.asView()).toThrow(`View declares ${name} twice: static ${name} and @${name}(…). Keep one.`);
    }
  });

  it('what a class needs of the settings is checked before the first request, where the app named the class', () => {
    class Needy extends AllowAny {
      static checkSettings(): void {
        throw new ImproperlyConfigured('Needy needs a store.');
      }
    }
    expect(() => Open.asView({ permissionClasses: [Needy] })).toThrow('Needy needs a store.');
  });
});
