import type { RequestListener } from 'node:http';
import { handle, type Route } from 'sallyport';
import { apiKeySystem } from './api-key';
import { sessionRoutes } from '../../app/session-control';
import { controlRoutes } from './control';
import { djangoSettings } from './django';
import { readDocument, type Fixtures, type Profile, type ProfilesDocument } from './documents';
import { jwtLegacySystem } from './jwt-legacy';
import { knoxSystem } from './knox';
import { simplejwt } from './simplejwt';
import type { System } from './system';
import { World } from './world';

const SYSTEMS: Readonly<Record<string, System>> = {
  simplejwt: simplejwt('5.2'),
  'simplejwt-55': simplejwt('5.5'),
  'jwt-legacy': jwtLegacySystem,
  knox: knoxSystem,
  'api-key': apiKeySystem,
};

export interface AppOptions {
  /** Files with profiles. */
  readonly profiles: readonly string[];
  readonly fixtures: string;
  /** Hears of each profile that can't be served. */
  readonly onRefused?: (profile: string, reason: string) => void;
}

/** The conforming app of the packages around Django REST framework: each profile below a path of its own, over one world. */
export async function createApp({ profiles, fixtures, onRefused }: AppOptions): Promise<RequestListener> {
  const world = new World(readDocument<Fixtures>(fixtures));
  await world.reset();
  const routes: Route[] = [];
  for (const document of profiles.map((file) => readDocument<ProfilesDocument>(file))) {
    for (const [name, profile] of Object.entries(document.profiles)) {
      try {
        routes.push(...toRoutes(name, document.system, { profile, world }));
      } catch (error) {
        // One profile that can't be served must not take the others with it.
        onRefused?.(name, (error as Error).message);
      }
    }
  }
  const base = djangoSettings({ settings: {} }, { world, authenticators: {}, options: [] });
  const router = handle([...controlRoutes(world), ...sessionRoutes(world, base), ...routes]);
  return (request, response) => void router(request, response);
}

function toRoutes(
  name: string,
  systemName: string,
  { profile, world }: { readonly profile: Profile; readonly world: World },
): Route[] {
  const system = SYSTEMS[systemName];
  if (system === undefined) throw new Error(`the package ${systemName} is not offered`);
  return system.routesOf(`/${name}`, profile, system.settingsOf(profile, world));
}
