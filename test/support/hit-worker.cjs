// One process of several that share a cache. For each line that it reads, a key and a window, it hits that often at
// once, and says how many were allowed.
const { createInterface } = require('node:readline');
const dist = '../../dist';

async function openCache(kind, address) {
  if (kind === 'redis') {
    const { createClient } = require('redis');
    const { redisCache } = require(`${dist}/redis/index.js`);
    const client = await createClient({ socket: { path: address, tls: false } }).connect();
    return { cache: redisCache(client), close: () => client.close() };
  }
  const { MikroORM } = require('@mikro-orm/postgresql');
  const { cacheStore, CacheSchema } = require(`${dist}/mikro-orm/index.js`);
  const orm = await MikroORM.init({ clientUrl: address, entities: [CacheSchema], pool: { max: 8 } });
  return { cache: cacheStore(orm), close: () => orm.close(true) };
}

async function work([kind, address]) {
  const { cache, close } = await openCache(kind, address);
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const { key, window, times } = JSON.parse(line);
    const hits = await Promise.all(Array.from({ length: times }, () => cache.hit(key, window)));
    console.log(hits.filter(({ allowed }) => allowed).length);
  }
  await close();
}

void work(process.argv.slice(2));
