import type { Settings } from '../core/settings';
import type { Route } from '../core/urls';
import { findConfig, valueOf, type ConfigFile } from './config';
import { CommandError } from './errors';

/** What there is to inspect of an app. */
export interface App {
  readonly urls: readonly Route[];
  readonly settings: Settings | undefined;
  readonly silencedChecks: ReadonlySet<string>;
}

/**
 * The app that the configuration names. Its modules are loaded, its server isn't started.
 * @throws CommandError when the configuration names no routes
 */
export async function loadApp(path: string | undefined): Promise<App> {
  const found = await findConfig(path);
  if (found === null) {
    throw new CommandError(
      'No routes are named. Export the URL list of your app as `urls` from sallyport.config.js: what `handle` is given.',
    );
  }
  const { settings: given, silencedChecks = [] } = found.config;
  const settings = given === undefined ? undefined : await valueOf(given);
  return { urls: await urlsOf(found, settings), settings, silencedChecks: new Set(silencedChecks) };
}

async function urlsOf({ file, config }: ConfigFile, settings: Settings | undefined): Promise<readonly Route[]> {
  const urls: unknown = config.urls === undefined ? settings?.urls : await valueOf(config.urls);
  if (Array.isArray(urls)) return urls as readonly Route[];
  throw new CommandError(
    `${file} exports no \`urls\`: the list of routes that \`handle\` is given, or a function that gives it.`,
  );
}
