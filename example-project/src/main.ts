import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { orm } from './database';
import { prepareDemo } from './demo';
import { createExpressServer } from './hosts/express';
import { createNodeServer } from './hosts/node';
import { tour } from './tour';

const HOSTS = { express: createExpressServer, node: createNodeServer };

export interface NotebookOptions {
  readonly host: keyof typeof HOSTS;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A server that runs. */
export interface Notebook {
  /** Ends it: requests under way are answered first, for two seconds at most. */
  close(): Promise<void>;
}

/** Brings the database up to date, listens on this machine, and prints what to try. */
export async function openNotebook({ host, port }: NotebookOptions): Promise<Notebook> {
  for (const { name } of await orm.migrator.up()) console.log(`Migrated: ${name}`);
  const demo = await prepareDemo();
  const server = HOSTS[host]();
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;

  console.log(`The notebook is open at ${url}. Ctrl-C closes it.`);
  console.log(demo === null ? 'The database has users of its own, so no others were made.' : tour(url, demo));
  return { close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  setTimeout(() => server.closeAllConnections(), 2000).unref();
  await closed;
  await orm.close();
}
