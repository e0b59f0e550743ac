import { createServer } from 'node:http';
import { join } from 'node:path';
import { createApp } from './app';
import { findProfiles } from './documents';

const { PORT, ECOSYSTEM_PROFILES, ECOSYSTEM_FIXTURES } = process.env;

async function main(): Promise<void> {
  const kit = join(__dirname, '../kit');
  const app = await createApp({
    profiles: ECOSYSTEM_PROFILES?.split(':') ?? findProfiles(kit),
    fixtures: ECOSYSTEM_FIXTURES ?? join(kit, 'fixtures.json'),
    onRefused: (profile, reason) => {
      console.error(`${profile} is not served: ${reason}`);
    },
  });
  const server = createServer(app);
  server.listen(Number(PORT ?? 8001), '127.0.0.1', () => {
    console.error(`Serving on port ${String((server.address() as { port: number }).port)}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
}

void main();
