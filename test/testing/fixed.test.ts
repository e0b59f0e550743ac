import { describe, expect, it } from '@jest/globals';
import { APIView, BasicAuthentication, defineSettings, Response, UserRateThrottle } from 'sallyport';
import { APIClient, FixedClock, FixedRandom } from 'sallyport/testing';

describe('FixedClock', () => {
  it('stands still until it is moved', () => {
    const clock = new FixedClock('2026-01-01T12:00:00Z');
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1, 12));
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1, 12));
    clock.advance(60_000);
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1, 12, 1));
    clock.advance(-60_000);
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1, 12));
    clock.set(new Date(5));
    expect(clock.now()).toBe(5);
  });

  it('shows the same time in each run when none is given', () => {
    expect(new FixedClock().now()).toBe(Date.UTC(2026, 0, 1));
  });

  it('refuses what is no time', () => {
    expect(() => new FixedClock('noon')).toThrow(RangeError);
    expect(() => new FixedClock().advance(NaN)).toThrow(RangeError);
  });

  it('moves the windows of throttles', async () => {
    const clock = new FixedClock();
    class Limited extends APIView {
      static override settings = defineSettings({
        clock,
        defaultAuthenticationClasses: [BasicAuthentication],
        defaultThrottleClasses: [UserRateThrottle],
        defaultThrottleRates: { user: '1/min' },
      });
      override get(): Response {
        return new Response('ok');
      }
    }
    const client = new APIClient(Limited.asView());
    expect((await client.get('/')).status).toBe(200);
    clock.advance(45_000);
    const refused = await client.get('/');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('15');
    clock.advance(15_000);
    expect((await client.get('/')).status).toBe(200);
  });
});

describe('FixedRandom', () => {
  it('gives the same bytes for the same seed, each time others', () => {
    const one = new FixedRandom('seed');
    const [first, second] = [one.bytes(20), one.bytes(40)];
    expect(first).toHaveLength(20);
    expect(second).toHaveLength(40);
    expect(second.subarray(0, 20)).not.toEqual(first);
    const same = new FixedRandom('seed');
    expect([same.bytes(20), same.bytes(40)]).toEqual([first, second]);
    expect(new FixedRandom('other').bytes(20)).not.toEqual(first);
    expect(new FixedRandom().bytes(20)).toEqual(new FixedRandom().bytes(20));
  });
});
