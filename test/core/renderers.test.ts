import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { APIView, BaseRenderer, defineSettings, JSONRenderer, Response, User } from 'sallyport';
import type { Request, RendererClasses, RendererContext, Settings, SettingsInput } from 'sallyport';
import { userStore } from 'sallyport/mikro-orm';
import { openOrm, type TestOrm } from '../mikro-orm/support';
import { call, errorLog, type Answer, type RequestOptions } from '../support/server';

/** What a view answers with this data. */
function get(
  data: unknown,
  rendererClasses: RendererClasses,
  options: RequestOptions & { readonly settings?: SettingsInput } = {},
): Promise<Answer> {
  class Data extends APIView {
    static override settings: Settings = defineSettings(options.settings);
    static override rendererClasses = rendererClasses;
    override get(): Response {
      return new Response(data);
    }
  }
  return call(Data.asView(), options);
}

const render = (data: unknown, renderer = new JSONRenderer(defineSettings())): string =>
  renderer.render(data, 'application/json', {} as RendererContext);

describe('JSONRenderer', () => {
  it('is application/json without a charset, of the format json; null is an empty body (D-290)', async () => {
    const { mediaType, format, charset } = new JSONRenderer(defineSettings());
    expect([mediaType, format, charset]).toEqual(['application/json', 'json', null]);
    const answer = await get({ name: 'Zoë' }, [JSONRenderer]);
    expect([answer.headers['content-type'], answer.text]).toEqual(['application/json', '{"name":"Zoë"}']);
    const empty = await get(null, [JSONRenderer]);
    expect([empty.status, empty.headers['content-type'], empty.text]).toEqual([200, undefined, '']);
    expect(render(undefined)).toBe('');
  });

  it('separates as the setting or the class says (D-291)', () => {
    const data = { a: 1, b: [2, 3] };
    const loose = defineSettings({ compactJson: false });
    class Compact extends JSONRenderer {
      override readonly compact = true;
    }
    expect(render(data)).toBe('{"a":1,"b":[2,3]}');
    expect(render(data, new JSONRenderer(loose))).toBe('{"a": 1, "b": [2, 3]}');
    expect(render(data, new Compact(loose))).toBe('{"a":1,"b":[2,3]}');
  });

  it.each([
    ['application/json; indent=2', 2],
    ['application/json;indent="4"', 4],
    ['application/json; q=0.5; indent=8', 8],
    ['*/*; indent=3', 3],
    ['application/json; indent=99', 8],
    ['application/json; indent=-3', 0],
    ['application/json; indent=0', 0],
    ['application/json; indent=x', 0],
    ['application/json; indent=', 0],
    ['application/json', 0],
  ])('indents for %s by %d, and names its own type (D-139, D-292)', async (accept, indent) => {
    const data = { a: [1, {}], b: [] };
    const { text, headers } = await get(data, [JSONRenderer], { headers: { Accept: accept } });
    expect(text).toBe(JSON.stringify(data, null, indent));
    expect(headers['content-type']).toBe('application/json');
  });

  it('indents as the context says where the accepted media type does not (D-292)', () => {
    const renderer = new JSONRenderer(defineSettings());
    const context = { indent: 2 } as unknown as RendererContext;
    expect(renderer.render([1], 'text/html', context)).toBe('[\n  1\n]');
    expect(renderer.render([1], 'application/json; indent=1', context)).toBe('[\n 1\n]');
    expect(renderer.render([1], 'application/json; indent=0', context)).toBe('[1]');
  });

  it('writes characters outside ASCII as the setting or the class says (D-293)', () => {
    class Ascii extends JSONRenderer {
      override readonly ensureAscii = true;
    }
    class Unicode extends JSONRenderer {
      override readonly ensureAscii = false;
    }
    const ascii = defineSettings({ unicodeJson: false });
    expect(render('é\u2028/<')).toBe('"é\\u2028/<"');
    expect(render('é\u2028/<', new JSONRenderer(ascii))).toBe('"\\u00e9\\u2028/<"');
    expect(render('é', new Ascii(defineSettings()))).toBe('"\\u00e9"');
    expect(render('é', new Unicode(ascii))).toBe('"é"');
  });

  it('answers 500 to NaN, unless the setting or the class says otherwise (D-294)', async () => {
    class Lax extends JSONRenderer {
      override readonly strict = false;
    }
    const { logger, errors } = errorLog();
    expect((await get({ a: NaN }, [JSONRenderer], { settings: { logger } })).status).toBe(500);
    expect(String(errors[0])).toBe('RangeError: Out of range float values are not JSON compliant: NaN');
    expect((await get({ a: -Infinity }, [JSONRenderer], { settings: { strictJson: false } })).text).toBe(
      '{"a":-Infinity}',
    );
    expect((await get([NaN], [Lax])).text).toBe('[NaN]');
  });

  it('keeps the order of members (D-295)', () => {
    expect(
      render({
        z: 1,
        a: 2,
        m: new Map([
          ['y', 1],
          ['b', 2],
        ]),
      }),
    ).toBe('{"z":1,"a":2,"m":{"y":1,"b":2}}');
  });

  it('asks toPlain for what JSON does not know (D-296)', () => {
    class Point {
      constructor(
        readonly x: number,
        readonly y: number,
      ) {}
    }
    class WithPoints extends JSONRenderer {
      override toPlain(value: object): unknown {
        return value instanceof Point ? [value.x, value.y] : super.toPlain(value);
      }
    }
    const data = { at: new Point(1, 2), day: new Date(0) };
    expect(render(data)).toBe('{"at":{"x":1,"y":2},"day":"1970-01-01T00:00:00Z"}');
    expect(render(data, new WithPoints(defineSettings()))).toBe('{"at":[1,2],"day":"1970-01-01T00:00:00Z"}');
  });
});

