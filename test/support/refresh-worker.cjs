// One process of several that share families of refresh tokens. For each line that it reads, a refresh token, it
// presents that as often as it is told, all at once, and says what became of it: the status and the next token of each.
const { createInterface } = require('node:readline');
const dist = '../../dist';

async function work([url, signingKey]) {
  const { MikroORM } = require('@mikro-orm/postgresql');
  const { defineSettings, handle, path } = require(`${dist}/index.js`);
  const { jwt, tokenRefresh } = require(`${dist}/auth/jwt/index.js`);
  const { APIClient } = require(`${dist}/testing/index.js`);
  const {
    blacklistSchemas,
    blacklistStore,
    RefreshFamilySchema,
    refreshFamilyStore,
    unitOfWork,
    UserSchema,
    userStore,
  } = require(`${dist}/mikro-orm/index.js`);
  const entities = [UserSchema, ...blacklistSchemas(), RefreshFamilySchema];
  const orm = await MikroORM.init({ clientUrl: url, entities, pool: { max: 8 } });
  const settings = defineSettings(
    { users: userStore(orm), aroundDispatch: unitOfWork(orm, { atomicRequests: true }) },
    jwt({
      signingKey,
      blacklist: blacklistStore(orm),
      blacklistAfterRotation: true,
      families: refreshFamilyStore(orm),
      refreshGracePeriod: 60,
    }),
  );
  const client = new APIClient(handle([path('/refresh/', tokenRefresh(settings))]));
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const { refresh, times } = JSON.parse(line);
    const answers = await Promise.all(
      Array.from({ length: times }, () => client.post('/refresh/', { refresh }, { format: 'json' })),
    );
    console.log(JSON.stringify(answers.map(({ status, data }) => [status, data.refresh])));
  }
  await orm.close(true);
}

void work(process.argv.slice(2));
