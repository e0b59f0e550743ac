import { parseArgs } from 'node:util';
import { openOrm } from '../orm';
import { kitSamples, readSamples } from '../samples';
import { write } from './write';

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { samples: { type: 'string', default: kitSamples } },
  });
  const [url] = positionals;
  if (url === undefined || positionals.length > 1) {
    throw new Error('usage: npm run --silent interop:write -- DATABASE_URL [--samples FILE]');
  }
  const orm = await openOrm(url);
  try {
    const manifest = await write(orm, readSamples(values.samples).secret_key);
    console.log(JSON.stringify(manifest, null, 1));
  } finally {
    await orm.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
