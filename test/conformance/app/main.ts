import { createServer } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { createApp } from './app';
import { readDocument, type Fixtures, type ViewsDocument } from './documents';

const { PORT, CONFORMANCE_VIEWS, CONFORMANCE_FIXTURES } = process.env;

async function main(): Promise<void> {
  const views = resolve(CONFORMANCE_VIEWS ?? join(__dirname, '../kit/views.json'));
  const fixtures = resolve(CONFORMANCE_FIXTURES ?? join(dirname(views), 'fixtures.json'));
  const app = await createApp(readDocument<ViewsDocument>(views), readDocument<Fixtures>(fixtures), {
    onRefused: (path, reason) => {
      console.error(`${path} answers 501: ${reason}`);
    },
  });
  const server = createServer(app);
  server.listen(Number(PORT ?? 8000), '127.0.0.1', () => {
    console.error(`Serving ${views} on port ${String((server.address() as { port: number }).port)}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
}

void main();
