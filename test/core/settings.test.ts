import { describe, expect, it } from '@jest/globals';
import {
  AllowAny,
  AnonymousUser,
  APIView,
  consoleLogger,
  defaultSettings,
  defineSettings,
  extendSettings,
  ImproperlyConfigured,
  IsAuthenticated,
  MemoryCache,
  namespace,
  Response,
  systemClock,
} from 'sallyport';
import type { PermissionClasses, Settings } from 'sallyport';
import { call } from '../support/server';

interface GateSettings {
  readonly height: number;
  readonly keeper: string;
}
const gate = namespace<GateSettings>('gate', { height: 3 }, ['keeper']);

describe('defineSettings', () => {
  it('D-355: has the defaults of DRF', () => {
    expect(defineSettings()).toMatchObject({
      defaultPermissionClasses: [AllowAny],
      defaultThrottleClasses: [],
      defaultVersioningClass: null,
      defaultThrottleRates: { user: null, anon: null },
      numProxies: null,
      defaultVersion: null,
      allowedVersions: null,
      versionParam: 'version',
      unauthenticatedToken: null,
      nonFieldErrorsKey: 'non_field_errors',
      urlFormatOverride: 'format',
      formatSuffixKwarg: 'format',
      unicodeJson: true,
      compactJson: true,
      strictJson: true,
      dataUploadMaxMemorySize: 2_621_440,
      dataUploadMaxNumberFields: 1000,
    });
  });

  it('D-353: is one frozen value, which the caller’s object does not reach into', () => {
    const options = { numProxies: 1 };
    const settings = defineSettings(options);
    options.numProxies = 5;
    expect(settings.numProxies).toBe(1);
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it('D-347: an option that nobody knows is an error that names it and those there are', () => {
    for (const define of [
      () => defineSettings({ defaultPermissions: [] } as object),
      () => extendSettings(defaultSettings, { NOPE: 1 } as object),
    ]) {
      expect(define).toThrow(ImproperlyConfigured);
      expect(define).toThrow(
        /Unknown setting '(defaultPermissions|NOPE)'\. Settings are: defaultAuthenticationClasses, /,
      );
    }
  });

  it('gives each value a cache of its own, by its own clock', () => {
    const clock = { now: () => 0 };
    const [one, two] = [defineSettings(), defineSettings({ clock })];
    expect(one.cache).not.toBe(two.cache);
    expect(one.cache).toBeInstanceOf(MemoryCache);
    void two.cache.set('a', 1, 1);
    clock.now = () => 2000;
    expect(two.cache.get('a')).toBeUndefined();
    const cache = new MemoryCache();
    expect(defineSettings({ cache }).cache).toBe(cache);
  });

  it('D-110: takes a class or a function for the anonymous user, or null', () => {
    class Guest extends AnonymousUser {}
    expect(defineSettings({ unauthenticatedUser: Guest }).unauthenticatedUser?.()).toBeInstanceOf(Guest);
    expect(defineSettings({ unauthenticatedUser: () => 'guest' }).unauthenticatedUser?.()).toBe('guest');
    expect(
      defineSettings({
        unauthenticatedToken: function () {
          return 'token';
        },
      }).unauthenticatedToken?.(),
    ).toBe('token');
    expect(defineSettings({ unauthenticatedUser: null }).unauthenticatedUser).toBeNull();
  });
});

describe('extendSettings', () => {
  it('changes some options and keeps the others, the cache and the namespaces', () => {
    const base = defineSettings({ numProxies: 2, unauthenticatedUser: null }, gate({ keeper: 'ann' }));
    const changed = extendSettings(base, { versionParam: 'v' });
    expect([changed.numProxies, changed.versionParam, changed.unauthenticatedUser]).toEqual([2, 'v', null]);
    expect(changed.cache).toBe(base.cache);
    expect(gate.of(changed).keeper).toBe('ann');
    expect(base.versionParam).toBe('version');
  });

  it('replaces the options of a scheme', () => {
    const base = defineSettings({}, gate({ keeper: 'ann' }));
    const changed = extendSettings(base, {}, gate({ keeper: 'bob', height: 1 }));
    expect([gate.of(changed), gate.of(base)]).toEqual([
      { keeper: 'bob', height: 1 },
      { keeper: 'ann', height: 3 },
    ]);
  });
});

describe('namespace', () => {
  it('has defaults, and names a required option that is missing, with the cure', () => {
    expect(gate.of(defineSettings({}, gate({ keeper: 'ann' })))).toEqual({ height: 3, keeper: 'ann' });
    for (const settings of [defineSettings(), defineSettings({}, gate({ height: 5 }))]) {
      expect(() => gate.of(settings)).toThrow(ImproperlyConfigured);
      expect(() => gate.of(settings)).toThrow(
        "The settings of 'gate' lack 'keeper'. Give it where the settings are made: defineSettings({ … }, gate({ keeper: … })).",
      );
    }
  });

  it('find gives null where the scheme is not set up', () => {
    expect(gate.find(defineSettings())).toBeNull();
    expect(gate.find(defineSettings({}, gate({ keeper: 'ann' })))).toEqual({ height: 3, keeper: 'ann' });
  });

  it('refuses an option that nobody knows', () => {
    expect(() => gate({ keper: 'ann' } as object)).toThrow(
      "Unknown option 'keper' in the settings of 'gate'. Known options: height, keeper.",
    );
  });

  it('refuses an option that is undefined: put over its default, it would switch a check off', () => {
    expect(() => gate({ height: undefined, keeper: 'ann' } as never)).toThrow(
      "The option 'height' in the settings of 'gate' is undefined. Leave it out to have its default.",
    );
    expect(() => gate.of(defineSettings({}, gate({ keeper: undefined } as never)))).toThrow("lack 'keeper'");
  });

  it('refuses a text or a NaN for a number, which would be added to a time, or compare as nothing does', () => {
    for (const height of ['60', Number.NaN, Infinity]) {
      expect(() => gate({ height, keeper: 'ann' } as never)).toThrow(
        /^Unrecognized type '(?:string|number)', 'height' must be a number in the settings of 'gate'/,
      );
    }
    expect(gate({ height: null, keeper: 'ann' } as never).values.height).toBeNull();
  });

  it('is frozen, and the same from two copies of the package', () => {
    const settings = defineSettings({}, gate({ keeper: 'ann' }));
    expect(Object.isFrozen(gate.of(settings))).toBe(true);
    const copy = namespace<GateSettings>('gate', { height: 3 }, ['keeper']);
    expect(copy.of(settings)).toBe(gate.of(settings));
  });

  it('needs no options where all have defaults', () => {
    expect(namespace<{ readonly a: number }>('easy', { a: 1 }).of(defineSettings())).toEqual({ a: 1 });
  });
});

describe('settings and views', () => {
  class View extends APIView {
    override get(): Response {
      return new Response(this.settings.versionParam);
    }
  }

  it('a view without any has the defaults', async () => {
    expect(View.settings).toBe(defaultSettings);
    expect((await call(View.asView())).json).toBe('version');
  });

  it('are inherited, and overridden by the nearest class', async () => {
    abstract class App extends View {
      static override settings: Settings = defineSettings({ versionParam: 'app' });
    }
    class Inherits extends App {}
    class Own extends App {
      static override settings: Settings = extendSettings(App.settings, { versionParam: 'own' });
    }
    expect([(await call(Inherits.asView())).json, (await call(Own.asView())).json]).toEqual(['app', 'own']);
  });

  it('D-009, D-346, D-349: default lists hold classes, for views that name none', async () => {
    class Closed extends View {
      static override settings = defineSettings({ defaultPermissionClasses: [IsAuthenticated] });
      static override authenticationClasses = [];
    }
    class Open extends Closed {
      static override permissionClasses: PermissionClasses = [];
    }
    expect([(await call(Closed.asView())).status, (await call(Open.asView())).status]).toEqual([403, 200]);
  });

  it('D-009, D-052: one view may have an exception handler of its own', async () => {
    class Own extends View {
      static override settings = extendSettings(defaultSettings, {
        exceptionHandler: () => new Response('own', { status: 418 }),
      });
      override get(): never {
        throw new Error('x');
      }
    }
    const answer = await call(Own.asView());
    expect([answer.status, answer.json]).toEqual([418, 'own']);
  });
});

describe('the defaults that ask the system', () => {
  it('the clock tells milliseconds', () => {
    expect(Math.abs(systemClock.now() - new Date().getTime())).toBeLessThan(1000);
  });

  it('the logger writes to standard error', () => {
    const written: unknown[] = [];
    const original = console.error;
    console.error = (...args: unknown[]) => written.push(args);
    try {
      consoleLogger.error({ err: 1 }, 'message');
    } finally {
      console.error = original;
    }
    expect(written).toEqual([['message', { err: 1 }]]);
  });
});
