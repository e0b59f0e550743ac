/** A candidate in a process of its own: `node serve.mjs NAME WORK`. It tells its port, and what it has used when asked. */
const [name, work] = process.argv.slice(2);
const { start } = await import(`./candidates/${name}.mjs`);

const server = await start(work);
// A connection that rests while others are measured stays open.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port, ...used() }));

function used() {
  if (server.used !== undefined) return server.used(); // processes of its own
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, resident: process.memoryUsage.rss() };
}

process.on('message', () => process.send(used()));
process.on('disconnect', () => process.exit());
