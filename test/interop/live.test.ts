import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { BadSignature } from 'sallyport';
import { runScenario } from '../conformance/runner';
import { readScenarios } from '../conformance/scenarios';
import { errorLog } from '../support/server';
import { createApp } from './app/app';
import { openDjango, type DjangoDatabase } from './django';
import { django } from './samples';
import { exceptedSteps, waitingScenarios } from './waiting';

const [{ scenarios }] = readScenarios(join(__dirname, 'kit/scenarios')) as [ReturnType<typeof readScenarios>[number]];

describe('The credentials of a project of Django', () => {
  const log = errorLog();
  let database: DjangoDatabase;
  let server: Server;
  let port: number;

  beforeAll(async () => {
    database = await openDjango();
    server = createServer(await createApp(database.orm, { secretKey: django.secret_key, logger: log.logger })).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => server.once('listening', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await database.close();
  });

  it.each(scenarios.filter(({ name }) => !waitingScenarios.has(name)))(
    'get the answers of Django: $name',
    async (scenario) => {
      const failures = await runScenario(port, scenario);
      const names = scenario.steps
        .map(({ name }) => name)
        .filter((name) => exceptedSteps.has(`${scenario.name}: ${name}`));
      expect(failures.filter(({ step }) => !names.includes(step))).toEqual([]);
      // What is answered as recorded must leave the list.
      expect(failures.map(({ step }) => step)).toEqual(names);
      // Django warns of such a session too.
      expect(log.errors.splice(0).every((error) => error instanceof BadSignature)).toBe(true);
    },
  );

  it.each(scenarios.filter(({ name }) => waitingScenarios.has(name)))(
    'wait where they are not known yet: $name',
    async (scenario) => {
      expect(await runScenario(port, scenario)).not.toEqual([]);
    },
  );
});
