import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openOrm } from '../orm';
import { readSamples } from '../samples';
import { createApp } from './app';

const { PORT, INTEROP_SAMPLES, DATABASE_URL } = process.env;

async function main(): Promise<void> {
  if (INTEROP_SAMPLES === undefined || DATABASE_URL === undefined) {
    throw new Error('INTEROP_SAMPLES names the file with the samples, DATABASE_URL the database that belongs to it.');
  }
  const orm = await openOrm(DATABASE_URL);
  const server = createServer(await createApp(orm, { secretKey: readSamples(INTEROP_SAMPLES).secret_key }));
  server.on('close', () => void orm.close());
  server.listen(Number(PORT ?? 8001), '127.0.0.1', () => {
    console.error(`Serving on port ${String((server.address() as AddressInfo).port)}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close());
}

void main();
