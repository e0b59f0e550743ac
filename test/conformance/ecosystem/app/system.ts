import type { Route, Settings } from 'sallyport';
import type { Profile } from './documents';
import type { World } from './world';

/** What the app knows of a package: how its settings become ours, and which routes a profile has. */
export interface System {
  /** @throws Error for a setting that it doesn't know */
  settingsOf(profile: Profile, world: World): Settings;
  /** @param prefix the path of the profile, without a slash at the end */
  routesOf(prefix: string, profile: Profile, settings: Settings): Route[];
}

/** A setting of Django's as ours: `{"$seconds": n}` is a duration, which ours count in seconds. */
export function toValue(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && '$seconds' in value) return value.$seconds;
  return value;
}

/** `ACCESS_TOKEN_LIFETIME` is `accessTokenLifetime`. */
export function toCamelCase(name: string): string {
  return name.toLowerCase().replace(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase());
}
