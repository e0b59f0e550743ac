import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createApp } from './app/app';
import { readDocument, type Fixtures, type ViewsDocument } from './app/documents';
import { pending, withoutLeftOut, type Pending } from './pending';
import { runScenario, type Failure } from './runner';
import { readScenarios, type Scenario, type ScenarioFile } from './scenarios';

const kits = [
  { kit: 'kit', about: 'the answers of Django REST framework' },
  { kit: 'kit-own', about: 'the same app with other views, users and names' },
  { kit: 'kit-bare', about: 'views without settings and definitions' },
];

const hosts: Readonly<Record<string, (app: RequestListener) => RequestListener>> = {
  'node:http': (app) => app,
  'Express 5': (app) => express().use(app),
};
const runs = kits.flatMap((kit) => Object.entries(hosts).map(([host, mount]) => ({ ...kit, host, mount })));

describe.each(runs)('$kit on $host: $about', ({ kit, mount }) => {
  const folder = join(__dirname, kit);
  let server: Server;
  let port: number;

  beforeAll(async () => {
    const views = readDocument<ViewsDocument>(join(folder, 'views.json'));
    const fixtures = readDocument<Fixtures>(join(folder, 'fixtures.json'));
    // Many scenarios end in a bug of a view on purpose; nobody wants to read of it.
    const app = await createApp(views, fixtures, { logger: { error: () => undefined } });
    server = createServer(mount(app)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    ({ port } = server.address() as AddressInfo);
  });

  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  describe.each(readScenarios(join(folder, 'scenarios')))('$file', (file) => {
    it.each(file.scenarios.map((scenario) => withoutLeftOut(scenario, file)))('$name', async (scenario) => {
      const failures = await runScenario(port, scenario);
      const waiting = pending.filter((entry) => entry.kit === kit && isAbout(entry, file, scenario));
      expect(failures.filter(({ step }) => !waiting.some((entry) => covers(entry, step)))).toEqual([]);
      // What passes must leave the list.
      expect(waiting.filter((entry) => isOver(entry, failures))).toEqual([]);
    });
  });
});

describe('the list of what is pending', () => {
  it('names only steps that there are', () => {
    const known = kits.flatMap(({ kit }) =>
      readScenarios(join(__dirname, kit, 'scenarios')).flatMap((file) =>
        file.scenarios.map((scenario) => ({ kit, file, scenario })),
      ),
    );
    const unknown = pending.filter(
      (entry) =>
        !known.some(
          ({ kit, file, scenario }) =>
            entry.kit === kit &&
            isAbout(entry, file, scenario) &&
            (entry.step === undefined || scenario.steps.some(({ name }) => name === entry.step)),
        ),
    );
    expect(unknown).toEqual([]);
  });
});

function isAbout(entry: Pending, file: ScenarioFile, scenario: Scenario): boolean {
  return entry.file === file.file && (entry.scenario === undefined || entry.scenario === scenario.name);
}

function covers(entry: Pending, step: string): boolean {
  return entry.step === undefined || entry.step === step;
}

function isOver(entry: Pending, failures: readonly Failure[]): boolean {
  return !failures.some(({ step }) => covers(entry, step));
}
