#!/usr/bin/env node
import type { Writable } from 'node:stream';
import { run } from './program';

async function main(): Promise<void> {
  const status = await run(process.argv.slice(2));
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // The modules of an app may keep connections and timers that would let the process wait for ever.
  process.exit(status);
}

function flushed(stream: Writable): Promise<void> {
  return new Promise((done) => {
    stream.write('', () => {
      done();
    });
  });
}

void main();