describe('a user in an answer', () => {
  const user = Object.assign(new User(), { id: 1, username: 'alice', password: 'md5$salt$hash' });

  it('is refused, wherever it stands, since its password would be shown', async () => {
    const { logger, errors } = errorLog();
    for (const data of [user, { user }, [[user]], new Map([['user', user]])]) {
      const answer = await get(data, [JSONRenderer], { settings: { logger } });
      expect([answer.status, answer.text.includes('hash')]).toEqual([500, false]);
    }
    expect(String(errors[0])).toContain('Answer with the fields that clients may see');
  });

  it('is refused as anonymous too, so that a test without a log in shows the mistake', async () => {
    class Me extends APIView {
      static override settings: Settings = defineSettings({ logger: errorLog().logger });
      override get(request: Request): Response {
        return new Response({ user: request.user });
      }
    }
    expect((await call(Me.asView())).status).toBe(500);
  });

  it('is written by a toJSON of its class', () => {
    class Member extends User {
      toJSON(): unknown {
        return { username: this.username };
      }
    }
    expect(render({ user: Object.assign(new Member(), { username: 'bob', password: 'x' }) })).toBe(
      '{"user":{"username":"bob"}}',
    );
  });

  it('may be a plain object with the fields of one', () => {
    expect(render({ isAuthenticated: true, since: new Date(0) })).toBe(
      '{"isAuthenticated":true,"since":"1970-01-01T00:00:00Z"}',
    );
  });

  describe('from MikroORM', () => {
    let database: TestOrm;
    beforeAll(async () => {
      database = await openOrm();
    }, 60_000);
    afterAll(() => database.close());

    it('shows no hidden property: not the password', async () => {
      await database.inRequest(async () => {
        const users = userStore(database.orm);
        const created = await users.createUser({ username: 'carol', password: 'wonderland' });
        const loaded = await users.getByNaturalKey('carol');
        for (const entity of [created, loaded]) {
          const text = render({ user: entity, users: [entity] });
          expect(text).toContain('"username":"carol"');
          expect(text).not.toContain('pbkdf2');
          expect(text).not.toContain('password');
        }
      });
    });
  });
});

describe('renderers', () => {
  it('have the charset utf-8, and render text (D-289)', () => {
    class Csv extends BaseRenderer {
      readonly mediaType = 'text/csv';
      readonly format = 'csv';
      render(): string {
        return 'a,b';
      }
    }
    const { charset, renderStyle } = new Csv(defineSettings());
    expect([charset, renderStyle]).toEqual(['utf-8', 'text']);
  });

  it('must render: the base class says so where TypeScript is not asked (D-289)', () => {
    const Lazy = class extends (BaseRenderer as unknown as new () => { render(): unknown }) {};
    expect(() => new Lazy().render()).toThrow('Renderer class requires .render() to be implemented');
  });
});
