import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runScenario } from '../runner';
import { readScenarios } from '../scenarios';
import { createApp } from './app/app';
import { deviations } from './deviations';

const kit = join(__dirname, 'kit');
const folders = [
  ...['simplejwt', 'simplejwt-55', 'jwt-legacy', 'knox', 'api-key'].map(
    (system) => [system, join(kit, system)] as const,
  ),
  // In the same form, of what the packages do and no recording shows.
  ['more of knox', join(__dirname, 'kit-own/knox')],
] as const;

describe.each(folders)('the answers of %s', (system, folder) => {
  let server: Server;
  let port: number;
  const refused: string[] = [];

  beforeAll(async () => {
    const app = await createApp({
      profiles: [join(folder, 'profiles.json')],
      fixtures: join(kit, 'fixtures.json'),
      onRefused: (profile, reason) => refused.push(`${profile}: ${reason}`),
    });
    server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  it('are of profiles that can all be served', () => {
    expect(refused).toEqual([]);
  });

  describe.each(readScenarios(join(folder, 'scenarios')))('$file', ({ file, scenarios }) => {
    it.each(scenarios)('$name', async (scenario) => {
      const failures = await runScenario(port, scenario);
      const expected = deviations.filter(
        (entry) => entry.system === system && entry.file === file && entry.scenario === scenario.name,
      );
      const names = expected.map(({ step }) => step);
      expect(failures.filter(({ step }) => !names.includes(step))).toEqual([]);
      // What is answered as recorded must leave the list.
      expect(failures.map(({ step }) => step)).toEqual(names);
    });
  });
});
