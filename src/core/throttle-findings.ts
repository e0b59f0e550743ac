import { ImproperlyConfigured } from './errors';
import { finding, type Finding } from './findings';
import { isInMemory } from './in-memory';
import { originOf, placeOf, type ViewInfo } from './inspection';
import { defaultSettings, type Settings } from './settings';
import { ScopedRateThrottle, SimpleRateThrottle, type Rate, type Throttle } from './throttling';

/** What is wrong with the throttles of a view, and with the settings that they count by. */
export function checkThrottles(view: ViewInfo, where: string): Finding[] {
  return [...checkList(view, 'preAuthThrottleClasses', where), ...checkList(view, 'throttleClasses', where)];
}

function checkList(view: ViewInfo, list: 'preAuthThrottleClasses' | 'throttleClasses', where: string): Finding[] {
  const { settings, throttleScope } = view.policies;
  return view.policies[list].flatMap((Class) => {
    const throttle: Throttle = new Class(settings);
    if (!(throttle instanceof SimpleRateThrottle)) return [];
    if (throttle instanceof ScopedRateThrottle) {
      if ((throttleScope ?? '') !== '') throttle.scope = throttleScope;
      // Where it is the throttle of all views, those without a scope are left out on purpose.
      else return originOf(view, list).kind === 'setting' ? [] : [lacksScope(Class.name, where)];
      return checkThrottle(throttle, settings, where);
    }
    return checkThrottle(throttle, settings, placeOf(view, list, where));
  });
}

function checkThrottle(throttle: SimpleRateThrottle, settings: Settings, where: string): Finding[] {
  let rate: Rate | null;
  try {
    rate = throttle.rate === null || throttle.rate === '' ? throttle.getRate() : throttle.rate;
    if (rate !== null) throttle.parseRate(rate);
  } catch (error) {
    if (!(error instanceof ImproperlyConfigured)) throw error;
    return [finding('sallyport.E001', where, { message: error.message, hint: null })];
  }
  if (rate !== null) return [...checkAddresses(throttle), ...checkCache(throttle)];
  // A null that the app itself has written stands for "no limit".
  const byChoice =
    throttle.throttleRates !== null || settings.defaultThrottleRates !== defaultSettings.defaultThrottleRates;
  return byChoice ? [] : [lacksRate(throttle, where)];
}

function lacksScope(name: string, where: string): Finding {
  return finding('sallyport.W007', where, {
    message: `${name} limits nobody, for the view has no throttleScope.`,
    hint: "Write static override throttleScope = 'uploads', and a rate of that name in defaultThrottleRates.",
  });
}

function lacksRate({ constructor, scope }: SimpleRateThrottle, where: string): Finding {
  return finding('sallyport.W007', where, {
    message: `${constructor.name} limits nobody, for its scope '${String(scope)}' has no rate.`,
    hint: `Set defaultThrottleRates: { ${String(scope)}: '100/min' }.`,
  });
}

function checkAddresses(throttle: SimpleRateThrottle): Finding[] {
  if (Reflect.get(throttle, 'numProxies') !== null) return [];
  return [
    finding('sallyport.W008', 'the setting numProxies', {
      message:
        'Throttles know clients by the whole X-Forwarded-For, so with each made-up value somebody is a new client.',
      hint: 'Set numProxies: the number of proxies in front of the server, or 0.',
    }),
  ];
}

function checkCache({ cache }: SimpleRateThrottle): Finding[] {
  if (!isInMemory(cache)) return [];
  return [
    finding('sallyport.W016', 'the setting cache', {
      message: 'Throttles count in the memory of the process: several processes allow several times the rate.',
      hint: 'Use a cache that all processes share. With a single process, silence this check.',
    }),
  ];
}
