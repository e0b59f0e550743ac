import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  BaseParser,
  FormParser,
  JSONParser,
  MultiPartParser,
  path,
  runChecks,
  type ParserClasses,
  type Settings,
} from 'sallyport';
import { obtainJwtToken, VerifyJSONWebToken } from 'sallyport/jwt-legacy';
import { openBench, type Bench } from './support';

const STRONG = 'k8#fW2!qLr9@ZxTn5^uYb7*Hc3&JmPd6$sVe4%Ga1+oXi0=zRt';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});

const findingsOf = (settings: Settings): readonly string[] =>
  runChecks([path('/auth/', obtainJwtToken(settings))], { deploy: true }).map(({ id, where }) => `${id} ${where}`);

describe('the check of the older tokens', () => {
  it('names a weak secret, but not where each user has one', () => {
    const found = 'sallyport.W010 the setting jwtLegacy.secretKey';
    expect(findingsOf(bench.settings)).toContain(found);
    expect(findingsOf(bench.with({ secretKey: STRONG }))).not.toContain(found);
    expect(findingsOf(bench.with({ getUserSecretKey: () => STRONG }))).not.toContain(found);
  });

  it('names tokens that never end, and passwords that can be guessed without end', () => {
    const settings = bench.with({ verifyExpiration: false }, { defaultThrottleRates: { failed_login: null } });
    expect(findingsOf(settings)).toEqual(
      expect.arrayContaining([
        'sallyport.W020 the setting jwtLegacy.verifyExpiration',
        'sallyport.W009 ObtainJSONWebToken at /auth/',
      ]),
    );
    expect(findingsOf(bench.settings).join()).not.toMatch(/W020|W009/);
  });

  it('names a cookie that others can read, or make use of, where there is one (JO-004)', () => {
    const open = { authCookieSecure: false, authCookieSameSite: null } as const;
    expect(findingsOf(bench.with({ authCookie: 'jwt', ...open }))).toEqual(
      expect.arrayContaining([
        'sallyport.W023 the setting jwtLegacy.authCookieSecure',
        'sallyport.W025 the setting jwtLegacy.authCookieSameSite',
      ]),
    );
    for (const options of [{ authCookie: 'jwt' }, open]) {
      expect(findingsOf(bench.with(options)).join()).not.toMatch(/W023|W025/);
    }
  });

  describe('of views that give a cookie', () => {
    class TextParser extends BaseParser {
      readonly mediaType = 'text/*';
      parse(): unknown {
        return {};
      }
    }
    const found = (settings: Settings, parserClasses: ParserClasses): readonly string[] => {
      const view = VerifyJSONWebToken.asView({ settings, parserClasses });
      return runChecks([path('/verify/', view)]).map(({ id, where }) => `${id} ${where}`);
    };
    const finding = 'sallyport.W029 VerifyJSONWebToken at /verify/';

    it.each([FormParser, MultiPartParser, TextParser])(
      'names one that a form can be sent to, by %p (JO-004)',
      (parser) => {
        expect(found(bench.with({ authCookie: 'jwt' }), [JSONParser, parser])).toContain(finding);
      },
    );

    it('names none that takes JSON alone, or gives no cookie', () => {
      expect(found(bench.with({ authCookie: 'jwt' }), [JSONParser])).not.toContain(finding);
      expect(found(bench.settings, [JSONParser, FormParser])).not.toContain(finding);
    });
  });
});
