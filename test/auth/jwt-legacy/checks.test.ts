import { beforeEach, describe, expect, it } from '@jest/globals';
import { path, runChecks, type Settings } from 'sallyport';
import { obtainJwtToken } from 'sallyport/jwt-legacy';
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
});
